package ops

import (
	"errors"
	"fmt"

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
