package viz

import (
	"cmp"
	"math"
	"slices"
)

// order reduces crossings by barycentres, sweeping down and up, and keeps the
// best sweep.
func (s *scope) order(rows [][]int) {
	pos := s.room.floats.zeros(len(s.items))
	wide := false
	set := func(row []int) {
		for j, v := range row {
			pos[v] = float64(j) - float64(len(row)-1)/2
			s.items[v].pos = j
		}
	}
	for _, row := range rows {
		set(row)
		wide = wide || len(row) > 1
	}
	if !wide {
		return
	}
	down, up := s.neighbours()
	key := s.room.floats.zeros(len(s.items))
	best, least := s.room.ints.zeros(len(s.items)), math.MaxInt
	keep := func() {
		at := 0
		for _, row := range rows {
			at += copy(best[at:], row)
		}
	}
	var counts []int
	for sweep := 0; sweep < 8; sweep++ {
		for k := range rows {
			r, near := k, up
			if sweep%2 == 1 {
				r, near = len(rows)-1-k, down
			}
			row := rows[r]
			if len(row) < 2 {
				continue
			}
			for _, v := range row {
				key[v] = pos[v]
				if list := near.of(v); len(list) > 0 {
					key[v] = 0
					for _, u := range list {
						key[v] += pos[u]
					}
					key[v] /= float64(len(list))
				}
			}
			slices.SortStableFunc(row, func(a, b int) int { return cmp.Compare(key[a], key[b]) })
			set(row)
		}
		var x int
		if x, counts = s.crossings(rows, down, counts); x < least {
			least = x
			keep()
			if x == 0 {
				break
			}
		}
	}
	at := 0
	for _, row := range rows {
		at += copy(row, best[at:at+len(row)])
		set(row)
	}
}

// neighbours returns for each item those it leads to in lower rows, and back.
func (s *scope) neighbours() (down, up lists) {
	total := 0
	for i := range s.nets {
		total += len(s.nets[i].to)
	}
	forth, back := s.room.pairs.take(total), s.room.pairs.take(total)
	for i := range s.nets {
		n := &s.nets[i]
		for _, t := range n.to {
			if s.items[t.item].rank > s.items[n.src].rank {
				forth = append(forth, [2]int32{int32(n.src), int32(t.item)})
				back = append(back, [2]int32{int32(t.item), int32(n.src)})
			}
		}
	}
	return s.room.group(len(s.items), forth), s.room.group(len(s.items), back)
}

// crossings counts inversions between neighbouring rows with a Fenwick tree.
func (s *scope) crossings(rows [][]int, down lists, t []int) (total int, scratch []int) {
	for r := 0; r+1 < len(rows); r++ {
		m := len(rows[r+1])
		if len(rows[r]) < 2 || m < 2 {
			continue
		}
		t = slices.Grow(t[:0], m+1)[:m+1]
		clear(t)
		seen := 0
		for _, v := range rows[r] {
			for _, w := range down.of(v) {
				if s.items[w].rank == r+1 {
					c := 0
					for i := s.items[w].pos + 1; i > 0; i -= i & -i {
						c += t[i]
					}
					total += seen - c
				}
			}
			for _, w := range down.of(v) {
				if s.items[w].rank == r+1 {
					seen++
					for i := s.items[w].pos + 1; i <= m; i += i & -i {
						t[i]++
					}
				}
			}
		}
	}
	return total, t
}

// A tie is an edge that wants its two pins on one line.
type tie struct {
	a, b       int
	pinA, pinB float64
	weight     float64
}

// A tower places blocks of items that a straight line joins, as Brandes and Köpf
// do, with ports: blocks are packed left, then relaxed towards their neighbours
// inside their slack.
type tower struct {
	s           *scope
	ties        []tie
	of          lists // ties of an item
	block       []int // the first item of an item's block
	shift       []float64
	members     lists
	left, right []int
	x           []float64 // of blocks
}

