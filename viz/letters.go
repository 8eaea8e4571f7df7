package viz

import (
	"sync"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// A face is a font whose letters are drawn as outlines, at any size.
type face struct {
	font  *sfnt.Font
	mu    sync.Mutex
	buf   sfnt.Buffer
	cache map[rune]glyph
}

// A glyph is a letter in units of its size.
type glyph struct {
	pieces  outlines
	advance float64
}

var faces = sync.OnceValue(func() [2]*face { return [2]*face{newFace(goregular.TTF), newFace(gobold.TTF)} })

func newFace(ttf []byte) *face {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		panic("viz: " + err.Error())
	}
	return &face{font: f, cache: map[rune]glyph{}}
}

// fontUnits is the size at which outlines are read, for precision.
const fontUnits = 1024

// spare stands for letters that the font does not have.
var spare = map[rune]rune{'⊙': '·', 'ᵀ': 'T', '∗': '*', '⋅': '·', '∇': 'Δ', '₀': '0', '₁': '1', '₂': '2'}

func (f *face) glyph(r rune) glyph {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g, ok := f.cache[r]; ok {
		return g
	}
	var g glyph
	i, err := f.font.GlyphIndex(&f.buf, r)
	if s, ok := spare[r]; ok && i == 0 {
		i, err = f.font.GlyphIndex(&f.buf, s)
	}
	if err == nil {
		g = f.load(i)
	}
	f.cache[r] = g
	return g
}

func (f *face) load(i sfnt.GlyphIndex) (g glyph) {
	if a, err := f.font.GlyphAdvance(&f.buf, i, fixed.I(fontUnits), 0); err == nil {
		g.advance = units(a)
	}
	segments, err := f.font.LoadGlyph(&f.buf, i, fixed.I(fontUnits), nil)
	if err != nil {
		return g
	}
	at := func(p fixed.Point26_6) Point { return Point{units(p.X), units(p.Y)} }
	var piece []Point
	for _, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if len(piece) > 0 {
				g.pieces = append(g.pieces, piece)
			}
			piece = []Point{at(s.Args[0])}
		case sfnt.SegmentOpLineTo:
			piece = append(piece, at(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			piece = bend(piece, at(s.Args[0]), at(s.Args[0]), at(s.Args[1]), 2)
		case sfnt.SegmentOpCubeTo:
			piece = bend(piece, at(s.Args[0]), at(s.Args[1]), at(s.Args[2]), 3)
		}
	}
	if len(piece) > 0 {
		g.pieces = append(g.pieces, piece)
	}
	return g
}

func units(v fixed.Int26_6) float64 { return float64(v) / 64 / fontUnits }

// bend adds a curve of the given degree in straight pieces.
func bend(piece []Point, b, c, d Point, degree int) []Point {
	const steps = 6
	a := piece[len(piece)-1]
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		u := 1 - t
		wa, wb, wc, wd := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
		if degree == 2 {
			wa, wb, wc, wd = u*u, 2*u*t, 0, t*t
		}
		piece = append(piece, Point{wa*a.X + wb*b.X + wc*c.X + wd*d.X, wa*a.Y + wb*b.Y + wc*c.Y + wd*d.Y})
	}
	return piece
}

const combiningBar = '\u0304'

// shape returns the outlines of a text in pixels, beginning at x = 0 on the base
// line, and its width. A bar above a letter, as in x̄, is drawn.
func (f *face) shape(s string, px float64) (pieces outlines, width float64) {
	last := 0.0
	for _, r := range s {
		if r == combiningBar {
			y, d := -0.66*px, 0.035*px
			pieces = append(pieces, []Point{{width - last + 0.08*px, y - d}, {width - 0.08*px, y - d}, {width - 0.08*px, y + d}, {width - last + 0.08*px, y + d}})
			continue
		}
		g := f.glyph(r)
		for _, piece := range g.pieces {
			moved := make([]Point, len(piece))
			for i, p := range piece {
				moved[i] = Point{width + p.X*px, p.Y * px}
			}
			pieces = append(pieces, moved)
		}
		last = g.advance * px
		width += last
	}
	return pieces, width
}

func (s *style) face() *face {
	if s.bold {
		return faces()[1]
	}
	return faces()[0]
}

func (r *raster) text(class string, at Point, t string) {
	s := classes[class]
	pieces, width := s.face().shape(t, s.size*r.scale)
	x := at.X * r.scale
	switch s.anchor {
	case "middle":
		x -= width / 2
	case "end":
		x -= width
	}
	r.write(pieces, x, at.Y*r.scale, s)
}

func (r *raster) heading(g *Group, class string, at Point) { r.text(class, at, g.Title) }

// write draws outlines at a place, in a rim of the page's colour if the style has
// one.
func (r *raster) write(pieces outlines, x, y float64, s *style) {
	for _, piece := range pieces {
		for i := range piece {
			piece[i].X += x
			piece[i].Y += y
		}
	}
	if s.halo {
		var rim outlines
		for _, piece := range pieces {
			rim = append(rim, thick(append(piece[:len(piece):len(piece)], piece[0], piece[min(1, len(piece)-1)]), 1.5*r.scale)...)
		}
		r.fill(rim, rgba(paper, 1))
	}
	r.fill(pieces, rgba(s.fill, 1))
}

func (r *raster) pair(class string, at Point, name, value string, nameFirst bool) {
	s, small := classes[class], classes["small"]
	full, w := s.face().shape(value, s.size*r.scale)
	faint, v := small.face().shape(name, small.size*r.scale)
	gap := 0.3 * s.size * r.scale
	x, y := at.X*r.scale-(w+v+gap)/2, at.Y*r.scale
	if nameFirst {
		r.write(faint, x, y, small)
		r.write(full, x+v+gap, y, s)
		return
	}
	r.write(full, x, y, s)
	r.write(faint, x+w+gap, y, small)
}
