package ops

import (
	"fmt"
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// Concat joins values along an axis. Their other axes and dtypes are equal.
func Concat(axis int, x ...*Node) *Node {
	if len(x) == 0 {
		return graph.Fail("concat", nil, "nothing to join")
	}
	if bad := broken("concat", x...); bad != nil {
		return bad
	}
	i, err := x[0].Shape().Axis(axis)
	if err != nil {
		return graph.Fail("concat", x, "%v", err)
	}
	if len(x) == 1 {
		return x[0]
	}
	return graph.Apply(concat{i}, x...)
}

type concat struct{ axis int }

func (concat) Name() string     { return "concat" }
func (c concat) String() string { return fmt.Sprintf("concat(%d)", c.axis) }
func (c concat) Doc() graph.Doc {
	return doc("Joins values along an axis, as a U-Net joins the features of both sides; each gets its part of the gradient.", onAxis("y[@p + start_m, ...] = x_m[@p, ...]", c.axis), onAxis("x̄_m[@p, ...] = ȳ[@p + start_m, ...]", c.axis))
}
func (c concat) Infer(in ...Type) (Type, error) {
	t, n := in[0], Dim(0)
	for i, u := range in {
		if u.DType != t.DType {
			return Type{}, fmt.Errorf("{0} and {%d} have different dtypes: convert one with ops.Convert", i)
		}
		if u.Rank() != t.Rank() || u.Shape.With(c.axis, 0) != t.Shape.With(c.axis, 0) {
			return Type{}, fmt.Errorf("cannot join {0} and {%d} along axis %d: the other axes differ", i, c.axis)
		}
		n = n.Add(u.Dim(c.axis))
	}
	return t.Of(t.Shape.With(c.axis, n)), nil
}
func (c concat) Eval(out Tensor, in ...Tensor) {
	steps, at := dense(out.Shape), 0
	for _, x := range in {
		place(out, x, steps, at)
		at += x.Shape[c.axis] * steps[c.axis]
	}
}
func (c concat) VJP(_, ct *Node, x ...*Node) []*Node {
	g := make([]*Node, len(x))
	from := Dim(0)
	for i := range x {
		to := from.Add(x[i].Shape().Dim(c.axis))
		if to >= 0 {
			g[i] = Slice(ct, c.axis, int(from), int(to), 1)
		} else {
			g[i] = graph.Apply(part{c.axis, i}, append([]*Node{ct}, x...)...)
		}
		from = to
	}
	return g
}
func (c concat) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	if len(x) == 1 {
		return x[0], true
	}
	at := make([]int, len(x))
	for i := range x[1:] {
		at[i+1] = at[i] + x[i].Dims[c.axis]
	}
	return b.Join(out.DType, out.Dims, c.axis, at, x...), true
}

// LowerEmpty joins the others.
func (c concat) LowerEmpty(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return c.Lower(b, out, slices.DeleteFunc(slices.Clone(x), func(r ir.Ref) bool { return r.V == nil })...)
}
func (concat) Flops(Type, ...Type) Dim { return 0 }

// part cuts out of its first operand the piece that the i-th of the others has
// in their concatenation; of those only the shapes matter.
type part struct{ axis, i int }

func (part) Name() string     { return "part" }
func (p part) String() string { return fmt.Sprintf("part(axis %d: %d)", p.axis, p.i) }
func (p part) Doc() graph.Doc {
	return doc("Cuts one of the joined pieces out again: the gradient of joining them.", onAxis(fmt.Sprintf("y[@p, ...] = a[@p + start_%d, ...]", p.i), p.axis), onAxis(fmt.Sprintf("ā[@p + start_%d, ...] = ȳ[@p, ...]", p.i), p.axis))
}
func (p part) Infer(in ...Type) (Type, error) {
	return in[0].Of(in[p.i+1].Shape), nil
}
func (p part) Eval(out Tensor, in ...Tensor) {
	steps, at := dense(in[0].Shape), 0
	for _, x := range in[1 : p.i+1] {
		at += x.Shape[p.axis] * steps[p.axis]
	}
	move(out, in[0], steps, at)
}
func (p part) VJP(_, ct *Node, x ...*Node) []*Node {
	g := make([]*Node, len(x))
	pieces := make([]*Node, len(x)-1)
	for i, piece := range x[1:] {
		pieces[i] = graph.Zeros(ct.Type().Of(piece.Shape()))
	}
	pieces[p.i] = ct
	g[0] = Concat(p.axis, pieces...)
	return g
}
func (p part) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	at := 0
	for _, piece := range x[1 : p.i+1] {
		at += piece.Dims[p.axis]
	}
	return b.Slice(x[0], p.axis, at, 1, out.Dims[p.axis]), true
}

// LowerEmpty needs the elements of the first operand alone.
func (p part) LowerEmpty(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return p.Lower(b, out, x...)
}
func (part) Flops(Type, ...Type) Dim { return 0 }

// Stack joins values of one shape along a new axis at the given place of the
// result.
func Stack(axis int, x ...*Node) *Node {
	if bad := broken("stack", x...); bad != nil {
		return bad
	}
	if len(x) == 0 {
		return graph.Fail("stack", nil, "nothing to join")
	}
	if r := x[0].Shape().Rank(); axis > r || axis < -r-1 || r == graph.MaxRank {
		return graph.Fail("stack", x, "{0} cannot have a new axis at %d", axis)
	}
	wide := make([]*Node, len(x))
	for i, n := range x {
		if n.Shape() != x[0].Shape() {
			return graph.Fail("stack", x, "{0} and {%d} have different shapes", i)
		}
		wide[i] = Expand(n, axis)
	}
	return Concat(axis, wide...)
}

// Split cuts x along the axis into pieces of the given lengths, which add up to
// that of the axis. Lengths may be symbolic.
func Split(x *Node, axis int, lengths ...Dim) []*Node {
	pieces := make([]*Node, len(lengths))
	fail := func(format string, arg ...any) []*Node {
		bad := graph.Fail("split", []*Node{x}, format, arg...)
		for i := range pieces {
			pieces[i] = bad
		}
		return pieces
	}
	if broken("split", x) != nil {
		return fail("")
	}
	all, known := Dim(0), true
	for _, n := range lengths {
		if n < 0 && !n.Symbolic() {
			return fail("length %d is negative", int(n))
		}
		all, known = all.Add(n), known && n >= 0
	}
	i, err := x.Shape().Axis(axis)
	if err != nil {
		return fail("%v", err)
	}
	if d := x.Shape().Dim(i); all != d {
		return fail("lengths %v add up to %v, but axis %d of {0} has length %v", lengths, all, axis, d)
	}
	from := Dim(0)
	for k, n := range lengths {
		if known {
			pieces[k] = Slice(x, i, int(from), int(from+n), 1)
			from += n
		} else {
			pieces[k] = piece(x, i, k, lengths)
		}
	}
	return pieces
}

// piece is piece k of those that Split makes, with lengths that may be symbolic.
func piece(x *Node, axis, k int, lengths []Dim) *Node {
	operands := []*Node{x}
	for _, n := range lengths {
		operands = append(operands, graph.Zeros(x.Type().Of(x.Shape().With(axis, n))))
	}
	return graph.Apply(part{axis, k}, operands...)
}
