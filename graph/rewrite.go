package graph

import "slices"

// Rewrite returns y with nodes replaced: wherever a node of sub occurs, what
// it maps to stands instead, and what depends on it is made again, with the
// source, scope and provenance of the original. A replacement of another type
// poisons its users if they do not accept it.
func Rewrite(y []*Node, sub map[*Node]*Node) []*Node {
	done := map[*Node]*Node{}
	for _, n := range Topo(y...) {
		if to, ok := sub[n]; ok {
			done[n] = to
			continue
		}
		in := n.in
		for i, x := range n.in {
			if to := done[x]; to != x {
				if &in[0] == &n.in[0] {
					in = slices.Clone(in)
				}
				in[i] = to
			}
		}
		done[n] = n.with(in)
	}
	out := make([]*Node, len(y))
	for i, n := range y {
		out[i] = done[n]
	}
	return out
}

// with returns n on other operands, or n itself if they are the same.
func (n *Node) with(in []*Node) *Node {
	if slices.Equal(in, n.in) {
		return n
	}
	m := apply(n.op, n.pc, in)
	m.scope, m.from = n.scope, n.from
	return m
}

// Frontier returns the values that y was made from: walking back from y, the
// first nodes that are among x, or older than mark, or parameters, or arguments
// of a loop's body. Constants
// are left out. It is what a function that made y, after mark, was given or
// referred to.
func Frontier(y, mark *Node, x []*Node) []*Node {
	var from []*Node
	seen := map[*Node]bool{}
	stack := []*Node{y}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		switch {
		case isParam(n), isInput(n), isArg(n), len(n.in) > 0 && n.id < mark.id, slices.Contains(x, n):
			from = append(from, n)
		default:
			stack = append(stack, n.in...)
		}
	}
	slices.SortFunc(from, byAge)
	return from
}

// Again returns n on other operands, with the source, scope and provenance of n.
func Again(n *Node, in []*Node) *Node { return n.with(in) }
