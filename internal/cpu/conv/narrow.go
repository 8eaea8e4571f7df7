package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A narrow product has results of few channels, which would leave most of a
// vector empty. Its vectors lie along the last axis instead: the source of a
// box is copied such that each channel is a plane, the weights are what is the
// same for a whole vector, and the channels of the results are its rows.
type narrow struct {
	s       Shape
	k       *micro
	size    int
	source  source
	out     [4]int // bytes from one result to the next
	grid    grid
	in, o   int // channels of the source and of the result
	ars     int // bytes of weights from one channel of the result to the next
	acs     int // and of the source
	line    int // bytes from one line of a plane to the next
	slab    int // and along the first spatial axis
	plane   int
	columns int // of the widest block
	jobs    []narrowJob
}

// A narrowJob is the taps of the results of one class on each axis, as byte
// offsets into the weights and the planes.
type narrowJob struct{ a, b []int }

// isNarrow reports whether vectors along the last axis are better filled than
// along the channels of the result. Steps of the source must be 1 there.
func isNarrow(s *Shape, axes *[3]axis, out int) bool {
	last := &axes[2]
	return s.Groups == 1 && 2*out <= micros[s.T].lanes && s.taps() > 1 && last.stride == 1 && last.out/last.step >= 2*out
}

func newNarrow(s Shape, axes [3]axis, adjoint bool) *Plan {
	p := &narrow{s: s, k: &micros[s.T], size: s.T.Size(), in: s.C, o: s.O, ars: s.T.Size(), acs: s.O * s.T.Size()}
	if adjoint {
		p.in, p.o = p.o, p.in
		p.ars, p.acs = p.acs, p.ars
	}
	dims := [4]int{s.N, axes[0].out, axes[1].out, axes[2].out}
	if s.N*dims[1]*dims[2]*dims[3]*p.o == 0 {
		return &Plan{work: p}
	}
	p.out = pitches(dims, p.o*p.size)
	p.columns = p.k.cols
	if p.o <= p.k.wide {
		p.columns *= 2
	}
	p.divide(dims, axes)
	p.list()
	temporary := p.o * ((axes[2].out*p.size + 63) &^ 63)
	return &Plan{phases: []int{p.grid.boxes}, private: p.in*p.plane + temporary, work: p}
}

// divide chooses boxes of whole lines, whose planes stay in the cache.
func (p *narrow) divide(dims [4]int, axes [3]axis) {
	want := max(1, min(mostParts, p.s.flops()/partFlops))
	positions := max(dims[3], (dims[0]*dims[1]*dims[2]*dims[3]+want-1)/want)
	for {
		p.grid = cut(dims, positions, 1)
		p.source = newSource(axes, p.grid, p.in*p.size, p.in*p.size)
		s := &p.source
		// whole vectors are written of what is inside of the image
		vectors := share(axes[2].in, p.k.lanes) * p.k.lanes
		p.line = max(s.size[3], max(0, -s.lo[2])+vectors) * p.size
		p.slab = s.size[2] * p.line
		// planes that begin at the same lines of the cache would drive each other out
		p.plane = ((s.size[1]*p.slab+63)/64 | 1) * 64
		if p.in*p.plane <= cacheBytes || positions == dims[3] {
			return
		}
		positions = max(dims[3], (positions+1)/2)
	}
}

// list lists the jobs.
func (p *narrow) list() {
	s := &p.source
	for _, ds := range s.axes[0].classes {
		for _, hs := range s.axes[1].classes {
			for _, ws := range s.axes[2].classes {
				var j narrowJob
				for _, d := range ds {
					for _, h := range hs {
						for _, w := range ws {
							t := (d.index*p.s.Kernel[1]+h.index)*p.s.Kernel[2] + w.index
							j.a = append(j.a, t*p.s.C*p.s.O*p.size)
							j.b = append(j.b, (d.off-s.lo[0])*p.slab+(h.off-s.lo[1])*p.line+(w.off-s.lo[2])*p.size)
						}
					}
				}
				p.jobs = append(p.jobs, j)
			}
		}
	}
}

func (p *narrow) block(part int) (row0, row1, col0, col1 int) {
	row0, row1 = p.grid.rows(p.grid.box(part))
	return row0, row1, 0, p.o
}

