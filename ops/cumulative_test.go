package ops_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestRecurrence(t *testing.T) {
	half := ops.Recurrence(graph.Scalar(0.5), vec(8, 0, 1, 0), 0)
	assert.Equal(t, []float64{8, 4, 3, 1.5}, eval(t, half), "a scalar takes the dtype of its partner")
	assert.Equal(t, []float64{5, 17, 52}, eval(t, ops.Recurrence(vec(nan, 3, 3), vec(5, 2, 1), 0)), "the first factor does not matter")
	assert.Equal(t, []float64{3, 9, 3, 6}, eval(t, ops.Recurrence(mat(1, 2, 1), vec(3, 3), -1)), "operands broadcast")

	x, y := graph.Input("x", 2, 3), graph.Input("y", 4)
	fails(t, ops.Recurrence(x, y, 0), "recurrence: x [2 3] and y [4] do not broadcast")
	fails(t, ops.Recurrence(x, x, 2), "axis 2 is outside of [2 3], which has rank 2")
	fails(t, ops.Recurrence(ids(1), ids(1), 0), "want floats")
}

func TestCumSumOfIntegersIsExact(t *testing.T) {
	big := int64(1) << 60
	assert.Equal(t, []int64{big, big + 1, big + 3}, intsOf(t, ops.CumSum(ids(big, 1, 2), 0)))
	fails(t, ops.CumSum(graph.ConstOf([]bool{true}, 1), 0), "want numbers")
	fails(t, ops.CumSum(vec(1), 1), "axis 1 is outside")
}

// TestCumProdWithZeros compares with what differentiating the products by hand
// gives: at zeros no form that divides is right.
func TestCumProdWithZeros(t *testing.T) {
	x := vec(2, 0, 3, 0)
	y := ops.CumProd(x, 0)
	assert.Equal(t, []float64{2, 0, 0, 0}, eval(t, y))
	// the sum is a + ab + abc + abcd
	assert.Equal(t, []float64{1, 2 + 6, 0, 0}, slopes(t, y, x))
	h := eval(t, autodiff.Hessian(ops.Sum(y), x))
	assert.Equal(t, []float64{
		0, 1 + 3, 0, 0,
		1 + 3, 0, 2, 6,
		0, 2, 0, 0,
		0, 6, 0, 0}, h)
}
