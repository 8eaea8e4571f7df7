package chart

import (
	"image/color"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A point is a place in the units of the axes.
type point struct{ x, y float64 }

// A style tells the things of one name from those of another: by colour first, then
// by dashes and by the shape of marks.
type style struct {
	color  color.NRGBA
	dashes []vg.Length
	shape  draw.GlyphDrawer
}

// colours are those of Okabe and Ito 2008, without the yellow, which is too light
// for lines on white, and then an indigo, an olive and a brown that differ from
// them for all eyes.
var colours = []color.NRGBA{
	{0x00, 0x72, 0xB2, 255}, {0xD5, 0x5E, 0x00, 255}, {0x00, 0x9E, 0x73, 255}, {0xCC, 0x79, 0xA7, 255},
	{0xE6, 0x9F, 0x00, 255}, {0x56, 0xB4, 0xE9, 255}, {0x40, 0x40, 0x40, 255},
	{0x33, 0x22, 0x88, 255}, {0x99, 0x99, 0x33, 255}, {0x66, 0x11, 0x00, 255},
}

var (
	dashes = [][]vg.Length{nil, {5, 2}, {1.5, 2}, {7, 2, 1.5, 2}}
	ink    = color.NRGBA{0x20, 0x20, 0x20, 255}
	grid   = color.NRGBA{0xE4, 0xE4, 0xE4, 255}
	blank  = color.NRGBA{0xC8, 0xC8, 0xC8, 255} // of what is no number
)

// A drawing is a chart that is being laid out.
type drawing struct {
	p             *plot.Plot
	logX, logY    bool
	width, height vg.Length
	legend        plot.Legend
	entries       []entry
	styles        map[string]style
	used          int  // styles
	margin        bool // keep marks off the axes
	tight         bool // no room beyond the data, as around cells
	low, high     point
	broken        bool // some x is no whole number
}

func newDrawing(c *Chart) *drawing {
	d := &drawing{
		p: plot.New(), logX: c.LogX, logY: c.LogY, width: 480, height: 300, legend: plot.NewLegend(),
		styles: map[string]style{},
		low:    point{math.Inf(1), math.Inf(1)}, high: point{math.Inf(-1), math.Inf(-1)},
	}
	p := d.p
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	p.Title.Padding = 6
	for _, s := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &d.legend.TextStyle} {
		*s = letters(*s, 10)
	}
	p.Title.TextStyle.Font.Size = 12
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = 9, 9
	d.legend.Top, d.legend.Left, d.legend.Padding, d.legend.YPosition = true, true, 3, draw.PosCenter
	d.legend.ThumbnailWidth = 16
	p.Add(&gridLines{d})
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Padding, a.Tick.Length = 0, 4
		a.LineStyle.Color, a.Tick.LineStyle.Color = ink, ink
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = linear{n: 8}, linear{n: 6}
	if c.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{8}
	}
	if c.LogY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{7}
	}
	return d
}

// letters is a style of text in the font of all charts.
func letters(s text.Style, size vg.Length) text.Style {
	s.Color = ink
	s.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	s.Handler = plot.DefaultTextHandler
	return s
}

// style returns the style of a name, and one of its own for no name.
func (d *drawing) style(name string) style {
	if s, ok := d.styles[name]; ok {
		return s
	}
	s := style{
		color:  colours[d.used%len(colours)],
		dashes: dashes[d.used/len(colours)%len(dashes)],
		shape:  shapes[d.used%len(shapes)],
	}
	d.used++
	if name != "" {
		d.styles[name] = s
	}
	return s
}

// mention puts a name into the legend: once, with the thumbnails of all its layers.
func (d *drawing) mention(name string, t plot.Thumbnailer) {
	if name == "" {
		return
	}
	for i := range d.entries {
		if d.entries[i].name == name {
			d.entries[i].thumbs = append(d.entries[i].thumbs, t)
			return
		}
	}
	d.entries = append(d.entries, entry{name, []plot.Thumbnailer{t}})
}

