package ir

import "slices"

// A push moves out of a scan what need not be computed step by step. What does
// not depend on the carries is computed before it, for all steps at once: products
// with inputs. What no later step depends on is computed after it, from what the
// steps leave behind: products with results, and the sums over all steps that the
// gradients of weights are. So of an LSTM the loop keeps the recurrent product and
// the functions of elements.
//
// Functions of elements alone stay, for they are cheaper in the pass that they
// are part of than in memory.
type push struct {
	*LoopBuilder
	values []*Value // of the body
	next   []Ref
	want   []LoopResult

	family map[*LoopBody][]*Value
	roots  []*Value // that the loop itself computes
	carry  []bool   // by value: depends on a carry
	moves  []bool   // can be computed for all steps at once, like all that it depends on outside of loop
	heavy  []bool   // is a product, or depends on one outside of loop
	inside []bool   // the loop computes it
	before []bool   // is computed before the loop

	sums map[int][]Ref // of carries that only add up: what they add
	late map[int]bool  // of what is wanted of each step: computed after the loop

	flat   map[*Value]flat // where values are outside
	body   *loopProgram    // the new one
	within map[*Value]flat // and where in it
	first  []Ref           // the carries' first values
}

// A flat is where the elements of a value are, in order: element a at step t is
// element off + t·step + a of v.
type flat struct {
	v         *Value
	off, step int
}

// at reads v as r reads the value that f is, at all of n steps.
func (f flat) at(r Ref, n int) Ref {
	y := NewRef(f.v, slices.Concat([]int{n}, r.Dims), slices.Concat([]int{f.step}, r.Steps), f.off+r.Off)
	if f.v.Kind == Const {
		y.Off, y.Steps = 0, make([]int, len(y.Dims))
	}
	if n == 1 {
		y.Steps[0] = 0
	}
	return y
}

// finishScan ends a scan: it pushes out what it can.
func (l *LoopBuilder) finishScan(next []Ref, want []LoopResult) []Ref {
	p := &push{LoopBuilder: l, values: l.bodies[0].Values, next: next, want: want, sums: map[int][]Ref{}, late: map[int]bool{}, flat: map[*Value]flat{}, within: map[*Value]flat{}, first: l.firsts}
	p.analyse()
	p.choose()
	p.operands()
	p.hoist()
	return p.finish()
}

// roleOf returns the role and the number of a leaf of the body.
func roleOf(v *Value) (role, i int) { return v.Slot % roles, v.Slot / roles }

// analyse finds what depends on carries, and which of those only add up.
func (p *push) analyse() {
	n := len(p.values)
	p.carry, p.moves, p.heavy, p.inside, p.before = make([]bool, n), make([]bool, n), make([]bool, n), make([]bool, n), make([]bool, n)
	p.family = map[*LoopBody][]*Value{}
	for _, v := range p.values {
		if v.Loop != nil {
			p.family[v.Loop] = append(p.family[v.Loop], v)
		}
		if v.Kind == Leaf {
			role, _ := roleOf(v)
			p.carry[v.ID] = role == roleCarry
		}
		for _, x := range v.In {
			p.carry[v.ID] = p.carry[v.ID] || p.carry[x.V.ID]
		}
	}
	uses := make([]int, n)
	for _, v := range p.values {
		for _, x := range v.In {
			uses[x.V.ID]++
		}
	}
	for _, r := range p.next {
		uses[r.V.ID]++
	}
	for _, w := range p.want {
		if w.Carry < 0 {
			uses[w.Each.V.ID]++
		}
	}
	for i, r := range p.next {
		if slices.ContainsFunc(p.want, func(w LoopResult) bool { return w.Carry == i && w.Trail }) {
			continue
		}
		if rest, ok := p.added(i, r, uses); ok {
			p.sums[i] = p.terms(rest, uses)
		}
	}
}

// added returns what carry i gets added at each step, if that is all that is done
// with it.
func (p *push) added(i int, r Ref, uses []int) (Ref, bool) {
	v := r.V
	if v.Kind != Map || v.Op != Add || !v.DType.Float() || !r.Dense() || uses[v.ID] != 1 {
		return Ref{}, false
	}
	for k, x := range v.In {
		if x.V.Kind != Leaf || uses[x.V.ID] != 1 || !x.Dense() {
			continue
		}
		if role, j := roleOf(x.V); role == roleCarry && j == i {
			return v.In[1-k], true
		}
	}
	return Ref{}, false
}

