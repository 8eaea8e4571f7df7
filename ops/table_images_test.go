package ops_test

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// firstLines are the ops on windows with channels first, and imageLines those
// made of them.
func firstLines() []line {
	wide := in(-2, 2, b, n, 5, 4)
	return []line{
		of2("Conv/first", func(x, w *node) *node {
			return ops.Conv(x, w, ops.ConvOptions{Stride: []int{2, 1}, Pad: [][2]int{{1, 2}, {0, 1}}})
		}, wide, in(-2, 2, 2, n, 3, 2)),
		of2("Conv/first groups", func(x, w *node) *node { return ops.Conv(x, w, ops.ConvOptions{Groups: 2, Dilation: []int{2}}) }, in(-2, 2, b, n.Mul(2), 6), in(-2, 2, 4, n, 3)),
		of2("ConvTranspose/first", func(x, w *node) *node { return ops.ConvTranspose(x, w, ops.ConvOptions{Stride: []int{2}}) }, in(-2, 2, b, n, 2, 3), in(-2, 2, n, 2, 2, 3)),
		of1("MaxPool/first", func(x *node) *node { return ops.MaxPool(x, []int{2}) }, in(-20, 20, b, n, 5, 4)),
		of1("AvgPool/first", func(x *node) *node {
			return ops.AvgPool(x, []int{3}, ops.PoolOptions{Stride: []int{1}, Pad: [][2]int{{1, 1}}})
		}, wide),
	}
}

func imageLines() []line {
	wide, positive := in(-20, 20, b, n, 5, 6), in(0.5, 2, b, n, 5, 6)
	last := ops.PoolOptions{ChannelsLast: true}
	// The places are ranges between pixels, inside and beyond the image, so that a
	// small step does not change the pixels around.
	sample := func(name string, low, high float64, o ops.GridSampleOptions) line {
		return of2("GridSample"+name, func(x, g *node) *node { return ops.GridSample(x, g, o) },
			in(-2, 2, b, n, 3, 3), in(low, high, b, 1, 2, 2))
	}
	resize := func(name string, o ops.ResizeOptions, dims ...graph.Dim) line {
		return of1("Resize"+name, func(x *node) *node { return ops.Resize(x, o) }, in(-2, 2, dims...))
	}
	return []line{
		of1("GlobalAvgPool", func(x *node) *node { return ops.GlobalAvgPool(x) }, wide),
		of1("GlobalAvgPool/last", func(x *node) *node { return ops.GlobalAvgPool(x, last) }, in(-2, 2, b, 3, 4, n)),
		of1("GlobalMaxPool", func(x *node) *node { return ops.GlobalMaxPool(x) }, wide),
		of1("LpPool", func(x *node) *node { return ops.LpPool(x, 2, []int{2, 3}) }, positive),
		of1("LpPool/3", func(x *node) *node { return ops.LpPool(x, 3, []int{2}, ops.PoolOptions{Stride: []int{1}}) }, positive),
		of1("AdaptiveAvgPool", func(x *node) *node { return ops.AdaptiveAvgPool(x, []int{2, 4}) }, wide),
		of1("AdaptiveAvgPool/one", func(x *node) *node { return ops.AdaptiveAvgPool(x, []int{1}, last) }, in(-2, 2, b, 3, 4, n)),
		of1("AdaptiveMaxPool", func(x *node) *node { return ops.AdaptiveMaxPool(x, []int{3, 2}) }, wide),
		of1("Unfold", func(x *node) *node {
			return ops.Unfold(x, []int{2, 3}, ops.ConvOptions{Stride: []int{2}, Pad: [][2]int{{1, 0}}})
		}, in(-2, 2, b, 2, 4, 5)),
		of1("Fold", func(x *node) *node { return ops.Fold(x, []int{3, 4}, []int{2, 2}) }, in(-2, 2, b, 8, 6)),
		of1("PixelShuffle", func(x *node) *node { return ops.PixelShuffle(x, 2) }, in(-2, 2, b, 8, n, 2)),
		of1("PixelUnshuffle", func(x *node) *node { return ops.PixelUnshuffle(x, 2) }, in(-2, 2, b, n, 4, 2)),
		resize("", ops.ResizeOptions{Scale: []float64{2}}, b, 2, n, 3),
		resize("/nearest", ops.ResizeOptions{Size: []graph.Dim{3, 7}}, b, n, 5, 4),
		resize("/nearest exact", ops.ResizeOptions{Size: []graph.Dim{3, 7}, Mode: ops.NearestExact}, b, n, 5, 4),
		resize("/linear", ops.ResizeOptions{Size: []graph.Dim{3, 7}, Mode: ops.Linear}, b, n, 5, 4),
		resize("/corners", ops.ResizeOptions{Size: []graph.Dim{7}, Mode: ops.Linear, AlignCorners: true, ChannelsLast: true}, b, 3, n),
		resize("/cubic", ops.ResizeOptions{Scale: []float64{2, 0.5}, Mode: ops.Cubic}, b, n, 3, 6),
		resize("/cubic corners", ops.ResizeOptions{Size: []graph.Dim{5}, Mode: ops.Cubic, AlignCorners: true}, b, n, 3),
		resize("/trilinear", ops.ResizeOptions{Scale: []float64{2}, Mode: ops.Linear}, b, 1, 2, 2, 2),
		sample("", 0.4, 0.6, ops.GridSampleOptions{Mode: ops.Linear}),
		sample("/beyond", 1.1, 1.3, ops.GridSampleOptions{Mode: ops.Linear}),
		sample("/border", -0.6, -0.4, ops.GridSampleOptions{Mode: ops.Linear, Border: ops.NearestBorder, AlignCorners: true}),
		sample("/border beyond", 1.1, 1.3, ops.GridSampleOptions{Mode: ops.Linear, Border: ops.NearestBorder}),
		sample("/mirror", 1.1, 1.3, ops.GridSampleOptions{Mode: ops.Linear, Border: ops.MirrorBorder}),
		sample("/mirror corners", -1.4, -1.2, ops.GridSampleOptions{Mode: ops.Linear, Border: ops.MirrorBorder, AlignCorners: true}),
		sample("/nearest", 0.4, 0.6, ops.GridSampleOptions{}),
		sample("/cubic", 0.4, 0.6, ops.GridSampleOptions{Mode: ops.Cubic}),
		sample("/cubic mirror", -1.3, -1.1, ops.GridSampleOptions{Mode: ops.Cubic, Border: ops.MirrorBorder}),
	}
}
