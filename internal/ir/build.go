package ir

import (
	"math"
	"slices"
)

// A Builder makes values. Equal instructions are made once, views are resolved
// at once, what repeats along an axis is computed once, and simple algebra is
// done on the way.
type Builder struct {
	Node   int // which of the host's nodes is being lowered
	Values []*Value

	known Finder // of values that may be shared, by id
	slab  []Value
}

// NewBuilder returns a builder that expects about n values.
func NewBuilder(n int) *Builder {
	return &Builder{Values: make([]*Value, 0, n), known: NewFinder(n)}
}

// Done ends the making of values.
func (b *Builder) Done() { b.known.Done() }

// MaxRank is the largest number of axes of a value.
const MaxRank = 8

// hash returns a number that is equal for equal instructions.
func (v *Value) hash() uint64 {
	h := Mix(uint64(v.Kind)|uint64(v.Op)<<8|uint64(v.DType)<<16|uint64(v.Over)<<24, math.Float64bits(v.Num))
	for i := range v.In {
		x := &v.In[i]
		h = Mix(h, uint64(x.V.ID)<<32^uint64(x.Off))
		for j, d := range x.Dims {
			h = Mix(h, uint64(d)<<32^uint64(x.Steps[j]))
		}
	}
	for _, d := range v.Dims {
		h = Mix(h, uint64(d))
	}
	return h
}

// equal reports whether two instructions are the same: of the same elements, and
// with a result of the same shape.
func (v *Value) equal(w *Value) bool {
	if v.Kind != w.Kind || v.Op != w.Op || v.DType != w.DType || v.Over != w.Over || len(v.In) != len(w.In) || math.Float64bits(v.Num) != math.Float64bits(w.Num) || !slices.Equal(v.Dims, w.Dims) {
		return false
	}
	for i := range v.In {
		x, y := &v.In[i], &w.In[i]
		if x.V != y.V || x.Off != y.Off || !slices.Equal(x.Dims, y.Dims) || !slices.Equal(x.Steps, y.Steps) {
			return false
		}
	}
	return true
}

// find returns the value that is the same as v, or nil, and its hash.
func (b *Builder) find(v *Value) (*Value, uint64) {
	h := v.hash()
	if i, ok := b.known.Find(h, func(i int) bool { return b.Values[i].equal(v) }); ok {
		return b.Values[i], h
	}
	return nil, h
}

// add makes a value, or finds the one that is the same.
func (b *Builder) add(v Value) *Value {
	old, h := b.find(&v)
	if old != nil {
		return old
	}
	w := b.append(v)
	b.known.Add(h, w.ID)
	return w
}

// append makes a value that is never shared.
func (b *Builder) append(v Value) *Value {
	if len(b.slab) == 0 {
		b.slab = make([]Value, 64)
	}
	w := &b.slab[0]
	b.slab = b.slab[1:]
	*w = v
	if w.More == nil {
		w.More = noMore
	}
	w.ID, w.Node, w.size = len(b.Values), b.Node, Size(v.Dims)
	b.Values = append(b.Values, w)
	return w
}

// squeeze returns dims without those of length 1.
func squeeze(dims []int) []int {
	for i, d := range dims {
		if d == 1 {
			return slices.DeleteFunc(slices.Concat(dims[:i], dims[i+1:]), func(d int) bool { return d == 1 })
		}
	}
	return dims
}

// squeeze returns x without axes of length 1.
func (x Ref) squeeze() Ref {
	if !slices.Contains(x.Dims, 1) {
		return x
	}
	var dims, steps []int
	for i, d := range x.Dims {
		if d != 1 {
			dims, steps = append(dims, d), append(steps, x.Steps[i])
		}
	}
	return NewRef(x.V, dims, steps, x.Off)
}

// shaped returns the dense value v with the given dims, which differ from its
// own in axes of length 1.
func shaped(v *Value, dims []int) Ref { return NewRef(v, dims, dense(dims), 0) }

// Leaf returns memory that the host gives.
func (b *Builder) Leaf(slot int, d DType, dims []int) Ref {
	return shaped(b.append(Value{Kind: Leaf, DType: d, Dims: squeeze(dims), More: &More{Slot: slot}}), dims)
}

// Input is a Leaf whose rows, along the first axis, the host may give from anywhere.
func (b *Builder) Input(slot int, d DType, dims []int) Ref {
	x := b.Leaf(slot, d, dims)
	if len(dims) > 0 {
		x.V.Rows = dims[0]
	}
	return x
}