// terms splits a sum.
func (p *push) terms(r Ref, uses []int) []Ref {
	v := r.V
	if v.Kind == Map && v.Op == Add && uses[v.ID] == 1 && slices.Equal(r.Dims, v.Dims) && r.Dense() {
		return append(p.terms(v.In[0], uses), p.terms(v.In[1], uses)...)
	}
	return []Ref{r}
}

// reach marks what the values depend on.
func (p *push) reach(roots ...*Value) {
	for _, v := range roots {
		if !p.inside[v.ID] && !p.before[v.ID] {
			p.inside[v.ID] = true
			for _, x := range v.In {
				p.reach(x.V)
			}
			if v.Loop != nil { // is computed with all its results
				p.reach(p.family[v.Loop]...)
			}
		}
	}
}

// classify finds what can be moved, and what contains a product, given what the
// loop computes.
func (p *push) classify() {
	for _, v := range p.values {
		if p.inside[v.ID] || v.Kind <= Iota {
			p.moves[v.ID], p.heavy[v.ID] = true, false
			continue
		}
		p.moves[v.ID], p.heavy[v.ID] = v.batches(), v.Kind == Contract
		for _, x := range v.In {
			p.moves[v.ID] = p.moves[v.ID] && p.moves[x.V.ID]
			p.heavy[v.ID] = p.heavy[v.ID] || p.heavy[x.V.ID]
		}
	}
}

// batches reports whether v can be computed for many steps at once.
func (v *Value) batches() bool {
	if v.Kind != Map && v.Kind != Reduce && v.Kind != Contract || len(v.Dims) == MaxRank || !v.DType.Float() && v.DType != Bool {
		return false
	}
	for _, x := range v.In {
		if len(x.Dims) == MaxRank {
			return false
		}
	}
	return true
}

// choose decides what the loop computes.
func (p *push) choose() {
	for i, r := range p.next {
		if p.sums[i] == nil {
			p.reach(r.V)
		}
	}
	p.classify()
	for k, w := range p.want {
		if w.Carry >= 0 {
			continue
		}
		v := w.Each.V
		if p.late[k] = !p.inside[v.ID] && p.moves[v.ID] && v.Kind > Iota && (p.heavy[v.ID] || !p.carry[v.ID]) && !(p.heavy[v.ID] && p.Thrifty); !p.late[k] {
			p.roots = append(p.roots, v)
		}
	}
	p.reach(p.roots...)
	for { // what one sum needs of each step may be what another one needs too
		p.classify()
		left := p.available()
		changed := false
		for i := range p.next {
			terms := p.sums[i]
			if terms == nil {
				continue
			}
			worth := slices.ContainsFunc(terms, func(r Ref) bool { return p.heavy[r.V.ID] })
			able := !slices.ContainsFunc(terms, func(r Ref) bool { return !p.moves[r.V.ID] }) && !(worth && p.Thrifty)
			near := !slices.ContainsFunc(terms, func(r Ref) bool { return !p.near(r.V, left) })
			if !able || !worth && !near {
				delete(p.sums, i)
				p.reach(p.next[i].V)
				changed = true
			}
		}
		if !changed {
			break
		}
	}
	p.chooseBefore()
}

// available returns the values of steps that are in memory after the loop, or
// will be for the sake of products.
func (p *push) available() map[*Value]bool {
	left := map[*Value]bool{}
	for k, w := range p.want {
		switch {
		case w.Trail:
			left[p.next[w.Carry].V] = true
		case w.Carry < 0 && p.late[k]:
			p.frontier(w.Each.V, left)
		case w.Carry < 0:
			left[w.Each.V] = true
		}
	}
	for _, terms := range p.sums {
		for _, r := range terms {
			if p.heavy[r.V.ID] && p.moves[r.V.ID] && !p.Thrifty {
				p.frontier(r.V, left)
			}
		}
	}
	return left
}

// frontier adds what the loop computes of what v is computed from.
func (p *push) frontier(v *Value, to map[*Value]bool) {
	if p.inside[v.ID] || v.Kind <= Iota {
		to[v] = true
		return
	}
	for _, x := range v.In {
		p.frontier(x.V, to)
	}
}

// near reports whether v can be computed from values that are there, or are no
// carries' own.
func (p *push) near(v *Value, left map[*Value]bool) bool {
	need := map[*Value]bool{}
	p.frontier(v, need)
	for u := range need {
		if p.carry[u.ID] && !left[u] {
			return false
		}
	}
	return true
}

