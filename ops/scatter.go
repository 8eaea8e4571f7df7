package ops

import (
	"errors"
	"fmt"
	"math"

	"github.com/adjointml/adjoint/graph"
)

// Scatter returns x with the elements of v at the places that indices gives
// along the axis, in the place of its own; of equal places the last one wins. v
// and indices have one shape, which may be shorter than x along the other axes
// if those are known. An index outside of the axis makes the run fail.
func Scatter(x, indices, v *Node, axis int) *Node {
	if bad := checkScatter("scatter", x, indices, v, axis); bad != nil {
		return bad
	}
	i, _ := x.Shape().Axis(axis)
	from := graph.Apply(writers{axis: i, shape: x.Shape()}, indices)
	return replace(x, from, Reshape(v, graph.Auto), 0)
}

// replace returns x where from is negative, else the place of v along the axis
// that it gives.
func replace(x, from, v *Node, axis int) *Node {
	kept := Less(from, num(0))
	all := Take(Pad(v, axis, 0, 1, 0), from, axis) // from = -1 takes what is added
	for kept.Shape().Rank() < all.Shape().Rank() {
		kept = Expand(kept, -1)
	}
	return Where(kept, x, all)
}

// checkScatter returns why v cannot go to places of x along an axis, or nil.
func checkScatter(name string, x, indices, v *Node, axis int) *Node {
	if bad := broken(name, x, indices, v); bad != nil {
		return bad
	}
	operands := []*Node{x, indices, v}
	i, err := x.Shape().Axis(axis)
	if err != nil {
		return graph.Fail(name, operands, "%v", err)
	}
	switch s := indices.Shape(); {
	case !indices.DType().Int():
		return graph.Fail(name, operands, "%v", errIndex)
	case v.Shape() != s || v.DType() != x.DType():
		return graph.Fail(name, operands, "the values {2} must have the shape of the indices {1} and the dtype of {0}")
	case s.Rank() != x.Shape().Rank():
		return graph.Fail(name, operands, "{0} and the indices {1} have different ranks")
	default:
		for ax, d := range s.Dims() {
			n := x.Shape().Dim(ax)
			if ax != i && d != n && (d < 0 || n < 0 || d > n) {
				return graph.Fail(name, operands, "the indices {1} do not fit into {0} along axis %d", ax)
			}
		}
	}
	return nil
}

// writers gives, for each place of a value of the given shape, the number in
// row-major order of the last index that points to it along the axis, or -1.
type writers struct {
	flat
	axis  int
	shape Shape
}

func (writers) Name() string     { return "writers" }
func (w writers) String() string { return fmt.Sprintf("writers(%d)", w.axis) }
func (w writers) Doc() graph.Doc {
	return doc("For each place, the number of the last index that points to it, -1 where none does; numbers of places have no gradient.", onAxis("y[@q, ...] = max_p(where(x[@p, ...] == q, number(@p, ...), -1))", w.axis), "x̄ = 0")
}
func (w writers) Infer(in ...Type) (Type, error) {
	if !in[0].DType.Int() {
		return Type{}, errors.New("the indices {0} must be Int32 or Int64: convert them with ops.Convert")
	}
	return Type{DType: graph.Int64, Shape: w.shape}, nil
}
func (w writers) Eval(out Tensor, in ...Tensor) {
	y := graph.Data[int64](out)
	fillElems(y, -1)
	scan(out.Shape, in[0], w.axis, func(i, at int) { y[at] = int64(i) })
}

// lastAt is writers of a vector of indices into an axis of length n.
func lastAt(indices *Node, n Dim) *Node {
	return graph.Apply(writers{axis: 0, shape: graph.Of(n)}, indices)
}

// checkPlaces returns why a vector of indices cannot go with x along an axis,
// or nil; the other operands are named after those two.
func checkPlaces(name string, axis int, x, indices *Node, others ...*Node) *Node {
	operands := append([]*Node{x, indices}, others...)
	if bad := broken(name, operands...); bad != nil {
		return bad
	}
	if _, err := x.Shape().Axis(axis); err != nil {
		return graph.Fail(name, operands, "%v", err)
	}
	if !indices.DType().Int() {
		return graph.Fail(name, operands, "%v", errIndex)
	}
	if indices.Shape().Rank() != 1 {
		return graph.Fail(name, operands, "the indices {1} are no vector")
	}
	return nil
}

// checkSlices returns why the slices v cannot go to x along an axis, or nil.
func checkSlices(name string, x, indices, v *Node, axis int) *Node {
	if bad := checkPlaces(name, axis, x, indices, v); bad != nil {
		return bad
	}
	i, _ := x.Shape().Axis(axis)
	if want := x.Shape().With(i, indices.Shape().Dim(0)); v.Shape() != want || v.DType() != x.DType() {
		return graph.Fail(name, []*Node{x, indices, v}, "the values {2} must have the shape %v and the dtype of {0}", want)
	}
	return nil
}

