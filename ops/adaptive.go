package ops

import (
	"errors"
	"fmt"
	"math"

	"github.com/adjointml/adjoint/graph"
)

// GlobalAvgPool returns the mean of each channel of images, whatever their size.
//
//	x [n c h w] -> [n c]
func GlobalAvgPool(x *Node, o ...PoolOptions) *Node { return global("globalavgpool", x, o, Mean) }

// GlobalMaxPool returns the largest element of each channel of images, whatever
// their size.
//
//	x [n c h w] -> [n c]
func GlobalMaxPool(x *Node, o ...PoolOptions) *Node { return global("globalmaxpool", x, o, Max) }

func global(name string, x *Node, o []PoolOptions, f func(x *Node, axes ...int) *Node) *Node {
	s, bad := newSpatial(name, x, len(o) > 0 && o[0].ChannelsLast)
	if bad != nil {
		return bad
	}
	return f(x, s.spatial()...)
}

// LpPool returns (Σ |x|^p)^(1/p) over the windows that move over images, as
// [AvgPool] does. Its gradient where all of a window is 0 is 0. It fails if p is
// not positive.
//
//	x [n c h w] -> [n c oh ow], oh = (h+pad-dilation·(window-1)-1)/stride + 1
func LpPool(x *Node, p float64, window []int, o ...PoolOptions) *Node {
	if bad := broken("lppool", x); bad != nil {
		return bad
	}
	if !(p > 0) || math.IsInf(p, 1) {
		return graph.Fail("lppool", []*Node{x}, "p is %g: want a positive number; for the largest use ops.MaxPool", p)
	}
	var opt PoolOptions
	if len(o) > 0 {
		opt = o[0]
	}
	opt.CountPad = true // a mean over the whole window is its sum divided by one number
	mean := pooled("lppool", Pow(Abs(x), num(p)), window, append([]PoolOptions{opt}, o[min(1, len(o)):]...), func(w pool) graph.Op { return avgPool{w} })
	if mean.Err() != nil {
		return mean
	}
	size := 1
	for i := range x.Shape().Rank() - 2 {
		size *= window[min(i, len(window)-1)]
	}
	sum := Scale(mean, float64(size))
	zero := Equal(sum, num(0))
	return Where(zero, num(0), Pow(Where(zero, num(1), sum), num(1/p)))
}

// AdaptiveAvgPool returns the means of windows that are chosen such that the
// result has the given spatial lengths, or one for all: window i of k along an
// axis of length h is from floor(i·h/k) to ceil((i+1)·h/k).
//
//	x [n c h w] -> [n c size...]
//
// The lengths of x must be known, unless the result has length 1.
func AdaptiveAvgPool(x *Node, size []int, o ...PoolOptions) *Node {
	return adaptive("adaptiveavgpool", x, size, o, AvgPool, Mean)
}

// AdaptiveMaxPool is [AdaptiveAvgPool] with the largest elements instead of the
// means.
//
//	x [n c h w] -> [n c size...]
func AdaptiveMaxPool(x *Node, size []int, o ...PoolOptions) *Node {
	return adaptive("adaptivemaxpool", x, size, o, MaxPool, Max)
}

// adaptive pools along one axis after the other: means and maxima over products of
// intervals are those over one of those over the other.
func adaptive(name string, x *Node, size []int, o []PoolOptions, pool func(x *Node, window []int, o ...PoolOptions) *Node, reduce func(x *Node, axes ...int) *Node) *Node {
	s, bad := newSpatial(name, x, len(o) > 0 && o[0].ChannelsLast)
	if bad != nil {
		return bad
	}
	out, err := each3("size", size, s.axes, 1, 0)
	if len(size) == 0 {
		err = errors.New("want the lengths of the result")
	}
	if err != nil {
		return s.fail("%v", err)
	}
	for i, axis := range s.spatial() {
		n, k := x.Shape().Dim(axis), out[i]
		switch {
		case k == 1:
			x = Keep(reduce, x, axis)
		case n < 0:
			return s.fail("axis %d of {0} must have a known length for %d windows: only one window fits any", axis, k)
		case int(n)%k == 0:
			window := []int{1, 1, 1}[:s.axes]
			window[i] = int(n) / k
			x = pool(x, window, PoolOptions{ChannelsLast: s.last})
		default:
			parts := make([]*Node, k)
			for j := range parts {
				parts[j] = Keep(reduce, Slice(x, axis, j*int(n)/k, ((j+1)*int(n)+k-1)/k, 1), axis)
			}
			x = Concat(axis, parts...)
		}
	}
	return x
}