// chooseBefore finds what of the loop is computed before it.
func (p *push) chooseBefore() {
	all := make([]bool, len(p.values)) // able to move with all that it depends on
	cut := make([]bool, len(p.values)) // depends on slices
	for _, v := range p.values {
		all[v.ID] = v.Kind <= Iota && !p.carry[v.ID] || v.batches()
		if v.Kind == Leaf {
			role, _ := roleOf(v)
			cut[v.ID] = role == roleCut
		}
		for _, x := range v.In {
			all[v.ID] = all[v.ID] && all[x.V.ID]
			cut[v.ID] = cut[v.ID] || cut[x.V.ID]
		}
		all[v.ID] = all[v.ID] && !p.carry[v.ID]
		if all[v.ID] && p.inside[v.ID] && v.Kind > Iota && (!cut[v.ID] || !p.Thrifty && (v.Kind != Map || slices.Contains(p.roots, v))) {
			p.before[v.ID] = true
		}
	}
	clear(p.inside) // without what only those need
	for i, r := range p.next {
		if p.sums[i] == nil {
			p.reach(r.V)
		}
	}
	p.reach(p.roots...)
}

// operands says where the leafs are outside, and begins the new body, whose
// carries are those that are left.
func (p *push) operands() {
	p.body = &loopProgram{Builder: NewBuilder(len(p.values)), leafs: map[int]*Value{}}
	place := make([]int, len(p.next))
	var carries []Ref
	for i := range p.next {
		place[i] = len(carries)
		if p.sums[i] == nil {
			carries = append(carries, p.LoopBuilder.carry[i])
		}
	}
	p.LoopBuilder.carry = carries
	for _, v := range p.values {
		p.body.Node = v.Node
		switch v.Kind {
		case Const, Iota:
			u := p.outer.Const(v.DType, v.Num).V
			if v.Kind == Iota {
				u = p.outer.Iota(v.DType, v.size).V
			}
			p.flat[v] = flat{v: u}
			p.within[v] = flat{v: p.body.add(Value{Kind: v.Kind, DType: v.DType, Dims: v.Dims, Num: v.Num})}
		case Leaf:
			role, i := roleOf(v)
			switch role {
			case roleCarry:
				i = place[i]
			case roleCut:
				x := p.cut[i]
				lo, _ := span(x.Dims[1:], x.Steps[1:])
				p.flat[v] = flat{x.V, x.Off + lo, x.Steps[0]}
			case roleSame:
				p.flat[v] = flat{v: p.same[i].V}
			}
			if p.inside[v.ID] {
				p.within[v] = flat{v: p.body.leaf(role, i, v.DType, v.Dims)}
			}
		}
	}
}

// hoist computes what comes before the loop, and copies the rest.
func (p *push) hoist() {
	for _, v := range p.values {
		if p.before[v.ID] {
			p.outside(v)
		}
	}
	for _, v := range p.values {
		if !p.inside[v.ID] || v.Kind <= Iota {
			continue
		}
		w := *v
		w.image = false
		w.In = make([]Ref, len(v.In))
		for i := range v.In {
			if w.In[i] = p.read(v.In[i]); v.Kind != Map {
				w.In[i] = p.body.real(w.In[i])
			}
		}
		p.body.Node = v.Node
		p.within[v] = flat{v: p.body.append(w)}
	}
}

// given makes what was computed before the loop an operand of it.
func (p *push) given(v *Value) {
	f := p.flat[v]
	switch {
	case f.v.Kind == Const:
		p.within[v] = flat{v: p.body.Const(v.DType, f.v.Num).V}
	case f.step == 0:
		i := p.Same(Whole(f.v))
		p.within[v] = flat{v: p.body.leaf(roleSame, i, f.v.DType, f.v.Dims), off: f.off}
	default:
		i := p.Cut(f.at(Whole(v), p.Steps))
		p.within[v] = flat{v: p.body.leaf(roleCut, i, v.DType, v.Dims)}
	}
}

// read returns what r reads, in the new body.
func (p *push) read(r Ref) Ref {
	f, ok := p.within[r.V]
	if !ok && p.before[r.V.ID] {
		p.given(r.V)
		f, ok = p.within[r.V]
	}
	if !ok {
		panic("ir: " + r.V.String() + " is not in the loop")
	}
	if f.v.Kind == Const {
		return NewRef(f.v, r.Dims, make([]int, len(r.Dims)), 0)
	}
	return NewRef(f.v, r.Dims, r.Steps, r.Off+f.off)
}

