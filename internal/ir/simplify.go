package ir

import (
	"math"
	"math/bits"
	"slices"
)

// simplify makes a map over its own dims, simpler where algebra allows it. What
// it may change is the last bits of a result: the order of products with numbers
// and with values that repeat along rows, (a·t)·s is a·(t·s) and x/s is x·(1/s),
// where what is known of their size excludes that they overflow or underflow.
func (b *Builder) simplify(op Op, d DType, own []int, in []Ref) Ref {
	if y, ok := b.foldConst(op, d, own, in); ok {
		return y
	}
	switch op {
	case Add, Mul, Maximum, Minimum, Equal, And, Or, Xor: // what is known, or smaller, second
		if in[0].V.Kind == Const || !full(in[0]) && full(in[1]) {
			in[0], in[1] = in[1], in[0]
		}
	}
	if d.Float() || op == Where {
		if y, ok := b.algebra(op, d, in); ok {
			return y
		}
	}
	if op == Not {
		if m := inner(in[0]); m != nil && m.Op == Not && m.In[0].V.DType == Bool {
			return m.In[0]
		}
	}
	return b.value(op, d, own, in...)
}

// full reports whether x moves along all of its axes.
func full(x Ref) bool { return !slices.Contains(x.Steps, 0) }

// inner returns the map that x reads as it is, or nil.
func inner(x Ref) *Value {
	if x.V.Kind == Map && x.Off == 0 && slices.Equal(x.Dims, x.V.Dims) && x.Dense() {
		return x.V
	}
	return nil
}

// is reports whether x is the number v.
func is(x Ref, v float64) bool { return x.V.Kind == Const && x.V.Num == v }

// foldConst computes a function of numbers.
func (b *Builder) foldConst(op Op, d DType, own []int, in []Ref) (Ref, bool) {
	if op == Index || op == Finite {
		return Ref{}, false
	}
	for _, x := range in {
		if x.V.Kind != Const || x.V.DType.Size() > 8 || x.V.DType == I64 {
			return Ref{}, false
		}
	}
	var v float64
	switch op {
	case Where:
		v = in[2].V.Num
		if in[0].V.Num != 0 {
			v = in[1].V.Num
		}
	case Convert:
		v = in[0].V.Num
		if !d.Float() {
			v = math.Trunc(v)
		}
	default:
		y := 0.0
		if len(in) > 1 {
			y = in[1].V.Num
		}
		v = Apply(op, in[0].V.Num, y)
	}
	return NewRef(b.Const(d, v).V, own, make([]int, len(own)), 0), true
}

// algebra finds what a function of floats is equal to.
func (b *Builder) algebra(op Op, d DType, in []Ref) (Ref, bool) {
	x := in[0]
	switch op {
	case Copy:
		return x, true
	case Neg:
		return b.negate(d, x)
	case Add:
		return b.sum(d, x, in[1])
	case Sub:
		switch m := inner(in[1]); {
		case is(in[1], 0) && full(x):
			return x, true
		case m != nil && m.Op == Neg:
			return b.mapTo(Add, d, x, m.In[0]), true
		}
	case Mul:
		return b.product(d, x, in[1])
	case Div:
		switch s := in[1]; {
		case is(x, 1):
			return b.mapTo(Recip, d, s), true
		case (s.V.Kind == Const || !full(s) && full(x)) && divides(s.V):
			return b.mapTo(Mul, d, x, b.mapTo(Recip, d, s)), true
		}
	case Exp:
		return b.expOfLog(d, x)
	case Recip:
		if m := inner(x); m != nil && m.Op == Sqrt {
			return b.mapTo(Rsqrt, d, m.In[0]), true
		}
	case Where:
		if same(in[1], in[2]) {
			return in[1], true
		}
	}
	return Ref{}, false
}

// same reports whether two operands are one.
func same(x, y Ref) bool { return x.V == y.V && x.Off == y.Off && slices.Equal(x.Steps, y.Steps) }

// negate moves a sign to where it costs least.
func (b *Builder) negate(d DType, x Ref) (Ref, bool) {
	m := inner(x)
	if m == nil {
		return Ref{}, false
	}
	switch m.Op {
	case Neg:
		return m.In[0], true
	case Sub:
		return b.mapTo(Sub, d, m.In[1], m.In[0]), true
	case Mul:
		if s := m.In[1]; s.V.Kind == Const || !full(s) && full(m.In[0]) {
			return b.mapTo(Mul, d, m.In[0], b.mapTo(Neg, d, s)), true
		}
	}
	return Ref{}, false
}

func (b *Builder) sum(d DType, x, y Ref) (Ref, bool) {
	if is(y, 0) && full(x) {
		return x, true
	}
	if same(x, y) {
		return b.mapTo(Mul, d, x, b.Const(d, 2)), true
	}
	if z, ok := b.choice(d, x, y); ok {
		return z, true
	}
	if z, ok := b.joinSum(d, x, y); ok {
		return z, true
	}
	if m := inner(y); m != nil && m.Op == Neg {
		return b.mapTo(Sub, d, x, m.In[0]), true
	}
	if m := inner(x); m != nil && m.Op == Neg {
		return b.mapTo(Sub, d, y, m.In[0]), true
	}
	if r, ok := b.opposite(d, y); ok {
		return b.mapTo(Sub, d, x, r), true
	}
	if r, ok := b.opposite(d, x); ok {
		return b.mapTo(Sub, d, y, r), true
	}
	return Ref{}, false
}

