package viz

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/graph"
)

// Program arranges the picture of a compiled program, for the lengths of these
// feeds: one group for each instruction of the engine with the ops that are fused
// in it, in the order they run, so that each line between groups is a value that
// goes through memory.
func (p Picture) Program(q *graph.Program, feeds ...graph.Feed) (*Layout, error) {
	s, err := q.Schedule(feeds...)
	if err != nil {
		return nil, err
	}
	p.fused = &fused{map[uint64]string{}, map[string]string{}, map[uint64]bool{}}
	for i, in := range s.Instructions {
		path := fmt.Sprintf("instruction %d", i)
		p.fused.title[path] = instructionTitle(i, in)
		for _, n := range in.Nodes {
			if _, ok := p.fused.group[n.ID()]; !ok {
				p.fused.group[n.ID()] = path
			}
		}
	}
	p.fused.adopt(q.Nodes())
	p.Primitives, p.Gradient = true, false
	g, err := p.sketch(q.Nodes())
	if err != nil {
		return nil, err
	}
	return p.arrange(g), nil
}

// A fused is where a compiler has put the nodes.
type fused struct {
	group map[uint64]string // by node
	title map[string]string // by group
	// borrowed nodes are shown where they are read
	borrowed map[uint64]bool
}

// adopt puts what no instruction computes, such as parameters and views, to the
// first that reads it.
func (f *fused) adopt(nodes []*graph.Node) {
	for i := len(nodes) - 1; i >= 0; i-- {
		path, ok := f.group[nodes[i].ID()]
		if !ok {
			continue
		}
		for _, x := range nodes[i].In() {
			if k := kindOf(x); k == Param || k == Const || k == View || k == Elementwise {
				if at, ok := f.group[x.ID()]; !ok || f.borrowed[x.ID()] && at != path {
					f.group[x.ID()], f.borrowed[x.ID()] = path, true
				}
			}
		}
	}
}

// instructionTitle says what an instruction is: its number and its first words.
func instructionTitle(i int, in graph.Instruction) string {
	what := "call"
	switch {
	case strings.HasPrefix(in.What, "pass"):
		what = "pass"
	case strings.Contains(in.What, ", then pass"):
		what = "product, then pass"
	case strings.HasPrefix(in.What, "phase"):
		what = "product"
	case strings.HasSuffix(in.What, "single numbers"):
		what = "numbers"
	}
	return fmt.Sprintf("%d · %s of %s", i+1, what, plural(len(in.Nodes), "op"))
}

// Memory arranges the picture of a program's planned memory: each value is a bar
// from the launch that makes it down to the last that reads it, as wide as it is
// large, at its place. Bars above one another take turns in the same bytes.
func (p Picture) Memory(q *graph.Program, feeds ...graph.Feed) (*Layout, error) {
	s, err := q.Schedule(feeds...)
	if err != nil {
		return nil, err
	}
	launches, end, total := 1, 1, 0
	for _, b := range s.Memory {
		launches, end, total = max(launches, b.Last+1), max(end, b.At+b.Size), total+b.Size
	}
	const width, row, left = 560.0, 22.0, 70.0
	l := &Layout{Title: p.Title, Columns: 1, Text: fmt.Sprintf("%d values of %s bytes in all share %s bytes of memory.", len(s.Memory), human(total), human(end))}
	top := margin + 40
	if p.Title == "" {
		top = margin + 20
	} else {
		l.Labels = append(l.Labels, Label{Point{margin + 4, margin + 12}, p.Title, "title", false})
	}
	l.Labels = append(l.Labels, Label{Point{margin + left, top - 8}, l.Text, "note", false})
	for i := range launches {
		l.Labels = append(l.Labels, Label{Point{margin, top + row*float64(i) + 15}, fmt.Sprintf("launch %d", i+1), "note", false})
	}
	over := overwritten(s.Memory)
	later := map[int]bool{} // begins over another one
	for _, k := range over {
		later[k] = true
	}
	begun := map[int]string{} // what the launch that a bar begins in wrote there before
	for i, b := range s.Memory {
		next, gone := over[i]
		if gone && b.First == s.Memory[next].First {
			begun[next] = begun[i] + title(b.Node) + ", "
			continue
		}
		x, w := margin+left+width*float64(b.At)/float64(end), width*float64(b.Size)/float64(end)
		y, h := top+row*float64(b.First)+1, row*float64(b.Last-b.First+1)-2
		short := gone && s.Memory[next].First == s.Memory[next].Last
		switch { // the launch is shared between the two, unless the second has no other
		case short:
			h -= row
		case gone:
			h -= row / 2
		}
		if later[i] && begun[i] == "" && b.First < b.Last {
			y, h = y+row/2, h-row/2
		}
		name := begun[i] + title(b.Node)
		if textWidth(name, 12)*1.06 > w-8 {
			name = title(b.Node)
		}
		if textWidth(name, 12)*1.06 > w-8 {
			name = ""
		}
		l.Boxes = append(l.Boxes, Box{Rect: rect(x+0.5, y, max(w-1, 1), h), Kind: kindOf(b.Node), Title: name, Group: -1, Of: -1, Nodes: []uint64{b.Node.ID()}, Bar: true,
			Tooltip: fmt.Sprintf("%s%v · %d bytes at %d · launches %d to %d", begun[i], b.Node, b.Size, b.At, b.First+1, b.Last+1)})
	}
	l.Width, l.Height = Length(margin*2+left+max(width, textWidth(l.Text, 10))), Length(top+row*float64(launches)+margin)
	return l, nil
}

