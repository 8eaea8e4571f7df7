package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/adjointml/adjoint/internal/cpu"
	"github.com/adjointml/adjoint/internal/cpu/par"
	"github.com/adjointml/adjoint/internal/ir"
)

// A Lowerer is an op that says what it is in the engine's instructions, beside
// what its Eval says. Lower returns false where it has none for such operands;
// the engine then calls Eval. The list x is only lent to it. The ops of this
// module are lowerers, others need not be.
type Lowerer interface {
	Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool)
}

// A ShapeReader is a Lowerer that can do without the elements of some operands.
// LowerEmpty is asked where at least one has none, and so no V either.
type ShapeReader interface {
	LowerEmpty(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool)
}

// A Rowwise op may say that each place along the first axis of its result
// depends on the same place of its operands alone, which all have that axis.
// Its Eval is then given runs of these places, on several cores at once. It is
// not asked where an operand has another first length.
type Rowwise interface {
	Rowwise() bool
}

// An Elementwise op is a Lowerer by a word: it is a function of elements that
// the engine has.
type Elementwise interface {
	Opcode() ir.Op
}

// An engine is a program compiled for one binding of its symbols.
type engine struct {
	prog *cpu.Program
	free chan *engineFrame
}

// An engineFrame is the memory of one run on the engine. It computes the ops
// that are no instructions.
type engineFrame struct {
	*cpu.Frame
	p      *Program
	calls  map[int]*hostCall // by the number of the node
	params []Tensor          // of this run
	places []uintptr         // of the parameters when they were found to be apart
	into   []Tensor          // memory of the outputs, of the caller's
	direct []bool            // which of them the run writes itself
	length func(Dim) (int, error)
}

// A hostCall is an op that is computed here, by its own Eval.
type hostCall struct {
	out   Tensor
	in    []Tensor
	parts []part // if it is computed by rows
}

// A part is a run of the rows of an op that is called.
type part struct {
	out Tensor
	in  []Tensor
	at  []int // bytes before the part, of the operands and of the result
}

// rowsOf returns the rows from lo to hi of t, and the bytes before them.
func rowsOf(t Tensor, lo, hi int) (Tensor, int) {
	row := t.n / t.Shape[0]
	t.Shape = append([]int{hi - lo}, t.Shape[1:]...)
	t.n = row * (hi - lo)
	return t, row * lo * t.DType.Size()
}

// newParts cuts an op into n parts.
func newParts(out Tensor, in []Tensor, n int) []part {
	parts, rows := make([]part, n), out.Shape[0]
	for i := range parts {
		lo, hi := i*rows/n, (i+1)*rows/n
		p := &parts[i]
		p.in, p.at = make([]Tensor, len(in)), make([]int, len(in)+1)
		for k, x := range in {
			p.in[k], p.at[k] = rowsOf(x, lo, hi)
		}
		p.out, p.at[len(in)] = rowsOf(out, lo, hi)
	}
	return parts
}

// compile makes the engine for a plan. None is made where an array without elements
// is more than a piece of another one: the reference executor takes care of that.
func (p *Program) compile(q *plan) error {
	low, err := p.lower(q)
	if err != nil {
		return err
	}
	if low == nil {
		p.layOut(q)
		return nil
	}
	if p.dump != nil {
		p.dump("lower", ir.Listing(low.Values))
	}
	q.engine = &engine{prog: cpu.Compile(low, cpu.Options{Apart: p.apart, Dump: p.dump}), free: make(chan *engineFrame, maxFrames)}
	q.bytes = q.engine.prog.Stats().Arena
	return nil
}

// frame returns the memory for one run: one that is free, or a new one.
func (e *engine) frame(p *Program, q *plan) *engineFrame {
	select {
	case f := <-e.free:
		return f
	default:
	}
	f := &engineFrame{p: p, calls: map[int]*hostCall{}, params: make([]Tensor, len(p.params)), places: make([]uintptr, len(p.params)), into: make([]Tensor, len(p.out)), direct: make([]bool, len(p.out)), length: p.lengths(q)}
	for _, c := range q.called {
		d := &hostCall{out: *p.valueOf(q, c.node)}
		for _, x := range p.operands(c.node) {
			d.in = append(d.in, *p.valueOf(q, x))
		}
		if c.parts > 1 {
			d.parts = newParts(d.out, d.in, c.parts)
		}
		f.calls[c.node] = d
	}
	f.Frame = e.prog.NewFrame(f, p.numbers())
	for i, t := range q.values {
		f.Leaf(i, t.data)
	}
	for i, t := range q.inner {
		f.Leaf(len(p.order)+len(p.params)+i, t.data)
	}
	return f
}

// release gives a frame back, without what the run brought along.
func (e *engine) release(f *engineFrame) {
	clear(f.into)
	clear(f.params)
	f.forget()
	select {
	case e.free <- f:
	default:
	}
}

// forget drops the addresses of inputs and parameters, and those that calls were
// given.
func (f *engineFrame) forget() {
	for _, s := range f.p.inputs {
		f.Leaf(int(s.at), nil)
	}
	for i := range f.p.params {
		f.Leaf(len(f.p.order)+i, nil)
	}
	for _, c := range f.calls {
		for k := range c.in {
			c.in[k].data = nil
		}
		for k := range c.parts {
			p := &c.parts[k]
			p.out.data = nil
			for k := range p.in {
				p.in[k].data = nil
			}
		}
	}
	f.Forget()
}

