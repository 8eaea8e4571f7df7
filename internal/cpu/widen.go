package cpu

import (
	"slices"
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// wideBytes is how long rows are made: an instruction costs some nanoseconds for
// each row, and a sum over rows must wait for itself from one row to the next.
const wideBytes = 1 << 10

// widen lets a pass over short rows, a vector of channels say, take several as
// one, as many as divide each of the given numbers of rows. What is the same for
// all rows is repeated before a part begins, and sums over rows become so many,
// which are added up where it ends.
func (p *prog) widen(rows ...int) {
	row := p.c * p.size
	if p.times > 1 || !p.single || p.chunks > 1 || p.split || row == 0 || row%64 != 0 || !p.plainRows() {
		return
	}
	k := wideBytes / row
	for k > 1 && slices.ContainsFunc(append(rows, p.r), func(n int) bool { return n%k != 0 }) {
		k--
	}
	if k <= 1 || p.rb < k {
		return
	}
	p.times, p.copy = k, kernel.Lookup(kernel.Copy, p.g.ct, 0)
	p.c, p.ch, p.r, p.rb = p.c*k, p.ch*k, p.r/k, p.rb/k
	for i := range p.ops {
		o := &p.ops[i]
		if o.v != nil && o.row == 0 && o.col != 0 {
			p.repeats = append(p.repeats, int32(i))
			o.reg = p.scratch
			p.scratch += row * k
		}
		o.row, o.pitch = o.row*k, o.pitch*k
	}
	for s := range p.steps {
		st := &p.steps[s]
		if st.strip > 0 {
			st.strip = max(1, st.strip/k)
		}
		for i := range st.code {
			st.code[i].run *= int32(k)
		}
	}
	p.pitches()
	p.placeAccs()
}

// plainRows reports whether all instructions compute element by element, on
// whole rows, vectors that are the same for all rows, and single numbers.
func (p *prog) plainRows() bool {
	for s := range p.steps {
		for k := range p.steps[s].code {
			i := &p.steps[s].code[k]
			if i.mode > overRun || i.sums > 0 || !i.op.Pointwise() || p.ops[i.d].pitch == 0 && p.ops[i.d].acc == 0 {
				return false
			}
		}
	}
	for i := range p.ops {
		o := &p.ops[i]
		size := p.size
		if o.v != nil {
			size = o.v.DType.Size()
		}
		whole := o.pitch == p.c*size
		switch {
		case o.konst > 0:
		case o.acc > 0:
			if p.accs[o.acc-1].n != p.c || o.pitch != 0 {
				return false
			}
		case o.v == nil:
			if o.size > 0 && !whole {
				return false
			}
		case o.row == 0 && o.col == 0:
		case o.row == 0 && o.col == p.size && size == p.size && o.outer == nil:
		case o.col != size || !whole || o.row != o.pitch:
			return false
		}
	}
	return true
}

// repeat fills the places of what is the same for all rows.
func (p *prog) repeat(w *worker) {
	for _, x := range p.repeats {
		a, n := &w.args, p.c/p.times
		a.D, a.DR = unsafe.Pointer(&w.scratch[p.ops[x].reg]), n*p.size
		a.X[0], a.XR[0] = w.base[x], 0
		a.Rows, a.Cols = p.times, n
		p.copy(a)
		w.base[x] = a.D
	}
}

// narrow adds up the sums of the rows that were taken as one.
func (p *prog) narrow(w *worker, accs unsafe.Pointer) {
	if p.times <= 1 {
		return
	}
	a := &w.args
	for k := range p.accs {
		acc := &p.accs[k]
		a.D, a.DR = unsafe.Add(accs, acc.at), 0
		a.X[0], a.XR[0] = a.D, 0
		a.X[1], a.XR[1] = unsafe.Add(a.D, acc.n*p.size), acc.n*p.size
		a.Rows, a.Cols = p.times-1, acc.n
		acc.fn(a)
	}
}

// placeAccs gives the accumulators their places.
func (p *prog) placeAccs() {
	at := 0
	for k := range p.accs {
		p.accs[k].at = at
		at += (p.accs[k].n*max(p.times, 1)*p.size + 63) &^ 63
	}
	p.accBytes = at
}
