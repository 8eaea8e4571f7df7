package ops

import (
	"math"
	"slices"

	"github.com/adjointml/adjoint/graph"
)

// ScanOptions change how [Scan] runs. The zero value is the default.
type ScanOptions struct {
	Length     Dim  // the number of steps; not needed if there are xs
	Reverse    bool // from the last slice to the first; ys keep the places of xs
	Checkpoint bool // compute steps again for the gradient rather than keep what is in them
	Lean       bool // hold nothing of a step but what is asked for, even if products of all steps together would be faster
}

// Scan runs body once for each slice of xs along axis 0, from the first to the
// last. A step gets the carries and its slices, and returns the next carries, of
// the same types, and any number of results. Scan returns the last carries, and
// each result of all steps, stacked along a new axis 0.
//
//	init [...], xs [time ...] -> carry [...], ys [time ...]
//
// The body is called once, to build its graph, whatever the number of steps, which
// may be a symbol. It may use any other nodes and parameters; gradients of all
// orders flow to them too. Random ops in it draw other numbers at each step. What
// it assigns is stored from the last step.
//
// The gradient is a Scan from the other end over what this one kept: the carries
// of each step, and what in a step is neither a function of elements nor only a
// way to read others. With Checkpoint it keeps the carries of each of about √time
// segments (of 32 steps if time is a symbol), whose steps run again, and so needs
// memory for about 2·√time steps; the body is built twice then, and random ops
// draw other numbers than without.
//
// The compiler computes sums of products after the loop, all at once, from what the
// steps leave behind. With Lean they are added up step by step, in memory that does
// not grow with the steps, and the gradient reads the carries alone.
//
// It fails if a carry changes its type, or if the lengths of xs differ.
func Scan(body func(carry, x []*Node) (next, y []*Node), init, xs []*Node, o ...ScanOptions) (carry, ys []*Node) {
	var opt ScanOptions
	if len(o) > 0 {
		opt = o[0]
	}
	s := &scanning{init: init, xs: xs, again: opt.Lean, ScanOptions: opt}
	if bad := s.check(len(o) > 1); bad != nil {
		return s.fail(body, bad)
	}
	if opt.Checkpoint {
		return s.segments(body)
	}
	return s.build(body)
}

// scanning is a Scan that is being built.
type scanning struct {
	ScanOptions
	init, xs []*Node
	again    bool  // the gradient keeps nothing but the carries
	since    *Node // for a gradient: what made the body that it is of; nil elsewhere
}

// check returns a poisoned node if the operands do not fit.
func (s *scanning) check(many bool) *Node {
	given := slices.Concat(s.init, s.xs)
	if bad := broken("scan", given...); bad != nil {
		return bad
	}
	fail := func(format string, arg ...any) *Node { return graph.Fail("scan", given, format, arg...) }
	if many {
		return fail("more than one ScanOptions")
	}
	if len(s.xs) == 0 {
		if s.Length < 0 && !s.Length.Symbolic() || s.Length == 0 && len(s.init) == 0 {
			return fail("the number of steps is not known: pass something to go through, or ScanOptions.Length")
		}
		return nil
	}
	for i, x := range s.xs {
		switch n := x.Shape().Dim(0); {
		case x.Shape().Rank() == 0:
			return fail("{%d} has no axis to go along", len(s.init)+i)
		case i == 0 && s.Length == 0:
			s.Length = n
		case n != s.Length && i == 0:
			return fail("{%d} has %v steps, not the Length %v", len(s.init), n, s.Length)
		case n != s.Length:
			return fail("{%d} and {%d} have different lengths along axis 0, %v and %v", len(s.init), len(s.init)+i, s.Length, n)
		}
	}
	return nil
}

// fail returns as many poisoned results as the body has.
func (s *scanning) fail(body func(carry, x []*Node) (next, y []*Node), bad *Node) (carry, ys []*Node) {
	_, y := body(slices.Repeat([]*Node{bad}, len(s.init)), slices.Repeat([]*Node{bad}, len(s.xs)))
	return slices.Repeat([]*Node{bad}, len(s.init)), slices.Repeat([]*Node{bad}, len(y))
}

