package viz

import (
	"cmp"
	"math"
	"slices"
)

// segOf is one segment of a channel.
type segOf struct{ net, seg int }

// route gives each channel between two rows its horizontal tracks, sets y, and
// writes the lines.
func (s *scope) route(rows [][]int, p *plan) {
	channels := s.segments(len(rows) - 1)
	tracks, jogs := make([]int, len(channels)), make([]int, len(channels))
	var all, moving []*seg
	for c, list := range channels {
		all, moving = all[:0], moving[:0]
		for _, r := range list {
			sg := &s.nets[r.net].segs[r.seg]
			if all = append(all, sg); sg.moves() {
				moving = append(moving, sg)
			}
		}
		tracks[c], jogs[c] = untangle(all, moving)
	}
	s.stack(rows, channels, tracks, jogs, p)
	off := s.widen()
	s.anchor = off // on a tape the shared column is x = 0
	if len(s.nets) > 0 && !s.column(off) {
		s.anchor = s.mainPin()
	}
	s.draw(off)
}

// segments cuts the nets into one segment per channel they touch.
func (s *scope) segments(channels int) [][]segOf {
	list, slab := make([][]segOf, channels), slab[segOf]{}
	for k := range s.nets {
		n := &s.nets[k]
		src := &s.items[n.src]
		x := s.srcX(n)
		if n.segs = s.room.segs.take(1); n.rail {
			n.segs = s.room.segs.take(2)
		}
		s.segIn(n, src.rank, x)
		for j := range n.to {
			t := &n.to[j]
			sg := s.segIn(n, s.items[t.item].rank-1, x)
			sg.down = append(sg.down, t.pin)
		}
		for i := range n.segs {
			sg := &n.segs[i]
			sg.measure()
			if sg.channel >= 0 && sg.channel < channels {
				if list[sg.channel] == nil {
					list[sg.channel] = slab.take(2)
				}
				list[sg.channel] = append(list[sg.channel], segOf{k, i})
			}
		}
	}
	return list
}

// measure sets the extent of the segment's track.
func (sg *seg) measure() {
	sg.lo, sg.hi = math.Inf(1), math.Inf(-1)
	for _, x := range sg.up {
		sg.lo, sg.hi = min(sg.lo, x), max(sg.hi, x)
	}
	for _, x := range sg.down {
		sg.lo, sg.hi = min(sg.lo, x), max(sg.hi, x)
	}
}

// segIn returns the net's segment in channel c, made if need be.
func (s *scope) segIn(n *net, c int, x float64) *seg {
	if i := n.find(c); i >= 0 {
		return &n.segs[i]
	}
	sg := seg{channel: c, up: s.room.ends.take(1), down: s.room.ends.take(1)}
	if c == s.items[n.src].rank {
		sg.up = append(sg.up, x)
	}
	if n.rail && n.lo <= c && c <= n.hi {
		sg.up = append(sg.up, n.lane)
	}
	if n.rail && n.lo <= c+1 && c+1 <= n.hi {
		sg.down = append(sg.down, n.lane)
	}
	n.segs = append(n.segs, sg)
	if n.at != nil {
		n.at[c] = len(n.segs) - 1
	} else if len(n.segs) > 16 { // a value that many rows use
		n.at = map[int]int{}
		for i := range n.segs {
			n.at[n.segs[i].channel] = i
		}
	}
	return &n.segs[len(n.segs)-1]
}

// find returns the place of the net's segment in channel c, or -1.
func (n *net) find(c int) int {
	if n.at != nil {
		if i, ok := n.at[c]; ok {
			return i
		}
		return -1
	}
	for i := range n.segs {
		if n.segs[i].channel == c {
			return i
		}
	}
	return -1
}

// stack sets y of rows and tracks from top to bottom.
func (s *scope) stack(rows [][]int, channels [][]segOf, tracks, jogs []int, p *plan) {
	y := 0.0
	for r, row := range rows {
		h := 0.0
		noted := false
		for _, v := range row {
			it := &s.items[v]
			h = max(h, it.h)
			noted = noted || it.kind == leaf && it.tag > 0
		}
		for _, v := range row {
			s.items[v].y = y + (h-s.items[v].h)/2
		}
		y += h
		if r == len(channels) {
			break
		}
		top, bottom := 8.0, 13.0
		if noted {
			top = 19
		}
		for _, q := range channels[r] { // backward, a fan-out becomes a plus sign that needs room
			if p.tape && r > 0 && len(s.nets[q.net].segs[q.seg].joins()) > 0 {
				top = 24
			}
		}
		if r == 0 {
			switch {
			case s.parent == nil:
				top = 0
			case tracks[0] > 0:
				top = headPad + 2
			default:
				top = headPad - 10
			}
		}
		if r == len(channels)-1 {
			bottom = 4
		}
		for _, q := range channels[r] {
			sg := &s.nets[q.net].segs[q.seg]
			sg.y = y + top + float64(sg.track)*trackGap
			for i := range sg.jogs {
				sg.jogs[i].y = y + top + float64(tracks[r]+sg.jogs[i].track)*trackGap
			}
		}
		y += top + bottom + float64(tracks[r]+jogs[r])*trackGap
	}
	s.h = y
}

