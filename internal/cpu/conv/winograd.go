package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A winograd computes a convolution with a kernel of 3 by 3, or its gradient for
// the image, by minimal filtering: the results in tiles of 2 by 2, each from a
// tile of 4 by 4 pixels of the source. Both and the weights are transformed, and
// what is left are 16 products of matrices, one for each place of a tile, with
// 16 multiplications for what takes 36. Larger kernels are sums of pieces.
//
// The first phase transforms the weights; the second computes boxes of results,
// some tiles at a time that stay in cache.
type winograd struct {
	s        Shape
	k        *micro
	size     int // of an element
	source   source
	pitch    [4]int // of the result
	grid     grid   // of the results, as many as whole tiles have
	adjoint  bool   // the weights are transposed
	in, out  int    // channels of the source and of the result
	strips   int    // of columns, each as wide as a block
	columns  int    // parts that the columns of a box are divided into
	pieces   []piece
	shifts   [2]int // pieces along each axis
	most     int    // tiles that are taken together
	width    int    // and beside each other
	rows     int    // transformed tiles for them
	tiles    tiles
	products int // bytes from a product's results to the next one's
}

// places of a tile's transform
const places = 16

// A piece is 3 by 3 taps of a kernel, which are also a kernel of their own, of
// the image moved by an even number of pixels: the tiles are the same, some
// places away. Next pieces overlap; the later one has no first tap then, nor
// what that alone is transformed to.
type piece struct {
	at   [2]int // tiles from the first piece
	taps [9]int // which of the weights is at each place, -1 for none
}

// newPieces cuts a kernel, whose taps on its axes are listed.
func newPieces(s *Shape, lines, columns []tap) (list []piece) {
	tap := func(taps []tap, piece, i int) int {
		if piece > 0 && i == 0 {
			return -1
		}
		return taps[2*piece+i].index
	}
	for h := range len(lines) / 2 {
		for w := range len(columns) / 2 {
			p := piece{at: [2]int{h, w}}
			for i := range p.taps {
				y, x := tap(lines, h, i/3), tap(columns, w, i%3)
				p.taps[i] = y*s.Kernel[2] + x
				if min(y, x) < 0 {
					p.taps[i] = -1
				}
			}
			list = append(list, p)
		}
	}
	return list
}

// has reports whether a piece adds to a place of a tile.
func (p *piece) has(place int) bool {
	return (p.at[0] == 0 || place/4 > 0) && (p.at[1] == 0 || place%4 > 0)
}

// tiles are transformed tiles of an image: for each place of a tile, a matrix
// with a row for each tile.
type tiles struct {
	most  int // rows
	row   int // bytes of one
	place int // bytes from the matrix of one place to the next
}

func newTiles(most, channels, size int) tiles {
	row := channels * size
	if row%2048 == 0 { // all rows of a block would fall into the same lines of the cache
		row += 64
	}
	return tiles{most, row, spread(most * row)}
}

// spread returns n bytes or a little more, such that neither arrays of so many
// bytes nor their lines begin at the same lines of the cache.
func spread(n int) int { return ((n+63)/64 | 1) * 64 }

func (t *tiles) bytes() int { return places * t.place }

// fill transforms n tiles beside each other, from line h and column w of image i
// on, to the rows from at on.
func (t *tiles) fill(of kernel.Transform, s *source, x unsafe.Pointer, i, h, w, n, at, channels int, to []byte) {
	args := kernel.TileArgs{
		A: unsafe.Add(x, i*s.pitch[0]+h*s.pitch[2]+w*s.pitch[3]), ARow: s.pitch[2], ACol: s.pitch[3], ATile: 2 * s.pitch[3],
		C: unsafe.Pointer(&to[at*t.row]), CRow: 4 * t.place, CCol: t.place, CTile: t.row,
		Tiles: n, Channels: channels,
	}
	transforms[of].Run(&args)
}

// transforms are the kernels of minimal filtering.
var transforms = func() (list [5]kernel.TileFunc) {
	for t := range list {
		list[t] = kernel.Winograd(kernel.Transform(t))
	}
	return list
}()

