package gemm

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// kernels is the kernels of one type, by rows and vectors.
type kernels struct {
	lanes int // elements of a vector
	tall  int // rows of the largest block
	rate  int // products per cycle, at best
	block [][5]kernel.GemmFunc
}

var kernelsOf = [...]kernels{
	kernel.F32: newKernels(kernel.F32),
	kernel.F64: newKernels(kernel.F64),
}

// few is the number of rows for which there are kernels of 4 vectors.
const few = 3

func newKernels(t kernel.Type) kernels {
	rows, _, lanes := kernel.GemmTile(t)
	k := kernels{lanes: lanes, tall: rows, rate: 2 * lanes, block: make([][5]kernel.GemmFunc, rows+1)}
	if kernel.ISA() == "generic" {
		k.rate = 1
	}
	for mr := 1; mr <= rows; mr++ {
		for _, nv := range []int{1, 2, 4} {
			if nv < 4 || mr <= few {
				k.block[mr][nv] = kernel.Gemm(t, mr, nv)
			}
		}
	}
	return k
}

// columns returns how many columns the kernels compute at once.
func (p *Plan) columns() int {
	if p.m <= few {
		return 4 * p.lanes
	}
	return 2 * p.lanes
}

// Run computes one part. It needs Shared bytes of scratch memory, the same for
// all parts, and Private bytes that no other running part has. It allocates
// nothing.
func (p *Plan) Run(phase, part int, a, b, c unsafe.Pointer, shared, private []byte) {
	if p.swapped {
		a, b = b, a
	}
	b0, b1, i0, i1, j0, j1 := p.at(part)
	w := worker{Plan: p, m: i1 - i0, n: j1 - j0, private: private}
	for i := b0; i < b1; i++ {
		ao, bo, co := offset(p.batch, i)
		w.c = unsafe.Add(c, co+i0*p.crs+j0*p.size)
		if p.k == 0 || p.addend == 0 {
			w.clear()
			continue
		}
		w.acc = 0
		for s := range p.addend {
			as, bs, _ := offset(p.sums, s)
			w.matrix(unsafe.Add(a, ao+as+i0*p.ars), unsafe.Add(b, bo+bs+j0*p.bcs))
		}
	}
}

// A worker is the state of one part that is running.
type worker struct {
	*Plan
	m, n    int // of the block
	c       unsafe.Pointer
	acc     int // whether c has a sum already
	private []byte
}

// clear sets c to 0, the sum of nothing.
func (w *worker) clear() {
	for i := range w.m {
		clear(unsafe.Slice((*byte)(unsafe.Add(w.c, i*w.crs)), w.n*w.size))
	}
}

// matrix adds a product to the block.
func (w *worker) matrix(a, b unsafe.Pointer) {
	nr := w.columns()
	for k := 0; k < w.k; k += w.depth {
		t := operands{k: min(w.depth, w.k-k), a: unsafe.Add(a, k*w.acs), b: unsafe.Add(b, k*w.brs),
			brs: w.brs, bsl: nr * w.size}
		if w.packB {
			w.pack(&t)
		}
		w.tiles(&t)
		w.acc = 1
	}
}

// operands is what the tiles of a block are made from: columns of a and rows
// of b, the latter in slivers of as many columns as the kernels take.
type operands struct {
	k    int
	a, b unsafe.Pointer
	brs  int // from one row of b to the next
	bsl  int // from one sliver to the next
}

// tiles computes the block, one kernel call after another: each sliver of b
// stays in the first cache while the rows of a pass by.
func (w *worker) tiles(t *operands) {
	zero := 0
	args := kernel.GemmArgs{K: t.k, ARS: w.ars, ACS: w.acs, BRS: t.brs, CRS: w.crs,
		AOff: &zero, BOff: &zero, T: 1, Acc: w.acc}
	nr, panels := w.columns(), ceilDiv(w.m, w.tall)
	for j, s := 0, 0; j < w.n; j, s = j+nr, s+1 {
		cols := min(nr, w.n-j)
		nv := ceilDiv(cols, w.lanes)
		if nv == 3 {
			nv = 4
		}
		args.Mask = ^uint64(0) >> (64 - cols)
		args.B = unsafe.Add(t.b, s*t.bsl)
		for i := range panels {
			from, to := split(w.m, panels, i)
			args.A = unsafe.Add(t.a, from*w.ars)
			args.C = unsafe.Add(w.c, from*w.crs+j*w.size)
			w.block[to-from][nv].Run(&args)
		}
	}
}

// pack copies b's rows to private memory, in slivers whose rows are contiguous.
func (w *worker) pack(t *operands) {
	nr := w.columns()
	dst := unsafe.Pointer(unsafe.SliceData(w.private))
	if w.size == 4 {
		transpose[float32](dst, t.b, t.k, w.n, nr, t.brs, w.bcs)
	} else {
		transpose[float64](dst, t.b, t.k, w.n, nr, t.brs, w.bcs)
	}
	t.b, t.brs, t.bsl = dst, nr*w.size, t.k*nr*w.size
}

func transpose[T float32 | float64](dst, src unsafe.Pointer, k, n, nr, brs, bcs int) {
	size := int(unsafe.Sizeof(T(0)))
	for j := 0; j < n; j += nr {
		for c := range min(nr, n-j) {
			for i := range k {
				*(*T)(unsafe.Add(dst, (j*k+i*nr+c)*size)) = *(*T)(unsafe.Add(src, i*brs+(j+c)*bcs))
			}
		}
	}
}
