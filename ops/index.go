package ops

import (
	"errors"
	"fmt"
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// Iota returns the numbers 0, 1, 2 ... along the axis of a value of the given
// dtype and shape, equal along the others.
func Iota(d DType, shape Shape, axis int) *Node {
	i, err := shape.Axis(axis)
	if err != nil {
		return graph.Fail("iota", nil, "%v", err)
	}
	return iota(d, shape, i)
}

func iota(d DType, shape Shape, axis int) *Node {
	return graph.Apply(iotaOp{Type{DType: d, Shape: shape}, axis})
}

type iotaOp struct {
	typ  Type
	axis int
}

func (iotaOp) Name() string     { return "iota" }
func (o iotaOp) String() string { return fmt.Sprintf("iota(%d)", o.axis) }
func (o iotaOp) Doc() graph.Doc {
	return doc("Counts 0, 1, 2 ... along an axis.", onAxis("y[@p, ...] = p", o.axis), "")
}
func (o iotaOp) Infer(...Type) (Type, error) {
	if o.typ.DType == graph.Bool {
		return Type{}, errors.New("cannot count in Bool: want integers or floats")
	}
	return o.typ, nil
}
func (iotaOp) VJP(_, _ *Node, _ ...*Node) []*Node { return nil }
func (o iotaOp) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	n := b.Iota(out.DType, out.Dims[o.axis])
	rest := make([]int, len(out.Dims)-1-o.axis)
	return ir.Broadcast(ir.NewRef(n.V, append(slices.Clone(n.Dims), slices.Repeat([]int{1}, len(rest))...), append(slices.Clone(n.Steps), rest...), n.Off), out.Dims), true
}
func (o iotaOp) Eval(out Tensor, _ ...Tensor) {
	outer, n, inner := lines(out.Shape, o.axis)
	for i := range outer * n * inner {
		out.SetInt(i, int64(i/inner%n))
	}
}

// errIndex says what an index must be.
var errIndex = errors.New("the indices {1} must be Int32 or Int64: convert them with ops.Convert")

// checkIndex makes the run fail on an index outside of an axis; negative ones
// count from its end.
func checkIndex(i int64, n int) int {
	at := i
	if i < 0 {
		at += int64(n)
	}
	if at < 0 || at >= int64(n) {
		panic(fmt.Errorf("index %d is outside of an axis of length %d", i, n))
	}
	return int(at)
}

// Take returns the elements of x at the given places of the axis: the axes of
// indices stand where that axis was. Negative indices count from the end; one
// outside of the axis makes the run fail. An embedding is Take(table, ids, 0).
//
//	x [a n b], indices [i j] -> [a i j b] along axis 1
//
// Its adjoint is scatter-add: equal indices add up.
func Take(x, indices *Node, axis int) *Node {
	if bad := broken("take", x, indices); bad != nil {
		return bad
	}
	i, err := x.Shape().Axis(axis)
	if err != nil {
		return graph.Fail("take", []*Node{x, indices}, "%v", err)
	}
	return graph.Apply(take{i}, x, indices)
}

type take struct{ axis int }

func (take) Name() string     { return "take" }
func (t take) String() string { return fmt.Sprintf("take(%d)", t.axis) }
func (t take) Doc() graph.Doc {
	return doc("Picks slices by their number along an axis: an embedding is a row of a table for each word.", onAxis("y[@p, ...] = a[@b[p], ...]", t.axis), onAxis("ā[@q, ...] = sum_p(where(b[p] == q, ȳ[@p, ...], 0)); b̄ = 0", t.axis))
}
func (t take) Infer(in ...Type) (Type, error) {
	if !in[1].DType.Int() {
		return Type{}, errIndex
	}
	x := in[0].Shape.Dims()
	dims := append(append(x[:t.axis:t.axis], in[1].Shape.Dims()...), x[t.axis+1:]...)
	return in[0].Of(graph.Of(dims...)), nil
}
func (t take) Eval(out Tensor, in ...Tensor) {
	switch out.DType {
	case graph.Float32:
		takeElems[float32](out, in, t.axis)
	case graph.Float64:
		takeElems[float64](out, in, t.axis)
	case graph.Int32:
		takeElems[int32](out, in, t.axis)
	case graph.Int64:
		takeElems[int64](out, in, t.axis)
	case graph.Bool:
		takeElems[bool](out, in, t.axis)
	}
}

// takeElems is take for one dtype.
func takeElems[T graph.Elem](out Tensor, in []Tensor, axis int) {
	y, x := graph.Data[T](out), graph.Data[T](in[0])
	outer, n, inner := lines(in[0].Shape, axis)
	for o := range outer {
		for k := range in[1].Len() {
			from, to := (o*n+checkIndex(in[1].Int(k), n))*inner, (o*in[1].Len()+k)*inner
			if inner == 1 {
				y[to] = x[from]
			} else {
				copy(y[to:to+inner], x[from:from+inner])
			}
		}
	}
}
func (t take) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{graph.Apply(untake{t.axis, x[0].Shape()}, ct, x[1]), nil}
}
func (take) Flops(Type, ...Type) Dim { return 0 }