// choice returns t·c + d, where t is a truth and c and d are numbers, as a choice
// between two numbers: so are labels smoothed.
func (b *Builder) choice(d DType, x, y Ref) (Ref, bool) {
	m := inner(x)
	if m == nil || y.V.Kind != Const || m.Op != Mul || m.In[1].V.Kind != Const {
		return Ref{}, false
	}
	c := m.In[1].V.Num
	t := inner(m.In[0])
	if t == nil || t.Op != Convert || t.In[0].V.DType != Bool || c-c != 0 {
		return Ref{}, false
	}
	return b.mapTo(Where, d, t.In[0], b.Const(d, c+y.V.Num), y), true
}

// opposite returns b - a for x = a - b, if that exists.
func (b *Builder) opposite(d DType, x Ref) (Ref, bool) {
	m := inner(x)
	if m == nil || m.Op != Sub {
		return Ref{}, false
	}
	v, _ := b.find(&Value{Kind: Map, Op: Sub, DType: d, Dims: m.Dims, In: []Ref{m.In[1], m.In[0]}})
	if v == nil || v.ID >= m.ID { // of the two, the first one stays
		return Ref{}, false
	}
	return b.reread(x, v), true
}

func (b *Builder) product(d DType, x, y Ref) (Ref, bool) {
	switch {
	case is(y, 1) && full(x):
		return x, true
	case is(y, -1) && full(x):
		return b.mapTo(Neg, d, x), true
	case same(x, y):
		return b.mapTo(Square, d, x), true
	}
	if full(x) && full(y) { // a sign costs nothing in a sum
		if m := inner(x); m != nil && m.Op == Neg {
			return b.mapTo(Neg, d, b.mapTo(Mul, d, m.In[0], y)), true
		}
		if m := inner(y); m != nil && m.Op == Neg {
			return b.mapTo(Neg, d, b.mapTo(Mul, d, x, m.In[0])), true
		}
		if m := mildly(x); m != nil && y.V.Kind != Const { // numbers meet outside, and become one
			return b.mapTo(Mul, d, b.mapTo(Mul, d, m.In[0], y), m.In[1]), true
		}
		if m := mildly(y); m != nil && x.V.Kind != Const {
			return b.mapTo(Mul, d, b.mapTo(Mul, d, x, m.In[0]), m.In[1]), true
		}
	}
	if m := inner(x); m != nil && (y.V.Kind == Const || !full(y) && full(x)) {
		switch t := m.In[len(m.In)-1]; {
		case m.Op == Neg:
			return b.mapTo(Mul, d, m.In[0], b.mapTo(Neg, d, y)), true
		case m.Op == Mul && full(m.In[0]) && (t.V.Kind == Const || !full(t)) && b.joins(t, y) && regroups(t.V, y.V):
			return b.mapTo(Mul, d, m.In[0], b.mapTo(Mul, d, t, y)), true
		case m.Op == Mul && full(m.In[0]) && full(t):
			return b.collect(d, m, y)
		}
	}
	return Ref{}, false
}

// collect returns (a·(e·t))·y as (a·e)·(t·y), where t and y are numbers or repeat
// along rows: of the products over the whole array one is left out.
func (b *Builder) collect(d DType, m *Value, y Ref) (Ref, bool) {
	for i := range 2 {
		p := inner(m.In[i])
		if p == nil || p.Op != Mul || !full(p.In[0]) {
			continue
		}
		if t := p.In[1]; !full(t) && b.joins(t, y) && isGentle(t.V) && regroups(t.V, y.V) {
			return b.mapTo(Mul, d, b.mapTo(Mul, d, m.In[1-i], p.In[0]), b.mapTo(Mul, d, t, y)), true
		}
	}
	return Ref{}, false
}

// mildly returns the map that x reads if it is a product with a mild number.
func mildly(x Ref) *Value {
	if m := inner(x); m != nil && m.Op == Mul && full(m.In[0]) && mild(m.In[1].V) {
		return m
	}
	return nil
}

