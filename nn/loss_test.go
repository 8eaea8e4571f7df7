package nn_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

func huber(x, y *graph.Node, r ...nn.Reduction) *graph.Node { return nn.Huber(x, y, 0.7, r...) }

// losses are those of elements, with the loss of one element and the labels
// and predictions that it is for.
var losses = map[string]struct {
	loss     func(x, y *graph.Node, r ...nn.Reduction) *graph.Node
	want     func(x, y float64) float64
	xs, ys   []float64 // predictions, labels
	xLo, xHi float64   // where the gradient is checked
	yLo, yHi float64
	usual    nn.Reduction
}{
	"mse": {loss: nn.MSE, want: func(x, y float64) float64 { return (x - y) * (x - y) },
		xs: []float64{1, -2, 0.5, 3}, ys: []float64{1, 2, 0, -1}, xLo: -1, xHi: 1, yLo: -1, yHi: 1},
	"mae": {loss: nn.MAE, want: func(x, y float64) float64 { return math.Abs(x - y) },
		xs: []float64{1, -2, 0.5, 3}, ys: []float64{1, 2, 0, -1}, xLo: 1, xHi: 2, yLo: -1, yHi: 0},
	"huber": {loss: huber, want: func(x, y float64) float64 {
		if e := math.Abs(x - y); e > 0.7 {
			return 0.7 * (e - 0.35)
		}
		return (x - y) * (x - y) / 2
	}, xs: []float64{1, -2, 0.5, 3}, ys: []float64{1, 2, 0, 2.3}, xLo: -0.3, xHi: 0.3, yLo: -0.2, yHi: 0.2},
	"huber outside": {loss: huber, want: func(x, y float64) float64 { return 0.7 * (math.Abs(x-y) - 0.35) },
		xs: []float64{1, -2, 0.5, 30}, ys: []float64{5, 2, -2, 2}, xLo: 1, xHi: 2, yLo: -1, yHi: 0},
	"binary": {loss: nn.BinaryCrossEntropy, want: func(x, y float64) float64 {
		p := 1 / (1 + math.Exp(-x))
		return -y*math.Log(p) - (1-y)*math.Log(1-p)
	}, xs: []float64{1, -2, 0.5, 3}, ys: []float64{1, 0, 0.25, 0}, xLo: -2, xHi: 2, yLo: 0, yHi: 1},
	"hinge": {loss: nn.Hinge, want: func(x, y float64) float64 { return max(0, 1-x*y) },
		xs: []float64{1, -2, 0.5, 3}, ys: []float64{1, 1, -1, -1}, xLo: -2, xHi: -1, yLo: 0.5, yHi: 1},
	"squaredhinge": {loss: nn.SquaredHinge, want: func(x, y float64) float64 { return max(0, 1-x*y) * max(0, 1-x*y) },
		xs: []float64{1, -2, 0.5, 3}, ys: []float64{1, 1, -1, -1}, xLo: -2, xHi: -1, yLo: 0.5, yHi: 1},
	"kl": {loss: nn.KL, want: func(x, p float64) float64 {
		if p == 0 {
			return 0
		}
		return p * (math.Log(p) - x)
	}, xs: []float64{-1, -2, -0.5, -3}, ys: []float64{0.25, 0, 0.5, 1}, xLo: -2, xHi: -1, yLo: 0.2, yHi: 0.9, usual: nn.BatchMean},
	"kllog": {loss: nn.KLLog, want: func(x, y float64) float64 { return math.Exp(y) * (y - x) },
		xs: []float64{-1, -2, -0.5, -3}, ys: []float64{-0.25, -5, -1, 0}, xLo: -2, xHi: -1, yLo: -2, yHi: -1, usual: nn.BatchMean},
	"binaryof": {loss: nn.BinaryCrossEntropyOf, want: func(p, y float64) float64 {
		return -y*max(math.Log(p), -100) - (1-y)*max(math.Log(1-p), -100)
	}, xs: []float64{0.5, 0, 0.25, 1}, ys: []float64{1, 1, 0.25, 1}, xLo: 0.1, xHi: 0.9, yLo: 0, yHi: 1},
	"softmargin": {loss: nn.SoftMargin, want: func(x, y float64) float64 { return math.Log1p(math.Exp(-x * y)) },
		xs: []float64{1, -2, 0.5, 3}, ys: []float64{1, 1, -1, -1}, xLo: -2, xHi: 2, yLo: -1, yHi: 1},
	"hingeembedding": {loss: func(x, y *graph.Node, r ...nn.Reduction) *graph.Node { return nn.HingeEmbedding(x, y, 2, r...) },
		want: func(x, y float64) float64 {
			if y == 1 {
				return x
			}
			return max(0, 2-x)
		}, xs: []float64{1, 1.5, 0.5, 3}, ys: []float64{1, -1, -1, -1}, xLo: 0.5, xHi: 1.5, yLo: 0.2, yHi: 0.5},
	"smoothl1": {loss: func(x, y *graph.Node, r ...nn.Reduction) *graph.Node { return nn.SmoothL1(x, y, 0.5, r...) },
		want: func(x, y float64) float64 {
			if e := math.Abs(x - y); e > 0.5 {
				return e - 0.25
			}
			return (x - y) * (x - y)
		}, xs: []float64{1, -2, 0.5, 3}, ys: []float64{1, 2, 0.25, 2.75}, xLo: -0.1, xHi: 0.1, yLo: -0.1, yHi: 0.1},
	"smoothl1 of 0": {loss: func(x, y *graph.Node, r ...nn.Reduction) *graph.Node { return nn.SmoothL1(x, y, 0, r...) },
		want: func(x, y float64) float64 { return math.Abs(x - y) },
		xs:   []float64{1, -2, 0.5, 3}, ys: []float64{1, 2, 0, -1}, xLo: 1, xHi: 2, yLo: -1, yHi: 0},
	"logcosh": {loss: nn.LogCosh, want: func(x, y float64) float64 { return math.Log(math.Cosh(x - y)) },
		xs: []float64{1, -2, 0.5, 30}, ys: []float64{1, 2, 0, -3}, xLo: -2, xHi: 2, yLo: -1, yHi: 1},
	"quantile": {loss: func(x, y *graph.Node, r ...nn.Reduction) *graph.Node { return nn.Quantile(x, y, 0.9, r...) },
		want: func(x, y float64) float64 { return max(0.9*(y-x), -0.1*(y-x)) },
		xs:   []float64{1, -2, 0.5, 3}, ys: []float64{1, 2, 0, -1}, xLo: 1, xHi: 2, yLo: -1, yHi: 0},
	"poisson": {loss: nn.PoissonNLL, want: func(x, y float64) float64 { return math.Exp(x) - y*x },
		xs: []float64{-1, 2, 0.5, 0}, ys: []float64{0, 3, 1, 7}, xLo: -1, xHi: 1, yLo: 0, yHi: 3},
}

