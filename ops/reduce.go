package ops

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// An axisSet is a set of axes: bit i is axis i. Being comparable, ops may hold it.
type axisSet uint8

func (a axisSet) has(i int) bool { return a>>i&1 == 1 }

// String lists the axes, such as "(0 2)".
func (a axisSet) String() string {
	var list []string
	for i := range graph.MaxRank {
		if a.has(i) {
			list = append(list, fmt.Sprint(i))
		}
	}
	return "(" + strings.Join(list, " ") + ")"
}

// axesOf returns the set of the listed axes of a shape, all of them if none is
// listed; negative ones count from the end.
func axesOf(s Shape, list []int) (a axisSet, err error) {
	if len(list) == 0 {
		return 1<<s.Rank() - 1, nil
	}
	for _, i := range list {
		if i, err = s.Axis(i); err != nil {
			return 0, err
		}
		if a.has(i) {
			return 0, fmt.Errorf("axis %d is listed twice", i)
		}
		a |= 1 << i
	}
	return a, nil
}

// over applies the reduction that op makes for a set of axes.
func over(op func(axisSet) graph.Op, name string, x *Node, list []int) *Node {
	if bad := broken(name, x); bad != nil {
		return bad
	}
	a, err := axesOf(x.Shape(), list)
	if err != nil {
		return graph.Fail(name, []*Node{x}, "%v", err)
	}
	return graph.Apply(op(a), x)
}

// drop returns a shape without the axes, or with their lengths made 1.
func (a axisSet) drop(s Shape) Shape {
	for i := s.Rank() - 1; i >= 0; i-- {
		if a.has(i) {
			s = s.Remove(i)
		}
	}
	return s
}

func (a axisSet) ones(s Shape) Shape {
	for i := range s.Rank() {
		if a.has(i) {
			s = s.With(i, 1)
		}
	}
	return s
}

// restore gives y, reduced over the axes, those axes of x back with length 1.
func (a axisSet) restore(y, x *Node) *Node { return Reshape(y, a.ones(x.Shape()).Dims()...) }

// Keep reduces x over the axes and keeps them, with length 1, so that the
// result broadcasts against x:
//
//	centered := ops.Sub(x, ops.Keep(ops.Mean, x, -1))
func Keep(reduce func(x *Node, axes ...int) *Node, x *Node, axes ...int) *Node {
	y := reduce(x, axes...)
	if y.Err() != nil {
		return y
	}
	a, err := axesOf(x.Shape(), axes)
	if err != nil {
		return graph.Fail("keep", []*Node{x}, "%v", err)
	}
	return a.restore(y, x)
}

// fold visits, for each element of out in order, the elements of x that are
// reduced to it, in order.
func (a axisSet) fold(out, x Tensor, visit func(o, i int)) {
	steps := make([]int, len(x.Shape))
	step := 1
	for i := len(steps) - 1; i >= 0; i-- {
		if !a.has(i) {
			steps[i] = step
			step *= x.Shape[i]
		}
	}
	each(x.Shape, [][]int{steps}, func(i int, at []int) { visit(at[0], i) })
}

// lower reduces floats; integers are added exactly by Eval.
func (a axisSet) lower(b *ir.Builder, op ir.Op, x ir.Ref) (ir.Ref, bool) {
	if !x.DType().Float() {
		return ir.Ref{}, false
	}
	return b.Reduce(op, x, uint(a)), true
}

// Sum adds up x over the axes, or all of it. The sum over an empty axis is 0.
// Floats are added in float64. Its adjoint is [BroadcastTo].
func Sum(x *Node, axes ...int) *Node {
	return over(func(a axisSet) graph.Op { return sum{a} }, "sum", x, axes)
}

type sum struct{ over axisSet }