// build makes the loop and its results.
func (s *scanning) build(body func(carry, x []*Node) (next, y []*Node)) (carry, ys []*Node) {
	if bad := broken("scan", slices.Concat(s.init, s.xs)...); bad != nil {
		return s.fail(body, bad)
	}
	mark := num(0) // younger nodes are the body's
	l := &graph.Loop{Kind: graph.ScanLoop, Carries: len(s.init), Slices: len(s.xs), Length: s.Length, Reverse: s.Reverse, Again: s.again}
	for _, x := range s.init {
		l.Args = append(l.Args, graph.Arg(x.Type()))
	}
	for _, x := range s.xs {
		l.Args = append(l.Args, graph.Arg(x.Type().Of(x.Shape().Remove(0))))
	}
	next, y := body(slices.Clone(l.Args[:l.Carries]), slices.Clone(l.Args[l.Carries:]))
	if bad := s.checkBody(next, y); bad != nil {
		return slices.Repeat([]*Node{bad}, len(s.init)), slices.Repeat([]*Node{bad}, len(y))
	}
	xs := s.xs
	all := slices.Concat(next, y)
	if s.since == nil { // random states of a gradient know their step already
		var steps *Node
		if all, steps = stepped(all, mark); steps != nil {
			l.Args, l.Slices = append(l.Args, steps), l.Slices+1
			xs = append(slices.Clone(xs), iota(graph.Int64, graph.Of(s.Length), 0))
		}
	}
	l.Since = mark
	if s.since != nil { // constants are those of the body that this is the gradient of
		l.Since = s.since
	}
	all, more, free := graph.Close(all, mark, l.Since, l.Args)
	l.Args = append(l.Args, more...)
	l.Next, y = all[:len(next)], all[len(next):]
	l.States = states(l, all)
	operands := slices.Concat(s.init, xs, free)
	for i := range l.Next {
		carry = append(carry, graph.Apply(scanOp{graph.Result{Loop: l, I: i}}, operands...))
	}
	for _, n := range y {
		ys = append(ys, graph.Apply(scanOp{graph.Result{Loop: l, Each: n}}, operands...))
	}
	return carry, ys
}

// checkBody returns a poisoned node if the body's results do not fit.
func (s *scanning) checkBody(next, y []*Node) *Node {
	all := slices.Concat(next, y)
	if bad := broken("scan", all...); bad != nil {
		return bad
	}
	return checkCarries("scan", s.init, next)
}

// A scanOp is a result of Scan.
type scanOp struct{ graph.Result }

func (s scanOp) With(r graph.Result) graph.Op { return scanOp{r} }
func (s scanOp) family() any                  { return s.Loop }

// Doc writes f for the body.
func (s scanOp) Doc() graph.Doc {
	return doc("Runs the same steps once for each slice, each with what the one before passed on: a recurrent network.",
		"y[t] = f(y[t - 1], x[t])", "ȳ[t - 1] = vjp(f, ȳ[t]); x̄[t] = vjp(f, ȳ[t])")
}
func (s scanOp) VJP(y, ct *Node, x ...*Node) []*Node {
	return s.vjp([]*Node{y}, []*Node{ct}, x...)
}

// vjp goes through the steps from the other end. It carries the cotangents of the
// carries, and sums of those of what is the same at each step.
func (s scanOp) vjp(y, ct []*Node, x ...*Node) []*Node {
	l := s.Loop
	b := newBackward(l, y, ct)
	first := l.Carries + l.Slices
	var init []*Node
	for _, i := range b.carries {
		init = append(init, b.last(i))
	}
	for _, i := range b.same {
		init = append(init, graph.Zeros(l.Args[i].Type()))
	}
	xs := slices.Concat(b.stacked(x), b.ctEach)
	r := &scanning{init: init, xs: xs, since: l.Since, again: l.Again, ScanOptions: ScanOptions{Length: l.Length, Reverse: !l.Reverse}}
	carry, ys := r.build(func(c, slices []*Node) (next, y []*Node) {
		to := b.substitutes(c, slices, x[first:])
		g := graph.Rewrite(b.g, to)
		for k := range b.carries {
			next = append(next, g[k])
		}
		for k := range b.same {
			next = append(next, Add(c[len(b.carries)+k], g[len(b.carries)+k]))
		}
		return next, g[len(b.carries)+len(b.same):]
	})
	out := make([]*Node, len(x))
	for k, i := range slices.Concat(b.carries, b.same) {
		out[i] = carry[k]
	}
	for k, i := range b.slices {
		out[i] = ys[k]
	}
	return out
}

