package gemm

// A method is how a block of c is computed: by tiles, products of columns of a
// by rows of b that slivers of b make up, or by dots, products of rows of a by
// columns of b.
type method struct {
	dots   bool
	pack   bool    // whether b's slivers are copied to private memory
	spread bool    // whether a's columns are, with a step that does not collide
	tall   int     // rows of a kernel's block
	sliver int     // its columns
	depth  int     // of k in one go
	cycles float64 // estimate for one product
}

const (
	// bytes of a row of a in one go: a few such rows, or a sliver of b as deep,
	// should stay in the first cache
	deep = 2048
	// the same where nothing is read twice
	endless = 16 * deep
	// rows from which on it pays to pack a b that is only placed badly
	manyRows = 64
	// bytes of memory after which caches put lines into the same place, which
	// has room for few of them
	page = 4096
	// bytes of a line of caches
	line = 64
	// rows of the largest block of dots
	dotRows = 3
)

// Estimates of cycles.
const (
	callCycles      = 40      // of a kernel, beyond its loop
	transposeCycles = 1. / 16 // for each byte that is transposed
	copyCycles      = 1. / 40 // for each byte that is copied
)

// orient chooses the method, and whether to compute the transpose of c instead:
// because c is a column whose elements are adjacent, or because so few columns
// would waste the lanes of vectors.
func (p *Plan) orient() {
	p.method = p.choose(&p.product)
	turned := p.turned()
	method := p.choose(&turned)
	column := p.n == 1 && p.crs == p.size
	across := method.cycles + 2*transposeCycles*float64(p.m*p.n*p.size)
	if p.m > 1 && column || p.rate > 1 && p.m >= p.lanes && across < p.cycles {
		p.product, p.method, p.swapped, p.across = turned, method, true, !column
	}
}

// choose chooses the method for a product.
func (k *kernels) choose(p *product) method {
	t := method{tall: k.rows, sliver: 2 * k.lanes, depth: deep / p.size}
	if p.n > t.sliver && (p.m <= k.wide || k.wide >= 6 && p.acs == p.size && collides(p.ars)) {
		t.tall, t.sliver = k.wide, 4*k.lanes
	}
	if p.m <= k.wide {
		t.depth = endless / p.size
	}
	switch {
	case p.n > 1 && p.bcs != p.size:
		t.pack, t.cycles = true, transposeCycles
	case p.m >= manyRows && (collides(p.brs) || p.n < k.lanes):
		t.pack, t.cycles = true, copyCycles
	}
	if p.ars == p.size && collides(p.acs) && 2*k.rows*p.size <= line && p.m > 2*k.rows && p.n >= 4*t.sliver {
		// each line of a is needed for several blocks
		t.spread, t.depth = true, min(t.depth, deep/2/p.size)
	}
	t.cycles = t.cycles*float64(p.n*p.k*p.size) + k.tileCycles(p, t.tall, t.sliver)
	if p.acs == p.size && p.brs == p.size && p.bcs != p.size {
		if cycles := k.dotCycles(p); cycles < t.cycles {
			t = method{dots: true, tall: dotRows, sliver: k.columns, depth: deep / p.size, cycles: cycles}
			if p.m <= dotRows {
				t.depth = endless / p.size
			}
		}
	}
	return t
}

// collides reports whether rows with this step lie in the same place of caches.
func collides(step int) bool {
	const near = 128
	step = max(step, -step)
	return step > page-near && (step+near)%page < 2*near
}

// tileCycles estimates how long a product takes by tiles: two vectors are
// loaded in a cycle, or two multiplied.
func (k *kernels) tileCycles(p *product, tall, sliver int) float64 {
	panels := ceilDiv(p.m, tall)
	column := func(columns int) int {
		vectors := ceilDiv(columns, k.lanes)
		return panels*callCycles + max(p.m*vectors, p.m+panels*(vectors+1))*p.k/2
	}
	cycles := p.n / sliver * column(sliver)
	if rest := p.n % sliver; rest > 0 {
		cycles += column(rest)
	}
	return float64(cycles)
}

// dotCycles estimates how long a product takes by dots.
func (k *kernels) dotCycles(p *product) float64 {
	calls := ceilDiv(p.m, dotRows) * ceilDiv(p.n, k.columns)
	rows := ceilDiv(p.m, calls/ceilDiv(p.n, k.columns)) // of a call
	step := max(rows*k.columns, rows+k.columns) / 2
	return float64(calls * (callCycles + 10*rows + step*ceilDiv(p.k, k.lanes)))
}
