package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A winograd computes a convolution with a kernel of 3 by 3, or its gradient for
// the image, by minimal filtering: the results in tiles of 2 by 2, each from a
// tile of 4 by 4 pixels of the source. Both and the weights are transformed, and
// what is left are 16 products of matrices, one for each place of a tile, with
// 16 multiplications for what takes 36. The first phase transforms the weights;
// the second computes boxes of results, some tiles at a time that stay in cache.
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
	taps     [9]int // which of the weights is at each place
	tiles    tiles
	products int // bytes from a product's results to the next one's
}

// places of a tile's transform
const places = 16

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

// fill transforms the tiles of a stretch of a box, whose source begins at x, to
// the rows from at on.
func (t *tiles) fill(of kernel.Transform, s *source, x unsafe.Pointer, r stretch, at, channels int, to []byte) {
	args := kernel.TileArgs{
		A: unsafe.Add(x, r.n*s.pitch[0]+r.h*s.pitch[2]+r.w*s.pitch[3]), ARow: s.pitch[2], ACol: s.pitch[3], ATile: 2 * s.pitch[3],
		C: unsafe.Pointer(&to[at*t.row]), CRow: 4 * t.place, CCol: t.place, CTile: t.row,
		Tiles: r.tiles, Channels: channels,
	}
	transforms[of].Run(&args)
}

// A stretch is some tiles beside each other in a box: of an image n, from line h
// and column w on.
type stretch struct{ n, h, w, tiles int }

