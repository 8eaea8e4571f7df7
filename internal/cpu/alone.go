package cpu

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/cpu/conv"
	"github.com/adjointml/adjoint/internal/cpu/gemm"
	"github.com/adjointml/adjoint/internal/ir"
	"github.com/adjointml/adjoint/internal/kernel"
)

// segmentsOf returns the segments of a val that is no part of a pass, one for
// each phase.
func (b *launcher) segmentsOf(v *val) []*segment {
	switch v.Kind {
	case ir.Contract:
		return b.contract(v)
	case ir.Conv:
		return b.convolve(v)
	case ir.Call:
		return []*segment{{work: &callWork{v}, parts: v.Parts, cost: 20 * float64(v.Size()+100) / float64(v.Parts)}}
	case ir.Reduce:
		return []*segment{middle(v)}
	case ir.Join:
		return []*segment{{work: &joinWork{v}, parts: len(v.in), cost: 0.1 * float64(v.bytes()) / float64(len(v.in))}}
	case ir.Map:
		return []*segment{{work: &moveWork{v}, parts: 1, cost: 2 * float64(v.Size())}}
	}
	panic("cpu: no way to compute " + v.String())
}

// planned is a product or a convolution: work with a plan of its own.
type planned struct {
	v     *val
	plan  plan
	phase int
}

type plan interface {
	Phases() []int
	Shared() int
	Private() int
	Run(phase, part int, a, b, c unsafe.Pointer, shared, private []byte)
}

func (p *planned) part(f *Frame, w *worker, s *segment, i int) {
	v := p.v
	x, y := f.at(&v.in[0]), unsafe.Pointer(nil)
	if len(v.in) > 1 {
		y = f.at(&v.in[1])
	}
	shared := f.shared[s.at : s.at+p.plan.Shared()]
	if g, ok := p.plan.(*gemm.Plan); ok && len(f.picks) > 0 {
		g.RunPicked(p.phase, i, x, y, f.base[v.slot], [2][]int{f.lines(v.in[0].v), f.lines(v.in[1].v)}, shared, w.scratch)
		return
	}
	p.plan.Run(p.phase, i, x, y, f.base[v.slot], shared, w.scratch)
}

// at returns the address that e begins to read at.
func (f *Frame) at(e *edge) unsafe.Pointer {
	return unsafe.Add(f.base[e.v.slot], e.Off*e.v.DType.Size())
}

// phases makes the segments of a plan: the last phase is launched with the
// passes of its level, the others before.
func (b *launcher) phases(v *val, p plan, cost float64) (all []*segment) {
	parts := p.Phases()
	for i, n := range parts {
		c := cost
		if i+1 < len(parts) {
			c = cost / 10
		}
		all = append(all, &segment{work: &planned{v, p, i}, parts: n, cost: c})
	}
	b.scratch = max(b.scratch, p.Private())
	return all
}

// contract makes the segments of a matrix product.
func (b *launcher) contract(v *val) []*segment {
	l, r := &v.in[0], &v.in[1]
	n := len(l.Dims) - 2
	s := gemm.Shape{
		T: v.ct, M: l.Dims[n], K: l.Dims[n+1], N: r.Dims[n+1],
		A: gemm.Matrix{Row: l.Steps[n], Col: l.Steps[n+1]},
		B: gemm.Matrix{Row: r.Steps[n], Col: r.Steps[n+1]},
		C: r.Dims[n+1], Lines: [2]int{l.line(), r.line()},
	}
	step := s.M * s.N
	flops := float64(2*s.K) * float64(v.Size())
	for i := n - 1; i >= 0; i-- {
		s.Batch = append([]gemm.Axis{{N: l.Dims[i], A: l.Steps[i], B: r.Steps[i], C: step}}, s.Batch...)
		step *= l.Dims[i]
	}
	p := gemm.New(s)
	for i := range v.in {
		v.in[i].v.whole = v.in[i].v.whole || !p.Picks(i)
	}
	return b.phases(v, p, flops/50+50)
}

