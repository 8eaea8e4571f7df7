package cpu

import "slices"

// An Arena hands out ranges of bytes that are not in use. The zero Arena is empty.
type Arena struct {
	end  int
	free []span // sorted by offset, never touching
}

type span struct{ at, size int }

// End returns the bytes that all ranges so far need together.
func (a *Arena) End() int { return a.end }

// Take returns the offset of the smallest free range that is large enough.
func (a *Arena) Take(size int) int {
	best := -1
	for i, s := range a.free {
		if s.size >= size && (best < 0 || s.size < a.free[best].size) {
			best = i
		}
	}
	if best < 0 {
		at := a.end
		if k := len(a.free) - 1; k >= 0 && a.free[k].at+a.free[k].size == a.end { // grow the last one
			at = a.free[k].at
			a.free = a.free[:k]
		}
		a.end = at + size
		return at
	}
	s := &a.free[best]
	at := s.at
	s.at, s.size = s.at+size, s.size-size
	if s.size == 0 {
		a.free = slices.Delete(a.free, best, best+1)
	}
	return at
}

// Give frees a range.
func (a *Arena) Give(at, size int) {
	if size == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(a.free, at, func(s span, at int) int { return s.at - at })
	a.free = slices.Insert(a.free, i, span{at, size})
	if i+1 < len(a.free) && at+size == a.free[i+1].at {
		a.free[i].size += a.free[i+1].size
		a.free = slices.Delete(a.free, i+1, i+2)
	}
	if i > 0 && a.free[i-1].at+a.free[i-1].size == at {
		a.free[i-1].size += a.free[i].size
		a.free = slices.Delete(a.free, i, i+1)
	}
}
