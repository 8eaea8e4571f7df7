package ops

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// ConvOptions are what is not plain about a convolution. Lists have one entry
// for each spatial axis, or one for all.
type ConvOptions struct {
	Stride   []int    // from one result to the next, in elements of the image; 1 if empty
	Dilation []int    // from one element that a result meets to the next; 1 if empty
	Pad      [][2]int // zeros before and after the image; negative ones cut
	Same     bool     // choose Pad such that the result is as long as the image, divided by the stride
	Groups   int      // each has its share of both kinds of channels; 0 is 1
	// ChannelsLast says that images are [n h w c], and weights [kh kw c/groups o],
	// or [kh kw o/groups c] for [ConvTranspose].
	ChannelsLast bool
}

// Conv returns the convolution of images with weights, in the sense of neural
// networks: the weights are not reversed.
//
//	y[n o i] = Σ over t, c of x[n c i·stride+t·dilation-pad] · w[o c t]
//	x [n c h w], w [o c/groups kh kw] -> [n o oh ow], oh = (h+pad-dilation·(kh-1)-1)/stride + 1
//
// There are 1 to 3 spatial axes. With groups, output channel o sees the input
// channels of its group alone; with as many groups as channels, the convolution
// is depthwise. Same with a stride pads less before than after if it must, as
// TensorFlow does, and needs known lengths.
//
// Kernels of 3 and 5 with many channels are computed in float32 by minimal
// filtering (Lavin and Gray 2016), which rounds as the plain sum does, but makes
// results NaN of which a pixel beside their window is not finite.
//
// It fails if the channels do not fit, or the weights reach beyond a padded
// image. Its adjoint in x is [ConvTranspose].
func Conv(x, w *Node, o ...ConvOptions) *Node {
	if last, opt := lastConv(o); !opt.ChannelsLast {
		return convFirst("conv", x, w, 1, opt.Groups, func(x, w *Node) *Node { return Conv(x, w, last...) })
	}
	if bad := broken("conv", x, w); bad != nil {
		return bad
	}
	c, err := newConvolution(x.Type(), w.Type(), o)
	if err == nil {
		err = c.check(x.Type(), w.Type())
	}
	for i := 0; i < c.axes && err == nil; i++ {
		size := w.Shape().Dim(i)
		if len(o) > 0 && o[0].Same {
			err = c.same(i, x.Shape().Dim(i+1), size)
		}
		if err == nil {
			err = c.fits(x.Type(), i, size)
		}
	}
	if err != nil {
		return graph.Fail("conv", []*Node{x, w}, "%v", err)
	}
	return graph.Apply(conv{c}, x, w)
}

// ConvTranspose returns the adjoint of [Conv] as an op of its own: each element
// of x adds the weights, times itself, to the result, stride apart. It makes
// images larger, where Conv makes them smaller.
//
//	x [n c h w], w [c o/groups kh kw] -> [n o oh ow], oh = (h-1)·stride + dilation·(kh-1) + 1 - pad
//
// Pad cuts the result; a negative one adds zeros, and so PyTorch's
// output_padding of 1 is one less pad at the end: Pad{{1, 0}} for padding 1. Same
// cuts it to h·stride. It fails if the channels do not fit, or nothing is left.
func ConvTranspose(x, w *Node, o ...ConvOptions) *Node {
	if last, opt := lastConv(o); !opt.ChannelsLast {
		return convFirst("convtranspose", x, w, 0, 1, func(x, w *Node) *Node { return ConvTranspose(x, w, last...) })
	}
	if bad := broken("convtranspose", x, w); bad != nil {
		return bad
	}
	fail := func(err error) *Node { return graph.Fail("convtranspose", []*Node{x, w}, "%v", err) }
	c, err := newConvolution(x.Type(), w.Type(), o)
	if err != nil {
		return fail(err)
	}
	back := convData{convolution: c}
	dims := make([]Dim, c.axes)
	for i := range dims {
		s, d, k := c.stride[i], c.dilation[i], w.Shape().Dim(i)
		if len(o) > 0 && o[0].Same {
			if k < 0 {
				return fail(fmt.Errorf("padding for the same size needs a known length of axis %d of {1}: give Pad instead", i))
			}
			total := d*(int(k)-1) + 1 - s
			back.low[i] = max(0, total/2)
			back.high[i] = total - back.low[i]
		}
		// n·stride + k·dilation - (stride + dilation - 1 + pad)
		dims[i] = plus(x.Shape().Dim(i+1).Mul(Dim(s)).Add(k.Mul(Dim(d))), 1-s-d-back.low[i]-back.high[i])
		if dims[i] == graph.Unknown {
			return fail(fmt.Errorf("nothing is left of axis %d when %d and %d are cut", i+1, back.low[i], back.high[i]))
		}
	}
	back.in = graph.Of(dims...)
	return graph.Apply(back, x, w)
}

