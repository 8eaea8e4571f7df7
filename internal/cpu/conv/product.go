package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A product computes results of which each is a sum of products of pixels of a
// source with the weights of taps: a convolution or its gradient for the image.
// The first phase lays out the weights, if they are not read in place; the
// second computes boxes of results.
type product struct {
	s       Shape
	k       *micro
	size    int // of an element
	source  source
	pitch   [4]int // of the result
	grid    grid
	adjoint bool  // the weights are transposed
	in, out int   // channels of a group in the source and in the result
	strips  int   // of a group's columns, each as wide as a block
	columns int   // parts that the columns of a box are divided into
	jobs    []job // one for each combination of the axes' classes
	inPlace bool  // weights are read where they are
	depth   int   // rows of weights of a strip
}

// A job makes the results of one class on each axis.
type job struct {
	class  [3]int
	taps   []int // in the order of the rows of weights
	row    int   // where those begin
	blocks []block
}

// A block is a part of the sum: products of depth k, and where in the source and
// the weights each of them begins.
type block struct {
	k    int
	a, b []int
}

func newProduct(s Shape, axes [3]axis, adjoint bool) *Plan {
	p := &product{s: s, k: &micros[s.T], size: s.T.Size(), adjoint: adjoint, in: s.C / s.Groups, out: s.O / s.Groups}
	if adjoint {
		p.in, p.out = p.out, p.in
	}
	p.strips = share(p.out, p.k.cols)
	dims := [4]int{s.N, axes[0].out, axes[1].out, axes[2].out}
	results := dims[0] * dims[1] * dims[2] * dims[3]
	if results*p.out == 0 {
		return &Plan{work: p}
	}
	p.divide(dims, axes)
	p.pitch = pitches(dims, s.Groups*p.out*p.size)
	p.inPlace = !adjoint && (p.strips == 1 || results <= 2*p.k.rows)
	p.plan()
	if p.depth == 0 {
		p.inPlace, p.columns = true, 1
	}
	plan := &Plan{private: p.source.bytes(), work: p, phases: []int{p.grid.boxes * p.columns}}
	if !p.inPlace {
		plan.shared = s.Groups * p.strips * p.strip()
		plan.phases = []int{s.Groups * p.strips, plan.phases[0]}
	}
	return plan
}

// divide chooses the parts: enough for many workers, none too small to be worth
// starting. Each box reads all weights, and each share of the columns all of
// the source, so it divides more what costs less. The source of a box stays in
// the cache.
func (p *product) divide(dims [4]int, axes [3]axis) {
	pixel := p.s.Groups * p.in * p.size
	units := p.s.Groups * p.strips
	weights, image := p.s.taps()*p.in*p.s.Groups*p.out*p.size, p.s.N*axes[0].in*axes[1].in*axes[2].in*pixel
	want := max(1, min(mostParts, p.s.flops()/partFlops))
	boxes := want
	for boxes > 1 && 2*want/boxes <= units && boxes*weights > want/boxes*image {
		boxes /= 2
	}
	positions := share(dims[0]*dims[1]*dims[2]*dims[3], boxes)
	for {
		p.grid = cut(dims, positions, p.k.rows*axes[2].step)
		p.source = newSource(axes, p.grid, pixel, pixel)
		if p.source.bytes() <= cacheBytes || positions == 1 {
			break
		}
		positions = (positions + 1) / 2
	}
	p.columns = max(1, min(units, want/p.grid.boxes))
}

// strip returns the bytes of a strip of weights.
func (p *product) strip() int { return p.depth * p.k.cols * p.size }

// row returns the bytes from one row of weights to the next.
func (p *product) row() int {
	if p.inPlace {
		return p.s.O * p.size
	}
	return p.k.cols * p.size
}

// plan lists the jobs.
func (p *product) plan() {
	axes := &p.source.axes
	for d := range axes[0].classes {
		for h := range axes[1].classes {
			for w := range axes[2].classes {
				j := job{class: [3]int{d, h, w}, row: p.depth}
				p.sum(&j)
				p.depth += len(j.taps) * p.in
				p.jobs = append(p.jobs, j)
			}
		}
	}
}

// sum lists the taps of a job and cuts the sum over them and their channels.
// Where the pixels that meet the taps of the last axis lie next to each other,
// so do their channels, and all of them are one product.
func (p *product) sum(j *job) {
	s := &p.source
	last := s.axes[2].classes[j.class[2]]
	joined := len(last) > 0 && s.pitch[3] == p.in*p.size && last[len(last)-1].off-last[0].off == len(last)-1
	var from []int // where products begin in the source
	for _, d := range s.axes[0].classes[j.class[0]] {
		for _, h := range s.axes[1].classes[j.class[1]] {
			for i, w := range last {
				j.taps = append(j.taps, (d.index*p.s.Kernel[1]+h.index)*p.s.Kernel[2]+w.index)
				if i == 0 || !joined {
					from = append(from, (d.off-s.lo[0])*s.pitch[1]+(h.off-s.lo[1])*s.pitch[2]+(w.off-s.lo[2])*s.pitch[3])
				}
			}
		}
	}
	depth := p.in
	if joined {
		depth *= len(last)
	}
	pieces := share(depth, deep)
	for i := range pieces {
		k0, k1 := depth*i/pieces, depth*(i+1)/pieces
		many := max(1, deep/(k1-k0))
		for t := 0; t < len(from); t += many {
			b := block{k: k1 - k0}
			for i := t; i < min(t+many, len(from)); i++ {
				b.a = append(b.a, from[i]+k0*p.size)
				b.b = append(b.b, (j.row+i*depth+k0)*p.row())
			}
			j.blocks = append(j.blocks, b)
		}
	}
}

