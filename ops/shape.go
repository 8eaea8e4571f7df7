package ops

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// Reshape returns the elements of x, in row-major order, with another shape.
// One length may be -1 ([graph.Auto]): it is what makes the sizes equal. The
// lengths may be symbolic.
func Reshape(x *Node, dims ...Dim) *Node {
	if bad := broken("reshape", x); bad != nil {
		return bad
	}
	dims = slices.Clone(dims)
	if i := slices.Index(dims, graph.Auto); i >= 0 {
		dims[i] = 1
		if rest := graph.Of(dims...).Size(); rest != 0 {
			dims[i] = x.Shape().Size().Div(rest)
		}
	}
	s := graph.Of(dims...)
	if s == x.Shape() {
		return x
	}
	return graph.Apply(reshape{s}, x)
}

type reshape struct{ shape Shape }

func (reshape) Name() string     { return "reshape" }
func (r reshape) String() string { return "reshape" + r.shape.String() }
func (reshape) Doc() graph.Doc {
	return doc("The same elements in the same order, with other axes.", "y = reshape(x)", "x̄ = reshape(ȳ)")
}
func (r reshape) Infer(in ...Type) (Type, error) {
	if n, m := in[0].Shape.Size(), r.shape.Size(); n != m && m != graph.Unknown { // else the shape itself is wrong
		return Type{}, fmt.Errorf("cannot reshape {0} to %v: %v elements do not make %v", r.shape, n, m)
	}
	return in[0].Of(r.shape), nil
}
func (reshape) Eval(out Tensor, in ...Tensor) { out.Copy(in[0]) }
func (reshape) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return b.Reshape(x[0], out.Dims), true
}
func (reshape) VJP(_, ct *Node, x ...*Node) []*Node {
	return one(Reshape(ct, x[0].Shape().Dims()...))
}
func (r reshape) Simplify(x ...*Node) *Node {
	if r.shape == x[0].Shape() {
		return x[0]
	}
	if _, ok := x[0].Op().(reshape); ok {
		return Reshape(x[0].In()[0], r.shape.Dims()...)
	}
	return zerosIf(x[0], r.shape)
}
func (reshape) Flops(Type, ...Type) Dim { return 0 }

// zerosIf returns zeros of another shape if x is known to be zero, else nil.
func zerosIf(x *Node, s Shape) *Node {
	if graph.IsZero(x) {
		return graph.Zeros(x.Type().Of(s))
	}
	return nil
}

// Transpose returns x with its axes in another order: axis i of the result is
// axis perm[i] of x. Without perm the last two are exchanged. Its adjoint is
// the transpose back.
func Transpose(x *Node, perm ...int) *Node {
	if bad := broken("transpose", x); bad != nil {
		return bad
	}
	rank := x.Shape().Rank()
	if len(perm) == 0 {
		if rank < 2 {
			return graph.Fail("transpose", []*Node{x}, "{0} has no two axes to exchange")
		}
		perm = []int{-1, -2}
		for i := rank - 3; i >= 0; i-- {
			perm = slices.Insert(perm, 0, i)
		}
	}
	order, seen := make([]int, len(perm)), axisSet(0)
	for i, p := range perm {
		p, err := x.Shape().Axis(p)
		if err != nil || seen.has(p) || len(perm) != rank {
			return graph.Fail("transpose", []*Node{x}, "%v is no order of the axes of {0}: want each of 0 to %d once", perm, rank-1)
		}
		seen |= 1 << p
		order[i] = p
	}
	return permute(x, order)
}

// permute is Transpose by a complete order of axes.
func permute(x *Node, perm []int) *Node {
	t := transpose{rank: len(perm)}
	sorted := true
	for i, p := range perm {
		t.perm[i] = int8(p)
		sorted = sorted && p == i
	}
	if sorted {
		return x
	}
	return graph.Apply(t, x)
}

type transpose struct {
	perm [graph.MaxRank]int8
	rank int
}

func (transpose) Name() string { return "transpose" }
func (t transpose) String() string {
	return "transpose(" + strings.Trim(fmt.Sprint(t.perm[:t.rank]), "[]") + ")"
}