func (sum) Name() string     { return "sum" }
func (s sum) String() string { return "sum" + s.over.String() }
func (s sum) Doc() graph.Doc {
	return doc("Adds up the elements; each gets the whole gradient.", s.over.formula("y[@kept] = sum_@over(x[@all])"), s.over.formula("x̄[@all] = ȳ[@kept]"))
}
func (s sum) Infer(in ...Type) (Type, error) {
	if in[0].DType == graph.Bool {
		return Type{}, errors.New("cannot sum {0}: convert it with ops.Convert")
	}
	return in[0].Of(s.over.drop(in[0].Shape)), nil
}
func (s sum) Eval(out Tensor, in ...Tensor) {
	if !out.DType.Float() {
		s.over.fold(out, in[0], func(o, i int) { out.SetInt(o, out.Int(o)+in[0].Int(i)) })
		return
	}
	acc := make([]float64, out.Len())
	if x := in[0]; x.DType == graph.Float32 {
		data := graph.Data[float32](x)
		s.over.fold(out, x, func(o, i int) { acc[o] += float64(data[i]) })
	} else {
		data := graph.Data[float64](x)
		s.over.fold(out, x, func(o, i int) { acc[o] += data[i] })
	}
	for o, v := range acc {
		out.Set(o, v)
	}
}
func (s sum) Lower(b *ir.Builder, _ ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return s.over.lower(b, ir.Sum, x[0])
}
func (s sum) VJP(_, ct *Node, x ...*Node) []*Node {
	return one(BroadcastTo(s.over.restore(ct, x[0]), x[0].Shape()))
}
func (s sum) Simplify(x ...*Node) *Node {
	t := x[0].Type().Of(s.over.drop(x[0].Shape()))
	if graph.IsZero(x[0]) {
		return graph.Zeros(t)
	}
	if s.over.ones(x[0].Shape()) == x[0].Shape() {
		return Reshape(x[0], t.Shape.Dims()...)
	}
	return nil
}
func (s sum) Flops(_ Type, in ...Type) Dim { return in[0].Shape.Size() }

// Count returns the number of elements of x that a reduction over the axes
// combines, as a scalar of x's dtype.
func Count(x *Node, axes ...int) *Node {
	return over(func(a axisSet) graph.Op { return counting{a} }, "count", x, axes)
}

type counting struct{ over axisSet }

func (counting) Name() string     { return "count" }
func (c counting) String() string { return "count" + c.over.String() }
func (c counting) Doc() graph.Doc {
	return doc("The number of elements that a reduction combines: what a mean divides by.", c.over.formula("y = sum_@over(1)"), "x̄ = 0")
}
func (counting) Infer(in ...Type) (Type, error) {
	return Type{DType: in[0].DType}, nil
}
func (c counting) Eval(out Tensor, in ...Tensor) {
	n := 1
	for i, d := range in[0].Shape {
		if c.over.has(i) {
			n *= d
		}
	}
	out.SetInt(0, int64(n))
}
func (c counting) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	n := 1
	for i, d := range x[0].Dims {
		if c.over.has(i) {
			n *= d
		}
	}
	return b.Const(out.DType, float64(n)), true
}
func (counting) VJP(_, _ *Node, _ ...*Node) []*Node { return one(nil) }
func (counting) Flops(Type, ...Type) Dim            { return 0 }
func (c counting) Simplify(x ...*Node) *Node {
	n := Dim(1)
	for i, d := range x[0].Shape().Dims() {
		if c.over.has(i) {
			n = n.Mul(d)
		}
	}
	if n.Symbolic() {
		return nil
	}
	return graph.ScalarOf(x[0].DType(), float64(n))
}

// Mean returns the mean of x over the axes, or of all of it; NaN over an empty
// axis.
func Mean(x *Node, axes ...int) *Node {
	if bad := brokenMean("mean", x, axes); bad != nil {
		return bad
	}
	return Div(Sum(x, axes...), Count(x, axes...))
}

// Var returns the variance over the axes, or of all of x: the sum of squared
// distances from the mean, divided by n - 1.
func Var(x *Node, axes ...int) *Node {
	if bad := brokenMean("var", x, axes); bad != nil {
		return bad
	}
	return Div(Sum(Square(Sub(x, Keep(Mean, x, axes...))), axes...), Sub(Count(x, axes...), num(1)))
}

// Std returns the standard deviation, the root of [Var]. Its gradient is 0 where
// all elements are equal.
func Std(x *Node, axes ...int) *Node {
	if bad := brokenMean("std", x, axes); bad != nil {
		return bad
	}
	v := Var(x, axes...)
	zero := Equal(v, num(0))
	return Where(zero, v, Sqrt(Where(zero, num(1), v)))
}

// Max returns the largest element over the axes, or of all of x; NaN if one is
// NaN. Equal largest elements share the gradient. It fails on an empty axis.
func Max(x *Node, axes ...int) *Node {
	return over(func(a axisSet) graph.Op { return maxOver{a} }, "max", x, axes)
}

