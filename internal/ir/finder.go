package ir

import "sync"

// A Finder finds what is known already: it gives numbers by hash, of which the
// caller tells those that he means from others. The zero Finder is empty.
type Finder struct {
	slots []entry // a power of 2, at most half of them taken
	n     int
}

// An entry is a number, counted from 1, and a part of its hash.
type entry struct {
	hash uint32
	at   int32
}

// NewFinder returns a finder with room for n numbers.
func NewFinder(n int) Finder {
	size := 16
	for size < 2*n {
		size *= 2
	}
	if s, ok := spare.Get().(*[]entry); ok && cap(*s) >= size {
		slots := (*s)[:size]
		clear(slots)
		return Finder{slots: slots}
	}
	return Finder{slots: make([]entry, size)}
}

// spare holds the slots of finders that are done: a compilation makes one large
// finder after the other.
var spare sync.Pool

// Done gives back the memory of x, which is empty then.
func (x *Finder) Done() {
	slots := x.slots
	*x = Finder{}
	spare.Put(&slots)
}

// Find returns the number with the given hash for which same holds.
func (x *Finder) Find(hash uint64, same func(i int) bool) (i int, ok bool) {
	if x.n == 0 {
		return 0, false
	}
	h := uint32(hash >> 32)
	for at := h; ; at++ {
		switch e := x.slots[int(at)&(len(x.slots)-1)]; {
		case e.at == 0:
			return 0, false
		case e.hash == h && same(int(e.at)-1):
			return int(e.at) - 1, true
		}
	}
}

// Add gives the number i a hash.
func (x *Finder) Add(hash uint64, i int) {
	if 2*x.n >= len(x.slots) {
		y := NewFinder(2*x.n + 1)
		for _, e := range x.slots {
			if e.at != 0 {
				y.put(e)
			}
		}
		x.slots = y.slots
	}
	x.put(entry{uint32(hash >> 32), int32(i) + 1})
	x.n++
}

func (x *Finder) put(e entry) {
	at := e.hash
	for x.slots[int(at)&(len(x.slots)-1)].at != 0 {
		at++
	}
	x.slots[int(at)&(len(x.slots)-1)] = e
}

// Mix adds v to a hash.
func Mix(hash, v uint64) uint64 {
	hash = (hash ^ v) * 0x9e3779b97f4a7c15
	return hash ^ hash>>29
}