// Doc writes the indices in both orders.
func (t transpose) Doc() graph.Doc {
	from, to := strings.Join(letters[:t.rank], ", "), make([]string, t.rank)
	for i, p := range t.perm[:t.rank] {
		to[i] = letters[p]
	}
	y := strings.Join(to, ", ")
	return doc("The same elements with the axes in another order.", "y["+y+"] = x["+from+"]", "x̄["+from+"] = ȳ["+y+"]")
}
func (t transpose) Infer(in ...Type) (Type, error) {
	s := in[0].Shape
	for i := range s.Rank() {
		s = s.With(i, in[0].Dim(int(t.perm[i])))
	}
	return in[0].Of(s), nil
}
func (t transpose) Eval(out Tensor, in ...Tensor) {
	from, steps := dense(in[0].Shape), make([]int, len(out.Shape))
	for i := range steps {
		steps[i] = from[t.perm[i]]
	}
	move(out, in[0], steps, 0)
}
func (t transpose) Lower(b *ir.Builder, _ ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return ir.Transpose(x[0], func(i int) int { return int(t.perm[i]) }), true
}
func (t transpose) VJP(_, ct *Node, x ...*Node) []*Node {
	back := make([]int, x[0].Shape().Rank())
	for i := range back {
		back[t.perm[i]] = i
	}
	return one(permute(ct, back))
}
func (t transpose) Simplify(x ...*Node) *Node {
	inner, ok := x[0].Op().(transpose)
	if !ok {
		s, _ := t.Infer(x[0].Type())
		return zerosIf(x[0], s.Shape)
	}
	perm := make([]int, x[0].Shape().Rank())
	for i := range perm {
		perm[i] = int(inner.perm[t.perm[i]])
	}
	return permute(x[0].In()[0], perm)
}
func (transpose) Flops(Type, ...Type) Dim { return 0 }

// Squeeze removes the axes, which must have length 1, or all axes of length 1.
func Squeeze(x *Node, axes ...int) *Node {
	if bad := broken("squeeze", x); bad != nil {
		return bad
	}
	a, err := axesOf(x.Shape(), axes)
	if err != nil {
		return graph.Fail("squeeze", []*Node{x}, "%v", err)
	}
	s := x.Shape()
	for i := s.Rank() - 1; i >= 0; i-- {
		switch {
		case !a.has(i):
		case s.Dim(i) == 1:
			s = s.Remove(i)
		case len(axes) > 0:
			return graph.Fail("squeeze", []*Node{x}, "axis %d of {0} has length %v, not 1", i, s.Dim(i))
		}
	}
	return Reshape(x, s.Dims()...)
}

// Expand inserts axes of length 1, such that they stand at the given places of
// the result; negative ones count from its end.
func Expand(x *Node, places ...int) *Node {
	if bad := broken("expand", x); bad != nil {
		return bad
	}
	rank := x.Shape().Rank() + len(places)
	at := axisSet(0)
	for _, p := range places {
		i := p
		if i < 0 {
			i += rank
		}
		if i < 0 || i >= rank || rank > graph.MaxRank || at.has(i) {
			return graph.Fail("expand", []*Node{x}, "cannot insert axes into {0} at %v", places)
		}
		at |= 1 << i
	}
	s := x.Shape()
	for i := range rank {
		if at.has(i) {
			s = s.Insert(i, 1)
		}
	}
	return Reshape(x, s.Dims()...)
}

// Flatten makes the axes from the given one on a single axis:
// [batch 28 28] from 1 is [batch 784].
func Flatten(x *Node, from int) *Node {
	if bad := broken("flatten", x); bad != nil {
		return bad
	}
	i, err := x.Shape().Axis(from)
	if err != nil {
		return graph.Fail("flatten", []*Node{x}, "%v", err)
	}
	dims := x.Shape().Dims()
	return Reshape(x, append(dims[:i:i], graph.Of(dims[i:]...).Size())...)
}

// BroadcastTo repeats x along new leading axes and axes of length 1, to the
// given shape. Its adjoint is [SumTo].
func BroadcastTo(x *Node, shape Shape) *Node {
	if bad := broken("broadcast", x); bad != nil {
		return bad
	}
	if x.Shape() == shape {
		return x
	}
	return graph.Apply(broadcastTo{shape}, x)
}

type broadcastTo struct{ shape Shape }

