package kernel

import (
	"math/bits"
	"unsafe"
)

// gemmLanes is how many columns the portable kernels call a vector. They
// compute pieces of 4 by 2 elements, whose sums the compiler keeps in registers.
const gemmLanes = 4

func portableGemm[T float]() gemmSet {
	return gemmSet{
		lanes:     gemmLanes,
		rows:      8,
		wide:      8,
		columns:   4,
		copy:      gemmCopy[T],
		transpose: gemmTranspose[T],
		block:     func(mr, nv int) GemmFunc { return gemmInGo[T](mr, nv*gemmLanes) },
		dots:      gemmDots[T],
	}
}

// gemmDots computes dot products as products whose B is a column.
func gemmDots[T float](mr int) GemmFunc {
	size := int(unsafe.Sizeof(T(0)))
	return func(p *GemmArgs) {
		zero := 0
		q := *p
		q.ACS, q.BRS, q.AOff, q.BOff, q.T = size, size, &zero, &zero, 1
		for rest := p.Mask & (1<<4 - 1); rest != 0; rest &= rest - 1 {
			j := bits.TrailingZeros64(rest)
			q.B, q.C = unsafe.Add(p.B, j*p.BRS), unsafe.Add(p.C, j*size)
			for i := range mr {
				gemm1x1[T](&q, i, 0)
			}
		}
	}
}

func gemmCopy[T float](p *GemmArgs) {
	size := int(unsafe.Sizeof(T(0)))
	for rest := p.Mask & (1<<(2*gemmLanes) - 1); rest != 0; rest &= rest - 1 {
		j := bits.TrailingZeros64(rest) * size
		for k := range p.K {
			*at[T](p.C, k*p.CRS+j) = *at[T](p.B, k*p.BRS+j)
		}
	}
}

func gemmTranspose[T float](p *GemmArgs) {
	size := int(unsafe.Sizeof(T(0)))
	for i := range p.T {
		for k := range p.K {
			*at[T](p.C, k*p.CRS+i*size) = *at[T](p.A, i*p.ARS+k*size)
		}
	}
}

// gemmInGo returns the kernel for mr rows of up to n columns.
func gemmInGo[T float](mr, n int) GemmFunc {
	return func(p *GemmArgs) {
		for rest := p.Mask & (1<<n - 1); rest != 0; {
			j := bits.TrailingZeros64(rest)
			end := j + bits.TrailingZeros64(^(rest >> j))
			gemmColumns[T](p, mr, j, end)
			rest &^= 1<<end - 1
		}
	}
}

// gemmColumns computes the columns from j to end.
func gemmColumns[T float](p *GemmArgs, mr, j, end int) {
	for ; j+2 <= end; j += 2 {
		i := 0
		for ; i+4 <= mr; i += 4 {
			gemm4x2[T](p, i, j)
		}
		for ; i < mr; i++ {
			gemm1x1[T](p, i, j)
			gemm1x1[T](p, i, j+1)
		}
	}
	if j < end {
		for i := range mr {
			gemm1x1[T](p, i, j)
		}
	}
}

// at returns the element so many bytes after p.
func at[T float](p unsafe.Pointer, offset int) *T { return (*T)(unsafe.Add(p, offset)) }

// terms returns the beginnings of the products' operands.
func (p *GemmArgs) terms() (a, b []int) { return unsafe.Slice(p.AOff, p.T), unsafe.Slice(p.BOff, p.T) }

// gemm1x1 computes the element in row i and column j.
func gemm1x1[T float](p *GemmArgs, i, j int) {
	var sum T
	aoff, boff := p.terms()
	for t := range aoff {
		a := unsafe.Add(p.A, aoff[t]+i*p.ARS)
		b := unsafe.Add(p.B, boff[t]+j*int(unsafe.Sizeof(sum)))
		for k := range p.K {
			sum += *at[T](a, k*p.ACS) * *at[T](b, k*p.BRS)
		}
	}
	put(p, i, j, sum)
}

// put stores an element, or adds to it.
func put[T float](p *GemmArgs, i, j int, sum T) {
	c := at[T](p.C, i*p.CRS+j*int(unsafe.Sizeof(sum)))
	if p.Acc != 0 {
		sum += *c
	}
	*c = sum
}

// gemm4x2 computes the elements in 4 rows from i and 2 columns from j.
func gemm4x2[T float](p *GemmArgs, i, j int) {
	var s00, s01, s10, s11, s20, s21, s30, s31 T
	size := int(unsafe.Sizeof(s00))
	aoff, boff := p.terms()
	for t := range aoff {
		a := unsafe.Add(p.A, aoff[t]+i*p.ARS)
		b := unsafe.Add(p.B, boff[t]+j*size)
		// offsets, for no pointer may go past the end, not even at the last
		for k, ka, kb := 0, 0, 0; k < p.K; k, ka, kb = k+1, ka+p.ACS, kb+p.BRS {
			b0, b1 := *at[T](b, kb), *at[T](b, kb+size)
			a0, a1 := *at[T](a, ka), *at[T](a, ka+p.ARS)
			s00 += a0 * b0
			s01 += a0 * b1
			s10 += a1 * b0
			s11 += a1 * b1
			a2, a3 := *at[T](a, ka+2*p.ARS), *at[T](a, ka+3*p.ARS)
			s20 += a2 * b0
			s21 += a2 * b1
			s30 += a3 * b0
			s31 += a3 * b1
		}
	}
	put(p, i, j, s00)
	put(p, i, j+1, s01)
	put(p, i+1, j, s10)
	put(p, i+1, j+1, s11)
	put(p, i+2, j, s20)
	put(p, i+2, j+1, s21)
	put(p, i+3, j, s30)
	put(p, i+3, j+1, s31)
}
