//go:build !noasm

package kernel

import "unsafe"

// gemmCode is the kernels in assembly of a type on one family, as the generator
// declares them: it knows no types of this package.
type gemmCode struct {
	copy, transpose func(*byte)
	blocks          [][5]func(*byte) // by rows and vectors
}

// gemmAssembly returns the kernels in assembly of a family, if there are any.
func gemmAssembly(of isa, t Type) (gemmSet, bool) {
	switch {
	case of == avx512 && t == F32:
		return gemm512f32.set(16), true
	case of == avx512:
		return gemm512f64.set(8), true
	case of == avx2 && t == F32:
		return gemm256f32.set(8), true
	case of == avx2:
		return gemm256f64.set(4), true
	}
	return gemmSet{}, false
}

func (c *gemmCode) set(lanes int) gemmSet {
	typed := func(f func(*byte)) GemmFunc { return *(*GemmFunc)(unsafe.Pointer(&f)) }
	return gemmSet{
		lanes:     lanes,
		rows:      len(c.blocks) - 1,
		copy:      typed(c.copy),
		transpose: typed(c.transpose),
		block:     func(mr, nv int) GemmFunc { return typed(c.blocks[mr][nv]) },
	}
}
