package nn

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/adjointml/adjoint/graph"
)

// Summary describes the layers of model that y depends on, one line each in the
// order of their use: path, kind, shape of the output, number of parameters,
// and floating-point operations of one inference. If every count of operations
// is a multiple of y's first, symbolic dim, it is given per sample; else it is
// a formula. A parameter belongs to the first layer that uses it; random states
// and other integers are not counted. What a layer does in training alone is
// left out.
//
// Of a poisoned y it returns the error.
func Summary(y *graph.Node, model any) string {
	if err := y.Err(); err != nil {
		return err.Error()
	}
	rows := layers(y, walkModel(model).kinds)
	var total row
	for _, r := range rows {
		total.params += r.params
		total.bytes += r.bytes
		total.flops = total.flops.Add(r.flops)
	}
	head, flops := flopsColumn(y, append(rows, &total))
	table := [][]string{{"layer", "kind", "output", "parameters", head}}
	for i, r := range rows {
		table = append(table, []string{r.path, r.kind, r.output.String(), grouped(r.params), flops[i]})
	}
	var b strings.Builder
	align(&b, table, 3)
	fmt.Fprintf(&b, "total: %s parameters (%s bytes), %s %s\n", grouped(total.params), grouped(total.bytes), flops[len(rows)], head)
	return b.String()
}

// A LayerRow is a line of [Summary]: what is known of one layer.
type LayerRow struct {
	Path, Kind    string // of the field, and the type's name; what belongs to no layer is "(no layer)"
	Output        graph.Type
	Params, Bytes int       // of parameters
	Flops         graph.Dim // floating-point operations of one inference
}

// SummaryRows returns the lines of [Summary] as values, none for a poisoned y.
func SummaryRows(y *graph.Node, model any) (list []LayerRow) {
	if y.Err() != nil {
		return nil
	}
	for _, r := range layers(y, walkModel(model).kinds) {
		list = append(list, LayerRow{r.path, r.kind, r.output, r.params, r.bytes, r.flops})
	}
	return list
}

// A row is a layer with its nodes.
type row struct {
	path, kind    string
	output        graph.Type
	params, bytes int
	nodes         []*graph.Node
	flops         graph.Dim
}

// layers returns a row for each scope among the nodes that inference of y
// needs.
func layers(y *graph.Node, kinds map[string]string) (rows []*row) {
	byPath := map[string]*row{}
	counted := map[*graph.Param]bool{}
	for _, n := range inferred(y) {
		if len(n.In()) == 0 {
			continue // belongs to those who use it
		}
		path := layerOf(n.Scope(), kinds)
		r := byPath[path]
		if r == nil {
			r = &row{path: path, kind: kinds[path]}
			if path == "" && r.kind == "" {
				r.path = "(no layer)"
			}
			byPath[path] = r
			rows = append(rows, r)
		}
		r.output = n.Type()
		r.nodes = append(r.nodes, n)
		for _, x := range n.In() {
			if p, ok := x.Op().(*graph.Param); ok && !counted[p] && p.Type.DType.Float() {
				counted[p] = true
				size := int(p.Type.Shape.Size())
				r.params += size
				r.bytes += size * p.Type.DType.Size()
			}
		}
	}
	for _, r := range rows {
		r.flops = graph.TotalFlops(r.nodes...) // a loop counts once for all its results
	}
	return rows
}

// layerOf returns the path of the layer that a scope belongs to: its own, or, if
// the scope is a part that a layer has named, the layer's.
func layerOf(scope string, kinds map[string]string) string {
	outer := scope[:max(strings.LastIndexByte(scope, '.'), 0)]
	if kinds[scope] == "" && kinds[outer] != "" {
		return outer
	}
	return scope
}

// inferred returns the nodes that y depends on in inference, each after its
// operands.
func inferred(y *graph.Node) (order []*graph.Node) {
	live := map[*graph.Node]bool{y: true}
	all := graph.Topo(y)
	for i := len(all) - 1; i >= 0; i-- {
		n := all[i]
		if !live[n] {
			continue
		}
		if op, ok := n.Op().(graph.Chooser); ok && !op.Also() {
			live[n.In()[op.Choose(false)]] = true
			continue
		}
		for _, x := range n.In() {
			live[x] = true
		}
	}
	for _, n := range all {
		if live[n] {
			order = append(order, n)
		}
	}
	return order
}

// flopsColumn returns the heading and the entries of the column of operations.
func flopsColumn(y *graph.Node, rows []*row) (head string, cells []string) {
	batch := graph.Dim(1)
	if y.Shape().Rank() > 0 && y.Shape().Dim(0).Symbolic() {
		batch = y.Shape().Dim(0)
	}
	head = "FLOPs per sample"
	for _, r := range rows {
		if batch == 1 || r.flops.Div(batch).Mul(batch) != r.flops {
			head, batch = "FLOPs", 1
		}
	}
	for _, r := range rows {
		cells = append(cells, formula(r.flops.Div(batch)))
	}
	return head, cells
}

// formula returns d with its number, if it is one, grouped.
func formula(d graph.Dim) string {
	if d >= 0 {
		return grouped(int(d))
	}
	return d.String()
}

// grouped returns n such as "1,234,567".
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// align writes a table in columns, those from the given one on to the right.
func align(b *strings.Builder, table [][]string, right int) {
	width := make([]int, len(table[0]))
	for _, line := range table {
		for i, s := range line {
			width[i] = max(width[i], len([]rune(s)))
		}
	}
	for _, line := range table {
		var out strings.Builder
		for i, s := range line {
			if i >= right {
				fmt.Fprintf(&out, "%*s  ", width[i], s)
			} else {
				fmt.Fprintf(&out, "%-*s  ", width[i], s)
			}
		}
		b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
	}
}
