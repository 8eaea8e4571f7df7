package graph

import (
	"fmt"
	"slices"
)

// loops makes each loop what this program needs of it: the body of this mode,
// simplified as the rest is, without the carries, slices and results that nothing
// reads. What a body assigns becomes assignments here.
func (c *compilation) loops() error {
	var all []*special
	of := map[*Loop]*special{}
	for _, n := range c.order {
		if op, ok := n.op.(Looper); ok {
			r := op.Parts()
			if of[r.Loop] == nil {
				of[r.Loop] = &special{old: r.Loop, last: map[int]bool{}}
				all = append(all, of[r.Loop])
			}
			of[r.Loop].want(r)
		}
	}
	if len(all) == 0 {
		return nil
	}
	for _, s := range all {
		if err := s.compile(c.training); err != nil {
			return err
		}
	}
	share(all)
	order := make([]*Node, 0, len(c.order))
	for _, n := range c.order {
		if op, ok := n.op.(Looper); ok {
			order = append(order, of[op.Parts().Loop].replace(n)...)
		}
		order = append(order, n)
	}
	c.order = order
	for i, n := range order {
		n.at = int32(i)
	}
	return nil
}

// A special is a loop on its way to being made for one program.
type special struct {
	old   *Loop
	last  map[int]bool // the carries whose last value is wanted
	each  []*Node      // what is wanted of each step
	sub   *compilation // of the body
	loop  *Loop
	now   []int   // the new place of each carry, or result of a branch
	kept  []int   // the arguments that are left, carries first
	extra []*Node // operands of further carries, after the others
	free  []*Node // and of arguments that are the same at each step, after all
	store []storing

	placed bool // the operands above are among the nodes
}

// A storing is an assignment that the body makes: of operand arg, or of carry i
// at the end.
type storing struct {
	p      *Param
	arg, i int
}

func (s *special) want(r Result) {
	if r.Each == nil {
		s.last[r.I] = true
	} else if !slices.Contains(s.each, r.Each) {
		s.each = append(s.each, r.Each)
	}
}

// compile runs the passes on the body and finds out what is left of the loop.
func (s *special) compile(training bool) error {
	l := s.old
	s.sub = &compilation{training: training, inner: true, roots: slices.Concat(l.Args, l.roots(s.each...))}
	s.sub.order, s.sub.copies = topo(s.sub.roots)
	s.sub.out = slices.Clone(s.sub.roots)
	for _, pass := range passes {
		if pass.body {
			if err := pass.run(s.sub); err != nil {
				return err
			}
		}
	}
	out := s.sub.out
	take := func(n int) (part []*Node) { part, out = out[:n:n], out[n:]; return part }
	m := *l
	m.Args, m.Next, m.Else = take(len(l.Args)), take(len(l.Next)), take(len(l.Else))
	if l.Test != nil {
		m.Test = take(1)[0]
	}
	s.loop = &m
	each := out
	if err := s.assignments(); err != nil {
		return err
	}
	s.parameters()
	s.shrink(each)
	return nil
}

// assignments makes those of the body carries, or finds the operand that is
// stored.
func (s *special) assignments() error {
	m := s.loop
	for _, u := range s.sub.update {
		if i := slices.Index(m.Args, u.v); i >= m.Carries+m.Slices {
			s.store = append(s.store, storing{p: u.p, arg: i, i: -1})
			continue
		}
		if m.Kind == Branch {
			return fmt.Errorf("%s: cond: a branch assigns parameter %s what it computes: assign the result of Cond instead", u.v.Pos(), u.p.Label)
		}
		s.store = append(s.store, storing{p: u.p, arg: -1, i: len(s.extra)})
		s.extra = append(s.extra, u.p.Node().copy())
		m.Next = append(m.Next, u.v)
	}
	for _, n := range s.extra {
		a := Arg(*n.typ)
		m.Args = slices.Insert(m.Args, m.Carries, a)
		m.Carries++
	}
	if k := len(s.extra); k > 0 { // arguments have moved
		for i := range s.store {
			if s.store[i].arg >= 0 {
				s.store[i].arg += k
			}
		}
	}
	return nil
}

// copy returns n as a further node of a compilation.
func (n *Node) copy() *Node {
	m := *n
	m.id, m.in = lastID.Add(1), slices.Clone(n.in)
	return &m
}

// parameters makes arguments of the parameters that the loops in the body store.
func (s *special) parameters() {
	for _, n := range s.sub.order {
		if isParam(n) {
			s.free = append(s.free, n.copy())
			n.op = &arg{typ: *n.typ}
			s.loop.Args = append(s.loop.Args, n)
		}
	}
}

