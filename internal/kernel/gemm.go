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