// isTiled reports whether minimal filtering pays, for a source of so many
// channels. It rounds where the plain sum has no terms, so each tap must have
// some, and so must each result and each pixel.
func isTiled(s *Shape, in, out int) bool {
	if s.T != kernel.F32 || s.Groups != 1 || s.N == 0 || !s.trivial(0) || min(in, out) < tiledChannels || in > deep || in*out > tiledWeights {
		return false
	}
	for i := 1; i < 3; i++ {
		k := s.Kernel[i]
		if k != 3 && k != 5 || s.Stride[i] != 1 || s.Dilation[i] != 1 {
			return false
		}
		before, after := s.Pad[i], s.Out[i]+k-1-s.In[i]-s.Pad[i]
		if min(before, after) < 0 || max(before, after) >= k || min(s.In[i], s.Out[i]) < k {
			return false
		}
	}
	return true
}

// even2 rounds up to whole tiles.
func even2(n int) int { return (n + 1) &^ 1 }

func newWinograd(s Shape, axes [3]axis, adjoint bool) *Plan {
	p := &winograd{s: s, k: &micros[s.T], size: s.T.Size(), adjoint: adjoint, in: s.C, out: s.O}
	if adjoint {
		p.in, p.out = p.out, p.in
	}
	p.strips = share(p.out, p.k.cols)
	p.pitch = pitches([4]int{s.N, 1, axes[1].out, axes[2].out}, p.out*p.size)
	p.pieces = newPieces(&s, axes[1].classes[0], axes[2].classes[0])
	p.shifts = [2]int{s.Kernel[1] / 2, s.Kernel[2] / 2}
	p.divide(axes)
	return &Plan{
		work:    p,
		shared:  p.strips * p.strip(),
		private: max(int(unsafe.Sizeof(table{}))+p.source.bytes()+p.tiles.bytes()+(places+4)*p.products, 9*p.in*p.k.cols*p.size),
		phases:  []int{p.strips, p.grid.boxes * p.columns},
	}
}

// divide chooses the parts, boxes of whole lines, and how many tiles are taken
// together.
func (p *winograd) divide(axes [3]axis) {
	lines, width := even2(axes[1].out), even2(axes[2].out)
	axes[1].out, axes[2].out = lines, width
	row := min(p.k.cols, p.k.vectors(p.out)*p.k.lanes) * p.size
	most := p.k.rows
	if n := tileBytes / (places * (p.in*p.size + row)); n > most {
		most = n / most * most
	}
	want := max(1, min(mostParts, p.s.flops()/partFlops))
	positions := max(share(p.s.N*lines*width, want), min(4*p.k.rows, lines*width))
	for {
		p.grid = cutTiles(p.s.N, lines, width, positions)
		p.source = newSource(axes, p.grid, p.in*p.size, p.in*p.size)
		if p.source.bytes() <= cacheBytes || positions <= 2*width {
			break
		}
		positions = (positions + 1) / 2
	}
	n := p.grid.lens()
	p.together(most, n[0]*n[2]/2, n[2]/2, n[3]/2)
	p.tiles = newTiles(p.rows, p.in, p.size)
	p.products = spread(p.most * row)
	p.columns = max(1, min(p.strips, want/p.grid.boxes))
}

// together sets how many tiles are taken together, about most, of a box with so
// many lines of so many tiles, each image having some of the lines.
func (p *winograd) together(most, all, lines, width int) {
	if len(p.pieces) == 1 {
		p.most = min(most, all*width)
		p.width, p.rows = p.most, p.most
		return
	}
	p.width = share(width, share(width, most))
	lines = share(lines, share(lines, max(1, most/p.width)))
	p.most = lines * p.width
	p.rows = (lines + p.shifts[0] - 1) * (p.width + p.shifts[1] - 1)
}

// cutTiles cuts images into boxes of whole lines of tiles.
func cutTiles(n, lines, width, positions int) grid {
	g := cut([4]int{n, 1, lines, width}, max(positions, 2*width), 1)
	if g.axis == 2 {
		g.chunk = even2(g.chunk)
		g.boxes = n * share(lines, g.chunk)
	}
	return g
}

// strip returns the bytes of a strip of transformed weights.
func (p *winograd) strip() int { return len(p.pieces) * p.piece() }

// piece returns the bytes of that of one piece.
func (p *winograd) piece() int { return places * p.in * p.k.cols * p.size }

