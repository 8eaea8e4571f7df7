package ops

import (
	"errors"
	"fmt"
	"math"

	"github.com/adjointml/adjoint/graph"
)

// CumSum returns the sums of the elements up to each place of the axis, itself
// included. Its adjoint is the same from the other end.
func CumSum(x *Node, axis int) *Node {
	return along("cumsum", x, axis, func(i int) graph.Op { return cumSum{i} })
}

type cumSum struct{ axis int }

func (cumSum) Name() string     { return "cumsum" }
func (c cumSum) String() string { return fmt.Sprintf("cumsum(%d)", c.axis) }
func (c cumSum) Doc() graph.Doc {
	return doc("The running total along an axis.", onAxis("y[@p, ...] = sum_q(where(q <= p, x[@q, ...], 0))", c.axis), onAxis("x̄[@q, ...] = sum_p(where(p >= q, ȳ[@p, ...], 0))", c.axis))
}
func (cumSum) Infer(in ...Type) (Type, error) {
	return numbers{}.Infer(in...)
}
func (c cumSum) Eval(out Tensor, in ...Tensor) {
	switch out.DType {
	case graph.Float32:
		cumulate[float32, float64](out, in[0], c.axis)
	case graph.Float64:
		cumulate[float64, float64](out, in[0], c.axis)
	case graph.Int32:
		cumulate[int32, int64](out, in[0], c.axis)
	case graph.Int64:
		cumulate[int64, int64](out, in[0], c.axis)
	}
}

// cumulate adds up along an axis in numbers of type A, which are wider.
func cumulate[T number, A number](out, in Tensor, axis int) {
	y, x := graph.Data[T](out), graph.Data[T](in)
	outer, n, inner := lines(out.Shape, axis)
	if inner == 1 {
		for o := range outer {
			var sum A
			to := y[o*n : (o+1)*n]
			for j, v := range x[o*n : (o+1)*n] {
				sum += A(v)
				to[j] = T(sum)
			}
		}
		return
	}
	sums := make([]A, inner)
	for o := range outer {
		clear(sums)
		for j := range n {
			at := (o*n + j) * inner
			to := y[at : at+inner]
			for i, v := range x[at : at+inner] {
				sums[i] += A(v)
				to[i] = T(sums[i])
			}
		}
	}
}

// A number is the Go type of an element that can be added.
type number interface {
	float32 | float64 | int32 | int64
}

// Rowwise is whether the lines do not cross the first axis.
func (c cumSum) Rowwise() bool { return c.axis > 0 }
func (c cumSum) VJP(_, ct *Node, _ ...*Node) []*Node {
	return one(Flip(graph.Apply(c, Flip(ct, c.axis)), c.axis))
}

// CumProd returns the products of the elements up to each place of the axis,
// itself included. Its gradients of any order are right where elements are 0.
func CumProd(x *Node, axis int) *Node {
	if bad := broken("cumprod", x); bad != nil {
		return bad
	}
	i, err := x.Shape().Axis(axis)
	if err != nil {
		return graph.Fail("cumprod", []*Node{x}, "%v", err)
	}
	// y₀ = x₀ and yⱼ = xⱼ·yⱼ₋₁
	first := Less(iota(graph.Int64, x.Shape(), i), num(1))
	return Recurrence(x, Where(first, x, num(0)), i)
}

// Recurrence returns y with y₀ = b₀ and yⱼ = aⱼ·yⱼ₋₁ + bⱼ along the axis: a
// running total with decay, a discounted return, a linear state-space layer.
// a₀ does not matter. The operands broadcast.
func Recurrence(a, b *Node, axis int) *Node {
	if bad := broken("recurrence", a, b); bad != nil {
		return bad
	}
	a, b = graph.As(b.DType(), a), graph.As(a.DType(), b)
	s, err := graph.Broadcast(a.Shape(), b.Shape())
	if err != nil {
		return graph.Fail("recurrence", []*Node{a, b}, "{0} and {1} do not broadcast: %v", err)
	}
	i, err := s.Axis(axis)
	if err != nil {
		return graph.Fail("recurrence", []*Node{a, b}, "%v", err)
	}
	return graph.Apply(recurrence{i}, BroadcastTo(a, s), BroadcastTo(b, s))
}

type recurrence struct{ axis int }