// TestLosses compares values and reductions with the definitions, in both
// dtypes and with a symbolic batch.
func TestLosses(t *testing.T) {
	for name, c := range losses {
		t.Run(name, func(t *testing.T) {
			want := map[nn.Reduction][]float64{nn.None: nil}
			sum := 0.0
			for i, x := range c.xs {
				l := c.want(x, c.ys[i])
				sum += l
				want[nn.None] = append(want[nn.None], l)
			}
			want[nn.Sum], want[nn.Mean], want[nn.BatchMean] = []float64{sum}, []float64{sum / 4}, []float64{sum / 2}
			batch := graph.Sym("batch")
			for dtype, tolerance := range map[graph.DType]float64{graph.Float32: 1e-6, graph.Float64: 1e-14} {
				x, y := graph.InputOf(dtype, "x", batch, 2), graph.InputOf(dtype, "y", batch, 2)
				feeds := []graph.Feed{x.IsTensor(of(t, dtype, c.xs, 2, 2)), y.IsTensor(of(t, dtype, c.ys, 2, 2))}
				assert.InDeltaSlice(t, want[c.usual], infer(t, c.loss(x, y), feeds...), 10*tolerance)
				for r, want := range want {
					l := c.loss(x, y, r)
					assert.Equal(t, dtype, l.DType())
					assert.InDeltaSlice(t, want, infer(t, l, feeds...), 10*tolerance, "reduction %d", r)
				}
			}
		})
	}
}

// of returns a tensor with the elements.
func of(t *testing.T, dtype graph.DType, v []float64, shape ...int) graph.Tensor {
	t.Helper()
	out, err := graph.NewTensor(dtype, shape...)
	require.NoError(t, err)
	for i, v := range v {
		out.Set(i, v)
	}
	return out
}

func TestLossGradients(t *testing.T) {
	batch := graph.Sym("batch")
	for name, c := range losses {
		t.Run(name, func(t *testing.T) {
			x, y := gradtest.Of(batch, 2).In(c.xLo, c.xHi), gradtest.Of(batch, 2).In(c.yLo, c.yHi)
			for _, r := range []nn.Reduction{nn.Mean, nn.None, nn.BatchMean} {
				gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return c.loss(x[0], x[1], r) }, x, y)
			}
		})
	}
}

func TestLossPoison(t *testing.T) {
	y := graph.Input("y", 2)
	for name, c := range losses {
		one(t, c.loss(bad(), y), whyBad)
		one(t, c.loss(y, bad()), whyBad)
		assert.Regexp(t, `^loss_test.go:\d+: [a-z]+: operand 0 is nil$`, c.loss(nil, y).Err(), name)
		assert.Regexp(t, `^loss_test.go:\d+: [a-z]+: operand 1 is nil$`, c.loss(y, nil).Err(), name)
		assert.ErrorContains(t, c.loss(y, y, nn.Mean, nn.Sum).Err(), "2 reductions are given: want at most one", name)
		assert.ErrorContains(t, c.loss(y, y, 9).Err(), "reduction 9 is unknown: want nn.Mean, nn.Sum, nn.BatchMean or nn.None", name)
	}
}