// Const returns a number.
func (b *Builder) Const(d DType, num float64) Ref {
	if d == F32 {
		num = float64(float32(num))
	}
	return NewRef(b.add(Value{Kind: Const, DType: d, Num: num}), nil, nil, 0)
}

// Iota returns the numbers 0, 1, ... n-1.
func (b *Builder) Iota(d DType, n int) Ref {
	if n == 1 {
		return Broadcast(b.Const(d, 0), []int{1})
	}
	return Whole(b.add(Value{Kind: Iota, DType: d, Dims: []int{n}}))
}

// Call returns what the host computes from dense operands by its function slot.
// If rows is above 1, the result and the operands have as many rows, and each
// of the result depends on the same ones of the operands alone.
func (b *Builder) Call(slot int, d DType, dims []int, rows int, x ...Ref) Ref {
	in, size := make([]Ref, len(x)), Size(dims)
	for i, r := range x {
		in[i] = b.Dense(r)
		size = max(size, r.Size())
	}
	parts := max(1, min(rows, size/partElems))
	return shaped(b.append(Value{Kind: Call, DType: d, Dims: squeeze(dims), In: in, More: &More{Slot: slot, Rows: rows, Parts: parts}}), dims)
}

// partElems is how many elements are worth a part of a call.
const partElems = 4096

// Dense returns x, computed if need be, as it lies in memory.
func (b *Builder) Dense(x Ref) Ref {
	if x.Dense() && x.V.Kind != Const && x.V.Kind != Iota {
		return x
	}
	return b.copy(x)
}

// copy makes every element of x real.
func (b *Builder) copy(x Ref) Ref {
	own := x.squeeze()
	return shaped(b.add(Value{Kind: Map, Op: Copy, DType: x.V.DType, Dims: own.Dims, In: []Ref{own}}), x.Dims)
}

// Map returns op of each element, its operands broadcast against each other.
// The result has the first operand's dtype, or that of the second of Where, and
// Bool for truths. It is false if the engine has no such function of the dtype.
func (b *Builder) Map(op Op, x ...Ref) (Ref, bool) {
	d := x[len(x)-1].V.DType
	if op == Where {
		d = x[1].V.DType
	}
	if !d.Float() {
		if op.Compares() && d != Bool {
			return b.compareWhole(op, x)
		}
		if !op.logical() && op != Where && op != Copy || d != Bool {
			return Ref{}, false
		}
	}
	if op.Compares() || op.logical() {
		d = Bool
	}
	return b.mapTo(op, d, x...), true
}

// compareWhole compares integers that floats can tell apart: places along an
// axis that is not too long with anything.
func (b *Builder) compareWhole(op Op, x []Ref) (Ref, bool) {
	exact := func(r Ref) bool {
		const most = 1 << 24
		return r.V.Kind == Iota && r.V.size <= most || r.V.Kind == Const && math.Abs(r.V.Num) <= most
	}
	if !exact(x[0]) && (op == IsNaN || !exact(x[1])) {
		return Ref{}, false
	}
	y := make([]Ref, len(x))
	for i, r := range x {
		y[i], _ = b.Convert(r, F32)
	}
	return b.mapTo(op, Bool, y...), true
}

// Convert returns x with another dtype, integers rounded toward zero. It is
// false between integers, which floats cannot carry.
func (b *Builder) Convert(x Ref, d DType) (Ref, bool) {
	switch from := x.V.DType; {
	case from == d:
		return x, true
	case from != Bool && !from.Float() && d != Bool && !d.Float():
		return Ref{}, false
	case x.V.Kind == Const && d.Float():
		return b.on(x, b.Const(d, x.V.Num)), true
	case x.V.Kind == Iota && d.Float():
		return b.reread(x, b.Iota(d, x.V.size).V), true
	case d == Bool:
		if !from.Float() {
			x = b.mapTo(Convert, F32, x)
		}
		return b.mapTo(Not, Bool, b.mapTo(Not, Bool, x)), true
	}
	return b.mapTo(Convert, d, x), true
}

// on returns y, a single number, repeated as x is.
func (b *Builder) on(x, y Ref) Ref { return NewRef(y.V, x.Dims, make([]int, len(x.Dims)), 0) }

// reread returns v read as x reads its value, which has the same dims.
func (b *Builder) reread(x Ref, v *Value) Ref { x.V = v; return x }

