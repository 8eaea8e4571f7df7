package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A winogradGrad computes the gradient of a convolution for its weights by
// minimal filtering: the tiles of the image and those of the gradient of the
// result are transformed, multiplied over all tiles, one product of matrices for
// each piece and place, and what comes out is transformed to taps. Slots and
// parts are those of weightGrad.
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
	pieces  []piece
	shifts  [2]int
	width   int   // tiles beside each other that are taken at once
	lines   int   // and lines of them, of which a product adds up all
	left    tiles // of the image
	right   tiles // of the gradient, for the widest part
	product int   // bytes from a strip's product of one place to the next
}

func newWinogradGrad(s Shape) *Plan {
	w := &winogradGrad{s: s, k: &micros[s.T], size: s.T.Size(), shifts: [2]int{s.Kernel[1] / 2, s.Kernel[2] / 2}}
	axes := s.axes()
	w.pieces = newPieces(&s, axes[1].classes[0], axes[2].classes[0])
	w.strips = share(s.O, w.k.cols)
	w.slots = newSlots(s.T, s.taps()*s.C*s.O)
	w.product = spread(s.C * w.k.cols * w.size)
	w.divide(axes)
	p := &Plan{work: w, private: int(unsafe.Sizeof(table{})) + w.images.bytes() + w.grads.bytes() + w.left.bytes() + w.right.bytes() + w.widest()*w.strip()}
	w.slots.plan(p, w.wide)
	return p
}

// widest returns the most strips of a part.
func (w *winogradGrad) widest() int { return share(w.strips, w.wide) }

// strip returns the bytes of a strip's products.
func (w *winogradGrad) strip() int { return len(w.pieces) * places * w.product }

// divide chooses slots, parts, boxes and how many tiles are taken together.
func (w *winogradGrad) divide(axes [3]axis) {
	s := &w.s
	lines, width := even2(s.Out[1]), even2(s.Out[2])
	axes[1].out, axes[2].out = lines, width
	grads := axes
	for i := range grads {
		grads[i] = axis{in: s.Out[i], out: axes[i].out, step: 1, stride: 1, classes: [][]tap{{{}}}}
	}
	want := w.slots.choose(s, s.N*lines*width)
	w.wide = max(1, min(w.strips, want/w.slots.n))
	columns := min(s.O, w.widest()*w.k.cols)
	box := share(s.N*lines*width, w.slots.n)
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
	most := max(w.k.rows, 2*tileBytes/(places*(s.C+columns)*w.size))
	w.width = share(n[3]/2, share(n[3]/2, most))
	all := n[0] * n[2] / 2 // lines of a box
	if len(w.pieces) > 1 {
		all = n[2] / 2 // of an image: transforms are shared with the next line
	}
	w.lines = min(len(table{}.a), share(all, share(all, max(1, most/w.width))))
	w.left = newTiles((w.lines+w.shifts[0]-1)*(w.width+w.shifts[1]-1), s.C, w.size)
	w.right = newTiles(w.lines*w.width, columns, w.size)
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
	g.table = (*table)(unsafe.Pointer(unsafe.SliceData(take(int(unsafe.Sizeof(table{}))))))
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
	*table             // where lines begin in left and right
	left, right []byte // transformed tiles of some lines
	sum         []byte // for each strip, piece and place
	count       int    // lines
	tiles       int    // of one
	begun       int    // whether something is in the sum, as a kernel's Acc
}

// columns returns where the columns of a strip begin, and how many there are.
func (g *tileSum) columns(strip int) (from, n int) {
	from = strip * g.k.cols
	return from, min(g.k.cols, g.s.O-from)
}

// box adds the sum over a box of the image at x and of the gradient at y.
func (g *tileSum) box(b *box, x, y unsafe.Pointer) {
	for w := 0; w < b.len[3]; w += 2 * g.tiles {
		g.tiles = min(g.width, (b.len[3]-w)/2)
		for n := range b.len[0] {
			for h := 0; h < b.len[2]; h += 2 {
				g.line(n, h, w, x, y)
			}
			if len(g.pieces) > 1 {
				g.add()
			}
		}
		g.add()
	}
}

// line transforms the tiles of a line, from line h and column w of image n on.
func (g *tileSum) line(n, h, w int, x, y unsafe.Pointer) {
	if g.count == g.lines {
		g.add()
	}
	g0, _ := g.columns(g.from)
	last, columns := g.columns(g.to - 1)
	long, first := g.tiles+g.shifts[1]-1, 0
	if g.count > 0 { // all but the last line are there
		first = g.shifts[0] - 1
	}
	for i := first; i < g.shifts[0]; i++ {
		g.winogradGrad.left.fill(kernel.TileInput, &g.images, x, n, h+2*i, w, long, (g.count+i)*long, g.s.C, g.left)
	}
	g.winogradGrad.right.fill(kernel.TileOutputGrad, &g.grads, y, n, h, w, g.tiles, g.count*g.tiles, last+columns-g0, g.right)
	g.count++
}

// add adds the products of the lines that are transformed.
func (g *tileSum) add() {
	if g.count == 0 {
		return
	}
	left, right := &g.winogradGrad.left, &g.winogradGrad.right
	long := g.tiles + g.shifts[1] - 1
	for i := range g.count {
		g.a[i], g.c[i] = i*long*left.row, i*g.tiles*right.row
	}
	for u := g.from; u < g.to; u++ {
		_, n := g.columns(u)
		args := kernel.GemmArgs{K: g.tiles, ARS: g.size, ACS: left.row, BRS: right.row, CRS: g.k.cols * g.size, T: g.count, AOff: &g.a[0], BOff: &g.c[0], Mask: mask(n), Acc: g.begun}
		if len(g.pieces) == 1 { // all are one
			args.K, args.T = g.count*g.tiles, 1
		}
		for j := range g.pieces {
			p := &g.pieces[j]
			for i := range places {
				if !p.has(i) {
					continue
				}
				args.A = unsafe.Pointer(&g.left[i*left.place+(p.at[0]*long+p.at[1])*left.row])
				args.B = unsafe.Pointer(&g.right[i*right.place+(u-g.from)*args.CRS])
				args.C = unsafe.Pointer(&g.sum[(u-g.from)*g.strip()+(j*places+i)*g.product])
				g.k.column(side{g.s.C, args.ARS, args.CRS}, g.k.vectors(n), &args)
			}
		}
	}
	g.count, g.begun = 0, 1
}

// taps makes the gradient of the taps of the sum. A piece also writes the taps
// that it has not, which are those of a piece before it: the last one is first.
func (g *tileSum) taps(z unsafe.Pointer) {
	row := g.s.O * g.size
	tap := g.s.C * row
	for u := g.from; u < g.to; u++ {
		from, n := g.columns(u)
		for j := len(g.pieces) - 1; j >= 0; j-- {
			p := &g.pieces[j]
			args := kernel.TileArgs{
				A: unsafe.Pointer(&g.sum[(u-g.from)*g.strip()+j*places*g.product]), ARow: 4 * g.product, ACol: g.product, ATile: g.k.cols * g.size,
				C: unsafe.Add(z, 2*(p.at[0]*g.s.Kernel[2]+p.at[1])*tap+from*g.size), CRow: g.s.Kernel[2] * tap, CCol: tap, CTile: row,
				Tiles: g.s.C, Channels: n,
			}
			transforms[kernel.TileWeightsGrad].Run(&args)
		}
	}
}