// untake adds each slice of its operand to the place that its index says, of
// zeros of the given shape: the adjoint of take.
type untake struct {
	axis  int
	shape Shape
}

func (untake) Name() string     { return "untake" }
func (u untake) String() string { return fmt.Sprintf("untake(%d)", u.axis) }
func (u untake) Doc() graph.Doc {
	return doc("Adds slices to the places that their numbers say: the gradient of picking them.", onAxis("y[@q, ...] = sum_p(where(b[p] == q, a[@p, ...], 0))", u.axis), onAxis("ā[@p, ...] = ȳ[@b[p], ...]; b̄ = 0", u.axis))
}
func (u untake) Infer(in ...Type) (Type, error) {
	return Type{DType: in[0].DType, Shape: u.shape}, nil
}
func (u untake) Eval(out Tensor, in ...Tensor) {
	switch out.DType {
	case graph.Float32:
		untakeElems[float32](out, in, u.axis)
	case graph.Float64:
		untakeElems[float64](out, in, u.axis)
	case graph.Int32:
		untakeElems[int32](out, in, u.axis)
	case graph.Int64:
		untakeElems[int64](out, in, u.axis)
	}
}

// untakeElems is untake for one dtype.
func untakeElems[T number](out Tensor, in []Tensor, axis int) {
	y, x := graph.Data[T](out), graph.Data[T](in[0])
	outer, n, inner := lines(out.Shape, axis)
	for o := range outer {
		for k := range in[1].Len() {
			to, from := (o*n+checkIndex(in[1].Int(k), n))*inner, (o*in[1].Len()+k)*inner
			sums, v := y[to:to+inner], x[from:from+inner]
			for i := range sums {
				sums[i] += v[i]
			}
		}
	}
}

func (u untake) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{Take(ct, x[1], u.axis), nil}
}

// TakeAlongAxis returns, at each place of indices, the element of x at that
// place but with its position along the axis replaced by the index. The other
// axes broadcast. Negative indices count from the end; one outside of the axis
// makes the run fail. It picks the logit of each row's class, or sorts by an
// order.
//
//	x [m n], indices [m k] -> [m k] along axis 1
func TakeAlongAxis(x, indices *Node, axis int) *Node {
	if bad := broken("takealong", x, indices); bad != nil {
		return bad
	}
	operands := []*Node{x, indices}
	i, err := x.Shape().Axis(axis)
	if err != nil {
		return graph.Fail("takealong", operands, "%v", err)
	}
	if x.Shape().Rank() != indices.Shape().Rank() {
		return graph.Fail("takealong", operands, "{0} and the indices {1} have different ranks")
	}
	n, k := x.Shape().Dim(i), indices.Shape().Dim(i)
	s, err := graph.Broadcast(x.Shape().With(i, 1), indices.Shape().With(i, 1))
	if err != nil {
		return graph.Fail("takealong", operands, "{0} and the indices {1} do not broadcast: %v", err)
	}
	return graph.Apply(takeAlong{i}, BroadcastTo(x, s.With(i, n)), BroadcastTo(indices, s.With(i, k)))
}

type takeAlong struct{ axis int }

func (takeAlong) Name() string     { return "takealong" }
func (t takeAlong) String() string { return fmt.Sprintf("takealong(%d)", t.axis) }
func (t takeAlong) Doc() graph.Doc {
	return doc("Picks elements by their number within each line of an axis: the logit of each row's class.", onAxis("y[@p, ...] = a[@b[@p, ...], ...]", t.axis), onAxis("ā[@q, ...] = sum_p(where(b[@p, ...] == q, ȳ[@p, ...], 0)); b̄ = 0", t.axis))
}
func (t takeAlong) Infer(in ...Type) (Type, error) {
	if !in[1].DType.Int() {
		return Type{}, errIndex
	}
	return in[0].Of(in[1].Shape), nil
}
func (t takeAlong) Eval(out Tensor, in ...Tensor) {
	switch out.DType {
	case graph.Float32:
		takeAlongElems[float32](out, in, t.axis)
	case graph.Float64:
		takeAlongElems[float64](out, in, t.axis)
	case graph.Int32:
		takeAlongElems[int32](out, in, t.axis)
	case graph.Int64:
		takeAlongElems[int64](out, in, t.axis)
	case graph.Bool:
		takeAlongElems[bool](out, in, t.axis)
	}
}

