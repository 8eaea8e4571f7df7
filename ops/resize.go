package ops

import (
	"fmt"

	"github.com/adjointml/adjoint/graph"
)

// Interpolation is how values between pixels are made.
type Interpolation int

// The interpolations.
const (
	Nearest Interpolation = 0 // the pixel before, as PyTorch's "nearest"
	Linear  Interpolation = 1 // between the two neighbours along each axis: bilinear, trilinear
	Cubic   Interpolation = 2 // between four (Keys 1981, with a = -0.75)

	// NearestExact is the pixel in which the centre of the result's pixel lies, as
	// PyTorch's "nearest-exact", which Nearest looks for from its beginning. It is for
	// [Resize] alone.
	NearestExact Interpolation = 3
)

// whole tells whether values are those of pixels.
func (i Interpolation) whole() bool { return i == Nearest || i == NearestExact }

// ResizeOptions say what [Resize] makes. One of Size and Scale must be given.
type ResizeOptions struct {
	Size         []Dim     // spatial lengths of the result, or one for all
	Scale        []float64 // or factors, one for each spatial axis or one for all
	Mode         Interpolation
	AlignCorners bool // the centres of the corner pixels stay in place, rather than the corners of the image
	ChannelsLast bool
}

// Resize returns images of another size, interpolated along each axis.
//
//	x [n c h w] -> [n c size...]
//
// With Scale the size is floor(h·scale), and pixels are 1/scale apart, as in
// PyTorch; lengths may be symbols where the scale is a whole number. There are 1
// to 3 spatial axes. Its gradient spreads each pixel over those that made it.
func Resize(x *Node, o ResizeOptions) *Node {
	s, bad := newSpatial("resize", x, o.ChannelsLast)
	if bad != nil {
		return bad
	}
	count := max(len(o.Size), len(o.Scale))
	switch {
	case (len(o.Size) == 0) == (len(o.Scale) == 0):
		return s.fail("want Size or Scale")
	case count > 1 && count != s.axes:
		return s.fail("%d numbers: want one for each of the %d spatial axes, or one for all", count, s.axes)
	case o.Mode < Nearest || o.Mode > NearestExact || o.Mode.whole() && o.AlignCorners:
		return s.fail("mode %d with AlignCorners %v is not known: only Linear and Cubic align corners", o.Mode, o.AlignCorners)
	}
	for i, axis := range s.spatial() {
		r := resize{spatials: s, mode: o.Mode, align: o.AlignCorners, axis: axis, in: x.Shape().Dim(axis)}
		var err error
		if len(o.Size) > 0 {
			r.out = o.Size[min(i, len(o.Size)-1)]
			err = r.sized()
		} else {
			err = r.scaled(o.Scale[min(i, len(o.Scale)-1)])
		}
		if err != nil {
			return s.fail("%v", err)
		}
		x = r.apply(x)
	}
	return x
}

// A resize is that of one axis.
type resize struct {
	spatials
	mode    Interpolation
	align   bool
	axis    int
	in, out Dim
	step    *Node // from one pixel of the result to the next, in pixels of x: Float64 []
	times   int   // how many pixels of the result one of x makes, if a whole number
}

// length is a length as a number of the graph.
func length(n Dim) *Node {
	if n >= 0 {
		return graph.ScalarOf(graph.Float64, float64(n))
	}
	return Sum(BroadcastTo(graph.ScalarOf(graph.Float64, 1), graph.Of(n)))
}

// sized sets the step between pixels for a given length of the result.
func (r *resize) sized() error {
	if !(r.out > 0 || r.out.Symbolic()) {
		return fmt.Errorf("a size of %v is below 1", r.out)
	}
	if r.in > 0 && r.out > 0 {
		if r.out%r.in == 0 {
			r.times = int(r.out / r.in)
		}
		r.step = graph.ScalarOf(graph.Float64, float64(r.in)/float64(r.out))
		return nil
	}
	r.step = Div(length(r.in), length(r.out))
	return nil
}

// scaled sets the length of the result for a factor.
func (r *resize) scaled(scale float64) error {
	if !(scale > 0) {
		return fmt.Errorf("a scale of %g is not positive", scale)
	}
	r.step = graph.ScalarOf(graph.Float64, 1/scale)
	switch whole := int(scale); {
	case float64(whole) == scale:
		r.times, r.out = whole, r.in.Mul(Dim(whole))
	case r.in < 0:
		return fmt.Errorf("axis %d of {0} must have a known length for a scale of %g, which is no whole number", r.axis, scale)
	default:
		r.out = Dim(float64(r.in) * scale)
	}
	if r.out == 0 && r.in != 0 {
		return fmt.Errorf("nothing is left of axis %d, of length %v, scaled by %g", r.axis, r.in, scale)
	}
	return nil
}