// IndexAdd returns x with the slices of v added at the places that the vector
// of indices gives along the axis; equal places add up. Negative indices count
// from the end; one outside of the axis makes the run fail.
//
//	x [a n b], indices [k], v [a k b] -> [a n b] along axis 1
//
// It is linear in x and v; the adjoint is [Take].
func IndexAdd(x, indices, v *Node, axis int) *Node {
	if bad := checkSlices("indexadd", x, indices, v, axis); bad != nil {
		return bad
	}
	i, _ := x.Shape().Axis(axis)
	return Add(x, graph.Apply(untake{i, x.Shape()}, v, indices))
}

// IndexCopy returns x with the slices of v at the places that the vector of
// indices gives along the axis, in the place of its own; of equal places the
// last one wins. Negative indices count from the end; one outside of the axis
// makes the run fail.
//
//	x [a n b], indices [k], v [a k b] -> [a n b] along axis 1
func IndexCopy(x, indices, v *Node, axis int) *Node {
	if bad := checkSlices("indexcopy", x, indices, v, axis); bad != nil {
		return bad
	}
	i, _ := x.Shape().Axis(axis)
	from := lastAt(indices, x.Shape().Dim(i))
	kept := Reshape(Less(from, num(0)), onlyAxis(x.Shape(), i).Dims()...)
	return Where(kept, x, Take(Pad(v, i, 0, 1, 0), from, i))
}

// onlyAxis returns a shape with the lengths of all axes but one made 1.
func onlyAxis(s Shape, axis int) Shape {
	for i := range s.Rank() {
		if i != axis {
			s = s.With(i, 1)
		}
	}
	return s
}

// IndexFill returns x with the value at the places that the vector of indices
// gives along the axis. The value, often a [graph.Scalar], broadcasts.
func IndexFill(x, indices, value *Node, axis int) *Node {
	if bad := checkPlaces("indexfill", axis, x, indices, value); bad != nil {
		return bad
	}
	i, _ := x.Shape().Axis(axis)
	kept := Less(lastAt(indices, x.Shape().Dim(i)), num(0))
	return Where(Reshape(kept, onlyAxis(x.Shape(), i).Dims()...), x, value)
}

// GatherND returns the slices of x at the places whose coordinates, along its
// first axes, are the last axis of indices. Negative coordinates count from the
// end; one outside of its axis makes the run fail.
//
//	x [a b c], indices [k 2] -> [k c]
func GatherND(x, indices *Node) *Node {
	places, rows, bad := coordinate("gathernd", x, indices)
	if bad != nil {
		return bad
	}
	return Take(rows, places, 0)
}

// coordinate turns coordinates along the first axes of x into places along the
// first axis of rows, which is x with those axes made one.
func coordinate(name string, x, indices *Node, others ...*Node) (places, rows, bad *Node) {
	operands := append([]*Node{x, indices}, others...)
	if bad := broken(name, operands...); bad != nil {
		return nil, nil, bad
	}
	fail := func(format string, arg ...any) (places, rows, bad *Node) {
		return nil, nil, graph.Fail(name, operands, format, arg...)
	}
	if !indices.DType().Int() {
		return fail("%v", errIndex)
	}
	if indices.Shape().Rank() == 0 {
		return fail("the indices {1} have no axis of coordinates")
	}
	last := indices.Shape().Rank() - 1
	k := indices.Shape().Dim(last)
	if k < 1 || int(k) > x.Shape().Rank() {
		return fail("the indices {1} have %v coordinates: want 1 to %d for {0}", k, x.Shape().Rank())
	}
	n := Dim(1)
	for i := range int(k) {
		d := x.Shape().Dim(i)
		n = n.Mul(d)
		// Take checks the coordinate and counts it from the start.
		at := Take(iota(graph.Int64, graph.Of(d), 0), Index(indices, last, i), 0)
		if i > 0 {
			at = Add(Mul(places, Count(iota(graph.Int64, graph.Of(d), 0))), at)
		}
		places = at
	}
	return places, Reshape(x, append([]Dim{n}, x.Shape().Dims()[k:]...)...), nil
}

// checkND returns why v cannot go to the places of x, or nil.
func checkND(name string, x, indices, v, rows *Node) *Node {
	lead := indices.Shape().Dims()
	want := graph.Of(append(lead[:len(lead)-1:len(lead)-1], rows.Shape().Dims()[1:]...)...)
	if v.Shape() != want || v.DType() != x.DType() {
		return graph.Fail(name, []*Node{x, indices, v}, "the values {2} must have the shape %v and the dtype of {0}", want)
	}
	return nil
}

// ScatterND returns x with the slices of v at the places whose coordinates,
// along its first axes, are the last axis of indices; of equal places the last
// one wins. A coordinate outside of its axis makes the run fail.
//
//	x [a b c], indices [k 2], v [k c] -> [a b c]
func ScatterND(x, indices, v *Node) *Node {
	places, rows, bad := coordinate("scatternd", x, indices, v)
	if bad == nil {
		bad = checkND("scatternd", x, indices, v, rows)
	}
	if bad != nil {
		return bad
	}
	from := lastAt(Reshape(places, graph.Auto), rows.Shape().Dim(0))
	v = Reshape(v, append([]Dim{places.Shape().Size()}, rows.Shape().Dims()[1:]...)...)
	return Reshape(replace(rows, from, v, 0), x.Shape().Dims()...)
}

