package graph

import (
	"fmt"
	"slices"

	"github.com/adjointml/adjoint/internal/cpu"
)

// maxPlans is how many bindings of symbols a program remembers.
const maxPlans = 8

// maxFrames is how many frames of a plan are kept for later runs.
const maxFrames = 8

// A plan is the memory of a program for one binding of its symbols.
type plan struct {
	dims   []int
	values []*Tensor // without memory, but for constants; nodes of one type share it
	inner  []*Tensor // the same of the nodes in loops
	offset []int     // of each value in the reference executor's arena, or -1 if it lives elsewhere
	bytes  int       // of the arena
	given  []bool    // values that are not computed: inputs, parameters, constants
	engine *engine   // nil if the reference executor runs
	called []called  // nodes that the engine calls
	free   chan *frame
}

// called is a node that the engine calls, in parts.
type called struct{ node, parts int }

// A frame is the memory of one run.
type frame struct {
	values []Tensor
	given  []bool
	in     []Tensor
	into   []Tensor // memory of the outputs, of the caller's
	moved  []moved
	length func(Dim) (int, error)
}

// moved is a copy of a parameter's old value, which an update needs.
type moved struct {
	update int
	value  Tensor
}

// bind checks the feeds and reads the symbols' values off their shapes.
func (p *Program) bind(feeds []Feed, dims []int) error {
	for i := range dims {
		dims[i] = -1
	}
	seen := 0
	for i := range feeds {
		f := &feeds[i]
		op, ok := inputOf(f.Input)
		if !ok {
			return fmt.Errorf("run: feed %d is for %v, which is not an input", i, f.Input)
		}
		s, ok := p.slotOf(f.Input)
		if !ok {
			continue
		}
		if slices.ContainsFunc(feeds[:i], func(g Feed) bool { return g.Input == f.Input }) {
			return fmt.Errorf("%s: %s is fed twice", f.Input.Pos(), op.Name())
		}
		seen++
		if err := p.inputs[s].accept(f, dims, p.symbols); err != nil {
			return fmt.Errorf("%s: %s %w", f.Input.Pos(), op.Name(), err)
		}
	}
	if seen < len(p.inputs) {
		for _, s := range p.inputs {
			if !slices.ContainsFunc(feeds, func(f Feed) bool { op, _ := inputOf(f.Input); return op == s.op }) {
				return fmt.Errorf("%s: %s %v is not fed: pass its value to Run, as in x.Is(t)", s.n.Pos(), s.op.Name(), s.op.typ)
			}
		}
	}
	return p.check(feeds, dims)
}

func inputOf(n *Node) (*input, bool) {
	if n == nil {
		return nil, false
	}
	op, ok := n.op.(*input)
	return op, ok
}

func (p *Program) slotOf(n *Node) (int, bool) {
	op, ok := inputOf(n)
	if !ok {
		return 0, false
	}
	i, ok := p.fed[op]
	return i, ok
}

// accept compares a feed with the input's type and takes the symbols' values
// from it.
func (s *slot) accept(f *Feed, dims []int, symbols []Dim) error {
	if f.err != nil {
		return f.err
	}
	want := s.op.typ
	if f.Value.DType != want.DType {
		return fmt.Errorf("%v is fed a tensor of dtype %v", want, f.Value.DType)
	}
	if len(f.Value.Shape) != want.Rank() {
		return fmt.Errorf("%v is fed a tensor of shape %v: it has rank %d, not %d", want, f.shape(), len(f.Value.Shape), want.Rank())
	}
	if f.some && want.Rank() == 0 {
		return fmt.Errorf("%v is fed rows, and has none: feed it with Is", want)
	}
	if err := f.absent(); err != nil {
		return fmt.Errorf("%v %w", want, err)
	}
	for i, a := range s.axes {
		got := f.length(i)
		if a.symbol < 0 {
			if a.dim >= 0 && int(a.dim) != got {
				return fmt.Errorf("%v is fed a tensor of shape %v: axis %d is %d, not %v", want, f.shape(), i, got, a.dim)
			}
			continue
		}
		v := got
		if a.solve {
			var ok bool
			if v, ok = a.dim.solve(got); !ok {
				return fmt.Errorf("%v is fed a tensor of shape %v: axis %d is %d, which is no value of %v", want, f.shape(), i, got, a.dim)
			}
		}
		if old := dims[a.symbol]; old >= 0 && old != v {
			return fmt.Errorf("%v is fed a tensor of shape %v: %v is %d here and %d in another input", want, f.shape(), symbols[a.symbol], v, old)
		}
		dims[a.symbol] = v
	}
	return nil
}

// check compares the axes that are formulas of several symbols.
func (p *Program) check(feeds []Feed, dims []int) error {
	for k := range feeds {
		f := &feeds[k]
		i, ok := p.slotOf(f.Input)
		if !ok {
			continue
		}
		for j, a := range p.inputs[i].axes {
			if a.dim >= 0 || a.symbol >= 0 {
				continue
			}
			v, err := p.value(a.dim, dims)
			if got := f.length(j); err == nil && v != got {
				err = fmt.Errorf("%v is fed a tensor of shape %v: axis %d is %d, but %v is %d", f.Input.typ, f.shape(), j, got, a.dim, v)
			}
			if err != nil {
				return fmt.Errorf("%s: %s %w", f.Input.Pos(), f.Input.op.Name(), err)
			}
		}
	}
	return nil
}

// value returns the length d under a binding.
func (p *Program) value(d Dim, dims []int) (int, error) {
	return d.Value(func(s Dim) int { return dims[slices.Index(p.symbols, s)] })
}

