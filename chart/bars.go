package chart

import (
	"fmt"
	"math"
	"unicode/utf8"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

func (b Bars) add(d *drawing) error {
	if len(b.Names) != len(b.Values) {
		return fmt.Errorf("%d bars have %d names: name each of them", len(b.Values), len(b.Names))
	}
	if d.logX {
		return fmt.Errorf("bars on a logarithmic x axis: that one has their names, the values are along y")
	}
	letters := 0
	for _, name := range b.Names {
		letters += utf8.RuneCountInString(cut(name)) + 2
	}
	lying := letters > 75
	if lying {
		d.turn()
	}
	var ticks plot.ConstantTicks
	list := &boxes{d: d, edge: true}
	fill := d.style("").color
	for i, v := range b.Values {
		at := float64(i)
		if lying {
			at = float64(len(b.Values) - 1 - i) // the first on top
		}
		ticks = append(ticks, plot.Tick{Value: at, Label: cut(b.Names[i])})
		low := 0.0
		if lying && d.logX || !lying && d.logY {
			low = math.SmallestNonzeroFloat64 // cut off at the axis
		}
		from, to := point{at - 0.4, low}, point{at + 0.4, v}
		ends := []point{{at - 0.5, v}, {at + 0.5, v}, {at, 0}}
		if lying {
			from, to = flip(from), flip(to)
			ends = []point{flip(ends[0]), flip(ends[1]), flip(ends[2])}
		}
		d.cover(ends...)
		if d.usable(to) {
			list.list = append(list.list, box{from: from, to: to, fill: fill})
		}
	}
	if lying {
		d.height = vg.Length(max(120, 60+16*len(b.Values)))
		d.p.Y.Tick.Marker, d.p.Y.Tick.Length = ticks, 0
	} else {
		d.p.X.Tick.Marker, d.p.X.Tick.Length = ticks, 0
	}
	d.add(list)
	return nil
}

// turn exchanges the axes.
func (d *drawing) turn() {
	d.p.X.Label.Text, d.p.Y.Label.Text = d.p.Y.Label.Text, d.p.X.Label.Text
	d.p.X.Scale, d.p.Y.Scale = d.p.Y.Scale, d.p.X.Scale
	d.p.X.Tick.Marker, d.p.Y.Tick.Marker = d.p.Y.Tick.Marker, d.p.X.Tick.Marker
	d.logX, d.logY = d.logY, d.logX
}

func flip(p point) point { return point{p.y, p.x} }

func (h Histogram) add(d *drawing) error {
	if h.Bins < 0 {
		return fmt.Errorf("%d bins: want at least 1, or 0 for a number that fits", h.Bins)
	}
	var values []float64
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range h.Values {
		if number(v) && (!d.logX || positive(v)) {
			values = append(values, v)
			low, high = min(low, v), max(high, v)
		}
	}
	s := d.style(h.Name)
	list := &boxes{d: d}
	if d.p.Y.Label.Text == "" {
		d.p.Y.Label.Text = "count"
	}
	edges, counts := bins(values, low, high, h.Bins, d.logX)
	for i, n := range counts {
		b := box{from: point{edges[i], 0}, to: point{edges[i+1], float64(n)}, fill: fade(s.color, 150)}
		if d.logY {
			b.from.y = math.SmallestNonzeroFloat64
			d.cover(point{b.from.x, 0.8})
		}
		d.cover(b.from, b.to, point{b.to.x, b.from.y})
		if n > 0 {
			list.list = append(list.list, b)
		}
	}
	d.add(list)
	d.mention(h.Name, list)
	return nil
}

// bins counts values between edges that lie evenly on the axis.
func bins(values []float64, low, high float64, n int, log bool) (edges []float64, counts []int) {
	if len(values) == 0 {
		return nil, nil
	}
	if n == 0 {
		n = min(40, int(math.Ceil(math.Sqrt(float64(len(values))))))
	}
	low, high = widen(low, high, log, 0)
	at := func(v float64) float64 { return (v - low) / (high - low) }
	edge := func(i int) float64 { return low + (high-low)*float64(i)/float64(n) }
	if log {
		span := math.Log(high / low)
		at = func(v float64) float64 { return math.Log(v/low) / span }
		edge = func(i int) float64 { return low * math.Exp(span*float64(i)/float64(n)) }
	}
	for i := range n + 1 {
		edges = append(edges, edge(i))
	}
	counts = make([]int, n)
	for _, v := range values {
		counts[min(n-1, max(0, int(at(v)*float64(n))))]++
	}
	return edges, counts
}
