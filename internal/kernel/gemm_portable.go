package kernel

import (
	"math/bits"
	"unsafe"
)

// gemmLanes is how many columns the portable kernels call a vector. They
// compute pieces of 3 by 2 elements, whose sums the compiler keeps in registers.
const gemmLanes = 4

func portableGemm[T float]() gemmSet {
	return gemmSet{
		lanes:     gemmLanes,
		rows:      6,
		wide:      6,
		columns:   4,
		copy:      gemmCopy[T],
		transpose: gemmTranspose[T],
		block:     func(mr, nv int) GemmFunc { return gemmInGo[T](mr, nv*gemmLanes) },
		dots:      gemmDots[T],
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

// at returns the element so many bytes after p.
func at[T float](p unsafe.Pointer, offset int) *T { return (*T)(unsafe.Add(p, offset)) }

// gemmInGo returns the kernel for mr rows of up to n columns.
func gemmInGo[T float](mr, n int) GemmFunc {
	return func(p *GemmArgs) {
		aoff, boff := unsafe.Slice(p.AOff, p.T), unsafe.Slice(p.BOff, p.T)
		gemmPieces[T](p, mr, n, aoff, boff, p.ACS, p.BRS, int(unsafe.Sizeof(T(0))))
	}
}

// gemmDots returns the kernel of dots for mr rows.
func gemmDots[T float](mr int) GemmFunc {
	size, nowhere := int(unsafe.Sizeof(T(0))), []int{0}
	return func(p *GemmArgs) { gemmPieces[T](p, mr, 4, nowhere, nowhere, size, size, p.BRS) }
}

// gemmPieces computes mr rows of n columns, as far as they exist, where A and B
// have the steps acs and brs along k and bcs is the step between B's columns.
func gemmPieces[T float](p *GemmArgs, mr, n int, aoff, boff []int, acs, brs, bcs int) {
	size := int(unsafe.Sizeof(T(0)))
	for rest := p.Mask & (1<<n - 1); rest != 0; {
		j := bits.TrailingZeros64(rest)
		cols := 1 + int(rest>>j>>1&1)
		rest &^= 3 << j
		for i := 0; i < mr; i += 3 {
			rows := min(3, mr-i)
			var s [6]T
			for t := range aoff {
				x := gemmPiece[T]{
					a: unsafe.Add(p.A, aoff[t]+i*p.ARS), acs: acs, row1: p.ARS * min(1, rows-1), row2: p.ARS * (rows - 1),
					b: unsafe.Add(p.B, boff[t]+j*bcs), brs: brs, col1: bcs * (cols - 1),
				}
				x.addTo(&s, p.K)
			}
			for r := range rows {
				for c := range cols {
					put := at[T](p.C, (i+r)*p.CRS+(j+c)*size)
					if p.Acc != 0 {
						s[2*r+c] += *put
					}
					*put = s[2*r+c]
				}
			}
		}
	}
}

// A gemmPiece is 3 rows of A and 2 columns of B, of which the last ones may be
// the same: the compiler can keep their sums in registers.
type gemmPiece[T float] struct {
	a, b       unsafe.Pointer
	acs, brs   int
	row1, row2 int // bytes from the first row
	col1       int // bytes from the first column
}

// addTo adds the products of k elements of each.
func (x *gemmPiece[T]) addTo(s *[6]T, k int) {
	a, b, acs, brs, row1, row2, col1 := x.a, x.b, x.acs, x.brs, x.row1, x.row2, x.col1
	s00, s01, s10, s11, s20, s21 := s[0], s[1], s[2], s[3], s[4], s[5]
	// offsets, for no pointer may go past the end, not even at the last
	for ka, kb := 0, 0; k > 0; k, ka, kb = k-1, ka+acs, kb+brs {
		b0, b1 := *at[T](b, kb), *at[T](b, kb+col1)
		a0, a1, a2 := *at[T](a, ka), *at[T](a, ka+row1), *at[T](a, ka+row2)
		s00 += a0 * b0
		s01 += a0 * b1
		s10 += a1 * b0
		s11 += a1 * b1
		s20 += a2 * b0
		s21 += a2 * b1
	}
	*s = [6]T{s00, s01, s10, s11, s20, s21}
}
