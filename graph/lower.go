package graph

import (
	"slices"

	"github.com/adjointml/adjoint/internal/ir"
)

// Nodes are numbered for the engine: those of the program first, by their
// places, then come the parameters, then the nodes of the bodies of loops.

func (p *Program) numbers() int { return len(p.order) + len(p.params) + len(p.inner) }

// node returns the node with a number.
func (p *Program) node(i int) *Node {
	if i < len(p.order) {
		return p.order[i]
	}
	if i -= len(p.order); i < len(p.params) {
		return p.params[i].p.Node()
	}
	return p.inner[i-len(p.params)]
}

// valueOf returns the value of the node with a number that is not a parameter's, without memory but for
// constants.
func (p *Program) valueOf(q *plan, i int) *Tensor {
	if i < len(p.order) {
		return q.values[i]
	}
	return q.inner[i-len(p.order)-len(p.params)]
}

// operands returns the numbers of the operands of node i.
func (p *Program) operands(i int) (list []int) {
	n := p.node(i)
	first := i - int(n.at)
	for _, x := range n.in {
		list = append(list, first+int(x.at))
	}
	return list
}

// families finds the results of each loop, which are computed together.
func (p *Program) families() {
	p.family = map[int][]int32{}
	first := map[*Loop][]int{} // of the families of each loop
	for i, n := range p.order {
		op, ok := n.op.(Looper)
		if !ok {
			continue
		}
		l := op.Parts().Loop
		k := slices.IndexFunc(first[l], func(j int) bool { return slices.Equal(p.order[j].in, n.in) })
		if k < 0 {
			k = len(first[l])
			first[l] = append(first[l], i)
		}
		k = first[l][k]
		p.family[k] = append(p.family[k], int32(i))
	}
}

// numberBodies numbers the nodes in the bodies of loops.
func (p *Program) numberBodies(order []*Node) {
	seen := map[*Loop]bool{}
	for _, n := range order {
		op, ok := n.op.(Looper)
		if !ok || seen[op.Parts().Loop] {
			continue
		}
		l := op.Parts().Loop
		seen[l] = true
		l.first = len(p.inner)
		p.inner = append(append(p.inner, l.Args...), l.order...)
		p.numberBodies(l.order)
	}
}

// lower writes the program in the engine's instructions for one binding. It
// returns nil where an array without elements is in the way.
func (p *Program) lower(q *plan) (*ir.Program, error) {
	w := &lowering{p: p, q: q, b: ir.NewBuilder(len(p.order)), refs: make([]ir.Ref, len(p.order))}
	for i, n := range p.order {
		if op, ok := n.op.(Looper); !ok {
			w.lower(n, i)
		} else if list := p.family[i]; list != nil {
			var results []*Node
			for _, k := range list {
				results = append(results, p.order[k])
			}
			w.b.Node = i
			w.loop(op.Parts().Loop, results)
		}
		if w.stuck {
			return nil, nil
		}
	}
	if slices.ContainsFunc(p.out, func(at int32) bool { return empty(w.refs[at]) }) {
		return nil, nil
	}
	if slices.ContainsFunc(p.updates, func(u store) bool { return empty(w.refs[u.from]) }) {
		return nil, nil
	}
	low := &ir.Program{}
	for _, at := range p.out {
		low.Out = append(low.Out, w.b.Result(w.refs[at]))
	}
	for _, u := range p.updates {
		low.Store = append(low.Store, ir.Update{Leaf: p.leafOf(u.p), Value: w.b.Result(w.refs[u.from])})
	}
	w.b.Done()
	low.Values = w.b.Values
	return low, ir.Check(low.Values)
}

// leafOf returns the engine's slot of a parameter: those of nodes come first.
func (p *Program) leafOf(q *Param) int {
	for i, h := range p.params {
		if h.p == q {
			return len(p.order) + i
		}
	}
	panic("graph: parameter " + q.Label + " is not held")
}

// A lowering writes the nodes of the program, or of a body, as values.
type lowering struct {
	p    *Program
	q    *plan
	b    *ir.Builder
	refs []ir.Ref // of the nodes, by their places
	x    []ir.Ref // operands of the node, lent to its op

	stuck bool // something without elements is used in a way that has no instructions

	// of a body
	outer *lowering
	in    *ir.LoopBuilder
	prog  int // which of the loop's programs this is
	same  map[int]int
}

// empty reports whether r stands for an array without elements. It has a shape
// alone: there is nothing to compute.
func empty(r ir.Ref) bool { return r.V == nil }