// mapTo makes a map with a result of dtype d.
func (b *Builder) mapTo(op Op, d DType, x ...Ref) Ref {
	dims := x[0].Dims
	for _, r := range x[1:] {
		dims = broadcast(dims, r.Dims)
	}
	if len(dims) == 0 {
		return b.simplify(op, d, nil, slices.Clone(x))
	}
	// along axes where no operand moves, one element is enough
	var axes [MaxRank]int
	steps := make([][]int, len(x))
	for i, r := range x {
		steps[i] = aligned(r, dims)
	}
	active := axes[:0]
	for i, n := range dims {
		if n != 1 && slices.ContainsFunc(steps, func(s []int) bool { return s[i] != 0 }) {
			active = append(active, i)
		}
	}
	image := b.sortAxes(active, x, steps)
	own := make([]int, len(active))
	for j, i := range active {
		own[j] = dims[i]
	}
	in := make([]Ref, len(x))
	var s [MaxRank]int
	for k, r := range x {
		for j, i := range active {
			s[j] = steps[k][i]
		}
		in[k] = r.over(own, s[:len(own)])
	}
	y := b.simplify(op, d, own, in)
	if image {
		y = b.follow(y)
	}
	s = [MaxRank]int{}
	for j, i := range active {
		s[i] = y.Steps[j]
	}
	return y.over(dims, s[:len(dims)])
}

// broadcast returns the dims of an elementwise function.
func broadcast(x, y []int) []int {
	if len(x) < len(y) {
		x, y = y, x
	}
	shared := true
	for i := 1; i <= len(y); i++ {
		if x[len(x)-i] == 1 && y[len(y)-i] != 1 {
			if shared {
				x, shared = slices.Clone(x), false
			}
			x[len(x)-i] = y[len(y)-i]
		}
	}
	return x
}

// aligned returns the steps of r along dims that it broadcasts to.
func aligned(r Ref, dims []int) []int {
	if len(r.Dims) == len(dims) {
		same := true
		for i, d := range r.Dims {
			same = same && (d == dims[i] || r.Steps[i] == 0)
		}
		if same {
			return r.Steps
		}
	}
	steps := make([]int, len(dims))
	for i := 1; i <= len(r.Dims); i++ {
		if r.Dims[len(r.Dims)-i] != 1 {
			steps[len(dims)-i] = r.Steps[len(r.Dims)-i]
		}
	}
	return steps
}

// value makes a map over its own dims as it stands.
func (b *Builder) value(op Op, d DType, own []int, in ...Ref) Ref {
	return Whole(b.add(Value{Kind: Map, Op: op, DType: d, Dims: own, In: in}))
}

// Reduce reduces x over the axes, a bit for each, which it removes.
func (b *Builder) Reduce(op Op, x Ref, axes uint) Ref {
	var dims, ownDims, ownSteps []int
	var moves [MaxRank]int
	active, over, repeat := moves[:0], uint(0), 1
	for i, n := range x.Dims {
		gone := axes>>i&1 == 1
		if !gone {
			dims = append(dims, n)
		}
		switch {
		case n != 1 && x.Steps[i] != 0:
			active = append(active, i)
		case gone:
			repeat *= n
		}
	}
	image := b.sortAxes(active, []Ref{x}, [][]int{x.Steps})
	for j, i := range active {
		ownDims, ownSteps = append(ownDims, x.Dims[i]), append(ownSteps, x.Steps[i])
		over |= axes >> i & 1 << j
	}
	y := b.reduceOwn(op, NewRef(x.V, ownDims, ownSteps, x.Off), over)
	if repeat > 1 {
		switch op {
		case Sum:
			y = b.mapTo(Mul, y.V.DType, y, b.Const(y.V.DType, float64(repeat)))
		case Prod:
			y = b.mapTo(Pow, y.V.DType, y, b.Const(y.V.DType, float64(repeat)))
		}
	}
	if image {
		y = b.follow(y)
	}
	// back to the axes of the result, those that repeat included
	out, j := make([]int, len(x.Dims)), 0
	for _, i := range active {
		if axes>>i&1 == 0 {
			out[i] = y.Steps[j]
			j++
		}
	}
	return NewRef(y.V, dims, kept(NewRef(x.V, x.Dims, out, 0), axes).Steps, y.Off)
}

