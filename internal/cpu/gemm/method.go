package gemm

// A method is how a block of c is computed: by tiles, products of columns of a
// by rows of b that slivers of b make up, or by dots, products of rows of a by
// columns of b.
type method struct {
	dots   bool
	pack   bool // whether b's slivers are copied to private memory
	tall   int  // rows of a kernel's block
	sliver int  // its columns
	depth  int  // of k in one go
}

const (
	// bytes of a row of a in one go: a few such rows, or a sliver of b as deep,
	// should stay in the first cache
	deep = 2048
	// the same where nothing is read twice
	endless = 16 * deep
	// rows from which on it pays to pack a b that only is placed badly
	manyRows = 256
	// bytes of memory after which caches put lines into the same place, which
	// has room for few of them
	page = 4096
)

// choose chooses the method.
func (p *Plan) choose() method {
	t := method{tall: p.rows, sliver: 2 * p.lanes, depth: deep / p.size}
	if n := p.wide; n > 0 && p.n > t.sliver && (p.m <= n || n >= 6 && p.acs == p.size && collides(p.ars)) {
		t.tall, t.sliver = n, 4*p.lanes
	}
	t.pack = p.n > 1 && p.bcs != p.size || p.m >= manyRows && p.n > p.lanes && collides(p.brs)
	if p.acs == p.size && p.brs == p.size && p.bcs != p.size && p.dotCycles() < p.tileCycles(t) {
		t = method{dots: true, tall: dotRows, sliver: p.columns, depth: deep / p.size}
		if p.m <= dotRows {
			t.depth = endless / p.size
		}
	}
	return t
}

// collides reports whether rows with this step lie in the same place of caches.
func collides(step int) bool {
	r := (step%page + page) % page
	return step != 0 && (r < 128 || page-r < 128)
}

const dotRows = 3 // of the largest block of dots

// About how many cycles there are to a kernel's call, to a step of a block of
// dots, and to each element that is transposed.
const (
	callCycles      = 40
	transposeCycles = 0.3
)

// dotCycles estimates how long the product takes by dots.
func (p *Plan) dotCycles() float64 {
	calls := ceilDiv(p.m, dotRows) * ceilDiv(p.n, p.columns)
	return float64(calls*callCycles) + float64(p.m*roundUp(p.n, p.columns)*roundUp(p.k, p.lanes))/float64(2*p.lanes)
}

// tileCycles estimates how long the product takes by tiles.
func (p *Plan) tileCycles(t method) float64 {
	calls := ceilDiv(p.m, t.tall)*ceilDiv(p.n, t.sliver) + ceilDiv(p.n, p.lanes)
	return float64(calls*callCycles) + float64(p.m*roundUp(p.n, p.lanes)*p.k)/float64(2*p.lanes) +
		float64(p.n*p.k)*transposeCycles
}
