//go:build !noasm

package kernel

import "unsafe"

// gemmAssembly returns the kernels in assembly of a family, if there are any.
func gemmAssembly(of isa, t Type) (gemmSet, bool) {
	switch {
	case of == avx512 && t == F32:
		return gemmOf(16, gemm512f32[:]), true
	case of == avx512:
		return gemmOf(8, gemm512f64[:]), true
	case of == avx2 && t == F32:
		return gemmOf(8, gemm256f32[:]), true
	case of == avx2:
		return gemmOf(4, gemm256f64[:]), true
	}
	return gemmSet{}, false
}

func gemmOf(lanes int, blocks [][5]func(*byte)) gemmSet {
	return gemmSet{lanes: lanes, rows: len(blocks) - 1, block: func(mr, nv int) GemmFunc {
		// the generator knows no types of this package
		return *(*GemmFunc)(unsafe.Pointer(&blocks[mr][nv]))
	}}
}