// lastConv returns the options as they are for channels last, and the first of
// those that are given.
func lastConv(o []ConvOptions) (last []ConvOptions, first ConvOptions) {
	if len(o) == 0 {
		return []ConvOptions{{ChannelsLast: true}}, first
	}
	last = slices.Clone(o)
	last[0].ChannelsLast = true
	return last, o[0]
}

// A convolution is what the three ops have in common. They are bilinear, and
// the gradients of each are the other two:
//
//	conv       image, weights  -> result
//	convData   result, weights -> image
//	convWeight image, result   -> weights
type convolution struct {
	window
	groups int
}

func newConvolution(x, w Type, o []ConvOptions) (c convolution, err error) {
	var opt ConvOptions
	switch {
	case len(o) > 1:
		return c, errors.New("want at most one ConvOptions")
	case len(o) == 1:
		opt = o[0]
	}
	if c.window, err = newWindow(x, opt.Stride, opt.Dilation, opt.Pad); err != nil {
		return c, err
	}
	if opt.Same && len(opt.Pad) > 0 {
		return c, errors.New("want Same or Pad, not both")
	}
	if c.groups = max(opt.Groups, 1); opt.Groups < 0 {
		return c, fmt.Errorf("groups %d is below 0", opt.Groups)
	}
	if w.Rank() != x.Rank() {
		return c, fmt.Errorf("the images {0} want weights of rank %d, a window for each spatial axis and both kinds of channels, got {1}", x.Rank())
	}
	return c, nil
}

// check is the rule that all three share, for an image and weights.
func (c convolution) check(x, w Type) error {
	in, out := w.Dim(-2).Mul(Dim(c.groups)), w.Dim(-1)
	switch {
	case x.DType != w.DType || !x.DType.Float():
		return errors.New("want floats of one dtype, got {0} and {1}: use ops.Convert")
	case x.Dim(-1) != in && x.Dim(1) == in:
		return fmt.Errorf("{0} has %v channels, but {1} is for %v: channels are the last axis, as ChannelsLast says", x.Dim(-1), in)
	case x.Dim(-1) != in && c.groups > 1:
		return fmt.Errorf("{0} has %v channels, but {1} is for %v: axis -2 of the weights must have %v / %d groups", x.Dim(-1), in, x.Dim(-1), c.groups)
	case x.Dim(-1) != in:
		return fmt.Errorf("{0} has %v channels, but {1} is for %v: axis -2 of the weights must have %v", x.Dim(-1), in, x.Dim(-1))
	case out.Div(Dim(c.groups)).Mul(Dim(c.groups)) != out:
		return fmt.Errorf("the %v channels that {1} makes cannot be divided among %d groups", out, c.groups)
	}
	return nil
}

func (c convolution) string(name string) string {
	s := name + c.window.String()
	if c.groups > 1 {
		s += fmt.Sprintf(" of %d groups", c.groups)
	}
	return s
}

// formula is that of the window, with the channels of the image: group(o, c) is
// channel c of the group of o.
func (c convolution) formula(text string) string {
	channel, more, m, same := "c", "", "c", ""
	if c.groups > 1 {
		channel, more, m, same = "group(o, c)", "m", "m", " && c == group(o, m)"
	}
	return c.window.formula(strings.NewReplacer("@channel", channel, "@more", more, "@meet", "@meet"+same, "@m,", m+",").Replace(text))
}

// images, windows and results of the three ops, as tensors.
type convTensors struct{ x, w, y Tensor }

// visit visits the runs of products that a convolution adds: n products of
// elements of the result and the weights, which follow each other, with one of
// the image.
func (c convolution) visit(t convTensors, visit func(x, w, y, n int)) {
	in, k, out := spatial(t.x), t.w.Shape[:c.axes], spatial(t.y)
	channels, per, outs := t.x.Shape[c.axes+1], t.w.Shape[c.axes], t.y.Shape[c.axes+1]
	n := outs / c.groups
	c.meet(t.x.Shape[0], in, k, out, func(x, w, y int) {
		for g := range c.groups {
			for i := range per {
				visit(x*channels+g*per+i, (w*per+i)*outs+g*n, y*outs+g*n, n)
			}
		}
	})
}

// spatial returns the spatial lengths of images.
func spatial(x Tensor) []int { return x.Shape[1 : len(x.Shape)-1] }