func (broadcastTo) Name() string     { return "broadcast" }
func (b broadcastTo) String() string { return "broadcast" + b.shape.String() }
func (broadcastTo) Doc() graph.Doc {
	return doc("Repeats the elements along new axes and those of length 1; each gets the sum of the gradients of its copies.", "y = broadcast(x)", "x̄ = sum(ȳ)")
}
func (b broadcastTo) Infer(in ...Type) (Type, error) {
	if s, err := graph.Broadcast(in[0].Shape, b.shape); err != nil || s != b.shape {
		return Type{}, fmt.Errorf("cannot broadcast {0} to %v", b.shape)
	}
	return in[0].Of(b.shape), nil
}
func (broadcastTo) Eval(out Tensor, in ...Tensor) {
	move(out, in[0], strides(in[0].Shape, out.Shape), 0)
}
func (broadcastTo) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return ir.Broadcast(x[0], out.Dims), true
}
func (broadcastTo) VJP(_, ct *Node, x ...*Node) []*Node { return one(SumTo(ct, x[0].Shape())) }
func (b broadcastTo) Simplify(x ...*Node) *Node {
	if b.shape == x[0].Shape() {
		return x[0]
	}
	return zerosIf(x[0], b.shape)
}
func (broadcastTo) Flops(Type, ...Type) Dim { return 0 }

// SumTo sums x over the axes that broadcasting the given shape to x's would
// add or stretch. It is the adjoint of [BroadcastTo].
func SumTo(x *Node, shape Shape) *Node {
	if bad := broken("sumto", x); bad != nil {
		return bad
	}
	s := x.Shape()
	if s == shape {
		return x
	}
	if b, err := graph.Broadcast(s, shape); err != nil || b != s {
		return graph.Fail("sumto", []*Node{x}, "cannot sum {0} to %v", shape)
	}
	var over []int
	for i := 1; i <= s.Rank(); i++ {
		if i > shape.Rank() || shape.Dim(-i) != s.Dim(-i) {
			over = append(over, -i)
		}
	}
	return Reshape(Sum(x, over...), shape.Dims()...)
}

// End is the end of an axis, whatever its length.
const End = int(^uint(0) >> 1)

// Slice returns the elements at places from, from+step ... below to along the
// axis. Negative places count from the end, [End] is the end itself. Places
// outside an axis of known length are moved to its ends, as in NumPy. The step
// is at least 1: see [Flip].
func Slice(x *Node, axis, from, to, step int) *Node {
	return along("slice", x, axis, func(i int) graph.Op { return slice{i, from, to, step} })
}

// A slice is kept as the user wrote it, so that it means the same whatever
// length a symbolic axis gets.
type slice struct{ axis, from, to, step int }

func (slice) Name() string { return "slice" }
func (s slice) String() string {
	to := fmt.Sprint(s.to)
	if s.to == End {
		to = "end"
	}
	return fmt.Sprintf("slice(axis %d: %d %s %d)", s.axis, s.from, to, s.step)
}

// Doc counts the places of the slice by p.
func (s slice) Doc() graph.Doc {
	return doc("Cuts a piece out along an axis; what is left out gets no gradient.",
		onAxis("y[@p, ...] = x[@"+s.place()+", ...]", s.axis), onAxis("x̄[@q, ...] = sum_p(where(q == "+s.place()+", ȳ[@p, ...], 0))", s.axis))
}

// place is where place p of the slice is on its axis, whose length is n.
func (s slice) place() string {
	p := "p"
	if s.step != 1 {
		p = fmt.Sprint(s.step, "*p")
	}
	switch {
	case s.from < 0:
		return fmt.Sprintf("n - %d + %s", -s.from, p)
	case s.from > 0:
		return fmt.Sprintf("%d + %s", s.from, p)
	}
	return p
}

// bounds returns where the slice starts on an axis and how many elements it
// has. A symbolic axis is taken to be long enough: start checks it.
func (s slice) bounds(n Dim) (start, count Dim) {
	place := func(i int) Dim {
		switch {
		case i == End:
			return n
		case i < 0:
			if n >= 0 {
				return max(n+Dim(i), 0)
			}
			return n.Sub(Dim(-i))
		case n >= 0:
			return min(Dim(i), n)
		}
		return Dim(i)
	}
	start = place(s.from)
	length := place(s.to)
	if length >= 0 && start >= 0 {
		length = max(length-start, 0)
	} else if length = length.Sub(start); length == graph.Unknown { // less than 0, whatever n is
		length = 0
	}
	return start, length.Add(Dim(s.step - 1)).Div(Dim(s.step))
}
func (s slice) Infer(in ...Type) (Type, error) {
	if s.step < 1 {
		return Type{}, fmt.Errorf("step %d is below 1: use ops.Flip to reverse an axis", s.step)
	}
	_, n := s.bounds(in[0].Dim(s.axis))
	return in[0].Of(in[0].Shape.With(s.axis, n)), nil
}