func (r *resize) apply(x *Node) *Node {
	switch {
	case r.times == 1 && r.mode != Cubic:
		return x
	case r.times > 1 && r.mode.whole():
		return Repeat(x, r.times, r.axis)
	}
	at := r.places()
	if r.mode.whole() {
		return r.take(x, Floor(at))
	}
	low := Floor(at)
	t := Sub(at, low)
	if r.mode == Linear {
		near, far := r.take(x, low), r.take(x, Add(low, num(1)))
		return Add(near, Mul(Sub(far, near), r.along(t, x)))
	}
	var y *Node
	for i, w := range keys(t) {
		part := Mul(r.take(x, Add(low, num(float64(i-1)))), r.along(w, x))
		if y == nil {
			y = part
		} else {
			y = Add(y, part)
		}
	}
	return y
}

// places are where the pixels of the result lie, in pixels of x: Float64 [out].
func (r *resize) places() *Node {
	i := Iota(graph.Float64, graph.Of(r.out), 0)
	switch {
	case r.align && r.out == 1:
		return Mul(i, num(0))
	case r.align:
		return Mul(i, Div(Sub(length(r.in), num(1)), Maximum(Sub(length(r.out), num(1)), num(1))))
	case r.mode == Nearest:
		return Mul(i, r.step)
	case r.mode == NearestExact:
		return Mul(Add(i, num(0.5)), r.step)
	}
	at := Sub(Mul(Add(i, num(0.5)), r.step), num(0.5))
	if r.mode == Linear {
		at = Maximum(at, num(0))
	}
	return at
}

// take returns the pixels at whole places, those at the border for what is beyond.
func (r *resize) take(x, places *Node) *Node {
	last := Sub(length(r.in), num(1))
	return Take(x, Convert(Maximum(Minimum(places, last), num(0)), graph.Int64), r.axis)
}

// along gives a number for each pixel of the axis the shape and dtype that
// broadcast against x.
func (r *resize) along(w, x *Node) *Node {
	dims := make([]Dim, x.Shape().Rank()-r.axis)
	for i := range dims {
		dims[i] = 1
	}
	dims[0] = r.out
	return Reshape(Convert(w, x.DType()), dims...)
}

// keys returns the weights of the four pixels around a place that is t behind the
// second.
func keys(t *Node) [4]*Node {
	const a = -0.75
	poly := func(x *Node, c ...float64) *Node { // Horner's rule
		y := num(c[0])
		for _, c := range c[1:] {
			y = Add(Mul(y, x), num(c))
		}
		return y
	}
	inner := func(x *Node) *Node { return poly(x, a+2, -(a + 3), 0, 1) }
	outer := func(x *Node) *Node { return poly(x, a, -5*a, 8*a, -4*a) }
	rest := OneMinus(t)
	return [4]*Node{outer(Add(t, num(1))), inner(t), inner(rest), outer(Add(rest, num(1)))}
}

// Border is what [GridSample] finds beyond an image.
type Border int

// The borders.
const (
	ZeroBorder    Border = 0 // zeros
	NearestBorder Border = 1 // the nearest pixel of the image
	MirrorBorder  Border = 2 // the image mirrored at its border, again and again
)

// GridSampleOptions refine [GridSample]. The zero value is PyTorch's default but
// for the mode, which is Nearest.
type GridSampleOptions struct {
	Mode         Interpolation
	Border       Border
	AlignCorners bool // -1 and 1 are the centres of the corner pixels, rather than the corners of the image
}

// GridSample returns the pixels of images at the places that a grid has for each
// pixel of the result: x and y from -1 (left, top) to 1 (right, bottom).
//
//	x [n c h w], grid [n oh ow 2] -> [n c oh ow]
//
// Gradients flow to the image and, but for Nearest, to the grid. A place that is
// NaN counts as -1. Jaderberg et al. 2015, arXiv:1506.02025
func GridSample(x, grid *Node, o ...GridSampleOptions) *Node {
	if bad := broken("gridsample", x, grid); bad != nil {
		return bad
	}
	var g gridSample
	if len(o) > 0 {
		g.GridSampleOptions = o[0]
	}
	s := grid.Shape()
	if x.Shape().Rank() != 4 || s.Rank() != 4 || s.Dim(3) != 2 || s.Dim(0) != x.Shape().Dim(0) || x.DType() != grid.DType() || !x.DType().Float() {
		return graph.Fail("gridsample", []*Node{x, grid}, "want floats [n c h w] and a grid [n oh ow 2] of their dtype, got {0} and {1}")
	}
	g.x, g.h, g.w, g.out = x, x.Shape().Dim(2), x.Shape().Dim(3), s
	col, row := g.place(Index(grid, 3, 0), g.w), g.place(Index(grid, 3, 1), g.h)
	switch g.Mode {
	case Nearest:
		return g.pixel(Round(row), Round(col))
	case Linear:
		return g.mix(row, col, 0, func(t *Node) []*Node { return []*Node{OneMinus(t), t} })
	case Cubic:
		return g.mix(row, col, 1, func(t *Node) []*Node { c := keys(t); return c[:] })
	}
	return graph.Fail("gridsample", []*Node{x}, "mode %d is not known", g.Mode)
}

