package viz

import (
	"fmt"
	"strings"
)

// backward adds the column of gradients, the mirror image of the forward one,
// and that of the updates, and returns the width of all.
func (c *composing) backward(width float64) float64 {
	root := c.plan.scopes[0]
	axis := root.anchor + root.x
	c.label("heading", Point{axis, -14}, "forward ↓", true)
	c.label("heading", Point{c.fx(axis), -14}, "backward ↑", true)
	c.mirrorGroups()
	c.mirrorBoxes()
	c.mirrorEdges()
	c.seed()
	if w := c.updateWidth(); w > 0 {
		c.l.Columns = 3
		x := width + updateGap
		c.label("heading", Point{x + w/2, -14}, "update", true)
		c.updates(x, w)
		width = x + w
	}
	return width
}

// mirrorGroups adds the groups that hold a gradient.
func (c *composing) mirrorGroups() {
	mirrored := map[*scope]int{}
	for _, s := range c.plan.scopes {
		if s.parent == nil {
			mirrored[s] = -1
			continue
		}
		if !c.holdsGradient(s) {
			continue
		}
		r := c.groupOf(s, rect(c.fx(s.x)-s.w, s.y, s.w, s.h), mirrored[s.parent])
		r.Right = true
		mirrored[s] = len(c.l.Groups)
		c.l.Groups = append(c.l.Groups, r)
	}
	for s, i := range mirrored {
		c.group[s] = i
	}
}

func (c *composing) holdsGradient(s *scope) bool {
	for i := range s.items {
		switch it := &s.items[i]; it.kind {
		case leaf:
			if c.hasGradient(it.v) {
				return true
			}
		case box:
			if c.holdsGradient(it.sub) {
				return true
			}
		}
	}
	return false
}

// hasGradient reports whether v has a box on the right: parameters and inputs
// have a pill there instead, or an end of a line.
func (c *composing) hasGradient(v int) bool {
	n := &c.plan.g.v[v]
	return n.active && (len(n.in) > 0 || n.kind == Param || n.kind == Input)
}

// mirrorBoxes adds the boxes of gradients, and the pills of those of parameters.
func (c *composing) mirrorBoxes() {
	c.eachLeaf(func(s *scope, it *item, n *vertex) {
		if c.hasGradient(it.v) {
			r := c.l.Boxes[c.box[it.v]].Rect
			r.X = Length(c.fx(float64(r.X + r.W)))
			b := Box{Rect: r, Kind: Gradient, Title: "∂ " + n.title, Line: c.p.gradientLine(n), Group: c.group[s], Times: times(n.times), Of: c.box[it.v], Nodes: ids(n.grads), Tooltip: slopeTooltip(n)}
			if len(n.in) == 0 {
				b.Line = ""
			}
			c.p.showSlope(&b, n)
			c.slope[it.v] = len(c.l.Boxes)
			c.l.Boxes = append(c.l.Boxes, b)
		}
		for _, u := range it.chips {
			m := &c.plan.g.v[u]
			if !m.active || c.slope[it.v] < 0 {
				continue
			}
			r := c.l.Boxes[c.box[u]].Rect
			r.X = Length(c.fx(float64(r.X + r.W)))
			b := Box{Rect: r, Kind: Gradient, Title: m.slopePill, Pill: true, Group: c.group[s], Of: c.box[u], Nodes: ids(m.grads), Tooltip: slopeTooltip(m)}
			c.p.showSlope(&b, m)
			c.slope[u] = len(c.l.Boxes)
			c.l.Boxes = append(c.l.Boxes, b)
		}
	})
}

// slopeTooltip lists what a gradient computes.
func slopeTooltip(n *vertex) string {
	s := "gradient at " + n.title
	if n.kind == Folded {
		return s + " · " + n.path
	}
	for i, m := range n.grads {
		if i == 8 {
			return s + " · …"
		}
		s += " · " + m.String()
	}
	return s
}

