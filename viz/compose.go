package viz

import (
	"fmt"
	"strings"

	"github.com/adjointml/adjoint/graph"
)

const (
	saveGap   = 120.0 // between the columns, crossed by saved values
	updateGap = 30.0
	margin    = 16.0
)

// A composing turns a plan into a layout: the forward column as it was arranged,
// the gradients as its mirror image, which has the same rows, and the updates.
type composing struct {
	p     *Picture
	plan  *plan
	l     *Layout
	box   []int // the box of each vertex
	slope []int // the box of its gradient, or -1
	group map[*scope]int
	mid   float64 // the mirror
	dx    float64
	dy    float64
}

// compose makes the layout of a plan.
func (p *Picture) compose(a *plan) *Layout {
	c := &composing{p: p, plan: a, l: &Layout{Title: p.Title, Columns: 1}, group: map[*scope]int{}}
	root := a.scopes[0]
	c.dy = margin
	if p.Title != "" {
		c.dy += 28
	}
	width, height := root.w, root.h
	if a.tape {
		c.l.Columns = 2
		c.dy += 34
		c.mid = root.w + saveGap/2 - 30
		height += 30
		width = c.fx(0) // the mirror image of x = 0
	}
	c.boxes()
	c.edges()
	if a.tape {
		width = c.backward(width)
	}
	full := max(width+2*margin, textWidth(p.Title, 17)*1.06+2*margin+10)
	c.l.Width, c.dx = Length(full), (full-width)/2
	c.l.Height = Length(height + c.dy + margin)
	if p.Title != "" {
		c.label("title", Point{margin + 4, margin + 12}, p.Title, false)
	}
	c.shift()
	c.l.Text = c.tell()
	return c.l
}

func (c *composing) fx(x float64) float64 { return 2*c.mid - x }

// shift moves all but the title into the margins.
func (c *composing) shift() {
	l := c.l
	move := func(r *Rect) { r.X, r.Y = r.X+Length(c.dx), r.Y+Length(c.dy) }
	point := func(p *Point) { p.X, p.Y = p.X+c.dx, p.Y+c.dy }
	for i := range l.Groups {
		move(&l.Groups[i].Rect)
	}
	for i := range l.Boxes {
		move(&l.Boxes[i].Rect)
	}
	for i := range l.Edges {
		for k := range l.Edges[i].Points {
			point(&l.Edges[i].Points[k])
		}
	}
	for i := range l.Marks {
		point(&l.Marks[i].At)
	}
	for i := range l.Labels {
		if l.Labels[i].Style != "title" {
			point(&l.Labels[i].At)
		}
	}
}

// tell describes the picture to those who do not see it.
func (c *composing) tell() string {
	ops := 0
	for i := range c.plan.g.v {
		if len(c.plan.g.v[i].in) > 0 {
			ops++
		}
	}
	s := fmt.Sprintf("A computation graph, read from top to bottom: %d operations in %d groups.", ops, len(c.plan.scopes)-1)
	if c.plan.tape {
		s += " The right column runs from bottom to top and holds the gradient of each operation on the same row."
	}
	return s
}

func (c *composing) label(style string, at Point, text string, mid bool) {
	c.l.Labels = append(c.l.Labels, Label{at, text, style, mid})
}

func rect(x, y, w, h float64) Rect { return Rect{Length(x), Length(y), Length(w), Length(h)} }

// boxes adds the groups and the boxes of the forward column.
func (c *composing) boxes() {
	g := c.plan.g
	c.box, c.slope = make([]int, len(g.v)), make([]int, len(g.v))
	for _, s := range c.plan.scopes {
		if s.parent == nil {
			c.group[s] = -1
			continue
		}
		c.group[s] = len(c.l.Groups)
		c.l.Groups = append(c.l.Groups, c.groupOf(s, rect(s.x, s.y, s.w, s.h), c.group[s.parent]))
	}
	for v := range g.v {
		c.box[v], c.slope[v] = -1, -1
	}
	for v := range g.v {
		at := c.plan.where[v]
		if at.i < 0 {
			continue
		}
		it := &at.s.items[at.i]
		top, w := c.chips(it)
		for _, u := range it.chips {
			n := &g.v[u]
			b := c.boxOf(u, rect(it.x-it.w/2-chipGap-w, top, w, chipH), at.s)
			b.Pill, b.Title, b.Line = true, n.pill, n.pillRest
			c.box[u] = len(c.l.Boxes)
			c.l.Boxes = append(c.l.Boxes, b)
			top += chipStep
		}
		c.box[v] = len(c.l.Boxes)
		c.l.Boxes = append(c.l.Boxes, c.boxOf(v, rect(it.x-it.w/2, it.y+(it.h-g.v[v].h)/2, it.w, g.v[v].h), at.s))
		if it.tag > 0 {
			c.label("note", Point{it.x + 6, it.y + it.h + 12}, g.v[v].note, false)
		}
	}
	for v := range g.v {
		b := &c.l.Boxes[c.box[v]]
		for _, u := range g.v[v].in {
			b.In = append(b.In, c.box[u])
		}
	}
}

