package ops_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestNaNComesOutWhereItGoesIn holds for each operand of every elementwise
// function: a NaN must not turn into a number on the way to the loss.
func TestNaNComesOutWhereItGoesIn(t *testing.T) {
	for _, l := range slices.Concat(unaryLines(), activationLines(), arithLines(), controlLines()[:1]) {
		for i := range l.args {
			v := l.draw(usual)
			for j := range v[i].v {
				v[i].v[j] = nan
			}
			x := make([]*node, len(v))
			for k := range x {
				x[k] = graph.ConstOf(v[k].v, v[k].shape...)
			}
			y := eval(t, l.f(x...))
			assert.False(t, slices.ContainsFunc(y, func(y float64) bool { return y == y }), "%s of NaN as operand %d gives %v", l.name, i, y)
		}
	}
}

func TestInfinities(t *testing.T) {
	for _, c := range []struct {
		name      string
		f         func(*node) *node
		low, high float64 // at -Inf and Inf
	}{
		{"Neg", ops.Neg, inf, -inf},
		{"Abs", ops.Abs, inf, inf},
		{"Sign", ops.Sign, -1, 1},
		{"Reciprocal", ops.Reciprocal, 0, 0},
		{"Exp", ops.Exp, 0, inf},
		{"Exp2", ops.Exp2, 0, inf},
		{"Expm1", ops.Expm1, -1, inf},
		{"Log", ops.Log, nan, inf},
		{"Log1p", ops.Log1p, nan, inf},
		{"Sqrt", ops.Sqrt, nan, inf},
		{"Rsqrt", ops.Rsqrt, nan, 0},
		{"Sin", ops.Sin, nan, nan},
		{"Atan", ops.Atan, -math.Pi / 2, math.Pi / 2},
		{"Tanh", ops.Tanh, -1, 1},
		{"Erf", ops.Erf, -1, 1},
		{"Erfc", ops.Erfc, 2, 0},
		{"Sigmoid", ops.Sigmoid, 0, 1},
		{"Softplus", ops.Softplus, 0, inf},
		{"ReLU", ops.ReLU, 0, inf},
		{"Floor", ops.Floor, -inf, inf},
		{"LogSigmoid", ops.LogSigmoid, -inf, 0},
		{"ELU", with(ops.ELU, 2), -2, inf},
		{"ReLU6", ops.ReLU6, 0, 6},
		{"HardSigmoid", ops.HardSigmoid, 0, 1},
		{"HardSwish", ops.HardSwish, 0, inf},
		{"SoftShrink", with(ops.SoftShrink, 1), -inf, inf},
	} {
		same(t, []float64{c.low, c.high}, eval(t, c.f(vec(-inf, inf))), 1e-15, c.name)
	}
}

func TestPoles(t *testing.T) {
	assert.Equal(t, []float64{-inf, inf, inf, 0}, []float64{
		eval(t, ops.Log(vec(0)))[0], eval(t, ops.Rsqrt(vec(0)))[0], eval(t, ops.Reciprocal(vec(0)))[0], eval(t, ops.Sqrt(vec(0)))[0]})
	same(t, []float64{nan, nan, nan, nan, nan}, []float64{
		eval(t, ops.Log(vec(-1)))[0], eval(t, ops.Sqrt(vec(-1)))[0], eval(t, ops.Asin(vec(2)))[0], eval(t, ops.Acosh(vec(0.5)))[0], eval(t, ops.Atanh(vec(2)))[0]}, 0)
}

func TestFarOut(t *testing.T) {
	far := vec(-1000, -40, 40, 1000)
	same(t, []float64{0, math.Exp(-40), 40, 1000}, eval(t, ops.Softplus(far)), 1e-15)
	same(t, []float64{-1000, -40, -math.Exp(-40), 0}, eval(t, ops.LogSigmoid(far)), 1e-15)
	same(t, []float64{0, math.Exp(-40), 1, 1}, eval(t, ops.Sigmoid(far)), 1e-15)
	for _, f := range []func(*node) *node{ops.Softplus, ops.LogSigmoid, ops.Sigmoid, ops.Tanh, ops.GELU, ops.GELUTanh, ops.SiLU, ops.Mish, ops.SELU, with(ops.CELU, 2)} {
		for _, slope := range slopes(t, f(far), far) {
			assert.Less(t, math.Abs(slope), 2.5, "finite")
		}
	}
	tiny := math.Exp(-40)
	assert.InEpsilon(t, tiny, eval(t, ops.Softplus(vec(-40)))[0], 1e-14, "relative to its size")
	assert.InEpsilon(t, -tiny, eval(t, ops.LogSigmoid(vec(40)))[0], 1e-14)
	assert.InEpsilon(t, tiny, eval(t, ops.Sigmoid(vec(-40)))[0], 1e-14)
	assert.InEpsilon(t, 1e-20, eval(t, ops.Expm1(vec(1e-20)))[0], 1e-14)
	assert.InEpsilon(t, 1e-20, eval(t, ops.Log1p(vec(1e-20)))[0], 1e-14)
	assert.Equal(t, []float64{3, -2}, eval(t, ops.Log2(vec(8, 0.25))), "exact for powers of 2")
}

