//go:build !noasm

package kernel

import "unsafe"

// gemmCode is the kernels in assembly of a type on one family, as the generator
// declares them: it knows no types of this package.
type gemmCode struct {
	lanes, rows, wide, columns int // as in gemmSet
	copy, transpose            func(*byte)
	dots                       [4]func(*byte)     // by rows
	blocks                     [15][5]func(*byte) // by rows and vectors
}

// gemmAssembly returns the kernels in assembly of a family, if there are any.
func gemmAssembly(of isa, t Type) (gemmSet, bool) {
	switch {
	case of == avx512 && t == F32:
		return gemm512f32.set(), true
	case of == avx512:
		return gemm512f64.set(), true
	case of == avx2 && t == F32:
		return gemm256f32.set(), true
	case of == avx2:
		return gemm256f64.set(), true
	}
	return gemmSet{}, false
}

func (c *gemmCode) set() gemmSet {
	typed := func(f func(*byte)) GemmFunc { return *(*GemmFunc)(unsafe.Pointer(&f)) }
	return gemmSet{
		lanes:     c.lanes,
		rows:      c.rows,
		wide:      c.wide,
		columns:   c.columns,
		copy:      typed(c.copy),
		transpose: typed(c.transpose),
		block:     func(mr, nv int) GemmFunc { return typed(c.blocks[mr][nv]) },
		dots:      func(mr int) GemmFunc { return typed(c.dots[mr]) },
	}
}
