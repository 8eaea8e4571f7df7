package cpu

import (
	"slices"
	"unsafe"

	"github.com/adjointml/adjoint/internal/ir"
)

// An epilogue is the last phase of a product, a convolution or the gradient of
// max pooling, with the pass that follows it: each part computes some rows of the result and then the pass
// on those, which are still in cache.
type epilogue struct {
	planned
	pass *prog
}

// A blocker is a plan that says which block of the result, a matrix, a part of
// its last phase completes.
type blocker interface {
	Block(part int) (row0, row1, col0, col1 int)
}

func (e *epilogue) part(f *Frame, w *worker, s *segment, i int) {
	e.planned.part(f, w, s, i)
	from, to, _ := e.v.run(e.plan.(blocker), i)
	var accs unsafe.Pointer
	if e.pass.accBytes > 0 {
		accs = unsafe.Pointer(&f.accs[s.accs+i*e.pass.accBytes])
	}
	e.pass.elements(f, w, from, to, accs)
}

// run returns the elements of v that a part of the last phase completes, and
// whether they lie in one run: whole rows.
func (v *val) run(b blocker, part int) (from, to int, ok bool) {
	n := 0
	switch {
	case v.Kind == ir.Contract:
		n = v.in[1].Dims[len(v.in[1].Dims)-1]
	case v.Win.Pass == ir.ConvForward:
		n = v.Win.O
	default:
		n = v.Win.C
	}
	r0, r1, c0, c1 := b.Block(part)
	return r0 * n, r1 * n, c0 == 0 && c1 == n
}

// elements computes a pass on a run of the elements of its space, whole rows
// where it has some.
func (p *prog) elements(f *Frame, w *worker, from, to int, accs unsafe.Pointer) {
	p.bind(f, w, accs)
	p.clear(accs)
	if p.split { // flat: any run will do
		for c := from; c < to; c += p.ch {
			for _, x := range p.byColumn {
				w.cur[x] = unsafe.Add(w.base[x], c*p.ops[x].col)
			}
			for s := range p.steps {
				p.code(w, p.steps[s].code, 1, c, min(p.ch, to-c))
			}
		}
		return
	}
	place := 0
	for at, end := from/p.c, to/p.c; at < end; {
		o, row := at/p.r, at%p.r
		if o != place {
			place = o
			p.moveOuter(w, o)
		}
		for _, x := range p.byRow {
			w.cur[x] = unsafe.Add(w.outer[x], row*p.ops[x].row)
		}
		rows := min(p.rb, p.r-row, end-at)
		p.tile(w, row, rows, 0, p.chunks)
		at += rows
	}
	p.narrow(w, accs)
}

// widenFor widens the pass that follows the parts of a product.
func (e *epilogue) widenFor(parts int) {
	rows := make([]int, 0, 2*parts)
	for i := range parts {
		from, to, _ := e.v.run(e.plan.(blocker), i)
		rows = append(rows, from/e.pass.c, to/e.pass.c)
	}
	e.pass.widen(rows...)
}

// onRuns reports whether the pass can be done on runs of elements that are whole
// rows, or where it has none, on any.
func (p *prog) onRuns() bool {
	if !p.split {
		return true
	}
	for i := range p.steps {
		if !p.steps[i].loop {
			return false
		}
	}
	for i := range p.ops {
		if p.ops[i].chunk {
			return false
		}
	}
	return p.r == 1 && len(p.outer) == 0 && len(p.accs) == 0
}

// inBlocks are the passes over images of which each part completes some rows.
var inBlocks = [...]ir.Pass{ir.ConvForward, ir.ConvData, ir.MaxPoolGrad}

// epilogues finds the products and convolutions that a pass can follow part by
// part, and moves the pass to their level.
func (b *launcher) epilogues(vals []*val) {
	for _, v := range vals {
		if v.Kind != ir.Contract && (v.Kind != ir.Conv || !slices.Contains(inBlocks[:], v.Win.Pass)) {
			continue
		}
		g := v.follower()
		if g == nil {
			continue
		}
		p := b.progOf(g)
		phases := b.segmentsOf(v)
		b.planned[v] = phases
		if !v.suits(p, phases[len(phases)-1]) {
			continue
		}
		g.level, g.seq = v.level, 0
		for _, u := range g.vals {
			u.level = v.level
		}
		b.follows[v] = g
	}
}

// follower returns the pass that may follow v part by part: it reads v in order,
// and everything else that it reads is there when v is computed.
func (v *val) follower() (g *group) {
	for _, u := range v.uses {
		if u.group != nil && (g == nil || u.group.level < g.level) {
			g = u.group
		}
	}
	if g == nil || len(g.dom.dims) == 0 || g.dom.size() != v.Size() {
		return nil
	}
	for _, u := range g.vals {
		if u.store >= 0 || u.Op == ir.Pick || u.Op == ir.Index { // parameters are written late, and nothing may fail early
			return nil
		}
		for i := range u.in {
			e := &u.in[i]
			switch {
			case e.v == v:
				if !e.plain || e.moves.place(u.operandSpace(i)) != g.dom.all() {
					return nil
				}
			case e.v.group == g && !u.breaks(i):
			case e.v.leaf():
			case e.v.level >= v.level:
				return nil
			}
		}
	}
	return g
}

// fewParts is the number of parts below which a product does not take over a
// pass that could be cut finer.
const fewParts = 8

// mostSums is the number of parts up to which each has sums of its own.
const mostSums = 64

// suits reports whether each part of v's last phase completes a run that p can
// be computed on.
func (v *val) suits(p *prog, last *segment) bool {
	plan, ok := last.work.(*planned).plan.(blocker)
	if !ok || !p.onRuns() || len(p.accs) > 0 && last.parts > mostSums || last.parts < min(fewParts, p.cut().parts) {
		return false
	}
	for i := range last.parts {
		from, to, ok := v.run(plan, i)
		if !ok || !p.split && (from%p.c != 0 || to%p.c != 0) {
			return false
		}
	}
	return true
}
