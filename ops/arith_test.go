package ops_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestIntegersAreExact(t *testing.T) {
	big := int64(1)<<53 + 1
	x, y := ids(big, -big, 7), ids(2, 1, -3)
	assert.Equal(t, []int64{big + 2, -big + 1, 4}, intsOf(t, ops.Add(x, y)))
	assert.Equal(t, []int64{big - 2, -big - 1, 10}, intsOf(t, ops.Sub(x, y)))
	assert.Equal(t, []int64{2 * big, -big, -21}, intsOf(t, ops.Mul(x, y)))
	assert.Equal(t, []int64{big, 1, 7}, intsOf(t, ops.Maximum(x, y)))
	assert.Equal(t, []int64{2, -big, -3}, intsOf(t, ops.Minimum(x, y)))
	assert.Equal(t, []int64{1, 0, -2}, intsOf(t, ops.Mod(x, y)), "with the sign of the divisor")
	assert.Equal(t, []int64{2, 1, 0}, intsOf(t, ops.Mod(ids(-1, -2, -3), graph.Scalar(3))))
	small := graph.ConstOf([]int32{math.MaxInt32, 5}, 2)
	assert.Equal(t, []int64{math.MinInt32, 6}, intsOf(t, ops.Add(small, graph.Scalar(1))), "int32 wraps as in Go")
	failsToRun(t, ops.Mod(x, graph.Scalar(0)), "mod: integer division by zero")
	fails(t, ops.Div(x, y), "div: want floats, got i64[3]: convert it with ops.Convert")
	fails(t, ops.Add(x, graph.ConstOf([]bool{true, true, true}, 3)), "different dtypes")
}

func TestModOfFloats(t *testing.T) {
	x, y := vec(5.5, -5.5, 5.5, -5.5, 6), vec(2, 2, -2, -2, -3)
	assert.Equal(t, []float64{1.5, 0.5, -0.5, -1.5, 0}, eval(t, ops.Mod(x, y)))
	assert.Equal(t, []float64{-2, 3, 3, -2, 2}, slopes(t, ops.Mod(x, y), y), "-floor(x/y)")
}

func TestInfinitiesMeet(t *testing.T) {
	x, y := vec(inf, -inf, inf, 0), vec(inf, -inf, -inf, inf)
	same(t, []float64{inf, -inf, nan, inf}, eval(t, ops.Add(x, y)), 0)
	same(t, []float64{nan, nan, inf, -inf}, eval(t, ops.Sub(x, y)), 0)
	same(t, []float64{inf, inf, -inf, nan}, eval(t, ops.Mul(x, y)), 0)
	same(t, []float64{nan, nan, nan, 0}, eval(t, ops.Div(x, y)), 0)
	same(t, []float64{inf, -inf, inf, inf}, eval(t, ops.Maximum(x, y)), 0)
	same(t, []float64{inf, -inf, -inf, 0}, eval(t, ops.Minimum(x, y)), 0)
	same(t, []float64{inf, inf, inf, inf}, eval(t, ops.Hypot(x, y)), 0)
	same(t, []float64{inf, -inf, inf, inf}, eval(t, ops.LogAddExp(x, y)), 0)
	same(t, []float64{inf, -inf, nan}, eval(t, ops.Div(vec(1, -1, 0), vec(0, 0, 0))), 0)
	same(t, []float64{1e200 * math.Sqrt2}, eval(t, ops.Hypot(vec(1e200), vec(1e200))), 1e-15, "no overflow")
	same(t, []float64{1000 + math.Ln2, -1000 + math.Ln2}, eval(t, ops.LogAddExp(vec(1000, -1000), vec(1000, -1000))), 1e-15)
	z := vec(-1000, -inf)
	assert.Equal(t, []float64{0, 0}, slopes(t, ops.LogAddExp(vec(1000, 5), z), z))
}