// ScatterNDAdd returns x with the slices of v added at those places; equal ones
// add up, as in [ScatterND].
func ScatterNDAdd(x, indices, v *Node) *Node {
	places, rows, bad := coordinate("scatterndadd", x, indices, v)
	if bad == nil {
		bad = checkND("scatterndadd", x, indices, v, rows)
	}
	if bad != nil {
		return bad
	}
	sum := graph.Apply(untake{0, rows.Shape()}, v, places)
	return Add(x, Reshape(sum, x.Shape().Dims()...))
}

// SegmentSum adds up the slices of x, along its first axis, of each of n
// segments; segments gives the one that each belongs to. The sum of an empty
// segment is 0. A segment outside of [0, n) makes the run fail, but negative
// ones count from the end. The adjoint is [Take].
//
//	x [k a], segments [k] -> [n a]
func SegmentSum(x, segments *Node, n Dim) *Node {
	if bad := checkSegments("segmentsum", x, segments); bad != nil {
		return bad
	}
	return graph.Apply(untake{0, x.Shape().With(0, n)}, x, segments)
}

func checkSegments(name string, x, segments *Node) *Node {
	if bad := checkPlaces(name, 0, x, segments); bad != nil {
		return bad
	}
	operands := []*Node{x, segments}
	if x.Shape().Dim(0) != segments.Shape().Dim(0) {
		return graph.Fail(name, operands, "{0} and the segments {1} have different lengths")
	}
	if x.DType() == graph.Bool {
		return graph.Fail(name, operands, "want numbers, got {0}: convert it with ops.Convert")
	}
	return nil
}

// SegmentMean returns the means of the segments, 0 of an empty one: see
// [SegmentSum].
func SegmentMean(x, segments *Node, n Dim) *Node {
	if bad := checkSegments("segmentmean", x, segments); bad != nil {
		return bad
	}
	if !x.DType().Float() {
		return graph.Fail("segmentmean", []*Node{x, segments}, "%v", errFloats)
	}
	members := SegmentSum(BroadcastTo(graph.ScalarOf(x.DType(), 1), segments.Shape()), segments, n)
	for members.Shape().Rank() < x.Shape().Rank() {
		members = Expand(members, -1)
	}
	return Div(SegmentSum(x, segments, n), Maximum(members, num(1)))
}

// SegmentMax returns the largest elements of the segments, NaN if one is NaN:
// see [SegmentSum]. That of an empty segment is -Inf. Of equal largest elements
// the first gets the gradient. x has floats.
func SegmentMax(x, segments *Node, n Dim) *Node {
	if bad := checkSegments("segmentmax", x, segments); bad != nil {
		return bad
	}
	if !x.DType().Float() {
		return graph.Fail("segmentmax", []*Node{x, segments}, "%v", errFloats)
	}
	places := graph.Apply(argSegment{n: n}, x, segments)
	return TakeAlongAxis(Pad(x, 0, 0, 1, math.Inf(-1)), places, 0)
}

// SegmentMin returns the smallest elements of the segments, Inf of an empty one,
// like [SegmentMax].
func SegmentMin(x, segments *Node, n Dim) *Node {
	if bad := checkSegments("segmentmin", x, segments); bad != nil {
		return bad
	}
	return Neg(SegmentMax(Neg(x), segments, n))
}

// argSegment gives the place along the first axis of the first largest element
// of each segment, or of its first NaN; -1 for an empty segment.
type argSegment struct {
	flat
	n Dim
}

func (argSegment) Name() string     { return "argsegment" }
func (a argSegment) String() string { return fmt.Sprintf("argsegment(%v)", a.n) }
func (argSegment) Doc() graph.Doc {
	return doc("The place of the largest element of each segment, -1 of an empty one; places have no gradient.", "y[p, ...] = argmax_q(where(b[q] == p, a[q, ...], -inf))", "ā = 0; b̄ = 0")
}
func (a argSegment) Infer(in ...Type) (Type, error) {
	return Type{DType: graph.Int64, Shape: in[0].Shape.With(0, a.n)}, nil
}
func (a argSegment) Eval(out Tensor, in ...Tensor) {
	if in[0].DType == graph.Float32 {
		leadSegments[float32](out, in)
	} else {
		leadSegments[float64](out, in)
	}
}

// leadSegments is argSegment for one dtype.
func leadSegments[T float32 | float64](out Tensor, in []Tensor) {
	y, x := graph.Data[int64](out), graph.Data[T](in[0])
	fillElems(y, -1)
	inner := size(out.Shape[1:])
	for k := range in[1].Len() {
		best := y[checkIndex(in[1].Int(k), out.Shape[0])*inner:][:inner]
		for i, v := range x[k*inner : (k+1)*inner] {
			if best[i] < 0 {
				best[i] = int64(k)
				continue
			}
			if top := x[int(best[i])*inner+i]; v > top || v != v && top == top {
				best[i] = int64(k)
			}
		}
	}
}
