package ops

import (
	"errors"
	"fmt"
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// PoolOptions are what is not plain about pooling. Lists have one entry for each
// spatial axis, or one for all.
type PoolOptions struct {
	Stride   []int    // from one window to the next; the length of the window if empty
	Dilation []int    // from one element of a window to the next; 1 if empty
	Pad      [][2]int // elements before and after the image; negative ones cut
	Same     bool     // choose Pad such that the result is as long as the image, divided by the stride
	Ceil     bool     // a last window may reach beyond the padding; it needs known lengths
	CountPad bool     // averages count the elements of Pad, which are 0

	ChannelsLast bool // images are [n h w c]
}

// MaxPool returns the largest elements of the windows that move over images, as
// [Conv] does, for each channel; NaN if one is NaN. The window has a length for
// each spatial axis, or one for all.
//
//	x [n c h w] -> [n c oh ow], oh = (h+pad-dilation·(window-1)-1)/stride + 1
//
// Padding is never chosen; a window of nothing else gives -Inf. The first of
// equal largest elements gets the gradient.
func MaxPool(x *Node, window []int, o ...PoolOptions) *Node {
	return pooled("maxpool", x, window, o, func(w pool) graph.Op { return maxPool{w} })
}

// AvgPool returns the means of the windows that move over images, as [Conv]
// does, for each channel. The window has a length for each spatial axis, or one
// for all.
//
//	x [n c h w] -> [n c oh ow], oh = (h+pad-dilation·(window-1)-1)/stride + 1
//
// Padding does not count, unless CountPad says so; a window of nothing else
// gives 0.
func AvgPool(x *Node, window []int, o ...PoolOptions) *Node {
	return pooled("avgpool", x, window, o, func(w pool) graph.Op { return avgPool{w} })
}

// pooled applies the op that make makes for a window on the images x.
func pooled(name string, x *Node, window []int, o []PoolOptions, make func(pool) graph.Op) *Node {
	if len(o) == 0 || !o[0].ChannelsLast {
		last := append([]PoolOptions{{}}, o...)
		if len(o) > 0 {
			last = last[1:]
		}
		last[0].ChannelsLast = true
		return channelsFirst(name, x, func(x *Node) *Node { return pooled(name, x, window, last, make) })
	}
	if bad := broken(name, x); bad != nil {
		return bad
	}
	p, err := newPool(x.Type(), window, o)
	if err != nil {
		return graph.Fail(name, []*Node{x}, "%v", err)
	}
	return graph.Apply(make(p), x)
}

// A pool is the window of an op that pools.
type pool struct {
	window
	countPad bool
}

func newPool(x Type, size []int, o []PoolOptions) (p pool, err error) {
	var opt PoolOptions
	switch {
	case len(o) > 1:
		return p, errors.New("want at most one PoolOptions")
	case len(o) == 1:
		opt = o[0]
	}
	if p.window, err = newWindow(x, opt.Stride, opt.Dilation, opt.Pad); err != nil {
		return p, err
	}
	if len(size) == 0 {
		return p, errors.New("want the lengths of the window")
	}
	if p.size, err = each3("window", size, p.axes, 1, 1); err != nil {
		return p, err
	}
	if len(opt.Stride) == 0 {
		p.stride = p.size
	}
	if opt.Same && len(opt.Pad) > 0 {
		return p, errors.New("want Same or Pad, not both")
	}
	p.countPad = opt.CountPad
	for i := range p.axes {
		n := x.Dim(i + 1)
		if opt.Same {
			if err = p.same(i, n, Dim(p.size[i])); err != nil {
				return p, err
			}
		}
		if opt.Ceil {
			if n < 0 {
				return p, fmt.Errorf("Ceil needs a known length of axis %d of {0}: give Pad instead", i+1)
			}
			p.extend(i, int(n))
		}
		if err = p.fits(x, i, Dim(p.size[i])); err != nil {
			return p, err
		}
	}
	return p, nil
}

// extend lets a last window along axis i, of length n, reach beyond the padding
// if it does not begin there.
func (p *pool) extend(i, n int) {
	s, size := p.stride[i], p.dilation[i]*(p.size[i]-1)+1
	long := p.low[i] + n + p.high[i]
	last := max(0, long-size+s-1) / s // the window's number
	if last*s < p.low[i]+n {
		p.ceil[i] = max(0, last*s+size-long)
	}
}

func (p pool) string(name string) string {
	s := name + p.window.String()
	if p.countPad {
		s += " with padding"
	}
	return s
}

func (p pool) length(i int) Dim { return Dim(p.size[i]) }

// Infer is the rule from images to results.
func (p pool) Infer(in ...Type) (Type, error) {
	if !in[0].DType.Float() {
		return Type{}, errFloats
	}
	dims, err := p.outs(in[0], p.length)
	if err != nil {
		return Type{}, err
	}
	return in[0].Of(graph.Of(append(append([]Dim{in[0].Dim(0)}, dims...), in[0].Dim(-1))...)), nil
}

// visit visits each pair of an element of the result and one of the image that
// it looks at.
func (p pool) visit(x, y Tensor, visit func(x, y int)) {
	c := x.Shape[p.axes+1]
	p.meet(x.Shape[0], spatial(x), p.size[:p.axes], spatial(y), func(i, _, j int) {
		for k := range c {
			visit(i*c+k, j*c+k)
		}
	})
}

// largest returns where in the image each element of the result is from: the
// first largest or, as comparing goes, the last NaN; -1 if from nowhere.
func (p pool) largest(x, y Tensor) []int {
	at := make([]int, y.Len())
	for j := range at {
		at[j] = -1
	}
	p.visit(x, y, func(i, j int) {
		if v := x.At(i); at[j] < 0 || v > x.At(at[j]) || v != v {
			at[j] = i
		}
	})
	return at
}

type maxPool struct{ pool }

func (maxPool) Name() string     { return "maxpool" }
func (p maxPool) String() string { return p.string("maxpool") }
func (p maxPool) Doc() graph.Doc {
	return doc("The largest element of each window of an image, which gets the gradient, the first of equal ones: is the feature anywhere here?", p.formula("y[n, @out, c] = max_@taps(x[n, @place, c])"), p.formula("x̄[n, @image, c] = sum_@outs@taps(where(@meet && x[n, @image, c] == y[n, @out, c], ȳ[n, @out, c], 0))"))
}
func (p maxPool) Eval(out Tensor, in ...Tensor) {
	for j, i := range p.largest(in[0], out) {
		if i < 0 {
			out.Set(j, math.Inf(-1))
		} else {
			out.Set(j, in[0].At(i))
		}
	}
}
func (p maxPool) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return p.lower(b, ir.MaxPool, out, x[0].Dims, out.Dims, x...)
}
func (p maxPool) VJP(_, ct *Node, x ...*Node) []*Node {
	return one(graph.Apply(unpickPool(p), ct, x[0]))
}
func (p maxPool) Flops(out Type, _ ...Type) Dim { return p.flops(out) }

