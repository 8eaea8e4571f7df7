package gemm

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// Run computes one part. It needs Shared bytes of scratch memory, the same for
// all parts, and Private bytes that no other running part has. It allocates
// nothing.
func (p *Plan) Run(phase, part int, a, b, c unsafe.Pointer, shared, private []byte) {
	p.RunPicked(phase, part, a, b, c, [2][]int{}, shared, private)
}

// RunPicked is Run where the lines of a, or of b, begin so many bytes after it: see
// [Plan.Picks]. Nil means that they follow each other.
func (p *Plan) RunPicked(phase, part int, a, b, c unsafe.Pointer, lines [2][]int, shared, private []byte) {
	if p.swapped {
		a, b = b, a
		lines[0], lines[1] = lines[1], lines[0]
	}
	w := worker{Plan: p, a: a, b: b, lines: lines, private: unsafe.Pointer(unsafe.SliceData(private))}
	sums := unsafe.Pointer(unsafe.SliceData(shared))
	switch {
	case p.slabs == 1:
		w.block = p.at(part)
		for i := w.b0; i < w.b1; i++ {
			w.multiply(i, 0, p.terms, w.place(i, c))
			w.transposeBack(i, c)
		}
	case phase == 0:
		slab, i := part/p.blocks(), part%p.blocks()
		w.block = p.at(i)
		from, to := split(p.terms, p.slabs, slab)
		w.multiply(w.b0, from, to, w.placeInSlab(slab, sums))
	default:
		w.block = p.at(part)
		w.addSlabs(w.placeInSlab(0, sums), w.place(w.b0, c))
		w.transposeBack(w.b0, c)
	}
}

// A place is where a block's elements are, a step of bytes from row to row.
type place struct {
	at   unsafe.Pointer
	step int
}

// place returns where the block of a matrix is computed, in c or to be
// transposed.
func (w *worker) place(matrix int, c unsafe.Pointer) place {
	if w.across {
		return place{unsafe.Add(w.private, (w.slivers()+w.columnsOfA())*w.size), (w.j1 - w.j0) * w.size}
	}
	_, _, at := offset(w.batch, matrix)
	return place{unsafe.Add(c, at+w.i0*w.crs+w.j0*w.size), w.crs}
}

// placeInSlab returns where the sums of the block are in a slab.
func (w *worker) placeInSlab(slab int, sums unsafe.Pointer) place {
	return place{unsafe.Add(sums, slab*w.slab()+((w.b0*w.m+w.i0)*w.n+w.j0)*w.size), w.n * w.size}
}

// A worker is the state of one part that is running.
type worker struct {
	*Plan
	block
	a, b, private unsafe.Pointer
	lines         [2][]int // of a and b, if they lie anywhere
}

// A task is a block of c and the pieces of a's columns and b's rows whose
// product it gets next.
type task struct {
	kernel.GemmArgs
	a, b, c unsafe.Pointer
	m, n    int
	k0      int // the first of a's columns and of b's rows
	next    int // bytes from what a kernel takes for one column of b to the next

	// the rows are cut into panels, of which the first ones are a row taller
	panels, height, taller int
}

// nowhere is the offset of the only product that a call of a kernel computes.
var nowhere int

// multiply computes the block of a matrix from some of the products that are to
// be added up.
func (w *worker) multiply(matrix, from, to int, c place) {
	t := task{c: c.at, m: w.i1 - w.i0, n: w.j1 - w.j0}
	t.ARS, t.CRS = w.ars, c.step
	if from == to {
		t.clear(w.size)
	}
	t.panels = ceilDiv(t.m, w.tall)
	t.height, t.taller = t.m/t.panels, t.m%t.panels
	ma, mb, _ := offset(w.batch, matrix)
	for i := from; i < to; i++ {
		sa, sb := 0, 0
		t.k0, t.K = 0, w.k
		if w.terms > 1 {
			sa, sb, _ = offset(w.sums, i/w.chunks)
			t.k0, t.K = split(w.k, w.chunks, i%w.chunks)
			t.K -= t.k0
		}
		t.a, t.b = unsafe.Add(w.a, ma+sa+w.beginA(t.k0)), unsafe.Add(w.b, mb+sb+w.beginB(t.k0))
		t.ACS, t.BRS, t.next = w.acs, w.brs, w.size
		t.AOff, t.BOff, t.T = &nowhere, &nowhere, 1
		if w.dots {
			t.BRS, t.next = w.bcs, w.bcs
		} else if w.pack {
			w.packSlivers(&t)
		}
		if w.spread {
			w.spreadColumns(&t)
		}
		w.pick(&t)
		w.compute(&t)
		t.Acc = 1
	}
}

// clear sets the block to 0, the sum of nothing.
func (t *task) clear(size int) {
	for i := range t.m {
		clear(unsafe.Slice((*byte)(unsafe.Add(t.c, i*t.CRS)), t.n*size))
	}
}

// compute computes the block, one kernel after another: either a sliver of b
// stays in the first cache while the rows of a pass by, or the other way round.
func (w *worker) compute(t *task) {
	if w.rowsOuter {
		for i := range t.panels {
			for j := 0; j < t.n; j += w.sliver {
				w.call(t, i, j)
			}
		}
		return
	}
	for j := 0; j < t.n; j += w.sliver {
		for i := range t.panels {
			w.call(t, i, j)
		}
	}
}

// call computes the rows of a panel in a sliver of columns.
func (w *worker) call(t *task, panel, j int) {
	from, to := panel*t.height+min(panel, t.taller), (panel+1)*t.height+min(panel+1, t.taller)
	columns := min(w.sliver, t.n-j)
	t.A = unsafe.Add(t.a, from*w.ars)
	t.B = unsafe.Add(t.b, j*t.next)
	t.C = unsafe.Add(t.c, from*t.CRS+j*w.size)
	t.Mask = ^uint64(0) >> (64 - columns)
	if w.dots {
		w.dot[to-from].Run(&t.GemmArgs)
	} else {
		w.tile[to-from][ceilDiv(columns, w.lanes)].Run(&t.GemmArgs)
	}
}

// addSlabs makes the block of c from the sums that the slabs got: the product
// of a row of ones by them.
func (w *worker) addSlabs(sums, c place) {
	one4, one8 := float32(1), float64(1)
	args := kernel.GemmArgs{A: unsafe.Pointer(&one4), K: w.slabs, BRS: w.slab(), AOff: &nowhere, BOff: &nowhere, T: 1}
	if w.size == 8 {
		args.A = unsafe.Pointer(&one8)
	}
	for i := range w.i1 - w.i0 {
		for j := 0; j < w.j1-w.j0; j += 2 * w.lanes {
			columns := min(2*w.lanes, w.j1-w.j0-j)
			args.B = unsafe.Add(sums.at, i*sums.step+j*w.size)
			args.C = unsafe.Add(c.at, i*c.step+j*w.size)
			args.Mask = ^uint64(0) >> (64 - columns)
			w.tile[1][ceilDiv(columns, w.lanes)].Run(&args)
		}
	}
}
