package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Compile plans the evaluation of the given nodes. It reports every mistake
// made while they were built, in the order they were made. InTraining is its
// second operand here; assignments among the nodes are made.
func Compile(out ...*Node) (*Program, error) { return compile(false, out, nil) }

// CompileTraining is Compile for a training step: InTraining is its first
// operand, and each run also makes the given assignments.
func CompileTraining(out []*Node, assign ...*Node) (*Program, error) {
	return compile(true, out, assign)
}

// A compilation is the graph on its way to a program. From the pass own on its
// nodes are copies that nobody else sees, so that passes may change them.
type compilation struct {
	training bool
	inner    bool // of the body of a loop
	roots    []*Node
	copies   Table[*Node] // at first of each node itself
	order    []*Node      // each after its operands
	spare    []*Node      // memory for the order that the next pass makes
	done     []*Node      // memory of a pass: what has become of each node
	out      []*Node
	update   []update
}

// An update stores a value in a parameter when a run ends.
type update struct {
	p *Param
	v *Node
}

// passes are what compile does, in order, and why there. Those that are for
// bodies are done to each loop's body too.
var passes []pass

type pass struct {
	name   string
	run    func(c *compilation) error
	body   bool
	reason string
}

func init() { // the pass over loops runs the others on their bodies
	passes = []pass{
		{"check", (*compilation).check, false, "first: the rest needs nodes that exist"},
		{"own", (*compilation).own, true, "before all that changes nodes"},
		{"loops", (*compilation).loops, true, "before choose: what a body does not need in this mode must not be computed, and what it assigns is assigned here"},
		{"choose", (*compilation).choose, true, "early: what the other mode would compute is dropped, and assignments are found"},
		{"simplify", (*compilation).simplify, true, "before merging: simpler nodes meet more equals"},
		{"fold", (*compilation).fold, true, "after simplify, which makes constants meet"},
		{"merge", (*compilation).merge, true, "after folding, so that equal constants are one"},
		{"prune", (*compilation).prune, true, "last: drops what the others made dead"},
		{"values", (*compilation).values, false, "on what is left: only parameters and symbols in use must have a value"},
	}
}

func compile(training bool, out, assigns []*Node) (*Program, error) {
	roots := slices.Concat(out, assigns)
	if i := slices.Index(roots, nil); i >= 0 {
		return nil, fmt.Errorf("compile: node %d is nil", i)
	}
	c := &compilation{training: training, roots: roots, out: slices.Clone(out)}
	c.order, c.copies = topo(roots)
	dump := newDump()
	for _, pass := range passes {
		if err := pass.run(c); err != nil {
			return nil, err
		}
		if dump != nil {
			dump(pass.name, list(c.order))
		}
	}
	p, err := newProgram(c)
	if err != nil {
		return nil, err
	}
	p.dump = dump
	if len(p.symbols) == 0 { // all lengths are known: plan now
		_, err = p.plan(nil)
	}
	return p, err
}

// check reports the mistakes made while the nodes were built.
func (c *compilation) check() error { return errors.Join(mistakes(c.order)...) }

// own replaces the nodes by copies.
func (c *compilation) own() error {
	edges := 0
	for _, n := range c.order {
		edges += len(n.in)
	}
	copies, in := make([]Node, len(c.order)), make([]*Node, edges)
	for i, n := range c.order {
		m := &copies[i]
		*m = *n
		m.in, in = in[:len(n.in):len(n.in)], in[len(n.in):]
		for k, x := range n.in {
			m.in[k] = *c.copies.At(x)
		}
		m.stamp, m.at = 0, int32(i)
		*c.copies.At(n) = m
		c.order[i] = m
	}
	for i, n := range c.roots {
		c.roots[i] = *c.copies.At(n)
	}
	c.copies = Table[*Node]{}
	copy(c.out, c.roots)
	return nil
}

