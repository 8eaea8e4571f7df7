package gemm

// A grid is how a product is cut into parts: groups of matrices, or blocks of
// one of them.
type grid struct {
	group      int // matrices of a part
	width      int // columns of a part
	nm, ni, nj int // parts along the batch, the rows, the columns
	depth      int // of k in one go
}

func (g *grid) parts() int { return g.nm * g.ni * g.nj }

// at returns what a part computes: rows from i0 to i1 and columns from j0 to j1
// of the matrices from b0 to b1.
func (p *Plan) at(part int) (b0, b1, i0, i1, j0, j1 int) {
	j := part % p.nj
	part /= p.nj
	i, b := part%p.ni, part/p.ni
	b0, b1 = b*p.group, min((b+1)*p.group, p.matrices)
	i0, i1 = split(p.m, p.ni, i)
	j0 = j * p.width
	return b0, b1, i0, i1, j0, min(j0+p.width, p.n)
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
	manyParts = 32
	maxDepth  = 512
)

// cut chooses the grid.
func (p *Plan) cut() (g grid) {
	g.depth = 1
	if p.k > 0 {
		g.depth = roundUp(ceilDiv(p.k, ceilDiv(p.k, maxDepth)), 4)
	}
	g.group, g.width = 1, p.n
	if p.m == 0 || p.n == 0 || p.matrices == 0 {
		return g
	}
	nr := p.columns()
	cycles := max(p.m*roundUp(p.n, p.lanes)*max(p.k, 1)*p.addend/p.rate, 1)
	if want := min(cycles*p.matrices/leastCycles, manyParts); want <= p.matrices {
		g.group = ceilDiv(p.matrices, max(want, 1))
		g.nm, g.ni, g.nj = ceilDiv(p.matrices, g.group), 1, 1
		return g
	}
	g.nm = p.matrices
	want := min(cycles/leastCycles, ceilDiv(manyParts, p.matrices))
	// square blocks need the least memory traffic
	g.ni, g.nj = 1, 1
	for g.ni*g.nj < want {
		if h, w := p.m/g.ni, p.n/g.nj; w > nr && w >= h {
			g.nj++
		} else if h > p.tall {
			g.ni++
		} else if w > nr {
			g.nj++
		} else {
			break
		}
	}
	g.width = roundUp(ceilDiv(p.n, g.nj), nr)
	g.nj = ceilDiv(p.n, g.width)
	return g
}
