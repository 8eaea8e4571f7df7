package ir

import "slices"

// A LoopKind is how the programs of a [LoopBody] are run.
type LoopKind uint8

// The kinds.
const (
	ScanLoop  LoopKind = iota // programs: the step
	WhileLoop                 // the test, whose only result is a truth, and the step
	Branch                    // what is done where the first operand is true, and where not
)

// A LoopBody is what several values of the kind Loop share. The operands are the
// first values of the carries, which are dense; what is cut along axis 0, the
// slice of a step being a slice of memory; and what is the same at each step.
// Branches have the condition before them. In the programs, the operand i, or the
// present value or slice of it, is the leaf with slot i.
//
// A step's results are the next carries and what is stacked. Result i of the
// loop, its value's slot, is for a carry its last value or, if it has a trail,
// all of them from the first to the last, in the order of the slices; then come
// those that are stacked.
type LoopBody struct {
	Kind     LoopKind
	Steps    int // of a scan; of a while at most, or 0
	Reverse  bool
	Programs []*Program
	Carries  int
	Slices   int
	Trail    []bool
	Starts   []int // of each operand that is cut, where slice 0 starts, in elements after its offset
}

// Results returns the number of results.
func (l *LoopBody) Results() int { return len(l.Programs[len(l.Programs)-1].Out) }

// A LoopBuilder makes a loop: operands first, then the programs by the builders
// that Program returns, then Finish.
type LoopBuilder struct {
	*LoopBody
	Thrifty bool // keep no values of steps for the sake of speed

	outer  *Builder
	carry  []Ref
	firsts []Ref // the carries as they were given
	cut    []Ref
	same   []Ref
	given  []Ref
	bodies []*loopProgram
}

// A loopProgram is one of a loop's programs while it is built.
type loopProgram struct {
	*Builder
	leafs map[int]*Value // by role and number
	out   []Ref
}

// NewLoop begins a loop among the values of b. The condition of a branch is
// given here.
func (b *Builder) NewLoop(kind LoopKind, steps int, reverse bool, given ...Ref) *LoopBuilder {
	l := &LoopBuilder{LoopBody: &LoopBody{Kind: kind, Steps: steps, Reverse: reverse}, outer: b}
	for _, r := range given {
		l.given = append(l.given, b.Dense(r))
	}
	return l
}

// Program begins another program of the loop.
func (l *LoopBuilder) Program(n int) *Builder {
	p := &loopProgram{Builder: NewBuilder(n), leafs: map[int]*Value{}}
	l.bodies = append(l.bodies, p)
	return p.Builder
}

// An operand's role is the list that it is in.
const (
	roleCarry = iota
	roleCut
	roleSame
	roles
)

// Carry adds a carry with the given first value, and returns its number.
func (l *LoopBuilder) Carry(first Ref) int {
	l.carry, l.firsts = append(l.carry, l.outer.Dense(first)), append(l.firsts, first)
	return len(l.carry) - 1
}

// Cut adds what is cut along axis 0, and returns its number.
func (l *LoopBuilder) Cut(x Ref) int {
	l.cut = append(l.cut, l.outer.real(x))
	return len(l.cut) - 1
}

// Same adds what is the same at each step, and returns its number.
func (l *LoopBuilder) Same(x Ref) int {
	l.same = append(l.same, x)
	return len(l.same) - 1
}

// leaf returns the leaf of an operand in a program.
func (p *loopProgram) leaf(role, i int, d DType, dims []int) *Value {
	k := i*roles + role
	if p.leafs[k] == nil {
		p.leafs[k] = p.append(Value{Kind: Leaf, DType: d, Dims: squeeze(dims), More: &More{Slot: k}})
	}
	return p.leafs[k]
}

// CarryIn returns carry i as program p reads it.
func (l *LoopBuilder) CarryIn(p, i int) Ref {
	x := l.carry[i]
	return shaped(l.bodies[p].leaf(roleCarry, i, x.V.DType, x.Dims), x.Dims)
}

// CutIn returns the present slice of what is cut.
func (l *LoopBuilder) CutIn(p, i int) Ref {
	x := l.cut[i]
	dims, steps := x.Dims[1:], x.Steps[1:]
	lo, n := span(dims, steps)
	if slices.Equal(steps, dense(dims)) {
		return shaped(l.bodies[p].leaf(roleCut, i, x.V.DType, dims), dims)
	}
	v := l.bodies[p].leaf(roleCut, i, x.V.DType, []int{n})
	return NewRef(v, dims, steps, -lo)
}

// SameIn returns what is the same at each step.
func (l *LoopBuilder) SameIn(p, i int) Ref {
	x := l.same[i]
	b := l.bodies[p]
	switch x.V.Kind {
	case Const:
		return Broadcast(b.Const(x.V.DType, x.V.Num), x.Dims)
	case Iota:
		return b.reread(x, b.Iota(x.V.DType, x.V.size).V)
	}
	return NewRef(b.leaf(roleSame, i, x.V.DType, x.V.Dims), x.Dims, x.Steps, x.Off)
}

// span returns where the elements of a view lie: the first one, seen from that
// with all indices 0, and how many there are up to the last one.
func span(dims, steps []int) (lo, n int) {
	hi := 0
	for i, d := range dims {
		if s := steps[i] * (d - 1); s < 0 {
			lo += s
		} else {
			hi += s
		}
	}
	return lo, hi - lo + 1
}

// A LoopResult is what the host wants of a loop.
type LoopResult struct {
	Carry int // the carry whose last value it is, or all of whose values at the start of steps
	Each  Ref // of Program 0, what is stacked, if Carry is negative
	Trail bool
}