// choose replaces the ops that stand for one of their operands, drops what
// only the others need, and collects the assignments of what is left.
func (c *compilation) choose() error {
	live := make([]bool, len(c.order))
	for stack := c.roots; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if live[n.at] {
			continue
		}
		live[n.at] = true
		if op, ok := n.op.(Chooser); ok && !op.Also() {
			stack = append(stack, n.in[op.Choose(c.training)])
		} else {
			stack = append(stack, n.in...)
		}
	}
	c.drop(func(n *Node) bool { return !live[n.at] && !isInput(n) }) // prune decides on inputs
	for _, n := range c.order {
		if a, ok := n.op.(assign); ok {
			c.update = append(c.update, update{a.p, n})
		}
	}
	c.rewrite(func(n *Node) *Node {
		if op, ok := n.op.(Chooser); ok {
			return n.in[op.Choose(c.training)]
		}
		return n
	})
	return nil
}

// simplify lets each op write itself more simply, as often as it can.
func (c *compilation) simplify() error {
	c.rewrite(func(n *Node) *Node {
		for {
			op, ok := n.op.(Simplifier)
			if !ok {
				return n
			}
			mark := lastID.Load()
			m := op.Simplify(n.in...)
			if m == nil {
				return n
			}
			stamp(mark, []*Node{m}, func(made *Node) { made.pc, made.scope, made.from = n.pc, n.scope, n.from })
			if m.err != nil || *m.typ != *n.typ {
				panic(fmt.Sprintf("graph: %v simplified to %v: %v", n, m, m.Err()))
			}
			n = m
		}
	})
	return nil
}

// fold computes small values that depend on constants alone.
func (c *compilation) fold() error {
	most := 1 << 12 // elements; more is not worth the memory
	if c.inner {
		most = 1 // an array would need memory of its own at each step
	}
	c.rewrite(func(n *Node) *Node {
		if len(n.in) == 0 || slices.ContainsFunc(n.in, func(x *Node) bool { return !isConstant(x) }) {
			return n
		}
		if _, loop := n.op.(Looper); loop { // may take long
			return n
		}
		shape, ok := n.typ.Shape.Literal()
		if size, err := count(shape); !ok || err != nil || size > most {
			return n
		}
		in := make([]Tensor, len(n.in))
		for i, x := range n.in {
			in[i], _ = constant(x)
		}
		out, _ := NewTensor(n.typ.DType, shape...)
		if evaluate(n, out, in, nil) != nil {
			return n // the run reports it, if it gets there
		}
		n.op, n.in = &literal{value: out}, nil
		return n
	})
	return nil
}

// isConstant reports whether the value of n is known.
func isConstant(n *Node) bool {
	switch n.op.(type) {
	case *literal, scalar:
		return true
	}
	return false
}

// constant returns the value of n if it is known.
func constant(n *Node) (Tensor, bool) {
	switch op := n.op.(type) {
	case *literal:
		return op.value, true
	case scalar:
		t, _ := NewTensor(op.typ)
		t.Set(0, op.val())
		return t, true
	}
	return Tensor{}, false
}

// prune drops the nodes that no result depends on.
func (c *compilation) prune() error {
	live := make([]bool, len(c.order))
	for _, n := range c.out {
		live[n.at] = true
	}
	for _, u := range c.update {
		live[u.v.at] = true
	}
	for i, n := range slices.Backward(c.order) {
		if live[i] {
			for _, x := range n.in {
				live[x.at] = true
			}
		}
	}
	c.keepLengths(live)
	c.drop(func(n *Node) bool { return !live[n.at] })
	return nil
}

// drop removes nodes that no others need.
func (c *compilation) drop(dead func(n *Node) bool) {
	kept := c.order[:0]
	for _, n := range c.order {
		if dead(n) {
			n.at = -1
			continue
		}
		n.at = int32(len(kept))
		kept = append(kept, n)
	}
	c.order = kept
}