// lower returns the engine's instruction for one of the three ops.
func (c convolution) lower(b *ir.Builder, pass ir.Pass, out ir.Type, image, weights, result []int, x ...ir.Ref) (ir.Ref, bool) {
	w := c.instruction(pass, image, weights[:c.axes], result)
	w.Groups = c.groups
	return b.Window(w, out.DType, out.Dims, x...), true
}

type conv struct{ convolution }

func (conv) Name() string     { return "conv" }
func (c conv) String() string { return c.string("conv") }

// Doc writes out the axes: image n c, result n o, taps of the weights.
func (c conv) Doc() graph.Doc {
	return doc("Slides a small window of weights over an image and adds up the products: a feature is found wherever it is.",
		c.formula("y[n, @out, o] = sum_@tapsc(a[n, @place, @channel]*b[@tap, c, o])"),
		c.formula("ā[n, @image, c] = sum_@outs@tapso@more(where(@meet, ȳ[n, @out, o]*b[@tap, @m, o], 0)); b̄[@tap, c, o] = sum_n@outs(a[n, @place, @channel]*ȳ[n, @out, o])"))
}
func (c conv) Infer(in ...Type) (Type, error) {
	x, w := in[0], in[1]
	if err := c.check(x, w); err != nil {
		return Type{}, err
	}
	dims, err := c.outs(x, w.Dim)
	if err != nil {
		return Type{}, err
	}
	return x.Of(graph.Of(append(append([]Dim{x.Dim(0)}, dims...), w.Dim(-1))...)), nil
}
func (c conv) Eval(out Tensor, in ...Tensor) {
	if out.DType == graph.Float32 {
		convolve[float32](c, out, in[0], in[1])
	} else {
		convolve[float64](c, out, in[0], in[1])
	}
}

// convolve adds the products of each element in float64.
func convolve[T float32 | float64](c conv, out, in, weights Tensor) {
	x, w, sum := graph.Data[T](in), graph.Data[T](weights), make([]float64, out.Len())
	c.visit(convTensors{in, weights, out}, func(i, j, k, n int) {
		f, w := float64(x[i]), w[j:j+n]
		for m, s := range sum[k : k+n] {
			sum[k+m] = s + f*float64(w[m])
		}
	})
	store[T](out, sum)
}

// store sets a tensor to sums.
func store[T float32 | float64](out Tensor, sum []float64) {
	y := graph.Data[T](out)
	for i, s := range sum {
		y[i] = T(s)
	}
}
func (c conv) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return c.lower(b, ir.ConvForward, out, x[0].Dims, x[1].Dims, out.Dims, x...)
}
func (c conv) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{c.data(ct, x[1], x[0].Shape()), c.weight(x[0], ct, x[1].Shape())}
}
func (c conv) Simplify(x ...*Node) *Node { return zeroProduct(c, x...) }
func (c conv) Flops(out Type, in ...Type) Dim {
	return c.flops(out.Shape, in[1].Shape)
}

// data and weight return the gradients of a convolution.
func (c convolution) data(ct, w *Node, image Shape) *Node {
	return graph.Apply(convData{c, graph.Of(image.Dims()[1 : c.axes+1]...)}, ct, w)
}
func (c convolution) weight(x, ct *Node, weights Shape) *Node {
	return graph.Apply(convWeight{c, graph.Of(weights.Dims()[:c.axes]...)}, x, ct)
}

// flops returns the operations of a convolution, of both kinds of its gradient
// too.
func (c convolution) flops(result, weights Shape) Dim {
	return result.Size().Mul(weights.Remove(weights.Rank() - 1).Size()).Mul(2)
}

// zeroProduct returns zeros for a product with a factor that is known to be
// zero, else nil.
func zeroProduct(op graph.Op, x ...*Node) *Node {
	if graph.IsZero(x[0]) || graph.IsZero(x[1]) {
		t, _ := op.Infer(x[0].Type(), x[1].Type())
		return graph.Zeros(t)
	}
	return nil
}

// convData is the adjoint of conv in the image, of which it holds the spatial
// lengths.
type convData struct {
	convolution
	in Shape
}

func (convData) Name() string     { return "convtranspose" }
func (c convData) String() string { return c.string("convtranspose") }

