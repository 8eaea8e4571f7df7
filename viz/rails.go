package viz

import (
	"cmp"
	"math"
	"slices"
)

// A ceiling answers "the largest value in lo..hi" and raises ranges, both in
// O(log n).
type ceiling struct {
	n         int
	max, lazy []float64
}

// set makes these values the ceiling.
func (c *ceiling) set(v []float64) {
	c.n = 1
	for c.n < len(v) {
		c.n *= 2
	}
	c.max, c.lazy = slices.Grow(c.max[:0], 2*c.n)[:2*c.n], slices.Grow(c.lazy[:0], 2*c.n)[:2*c.n]
	for i := range c.max {
		c.max[i], c.lazy[i] = math.Inf(-1), math.Inf(-1)
	}
	copy(c.max[c.n:], v)
	for i := c.n - 1; i > 0; i-- {
		c.max[i] = max(c.max[2*i], c.max[2*i+1])
	}
}

func (c *ceiling) over(lo, hi int) float64 { return c.query(1, 0, c.n-1, lo, hi) }

func (c *ceiling) query(k, a, b, lo, hi int) float64 {
	if hi < a || b < lo {
		return math.Inf(-1)
	}
	if lo <= a && b <= hi {
		return c.max[k]
	}
	m := (a + b) / 2
	return max(c.lazy[k], c.query(2*k, a, m, lo, hi), c.query(2*k+1, m+1, b, lo, hi))
}

func (c *ceiling) raise(lo, hi int, v float64) { c.lift(1, 0, c.n-1, lo, hi, v) }

func (c *ceiling) lift(k, a, b, lo, hi int, v float64) {
	if hi < a || b < lo {
		return
	}
	c.max[k] = max(c.max[k], v)
	if lo <= a && b <= hi {
		c.lazy[k] = max(c.lazy[k], v)
		return
	}
	m := (a + b) / 2
	c.lift(2*k, a, m, lo, hi, v)
	c.lift(2*k+1, m+1, b, lo, hi, v)
}

// rails gives every net that skips a row one vertical lane beside the rows it
// passes. Short spans come first, so that short rails run inside and long ones
// outside; nothing crosses a box.
func (s *scope) rails(rows [][]int, tape bool) {
	long := s.skippers()
	if len(long) == 0 {
		return
	}
	right, left := &s.room.right, &s.room.left
	s.borders(rows, right, left)
	for _, k := range long {
		n := &s.nets[k]
		lo, hi := 2*n.lo-1, 2*n.hi+1
		xr, xl := right.over(lo, hi)+laneGap, -left.over(lo, hi)-laneGap
		pins := s.railPins(n)
		costR, costL := 0.0, 0.0
		for _, p := range pins {
			costR += math.Abs(p - xr)
			costL += math.Abs(p - xl)
		}
		if tape || costL < 0.7*costR {
			n.lane = xl
			if !tape && len(pins) > 0 {
				n.lane = min(xl, slices.Min(pins))
			}
			left.raise(lo, hi, -n.lane)
		} else {
			n.lane = xr
			if len(pins) > 0 {
				n.lane = max(xr, slices.Max(pins))
			}
			right.raise(lo, hi, n.lane)
		}
		s.movePorts(n)
	}
}

// skippers finds the nets that skip rows, shortest first, and what they pass.
func (s *scope) skippers() (long []int) {
	for k := range s.nets {
		n := &s.nets[k]
		from := s.items[n.src].rank
		n.lo, n.hi = math.MaxInt, -1
		for _, t := range n.to {
			switch to := s.items[t.item].rank; {
			case to == from+1:
			case to > from:
				n.rail, n.lo, n.hi = true, min(n.lo, from+1), max(n.hi, to-1)
			default:
				n.rail, n.lo, n.hi = true, min(n.lo, to), max(n.hi, from)
			}
		}
		if n.rail {
			long = append(long, k)
		}
	}
	slices.SortStableFunc(long, func(a, b int) int {
		return cmp.Compare(s.nets[a].hi-s.nets[a].lo, s.nets[b].hi-s.nets[b].lo)
	})
	return long
}

