package viz

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/adjointml/adjoint/graph"
)

// SVG draws what y depends on as SVG, which follows the reader's light or dark
// setting, and has a description and a tooltip for each box.
func (p Picture) SVG(w io.Writer, y ...*graph.Node) error {
	l, err := p.Layout(y...)
	if err != nil {
		return err
	}
	return l.SVG(w)
}

// SVG writes the layout as SVG.
func (l *Layout) SVG(w io.Writer) error {
	s := &svg{}
	s.head(l, "<style>"+css()+"</style>")
	l.draw(s)
	s.WriteString("</svg>\n")
	_, err := w.Write(s.Bytes())
	return err
}

// svg is a canvas that writes SVG.
type svg struct {
	bytes.Buffer
	page  bool // adds what a page's script needs
	cells [len(heat)]strings.Builder
}

func (s *svg) put(format string, a ...any) { fmt.Fprintf(&s.Buffer, format, a...) }

// coordinate writes a length in tenths.
func coordinate(v float64) string {
	t := strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
	if t == "-0" {
		return "0"
	}
	return t
}

func (s *svg) head(l *Layout, style string) {
	title := l.Title
	if title == "" {
		title = "Computation graph"
	}
	w, h := coordinate(float64(l.Width)), coordinate(float64(l.Height))
	s.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-label="%s"><title>%s</title><desc>%s</desc>%s<defs>`,
		w, h, w, h, html.EscapeString(title), html.EscapeString(title), html.EscapeString(l.Text), style)
	for _, m := range []string{"f", "b", "s"} {
		s.put(`<marker id="m%s" viewBox="0 0 8 8" refX="7.2" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="a%s" d="M0 .6L8 4L0 7.4L1.6 4z"/></marker>`, m, m)
	}
	s.put(`</defs><rect class="page" width="100%%" height="100%%"/>` + "\n")
}

func (s *svg) open(b *Box, i int) {
	s.put(`<g id="b%d" data-kind="%s"`, i, b.Kind)
	if s.page {
		s.put(` class="box" tabindex="-1" role="treeitem" aria-label="%s" data-of="%d" data-in="%s" data-n="%s"`, html.EscapeString(b.Title+" "+b.Tooltip), b.Of, words(b.In), words(b.Nodes))
		if b.Scope != "" {
			s.put(` data-scope="%s"`, html.EscapeString(b.Scope))
		}
	}
	s.WriteByte('>')
	if b.Tooltip != "" {
		s.put("<title>%s</title>", html.EscapeString(b.Tooltip))
	}
}

// words writes numbers with blanks between.
func words[T int | uint64](list []T) string { return strings.Trim(fmt.Sprint(list), "[]") }

func (s *svg) heading(g *Group, class string, at Point) {
	if !s.page || g.Right {
		s.text(class, at, g.Title)
		return
	}
	s.put(`<g class="fold" tabindex="-1" role="treeitem" aria-expanded="true" aria-label="group %s" data-path="%s">`, html.EscapeString(g.Title), html.EscapeString(g.Path))
	s.text(class, at, g.Title)
	s.WriteString("</g>")
}

func (s *svg) close() { s.WriteString("</g>\n") }

func (s *svg) rect(class string, r Rect, radius Length) {
	s.put(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"`, class, coordinate(float64(r.X)), coordinate(float64(r.Y)), coordinate(float64(r.W)), coordinate(float64(r.H)))
	if radius > 0 {
		s.put(` rx="%s"`, coordinate(float64(radius)))
	}
	s.WriteString("/>")
}

func (s *svg) line(e *Edge, points []Point, arrow bool) {
	s.put(`<path class="%s" data-v="%d" d="%s"`, e.Kind, e.Value, roundPath(points))
	if arrow {
		s.put(` marker-end="url(#m%c)"`, e.Kind[0])
	}
	s.WriteString("/>\n")
}

// roundPath writes a polyline with round corners as SVG path data.
func roundPath(points []Point) string {
	var b strings.Builder
	at := func(x, y float64) { b.WriteString(coordinate(x) + " " + coordinate(y)) }
	corners(points, func(from, turn, to Point, last bool) {
		if b.Len() == 0 {
			b.WriteByte('M')
			at(from.X, from.Y)
			return
		}
		b.WriteByte('L')
		at(from.X, from.Y)
		if !last {
			b.WriteByte('Q')
			at(turn.X, turn.Y)
			b.WriteByte(' ')
			at(to.X, to.Y)
		}
	})
	return b.String()
}

// corners visits the points of a polyline: the first and the last as they are,
// the others as round corners from and to points before and after them.
func corners(points []Point, visit func(from, turn, to Point, last bool)) {
	visit(points[0], points[0], points[0], false)
	for i := 1; i < len(points)-1; i++ {
		a, q, b := points[i-1], points[i], points[i+1]
		la, lb := math.Hypot(q.X-a.X, q.Y-a.Y), math.Hypot(q.X-b.X, q.Y-b.Y)
		r := min(8, la/2, lb/2)
		from := Point{q.X + (a.X-q.X)*r/max(la, 1e-9), q.Y + (a.Y-q.Y)*r/max(la, 1e-9)}
		to := Point{q.X + (b.X-q.X)*r/max(lb, 1e-9), q.Y + (b.Y-q.Y)*r/max(lb, 1e-9)}
		visit(from, q, to, false)
	}
	if n := len(points) - 1; n > 0 {
		visit(points[n], points[n], points[n], true)
	}
}

func (s *svg) rule(class string, points ...Point) {
	s.put(`<path class="%s" style="fill:none" d="`, class)
	for i, p := range points {
		c := byte('L')
		if i == 0 {
			c = 'M'
		}
		s.WriteByte(c)
		s.WriteString(coordinate(p.X) + " " + coordinate(p.Y))
	}
	s.WriteString(`"/>`)
}

func (s *svg) dot(class string, at Point, r float64) {
	s.put(`<circle class="%s" cx="%s" cy="%s" r="%s"/>`, class, coordinate(at.X), coordinate(at.Y), coordinate(r))
}

func (s *svg) text(class string, at Point, t string) {
	s.put(`<text class="%s" x="%s" y="%s">%s</text>`, class, coordinate(at.X), coordinate(at.Y), html.EscapeString(t))
}

func (s *svg) pair(class string, at Point, name, value string, nameFirst bool) {
	name, value = html.EscapeString(name), html.EscapeString(value)
	const small = `<tspan class="small" style="text-anchor:inherit">%s</tspan>`
	if nameFirst {
		s.put(`<text class="%s" x="%s" y="%s">`+small+" %s</text>", class, coordinate(at.X), coordinate(at.Y), name, value)
		return
	}
	s.put(`<text class="%s" x="%s" y="%s">%s `+small+"</text>", class, coordinate(at.X), coordinate(at.Y), value, name)
}

// cell collects the pieces of a heat map, one path a colour.
func (s *svg) cell(level int, r Rect) {
	w := coordinate(float64(r.W))
	fmt.Fprintf(&s.cells[level+4], "M%s %sh%sv%sh-%sz", coordinate(float64(r.X)), coordinate(float64(r.Y)), w, coordinate(float64(r.H)), w)
}

func (s *svg) crisp(on bool) {
	if on {
		s.WriteString(`<g shape-rendering="crispEdges">`)
		return
	}
	for i := range s.cells {
		if s.cells[i].Len() > 0 {
			s.put(`<path fill="%s" d="%s"/>`, heat[i], s.cells[i].String())
			s.cells[i].Reset()
		}
	}
	s.WriteString("</g>")
}
