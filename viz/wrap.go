package viz

import (
	"cmp"
	"math"
	"slices"
)

const (
	tallHeight = 2000.0 // a scope higher than this, and tallRatio times its width, is cut into columns
	tallRatio  = 2.0
)

// wrap cuts the outermost scopes that are too tall and not themselves one giant
// row.
func (p *plan) wrap() {
	var mark func(s *scope) bool // reports whether s was laid out again
	mark = func(s *scope) bool {
		if s.h < tallHeight || s.h < tallRatio*s.w {
			return false
		}
		rows, tallest := s.byRank(), 0.0
		for i := range s.items {
			tallest = max(tallest, s.items[i].h)
		}
		if len(rows) >= 5 && tallest < 0.7*s.h {
			s.cut(rows)
			return true
		}
		again := false
		for i := range s.items {
			if s.items[i].kind == box && mark(s.items[i].sub) {
				again = true
			}
		}
		if again {
			p.settle(s)
		}
		return again
	}
	mark(p.scopes[0])
}

func (s *scope) byRank() [][]int {
	n := 0
	for i := range s.items {
		n = max(n, s.items[i].rank+1)
	}
	rows := make([][]int, n)
	for i := range s.items {
		rows[s.items[i].rank] = append(rows[s.items[i].rank], i)
	}
	return rows
}

// A fold of a tall scope into columns, which are read left to right, each top to
// bottom. It works on the finished layout: rows are moved, and each line that
// crosses a cut gets a connector that runs under its column, up the gutter and
// over the next one. Connectors nest, so they never cross.
type columnCut struct {
	s           *scope
	cuts        []float64
	wires       []map[int]wire // per cut: the values that cross it
	lo, hi      []float64      // extent of each column before it is moved
	dx, dy, gut []float64
	head        float64
	down        map[crossing][]Point   // the one way down to a cut per value
	tops        map[crossing][]float64 // where the value arrives in the next column
}

type wire struct {
	x float64
	i int
}

type crossing struct{ val, cut int }

func (s *scope) cut(rows [][]int) {
	c := &columnCut{s: s, cuts: s.chooseCuts(rows), down: map[crossing][]Point{}, tops: map[crossing][]float64{}}
	if len(c.cuts) == 0 {
		return
	}
	c.wire()
	c.measure()
	height := c.frame()
	for i := range s.routes {
		c.moveRoute(&s.routes[i], height)
	}
	c.moveJoins()
	n := len(c.cuts)
	for i := range s.items {
		it := &s.items[i]
		if it.kind == outPort {
			it.x += c.dx[n]
			it.y = height
			continue
		}
		k := c.column(it.y + it.h/2)
		it.x += c.dx[k]
		it.y += c.dy[k]
	}
	s.anchor = s.mainPin()
}

// chooseCuts places cuts above rows, near equal heights, where few values cross.
func (s *scope) chooseCuts(rows [][]int) (cuts []float64) {
	k := min(12, int(math.Round(math.Sqrt(s.h/(1.1*s.w)))))
	if k < 2 {
		return nil
	}
	if n := len(rows) - 2; n <= 48 { // an even division wastes less paper
		best := k
		for _, q := range []int{k, k - 1, k + 1} {
			if q >= 2 && (q-n%q)%q < (best-n%best)%best {
				best = q
			}
		}
		k = best
	}
	var tops []float64 // candidates: just above each row
	for r := 2; r < len(rows)-1; r++ {
		y := math.Inf(1)
		for _, v := range rows[r] {
			y = min(y, s.items[v].y)
		}
		tops = append(tops, y-6)
	}
	for c := 1; c < k; c++ {
		want := s.h * float64(c) / float64(k)
		best, cost := 0.0, math.Inf(1)
		near := slices.Clone(tops)
		slices.SortFunc(near, func(a, b float64) int { return cmp.Compare(math.Abs(a-want), math.Abs(b-want)) })
		for _, y := range near[:min(6, len(near))] {
			q := math.Abs(y-want) + 120*float64(len(s.crossing(y)))
			if q < cost && (len(cuts) == 0 || y > cuts[len(cuts)-1]+100) {
				best, cost = y, q
			}
		}
		if !math.IsInf(cost, 1) {
			cuts = append(cuts, best)
		}
	}
	return cuts
}

// crossing returns the values whose lines cross the height y, and where.
func (s *scope) crossing(y float64) map[int]float64 {
	at := map[int]float64{}
	for i := range s.routes {
		p := s.routes[i].points
		for j := 1; j < len(p); j++ {
			if min(p[j-1].Y, p[j].Y) < y && y < max(p[j-1].Y, p[j].Y) {
				at[s.routes[i].val] = p[j].X
			}
		}
	}
	return at
}

func (c *columnCut) column(y float64) int {
	k, _ := slices.BinarySearch(c.cuts, y)
	return k
}

