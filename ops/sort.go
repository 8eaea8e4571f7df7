package ops

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/adjointml/adjoint/graph"
)

// ArgSort returns the Int64 order that sorts x along the axis: the place of the
// smallest element first, or of the largest if descending. Equal elements keep
// their order; NaN is larger than all numbers, as in PyTorch.
func ArgSort(x *Node, axis int, descending bool) *Node {
	return along("argsort", x, axis, func(i int) graph.Op { return argSort{axis: i, descending: descending, most: -1} })
}

// Sort returns x sorted along the axis by [ArgSort], and that order.
func Sort(x *Node, axis int, descending bool) (values, order *Node) {
	order = ArgSort(x, axis, descending)
	return TakeAlongAxis(x, order, axis), order
}

// TopK returns the k largest elements along the axis, the largest first, and
// their Int64 places. Of equal elements the first comes first; NaN is larger
// than all numbers. It fails if the axis is shorter than k. The smallest are
// those of the negated x.
//
//	x [b n] -> [b k] along axis 1
func TopK(x *Node, k, axis int) (values, places *Node) {
	places = along("topk", x, axis, func(i int) graph.Op { return argSort{axis: i, descending: true, most: k} })
	return TakeAlongAxis(x, places, axis), places
}

// KthValue returns the k-th smallest element along the axis, counted from 1,
// and its Int64 place; the axis is removed. NaN is larger than all numbers. It
// fails if the axis is shorter than k.
func KthValue(x *Node, k, axis int) (value, place *Node) {
	if bad := brokenAxis("kthvalue", x, axis); bad != nil {
		return bad, bad
	}
	if k < 1 {
		bad := graph.Fail("kthvalue", []*Node{x}, "place %d is below 1: places count from 1", k)
		return bad, bad
	}
	order := along("kthvalue", x, axis, func(i int) graph.Op { return argSort{axis: i, most: k} })
	return pick(x, Slice(order, axis, k-1, k, 1), axis)
}

// pick returns the elements of x at one place each along the axis, which is
// removed, and the places.
func pick(x, places *Node, axis int) (values, at *Node) {
	return Squeeze(TakeAlongAxis(x, places, axis), axis), Squeeze(places, axis)
}

// Median returns the median along the axis, of an even number of elements the
// lower of the middle two, and its Int64 place; the axis is removed. It is the
// first NaN if there is one: see [NaNMedian]. It fails on an empty axis.
func Median(x *Node, axis int) (value, place *Node) {
	if bad := brokenMean("median", x, []int{axis}); bad != nil {
		return bad, bad
	}
	_, middle := NaNMedian(x, axis)
	nan := Any(IsNaN(x), axis)
	return pick(x, Expand(Where(nan, ArgMax(x, axis), middle), behind(x, axis)), axis)
}

// NaNMedian is [Median] of the elements that are not NaN; NaN if all are.
func NaNMedian(x *Node, axis int) (value, place *Node) {
	if bad := brokenMean("nanmedian", x, []int{axis}); bad != nil {
		return bad, bad
	}
	if x.Shape().Dim(axis) == 0 {
		bad := graph.Fail("nanmedian", []*Node{x}, "{0} has no median along axis %d, which is empty", axis)
		return bad, bad
	}
	number := Convert(Not(IsNaN(x)), graph.Int64)
	middle := Sub(Keep(Sum, number, axis), num(1))
	half := Convert(Floor(Scale(Convert(middle, graph.Float64), 0.5)), graph.Int64)
	order := ArgSort(x, axis, false)
	return pick(x, TakeAlongAxis(order, Maximum(half, num(0)), axis), axis)
}

// behind returns an axis of x counted from its start.
func behind(x *Node, axis int) int {
	i, _ := x.Shape().Axis(axis)
	return i
}

// argSort gives the order along an axis, or the first most places of it unless
// that is negative.
type argSort struct {
	flat
	axis       int
	descending bool
	most       int
}

func (argSort) Name() string { return "argsort" }
func (a argSort) String() string {
	s := fmt.Sprintf("argsort(axis %d", a.axis)
	if a.descending {
		s += " descending"
	}
	if a.most >= 0 {
		s += fmt.Sprintf(" first %d", a.most)
	}
	return s + ")"
}
func (a argSort) Doc() graph.Doc {
	return doc("The order that sorts the elements along an axis, as places; places have no gradient.", fmt.Sprintf("y = argsort_%d(x)", a.axis), "x̄ = 0")
}
func (a argSort) Infer(in ...Type) (Type, error) {
	if in[0].DType == graph.Bool {
		return Type{}, errors.New("cannot order {0}: convert it with ops.Convert")
	}
	t := Type{DType: graph.Int64, Shape: in[0].Shape}
	switch n := in[0].Dim(a.axis); {
	case a.most < -1:
		return Type{}, fmt.Errorf("cannot have %d elements", a.most)
	case n >= 0 && int(n) < a.most:
		return Type{}, fmt.Errorf("{0} has no %d elements along axis %d", a.most, a.axis)
	case a.most >= 0:
		t.Shape = t.Shape.With(a.axis, Dim(a.most))
	}
	return t, nil
}

