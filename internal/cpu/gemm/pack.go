package gemm

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// packSlivers copies the task's rows of b to private memory, in slivers whose
// rows are contiguous.
func (w *worker) packSlivers(t *task) {
	args := kernel.GemmArgs{K: t.K, BRS: w.brs, CRS: w.sliver * w.size}
	lines := w.lines[1]
	switch w.size {
	case w.bcs:
		rows := fewRows
		if lines != nil {
			rows = 1
		}
		for k := 0; k < t.K; k += rows {
			args.K = min(rows, t.K-k)
			at := k * w.brs
			if lines != nil {
				at = lines[t.k0+k]
			}
			for j := 0; j < t.n; j += 2 * w.lanes {
				columns := min(2*w.lanes, t.n-j)
				args.B, args.C, args.Mask = unsafe.Add(t.b, at+j*w.bcs), w.packed(t, k, j), 1<<columns-1
				w.copy.Run(&args)
			}
		}
	case w.brs:
		var places kernel.Places
		for j := 0; j < t.n; j += w.lanes {
			args.A, args.C, args.T = t.b, w.packed(t, 0, j), min(w.lanes, t.n-j)
			if lines != nil {
				args.AOff = places.At(lines[w.j0+j:][:args.T])
			} else {
				args.A, args.AOff = unsafe.Add(t.b, j*w.bcs), places.Even(w.bcs, args.T)
			}
			w.transpose.Run(&args)
		}
	default:
		for j := range t.n {
			args.B, args.C = unsafe.Add(t.b, j*w.bcs), w.packed(t, 0, j)
			if w.size == 4 {
				copyColumn[float32](&args)
			} else {
				copyColumn[float64](&args)
			}
		}
	}
	t.b, t.BRS, t.next = w.private, args.CRS, t.K*w.size
}

// fewRows is how many rows are copied together, so that memory is read in runs.
const fewRows = 16

// packed returns where row k and column j of b are in private memory.
func (w *worker) packed(t *task, k, j int) unsafe.Pointer {
	return unsafe.Add(w.private, (j/w.sliver*t.K+k)*w.sliver*w.size+j%w.sliver*w.size)
}

// copyColumn copies a column of any step.
func copyColumn[T float32 | float64](p *kernel.GemmArgs) {
	for i := range p.K {
		*(*T)(unsafe.Add(p.C, i*p.CRS)) = *(*T)(unsafe.Add(p.B, i*p.BRS))
	}
}

// spreadColumns copies the task's columns of a, whose elements are adjacent, to
// private memory.
func (w *worker) spreadColumns(t *task) {
	to, step := unsafe.Add(w.private, w.slivers()*w.size), (t.m+w.lanes)*w.size
	bytes := func(p unsafe.Pointer, at int) []byte { return unsafe.Slice((*byte)(unsafe.Add(p, at)), t.m*w.size) }
	for k := range t.K {
		at := k * w.acs
		if lines := w.lines[0]; lines != nil {
			at = lines[t.k0+k]
		}
		copy(bytes(to, k*step), bytes(t.a, at))
	}
	t.a, t.ACS = to, step
}

// transposeBack copies the block that was computed in private memory to c.
func (w *worker) transposeBack(matrix int, c unsafe.Pointer) {
	if !w.across {
		return
	}
	_, _, at := offset(w.batch, matrix)
	from := w.place(matrix, nil)
	args := kernel.GemmArgs{K: w.j1 - w.j0, CRS: w.crs}
	var places kernel.Places
	for i := w.i0; i < w.i1; i += args.T {
		args.A = unsafe.Add(from.at, (i-w.i0)*from.step)
		args.C = unsafe.Add(c, at+w.j0*w.crs+i*w.size)
		args.T = min(w.lanes, w.i1-i)
		args.AOff = places.Even(from.step, args.T)
		w.transpose.Run(&args)
	}
}