// keepLengths keeps the inputs whose values nothing needs, but whose shapes
// alone give the lengths that live nodes have.
func (c *compilation) keepLengths(live []bool) {
	need, given := map[Dim]bool{}, map[Dim]bool{}
	for i, n := range c.order {
		if !live[i] {
			continue
		}
		n.eachSymbol(func(_ *Node, s Dim) { need[s] = true })
		if !isInput(n) {
			continue
		}
		for _, d := range n.typ.Shape.Dims() {
			if s, ok := d.linear(); ok {
				given[s] = true
			}
		}
	}
	for i, n := range c.order {
		if live[i] || !isInput(n) {
			continue
		}
		for _, d := range n.typ.Shape.Dims() {
			if s, ok := d.linear(); ok && need[s] && !given[s] {
				given[s], live[i] = true, true
			}
		}
	}
}

// eachSymbol visits the symbols in the types of n and of the nodes in the body of
// its loop.
func (n *Node) eachSymbol(visit func(n *Node, s Dim)) {
	for _, d := range n.typ.Shape.dim[:n.typ.Shape.rank] {
		for _, s := range d.symbols() {
			visit(n, s)
		}
	}
	if op, ok := n.op.(Looper); ok {
		l := op.Parts().Loop
		for _, s := range l.Length.Symbols() {
			visit(n, s)
		}
		for _, m := range l.order {
			m.eachSymbol(visit)
		}
	}
}

func isInput(n *Node) bool {
	_, ok := n.op.(*input)
	return ok
}

// values reports parameters without a value and symbols that no input gives.
func (c *compilation) values() error {
	var errs []error
	var without []*Node // parameters that nobody initialized: one mistake
	given := map[Dim]bool{}
	for _, n := range c.order {
		switch op := n.op.(type) {
		case *Param:
			if op.Value == nil {
				without = append(without, n)
			} else if _, err := op.tensor(); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", n.Pos(), err))
			}
		case *input:
			for _, d := range op.typ.Shape.Dims() {
				if s, ok := d.linear(); ok {
					given[s] = true
				}
			}
		}
	}
	if len(without) > 0 {
		errs = append(errs, uninitialized(without))
	}
	for _, n := range c.order {
		n.eachSymbol(func(n *Node, s Dim) {
			if !given[s] {
				given[s] = true // once is enough
				errs = append(errs, fmt.Errorf("%s: %s: the length %v is unknown: no input of this program has it as an axis", n.Pos(), n.op.Name(), s))
			}
		})
	}
	return errors.Join(errs...)
}

// uninitialized reports parameters without a value in one line.
func uninitialized(params []*Node) error {
	const few = 4
	var names []string
	for _, n := range params[:min(few, len(params))] {
		names = append(names, n.op.(*Param).Label)
	}
	text := "parameter " + names[0] + " has"
	if len(params) > 1 {
		text = "parameters " + strings.Join(names, ", ") + " have"
	}
	if more := len(params) - few; more > 0 {
		text = fmt.Sprintf("parameters %s and %d more have", strings.Join(names, ", "), more)
	}
	return fmt.Errorf("%s: %s no value: call nn.Init(model, seed) once the model has been applied", params[0].Pos(), text)
}

// rewrite replaces each node by what f makes of it once its operands are
// replaced; the new nodes that this needs are listed before it.
func (c *compilation) rewrite(f func(n *Node) *Node) {
	pass := newStamp()
	order := slices.Grow(c.spare[:0], len(c.order))
	var list func(n *Node)
	list = func(n *Node) { // as deep as what one simplification makes
		if n.stamp == pass {
			return
		}
		n.stamp = pass
		for _, x := range n.in {
			list(x)
		}
		order = append(order, n)
	}
	done := slices.Grow(c.done[:0], len(c.order))[:len(c.order)]
	c.done = done
	for i, n := range c.order {
		for k, x := range n.in {
			n.in[k] = nil
			if x.at >= 0 { // not dropped
				n.in[k] = done[x.at]
			}
		}
		done[i] = f(n)
		list(done[i])
	}
	for i, n := range c.out {
		c.out[i] = done[n.at]
	}
	for i, u := range c.update {
		c.update[i].v = done[u.v.at]
	}
	c.order, c.spare = order, c.order
	for i, n := range order {
		n.at = int32(i)
	}
}
