package viz

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/adjointml/adjoint/graph"
)

// DOT writes the graph of y for Graphviz.
func DOT(w io.Writer, y ...*graph.Node) error { return Picture{}.DOT(w, y...) }

// DOT writes what y depends on in the language of Graphviz: groups as clusters,
// gradients and updates in clusters of their own.
func (p Picture) DOT(w io.Writer, y ...*graph.Node) error {
	l, err := p.Layout(y...)
	if err != nil {
		return err
	}
	return l.DOT(w)
}

// DOT writes the layout's boxes and what they read, without their places.
func (l *Layout) DOT(w io.Writer) error {
	d := &dot{l: l}
	d.put("digraph {\n\tgraph [rankdir=TB fontname=Helvetica")
	if l.Title != "" {
		d.put(" label=%s labelloc=t", quote(l.Title))
	}
	d.put("]\n\tnode [shape=box style=\"rounded,filled\" fontname=Helvetica fontsize=11]\n\tedge [color=\"#64748b\" arrowsize=0.7]\n")
	d.cluster(-1, "\t")
	for i, b := range l.Boxes {
		for _, from := range b.In {
			d.put("\tb%d -> b%d\n", from, i)
		}
	}
	for _, e := range l.links() {
		d.put("\tb%d -> b%d [color=%s%s]\n", e.from, e.to, quote(classes[string(e.kind)].stroke), map[bool]string{true: " style=dashed"}[e.kind == Saved])
	}
	d.put("}\n")
	_, err := w.Write(d.Bytes())
	return err
}

type dot struct {
	bytes.Buffer
	l *Layout
}

func (d *dot) put(format string, a ...any) { fmt.Fprintf(&d.Buffer, format, a...) }

// cluster writes the groups and boxes in one group.
func (d *dot) cluster(parent int, indent string) {
	for i, g := range d.l.Groups {
		if g.Parent == parent {
			title := g.Title
			if g.Times > 1 {
				title += fmt.Sprintf(" ×%d", g.Times)
			}
			d.put("%ssubgraph cluster_%d {\n%s\tlabel=%s style=rounded color=\"#b9c3d0\" fontsize=11\n", indent, i, indent, quote(title))
			d.cluster(i, indent+"\t")
			d.put("%s}\n", indent)
		}
	}
	for i, b := range d.l.Boxes {
		if b.Group == parent {
			text := strings.Join(strings.Fields(b.Title), " ")
			if b.Line != "" {
				text += "\n" + b.Line
			}
			s := classes[b.Kind.String()]
			d.put("%sb%d [label=%s fillcolor=%s color=%s]\n", indent, i, quote(text), quote(s.fill), quote(s.stroke))
		}
	}
}

// A link is one edge between boxes on the right, or to them.
type link struct {
	kind     EdgeKind
	from, to int
}

// links are the edges of gradients: against those of the forward column, from a
// loss to its own gradient, from saved values, and to updates.
func (l *Layout) links() (list []link) {
	slope := map[int]int{}
	for i, b := range l.Boxes {
		if b.Kind == Gradient && b.Of >= 0 {
			slope[b.Of] = i
		}
	}
	for i, b := range l.Boxes {
		from, ok := slope[i]
		if !ok {
			continue
		}
		for _, u := range b.In {
			if to, ok := slope[u]; ok {
				list = append(list, link{Backward, from, to})
			}
		}
	}
	for _, e := range l.Edges {
		if e.Kind == Saved {
			list = append(list, link{Saved, e.Value, e.To})
		}
	}
	for i, b := range l.Boxes {
		if from, ok := slope[b.Of]; ok && b.Kind == Update {
			list = append(list, link{Backward, from, i})
		}
	}
	return list
}

// quote writes a string as DOT does.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
