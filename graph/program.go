package graph

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"gorgonia.org/tensor"
)

// A Program evaluates a fixed set of nodes. It may be run by many goroutines
// at once; runs that update the same parameters take turns.
type Program struct {
	order   []*Node
	inner   []*Node         // the nodes of the loops' bodies
	family  map[int][]int32 // for the first of the results of a loop, the places of all
	out     []int32
	updates []store
	inputs  []slot
	params  []heldParam // in the order of their nodes, which is the order of locking
	symbols []Dim
	fed     map[*input]int // in inputs

	reference bool                    // runs on the reference executor
	apart     bool                    // the engine fuses nothing, for tests to compare with
	dump      func(pass, text string) // gets listings of compilations, or nil

	mu    sync.Mutex
	plans []*plan       // bindings of the symbols used last, newest first
	runs  atomic.Uint64 // that have begun on the engine
}

// A store is an update with places instead of nodes.
type store struct {
	p    *Param
	from int32
}

// A slot is an input and the place of its value.
type slot struct {
	op   *input
	n    *Node
	at   int32
	axes []axis
}

// An axis of an input: a literal length, a symbol, or a formula, which may be
// solved for its symbol.
type axis struct {
	dim    Dim
	symbol int // in Program.symbols, or -1
	solve  bool
}

// A heldParam is a parameter that a run reads or writes.
type heldParam struct {
	p     *Param
	at    int32 // of its value, or -1 if it is only written
	write bool
}

func newProgram(c *compilation) (*Program, error) {
	p := &Program{order: c.order, fed: map[*input]int{}}
	for i, n := range c.order {
		n.eachSymbol(func(_ *Node, s Dim) {
			if !slices.Contains(p.symbols, s) {
				p.symbols = append(p.symbols, s)
			}
		})
		if op, ok := n.op.(*input); ok {
			p.fed[op] = len(p.inputs)
			p.inputs = append(p.inputs, slot{op: op, n: n, at: int32(i)})
		}
	}
	for i := range p.inputs {
		p.inputs[i].readAxes(p.symbols)
	}
	p.families()
	p.numberBodies(p.order)
	for _, n := range c.out {
		p.out = append(p.out, n.at)
	}
	for _, u := range c.update {
		p.updates = append(p.updates, store{u.p, u.v.at})
	}
	return p, p.hold()
}

// readAxes finds out which symbols the axes of an input give.
func (s *slot) readAxes(symbols []Dim) {
	for _, d := range s.op.typ.Shape.Dims() {
		a := axis{dim: d, symbol: -1}
		if sym, ok := d.linear(); ok {
			a.symbol, a.solve = slices.Index(symbols, sym), sym != d
		}
		s.axes = append(s.axes, a)
	}
}

// hold lists the parameters that a run reads or writes.
func (p *Program) hold() error {
	held := map[*Param]heldParam{}
	for _, u := range p.updates {
		held[u.p] = heldParam{p: u.p, at: -1, write: true}
	}
	for i, n := range p.order {
		if op, ok := n.op.(*Param); ok {
			held[op] = heldParam{p: op, at: int32(i), write: held[op].write}
		}
	}
	for _, h := range held {
		if _, err := h.p.tensor(); err != nil {
			return fmt.Errorf("%s: %w", h.p.Node().Pos(), err)
		}
		p.params = append(p.params, h)
	}
	slices.SortFunc(p.params, func(a, b heldParam) int { return cmp.Compare(a.p.Node().id, b.p.Node().id) })
	return nil
}

// Reference returns the same program on the reference executor, which calls each
// op's own Eval in order: what the engine is tested against.
func (p *Program) Reference() *Program {
	return &Program{order: p.order, inner: p.inner, family: p.family, out: p.out, updates: p.updates, inputs: p.inputs, params: p.params, symbols: p.symbols, fed: p.fed, reference: true}
}

// Len returns the number of steps in one run.
func (p *Program) Len() int { return len(p.order) }

// Listing writes the steps in the order they run, as [Listing] does.
func (p *Program) Listing() string { return list(p.order) }

// Nodes returns the steps in the order they run.
func (p *Program) Nodes() []*Node { return slices.Clone(p.order) }

