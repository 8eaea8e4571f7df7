package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A winogradGrad computes the gradient of a convolution for its weights by
// minimal filtering: the tiles of the image and those of the gradient of the
// result are transformed, multiplied over all tiles, one product of matrices for
// each place, and what comes out is transformed to taps. Slots and parts are
// those of weightGrad.
type winogradGrad struct {
	s       Shape
	k       *micro
	size    int
	images  source
	grads   source // the gradient of the result, with zeros where a tile reaches beyond
	grid    grid   // of the results, as many as whole tiles have
	strips  int
	wide    int // parts along the channels of the result
	slots   slots
	left    tiles // of the image
	right   tiles // of the gradient, for the widest part
	product int   // bytes from a strip's product of one place to the next
}

func newWinogradGrad(s Shape) *Plan {
	w := &winogradGrad{s: s, k: &micros[s.T], size: s.T.Size()}
	w.strips = (s.O + w.k.cols - 1) / w.k.cols
	w.slots = newSlots(s.T, 9*s.C*s.O)
	w.product = spread(s.C * w.k.cols * w.size)
	w.divide()
	p := &Plan{work: w, private: w.images.bytes() + w.grads.bytes() + w.left.bytes() + w.right.bytes() + w.widest()*places*w.product}
	w.slots.plan(p, w.wide)
	return p
}

// widest returns the most strips of a part.
func (w *winogradGrad) widest() int { return (w.strips + w.wide - 1) / w.wide }

// divide chooses slots, parts, boxes and how many tiles are taken together.
func (w *winogradGrad) divide() {
	s, axes := &w.s, w.s.axes()
	lines, width := even2(s.Out[1]), even2(s.Out[2])
	axes[1].out, axes[2].out = lines, width
	grads := axes
	for i := range grads {
		grads[i] = axis{in: s.Out[i], out: axes[i].out, step: 1, stride: 1, classes: [][]tap{{{}}}}
	}
	want := max(1, min(mostSlots, s.flops()/partFlops))
	w.slots.n = even(s.N, max(1, min(want, s.N*lines*width/slotRun, slotBytes/w.slots.step)))
	w.wide = max(1, min(w.strips, want/w.slots.n))
	columns := min(s.O, w.widest()*w.k.cols)
	box := (s.N*lines*width + w.slots.n - 1) / w.slots.n
	for {
		w.grid = cutTiles(s.N, lines, width, box)
		w.images = newSource(axes, w.grid, s.C*w.size, s.C*w.size)
		w.grads = newSource(grads, w.grid, s.O*w.size, columns*w.size)
		if max(w.images.bytes(), w.grads.bytes()) <= cacheBytes || box <= 2*width {
			break
		}
		box = (box + 1) / 2
	}
	w.slots.n = min(w.slots.n, w.grid.boxes)
	n := w.grid.lens()
	most := min(n[0]*n[2]/2*n[3]/2, max(w.k.rows, 2*tileBytes/(places*(s.C+columns)*w.size)))
	w.left, w.right = newTiles(most, s.C, w.size), newTiles(most, columns, w.size)
}

func (w *winogradGrad) run(phase, part int, x, y, z unsafe.Pointer, shared, private []byte) {
	if phase == 1 {
		w.slots.add(part, z, shared)
		return
	}
	slot, wide := part/w.wide, part%w.wide
	g := tileSum{winogradGrad: w, from: w.strips * wide / w.wide, to: w.strips * (wide + 1) / w.wide}
	take := func(n int) []byte {
		taken := private[:n]
		private = private[n:]
		return taken
	}
	image, grad := take(w.images.bytes()), take(w.grads.bytes())
	g.left, g.right, g.sum = take(w.left.bytes()), take(w.right.bytes()), private
	for i := w.grid.boxes * slot / w.slots.n; i < w.grid.boxes*(slot+1)/w.slots.n; i++ {
		b := w.grid.box(i)
		g.box(&b, w.images.load(x, &b, 0, image), w.grads.load(y, &b, g.from*w.k.cols*w.size, grad))
	}
	g.taps(w.slots.sum(slot, z, shared))
}

// A tileSum is the work of a part: some strips of a slot's sum.
type tileSum struct {
	*winogradGrad
	from, to    int
	left, right []byte
	sum         []byte // for each strip and place
	rows        int    // tiles that are transformed
	begun       int    // whether something is in the sum, as a kernel's Acc
}

// columns returns where the columns of a strip begin, and how many there are.
func (g *tileSum) columns(strip int) (from, n int) {
	from = strip * g.k.cols
	return from, min(g.k.cols, g.s.O-from)
}

// box adds the sum over a box of the image at x and of the gradient at y.
func (g *tileSum) box(b *box, x, y unsafe.Pointer) {
	w := g.winogradGrad
	from, _ := g.columns(g.from)
	last, n := g.columns(g.to - 1)
	for i := range b.len[0] {
		for h := 0; h < b.len[2]; h += 2 {
			for c := 0; c < b.len[3]; {
				r := stretch{i, h, c, min((b.len[3]-c)/2, w.left.most-g.rows)}
				w.left.fill(kernel.TileInput, &w.images, x, r, g.rows, w.s.C, g.left)
				w.right.fill(kernel.TileOutputGrad, &w.grads, y, r, g.rows, last+n-from, g.right)
				c += 2 * r.tiles
				if g.rows += r.tiles; g.rows == w.left.most {
					g.add()
				}
			}
		}
	}
	g.add()
}

// add adds the products of the tiles that are transformed.
func (g *tileSum) add() {
	if g.rows == 0 {
		return
	}
	w := g.winogradGrad
	for u := g.from; u < g.to; u++ {
		_, n := g.columns(u)
		args := kernel.GemmArgs{K: g.rows, ARS: w.size, ACS: w.left.row, BRS: w.right.row, CRS: w.k.cols * w.size, T: 1, AOff: &noOffset, BOff: &noOffset, Mask: mask(n), Acc: g.begun}
		for i := range places {
			args.A = unsafe.Pointer(&g.left[i*w.left.place])
			args.B = unsafe.Pointer(&g.right[i*w.right.place+(u-g.from)*args.CRS])
			args.C = unsafe.Pointer(&g.sum[((u-g.from)*places+i)*w.product])
			w.k.column(side{w.s.C, args.ARS, args.CRS}, w.k.vectors(n), &args)
		}
	}
	g.rows, g.begun = 0, 1
}

// taps makes the gradient of the taps of the sum.
func (g *tileSum) taps(z unsafe.Pointer) {
	row := g.s.O * g.size
	for u := g.from; u < g.to; u++ {
		from, n := g.columns(u)
		args := kernel.TileArgs{
			A: unsafe.Pointer(&g.sum[(u-g.from)*places*g.product]), ARow: 4 * g.product, ACol: g.product, ATile: g.k.cols * g.size,
			C: unsafe.Add(z, from*g.size), CRow: 3 * g.s.C * row, CCol: g.s.C * row, CTile: row,
			Tiles: g.s.C, Channels: n,
		}
		transforms[kernel.TileWeightsGrad].Run(&args)
	}
}