// start returns the offset and the step of the slice, which has count places,
// in a tensor of the given shape.
func (s slice) start(shape []int, count int) (at int, steps []int) {
	from, n := s.bounds(Dim(shape[s.axis]))
	if int(n) != count {
		panic(fmt.Errorf("axis %d has length %d: too short for %v", s.axis, shape[s.axis], s))
	}
	steps = dense(shape)
	at = int(from) * steps[s.axis]
	steps[s.axis] *= s.step
	return at, steps
}
func (s slice) Eval(out Tensor, in ...Tensor) {
	at, steps := s.start(in[0].Shape, out.Shape[s.axis])
	move(out, in[0], steps, at)
}
func (s slice) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	from, n := s.bounds(Dim(x[0].Dims[s.axis]))
	if int(n) != out.Dims[s.axis] {
		return ir.Ref{}, false // Eval says so
	}
	return b.Slice(x[0], s.axis, int(from), s.step, int(n)), true
}
func (s slice) VJP(_, ct *Node, x ...*Node) []*Node {
	return one(graph.Apply(unslice{s, x[0].Shape().Dim(s.axis)}, ct))
}
func (s slice) Simplify(x ...*Node) *Node {
	t, _ := s.Infer(x[0].Type())
	if t == x[0].Type() {
		return x[0]
	}
	return zerosIf(x[0], t.Shape)
}
func (slice) Flops(Type, ...Type) Dim { return 0 }

// unslice puts x where a slice of an axis of length n would take it from, and
// zeros elsewhere: the adjoint of slice.
type unslice struct {
	slice
	n Dim
}

func (unslice) Name() string { return "unslice" }

// Doc is that of a slice with its sides exchanged.
func (u unslice) Doc() graph.Doc {
	return doc("Puts a piece back to where it was cut out, with 0 around it: the gradient of a slice.",
		onAxis("y[@q, ...] = sum_p(where(q == "+u.place()+", x[@p, ...], 0))", u.axis), onAxis("x̄[@p, ...] = ȳ[@"+u.place()+", ...]", u.axis))
}
func (u unslice) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	from, n := u.bounds(Dim(out.Dims[u.axis]))
	if u.step != 1 || int(n) != x[0].Dims[u.axis] {
		return ir.Ref{}, false
	}
	return b.Join(out.DType, out.Dims, u.axis, []int{int(from)}, x[0]), true
}
func (u unslice) String() string { return "un" + u.slice.String() }
func (u unslice) Infer(in ...Type) (Type, error) {
	if _, n := u.bounds(u.n); n != in[0].Dim(u.axis) {
		return Type{}, fmt.Errorf("{0} is no slice of an axis of length %v: want %v along axis %d", u.n, n, u.axis)
	}
	return in[0].Of(in[0].Shape.With(u.axis, u.n)), nil
}
func (u unslice) Eval(out Tensor, in ...Tensor) {
	at, steps := u.start(out.Shape, in[0].Shape[u.axis])
	place(out, in[0], steps, at)
}
func (u unslice) VJP(_, ct *Node, _ ...*Node) []*Node { return one(graph.Apply(u.slice, ct)) }
func (u unslice) Simplify(x ...*Node) *Node {
	return zerosIf(x[0], x[0].Shape().With(u.axis, u.n))
}

// Index returns the element at one place along the axis, which it removes; a
// negative place counts from the end.
func Index(x *Node, axis, at int) *Node {
	to := at + 1
	if at == -1 {
		to = End
	}
	y := Slice(x, axis, at, to, 1)
	if y.Err() != nil {
		return y
	}
	if y.Shape().Dim(axis) != 1 {
		return graph.Fail("index", []*Node{x}, "place %d is outside of axis %d of {0}", at, axis)
	}
	return Squeeze(y, axis)
}