// columns gives the items their x.
func (s *scope) columns(rows [][]int) {
	t := &tower{s: s}
	byRow := t.tie(len(rows))
	t.align(rows, byRow)
	t.neighbour(rows)
	topo := t.pack(rows)
	for sweep := 0; sweep < 6 && len(topo) > 1; sweep++ {
		for _, b := range slices.Backward(topo) {
			t.relax(b)
		}
		for _, b := range topo {
			t.relax(b)
		}
	}
	for i := range s.items {
		s.items[i].x = t.x[t.block[i]] + t.shift[i]
	}
}

// tie lists the ties, and for each row those to the next one.
func (t *tower) tie(rows int) (byRow lists) {
	s := t.s
	total := 0
	for i := range s.nets {
		total += len(s.nets[i].to)
	}
	t.ties = s.room.ties.take(total)
	ends, next := s.room.pairs.take(2*total), s.room.pairs.take(total)
	for i := range s.nets {
		n := &s.nets[i]
		for _, to := range n.to {
			if to.item == n.src {
				continue
			}
			k := int32(len(t.ties))
			a, b := &s.items[n.src], &s.items[to.item]
			t.ties = append(t.ties, tie{a: n.src, b: to.item, pinA: a.pin(n.srcPort), pinB: b.pin(to.port), weight: 1 / float64(max(1, b.rank-a.rank))})
			ends = append(ends, [2]int32{int32(n.src), k}, [2]int32{int32(to.item), k})
			if b.rank == a.rank+1 {
				next = append(next, [2]int32{int32(a.rank), k})
			}
		}
	}
	t.of = s.room.group(len(s.items), ends)
	return s.room.group(rows, next)
}

// middle returns each item's distance from the middle of its siblings: the users
// of one value in one row.
func (t *tower) middle(rows int) []float64 {
	s := t.s
	mid := s.room.floats.zeros(len(s.items))
	lo, hi := s.room.ints.zeros(rows), s.room.ints.zeros(rows)
	for i := range s.nets {
		to := s.nets[i].to
		for _, d := range to {
			lo[s.items[d.item].rank], hi[s.items[d.item].rank] = math.MaxInt, -1
		}
		for _, d := range to {
			it := &s.items[d.item]
			lo[it.rank], hi[it.rank] = min(lo[it.rank], it.pos), max(hi[it.rank], it.pos)
		}
		for _, d := range to {
			it := &s.items[d.item]
			mid[d.item] = math.Abs(float64(it.pos) - float64(lo[it.rank]+hi[it.rank])/2)
		}
	}
	return mid
}

// align forms the blocks: per row it accepts straight ties, longest way down
// first, then longest block above, then the middle one of siblings, never
// crossing an accepted one.
func (t *tower) align(rows [][]int, byRow lists) {
	s := t.s
	n := len(s.items)
	below, above := s.room.ints.zeros(n), s.room.ints.zeros(n)
	for r := len(rows) - 1; r >= 0; r-- {
		for _, k := range byRow.of(r) {
			below[t.ties[k].a] = max(below[t.ties[k].a], below[t.ties[k].b]+1)
		}
	}
	mid := t.middle(len(rows))
	t.block, t.shift = s.room.ints.zeros(n), s.room.floats.zeros(n)
	taken := s.room.bools.zeros(n) // has a straight tie below
	for i := range t.block {
		t.block[i] = i
	}
	var accepted []int32
	for r := range rows {
		list := byRow.of(r)
		slices.SortStableFunc(list, func(x, y int32) int {
			p, q := &t.ties[x], &t.ties[y]
			return cmp.Or(cmp.Compare(below[q.b], below[p.b]), cmp.Compare(above[q.a], above[p.a]), cmp.Compare(mid[p.b], mid[q.b]))
		})
		accepted = accepted[:0]
	next:
		for _, k := range list {
			e := &t.ties[k]
			if taken[e.a] || t.block[e.b] != e.b {
				continue
			}
			for _, j := range accepted {
				f := &t.ties[j]
				if (s.items[f.a].pos < s.items[e.a].pos) != (s.items[f.b].pos < s.items[e.b].pos) {
					continue next
				}
			}
			accepted = append(accepted, k)
			taken[e.a] = true
			t.block[e.b] = t.block[e.a]
			above[e.b] = above[e.a] + 1
			t.shift[e.b] = t.shift[e.a] + e.pinA - e.pinB
		}
	}
}

