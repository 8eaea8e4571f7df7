// Package graph holds expressions: immutable nodes, their types, and the
// programs that evaluate them. A graph is not a container: it is whatever is
// reachable from the nodes you ask for.
//
// Nodes are made by [Apply], mostly through the functions of package ops. A
// mistake makes a poisoned node, which [Compile] reports with the user's file
// and line; nothing panics on the way.
package graph

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// A Node is one value of an expression. Nodes are immutable and may be shared
// between graphs and goroutines.
//
// Large graphs are bound by memory, and so a node is kept small: it has what many
// nodes have in common by its address.
type Node struct {
	op    Op
	in    []*Node
	typ   *Type    // that of an operand if it is the same
	err   *mistake // why this value does not exist; poisons its users
	id    uint64
	pc    uintptr // the user's call
	scope *Scope
	from  *Provenance // nil of a forward node
	stamp uint32      // the last traversal that was here, of those that number themselves
	at    int32       // place in the order of the compilation that n belongs to
}

var lastID atomic.Uint64

// Op returns the computation that makes n.
func (n *Node) Op() Op { return n.op }

// In returns the operands. The slice must not be changed.
func (n *Node) In() []*Node { return n.in }

// Type returns dtype and shape; of a poisoned node, those of a scalar.
func (n *Node) Type() Type { return *n.typ }

// Shape returns the shape; of a poisoned node, that of a scalar.
func (n *Node) Shape() Shape { return n.typ.Shape }

// DType returns the type of the elements.
func (n *Node) DType() DType { return n.typ.DType }

// ID numbers nodes in the order of their making. What a [Program] holds are copies
// of nodes, which keep the number.
func (n *Node) ID() uint64 { return n.id }

// String returns op and type, such as "matmul f32[batch 10]".
func (n *Node) String() string { return describe(n.op) + " " + n.typ.String() }

// describe returns the op's name with its attributes, if it prints them.
func describe(op Op) string {
	if s, ok := op.(fmt.Stringer); ok {
		return s.String()
	}
	return op.Name()
}

// Apply returns the node op(x...). It is the only constructor of nodes. If op
// does not accept the operands, the node carries the error, which Compile
// reports with the caller's file and line.
func Apply(op Op, x ...*Node) *Node { return apply(op, userPC(false), x) }

// apply is Apply for a call of the user's.
func apply(op Op, pc uintptr, x []*Node) *Node {
	n := newNode(x)
	n.op, n.typ, n.id, n.pc = op, &scalars[Float32], lastID.Add(1), pc
	types := typesPool.Get().(*[]Type)
	defer typesPool.Put(types)
	in := (*types)[:0]
	for i, x := range x {
		if x == nil {
			n.in, n.err = nil, &mistake{n: n, text: fmt.Sprintf("operand %d is nil", i), absent: true}
			return n
		}
		if x.err != nil {
			n.err = poisoned
		}
		in = append(in, *x.typ)
	}
	*types = in
	if n.err != nil {
		return n
	}
	typ, err := op.Infer(in...)
	if err == nil {
		err = typ.valid()
	}
	if err != nil {
		n.err = &mistake{n: n, text: err.Error()}
		return n
	}
	n.typ = typ.shared(x)
	return n
}

// newNode returns a node with room for its operands beside it.
func newNode(x []*Node) *Node {
	if len(x) > 2 {
		return &Node{in: slices.Clone(x)}
	}
	var n struct {
		Node
		two [2]*Node
	}
	n.in = n.two[:len(x):len(x)]
	copy(n.in, x)
	return &n.Node
}

// scalars are the types of single numbers.
var scalars = [...]Type{{DType: Float32}, {DType: Float64}, {DType: Int32}, {DType: Int64}, {DType: Bool}}

// shared returns where t is: at an operand that has it, or at a place of its own.
func (t Type) shared(x []*Node) *Type {
	if t.Shape.rank == 0 {
		return &scalars[t.DType]
	}
	for _, x := range x {
		if *x.typ == t {
			return x.typ
		}
	}
	own := t
	return &own
}

// typesPool holds lists of operands' types, which live as long as an Infer.
var typesPool = sync.Pool{New: func() any { return new([]Type) }}

// Topo returns the nodes that y depends on, y included, each after its
// operands, in the order of their making. It does not recurse, so depth is
// bounded by memory alone.
func Topo(y ...*Node) []*Node {
	order, _ := topo(y)
	return order
}

// topo is Topo, with a table that gives each of the nodes itself.
func topo(y []*Node) (order []*Node, seen Table[*Node]) {
	count := 0
	stack := slices.Clone(y)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == nil {
			continue
		}
		if at := seen.At(n); *at == nil {
			*at = n
			count++
			stack = append(stack, n.in...)
		}
	}
	order = make([]*Node, 0, count) // a node is younger than its operands
	seen.each(func(n **Node) {
		if *n != nil {
			order = append(order, *n)
		}
	})
	return order, seen
}

// byAge orders nodes as they were made, operands before users.
func byAge(a, b *Node) int { return cmp.Compare(a.id, b.id) }
