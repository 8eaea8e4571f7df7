package golden

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// PyTorch's images are [n c h w], or [c h w] without a batch.
var images = table{
	"nn.functional.conv1d":           {"x weight bias stride padding dilation groups", convolution(1)},
	"nn.functional.conv2d":           {"x weight bias stride padding dilation groups", convolution(2)},
	"nn.functional.conv_transpose1d": {"x weight bias stride padding output_padding groups dilation", transposed(1)},
	"nn.functional.conv_transpose2d": {"x weight bias stride padding output_padding groups dilation", transposed(2)},
	"nn.functional.max_pool1d":       {"x kernel_size stride padding dilation ceil_mode return_indices", largest(1)},
	"nn.functional.max_pool2d":       {"x kernel_size stride padding dilation ceil_mode return_indices", largest(2)},
	"nn.functional.avg_pool1d":       {"x kernel_size stride padding ceil_mode count_include_pad divisor_override", average(1)},
	"nn.functional.avg_pool2d":       {"x kernel_size stride padding ceil_mode count_include_pad divisor_override", average(2)},
}

// onImages applies f to images, which may have no batch.
func onImages(x *Node, axes int, f func(x *Node) *Node) *Node {
	if rank(x) == axes+1 {
		return ops.Squeeze(f(ops.Expand(x, 0)), 0)
	}
	return f(x)
}

// pads returns padding of the same length before and behind, less what the end
// has more.
func pads(a *args, axes int, end []int) (list [][2]int) {
	pad := a.ints("padding", 0)
	for i := range axes {
		p := pad[min(i, len(pad)-1)]
		list = append(list, [2]int{p, p - end[min(i, len(end)-1)]})
	}
	return list
}

// ones are the lengths of n axes that broadcast.
func ones(n int) []Dim {
	list := make([]Dim, n)
	for i := range list {
		list[i] = 1
	}
	return list
}

func convolution(axes int) func(a *args) []*Node {
	return func(a *args) []*Node {
		y := onImages(a.node("x"), axes, func(x *Node) *Node {
			y := ops.Conv(x, a.node("weight"), ops.ConvOptions{
				Stride: a.ints("stride"), Dilation: a.ints("dilation"), Pad: pads(a, axes, []int{0}), Groups: a.int("groups", 1)})
			return ops.Add(y, ops.Reshape(a.node("bias"), append([]Dim{-1}, ones(axes)...)...))
		})
		return one(y)
	}
}

func transposed(axes int) func(a *args) []*Node {
	return func(a *args) []*Node {
		y := onImages(a.node("x"), axes, func(x *Node) *Node {
			y := ops.ConvTranspose(x, a.node("weight"), ops.ConvOptions{
				Stride: a.ints("stride"), Dilation: a.ints("dilation"), Pad: pads(a, axes, a.ints("output_padding", 0)), Groups: a.int("groups", 1)})
			return ops.Add(y, ops.Reshape(a.node("bias"), append([]Dim{-1}, ones(axes)...)...))
		})
		return one(y)
	}
}

func largest(axes int) func(a *args) []*Node {
	return func(a *args) []*Node {
		x := a.node("x")
		pool := func(x *Node) *Node {
			return onImages(x, axes, func(x *Node) *Node {
				return ops.MaxPool(x, a.ints("kernel_size"), ops.PoolOptions{
					Stride: a.ints("stride"), Dilation: a.ints("dilation"), Pad: pads(a, axes, []int{0}), Ceil: a.flag("ceil_mode", false)})
			})
		}
		return withPlaces(a, pool(x), x, axes, a.flag("return_indices", false))
	}
}

// withPlaces returns a pooled image and, if it is wanted, where in x its elements
// are from: the derivative in the direction of the places is the place.
func withPlaces(a *args, y, x *Node, axes int, wanted bool) []*Node {
	if !wanted {
		return one(y)
	}
	shape := x.Shape().Dims()[rank(x)-axes:]
	places := ops.Reshape(ops.Iota(x.DType(), graph.Of(graph.Of(shape...).Size()), 0), shape...)
	at := autodiff.JVP(y, x, ops.BroadcastTo(places, x.Shape()))
	return []*Node{y, ops.Convert(ops.StopGradient(at), graph.Int64)}
}

func average(axes int) func(a *args) []*Node {
	return func(a *args) []*Node {
		x, window := a.node("x"), a.ints("kernel_size")
		o := ops.PoolOptions{Stride: a.ints("stride", window...), Pad: pads(a, axes, []int{0}), Ceil: a.flag("ceil_mode", false), CountPad: a.flag("count_include_pad", true)}
		mean := func(x *Node) *Node { return ops.AvgPool(x, window, o) }
		y := onImages(x, axes, mean)
		divisor := a.num("divisor_override", 0)
		if divisor == 0 {
			return one(y)
		}
		// With padding for all windows each mean is a sum, divided by its size.
		size := 1
		for i := range axes {
			k, stride := window[min(i, len(window)-1)], o.Stride[min(i, len(o.Stride)-1)]
			at := rank(x) - axes + i
			o.Pad[i][1] = (length(y, at)-1)*stride + k - length(x, at) - o.Pad[i][0]
			size *= k
		}
		o.Ceil, o.CountPad = false, true
		return one(ops.Scale(onImages(x, axes, mean), float64(size)/divisor))
	}
}