// neighbour notes who stands beside whom, and the members of each block.
func (t *tower) neighbour(rows [][]int) {
	n, room := len(t.s.items), t.s.room
	t.left, t.right = room.ints.zeros(n), room.ints.zeros(n)
	pairs := room.pairs.zeros(n)
	for i := range n {
		t.left[i], t.right[i] = -1, -1
		pairs[i] = [2]int32{int32(t.block[i]), int32(i)}
	}
	t.members = room.group(n, pairs)
	for _, row := range rows {
		for j := 1; j < len(row); j++ {
			t.right[row[j-1]], t.left[row[j]] = row[j], row[j-1]
		}
	}
}

// gap is how far apart the anchors of neighbours must be.
func (t *tower) gap(a, b int) float64 {
	p, q := &t.s.items[a], &t.s.items[b]
	if !p.solid() && !q.solid() {
		return portGap
	}
	return max(p.r, p.tag-10) + columnGap + q.l
}

// pack moves all blocks as far left as they go and returns them from left to
// right.
func (t *tower) pack(rows [][]int) (topo []int) {
	n := len(t.s.items)
	missing, room := t.s.room.ints.zeros(n), t.s.room
	pairs := room.pairs.take(n)
	for _, row := range rows {
		for j := 1; j < len(row); j++ {
			a, b := t.block[row[j-1]], t.block[row[j]]
			if a != b {
				pairs = append(pairs, [2]int32{int32(a), int32(b)})
				missing[b]++
			}
		}
	}
	after := room.group(n, pairs)
	for i := range n {
		if t.block[i] == i && missing[i] == 0 {
			topo = append(topo, i)
		}
	}
	t.x = room.floats.zeros(n)
	for k := 0; k < len(topo); k++ {
		b := topo[k]
		if lo, _ := t.slack(b); !math.IsInf(lo, 0) {
			t.x[b] = max(0, lo)
		}
		for _, c := range after.of(b) {
			if missing[c]--; missing[c] == 0 {
				topo = append(topo, int(c))
			}
		}
	}
	return topo
}

// slack returns how far left and right a block may stand.
func (t *tower) slack(b int) (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	for _, m := range t.members.of(b) {
		i := int(m)
		if p := t.left[i]; p >= 0 {
			lo = max(lo, t.x[t.block[p]]+t.shift[p]+t.gap(p, i)-t.shift[i])
		}
		if p := t.right[i]; p >= 0 {
			hi = min(hi, t.x[t.block[p]]+t.shift[p]-t.gap(i, p)-t.shift[i])
		}
	}
	return lo, hi
}

// relax moves a block to the weighted mean of where its ties want it.
func (t *tower) relax(b int) {
	sum, count := 0.0, 0.0
	for _, m := range t.members.of(b) {
		i := int(m)
		for _, k := range t.of.of(i) {
			e := &t.ties[k]
			if t.block[e.a] == t.block[e.b] {
				continue
			}
			if i == e.a {
				sum += e.weight * (t.x[t.block[e.b]] + t.shift[e.b] + e.pinB - e.pinA - t.shift[i])
			} else {
				sum += e.weight * (t.x[t.block[e.a]] + t.shift[e.a] + e.pinA - e.pinB - t.shift[i])
			}
			count += e.weight
		}
	}
	if count == 0 {
		return
	}
	if lo, hi := t.slack(b); lo <= hi {
		t.x[b] = min(max(sum/count, lo), hi)
	}
}
