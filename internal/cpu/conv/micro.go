package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A micro holds the kernels for blocks of products on one type of elements.
type micro struct {
	rows, cols int                  // of the largest block
	lanes      int                  // columns of a vector
	wide       int                  // rows of the largest with twice the columns
	block      [][5]kernel.GemmFunc // by rows and vectors
	copy, turn kernel.GemmFunc
}

var micros = [...]micro{kernel.F32: newMicro(kernel.F32), kernel.F64: newMicro(kernel.F64)}

func newMicro(t kernel.Type) micro {
	rows, cols := kernel.GemmTile(t)
	m := micro{rows: rows, cols: cols, lanes: cols / 2, wide: kernel.GemmWide(t), block: make([][5]kernel.GemmFunc, rows+1)}
	for r := 1; r <= rows; r++ {
		m.block[r] = [5]kernel.GemmFunc{1: kernel.Gemm(t, r, 1), 2: kernel.Gemm(t, r, 2)}
		if r <= m.wide {
			m.block[r][4] = kernel.Gemm(t, r, 4)
			m.block[r][3] = m.block[r][4]
		}
	}
	m.copy, m.turn = kernel.GemmCopy(t), kernel.GemmTranspose(t)
	return m
}

// vectors returns how many vectors n columns take.
func (m *micro) vectors(n int) int { return share(n, m.lanes) }

// copyRows copies rows of n elements, as many as a block has columns at most.
// Steps are in bytes.
func (m *micro) copyRows(dst unsafe.Pointer, step int, src unsafe.Pointer, srcStep, rows, n int) {
	args := kernel.GemmArgs{B: src, C: dst, K: rows, BRS: srcStep, CRS: step, Mask: mask(n)}
	m.copy.Run(&args)
}

// transpose makes rows of n elements from n rows of the source. What is behind
// them, up to a block's columns, may change.
func (m *micro) transpose(dst unsafe.Pointer, step int, src unsafe.Pointer, srcStep, rows, n, size int) {
	var places kernel.Places
	for j := 0; j < n; j += m.lanes {
		args := kernel.GemmArgs{A: unsafe.Add(src, j*srcStep), C: unsafe.Add(dst, j*size), K: rows, T: min(m.lanes, n-j), CRS: step}
		args.AOff = places.Even(srcStep, args.T)
		m.turn.Run(&args)
	}
}

// mask is the mask of a block with n columns.
func mask(n int) uint64 { return 1<<n - 1 }

// A loop visits places along four axes; the rows of a block lie along the last.
type loop [4]side

// A side is one axis of a loop: its length, and the bytes from one element to
// the next in the operand A and in the result.
type side struct{ n, a, c int }

// order joins axes that are one in memory, and puts that last along which
// blocks of at most the given number of rows are highest.
func (l *loop) order(rows int) {
	for i := 2; i >= 0; i-- {
		in := &l[i+1]
		switch {
		case l[i].n == 1:
		case in.n == 1:
			*in, l[i].n = l[i], 1
		case l[i].a == in.n*in.a && l[i].c == in.n*in.c:
			in.n, l[i].n = in.n*l[i].n, 1
		}
	}
	best := 3
	for i := 2; i >= 0; i-- {
		// Rows far apart are worth it only where blocks would be flat.
		if 2*height(l[i].n, rows) > 3*height(l[best].n, rows) {
			best = i
		}
	}
	l[best], l[3] = l[3], l[best]
}

// height returns the rows of a block, in hundredths, when n are divided evenly.
func height(n, rows int) int { return 100 * n / share(n, rows) }

// clear sets rows of n bytes to 0.
func (l *loop) clear(z unsafe.Pointer, n int) {
	for i := range l[0].n {
		for j := range l[1].n {
			for k := range l[2].n {
				for m := range l[3].n {
					at := i*l[0].c + j*l[1].c + k*l[2].c + m*l[3].c
					clear(unsafe.Slice((*byte)(unsafe.Add(z, at)), n))
				}
			}
		}
	}
}

// sweep computes the blocks of all places of a loop.
func (m *micro) sweep(l *loop, vectors int, args *kernel.GemmArgs, a, c unsafe.Pointer) {
	for i := range l[0].n {
		for j := range l[1].n {
			for k := range l[2].n {
				args.A = unsafe.Add(a, i*l[0].a+j*l[1].a+k*l[2].a)
				args.C = unsafe.Add(c, i*l[0].c+j*l[1].c+k*l[2].c)
				m.column(l[3], vectors, args)
			}
		}
	}
}

// column computes the blocks along one axis, of nearly equal heights.
func (m *micro) column(s side, vectors int, args *kernel.GemmArgs) {
	for p := share(s.n, m.rows); ; p-- {
		rows := share(s.n, p)
		m.block[rows][vectors].Run(args)
		if s.n -= rows; s.n == 0 {
			return
		}
		args.A = unsafe.Add(args.A, rows*s.a)
		args.C = unsafe.Add(args.C, rows*s.c)
	}
}