// Rowwise is whether the lines do not cross the first axis.
func (a argSort) Rowwise() bool { return a.axis > 0 }
func (a argSort) Eval(out Tensor, in ...Tensor) {
	if n := in[0].Shape[a.axis]; n < a.most {
		panic(fmt.Errorf("axis %d has length %d: too short for %d elements", a.axis, n, a.most))
	}
	switch x := in[0]; x.DType {
	case graph.Float32:
		orderLines(out, graph.Data[float32](x), x.Shape, a, singleKeys)
	case graph.Float64:
		orderLines(out, graph.Data[float64](x), x.Shape, a, doubleKeys)
	case graph.Int32:
		orderLines(out, graph.Data[int32](x), x.Shape, a, wholeKeys[int32])
	case graph.Int64:
		orderLines(out, graph.Data[int64](x), x.Shape, a, wholeKeys[int64])
	}
}

// singleKeys sets keys to integers in the order of every step-th element of x:
// the bits of floats, of which those of negative ones count backward. NaN is the
// largest, and -0 is equal to 0.
func singleKeys(keys []uint64, x []float32, step int) {
	for j := range keys {
		v := x[j*step]
		bits := math.Float32bits(v + 0)
		bits ^= uint32(int32(bits)>>31) | 1<<31
		if v != v {
			bits = math.MaxUint32
		}
		keys[j] = uint64(bits)
	}
}

// doubleKeys is singleKeys for float64.
func doubleKeys(keys []uint64, x []float64, step int) {
	for j := range keys {
		v := x[j*step]
		bits := math.Float64bits(v + 0)
		bits ^= uint64(int64(bits)>>63) | 1<<63
		if v != v {
			bits = math.MaxUint64
		}
		keys[j] = bits
	}
}

// wholeKeys is singleKeys for integers.
func wholeKeys[T int32 | int64](keys []uint64, x []T, step int) {
	for j := range keys {
		keys[j] = uint64(x[j*step]) ^ 1<<63
	}
}

// A ranked is an element of a line: its order among whole numbers, and where
// it is.
type ranked struct {
	key   uint64
	place int
}

// before compares elements, of which equal ones keep their order.
func before(a, b ranked) int {
	if c := cmp.Compare(a.key, b.key); c != 0 {
		return c
	}
	return cmp.Compare(a.place, b.place)
}

// lists are for sorting: the keys of a line, its elements, and memory for as
// many.
type lists struct {
	keys        []uint64
	line, spare []ranked
}

var sorting = sync.Pool{New: func() any { return new(lists) }}

// orderLines writes the order of each line of x, whose elements are compared
// by their keys.
func orderLines[T graph.Elem](out Tensor, x []T, shape []int, a argSort, setKeys func(keys []uint64, x []T, step int)) {
	l := sorting.Get().(*lists)
	defer sorting.Put(l)
	y := graph.Data[int64](out)
	outer, n, inner := lines(shape, a.axis)
	most := out.Shape[a.axis]
	if most == 0 {
		return
	}
	l.keys = slices.Grow(l.keys[:0], n)[:n]
	for o := range outer {
		for i := range inner {
			setKeys(l.keys, x[o*n*inner+i:], inner)
			if a.descending {
				for j := range l.keys {
					l.keys[j] = ^l.keys[j]
				}
			}
			if most < n/4 {
				l.best(most)
			} else {
				l.all()
			}
			for j, r := range l.line[:most] {
				y[(o*most+j)*inner+i] = int64(r.place)
			}
		}
	}
}

// all sorts the line.
func (l *lists) all() {
	l.line = l.line[:0]
	for j, k := range l.keys {
		l.line = append(l.line, ranked{k, j})
	}
	l.sort()
}