func (c *composing) groupOf(s *scope, r Rect, parent int) Group {
	info := c.plan.g.scopes[s.info]
	return Group{Rect: r, Path: info.path, Title: info.title, Parent: parent, Times: times(info.times)}
}

func times(n int) int {
	if n < 2 {
		return 0
	}
	return n
}

// boxOf returns the box of a vertex at a place.
func (c *composing) boxOf(v int, r Rect, s *scope) Box {
	n := &c.plan.g.v[v]
	b := Box{Rect: r, Kind: n.kind, Title: n.title, Line: n.line, Group: c.group[s], Times: times(n.times), Scope: n.path, Of: -1, Nodes: ids(n.nodes)}
	if n.kind == Folded {
		b.Nodes = b.Nodes[len(b.Nodes)-1:]
	}
	c.p.show(&b, n, c.plan.tape)
	b.Tooltip = tooltip(n)
	return b
}

func ids(nodes []*graph.Node) []uint64 {
	list := make([]uint64, len(nodes))
	for i, n := range nodes {
		list[i] = n.ID()
	}
	return list
}

// tooltip is what a pointer or a screen reader gets.
func tooltip(n *vertex) string {
	if n.kind == Folded {
		return n.path + " · " + n.line
	}
	m := n.node()
	parts := []string{m.String(), m.Scope()}
	if m.Err() != nil {
		parts = []string{mistakeLine(m)}
	}
	var said []string
	for _, s := range parts {
		if s != "" {
			said = append(said, s)
		}
	}
	return strings.Join(said, " · ")
}

// chips returns where the tucked boxes of an item begin, and how wide they are.
func (c *composing) chips(it *item) (top, w float64) {
	for _, u := range it.chips {
		w = max(w, c.plan.g.v[u].chipW)
	}
	return it.y + it.h/2 - (float64(len(it.chips))*chipStep-4)/2, w
}

// edges adds the lines of the forward column.
func (c *composing) edges() {
	for _, s := range c.plan.scopes {
		for _, r := range s.routes {
			to := -1
			if s.items[r.dst].kind == leaf {
				to = c.box[s.items[r.dst].v]
			}
			c.l.Edges = append(c.l.Edges, Edge{Forward, c.box[r.val], to, r.points})
		}
		for _, j := range s.joins {
			c.l.Marks = append(c.l.Marks, Mark{At: j.at, Value: c.box[j.val]})
		}
	}
	c.eachLeaf(func(s *scope, it *item, n *vertex) {
		to := c.l.Boxes[c.box[it.v]]
		for _, u := range it.chips {
			from := c.l.Boxes[c.box[u]].Rect
			y, top := float64(from.Y+from.H/2), float64(to.Y)
			c.line(Forward, c.box[u], c.box[it.v], Point{float64(from.X + from.W), y}, Point{float64(to.X), min(max(y, top+9), top+float64(to.H)-9)})
		}
	})
}

func (c *composing) line(kind EdgeKind, value, to int, points ...Point) {
	c.l.Edges = append(c.l.Edges, Edge{kind, value, to, points})
}

func (c *composing) eachLeaf(visit func(s *scope, it *item, n *vertex)) {
	for _, s := range c.plan.scopes {
		for i := range s.items {
			if it := &s.items[i]; it.kind == leaf {
				visit(s, it, &c.plan.g.v[it.v])
			}
		}
	}
}