func (recurrence) Name() string     { return "recurrence" }
func (r recurrence) String() string { return fmt.Sprintf("recurrence(%d)", r.axis) }
func (r recurrence) Doc() graph.Doc {
	return doc("A running total along an axis, of which each step keeps a share: discounted returns, linear state-space layers.", onAxis("y[@p, ...] = a[@p, ...]*y[@p - 1, ...] + b[@p, ...]", r.axis), onAxis("ā[@p, ...] = b̄[@p, ...]*y[@p - 1, ...]; b̄[@p, ...] = ȳ[@p, ...] + a[@p + 1, ...]*b̄[@p + 1, ...]", r.axis))
}
func (recurrence) Infer(in ...Type) (Type, error) {
	t, err := floats{}.Infer(in...)
	if err == nil && in[0] != in[1] {
		err = errors.New("{0} and {1} differ")
	}
	return t, err
}
func (r recurrence) Eval(out Tensor, in ...Tensor) {
	if out.DType == graph.Float32 {
		recur[float32](out, in, r.axis)
	} else {
		recur[float64](out, in, r.axis)
	}
}

// recur is recurrence for one dtype.
func recur[T float32 | float64](out Tensor, in []Tensor, axis int) {
	y, a, b := graph.Data[T](out), graph.Data[T](in[0]), graph.Data[T](in[1])
	outer, n, inner := lines(out.Shape, axis)
	if n == 0 {
		return
	}
	last := make([]float64, inner)
	for o := range outer {
		for i, v := range b[o*n*inner:][:inner] {
			last[i] = float64(v)
			y[o*n*inner+i] = v
		}
		for j := 1; j < n; j++ {
			at := (o*n + j) * inner
			to, b := y[at:at+inner], b[at:at+inner]
			for i, v := range a[at : at+inner] {
				last[i] = float64(float64(v)*last[i]) + float64(b[i])
				to[i] = T(last[i])
			}
		}
	}
}

// Rowwise is whether the lines do not cross the first axis.
func (r recurrence) Rowwise() bool { return r.axis > 0 }

// VJP: the cotangent of b runs backward, cⱼ = ctⱼ + aⱼ₊₁·cⱼ₊₁, and that of aⱼ
// is cⱼ·yⱼ₋₁.
func (r recurrence) VJP(y, ct *Node, x ...*Node) []*Node {
	next := Shift(x[0], -1, r.axis, 0)
	c := Flip(graph.Apply(r, Flip(next, r.axis), Flip(ct, r.axis)), r.axis)
	return []*Node{Mul(c, Shift(y, 1, r.axis, 0)), c}
}
func (recurrence) Flops(out Type, _ ...Type) Dim { return out.Shape.Size().Mul(2) }

// CumMax returns the largest elements up to each place of the axis, itself
// included, and their Int64 places: of equal ones the last, and the last NaN
// once there was one, as in PyTorch.
func CumMax(x *Node, axis int) (values, places *Node) {
	places = along("cummax", x, axis, func(i int) graph.Op { return argCumMax{axis: i} })
	return TakeAlongAxis(x, places, axis), places
}

// CumMin returns the smallest elements up to each place of the axis and their
// places, like [CumMax].
func CumMin(x *Node, axis int) (values, places *Node) {
	if bad := brokenAxis("cummin", x, axis); bad != nil {
		return bad, bad
	}
	_, places = CumMax(mirror(x), axis)
	return TakeAlongAxis(x, places, axis), places
}

type argCumMax struct {
	flat
	axis int
}

func (argCumMax) Name() string     { return "argcummax" }
func (a argCumMax) String() string { return fmt.Sprintf("argcummax(%d)", a.axis) }
func (a argCumMax) Doc() graph.Doc {
	return doc("The place of the largest element so far along an axis; places have no gradient.", onAxis("y[@p, ...] = argmax_q(where(q <= p, x[@q, ...], -inf))", a.axis), "x̄ = 0")
}
func (argCumMax) Infer(in ...Type) (Type, error) {
	t, err := numbers{}.Infer(in...)
	return Type{DType: graph.Int64, Shape: t.Shape}, err
}

// Rowwise is whether the lines do not cross the first axis.
func (a argCumMax) Rowwise() bool { return a.axis > 0 }
func (a argCumMax) Eval(out Tensor, in ...Tensor) {
	switch in[0].DType {
	case graph.Float32:
		leaders[float32](out, in[0], a.axis)
	case graph.Float64:
		leaders[float64](out, in[0], a.axis)
	case graph.Int32:
		leaders[int32](out, in[0], a.axis)
	case graph.Int64:
		leaders[int64](out, in[0], a.axis)
	}
}