// Doc has the result of a convolution for a, and its weights for b.
func (c convData) Doc() graph.Doc {
	return doc("Spreads each element over a window of the image, times the weights: a convolution backward, which makes images larger.",
		c.formula("y[n, @image, c] = sum_@outs@tapso@more(where(@meet, a[n, @out, o]*b[@tap, @m, o], 0))"),
		c.formula("ā[n, @out, o] = sum_@tapsc(ȳ[n, @place, @channel]*b[@tap, c, o]); b̄[@tap, c, o] = sum_n@outs(ȳ[n, @place, @channel]*a[n, @out, o])"))
}
func (c convData) Infer(in ...Type) (Type, error) {
	y, w := in[0], in[1]
	dims := append(append([]Dim{y.Dim(0)}, c.in.Dims()...), w.Dim(-2).Mul(Dim(c.groups)))
	switch {
	case y.DType != w.DType || !y.DType.Float():
		return Type{}, errors.New("want floats of one dtype, got {0} and {1}: use ops.Convert")
	case y.Dim(-1) != w.Dim(-1) && y.Dim(1) == w.Dim(-1):
		return Type{}, fmt.Errorf("{0} has %v channels, but {1} is for %v: channels are the last axis, as ChannelsLast says", y.Dim(-1), w.Dim(-1))
	case y.Dim(-1) != w.Dim(-1):
		return Type{}, fmt.Errorf("{0} has %v channels, but {1} is for %v: the last axis of the weights must have %v", y.Dim(-1), w.Dim(-1), y.Dim(-1))
	}
	x := y.Of(graph.Of(dims...))
	return x, c.check(x, w)
}
func (c convData) Eval(out Tensor, in ...Tensor) {
	if out.DType == graph.Float32 {
		convolveData[float32](c, out, in[0], in[1])
	} else {
		convolveData[float64](c, out, in[0], in[1])
	}
}

func convolveData[T float32 | float64](c convData, out, in, weights Tensor) {
	y, w, sum := graph.Data[T](in), graph.Data[T](weights), make([]float64, out.Len())
	c.visit(convTensors{out, weights, in}, func(i, j, k, n int) {
		s, y := sum[i], y[k:k+n]
		for m, v := range w[j : j+n] {
			s += float64(v) * float64(y[m])
		}
		sum[i] = s
	})
	store[T](out, sum)
}
func (c convData) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return c.lower(b, ir.ConvData, out, out.Dims, x[1].Dims, x[0].Dims, x...)
}
func (c convData) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{graph.Apply(conv{c.convolution}, ct, x[1]), c.weight(ct, x[0], x[1].Shape())}
}
func (c convData) Simplify(x ...*Node) *Node { return zeroProduct(c, x...) }
func (c convData) Flops(_ Type, in ...Type) Dim {
	return c.flops(in[0].Shape, in[1].Shape)
}

// convWeight is the adjoint of conv in the weights, of which it holds the
// window.
type convWeight struct {
	convolution
	kernel Shape
}

func (convWeight) Name() string     { return "convweight" }
func (c convWeight) String() string { return c.string("convweight") }

// Doc has the image of a convolution for a, and its result for b.
func (c convWeight) Doc() graph.Doc {
	return doc("The gradient of the weights of a convolution: how each tap meets the results, over all places.",
		c.formula("y[@tap, c, o] = sum_n@outs(a[n, @place, @channel]*b[n, @out, o])"),
		c.formula("ā[n, @image, c] = sum_@outs@tapso@more(where(@meet, ȳ[@tap, @m, o]*b[n, @out, o], 0)); b̄[n, @out, o] = sum_@tapsc(a[n, @place, @channel]*ȳ[@tap, c, o])"))
}
func (c convWeight) Infer(in ...Type) (Type, error) {
	x, y := in[0], in[1]
	w := x.Of(graph.Of(append(c.kernel.Dims(), x.Dim(-1).Div(Dim(c.groups)), y.Dim(-1))...))
	return w, c.check(x, w)
}
func (c convWeight) Eval(out Tensor, in ...Tensor) {
	if out.DType == graph.Float32 {
		convolveWeight[float32](c, out, in[0], in[1])
	} else {
		convolveWeight[float64](c, out, in[0], in[1])
	}
}

func convolveWeight[T float32 | float64](c convWeight, out, in, result Tensor) {
	x, y, sum := graph.Data[T](in), graph.Data[T](result), make([]float64, out.Len())
	c.visit(convTensors{in, out, result}, func(i, j, k, n int) {
		f, y := float64(x[i]), y[k:k+n]
		for m, s := range sum[j : j+n] {
			sum[j+m] = s + f*float64(y[m])
		}
	})
	store[T](out, sum)
}
func (c convWeight) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return c.lower(b, ir.ConvWeight, out, x[0].Dims, out.Dims, x[1].Dims, x...)
}
func (c convWeight) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{c.data(x[1], ct, x[0].Shape()), graph.Apply(conv{c.convolution}, x[0], ct)}
}
func (c convWeight) Simplify(x ...*Node) *Node { return zeroProduct(c, x...) }
func (c convWeight) Flops(out Type, in ...Type) Dim {
	return c.flops(in[1].Shape, out.Shape)
}
