package viz

import (
	"math"
	"slices"
)

// rank gives the items their rows: 0 for in-ports, the last for out-ports,
// longest paths between; on a tape one row each, in the order of their making.
func (s *scope) rank(tape bool) [][]int {
	out, in := s.edges()
	var topo []int
	if tape {
		topo = topoByIndex(out, in)
	} else {
		topo = topoByBreadth(out, in)
	}
	n := len(s.items)
	rank := s.room.ints.zeros(n)
	last := 0
	for _, v := range topo {
		it := &s.items[v]
		if it.kind != inPort {
			rank[v] = max(rank[v], 1)
		}
		if tape && it.solid() {
			last++
			rank[v] = last
			continue
		}
		if it.kind != outPort {
			last = max(last, rank[v])
		}
		for _, w := range out.of(v) {
			rank[w] = max(rank[w], rank[v]+1)
		}
	}
	if !tape {
		s.lateSources(topo, out, in, rank)
	}
	return s.rows(rank, last)
}

// lateSources lets sources wait beside their first user instead of at the top.
func (s *scope) lateSources(topo []int, out, in lists, rank []int) {
	for k := len(topo) - 1; k >= 0; k-- {
		v := topo[k]
		if s.items[v].kind != leaf || len(in.of(v)) > 0 {
			continue
		}
		m := math.MaxInt
		for _, w := range out.of(v) {
			if s.items[w].kind != outPort {
				m = min(m, rank[w]-1)
			}
		}
		if m != math.MaxInt {
			rank[v] = max(m, 1)
		}
	}
}

// rows lists the items of each row.
func (s *scope) rows(rank []int, last int) [][]int {
	count := s.room.ints.zeros(last + 2)
	for v := range s.items {
		switch s.items[v].kind {
		case inPort:
			rank[v] = 0
		case outPort:
			rank[v] = last + 1
		}
		s.items[v].rank = rank[v]
		count[rank[v]]++
	}
	flat, rows := s.room.ints.zeros(len(s.items)), make([][]int, last+2)
	for r, c := range count {
		rows[r], flat = flat[:0:c], flat[c:]
	}
	for v, r := range rank {
		rows[r] = append(rows[r], v)
	}
	return rows
}

// edges returns the users and the operands of each item. Scopes may use each
// other in a circle, and loops do; a depth-first walk turns the closing edges.
func (s *scope) edges() (out, in lists) {
	n := len(s.items)
	total := 0
	for i := range s.nets {
		total += len(s.nets[i].to)
	}
	pairs := s.room.pairs.take(total)
	for i := range s.nets {
		for _, t := range s.nets[i].to {
			if t.item != s.nets[i].src {
				pairs = append(pairs, [2]int32{int32(s.nets[i].src), int32(t.item)})
			}
		}
	}
	all := s.room.group(n, pairs)
	forth := s.room.pairs.take(len(pairs))
	const done = 2
	state := make([]uint8, n)
	type frame struct{ v, i int }
	var stack []frame
	for r := range n {
		if state[r] != 0 {
			continue
		}
		stack = append(stack[:0], frame{r, 0})
		state[r] = 1
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.i == len(all.of(f.v)) {
				state[f.v] = done
				stack = stack[:len(stack)-1]
				continue
			}
			v, w := int32(f.v), all.of(f.v)[f.i]
			f.i++
			switch state[w] {
			case 1: // closes a circle
				forth = append(forth, [2]int32{w, v})
				continue
			case 0:
				state[w] = 1
				stack = append(stack, frame{int(w), 0})
			}
			forth = append(forth, [2]int32{v, w})
		}
	}
	back := s.room.pairs.zeros(len(forth))
	for i, e := range forth {
		back[i] = [2]int32{e[1], e[0]}
	}
	return s.room.group(n, forth), s.room.group(n, back)
}

// topoByBreadth is Kahn's algorithm with a queue.
func topoByBreadth(out, in lists) (topo []int) {
	n := len(out.start) - 1
	missing := make([]int, n)
	topo = make([]int, 0, n)
	for v := range n {
		if missing[v] = len(in.of(v)); missing[v] == 0 {
			topo = append(topo, v)
		}
	}
	for k := 0; k < len(topo); k++ {
		for _, w := range out.of(topo[k]) {
			if missing[w]--; missing[w] == 0 {
				topo = append(topo, int(w))
			}
		}
	}
	return topo
}

// topoByIndex is Kahn's algorithm that always takes the smallest ready index; a
// source counts as its first user does, and comes right before.
func topoByIndex(out, in lists) (topo []int) {
	n := len(out.start) - 1
	missing := make([]int, n)
	var ready heap
	push := func(v int) {
		key := 2*v + 1
		if first := out.of(v); len(in.of(v)) == 0 && len(first) > 0 {
			key = 2 * int(slices.Min(first))
		}
		ready.push(key*n + v)
	}
	for v := range n {
		if missing[v] = len(in.of(v)); missing[v] == 0 {
			push(v)
		}
	}
	for len(ready) > 0 {
		v := ready.pop() % n
		topo = append(topo, v)
		for _, w := range out.of(v) {
			if missing[w]--; missing[w] == 0 {
				push(int(w))
			}
		}
	}
	return topo
}

// A heap of numbers, the smallest first.
type heap []int

func (h *heap) push(v int) {
	*h = append(*h, v)
	a := *h
	for i := len(a) - 1; i > 0 && a[(i-1)/2] > a[i]; i = (i - 1) / 2 {
		a[i], a[(i-1)/2] = a[(i-1)/2], a[i]
	}
}

func (h *heap) pop() int {
	a := *h
	v, m := a[0], len(a)-1
	a[0] = a[m]
	a = a[:m]
	*h = a
	for i := 0; ; {
		c := 2*i + 1
		if c+1 < m && a[c+1] < a[c] {
			c++
		}
		if c >= m || a[i] <= a[c] {
			return v
		}
		a[i], a[c] = a[c], a[i]
		i = c
	}
}