// lower writes node n, which has number i.
func (w *lowering) lower(n *Node, i int) {
	if t := w.value(i); t.n == 0 {
		w.refs[n.at] = ir.NewRef(nil, t.Shape, nil, 0)
		return
	}
	in := w.x[:0]
	for _, x := range n.in {
		in = append(in, w.refs[x.at])
	}
	w.x = in
	w.b.Node = i
	r, ok := w.writeEmpty(i, n, in)
	if !ok {
		r = w.write(i, n, in)
	}
	w.refs[n.at] = r
	if c := (called{i, r.V.Parts}); r.V.Kind == ir.Call && r.V.Slot == i && !slices.Contains(w.q.called, c) {
		w.q.called = append(w.q.called, c)
	}
}

// writeEmpty writes a node that has operands without elements, if it has.
func (w *lowering) writeEmpty(i int, n *Node, in []ir.Ref) (r ir.Ref, ok bool) {
	if !slices.ContainsFunc(in, empty) {
		return r, false
	}
	t := w.value(i)
	if op, ok := n.op.(ShapeReader); ok {
		if r, ok := op.LowerEmpty(w.b, ir.Type{DType: ir.DType(n.typ.DType), Dims: t.Shape}, in...); ok {
			return r, true
		}
	}
	v, err := NewTensor(n.typ.DType, t.Shape...)
	operands := make([]Tensor, len(n.in))
	for k, x := range w.p.operands(i) {
		operands[k] = *w.value(x)
	}
	if err == nil && !slices.ContainsFunc(in, func(r ir.Ref) bool { return !empty(r) }) && evaluate(n, v, operands, w.p.lengths(w.q)) == nil && v.uniform() {
		return ir.Broadcast(w.b.Const(ir.DType(n.typ.DType), v.At(0)), t.Shape), true // a sum of nothing, or such
	}
	w.stuck = true
	return ir.Broadcast(w.b.Const(ir.DType(n.typ.DType), 0), t.Shape), true
}

func (w *lowering) write(i int, n *Node, in []ir.Ref) ir.Ref {
	b := w.b
	t := w.value(i)
	shape, dtype := t.Shape, ir.DType(n.typ.DType)
	switch op := n.op.(type) {
	case *input:
		return b.Input(i, dtype, shape)
	case *Param:
		return b.Leaf(w.p.leafOf(op), dtype, shape)
	case zeros:
		return ir.Broadcast(b.Const(dtype, 0), shape)
	}
	if t, ok := constant(n); ok {
		if t.uniform() && t.DType != Int64 {
			return ir.Broadcast(b.Const(dtype, t.At(0)), shape)
		}
		return w.array(i, dtype, shape)
	}
	switch op := n.op.(type) {
	case Elementwise:
		if r, ok := b.Map(op.Opcode(), in...); ok {
			return r
		}
	case Lowerer:
		if r, ok := op.Lower(b, ir.Type{DType: dtype, Dims: shape}, in...); ok {
			return r
		}
	}
	return b.Call(i, dtype, shape, w.rows(n, i), in...)
}

// rows returns how many rows of node n can be computed apart, 1 if it is one
// whole.
func (w *lowering) rows(n *Node, i int) int {
	op, ok := n.op.(Rowwise)
	shape := w.value(i).Shape
	if !ok || !op.Rowwise() || len(shape) == 0 {
		return 1
	}
	for _, x := range w.p.operands(i) {
		if s := w.value(x).Shape; len(s) == 0 || s[0] != shape[0] {
			return 1
		}
	}
	return shape[0]
}

// value returns the type of node i.
func (w *lowering) value(i int) *Tensor { return w.p.valueOf(w.q, i) }

// array returns an array of constants, which belongs to the program: bodies get
// it as they get what is the same at each step.
func (w *lowering) array(i int, d ir.DType, shape []int) ir.Ref {
	if w.outer == nil {
		return w.b.Leaf(i, d, shape)
	}
	k, ok := w.same[i]
	if !ok {
		k = w.in.Same(w.outer.array(i, d, shape))
		w.same[i] = k
	}
	return w.in.SameIn(w.prog, k)
}