func (p *winograd) block(part int) (row0, row1, col0, col1 int) {
	b := p.grid.box(part / p.columns)
	from, to := p.units(part)
	h := p.outs(1)
	row0 = (b.at[0]*h + b.at[2]) * p.outs(2)
	row1 = ((b.at[0]+b.len[0]-1)*h + min(h, b.at[2]+b.len[2])) * p.outs(2)
	return row0, row1, from * p.k.cols, min(p.out, to*p.k.cols)
}

// outs returns the results along an axis.
func (p *winograd) outs(axis int) int {
	if p.adjoint {
		return p.s.In[axis]
	}
	return p.s.Out[axis]
}

// units returns which strips a part computes.
func (p *winograd) units(part int) (from, to int) {
	i := part % p.columns
	return p.strips * i / p.columns, p.strips * (i + 1) / p.columns
}

func (p *winograd) run(phase, part int, x, y, z unsafe.Pointer, shared, private []byte) {
	if phase == 0 {
		p.weights(part, y, shared, private)
		return
	}
	t := tiling{winograd: p, b: p.grid.box(part / p.columns), z: z, weights: shared}
	t.from, t.to = p.units(part)
	t.table = (*table)(unsafe.Pointer(unsafe.SliceData(private)))
	private = private[unsafe.Sizeof(table{}):]
	t.x = p.source.load(x, &t.b, 0, private)
	t.tiled = private[p.source.bytes():]
	t.made = t.tiled[p.tiles.bytes():]
	for n := range t.b.len[0] {
		for h := 0; h < t.b.len[2]; h += 2 {
			for w := 0; w < t.b.len[3]; {
				w += 2 * t.take(n, h, w)
			}
		}
	}
	t.make()
}

// weights transforms a strip of weights, for each piece.
func (p *winograd) weights(unit int, y unsafe.Pointer, shared, private []byte) {
	first, row := unit*p.k.cols, p.k.cols*p.size
	n := min(p.k.cols, p.out-first)
	step := p.s.O * p.size // bytes of a row of a tap
	for i := range p.pieces {
		for j, t := range p.pieces[i].taps {
			to := private[j*p.in*row:][:p.in*row]
			tap := unsafe.Add(y, max(t, 0)*p.s.C*step)
			switch {
			case t < 0:
				clear(to)
			case p.adjoint:
				p.k.transpose(unsafe.Pointer(&to[0]), row, unsafe.Add(tap, first*step), step, p.in, n, p.size)
			default:
				p.k.copyRows(unsafe.Pointer(&to[0]), row, unsafe.Add(tap, first*p.size), step, p.in, n)
			}
		}
		args := kernel.TileArgs{
			A: unsafe.Pointer(&private[0]), ARow: 3 * p.in * row, ACol: p.in * row, ATile: row,
			C: unsafe.Pointer(&shared[unit*p.strip()+i*p.piece()]), CRow: 4 * p.in * row, CCol: p.in * row, CTile: row,
			Tiles: p.in, Channels: n,
		}
		transforms[kernel.TileWeights].Run(&args)
	}
}

// A stretch is some tiles of results beside each other in a box: of an image n,
// from line h and column w on. Their products are the rows from made on, and the
// transformed tiles that they are made of those from tiled on: as many lines as
// there are pieces, each longer by the pieces but one.
type stretch struct{ n, h, w, tiles, made, tiled int }

// A tiling is the work on a box: tiles are transformed and collected, and when
// there are as many as stay in cache the results are made of them.
type tiling struct {
	*winograd
	b        box
	from, to int // strips
	x, z     unsafe.Pointer
	*table   // where pieces begin in the tiles and in the weights
	weights  []byte
	tiled    []byte // transformed tiles
	made     []byte // products of a strip, and room for results at the edge
	list     [64]stretch
	count    int // of stretches
	results  int // tiles of all of them
	rows     int // transformed tiles
}

