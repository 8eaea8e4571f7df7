// Package cpu is the engine: it compiles a lowered program into few passes over
// memory and runs them on all cores.
//
// The way is: values that can be computed together in one pass over one space
// are grouped (domain.go, group.go), each group becomes a program of vector
// instructions on tiles that stay in cache (code.go, tile.go), products and
// calls stand for themselves, everything in memory gets its place (memory.go),
// and what does not depend on each other is launched together (program.go).
package cpu

import (
	"slices"

	"github.com/adjointml/adjoint/internal/ir"
	"github.com/adjointml/adjoint/internal/kernel"
)

// An axes is a set of axes of a space: bit i is axis i.
type axes uint16

// first returns the set of the first n axes.
func first(n int) axes { return 1<<n - 1 }

// place returns the axes of a space that the axes of a part of it are: bit i
// of a is the i-th axis of the set in.
func (a axes) place(in axes) (out axes) {
	if in&(in+1) == 0 { // the first axes
		return a
	}
	for i := 0; in != 0; i++ {
		low := in & -in
		if a>>i&1 == 1 {
			out |= low
		}
		in &^= low
	}
	return out
}

// A val is a value on its way through the compiler.
//
// Large programs are bound by memory, so that the order of fields matters: it
// leaves no gaps.
type val struct {
	*ir.Value
	id   int
	in   []edge
	uses []*val

	dom   *domain // the space it is computed in
	space axes    // the axes of it that its operands are over
	mask  axes    // and those along which it moves itself
	rows  int     // how many of the first axes number the rows, or -1

	level int
	group *group
	next  *val        // its next clone, for another level
	slot  int         // of its memory
	store int         // the leaf that it is the next value of, or -1
	reg   int32       // in a program of single numbers
	when  int32       // the launch that makes it, or -1
	out   bool        // a result: in memory until the run ends
	acc   bool        // complete only after the last row
	again bool        // it is, or has, a clone
	mat   bool        // in memory
	whole bool        // an input that something reads in order
	ct    kernel.Type // what it is computed with
}

// An edge is how a val reads another one.
type edge struct {
	*ir.Ref
	v     *val
	moves axes // the axes of the reader's space along which it moves
	plain bool // it reads v in order, repeated along the other axes
}

// A domain is a space of elements. Equal ones are one.
type domain struct {
	dims []int
	id   int
}

func (d *domain) all() axes { return first(len(d.dims)) }
func (d *domain) size() int { return ir.Size(d.dims) }

// A compiler holds the values of one program.
type compiler struct {
	*Program
	low     *ir.Program
	vals    []*val
	groups  []*group
	domains map[[ir.MaxRank + 1]int]*domain
	fused   bool
	options Options
	loopOf  map[*ir.LoopBody]*loopWork
}

func (c *compiler) domain(dims []int) *domain {
	var key [ir.MaxRank + 1]int
	key[0] = len(dims)
	copy(key[1:], dims)
	d := c.domains[key]
	if d == nil {
		d = &domain{dims, len(c.domains)}
		c.domains[key] = d
	}
	return d
}

// take makes vals of the values that the results need.
func (c *compiler) take(p *ir.Program) (out []*val) {
	live := make([]bool, len(p.Values))
	for _, r := range p.Out {
		live[r.V.ID] = true
	}
	for _, u := range p.Store {
		live[u.Value.V.ID] = true
	}
	loops := map[*ir.LoopBody]bool{} // computed with all their results
	for _, v := range slices.Backward(p.Values) {
		if v.Loop != nil && live[v.ID] {
			loops[v.Loop] = true
		}
		for _, x := range v.In {
			live[x.V.ID] = live[x.V.ID] || live[v.ID]
		}
	}
	n, edges := 0, 0
	for _, v := range slices.Backward(p.Values) {
		live[v.ID] = live[v.ID] || loops[v.Loop]
		if live[v.ID] {
			n++
			edges += len(v.In)
			for _, x := range v.In {
				live[x.V.ID] = true
			}
		}
	}
	slab, in := make([]val, n), make([]edge, edges)
	byID := make([]*val, len(p.Values))
	c.vals = make([]*val, 0, n)
	for _, v := range p.Values {
		if !live[v.ID] {
			continue
		}
		w := &slab[len(c.vals)]
		w.Value, w.id, w.slot, w.store, w.rows, w.when = v, len(c.vals), -1, -1, -1, -1
		w.in, in = in[:len(v.In):len(v.In)], in[len(v.In):]
		for i := range v.In {
			w.in[i] = newEdge(byID[v.In[i].V.ID], &v.In[i])
		}
		w.ct = computeType(w)
		byID[v.ID] = w
		c.vals = append(c.vals, w)
	}
	c.link()
	for _, r := range p.Out {
		byID[r.V.ID].out = true
		out = append(out, byID[r.V.ID])
	}
	for _, u := range p.Store {
		w := byID[u.Value.V.ID]
		w.out, w.store = true, u.Leaf
	}
	return out
}

// link fills in the users.
func (c *compiler) link() {
	counts := make([]int32, len(c.vals))
	total := 0
	for i, v := range c.vals {
		v.id, v.uses = i, nil
		for _, e := range v.in {
			counts[e.v.id]++
			total++
		}
	}
	slab := make([]*val, total)
	for i, v := range c.vals {
		v.uses, slab = slab[:0:counts[i]], slab[counts[i]:]
	}
	for _, v := range c.vals {
		for i, e := range v.in {
			if !slices.ContainsFunc(v.in[:i], func(d edge) bool { return d.v == e.v }) {
				e.v.uses = append(e.v.uses, v)
			}
		}
	}
}

func newEdge(v *val, r *ir.Ref) edge {
	e := edge{Ref: r, v: v, plain: r.Off == 0 || v.Kind == ir.Const}
	step, left := v.Size(), v.Dims
	for i, s := range r.Steps {
		if s == 0 || r.Dims[i] == 1 {
			continue
		}
		e.moves |= 1 << i
		if len(left) == 0 || left[0] != r.Dims[i] {
			e.plain = false
			continue
		}
		step /= left[0]
		e.plain = e.plain && s == step
		left = left[1:]
	}
	e.plain = e.plain && len(left) == 0
	return e
}

// leaf reports whether v is there before the run.
func (v *val) leaf() bool { return v.Kind <= ir.Iota }

// fusible reports whether v can be part of a pass.
func (v *val) fusible() bool {
	return v.Kind == ir.Map && !v.moving() || v.Kind == ir.Reduce && v.Over != ir.Middle
}

// moving reports whether v only moves elements that floats cannot hold.
func (v *val) moving() bool { return v.Kind == ir.Map && v.Op == ir.Copy && !v.number() }

// number reports whether v is computed as a number that instructions can read
// from a register: floats and truths.
func (v *val) number() bool { return v.DType.Float() || v.DType == ir.Bool }

// computeType returns the type of float that v is computed with.
func computeType(v *val) kernel.Type {
	typeOf := func(d ir.DType) kernel.Type {
		if d == ir.F64 {
			return kernel.F64
		}
		return kernel.F32
	}
	if v.DType.Float() || len(v.in) == 0 {
		return typeOf(v.DType)
	}
	x := v.in[0].v
	if x.DType.Float() {
		return typeOf(x.DType)
	}
	for _, e := range v.in {
		if e.v.fusible() {
			return e.v.ct
		}
	}
	return kernel.F32
}
