package graph

import (
	"strings"
	"sync/atomic"
)

// A Scope names a group of nodes, such as those a layer makes, so that
// listings and pictures can fold them. Its label is a path, such as "Trunk.0",
// and may be set later: package nn sets it when it walks the model's fields.
type Scope struct {
	Label string
}

// Wrap builds a value and puts the nodes made on the way into the scope,
// except those that are in an inner one already.
func (s *Scope) Wrap(build func() *Node) *Node {
	mark := lastID.Load()
	y := build()
	stamp(mark, []*Node{y}, func(n *Node) {
		if n.scope == nil {
			n.scope = s
		}
	})
	return y
}

// Scope returns the path of the innermost scope that n was made in, or "". A
// gradient is in the scope of what it is the gradient of, a parameter in that
// of the layer that holds it: its label without the last name.
func (n *Node) Scope() string {
	if p, ok := n.op.(*Param); ok {
		return p.Label[:max(strings.LastIndexByte(p.Label, '.'), 0)]
	}
	for n.scope == nil && n.from != nil && n.from.Of != nil {
		n = n.from.Of
	}
	if n.scope == nil {
		return ""
	}
	return n.scope.Label
}

// Provenance says what a derived node belongs to: which node's gradient rule
// made it, or which parameter's update it is part of.
type Provenance struct {
	Of    *Node  // the forward node whose gradient this computes
	Param *Param // the parameter whose update this computes
	Sum   bool   // adds up several contributions to one cotangent

	pc uintptr // the user's call, for Derive alone
}

// Here returns p for a call of the user's: nodes derived with it get its line,
// which need not be found for each of them.
func (p Provenance) Here() Provenance {
	p.pc = userPC(false)
	return p
}

// From returns n's provenance; it is zero for a forward node.
func (n *Node) From() Provenance {
	if n.from == nil {
		return Provenance{}
	}
	return *n.from
}

// Derive builds values and gives the nodes made on the way, except those that
// have a provenance already, the provenance p.
func Derive(p Provenance, build func() []*Node) []*Node {
	mark := lastID.Load()
	y := build()
	pc := p.pc
	if pc == 0 {
		pc = userPC(false)
	}
	p.pc = 0
	var from *Provenance // of all of them
	stamp(mark, y, func(n *Node) {
		if n.pc == 0 {
			n.pc = pc
		}
		if n.from != nil || p == (Provenance{}) {
			return
		}
		if from == nil {
			from = &Provenance{Of: p.Of, Param: p.Param, Sum: p.Sum}
		}
		n.from = from
	})
	return y
}

var lastStamp atomic.Uint32

// newStamp numbers a traversal that marks the nodes it has visited. A number comes
// again after four billion others.
func newStamp() uint32 {
	for {
		if s := lastStamp.Add(1); s != 0 {
			return s
		}
	}
}

// stamp visits the nodes before y that are younger than mark. They are still
// being built, so nobody else has seen them and they may be marked.
func stamp(mark uint64, y []*Node, visit func(*Node)) {
	pass := newStamp()
	var buf [32]*Node
	stack := append(buf[:0], y...)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == nil || n.id <= mark || n.stamp == pass {
			continue
		}
		if _, ok := n.op.(*Param); ok { // belongs to its layer, whoever uses it first
			continue
		}
		n.stamp = pass
		visit(n)
		stack = append(stack, n.in...)
		if op, ok := n.op.(Looper); ok { // what its body computes belongs there too
			r := op.Parts()
			stack = append(stack, r.Loop.roots(r.Each)...)
		}
	}
}
