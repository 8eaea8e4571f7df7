// Package gemm computes batched matrix products with any strides, cut into
// parts for workers that are not its own. A Plan is made once for a shape; how
// it cuts, and in which order it adds, depends on nothing else, so that the
// same operands give the same bits for any number of workers.
package gemm

import "github.com/adjointml/adjoint/internal/kernel"

// A Shape describes products of matrices in memory,
//
//	c[batch m n] = Σ over k of a[batch m k] · b[batch k n]
//
// in elements of type T. Steps are in elements too.
type Shape struct {
	T       kernel.Type
	M, N, K int
	A, B    Matrix
	C       int // from one row of c to the next; the elements of a row are adjacent
	Batch   []Axis
}

// A Matrix says where the elements of an operand are.
type Matrix struct {
	Row int // from one row to the next
	Col int // from one column to the next
}

// An Axis is an axis of the batch: its length and each operand's step along it,
// 0 for an operand that all share. Products along an axis with a step of 0 in c
// are added up.
type Axis struct{ N, A, B, C int }

// A Plan is a way to compute products of one shape. It is immutable.
type Plan struct {
	product
	*kernels
	rows    int // of all matrices of c
	swapped bool
	grid
	packB bool
}

// New returns a plan for products of a shape.
func New(s Shape) *Plan {
	p := &Plan{product: normal(s), kernels: &kernelsOf[s.T]}
	p.rows = p.m
	for _, x := range p.batch {
		p.rows *= x.N
	}
	p.swapped = p.swap()
	p.packB = p.n > 1 && p.bcs != p.size
	p.grid = p.cut()
	return p
}

// Phases returns the number of parts of each phase. The parts of a phase may be
// run in any order and at the same time, but after those of the phase before.
func (p *Plan) Phases() []int { return []int{p.parts()} }

// Shared returns the bytes of scratch memory that the parts share.
func (p *Plan) Shared() int { return 0 }

// Private returns the bytes of scratch memory that each worker needs.
func (p *Plan) Private() int {
	if !p.packB {
		return 0
	}
	return p.depth * roundUp(p.width, p.columns()) * p.size
}

// Block returns the part of c that a part of the last phase completes: the
// columns from c0 to c1 of the rows from r0 to r1, where the rows of all
// matrices are counted one after another.
func (p *Plan) Block(part int) (r0, r1, c0, c1 int) {
	b0, b1, i0, i1, j0, j1 := p.at(part)
	switch {
	case p.swapped && b1-b0 > 1:
		return b0 * p.n, b1 * p.n, 0, 1
	case p.swapped:
		return b0*p.n + j0, b0*p.n + j1, 0, 1
	case b1-b0 > 1:
		return b0 * p.m, b1 * p.m, j0, j1
	}
	return b0*p.m + i0, b0*p.m + i1, j0, j1
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }
func ceilDiv(n, d int) int    { return (n + d - 1) / d }
