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

// Run calls the kernel. The arguments may be on the stack, which a plain call
// of a function value would forbid: a kernel keeps none of its arguments.
func (f GemmFunc) Run(p *GemmArgs) {
	u := uintptr(unsafe.Pointer(p))
	f(*(**GemmArgs)(unsafe.Pointer(&u)))
}

// gemmSet is the kernels of a type on one family.
type gemmSet struct {
	lanes           int // elements of a vector
	rows            int // of the largest block
	copy, transpose GemmFunc
	block           func(mr, nv int) GemmFunc
}

// GemmTile returns the largest block that the kernels in use compute: its rows,
// its vectors, and the elements of a vector.
func GemmTile(t Type) (mr, nv, lanes int) {
	s := gemmSetOf(chosen, t)
	return s.rows, 2, s.lanes
}

// Gemm returns the kernel for blocks of mr rows of nv vectors: any mr up to
// GemmTile's with 1 or 2 vectors, or up to 3 rows of 4 vectors.
func Gemm(t Type, mr, nv int) GemmFunc { return gemmSetOf(chosen, t).block(mr, nv) }

// GemmCopy returns the kernel that copies K rows of up to 2 vectors from B to C.
func GemmCopy(t Type) GemmFunc { return gemmSetOf(chosen, t).copy }

// GemmTranspose returns the kernel that makes K rows in C from columns, which
// lie in T rows in A, adjacent elements in each. There may be no more of them
// than a vector has elements; C's rows are full vectors all the same.
func GemmTranspose(t Type) GemmFunc { return gemmSetOf(chosen, t).transpose }

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