// lengths returns the values of dims under a plan's binding.
func (p *Program) lengths(q *plan) func(Dim) (int, error) {
	return func(d Dim) (int, error) { return p.value(d, q.dims) }
}

// plan returns the memory plan for a binding, made now or remembered.
func (p *Program) plan(dims []int) (*plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.plans, func(q *plan) bool { return slices.Equal(q.dims, dims) })
	if i == 0 {
		return p.plans[0], nil
	}
	var q *plan
	if i > 0 {
		q = p.plans[i]
		p.plans = slices.Delete(p.plans, i, i+1)
	} else {
		var err error
		if q, err = p.newPlan(slices.Clone(dims)); err != nil {
			return nil, err
		}
	}
	p.plans = slices.Insert(p.plans, 0, q)
	if len(p.plans) > maxPlans {
		p.plans = p.plans[:maxPlans]
	}
	return q, nil
}

// Bytes returns the peak memory in bytes of one run's values, beside inputs,
// parameters and results, when the symbols have the given values.
func (p *Program) Bytes(symbols map[Dim]int) (int, error) {
	dims := make([]int, len(p.symbols))
	for i, s := range p.symbols {
		v, ok := symbols[s]
		if !ok {
			return 0, fmt.Errorf("the length %v is not given", s)
		}
		dims[i] = v
	}
	q, err := p.newPlan(dims)
	if err != nil {
		return 0, err
	}
	return q.bytes, nil
}

func (p *Program) newPlan(dims []int) (*plan, error) {
	n := len(p.order)
	q := &plan{dims: dims, values: make([]*Tensor, n), given: make([]bool, n), free: make(chan *frame, maxFrames)}
	known := bound{dims: dims, lengths: map[Dim]int{}, values: map[*Type]*Tensor{}}
	for i, n := range p.order {
		t, err := p.typed(n, known)
		if err != nil {
			return nil, err
		}
		if isConstant(n) {
			t = constantAt(n)
		}
		q.values[i], q.given[i] = t, isConstant(n) || isInput(n) || isParam(n)
	}
	for _, n := range p.inner {
		t, err := p.typed(n, known)
		if err != nil {
			return nil, err
		}
		if isConstant(n) {
			t = constantAt(n)
		}
		q.inner = append(q.inner, t)
	}
	if p.reference {
		p.layOut(q)
		return q, nil
	}
	return q, p.compile(q)
}

// bound is what is known under a binding of the symbols.
type bound struct {
	dims    []int
	lengths map[Dim]int       // that are symbolic
	values  map[*Type]*Tensor // without memory
}

// constantAt returns where the value of a constant is.
func constantAt(n *Node) *Tensor {
	t, _ := constant(n)
	return &t
}

// typed returns the value of a node under a binding, without memory.
func (p *Program) typed(n *Node, b bound) (*Tensor, error) {
	if t := b.values[n.typ]; t != nil {
		return t, nil
	}
	shape := make([]int, n.typ.Rank())
	for i, d := range n.typ.Shape.dim[:len(shape)] {
		v, ok := int(d), d >= 0
		if !ok {
			v, ok = b.lengths[d]
		}
		if !ok {
			var err error
			if v, err = p.value(d, b.dims); err != nil {
				return nil, fmt.Errorf("%s: %s %v: %w", n.Pos(), n.op.Name(), n.typ, err)
			}
			b.lengths[d] = v
		}
		shape[i] = v
	}
	size, err := count(shape)
	if err != nil {
		return nil, fmt.Errorf("%s: %s %v: %w", n.Pos(), n.op.Name(), n.typ, err)
	}
	t := &Tensor{DType: n.typ.DType, Shape: shape, n: size}
	b.values[n.typ] = t
	return t, nil
}

// layOut gives each computed value a place in the arena that is free from its
// step to its last use.
func (p *Program) layOut(q *plan) {
	q.offset = make([]int, len(p.order))
	last := make([]int, len(p.order)) // the step after which a value is dead
	for i, n := range p.order {
		last[i] = max(last[i], i)
		for _, x := range n.in {
			last[x.at] = i
		}
	}
	for _, at := range p.out {
		last[at] = len(p.order)
	}
	for _, u := range p.updates {
		last[u.from] = len(p.order)
	}
	var a cpu.Arena
	dead := make([][]int, len(p.order)+1)
	for i := range p.order {
		if q.offset[i] = -1; !q.given[i] {
			q.offset[i] = a.Take(q.size(i))
			dead[last[i]] = append(dead[last[i]], i)
		}
		for _, j := range dead[i] {
			a.Give(q.offset[j], q.size(j))
		}
	}
	q.bytes = a.End()
}

// size returns the bytes of value i, in whole cache lines.
func (q *plan) size(i int) int {
	return (q.values[i].n*q.values[i].DType.Size() + 63) &^ 63
}

// frame returns the memory for one run: one that is free, or a new one.
func (q *plan) frame(p *Program) *frame {
	select {
	case f := <-q.free:
		return f
	default:
	}
	f := &frame{values: make([]Tensor, len(q.values)), given: q.given, into: make([]Tensor, len(p.out)), length: p.lengths(q)}
	for i, t := range q.values {
		f.values[i] = *t
	}
	memory := alignedBytes(q.bytes)
	for i, at := range q.offset {
		if at >= 0 && f.values[i].n > 0 {
			f.values[i].data = memory.at(at)
		}
	}
	return f
}

// release gives a frame back, without what the run brought along.
func (q *plan) release(f *frame) {
	for i, given := range f.given {
		if given {
			f.values[i].data = q.values[i].data
		}
	}
	clear(f.in[:cap(f.in)]) // the last op may have had fewer operands than others
	clear(f.into)
	select {
	case q.free <- f:
	default:
	}
}