type maxOver struct{ over axisSet }

func (maxOver) Name() string     { return "max" }
func (m maxOver) String() string { return "max" + m.over.String() }
func (m maxOver) Doc() graph.Doc {
	return doc("The largest element, which gets the gradient; equal ones share it.", m.over.formula("y[@kept] = max_@over(x[@all])"), m.over.formula("x̄[@all] = where(x[@all] == y[@kept], ȳ[@kept]/sum_@over(where(x[@all] == y[@kept], 1, 0)), 0)"))
}
func (m maxOver) Infer(in ...Type) (Type, error) {
	if in[0].DType == graph.Bool {
		return Type{}, errors.New("want numbers, got {0}: use ops.Any")
	}
	for i, d := range in[0].Shape.Dims() {
		if d == 0 && m.over.has(i) {
			return Type{}, fmt.Errorf("{0} has no largest element along axis %d, which is empty", i)
		}
	}
	return in[0].Of(m.over.drop(in[0].Shape)), nil
}
func (m maxOver) Eval(out Tensor, in ...Tensor) {
	x := in[0]
	if x.Len() == 0 && out.Len() > 0 {
		panic(fmt.Errorf("shape %v has no largest element", x.Shape))
	}
	seen := make([]bool, out.Len())
	m.over.fold(out, x, func(o, i int) {
		switch {
		case !seen[o]:
			seen[o] = true
		case x.DType.Float() && !(x.At(i) > out.At(o) || math.IsNaN(x.At(i))),
			x.DType.Int() && x.Int(i) <= out.Int(o):
			return
		}
		if x.DType.Float() {
			out.Set(o, x.At(i))
		} else {
			out.SetInt(o, x.Int(i))
		}
	})
}
func (m maxOver) Lower(b *ir.Builder, _ ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return m.over.lower(b, ir.Max, x[0])
}
func (m maxOver) VJP(y, ct *Node, x ...*Node) []*Node {
	largest := Convert(Equal(x[0], m.over.restore(y, x[0])), x[0].DType())
	share := Div(largest, m.over.restore(graph.Apply(sum(m), largest), x[0]))
	return one(Mul(m.over.restore(ct, x[0]), share))
}
func (m maxOver) Flops(_ Type, in ...Type) Dim { return in[0].Shape.Size() }

// Min returns the smallest element over the axes, or of all of x, like [Max].
func Min(x *Node, axes ...int) *Node {
	if bad := brokenAxis("min", x, axes...); bad != nil {
		return bad
	}
	return mirror(Max(mirror(x), axes...))
}

// mirror reverses the order of numbers: it returns -x, or -1-x of integers,
// which unlike -x never overflows.
func mirror(x *Node) *Node {
	if x != nil && x.DType().Int() {
		return Sub(num(-1), x)
	}
	return Neg(x)
}

// Prod multiplies x over the axes, or all of it. The product over an empty
// axis is 1. Its gradients of any order are right where elements are 0.
func Prod(x *Node, axes ...int) *Node {
	return over(func(a axisSet) graph.Op { return prod{a} }, "prod", x, axes)
}

type prod struct{ over axisSet }

func (prod) Name() string     { return "prod" }
func (p prod) String() string { return "prod" + p.over.String() }
func (p prod) Doc() graph.Doc {
	return doc("Multiplies the elements; each gets the product of the others.", p.over.formula("y[@kept] = prod_@over(x[@all])"), p.over.formula("x̄[@all] = ȳ[@kept]*y[@kept]/x[@all]"))
}
func (p prod) Infer(in ...Type) (Type, error) {
	if in[0].DType == graph.Bool {
		return Type{}, errors.New("want numbers, got {0}: use ops.All")
	}
	return in[0].Of(p.over.drop(in[0].Shape)), nil
}
func (p prod) Eval(out Tensor, in ...Tensor) {
	x := in[0]
	if !x.DType.Float() {
		for o := range out.Len() {
			out.SetInt(o, 1)
		}
		p.over.fold(out, x, func(o, i int) { out.SetInt(o, out.Int(o)*x.Int(i)) })
		return
	}
	acc := make([]float64, out.Len())
	for o := range acc {
		acc[o] = 1
	}
	p.over.fold(out, x, func(o, i int) { acc[o] *= x.At(i) })
	for o, v := range acc {
		out.Set(o, v)
	}
}

