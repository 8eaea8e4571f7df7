package graph

import (
	"fmt"
	"slices"
)

// Arg returns an argument of a loop's body: a value that each step gives anew.
func Arg(t Type) *Node { return Apply(&arg{typ: t}) }

// arg is held by its address, so that no two arguments are the same.
type arg struct {
	leaf
	typ Type
}

func (*arg) Name() string { return "arg" }
func (*arg) Doc() Doc {
	return Doc{Text: "What the body of a loop is given at each step."}
}
func (a *arg) Infer(...Type) (Type, error) { return a.typ, nil }

func isArg(n *Node) bool {
	_, ok := n.op.(*arg)
	return ok
}

// A LoopKind is how the body of a [Loop] is run.
type LoopKind uint8

// The kinds. The operands of a loop's results are, in the order of the
// arguments: the first values of the carries, what is cut into slices along
// axis 0, and what is the same at each step. Those of a branch have the
// condition before them.
const (
	ScanLoop  LoopKind = iota // Length steps
	WhileLoop                 // steps as long as Test holds, at most Limit
	Branch                    // one step: of the body, or of Else where the condition is false
)

// A Loop is a computation in steps, of which each runs one graph: the body. It
// is what several nodes share, each of which is one [Result] of it; the compiler
// runs it once for all of them. Its body is closed: it reaches nothing but the
// arguments and constants. A loop must not be changed.
type Loop struct {
	Kind    LoopKind
	Args    []*Node // made by Arg: Carries of them, then Slices, then the rest
	Next    []*Node // what each carry becomes; of a branch, its results
	Else    []*Node // results of the other branch
	Test    *Node   // a truth about the arguments
	Carries int
	Slices  int
	Length  Dim
	Limit   int   // 0 for none
	Reverse bool  // from the last slice to the first
	Again   bool  // its gradient computes each step again from the carries
	States  []int // the arguments that random numbers are drawn from
	Since   *Node // constants in the body are younger

	// of a loop that was made for a program
	order []*Node // the body without the arguments, which are numbered before it
	each  []*Node // the nodes that are wanted of each step
	first int     // the number of the first argument among the program's inner nodes
}

// A Result says which value of a loop a node is. It is the part that the ops of
// loops embed.
type Result struct {
	Loop *Loop
	I    int   // the carry at the end, or the branch's result
	Each *Node // instead, this node of the body at each step, stacked along a new axis 0
}

// Looper is an op that is a result of a loop.
type Looper interface {
	Op
	Parts() Result
	With(r Result) Op // the same op as another result
}

// Parts returns r.
func (r Result) Parts() Result { return r }

// Name is that of the kind of loop.
func (r Result) Name() string { return [...]string{"scan", "while", "cond"}[r.Loop.Kind] }

// String is the name with what the result is, such as "scan(carry 0)".
func (r Result) String() string {
	switch {
	case r.Each != nil:
		if i := slices.Index(r.Loop.Args, r.Each); i >= 0 {
			return fmt.Sprintf("%s(each carry %d)", r.Name(), i)
		}
		return fmt.Sprintf("%s(each %s)", r.Name(), r.Each)
	case r.Loop.Kind == Branch:
		return fmt.Sprintf("%s(%d)", r.Name(), r.I)
	}
	return fmt.Sprintf("%s(carry %d)", r.Name(), r.I)
}

// given returns how many operands come before those of the arguments.
func (l *Loop) given() int {
	if l.Kind == Branch {
		return 1
	}
	return 0
}

// operand returns the type that the operand of argument i has.
func (l *Loop) operand(i int) Type {
	t := *l.Args[i].typ
	if i >= l.Carries && i < l.Carries+l.Slices {
		t.Shape = t.Shape.Insert(0, l.Length)
	}
	return t
}

// roots returns the nodes of the body that a run needs, and more if given.
func (l *Loop) roots(more ...*Node) []*Node {
	all := slices.Concat(l.Next, l.Else)
	if l.Test != nil {
		all = append(all, l.Test)
	}
	return append(all, more...)
}

// Body returns the nodes that compute these nodes of the body, in order; without
// any, those that compute all it is run for.
func (l *Loop) Body(of ...*Node) []*Node {
	if len(of) == 0 {
		of = l.roots(l.each...)
	}
	if l.order == nil {
		return Topo(of...)
	}
	need := map[*Node]bool{} // in the compiler's order, for its copies do not keep their age
	for _, n := range Topo(of...) {
		need[n] = true
	}
	return slices.DeleteFunc(slices.Concat(l.Args, l.order), func(n *Node) bool { return !need[n] })
}

