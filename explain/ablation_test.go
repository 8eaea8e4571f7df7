package explain_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestOcclusion compares with patches painted by hand on images of 3 by 4, scored by
// a weighted sum, and with a patch that hangs over at neither edge.
func TestOcclusion(t *testing.T) {
	const h, w, size, stride, paint = 3, 4, 2, 2, 0.5
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 2, h, w)
	image, weight := make([]float64, 2*2*h*w), make([]float64, 2*h*w)
	for i := range image {
		image[i] = float64(i*i%7) / 3
	}
	for i := range weight {
		weight[i] = float64(i%5) - 1
	}
	score := ops.Sum(ops.Mul(x, graph.ConstOf(weight, 2, h, w)), 1, 2, 3)
	got := run(t, []graph.Feed{of(t, x, image, 2, 2, h, w)}, explain.Occlusion(score, x, size, stride, paint))[0]
	want, covers := make([]float64, 2*h*w), make([]float64, 2*h*w)
	for n := range 2 {
		for _, top := range []int{0, 1} {
			for _, left := range []int{0, 2} {
				fall := 0.0
				each := func(f func(at int)) {
					for i := top; i < top+size; i++ {
						for j := left; j < left+size; j++ {
							f(i*w + j)
						}
					}
				}
				for c := range 2 {
					each(func(at int) { fall += weight[c*h*w+at] * (image[(n*2+c)*h*w+at] - paint) })
				}
				each(func(at int) { want[n*h*w+at] += fall; covers[n*h*w+at]++ })
			}
		}
	}
	for i := range want {
		want[i] /= covers[i]
	}
	assert.InDeltaSlice(t, want, got, 1e-12)
}

// TestOcclusionOfAll paints the whole image at once: each pixel gets the gain of all.
func TestOcclusionOfAll(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 2, 2)
	got := run(t, []graph.Feed{of(t, x, []float64{1, 2, 3, 4}, 1, 2, 2)}, explain.Occlusion(ops.Sum(x, 1, 2), x, 2, 1, 0))
	assert.Equal(t, []float64{10, 10, 10, 10}, got[0])
}

// TestAblation silences the units of a hidden layer by hand.
func TestAblation(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 3)
	h := ops.Scale(x, 2)
	score := ops.Sum(ops.Square(h), 1)
	got := run(t, []graph.Feed{of(t, x, []float64{1, 2, 3, 0, 1, 0}, 2, 3)},
		explain.Ablation(score, h), explain.Ablation(ops.Mean(score), h))
	assert.Equal(t, []float64{4, 0, 16, 4, 36, 0}, got[0])
	assert.Equal(t, []float64{2, 10, 18}, got[1])
}

func TestAblationMistakes(t *testing.T) {
	n := graph.Sym("n")
	x := graph.Input("x", n, 4, 5)
	v, wide := graph.Input("v", n), graph.Input("wide", n, 4, graph.Sym("w"))
	for want, bad := range map[string]*graph.Node{
		`occlusion: patches of 5 pixels every 1 do not cover images of 4 by 5: want 1 <= stride <= size <= both`: explain.Occlusion(ops.Sum(x, 1, 2), x, 5, 1, 0),
		`patches of 2 pixels every 3`:                                            explain.Occlusion(ops.Sum(x, 1, 2), x, 2, 3, 0),
		`occlusion: want images [batch ... h w] of known size, got wide [n 4 w]`: explain.Occlusion(ops.Sum(wide, 1, 2), wide, 2, 1, 0),
		`ablation: v [n] has no axis of units`:                                   explain.Ablation(ops.Sum(v), v),
	} {
		assert.Contains(t, mistake(t, bad), want)
	}
}
