package ops_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestMaxSharesAmongTies(t *testing.T) {
	x := mat(3, 1, 3, 3, 2, 2, 2)
	assert.Equal(t, []float64{0, 0.5, 0.5, 1. / 3, 1. / 3, 1. / 3}, slopes(t, ops.Max(x, 1), x))
	assert.Equal(t, []float64{1, 0, 0, 1. / 3, 1. / 3, 1. / 3}, slopes(t, ops.Min(x, 1), x))
	assert.Equal(t, []float64{0, 0.5, 0.5, 0, 0, 0}, slopes(t, ops.Max(x), x))
	low := vec(-inf, -inf)
	assert.Equal(t, []float64{0.5, 0.5}, slopes(t, ops.Max(low), low))
}

func TestNaNInReductions(t *testing.T) {
	for name, f := range map[string]func(x *node, axes ...int) *node{
		"Sum": ops.Sum, "Mean": ops.Mean, "Var": ops.Var, "Std": ops.Std, "Max": ops.Max, "Min": ops.Min,
		"Prod": ops.Prod, "LogSumExp": ops.LogSumExp, "Norm": ops.Norm,
	} {
		got := eval(t, f(mat(3, nan, 1, 2, 3, nan, 4, 5, 6, nan, 7, 8, 9), 1))
		assert.True(t, math.IsNaN(got[0]) && math.IsNaN(got[1]) && math.IsNaN(got[2]), "%s: %v", name, got)
		assert.False(t, math.IsNaN(got[3]), "%s: %v", name, got)
	}
	assert.Equal(t, []int64{1, 0, 2}, intsOf(t, ops.ArgMax(mat(3, 1, nan, nan, nan, 1, 2, 1, 1, 2), 1)), "the first NaN")
	assert.Equal(t, []int64{1, 0, 0}, intsOf(t, ops.ArgMin(mat(3, 1, nan, nan, nan, 1, 2, 1, 1, 2), 1)))
}

func TestInfinitiesInReductions(t *testing.T) {
	x := mat(2, inf, 1, -inf, 1, inf, -inf)
	same(t, []float64{inf, -inf, nan}, eval(t, ops.Sum(x, 1)), 0)
	same(t, []float64{inf, 1, inf}, eval(t, ops.Max(x, 1)), 0)
	same(t, []float64{1, -inf, -inf}, eval(t, ops.Min(x, 1)), 0)
	same(t, []float64{inf, 1, inf}, eval(t, ops.LogSumExp(x, 1)), 0)
	same(t, []float64{inf, inf, inf}, eval(t, ops.Norm(x, 1)), 0)
}

func TestEmptyReductions(t *testing.T) {
	x := graph.ConstOf([]float64{}, 2, 0)
	same(t, []float64{0, 0}, eval(t, ops.Sum(x, 1)), 0)
	same(t, []float64{1, 1}, eval(t, ops.Prod(x, 1)), 0)
	same(t, []float64{nan, nan}, eval(t, ops.Mean(x, 1)), 0)
	same(t, []float64{0}, eval(t, ops.Count(x)), 0)
	same(t, []float64{0, 0}, eval(t, ops.Any(ops.IsNaN(x), 1)), 0)
	same(t, []float64{1, 1}, eval(t, ops.All(ops.IsNaN(x), 1)), 0)
	assert.Empty(t, eval(t, ops.Max(x, 0)), "no elements, so none without a largest")
	fails(t, ops.Max(x, 1), "max: f64[2 0] has no largest element along axis 1, which is empty")
	fails(t, ops.ArgMax(x, 1), "argmax: f64[2 0] has no largest element along axis 1, which is empty")
	fails(t, ops.LogSumExp(x, 1), "no largest element")
}

func TestReductionsOfIntegersAreExact(t *testing.T) {
	big := int64(1) << 60
	x := graph.ConstOf([]int64{big, 1, big, 2, -big, -3}, 3, 2)
	assert.Equal(t, []int64{big, 0}, intsOf(t, ops.Sum(x, 0)))
	assert.Equal(t, []int64{big, 2}, intsOf(t, ops.Max(x, 0)))
	assert.Equal(t, []int64{-big, -3}, intsOf(t, ops.Min(x, 0)))
	assert.Equal(t, []int64{big, 2 * big, 3 * big}, intsOf(t, ops.Prod(graph.ConstOf([]int64{big, 1, big, 2, 3, big}, 3, 2), 1)))
	near := graph.ConstOf([]int64{big, big + 1, big - 1}, 3)
	assert.Equal(t, []int64{1}, intsOf(t, ops.ArgMax(near, 0)))
	assert.Equal(t, []int64{2}, intsOf(t, ops.ArgMin(near, 0)))
	least := graph.ConstOf([]int32{math.MinInt32, 5, math.MaxInt32}, 3)
	assert.Equal(t, []int64{math.MinInt32}, intsOf(t, ops.Min(least)))
	assert.Equal(t, []int64{0}, intsOf(t, ops.ArgMin(least, 0)))
	assert.Equal(t, []int64{math.MaxInt32}, intsOf(t, ops.Max(least)))
	fails(t, ops.Mean(x), ": mean: want floats, got i64[3 2]")
}