// An entry is a line of the legend.
type entry struct {
	name   string
	thumbs []plot.Thumbnailer
}

// cut shortens a name that would take the chart's room.
func cut(name string) string {
	const most = 28
	if utf8.RuneCountInString(name) > most {
		return string([]rune(name)[:most-1]) + "…"
	}
	return name
}

// usable says whether a point has a place on the axes.
func (d *drawing) usable(p point) bool {
	return number(p.x) && number(p.y) && (!d.logX || positive(p.x)) && (!d.logY || positive(p.y))
}

// cover widens the axes to the points.
func (d *drawing) cover(pts ...point) {
	for _, p := range pts {
		if d.usable(p) {
			d.low = point{min(d.low.x, p.x), min(d.low.y, p.y)}
			d.high = point{max(d.high.x, p.x), max(d.high.y, p.y)}
			d.broken = d.broken || p.x != math.Trunc(p.x)
		}
	}
}

func (d *drawing) add(p plot.Plotter) { d.p.Add(p) }

// draw draws the chart with its legend on the right.
func (d *drawing) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, 8, -10, 6, -8)
	share := 0.03
	if d.tight {
		share = 0
	}
	if l, ok := d.p.X.Tick.Marker.(linear); ok { // epochs have no halves
		d.p.X.Tick.Marker = linear{l.n, !d.broken}
	}
	d.p.X.Min, d.p.X.Max = widen(d.low.x, d.high.x, d.logX, map[bool]float64{true: share}[d.margin])
	d.p.Y.Min, d.p.Y.Max = widen(d.low.y, d.high.y, d.logY, share)
	d.p.BackgroundColor = nil
	if len(d.entries) > 0 {
		for _, e := range d.entries {
			d.legend.Add(cut(e.name), e.thumbs...)
		}
		r := d.legend.Rectangle(c).Size()
		top := vg.Length(0)
		if d.p.Title.Text != "" {
			top = 20
		}
		d.legend.Draw(draw.Crop(c, c.Size().X-r.X-4, 0, 0, -top))
		c = draw.Crop(c, 0, -(r.X + 14), 0, 0)
	}
	d.upright(c)
}

// upright draws the axes and what is in them, with y's label beside. A plot that
// draws this label itself takes its middle to be near the top of a logarithmic axis,
// and leaves room above for it.
func (d *drawing) upright(c draw.Canvas) {
	label := d.p.Y.Label.Text
	if label == "" {
		d.p.Draw(c)
		return
	}
	s := d.p.Y.Label.TextStyle
	s.Rotation = math.Pi / 2
	height := s.Font.Size * 1.2
	inner := draw.Crop(c, height+3, 0, 0, 0)
	d.p.Y.Label.Text = ""
	d.p.Draw(inner)
	axes := d.p.DataCanvas(inner)
	c.FillText(s, vg.Point{X: c.Min.X + height - 2, Y: axes.Center().Y}, label)
	d.p.Y.Label.Text = label
}

// name puts names along x, upright only as long as they have room.
func (d *drawing) name(list []string) {
	var ticks plot.ConstantTicks
	letters := 0
	for i, s := range list {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: cut(s)})
		letters += utf8.RuneCountInString(cut(s)) + 2
	}
	d.p.X.Tick.Marker = ticks
	if letters > 65 {
		d.p.X.Tick.Label.Rotation = math.Pi / 6
		d.p.X.Tick.Label.XAlign, d.p.X.Tick.Label.YAlign = draw.XRight, draw.YCenter
	}
}

// span widens the axes to what they show at least.
func (d *drawing) span(x, y [2]float64) {
	if x != [2]float64{} {
		d.low.x, d.high.x = min(x[0], x[1]), max(x[0], x[1])
	}
	if y != [2]float64{} {
		d.low.y, d.high.y = min(y[0], y[1]), max(y[0], y[1])
	}
}

