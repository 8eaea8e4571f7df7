package graph

import (
	"fmt"
	"strings"
)

// Listing writes the nodes that y depends on, one line each: number, op, type,
// operands, and after the slashes the scope and the user's line.
//
//	v4 = matmul f32[batch 10] v1 v2 // Trunk.0 model.go:12
func Listing(y ...*Node) string { return list(Topo(y...)) }

func list(order []*Node) string {
	var b strings.Builder
	number := make(map[uint64]int, len(order)) // by id, which the compiler's copies of a node keep
	for i, n := range order {
		number[n.id] = i
		fmt.Fprintf(&b, "v%d = %s %v", i, describe(n.op), n.typ)
		for _, x := range n.in {
			fmt.Fprintf(&b, " v%d", number[x.id])
		}
		b.WriteString(" //")
		if s := n.Scope(); s != "" {
			b.WriteString(" " + s)
		}
		if n.from.Param != nil {
			b.WriteString(" update of " + n.from.Param.Label)
		}
		if n.from.Of != nil {
			if i, ok := number[n.from.Of.id]; ok {
				fmt.Fprintf(&b, " gradient at v%d", i)
			}
		}
		fmt.Fprintf(&b, " %s\n", n.Pos())
	}
	return b.String()
}
