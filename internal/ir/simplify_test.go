package ir

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestAlgebra compares what functions become with what they should.
func TestAlgebra(t *testing.T) {
	b := NewBuilder(64)
	x, y := leafOf(b, 3, 5), leafOf(b, 3, 5)
	s, u := leafOf(b, 3, 1), leafOf(b, 3, 1)
	do := func(op Op, in ...Ref) Ref {
		r, ok := b.Map(op, in...)
		assert.True(t, ok, op)
		return r
	}
	num := func(v float64) Ref { return b.Const(F32, v) }
	neg := func(x Ref) Ref { return do(Neg, x) }
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
		{"x / s", do(Div, x, s), do(Mul, x, do(Recip, s))},
		{"1 / x", do(Div, num(1), x), do(Recip, x)},
		{"1 / √x", do(Recip, do(Sqrt, x)), do(Rsqrt, x)},
		{"(x·s)·u", do(Mul, do(Mul, x, s), u), do(Mul, x, do(Mul, s, u))},
		{"(-x)·y", do(Mul, neg(x), y), neg(do(Mul, x, y))},
		{"2 · 3", do(Mul, num(2), num(3)), num(6)},
		{"Σ -x", b.Reduce(Sum, neg(x), 2), neg(b.Reduce(Sum, x, 2))},
		{"Σ x·s", b.Reduce(Sum, do(Mul, x, s), 2), do(Mul, b.Reduce(Sum, x, 2), b.Reshape(s, []int{3}))},
		{"where(c, x, x)", do(Where, do(Less, x, y), x, x), x},
	} {
		assert.Same(t, c.want.V, c.got.V, c.name)
		assert.ElementsMatch(t, c.want.Steps, c.got.Steps, c.name)
	}
	// what is not the same for all numbers is left alone
	assert.NotSame(t, b.Const(F32, 0).V, do(Mul, x, num(0)).V, "0 · NaN")
	assert.NotSame(t, x.V, do(Div, do(Mul, x, y), y).V)
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
