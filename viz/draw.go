package viz

// A canvas is what a layout is drawn on.
type canvas interface {
	open(b *Box, i int)                   // what follows belongs to a box
	close()                               //
	rect(class string, r Rect, r0 Length) // with round corners
	line(e *Edge, points []Point, arrow bool)
	rule(class string, points ...Point)
	dot(class string, at Point, r float64)
	text(class string, at Point, s string)
	heading(g *Group, class string, at Point)
	pair(class string, at Point, name, value string, nameFirst bool) // a faint and a full text in one
	cell(level int, r Rect)
	crisp(on bool) // cells follow
}

// draw draws everything, back to front.
func (l *Layout) draw(c canvas) {
	for i := range l.Groups {
		l.drawGroup(c, &l.Groups[i])
	}
	for i := range l.Edges {
		e := &l.Edges[i]
		c.line(e, e.Points, e.To >= 0)
	}
	for _, m := range l.Marks {
		if !m.Plus {
			c.dot("dot", m.At, 2.4)
			continue
		}
		c.dot("plus", m.At, 6)
		c.rule("plus", Point{m.At.X - 3.5, m.At.Y}, Point{m.At.X + 3.5, m.At.Y})
		c.rule("plus", Point{m.At.X, m.At.Y - 3.5}, Point{m.At.X, m.At.Y + 3.5})
	}
	for i := range l.Groups {
		g := &l.Groups[i]
		x, y := float64(g.X), float64(g.Y)
		if g.Right {
			c.heading(g, "groupend", Point{x + float64(g.W) - 10, y + 15})
			badge(c, x+20, y, g.Times)
		} else {
			c.heading(g, "grouptitle", Point{x + 10, y + 15})
			badge(c, x+float64(g.W)-20, y, g.Times)
		}
	}
	for i := range l.Boxes {
		l.drawBox(c, &l.Boxes[i], i)
	}
	for _, t := range l.Labels {
		class := t.Style
		if class == "saved" {
			class = "savedtext"
		}
		c.text(class, t.At, t.Text)
	}
}

// drawGroup draws an open group; a repeated one lies on a stack of cards.
func (l *Layout) drawGroup(c canvas, g *Group) {
	if g.Times > 1 {
		d := Length(3)
		if g.Right {
			d = -3
		}
		for k := 2; k >= 0; k-- {
			r := g.Rect
			r.X, r.Y = r.X+Length(k)*d, r.Y-Length(k)*3
			c.rect("card", r, 12)
		}
	}
	c.rect("group", g.Rect, 12)
}

func badge(c canvas, x, y float64, times int) {
	if times < 2 {
		return
	}
	s := "×" + human(times)
	w := textWidth(s, 10.5) + 10
	c.rect("badge", rect(x-w/2, y-8, w, 16), 8)
	c.text("badgetext", Point{x, y + 3.7}, s)
}

func (l *Layout) drawBox(c canvas, b *Box, i int) {
	c.open(b, i)
	defer c.close()
	class := b.Kind.String()
	x, y, w, h := float64(b.X), float64(b.Y), float64(b.W), float64(b.H)
	if b.Pill {
		l.drawPill(c, b, class)
		return
	}
	if b.Bar {
		c.rect(class, b.Rect, 3)
		c.text("name", Point{x + w/2, y + h/2 + 4}, b.Title)
		return
	}
	if b.Times > 1 {
		d := Length(2.5)
		if b.Kind == Gradient {
			d = -d
		}
		for k := Length(2); k >= 1; k-- {
			r := b.Rect
			r.X, r.Y = r.X+k*d, r.Y-k*2.5
			c.rect(class, r, 8)
		}
	}
	radius := Length(8)
	if b.Kind == Input {
		radius = min(b.H/2, 15)
	}
	c.rect(class, b.Rect, radius)
	mid, base := x+w/2, y+19
	if b.Line == "" && b.Value == nil && h > 30 {
		base = y + h/2 + 4
	} else if _, ok := b.Value.scalar(); ok && b.Line == "" && b.Slope == nil {
		base = y + (h-14)/2 + 4
	}
	c.text("name", Point{mid, base}, b.Title)
	if b.Line != "" {
		base += 14.5
		c.text("line", Point{mid, base}, b.Line)
	}
	if b.Value != nil {
		drawValues(c, b, mid, base, x, y, w, h)
	}
	if b.Times > 1 && b.Kind == Gradient {
		badge(c, x+6, y-3, b.Times)
	} else {
		badge(c, x+w-6, y-3, b.Times)
	}
}