// A backward is the gradient of a step.
type backward struct {
	l       *graph.Loop
	ctNext  []*Node // arguments: cotangents of the next carries that are floats
	ctNode  []*Node // and of the nodes that are results of each step
	carries []int   // the arguments with a cotangent
	slices  []int
	same    []int
	g       []*Node // their cotangents, in this order
	kept    []*Node // of the step: what the gradient reads
	ctLast  map[int]*Node
	ctEach  []*Node // cotangents of all steps
}

// newBackward differentiates a step: of the results y, ct are the cotangents.
func newBackward(l *graph.Loop, y, ct []*Node) *backward {
	b := &backward{l: l, ctLast: map[int]*Node{}}
	var of, with, wrt []*Node
	for i, n := range l.Next {
		if n.DType().Float() {
			a := graph.Arg(n.Type())
			b.carries, b.ctNext = append(b.carries, i), append(b.ctNext, a)
			of, with = append(of, n), append(with, a)
		}
	}
	for i, n := range y {
		r := n.Op().(scanOp).Result
		if r.Each == nil {
			if old := b.ctLast[r.I]; old != nil {
				ct[i] = Add(old, ct[i])
			}
			b.ctLast[r.I] = ct[i]
			continue
		}
		a := graph.Arg(r.Each.Type())
		b.ctNode, b.ctEach = append(b.ctNode, a), append(b.ctEach, ct[i])
		of, with = append(of, r.Each), append(with, a)
	}
	for _, i := range b.carries {
		wrt = append(wrt, l.Args[i])
	}
	for i, a := range l.Args[l.Carries:] {
		if a.DType().Float() {
			wrt = append(wrt, a)
			if i += l.Carries; i < l.Carries+l.Slices {
				b.slices = append(b.slices, i)
			} else {
				b.same = append(b.same, i)
			}
		}
	}
	g := Pullback(of, with, wrt)
	b.arrange(g)
	b.keep(of)
	return b
}

// arrange sorts the cotangents, carries, what is the same, slices, and drops
// those that are always zero, but of carries.
func (b *backward) arrange(g []*Node) {
	n := len(b.carries)
	carries, cut, same := g[:n], g[n:n+len(b.slices)], g[n+len(b.slices):]
	drop := func(at []int, g []*Node) (left []int, some []*Node) {
		for k, i := range at {
			if !graph.IsZero(g[k]) {
				left, some = append(left, i), append(some, g[k])
			}
		}
		return left, some
	}
	b.slices, cut = drop(b.slices, cut)
	b.same, same = drop(b.same, same)
	b.g = slices.Concat(carries, same, cut)
}

// last returns the cotangent of carry i at the end.
func (b *backward) last(i int) *Node {
	if ct := b.ctLast[i]; ct != nil {
		return ct
	}
	return graph.Zeros(b.l.Next[i].Type())
}

// keep finds what the gradient needs of the step: arguments, and what is not
// computed again from those.
func (b *backward) keep(of []*Node) {
	forward := map[*Node]bool{}
	for _, n := range graph.Topo(of...) {
		forward[n] = true
	}
	seen := map[*Node]bool{}
	stack := slices.Clone(b.g)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		if _, stores := n.Op().(after); forward[n] && (stores || !b.l.Again && costly(n)) {
			b.kept = append(b.kept, n)
			continue
		}
		stack = append(stack, n.In()...)
	}
	for _, a := range b.l.Args[:b.l.Carries] {
		if seen[a] {
			b.kept = append(b.kept, a)
		}
	}
}