// convolve makes the segments of a convolution or of pooling.
func (b *launcher) convolve(v *val) []*segment {
	w := v.Win
	s := conv.Shape{
		T: v.ct, N: w.N, In: w.In, Out: w.Out, Kernel: w.Kernel, Stride: w.Stride, Dilation: w.Dilation,
		Pad: w.Low, C: w.C, O: w.O, Groups: w.Groups,
	}
	pool := conv.Pool{Shape: s, CountPad: w.CountPad, High: w.High}
	var p plan
	switch w.Pass {
	case ir.ConvForward:
		p = conv.Forward(s)
	case ir.ConvData:
		p = conv.DataGrad(s)
	case ir.ConvWeight:
		p = conv.WeightGrad(s)
	case ir.MaxPool:
		p = conv.MaxPool(pool)
	case ir.MaxPoolGrad:
		p = conv.MaxPoolGrad(pool)
	case ir.AvgPool:
		p = conv.AvgPool(pool)
	case ir.AvgPoolGrad:
		p = conv.AvgPoolGrad(pool)
	}
	return b.phases(v, p, float64(w.Flops())/50+50)
}

// callWork is an op's own Eval, a part for each run of its rows.
type callWork struct{ v *val }

func (c *callWork) part(f *Frame, w *worker, _ *segment, i int) {
	in := w.calls[:0]
	for k := range c.v.in {
		in = append(in, f.base[c.v.in[k].v.slot])
	}
	w.calls = in
	v, out := c.v, f.base[c.v.slot]
	memory := unsafe.Slice((*byte)(out), v.bytes())
	if v.Parts > 1 {
		row := v.bytes() / v.Rows
		memory = memory[i*v.Rows/v.Parts*row : (i+1)*v.Rows/v.Parts*row]
	}
	clear(memory)
	if err := f.host.Call(v.Slot, i, out, in); err != nil {
		panic(err)
	}
}

// moveWork copies elements that floats cannot hold.
type moveWork struct{ v *val }

func (m *moveWork) part(f *Frame, _ *worker, _ *segment, _ int) {
	v, e := m.v, &m.v.in[0]
	size := v.DType.Size()
	if e.v.Kind == ir.Const {
		for i := range v.Size() {
			store(v.DType, unsafe.Add(f.base[v.slot], i*size), e.v.Num)
		}
		return
	}
	var idx [ir.MaxRank]int
	from, to := f.at(e), f.base[v.slot]
	off := 0
	for i := range v.Size() {
		copy(unsafe.Slice((*byte)(unsafe.Add(to, i*size)), size), unsafe.Slice((*byte)(unsafe.Add(from, off*size)), size))
		for ax := len(v.Dims) - 1; ax >= 0; ax-- {
			idx[ax]++
			off += e.Steps[ax]
			if idx[ax] < v.Dims[ax] {
				break
			}
			off -= e.Steps[ax] * v.Dims[ax]
			idx[ax] = 0
		}
	}
}

// A middleWork reduces axis 1 of 3, a part for each place along the first.
type middleWork struct {
	v  *val
	op kernel.Op
	fn kernel.Func
}

func middle(v *val) *segment {
	op := combine(v.Op)
	w := &middleWork{v: v, op: op, fn: kernel.Lookup(op, v.ct, 0)}
	return &segment{work: w, parts: v.in[0].Dims[0], cost: 0.1 * float64(v.in[0].Size())}
}

func (m *middleWork) part(f *Frame, w *worker, _ *segment, i int) {
	e := &m.v.in[0]
	rows, cols, size := e.Dims[1], e.Dims[2], m.v.ct.Size()
	from := unsafe.Add(f.at(e), i*rows*cols*size)
	to := unsafe.Add(f.base[m.v.slot], i*cols*size)
	copy(unsafe.Slice((*byte)(to), cols*size), unsafe.Slice((*byte)(from), cols*size))
	if rows == 1 {
		return
	}
	a := &w.args
	a.D, a.X[0], a.X[1] = to, unsafe.Add(from, cols*size), to
	a.DR, a.XR[0], a.XR[1] = 0, cols*size, 0
	a.Rows, a.Cols = rows-1, cols
	m.fn(a)
}