// Call computes a node, or a part of it, by its op's own Eval.
func (f *engineFrame) Call(i, k int, out unsafe.Pointer, in []unsafe.Pointer) error {
	c := f.calls[i]
	if c.parts != nil {
		p := &c.parts[k]
		for k := range in {
			p.in[k].data = unsafe.Add(in[k], p.at[k])
		}
		p.out.data = unsafe.Add(out, p.at[len(in)])
		return evaluate(f.p.node(i), p.out, p.in, f.length)
	}
	y := c.out
	y.data = out
	for k := range in {
		c.in[k].data = in[k]
	}
	return evaluate(f.p.node(i), y, c.in, f.length)
}

// run computes the program on the engine: outputs in the caller's memory at
// once where that is free, else they are copied there.
func (e *engine) run(ctx context.Context, p *Program, q *plan, feeds []Feed, provide provider) error {
	f := e.frame(p, q)
	defer e.release(f)
	if err := q.provide(p, f.into, provide); err != nil {
		return err
	}
	if err := f.feed(p, feeds); err != nil {
		return err
	}
	for i, t := range f.into {
		f.direct[i] = t.data != nil && f.unused(feeds, i) && f.Into(i, t.data)
	}
	err := f.Run(ctx)
	for i, at := range p.out {
		if err == nil && !f.direct[i] {
			t := *q.values[at]
			t.data = f.Out(i)
			f.into[i].fill(t)
		}
	}
	if err == nil {
		f.Commit()
	}
	for i := range p.out { // after all copies: an output may be a next value, or another output
		if f.direct[i] {
			f.Into(i, nil)
		}
	}
	return p.explain(err)
}

// fill copies the elements of x unless t is not there.
func (t Tensor) fill(x Tensor) {
	if t.data != nil {
		t.Copy(x)
	}
}

// unused reports whether no feed, parameter or other output lies in the memory
// for output i, so that it may be written before all is read.
func (f *engineFrame) unused(feeds []Feed, i int) bool {
	t := f.into[i]
	for _, feed := range feeds {
		if feed.Value.overlaps(t) {
			return false
		}
	}
	for _, p := range f.params {
		if p.overlaps(t) {
			return false
		}
	}
	for k, u := range f.into {
		if k != i && u.overlaps(t) {
			return false
		}
	}
	return true
}

// overlaps reports whether two tensors share memory.
func (t Tensor) overlaps(u Tensor) bool {
	a, b := uintptr(t.data), uintptr(u.data)
	return t.data != nil && u.data != nil && a < b+uintptr(u.n*u.DType.Size()) && b < a+uintptr(t.n*t.DType.Size())
}

// feed gives the run its parameters and inputs.
func (f *engineFrame) feed(p *Program, feeds []Feed) error {
	run := p.runs.Add(1)
	for i, h := range p.params {
		t, err := h.ready()
		if err != nil {
			return err
		}
		f.Leaf(len(p.order)+i, t.data)
		f.params[i] = t
	}
	if err := f.apart(p); err != nil {
		return err
	}
	for k := range feeds {
		feed := &feeds[k]
		i, ok := p.slotOf(feed.Input)
		if !ok {
			continue
		}
		slot := int(p.inputs[i].at)
		changes := false // before the run has read all of the input, perhaps
		for k, h := range p.params {
			changes = changes || h.write && feed.Value.overlaps(f.params[k])
		}
		switch {
		case changes && feed.some:
			f.Leaf(slot, feed.whole().data)
		case changes:
			f.Leaf(slot, feed.Value.clone().data)
		case feed.some:
			f.Rows(slot, feed.Value.data, feed.rows, feed.next, run)
		default:
			f.Leaf(slot, feed.Value.data)
		}
	}
	return nil
}

// apart reports a parameter that the run changes and another one in the same
// memory. It looks again where one has moved.
func (f *engineFrame) apart(p *Program) error {
	moved := false
	for i, t := range f.params {
		at := uintptr(t.data)
		moved = moved || f.places[i] != at
		f.places[i] = at
	}
	if !moved {
		return nil
	}
	order := make([]int, len(f.params))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Compare(uintptr(f.params[i].data), uintptr(f.params[j].data))
	})
	for k := 1; k < len(order); k++ {
		a, b := order[k-1], order[k]
		if f.params[a].overlaps(f.params[b]) && (p.params[a].write || p.params[b].write) {
			clear(f.places)
			return fmt.Errorf("parameters %s and %s lie in the same memory, and the program changes one: give each a Value of its own, or use one graph.Param in both places", p.params[a].p.Label, p.params[b].p.Label)
		}
	}
	return nil
}

// ready returns the parameter's memory, where a run may write if it is to.
func (h heldParam) ready() (Tensor, error) {
	t, copied, err := h.p.memory()
	if err == nil && copied && h.write { // the user's value was a view
		h.p.Value, err = t.Dense()
	}
	return t, err
}

// explain gives an error of the engine the user's line.
func (p *Program) explain(err error) error {
	if err == nil {
		return nil
	}
	var index *cpu.IndexError
	var finite *cpu.FiniteError
	var run *cpu.RunError
	var broken *par.PanicError
	switch {
	case errors.As(err, &index):
		n := p.node(index.Node)
		return fmt.Errorf("%s: %s: %w", n.Pos(), n.op.Name(), index)
	case errors.As(err, &finite): // the op's own words
		n := p.node(finite.Node)
		x, _ := NewTensor(n.typ.DType)
		x.Set(0, finite.Value)
		return evaluate(n, x, []Tensor{x}, nil)
	case errors.As(err, &run):
		return run.Err
	case errors.As(err, &broken):
		return &PanicError{broken.Value, broken.Stack}
	}
	return err
}

// A PanicError is what a run returns if the engine itself broke, which is a bug to
// report, with the stack.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // where, as printed by runtime/debug
}

// Error is one line, without the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("a bug of the engine: %v: please report it, with the Stack of this error", e.Value)
}
