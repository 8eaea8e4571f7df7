package ir

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestAlgebra compares what functions become with what they should.
func TestAlgebra(t *testing.T) {
	b := NewBuilder(64)
	x, y := leafOf(b, 3, 5), leafOf(b, 3, 5)
	any, other := leafOf(b, 3, 1), leafOf(b, 3, 1)
	do := func(op Op, in ...Ref) Ref {
		r, ok := b.Map(op, in...)
		assert.True(t, ok, op)
		return r
	}
	num := func(v float64) Ref { return b.Const(F32, v) }
	neg := func(x Ref) Ref { return do(Neg, x) }
	s := do(Rsqrt, do(Add, do(Square, any), num(1e-5)))
	_, u := softmaxOf(b, y, 1)
	r := do(Recip, u)
	less := do(Less, x, y)
	truth, _ := b.Convert(less, F32)
	for _, c := range []struct {
		name      string
		got, want Ref
	}{
		{"x + 0", do(Add, x, num(0)), x},
		{"x - 0", do(Sub, x, num(0)), x},
		{"1 · x", do(Mul, num(1), x), x},
		{"-1 · x", do(Mul, num(-1), x), neg(x)},
		{"-(-x)", neg(neg(x)), x},
		{"x + -y", do(Add, x, neg(y)), do(Sub, x, y)},
		{"x - -y", do(Sub, x, neg(y)), do(Add, x, y)},
		{"-(x - y)", neg(do(Sub, x, y)), do(Sub, y, x)},
		{"x · x", do(Mul, x, x), do(Square, x)},
		{"x + x", do(Add, x, x), do(Mul, x, num(2))},
		{"x / √s", do(Div, x, do(Sqrt, any)), do(Mul, x, do(Rsqrt, any))},
		{"x / 3", do(Div, x, num(3)), do(Mul, x, num(1/float64(float32(3))))},
		{"1 / x", do(Div, num(1), x), do(Recip, x)},
		{"1 / √x", do(Recip, do(Sqrt, x)), do(Rsqrt, x)},
		{"(x·s)·u", do(Mul, do(Mul, x, s), u), do(Mul, x, do(Mul, s, u))},
		{"(x·2)·any", do(Mul, do(Mul, x, num(2)), any), do(Mul, x, do(Mul, any, num(2)))},
		{"(x·2)·(y·3)", do(Mul, do(Mul, x, num(2)), do(Mul, y, num(3))), do(Mul, do(Mul, x, y), num(6))},
		{"(-x)·y", do(Mul, neg(x), y), neg(do(Mul, x, y))},
		{"2 · 3", do(Mul, num(2), num(3)), num(6)},
		{"Σ -x", b.Reduce(Sum, neg(x), 2), neg(b.Reduce(Sum, x, 2))},
		{"Σ x·s", b.Reduce(Sum, do(Mul, x, s), 2), do(Mul, b.Reduce(Sum, x, 2), b.Reshape(s, []int{3}))},
		{"(x·(y/u))·3", do(Mul, do(Mul, x, do(Mul, y, r)), num(3)), do(Mul, do(Mul, x, y), do(Mul, r, num(3)))},
		{"t·2 + 3", do(Add, do(Mul, truth, num(2)), num(3)), do(Where, less, num(5), num(3))},
		{"where(c, x, x)", do(Where, do(Less, x, y), x, x), x},
	} {
		assert.Same(t, c.want.V, c.got.V, c.name)
		assert.ElementsMatch(t, c.want.Steps, c.got.Steps, c.name)
	}
	d := do(Sub, do(Exp, x), y)
	assert.Same(t, do(Add, y, do(Sub, y, do(Exp, x))).V, do(Sub, y, d).V, "y + (y - e)")
	assert.Same(t, b.Reduce(Sum, do(Sub, y, do(Exp, x)), 2).V, neg(b.Reduce(Sum, d, 2)).V, "Σ (y - e)")
	zero := do(Sub, x, x)
	assert.Equal(t, zero.V, b.Reduce(Sum, zero, 2).V.In[0].V, "x - x is the opposite of itself")
	// what is not the same for all numbers is left alone
	assert.NotSame(t, b.Const(F32, 0).V, do(Mul, x, num(0)).V, "0 · NaN")
	assert.NotSame(t, x.V, do(Div, do(Mul, x, y), y).V)
	assert.Equal(t, Div, do(Div, x, any).V.Op, "1/s may be infinite")
	assert.Equal(t, Div, do(Div, x, num(1e-40)).V.Op, "1/s is infinite")
	assert.Equal(t, any.V, do(Mul, do(Mul, x, other), any).V.In[1].V, "the product may overflow")
	assert.Equal(t, num(3).V, do(Mul, do(Mul, x, do(Mul, y, any)), num(3)).V.In[1].V, "x·y may overflow")
	assert.Equal(t, Add, do(Add, do(Mul, truth, num(math.Inf(1))), num(3)).V.Op, "0·Inf is NaN")
	assert.Equal(t, num(1e-30).V, do(Mul, do(Mul, x, num(1e-30)), num(1e-30)).V.In[1].V, "the product underflows")
	assert.Equal(t, Reduce, b.Reduce(Sum, do(Mul, x, any), 2).V.Kind, "0·Inf is NaN")
}

// softmaxOf returns x less the maximum of its rows, and the sum of the
// exponentials of that.
func softmaxOf(b *Builder, x Ref, axis int) (u, s Ref) {
	over := func(op Op, x Ref) Ref {
		y, dims := b.Reduce(op, x, 1<<axis), slices.Clone(x.Dims)
		dims[axis] = 1
		return b.Reshape(y, dims)
	}
	u, _ = b.Map(Sub, x, over(Max, x))
	e, _ := b.Map(Exp, u)
	return u, over(Sum, e)
}

