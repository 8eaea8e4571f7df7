package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A weightGrad computes the gradient of a convolution for its weights: for each
// tap, the product of the image, shifted and transposed, with the gradient of
// the result, over all positions. The boxes of positions are divided among
// slots, each with a sum of its own; the last phase adds these. Where slots
// would take too much memory, parts share the channels instead.
type weightGrad struct {
	s       Shape
	k       *micro
	size    int
	source  source
	pitch   [4]int // of the gradient of the result
	grid    grid
	strips  int  // blocks along the channels of the result, of a group
	packed  bool // whether boxes of the gradient are copied, a strip after the other
	slots   slots
	cuts    int // parts along the channels of the image, by whole groups if there are any
	wide    int // parts along the channels of the result
	factors []factor
}

// A factor is the rows of the weights of one or several taps whose factors lie
// next to each other in the image.
type factor struct{ from, row, taps int }

func newWeightGrad(s Shape) *Plan {
	w := &weightGrad{s: s, k: &micros[s.T], size: s.T.Size()}
	w.slots = newSlots(s.T, s.taps()*s.C/s.Groups*s.O)
	if w.slots.bytes == 0 {
		return &Plan{work: w}
	}
	w.strips = share(s.O/s.Groups, w.k.cols)
	dims := [4]int{s.N, s.Out[0], s.Out[1], s.Out[2]}
	w.pitch = pitches(dims, s.O*w.size)
	if w.packed = s.Groups == 1 && w.strips > 1; w.packed {
		w.pitch = pitches(dims, w.k.cols*w.size)
	}
	w.divide(dims)
	w.list()
	p := &Plan{private: int(unsafe.Sizeof(table{})) + w.source.bytes() + w.copied(), work: w}
	w.slots.plan(p, w.cuts*w.wide)
	return p
}

// divide chooses slots, parts and boxes.
func (w *weightGrad) divide(dims [4]int) {
	s := &w.s
	positions := dims[0] * dims[1] * dims[2] * dims[3]
	want := w.slots.choose(s, positions)
	units, unit, blocks := s.Groups, s.C/s.Groups, s.Groups // what cuts may divide, and into how many
	w.wide = 1
	if s.Groups == 1 { // taps are not joined if the channels of the image are cut, so that comes last, and half as many parts do
		units, unit, blocks = s.C, 1, s.C/(2*w.k.rows)
		w.wide = max(1, min(w.strips, want/w.slots.n))
		want /= 2
	}
	w.cuts = max(1, min(blocks, want/w.slots.n/w.wide))
	channels := share(units, w.cuts) * unit * w.size
	box := share(positions, w.slots.n)
	for {
		w.grid = cut(dims, box, 1)
		w.source = newSource(s.axes(), w.grid, s.C*w.size, channels)
		if box <= 1 || max(w.source.bytes(), box*s.O*w.size) <= cacheBytes {
			break
		}
		box = (box + 1) / 2
	}
	w.slots.n = max(1, min(w.slots.n, w.grid.boxes))
}

// copied returns the bytes of the copies of a box of the gradient.
func (w *weightGrad) copied() int {
	if !w.packed {
		return 0
	}
	n := w.grid.lens()
	return n[0] * n[1] * n[2] * n[3] * w.strips * w.k.cols * w.size
}

// list lists the factors.
func (w *weightGrad) list() {
	s, pitch := &w.s, &w.source.pitch
	taps := s.Kernel
	joined := s.Groups == 1 && w.cuts == 1 && pitch[3] == s.C*w.size && (s.Dilation[2] == 1 || s.Kernel[2] == 1)
	if joined {
		taps[2] = 1
	}
	for d := range taps[0] {
		for h := range taps[1] {
			for x := range taps[2] {
				from := d*s.Dilation[0]*pitch[1] + h*s.Dilation[1]*pitch[2] + x*s.Dilation[2]*pitch[3]
				row := ((d*s.Kernel[1]+h)*s.Kernel[2] + x) * (s.C / s.Groups)
				w.factors = append(w.factors, factor{from, row, s.Kernel[2] / taps[2]})
			}
		}
	}
}