// wire numbers the values that cross each cut, from the right.
func (c *columnCut) wire() {
	c.wires = make([]map[int]wire, len(c.cuts))
	for k, y := range c.cuts {
		at := c.s.crossing(y)
		var vals []int
		for v := range at {
			vals = append(vals, v)
		}
		slices.SortFunc(vals, func(a, b int) int { return cmp.Or(cmp.Compare(at[b], at[a]), cmp.Compare(a, b)) })
		c.wires[k] = map[int]wire{}
		for i, v := range vals {
			c.wires[k][v] = wire{at[v], i}
		}
	}
}

// measure finds the extent of each column.
func (c *columnCut) measure() {
	n := len(c.cuts) + 1
	c.lo, c.hi = make([]float64, n), make([]float64, n)
	for k := range n {
		c.lo[k], c.hi[k] = math.Inf(1), math.Inf(-1)
	}
	grow := func(k int, a, b float64) { c.lo[k], c.hi[k] = min(c.lo[k], a), max(c.hi[k], b) }
	for i := range c.s.items {
		it := &c.s.items[i]
		grow(c.column(it.y+it.h/2), it.x-it.l, it.x+max(it.r, it.tag))
	}
	for _, r := range c.s.routes {
		for j, p := range r.points {
			a := c.column(p.Y)
			grow(a, p.X, p.X)
			if j > 0 {
				b := c.column(r.points[j-1].Y)
				for k := min(a, b); k <= max(a, b); k++ {
					grow(k, p.X, p.X)
				}
			}
		}
	}
}

// frame sets how each column moves, and the scope's new size.
func (c *columnCut) frame() (height float64) {
	n := len(c.cuts) + 1
	c.dx, c.dy, c.gut = make([]float64, n), make([]float64, n), make([]float64, n)
	x := scopePad
	if c.s.parent != nil {
		c.head = headPad
	}
	for k := range n {
		c.dx[k] = x - c.lo[k]
		end := c.s.h
		if k > 0 {
			c.dy[k] = c.head + 16 + trackGap*float64(len(c.wires[k-1])) - c.cuts[k-1]
		}
		x += c.hi[k] - c.lo[k]
		if k < n-1 {
			end = c.cuts[k] + 14 + trackGap*float64(len(c.wires[k]))
			c.gut[k] = x + 18
			x += 36 + trackGap*float64(len(c.wires[k])-1)
		}
		height = max(height, end+c.dy[k])
	}
	c.s.w, c.s.h = x+scopePad, height
	return height
}

// moveRoute moves a line and inserts connectors.
func (c *columnCut) moveRoute(r *route, height float64) {
	var out []Point
	for j, q := range r.points {
		if j > 0 {
			for a, b := c.column(r.points[j-1].Y), c.column(q.Y); a != b; {
				if b > a {
					out = c.onward(out, r.val, a, q.X)
					a++
				} else {
					a--
					link := c.connector(r.val, a, q.X)
					slices.Reverse(link)
					out = append(out, link...)
				}
			}
		}
		k := c.column(q.Y)
		out = append(out, Point{q.X + c.dx[k], q.Y + c.dy[k]})
	}
	if c.s.items[r.dst].kind == outPort {
		out[len(out)-1].Y = height
	}
	r.points = tidy(out)
}

// connector leads a value over cut k: under the column, up, and over the next.
func (c *columnCut) connector(val, k int, x float64) []Point {
	off := float64(c.wires[k][val].i) * trackGap
	bottom, top, gutter := c.cuts[k]+c.dy[k]+8+off, c.head+8+off, c.gut[k]+off
	return []Point{{x + c.dx[k], bottom}, {gutter, bottom}, {gutter, top}, {x + c.dx[k+1], top}}
}

// onward continues a line over cut k, on the way that its value takes already.
func (c *columnCut) onward(out []Point, val, k int, x float64) []Point {
	link := c.connector(val, k, x)
	key := crossing{val, k}
	if len(c.down[key]) > 0 {
		out = slices.Clone(c.down[key])
	} else {
		out = append(out, link[0])
		c.down[key] = slices.Clone(out)
	}
	c.tops[key] = append(c.tops[key], link[3].X)
	return append(out, link[1:]...)
}

// moveJoins moves the joins; a fan-out just above a cut moves to the top of the
// next column.
func (c *columnCut) moveJoins() {
	var joins []join
	for _, j := range c.s.joins {
		k := c.column(j.at.Y)
		if len(c.tops[crossing{j.val, k}]) > 1 && c.cuts[k]-j.at.Y < 60 {
			continue
		}
		joins = append(joins, join{Point{j.at.X + c.dx[k], j.at.Y + c.dy[k]}, j.val})
	}
	for k := range c.cuts {
		for i := range c.s.nets {
			key := crossing{c.s.nets[i].val, k}
			xs := slices.Compact(slices.Sorted(slices.Values(c.tops[key])))
			for _, x := range xs[:max(0, len(xs)-1)] {
				joins = append(joins, join{Point{x, c.head + 8 + float64(c.wires[k][key.val].i)*trackGap}, key.val})
			}
		}
	}
	c.s.joins = joins
}
