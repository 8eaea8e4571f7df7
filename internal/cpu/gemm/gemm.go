// Package gemm computes batched matrix products with any strides, cut into
// parts for workers that are not its own. A Plan is made once for a shape; how
// it cuts, and in which order it adds, depends on nothing else but the kernels
// in use, so that the same operands give the same bits for any number of
// workers.
package gemm

import "github.com/adjointml/adjoint/internal/kernel"

// A Shape describes products of matrices in memory,
//
//	c[batch m n] = Σ over k of a[batch m k] · b[batch k n]
//
// in elements of type T. Steps are in elements too. c overlaps no operand, nor
// itself.
type Shape struct {
	T       kernel.Type
	M, N, K int
	A, B    Matrix
	C       int // from one row of c to the next; the elements of a row are adjacent
	Batch   []Axis
	// Lines are the lengths of lines of memory of a and of b that a run may find
	// anywhere instead of one after the other; 0 for none. See [Plan.Picks].
	Lines [2]int
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
	swapped bool // a and b are the transposes of the shape's b and a
	across  bool // c is computed in private memory and then transposed
	method
	chunks int // pieces that k is cut into
	terms  int // products that are added up for a matrix, of those pieces
	grid
	picks [2]bool // for which operand, of the product, lines may lie anywhere
}

// New returns a plan for products of a shape.
func New(s Shape) *Plan {
	p := &Plan{product: normal(s), kernels: &kernelsOf[s.T]}
	p.slabs = 1
	if p.m > 0 && p.n > 0 && p.matrices > 0 {
		p.orient()
		p.cut()
		p.picks = [2]bool{p.picksA(), p.picksB()}
	}
	return p
}

// Phases returns the number of parts of each phase. The parts of a phase may be
// run in any order and at the same time, but after those of the phase before.
func (p *Plan) Phases() []int {
	if p.slabs > 1 {
		return []int{p.blocks() * p.slabs, p.blocks()}
	}
	return []int{p.blocks()}
}

// Shared returns the bytes of scratch memory that the parts share.
func (p *Plan) Shared() int {
	if p.slabs > 1 {
		return p.slabs * p.slab()
	}
	return 0
}

// Private returns the bytes of scratch memory that each worker needs.
func (p *Plan) Private() int {
	n := p.slivers() + p.columnsOfA()
	if p.across {
		n += ceilDiv(p.m, p.ni) * p.width
	}
	return roundUp(n*p.size, placeSize) + p.places()
}

// slivers returns how many elements of private memory the packed slivers of b
// take, which are first in it.
func (p *Plan) slivers() int {
	if p.pack {
		return min(p.depth, p.k) * roundUp(p.width, p.sliver)
	}
	return 0
}

// columnsOfA returns how many elements the columns of a take that are spread,
// which are next.
func (p *Plan) columnsOfA() int {
	if p.spread {
		return min(p.depth, p.k) * (ceilDiv(p.m, p.ni) + p.lanes)
	}
	return 0
}

// Block returns the part of c that a part of the last phase completes: the
// columns from c0 to c1 of the rows from r0 to r1, where the rows of all
// matrices are counted one after another.
func (p *Plan) Block(part int) (r0, r1, c0, c1 int) {
	b := p.at(part)
	rows := p.m
	r0, r1, c0, c1 = b.i0, b.i1, b.j0, b.j1
	if p.swapped {
		rows = p.n
		r0, r1, c0, c1 = c0, c1, r0, r1
	}
	return b.b0*rows + r0, (b.b1-1)*rows + r1, c0, c1
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }
func ceilDiv(n, d int) int    { return (n + d - 1) / d }