// Params returns the parameters that runs read or write, in the order of their
// making.
func (p *Program) Params() []*Param {
	list := make([]*Param, len(p.params))
	for i, h := range p.params {
		list[i] = h.p
	}
	return list
}

// Outputs returns the types of what runs return, in order.
func (p *Program) Outputs() []Type {
	list := make([]Type, len(p.out))
	for i, at := range p.out {
		list[i] = *p.order[at].typ
	}
	return list
}

// Run evaluates the program and returns its outputs in order. Feeds of inputs
// that the program does not need are ignored. If Run fails, no parameter has
// changed.
//
// Read an array of results with Float32s, Float64s and their like, as in
// out[0].Float32s(), that of its own type: gorgonia.org/tensor (v0.9.24) does not check
// and reads the bytes as they lie. [Values] reads any type as float64. Their Data, but
// for a single number, hides the memory from the collector for a moment: where nothing
// else holds the tensor any more, the array may be gone before it is returned.
func (p *Program) Run(feeds ...Feed) ([]*tensor.Dense, error) {
	return p.RunContext(context.Background(), feeds...)
}

// RunContext is [Program.Run] until ctx is done; then it returns ctx's error.
func (p *Program) RunContext(ctx context.Context, feeds ...Feed) ([]*tensor.Dense, error) {
	out := make([]*tensor.Dense, len(p.out))
	err := p.run(ctx, feeds, func(i int, t Tensor) (to Tensor, err error) {
		if to, err = NewTensor(t.DType, slices.Clone(t.Shape)...); err == nil {
			out[i], err = to.Dense()
		}
		if err != nil {
			err = fmt.Errorf("output %d: %w", i, err)
		}
		return to, err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// RunInto is [Program.Run] with results in out, which has a tensor of the right
// dtype and shape for each output, or nil for one not wanted. If it fails, they
// may hold anything.
func (p *Program) RunInto(out []*tensor.Dense, feeds ...Feed) error {
	return p.RunIntoContext(context.Background(), out, feeds...)
}

// RunIntoContext is [Program.RunInto] until ctx is done; then it returns ctx's
// error.
func (p *Program) RunIntoContext(ctx context.Context, out []*tensor.Dense, feeds ...Feed) error {
	if len(out) != len(p.out) {
		return fmt.Errorf("run: %d tensors for %d outputs", len(out), len(p.out))
	}
	return p.run(ctx, feeds, func(i int, t Tensor) (Tensor, error) {
		if out[i] == nil {
			return Tensor{}, nil
		}
		to, copied, err := fromDense(out[i])
		if err == nil && (to.DType != t.DType || !slices.Equal(to.Shape, t.Shape)) {
			err = fmt.Errorf("is %v%v, the tensor for it %v%v", t.DType, t.Shape, to.DType, to.Shape)
		} else if err == nil && copied {
			err = fmt.Errorf("cannot be written to a view or a transposed tensor")
		}
		if err != nil {
			err = fmt.Errorf("run: output %d: %w", i, err)
		}
		return to, err
	})
}

// Eval is [Program.RunContext] with plain arrays as results, which, unlike
// gorgonia tensors, may be empty.
func (p *Program) Eval(ctx context.Context, feeds ...Feed) ([]Tensor, error) {
	out := make([]Tensor, len(p.out))
	err := p.run(ctx, feeds, func(i int, t Tensor) (to Tensor, err error) {
		out[i], err = NewTensor(t.DType, slices.Clone(t.Shape)...)
		return out[i], err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// A provider returns the memory for output i, which will be like t; none if the
// output is not wanted.
type provider func(i int, t Tensor) (Tensor, error)

// run evaluates the steps, writes the outputs, and commits the updates. The
// outputs' memory is asked for before that, for from the first update on nothing
// may fail.
func (p *Program) run(ctx context.Context, feeds []Feed, provide provider) error {
	var buf [16]int
	dims := buf[:]
	if len(p.symbols) > len(buf) {
		dims = make([]int, len(p.symbols))
	}
	dims = dims[:len(p.symbols)]
	if err := p.bind(feeds, dims); err != nil {
		return err
	}
	plan, err := p.plan(dims)
	if err != nil {
		return err
	}
	if err := plan.fits(); err != nil {
		return err
	}
	for _, h := range p.params {
		h.lock()
	}
	defer p.unlock()
	if plan.engine != nil {
		return plan.engine.run(ctx, p, plan, feeds, provide)
	}
	return p.runReference(ctx, plan, feeds, provide)
}

// provide fills in the memory of the outputs.
func (q *plan) provide(p *Program, into []Tensor, provide provider) (err error) {
	for i, at := range p.out {
		if into[i], err = provide(i, *q.values[at]); err != nil {
			return err
		}
	}
	return nil
}

// runReference is run on the reference executor.
func (p *Program) runReference(ctx context.Context, plan *plan, feeds []Feed, provide provider) error {
	f := plan.frame(p)
	defer plan.release(f)
	if err := plan.provide(p, f.into, provide); err != nil {
		return err
	}
	for _, feed := range feeds {
		if i, ok := p.slotOf(feed.Input); ok {
			f.values[p.inputs[i].at].data = feed.whole().data
		}
	}
	for _, h := range p.params {
		t, err := h.p.tensor()
		if err != nil {
			return err
		}
		if h.at >= 0 {
			f.values[h.at].data = t.data
		}
	}
	if err := p.evaluate(ctx, f); err != nil {
		return err
	}
	for i, at := range p.out {
		f.into[i].fill(f.values[at])
	}
	return p.commit(f)
}

func (p *Program) unlock() {
	for _, h := range p.params {
		h.unlock()
	}
}

func (h heldParam) lock() {
	if h.write {
		h.p.run.Lock()
	} else {
		h.p.run.RLock()
	}
}

func (h heldParam) unlock() {
	if h.write {
		h.p.run.Unlock()
	} else {
		h.p.run.RUnlock()
	}
}

// evaluate runs the steps in order, each by its op's Eval.
func (p *Program) evaluate(ctx context.Context, f *frame) error {
	done := ctx.Done()
	for i, n := range p.order {
		if f.given[i] {
			continue
		}
		select {
		case <-done:
			return ctx.Err()
		default:
		}
		in := f.in[:0]
		for _, x := range n.in {
			in = append(in, f.values[x.at])
		}
		f.in = in
		f.values[i].Clear()
		if err := evaluate(n, f.values[i], in, f.length); err != nil {
			return err
		}
	}
	return nil
}

// evaluate computes one node. What its Eval panics with comes back as an error
// with the user's line. length returns the values of symbolic dims.
func evaluate(n *Node, out Tensor, in []Tensor, length func(Dim) (int, error)) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case located: // by an op of a loop's body
			err = r.error
		case runtime.Error: // a bug of the op's, or operands it did not expect
			err = fmt.Errorf("%s: %s: panic in Eval: %w", n.Pos(), n.op.Name(), r)
		case error:
			err = fmt.Errorf("%s: %s: %w", n.Pos(), n.op.Name(), r)
		default:
			err = fmt.Errorf("%s: %s: %v", n.Pos(), n.op.Name(), r)
		}
	}()
	if op, ok := n.op.(inside); ok {
		op.evalIn(length, out, in)
		return nil
	}
	n.op.Eval(out, in...)
	return nil
}

// commit stores the updates, after every value that depends on an old one.
func (p *Program) commit(f *frame) error {
	for i, u := range p.updates { // a value that lives in a parameter may be overwritten by an earlier store
		if _, ok := p.order[u.from].op.(*Param); ok && len(p.updates) > 1 {
			f.moved = append(f.moved, moved{i, f.values[u.from].clone()})
		}
	}
	for i, u := range p.updates {
		v := f.values[u.from]
		for _, m := range f.moved {
			if m.update == i {
				v = m.value
			}
		}
		to, copied, err := fromDense(u.p.Value)
		if err != nil {
			return err
		}
		to.Copy(v)
		if copied { // the user's value was a view
			if u.p.Value, err = to.Dense(); err != nil {
				return err
			}
		}
	}
	f.moved = f.moved[:0]
	return nil
}
