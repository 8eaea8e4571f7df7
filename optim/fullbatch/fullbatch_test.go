package fullbatch_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim/fullbatch"
)

func param(v ...float64) *graph.Param {
	return &graph.Param{Label: "p", Type: graph.Type{DType: graph.Float64, Shape: graph.Of(graph.Dim(len(v)))}, Value: tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v))}
}

// rosenbrock is Σ 100·(x[i+1] - x[i]²)² + (1 - x[i])², whose only minimum in so
// few dimensions is at ones.
func rosenbrock(p *graph.Param) *graph.Node {
	n := p.Type.Dim(0)
	a, b := ops.Slice(p.Node(), 0, 0, int(n)-1, 1), ops.Slice(p.Node(), 0, 1, int(n), 1)
	return ops.Sum(ops.Add(ops.Scale(ops.Square(ops.Sub(b, ops.Square(a))), 100), ops.Square(ops.OneMinus(a))))
}

func TestRosenbrock(t *testing.T) {
	for _, method := range []optimize.Method{nil, &optimize.BFGS{}, &optimize.CG{}} {
		p := param(-1.2, 1, 0.5)
		before := 0
		r, err := fullbatch.Minimize(context.Background(), rosenbrock(p), []*graph.Param{p}, fullbatch.Options{Method: method, Each: func(i int, loss float64) error {
			assert.Equal(t, before+1, i)
			before = i
			return nil
		}})
		require.NoError(t, err)
		assert.InDeltaSlice(t, []float64{1, 1, 1}, p.Value.Float64s(), 1e-6)
		assert.Less(t, r.Loss, 1e-12)
		assert.InDelta(t, r.Iterations, before, 1, "the last one need not be told")
		assert.GreaterOrEqual(t, r.Evaluations, r.Iterations)
	}
}

// TestLeastSquares compares with the solution by QR.
func TestLeastSquares(t *testing.T) {
	xs := []float64{1, 0.3, 1, -0.7, 1, 1.9, 1, 0.2, 1, -1.4}
	ys := []float64{0.4, -1.1, 2.2, 0.3, -2}
	var want mat.Dense
	require.NoError(t, want.Solve(mat.NewDense(5, 2, xs), mat.NewDense(5, 1, ys)))
	model := &nn.Dense{Out: 1, NoBias: true}
	x, y := graph.InputOf(graph.Float64, "x", 5, 2), graph.InputOf(graph.Float64, "y", 5, 1)
	loss := nn.MSE(model.Apply(x), y)
	nn.Init(model, 1)
	r, err := fullbatch.Minimize(context.Background(), loss, nn.Params(model), fullbatch.Options{},
		x.Is(tensor.New(tensor.WithShape(5, 2), tensor.WithBacking(xs))), y.Is(tensor.New(tensor.WithShape(5, 1), tensor.WithBacking(ys))))
	require.NoError(t, err)
	assert.InDeltaSlice(t, want.RawMatrix().Data, model.W.Value.Data(), 1e-8)
	assert.Less(t, r.Gradient, 1e-9)
}

func TestEnds(t *testing.T) {
	stop := errors.New("enough")
	p := param(-1.2, 1)
	last := math.Inf(1)
	_, err := fullbatch.Minimize(context.Background(), rosenbrock(p), []*graph.Param{p}, fullbatch.Options{Each: func(i int, loss float64) error {
		last = loss
		if i == 3 {
			return stop
		}
		return nil
	}})
	assert.ErrorIs(t, err, stop)
	v := p.Value.Float64s()
	assert.InDelta(t, last, 100*math.Pow(v[1]-v[0]*v[0], 2)+math.Pow(1-v[0], 2), 1e-12, "the best so far is kept")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = fullbatch.Minimize(ctx, rosenbrock(p), []*graph.Param{p}, fullbatch.Options{})
	assert.ErrorIs(t, err, context.Canceled)

	single := &graph.Param{Label: "q", Type: graph.Type{Shape: graph.Of(2)}, Value: tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{-1.2, 1}))}
	r, err := fullbatch.Minimize(context.Background(), rosenbrock(single), []*graph.Param{single}, fullbatch.Options{})
	require.NoError(t, err, "float32 ends where its digits do")
	assert.InDeltaSlice(t, []float32{1, 1}, single.Value.Float32s(), 1e-3)
	assert.NotEmpty(t, r.Why)
}

func TestMistakes(t *testing.T) {
	p := param(1, 2)
	for _, c := range []struct {
		loss   *graph.Node
		params []*graph.Param
		want   string
	}{
		{ops.Sum(p.Node()), nil, "there is no parameter to train"},
		{ops.Square(p.Node()), []*graph.Param{p}, "fullbatch: the loss is f64[2]: want a single number"},
		{ops.Sum(ops.Log(ops.Scale(p.Node(), -1))), []*graph.Param{p}, "fullbatch: the loss is NaN to begin with"},
		{rosenbrock(p), []*graph.Param{{Label: "w", Type: p.Type}}, "parameter w"},
	} {
		_, err := fullbatch.Minimize(context.Background(), c.loss, c.params, fullbatch.Options{})
		assert.ErrorContains(t, err, c.want)
	}
}
