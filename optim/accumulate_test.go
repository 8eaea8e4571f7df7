package optim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// TestAccumulate compares parts of batches with whole ones, under a rule that looks
// at all gradients together.
func TestAccumulate(t *testing.T) {
	rule := func() optim.Rule { return optim.AdamW(0.05, 0.01).ClipNorm(0.5) }
	make := func() (x, y, loss *graph.Node, model *nn.Dense) {
		batch := graph.Sym("batch")
		x, y = graph.InputOf(graph.Float64, "x", batch, 3), graph.InputOf(graph.Float64, "y", batch, 2)
		model = &nn.Dense{Out: 2, Act: ops.Tanh}
		loss = nn.MSE(model.Apply(x), y)
		nn.Init(model, 1)
		return x, y, loss, model
	}
	rows := func(lo, hi int) (x, y *tensor.Dense) {
		a, b := []float64{}, []float64{}
		for i := lo; i < hi; i++ {
			a = append(a, float64(i%5)-2, float64(i*i%7)-3, 1)
			b = append(b, float64(i%3)-1, float64(i%2))
		}
		return tensor.New(tensor.WithShape(hi-lo, 3), tensor.WithBacking(a)), tensor.New(tensor.WithShape(hi-lo, 2), tensor.WithBacking(b))
	}
	x, y, loss, whole := make()
	step, err := optim.Minimize(loss, nn.Params(whole), rule())
	require.NoError(t, err)
	px, py, ploss, parted := make()
	a, err := optim.Accumulate(ploss, ops.Count(px, 0), nn.Params(parted), rule())
	require.NoError(t, err)
	for range 20 {
		xs, ys := rows(0, 10)
		_, err := step.Run(x.Is(xs), y.Is(ys))
		require.NoError(t, err)
		before := parted.W.Value.Clone().(*tensor.Dense)
		for _, part := range [][2]int{{0, 4}, {4, 8}, {8, 10}} {
			xs, ys := rows(part[0], part[1])
			_, err := a.Add.Run(px.Is(xs), py.Is(ys))
			require.NoError(t, err)
		}
		assert.Equal(t, before.Data(), parted.W.Value.Data(), "nothing moves before the update")
		require.NoError(t, a.Update.RunInto(nil))
		assert.InDeltaSlice(t, whole.W.Value.Float64s(), parted.W.Value.Float64s(), 1e-13)
		assert.InDeltaSlice(t, whole.B.Value.Float64s(), parted.B.Value.Float64s(), 1e-13)
	}
	// parts of a batch that was broken off are forgotten
	xs, ys := rows(0, 4)
	_, err = a.Add.Run(px.Is(xs), py.Is(ys))
	require.NoError(t, err)
	require.NoError(t, a.Reset())
	xs, ys = rows(0, 10)
	_, err = a.Add.Run(px.Is(xs), py.Is(ys))
	require.NoError(t, err)
	require.NoError(t, a.Update.RunInto(nil))
	_, err = step.Run(x.Is(xs), y.Is(ys))
	require.NoError(t, err)
	assert.InDeltaSlice(t, whole.W.Value.Float64s(), parted.W.Value.Float64s(), 1e-13)
}

func TestAccumulateMistakes(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 3)
	model := &nn.Dense{Out: 1}
	loss := ops.Mean(model.Apply(x))
	nn.Init(model, 1)
	_, err := optim.Accumulate(loss, nil, nn.Params(model), optim.SGD(0.1))
	assert.ErrorContains(t, err, "accumulate: the weight of a part must be a scalar, such as ops.Count(x, 0)")
	_, err = optim.Accumulate(loss, x, nn.Params(model), optim.SGD(0.1))
	assert.ErrorContains(t, err, "accumulate: the weight of a part must be a scalar")
	_, err = optim.Accumulate(nil, graph.Scalar(1), nn.Params(model), nil)
	assert.ErrorContains(t, err, "minimize: the loss is nil")
}