// reduceOwn reduces a ref that moves along each of its axes, by steps of the
// three forms that there are.
func (b *Builder) reduceOwn(op Op, x Ref, over uint) Ref {
	rank := len(x.Dims)
	all := uint(1)<<rank - 1
	if over == 0 {
		return x
	}
	if y, ok := b.moveOut(op, x, over); ok {
		return y
	}
	make1 := func(o Over, x Ref, out []int) Ref {
		return Whole(b.add(Value{Kind: Reduce, Op: op, DType: x.V.DType, Dims: out, In: []Ref{x}, Over: o}))
	}
	if over == all {
		if y, ok := b.foldContract(op, x, rank); ok {
			return y
		}
		return make1(Lead, x, nil)
	}
	if over>>(rank-1)&1 == 1 { // the last axes
		n := rank
		for n > 0 && over>>(n-1)&1 == 1 {
			n--
		}
		y := make1(Rows, x, x.Dims[:n])
		return b.reduceOwn(op, y, over&(1<<n-1))
	}
	end := rank
	for over>>(end-1)&1 == 0 {
		end--
	}
	start := end
	for start > 0 && over>>(start-1)&1 == 1 {
		start--
	}
	if start == 0 {
		if y, ok := b.foldContract(op, x, end); ok {
			return y
		}
		return make1(Lead, x, x.Dims[end:])
	}
	if x.V.DType == Bool { // added up in memory, so as floats
		y, _ := b.Convert(x, F32)
		y, _ = b.Convert(b.reduceOwn(op, y, over), Bool)
		return y
	}
	x = b.Dense(x)
	flat := []int{Size(x.Dims[:start]), Size(x.Dims[start:end]), Size(x.Dims[end:])}
	left := slices.Concat(x.Dims[:start], x.Dims[end:])
	y := make1(Middle, NewRef(x.V, flat, dense(flat), 0), left)
	return b.reduceOwn(op, y, over&(1<<start-1))
}

// foldContract makes a sum of products over a batch one product: the batch
// joins the inner axis.
func (b *Builder) foldContract(op Op, x Ref, n int) (Ref, bool) {
	v := x.V
	if op != Sum || v.Kind != Contract || n != 1 || len(v.In[0].Dims) != 3 || v.In[0].Dims[0] == 1 || len(v.Dims) < 2 || !slices.Equal(x.Dims, v.Dims) || !x.Dense() {
		return Ref{}, false
	}
	l, r := v.In[0], v.In[1]
	m, k, w := l.Dims[1], l.Dims[2], r.Dims[2]
	if m == 1 && w == 1 {
		return Ref{}, false
	}
	if k == 1 { // the batch is the inner axis
		l = NewRef(l.V, l.Dims, []int{l.Steps[0], l.Steps[1], l.Steps[0]}, l.Off)
		r = NewRef(r.V, r.Dims, []int{r.Steps[0], r.Steps[0], r.Steps[2]}, r.Off)
	}
	if l.Steps[0] != l.Steps[2]*k { // a copy costs less than the products that would be added up
		t := b.Dense(Transpose(l, func(i int) int { return [...]int{0, 2, 1}[i] }))
		l = Transpose(t, func(i int) int { return [...]int{0, 2, 1}[i] })
	}
	if r.Steps[0] != r.Steps[1]*k {
		r = b.Dense(r)
	}
	if l.Steps[0] != l.Steps[2]*k || r.Steps[0] != r.Steps[1]*k {
		return Ref{}, false
	}
	k *= l.Dims[0]
	l = NewRef(l.V, []int{m, k}, []int{l.Steps[1], l.Steps[2]}, l.Off)
	r = NewRef(r.V, []int{k, w}, r.Steps[1:], r.Off)
	y := b.Contract(l, r)
	return Whole(y.V), true
}

// Pick returns the element of each row of x, along its last axis, at the place
// that index says, which has the dims of x without that axis. Negative places
// count from the end; one outside of the axis makes the run fail.
func (b *Builder) Pick(x, index Ref) Ref {
	n := x.Dims[len(x.Dims)-1]
	rows := x.Dims[:len(x.Dims)-1]
	index = NewRef(index.V, rows, aligned(index, rows), index.Off)
	return b.pick(x, b.real(index), n)
}

// Finite returns the single float x, where it is finite; else the run fails with a
// [cpu.FiniteError].
func (b *Builder) Finite(x Ref) Ref { return b.mapTo(Finite, x.DType(), x) }

// Index returns integers as places along an axis of length n, as F32: negative
// ones count from the end, and one outside of the axis makes the run fail.
func (b *Builder) Index(x Ref, n int) Ref {
	return b.mapTo(Index, F32, b.real(x), b.Const(F32, float64(n)))
}