// spatials are images and where their axes are.
type spatials struct {
	name string
	x    *Node
	axes int  // spatial ones
	last bool // channels are last
}

func newSpatial(name string, x *Node, last bool) (s spatials, bad *Node) {
	s = spatials{name, x, 0, last}
	if bad := broken(name, x); bad != nil {
		return s, bad
	}
	s.axes = x.Shape().Rank() - 2
	switch {
	case s.axes < 1 || s.axes > 3:
		want := "[n c w], [n c h w] or [n c d h w]"
		if last {
			want = "[n w c], [n h w c] or [n d h w c]"
		}
		return s, s.fail("{0} is no batch of images: want %s", want)
	case !x.DType().Float():
		return s, s.fail("%v", errFloats)
	}
	return s, nil
}

func (s spatials) fail(format string, arg ...any) *Node {
	return graph.Fail(s.name, []*Node{s.x}, format, arg...)
}

// spatial returns the spatial axes.
func (s spatials) spatial() []int {
	list := make([]int, s.axes)
	for i := range list {
		list[i] = i + 2
		if s.last {
			list[i] = i + 1
		}
	}
	return list
}

// Unfold returns the windows that move over images, as [Conv] sees them: im2col.
//
//	x [n c h w] -> [n c·kh·kw windows]
//
// Zeros and padding are added to what a window holds, so that NaN and infinity
// spread over their neighbours. Its adjoint is [Fold].
func Unfold(x *Node, window []int, o ...ConvOptions) *Node {
	u, bad := newUnfold("unfold", x, window, o, func(s spatials) Dim { return x.Shape().Dim(1) })
	if bad != nil {
		return bad
	}
	y := Conv(x, u.pick(x.DType()), u.o)
	if y.Err() != nil {
		return graph.Fail("unfold", []*Node{x}, "windows of %v do not fit {0}, with %s", window, u.how())
	}
	return Flatten(y, 2)
}

// Fold adds up windows as [Unfold] returns them in images of the given spatial
// lengths: col2im.
//
//	x [n c·kh·kw windows] -> [n c size...]
func Fold(x *Node, size, window []int, o ...ConvOptions) *Node {
	if bad := broken("fold", x); bad != nil {
		return bad
	}
	fail := func(format string, arg ...any) *Node { return graph.Fail("fold", []*Node{x}, format, arg...) }
	k := 1
	for _, n := range window {
		k *= n
	}
	rows := x.Shape().Dim(1)
	if x.Shape().Rank() != 3 || len(size) < 1 || len(size) > 3 || len(window) != len(size) || k < 1 || rows < 1 || int(rows)%k != 0 {
		return fail("want [n c·window windows], and as many lengths of the window %v as of the images %v, got {0}", window, size)
	}
	channels := Dim(int(rows) / k)
	dims := []Dim{x.Shape().Dim(0), channels}
	for _, n := range size {
		dims = append(dims, Dim(n))
	}
	image := graph.Of(dims...)
	u, bad := newUnfold("fold", graph.Zeros(x.Type().Of(image)), window, o, func(spatials) Dim { return channels })
	if bad != nil {
		return bad
	}
	w := u.pick(x.DType())
	forward := Conv(graph.Zeros(x.Type().Of(image)), w, u.o)
	if forward.Err() != nil || forward.Shape().Remove(0).Remove(0).Size() != x.Shape().Dim(2) {
		return fail("{0} are not the windows of %v of images of %v, with %s", window, size, u.how())
	}
	last, _ := lastConv([]ConvOptions{u.o})
	c, err := newConvolution(x.Type().Of(last2(image)), firstWeights(w).Type(), last)
	if err != nil {
		return fail("%v", err)
	}
	y := moveChannels(Reshape(x, forward.Shape().Dims()...), true)
	return moveChannels(graph.Apply(convData{c, image.Remove(0).Remove(0)}, y, firstWeights(w)), false)
}

