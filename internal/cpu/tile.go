package cpu

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/adjointml/adjoint/internal/ir"
	"github.com/adjointml/adjoint/internal/kernel"
)

// A worker is what one worker of a run needs for itself.
type worker struct {
	args    kernel.Args
	base    []unsafe.Pointer // of each operand, where the part begins
	cur     []unsafe.Pointer // and of the tile
	outer   []unsafe.Pointer // and of the present place along the outer axes
	scratch []byte
	calls   []unsafe.Pointer // operands of a call
}

// bind sets the bases of the operands for one part of a pass.
func (p *prog) bind(f *Frame, w *worker, accs unsafe.Pointer) {
	for j := range p.ops {
		o := &p.ops[j]
		switch {
		case o.v != nil:
			w.base[j] = unsafe.Add(f.base[o.v.slot], o.off)
		case o.konst > 0:
			w.base[j] = unsafe.Pointer(&p.numbers[o.konst-1])
		case o.acc > 0:
			w.base[j] = unsafe.Add(accs, p.accs[o.acc-1].at)
		default:
			w.base[j] = unsafe.Pointer(&w.scratch[o.reg])
		}
	}
	p.repeat(w)
	copy(w.cur, w.base[:len(p.ops)])
	copy(w.outer, w.base[:len(p.ops)])
}

// tiles computes the tiles from unit lo to hi.
func (p *prog) tiles(f *Frame, w *worker, lo, hi int, accs unsafe.Pointer) {
	p.bind(f, w, accs)
	p.clear(accs)
	rowTiles := (p.r + p.rb - 1) / p.rb
	place := 0
	for u := lo; u < hi; u++ {
		t, from, to := u, 0, p.chunks
		if p.split {
			t, from = u/p.chunks, u%p.chunks
			to = from + 1
		}
		o, row := t/rowTiles, t%rowTiles*p.rb
		if o != place {
			place = o
			p.moveOuter(w, o)
		}
		for _, x := range p.byRow {
			w.cur[x] = unsafe.Add(w.outer[x], row*p.ops[x].row)
		}
		p.tile(w, row, min(p.rb, p.r-row), from, to)
	}
	p.narrow(w, accs)
}

// moveOuter goes to a place along the outer axes.
func (p *prog) moveOuter(w *worker, place int) {
	var at [ir.MaxRank]int
	for i := len(p.outer) - 1; i >= 0; i-- {
		at[i] = place % p.outer[i]
		place /= p.outer[i]
	}
	for _, x := range p.byOuter {
		off := 0
		for i, step := range p.ops[x].outer {
			off += at[i] * step
		}
		w.outer[x] = unsafe.Add(w.base[x], off)
		w.cur[x] = w.outer[x]
	}
}

// clear sets the accumulators to what changes nothing.
func (p *prog) clear(accs unsafe.Pointer) {
	for k := range p.accs {
		p.accs[k].clear(accs, p.g.ct, max(p.times, 1))
	}
}

func (a *accum) clear(accs unsafe.Pointer, t kernel.Type, times int) {
	if t == kernel.F64 {
		s := unsafe.Slice((*float64)(unsafe.Add(accs, a.at)), a.n*times)
		for i := range s {
			s[i] = a.start
		}
		return
	}
	s, v := unsafe.Slice((*float32)(unsafe.Add(accs, a.at)), a.n*times), float32(a.start)
	for i := range s {
		s[i] = v
	}
}

// identity returns what op joins with any number without changing it.
func identity(op kernel.Op) float64 {
	switch op {
	case kernel.Maximum:
		return math.Inf(-1)
	case kernel.Minimum:
		return math.Inf(1)
	case kernel.Mul:
		return 1
	}
	return 0
}

// tile runs the instructions on rows of a tile, and chunks of columns.
func (p *prog) tile(w *worker, row, rows, from, to int) {
	cur := w.cur
	for s := range p.steps {
		st := &p.steps[s]
		switch {
		case !st.loop:
			p.code(w, st.code, rows, 0, p.c)
			continue
		case st.strip > 0:
			p.strips(w, st, rows)
			continue
		}
		for ch := from; ch < to; ch++ {
			c := ch * p.ch
			if p.chunks > 1 {
				for _, x := range p.byColumn {
					o := &p.ops[x]
					n := c
					if o.chunk {
						n = ch
					}
					cur[x] = unsafe.Add(w.outer[x], row*o.row+n*o.col)
				}
			}
			p.code(w, st.code, rows, c, min(p.ch, p.c-c))
		}
		if p.chunks > 1 { // back to the start of the row for what is done once
			for _, x := range p.byColumn {
				cur[x] = unsafe.Add(w.outer[x], row*p.ops[x].row)
			}
		}
	}
}

// code runs instructions on one piece of a tile, cols columns from c.
func (p *prog) code(w *worker, code []inst, rows, c, cols int) {
	a, cur := &w.args, w.cur
	for k := range code {
		i := &code[k]
		switch i.mode {
		case overTile:
			a.Rows, a.Cols = rows, cols
			if i.pad {
				lanes := 64 / p.size
				a.Cols = (cols + lanes - 1) &^ (lanes - 1)
			}
		case overRun:
			a.Rows, a.Cols = 1, cols
			if rows > 1 {
				a.Cols = rows * int(i.run)
			} else if i.pad {
				lanes := 64 / p.size
				a.Cols = (cols + lanes - 1) &^ (lanes - 1)
			}
		case overColumn:
			if rows == 1 && p.one(i, cur) {
				continue
			}
			a.Rows, a.Cols = 1, rows
		case overOne:
			if p.one(i, cur) {
				continue
			}
			a.Rows, a.Cols = 1, 1
		case overChunks:
			a.Rows, a.Cols = 1, p.chunks
		case picking:
			p.pick(i, cur, rows, c, cols)
			continue
		case indexing:
			p.index(i, cur, rows, cols)
			continue
		case gathering:
			p.gather(i, cur, rows, cols)
			continue
		}
		a.D, a.DR, a.XR = cur[i.d], i.dr, i.xr
		for j, x := range i.x[:i.nx] {
			a.X[j] = cur[x]
		}
		if i.sums > 0 {
			a.S, a.SR = cur[i.sums-1], i.sr
		}
		i.fn(a)
	}
}