// overwritten returns, for each buffer over which another is written in the launch
// that reads it last, which one that is.
func overwritten(list []graph.Buffer) map[int]int {
	over, begins := map[int]int{}, map[[3]int]int{}
	for i, b := range slices.Backward(list) {
		if k, ok := begins[[3]int{b.At, b.Size, b.Last}]; ok {
			over[i] = k
		}
		begins[[3]int{b.At, b.Size, b.First}] = i
	}
	return over
}

// Beside places layouts side by side, each with its title.
func Beside(title string, layouts ...*Layout) *Layout {
	out := &Layout{Title: title, Columns: 1}
	x, top := 0.0, 0.0
	if title != "" {
		out.Labels = append(out.Labels, Label{Point{margin + 4, margin + 12}, title, "title", false})
		top = 28
	}
	for _, l := range layouts {
		out.add(l, x, top)
		x += float64(l.Width)
		out.Height = max(out.Height, l.Height+Length(top))
		out.Text = strings.TrimSpace(out.Text + " " + l.Text)
	}
	out.Width = Length(max(x, textWidth(title, 17)*1.06+2*margin+10))
	return out
}

// add copies a layout to a place of this one.
func (l *Layout) add(from *Layout, x, y float64) {
	groups, boxes := len(l.Groups), len(l.Boxes)
	to := func(i, first int) int {
		if i < 0 {
			return i
		}
		return i + first
	}
	for _, g := range from.Groups {
		g.Parent, g.X, g.Y = to(g.Parent, groups), g.X+Length(x), g.Y+Length(y)
		l.Groups = append(l.Groups, g)
	}
	for _, b := range from.Boxes {
		b.Group, b.Of, b.X, b.Y = to(b.Group, groups), to(b.Of, boxes), b.X+Length(x), b.Y+Length(y)
		in := make([]int, len(b.In))
		for i, u := range b.In {
			in[i] = u + boxes
		}
		b.In = in
		l.Boxes = append(l.Boxes, b)
	}
	for _, e := range from.Edges {
		points := make([]Point, len(e.Points))
		for i, p := range e.Points {
			points[i] = Point{p.X + x, p.Y + y}
		}
		e.Value, e.To, e.Points = e.Value+boxes, to(e.To, boxes), points
		l.Edges = append(l.Edges, e)
	}
	for _, m := range from.Marks {
		m.At, m.Value = Point{m.At.X + x, m.At.Y + y}, m.Value+boxes
		l.Marks = append(l.Marks, m)
	}
	for _, t := range from.Labels {
		t.At = Point{t.At.X + x, t.At.Y + y}
		if t.Style == "title" {
			t.Style = "part"
		}
		l.Labels = append(l.Labels, t)
	}
}