func TestKinks(t *testing.T) {
	zero := vec(0)
	for _, c := range []struct {
		name string
		f    func(*node) *node
		at   float64
		want float64
	}{
		{"Abs", ops.Abs, 0, 0},
		{"Sign", ops.Sign, 0, 0},
		{"ReLU", ops.ReLU, 0, 0},
		{"LeakyReLU", with(ops.LeakyReLU, 0.1), 0, 0.1},
		{"ELU", with(ops.ELU, 0.7), 0, 0.7},
		{"CELU", with(ops.CELU, 0.7), 0, 1},
		{"HardTanh", func(x *node) *node { return ops.HardTanh(x, -1, 2) }, -1, 0},
		{"HardTanh", func(x *node) *node { return ops.HardTanh(x, -1, 2) }, 2, 0},
		{"ReLU6", ops.ReLU6, 0, 0},
		{"ReLU6", ops.ReLU6, 6, 0},
		{"HardSigmoid", ops.HardSigmoid, -3, 0},
		{"HardSigmoid", ops.HardSigmoid, 3, 0},
		{"HardSwish", ops.HardSwish, -3, -0.5},
		{"HardSwish", ops.HardSwish, 3, 1.5},
		{"SoftShrink", with(ops.SoftShrink, 1), 1, 0},
		{"HardShrink", with(ops.HardShrink, 1), -1, 0},
		{"Threshold", func(x *node) *node { return ops.Threshold(x, 1, 5) }, 1, 0},
		{"Clamp", func(x *node) *node { return ops.Clamp(x, graph.Scalar(-1), graph.Scalar(2)) }, -1, 1},
		{"Clamp", func(x *node) *node { return ops.Clamp(x, graph.Scalar(-1), graph.Scalar(2)) }, 2, 1},
		{"Softsign", ops.Softsign, 0, 1},
		{"Norm", func(x *node) *node { return ops.Norm(x) }, 0, 0},
		{"NormP", func(x *node) *node { return ops.NormP(x, 3) }, 0, 0},
		{"NormP", func(x *node) *node { return ops.NormP(x, 0.5) }, 0, 0},
		{"Sqrt", ops.Sqrt, 0, inf},
		{"Asin", ops.Asin, 1, inf},
		{"Acos", ops.Acos, -1, -inf},
		{"Acosh", ops.Acosh, 1, inf},
	} {
		x := vec(c.at)
		same(t, []float64{c.want}, slopes(t, c.f(x), x), 1e-14, c.name, "at", c.at)
		in := graph.InputOf(graph.Float64, "x", 20) // long enough for the vector kernels
		line := run(t, ops.Repeat(x, 20, 0))[0]
		same(t, slices.Repeat([]float64{c.want}, 20), fed(t, autodiff.Grad(ops.Sum(c.f(in)), in)[0], in, line), 1e-14, c.name, "at", c.at)
	}
	assert.Equal(t, []float64{0}, eval(t, ops.Sign(zero)))
	assert.Equal(t, []float64{2, 2, -2, 0, 0}, eval(t, ops.Round(vec(1.5, 2.5, -1.5, 0.5, -0.5))), "to even")
}

// TestGuards shows why the argument is guarded and not only the result.
func TestGuards(t *testing.T) {
	x := vec(0, 4)
	positive := ops.Greater(x, graph.Scalar(0))
	safe := ops.Where(positive, x, graph.Scalar(1))
	for _, f := range []func(*node) *node{ops.Log, ops.Sqrt, func(x *node) *node { return ops.Div(graph.Scalar(1), x) }} {
		guarded := slopes(t, ops.Where(positive, f(safe), graph.Scalar(0)), x)
		assert.Zero(t, guarded[0])
		assert.False(t, math.IsNaN(guarded[1]) || guarded[1] == 0)
		assert.True(t, math.IsNaN(slopes(t, ops.Where(positive, f(x), graph.Scalar(0)), x)[0]), "0 times infinity")
	}
}

func TestUnaryOpsOnIntegers(t *testing.T) {
	big := int64(1)<<53 + 1
	x := ids(-big, 0, big)
	assert.Equal(t, []int64{big, 0, -big}, intsOf(t, ops.Neg(x)))
	assert.Equal(t, []int64{big, 0, big}, intsOf(t, ops.Abs(x)))
	assert.Equal(t, []int64{-1, 0, 1}, intsOf(t, ops.Sign(x)))
	assert.Equal(t, []int64{0, 0, big}, intsOf(t, ops.ReLU(x)))
	assert.Equal(t, []int64{9, 4}, intsOf(t, ops.Square(graph.ConstOf([]int32{-3, 2}, 2))))
	fails(t, ops.Exp(x), "exp: want floats, got i64[3]: convert it with ops.Convert")
	fails(t, ops.Neg(graph.ConstOf([]bool{true}, 1)), "neg: want numbers, got bool[1]: convert it with ops.Convert")
}
