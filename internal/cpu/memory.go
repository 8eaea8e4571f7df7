package cpu

import (
	"slices"
	"unsafe"

	"github.com/adjointml/adjoint/internal/ir"
)

// line is the size to which everything in memory is aligned, in bytes.
const line = 64

func aligned(n int) int { return (n + line - 1) &^ (line - 1) }

// alignedBytes returns n bytes of memory that begin a cache line.
func alignedBytes(n int) []byte {
	if n == 0 {
		n = 1
	}
	b := make([]byte, n+line)
	at := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (line - 1))
	return b[at : at+n : at+n]
}

// bytes returns the size of v's memory.
func (v *val) bytes() int { return v.Size() * v.DType.Size() }

// layOut gives each computed value in memory a place in the arena that is free
// from the launch that makes it to the last one that reads it.
func (p *Program) layOut(vals []*val) {
	last := make([]int, len(vals))
	dead := make([][]*val, len(p.launches)+1)
	for _, v := range vals {
		if !v.mat {
			continue
		}
		v.slot = p.slots
		p.slots++
		last[v.id] = p.when[v.id]
		for _, u := range v.uses {
			last[v.id] = max(last[v.id], p.when[u.id])
		}
		if v.out {
			last[v.id] = len(p.launches)
		}
	}
	var a arena
	p.offset = make([]int, p.slots)
	born := make([][]*val, len(p.launches))
	for _, v := range vals {
		switch {
		case !v.mat:
		case v.leaf():
			p.offset[v.slot] = -1
		case p.inPlace(v):
			p.offset[v.slot] = -1
		default:
			born[p.when[v.id]] = append(born[p.when[v.id]], v)
		}
	}
	for i := range p.launches {
		for _, v := range born[i] {
			p.offset[v.slot] = a.take(aligned(v.bytes()))
			dead[last[v.id]] = append(dead[last[v.id]], v)
		}
		for _, v := range dead[i] {
			a.give(p.offset[v.slot], aligned(v.bytes()))
		}
	}
	p.arena = a.end
}

// inPlace decides whether the next value of a parameter is written over the old
// one: nothing reads that later, or elsewhere in the same launch, and nothing
// can fail any more, as a run that fails must change no parameter.
func (p *Program) inPlace(v *val) bool {
	if v.store < 0 || v.Kind != ir.Map || !v.DType.Float() || p.when[v.id] < p.safe {
		return false
	}
	old := p.leafOf(v.store)
	if old == nil { // nobody reads it
		p.writes = append(p.writes, write{v, v.store})
		return true
	}
	for _, u := range old.uses {
		switch {
		case p.when[u.id] < p.when[v.id]:
		case p.when[u.id] > p.when[v.id] || u.group != v.group || !p.readsBefore(v, old):
			return false
		}
	}
	p.writes = append(p.writes, write{v, v.store})
	return true
}

// readsBefore reports whether the pass that makes v reads old at v's own
// elements, and never after it has written them.
func (p *Program) readsBefore(v, old *val) bool {
	for _, u := range v.group.vals {
		for i := range u.in {
			if e := &u.in[i]; e.v == old && (!e.plain || e.moves.place(u.operandSpace(i)) != v.mask) {
				return false
			}
		}
	}
	prog := p.progs[v.group]
	if prog == nil {
		return v.group != nil && len(v.group.dom.dims) == 0 // single numbers are all loaded first
	}
	written, ok := false, true
	prog.each(func(_ int, i *inst) {
		for _, x := range i.x[:i.nx] {
			ok = ok && !(written && prog.ops[x].v == old)
		}
		written = written || prog.ops[i.d].v == v
	})
	return ok
}

func (p *Program) leafOf(slot int) *val {
	i := slices.IndexFunc(p.leafs, func(v *val) bool { return v.Kind == ir.Leaf && v.Slot == slot })
	if i < 0 {
		return nil
	}
	return p.leafs[i]
}

// An arena hands out ranges of bytes that are not in use.
type arena struct {
	end  int
	free []span // sorted by offset, never touching
}

type span struct{ at, size int }

// take returns the offset of the smallest free range that is large enough.
func (a *arena) take(size int) int {
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

// give frees a range.
func (a *arena) give(at, size int) {
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
