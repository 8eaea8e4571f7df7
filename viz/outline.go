package viz

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/adjointml/adjoint/graph"
)

// Text writes the graph of y for a terminal.
func Text(w io.Writer, y ...*graph.Node) error { return Picture{}.Text(w, y...) }

// Text writes what y depends on as an outline: groups are indented, each line is
// one box with its number, its operands' numbers, the shape where it changes, and
// the value and the gradient if there are any.
func (p Picture) Text(w io.Writer, y ...*graph.Node) error {
	g, err := p.sketch(y)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if p.Title != "" {
		b.WriteString(p.Title + "\n\n")
	}
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	o := &outline{g: g, p: &p, w: t}
	for v := range g.v {
		o.enter(g.v[v].scope)
		o.row(v)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

type outline struct {
	g  *sketch
	p  *Picture
	w  io.Writer
	at int // the open group
}

// enter writes the titles of groups that begin here.
func (o *outline) enter(scope int) {
	if scope == o.at {
		return
	}
	inside := map[int]bool{}
	for s := o.at; s != 0; s = o.g.scopes[s].parent {
		inside[s] = true
	}
	var path []int
	for s := scope; s != 0 && !inside[s]; s = o.g.scopes[s].parent {
		path = append(path, s)
	}
	for i := len(path) - 1; i >= 0; i-- {
		s := o.g.scopes[path[i]]
		title := s.title
		if s.times > 1 {
			title += fmt.Sprintf(" ×%d", s.times)
		}
		fmt.Fprintf(o.w, "%s%s:\n", o.indent(s.parent), title)
	}
	o.at = scope
}

func (o *outline) indent(scope int) string {
	n := 0
	for ; scope != 0; scope = o.g.scopes[scope].parent {
		n++
	}
	return strings.Repeat("  ", n)
}

func (o *outline) row(v int) {
	n := &o.g.v[v]
	text := n.title
	if n.times > 1 {
		text += fmt.Sprintf(" ×%d", n.times)
	}
	if n.kind == Param || n.kind == Input {
		text = n.kind.String() + " " + text
	}
	var from []string
	for _, u := range n.in {
		from = append(from, fmt.Sprint(u))
	}
	note := n.line
	if n.kind == Folded {
		note = n.line
	}
	if t := shape(n.node().Type()); n.kind != Folded && t != "" {
		note = strings.TrimSpace(t + "  " + note)
	}
	if n.active && (len(n.in) > 0 || len(n.grads) > 0) {
		note += "  ∂: " + o.p.gradientLine(n)
	}
	if len(n.update) > 0 {
		note += "  " + updateText(n)
	}
	fmt.Fprintf(o.w, "%s%d %s\t%s\t%s", o.indent(n.scope), v, text, strings.Join(from, " "), strings.TrimSpace(note))
	if n.value != nil {
		fmt.Fprintf(o.w, "\t%s", summary(n.value))
	}
	if n.slope != nil {
		fmt.Fprintf(o.w, "\tgrad %s", summary(n.slope))
	}
	fmt.Fprintln(o.w)
}

// summary writes a scalar, or the range and the histogram of a tensor.
func summary(k *Tile) string {
	if s, ok := k.scalar(); ok {
		return s
	}
	s := num(float64(k.Min)) + " … " + num(float64(k.Max))
	if len(k.Bins) > 0 {
		s += " " + spark(k.Bins)
	}
	if k.NaN > 0 {
		s += fmt.Sprintf(" %d NaN", k.NaN)
	}
	return s
}

// spark draws counts with blocks.
func spark(bins []int) string {
	most := 0
	for _, n := range bins {
		most = max(most, n)
	}
	blocks := []rune("▁▂▃▄▅▆▇█")
	out := make([]rune, len(bins))
	for i, n := range bins {
		out[i] = blocks[n*(len(blocks)-1)/most]
	}
	return string(out)
}