// best sorts the first most elements of the line: it keeps the best so far and
// adds what may be better, until there is as much again. A few are kept in order
// instead.
func (l *lists) best(most int) {
	const few = 32
	l.line = l.line[:0]
	worst, full := uint64(math.MaxUint64), false // of the best, which came earlier
	for j, k := range l.keys {
		if k >= worst && full {
			continue
		}
		l.line = append(l.line, ranked{k, j})
		if most <= few {
			for i := len(l.line) - 1; i > 0 && l.line[i-1].key > k; i-- {
				l.line[i-1], l.line[i] = l.line[i], l.line[i-1]
			}
		} else if len(l.line) == 2*most {
			l.sort()
		} else {
			continue
		}
		if len(l.line) >= most {
			l.line = l.line[:most]
			worst, full = l.line[most-1].key, true
		}
	}
	if most > few {
		l.sort()
	}
}

// sort orders the line: a long one by its keys' digits, from the last, as far
// as they differ.
func (l *lists) sort() {
	if len(l.line) < 256 {
		slices.SortFunc(l.line, before)
		return
	}
	if cap(l.spare) < len(l.line) {
		l.spare = make([]ranked, len(l.line))
	}
	from, to := l.line, l.spare[:len(l.line)]
	for shift := 0; shift < 64; shift += 8 {
		var count [256]int
		for _, r := range from {
			count[r.key>>shift&255]++
		}
		if count[from[0].key>>shift&255] == len(from) {
			continue
		}
		sum := 0
		for d, n := range count {
			count[d] = sum
			sum += n
		}
		for _, r := range from {
			d := r.key >> shift & 255
			to[count[d]] = r
			count[d]++
		}
		from, to = to, from
	}
	l.line, l.spare = from, to
}

// SearchSorted returns, for each value, the Int64 number of elements of sorted
// below it; if right, of those that are not above it. It is the place where the
// value would go: bucketize. The last axis of sorted is ascending; sorted is a
// vector, or its other axes are those of values. NaN goes to the end.
//
//	sorted [n], values [...] -> [...]; sorted [b n], values [b k] -> [b k]
func SearchSorted(sorted, values *Node, right bool) *Node {
	if bad := broken("searchsorted", sorted, values); bad != nil {
		return bad
	}
	return binary(searchSorted{right: right}, sorted, values)
}

type searchSorted struct {
	flat
	right bool
}

func (searchSorted) Name() string { return "searchsorted" }
func (s searchSorted) String() string {
	if s.right {
		return "searchsorted(right)"
	}
	return "searchsorted"
}

// Doc counts the elements that come before a value.
func (s searchSorted) Doc() graph.Doc {
	sign := "<"
	if s.right {
		sign = "<="
	}
	return doc("The place in a sorted list where a value would go: the bin of a histogram that it falls in.", "y[..., p] = sum_q(where(a[..., q] "+sign+" b[..., p], 1, 0))", "ā = 0; b̄ = 0")
}
func (searchSorted) Infer(in ...Type) (Type, error) {
	s, v := in[0].Shape, in[1].Shape
	switch {
	case in[0].DType != in[1].DType:
		return Type{}, errors.New("{0} and {1} have different dtypes: convert one with ops.Convert")
	case in[0].DType == graph.Bool:
		return Type{}, errors.New("cannot order {0}: convert it with ops.Convert")
	case s.Rank() == 0:
		return Type{}, errors.New("want a sorted axis, got {0}")
	case s.Rank() > 1 && (s.Rank() != v.Rank() || s.With(-1+s.Rank(), 0) != v.With(-1+v.Rank(), 0)):
		return Type{}, errors.New("the axes of {0} and {1} differ before the last: want one vector, or a line for each line of values")
	}
	return Type{DType: graph.Int64, Shape: v}, nil
}
func (s searchSorted) Eval(out Tensor, in ...Tensor) {
	switch in[0].DType {
	case graph.Float32:
		searchLines[float32](out, in, s.right)
	case graph.Float64:
		searchLines[float64](out, in, s.right)
	case graph.Int32:
		searchLines[int32](out, in, s.right)
	case graph.Int64:
		searchLines[int64](out, in, s.right)
	}
}

// searchLines is searchSorted for one dtype.
func searchLines[T number](out Tensor, in []Tensor, right bool) {
	y, line, values := graph.Data[int64](out), graph.Data[T](in[0]), graph.Data[T](in[1])
	n := in[0].Shape[len(in[0].Shape)-1]
	per := len(values) // values of a line
	if len(in[0].Shape) > 1 {
		per = in[1].Shape[len(in[1].Shape)-1]
	}
	for i, v := range values {
		s := line[i/per*n:][:n]
		lo, hi := 0, n
		for lo < hi {
			if mid := (lo + hi) / 2; s[mid] > v || s[mid] == v && !right {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
		y[i] = int64(lo)
	}
}
