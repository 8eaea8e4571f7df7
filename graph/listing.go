package graph

import (
	"fmt"
	"slices"
	"strings"
)

// Listing writes the nodes that y depends on, one line each: number, op, type,
// operands, and after the slashes the scope and the user's line.
//
//	v4 = matmul f32[batch 10] v1 v2 // Trunk.0 model.go:12
func Listing(y ...*Node) string { return list(Topo(y...)) }

func list(order []*Node) string {
	var b strings.Builder
	writeList(&b, order, "")
	return b.String()
}

// writeList writes nodes, and after the first result of a loop its body, indented.
func writeList(b *strings.Builder, order []*Node, indent string) {
	number := make(map[uint64]int, len(order)) // by id, which the compiler's copies of a node keep
	told := map[*Loop]bool{}
	for i, n := range order {
		number[n.id] = i
		fmt.Fprintf(b, "%sv%d = %s %v", indent, i, describe(n.op), n.typ)
		for _, x := range n.in {
			fmt.Fprintf(b, " v%d", number[x.id])
		}
		b.WriteString(" //")
		if s := n.Scope(); s != "" {
			b.WriteString(" " + s)
		}
		from := n.From()
		if from.Param != nil {
			b.WriteString(" update of " + from.Param.Label)
		}
		if from.Of != nil {
			if i, ok := number[from.Of.id]; ok {
				fmt.Fprintf(b, " gradient at v%d", i)
			}
		}
		fmt.Fprintf(b, " %s\n", n.Pos())
		if op, ok := n.op.(Looper); ok && !told[op.Parts().Loop] {
			told[op.Parts().Loop] = true
			op.Parts().Loop.list(b, indent+"\t")
		}
	}
}

// list writes the body: its arguments, its nodes, and which of them are what.
func (l *Loop) list(b *strings.Builder, indent string) {
	order := l.Body()
	for _, a := range l.Args { // those that nothing reads too
		if !slices.Contains(order, a) {
			order = append([]*Node{a}, order...)
		}
	}
	writeList(b, order, indent)
	for _, part := range []struct {
		name string
		of   []*Node
	}{{"test", one(l.Test)}, {"next", l.Next}, {"else", l.Else}} {
		if len(part.of) > 0 {
			b.WriteString(indent + part.name)
			for _, n := range part.of {
				fmt.Fprintf(b, " v%d", slices.IndexFunc(order, func(m *Node) bool { return m.id == n.id }))
			}
			b.WriteByte('\n')
		}
	}
}

// one returns n in a list, or none.
func one(n *Node) []*Node {
	if n == nil {
		return nil
	}
	return []*Node{n}
}
