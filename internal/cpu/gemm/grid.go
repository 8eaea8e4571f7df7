package gemm

// A grid is how a product is cut into parts: groups of matrices, or blocks of
// one of them. Where there are too few of those, k is cut into slabs too, whose
// sums are added up in a second phase.
type grid struct {
	group      int // matrices of a part
	width      int // columns of a part
	nm, ni, nj int // parts along the batch, the rows, the columns
	slabs      int
	rowsOuter  bool // whether a part goes through the columns for each of its rows
}

func (g *grid) blocks() int { return g.nm * g.ni * g.nj }

// A block is a part of c: rows from i0 to i1 and columns from j0 to j1 of the
// matrices from b0 to b1.
type block struct{ b0, b1, i0, i1, j0, j1 int }

// at returns a block.
func (p *Plan) at(i int) block {
	q, j := i/p.nj, i%p.nj
	m, r := q/p.ni, q%p.ni
	i0, i1 := split(p.m, p.ni, r)
	return block{m * p.group, min((m+1)*p.group, p.matrices), i0, i1, j * p.width, min((j+1)*p.width, p.n)}
}

// split returns the bounds of piece i of n pieces of a length, which differ by
// at most 1.
func split(length, n, i int) (from, to int) {
	return i * length / n, (i + 1) * length / n
}

const (
	// cycles that a part should take at least: about 10 µs
	leastCycles = 40_000
	// parts into which a large product should be cut
	manyParts = 16
	// rows that a part should have at least for each sliver that it packs
	leastRows = 128
	// elements that memory outside the second cache gives, or takes, in a cycle
	memoryRate = 5
)

// cut chooses the grid.
func (p *Plan) cut() grid {
	g := grid{group: 1, width: p.n, nm: p.matrices, ni: 1, nj: 1, slabs: 1}
	if p.m == 0 || p.n == 0 || p.matrices == 0 {
		g.ni = 0
		return g
	}
	want := min(max(int(p.cycles()/leastCycles), 1), manyParts)
	if want <= p.matrices {
		g.group = p.matrices / want
		g.nm = ceilDiv(p.matrices, g.group)
		return g
	}
	want = ceilDiv(want, p.matrices)
	best := -1.0
	for nj := 1; nj <= min(ceilDiv(p.n, p.sliver), 2*want); nj++ {
		width := roundUp(ceilDiv(p.n, nj), p.sliver)
		if ceilDiv(p.n, width) != nj {
			continue
		}
		for ni := 1; ni <= min(ceilDiv(p.m, p.tall), ceilDiv(2*want, nj)); ni++ {
			if ni > 1 && p.pack && p.m/ni < leastRows {
				break
			}
			if cost := p.cost(want, ni, nj, width); best < 0 || cost < best {
				best, g.ni, g.nj, g.width = cost, ni, nj, width
			}
		}
	}
	return g
}

// cycles estimates how long all products take.
func (p *Plan) cycles() float64 {
	n := float64(p.m*roundUp(p.n, min(p.sliver, p.lanes))*max(p.k, 1)*p.addend) / float64(p.rate)
	memory := float64((p.m+p.n)*p.k*p.addend+p.m*p.n) / memoryRate
	return max(n, memory) * float64(p.matrices)
}

// cost rates a grid: the time lost for each product, as a part of the time for
// the product itself. Rows of b are read, and perhaps packed, for each of the
// parts above each other, and columns of a for those beside each other, but
// these come in longer runs.
func (p *Plan) cost(want, ni, nj, width int) float64 {
	rows, columns := float64(p.m)/float64(ni), float64(min(width, p.n))
	read := float64(p.rate) / memoryRate
	cost := read/rows + read/4/columns
	if p.pack {
		cost += transposeCycles * float64(p.rate) / rows
	}
	if few := want - ni*nj; few > 0 {
		cost += float64(few)
	}
	return cost + float64(ni*nj-want)/100
}

// settle chooses what follows from the method and the grid.
func (p *Plan) settle() {
	if p.m == 0 || p.n == 0 || p.matrices == 0 {
		return
	}
	if want := int(p.cycles() / leastCycles); want >= 2*p.blocks() && p.blocks() < manyParts/2 {
		p.slabs = max(1, min(manyParts/p.blocks(), want/p.blocks(), p.terms()))
	}
	deepest := min(p.depth, p.k) * p.size
	p.rowsOuter = ceilDiv(p.m, p.ni)*deepest > secondCache && p.width*deepest <= secondCache
}

// secondCache is the bytes of an operand that fit the second cache beside the
// rest.
const secondCache = 384 << 10

// chunks returns the number of pieces that k is cut into.
func (p *Plan) chunks() int { return ceilDiv(p.k, p.depth) }

// terms returns the number of products that are added up for a matrix.
func (p *Plan) terms() int { return p.addend * p.chunks() }

// slab returns the bytes of the sums of a slab.
func (p *Plan) slab() int { return p.matrices * p.m * p.n * p.size }
