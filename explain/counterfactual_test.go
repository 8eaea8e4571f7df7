package explain_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestCounterfactual: the nearest point beyond 3a + b = 6 changes a alone, in the sum
// of absolute changes; b alone, if a change of a costs ten times as much or is not
// allowed.
func TestCounterfactual(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 2)
	score := ops.Sub(ops.Sum(ops.Mul(x, graph.ConstOf([]float64{3, 1}, 2)), 1), graph.Scalar(6))
	rows := of(t, x, []float64{0, 0, 1, 1, 5, 5}, 3, 2)
	for name, c := range map[string]struct {
		search   explain.Search
		x        []float64
		distance []float64
	}{
		"plain": {explain.Search{}, []float64{2, 0, 5.0 / 3, 1, 5, 5}, []float64{2, 2.0 / 3, 0}},
		"scale": {explain.Search{Scale: graph.ConstOf([]float64{0.1, 1}, 2), Steps: 1500}, []float64{0, 6, 1, 3, 5, 5}, []float64{6, 2, 0}},
		"fixed": {explain.Search{Fixed: graph.ConstOf([]bool{true, false}, 2), Steps: 1500}, []float64{0, 6, 1, 3, 5, 5}, []float64{6, 2, 0}},
		"limit": {explain.Search{Lo: 0, Hi: 5, Steps: 600}, []float64{2, 0, 5.0 / 3, 1, 5, 5}, []float64{2, 2.0 / 3, 0}},
	} {
		found, distance := explain.Counterfactual(score, x, c.search)
		there := graph.Rewrite([]*graph.Node{score}, map[*graph.Node]*graph.Node{x: found})[0]
		got := run(t, []graph.Feed{rows}, found, distance, there)
		assert.InDeltaSlice(t, c.x, got[0], 0.15, name)
		assert.InDeltaSlice(t, c.distance, got[1], 0.15, name)
		for i := range 3 {
			assert.Greater(t, got[2][i], 0.0, "%s: row %d is on the other side", name, i)
			assert.GreaterOrEqual(t, got[1][i], c.distance[i]-1e-9, "%s: row %d cannot be nearer", name, i)
		}
	}
	found, distance := explain.Counterfactual(score, x, explain.Search{Lo: 0, Hi: 1})
	got := run(t, []graph.Feed{rows}, found, distance)
	assert.Equal(t, []float64{math.Inf(1), math.Inf(1), 0}, got[1], "out of reach")
	assert.Equal(t, []float64{0, 0, 1, 1, 5, 5}, got[0])
}

// TestCounterfactualDigits turns digits into the next class, with few pixels changed.
func TestCounterfactualDigits(t *testing.T) {
	r := trained(t)
	next := ops.Mod(ops.Add(r.label, graph.Scalar(1)), graph.ConstOf([]int64{10}))
	found, distance := explain.Counterfactual(explain.Margin(r.logits, next), r.x, explain.Search{Lo: 0, Hi: 1, Rate: 0.01})
	taken := ops.ArgMax(graph.Rewrite([]*graph.Node{r.logits}, map[*graph.Node]*graph.Node{r.x: found})[0], 1)
	same := ops.Mean(ops.Convert(ops.Equal(found, r.x), graph.Float32))
	got := run(t, r.feeds(20), taken, next, distance, same)
	assert.Equal(t, got[1], got[0])
	for i, d := range got[2] {
		assert.Less(t, d, 60.0, "digit %d", i)
	}
	assert.Greater(t, got[3][0], 0.8)
}

func TestMargin(t *testing.T) {
	logits := graph.ConstOf([]float64{1, 5, 2, 4, 3, -1}, 2, 3)
	for _, label := range []*graph.Node{graph.ConstOf([]int64{2, 0}, 2), graph.ConstOf([]int32{2, 0}, 2)} {
		got := run(t, nil, explain.Margin(logits, label), explain.Class(logits, label))
		assert.Equal(t, []float64{-3, 1}, got[0])
		assert.Equal(t, []float64{2, 4}, got[1])
	}
}

func TestCounterfactualMistakes(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"), 2)
	score := ops.Sum(x, 1)
	one, _ := explain.Counterfactual(score, x, explain.Search{Fixed: graph.Scalar(1)})
	assert.Contains(t, mistake(t, one), "counterfactual: Search.Fixed is f32[]: want Bool, true for what must stay")
	_, two := explain.Counterfactual(score, x, explain.Search{Steps: -2})
	assert.Contains(t, mistake(t, two), "counterfactual: -2 steps of 0: neither may be negative")
}
