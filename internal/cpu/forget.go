package cpu

import (
	"github.com/adjointml/adjoint/internal/ir"
	"github.com/adjointml/adjoint/internal/kernel"
)

// Forget drops the addresses that the last run was given, but for those of leaves
// that the host has not set to nil: a frame waits for its next run perhaps for ever,
// and must not keep alive what its callers have let go. They are all given anew in
// the next run.
func (f *Frame) Forget() {
	for _, v := range f.p.leafs {
		if v.Kind == ir.Leaf {
			f.base[v.slot] = nil
		}
	}
	for _, k := range f.picks {
		k.from, k.rows, k.then, k.now.from = nil, nil, nil, nil
		if k.next.run == 0 {
			k.next.from = nil
		}
	}
	for _, w := range f.p.writes {
		f.base[w.v.slot] = nil
	}
	for i := range f.workers {
		w := &f.workers[i]
		w.args = kernel.Args{}
		clear(w.base)
		clear(w.cur)
		clear(w.outer)
		clear(w.calls)
	}
	for _, l := range f.loops {
		clear(l.now)
		clear(l.next)
		for _, g := range l.frames {
			clear(g.leafs)
			for _, v := range g.p.outs {
				g.base[v.slot] = nil
			}
			g.Forget()
		}
	}
}
