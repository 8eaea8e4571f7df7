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
	for i, off := range unsafe.Slice(p.AOff, p.T) {
		for k := range p.K {
			*at[T](p.C, k*p.CRS+i*size) = *at[T](p.A, off+k*size)
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
			x := gemmPiece[T]{
				a: unsafe.Add(p.A, i*p.ARS), acs: acs, row1: p.ARS * min(1, rows-1), row2: p.ARS * (rows - 1),
				b: unsafe.Add(p.B, j*bcs), brs: brs, col1: bcs * (cols - 1),
			}
			x.add(p.K, aoff, boff)
			for r := range rows {
				for c := range cols {
					put := at[T](p.C, (i+r)*p.CRS+(j+c)*size)
					if p.Acc != 0 {
						x.s[2*r+c] += *put
					}
					*put = x.s[2*r+c]
				}
			}
		}
	}
}

// A gemmPiece is 3 rows of A and 2 columns of B, of which the last ones may be
// the same: the compiler can keep their sums in registers, and no more.
type gemmPiece[T float] struct {
	a, b       unsafe.Pointer
	acs, brs   int
	row1, row2 int // bytes from the first row
	col1       int // bytes from the first column
	s          [6]T
}

// add computes the sums of the products of k elements of each, at all places.
func (x *gemmPiece[T]) add(k int, aoff, boff []int) {
	var s00, s01, s10, s11, s20, s21 T
	for t, off := range aoff {
		a, b := unsafe.Add(x.a, off), unsafe.Add(x.b, boff[t])
		s00, s01, s10, s11, s20, s21 = addRun(s00, s01, s10, s11, s20, s21,
			a, unsafe.Add(a, x.row1), unsafe.Add(a, x.row2), x.acs, b, unsafe.Add(b, x.col1), x.brs, k)
	}
	x.s[0], x.s[1], x.s[2], x.s[3], x.s[4], x.s[5] = s00, s01, s10, s11, s20, s21
}

// addRun adds the products of k elements of three rows and two columns. All that
// it is given and returns lies in registers.
func addRun[T float](s00, s01, s10, s11, s20, s21 T, row0, row1, row2 unsafe.Pointer, acs int, col0, col1 unsafe.Pointer, brs, k int) (T, T, T, T, T, T) {
	// offsets, for no pointer may go past the end, not even at the last
	ka, kb := 0, 0
	for ; k > 1; k -= 2 { // two at a time, for the loop itself costs a fifth
		b0, b1 := *at[T](col0, kb), *at[T](col1, kb)
		a0, a1, a2 := *at[T](row0, ka), *at[T](row1, ka), *at[T](row2, ka)
		s00 += a0 * b0
		s01 += a0 * b1
		s10 += a1 * b0
		s11 += a1 * b1
		s20 += a2 * b0
		s21 += a2 * b1
		ka += acs
		kb += brs
		b0, b1 = *at[T](col0, kb), *at[T](col1, kb)
		a0, a1, a2 = *at[T](row0, ka), *at[T](row1, ka), *at[T](row2, ka)
		s00 += a0 * b0
		s01 += a0 * b1
		s10 += a1 * b0
		s11 += a1 * b1
		s20 += a2 * b0
		s21 += a2 * b1
		ka += acs
		kb += brs
	}
	if k > 0 {
		b0, b1 := *at[T](col0, kb), *at[T](col1, kb)
		a0, a1, a2 := *at[T](row0, ka), *at[T](row1, ka), *at[T](row2, ka)
		s00 += a0 * b0
		s01 += a0 * b1
		s10 += a1 * b0
		s11 += a1 * b1
		s20 += a2 * b0
		s21 += a2 * b1
	}
	return s00, s01, s10, s11, s20, s21
}