// costly reports whether a value of a step is kept for the gradient: it is
// neither a function of elements nor a way to read others.
func costly(n *Node) bool {
	if len(n.In()) == 0 || n.Shape().Rank() == graph.MaxRank {
		return false
	}
	switch n.Op().(type) {
	case drawer, graph.Looper:
		return true
	}
	_, simple := n.Op().(graph.Elementwise)
	return !simple && graph.Flops(n) != 0
}

// stacked returns what the gradient goes through: the slices and what is kept.
func (b *backward) stacked(x []*Node) []*Node {
	xs := slices.Clone(x[b.l.Carries : b.l.Carries+b.l.Slices])
	for _, n := range b.kept {
		xs = append(xs, graph.Apply(scanOp{graph.Result{Loop: b.l, Each: n}}, x...))
	}
	return xs
}

// substitutes returns what stands for the nodes of the forward step, and for the
// cotangents, in a backward step.
func (b *backward) substitutes(carry, cut, same []*Node) map[*Node]*Node {
	to := map[*Node]*Node{}
	for k, a := range b.ctNext {
		to[a] = carry[k]
	}
	l := b.l
	for k, a := range slices.Concat(l.Args[l.Carries:l.Carries+l.Slices], b.kept, b.ctNode) {
		to[a] = cut[k]
	}
	for k, a := range l.Args[l.Carries+l.Slices:] {
		to[a] = same[k]
	}
	return to
}

// segment is how many steps a segment of a symbolic number of steps has.
const segment = 32

// segments is a Scan with Checkpoint: one over segments, of which the gradient
// keeps the carries alone, each a Scan over its steps, and one more over the steps
// that are left.
func (s *scanning) segments(body func(carry, x []*Node) (next, y []*Node)) (carry, ys []*Node) {
	each := Dim(segment)
	if n := s.Length; n >= 0 {
		each = max(Dim(math.Round(math.Sqrt(float64(n)))), 1)
	}
	many := s.Length.Div(each)
	most, rest := many.Mul(each), s.Length.Sub(many.Mul(each))
	cut := func(i int) (xs []*Node) {
		for _, x := range s.xs {
			xs = append(xs, Split(x, 0, most, rest)[i])
		}
		return xs
	}
	head := func(init []*Node) (carry, ys []*Node) {
		xs := cut(0)
		for i, x := range xs {
			xs[i] = Reshape(x, append([]Dim{many, each}, x.Shape().Dims()[1:]...)...)
		}
		outer := &scanning{init: init, xs: xs, again: true, ScanOptions: ScanOptions{Length: many, Reverse: s.Reverse}}
		carry, ys = outer.build(func(c, x []*Node) (next, y []*Node) {
			inner := &scanning{init: c, xs: x, again: s.again, ScanOptions: ScanOptions{Length: each, Reverse: s.Reverse}}
			return inner.build(body)
		})
		for i, y := range ys {
			if y.Err() == nil {
				ys[i] = Reshape(y, append([]Dim{most}, y.Shape().Dims()[2:]...)...)
			}
		}
		return carry, ys
	}
	if rest == 0 {
		return head(s.init)
	}
	tail := func(init []*Node) (carry, ys []*Node) {
		left := &scanning{init: init, xs: cut(1), again: s.again, ScanOptions: ScanOptions{Length: rest, Reverse: s.Reverse}}
		return left.build(body)
	}
	first, second := head, tail
	if s.Reverse {
		first, second = tail, head
	}
	carry, ys = first(s.init)
	if broken("scan", slices.Concat(carry, ys)...) != nil { // once is enough
		return carry, ys
	}
	carry, more := second(carry)
	if s.Reverse {
		ys, more = more, ys
	}
	return carry, joinSteps(ys, more)
}

// joinSteps joins the results of steps with those of the steps after.
func joinSteps(ys, after []*Node) []*Node {
	all := make([]*Node, len(ys))
	for i := range ys {
		all[i] = Concat(0, ys[i], after[i])
	}
	return all
}
