package nn_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
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
		assert.InDeltaSlice(t, got[2].Float64s(), got[3].Float64s(), 1e-12, "%s: %s", name, d.Gradient)
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

// TestEveryLayerHasADoc fails for a type with Apply that has none, and for a
// formula that cannot be read.
func TestEveryLayerHasADoc(t *testing.T) {
	docs := nn.LayerDocs()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f, nil, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok || d.Recv == nil || d.Name.Name != "Apply" {
				continue
			}
			typ := d.Recv.List[0].Type
			if star, ok := typ.(*ast.StarExpr); ok {
				typ = star.X
			}
			if id := typ.(*ast.Ident); id.IsExported() {
				found++
				assert.Contains(t, docs, id.Name)
			}
		}
	}
	assert.Greater(t, found, 35)
	for name, d := range docs {
		_, err := formula.Parse(d.Formula)
		assert.NoError(t, err, name)
		assert.True(t, strings.HasSuffix(d.Text, "."), name)
	}
}

// TestRecurrentDocs runs the formulas of recurrent layers with one input and a
// state of one number, and compares them with the layers.
func TestRecurrentDocs(t *testing.T) {
	xs := []float64{0.7, -1.1, 0.4}
	for name, c := range map[string]struct {
		layer nn.Layer
		cells func(l nn.Layer) []*nn.Gates
		gates string
	}{
		"SimpleRNN": {&nn.SimpleRNN{Out: 1}, func(l nn.Layer) []*nn.Gates { return l.(*nn.SimpleRNN).Cells }, " "},
		"LSTM":      {&nn.LSTM{Out: 1}, func(l nn.Layer) []*nn.Gates { return l.(*nn.LSTM).Cells }, "ifgo"},
		"GRU":       {&nn.GRU{Out: 1}, func(l nn.Layer) []*nn.Gates { return l.(*nn.GRU).Cells }, "rzn"},
	} {
		x := graph.InputOf(graph.Float64, "x", 1, 3, 1)
		y := c.layer.Apply(x)
		nn.Init(c.layer, 5)
		program, err := graph.Compile(y)
		require.NoError(t, err, name)
		out, err := program.Run(x.Is(tensor.New(tensor.WithShape(1, 3, 1), tensor.WithBacking(append([]float64{}, xs...)))))
		require.NoError(t, err, name)

		vars := map[string]float64{"h": 0, "c": 0}
		g := c.cells(c.layer)[0]
		for label, p := range map[string]*graph.Param{"W": g.W, "U": g.U, "B": g.B} {
			for i, v := range p.Value.Float64s() {
				vars[strings.TrimSuffix(label+"_"+c.gates[i:i+1], "_ ")] = v
			}
		}
		if g.N != nil {
			vars["N"] = g.N.Value.Float64s()[0]
		}
		text := strings.NewReplacer(" @ ", "*", "act(", "tanh(").Replace(nn.LayerDocs()[name].Formula)
		e, err := formula.Parse(text)
		require.NoError(t, err, name)
		for step, x := range xs {
			vars["x"] = x
			for _, e := range e.List() {
				left, right := e.Sides()
				v, err := right.Eval(vars)
				require.NoError(t, err, name)
				vars[left.String()] = v
			}
			assert.InDelta(t, out[0].Float64s()[step], vars["h"], 1e-12, "%s, step %d: %s", name, step, text)
		}
	}
}