// Infer checks the operands against the arguments.
func (r Result) Infer(in ...Type) (Type, error) {
	l := r.Loop
	if len(in) != len(l.Args)+l.given() {
		return Type{}, fmt.Errorf("%d operands for %d arguments", len(in), len(l.Args))
	}
	for i := range l.Args {
		if k := i + l.given(); in[k] != l.operand(i) {
			return Type{}, fmt.Errorf("{%d} is not the %v that the body was made for", k, l.operand(i))
		}
	}
	if r.Each == nil {
		return *l.Next[r.I].typ, nil
	}
	if r.Each.typ.Rank() == MaxRank {
		return Type{}, fmt.Errorf("%v at each step has too many axes: at most %d", r.Each.typ, MaxRank-1)
	}
	return r.Each.typ.Of(r.Each.typ.Shape.Insert(0, l.Length)), nil
}

// Flops counts the whole loop with what this result needs of each step, whichever
// result it is: see [TotalFlops]. The steps of a while are not known and count as
// one; of a branch both sides count.
func (r Result) Flops(Type, ...Type) Dim { return r.Loop.flops(r.Each) }

// flops counts the loop, with these nodes of each step, nil for none.
func (l *Loop) flops(each ...*Node) Dim {
	each = slices.DeleteFunc(each, func(n *Node) bool { return n == nil })
	n := TotalFlops(l.Body(l.roots(slices.Concat(l.each, each)...)...)...)
	if l.Kind == ScanLoop {
		n = n.Mul(l.Length)
	}
	return n
}

// TotalFlops returns the number of floating-point operations that computing all of
// these nodes takes, see [Flops]: a loop counts once, however many of its results
// are among them.
func TotalFlops(nodes ...*Node) Dim {
	total := Dim(0)
	var loops []*Loop
	each := map[*Loop][]*Node{}
	for _, n := range nodes {
		op, ok := n.op.(Looper)
		if !ok {
			total = total.Add(Flops(n))
			continue
		}
		r := op.Parts()
		if _, ok := each[r.Loop]; !ok {
			loops = append(loops, r.Loop)
		}
		each[r.Loop] = append(each[r.Loop], r.Each)
	}
	for _, l := range loops {
		total = total.Add(l.flops(each[l]...))
	}
	return total
}

// Transform returns y with the nodes younger than mark made again, as f says
// from a node and its new operands; nil stands for the same op on those. It is
// how bodies of loops are closed and changed.
func Transform(y []*Node, mark *Node, f func(n *Node, in []*Node) *Node) []*Node {
	done := map[*Node]*Node{}
	for _, n := range young(y, mark) {
		in := n.in
		for i, x := range n.in {
			if to := done[x]; to != nil && to != x {
				if &in[0] == &n.in[0] {
					in = slices.Clone(in)
				}
				in[i] = to
			}
		}
		if done[n] = f(n, in); done[n] == nil {
			done[n] = n.with(in)
		}
	}
	out := slices.Clone(y)
	for i, n := range y {
		if to := done[n]; to != nil {
			out[i] = to
		}
	}
	return out
}

// Close returns y with what does not depend on the arguments replaced by further
// arguments, and the values that these are to get: parameters, inputs and what is
// computed from such alone. y was made after mark. Constants made after since
// stay, and assignments: the body makes them. Without arguments all that was made
// after mark stays.
func Close(y []*Node, mark, since *Node, args []*Node) (body, more, free []*Node) {
	inside := map[*Node]bool{}
	for _, a := range args {
		inside[a] = true
	}
	made := map[*Node]*Node{}
	lift := func(n *Node) *Node {
		switch {
		case made[n] != nil:
			return made[n]
		case len(n.in) == 0 && n.id > since.id && !isParam(n) && !isInput(n) && !isArg(n):
			return n
		}
		a := Arg(*n.typ)
		made[n] = a
		more, free = append(more, a), append(free, n)
		return a
	}
	for _, n := range young(y, mark) {
		_, stores := n.op.(assign)
		lazy := len(args) == 0 && len(n.in) > 0 // of a branch, nothing is computed before it is taken
		inside[n] = inside[n] || stores || lazy || slices.ContainsFunc(n.in, func(x *Node) bool { return inside[x] })
	}
	body = Transform(y, mark, func(n *Node, in []*Node) *Node {
		if !inside[n] {
			return n
		}
		moved := slices.Clone(in)
		for i, x := range n.in {
			if !inside[x] {
				moved[i] = lift(x)
			}
		}
		return n.with(moved)
	})
	for i, n := range y {
		if !inside[n] {
			body[i] = lift(n)
		}
	}
	return body, more, free
}

func isParam(n *Node) bool {
	_, ok := n.op.(*Param)
	return ok
}

// young returns the nodes after mark that y depends on, in order.
func young(y []*Node, mark *Node) []*Node {
	var list []*Node
	seen := map[*Node]bool{}
	stack := slices.Clone(y)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == nil || n.id <= mark.id || seen[n] {
			continue
		}
		seen[n] = true
		list = append(list, n)
		stack = append(stack, n.in...)
	}
	slices.SortFunc(list, byAge)
	return list
}
