package graph

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// poisoned marks the users of a poisoned node, which are not reported.
var poisoned = &mistake{}

// Err returns the mistake that n or one of the nodes before it carries, or nil.
func (n *Node) Err() error {
	if n == nil {
		return errors.New("the node is nil")
	}
	if n.err == nil {
		return nil
	}
	return report{n}
}

// A report is the mistakes before a node. They are found when they are read, as
// functions of several ops ask of each operand whether there are any.
type report struct{ n *Node }

func (r report) Error() string   { return errors.Join(r.Unwrap()...).Error() }
func (r report) Unwrap() []error { return mistakes(Topo(r.n)) }

// Fail returns a poisoned node that reports the error at its caller's line. If
// one of the operands is poisoned already, that is reported instead. In the
// text {0}, {1} ... stand for the operands.
func Fail(name string, x []*Node, format string, arg ...any) *Node {
	n := Apply(failed(name), x...)
	if n.err == nil {
		n.err = &mistake{n: n, text: fmt.Sprintf(format, arg...)}
	}
	return n
}

// A mistake is the error of the node where it was made.
type mistake struct {
	n      *Node
	text   string
	absent bool // an operand is nil
}

func (m *mistake) Error() string {
	text := m.text
	for i, x := range m.n.in {
		if x != nil {
			text = strings.ReplaceAll(text, "{"+strconv.Itoa(i)+"}", x.operand())
		}
	}
	return m.n.Pos() + ": " + m.n.op.Name() + ": " + text
}

// operand describes n in an error: by its name, if it has one, and its shape,
// with the dtype unless that is Float32.
func (n *Node) operand() string {
	s := n.typ.Shape.String()
	if n.typ.DType != Float32 {
		s = n.typ.String()
	}
	switch op := n.op.(type) {
	case *input:
		return op.name + " " + s
	case *Param:
		return op.Label + " " + s
	case scalar:
		return "the scalar " + op.Name()
	}
	return s
}

// mistakes returns the mistakes among the nodes, in the order they were made,
// each once: of those that one call of the user's made about the same values,
// as functions that apply several ops to them do, only the first.
func mistakes(order []*Node) (errs []error) {
	var bad []*mistake
	for _, n := range order {
		if m := n.err; m != nil && m.n == n {
			bad = append(bad, m)
		}
	}
	slices.SortFunc(bad, func(a, b *mistake) int { return cmp.Compare(a.n.id, b.n.id) })
	type call struct {
		pc    uintptr
		given *Node
	}
	told, seen := map[call]bool{}, map[string]bool{}
	for _, m := range bad {
		given := m.given()
		again := len(given) > 0
		for _, x := range given {
			again = again && told[call{m.n.pc, x}]
			told[call{m.n.pc, x}] = true
		}
		if text := m.Error(); !again && !seen[text] {
			seen[text] = true
			errs = append(errs, m)
		}
	}
	return errs
}

// given returns the values that the user's call was given: walking back, the
// first nodes that another call made, or nil where an operand is.
func (m *mistake) given() (from []*Node) {
	if m.absent {
		return []*Node{nil}
	}
	seen := map[*Node]bool{}
	stack := slices.Clone(m.n.in)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		switch {
		case n == nil || seen[n]:
		case n.pc != m.n.pc:
			from = append(from, n)
		default:
			stack = append(stack, n.in...)
		}
		seen[n] = true
	}
	return from
}
