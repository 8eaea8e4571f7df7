package golden

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// resizes are the ops on images that came after convolution and pooling.
var resizes = table{
	"nn.functional.adaptive_avg_pool1d": {"x output_size", adaptive(1, ops.AdaptiveAvgPool)},
	"nn.functional.adaptive_avg_pool2d": {"x output_size", adaptive(2, ops.AdaptiveAvgPool)},
	"nn.functional.adaptive_max_pool2d": {"x output_size return_indices", adaptive(2, ops.AdaptiveMaxPool)},
	"nn.functional.interpolate":         {"x size scale_factor mode align_corners", resized},
	"nn.functional.upsample_nearest":    {"x size scale_factor", resized},
	"nn.functional.upsample_bilinear": {"x size scale_factor", func(a *args) []*Node {
		return one(ops.Resize(a.node("x"), ops.ResizeOptions{Size: a.dims("size"), Mode: ops.Linear, AlignCorners: true}))
	}},
	"nn.functional.grid_sample": {"x grid mode padding_mode align_corners", func(a *args) []*Node {
		o := ops.GridSampleOptions{AlignCorners: a.flag("align_corners", false)}
		o.Mode = map[string]ops.Interpolation{"nearest": ops.Nearest, "bilinear": ops.Linear, "bicubic": ops.Cubic}[a.text("mode", "bilinear")]
		o.Border = map[string]ops.Border{"zeros": ops.ZeroBorder, "border": ops.NearestBorder, "reflection": ops.MirrorBorder}[a.text("padding_mode", "zeros")]
		return one(ops.GridSample(a.node("x"), a.node("grid"), o))
	}},
	"nn.functional.unfold": {"x kernel_size dilation padding stride", func(a *args) []*Node {
		return one(ops.Unfold(a.node("x"), a.ints("kernel_size"), ops.ConvOptions{
			Stride: a.ints("stride"), Dilation: a.ints("dilation"), Pad: pads(a, 2, []int{0})}))
	}},
}

// adaptive is a pool whose windows follow from the size of the result; None keeps
// the length of that axis.
func adaptive(axes int, pool func(x *Node, size []int, o ...ops.PoolOptions) *Node) func(a *args) []*Node {
	return func(a *args) []*Node {
		x := a.node("x")
		var size []int
		for i, n := range a.get("output_size").([]any) {
			if n == nil {
				n = float64(length(x, rank(x)-axes+i))
			}
			size = append(size, int(n.(float64)))
		}
		y := onImages(x, axes, func(x *Node) *Node { return pool(x, size) })
		return withPlaces(a, y, x, axes, a.get("return_indices") == true)
	}
}

func resized(a *args) []*Node {
	var o ops.ResizeOptions
	if a.get("size") != nil {
		for _, n := range a.ints("size") {
			o.Size = append(o.Size, graph.Dim(n))
		}
	}
	if f := a.num("scale_factor", 0); f != 0 {
		o.Scale = []float64{f}
	}
	o.Mode = map[string]ops.Interpolation{"nearest": ops.Nearest, "linear": ops.Linear, "bilinear": ops.Linear, "bicubic": ops.Cubic}[a.text("mode", "nearest")]
	return one(ops.Resize(a.node("x"), o))
}
