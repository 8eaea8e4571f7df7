package train

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/optim"
)

// TestMeasure gives nn's losses to a model by their names: each figure is that of the
// same function called by hand.
func TestMeasure(t *testing.T) {
	numbers := points(t, 8)
	labels, err := data.Of(numbers.Column(0), tensor.New(tensor.WithShape(8), tensor.WithBacking([]int64{0, 1, 1, 0, 1, 0, 0, 1})))
	require.NoError(t, err)
	type pairs = func(pred, y *graph.Node) *graph.Node
	for name, c := range map[string]struct {
		measure Measure
		same    pairs
		rows    *data.Arrays
		out     int
	}{
		"mse":            {nn.MSE, func(p, y *graph.Node) *graph.Node { return nn.MSE(p, y) }, numbers, 1},
		"cross-entropy":  {nn.CrossEntropy, func(p, y *graph.Node) *graph.Node { return nn.CrossEntropy(p, y) }, labels, 2},
		"focal":          {nn.Focal, func(p, y *graph.Node) *graph.Node { return nn.Focal(p, y) }, labels, 2},
		"multi-margin":   {nn.MultiMargin, func(p, y *graph.Node) *graph.Node { return nn.MultiMargin(p, y) }, labels, 2},
		"root":           {nn.RMSE, nn.RMSE, numbers, 1},
		"one of my own":  {func(p, y *graph.Node) *graph.Node { return nn.Huber(p, y, 1) }, func(p, y *graph.Node) *graph.Node { return nn.Huber(p, y, 1) }, numbers, 1},
		"a named metric": {pairs(nn.RMSE), nn.RMSE, numbers, 1},
	} {
		m := &Model{Net: &nn.Dense{Out: c.out}, Loss: c.measure, Metrics: []Metric{{Name: "same", Of: c.same}, {Name: "metric", Of: c.measure}}, Optimizer: optim.SGD(0.01), Seed: 1}
		got, err := m.Evaluate(t.Context(), c.rows, 8)
		require.NoError(t, err, name)
		assert.Equal(t, got["same"], got["loss"], name)
		assert.Equal(t, got["same"], got["metric"], name)
		assert.NotZero(t, got["loss"], name)
	}
}

func TestMeasureMistakes(t *testing.T) {
	type pairs func(pred, y *graph.Node) *graph.Node
	for want, m := range map[string]*Model{
		"train: Model.Loss is a func(*graph.Node, *graph.Node, float64, ...nn.Reduction) *graph.Node: want a func(pred, y *graph.Node) *graph.Node, or a loss of nn such as nn.MSE": {Loss: nn.Huber},
		"train: Model.Loss is a string: want a func(pred, y *graph.Node) *graph.Node, or a loss of nn such as nn.MSE":                                                               {Loss: "mse"},
		"train: Model.Loss is a nil func(*graph.Node, *graph.Node) *graph.Node: want a func(pred, y *graph.Node) *graph.Node, or a loss of nn such as nn.MSE":                       {Loss: (func(pred, y *graph.Node) *graph.Node)(nil)},
		"train: metric \"m\" is a nil train.pairs: want a func(pred, y *graph.Node) *graph.Node, or a loss of nn such as nn.MSE":                                                    {Loss: nn.MSE, Metrics: []Metric{{Name: "m", Of: pairs(nil)}}},
		"train: metric 0, \"m\", has no function: set Metric.Of":                                                                                                                    {Loss: nn.MSE, Metrics: []Metric{{Name: "m"}}},
	} {
		m.Net, m.Optimizer = &nn.Dense{Out: 1}, optim.SGD(0.1)
		_, err := m.Build(points(t, 4))
		assert.EqualError(t, err, want)
	}
}

// TestLossNode takes the nodes of a model and computes the slope of its loss by them.
func TestLossNode(t *testing.T) {
	m := line(optim.SGD(0.1))
	rows := points(t, 8)
	trainer, err := m.Build(rows)
	require.NoError(t, err)
	require.Len(t, trainer.Outputs, 1)
	slope := autodiff.Grad(trainer.Loss(), trainer.Params[0].Node())[0]
	p, err := graph.Compile(trainer.Loss(), slope, trainer.Outputs[0])
	require.NoError(t, err)
	out, err := p.Run(trainer.Inputs[0].Is(rows.Column(0)), trainer.Inputs[1].Is(rows.Column(1)))
	require.NoError(t, err)
	scores, err := m.Evaluate(t.Context(), rows, 8)
	require.NoError(t, err)
	assert.InDelta(t, scores["loss"], float64(out[0].Data().(float32)), 1e-6)

	before := trainer.Params[0].Value.Float32s()[0]
	_, err = m.Fit(t.Context(), rows, Options{Batch: 8, InOrder: true})
	require.NoError(t, err)
	assert.InDelta(t, before-0.1*out[1].Float32s()[0], trainer.Params[0].Value.Float32s()[0], 1e-5)
	assert.Nil(t, (&Trainer{}).Loss())
}
