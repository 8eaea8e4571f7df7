package ops

import (
	"slices"

	"github.com/adjointml/adjoint/graph"
)

// Pullback returns, for the cotangents ct of several values y, which broadcast to
// their shapes, the cotangent of each of wrt: the traversal behind the functions
// of package autodiff, which are what one wants for a single value. For what no
// y depends on it is zero. A ct that is nil stands for zero.
func Pullback(y, ct, wrt []*Node) []*Node {
	if bad := brokenPullback(y, ct, wrt); bad != nil {
		return slices.Repeat([]*Node{bad}, len(wrt))
	}
	r := &reverse{of: graph.Provenance{}.Here()}
	order := graph.Topo(y...)
	r.activate(order, wrt)
	for i, n := range y {
		if ct[i] != nil && n.DType().Float() {
			r.add(n, conform(graph.As(n.DType(), ct[i]), n))
		}
	}
	of, first := r.families(order)
	for _, n := range slices.Backward(order) {
		s := r.at(n)
		if !s.active {
			continue
		}
		switch f := of[n]; {
		case f == nil:
			if ct := s.ct; ct != nil {
				r.step(n, n.In(), func() []*Node { return n.Op().VJP(n, ct, n.In()...) })
			}
		case n == first[f]: // all users of the others have been passed too
			r.joint(f)
		}
	}
	out := make([]*Node, len(wrt))
	for i, x := range wrt {
		if out[i] = r.at(x).ct; out[i] == nil {
			out[i] = graph.Zeros(x.Type())
		}
	}
	return out
}

// brokenPullback returns a poisoned node if there is no cotangent to find.
func brokenPullback(y, ct, wrt []*Node) *Node {
	given := slices.Concat(y, slices.DeleteFunc(slices.Clone(ct), func(n *Node) bool { return n == nil }))
	if bad := broken("vjp", slices.Concat(given, wrt)...); bad != nil {
		return bad
	}
	if len(y) != len(ct) {
		return graph.Fail("vjp", given, "%d cotangents for %d values", len(ct), len(y))
	}
	for _, x := range wrt {
		if !x.DType().Float() {
			return graph.Fail("vjp", []*Node{x}, "cannot differentiate with respect to {0}: it is no float")
		}
	}
	return nil
}

// A reverse is one traversal.
type reverse struct {
	of    graph.Provenance // of the call
	state graph.Table[state]
}

// A state is what a traversal knows of a node: whether it depends on the values
// that the traversal is for, and the cotangent so far.
type state struct {
	ct     *Node
	active bool
}

func (r *reverse) at(n *Node) *state { return r.state.At(n) }

// activate finds the floats among the nodes that depend on wrt.
func (r *reverse) activate(order, wrt []*Node) {
	for _, x := range wrt {
		r.at(x).active = true
	}
	for _, n := range order {
		if n.DType().Float() && !r.at(n).active && slices.ContainsFunc(n.In(), func(x *Node) bool { return r.at(x).active }) {
			r.at(n).active = true
		}
	}
}

// A joint op is one of several results of one computation, whose gradients are
// one computation too.
type joint interface {
	// family is equal for the results of one computation on equal operands.
	family() any
	// vjp is VJP for several results.
	vjp(y, ct []*Node, x ...*Node) []*Node
}

// A family is the results of one computation.
type family struct{ y []*Node }

// families groups the results of joint ops, and finds the oldest of each group.
// No operand of that one depends on the others, for all have the same operands.
func (r *reverse) families(order []*Node) (of map[*Node]*family, first map[*family]*Node) {
	of, first = map[*Node]*family{}, map[*family]*Node{}
	known := map[any][]*family{}
	for _, n := range order {
		op, ok := n.Op().(joint)
		if !ok || !r.at(n).active {
			continue
		}
		key := op.family()
		i := slices.IndexFunc(known[key], func(f *family) bool { return slices.Equal(f.y[0].In(), n.In()) })
		if i < 0 {
			i = len(known[key])
			f := &family{}
			known[key], first[f] = append(known[key], f), n
		}
		f := known[key][i]
		f.y, of[n] = append(f.y, n), f
	}
	return of, first
}

// joint passes the cotangents of a family on to its operands.
func (r *reverse) joint(f *family) {
	var y, ct []*Node
	for _, n := range f.y {
		if c := r.at(n).ct; c != nil {
			y, ct = append(y, n), append(ct, c)
		}
	}
	if len(y) == 0 {
		return
	}
	n := y[0]
	r.step(n, n.In(), func() []*Node { return n.Op().(joint).vjp(y, ct, n.In()...) })
}

// step passes the cotangents that vjp returns on to the operands of n.
func (r *reverse) step(n *Node, x []*Node, vjp func() []*Node) {
	if !slices.ContainsFunc(x, func(x *Node) bool { return r.at(x).active }) {
		return // n is a leaf, or one of wrt: what that was made from does not matter
	}
	from := r.of
	from.Of = n
	g := graph.Derive(from, func() []*Node {
		g := vjp()
		if len(g) != len(x) {
			bad := graph.Fail("vjp", []*Node{n}, "%s.VJP returned %d cotangents for %d operands", n.Op().Name(), len(g), len(x))
			return slices.Repeat([]*Node{bad}, len(x))
		}
		for i := range g {
			if g[i] == nil || !r.at(x[i]).active {
				g[i] = nil
				continue
			}
			g[i] = conform(g[i], x[i])
		}
		return g
	})
	for i, g := range g {
		if g != nil {
			r.add(x[i], g)
		}
	}
}

// add adds to the cotangent of x.
func (r *reverse) add(x, g *Node) {
	old := r.at(x).ct
	if old != nil {
		from := r.of
		from.Of, from.Sum = x, true
		g = graph.Derive(from, func() []*Node { return one(Add(old, g)) })[0]
	}
	r.at(x).ct = g
}

// conform gives a cotangent the type of its primal x: what broadcasting added
// is summed, what it would add is repeated.
func conform(g, x *Node) *Node {
	if g.Err() != nil || g.Type() == x.Type() {
		return g
	}
	if g.DType() != x.DType() {
		return graph.Fail("vjp", []*Node{x, g}, "the cotangent {1} of {0} has another dtype")
	}
	s, err := graph.Broadcast(g.Shape(), x.Shape())
	if err != nil {
		return graph.Fail("vjp", []*Node{x, g}, "the cotangent {1} does not fit {0}: %v", err)
	}
	return BroadcastTo(SumTo(BroadcastTo(g, s), x.Shape()), x.Shape())
}