// TestLabelShapes checks that nothing broadcasts, least of all [n] and [n 1].
func TestLabelShapes(t *testing.T) {
	n := graph.Sym("n")
	x := graph.Input("x", n, 1)
	for name, c := range losses {
		for _, y := range []*graph.Node{graph.Input("y", n), graph.Input("y", n, 2), graph.Input("y", 1, 1), graph.Input("y")} {
			err := c.loss(x, y).Err()
			require.Error(t, err, name)
			assert.Contains(t, err.Error(), "the predictions x [n 1] and the labels y "+y.Shape().String()+
				" have different shapes: give one the shape of the other with ops.Reshape", name)
		}
	}
	one(t, nn.MSE(x, graph.InputOf(graph.Int64, "y", n, 1)), "mse: the predictions x [n 1] and the labels y i64[n 1] have different dtypes: convert the labels with ops.Convert")
	z := graph.InputOf(graph.Int64, "z", n, 1)
	one(t, nn.MSE(z, z), "mse: want floats, got the predictions z i64[n 1]: convert them with ops.Convert")
	one(t, nn.Huber(x, x, 0), "huber: delta is 0: want a positive number")
}

// TestScalarLabel labels everything with one number, as the losses of
// generators and discriminators do.
func TestScalarLabel(t *testing.T) {
	for _, dtype := range []graph.DType{graph.Float32, graph.Float64} {
		x := graph.InputOf(dtype, "x", graph.Sym("n"), 1)
		got := infer(t, nn.BinaryCrossEntropy(x, graph.Scalar(1), nn.None), x.IsTensor(of(t, dtype, []float64{0, 0}, 2, 1)))
		assert.InDeltaSlice(t, []float64{math.Ln2, math.Ln2}, got, 1e-7)
	}
}

// TestNaNLabel makes the run fail with one line.
func TestNaNLabel(t *testing.T) {
	x, y := graph.Input("x", 2, 2), graph.Input("y", 2, 2)
	nan := float32(math.NaN())
	for name, c := range losses {
		p, err := graph.Compile(c.loss(x, y))
		require.NoError(t, err)
		_, err = p.Eval(context.Background(), feed(t, x, []float32{1, 1, 1, 1}, 2, 2), feed(t, y, []float32{1, 1, nan, 1}, 2, 2))
		require.Error(t, err, name)
		assert.Regexp(t, `^loss_test\.go:\d+: checknan: label is NaN at \[1 0\]: look at the data$`, err.Error(), name)
	}
}

// TestBinaryExtremes checks values and gradients for logits that are sure.
func TestBinaryExtremes(t *testing.T) {
	x, y := graph.Input("x", 4), graph.Input("y", 4)
	l := nn.BinaryCrossEntropy(x, y, nn.None)
	p, err := graph.Compile(l, autodiff.Grad(ops.Sum(l), x)[0])
	require.NoError(t, err)
	out := run(t, p, feed(t, x, []float32{20, -20, 1000, -1000}, 4), feed(t, y, []float32{1, 0, 0, 1}, 4))
	tiny := math.Exp(-20)
	assert.InEpsilonSlice(t, []float64{tiny, tiny, 1000, 1000}, out[0], 1e-5)
	assert.InEpsilonSlice(t, []float64{-tiny, tiny, 1, -1}, out[1], 1e-5)
}

func TestPenalties(t *testing.T) {
	a := &graph.Param{Type: graph.Type{Shape: graph.Of(2)}}
	b := &graph.Param{Type: graph.Type{Shape: graph.Of(1, 2)}}
	state := &graph.Param{Type: graph.Type{DType: graph.Int64, Shape: graph.Of(2)}}
	model := []*graph.Param{a, state, b}
	nn.Init(model, 1)
	set(t, a, 1, -2)
	set(t, b, 0, 3)
	l1, l2 := nn.L1(model, 0.5), nn.L2(model, 0.5)
	assert.Equal(t, []float64{3}, infer(t, l1))
	assert.Equal(t, []float64{7}, infer(t, l2))
	assert.Equal(t, []float64{0.5, -0.5}, infer(t, autodiff.Grad(l1, a.Node())[0]))
	assert.Equal(t, []float64{0, 3}, infer(t, autodiff.Grad(l2, b.Node())[0]))
	assert.Equal(t, []float64{0}, infer(t, nn.L2(nil, 1)))
	one(t, nn.L1([]*graph.Param{a, nil}, 1), "l1: parameter 1 is nil")
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		return ops.Add(nn.MSE(x[0], x[1]), nn.L2(nil, 1))
	}, gradtest.Of(2), gradtest.Of(2))
}