// takeAlongElems is takeAlong for one dtype.
func takeAlongElems[T graph.Elem](out Tensor, in []Tensor, axis int) {
	y, x := graph.Data[T](out), graph.Data[T](in[0])
	if axis != len(out.Shape)-1 || in[1].DType != graph.Int64 {
		scan(in[0].Shape, in[1], axis, func(i, at int) { y[i] = x[at] })
		return
	}
	indices, n, k := graph.Data[int64](in[1]), in[0].Shape[axis], out.Shape[axis]
	for o := range size(out.Shape[:axis]) {
		line, to := x[o*n:(o+1)*n], y[o*k:(o+1)*k]
		for i, j := range indices[o*k : (o+1)*k] {
			if uint64(j) >= uint64(n) { // rarely: the check is a call
				j = int64(checkIndex(j, n))
			}
			to[i] = line[j]
		}
	}
}

// Rowwise is whether the lines do not cross the first axis.
func (t takeAlong) Rowwise() bool { return t.axis > 0 }

// scan visits the elements of an index tensor with the place in a tensor of
// the given shape that each one points to along the axis.
func scan(shape []int, indices Tensor, axis int, visit func(i, at int)) {
	steps := dense(shape)
	step, n := steps[axis], shape[axis]
	steps[axis] = 0
	runs(indices.Shape, steps, func(i, at, count, each int) {
		for k := range count {
			visit(i+k, at+k*each+step*checkIndex(indices.Int(i+k), n))
		}
	})
}
func (t takeAlong) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	last := len(out.Dims) - 1
	if t.axis != last || out.Dims[last] != 1 || !out.DType.Float() {
		return ir.Ref{}, false
	}
	return b.Reshape(b.Pick(x[0], b.Reshape(x[1], out.Dims[:last])), out.Dims), true
}
func (t takeAlong) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{graph.Apply(untakeAlong{t.axis, x[0].Shape()}, ct, x[1]), nil}
}
func (takeAlong) Flops(Type, ...Type) Dim { return 0 }

// untakeAlong adds each element to the place that its index says, of zeros of
// the given type: the adjoint of takeAlong. The operands may be shorter than
// that along the other axes.
type untakeAlong struct {
	axis  int
	shape Shape
}

func (untakeAlong) Name() string     { return "untakealong" }
func (u untakeAlong) String() string { return fmt.Sprintf("untakealong(%d)", u.axis) }
func (u untakeAlong) Doc() graph.Doc {
	return doc("Adds elements to the places that their numbers say within each line: the gradient of picking them.", onAxis("y[@q, ...] = sum_p(where(b[@p, ...] == q, a[@p, ...], 0))", u.axis), onAxis("ā[@p, ...] = ȳ[@b[@p, ...], ...]; b̄ = 0", u.axis))
}
func (u untakeAlong) Infer(in ...Type) (Type, error) {
	return Type{DType: in[0].DType, Shape: u.shape}, nil
}
func (u untakeAlong) Eval(out Tensor, in ...Tensor) {
	switch out.DType {
	case graph.Float32:
		untakeAlongElems[float32](out, in, u.axis)
	case graph.Float64:
		untakeAlongElems[float64](out, in, u.axis)
	case graph.Int32:
		untakeAlongElems[int32](out, in, u.axis)
	case graph.Int64:
		untakeAlongElems[int64](out, in, u.axis)
	}
}

// untakeAlongElems is untakeAlong for one dtype.
func untakeAlongElems[T number](out Tensor, in []Tensor, axis int) {
	y, x := graph.Data[T](out), graph.Data[T](in[0])
	scan(out.Shape, in[1], axis, func(i, at int) { y[at] += x[i] })
}

// Rowwise is whether the lines do not cross the first axis.
func (u untakeAlong) Rowwise() bool { return u.axis > 0 }

// Lower compares each place of the row with the index, of which there is one.
func (u untakeAlong) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	last, n := len(out.Dims)-1, 0
	if last >= 0 {
		n = out.Dims[last]
	}
	if u.axis != last || x[1].Dims[last] != 1 || n > 1<<24 || !out.DType.Float() || !slices.Equal(x[1].Dims[:last], out.Dims[:last]) {
		return ir.Ref{}, false
	}
	here, _ := b.Map(ir.Equal, b.Iota(ir.F32, n), b.Index(x[1], n))
	return b.Map(ir.Where, here, x[0], b.Const(out.DType, 0))
}
func (u untakeAlong) VJP(_, ct *Node, x ...*Node) []*Node {
	for i, d := range x[1].Shape().Dims() {
		if i != u.axis && d != ct.Shape().Dim(i) {
			ct = Slice(ct, i, 0, int(d), 1)
		}
	}
	return []*Node{TakeAlongAxis(ct, x[1], u.axis), nil}
}