// leaders is argCumMax for one dtype.
func leaders[T number](out, in Tensor, axis int) {
	y, x := graph.Data[int64](out), graph.Data[T](in)
	outer, n, inner := lines(out.Shape, axis)
	if inner == 1 {
		for o := range outer {
			if n > 0 {
				leaderLine(y[o*n:(o+1)*n], x[o*n:(o+1)*n])
			}
		}
		return
	}
	for o := range outer {
		for j := range n {
			at := (o*n + j) * inner
			if j == 0 {
				continue // place 0, which is there
			}
			for i := at; i < at+inner; i++ {
				best := y[i-inner]
				top := x[o*n*inner+int(best)*inner+i-at]
				if x[i] >= top || x[i] != x[i] {
					best = int64(j)
				}
				y[i] = best
			}
		}
	}
}

// leaderLine is leaders of one line.
func leaderLine[T number](y []int64, x []T) {
	best, top := 0, x[0]
	for j, v := range x {
		if !(v < top) && (v >= top || v != v) { // rarely: one comparison tells
			best, top = j, v
		}
		y[j] = int64(best)
	}
}

// LogCumSumExp returns the logarithms of the sums of exp x up to each place of
// the axis, itself included, computed without overflow.
func LogCumSumExp(x *Node, axis int) *Node {
	return along("logcumsumexp", x, axis, func(i int) graph.Op { return logCumSumExp{axis: i} })
}

type logCumSumExp struct {
	floats
	axis int
}

func (logCumSumExp) Name() string     { return "logcumsumexp" }
func (l logCumSumExp) String() string { return fmt.Sprintf("logcumsumexp(%d)", l.axis) }
func (l logCumSumExp) Doc() graph.Doc {
	return doc("The running total of probabilities that are given by their logarithms, without overflow.", onAxis("y[@p, ...] = log(sum_q(where(q <= p, exp(x[@q, ...]), 0)))", l.axis), onAxis("x̄[@q, ...] = sum_p(where(p >= q, ȳ[@p, ...]*exp(x[@q, ...] - y[@p, ...]), 0))", l.axis))
}

// Rowwise is whether the lines do not cross the first axis.
func (l logCumSumExp) Rowwise() bool { return l.axis > 0 }
func (l logCumSumExp) Eval(out Tensor, in ...Tensor) {
	outer, n, inner := lines(out.Shape, l.axis)
	for o := range outer {
		for i := range inner {
			sum := math.Inf(-1)
			for j := range n {
				at := (o*n+j)*inner + i
				sum = logAdd(sum, in[0].At(at))
				out.Set(at, sum)
			}
		}
	}
}

// VJP: with cᵢ = ctᵢ + exp(yᵢ-yᵢ₊₁)·cᵢ₊₁, which never overflows, the cotangent
// of xᵢ is exp(xᵢ-yᵢ)·cᵢ.
func (l logCumSumExp) VJP(y, ct *Node, x ...*Node) []*Node {
	none := Equal(y, num(math.Inf(-1)))       // there x is so, too
	next := Shift(y, -1, l.axis, math.Inf(1)) // nothing comes after the last
	decay := Where(none, num(0), Exp(Sub(Where(none, num(0), y), Where(none, num(0), next))))
	c := Flip(Recurrence(Flip(decay, l.axis), Flip(ct, l.axis), l.axis), l.axis)
	share := Where(none, num(0), Exp(Sub(x[0], Where(none, num(0), y))))
	return one(Mul(c, share))
}
func (logCumSumExp) Flops(out Type, _ ...Type) Dim { return out.Shape.Size().Mul(4) }

// Diff returns the differences of each element of the axis to the one before,
// n times: n elements fewer.
func Diff(x *Node, n, axis int) *Node {
	if bad := brokenAxis("diff", x, axis); bad != nil {
		return bad
	}
	if n < 0 {
		return graph.Fail("diff", []*Node{x}, "cannot take %d differences", n)
	}
	for range n {
		x = Sub(Slice(x, axis, 1, End, 1), Slice(x, axis, 0, -1, 1))
	}
	return x
}

// Trapezoid returns the integral of y along the axis by the trapezoidal rule.
// x gives the places of its elements: a vector along the axis, or what
// broadcasts against y. Nil are places one apart.
func Trapezoid(y, x *Node, axis int) *Node {
	if bad := brokenMean("trapezoid", y, []int{axis}); bad != nil {
		return bad
	}
	mean := Scale(Add(Slice(y, axis, 1, End, 1), Slice(y, axis, 0, -1, 1)), 0.5)
	if x == nil {
		return Sum(mean, axis)
	}
	if bad := broken("trapezoid", y, x); bad != nil {
		return bad
	}
	i := behind(y, axis) - y.Shape().Rank()
	if x.Shape().Rank() == 1 && i < -1 {
		x = Expand(x, afterFirst(-1-i)...)
	}
	return Sum(Mul(mean, Diff(x, 1, i)), axis)
}

// afterFirst returns the n places of axes behind the first one.
func afterFirst(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i + 1
	}
	return list
}