// Pad adds before and after elements of the given value to the ends of the
// axis.
func Pad(x *Node, axis, before, after int, value float64) *Node {
	return along("pad", x, axis, func(i int) graph.Op { return pad{i, before, after, value} })
}

type pad struct {
	axis, before, after int
	value               float64
}

func (pad) Name() string { return "pad" }
func (p pad) String() string {
	return fmt.Sprintf("pad(axis %d: %d %d value %g)", p.axis, p.before, p.after, p.value)
}

// Doc has the elements and the value around them.
func (p pad) Doc() graph.Doc {
	return doc("Adds elements of one value to the ends of an axis, such as the zeros around an image.",
		onAxis(fmt.Sprintf("y[@p, ...] = where(p >= %d && p < n + %d, x[@p - %d, ...], %s)", p.before, p.before, p.before, strings.Trim(strings.ToLower(fmt.Sprint(p.value)), "+")), p.axis),
		onAxis(fmt.Sprintf("x̄[@p, ...] = ȳ[@p + %d, ...]", p.before), p.axis))
}
func (p pad) Infer(in ...Type) (Type, error) {
	if p.before < 0 || p.after < 0 {
		return Type{}, fmt.Errorf("cannot pad by %d and %d: use ops.Slice to cut", p.before, p.after)
	}
	n := in[0].Dim(p.axis).Add(Dim(p.before + p.after))
	return in[0].Of(in[0].Shape.With(p.axis, n)), nil
}
func (p pad) Eval(out Tensor, in ...Tensor) {
	if p.value != 0 {
		fill(out, p.value)
	}
	steps := dense(out.Shape)
	place(out, in[0], steps, p.before*steps[p.axis])
}
func (p pad) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	if p.value != 0 {
		return ir.Ref{}, false
	}
	return b.Join(out.DType, out.Dims, p.axis, []int{p.before}, x[0]), true
}
func (p pad) VJP(_, ct *Node, _ ...*Node) []*Node {
	to := -p.after
	if to == 0 {
		to = End
	}
	return one(Slice(ct, p.axis, p.before, to, 1))
}

// Shift moves the elements n places toward the end of the axis: those at the
// end fall off, those at the start become the given value. A negative n moves
// them toward the start.
func Shift(x *Node, n, axis int, value float64) *Node {
	if n < 0 {
		return Slice(Pad(x, axis, 0, -n, value), axis, -n, End, 1)
	}
	if n == 0 {
		return x
	}
	return Slice(Pad(x, axis, n, 0, value), axis, 0, -n, 1)
}

// Flip reverses x along the axes, or along all.
func Flip(x *Node, axes ...int) *Node {
	return over(func(a axisSet) graph.Op { return flip{a} }, "flip", x, axes)
}

type flip struct{ over axisSet }

func (flip) Name() string     { return "flip" }
func (f flip) String() string { return "flip" + f.over.String() }

// Doc counts the axes from their ends.
func (f flip) Doc() graph.Doc {
	from := f.over.indices(func(i int) string {
		if f.over.has(i) {
			return "n_" + letters[i] + " - 1 - " + letters[i]
		}
		return letters[i]
	})
	return doc("Reverses the order of the elements along axes: a mirrored image.", f.over.formula("y[@all] = x["+from+"]"), f.over.formula("x̄[@all] = ȳ["+from+"]"))
}
func (flip) Infer(in ...Type) (Type, error) { return in[0], nil }
func (f flip) Eval(out Tensor, in ...Tensor) {
	steps, start := dense(in[0].Shape), 0
	for i, d := range in[0].Shape {
		if f.over.has(i) {
			start += (d - 1) * steps[i]
			steps[i] = -steps[i]
		}
	}
	move(out, in[0], steps, start)
}
func (f flip) Lower(b *ir.Builder, _ ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	y := x[0]
	for i := range y.Dims {
		if f.over.has(i) {
			y = ir.Flip(y, i)
		}
	}
	return y, true
}
func (f flip) VJP(_, ct *Node, _ ...*Node) []*Node { return one(graph.Apply(f, ct)) }
func (f flip) Simplify(x ...*Node) *Node {
	if x[0].Op() == graph.Op(f) {
		return x[0].In()[0]
	}
	return zeroOf(x[0])
}
func (flip) Flops(Type, ...Type) Dim { return 0 }

