package kernel

import "unsafe"

// GemmArgs is the argument block of one block of a matrix product, a sum of T
// products:
//
//	C[mr n] = Σ over t of A(t)[mr K] · B(t)[K n], or C + that if Acc is not 0
//
// where A(t) begins AOff[t] bytes after A and B(t) BOff[t] bytes after B. The
// elements of A may have any steps; those in a row of B and of C lie next to
// each other. All steps are in bytes. One kernel so serves products with either
// operand transposed, and convolutions straight from a padded image.
//
// K and T are at least 1. Columns that do not exist are neither read nor
// written.
type GemmArgs struct {
	A, B, C    unsafe.Pointer
	K          int
	ARS, ACS   int // from one row of A to the next, and one column
	BRS, CRS   int // from one row to the next
	AOff, BOff *int
	T          int
	Mask       uint64 // which of the n columns exist, from the lowest bit
	Acc        int
}

// A GemmFunc is one kernel of matrix products.
type GemmFunc func(*GemmArgs)

// Run calls the kernel, whose arguments may be on the stack, as [Func.Run] does.
func (f GemmFunc) Run(p *GemmArgs) { f(hide(p)) }

// gemmSet is the kernels of a type on one family.
type gemmSet struct {
	lanes           int // elements of a vector
	rows, wide      int // of the largest blocks of 2 vectors and of 4
	columns         int // of the kernels of dots
	copy, transpose GemmFunc
	block           func(mr, nv int) GemmFunc
	dots            func(mr int) GemmFunc
}

// GemmTile returns the rows and columns of the block that suits large products
// best: two vectors of columns.
func GemmTile(t Type) (mr, nr int) {
	s := gemmSetOf(chosen, t)
	return s.rows, 2 * s.lanes
}

// GemmWide returns the most rows for which there are blocks of four vectors.
func GemmWide(t Type) int { return gemmSetOf(chosen, t).wide }

// GemmInOrder is the vectors of a block from which on each element adds up in the
// order of t and k, however many of them k counts. Smaller blocks have several sums
// for each, of every other k.
const GemmInOrder = 8

// Gemm returns the kernel for blocks of mr rows of nv vectors: any mr up to
// GemmTile's with 1 or 2 vectors, any up to GemmWide with 4.
func Gemm(t Type, mr, nv int) GemmFunc { return gemmSetOf(chosen, t).block(mr, nv) }

// GemmDots returns the kernel for blocks of mr rows, 1 to 3, of dot products
// and how many of them a row has: B's elements are adjacent along k, like A's,
// so that BRS is the step from one column of B to the next. There is no sum of
// products: T and the offsets are not used. Mask has at least the first column.
func GemmDots(t Type, mr int) (f GemmFunc, columns int) {
	s := gemmSetOf(chosen, t)
	return s.dots(mr), s.columns
}

// GemmCopy returns the kernel that copies K rows of up to 2 vectors from B to C.
func GemmCopy(t Type) GemmFunc { return gemmSetOf(chosen, t).copy }

// GemmTranspose returns the kernel that makes K rows of T elements in C from
// columns, whose elements are adjacent: column t begins AOff[t] bytes after A. There
// may be no more of them than a vector has elements. AOff is of a [Places].
func GemmTranspose(t Type) GemmFunc { return gemmSetOf(chosen, t).transpose }

// Places are where the columns of a transposition begin, in bytes, for vectors of
// any length: those after the last one are read like it, and not used.
type Places [16]int

// Even puts n columns so many bytes apart.
func (p *Places) Even(step, n int) *int {
	for i := range p {
		p[i] = min(i, n-1) * step
	}
	return &p[0]
}

// At puts n columns, 1 to 16, where a list says.
func (p *Places) At(list []int) *int {
	for i := copy(p[:], list); i < len(p); i++ {
		p[i] = p[i-1]
	}
	return &p[0]
}

// gemmSetOf returns the kernels of a family.
func gemmSetOf(of isa, t Type) gemmSet {
	if s, ok := gemmAssembly(of, t); ok {
		return s
	}
	if t == F32 {
		return portableGemm[float32]()
	}
	return portableGemm[float64]()
}
