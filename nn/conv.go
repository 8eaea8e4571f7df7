package nn

import (
	"fmt"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Conv is Act of the convolution of images with W, plus B for each channel.
//
//	x [n c h w], W [kh kw c/Groups Out], B [Out] -> [n Out oh ow]
//
// There are 1 to 3 spatial axes, as many as x has; [Conv1D], [Conv2D] and [Conv3D]
// insist on theirs. Lists have a number for each spatial axis, or one for all. W
// has its axes in the engine's order for images of both layouts. See [ops.Conv]
// for what the options mean. The parameters are made when the layer is first
// applied.
type Conv struct {
	graph.Scope
	Out              int                           // channels of the result
	Kernel           []int                         // lengths of the window
	Stride, Dilation []int                         // 1 if empty
	Pad              [][2]int                      // zeros before and after
	Same             bool                          // pad such that the result is as large as x, divided by the stride
	Groups           int                           // 0 means 1; as many as channels make it depthwise
	Act              func(*graph.Node) *graph.Node // nil for none
	NoBias           bool                          // as before a norm
	Init             graph.Initializer             // of W; nil for HeUniform. B starts at 0.
	ChannelsLast     bool                          // images are [n h w c]
	W, B             *graph.Param
}

// Conv1D is [Conv] of sequences [n c w].
type Conv1D Conv

// Conv2D is [Conv] of images [n c h w].
type Conv2D Conv

// Conv3D is [Conv] of volumes [n c d h w].
type Conv3D Conv

// Apply maps x [n c ...] to [n Out ...].
func (c *Conv) Apply(x *graph.Node) *graph.Node { return c.apply("conv", 0, x) }

// Apply maps x [n c w] to [n Out ow].
func (c *Conv1D) Apply(x *graph.Node) *graph.Node { return (*Conv)(c).apply("conv1d", 1, x) }

// Apply maps x [n c h w] to [n Out oh ow].
func (c *Conv2D) Apply(x *graph.Node) *graph.Node { return (*Conv)(c).apply("conv2d", 2, x) }

// Apply maps x [n c d h w] to [n Out od oh ow].
func (c *Conv3D) Apply(x *graph.Node) *graph.Node { return (*Conv)(c).apply("conv3d", 3, x) }

func (c *Conv) apply(name string, axes int, x *graph.Node) *graph.Node {
	if c == nil {
		return graph.Fail(name, []*graph.Node{x}, "the layer is nil: want &nn.Conv{Out: n, Kernel: []int{k}}")
	}
	return c.Wrap(func() *graph.Node {
		in, bad := c.images(name, axes, x)
		if bad != nil {
			return bad
		}
		if bad := c.prepare(name, x, in/graph.Dim(max(c.Groups, 1)), graph.Dim(c.Out)); bad != nil {
			return bad
		}
		return c.finish(x, ops.Conv)
	})
}

// images returns the channels of x, checked.
func (c *Conv) images(name string, axes int, x *graph.Node) (channels graph.Dim, bad *graph.Node) {
	if bad := broken(name, x); bad != nil {
		return 0, bad
	}
	fail := func(format string, arg ...any) (graph.Dim, *graph.Node) {
		return 0, graph.Fail(name, []*graph.Node{x}, format, arg...)
	}
	spatial, at := x.Shape().Rank()-2, 1
	if c.ChannelsLast {
		at = -1
	}
	switch {
	case axes > 0 && spatial != axes || spatial < 1 || spatial > 3:
		want := "1 to 3"
		if axes > 0 {
			want = fmt.Sprint(axes)
		}
		return fail("{0} does not have %s spatial axes beside batch and channels", want)
	case !x.DType().Float():
		return fail("want floats, got {0}: convert it with ops.Convert")
	case c.Out < 1:
		return fail("Out is %d: want the number of channels of the result", c.Out)
	case len(c.Kernel) != 1 && len(c.Kernel) != spatial:
		return fail("Kernel %v: want a length for each of the %d spatial axes of {0}, or one for all", c.Kernel, spatial)
	case x.Shape().Dim(at) < 1:
		return fail("the channels of {0} must be known: they are the height of the weights")
	}
	for _, k := range c.Kernel {
		if k < 1 {
			return fail("Kernel %v: a length is below 1", c.Kernel)
		}
	}
	channels = x.Shape().Dim(at)
	if groups := max(c.Groups, 1); c.Groups < 0 || int(channels)%groups != 0 || c.Out%groups != 0 {
		return fail("%d groups do not divide the %v channels of {0} and the %d of the result", c.Groups, channels, c.Out)
	}
	return channels, nil
}

// prepare makes the parameters, weights [k... a b] and a bias for each channel of
// the result.
func (c *Conv) prepare(name string, x *graph.Node, a, b graph.Dim) *graph.Node {
	var dims []graph.Dim
	for i := range x.Shape().Rank() - 2 {
		dims = append(dims, graph.Dim(c.Kernel[min(i, len(c.Kernel)-1)]))
	}
	want, bias := x.Type().Of(graph.Of(append(dims, a, b)...)), x.Type().Of(graph.Of(graph.Dim(c.Out)))
	if c.W == nil {
		init := c.Init
		if init == nil {
			init = HeUniform
		}
		c.W = &graph.Param{Label: "W", Type: want, Init: init}
	}
	if c.B == nil && !c.NoBias {
		c.B = &graph.Param{Label: "B", Type: bias, Init: Zeros}
	}
	if c.W.Type != want {
		return graph.Fail(name, []*graph.Node{x}, "{0} needs weights %v, but the layer has %s %v: use another layer for another input", want, c.W.Label, c.W.Type)
	}
	if !c.NoBias && c.B.Type != bias {
		return graph.Fail(name, []*graph.Node{x}, "{0} needs a bias %v, but the layer has %s %v", bias, c.B.Label, c.B.Type)
	}
	return nil
}

// finish convolves with channels last, and adds bias and activation there.
func (c *Conv) finish(x *graph.Node, conv func(x, w *graph.Node, o ...ops.ConvOptions) *graph.Node) *graph.Node {
	return asLast(x, c.ChannelsLast, func(x *graph.Node) *graph.Node {
		y := conv(x, c.W.Node(), ops.ConvOptions{
			Stride: c.Stride, Dilation: c.Dilation, Pad: c.Pad, Same: c.Same, Groups: c.Groups, ChannelsLast: true})
		if !c.NoBias {
			y = ops.Add(y, c.B.Node())
		}
		if c.Act != nil {
			y = c.Act(y)
		}
		return y
	})
}

// asLast applies f, which takes images with channels last.
func asLast(x *graph.Node, last bool, f func(x *graph.Node) *graph.Node) *graph.Node {
	if last {
		return f(x)
	}
	rank := x.Shape().Rank()
	to, back := []int{0}, []int{0, rank - 1}
	for i := 2; i < rank; i++ {
		to, back = append(to, i), append(back, i-1)
	}
	y := f(ops.Transpose(x, append(to, 1)...))
	if y.Err() != nil {
		return y
	}
	return ops.Transpose(y, back...)
}

// ConvTranspose is Act of the transposed convolution of images with W, plus B for
// each channel: it makes images larger where [Conv] makes them smaller.
//
//	x [n c h w], W [kh kw Out/Groups c], B [Out] -> [n Out oh ow]
//
// The fields are those of Conv; see [ops.ConvTranspose] for what they mean here.
type ConvTranspose Conv

// ConvTranspose1D is [ConvTranspose] of sequences [n c w].
type ConvTranspose1D Conv

// ConvTranspose2D is [ConvTranspose] of images [n c h w].
type ConvTranspose2D Conv

// ConvTranspose3D is [ConvTranspose] of volumes [n c d h w].
type ConvTranspose3D Conv

// Apply maps x [n c ...] to [n Out ...].
func (c *ConvTranspose) Apply(x *graph.Node) *graph.Node {
	return (*Conv)(c).applyTransposed("convtranspose", 0, x)
}

// Apply maps x [n c w] to [n Out ow].
func (c *ConvTranspose1D) Apply(x *graph.Node) *graph.Node {
	return (*Conv)(c).applyTransposed("convtranspose1d", 1, x)
}

// Apply maps x [n c h w] to [n Out oh ow].
func (c *ConvTranspose2D) Apply(x *graph.Node) *graph.Node {
	return (*Conv)(c).applyTransposed("convtranspose2d", 2, x)
}

// Apply maps x [n c d h w] to [n Out od oh ow].
func (c *ConvTranspose3D) Apply(x *graph.Node) *graph.Node {
	return (*Conv)(c).applyTransposed("convtranspose3d", 3, x)
}

func (c *Conv) applyTransposed(name string, axes int, x *graph.Node) *graph.Node {
	if c == nil {
		return graph.Fail(name, []*graph.Node{x}, "the layer is nil: want &nn.ConvTranspose{Out: n, Kernel: []int{k}}")
	}
	return c.Wrap(func() *graph.Node {
		in, bad := c.images(name, axes, x)
		if bad != nil {
			return bad
		}
		if bad := c.prepare(name, x, graph.Dim(c.Out/max(c.Groups, 1)), in); bad != nil {
			return bad
		}
		return c.finish(x, ops.ConvTranspose)
	})
}