func TestTiesHalve(t *testing.T) {
	x, y := vec(1, 2, 3), vec(3, 2, 1)
	assert.Equal(t, []float64{0, 0.5, 1}, slopes(t, ops.Maximum(x, y), x))
	assert.Equal(t, []float64{1, 0.5, 0}, slopes(t, ops.Maximum(x, y), y))
	assert.Equal(t, []float64{1, 0.5, 0}, slopes(t, ops.Minimum(x, y), x))
	assert.Equal(t, []float64{0, 0.5, 1}, slopes(t, ops.Minimum(x, y), y))
	assert.Equal(t, []float64{1, 1, 1}, slopes(t, ops.Maximum(x, x), x), "both halves")
}

func TestTheOriginHasNoDirection(t *testing.T) {
	x, y := vec(0), vec(0)
	assert.Equal(t, []float64{0}, slopes(t, ops.Atan2(y, x), x))
	assert.Equal(t, []float64{0}, slopes(t, ops.Atan2(y, x), y))
	assert.Equal(t, []float64{0}, slopes(t, ops.Hypot(y, x), y))
	same(t, []float64{math.Pi, -math.Pi / 2, 3 * math.Pi / 4}, eval(t, ops.Atan2(vec(0, -1, 1), vec(-1, 0, -1))), 1e-15)
}

func TestPowAtItsEdges(t *testing.T) {
	slopesAt := func(x, p float64) (dx, dp, value float64) {
		a, b := vec(x), vec(p)
		y := ops.Pow(a, b)
		return slopes(t, y, a)[0], slopes(t, y, b)[0], eval(t, y)[0]
	}
	for _, c := range []struct{ x, p, value, dx, dp float64 }{
		{0, 0, 1, 0, 0},
		{0, 1, 0, 1, 0},
		{0, 2, 0, 0, 0},
		{0, 0.5, 0, inf, 0},
		{0, -1, inf, -inf, -inf},
		{3, 0, 1, 0, math.Log(3)},
		{-2, 3, -8, 12, nan},
		{-2, 2, 4, -4, nan},
		{-2, -1, -0.5, -0.25, nan},
		{-2, 0.5, nan, nan, nan},
		{-2, 0, 1, 0, nan},
	} {
		dx, dp, value := slopesAt(c.x, c.p)
		same(t, []float64{c.value, c.dx, c.dp}, []float64{value, dx, dp}, 1e-14, c.x, "to the power", c.p)
	}
}

// TestPowOfZeroAtHigherOrders differentiates x³ and x² at 0 until nothing is
// left.
func TestPowOfZeroAtHigherOrders(t *testing.T) {
	for p, want := range map[float64][]float64{3: {0, 0, 6, 0}, 2: {0, 2, 0}, 1: {1, 0}, 0: {0, 0}} {
		x := graph.ScalarOf(graph.Float64, 0)
		y := ops.Pow(x, graph.Scalar(p))
		for order, w := range want {
			y = autodiff.Grad(y, x)[0]
			assert.Equal(t, []float64{w}, eval(t, y), "derivative %d of x^%g at 0", order+1, p)
		}
	}
}

func TestKnownZerosVanish(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", 2, 3)
	zero := graph.Zeros(graph.Type{DType: graph.Float64, Shape: graph.Of(3)})
	for _, y := range []*node{ops.Add(x, zero), ops.Add(zero, x), ops.Sub(x, zero), ops.Mul(x, graph.Scalar(1)), ops.Div(x, graph.Scalar(1)), ops.Pow(x, graph.Scalar(1)), ops.Neg(ops.Neg(x))} {
		p, err := graph.Compile(y)
		assert.NoError(t, err)
		assert.Equal(t, 1, p.Len(), "only the input is left:\n%s", p.Listing())
	}
	for _, y := range []*node{ops.Mul(x, zero), ops.Div(zero, x), ops.Neg(ops.Mul(zero, x)), ops.MatMul(x, ops.Expand(zero, 1))} {
		p, err := graph.Compile(y)
		assert.NoError(t, err)
		assert.NotContains(t, p.Listing(), "input x")
		assert.Equal(t, y.Type(), p.Nodes()[p.Len()-1].Type(), "the shape stays")
	}
}