// one computes a single number: a masked store of a vector could not be
// forwarded to the next load.
func (p *prog) one(i *inst, cur []unsafe.Pointer) bool {
	if p.size != 4 {
		return false
	}
	f := func(j int) float32 { return *(*float32)(cur[i.x[j]]) }
	var r float32
	switch i.op {
	case kernel.Add:
		r = f(0) + f(1)
	case kernel.Sub:
		r = f(0) - f(1)
	case kernel.Mul:
		r = f(0) * f(1)
	case kernel.Div:
		r = f(0) / f(1)
	case kernel.Recip:
		r = 1 / f(0)
	case kernel.Neg:
		r = -f(0)
	case kernel.Sqrt:
		r = float32(math.Sqrt(float64(f(0))))
	case kernel.Rsqrt:
		r = float32(1 / math.Sqrt(float64(f(0))))
	case kernel.Sum, kernel.Max, kernel.Min, kernel.Prod, kernel.Copy:
		r = f(0)
	default:
		return false
	}
	*(*float32)(cur[i.d]) = r
	return true
}

// An IndexError is a place outside of an axis, found by a run.
type IndexError struct {
	Node   int // which node of the host's
	Index  int64
	Length int
}

// Error says the index and the length.
func (e *IndexError) Error() string {
	return fmt.Sprintf("index %d is outside of an axis of length %d", e.Index, e.Length)
}

// pick takes the element of each row that an index says, if it is in the piece.
func (p *prog) pick(i *inst, cur []unsafe.Pointer, rows, c, cols int) {
	x, at, d := &p.ops[i.x[0]], &p.ops[i.x[1]], &p.ops[i.d]
	step := x.col
	if x.size > 0 || step == 0 {
		step = p.size
	}
	for r := range rows {
		q := unsafe.Add(cur[i.x[1]], r*at.row)
		var n int64
		if at.v.DType == ir.I64 {
			n = *(*int64)(q)
		} else {
			n = int64(*(*int32)(q))
		}
		if n < -int64(p.c) || n >= int64(p.c) {
			panic(&IndexError{i.node, n, p.c})
		}
		if n < 0 {
			n += int64(p.c)
		}
		if k := int(n) - c; k >= 0 && k < cols {
			from, to := unsafe.Add(cur[i.x[0]], r*x.pitch+k*step), unsafe.Add(cur[i.d], r*d.pitch)
			if p.size == 4 {
				*(*float32)(to) = *(*float32)(from)
			} else {
				*(*float64)(to) = *(*float64)(from)
			}
		}
	}
}

// index reads integers as places along an axis.
func (p *prog) index(i *inst, cur []unsafe.Pointer, rows, cols int) {
	x, d := &p.ops[i.x[0]], &p.ops[i.d]
	n := int(p.consts[p.ops[i.x[1]].konst-1])
	step := p.size
	if d.pitch == p.size && d.col == 0 && p.ch != 1 { // numbers per row
		cols, step = 1, 0
	}
	for r := range rows {
		for k := range cols {
			at := load[float64](x.v.DType, unsafe.Add(cur[i.x[0]], r*x.row+k*x.col))
			at = place(at, n, i.node)
			to := unsafe.Add(cur[i.d], r*d.pitch+k*step)
			if p.size == 4 {
				*(*float32)(to) = float32(at)
			} else {
				*(*float64)(to) = at
			}
		}
	}
}

// place returns an index as a place along an axis of length n.
func place(at float64, n, node int) float64 {
	if at < -float64(n) || at >= float64(n) {
		panic(&IndexError{node, int64(at), n})
	}
	if at < 0 {
		at += float64(n)
	}
	return at
}

// gather reads elements that do not lie next to each other into a register.
func (p *prog) gather(i *inst, cur []unsafe.Pointer, rows, cols int) {
	x, d := &p.ops[i.x[0]], &p.ops[i.d]
	from, to := cur[i.x[0]], cur[i.d]
	if d.pitch == p.size && d.col == 0 && p.ch != 1 { // numbers per row
		p.gatherRun(to, from, x, rows, x.row)
		return
	}
	for r := range rows {
		p.gatherRun(unsafe.Add(to, r*d.pitch), unsafe.Add(from, r*x.row), x, cols, x.col)
	}
}

func (p *prog) gatherRun(to, from unsafe.Pointer, x *operand, n, step int) {
	if x.v.DType == ir.F32 && p.size == 4 {
		for k, y := range unsafe.Slice((*float32)(to), n) {
			_ = y
			*(*float32)(unsafe.Add(to, 4*k)) = *(*float32)(unsafe.Add(from, k*step))
		}
		return
	}
	for k := range n {
		q := unsafe.Add(from, k*step)
		var v float64
		switch x.v.DType {
		case ir.F32:
			v = float64(*(*float32)(q))
		case ir.F64:
			v = *(*float64)(q)
		case ir.I32:
			v = float64(*(*int32)(q))
		case ir.I64:
			v = float64(*(*int64)(q))
		default:
			v = float64(*(*uint8)(q))
		}
		if p.size == 4 {
			*(*float32)(unsafe.Add(to, 4*k)) = float32(v)
		} else {
			*(*float64)(unsafe.Add(to, 8*k)) = v
		}
	}
}
