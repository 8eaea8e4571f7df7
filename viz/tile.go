package viz

const (
	numberW, numberH = 36.0, 14.0
	barsH            = 16.0
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
	if t, ok := p.Values.Value(n.nodes[0]); ok && t.Len() > 0 {
		value = NewTile(t)
	}
	if t, ok := p.Values.Gradient(n.nodes[0]); ok && t.Len() > 0 {
		slope = NewTile(t)
	}
	return value, slope
}

// makeRoom makes a box larger for the values in it.
func (p *Picture) makeRoom(n *vertex) {
	value, slope := p.tiles(n)
	if value == nil {
		return
	}
	n.value, n.slope = value, slope
	w, h := 0.0, 0.0
	if _, ok := value.scalar(); ok {
		w, h = 170, 18
		if slope == nil {
			w = 80
		}
	} else {
		w, h = value.size()
		w += 20
		if slope != nil && !n.active {
			w = 2*w - 8
		}
		h += 10
		if p.Bars && len(value.Bins) > 0 {
			h += barsH + 6
		}
		h += 13 // the range
	}
	n.w, n.h = max(n.w, w), n.h+h
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
