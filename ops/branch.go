package ops

import (
	"slices"

	"github.com/adjointml/adjoint/graph"
)

// While runs body as long as test, a scalar Bool about the carries, is true, and
// returns the last carries. They keep their types. Both functions are called once,
// to build their graphs, and may use any other nodes.
//
// The gradient needs a limit, the most steps there can be: it keeps the carries of
// so many. With a limit other than 0 the loop also ends after so many steps;
// without, it has no gradient, and a test that stays true runs until the run is
// cancelled.
func While(test func(carry []*Node) *Node, body func(carry []*Node) []*Node, init []*Node, limit int) []*Node {
	w := &whiling{test: test, body: body, init: init, limit: limit}
	bad := broken("while", init...)
	switch {
	case bad != nil:
	case limit < 0:
		bad = graph.Fail("while", init, "the limit %d is negative: want the most steps, or 0 for no limit", limit)
	case len(init) == 0:
		bad = graph.Fail("while", nil, "there are no carries, so the test could not change")
	}
	if bad != nil {
		return slices.Repeat([]*Node{bad}, len(init))
	}
	return w.build()
}

// whiling is a While that is being built.
type whiling struct {
	test  func(carry []*Node) *Node
	body  func(carry []*Node) []*Node
	init  []*Node
	limit int
}

func (w *whiling) build() []*Node {
	mark := num(0) // younger nodes are the body's
	l := &graph.Loop{Kind: graph.WhileLoop, Carries: len(w.init), Limit: w.limit, Since: mark}
	for _, x := range w.init {
		l.Args = append(l.Args, graph.Arg(x.Type()))
	}
	test, next := w.test(slices.Clone(l.Args)), w.body(slices.Clone(l.Args))
	if bad := w.check(test, next); bad != nil {
		return slices.Repeat([]*Node{bad}, len(w.init))
	}
	init := w.init
	all, step := stepped(append([]*Node{test}, next...), mark)
	if step != nil { // a carry that counts the steps
		init, all = append(slices.Clone(init), graph.ScalarOf(graph.Int64, 0)), append(all, Add(step, num(1)))
		l.Args, l.Carries = append(l.Args, step), l.Carries+1
	}
	all, more, free := graph.Close(all, mark, mark, l.Args)
	l.Test, l.Next = all[0], all[1:]
	l.Args = append(l.Args, more...)
	l.States = states(l, all)
	operands := slices.Concat(init, free)
	out := make([]*Node, len(w.init))
	for i := range out {
		out[i] = graph.Apply(whileOp{graph.Result{Loop: l, I: i}}, operands...)
	}
	return out
}

// check returns a poisoned node if the functions' results do not fit.
func (w *whiling) check(test *Node, next []*Node) *Node {
	if bad := broken("while", append([]*Node{test}, next...)...); bad != nil {
		return bad
	}
	if test.Type() != (Type{DType: graph.Bool}) {
		return graph.Fail("while", []*Node{test}, "the test is {0}: want a single Bool, such as ops.Less of two scalars")
	}
	return checkCarries("while", w.init, next)
}

// A whileOp is a result of While.
type whileOp struct{ graph.Result }

func (w whileOp) With(r graph.Result) graph.Op { return whileOp{r} }
func (w whileOp) family() any                  { return w.Loop }

// Doc writes f for the body.
func (w whileOp) Doc() graph.Doc {
	return doc("Runs the same steps as long as a test holds, each with what the one before passed on.",
		"y[t] = where(test(y[t - 1]), f(y[t - 1]), y[t - 1])", "ȳ[t - 1] = where(test(y[t - 1]), vjp(f, ȳ[t]), ȳ[t])")
}
func (w whileOp) VJP(y, ct *Node, x ...*Node) []*Node {
	return w.vjp([]*Node{y}, []*Node{ct}, x...)
}

// vjp is that of a Scan of as many steps as there may be, each of which does
// nothing once the test is false.
func (w whileOp) vjp(y, ct []*Node, x ...*Node) []*Node {
	l := w.Loop
	if l.Limit == 0 {
		bad := graph.Fail("while", y[:1], "no gradient without a limit: pass the most steps that there can be")
		return slices.Repeat([]*Node{bad}, len(x))
	}
	first, same := x[:l.Carries], x[l.Carries:]
	stand := func(c, same []*Node) map[*Node]*Node {
		to := map[*Node]*Node{}
		for i, a := range l.Args {
			if i < l.Carries {
				to[a] = c[i]
			} else {
				to[a] = same[i-l.Carries]
			}
		}
		return to
	}
	// on arguments of its own, for the gradient stops at the operands
	inputs := make([]*Node, len(x))
	for i, n := range x {
		inputs[i] = graph.Arg(n.Type())
	}
	s := &scanning{init: inputs[:l.Carries], since: l.Since, ScanOptions: ScanOptions{Length: Dim(l.Limit)}}
	last, _ := s.build(func(c, _ []*Node) (next, _ []*Node) {
		to := stand(c, inputs[l.Carries:])
		goOn := graph.Rewrite([]*Node{l.Test}, to)[0]
		return branch(goOn, l.Since, func() []*Node { return graph.Rewrite(l.Next, to) }, func() []*Node { return c }), nil
	})
	var of, with, wrt []*Node
	var at []int
	for i, n := range y {
		of, with = append(of, last[n.Op().(whileOp).I]), append(with, ct[i])
	}
	for i, n := range inputs {
		if n.DType().Float() {
			wrt, at = append(wrt, n), append(at, i)
		}
	}
	to := map[*Node]*Node{}
	for i, n := range inputs {
		to[n] = slices.Concat(first, same)[i]
	}
	out := make([]*Node, len(x))
	for k, g := range graph.Rewrite(Pullback(of, with, wrt), to) {
		out[at[k]] = g
	}
	return out
}

