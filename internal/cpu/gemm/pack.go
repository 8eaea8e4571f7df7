package gemm

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// packSlivers copies the task's rows of b to private memory, in slivers whose
// rows are contiguous.
func (w *worker) packSlivers(t *task) {
	args := kernel.GemmArgs{K: t.K, BRS: w.brs, ARS: w.bcs, CRS: w.sliver * w.size}
	for j := 0; j < t.n; {
		src := unsafe.Add(t.b, j*w.bcs)
		args.C = unsafe.Add(w.private, (j/w.sliver*w.sliver*t.K+j%w.sliver)*w.size)
		switch w.size {
		case w.bcs:
			columns := min(2*w.lanes, t.n-j)
			args.B, args.Mask = src, 1<<columns-1
			w.copy.Run(&args)
			j += columns
		case w.brs:
			args.A, args.T = src, min(w.lanes, t.n-j)
			w.transpose.Run(&args)
			j += args.T
		default:
			if w.size == 4 {
				copyColumn[float32](&args, src)
			} else {
				copyColumn[float64](&args, src)
			}
			j++
		}
	}
	t.b, t.BRS, t.next = w.private, args.CRS, t.K*w.size
}

// spreadColumns copies the task's columns of a, whose elements are adjacent, to
// private memory.
func (w *worker) spreadColumns(t *task) {
	to, step := unsafe.Add(w.private, w.slivers()*w.size), (t.m+w.lanes)*w.size
	bytes := func(p unsafe.Pointer, at int) []byte { return unsafe.Slice((*byte)(unsafe.Add(p, at)), t.m*w.size) }
	for k := range t.K {
		copy(bytes(to, k*step), bytes(t.a, k*w.acs))
	}
	t.a, t.ACS = to, step
}

// copyColumn copies a column of any step.
func copyColumn[T float32 | float64](p *kernel.GemmArgs, src unsafe.Pointer) {
	for i := range p.K {
		*(*T)(unsafe.Add(p.C, i*p.CRS)) = *(*T)(unsafe.Add(src, i*p.BRS))
	}
}

// transposeBack copies the block that was computed in private memory to c.
func (w *worker) transposeBack(matrix int, c unsafe.Pointer) {
	if !w.across {
		return
	}
	_, _, at := offset(w.batch, matrix)
	from := w.place(matrix, nil)
	args := kernel.GemmArgs{K: w.j1 - w.j0, ARS: from.step, CRS: w.crs}
	for i := w.i0; i < w.i1; i += args.T {
		args.A = unsafe.Add(from.at, (i-w.i0)*from.step)
		args.C = unsafe.Add(c, at+w.j0*w.crs+i*w.size)
		args.T = min(w.lanes, w.i1-i)
		w.transpose.Run(&args)
	}
}
