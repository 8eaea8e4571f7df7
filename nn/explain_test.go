package nn_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/formula"
	"github.com/adjointml/adjoint/formula/graphs"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// TestLossDocs compares the formulas of losses, and those of their gradients, with
// what the losses compute.
func TestLossDocs(t *testing.T) {
	type loss = func(p, y *graph.Node) *graph.Node
	plain := func(f func(p, y *graph.Node, r ...nn.Reduction) *graph.Node) loss {
		return func(p, y *graph.Node) *graph.Node { return f(p, y) }
	}
	numbers, shares, sides := []float64{0.3, -1.2, 2.5, 0.6, -0.4, 1.7}, []float64{0.2, 0.9, 0.35, 0.6, 0.75, 0.1}, []float64{1, -1, -1, 1, 1, -1}
	for name, c := range map[string]struct {
		f    loss
		p, y []float64
		with map[string]float64
	}{
		"MSE":                  {plain(nn.MSE), numbers, shares, nil},
		"MAE":                  {plain(nn.MAE), numbers, shares, nil},
		"Huber":                {func(p, y *graph.Node) *graph.Node { return nn.Huber(p, y, 0.7) }, numbers, shares, map[string]float64{"delta": 0.7}},
		"SmoothL1":             {func(p, y *graph.Node) *graph.Node { return nn.SmoothL1(p, y, 0.7) }, numbers, shares, map[string]float64{"beta": 0.7}},
		"LogCosh":              {plain(nn.LogCosh), numbers, shares, nil},
		"Quantile":             {func(p, y *graph.Node) *graph.Node { return nn.Quantile(p, y, 0.8) }, numbers, shares, map[string]float64{"q": 0.8}},
		"PoissonNLL":           {plain(nn.PoissonNLL), numbers, shares, nil},
		"BinaryCrossEntropy":   {plain(nn.BinaryCrossEntropy), numbers, shares, nil},
		"BinaryCrossEntropyOf": {plain(nn.BinaryCrossEntropyOf), []float64{0.1, 0.8, 0.5, 0.3, 0.95, 0.6}, shares, nil},
		"BinaryFocal":          {func(p, y *graph.Node) *graph.Node { return nn.BinaryFocal(p, y) }, numbers, shares, map[string]float64{"gamma": 2}},
		"KL":                   {plain(nn.KL), numbers, []float64{0, 0.9, 0.35, 0.6, 0.75, 0}, nil},
		"KLLog":                {plain(nn.KLLog), numbers, shares, nil},
		"Hinge":                {plain(nn.Hinge), numbers, sides, nil},
		"SquaredHinge":         {plain(nn.SquaredHinge), numbers, sides, nil},
		"SoftMargin":           {plain(nn.SoftMargin), numbers, sides, nil},
		"HingeEmbedding":       {func(p, y *graph.Node) *graph.Node { return nn.HingeEmbedding(p, y, 1.1) }, shares, sides, map[string]float64{"margin": 1.1}},
		"Dice": {plain(func(p, y *graph.Node, r ...nn.Reduction) *graph.Node {
			return nn.Dice(ops.Expand(p, 0), ops.Expand(y, 0))
		}), shares, []float64{0, 1, 1, 0, 1, 0}, nil},
	} {
		d, ok := nn.LossDocs()[name]
		require.True(t, ok, name)
		p, y := graph.InputOf(graph.Float64, "p", 3, 2), graph.InputOf(graph.Float64, "y", 3, 2)
		names := map[string]*graph.Node{"p": p, "y": y}
		for n, v := range c.with {
			names[n] = graph.ScalarOf(graph.Float64, v)
		}
		loss := c.f(p, y)
		out := []*graph.Node{loss, graphs.Parse(d.Formula, names), autodiff.Grad(loss, p)[0], ops.Add(gradient(t, d.Gradient, names), ops.Scale(p, 0))}
		program, err := graph.Compile(out...)
		require.NoError(t, err, name)
		of := func(v []float64) *tensor.Dense { return tensor.New(tensor.WithBacking(v), tensor.WithShape(3, 2)) }
		got, err := program.Run(p.Is(of(c.p)), y.Is(of(c.y)))
		require.NoError(t, err, name)
		assert.InDelta(t, got[0].Data(), got[1].Data(), 1e-12, "%s: %s", name, d.Formula)
		assert.InDeltaSlice(t, got[2].Data(), got[3].Data(), 1e-12, "%s: %s", name, d.Gradient)
	}
}

// gradient builds the last of several formulas, in the names that those before it
// give.
func gradient(t *testing.T, text string, names map[string]*graph.Node) (n *graph.Node) {
	t.Helper()
	e, err := formula.Parse(text)
	require.NoError(t, err)
	for _, e := range e.List() {
		left, _ := e.Sides()
		n = graphs.Build(e, names)
		names[left.Text] = n
	}
	return n
}

// TestEveryLossDocIsReadable also reads those that have indices, and those of
// parameters.
func TestEveryLossDocIsReadable(t *testing.T) {
	for name, d := range nn.LossDocs() {
		f, err := formula.Parse(d.Formula)
		require.NoError(t, err, name)
		left, _ := f.Sides()
		assert.Equal(t, "loss", left.String(), name)
		_, err = formula.Parse(d.Gradient)
		require.NoError(t, err, name)
		assert.True(t, strings.HasSuffix(d.Text, "."), name)
	}
}