// mirrorEdges turns the forward lines round: every fan-out becomes a sum.
func (c *composing) mirrorEdges() {
	for _, s := range c.plan.scopes {
		for _, r := range s.routes {
			dst := &s.items[r.dst]
			if c.slope[r.val] < 0 || dst.kind == leaf && c.slope[dst.v] < 0 {
				continue
			}
			points := make([]Point, len(r.points))
			for k, p := range r.points {
				points[len(points)-1-k] = Point{c.fx(p.X), p.Y}
			}
			to := -1
			if s.items[r.src].kind == leaf {
				to = c.slope[r.val]
			}
			c.line(Backward, c.slope[r.val], to, points...)
		}
		for _, j := range s.joins {
			if c.slope[j.val] >= 0 && c.terms(j.val) > 1 {
				c.l.Marks = append(c.l.Marks, Mark{At: Point{c.fx(j.at.X), j.at.Y}, Plus: true, Value: c.slope[j.val]})
			}
		}
	}
	c.eachLeaf(func(_ *scope, it *item, n *vertex) {
		if c.slope[it.v] < 0 {
			return
		}
		from := c.l.Boxes[c.slope[it.v]].Rect
		if len(n.saves) > 0 {
			c.saved(it.v, n)
		}
		for _, u := range it.chips {
			if c.slope[u] >= 0 {
				to := c.l.Boxes[c.slope[u]].Rect
				y, top := float64(to.Y+to.H/2), float64(from.Y)
				c.line(Backward, c.slope[u], c.slope[u], Point{float64(from.X + from.W), min(max(y, top+9), top+float64(from.H)-9)}, Point{float64(to.X), y})
			}
		}
	})
}

// terms counts the users whose gradients add up at v.
func (c *composing) terms(v int) (n int) {
	for i := range c.plan.g.v {
		if contains(c.plan.g.v[i].in, v) && c.slope[i] >= 0 {
			n++
		}
	}
	return n
}

// saved draws what a gradient reads again.
func (c *composing) saved(v int, n *vertex) {
	from, to := c.l.Boxes[c.box[v]].Rect, c.l.Boxes[c.slope[v]].Rect
	y := float64(from.Y + from.H/2)
	a, b := float64(from.X+from.W), float64(to.X)
	c.line(Saved, c.box[v], c.slope[v], Point{a, y}, Point{b, y})
	text := strings.Join(n.saves, ", ")
	if n.kind == Folded || textWidth(text, 10) > b-a-16 {
		text = fmt.Sprintf("%d saved", len(n.saves))
	}
	c.label("saved", Point{(a + b) / 2, y - 5}, text, true)
}

// seed draws where the gradient begins: the turn under the loss.
func (c *composing) seed() {
	uses := c.plan.g.uses()
	c.eachLeaf(func(_ *scope, it *item, n *vertex) {
		if c.slope[it.v] < 0 {
			return
		}
		for _, v := range uses.of(it.v) {
			if c.slope[v] >= 0 {
				return
			}
		}
		y := it.y + it.h - it.over
		bottom := c.plan.scopes[0].h + 16
		if len(uses.of(it.v)) == 0 {
			c.line(Backward, c.slope[it.v], c.slope[it.v], Point{it.x, y}, Point{it.x, bottom}, Point{c.fx(it.x), bottom}, Point{c.fx(it.x), y})
			c.label("seed", Point{c.mid, bottom - 5}, "∂loss = 1", true)
		}
	})
}

// updateText says what happens to the parameters of a box.
func updateText(n *vertex) string {
	if n.kind == Folded {
		return "update " + plural(n.moves, "parameter")
	}
	return n.title + " ← " + plural(len(n.update), "op")
}

func (c *composing) updateWidth() (w float64) {
	for i := range c.plan.g.v {
		if n := &c.plan.g.v[i]; len(n.update) > 0 && c.slope[i] >= 0 {
			w = max(w, textWidth(updateText(n), 10.5)+22)
		}
	}
	return w
}

// updates adds a box for what moves each parameter, beside its gradient.
func (c *composing) updates(x, w float64) {
	for v := range c.plan.g.v {
		n := &c.plan.g.v[v]
		if len(n.update) == 0 || c.slope[v] < 0 {
			continue
		}
		from := c.l.Boxes[c.slope[v]].Rect
		y := float64(from.Y + from.H/2)
		b := Box{Rect: rect(x, y-12, w, 24), Kind: Update, Title: updateText(n), Pill: true, Group: -1, Of: c.box[v], Nodes: ids(n.update), Tooltip: updateTooltip(n)}
		c.line(Backward, c.slope[v], len(c.l.Boxes), Point{float64(from.X + from.W), y}, Point{x, y})
		c.l.Boxes = append(c.l.Boxes, b)
	}
}

func updateTooltip(n *vertex) string {
	s := updateText(n)
	if n.kind == Folded {
		return s
	}
	for i, m := range n.update {
		if i == 12 {
			return s + " · …"
		}
		s += " · " + m.String()
	}
	return s
}