// checkCarries returns a poisoned node if the next carries are not of the types of
// the first ones.
func checkCarries(name string, init, next []*Node) *Node {
	if len(next) != len(init) {
		return graph.Fail(name, init, "the body returns %d carries, but there are %d: return the next value of each", len(next), len(init))
	}
	for i, n := range next {
		if x := init[i]; n.Type() != x.Type() {
			return graph.Fail(name, []*Node{x, n}, "carry %d is %v before the first step, but %v after it: it must keep its dtype and shape", i, x.Type(), n.Type())
		}
	}
	return nil
}

// Cond returns the results of then where the scalar Bool test is true, and else
// those of other. Only one of the two is computed. Both return as many values of
// the same types, and may use any other nodes; the functions are called once, to
// build their graphs. Gradients flow through what was computed.
//
// [Where] chooses between elements, both of which are computed.
func Cond(test *Node, then, other func() []*Node) []*Node { return branch(test, nil, then, other) }

// branch is Cond; since is as in scanning.
func branch(test, since *Node, then, other func() []*Node) []*Node {
	mark := num(0) // younger nodes are the branches'
	l := &graph.Loop{Kind: graph.Branch, Since: mark}
	if since != nil {
		l.Since = since
	}
	yes, no := then(), other()
	if bad := checkBranches(test, yes, no); bad != nil {
		return slices.Repeat([]*Node{bad}, len(yes))
	}
	all, more, free := graph.Close(slices.Concat(yes, no), mark, l.Since, nil)
	l.Args, l.Next, l.Else = more, all[:len(yes)], all[len(yes):]
	l.States = states(l, all)
	operands := append([]*Node{test}, free...)
	out := make([]*Node, len(yes))
	for i := range out {
		out[i] = graph.Apply(condOp{graph.Result{Loop: l, I: i}}, operands...)
	}
	return out
}

// checkBranches returns a poisoned node if the results do not fit.
func checkBranches(test *Node, yes, no []*Node) *Node {
	if bad := broken("cond", slices.Concat([]*Node{test}, yes, no)...); bad != nil {
		return bad
	}
	if test.Type() != (Type{DType: graph.Bool}) {
		return graph.Fail("cond", []*Node{test}, "the condition is {0}: want a single Bool; ops.Where chooses between elements")
	}
	if len(yes) != len(no) {
		return graph.Fail("cond", []*Node{test}, "the branches return %d and %d values: want as many", len(yes), len(no))
	}
	for i := range yes {
		if yes[i].Type() != no[i].Type() {
			return graph.Fail("cond", []*Node{yes[i], no[i]}, "value %d is %v in one branch, but %v in the other: want one dtype and shape", i, yes[i].Type(), no[i].Type())
		}
	}
	return nil
}

// A condOp is a result of Cond.
type condOp struct{ graph.Result }

func (c condOp) With(r graph.Result) graph.Op { return condOp{r} }
func (c condOp) family() any                  { return c.Loop }

// Doc writes f and g for the branches.
func (c condOp) Doc() graph.Doc {
	return doc("Runs one of two branches as a single condition says, and not the other.", "y = where(a, f(x), g(x))", "ā = 0; x̄ = where(a, vjp(f, ȳ), vjp(g, ȳ))")
}
func (c condOp) VJP(y, ct *Node, x ...*Node) []*Node {
	return c.vjp([]*Node{y}, []*Node{ct}, x...)
}

// vjp is a Cond of the gradients of both branches, each of which computes its
// branch again.
func (c condOp) vjp(y, ct []*Node, x ...*Node) []*Node {
	l := c.Loop
	var wrt []*Node
	var at []int
	for i, a := range l.Args {
		if a.DType().Float() {
			wrt, at = append(wrt, a), append(at, i+1)
		}
	}
	to := map[*Node]*Node{}
	for i, a := range l.Args {
		to[a] = x[i+1]
	}
	cts := make([]*Node, len(y)) // arguments, for the gradient does not go into cotangents
	for i, n := range ct {
		cts[i] = graph.Arg(n.Type())
		to[cts[i]] = n
	}
	gradient := func(of []*Node) func() []*Node {
		chosen := make([]*Node, len(y))
		for i, n := range y {
			chosen[i] = of[n.Op().(condOp).I]
		}
		return func() []*Node {
			return graph.Rewrite(Pullback(chosen, cts, wrt), to)
		}
	}
	out := make([]*Node, len(x))
	for k, g := range branch(x[0], l.Since, gradient(l.Next), gradient(l.Else)) {
		out[at[k]] = g
	}
	return out
}