// widen returns the ends of an axis: never equal, never infinite.
func widen(low, high float64, log bool, share float64) (float64, float64) {
	switch {
	case low > high && log:
		return 1, 10
	case low > high:
		return 0, 1
	case log && high/low < 1.0001:
		return low / 2, high * 2
	case log:
		f := math.Pow(high/low, share)
		return low / f, high * f
	case high-low <= 1e-12*max(math.Abs(low), math.Abs(high)) || high-low < 1e-300:
		by := max(math.Abs(low)/10, 1e-12)
		if low == 0 {
			by = 1
		}
		return low - by, high + by
	}
	by := share * (high - low)
	return low - by, high + by
}

// gridLines are drawn behind everything else, but not behind cells and bars of
// names.
type gridLines struct{ d *drawing }

// Plot draws a line at each tick that has a label.
func (g *gridLines) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	s := draw.LineStyle{Color: grid, Width: 0.5}
	if g.d.tight {
		return
	}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if t.Label != "" && t.Value >= p.X.Min && t.Value <= p.X.Max {
			c.StrokeLine2(s, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if t.Label != "" && t.Value >= p.Y.Min && t.Value <= p.Y.Max {
			c.StrokeLine2(s, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}

// linear are at most n ticks at round numbers, or at whole ones.
type linear struct {
	n     int
	whole bool
}

// Ticks returns the multiples of 1, 2 or 5 times a power of ten between both ends.
func (l linear) Ticks(low, high float64) (ticks []plot.Tick) {
	step := round((high - low) / float64(l.n))
	if l.whole {
		step = max(step, 1)
	}
	first := math.Ceil(low/step - 1e-9)
	for i := 0.0; i <= float64(l.n)+1; i++ {
		v := (first + i) * step
		if v > high+1e-9*step {
			break
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: label(v, step)})
	}
	return ticks
}

// round returns the least 1, 2 or 5 times a power of ten that is not below v.
func round(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, k := range []float64{1, 2, 5} {
		if v <= k*p*(1+1e-9) {
			return k * p
		}
	}
	return 10 * p
}

// label writes a multiple of step with no more digits than it needs.
func label(v, step float64) string {
	if math.Abs(v) < step/2 {
		return "0"
	}
	if a := math.Abs(v); a >= 1e6 || step < 1e-5 {
		digits := max(0, int(math.Round(math.Log10(a)-math.Log10(step)+0.5)))
		return short(strconv.FormatFloat(v, 'e', min(digits, 15), 64))
	}
	return strconv.FormatFloat(v, 'f', max(0, int(math.Ceil(-math.Log10(step)-1e-9))), 64)
}

// short writes 1.50e+06 as 1.5e6.
func short(s string) string {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	mantissa, exponent := strconv.FormatFloat(v, 'e', -1, 64), ""
	for i := range mantissa {
		if mantissa[i] == 'e' {
			mantissa, exponent = mantissa[:i], mantissa[i+1:]
			break
		}
	}
	n, _ := strconv.Atoi(exponent)
	return mantissa + "e" + strconv.Itoa(n)
}

// decades are at most n labelled ticks at powers of ten, and at 2 and 5 times those
// where the axis is short.
type decades struct{ n int }

// Ticks returns the ticks between both ends.
func (d decades) Ticks(low, high float64) (ticks []plot.Tick) {
	first, last := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	every := (last-first)/d.n + 1
	named := []int{1}
	if last-first <= 2 {
		named = []int{1, 2, 5}
	}
	for e := first; e <= last; e++ {
		p := math.Pow(10, float64(e))
		for k := 1; k < 10; k++ {
			v := float64(k) * p
			t := plot.Tick{Value: v}
			if (e-first)%every == 0 && slices.Contains(named, k) {
				t.Label = power(v)
			}
			if v >= low && v <= high && (t.Label != "" || every == 1) {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}

// power writes 0.001 and 100 as they are, and what is smaller or larger as 1e-4.
func power(v float64) string {
	if v >= 0.00099 && v < 99999 {
		return strconv.FormatFloat(v, 'f', max(0, -int(math.Floor(math.Log10(v)+1e-9))), 64)
	}
	return short(strconv.FormatFloat(v, 'e', 0, 64))
}