// shrink drops the carries, arguments and nodes that nothing needs.
func (s *special) shrink(each []*Node) {
	m := s.loop
	alive := make([]bool, len(m.Next))
	for i := range m.Next {
		alive[i] = s.last[i] || i >= len(s.old.Next)
	}
	live := s.reach(each, alive)
	for i := 0; i < m.Carries; i++ { // a carry lives by what reads it
		if !alive[i] && live[m.Args[i]] {
			alive[i] = true
			live, i = s.reach(each, alive), -1
		}
	}
	next, args := m.Next, m.Args
	m.Next, m.Args = nil, nil
	s.now = make([]int, len(next))
	for i := range next {
		s.now[i] = len(m.Next)
		if alive[i] {
			m.Next = append(m.Next, next[i])
		}
	}
	if m.Kind == Branch {
		var other []*Node
		for i := range next {
			if alive[i] {
				other = append(other, m.Else[i])
			}
		}
		m.Else = other
	}
	carries, slices := m.Carries, m.Slices
	m.Carries, m.Slices = 0, 0
	for i, a := range args {
		switch {
		case i < carries && alive[i]:
			m.Carries++
		case i < carries || !live[a]:
			continue
		case i < carries+slices:
			m.Slices++
		}
		s.kept = append(s.kept, i)
		m.Args = append(m.Args, a)
	}
	for _, n := range s.sub.order {
		if live[n] && !isArg(n) {
			m.order = append(m.order, n)
		}
	}
	for i, n := range m.Args {
		n.at = int32(i)
	}
	for i, n := range m.order {
		n.at = int32(len(m.Args) + i)
	}
	m.each = each
}

// reach returns the nodes that results and living carries need.
func (s *special) reach(each []*Node, alive []bool) map[*Node]bool {
	m := s.loop
	stack := slices.Clone(each)
	if m.Test != nil {
		stack = append(stack, m.Test)
	}
	for i, n := range m.Next {
		if alive[i] {
			stack = append(stack, n)
			if m.Kind == Branch {
				stack = append(stack, m.Else[i])
			}
		}
	}
	live := map[*Node]bool{}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !live[n] {
			live[n] = true
			stack = append(stack, n.in...)
		}
	}
	return live
}

// replace makes n a result of the new loop, and returns the nodes that this
// needs before it.
func (s *special) replace(n *Node) (before []*Node) {
	op := n.op.(Looper)
	r := op.Parts()
	first := s.loop.given()
	old := slices.Clone(n.in)
	own := s.old.Carries // of the operands, those before the further carries
	operand := func(i int) *Node {
		switch k := len(s.extra); {
		case i < own:
			return old[first+i]
		case i < own+k:
			return s.extra[i-own]
		case i-k < len(s.old.Args):
			return old[first+i-k]
		default:
			return s.free[i-k-len(s.old.Args)]
		}
	}
	if !s.placed {
		before, s.placed = slices.Concat(s.extra, s.free), true
	}
	in := slices.Clone(old[:first])
	for _, i := range s.kept {
		in = append(in, operand(i))
	}
	q := Result{Loop: s.loop, I: r.I}
	if r.Each != nil {
		q.Each = s.loop.each[slices.Index(s.each, r.Each)]
	} else {
		q.I = s.now[r.I]
	}
	if len(s.store) == 0 {
		n.op, n.in = op.With(q), in
		return before
	}
	m := n.copy()
	m.op, m.in = op.With(q), in
	before = append(before, m)
	n.op, n.in = effects{}, []*Node{m}
	for _, st := range s.store {
		var v *Node
		if st.arg >= 0 {
			v = operand(st.arg)
		} else {
			v = m.copy()
			v.op, v.typ = op.With(Result{Loop: s.loop, I: s.now[len(s.old.Next)+st.i]}), st.p.Node().typ
			before = append(before, v)
		}
		a := v.copy()
		a.op, a.in = assign{st.p}, []*Node{v}
		before = append(before, a)
		n.in = append(n.in, a)
	}
	return before
}

// effects is its first operand, with the assignments that computing it makes.
type effects struct{}

func (effects) Name() string { return "effects" }
func (effects) Doc() Doc {
	return Doc{Text: "The first operand; computing it also makes the assignments of a loop.", Formula: "y = a", Gradient: "ā = ȳ"}
}
func (effects) Infer(in ...Type) (Type, error) { return in[0], nil }
func (effects) Eval(out Tensor, in ...Tensor)  { out.Copy(in[0]) }
func (effects) VJP(_, ct *Node, x ...*Node) (g []*Node) {
	g = make([]*Node, len(x))
	g[0] = ct
	return g
}
func (effects) Choose(bool) int { return 0 }
func (effects) Also() bool      { return true }