// borders sets the right and the (negated) left edges. Rows are the even
// entries and the channels below them the odd ones: two rails that meet in a
// channel need different lanes too.
func (s *scope) borders(rows [][]int, right, left *ceiling) {
	both := s.room.floats.zeros(4 * len(rows))
	r, l := both[:2*len(rows)], both[2*len(rows):]
	for i := range r {
		r[i], l[i] = math.Inf(-1), math.Inf(-1)
	}
	for k, row := range rows {
		for _, v := range row {
			if it := &s.items[v]; it.solid() {
				r[2*k] = max(r[2*k], it.x+max(it.r, it.tag))
				l[2*k] = max(l[2*k], it.l-it.x)
			}
		}
	}
	right.set(r)
	left.set(l)
}

// railPins returns the places that a rail is to be near.
func (s *scope) railPins(n *net) (pins []float64) {
	if s.items[n.src].kind != inPort || s.direct(n) {
		pins = append(pins, s.srcX(n))
	}
	for _, t := range n.to {
		it := &s.items[t.item]
		if it.rank != s.items[n.src].rank+1 && it.kind != outPort {
			pins = append(pins, it.x+it.pin(t.port))
		}
	}
	return pins
}

// movePorts puts ports that only the rail serves onto its lane.
func (s *scope) movePorts(n *net) {
	src := &s.items[n.src]
	if src.kind == inPort && !s.direct(n) {
		src.x = n.lane
	}
	for _, t := range n.to {
		if it := &s.items[t.item]; it.kind == outPort && it.rank != src.rank+1 {
			it.x = n.lane
		}
	}
}

// An arrival is one line that ends at a leaf: the net, the target, and from
// which x it comes.
type arrival struct {
	net, k, item int
	x            float64
}

// pins spreads a leaf's incoming edges along its top, keeping the straightest
// one straight.
func (s *scope) pins() {
	total := 0
	for k := range s.nets {
		total += len(s.nets[k].to)
	}
	all := s.room.arrivals.take(total)
	for k := range s.nets {
		n := &s.nets[k]
		for j := range n.to {
			t := &n.to[j]
			it := &s.items[t.item]
			t.pin = it.x + it.pin(t.port)
			if it.kind == leaf {
				x := s.srcX(n)
				if it.rank != s.items[n.src].rank+1 {
					x = n.lane
				}
				all = append(all, arrival{k, j, t.item, x})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return cmp.Or(cmp.Compare(a.item, b.item), cmp.Compare(a.x, b.x)) })
	for len(all) > 0 {
		k := 1
		for k < len(all) && all[k].item == all[0].item {
			k++
		}
		s.spread(all[:k])
		all = all[k:]
	}
}

// spread sets the pins of one leaf.
func (s *scope) spread(as []arrival) {
	it := &s.items[as[0].item]
	m := 0
	for i := range as {
		if math.Abs(as[i].x-it.x) < math.Abs(as[m].x-it.x) {
			m = i
		}
	}
	room, step := it.w/2-10, 16.0
	if len(as) > 1 {
		step = min(step, 2*room/float64(len(as)-1))
	}
	mid := it.x
	switch d := math.Abs(as[m].x - it.x); {
	case d < room && len(as) == 1 || d < 6:
		mid = as[m].x
	case len(as) > 1: // nobody comes from straight above: share the top evenly
		mid = it.x - step*float64(len(as)-1)/2 + step*float64(m)
	}
	mid = max(mid, it.x-room+step*float64(m))
	mid = min(mid, it.x+room-step*float64(len(as)-1-m))
	for i, a := range as {
		s.nets[a.net].to[a.k].pin = mid + step*float64(i-m)
	}
}