func TestReductionsNameTheirMistake(t *testing.T) {
	x, mask := graph.Input("x", 2, 3), graph.InputOf(graph.Bool, "mask", 2)
	fails(t, ops.Sum(x, 2), "sum: axis 2 is outside of [2 3], which has rank 2")
	fails(t, ops.Max(x, 0, -2), "max: axis 0 is listed twice")
	fails(t, ops.Min(x, 7), "axis 7 is outside of [2 3]")
	fails(t, ops.ArgMin(x, 7), "axis 7 is outside of [2 3]")
	fails(t, ops.Sum(mask), "sum: cannot sum mask bool[2]: convert it with ops.Convert")
	fails(t, ops.Max(mask), "max: want numbers, got mask bool[2]: use ops.Any")
	fails(t, ops.Prod(mask), "use ops.All")
	fails(t, ops.Any(x), "any: want Bool, got x [2 3]: compare it with something")
	fails(t, ops.All(x), "want Bool, got x [2 3]")
	fails(t, ops.Keep(ops.Mean, x, 5), "axis 5 is outside")
}

func TestAnyAll(t *testing.T) {
	x := graph.ConstOf([]bool{true, false, true, true, false, false}, 3, 2)
	same(t, []float64{1, 1, 0}, eval(t, ops.Any(x, 1)), 0)
	same(t, []float64{0, 1, 0}, eval(t, ops.All(x, 1)), 0)
	same(t, []float64{1}, eval(t, ops.Any(x)), 0)
	same(t, []float64{0, 0}, eval(t, ops.All(x, 0)), 0)
}

// TestProdWithZeros compares with the derivatives of abcd by hand.
func TestProdWithZeros(t *testing.T) {
	for _, v := range [][]float64{{2, 3, 5, 7}, {2, 0, 5, 7}, {0, 3, 0, 7}, {0, 0, 0, 7}} {
		x := vec(v...)
		y := ops.Prod(x)
		without := func(skip ...int) float64 {
			p := 1.0
			for i, e := range v {
				if i != skip[0] && i != skip[1] {
					p *= e
				}
			}
			return p
		}
		var g, h []float64
		for i := range v {
			g = append(g, without(i, i))
			for j := range v {
				if i == j {
					h = append(h, 0)
				} else {
					h = append(h, without(i, j))
				}
			}
		}
		assert.Equal(t, g, slopes(t, y, x))
		assert.Equal(t, h, eval(t, autodiff.Hessian(y, x)))
	}
}

func TestLogSumExpFarOut(t *testing.T) {
	x := mat(2, 1000, 1000, -1000, -1000, -inf, 3, -inf, -inf)
	y := ops.LogSumExp(x, 1)
	same(t, []float64{1000 + math.Ln2, -1000 + math.Ln2, 3, -inf}, eval(t, y), 1e-15)
	same(t, []float64{0.5, 0.5, 0.5, 0.5, 0, 1}, slopes(t, y, x)[:6], 1e-15)
	single := graph.ConstOf([]float32{1000, -1000}, 2)
	same(t, []float64{1000}, eval(t, ops.LogSumExp(single)), 0)
}

func TestNorms(t *testing.T) {
	x := vec(3, 0, -4)
	for p, want := range map[float64]float64{0: 2, 1: 7, 2: 5, inf: 4, -inf: 0, 3: math.Cbrt(91), -1: 0} {
		same(t, []float64{want}, eval(t, ops.NormP(x, p)), 1e-15, p)
	}
	same(t, []float64{0.6, 0, -0.8}, slopes(t, ops.Norm(x), x), 1e-15)
	same(t, []float64{9 / math.Pow(91, 2./3), 0, -16 / math.Pow(91, 2./3)}, slopes(t, ops.NormP(x, 3), x), 1e-14)
	zero := mat(2, 0, 0, 3, 4)
	same(t, []float64{0, 0, 0.6, 0.8}, slopes(t, ops.Norm(zero, 1), zero), 1e-15)
	assert.Equal(t, []float64{0, 0, 1, 1}, slopes(t, ops.NormP(zero, 1), zero))
}

func TestStdOfEqualElements(t *testing.T) {
	x := vec(2, 2, 2)
	assert.Equal(t, []float64{0}, eval(t, ops.Std(x)))
	assert.Equal(t, []float64{0, 0, 0}, slopes(t, ops.Std(x), x))
	same(t, []float64{nan}, eval(t, ops.Var(vec(5))), 0, "one element has no variance")
}

// TestSumsOfFloat32AreAddedInFloat64 adds a million small numbers to a large one.
func TestSumsOfFloat32AreAddedInFloat64(t *testing.T) {
	x := make([]float32, 1<<20)
	for i := range x {
		x[i] = 0.01
	}
	x[0] = 1 << 20
	assert.Equal(t, []float64{float64(float32(1<<20 + float64(float32(0.01))*float64(len(x)-1)))}, eval(t, ops.Sum(graph.ConstOf(x, len(x)))))
}