// Roll moves the elements n places along the axis; those that fall off one end
// come in at the other.
func Roll(x *Node, n, axis int) *Node {
	if bad := brokenAxis("roll", x, axis); bad != nil {
		return bad
	}
	d := x.Shape().Dim(axis)
	switch {
	case d.Symbolic():
		i := iota(graph.Int64, graph.Of(d), 0)
		return Take(x, Mod(Sub(i, num(float64(n))), Count(i)), axis)
	case d == 0 || n%int(d) == 0:
		return x
	}
	n = (n%int(d) + int(d)) % int(d)
	return Concat(axis, Slice(x, axis, -n, End, 1), Slice(x, axis, 0, -n, 1))
}

// Tile repeats x as a whole: reps[i] times along axis i. If there are more
// reps than axes, x gets leading axes of length 1; if fewer, they are for the
// last axes.
func Tile(x *Node, reps ...int) *Node {
	if bad := broken("tile", x); bad != nil {
		return bad
	}
	if len(reps) > graph.MaxRank {
		return graph.Fail("tile", []*Node{x}, "cannot repeat {0} along %d axes: at most %d", len(reps), graph.MaxRank)
	}
	s := x.Shape()
	for s.Rank() < len(reps) {
		s = s.Insert(0, 1)
	}
	for len(reps) < s.Rank() {
		reps = slices.Insert(slices.Clone(reps), 0, 1)
	}
	x = Reshape(x, s.Dims()...)
	for i, r := range reps {
		if r < 0 {
			return graph.Fail("tile", []*Node{x}, "cannot repeat {0} %d times", r)
		}
		x = repeatBlock(x, i, i, r)
	}
	return x
}

// Repeat repeats each element n times along the axis, next to each other.
func Repeat(x *Node, n, axis int) *Node {
	if bad := broken("repeat", x); bad != nil {
		return bad
	}
	i, err := x.Shape().Axis(axis)
	if err != nil {
		return graph.Fail("repeat", []*Node{x}, "%v", err)
	}
	if n < 0 {
		return graph.Fail("repeat", []*Node{x}, "cannot repeat {0} %d times", n)
	}
	return repeatBlock(x, i, i+1, n)
}

// repeatBlock repeats x n times on a new axis before place at, and joins that
// with the axis.
func repeatBlock(x *Node, axis, at, n int) *Node {
	if n == 1 || x.Err() != nil {
		return x
	}
	s := x.Shape()
	wide := Reshape(x, s.Insert(at, 1).Dims()...)
	return Reshape(BroadcastTo(wide, s.Insert(at, Dim(n))), s.With(axis, s.Dim(axis).Mul(Dim(n))).Dims()...)
}

// Rot90 turns x by k quarters of a circle in the plane of two axes, from the
// first toward the second.
func Rot90(x *Node, k, from, to int) *Node {
	if bad := brokenAxis("rot90", x, from, to); bad != nil {
		return bad
	}
	i, _ := x.Shape().Axis(from)
	j, _ := x.Shape().Axis(to)
	perm := make([]int, x.Shape().Rank())
	for ax := range perm {
		perm[ax] = ax
	}
	perm[i], perm[j] = j, i
	switch k & 3 {
	case 1:
		return permute(Flip(x, j), perm)
	case 2:
		return Flip(x, i, j)
	case 3:
		return permute(Flip(x, i), perm)
	}
	return x
}

// Meshgrid returns, for vectors of coordinates, those of each point of their
// grid: the i-th result has the i-th vector along axis i.
//
//	x [m], y [n] -> [m n], [m n]
func Meshgrid(x ...*Node) []*Node {
	grid := make([]*Node, len(x))
	if bad := broken("meshgrid", x...); bad != nil {
		return fillNodes(grid, bad)
	}
	var s Shape
	for i, v := range x {
		if v.Shape().Rank() != 1 || i == graph.MaxRank {
			return fillNodes(grid, graph.Fail("meshgrid", x, "want at most %d vectors, got {%d}", graph.MaxRank, i))
		}
		s = s.Insert(i, v.Shape().Dim(0))
	}
	for i, v := range x {
		grid[i] = BroadcastTo(Reshape(v, onlyAxis(s, i).Dims()...), s)
	}
	return grid
}

// fillNodes sets all of a list to one node.
func fillNodes(list []*Node, n *Node) []*Node {
	for i := range list {
		list[i] = n
	}
	return list
}
