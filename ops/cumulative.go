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
	outer, n, inner := lines(out.Shape, c.axis)
	for o := range outer {
		for i := range inner {
			var sum float64
			var whole int64
			for j := range n {
				at := (o*n+j)*inner + i
				if out.DType.Float() {
					sum += in[0].At(at)
					out.Set(at, sum)
				} else {
					whole += in[0].Int(at)
					out.SetInt(at, whole)
				}
			}
		}
	}
}
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
	outer, n, inner := lines(out.Shape, r.axis)
	for o := range outer {
		for i := range inner {
			var y float64
			for j := range n {
				at := (o*n+j)*inner + i
				if j == 0 {
					y = in[1].At(at)
				} else {
					y = in[0].At(at)*y + in[1].At(at)
				}
				out.Set(at, y)
			}
		}
	}
}

// VJP: the cotangent of b runs backward, cⱼ = ctⱼ + aⱼ₊₁·cⱼ₊₁, and that of aⱼ
// is cⱼ·yⱼ₋₁.
func (r recurrence) VJP(y, ct *Node, x ...*Node) []*Node {
	next := Shift(x[0], -1, r.axis, 0)
	c := Flip(graph.Apply(r, Flip(next, r.axis), Flip(ct, r.axis)), r.axis)
	return []*Node{Mul(c, Shift(y, 1, r.axis, 0)), c}
}
func (recurrence) Flops(out Type, _ ...Type) Dim { return out.Shape.Size().Mul(2) }