// widen sets the width and moves the items to the right of x = 0, by as much as
// it returns.
func (s *scope) widen() (off float64) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for i := range s.items {
		it := &s.items[i]
		lo, hi = min(lo, it.x-it.l), max(hi, it.x+max(it.r, it.tag))
	}
	for k := range s.nets {
		if n := &s.nets[k]; n.rail {
			lo, hi = min(lo, n.lane), max(hi, n.lane)
		}
	}
	if len(s.items) == 0 {
		lo, hi = 0, 0
	}
	if d := s.title - (hi - lo + 2*scopePad); d > 0 && s.parent != nil {
		hi += d
	}
	s.w = hi - lo + 2*scopePad
	off = scopePad - lo
	for i := range s.items {
		s.items[i].x += off
	}
	return off
}

// draw writes the lines and the places where they part.
func (s *scope) draw(off float64) {
	total := 0
	for k := range s.nets {
		total += len(s.nets[k].to)
	}
	s.routes = make([]route, 0, total)
	points := make([]Point, 0, 6*total)
	for k := range s.nets {
		n := &s.nets[k]
		src := &s.items[n.src]
		x, first := s.srcX(n), n.segs[0].y
		for _, t := range n.to {
			it := &s.items[t.item]
			from := len(points)
			points = append(points, Point{x, src.y + src.h - src.over}, Point{x, first})
			last := &n.segs[0]
			if it.rank != src.rank+1 {
				points = n.segs[0].comeDown(points, n.lane, off)
				last = &n.segs[max(0, n.find(it.rank-1))]
				points = append(points, Point{n.lane + off, last.y})
			}
			points = last.comeDown(points, t.pin, off)
			points = append(points, Point{t.pin + off, it.y + it.over})
			line := tidy(points[from:])
			points = points[:from+len(line)]
			s.routes = append(s.routes, route{n.val, n.src, t.item, line[:len(line):len(line)]})
		}
		for i := range n.segs {
			for _, x := range n.segs[i].joins() {
				s.joins = append(s.joins, join{Point{x + off, n.segs[i].y}, n.val})
			}
		}
	}
}

// column reports whether all that is solid stands at x.
func (s *scope) column(x float64) bool {
	for i := range s.items {
		if it := &s.items[i]; it.solid() && math.Abs(it.x-x) > 0.01 {
			return false
		}
	}
	return true
}

// mainPin is where the scope wants to be aligned: its first in-port, else its
// first item.
func (s *scope) mainPin() float64 {
	for i := range s.items {
		if s.items[i].kind == inPort {
			return s.items[i].x
		}
	}
	return s.items[0].x
}

// joins lists the places of a segment where three lines meet.
func (sg *seg) joins() (at []float64) {
	if len(sg.up)+len(sg.down) < 3 {
		return nil
	}
	xs := slices.Concat(sg.up, sg.down)
	slices.Sort(xs)
	for _, x := range slices.Compact(xs) {
		n := 0
		for _, meets := range [...]bool{x > sg.lo+0.5, x < sg.hi-0.5, slices.Contains(sg.up, x), slices.Contains(sg.down, x)} {
			if meets {
				n++
			}
		}
		if n > 2 {
			at = append(at, x)
		}
	}
	return at
}

// assign orders the segments of one channel to cross little, gives overlapping
// ones distinct tracks, and returns how many there are.
func assign(segs []*seg) (tracks int) {
	slices.SortStableFunc(segs, func(a, b *seg) int { return cmp.Compare(a.hi-a.lo, b.hi-b.lo) })
	var list []*seg
	for _, a := range segs {
		best, at, cost := math.MaxInt, 0, 0
		from := max(0, len(list)-40) // bounded work in very busy channels
		for _, b := range list[from:] {
			cost += a.above(b)
		}
		for i := from; i <= len(list); i++ {
			if cost < best {
				best, at = cost, i
			}
			if i < len(list) {
				cost += list[i].above(a) - a.above(list[i])
			}
		}
		list = slices.Insert(list, at, a)
	}
	var held [][]*seg
	for _, a := range list {
		a.track = 0
		for k := len(held) - 1; k >= 0; k-- {
			if slices.ContainsFunc(held[k], func(b *seg) bool { return a.lo < b.hi+8 && b.lo < a.hi+8 }) {
				a.track = k + 1
				break
			}
		}
		if a.track == len(held) {
			held = append(held, nil)
		}
		held[a.track] = append(held[a.track], a)
	}
	return len(held)
}

// above is what it costs to have a above b: crossings, and lines on one another.
func (a *seg) above(b *seg) (n int) {
	for _, x := range a.down {
		if b.lo < x && x < b.hi {
			n++
		}
		for _, u := range b.up {
			if math.Abs(u-x) < 4 {
				n += 10
			}
		}
	}
	for _, x := range b.up {
		if a.lo < x && x < a.hi {
			n++
		}
	}
	return n
}

// tidy drops repeated and collinear points.
func tidy(p []Point) []Point {
	same := func(a, b, c float64) bool { return math.Abs(a-b) < 0.05 && math.Abs(b-c) < 0.05 }
	out := p[:0]
	for _, q := range p {
		n := len(out)
		switch {
		case n > 0 && math.Abs(out[n-1].X-q.X) < 0.05 && math.Abs(out[n-1].Y-q.Y) < 0.05:
		case n > 1 && (same(out[n-2].X, out[n-1].X, q.X) || same(out[n-2].Y, out[n-1].Y, q.Y)):
			out[n-1] = q
		default:
			out = append(out, q)
		}
	}
	return out
}
