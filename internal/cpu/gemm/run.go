package gemm

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// Run computes one part. It needs Shared bytes of scratch memory, the same for
// all parts, and Private bytes that no other running part has. It allocates
// nothing.
func (p *Plan) Run(phase, part int, a, b, c unsafe.Pointer, shared, private []byte) {
	if p.swapped {
		a, b = b, a
	}
	w := worker{Plan: p, a: a, b: b, private: unsafe.Pointer(unsafe.SliceData(private))}
	sums := unsafe.Pointer(unsafe.SliceData(shared))
	switch {
	case p.slabs == 1:
		w.block = p.at(part)
		for i := w.b0; i < w.b1; i++ {
			_, _, at := offset(p.batch, i)
			w.multiply(i, 0, p.terms(), unsafe.Add(c, at), p.crs)
		}
	case phase == 0:
		slab, i := part/p.blocks(), part%p.blocks()
		w.block = p.at(i)
		from, to := split(p.terms(), p.slabs, slab)
		w.multiply(w.b0, from, to, unsafe.Add(sums, slab*p.slab()+w.b0*p.m*p.n*p.size), p.n*p.size)
	default:
		w.block = p.at(part)
		_, _, at := offset(p.batch, w.b0)
		w.addSlabs(unsafe.Add(sums, w.b0*p.m*p.n*p.size), unsafe.Add(c, at))
	}
}

// A worker is the state of one part that is running.
type worker struct {
	*Plan
	block
	a, b, private unsafe.Pointer
}

// A task is a block of c and the pieces of a's columns and b's rows whose
// product it gets next.
type task struct {
	kernel.GemmArgs
	a, b, c unsafe.Pointer
	m, n    int
	next    int // bytes from what a kernel takes for one column of b to the next
}

// nowhere is the offset of the only product that a call of a kernel computes.
var nowhere int

// multiply computes the block of a matrix from some of the products that are to
// be added up.
func (w *worker) multiply(matrix, from, to int, c unsafe.Pointer, crs int) {
	t := task{c: unsafe.Add(c, w.i0*crs+w.j0*w.size), m: w.i1 - w.i0, n: w.j1 - w.j0}
	t.ARS, t.ACS, t.CRS, t.AOff, t.BOff, t.T = w.ars, w.acs, crs, &nowhere, &nowhere, 1
	if from == to {
		t.clear(w.size)
	}
	ma, mb, _ := offset(w.batch, matrix)
	for i := from; i < to; i++ {
		sa, sb, _ := offset(w.sums, i/w.chunks())
		k0, k1 := split(w.k, w.chunks(), i%w.chunks())
		t.K = k1 - k0
		t.a = unsafe.Add(w.a, ma+sa+w.i0*w.ars+k0*w.acs)
		t.b = unsafe.Add(w.b, mb+sb+w.j0*w.bcs+k0*w.brs)
		t.BRS, t.next = w.brs, w.size
		if w.dots {
			t.BRS, t.next = w.bcs, w.bcs
		} else if w.pack {
			w.packSlivers(&t)
		}
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
	panels := ceilDiv(t.m, w.tall)
	if w.rowsOuter {
		for i := range panels {
			from, to := split(t.m, panels, i)
			for j := 0; j < t.n; j += w.sliver {
				w.call(t, from, to, j)
			}
		}
		return
	}
	for j := 0; j < t.n; j += w.sliver {
		for i := range panels {
			from, to := split(t.m, panels, i)
			w.call(t, from, to, j)
		}
	}
}

// call computes rows of the block in a sliver of columns.
func (w *worker) call(t *task, from, to, j int) {
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
func (w *worker) addSlabs(sums, c unsafe.Pointer) {
	one4, one8 := float32(1), float64(1)
	args := kernel.GemmArgs{A: unsafe.Pointer(&one4), K: w.slabs, BRS: w.slab(), AOff: &nowhere, BOff: &nowhere, T: 1}
	if w.size == 8 {
		args.A = unsafe.Pointer(&one8)
	}
	for i := w.i0; i < w.i1; i++ {
		for j := w.j0; j < w.j1; j += 2 * w.lanes {
			columns := min(2*w.lanes, w.j1-j)
			args.B = unsafe.Add(sums, (i*w.n+j)*w.size)
			args.C = unsafe.Add(c, i*w.crs+j*w.size)
			args.Mask = ^uint64(0) >> (64 - columns)
			w.tile[1][ceilDiv(columns, w.lanes)].Run(&args)
		}
	}
}
