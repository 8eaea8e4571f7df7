package viz

// A room is what the many small lists of a picture are cut from. A system gives a
// process its memory page by page, and slowly: a large picture must not be a million
// pieces, nor use new memory for each scope that it lays out.
type room struct {
	targets slab[target]
	segs    slab[seg]
	ends    slab[float64]

	// what is needed while one scope is laid out
	ints        slab[int]
	floats      slab[float64]
	pairs       slab[[2]int32]
	grouped     slab[int32]
	bools       slab[bool]
	ties        slab[tie]
	arrivals    slab[arrival]
	right, left ceiling
}

// clear takes back what was needed for a scope.
func (r *room) clear() {
	r.ints.clear()
	r.floats.clear()
	r.pairs.clear()
	r.grouped.clear()
	r.bools.clear()
	r.ties.clear()
	r.arrivals.clear()
}

// A slab cuts short lists from long ones.
type slab[T any] struct{ whole, rest []T }

// take returns an empty list with room for n.
func (a *slab[T]) take(n int) []T {
	if len(a.rest) < n {
		a.whole = make([]T, max(n, min(2*len(a.whole), 1<<14), 64))
		a.rest = a.whole
	}
	list := a.rest[:0:n]
	a.rest = a.rest[n:]
	return list
}

// zeros returns a list of n zeros.
func (a *slab[T]) zeros(n int) []T {
	list := a.take(n)[:n]
	clear(list)
	return list
}

func (a *slab[T]) clear() { a.rest = a.whole }

// A lists holds a list of numbers for each of 0..n-1, in one piece.
type lists struct{ start, item []int32 }

func (l lists) of(i int) []int32 { return l.item[l.start[i]:l.start[i+1]] }

// group lists, for each key below n, the values of the pairs with it, in order.
func group(n int, pairs [][2]int32) lists { return new(room).group(n, pairs) }

func (r *room) group(n int, pairs [][2]int32) lists {
	l := lists{r.grouped.zeros(n + 1), r.grouped.zeros(len(pairs))}
	for _, p := range pairs {
		l.start[p[0]+1]++
	}
	for i := range n {
		l.start[i+1] += l.start[i]
	}
	next := append(r.grouped.take(n), l.start[:n]...)
	for _, p := range pairs {
		l.item[next[p[0]]] = p[1]
		next[p[0]]++
	}
	return l
}