// outside computes v for all steps, and what it depends on.
func (p *push) outside(v *Value) flat {
	if f, ok := p.flat[v]; ok {
		return f
	}
	in := make([]Ref, len(v.In))
	for i, x := range v.In {
		in[i] = p.outside(x.V).at(x, p.Steps)
	}
	b := p.outer
	node := b.Node
	b.Node = v.Node
	var y Ref
	switch v.Kind {
	case Map:
		y = b.mapTo(v.Op, v.DType, in...)
	case Contract:
		y = b.Contract(in[0], in[1])
	case Reduce:
		y = b.batched(v, in)
	default:
		panic("ir: cannot compute " + v.String() + " for all steps")
	}
	f, ok := spread(y)
	if !ok {
		f, _ = spread(b.copy(y))
	}
	b.Node = node
	p.flat[v] = f
	return f
}

// batched reduces as v does, along a new first axis.
func (b *Builder) batched(v *Value, in []Ref) Ref {
	if v.Op == Pick {
		return b.pick(in[0], in[1], in[0].Dims[len(in[0].Dims)-1])
	}
	n := len(v.In[0].Dims)
	gone := n - len(v.Dims)
	switch v.Over {
	case Rows:
		return b.Reduce(v.Op, in[0], (1<<gone-1)<<(n-gone+1))
	case Lead:
		return b.Reduce(v.Op, in[0], (1<<gone-1)<<1)
	}
	return b.Reduce(v.Op, in[0], 1<<2)
}

// spread returns y, a value at all steps, as a flat, if its elements at each step
// lie in order.
func spread(y Ref) (flat, bool) {
	if y.V.Kind == Const {
		return flat{v: y.V}, true
	}
	step := 1
	for i := len(y.Dims) - 1; i > 0; i-- {
		if y.Dims[i] != 1 && y.Steps[i] != step {
			return flat{}, false
		}
		step *= y.Dims[i]
	}
	f := flat{y.V, y.Off, y.Steps[0]}
	if y.Dims[0] == 1 {
		f.step = 0
	}
	return f, true
}

// finish ends the loop and computes what comes after it.
func (p *push) finish() []Ref {
	need := map[*Value]bool{} // of the loop, after it
	for k, w := range p.want {
		if p.late[k] {
			p.frontier(w.Each.V, need)
		}
	}
	for _, terms := range p.sums {
		for _, r := range terms {
			p.frontier(r.V, need)
		}
	}
	var next []Ref
	place := make([]int, len(p.next))
	for i, r := range p.next {
		place[i] = len(next)
		if p.sums[i] == nil {
			next = append(next, p.read(r))
		}
	}
	var want []LoopResult
	var of []int
	for k, w := range p.want {
		switch {
		case w.Carry >= 0 && p.sums[w.Carry] == nil:
			w.Carry = place[w.Carry]
		case w.Carry >= 0 || p.late[k] || p.before[w.Each.V.ID]:
			continue
		default:
			w.Each = p.read(w.Each)
		}
		want, of = append(want, w), append(of, k)
	}
	var left []*Value
	for _, v := range p.values { // in order
		if _, there := p.flat[v]; !there && need[v] {
			w := LoopResult{Carry: -1}
			if v.Kind == Leaf { // a carry
				_, i := roleOf(v)
				w = LoopResult{Carry: place[i], Trail: true}
			} else {
				w.Each = p.read(Whole(v))
			}
			want, left = append(want, w), append(left, v)
		}
	}
	p.bodies[0] = p.body
	results := p.stack(next, want)
	out := make([]Ref, len(p.want))
	for i, k := range of {
		out[k] = results[i]
	}
	for i, v := range left {
		p.flat[v], _ = spread(results[len(of)+i])
	}
	for k, w := range p.want {
		switch {
		case w.Carry >= 0 && p.sums[w.Carry] != nil:
			out[k] = p.sum(w.Carry)
		case w.Carry < 0 && (p.late[k] || p.before[w.Each.V.ID]):
			out[k] = p.outside(w.Each.V).at(w.Each, p.Steps)
		}
	}
	return out
}

// sum returns the last value of a carry that only adds up.
func (p *push) sum(i int) Ref {
	b := p.outer
	y := p.first[i]
	for _, r := range p.sums[i] {
		b.Node = p.next[i].V.Node
		all := p.outside(r.V).at(Whole(r.V), p.Steps)
		s := b.Reduce(Sum, all, 1) // a view of the sum is the sum of views
		if !s.Dense() {
			s = b.copy(s)
		}
		term := NewRef(s.V, r.Dims, r.Steps, r.Off)
		if s.V.Kind == Const {
			term = NewRef(s.V, r.Dims, make([]int, len(r.Dims)), 0)
		}
		term = NewRef(term.V, y.Dims, spreadAs(term, y.Dims).Steps, term.Off)
		y = b.mapTo(Add, y.V.DType, term, y)
	}
	return y
}