// lower returns the engine's instruction for one of the ops.
func (p pool) lower(b *ir.Builder, pass ir.Pass, out ir.Type, image, result []int, x ...ir.Ref) (ir.Ref, bool) {
	w := p.instruction(pass, image, p.size[:p.axes], result)
	w.CountPad = p.countPad
	return b.Window(w, out.DType, out.Dims, x...), true
}

// flops returns the elements of all windows.
func (p pool) flops(result Type) Dim {
	n := result.Shape.Size()
	for _, k := range p.size[:p.axes] {
		n = n.Mul(Dim(k))
	}
	return n
}

// unpickPool adds each element of its first operand, a cotangent of maxPool, to
// where the second has its window's largest element.
type unpickPool struct{ pool }

func (unpickPool) Name() string     { return "unpickpool" }
func (p unpickPool) String() string { return p.string("unpickpool") }
func (p unpickPool) Doc() graph.Doc {
	return doc("Adds each cotangent to where its window of the image b has the largest element: the gradient of a max pool.", p.formula("y[n, @image, c] = sum_@outs@taps(where(@meet && b[n, @image, c] == max_@taps(b[n, @place, c]), a[n, @out, c], 0))"), "ā = pick(ȳ, b); b̄ = 0")
}
func (p unpickPool) Infer(in ...Type) (Type, error) {
	return in[1], nil
}
func (p unpickPool) Eval(out Tensor, in ...Tensor) {
	for j, i := range p.largest(in[1], in[0]) {
		if i >= 0 {
			out.Set(i, out.At(i)+in[0].At(j))
		}
	}
}
func (p unpickPool) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return p.lower(b, ir.MaxPoolGrad, out, x[1].Dims, x[0].Dims, x...)
}
func (p unpickPool) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{graph.Apply(pickPool(p), ct, x[1]), nil}
}
func (p unpickPool) Simplify(x ...*Node) *Node    { return zerosIf(x[0], x[1].Shape()) }
func (p unpickPool) Flops(_ Type, in ...Type) Dim { return p.flops(in[0]) }

// pickPool takes, for each window, the element of its first operand from where
// the second has its largest: the adjoint of unpickPool.
type pickPool struct{ pool }