// pick moves toward the leaves: one element of a function of elements needs
// one element of each operand.
func (b *Builder) pick(x, index Ref, n int) Ref {
	last := len(x.Dims) - 1
	switch v := x.V; {
	case x.Steps[last] == 0 || n == 1:
		return NewRef(v, x.Dims[:last], x.Steps[:last], x.Off)
	case v.Kind == Map && v.DType.Float() && v.Op != Convert && x.Dense() && slices.Equal(squeeze(x.Dims), v.Dims):
		in := make([]Ref, len(v.In))
		for i, r := range v.In {
			in[i] = b.pick(spreadAs(r, x.Dims), index, n)
		}
		return b.mapTo(v.Op, v.DType, in...)
	}
	// the index may have axes of length 1 and repeat along others
	var steps, out, at []int
	for i, d := range x.Dims {
		if d == 1 {
			continue
		}
		steps = append(steps, x.Steps[i])
		if i != last {
			out, at = append(out, d), append(at, index.Steps[i])
		}
	}
	in := []Ref{NewRef(x.V, squeeze(x.Dims), steps, x.Off), NewRef(index.V, out, at, index.Off)}
	y := b.add(Value{Kind: Reduce, Op: Pick, DType: x.V.DType, Dims: out, In: in, Over: Rows})
	return shaped(y, x.Dims[:last])
}

// spreadAs returns an operand of a map over dims without axes of length 1 as
// one over the dims with them.
func spreadAs(r Ref, dims []int) Ref {
	steps := make([]int, len(dims))
	j := 0
	for i, d := range dims {
		if d != 1 {
			steps[i] = r.Steps[j]
			j++
		}
	}
	return NewRef(r.V, dims, steps, r.Off)
}

// Contract returns the matrix products over the last two axes, the others
// broadcast.
func (b *Builder) Contract(x, y Ref) Ref {
	p, q := len(x.Dims)-2, len(y.Dims)-2
	batch := broadcast(x.Dims[:p], y.Dims[:q])
	m, k, n := x.Dims[p], x.Dims[p+1], y.Dims[q+1]
	xs, ys := NewRef(nil, x.Dims[:p], x.Steps[:p], 0), NewRef(nil, y.Dims[:q], y.Steps[:q], 0)
	l := NewRef(x.V, slices.Concat(batch, []int{m, k}), slices.Concat(aligned(xs, batch), x.Steps[p:]), x.Off)
	r := NewRef(y.V, slices.Concat(batch, []int{k, n}), slices.Concat(aligned(ys, batch), y.Steps[q:]), y.Off)
	out := slices.Concat(batch, []int{m, n})
	l, r = joinBatch(l, r)
	v := b.add(Value{Kind: Contract, DType: x.V.DType, Dims: squeeze(out), In: []Ref{b.real(l), b.real(r)}})
	return shaped(v, out)
}

// real returns x, computed if it is a number or a row of places.
func (b *Builder) real(x Ref) Ref {
	if x.V.Kind == Const || x.V.Kind == Iota {
		return b.copy(x)
	}
	return x
}

// joinBatch makes batch axes along which the right operand repeats rows of the
// left, and removes those of length 1.
func joinBatch(l, r Ref) (Ref, Ref) {
	n := len(l.Dims) - 2
	for i := n - 1; i >= 0; i-- {
		switch m := i + 1; {
		case l.Dims[i] == 1:
			l, r = l.without(i), r.without(i)
		case len(l.Dims) == i+3 && r.Steps[i] == 0 && (l.Dims[m] == 1 || l.Steps[i] == l.Steps[m]*l.Dims[m]):
			dims, steps := slices.Clone(l.Dims), slices.Clone(l.Steps)
			if dims[m] == 1 {
				steps[m] = steps[i]
			}
			dims[m] *= dims[i]
			l, r = NewRef(l.V, dims, steps, l.Off).without(i), r.without(i)
		}
	}
	return l, r
}

// without returns r at the start of axis i, which it removes.
func (r Ref) without(i int) Ref {
	return NewRef(r.V, slices.Concat(r.Dims[:i], r.Dims[i+1:]), slices.Concat(r.Steps[:i], r.Steps[i+1:]), r.Off)
}

// Result returns x computed into memory of its own, as results must be.
func (b *Builder) Result(x Ref) Ref {
	if x.V.Kind == Leaf {
		return b.copy(x)
	}
	return b.Dense(x)
}