// loop writes a loop for some of its results.
func (w *lowering) loop(l *Loop, results []*Node) {
	operand := func(i int) ir.Ref { return w.refs[results[0].in[i].at] }
	steps := l.Limit
	if l.Kind == ScanLoop {
		if steps = w.steps(l); steps == 0 {
			w.noSteps(l, results, operand)
			return
		}
	}
	if w.hasEmpty(l) {
		w.stuck = true
		return
	}
	var given []ir.Ref
	if l.given() > 0 {
		given = append(given, operand(0))
	}
	lb := w.b.NewLoop(ir.LoopKind(l.Kind), steps, l.Reverse, given...)
	lb.Thrifty = l.Again
	for i := range l.Args {
		switch x := operand(i + l.given()); {
		case i < l.Carries:
			lb.Carry(x)
		case i < l.Carries+l.Slices:
			lb.Cut(x)
		default:
			lb.Same(x)
		}
	}
	arrays := map[int]int{}
	run := func(y []*Node) []ir.Ref { return w.body(l, lb, arrays, y) }
	var want []ir.LoopResult
	var each []*Node
	for _, n := range results {
		r := n.op.(Looper).Parts()
		k := slices.Index(l.Args, r.Each)
		switch {
		case r.Each == nil:
			want = append(want, ir.LoopResult{Carry: r.I})
		case k >= 0 && k < l.Carries:
			want = append(want, ir.LoopResult{Carry: k, Trail: true})
		default:
			want = append(want, ir.LoopResult{Carry: -1})
			each = append(each, r.Each)
		}
	}
	var other []ir.Ref
	if l.Test != nil {
		other = run([]*Node{l.Test})
	}
	next := run(slices.Concat(l.Next, each))
	if l.Kind == Branch {
		other = run(l.Else)
	}
	stack := next[len(l.Next):]
	for k := range want {
		if want[k].Carry < 0 {
			want[k].Each, stack = stack[0], stack[1:]
		}
	}
	for k, r := range lb.Finish(next[:len(l.Next)], other, want) {
		w.refs[results[k].at] = r
	}
}

// noSteps writes the results of a scan without steps: carries are what they were.
func (w *lowering) noSteps(l *Loop, results []*Node, operand func(i int) ir.Ref) {
	for _, n := range results {
		if r := n.op.(Looper).Parts(); r.Each == nil {
			w.refs[n.at] = operand(r.I)
		} else {
			w.refs[n.at] = ir.NewRef(nil, append([]int{0}, w.value(len(w.p.order)+len(w.p.params)+l.first+int(r.Each.at)).Shape...), nil, 0)
		}
	}
}

// hasEmpty reports whether a value in a loop has no elements.
func (w *lowering) hasEmpty(l *Loop) bool {
	first := len(w.p.order) + len(w.p.params) + l.first
	for i := range len(l.Args) + len(l.order) {
		if w.value(first+i).n == 0 {
			return true
		}
	}
	return slices.ContainsFunc(l.order, func(n *Node) bool {
		op, ok := n.op.(Looper)
		if !ok {
			return false
		}
		m := op.Parts().Loop
		return (m.Kind != ScanLoop || w.steps(m) > 0) && w.hasEmpty(m)
	})
}

// steps returns the number of steps of a scan.
func (w *lowering) steps(l *Loop) int {
	n, err := w.p.value(l.Length, w.q.dims)
	if err != nil {
		panic(err) // the lengths of results have been computed before
	}
	return n
}

// body writes a program of a loop that computes y.
func (w *lowering) body(l *Loop, lb *ir.LoopBuilder, arrays map[int]int, y []*Node) []ir.Ref {
	b := &lowering{p: w.p, q: w.q, b: lb.Program(len(l.order)), refs: make([]ir.Ref, len(l.Args)+len(l.order)), outer: w, in: lb, prog: lb.Last(), same: arrays}
	for i := range l.Args {
		switch {
		case i < l.Carries:
			b.refs[i] = lb.CarryIn(b.prog, i)
		case i < l.Carries+l.Slices:
			b.refs[i] = lb.CutIn(b.prog, i-l.Carries)
		default:
			b.refs[i] = lb.SameIn(b.prog, i-l.Carries-l.Slices)
		}
	}
	need := map[*Node]bool{}
	for _, n := range Topo(y...) {
		need[n] = true
	}
	first := len(w.p.order) + len(w.p.params) + l.first
	for i, n := range l.order {
		if !need[n] {
			continue
		}
		at := int(n.at)
		op, ok := n.op.(Looper)
		if !ok {
			b.lower(n, first+at)
			continue
		}
		var results []*Node // of the same loop on the same operands, if this is the first one
		for k, m := range l.order {
			if o, ok := m.op.(Looper); ok && need[m] && o.Parts().Loop == op.Parts().Loop && slices.Equal(m.in, n.in) {
				if k < i {
					break
				}
				results = append(results, m)
			}
		}
		if len(results) > 0 {
			b.b.Node = first + at
			b.loop(op.Parts().Loop, results)
		}
	}
	out := make([]ir.Ref, len(y))
	for i, n := range y {
		out[i] = b.refs[n.at]
	}
	return out
}