func (pickPool) Name() string     { return "pickpool" }
func (p pickPool) String() string { return p.string("pickpool") }
func (pickPool) Doc() graph.Doc {
	return doc("Takes from a what is at the place of the largest element of each window of b.", "y = pick(a, b)", "ā = unpick(ȳ, b); b̄ = 0")
}
func (p pickPool) Eval(out Tensor, in ...Tensor) {
	for j, i := range p.largest(in[1], out) {
		if i >= 0 {
			out.Set(j, in[0].At(i))
		}
	}
}
func (p pickPool) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{graph.Apply(unpickPool(p), ct, x[1]), nil}
}
func (p pickPool) Simplify(x ...*Node) *Node {
	t, _ := p.Infer(x[0].Type())
	return zerosIf(x[0], t.Shape)
}
func (p pickPool) Flops(out Type, _ ...Type) Dim { return p.flops(out) }

// counts returns, for each place of the result, the elements that its window
// counts.
func (p pool) counts(in, out []int) []int {
	w, n := p.window, make([]int, size(out))
	if p.countPad { // the image with its padding is an image without
		in = append([]int{}, in...)
		for i := range in {
			in[i] += w.low[i] + w.high[i]
			w.low[i] = 0
		}
	}
	w.meet(1, in, w.size[:w.axes], out, func(_, _, y int) { n[y]++ })
	return n
}

type avgPool struct{ pool }

func (avgPool) Name() string     { return "avgpool" }
func (p avgPool) String() string { return p.string("avgpool") }
func (p avgPool) Doc() graph.Doc {
	return doc("The mean of each window of an image: it keeps what is common to neighbours.", p.formula("y[n, @out, c] = mean_@taps(x[n, @place, c])"), p.formula("x̄[n, @image, c] = sum_@outs@taps(where(@meet, ȳ[n, @out, c]/count(@out), 0))"))
}
func (p avgPool) Eval(out Tensor, in ...Tensor) {
	sum := make([]float64, out.Len())
	p.visit(in[0], out, func(i, j int) { sum[j] += in[0].At(i) })
	counts, c := p.counts(spatial(in[0]), spatial(out)), out.Shape[p.axes+1]
	for j, s := range sum {
		out.Set(j, s/float64(max(1, counts[j/c%len(counts)])))
	}
}
func (p avgPool) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return p.lower(b, ir.AvgPool, out, x[0].Dims, out.Dims, x...)
}
func (p avgPool) VJP(_, ct *Node, x ...*Node) []*Node {
	return one(graph.Apply(unAvgPool{p.pool, graph.Of(x[0].Shape().Dims()[1 : p.axes+1]...)}, ct))
}
func (p avgPool) Simplify(x ...*Node) *Node {
	t, _ := p.Infer(x[0].Type())
	return zerosIf(x[0], t.Shape)
}
func (p avgPool) Flops(out Type, _ ...Type) Dim { return p.flops(out) }

// unAvgPool shares out each element among the elements of its window, in images
// of the given spatial lengths: the adjoint of avgPool.
type unAvgPool struct {
	pool
	in Shape
}

func (unAvgPool) Name() string     { return "unavgpool" }
func (p unAvgPool) String() string { return p.string("unavgpool") }
func (p unAvgPool) Doc() graph.Doc {
	return doc("Shares each element among those of its window: the gradient of an average pool.", p.formula("y[n, @image, c] = sum_@outs@taps(where(@meet, x[n, @out, c]/count(@out), 0))"), p.formula("x̄[n, @out, c] = mean_@taps(ȳ[n, @place, c])"))
}
func (p unAvgPool) Infer(in ...Type) (Type, error) {
	return in[0].Of(graph.Of(append(append([]Dim{in[0].Dim(0)}, p.in.Dims()...), in[0].Dim(-1))...)), nil
}
func (p unAvgPool) Eval(out Tensor, in ...Tensor) {
	sum := make([]float64, out.Len())
	counts, c := p.counts(spatial(out), spatial(in[0])), out.Shape[p.axes+1]
	p.visit(out, in[0], func(i, j int) { sum[i] += in[0].At(j) / float64(max(1, counts[j/c%len(counts)])) })
	for i, s := range sum {
		out.Set(i, s)
	}
}
func (p unAvgPool) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return p.lower(b, ir.AvgPoolGrad, out, out.Dims, x[0].Dims, x...)
}
func (p unAvgPool) VJP(_, ct *Node, _ ...*Node) []*Node { return one(graph.Apply(avgPool{p.pool}, ct)) }
func (p unAvgPool) Simplify(x ...*Node) *Node {
	t, _ := p.Infer(x[0].Type())
	return zerosIf(x[0], t.Shape)
}
func (p unAvgPool) Flops(_ Type, in ...Type) Dim { return p.flops(in[0]) }