func (p prod) Lower(b *ir.Builder, _ ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return p.over.lower(b, ir.Prod, x[0])
}

// VJP multiplies the elements before and those after each one, so that it
// needs no division. The reduced axes are moved to the end and made one.
func (p prod) VJP(_, ct *Node, x ...*Node) []*Node {
	if !x[0].DType().Float() {
		return one(nil)
	}
	var perm, back, last []int
	shape, n := x[0].Shape(), Dim(1)
	for i := range shape.Rank() {
		if p.over.has(i) {
			last = append(last, i)
			n = n.Mul(shape.Dim(i))
		} else {
			perm = append(perm, i)
		}
	}
	perm = append(perm, last...)
	back = make([]int, len(perm))
	for i, j := range perm {
		back[j] = i
	}
	moved := permute(x[0], perm)
	line := Reshape(moved, append(ct.Shape().Dims(), n)...)
	ax := line.Shape().Rank() - 1
	before := Shift(CumProd(line, ax), 1, ax, 1)
	after := Flip(Shift(CumProd(Flip(line, ax), ax), 1, ax, 1), ax)
	others := permute(Reshape(Mul(before, after), moved.Shape().Dims()...), back)
	return one(Mul(p.over.restore(ct, x[0]), others))
}
func (p prod) Flops(_ Type, in ...Type) Dim { return in[0].Shape.Size() }

// LogSumExp returns log Σ exp x over the axes, or over all of x, computed after
// subtracting the maximum so that it never overflows. Its gradient is softmax.
func LogSumExp(x *Node, axes ...int) *Node {
	if bad := brokenMean("logsumexp", x, axes); bad != nil {
		return bad
	}
	m := StopGradient(Keep(Max, x, axes...))
	finite := Less(Abs(m), num(math.Inf(1)))
	m = Where(finite, m, num(0)) // a line of -Inf would give NaN
	a, _ := axesOf(x.Shape(), axes)
	return Add(Log(Sum(Exp(Sub(x, m)), axes...)), Reshape(m, a.drop(x.Shape()).Dims()...))
}

// Norm returns the Euclidean norm over the axes, or of all of x. Its gradient
// at 0 is 0.
func Norm(x *Node, axes ...int) *Node {
	if bad := brokenMean("norm", x, axes); bad != nil {
		return bad
	}
	return NormP(x, 2, axes...)
}

// NormP returns the p-norm (Σ|x|^p)^(1/p) over the axes, or of all of x. For p
// = 0 it counts the elements that are not 0, for p = ±Inf it is the largest or
// smallest |x|. Where the norm is 0 its gradient is 0.
func NormP(x *Node, p float64, axes ...int) *Node {
	if bad := brokenAxis("norm", x, axes...); bad != nil {
		return bad
	}
	a := Abs(x)
	switch {
	case p == 0:
		return Sum(Convert(NotEqual(x, num(0)), x.DType()), axes...)
	case p == 1:
		return Sum(a, axes...)
	case math.IsInf(p, 1):
		return Max(a, axes...)
	case math.IsInf(p, -1):
		return Min(a, axes...)
	case p == 2:
		s := Sum(Square(x), axes...)
		zero := Equal(s, num(0))
		return Where(zero, num(0), Sqrt(Where(zero, num(1), s)))
	}
	none := Equal(a, num(0)) // the powers have no slope there, or an infinite one
	powers := Where(none, num(math.Pow(0, p)), Pow(Where(none, num(1), a), num(p)))
	s := Sum(powers, axes...)
	zero := Equal(s, num(0))
	return Where(zero, num(0), Pow(Where(zero, num(1), s), num(1/p)))
}

// Any returns whether an element over the axes, or one of all, is true; false
// over an empty axis.
func Any(x *Node, axes ...int) *Node {
	return over(func(a axisSet) graph.Op { return anyOver{over: a} }, "any", x, axes)
}

type anyOver struct {
	flat
	over axisSet
}