// gridSample is the work on one grid.
type gridSample struct {
	GridSampleOptions
	x    *Node
	h, w Dim
	out  Shape // of the grid
}

// size is a length as a number of the graph.
func (g *gridSample) size(n Dim) *Node { return Convert(length(n), g.x.DType()) }

// place maps from -1..1 to pixels. Cubic looks beyond the border pixel by pixel.
func (g *gridSample) place(at *Node, n Dim) *Node {
	at = Where(IsNaN(at), num(-1), at)
	size := g.size(n)
	if g.AlignCorners {
		at = Scale(Mul(Add(at, num(1)), Sub(size, num(1))), 0.5)
	} else {
		at = Scale(Sub(Mul(Add(at, num(1)), size), num(1)), 0.5)
	}
	if g.Mode == Cubic {
		return at
	}
	return g.bound(at, n)
}

// bound brings a place into the image, as the border says.
func (g *gridSample) bound(at *Node, n Dim) *Node {
	last := Sub(g.size(n), num(1))
	switch g.Border {
	case ZeroBorder:
		return at
	case MirrorBorder:
		at = g.mirror(at, n)
	}
	return Minimum(Maximum(at, num(0)), last)
}

// mirror reflects a place at the first and last pixel, or at the image's border.
func (g *gridSample) mirror(at *Node, n Dim) *Node {
	span, low := g.size(n), -0.5
	if g.AlignCorners {
		span, low = Sub(g.size(n), num(1)), 0
	}
	one := Equal(span, num(0)) // a single pixel is all there is
	span = Where(one, num(1), span)
	off := Abs(Sub(at, num(low)))
	turn := Floor(Div(off, span))
	rest := Sub(off, Mul(turn, span))
	back := Equal(Mod(turn, num(2)), num(1))
	return Where(one, num(0), Add(Where(back, Sub(span, rest), rest), num(low)))
}

// mix adds the pixels around a place with the weights that f makes of how far it is
// behind the pixel before; the first of them is before that by the given number.
func (g *gridSample) mix(row, col *Node, before int, f func(t *Node) []*Node) *Node {
	top, left := Floor(row), Floor(col)
	var y *Node
	for i, wy := range f(Sub(row, StopGradient(top))) {
		for j, wx := range f(Sub(col, StopGradient(left))) {
			r, c := Add(top, num(float64(i-before))), Add(left, num(float64(j-before)))
			if g.Mode == Cubic {
				r, c = g.bound(r, g.h), g.bound(c, g.w)
			}
			part := Mul(g.pixel(r, c), Expand(Mul(wy, wx), 1))
			if y == nil {
				y = part
			} else {
				y = Add(y, part)
			}
		}
	}
	return y
}

// pixel returns the pixels at whole places, [n c oh ow], and 0 beyond the image.
func (g *gridSample) pixel(row, col *Node) *Node {
	row, col = StopGradient(row), StopGradient(col)
	height, width := g.size(g.h), g.size(g.w)
	inside := And(And(GreaterEqual(row, num(0)), Less(row, height)), And(GreaterEqual(col, num(0)), Less(col, width)))
	index := func(x *Node, n Dim) *Node { return Convert(Where(inside, x, num(0)), graph.Int64) }
	at := Add(Mul(index(row, g.h), Convert(width, graph.Int64)), index(col, g.w))
	s, n, c := g.x.Shape(), g.out.Dim(0), g.x.Shape().Dim(1)
	flat := Reshape(g.x, n, c, s.Dim(2).Mul(s.Dim(3)))
	places := g.out.Dim(1).Mul(g.out.Dim(2))
	at = BroadcastTo(Reshape(at, n, 1, places), graph.Of(n, c, places))
	y := Reshape(TakeAlongAxis(flat, at, 2), n, c, g.out.Dim(1), g.out.Dim(2))
	return Where(Expand(inside, 1), y, num(0))
}
