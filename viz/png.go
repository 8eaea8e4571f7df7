package viz

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strconv"

	"golang.org/x/image/vector"

	"github.com/adjointml/adjoint/graph"
)

// PNG draws what y depends on as PNG, with two pixels for each unit, on white.
func (p Picture) PNG(w io.Writer, y ...*graph.Node) error {
	l, err := p.Layout(y...)
	if err != nil {
		return err
	}
	return l.PNG(w)
}

// PNG draws the graph of y as PNG.
func PNG(w io.Writer, y ...*graph.Node) error { return Picture{}.PNG(w, y...) }

// PNG writes the layout as PNG, with two pixels for each unit.
func (l *Layout) PNG(w io.Writer) error {
	m, err := l.Image(2)
	if err != nil {
		return err
	}
	return png.Encode(w, m)
}

// mostPixels is 256 MiB of memory.
const mostPixels = 1 << 26

// Image draws the layout with so many pixels for each unit. It fails where that
// needs more than 64 million pixels.
func (l *Layout) Image(scale float64) (*image.RGBA, error) {
	w, h := math.Ceil(float64(l.Width)*scale), math.Ceil(float64(l.Height)*scale)
	if !(w*h <= mostPixels) {
		return nil, fmt.Errorf("viz: a picture of %.0f by %.0f pixels is too large: close groups, scale less, or write SVG", w, h)
	}
	r := &raster{m: image.NewRGBA(image.Rect(0, 0, int(w), int(h))), scale: scale}
	r.rect("page", Rect{W: l.Width, H: l.Height}, 0)
	l.draw(r)
	return r.m, nil
}

// raster is a canvas of pixels. Shapes are outlines that turn the same way, since
// the rasterizer adds up what they cover.
type raster struct {
	m     *image.RGBA
	scale float64
	z     vector.Rasterizer
}

func (r *raster) open(*Box, int) {}
func (r *raster) close()         {}
func (r *raster) crisp(bool)     {}

// rgba reads a colour such as #1a2b3c.
func rgba(hex string, opacity float64) color.Color {
	v, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		panic("viz: no colour: " + hex)
	}
	if opacity == 0 {
		opacity = 1
	}
	return color.NRGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), uint8(math.Round(255 * opacity))}
}

// An outline is closed pieces of straight lines, in pixels.
type outlines [][]Point

// fill paints what the pieces cover.
func (r *raster) fill(pieces outlines, c color.Color) {
	lo, hi := Point{math.Inf(1), math.Inf(1)}, Point{math.Inf(-1), math.Inf(-1)}
	for _, piece := range pieces {
		for _, p := range piece {
			lo.X, lo.Y, hi.X, hi.Y = min(lo.X, p.X), min(lo.Y, p.Y), max(hi.X, p.X), max(hi.Y, p.Y)
		}
	}
	box := image.Rect(int(math.Floor(lo.X)), int(math.Floor(lo.Y)), int(math.Ceil(hi.X))+1, int(math.Ceil(hi.Y))+1)
	if box = box.Intersect(r.m.Bounds()); len(pieces) == 0 || box.Empty() {
		return
	}
	r.z.Reset(box.Dx(), box.Dy())
	for _, piece := range pieces {
		for i, p := range piece {
			x, y := float32(p.X-float64(box.Min.X)), float32(p.Y-float64(box.Min.Y))
			if i == 0 {
				r.z.MoveTo(x, y)
			} else {
				r.z.LineTo(x, y)
			}
		}
		r.z.ClosePath()
	}
	r.z.Draw(r.m, box, image.NewUniform(c), image.Point{})
}

// arc adds the points of a quarter circle around c, from the angle a on.
func arc(piece []Point, c Point, radius, a, turn float64) []Point {
	n := max(2, int(math.Ceil(math.Sqrt(radius)*2)))
	for i := range n + 1 {
		t := a + turn*float64(i)/float64(n)
		piece = append(piece, Point{c.X + radius*math.Cos(t), c.Y + radius*math.Sin(t)})
	}
	return piece
}

// rounded is the outline of a rectangle with round corners, clockwise.
func rounded(x, y, w, h, radius float64) []Point {
	radius = max(0, min(radius, w/2, h/2))
	if radius == 0 {
		return []Point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}
	}
	var p []Point
	p = arc(p, Point{x + w - radius, y + radius}, radius, -math.Pi/2, math.Pi/2)
	p = arc(p, Point{x + w - radius, y + h - radius}, radius, 0, math.Pi/2)
	p = arc(p, Point{x + radius, y + h - radius}, radius, math.Pi/2, math.Pi/2)
	return arc(p, Point{x + radius, y + radius}, radius, math.Pi, math.Pi/2)
}

