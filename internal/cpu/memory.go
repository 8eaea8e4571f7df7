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

// cutBytes returns the first n bytes of b, and what comes after them.
func cutBytes(b []byte, n int) (first, rest []byte) { return b[:n:n], b[aligned(n):] }

// need returns the bytes of a frame's memory.
func (p *Program) need() int {
	most := 0
	for _, w := range p.loops {
		most = max(most, w.need())
	}
	return aligned(p.arena) + aligned(p.accs) + aligned(p.shared) + most
}

// bytes returns the size of v's memory.
func (v *val) bytes() int { return v.Size() * v.DType.Size() }

// layOut gives each computed value in memory a place in the arena that is free
// from the launch that makes it to the last one that reads it.
func (p *Program) layOut(vals []*val, outside bool) {
	last := make([]int32, len(vals))
	dead := make([][]*val, len(p.launches)+1)
	for _, v := range vals {
		if !v.mat {
			continue
		}
		v.slot = p.slots
		p.slots++
		last[v.id] = v.when
		for _, u := range v.uses {
			last[v.id] = max(last[v.id], u.when)
		}
		if v.out {
			last[v.id] = int32(len(p.launches))
		}
	}
	var a Arena
	p.offset = make([]int, p.slots)
	born := make([][]*val, len(p.launches))
	for _, v := range vals {
		switch {
		case !v.mat:
		case v.leaf(), outside && v.out:
			p.offset[v.slot] = -1
		case p.inPlace(v):
			p.offset[v.slot] = -1
		default:
			born[v.when] = append(born[v.when], v)
		}
	}
	for i := range p.launches {
		for _, v := range born[i] {
			if o := p.dying(v, dead[i]); o != nil {
				dead[i] = slices.DeleteFunc(dead[i], func(w *val) bool { return w == o })
				p.offset[v.slot] = p.offset[o.slot]
			} else {
				p.offset[v.slot] = a.Take(aligned(v.bytes()))
			}
			p.places = append(p.places, Place{v.Node, p.offset[v.slot], v.bytes(), i, min(int(last[v.id]), len(p.launches)-1)})
			dead[last[v.id]] = append(dead[last[v.id]], v)
		}
		for _, v := range dead[i] {
			a.Give(p.offset[v.slot], aligned(v.bytes()))
		}
	}
	p.arena = a.End()
	p.firm = len(p.launches)
	for _, w := range p.writes {
		p.firm = min(p.firm, int(w.v.when))
	}
}

// dying returns a value whose memory a pass may write v to: one of those given,
// which are not read later, that only this pass reads now, element by element.
func (p *Program) dying(v *val, dead []*val) *val {
	if v.group == nil || v.Kind != ir.Map || !v.DType.Float() {
		return nil
	}
	for _, u := range v.group.vals {
		for i := range u.in {
			o := u.in[i].v
			if o.group == v.group || o.DType != v.DType || o.Size() != v.Size() || !slices.Contains(dead, o) {
				continue
			}
			alone := !slices.ContainsFunc(o.uses, func(w *val) bool { return w.when == v.when && w.group != v.group })
			if alone && p.readsBefore(v, o) {
				return o
			}
		}
	}
	return nil
}

// inPlace decides whether the next value of a parameter is written over the old
// one: nothing reads that later, or elsewhere in the same launch, and nothing
// can fail any more, as a run that fails must change no parameter.
func (p *Program) inPlace(v *val) bool {
	if v.store < 0 || v.Kind != ir.Map || !v.DType.Float() || int(v.when) < p.safe {
		return false
	}
	old := p.leafOf(v.store)
	if old == nil { // nobody reads it
		p.writes = append(p.writes, write{v, v.store})
		return true
	}
	for _, u := range old.uses {
		switch {
		case u.when < v.when:
		case u.when > v.when || u.group != v.group || !p.readsBefore(v, old):
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