// TestExpOfLogSoftmax checks that the exponential of a log-softmax is the
// softmax, by rows and by columns, and only where the sum is that of its rows.
func TestExpOfLogSoftmax(t *testing.T) {
	for axis := range 2 {
		b := NewBuilder(16)
		u, s := softmaxOf(b, leafOf(b, 4, 4), axis)
		l, _ := b.Map(Log, s)
		x, _ := b.Map(Sub, u, l)
		p, _ := b.Map(Exp, x)
		e, _ := b.Map(Exp, u)
		want, _ := b.Map(Div, e, s)
		assert.Equal(t, Mul, p.V.Op, axis)
		assert.Same(t, want.V, p.V, axis)

		_, other := softmaxOf(b, u, 1-axis)
		l, _ = b.Map(Log, other)
		x, _ = b.Map(Sub, u, l)
		p, _ = b.Map(Exp, x)
		assert.Equal(t, Exp, p.V.Op, "sums along the other axis")
	}
}

// TestSumsOfDifferencesFromTheMean checks that they are 0, or NaN where the mean
// is not finite, that a sum of such a difference and something else is the sum of
// that, and that nothing else is taken for one.
func TestSumsOfDifferencesFromTheMean(t *testing.T) {
	for axis, n := range []int{3, 5} {
		b := NewBuilder(32)
		do := func(op Op, in ...Ref) Ref {
			r, ok := b.Map(op, in...)
			assert.True(t, ok, op)
			return r
		}
		keep := func(x Ref) Ref {
			dims := slices.Clone(x.Dims)
			dims[axis] = 1
			return b.Reshape(b.Reduce(Sum, x, 1<<axis), dims)
		}
		x, y := leafOf(b, 3, 5), leafOf(b, 3, 5)
		dims := []int{3, 5}
		dims[axis] = 1
		s, u := leafOf(b, dims...), leafOf(b, dims...)
		mean := do(Mul, keep(x), b.Const(F32, 1/float64(n)))
		d := do(Sub, x, mean)
		assert.Same(t, do(Sub, mean, mean).V, keep(d).V, axis)
		sum := keep(do(Add, do(Mul, y, s), do(Mul, d, u)))
		assert.Equal(t, Add, sum.V.Op)
		assert.Equal(t, Reduce, sum.V.In[0].V.Kind, "the factor may be infinite")
		assert.Same(t, do(Mul, do(Sub, mean, mean), u).V, sum.V.In[1].V)

		assert.Equal(t, Reduce, keep(do(Sub, x, do(Mul, keep(x), b.Const(F32, 0.5)))).V.Kind, "half the sum")
		assert.Equal(t, Reduce, keep(do(Sub, y, mean)).V.Kind, "the mean of something else")
		assert.Equal(t, Reduce, keep(do(Sub, x, do(Mul, keep(x), b.Const(F32, (1+1e-6)/float64(n))))).V.Kind, "nearly the mean")
		assert.Equal(t, Reduce, b.Reduce(Sum, d, 1<<(1-axis)).V.Kind, "along another axis")
	}
	b := NewBuilder(16)
	x, s := leafOf(b, 3, 5), leafOf(b, 1, 5)
	total := b.Reduce(Sum, x, 1)
	p, _ := b.Map(Mul, x, s)
	want, _ := b.Map(Mul, total, b.Reshape(s, []int{5}))
	assert.Same(t, want.V, b.Reduce(Sum, p, 1).V, "the sum without the factor is there already")
}

// TestOneHotSumIsLookUp checks that a sum of a row that is 0 but at an index
// that is checked is what stands there.
func TestOneHotSumIsLookUp(t *testing.T) {
	b := NewBuilder(16)
	index := b.Leaf(0, I64, []int{3, 1})
	ct := leafOf(b, 3, 1)
	here, _ := b.Map(Equal, b.Iota(F32, 5), b.Index(index, 5))
	row, _ := b.Map(Where, here, ct, b.Const(F32, 0))
	assert.Same(t, ct.V, b.Reduce(Sum, row, 2).V)
	unchecked, _ := b.Convert(index, F32)
	here, _ = b.Map(Equal, b.Iota(F32, 5), unchecked)
	row, _ = b.Map(Where, here, ct, b.Const(F32, 0))
	assert.Equal(t, Reduce, b.Reduce(Sum, row, 2).V.Kind, "an index outside would give 0")
}

func TestCheckFindsWhatIsBroken(t *testing.T) {
	broken := func(mend func(v *Value)) error {
		b := NewBuilder(4)
		x, _ := b.Map(Exp, leafOf(b, 3, 5))
		mend(x.V)
		return Check(b.Values)
	}
	assert.NoError(t, broken(func(*Value) {}))
	assert.ErrorContains(t, broken(func(v *Value) { v.ID = 7 }), "calls itself 7")
	assert.ErrorContains(t, broken(func(v *Value) { v.Dims = []int{3, 1} }), "length 1")
	assert.ErrorContains(t, broken(func(v *Value) { v.In[0].Off = 1 }), "reads 1 to 15 of 15 elements")
	assert.ErrorContains(t, broken(func(v *Value) { v.In[0].V = v }), "not computed before")
	assert.ErrorContains(t, broken(func(v *Value) { v.Dims = []int{5, 3} }), "operand 0 is over [3 5]")
}