func (r *raster) rect(class string, at Rect, radius Length) {
	s := classes[class]
	x, y, w, h, k := float64(at.X)*r.scale, float64(at.Y)*r.scale, float64(at.W)*r.scale, float64(at.H)*r.scale, float64(radius)*r.scale
	if s.fill != "" {
		r.fill(outlines{rounded(x, y, w, h, k)}, rgba(s.fill, s.opacity))
	}
	if s.stroke == "" {
		return
	}
	if s.dash != nil {
		ring := rounded(x, y, w, h, k)
		r.stroke(append(ring, ring[0]), s)
		return
	}
	d := s.width * r.scale / 2
	inner := rounded(x+d, y+d, w-2*d, h-2*d, k-d)
	for i, j := 0, len(inner)-1; i < j; i, j = i+1, j-1 {
		inner[i], inner[j] = inner[j], inner[i]
	}
	r.fill(outlines{rounded(x-d, y-d, w+2*d, h+2*d, k+d), inner}, rgba(s.stroke, 1))
}

// stroke draws a line of straight pieces, in pixels.
func (r *raster) stroke(points []Point, s *style) {
	lines := outlines{points}
	if s.dash != nil {
		lines = dashes(points, s.dash[0]*r.scale, s.dash[1]*r.scale)
	}
	var pieces outlines
	for _, line := range lines {
		pieces = append(pieces, thick(line, s.width*r.scale/2)...)
	}
	r.fill(pieces, rgba(s.stroke, 1))
}

// thick is the outline of a line of half the width d: a box for each piece and a
// disc at each corner.
func thick(line []Point, d float64) (pieces outlines) {
	for i := 1; i < len(line); i++ {
		p, q := line[i-1], line[i]
		length := math.Hypot(q.X-p.X, q.Y-p.Y)
		if length == 0 {
			continue
		}
		nx, ny := (q.Y-p.Y)/length*d, -(q.X-p.X)/length*d
		pieces = append(pieces, []Point{{p.X + nx, p.Y + ny}, {q.X + nx, q.Y + ny}, {q.X - nx, q.Y - ny}, {p.X - nx, p.Y - ny}})
		if i+1 < len(line) {
			pieces = append(pieces, arc(nil, q, d, 0, 2*math.Pi))
		}
	}
	return pieces
}

// dashes cuts a line into pieces with gaps between.
func dashes(line []Point, on, off float64) (pieces outlines) {
	piece := []Point{line[0]}
	left, drawing := on, true
	for i := 1; i < len(line); i++ {
		p, q := line[i-1], line[i]
		for {
			length := math.Hypot(q.X-p.X, q.Y-p.Y)
			if length <= left {
				left -= length
				if drawing {
					piece = append(piece, q)
				}
				break
			}
			p = Point{p.X + (q.X-p.X)*left/length, p.Y + (q.Y-p.Y)*left/length}
			if drawing {
				pieces = append(pieces, append(piece, p))
				left = off
			} else {
				piece, left = []Point{p}, on
			}
			drawing = !drawing
		}
	}
	if drawing && len(piece) > 1 {
		pieces = append(pieces, piece)
	}
	return pieces
}

func (r *raster) line(e *Edge, points []Point, arrow bool) {
	var line []Point
	corners(points, func(from, turn, to Point, last bool) {
		line = append(line, r.pixel(from))
		for _, t := range [...]float64{0.25, 0.5, 0.75, 1} { // a quadratic curve
			if from != to {
				u := 1 - t
				line = append(line, r.pixel(Point{u*u*from.X + 2*u*t*turn.X + t*t*to.X, u*u*from.Y + 2*u*t*turn.Y + t*t*to.Y}))
			}
		}
	})
	s := classes[string(e.Kind)]
	r.stroke(line, s)
	if arrow && len(points) > 1 {
		r.arrow(points[len(points)-2], points[len(points)-1], s)
	}
}

// arrow draws the head at the end of a line.
func (r *raster) arrow(from, to Point, s *style) {
	length := math.Hypot(to.X-from.X, to.Y-from.Y)
	if length == 0 {
		return
	}
	ux, uy := (to.X-from.X)/length, (to.Y-from.Y)/length
	var head []Point
	for _, p := range []Point{{-7.2, -3.4}, {0.8, 0}, {-7.2, 3.4}, {-5.6, 0}} {
		head = append(head, r.pixel(Point{to.X + p.X*ux - p.Y*uy, to.Y + p.X*uy + p.Y*ux}))
	}
	r.fill(outlines{head}, rgba(s.stroke, 1))
}

func (r *raster) pixel(p Point) Point { return Point{p.X * r.scale, p.Y * r.scale} }

func (r *raster) rule(class string, points ...Point) {
	line := make([]Point, len(points))
	for i, p := range points {
		line[i] = r.pixel(p)
	}
	r.stroke(line, classes[class])
}

func (r *raster) dot(class string, at Point, radius float64) {
	r.rect(class, rect(at.X-radius, at.Y-radius, 2*radius, 2*radius), Length(radius))
}

// cell is aligned to pixels, so that neighbours leave no seam.
func (r *raster) cell(level int, at Rect) {
	x0, y0 := math.Round(float64(at.X)*r.scale), math.Round(float64(at.Y)*r.scale)
	x1, y1 := math.Round(float64(at.X+at.W)*r.scale), math.Round(float64(at.Y+at.H)*r.scale)
	r.fill(outlines{rounded(x0, y0, x1-x0, y1-y0, 0)}, rgba(heatClass(level), 1))
}
