package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A depthwise convolution has one channel of either kind in each group, so that
// the weights of a tap are one row.

// depthwise reports whether a convolution is.
func (s *Shape) depthwise() bool { return s.Groups > 1 && s.C == s.Groups && s.O == s.Groups }

// A depth is what its three plans have in common.
type depth struct {
	lines
	fma kernel.Func
}

func newDepth(s Shape) depth {
	return depth{newLines(s), kernel.Lookup(kernel.FMA, s.T, 0)}
}

// weights returns the weights of a tap.
func (d *depth) weights(w unsafe.Pointer, tap int) unsafe.Pointer { return unsafe.Add(w, tap*d.out[3]) }

type depthForward struct{ depth }

func newDepthForward(s Shape) *Plan {
	w := &depthForward{newDepth(s)}
	return w.plan(w, s.Out, 0)
}

func (p *depthForward) run(_, part int, x, y, z unsafe.Pointer, _, _ []byte) {
	b := p.grid.box(part)
	b.visit(func(n, d, h int) {
		line := p.result(z, n, d, h)
		clear(unsafe.Slice((*byte)(line), p.out[2]))
		p.each(d, h, func(at, tap int) {
			for t, m := range p.meets[2] {
				if m.from < m.to {
					p.add(m, unsafe.Add(line, m.from*p.out[3]), p.out[3], p.at(unsafe.Add(x, n*p.image[0]), at, m), p.step(), p.weights(y, tap+t), 0)
				}
			}
		})
	})
}

// add adds the products of the rows of x and y to those of z.
func (p *depth) add(m meet, z unsafe.Pointer, zr int, x unsafe.Pointer, xr int, y unsafe.Pointer, yr int) {
	a := kernel.Args{
		D: z, X: [4]unsafe.Pointer{x, y, z}, Rows: m.to - m.from, Cols: p.s.C,
		DR: zr, XR: [4]int{xr, yr, zr},
	}
	p.fma.Run(&a)
}

func (p *depthForward) block(part int) (row0, row1, col0, col1 int) {
	b := p.grid.box(part)
	row0, row1 = p.grid.rows(b)
	return row0 * p.s.Out[2], row1 * p.s.Out[2], 0, p.s.C
}

type depthData struct{ depth }

func newDepthData(s Shape) *Plan {
	w := &depthData{newDepth(s)}
	return w.plan(w, s.In, 0)
}

func (p *depthData) run(_, part int, x, y, z unsafe.Pointer, _, _ []byte) {
	b := p.grid.box(part)
	b.visit(func(n, d, h int) {
		line := unsafe.Add(z, n*p.image[0]+d*p.image[1]+h*p.image[2])
		clear(unsafe.Slice((*byte)(line), p.image[2]))
		p.back(d, h, func(od, oh, tap int) {
			for t, m := range p.meets[2] {
				if m.from < m.to {
					p.add(m, p.at(line, 0, m), p.step(), unsafe.Add(p.result(x, n, od, oh), m.from*p.out[3]), p.out[3], p.weights(y, tap+t), 0)
				}
			}
		})
	})
}

func (p *depthData) block(part int) (row0, row1, col0, col1 int) {
	b := p.grid.box(part)
	row0, row1 = p.grid.rows(b)
	return row0 * p.s.In[2], row1 * p.s.In[2], 0, p.s.C
}

type depthWeight struct {
	depth
	slots slots
}

func newDepthWeight(s Shape) *Plan {
	w := &depthWeight{newDepth(s), newSlots(s.T, s.taps()*s.C)}
	if w.slots.bytes == 0 {
		return &Plan{work: w}
	}
	p := w.plan(w, s.Out, 0)
	w.slots.n = max(1, min(mostSlots, w.grid.boxes))
	w.slots.plan(p, 1)
	return p
}

func (p *depthWeight) run(phase, part int, x, y, z unsafe.Pointer, shared, _ []byte) {
	if phase == 1 {
		p.slots.add(part, z, shared)
		return
	}
	sum := p.slots.sum(part, z, shared)
	clear(unsafe.Slice((*byte)(sum), p.slots.bytes))
	for i := p.grid.boxes * part / p.slots.n; i < p.grid.boxes*(part+1)/p.slots.n; i++ {
		b := p.grid.box(i)
		b.visit(func(n, d, h int) {
			p.each(d, h, func(at, tap int) {
				for t, m := range p.meets[2] {
					if m.from < m.to {
						ct := unsafe.Add(p.result(y, n, d, h), m.from*p.out[3])
						p.add(m, p.weights(sum, tap+t), 0, p.at(unsafe.Add(x, n*p.image[0]), at, m), p.step(), ct, p.out[3])
					}
				}
			})
		})
	}
}