// take transforms what is needed for the next stretch, and returns its tiles.
func (t *tiling) take(n, h, w int) int {
	joined := len(t.pieces) > 1 && t.count > 0
	if joined {
		last := &t.list[t.count-1]
		joined = last.n == n && last.h+2 == h && last.w == w
	}
	if t.results == t.most || t.count == len(t.list) || len(t.pieces) > 1 && !joined {
		t.make()
		joined = false
	}
	r := stretch{n: n, h: h, w: w, tiles: min((t.b.len[3]-w)/2, t.width, t.most-t.results), made: t.results, tiled: t.rows}
	line, first := r.tiles+t.shifts[1]-1, 0
	if joined { // all but its last line are there
		first = t.shifts[0] - 1
		r.tiled = t.rows - first*line
	}
	for i := first; i < t.shifts[0]; i++ {
		t.tiles.fill(kernel.TileInput, &t.source, t.x, n, h+2*i, w, line, r.tiled+i*line, t.in, t.tiled)
	}
	t.rows = r.tiled + t.shifts[0]*line
	t.list[t.count] = r
	t.count++
	t.results += r.tiles
	return r.tiles
}

// make makes the results of the stretches that have been taken.
func (t *tiling) make() {
	for u := t.from; u < t.to && t.results > 0; u++ {
		n := min(t.k.cols, t.out-u*t.k.cols)
		row := t.k.vectors(n) * t.k.lanes * t.size
		if len(t.pieces) == 1 {
			t.multiply(stretch{tiles: t.results}, u, n, row)
		}
		for _, r := range t.list[:t.count] {
			if len(t.pieces) > 1 {
				t.multiply(r, u, n, row)
			}
			t.put(r, u, n, row)
		}
	}
	t.count, t.results, t.rows = 0, 0, 0
}

// multiply makes the products of a stretch, n columns of a strip.
func (t *tiling) multiply(r stretch, strip, n, row int) {
	args := kernel.GemmArgs{K: t.in, ARS: t.tiles.row, ACS: t.size, BRS: t.k.cols * t.size, CRS: row, Mask: mask(n)}
	args.AOff, args.BOff = &t.a[0], &t.c[0]
	for i := range places {
		args.T = 0
		for j := range t.pieces {
			if p := &t.pieces[j]; p.has(i) {
				t.a[args.T] = (p.at[0]*(r.tiles+t.shifts[1]-1) + p.at[1]) * t.tiles.row
				t.c[args.T] = j * t.piece()
				args.T++
			}
		}
		args.A = unsafe.Pointer(&t.tiled[i*t.tiles.place+r.tiled*t.tiles.row])
		args.B = unsafe.Pointer(&t.weights[strip*t.strip()+i*t.in*args.BRS])
		args.C = unsafe.Pointer(&t.made[i*t.products+r.made*row])
		t.k.column(side{r.tiles, args.ARS, args.CRS}, t.k.vectors(n), &args)
	}
}

// put makes the results of a stretch of its products, n columns of a strip.
func (t *tiling) put(r stretch, strip, n, row int) {
	h, w := t.b.at[2]+r.h, t.b.at[3]+r.w
	lines, columns := min(2, t.outs(1)-h), min(2*r.tiles, t.outs(2)-w)
	whole := r.tiles // tiles all of whose results exist
	if lines < 2 {
		whole = 0
	} else if columns < 2*r.tiles {
		whole--
	}
	z := unsafe.Add(t.z, (t.b.at[0]+r.n)*t.pitch[0]+h*t.pitch[2]+w*t.pitch[3]+strip*t.k.cols*t.size)
	args := kernel.TileArgs{
		A: unsafe.Pointer(&t.made[r.made*row]), ARow: 4 * t.products, ACol: t.products, ATile: row,
		C: z, CRow: t.pitch[2], CCol: t.pitch[3], CTile: 2 * t.pitch[3], Tiles: whole, Channels: n,
	}
	if whole > 0 {
		transforms[kernel.TileOutput].Run(&args)
	}
	rest := r.tiles - whole
	if rest == 0 {
		return
	}
	edge := unsafe.Pointer(&t.made[places*t.products])
	args.A = unsafe.Pointer(&t.made[(r.made+whole)*row])
	args.C, args.CRow, args.CCol, args.CTile, args.Tiles = edge, 2*rest*row, row, 2*row, rest
	transforms[kernel.TileOutput].Run(&args)
	for l := range lines {
		t.k.copyRows(unsafe.Add(z, l*t.pitch[2]+2*whole*t.pitch[3]), t.pitch[3], unsafe.Add(edge, l*args.CRow), row, columns-2*whole, n)
	}
}
