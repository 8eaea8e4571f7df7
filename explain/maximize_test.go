package explain_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestMaximizeQuadratic climbs w·x - Decay·x²/2, whose top is at w/Decay.
func TestMaximizeQuadratic(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 2)
	score := ops.Sum(ops.Mul(x, graph.ConstOf([]float64{1, -3}, 2)), 1)
	top := explain.Maximize(score, x, explain.Ascent{Steps: 2000, Rate: 0.01, Decay: 2})
	boxed := explain.Maximize(score, x, explain.Ascent{Lo: -1, Hi: 1})
	got := run(t, []graph.Feed{of(t, x, []float64{0, 0, 5, 5}, 2, 2)}, top, boxed)
	assert.InDeltaSlice(t, []float64{0.5, -1.5, 0.5, -1.5}, got[0], 0.02)
	assert.Equal(t, []float64{1, -1, 1, -1}, got[1], "without a decay it ends in the corner")
}

// TestMaximizeDigits draws a digit of each class that the network is surer of than
// of any real one, and smoother with Smooth than without.
func TestMaximizeDigits(t *testing.T) {
	r := trained(t)
	score := explain.Class(r.logits, r.label)
	free := explain.Maximize(score, r.x, explain.Ascent{Steps: 60, Lo: 0, Hi: 1})
	smooth := explain.Maximize(score, r.x, explain.Ascent{Steps: 60, Lo: 0, Hi: 1, Smooth: 0.02, Jitter: 2, Seed: 1})
	at := func(p *graph.Node) *graph.Node {
		return graph.Rewrite([]*graph.Node{score}, map[*graph.Node]*graph.Node{r.x: p})[0]
	}
	rough := func(p *graph.Node) *graph.Node {
		return ops.Add(ops.Sum(ops.Abs(ops.Diff(p, 1, 1)), 1, 2), ops.Sum(ops.Abs(ops.Diff(p, 1, 2)), 1, 2))
	}
	grey := make([]float64, 10*784)
	labels, _ := graph.NewTensor(graph.Int64, 10)
	for i := range grey {
		grey[i] = 0.5
	}
	for i := range 10 {
		labels.SetInt(i, int64(i))
	}
	got := run(t, []graph.Feed{of(t, r.x, grey, 10, 28, 28), r.label.IsTensor(labels)}, at(free), at(smooth), rough(free), rough(smooth))
	best := run(t, r.feeds(300), ops.Max(r.logits, 0))[0]
	for c := range 10 {
		assert.Greater(t, got[0][c], best[c], "class %d", c)
		assert.Greater(t, got[1][c], 0.3*best[c], "class %d", c)
		assert.Less(t, got[3][c], 0.7*got[2][c], "class %d", c)
	}
}

// TestMaximizeJitter rolls an image, and so loses nothing of it.
func TestMaximizeJitter(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), graph.Sym("h"), 3)
	score := ops.Sum(x, 1, 2) // the same wherever the image is shifted to
	m := explain.Maximize(score, x, explain.Ascent{Steps: 10, Rate: 0.1, Jitter: 5, Seed: 3})
	got := run(t, []graph.Feed{of(t, x, []float64{1, 2, 3, 4, 5, 6}, 1, 2, 3)}, m)
	assert.InDeltaSlice(t, []float64{2, 3, 4, 5, 6, 7}, got[0], 1e-9)
	assert.False(t, math.IsNaN(got[0][0]))
}

// TestMaximizeBlur takes one step from a score of one pixel: with a blur it is the
// outer product of 1/4, 1/2, 1/4 with itself.
func TestMaximizeBlur(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 3, 3)
	score := ops.Index(ops.Index(x, 1, 1), 1, 1)
	m := explain.Maximize(score, x, explain.Ascent{Steps: 1, Rate: 0.1, Blur: 1})
	got := run(t, []graph.Feed{of(t, x, make([]float64, 9), 1, 3, 3)}, m)[0]
	shape, squares := []float64{1, 2, 1, 2, 4, 2, 1, 2, 1}, 4*1.0+4*4+16
	for i, v := range shape {
		assert.InDelta(t, 0.1*v/math.Sqrt(squares/9), got[i], 1e-9)
	}
}

func TestMaximizeMistakes(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"), 4)
	score := ops.Sum(x, 1)
	assert.Contains(t, mistake(t, explain.Maximize(score, x, explain.Ascent{Smooth: 1})), "maximize: x [n 4] is no image [batch ... h w]: leave out Smooth, Jitter and Blur")
	assert.Contains(t, mistake(t, explain.Maximize(score, x, explain.Ascent{Steps: -1})), "maximize: -1 steps of 0, jitter 0, blur 0: none may be negative")
}