// Finish ends the loop. next are the results of the last program begun: the next
// values of the carries, or the results of a branch; of a branch, other are those
// of the other program, of a while the test.
func (l *LoopBuilder) Finish(next, other []Ref, want []LoopResult) []Ref {
	switch l.Kind {
	case Branch:
		return l.finishBranch(next, other, want)
	case WhileLoop:
		l.bodies[0].results(other)
		return l.stack(next, want)
	}
	return l.finishScan(next, want)
}

// stack ends a scan or a while, of whose last program next and what is wanted of
// each step are results.
func (l *LoopBuilder) stack(next []Ref, want []LoopResult) []Ref {
	last := l.bodies[len(l.bodies)-1]
	l.Trail = make([]bool, len(l.carry))
	each := map[int]int{} // the number among those stacked, or -1 - the carry whose next value it is
	var stack []Ref
	for k, w := range want {
		if w.Carry >= 0 {
			l.Trail[w.Carry] = l.Trail[w.Carry] || w.Trail
			continue
		}
		if i := slices.IndexFunc(next, func(r Ref) bool { return same(r, w.Each) && r.Dense() && w.Each.Dense() }); i >= 0 {
			each[k] = -1 - i
			l.Trail[i] = true
			continue
		}
		i := slices.IndexFunc(stack, func(r Ref) bool { return same(r, w.Each) && slices.Equal(r.Dims, w.Each.Dims) })
		if i < 0 {
			i = len(stack)
			stack = append(stack, w.Each)
		}
		each[k] = i
	}
	last.results(slices.Concat(next, stack))
	values := l.values(next, stack)
	out := make([]Ref, len(want))
	for k, w := range want {
		switch i := each[k]; {
		case w.Carry >= 0 && w.Trail:
			out[k] = l.trail(values[w.Carry], l.carry[w.Carry].Dims, 0)
		case w.Carry >= 0:
			out[k] = l.last(values[w.Carry], w.Carry)
		case i < 0:
			out[k] = l.trail(values[-1-i], w.Each.Dims, 1)
		default:
			out[k] = shaped(values[len(next)+i], slices.Concat([]int{l.Steps}, stack[i].Dims))
		}
	}
	return out
}

// trail returns the values of a carry before each step, or after it.
func (l *LoopBuilder) trail(v *Value, dims []int, after int) Ref {
	from := after
	if l.Reverse {
		from = 1 - after
	}
	return Slice(shaped(v, slices.Concat([]int{l.Steps + 1}, dims)), 0, from, 1, l.Steps)
}

// last returns the value of carry i after the last step.
func (l *LoopBuilder) last(v *Value, i int) Ref {
	dims := l.carry[i].Dims
	if !l.Trail[i] {
		return shaped(v, dims)
	}
	at := l.Steps
	if l.Reverse {
		at = 0
	}
	return Slice(shaped(v, slices.Concat([]int{l.Steps + 1}, dims)), 0, at, 1, 1).without(0)
}

// results sets what a program computes, each in memory of its own.
func (p *loopProgram) results(out []Ref) {
	for _, r := range out {
		r = p.Result(r)
		if slices.ContainsFunc(p.out, func(q Ref) bool { return q.V == r.V }) {
			own := Whole(r.V)
			r = shaped(p.append(Value{Kind: Map, Op: Copy, DType: r.V.DType, Dims: r.V.Dims, In: []Ref{own}}), r.Dims)
		}
		p.out = append(p.out, r)
	}
}

// values makes the results in the outer program.
func (l *LoopBuilder) values(next, stack []Ref) []*Value {
	l.Carries, l.Slices = len(l.carry), len(l.cut)
	in := slices.Concat(l.given, l.carry, l.cut, l.same)
	l.number()
	var all []*Value
	add := func(d DType, dims []int) {
		v := l.outer.append(Value{Kind: Loop, DType: d, Dims: squeeze(dims), In: in, More: &More{Slot: len(all), Loop: l.LoopBody}})
		all = append(all, v)
	}
	for i, r := range next {
		dims := r.Dims
		if l.Kind == ScanLoop && l.Trail[i] {
			dims = slices.Concat([]int{l.Steps + 1}, dims)
		}
		add(r.V.DType, dims)
	}
	for _, r := range stack {
		add(r.V.DType, slices.Concat([]int{l.Steps}, r.Dims))
	}
	return all
}

// number gives the leafs of the programs the numbers of their operands.
func (l *LoopBuilder) number() {
	first := [roles]int{len(l.given), len(l.given) + len(l.carry), len(l.given) + len(l.carry) + len(l.cut)}
	for _, p := range l.bodies {
		for k, v := range p.leafs {
			v.Slot = first[k%roles] + k/roles
		}
		l.Programs = append(l.Programs, &Program{Values: p.Values, Out: p.out})
	}
	for _, x := range l.cut {
		lo, _ := span(x.Dims[1:], x.Steps[1:])
		l.Starts = append(l.Starts, lo)
	}
}

// finishBranch ends a branch.
func (l *LoopBuilder) finishBranch(then, other []Ref, want []LoopResult) []Ref {
	l.bodies[0].results(then)
	l.bodies[1].results(other)
	values := l.values(then, nil)
	out := make([]Ref, len(want))
	for k, w := range want {
		out[k] = shaped(values[w.Carry], then[w.Carry].Dims)
	}
	return out
}

// Last returns the number of the program that was begun last.
func (l *LoopBuilder) Last() int { return len(l.bodies) - 1 }