// drawValues draws the value of a box under its text, and the gradient beside.
func drawValues(c canvas, b *Box, mid, base, x, y, w, h float64) {
	v, ok := b.Value.scalar()
	name := "value"
	if b.Kind == Gradient {
		name = "grad"
	}
	if ok && b.Slope == nil {
		c.pair("value", Point{mid, y + h - 7}, name, v, true)
		return
	}
	if ok {
		s, _ := b.Slope.scalar()
		c.rule("rule", Point{x, y + h - 19}, Point{x + w, y + h - 19})
		c.rule("rule", Point{mid, y + h - 19}, Point{mid, y + h})
		c.pair("value", Point{x + w/4, y + h - 6}, "value", v, true)
		c.pair("value", Point{x + 3*w/4, y + h - 6}, "grad", s, true)
		return
	}
	if b.Slope == nil {
		b.Value.draw(c, mid, base+8, "")
		return
	}
	b.Value.draw(c, x+w/4+1, base+8, "value")
	b.Slope.draw(c, x+3*w/4-1, base+8, "grad")
}

// drawPill draws a small box: a name, and faintly what else there is.
func (l *Layout) drawPill(c canvas, b *Box, class string) {
	r := b.H / 2
	if b.Kind == Update {
		r = 6
	}
	c.rect(class, b.Rect, r)
	mid, base := float64(b.X+b.W/2), float64(b.Y)+16
	if _, ok := b.Value.scalar(); !ok && b.Value != nil && b.Kind != Const {
		k := min(28/float64(b.Value.Columns), 16/float64(b.Value.Rows))
		w, h := max(3, k*float64(b.Value.Columns)), max(3, k*float64(b.Value.Rows))
		b.Value.cells(c, float64(b.X)+11+(28-w)/2, float64(b.Y+b.H/2)-h/2, w, h)
		mid += pillHeat/2 - 1
	}
	if b.Line == "" {
		c.text("pilltext", Point{mid, base}, b.Title)
		return
	}
	c.pair("pilltext", Point{mid, base}, b.Line, b.Title, false)
}

// draw draws a tensor of several elements, centred at mid under top: numbers or
// colours, the histogram, and the range.
func (k *Tile) draw(c canvas, mid, top float64, name string) {
	w, high := k.size()
	k.cells(c, mid-w/2, top, w, high)
	if len(k.Numbers) > 0 {
		for i, s := range k.Numbers {
			class := "cell"
			if lv := k.Levels[i]; lv <= -3 || lv >= 3 {
				class = "pale"
			}
			c.text(class, Point{mid - w/2 + numberW*(float64(i%k.Columns)+0.5), top + numberH*float64(i/k.Columns) + 10.5}, s)
		}
	}
	bottom := top + high
	if len(k.Bins) > 0 {
		k.bars(c, mid-barsW/2, bottom+5, barsW, barsH)
		bottom += barsH + 6
	}
	c.text("small", Point{mid, bottom + 12}, k.caption(name))
}

// cells draws the heat map; runs of one colour are one piece.
func (k *Tile) cells(c canvas, x, y, w, h float64) {
	c.crisp(true)
	cw, ch := w/float64(k.Columns), h/float64(k.Rows)
	for i := range k.Rows {
		for j := 0; j < k.Columns; {
			n := j + 1
			for n < k.Columns && k.Levels[i*k.Columns+n] == k.Levels[i*k.Columns+j] {
				n++
			}
			c.cell(k.Levels[i*k.Columns+j], rect(x+float64(j)*cw, y+float64(i)*ch, float64(n-j)*cw, ch))
			j = n
		}
	}
	c.crisp(false)
	c.rule("rule", Point{x, y}, Point{x + w, y}, Point{x + w, y + h}, Point{x, y + h}, Point{x, y})
}

// bars draws the histogram, with a dashed line at zero.
func (k *Tile) bars(c canvas, x, y, w, h float64) {
	most := 0
	for _, n := range k.Bins {
		most = max(most, n)
	}
	bw := w / float64(len(k.Bins))
	for i, n := range k.Bins {
		if n > 0 {
			bh := max(1, float64(n)/float64(most)*h)
			c.rect("bar", rect(x+float64(i)*bw, y+h-bh, bw-0.6, bh), 0)
		}
	}
	c.rule("rule", Point{x, y + h}, Point{x + w, y + h})
	if k.Min < 0 && k.Max > 0 {
		z := x + float64(-k.Min/(k.Max-k.Min))*w
		c.rule("zero", Point{z, y}, Point{z, y + h})
	}
}
