package gemm

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// placeSize is the bytes of a place, an int.
const placeSize = int(unsafe.Sizeof(0))

// Picks reports whether the lines of an operand, 0 for a and 1 for b, may lie
// anywhere, so that [Plan.RunPicked] may be told where each begins. The sums are the
// same, to the bit.
func (p *Plan) Picks(operand int) bool {
	if p.swapped {
		operand = 1 - operand
	}
	return p.picks[operand]
}

// picksA reports whether a's columns may lie anywhere.
func (p *Plan) picksA() bool {
	line := p.product.lines[0]
	return line > 0 && p.single() && p.acs == line && within(p.m, p.ars, p.size, line) && (p.spread || p.inOrder())
}

// picksB reports whether b's rows may lie anywhere, or, if they are packed by
// transposing, its columns.
func (p *Plan) picksB() bool {
	line := p.product.lines[1]
	switch {
	case line == 0 || !p.single():
		return false
	case p.picksColumns():
		return p.bcs == line && within(p.k, p.brs, p.size, line)
	}
	rows := p.brs == line && within(p.n, p.bcs, p.size, line)
	if p.pack {
		return rows && p.bcs == p.size
	}
	return rows && p.inOrder()
}

// picksColumns reports whether the lines of b are its columns.
func (p *Plan) picksColumns() bool { return p.pack && p.brs == p.size && p.bcs != p.size }

// single reports whether there is one product of matrices, by tiles.
func (p *Plan) single() bool { return p.matrices == 1 && p.addend == 1 && !p.dots }

// inOrder reports whether all blocks add up in the order of k, as they do where each
// product is a term of its own.
func (p *Plan) inOrder() bool {
	rows := func(n int) int { return n / ceilDiv(n, p.tall) }
	vectors := func(columns int) int { return ceilDiv((columns-1)%p.sliver+1, p.lanes) }
	least := min(rows(p.m/p.ni), rows(ceilDiv(p.m, p.ni))) * min(vectors(p.width), vectors(p.n-(p.nj-1)*p.width))
	return least >= kernel.GemmInOrder
}

// within reports whether n elements lie within a line.
func within(n, step, size, line int) bool { return step > 0 && (n-1)*step+size <= line }

// places returns the bytes of private memory for where the columns of a, or the rows
// of b, are when those of the other lie anywhere. It is last.
func (p *Plan) places() int {
	if p.picks[0] || p.picks[1] && !p.picksColumns() {
		return min(p.depth, p.k) * placeSize
	}
	return 0
}

// beginA returns where the block's rows of a begin, at column k0 unless the columns
// have places of their own.
func (w *worker) beginA(k0 int) int {
	if w.lines[0] != nil {
		return w.i0 * w.ars
	}
	return w.i0*w.ars + k0*w.acs
}

// beginB returns where the block's columns of b begin, at row k0, but for those of the
// two that have places of their own.
func (w *worker) beginB(k0 int) int {
	switch {
	case w.lines[1] == nil:
		return w.j0*w.bcs + k0*w.brs
	case w.picksColumns():
		return k0 * w.brs
	}
	return w.j0 * w.bcs
}

// pick makes the columns of a and the rows of b terms of their own, if either lie
// anywhere. What has been copied to private memory lies in order there.
func (w *worker) pick(t *task) {
	a, b := w.lines[0], w.lines[1]
	if w.spread {
		a = nil
	}
	if w.pack {
		b = nil
	}
	if a == nil && b == nil {
		return
	}
	even := unsafe.Slice((*int)(unsafe.Add(w.private, w.Private()-w.places())), t.K)
	place := func(lines []int, step int) *int {
		if lines != nil {
			return &lines[t.k0]
		}
		for i := range even {
			even[i] = i * step
		}
		return &even[0]
	}
	t.AOff, t.BOff = place(a, t.ACS), place(b, t.BRS)
	t.T, t.K = t.K, 1
}