func (p *narrow) run(_, part int, x, y, z unsafe.Pointer, _, private []byte) {
	b := p.grid.box(part)
	planes := unsafe.Pointer(unsafe.SliceData(private))
	image := p.source.axes[0].in * p.source.axes[1].in * p.source.axes[2].in * p.source.pixel
	for n := b.at[0]; n < b.at[0]+b.len[0]; n++ {
		if p.in > 0 {
			p.load(unsafe.Add(x, n*image), &b, planes)
		}
		for d := range b.len[1] {
			for h := range b.len[2] {
				p.results(n, b.at[1]+d, b.at[2]+h, &b, y, z, planes)
			}
		}
	}
}

// load makes planes of the channels of what a box looks at in the image x.
func (p *narrow) load(x unsafe.Pointer, b *box, planes unsafe.Pointer) {
	s := &p.source
	axes := &s.axes
	before, from := max(0, -s.lo[2]), max(0, s.lo[2])
	n := max(0, min(axes[2].in, s.lo[2]+s.size[3])-from)
	for d := range s.span(0, b.len[1]) {
		for h := range s.span(1, b.len[2]) {
			dst := unsafe.Add(planes, d*p.slab+h*p.line)
			z := b.at[1]/axes[0].step*axes[0].stride + s.lo[0] + d
			y := b.at[2]/axes[1].step*axes[1].stride + s.lo[1] + h
			if n == 0 || z < 0 || z >= axes[0].in || y < 0 || y >= axes[1].in {
				p.zero(dst, 0, p.line/p.size)
				continue
			}
			p.zero(dst, 0, before)
			src := unsafe.Add(x, ((z*axes[1].in+y)*axes[2].in+from)*s.pixel)
			p.k.transpose(unsafe.Add(dst, before*p.size), p.plane, src, s.pixel, p.in, n, p.size)
			p.zero(dst, before+n, p.line/p.size)
		}
	}
}

// zeros are more than a block has columns.
var zeros [64]float64

// zero clears elements from ... to-1 of a line of all planes.
func (p *narrow) zero(line unsafe.Pointer, from, to int) {
	for ; from < to; from += p.k.cols {
		p.k.copyRows(unsafe.Add(line, from*p.size), p.plane, unsafe.Pointer(&zeros), 0, p.in, min(p.k.cols, to-from))
	}
}

// results computes line (d, h) of image n.
func (p *narrow) results(n, d, h int, b *box, y, z, planes unsafe.Pointer) {
	axes := &p.source.axes
	z = unsafe.Add(z, n*p.out[0]+d*p.out[1]+h*p.out[2])
	class := (d%axes[0].step*axes[1].step + h%axes[1].step) * axes[2].step
	from := (d/axes[0].step-b.at[1]/axes[0].step)*axes[0].stride*p.slab + (h/axes[1].step-b.at[2]/axes[1].step)*axes[1].stride*p.line
	line := (axes[2].out*p.size + 63) &^ 63
	to := unsafe.Add(planes, p.in*p.plane)
	args := kernel.GemmArgs{K: p.in, ARS: p.ars, ACS: p.acs, BRS: p.plane, CRS: line}
	for r := range axes[2].step {
		j := &p.jobs[class+r]
		count := (axes[2].out - r + axes[2].step - 1) / axes[2].step
		if p.in == 0 || len(j.a) == 0 {
			clear(unsafe.Slice((*byte)(to), p.o*line))
		} else {
			args.T, args.AOff, args.BOff, args.A = len(j.a), &j.a[0], &j.b[0], y
			for i := 0; i < count; i += p.columns {
				n := min(p.columns, count-i)
				args.B, args.C, args.Mask = unsafe.Add(planes, from+i*p.size), unsafe.Add(to, i*p.size), mask(n)
				p.k.block[p.o][p.k.vectors(n)].Run(&args)
			}
		}
		if p.size == 4 {
			weave[uint32](unsafe.Add(z, r*p.out[3]), to, p.o, line, count, axes[2].step*p.o)
		} else {
			weave[uint64](unsafe.Add(z, r*p.out[3]), to, p.o, line, count, axes[2].step*p.o)
		}
	}
}

// weave puts lines of n elements, one for each channel, to where they are next
// to each other, and step elements from one pixel to the next.
func weave[E uint32 | uint64](z, lines unsafe.Pointer, channels, line, n, step int) {
	if n == 0 {
		return
	}
	to := unsafe.Slice((*E)(z), (n-1)*step+channels)
	for c := range channels {
		from := unsafe.Slice((*E)(unsafe.Add(lines, c*line)), n)
		if step == 1 {
			copy(to, from)
			return
		}
		for i, v := range from {
			to[i*step+c] = v
		}
	}
}