// last2 returns the shape of images with channels first as that with them last.
func last2(s Shape) Shape {
	d := s.Dims()
	return graph.Of(append(append([]Dim{d[0]}, d[2:]...), d[1])...)
}

// An unfold is a convolution that copies: each weight is 0 but for one.
type unfold struct {
	channels int
	window   []int
	o        ConvOptions
}

func newUnfold(name string, x *Node, window []int, o []ConvOptions, channels func(spatials) Dim) (u unfold, bad *Node) {
	s, bad := newSpatial(name, x, false)
	if bad != nil {
		return u, bad
	}
	size, err := each3("window", window, s.axes, 1, 1)
	c := channels(s)
	switch {
	case err != nil:
		return u, s.fail("%v", err)
	case len(o) > 1 || len(o) == 1 && (o[0].ChannelsLast || o[0].Groups > 1):
		return u, s.fail("want at most one ConvOptions, without Groups and ChannelsLast")
	case c < 1:
		return u, s.fail("{0} must have a known number of channels")
	}
	u = unfold{channels: int(c), window: size[:s.axes]}
	if len(o) == 1 {
		u.o = o[0]
	}
	u.o.Groups = u.channels
	return u, nil
}

// how says where the windows lie.
func (u unfold) how() string {
	return fmt.Sprintf("stride %v, dilation %v and padding %v", u.o.Stride, u.o.Dilation, u.o.Pad)
}

// pick returns the weights [c·kh·kw 1 kh kw] of which each output channel has a
// single 1.
func (u unfold) pick(d DType) *Node {
	k := 1
	shape := []Dim{0, 1}
	for _, n := range u.window {
		k *= n
		shape = append(shape, Dim(n))
	}
	shape[0] = Dim(k * u.channels)
	at := Iota(graph.Int64, graph.Of(Dim(k*u.channels), Dim(k)), 0)
	hit := Equal(Mod(at, num(float64(k))), Iota(graph.Int64, graph.Of(Dim(k*u.channels), Dim(k)), 1))
	return Reshape(Convert(hit, d), shape...)
}

// PixelShuffle moves channels into space: each r·r channels become a square of r by
// r pixels of one.
//
//	x [n c·r² h w] -> [n c h·r w·r]
//
// Shi et al. 2016, arXiv:1609.05158. Its inverse is [PixelUnshuffle].
func PixelShuffle(x *Node, r int) *Node {
	s, bad := newSpatial("pixelshuffle", x, false)
	if bad != nil {
		return bad
	}
	c := x.Shape().Dim(1)
	if s.axes != 2 || r < 1 || c < 1 || int(c)%(r*r) != 0 {
		return s.fail("want [n c·%d h w], as r is %d, got {0}", r*r, r)
	}
	n, h, w, k := x.Shape().Dim(0), x.Shape().Dim(2), x.Shape().Dim(3), Dim(r)
	y := Reshape(x, n, c/(k*k), k, k, h, w)
	return Reshape(Transpose(y, 0, 1, 4, 2, 5, 3), n, c/(k*k), h.Mul(k), w.Mul(k))
}

// PixelUnshuffle moves space into channels: each square of r by r pixels becomes
// r·r channels.
//
//	x [n c h·r w·r] -> [n c·r² h w]
//
// It fails where r does not divide the size. Its inverse is [PixelShuffle].
func PixelUnshuffle(x *Node, r int) *Node {
	s, bad := newSpatial("pixelunshuffle", x, false)
	if bad != nil {
		return bad
	}
	n, c, h, w, k := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2), x.Shape().Dim(3), Dim(r)
	if s.axes != 2 || r < 1 || h.Div(k).Mul(k) != h || w.Div(k).Mul(k) != w {
		return s.fail("want [n c h·%d w·%d], got {0}", r, r)
	}
	h, w = h.Div(k), w.Div(k)
	y := Reshape(x, n, c, h, k, w, k)
	return Reshape(Transpose(y, 0, 1, 3, 5, 2, 4), n, c.Mul(k*k), h, w)
}
