package graphs_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/formula"
	"github.com/adjointml/adjoint/formula/graphs"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

var (
	ps = []float64{0.3, 0.9, 0.45, 0.62}
	ys = []float64{0.5, 0.1, 0.8, 0.25}
)

// run returns the values of nodes of p and y.
func run(t *testing.T, p, y *graph.Node, out ...*graph.Node) [][]float64 {
	t.Helper()
	program, err := graph.Compile(out...)
	require.NoError(t, err)
	var feeds []graph.Feed
	for n, v := range map[*graph.Node][]float64{p: ps, y: ys} {
		for _, in := range graph.Topo(out...) {
			if in == n {
				feeds = append(feeds, n.Is(tensor.New(tensor.WithBacking(v), tensor.WithShape(len(v)))))
			}
		}
	}
	got, err := program.Run(feeds...)
	require.NoError(t, err)
	all := make([][]float64, len(got))
	for i, g := range got {
		all[i] = g.Float64s()
	}
	return all
}

// TestElements builds each function and compares it, number by number, with what
// the formula says.
func TestElements(t *testing.T) {
	texts := []string{"p + y*2 - p/y", "p^y", "-p^2", "p > y ? p : 2*y", "(p < y) + 1", "!(p <= 0.3) && y != 0.1 || p == y", "p >= y", "where(p, y, 1)", "sqrt(2)*p", "π", "y == 0.5"}
	for _, f := range formula.Functions() {
		switch f {
		case "sum", "mean", "count", "var", "std", "norm":
			continue // of all elements: below
		case "polygamma":
			texts = append(texts, "polygamma(2, p)")
		case "besseli":
			texts = append(texts, "besseli(0, p) + besseli(1, y)")
		case "acosh":
			texts = append(texts, "acosh(1 + p)")
		default:
			for _, arg := range []string{"(p)", "(p, y)", "(p, y, 0.8)"} {
				if e, err := formula.Parse(f + arg); err == nil && e.Check() == nil && !e.Reduction() {
					texts = append(texts, f+arg)
				}
			}
		}
	}
	require.Greater(t, len(texts), 60)
	for _, text := range texts {
		e, err := formula.Parse(text)
		require.NoError(t, err)
		p, y := graph.InputOf(graph.Float64, "p", 4), graph.InputOf(graph.Float64, "y", 4)
		n := ops.Add(graphs.Build(e, map[string]*graph.Node{"p": p, "y": y}), ops.Scale(p, 0))
		got := run(t, p, y, n)[0]
		for i := range ps {
			want, err := e.Eval(map[string]float64{"p": ps[i], "y": ys[i]})
			require.NoError(t, err)
			assert.InDelta(t, want, got[i], 1e-9*max(1, math.Abs(want)), "%s at %v, %v", text, ps[i], ys[i])
		}
	}
}

// TestLosses compares the derivative that formulas say with that of the graph.
func TestLosses(t *testing.T) {
	for _, text := range []string{
		"mean(abs(p-y)^1.5)", "mean((p-y)^2)", "sum(huber(p-y, 0.3))", "mean(-y*log(p) - (1-y)*log(1-p))", "var(p - y)", "std(p)*norm(y)",
		"max(abs(p-y))", "sum(p*y)/(norm(p)*norm(y))", "mean(clip(p, 0.4, 0.6)^2)", "log(sum(exp(p)))", "mean(where(p > y, (p-y)^2, 3*(y-p)))",
		"loss = mean(logcosh(p-y)) + 0.1*min(p)", "mean((p - mean(p))*(y - mean(y)))", "mean(gelu(p)*mish(y))", "count(p)*mean(p^3)", "sum(softplus(p) - mean(p)*p)",
	} {
		e, err := formula.Parse(text)
		require.NoError(t, err)
		d, err := formula.Derive(e, "p")
		require.NoError(t, err)
		p, y := graph.InputOf(graph.Float64, "p", 4), graph.InputOf(graph.Float64, "y", 4)
		names := map[string]*graph.Node{"p": p, "y": y}
		loss := graphs.Build(e, names)
		g := autodiff.Grad(loss, p)
		said := ops.Add(graphs.Build(d, names), ops.Scale(p, 0))
		got := run(t, p, y, g[0], said)
		assert.InDeltaSlice(t, got[0], got[1], 1e-9, "%s has the derivative %s", text, d)
	}
}

func TestMatricesAndAxes(t *testing.T) {
	p := graph.InputOf(graph.Float64, "p", 4)
	square := ops.Reshape(p, 2, 2)
	names := map[string]*graph.Node{"a": square, "p": p}
	got := run(t, p, nil, graphs.Parse("a @ a^T", names), graphs.Parse("sum_0(a)", names), graphs.Parse("softmax(a)", names))
	assert.InDeltaSlice(t, []float64{0.9, 0.693, 0.693, 0.5869}, got[0], 1e-12)
	assert.InDeltaSlice(t, []float64{0.75, 1.52}, got[1], 1e-12)
	assert.InDelta(t, 1, got[2][0]+got[2][1], 1e-12)
}

func TestMistakes(t *testing.T) {
	p, y := graph.Input("p", 4), graph.Input("y", 3)
	names := map[string]*graph.Node{"p": p, "y": y}
	for text, want := range map[string]string{
		"mean(p":          "formula: column 7: the formula ends here: expected ) or a comma after an argument",
		"mean(q)":         "formula: q is not known here: the names are p, y",
		"clamp(p)":        "formula: clamp is not a known function",
		"tanh(p, p)":      "formula: tanh(p, p) has 2 arguments: tanh takes 1",
		"p[1]":            "formula: p[1] has indices: write what holds for all elements, or use ops.Take",
		"sum_i(p)":        "formula: sum_i(p) has the index i: write sum_0(...) for axis 0, or sum(...) for all elements",
		"p^H":             "formula: p^H cannot be built: ^H has no op here",
		"p; y":            "formula: p; y cannot be built: ; has no op here",
		"besseli(2, p)":   "formula: besseli(2, p) has the order 2: want a whole number, 0 or 1 for besseli",
		"p + y":           "add: p [4] and y [3] do not broadcast",
		"sum(q) + sum(r)": "formula: q is not known here: the names are p, y",
	} {
		err := graphs.Parse(text, names).Err()
		if assert.Error(t, err, text) {
			assert.Contains(t, err.Error(), "graphs_test.go:", text)
			assert.Contains(t, err.Error(), want, text)
		}
	}
	bad := graphs.Parse("mean(p)", map[string]*graph.Node{"p": ops.Add(p, y)})
	assert.Equal(t, 1, strings.Count(bad.Err().Error(), "\n")+1, "the first mistake alone")
	assert.ErrorContains(t, bad.Err(), "do not broadcast")
}
