//go:build linux

package kernel

import (
	"os"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// A pen is memory between two pages that may not be touched.
type pen []byte

func newPen(t *testing.T, pages int) pen {
	page := os.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, (pages+2)*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Munmap(mem) })
	require.NoError(t, syscall.Mprotect(mem[:page], syscall.PROT_NONE))
	require.NoError(t, syscall.Mprotect(mem[len(mem)-page:], syscall.PROT_NONE))
	return mem[page : len(mem)-page]
}

// place returns so many bytes at the beginning, or the end.
func (p pen) place(size int, atEnd bool) unsafe.Pointer {
	if atEnd {
		return unsafe.Add(unsafe.Pointer(&p[0]), len(p)-size)
	}
	return unsafe.Pointer(&p[0])
}

// TestGuards runs every kernel in assembly on rows that begin at a page's
// beginning, or end at its end, where the pages beside must not be read.
func TestGuards(t *testing.T) {
	r := seeded(t)
	var pages [6]pen
	for i := range pages {
		pages[i] = newPen(t, 1)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	each(t, func(t *testing.T, of isa, op Op, typ Type, kinds uint8) {
		f := lookup(of, op, typ, kinds)
		for cols := range most + 1 {
			v := newTrial(op, typ, kinds, r, 1, 0)
			for _, atEnd := range []bool{false, true} {
				a := Args{Rows: 1, Cols: cols}
				n := cols
				if v.reduces() {
					n = 1
				}
				a.D = pages[5].place(n*v.to.size(), atEnd)
				a.S = pages[4].place(v.to.size(), atEnd)
				for i := range op.Arity() {
					n := cols
					if kinds>>i&1 == 1 {
						n = 1
					}
					a.X[i] = pages[i].place(n*v.from.size(), atEnd)
				}
				require.NotPanics(t, func() { f(&a) }, "%d columns", cols)
			}
		}
	})
}

// TestGemmGuards runs every kernel of products on operands that end where they end,
// and winograds' and route2 likewise: elements beside must not be read.
func TestGemmGuards(t *testing.T) {
	var pages [3]pen
	for i := range pages {
		pages[i] = newPen(t, 20)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, of := range families() {
		for _, atEnd := range []bool{false, true} {
			for _, typ := range []Type{F32, F64} {
				guardGemm(t, gemmSetOf(of, typ), float32s.size()<<typ, pages, atEnd)
				guardRoute2(t, route2Of(of, typ), float32s.size()<<typ, pages, atEnd)
			}
			for tr := range numTransforms {
				guardWinograd(t, winogradOf(of, tr), tr, pages, atEnd)
			}
		}
	}
}

func guardGemm(t *testing.T, s gemmSet, size int, pages [3]pen, atEnd bool) {
	zero := 0
	try := func(f GemmFunc, p GemmArgs, a, b, c int) {
		p.A, p.B, p.C = pages[0].place(a*size, atEnd), pages[1].place(b*size, atEnd), pages[2].place(c*size, atEnd)
		p.ARS, p.ACS, p.BRS, p.CRS = p.ARS*size, p.ACS*size, p.BRS*size, p.CRS*size
		require.NotPanics(t, func() { f.Run(&p) }, "%+v", p)
	}
	for mr := 1; mr <= s.rows; mr++ {
		for nv := 1; nv <= 4; nv *= 2 {
			if nv == 4 && mr > s.wide {
				continue
			}
			for cols := 1; cols <= nv*s.lanes; cols++ {
				for _, k := range []int{1, 2, 3, 4, 7, 8, 70} {
					p := GemmArgs{K: k, ARS: k, ACS: 1, BRS: cols, CRS: cols, AOff: &zero, BOff: &zero, T: 1, Mask: 1<<cols - 1, Acc: k & 1}
					try(s.block(mr, nv), p, mr*k, k*cols, mr*cols)
					p.ARS, p.ACS = 1, mr
					try(s.block(mr, nv), p, mr*k, k*cols, mr*cols)
				}
			}
		}
	}
	for k := 1; k <= most; k++ {
		for mr := 1; mr <= 3; mr++ {
			for cols := 1; cols <= s.columns; cols++ {
				try(s.dots(mr), GemmArgs{K: k, ARS: k, BRS: k, CRS: cols, Mask: 1<<cols - 1, Acc: k & 1}, mr*k, cols*k, mr*cols)
			}
		}
		for cols := 1; cols <= 2*s.lanes; cols++ {
			try(s.copy, GemmArgs{K: k, BRS: cols, CRS: cols, Mask: 1<<cols - 1}, 0, k*cols, k*cols)
		}
		for cols := 1; cols <= s.lanes; cols++ {
			try(s.transpose, GemmArgs{K: k, T: cols, AOff: new(Places).Even(k*size, cols), CRS: cols}, cols*k, 0, k*cols)
		}
	}
}

func guardRoute2(t *testing.T, f Test, size int, pages [3]pen, atEnd bool) {
	if f == nil {
		return
	}
	for c := range most + 1 {
		line, squares := 2*2*c*size, 2
		x, y := pages[0].place(2*line, atEnd), pages[1].place(2*line, atEnd)
		a := &Args{D: y, Rows: squares, Cols: c, DR: 2 * c * size, XR: [4]int{2 * c * size, 2 * c * size, c * size},
			X: [4]unsafe.Pointer{x, unsafe.Add(x, line), pages[2].place(squares*c*size, atEnd)}}
		require.NotPanics(t, func() { f(a) }, "%d channels", c)
	}
}

func guardWinograd(t *testing.T, f TileFunc, tr Transform, pages [3]pen, atEnd bool) {
	to, from := 4*len(tileMatrices[tr]), 4*len(tileMatrices[tr][0])
	for c := 1; c <= most; c++ {
		p := TileArgs{A: pages[0].place(2*from*from/4*c, atEnd), ARow: from * c, ACol: 4 * c, ATile: from * from / 4 * c,
			C: pages[1].place(2*to*to/4*c, atEnd), CRow: to * c, CCol: 4 * c, CTile: to * to / 4 * c, Tiles: 2, Channels: c}
		require.NotPanics(t, func() { f.Run(&p) }, "transform %d of %d channels", tr, c)
	}
}
