package ops_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestComparisonsWithNaN(t *testing.T) {
	x, y := vec(nan, 1, nan, inf), vec(1, nan, nan, inf)
	no := []float64{0, 0, 0, 0}
	assert.Equal(t, no, eval(t, ops.Less(x, y)))
	assert.Equal(t, no, eval(t, ops.Greater(x, y)))
	assert.Equal(t, []float64{0, 0, 0, 1}, eval(t, ops.LessEqual(x, y)))
	assert.Equal(t, []float64{0, 0, 0, 1}, eval(t, ops.GreaterEqual(x, y)))
	assert.Equal(t, []float64{0, 0, 0, 1}, eval(t, ops.Equal(x, y)))
	assert.Equal(t, []float64{1, 1, 1, 0}, eval(t, ops.NotEqual(x, y)))
	assert.Equal(t, []float64{1, 0, 1, 0}, eval(t, ops.IsNaN(x)))
}

func TestComparisonsOfIntegersAreExact(t *testing.T) {
	big := int64(1) << 53
	x, y := ids(big, big+1, big), ids(big+1, big, big)
	assert.Equal(t, []float64{1, 0, 0}, eval(t, ops.Less(x, y)))
	assert.Equal(t, []float64{1, 0, 1}, eval(t, ops.LessEqual(x, y)))
	assert.Equal(t, []float64{0, 0, 1}, eval(t, ops.Equal(x, y)))
	assert.Equal(t, []int64{big + 1, big, big}, intsOf(t, ops.Where(ops.Less(x, y), y, y)))
	assert.Equal(t, []float64{1, 0}, eval(t, ops.Less(graph.ConstOf([]int32{-1, 1}, 2), graph.Scalar(0))))
}

func TestWhere(t *testing.T) {
	x, y := mat(2, 1, 2, 3, 4), vec(10, 20)
	cond := graph.ConstOf([]bool{true, false}, 2, 1)
	assert.Equal(t, []float64{1, 2, 10, 20}, eval(t, ops.Where(cond, x, y)))
	assert.Equal(t, []float64{1, 1, 0, 0}, slopes(t, ops.Where(cond, x, y), x))
	assert.Equal(t, []float64{1, 1}, slopes(t, ops.Where(cond, x, y), y), "summed over what broadcasting added")
	same(t, []float64{1, 2, nan, nan}, eval(t, ops.Where(cond, x, graph.Scalar(nan))), 0)
	bools := graph.ConstOf([]bool{false, true}, 2)
	assert.Equal(t, []float64{0, 1, 1, 0}, eval(t, ops.Where(cond, bools, ops.Not(bools))))
	fails(t, ops.Where(x, x, y), "where: the condition f64[2 2] is not Bool: compare it with something")
	fails(t, ops.Where(cond, x, ids(1, 2)), "different dtypes")
	fails(t, ops.Where(cond, x, vec(1, 2, 3)), "do not broadcast")
}

func TestClamp(t *testing.T) {
	x, lo, hi := vec(-2, -1, 0, 1, 2, nan), graph.ScalarOf(graph.Float64, -1), graph.ScalarOf(graph.Float64, 1)
	same(t, []float64{-1, -1, 0, 1, 1, nan}, eval(t, ops.Clamp(x, lo, hi)), 0)
	y := ops.Clamp(vec(-2, -1, 0, 1, 2), lo, hi)
	assert.Equal(t, []float64{1}, slopes(t, y, lo), "the bound gets the gradient of what is below")
	assert.Equal(t, []float64{1}, slopes(t, y, hi))
	assert.Equal(t, []float64{-1, -1}, eval(t, ops.Clamp(vec(-5, 5), hi, lo)), "hi if lo > hi")
	assert.Equal(t, []int64{-1, 0, 1}, intsOf(t, ops.Clamp(ids(-5, 0, 5), graph.Scalar(-1), graph.Scalar(1))))
}

func TestLogic(t *testing.T) {
	x, y := graph.ConstOf([]bool{true, true, false, false}, 4), graph.ConstOf([]bool{true, false, true, false}, 4)
	assert.Equal(t, []float64{1, 0, 0, 0}, eval(t, ops.And(x, y)))
	assert.Equal(t, []float64{1, 1, 1, 0}, eval(t, ops.Or(x, y)))
	assert.Equal(t, []float64{0, 1, 1, 0}, eval(t, ops.Xor(x, y)))
	assert.Equal(t, []float64{0, 0, 1, 1}, eval(t, ops.Not(x)))
	fails(t, ops.And(x, vec(1)), "different dtypes")
	fails(t, ops.Not(vec(1)), "not: want Bool, got f64[1]: compare it with something")
	fails(t, ops.Less(x, y), "less: want numbers")
}
