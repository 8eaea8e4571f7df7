// Package chart draws charts of numbers as SVG and PNG: curves with bands, points,
// bars, histograms and heat maps.
//
//	c := &chart.Chart{Title: "loss", X: "epoch", LogY: true, Layers: []chart.Layer{
//		chart.Line{Name: "training", Y: losses},
//	}}
//	err := c.SVG(w)
//
// The same chart gives the same bytes. Values that are no finite numbers, and on
// logarithmic axes those that are not positive, leave gaps; they never spoil the
// rest. Ten names have colours that the colour-blind tell apart, dark enough for
// white paper.
package chart

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A Chart is layers over a pair of axes, drawn from the first to the last. Layers
// of one name share a colour and a line of the legend.
type Chart struct {
	Title, X, Y string // X and Y are the axes' labels
	LogX, LogY  bool   // logarithmic axes
	// Names stand at 0, 1, 2... along x in place of numbers, for layers that count
	// their x. Long ones are slanted.
	Names []string
	// SpanX and SpanY are what the axes show at least, so that charts can be compared;
	// both zero means what is in the layers.
	SpanX, SpanY [2]float64
	Layers       []Layer
}

// A Layer is a [Line], [Band], [Points], [Bars], [Histogram] or [Heat].
type Layer interface {
	add(d *drawing) error
}

// A Line is a curve through points.
type Line struct {
	Name  string    // in the legend; "" is not mentioned
	X, Y  []float64 // X nil means 0, 1, 2...
	Faint bool      // thin and pale, as raw values behind their smooth curve
	Marks bool      // a mark at each point, of which there should be few
}

// A Band is the area between two curves, such as a confidence band.
type Band struct {
	Name         string
	X, Low, High []float64 // X nil means 0, 1, 2...
}

// Points are marks. Of more than 4000 in a layer, that many are drawn, evenly
// chosen.
type Points struct {
	Name string
	X, Y []float64 // X nil means 0, 1, 2...
}

// Bars are a bar for each name along x, as high as its value along y. With long
// names both axes are exchanged.
type Bars struct {
	Names  []string
	Values []float64
}

// A Histogram counts values in bins of equal width.
type Histogram struct {
	Name   string
	Values []float64
	Bins   int // 0 means as many as the square root of the values, at most 40
}

// A Heat is a table of numbers as colours, its first row on top: from white to blue
// for numbers of one sign, blue over white to orange else. What is no finite number
// is grey.
type Heat struct {
	Z             [][]float64 // rows of equal length
	Rows, Columns []string    // names; nil gives their indices
	Numbers       bool        // writes the numbers into the cells
	// SpanX and SpanY are what the columns, from left to right, and the rows, from
	// bottom to top, span on axes of numbers, such as for other layers above; both
	// zero means that cells are counted.
	SpanX, SpanY [2]float64
}

// SVG writes the chart as an SVG document of 1 to some 100 kB: text stays text, and
// nothing outside is referred to.
func (c *Chart) SVG(w io.Writer) error {
	d, err := c.drawing()
	if err != nil {
		return err
	}
	canvas := vgsvg.New(d.width, d.height)
	d.draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	if _, err := io.WriteString(w, compact(b.String())); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	return nil
}

// PNG writes the chart as a picture, at 144 dots per inch.
func (c *Chart) PNG(w io.Writer) error {
	d, err := c.drawing()
	if err != nil {
		return err
	}
	canvas := vgimg.NewWith(vgimg.UseWH(d.width, d.height), vgimg.UseDPI(144))
	d.draw(draw.New(canvas))
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(w); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	return nil
}

// compact says once, for all of an SVG document, what each text says: the font,
// with substitutes for machines that do not have it. Cells stay sharp.
func compact(svg string) string {
	svg = svg[strings.Index(svg, "<svg"):]
	svg = strings.Replace(svg, "<svg ", `<svg font-family="Liberation Sans,Arial,Helvetica,sans-serif" `, 1)
	return strings.NewReplacer(
		"font-family:Liberation Sans;font-variant:normal;font-weight:normal;font-style:normal;", "",
		"<image ", `<image style="image-rendering:pixelated" preserveAspectRatio="none" `,
		"data:image/jpg", "data:image/png",
		"\n\tstyle=", " style=",
		"\n\txmlns", " xmlns",
	).Replace(svg)
}

// drawing resolves what the layers share and lays them out.
func (c *Chart) drawing() (*drawing, error) {
	d := newDrawing(c)
	var wrong []error
	if c.Names != nil {
		if c.LogX {
			wrong = append(wrong, errors.New("chart: names on a logarithmic x axis: they stand at whole numbers from 0 on"))
		}
		d.name(c.Names)
	}
	d.span(c.SpanX, c.SpanY)
	for i, l := range c.Layers {
		if l == nil {
			wrong = append(wrong, fmt.Errorf("chart: layer %d is nil: want a chart.Line, Band, Points, Bars, Histogram or Heat", i))
			continue
		}
		if err := l.add(d); err != nil {
			wrong = append(wrong, fmt.Errorf("chart: layer %d: %w", i, err))
		}
	}
	return d, errors.Join(wrong...)
}

// number says whether a value can be drawn: no NaN, and no number that is so large
// that the ends of an axis could overflow.
func number(v float64) bool { return math.Abs(v) < 1e150 }

// positive says whether a value can be drawn on a logarithmic axis.
func positive(v float64) bool { return v > 1e-150 && v < 1e150 }

// points pairs coordinates, x counted from 0 if it is nil.
func points(name string, x, y []float64) ([]point, error) {
	if x != nil && len(x) != len(y) {
		return nil, fmt.Errorf("%q has %d x for %d y: give each y an x, or nil to count them", name, len(x), len(y))
	}
	list := make([]point, len(y))
	for i := range y {
		list[i] = point{float64(i), y[i]}
		if x != nil {
			list[i].x = x[i]
		}
	}
	return list, nil
}

func (l Line) add(d *drawing) error {
	pts, err := points(l.Name, l.X, l.Y)
	if err != nil {
		return err
	}
	s := &stroke{d: d, pts: pts, style: d.style(l.Name), faint: l.Faint}
	d.cover(pts...)
	d.add(s)
	d.mention(l.Name, s)
	if l.Marks {
		d.mark(l.Name, pts, s.style)
	}
	return nil
}

func (b Band) add(d *drawing) error {
	low, err := points(b.Name, b.X, b.Low)
	if err != nil {
		return err
	}
	high, err := points(b.Name, b.X, b.High)
	if err != nil {
		return err
	}
	if len(low) != len(high) {
		return fmt.Errorf("%q has %d low values for %d high ones: give both at each x", b.Name, len(low), len(high))
	}
	a := &area{d: d, low: low, high: high, style: d.style(b.Name)}
	d.cover(low...)
	d.cover(high...)
	d.add(a)
	d.mention(b.Name, a)
	return nil
}

func (p Points) add(d *drawing) error {
	pts, err := points(p.Name, p.X, p.Y)
	if err != nil {
		return err
	}
	d.cover(pts...)
	d.mark(p.Name, thin(pts, 4000), d.style(p.Name))
	return nil
}

// mark draws marks, away from the axes.
func (d *drawing) mark(name string, pts []point, s style) {
	m := &marks{d: d, pts: pts, style: s}
	d.margin = true
	d.add(m)
	d.mention(name, m)
}

// thin returns at most n of the points, evenly chosen.
func thin(pts []point, n int) []point {
	if len(pts) <= n {
		return pts
	}
	list := make([]point, n)
	for i := range list {
		list[i] = pts[i*len(pts)/n]
	}
	return list
}