func (p *product) block(part int) (row0, row1, col0, col1 int) {
	row0, row1 = p.grid.rows(p.grid.box(part / p.columns))
	from, to := p.units(part)
	return row0, row1, p.column(from), p.column(to)
}

// units returns which strips of all groups a part computes.
func (p *product) units(part int) (from, to int) {
	i, n := part%p.columns, p.s.Groups*p.strips
	return n * i / p.columns, n * (i + 1) / p.columns
}

// column returns where a strip begins.
func (p *product) column(unit int) int {
	return unit/p.strips*p.out + unit%p.strips*p.k.cols
}

func (p *product) run(phase, part int, x, y, z unsafe.Pointer, shared, private []byte) {
	if !p.inPlace {
		if phase == 0 {
			p.pack(part, y, shared)
			return
		}
		y = unsafe.Pointer(unsafe.SliceData(shared))
	}
	b := p.grid.box(part / p.columns)
	if p.depth == 0 {
		row0, row1 := p.grid.rows(b)
		clear(unsafe.Slice((*byte)(unsafe.Add(z, row0*p.pitch[3])), (row1-row0)*p.pitch[3]))
		return
	}
	x = p.source.load(x, &b, 0, private)
	from, to := p.units(part)
	for u := from; u < to; u++ {
		w := u * p.strip()
		if p.inPlace {
			w = p.column(u) * p.size
		}
		a := unsafe.Add(x, u/p.strips*p.in*p.size)
		n := min(p.k.cols, p.out-u%p.strips*p.k.cols)
		for i := range p.jobs {
			p.make(&p.jobs[i], &b, n, a, unsafe.Add(y, w), unsafe.Add(z, p.column(u)*p.size))
		}
	}
}

// make computes n columns of the results of a job in a box.
func (p *product) make(j *job, b *box, n int, a, w, z unsafe.Pointer) {
	l := loop{{n: b.len[0], a: p.source.pitch[0], c: p.pitch[0]}}
	z = unsafe.Add(z, b.at[0]*p.pitch[0])
	for i := range 3 {
		ax := &p.source.axes[i]
		base := b.at[i+1] / ax.step
		first := share(b.at[i+1]-j.class[i], ax.step)
		last := share(b.at[i+1]+b.len[i+1]-j.class[i], ax.step)
		if last <= first {
			return
		}
		l[i+1] = side{last - first, ax.stride * p.source.pitch[i+1], ax.step * p.pitch[i+1]}
		a = unsafe.Add(a, (first-base)*l[i+1].a)
		z = unsafe.Add(z, (first*ax.step+j.class[i])*p.pitch[i+1])
	}
	l.order(p.k.rows)
	if len(j.blocks) == 0 {
		l.clear(z, n*p.size)
		return
	}
	args := kernel.GemmArgs{ACS: p.size, BRS: p.row(), ARS: l[3].a, CRS: l[3].c, Mask: mask(n)}
	for i := range j.blocks {
		b := &j.blocks[i]
		args.K, args.T, args.AOff, args.BOff, args.B = b.k, len(b.a), &b.a[0], &b.b[0], w
		p.k.sweep(&l, p.k.vectors(n), &args, a, z)
		args.Acc = 1
	}
}

// pack lays out a strip of weights: the rows of all jobs, each as wide as a
// block.
func (p *product) pack(unit int, y unsafe.Pointer, shared []byte) {
	dst, row := unsafe.Pointer(&shared[unit*p.strip()]), 0
	group, first := unit/p.strips, unit%p.strips*p.k.cols
	n := min(p.k.cols, p.out-first)
	per, step := p.s.C/p.s.Groups, p.s.O*p.size // rows of a tap, bytes of a row
	for i := range p.jobs {
		for _, t := range p.jobs[i].taps {
			to := unsafe.Add(dst, row*p.row())
			if p.adjoint {
				p.k.transpose(to, p.row(), unsafe.Add(y, (t*per+first)*step+group*p.in*p.size), step, p.in, n, p.size)
			} else {
				p.k.copyRows(to, p.row(), unsafe.Add(y, t*per*step+(group*p.out+first)*p.size), step, p.in, n)
			}
			row += p.in
		}
	}
}
