package gemm

import "math"

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

// at returns a block. Those that follow each other share the larger operand, for
// a worker mostly gets parts that do, and so reads its share of it only.
func (p *Plan) at(i int) block {
	if p.blocks() == 1 {
		return block{0, p.matrices, 0, p.m, 0, p.n}
	}
	m, q := i/(p.ni*p.nj), i%(p.ni*p.nj)
	r, j := q/p.nj, q%p.nj
	if p.n > p.m {
		r, j = q%p.ni, q/p.ni
	}
	i0, i1 := split(p.m, p.ni, r)
	return block{m * p.group, min((m+1)*p.group, p.matrices), i0, i1, j * p.width, min((j+1)*p.width, p.n)}
}

// split returns the bounds of piece i of n pieces of a length, which differ by
// at most 1.
func split(length, n, i int) (from, to int) {
	return i * length / n, (i + 1) * length / n
}

const (
	// cycles that a part should take at least: about 5 µs
	leastCycles = 20_000
	// parts into which a large product should be cut
	manyParts = 16
	// rows that a part should have at least for each sliver that it packs
	leastRows = 128
	// elements that memory outside the second cache gives, or takes, in a cycle
	memoryRate = 5
	// cycles for each element that is spread
	spreadCycles = .5
	// of a second phase
	slabCost = .05
	// bytes of an operand that fit the second cache beside the rest, and that
	// other memory has ready
	secondCache = 384 << 10
	thirdCache  = 6 << 20
	// k up to which writing c takes longest
	shallow = 8
)

// cut chooses the grid.
func (p *Plan) cut() {
	p.chunks = ceilDiv(p.k, p.depth)
	p.terms = p.chunks * p.addend
	p.group, p.width, p.nm, p.ni, p.nj = 1, p.n, p.matrices, 1, 1
	want := min(max(int(p.work()/leastCycles), 1), manyParts)
	if want <= p.matrices {
		p.group = p.matrices / want
		p.nm = ceilDiv(p.matrices, p.group)
	} else {
		p.cutMatrix(ceilDiv(want, p.matrices))
	}
	deepest := min(p.depth, p.k) * p.size
	p.rowsOuter = p.k < shallow || ceilDiv(p.m, p.ni)*deepest > secondCache && p.width*deepest <= secondCache
}

// cutMatrix cuts each matrix into about as many parts as wanted.
func (p *Plan) cutMatrix(want int) {
	best := math.Inf(1)
	for nj := 1; nj <= min(ceilDiv(p.n, p.sliver), 2*want); nj++ {
		width := roundUp(ceilDiv(p.n, nj), p.sliver)
		if ceilDiv(p.n, width) != nj {
			continue
		}
		for ni := 1; ni <= min(ceilDiv(p.m, p.tall), ceilDiv(2*want, nj)); ni++ {
			if ni > 1 && p.pack && p.m/ni < leastRows {
				break
			}
			for _, slabs := range []int{1, min(ceilDiv(want, ni*nj), p.terms)} {
				g := grid{group: 1, width: width, nm: p.matrices, ni: ni, nj: nj, slabs: max(slabs, 1)}
				if cost := p.cost(want, &g); cost < best {
					best, p.grid = cost, g
				}
			}
		}
	}
}

// work estimates how many cycles all products take.
func (p *Plan) work() float64 {
	memory := float64((p.m+p.n)*p.k*p.addend+p.m*p.n) / memoryRate
	return max(p.cycles*float64(p.addend), memory) * float64(p.matrices)
}

// cost rates a grid: the time lost for each product, as a part of the time for
// the product itself.
func (p *Plan) cost(want int, g *grid) float64 {
	rows, columns := float64(p.m)/float64(g.ni), float64(min(g.width, p.n))
	// rows of b are read, and perhaps packed, for each of the parts above each
	// other, and columns of a for those beside each other
	read := float64(p.rate) / memoryRate
	cost := read / rows
	if p.pack {
		cost += transposeCycles * float64(p.size*p.rate) / rows
	}
	if p.m*p.k*p.size < thirdCache {
		read /= 4 // they come in longer runs
	}
	if p.spread {
		cost += spreadCycles * float64(p.rate) / columns
	}
	cost += read / columns
	if g.slabs > 1 {
		cost += slabCost + 2*read*float64(g.slabs)/float64(p.k*p.addend)
	}
	parts := g.ni * g.nj * g.slabs
	return cost + max(0, float64(want)/float64(parts)-1)/2 + float64(parts)/1000
}

// slab returns the bytes of the sums of a slab.
func (p *Plan) slab() int { return p.matrices * p.m * p.n * p.size }
