package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A stroke is a curve, with gaps where points cannot be drawn.
type stroke struct {
	d     *drawing
	pts   []point
	style style
	faint bool
}

func (s *stroke) line() draw.LineStyle {
	l := draw.LineStyle{Color: s.style.color, Width: 1.8, Dashes: s.style.dashes}
	if s.faint {
		l.Color, l.Width, l.Dashes = fade(s.style.color, 90), 0.8, nil
	}
	return l
}

// fade makes a colour transparent.
func fade(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}

// Plot draws the curve.
func (s *stroke) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, run := range runs(s.pts, s.d.usable) {
		line := make([]vg.Point, 0, len(run))
		for _, q := range few(run) {
			line = append(line, vg.Point{X: x(q.x), Y: y(q.y)})
		}
		if len(line) == 1 { // a lonely point would be nothing
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: s.line().Color, Radius: 2, Shape: draw.CircleGlyph{}}, line[0])
			continue
		}
		c.StrokeLines(s.line(), line)
	}
}

// Thumbnail draws a line.
func (s *stroke) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	c.StrokeLine2(s.line(), c.Min.X, y, c.Max.X, y)
}

// runs returns the longest pieces of what is usable.
func runs(pts []point, usable func(point) bool) (list [][]point) {
	start := 0
	for i := range len(pts) + 1 {
		if i < len(pts) && usable(pts[i]) {
			continue
		}
		if i > start {
			list = append(list, pts[start:i])
		}
		start = i + 1
	}
	return list
}

// few returns at most 2000 of the points of a curve: of each of 500 stretches the
// first, the lowest, the highest and the last, which look like all of them.
func few(pts []point) []point {
	const stretches = 500
	if len(pts) <= 4*stretches {
		return pts
	}
	var list []point
	for i := range stretches {
		part := pts[i*len(pts)/stretches : (i+1)*len(pts)/stretches]
		low, high := 0, 0
		for k, p := range part {
			if p.y < part[low].y {
				low = k
			}
			if p.y > part[high].y {
				high = k
			}
		}
		for _, k := range []int{0, min(low, high), max(low, high), len(part) - 1} {
			list = append(list, part[k])
		}
	}
	return list
}

// An area is a band between two curves.
type area struct {
	d         *drawing
	low, high []point
	style     style
}

// Plot fills the band.
func (a *area) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	both := make([]point, len(a.low)) // usable where low and high are
	for i := range both {
		both[i] = a.low[i]
		if !a.d.usable(a.high[i]) {
			both[i].y = math.NaN()
		}
	}
	at := 0
	for _, run := range runs(both, a.d.usable) {
		for !a.d.usable(both[at]) {
			at++
		}
		var outline []vg.Point
		for _, q := range few(run) {
			outline = append(outline, vg.Point{X: x(q.x), Y: y(q.y)})
		}
		high := few(a.high[at : at+len(run)])
		for i := len(high) - 1; i >= 0; i-- {
			outline = append(outline, vg.Point{X: x(high[i].x), Y: y(high[i].y)})
		}
		c.FillPolygon(fade(a.style.color, 60), outline)
		at += len(run)
	}
}

// Thumbnail fills a rectangle.
func (a *area) Thumbnail(c *draw.Canvas) { swatch(c, fade(a.style.color, 60)) }

func swatch(c *draw.Canvas, fill color.Color) {
	c.FillPolygon(fill, corners(c.Min.X, c.Min.Y, c.Max.X, c.Max.Y))
}

func corners(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// A polygon is a filled mark: its corners, at a radius of 1.
type polygon []vg.Point

// DrawGlyph fills the polygon.
func (g polygon) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	var p vg.Path
	for i, q := range g {
		q = vg.Point{X: at.X + s.Radius*q.X, Y: at.Y + s.Radius*q.Y}
		if i == 0 {
			p.Move(q)
		} else {
			p.Line(q)
		}
	}
	p.Close()
	c.SetColor(s.Color)
	c.Fill(p)
}

// regular is a polygon whose corners lie in turn at the radii, the first of them at
// an angle in degrees, counted from the right.
func regular(corners int, first float64, radii ...vg.Length) (g polygon) {
	for i := range corners {
		a := (first + 360*float64(i)/float64(corners)) * math.Pi / 180
		r := radii[i%len(radii)]
		g = append(g, vg.Point{X: r * vg.Length(math.Cos(a)), Y: r * vg.Length(math.Sin(a))})
	}
	return g
}

// shapes of marks are all filled: outlines are too thin to be seen.
var shapes = []draw.GlyphDrawer{
	draw.CircleGlyph{}, regular(3, 90, 1.25), regular(4, 45, 1.25), regular(4, 0, 1.25), regular(3, 270, 1.25),
	regular(10, 90, 1.5, 0.6), regular(8, 0, 1.5, 0.45), regular(8, 45, 1.5, 0.45), regular(3, 0, 1.25), regular(3, 180, 1.25),
}

// marks are points.
type marks struct {
	d     *drawing
	pts   []point
	style style
}

func (m *marks) glyph() draw.GlyphStyle {
	g := draw.GlyphStyle{Color: m.style.color, Radius: 3, Shape: m.style.shape}
	if len(m.pts) > crowd {
		g.Color, g.Radius = fade(m.style.color, 180), 2.5
	}
	return g
}

// crowd is the number of marks above which they let those below shine through.
const crowd = 50

// Plot draws the marks.
func (m *marks) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, q := range m.pts {
		if m.d.usable(q) {
			c.DrawGlyphNoClip(m.glyph(), vg.Point{X: x(q.x), Y: y(q.y)})
		}
	}
}

// Thumbnail draws a mark.
func (m *marks) Thumbnail(c *draw.Canvas) { c.DrawGlyph(m.glyph(), c.Center()) }

// A box is a filled rectangle with a text on it.
type box struct {
	from, to point
	fill     color.NRGBA
	text     string
}

// boxes are the cells of a table, or bars.
type boxes struct {
	d    *drawing
	list []box
	size vg.Length // of the text
	edge bool      // a white line around each
}

// Plot fills the rectangles, cut off at the axes.
func (b *boxes) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, r := range b.list {
		lowX, lowY := clamp(r.from.x, p.X), clamp(r.from.y, p.Y)
		highX, highY := clamp(r.to.x, p.X), clamp(r.to.y, p.Y)
		outline := corners(x(lowX), y(lowY), x(highX), y(highY))
		c.FillPolygon(r.fill, outline)
		if b.edge {
			c.StrokeLines(draw.LineStyle{Color: color.White, Width: 0.7}, append(outline, outline[0]))
		}
		if r.text != "" {
			s := letters(p.X.Tick.Label, b.size)
			s.XAlign, s.YAlign = draw.XCenter, draw.YCenter
			if luminance(r.fill) < 0.45 {
				s.Color = color.White
			}
			c.FillText(s, vg.Point{X: (x(lowX) + x(highX)) / 2, Y: (y(lowY) + y(highY)) / 2}, r.text)
		}
	}
}

// Thumbnail fills a rectangle.
func (b *boxes) Thumbnail(c *draw.Canvas) {
	if len(b.list) > 0 {
		swatch(c, b.list[0].fill)
	}
}

func clamp(v float64, a plot.Axis) float64 { return min(max(v, a.Min), a.Max) }

// luminance is how bright a colour is, from 0 to 1.
func luminance(c color.NRGBA) float64 {
	return (0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)) / 255
}
