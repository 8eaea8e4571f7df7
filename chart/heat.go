package chart

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
	"unicode/utf8"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// manyCells are drawn as one picture rather than as rectangles.
const manyCells = 1600

func (h Heat) add(d *drawing) error {
	columns, err := h.columns()
	if err != nil || len(h.Z) == 0 || columns == 0 {
		return err
	}
	if d.logX || d.logY {
		return fmt.Errorf("a heat map on a logarithmic axis: its cells need linear ones")
	}
	rows := len(h.Z)
	low, high := h.extremes()
	s := scale{low, high}
	x, y := h.SpanX, h.SpanY
	counted := x == [2]float64{} && y == [2]float64{}
	if counted {
		x, y = [2]float64{-0.5, float64(columns) - 0.5}, [2]float64{-0.5, float64(rows) - 0.5}
		height := min(max(float64(rows)/float64(columns), 0.3), 1.1) * 340
		d.p.X.Tick.Marker = names(h.Columns, columns, beside(h.Columns, columns), func(i int) float64 { return float64(i) })
		d.p.Y.Tick.Marker = names(h.Rows, rows, 1+int(float64(rows)*9/height), func(i int) float64 { return float64(rows - 1 - i) })
		d.p.X.Tick.Length, d.p.Y.Tick.Length = 0, 0
		d.height = vg.Length(height) + 60
	}
	d.tight = true
	d.cover(point{x[0], y[0]}, point{x[1], y[1]})
	if rows*columns > manyCells {
		d.add(&raster{z: h.Z, s: s, from: point{x[0], y[0]}, to: point{x[1], y[1]}})
	} else {
		d.add(h.cells(d, s, x, y))
	}
	if !h.Numbers {
		for i := range 5 {
			v := high - (high-low)*float64(i)/4
			d.mention(value(v), mark{s.of(v)})
		}
	}
	return nil
}

// columns returns how many there are.
func (h Heat) columns() (int, error) {
	if len(h.Z) == 0 {
		return 0, nil
	}
	n := len(h.Z[0])
	for i, row := range h.Z {
		if len(row) != n {
			return 0, fmt.Errorf("row %d of a heat map has %d numbers, row 0 has %d: want rows of equal length", i, len(row), n)
		}
	}
	if h.Rows != nil && len(h.Rows) != len(h.Z) || h.Columns != nil && len(h.Columns) != n {
		return 0, fmt.Errorf("a heat map of %d rows and %d columns has %d and %d names: name each of them, or none", len(h.Z), n, len(h.Rows), len(h.Columns))
	}
	return n, nil
}

// extremes returns the ends of the colours: of both signs alike, or from 0 on.
func (h Heat) extremes() (low, high float64) {
	for _, row := range h.Z {
		for _, v := range row {
			if number(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low < 0 && high > 0 {
		high = max(high, -low)
		low = -high
	}
	return low, high
}

// cells are the rectangles of the table.
func (h Heat) cells(d *drawing, s scale, x, y [2]float64) *boxes {
	rows, columns := len(h.Z), len(h.Z[0])
	b := &boxes{d: d, edge: h.Numbers, size: vg.Length(min(10, max(3.5, 230/float64(max(columns, rows)))))}
	across, up := (x[1]-x[0])/float64(columns), (y[1]-y[0])/float64(rows)
	for i, row := range h.Z {
		for j, v := range row {
			at := point{x[0] + float64(j)*across, y[1] - float64(i+1)*up}
			c := box{from: at, to: point{at.x + across, at.y + up}, fill: s.of(v)}
			if h.Numbers {
				c.text = value(v)
			}
			b.list = append(b.list, c)
		}
	}
	return b
}

// value writes a number in few letters.
func value(v float64) string {
	if v == 0 { // without the sign of -0
		return "0"
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e5 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// beside says that every first, second... of the names, or indices, has room beside
// the others.
func beside(list []string, n int) int {
	longest := 2
	for _, s := range list {
		longest = max(longest, utf8.RuneCountInString(cut(s)))
	}
	every := 1
	for n/every*longest > 90 {
		every++
	}
	return every
}

// names are ticks in the middle of rows or columns, with every first, second... of
// their names, or indices.
func names(list []string, n, every int, at func(i int) float64) (ticks plot.ConstantTicks) {
	for i := 0; i < n; i += every {
		label := strconv.Itoa(i)
		if list != nil {
			label = cut(list[i])
		}
		ticks = append(ticks, plot.Tick{Value: at(i), Label: label})
	}
	return ticks
}

// A scale gives numbers their colours.
type scale struct{ low, high float64 }

var (
	blues   = []color.NRGBA{{255, 255, 255, 255}, {0x9E, 0xC9, 0xE8, 255}, {0x00, 0x72, 0xB2, 255}, {0x08, 0x2B, 0x5C, 255}}
	oranges = []color.NRGBA{{255, 255, 255, 255}, {0xF6, 0xC4, 0x9A, 255}, {0xD5, 0x5E, 0x00, 255}, {0x6B, 0x25, 0x00, 255}}
)

func (s scale) of(v float64) color.NRGBA {
	switch {
	case !number(v):
		return blank
	case v < 0:
		return between(oranges, v/s.low)
	case s.high == 0:
		return blues[0]
	}
	return between(blues, v/s.high)
}

// between returns a colour of a list of them, at a share of the way.
func between(list []color.NRGBA, share float64) color.NRGBA {
	at := min(max(share, 0), 1) * float64(len(list)-1)
	i := min(int(at), len(list)-2)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*(at-float64(i)))) }
	a, b := list[i], list[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// A mark is a colour of the legend.
type mark struct{ fill color.NRGBA }

// Thumbnail fills a rectangle.
func (m mark) Thumbnail(c *draw.Canvas) { swatch(c, m.fill) }

// A raster is a table of many cells, as a picture.
type raster struct {
	z        [][]float64
	s        scale
	from, to point
}

// Plot draws the picture.
func (r *raster) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	m := image.NewNRGBA(image.Rect(0, 0, len(r.z[0]), len(r.z)))
	for i, row := range r.z {
		for j, v := range row {
			m.SetNRGBA(j, i, r.s.of(v))
		}
	}
	c.DrawImage(vg.Rectangle{Min: vg.Point{X: x(r.from.x), Y: y(r.from.y)}, Max: vg.Point{X: x(r.to.x), Y: y(r.to.y)}}, m)
}