// isTiled reports whether minimal filtering pays, for a source of so many
// channels. It rounds where the plain sum has no terms, so each tap must have
// some, and so must each result and each pixel.
func isTiled(s *Shape, in, out int) bool {
	if s.T != kernel.F32 || s.Groups != 1 || s.N == 0 || !s.trivial(0) || min(in, out) < tiledChannels || in > deep || in*out > tiledWeights {
		return false
	}
	for i := 1; i < 3; i++ {
		if s.Kernel[i] != 3 || s.Stride[i] != 1 || s.Dilation[i] != 1 {
			return false
		}
		before, after := s.Pad[i], s.Out[i]+2-s.In[i]-s.Pad[i]
		if min(before, after) < 0 || max(before, after) > 2 || min(s.In[i], s.Out[i]) < 3 {
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
	p.strips = (p.out + p.k.cols - 1) / p.k.cols
	p.pitch = pitches([4]int{s.N, 1, axes[1].out, axes[2].out}, p.out*p.size)
	for h, y := range axes[1].classes[0] {
		for w, x := range axes[2].classes[0] {
			p.taps[3*h+w] = y.index*3 + x.index
		}
	}
	p.divide(axes)
	shared := p.strips * p.strip()
	return &Plan{work: p, shared: shared, private: max(p.source.bytes()+p.tiles.bytes()+places*p.products+p.edge(), 9*p.in*p.k.cols*p.size),
		phases: []int{p.strips, p.grid.boxes * p.columns}}
}

// divide chooses the parts, boxes of whole lines, and how many tiles are taken
// together.
func (p *winograd) divide(axes [3]axis) {
	lines, width := even2(axes[1].out), even2(axes[2].out)
	axes[1].out, axes[2].out = lines, width
	most := p.k.rows
	row := min(p.k.cols, (p.out+p.k.lanes-1)/p.k.lanes*p.k.lanes) * p.size
	if n := tileBytes / (places * (p.in*p.size + row)); n > most {
		most = n / most * most
	}
	want := max(1, min(mostParts, p.s.flops()/partFlops))
	positions := max((p.s.N*lines*width+want-1)/want, min(4*p.k.rows, lines*width))
	for {
		p.grid = cutTiles(p.s.N, lines, width, positions)
		p.source = newSource(axes, p.grid, p.in*p.size, p.in*p.size)
		if p.source.bytes() <= cacheBytes || positions <= 2*width {
			break
		}
		positions = (positions + 1) / 2
	}
	n := p.grid.lens()
	most = min(most, n[0]*n[2]/2*n[3]/2)
	p.tiles = newTiles(most, p.in, p.size)
	p.products = spread(most * row)
	p.columns = max(1, min(p.strips, want/p.grid.boxes))
}

// cutTiles cuts images into boxes of whole lines of tiles.
func cutTiles(n, lines, width, positions int) grid {
	g := cut([4]int{n, 1, lines, width}, max(positions, 2*width), 1)
	if g.axis == 2 {
		g.chunk = even2(g.chunk)
		g.boxes = n * ((lines + g.chunk - 1) / g.chunk)
	}
	return g
}

// strip returns the bytes of a strip of transformed weights.
func (p *winograd) strip() int { return places * p.in * p.k.cols * p.size }

// edge returns the bytes of results of which some are beyond the last.
func (p *winograd) edge() int { return 4 * p.products }

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
	b := p.grid.box(part / p.columns)
	from, to := p.units(part)
	t := tiling{winograd: p, from: from, to: to, z: z, weights: shared, b: b}
	t.x = p.source.load(x, &b, 0, private)
	t.tiled = private[p.source.bytes():]
	t.made = t.tiled[p.tiles.bytes():]
	for n := range b.len[0] {
		for h := 0; h < b.len[2]; h += 2 {
			for w := 0; w < b.len[3]; {
				w += t.take(stretch{n, h, w, min((b.len[3]-w)/2, p.tiles.most-t.rows)})
			}
		}
	}
	t.make()
}

// weights transforms a strip of weights.
func (p *winograd) weights(unit int, y unsafe.Pointer, shared, private []byte) {
	first, row := unit*p.k.cols, p.k.cols*p.size
	n := min(p.k.cols, p.out-first)
	step := p.s.O * p.size // bytes of a row of a tap
	for i, t := range p.taps {
		to, tap := unsafe.Pointer(&private[i*p.in*row]), unsafe.Add(y, t*p.s.C*step)
		if p.adjoint {
			p.k.transpose(to, row, unsafe.Add(tap, first*step), step, p.in, n, p.size)
		} else {
			p.k.copyRows(to, row, unsafe.Add(tap, first*p.size), step, p.in, n)
		}
	}
	args := kernel.TileArgs{
		A: unsafe.Pointer(&private[0]), ARow: 3 * p.in * row, ACol: p.in * row, ATile: row,
		C: unsafe.Pointer(&shared[unit*p.strip()]), CRow: 4 * p.in * row, CCol: p.in * row, CTile: row,
		Tiles: p.in, Channels: n,
	}
	transforms[kernel.TileWeights].Run(&args)
}

// transforms are the kernels of minimal filtering.
var transforms = func() (list [5]kernel.TileFunc) {
	for t := range list {
		list[t] = kernel.Winograd(kernel.Transform(t))
	}
	return list
}()

// A tiling is the work on a box: tiles are transformed and collected, and when
// there are as many as stay in cache the results are made of them.
type tiling struct {
	*winograd
	b        box
	from, to int // strips
	x, z     unsafe.Pointer
	weights  []byte
	tiled    []byte // transformed tiles
	made     []byte // products of a strip, and room for results at the edge
	runs     [64]stretch
	count    int // of runs
	rows     int // of tiles
}

// take transforms the tiles of a stretch and returns the columns that they take.
func (t *tiling) take(r stretch) int {
	t.tiles.fill(kernel.TileInput, &t.source, t.x, r, t.rows, t.in, t.tiled)
	t.runs[t.count] = r
	t.count++
	if t.rows += r.tiles; t.rows == t.tiles.most || t.count == len(t.runs) {
		t.make()
	}
	return 2 * r.tiles
}

// make makes the results of the tiles that have been taken.
func (t *tiling) make() {
	if t.rows == 0 {
		return
	}
	for u := t.from; u < t.to; u++ {
		n := min(t.k.cols, t.out-u*t.k.cols)
		v := t.k.vectors(n)
		row := v * t.k.lanes * t.size
		args := kernel.GemmArgs{K: t.in, ARS: t.tiles.row, ACS: t.size, BRS: t.k.cols * t.size, CRS: row, T: 1, AOff: &noOffset, BOff: &noOffset, Mask: mask(n)}
		for i := range places {
			args.A = unsafe.Pointer(&t.tiled[i*t.tiles.place])
			args.B = unsafe.Pointer(&t.weights[u*t.strip()+i*t.in*args.BRS])
			args.C = unsafe.Pointer(&t.made[i*t.products])
			t.k.column(side{t.rows, args.ARS, args.CRS}, v, &args)
		}
		at := 0
		for _, r := range t.runs[:t.count] {
			t.put(r, u, at, row, n)
			at += r.tiles
		}
	}
	t.count, t.rows = 0, 0
}

// put makes the results of a stretch, n columns of a strip, whose products begin at
// a row.
func (t *tiling) put(r stretch, strip, at, row, n int) {
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
		A: unsafe.Pointer(&t.made[at*row]), ARow: 4 * t.products, ACol: t.products, ATile: row,
		C: z, CRow: t.pitch[2], CCol: t.pitch[3], CTile: 2 * t.pitch[3], Tiles: whole, Channels: n,
	}
	if whole > 0 {
		transforms[kernel.TileOutput].Run(&args)
	}
	if whole == r.tiles {
		return
	}
	edge := unsafe.Pointer(&t.made[places*t.products])
	rest := r.tiles - whole
	args.A = unsafe.Pointer(&t.made[(at+whole)*row])
	args.C, args.CRow, args.CCol, args.CTile, args.Tiles = edge, 2*rest*row, row, 2*row, rest
	transforms[kernel.TileOutput].Run(&args)
	for l := range lines {
		t.k.copyRows(unsafe.Add(z, l*t.pitch[2]+2*whole*t.pitch[3]), t.pitch[3], unsafe.Add(edge, l*args.CRow), row, columns-2*whole, n)
	}
}