// ScatterAdd returns x with the elements of v added at the places that indices
// gives along the axis; equal places add up. v and indices have one shape,
// which may be shorter than x along the other axes if those are known. An
// index outside of the axis makes the run fail.
func ScatterAdd(x, indices, v *Node, axis int) *Node {
	if bad := checkScatter("scatteradd", x, indices, v, axis); bad != nil {
		return bad
	}
	i, _ := x.Shape().Axis(axis)
	return Add(x, graph.Apply(untakeAlong{i, x.Shape()}, v, indices))
}

// OneHot returns, for each integer i of x, a row of n numbers of the given
// dtype: 1 at place i and 0 elsewhere; all 0 if i is outside of [0, n).
//
//	x [...] -> [... n]
func OneHot(x *Node, n Dim, d DType) *Node {
	if bad := broken("onehot", x); bad != nil {
		return bad
	}
	if !x.DType().Int() {
		return graph.Fail("onehot", []*Node{x}, "want integers, got {0}: convert it with ops.Convert")
	}
	wide := Expand(x, -1)
	return Convert(Equal(wide, iota(x.DType(), graph.Of(n), 0)), d)
}

// Diag returns the k-th diagonal of a matrix, above the main one for k > 0,
// below for k < 0; or of a vector the square matrix with it as the k-th
// diagonal. The lengths must be known for a k other than 0, and for a matrix that
// is not square.
func Diag(x *Node, k int) *Node {
	if bad := broken("diag", x); bad != nil {
		return bad
	}
	s := x.Shape()
	switch {
	case s.Rank() == 1:
		n := s.Dim(0).Add(Dim(max(k, -k)))
		on := diagonal(graph.Of(n, n), k)
		var wide *Node // a row each above the main diagonal, a column each below
		if k >= 0 {
			wide = Expand(Pad(x, 0, 0, k, 0), 1)
		} else {
			wide = Expand(Pad(x, 0, 0, -k, 0), 0)
		}
		return Where(on, wide, num(0))
	case s.Rank() != 2:
		return graph.Fail("diag", []*Node{x}, "want a vector or a matrix, got {0}")
	}
	rows, columns := s.Dim(0), s.Dim(1)
	if rows == columns && k == 0 {
		return Sum(Where(diagonal(s, 0), x, num(0)), 1)
	}
	if rows < 0 || columns < 0 {
		return graph.Fail("diag", []*Node{x}, "the lengths of {0} are not known")
	}
	n := max(0, min(rows, columns-Dim(k)))
	if k < 0 {
		n = max(0, min(rows+Dim(k), columns))
	}
	line := Sum(Where(diagonal(s, k), x, num(0)), 1)
	from := max(0, -k)
	return Slice(line, 0, from, from+int(n), 1)
}

// DiagEmbed returns matrices with the last axis of x as their k-th diagonal,
// above the main one for k > 0, below for k < 0.
//
//	x [... n] -> [... n+|k| n+|k|]
func DiagEmbed(x *Node, k int) *Node {
	if bad := brokenAxis("diagembed", x, -1); bad != nil {
		return bad
	}
	if x.Shape().Rank() == graph.MaxRank {
		return graph.Fail("diagembed", []*Node{x}, "{0} cannot have one more axis")
	}
	n := x.Shape().Dim(-1).Add(Dim(max(k, -k)))
	row := Expand(Pad(x, -1, max(-k, 0), max(k, 0), 0), -1) // a value each row
	return Where(diagonal(graph.Of(n, n), k), row, graph.ScalarOf(x.DType(), 0))
}

// diagonal returns where column - row = k.
func diagonal(s Shape, k int) *Node {
	row, column := iota(graph.Int64, s, 0), iota(graph.Int64, s, 1)
	return Equal(column, Add(row, num(float64(k))))
}

// Tril returns x with 0 above the k-th diagonal of its last two axes.
func Tril(x *Node, k int) *Node {
	return triangle("tril", x, func(row, column *Node) *Node { return LessEqual(column, Add(row, num(float64(k)))) })
}

// Triu returns x with 0 below the k-th diagonal of its last two axes.
func Triu(x *Node, k int) *Node {
	return triangle("triu", x, func(row, column *Node) *Node { return GreaterEqual(column, Add(row, num(float64(k)))) })
}

func triangle(name string, x *Node, keep func(row, column *Node) *Node) *Node {
	if bad := broken(name, x); bad != nil {
		return bad
	}
	if x.Shape().Rank() < 2 {
		return graph.Fail(name, []*Node{x}, "want a matrix, got {0}")
	}
	s := graph.Of(x.Shape().Dim(-2), x.Shape().Dim(-1))
	return Where(keep(iota(graph.Int64, s, 0), iota(graph.Int64, s, 1)), x, num(0))
}