func (anyOver) Name() string     { return "any" }
func (a anyOver) String() string { return "any" + a.over.String() }
func (a anyOver) Doc() graph.Doc {
	return doc("Tells whether at least one element is true; a mask has no gradient.", a.over.formula("y[@kept] = max_@over(x[@all])"), "x̄ = 0")
}
func (a anyOver) Infer(in ...Type) (Type, error) {
	if in[0].DType != graph.Bool {
		return Type{}, errors.New("want Bool, got {0}: compare it with something")
	}
	return in[0].Of(a.over.drop(in[0].Shape)), nil
}
func (a anyOver) Eval(out Tensor, in ...Tensor) {
	x, y := graph.Data[bool](in[0]), graph.Data[bool](out)
	a.over.fold(out, in[0], func(o, i int) { y[o] = y[o] || x[i] })
}

func (a anyOver) Lower(b *ir.Builder, _ ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return b.Reduce(ir.Max, x[0], uint(a.over)), true
}

// All returns whether all elements over the axes, or all of x, are true; true
// over an empty axis.
func All(x *Node, axes ...int) *Node {
	if bad := brokenAxis("all", x, axes...); bad != nil {
		return bad
	}
	return Not(Any(Not(x), axes...))
}

// ArgMax returns the Int64 place along the axis of the first largest element,
// or of the first NaN if there is one. It fails on an empty axis.
func ArgMax(x *Node, axis int) *Node {
	return along("argmax", x, axis, func(i int) graph.Op { return argMax{axis: i} })
}

// along applies an op that works along one axis.
func along(name string, x *Node, axis int, op func(axis int) graph.Op) *Node {
	if bad := broken(name, x); bad != nil {
		return bad
	}
	i, err := x.Shape().Axis(axis)
	if err != nil {
		return graph.Fail(name, []*Node{x}, "%v", err)
	}
	return graph.Apply(op(i), x)
}

type argMax struct {
	flat
	axis int
}

func (argMax) Name() string     { return "argmax" }
func (a argMax) String() string { return fmt.Sprintf("argmax(%d)", a.axis) }
func (a argMax) Doc() graph.Doc {
	return doc("The place of the largest element along an axis, such as the most likely class; places have no gradient.", onAxis("y[@...] = argmax_p(x[@p, ...])", a.axis), "x̄ = 0")
}
func (a argMax) Infer(in ...Type) (Type, error) {
	if in[0].Dim(a.axis) == 0 {
		return Type{}, fmt.Errorf("{0} has no largest element along axis %d, which is empty", a.axis)
	}
	return Type{DType: graph.Int64, Shape: in[0].Shape.Remove(a.axis)}, nil
}
func (a argMax) Eval(out Tensor, in ...Tensor) {
	outer, n, inner := lines(in[0].Shape, a.axis)
	if n == 0 && out.Len() > 0 {
		panic(fmt.Errorf("shape %v has no largest element along axis %d", in[0].Shape, a.axis))
	}
	y := graph.Data[int64](out)
	switch in[0].DType {
	case graph.Float32:
		largest(y, graph.Data[float32](in[0]), outer, n, inner)
	case graph.Float64:
		largest(y, graph.Data[float64](in[0]), outer, n, inner)
	case graph.Int32:
		largest(y, graph.Data[int32](in[0]), outer, n, inner)
	case graph.Int64:
		largest(y, graph.Data[int64](in[0]), outer, n, inner)
	case graph.Bool:
		x := make([]int32, in[0].Len())
		for i := range x {
			x[i] = int32(in[0].Int(i))
		}
		largest(y, x, outer, n, inner)
	}
}

// Rowwise is whether the lines do not cross the first axis.
func (a argMax) Rowwise() bool { return a.axis > 0 }

// largest sets y to the places of the first largest elements of lines, or of
// their first NaN.
func largest[T number](y []int64, x []T, outer, n, inner int) {
	for o := range outer {
		for i := range inner {
			best, at := 0, o*n*inner+i
			top := x[at]
			for j := 1; j < n; j++ {
				at += inner
				if v := x[at]; !(v <= top) && (v > top || v != v && top == top) { // rarely: one comparison tells
					best, top = j, v
				}
			}
			y[o*inner+i] = int64(best)
		}
	}
}

// ArgMin returns the Int64 place along the axis of the first smallest element,
// or of the first NaN if there is one. It fails on an empty axis.
func ArgMin(x *Node, axis int) *Node {
	if bad := brokenAxis("argmin", x, axis); bad != nil {
		return bad
	}
	return ArgMax(mirror(x), axis)
}