// moveOut takes out of a sum what does not move along it: a sign, and a factor
// that repeats. A sum over places of what is 0 but at one of them is the element
// there.
func (b *Builder) moveOut(op Op, x Ref, over uint) (Ref, bool) {
	m := inner(x)
	if op != Sum || m == nil || !m.DType.Float() {
		return Ref{}, false
	}
	switch d := m.DType; m.Op {
	case Neg:
		return b.mapTo(Neg, d, b.reduceOwn(op, m.In[0], over)), true
	case Sub:
		if y, ok := b.opposite(d, x); ok {
			return b.mapTo(Neg, d, b.reduceOwn(op, y, over)), true
		}
		if z, ok := b.centered(x, over); ok {
			return z, true
		}
	case Add:
		for i, y := range m.In {
			if z, ok := b.centered(y, over); ok {
				return b.mapTo(Add, d, b.reduceOwn(op, m.In[1-i], over), z), true
			}
		}
	case Mul:
		if t := m.In[1]; full(m.In[0]) && still(t, over) && (movesOut(t.V) || b.summed(m.In[0], over)) {
			return b.mapTo(Mul, d, b.reduceOwn(op, m.In[0], over), kept(t, over)), true
		}
	case Where:
		last := len(x.Dims) - 1
		if over != 1<<last || !is(m.In[2], 0) || !still(m.In[1], over) {
			return Ref{}, false
		}
		if at := b.oneHot(m.In[0]); at {
			return kept(m.In[1], over), true
		}
	}
	return Ref{}, false
}

// mean returns the mean that is taken away in x, a difference, if it is the mean
// along the axes of over: then the sum of x is 0, or NaN where the mean is not
// finite. What else adding up would find is how the mean was rounded.
func mean(x Ref, over uint) (Ref, bool) {
	m := inner(x)
	if m == nil || m.Op != Sub {
		return Ref{}, false
	}
	y := m.In[1]
	p := y.V
	if p.Kind != Map || p.Op != Mul || p.In[1].V.Kind != Const || y.Off != 0 || !still(y, over) {
		return Ref{}, false
	}
	s := p.In[0].V
	if inner(Whole(p)) == nil || s.Kind != Reduce || s.Op != Sum || s.Over == Middle || !p.In[0].Dense() {
		return Ref{}, false
	}
	n := float64(s.In[0].Size() / max(1, s.size))
	ulp := 0x1p-52
	if p.DType == F32 {
		ulp = 0x1p-23
	}
	if math.Abs(p.In[1].V.Num*n-1) > ulp || !same(m.In[0], s.In[0]) || !slices.Equal(x.Dims, s.In[0].Dims) || !slices.Equal(y.Steps, rowSteps(s, len(x.Dims))) {
		return Ref{}, false
	}
	return kept(y, over), Size(x.Dims) == Size(kept(x, over).Dims)*int(n)
}

// centered returns the sum of x if it is a difference from a mean, times
// something that does not move along the axes of over or not.
func (b *Builder) centered(x Ref, over uint) (Ref, bool) {
	if y, ok := mean(x, over); ok {
		return b.mapTo(Sub, y.V.DType, y, y), true
	}
	m := inner(x)
	if m == nil || m.Op != Mul || !still(m.In[1], over) {
		return Ref{}, false
	}
	y, ok := mean(m.In[0], over)
	if !ok {
		return Ref{}, false
	}
	return b.mapTo(Mul, y.V.DType, b.mapTo(Sub, y.V.DType, y, y), kept(m.In[1], over)), true
}

// summed reports whether the sum of x over the first axes is computed anyway: a
// factor may be taken out then, for where that sum overflows a result does.
func (b *Builder) summed(x Ref, over uint) bool {
	rank := len(x.Dims)
	n := bits.OnesCount(over)
	if over != 1<<n-1 || n == 0 {
		return false
	}
	v, _ := b.find(&Value{Kind: Reduce, Op: Sum, DType: x.V.DType, Dims: x.Dims[min(n, rank):], In: []Ref{x}, Over: Lead})
	return v != nil
}

// oneHot reports whether x is true at exactly one place of each row: that of an
// index that is checked.
func (b *Builder) oneHot(x Ref) bool {
	e := inner(x)
	if e == nil || e.Op != Equal {
		return false
	}
	last := uint(1) << (len(x.Dims) - 1)
	for i := range 2 {
		n, at := e.In[i], e.In[1-i]
		if n.V.Kind == Iota && n.V.size == x.Dims[len(x.Dims)-1] && still(n, last-1) && !still(n, last) && n.Off == 0 &&
			at.V.Kind == Map && at.V.Op == Index && at.V.In[1].V.Num == float64(n.V.size) && still(at, last) {
			return true
		}
	}
	return false
}

// still reports whether x does not move along the axes of a set.
func still(x Ref, set uint) bool {
	for i, s := range x.Steps {
		if set>>i&1 == 1 && s != 0 {
			return false
		}
	}
	return true
}

// kept returns x without the axes of a set, along which it does not move.
func kept(x Ref, set uint) Ref {
	var dims, steps []int
	for i, d := range x.Dims {
		if set>>i&1 == 0 {
			dims, steps = append(dims, d), append(steps, x.Steps[i])
		}
	}
	return NewRef(x.V, dims, steps, x.Off)
}

// joins reports whether a product of the two is smaller than the array that
// they are read over, so that multiplying them first pays.
func (b *Builder) joins(t, s Ref) bool {
	for i := range t.Steps {
		if t.Steps[i] == 0 && s.Steps[i] == 0 {
			return true
		}
	}
	return len(t.Steps) == 0
}
