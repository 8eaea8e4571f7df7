package viz

import "strings"

const (
	numberW, numberH = 36.0, 14.0
	barsW, barsH     = 96.0, 16.0
	pillHeat         = 34.0 // room for a heat map in a pill
)

// size is the room that a tile takes.
func (k *Tile) size() (w, h float64) {
	if len(k.Numbers) > 0 {
		return numberW * float64(k.Columns), numberH * float64(k.Rows)
	}
	cell := min(7, 112/float64(k.Columns), 44/float64(k.Rows))
	return max(cell*float64(k.Columns), 4), max(cell*float64(k.Rows), 4)
}

// tiles returns the value and the gradient of a vertex that are shown.
func (p *Picture) tiles(n *vertex) (value, slope *Tile) {
	if p.Values == nil || n.kind == Folded || len(n.nodes) == 0 {
		return nil, nil
	}
	if t, ok := p.Values.Value(n.node()); ok && t.Len() > 0 {
		value = NewTile(t)
	}
	if t, ok := p.Values.Gradient(n.node()); ok && t.Len() > 0 {
		slope = NewTile(t)
	}
	return value, slope
}

// makeRoom makes a box larger for the values in it.
func (p *Picture) makeRoom(n *vertex, tape bool) {
	n.value, n.slope = p.tiles(n)
	if n.value == nil {
		return
	}
	if !p.Bars {
		n.value.Bins = nil
		if n.slope != nil {
			n.slope.Bins = nil
		}
	}
	both := n.slope != nil && !tape
	w, h := 80.0, 18.0
	if _, ok := n.value.scalar(); !ok {
		w, h = n.value.room(both)
	}
	if both {
		w = 2 * w
		if s, ok := n.slope.scalar(); !ok || s == "" {
			slope, _ := n.slope.room(true)
			w = max(w, 2*slope)
		}
	} else if n.slope != nil {
		slope, _ := n.slope.room(false)
		w = max(w, slope)
	}
	n.w, n.h = max(n.w, w+8), n.h+h
}

// room is what a tile takes with its caption and its bars.
func (k *Tile) room(named bool) (w, h float64) {
	w, h = k.size()
	name := ""
	if named {
		name = "value"
	}
	w, h = max(w, textWidth(k.caption(name), 10))+14, h+23
	if len(k.Bins) > 0 {
		w, h = max(w, barsW+10), h+barsH+6
	}
	return w, h
}

// caption says what the tile is, and its range.
func (k *Tile) caption(name string) string {
	s := num(float64(k.Min)) + " … " + num(float64(k.Max))
	if k.NaN > 0 {
		s += " and " + human(k.NaN) + " NaN"
	}
	return strings.TrimSpace(name + " " + s)
}

// show puts the values into a box: on a tape the gradient has a box of its own.
func (p *Picture) show(b *Box, n *vertex, tape bool) {
	b.Value = n.value
	if !tape {
		b.Slope = n.slope
	}
}

// showSlope puts the gradient into its box.
func (p *Picture) showSlope(b *Box, n *vertex) { b.Value = n.slope }
