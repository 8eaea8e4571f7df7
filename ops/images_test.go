package ops_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestFoldAndShuffle checks what is small enough to be written down.
func TestFoldAndShuffle(t *testing.T) {
	x := graph.ConstOf([]float64{1, 2, 3, 4, 5, 6}, 1, 1, 2, 3)
	windows := ops.Unfold(x, []int{2, 2})
	assert.Equal(t, []float64{1, 2, 2, 3, 4, 5, 5, 6}, eval(t, windows))
	assert.Equal(t, []float64{1, 4, 3, 4, 10, 6}, eval(t, ops.Fold(windows, []int{2, 3}, []int{2, 2})), "the middle is in both windows")
	four := graph.ConstOf([]float64{1, 2, 3, 4, 5, 6, 7, 8}, 1, 4, 1, 2)
	large := ops.PixelShuffle(four, 2)
	assert.Equal(t, []float64{1, 3, 2, 4, 5, 7, 6, 8}, eval(t, large))
	assert.Equal(t, eval(t, four), eval(t, ops.PixelUnshuffle(large, 2)))
	assert.Equal(t, []float64{5, math.Sqrt(41)}, eval(t, ops.LpPool(graph.ConstOf([]float64{3, -4, 5, 4}, 1, 1, 4), 2, []int{2})))
	zero := graph.ConstOf([]float64{0, 0, 3, 4}, 1, 1, 4)
	assert.InDeltaSlice(t, []float64{0, 0, 0.6, 0.8}, slopes(t, ops.LpPool(zero, 2, []int{2}), zero), 1e-12)
}

func TestImageMistakes(t *testing.T) {
	n := graph.Sym("n")
	x, last := graph.Input("x", n, 3, 8, 8), graph.Input("x", n, 8, 9, 3)
	w := graph.Input("w", 4, 3, 3, 3)
	fails(t, ops.Conv(last, w), "conv: x [n 8 9 3] has 8 channels, but w [4 3 3 3] is for 3: channels are axis 1 unless ChannelsLast is set")
	fails(t, ops.Conv(graph.Input("x", n, 5, 8, 8), w), "x [n 5 8 8] has 5 channels, but w [4 3 3 3] is for 3: axis 1 of the weights must have 5")
	fails(t, ops.Conv(x, graph.Input("w", 4, 3, 3)), "the images x [n 3 8 8] want weights of rank 4, both kinds of channels and a window for each spatial axis, got w [4 3 3]")
	fails(t, ops.MaxPool(graph.Input("x", n, 784), []int{2}), "maxpool: x [n 784] is no batch of images: want [n c w], [n c h w] or [n c d h w]")
	fails(t, ops.Resize(x, ops.ResizeOptions{}), "resize: want Size or Scale")
	fails(t, ops.Resize(x, ops.ResizeOptions{Scale: []float64{1, 2, 3}}), "resize: 3 numbers: want one for each of the 2 spatial axes, or one for all")
	fails(t, ops.Resize(x, ops.ResizeOptions{Scale: []float64{2}, AlignCorners: true}), "resize: mode 0 with AlignCorners true is not known: only Linear and Cubic align corners")
	fails(t, ops.Resize(x, ops.ResizeOptions{Scale: []float64{0.1}}), "resize: nothing is left of axis 2, of length 8, scaled by 0.1")
	fails(t, ops.Resize(graph.Input("x", n, 3, n, 8), ops.ResizeOptions{Scale: []float64{1.5}}), "axis 2 of x [n 3 n 8] must have a known length for a scale of 1.5, which is no whole number")
	fails(t, ops.GridSample(x, graph.Input("grid", n, 4, 4)), "gridsample: want floats [n c h w] and a grid [n oh ow 2] of their dtype, got x [n 3 8 8] and grid [n 4 4]")
	fails(t, ops.PixelShuffle(x, 2), "pixelshuffle: want [n c·4 h w], as r is 2, got x [n 3 8 8]")
	fails(t, ops.PixelUnshuffle(x, 3), "pixelunshuffle: want [n c h·3 w·3], got x [n 3 8 8]")
	fails(t, ops.LpPool(x, 0, []int{2}), "lppool: p is 0: want a positive number; for the largest use ops.MaxPool")
	fails(t, ops.AdaptiveAvgPool(graph.Input("x", n, 3, n, 8), []int{2}), "adaptiveavgpool: axis 2 of x [n 3 n 8] must have a known length for 2 windows: only one window fits any")
	fails(t, ops.AdaptiveMaxPool(x, nil), "adaptivemaxpool: want the lengths of the result")
	fails(t, ops.Unfold(x, []int{9}), "unfold: windows of [9] do not fit x [n 3 8 8], with stride [], dilation [] and padding []")
	fails(t, ops.Fold(graph.Input("x", n, 12, 5), []int{3, 3}, []int{2, 2}), "fold: x [n 12 5] are not the windows of [2 2] of images of [3 3], with stride [], dilation [] and padding []")
	fails(t, ops.Fold(graph.Input("x", n, 5, 4), []int{3, 3}, []int{2, 2}), "fold: want [n c·window windows], and as many lengths of the window [2 2] as of the images [3 3], got x [n 5 4]")
}