func (w *weightGrad) run(phase, part int, x, y, z unsafe.Pointer, shared, private []byte) {
	if phase == 1 {
		w.slots.add(part, z, shared)
		return
	}
	if w.grid.boxes == 0 {
		clear(unsafe.Slice((*byte)(z), w.slots.bytes))
		return
	}
	slot, cut, wide := part/w.wide/w.cuts, part/w.wide%w.cuts, part%w.wide
	g := gradPart{weightGrad: w, z: w.slots.sum(slot, z, shared), strip0: w.strips * wide / w.wide, strip1: w.strips * (wide + 1) / w.wide, group1: 1}
	if w.s.Groups > 1 {
		g.group0, g.group1 = w.s.Groups*cut/w.cuts, w.s.Groups*(cut+1)/w.cuts
		g.channel, g.channels = g.group0*(w.s.C/w.s.Groups), w.s.C/w.s.Groups
	} else {
		g.channel = w.s.C * cut / w.cuts
		g.channels = w.s.C*(cut+1)/w.cuts - g.channel
	}
	for i := w.grid.boxes * slot / w.slots.n; i < w.grid.boxes*(slot+1)/w.slots.n; i++ {
		g.box(i, x, y, private)
	}
}

// A gradPart is the work of a part.
type gradPart struct {
	*weightGrad
	z              unsafe.Pointer // the sum
	begun          int            // whether something is in it, as a kernel's Acc
	strip0, strip1 int
	stride         int // bytes of a copied strip of the gradient
	group0, group1 int
	channel        int // where the channels of the image begin
	channels       int // of a group
}

// A table says where lines begin in the image and in the gradient.
type table struct{ a, c [128]int }

// box adds the sum over a box.
func (g *gradPart) box(i int, x, y unsafe.Pointer, private []byte) {
	b := g.grid.box(i)
	copies := private[unsafe.Sizeof(table{}):]
	x = g.source.load(x, &b, g.channel*g.size, copies)
	first, last := g.grid.rows(b)
	y = unsafe.Add(y, first*g.s.O*g.size)
	if g.packed {
		g.stride = (last - first) * g.pitch[3]
		y = g.copy(y, last-first, copies[g.source.bytes():])
	}
	l := loop{{b.len[0], g.source.pitch[0], g.pitch[0]}}
	for i := range 3 {
		l[i+1] = side{b.len[i+1], g.s.Stride[i] * g.source.pitch[i+1], g.pitch[i+1]}
	}
	l.order(1 << 20)
	line := l[3]
	t := (*table)(unsafe.Pointer(unsafe.SliceData(private)))
	args := kernel.GemmArgs{ARS: g.size, ACS: line.a, BRS: line.c, CRS: g.s.O * g.size, AOff: &t.a[0], BOff: &t.c[0], Acc: g.begun}
	pieces := share(line.n, runLength)
	for p := range pieces {
		from, to := line.n*p/pieces, line.n*(p+1)/pieces
		args.K, args.T = to-from, 0
		many := max(1, min(len(t.a), runLength/args.K))
		for i := range l[0].n {
			for j := range l[1].n {
				for k := range l[2].n {
					t.a[args.T] = i*l[0].a + j*l[1].a + k*l[2].a + from*line.a
					t.c[args.T] = i*l[0].c + j*l[1].c + k*l[2].c + from*line.c
					if args.T++; args.T == many {
						g.lines(&args, x, y)
					}
				}
			}
		}
		if args.T > 0 {
			g.lines(&args, x, y)
		}
	}
	g.begun = args.Acc
}

// copy copies rows of the gradient.
func (g *gradPart) copy(y unsafe.Pointer, rows int, dst []byte) unsafe.Pointer {
	for i := g.strip0; i < g.strip1; i++ {
		n := min(g.k.cols, g.s.O-i*g.k.cols)
		g.k.copyRows(unsafe.Pointer(&dst[(i-g.strip0)*g.stride]), g.pitch[3], unsafe.Add(y, i*g.pitch[3]), g.s.O*g.size, rows, n)
	}
	return unsafe.Pointer(unsafe.SliceData(dst))
}

// lines adds the sum over the lines that have been listed.
func (g *gradPart) lines(args *kernel.GemmArgs, x, y unsafe.Pointer) {
	out := g.s.O / g.s.Groups
	for group := g.group0; group < g.group1; group++ {
		for strip := g.strip0; strip < g.strip1; strip++ {
			column := group*out + strip*g.k.cols
			n := min(g.k.cols, out-strip*g.k.cols)
			args.Mask = mask(n)
			args.B = unsafe.Add(y, column*g.size)
			if g.packed {
				args.B = unsafe.Add(y, (strip-g.strip0)*g.stride)
			}
			for i := range g.factors {
				f := &g.factors[i]
				row := f.row
				if g.s.Groups == 1 {
					row += g.channel
				}
				args.A = unsafe.Add(x, f.from+(group-g.group0)*g.channels*g.size)
				args.C = unsafe.Add(g.z, (row*g.s.O+column)*g.size)
				g.k.column(side{f.taps * g.channels, g.size, args.CRS}, g.k.vectors(n), args)
			}
		}
	}
	args.Acc, args.T = 1, 0
}
