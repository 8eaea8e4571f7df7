package ops_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestScatterKeepsTheLast(t *testing.T) {
	x, v := vec(1, 2, 3, 4), vec(10, 20, 30)
	y := ops.Scatter(x, ids(2, -1, 2), v, 0)
	assert.Equal(t, []float64{1, 2, 30, 20}, eval(t, y))
	assert.Equal(t, []float64{1, 1, 0, 0}, slopes(t, y, x))
	assert.Equal(t, []float64{0, 1, 1}, slopes(t, y, v))
	assert.Equal(t, []float64{1, 2, 30, 20}, eval(t, ops.IndexCopy(x, ids(2, -1, 2), v, 0)))
	assert.Equal(t, []float64{1, 2, 43, 24}, eval(t, ops.IndexAdd(x, ids(2, -1, 2), v, 0)))
	assert.Equal(t, []float64{1, 2, 7, 7}, eval(t, ops.IndexFill(x, ids(2, -1, 2), graph.Scalar(7), 0)))
	assert.Equal(t, []int64{5, 9}, intsOf(t, ops.Scatter(ids(5, 6), ids(1), ids(9), 0)))
	assert.Equal(t, []float64{1, 2, 3, 4}, eval(t, ops.Scatter(x, ids(), vec(), 0)), "nothing to write")
	failsToRun(t, ops.Scatter(x, ids(4), vec(1), 0), "index 4 is outside of an axis of length 4")
}

func TestSlicesAlongAnAxis(t *testing.T) {
	x := mat(2, 1, 2, 3, 4, 5, 6)
	assert.Equal(t, []float64{1, 2, 8, 9, 5, 6}, eval(t, ops.IndexCopy(x, ids(1), mat(2, 8, 9), 0)))
	assert.Equal(t, []float64{1, 7, 3, 8, 5, 9}, eval(t, ops.IndexCopy(x, ids(1), mat(1, 7, 8, 9), -1)))
	assert.Equal(t, []float64{1, 9, 3, 12, 5, 15}, eval(t, ops.IndexAdd(x, ids(1), mat(1, 7, 8, 9), 1)))
	assert.Equal(t, []float64{0, 2, 0, 4, 0, 6}, eval(t, ops.IndexFill(x, ids(0), graph.Scalar(0), 1)))
}

func TestCoordinates(t *testing.T) {
	x := graph.ConstOf([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2, 3, 2)
	i := graph.ConstOf([]int64{0, 1, -1, -1, 0, 1}, 3, 2)
	assert.Equal(t, []float64{2, 3, 10, 11, 2, 3}, eval(t, ops.GatherND(x, i)))
	assert.Equal(t, []float64{0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 1, 1}, slopes(t, ops.GatherND(x, i), x))
	v := mat(2, -1, -2, -3, -4, -5, -6)
	assert.Equal(t, []float64{0, 1, -5, -6, 4, 5, 6, 7, 8, 9, -3, -4}, eval(t, ops.ScatterND(x, i, v)), "the last one wins")
	assert.Equal(t, []float64{0, 0, 1, 1, 1, 1}, slopes(t, ops.ScatterND(x, i, v), v))
	assert.Equal(t, []float64{0, 1, -4, -5, 4, 5, 6, 7, 8, 9, 7, 7}, eval(t, ops.ScatterNDAdd(x, i, v)))
	failsToRun(t, ops.GatherND(x, graph.ConstOf([]int64{0, 3}, 1, 2)), "index 3 is outside of an axis of length 3")
	fails(t, ops.GatherND(x, graph.ConstOf([]int64{0, 0, 0, 0}, 1, 4)), "have 4 coordinates: want 1 to 3 for")
	fails(t, ops.GatherND(x, vec(1)), "must be Int32 or Int64")
	fails(t, ops.GatherND(x, graph.ConstOf([]int64{0})), "have no axis of coordinates")
	fails(t, ops.ScatterND(x, i, vec(1)), "must have the shape [3 2] and the dtype of")
}

func TestSegments(t *testing.T) {
	x := mat(2, 1, 8, 3, nan, 5, 6, 3, 2)
	s := ids(0, 2, 0, -1)
	assert.Equal(t, graph.Of(3, 2), ops.SegmentSum(x, s, 3).Shape())
	same(t, []float64{6, 14, 0, 0, 6, nan}, eval(t, ops.SegmentSum(x, s, 3)), 0)
	same(t, []float64{3, 7, 0, 0, 3, nan}, eval(t, ops.SegmentMean(x, s, 3)), 0)
	same(t, []float64{5, 8, -inf, -inf, 3, nan}, eval(t, ops.SegmentMax(x, s, 3)), 0)
	same(t, []float64{1, 6, inf, inf, 3, nan}, eval(t, ops.SegmentMin(x, s, 3)), 0)
	one := vec(3, 3, 1)
	g := autodiff.Grad(ops.Index(ops.SegmentMax(one, ids(0, 0, 0), 2), 0, 0), one)[0]
	same(t, []float64{1, 0, 0}, eval(t, g), 0)
	failsToRun(t, ops.SegmentSum(x, ids(0, 1, 2, 3), 3), "index 3 is outside of an axis of length 3")
	fails(t, ops.SegmentSum(x, ids(1), 3), "have different lengths")
	fails(t, ops.SegmentMax(ids(1), ids(0), 1), "want floats")
	fails(t, ops.SegmentMean(ids(1), ids(0), 1), "segmentmean: want floats")
	fails(t, ops.SegmentSum(graph.InputOf(graph.Bool, "x", 1), ids(0), 1), "want numbers, got")
}

func TestScatterMistakes(t *testing.T) {
	x := graph.Input("x", 2, 3)
	i := graph.InputOf(graph.Int64, "i", 2, 4)
	fails(t, ops.Scatter(x, i, graph.Input("v", 2, 3), 1), "scatter: the values v [2 3] must have the shape of the indices i i64[2 4] and the dtype of x [2 3]")
	fails(t, ops.Scatter(x, i, graph.Input("v", 2, 4), 0), "do not fit into x [2 3] along axis 1")
	fails(t, ops.IndexAdd(x, i, x, 1), "indexadd: the indices i i64[2 4] are no vector")
	fails(t, ops.IndexCopy(x, ids(1), x, 1), "the values x [2 3] must have the shape [2 1]")
	fails(t, ops.IndexFill(x, vec(1), x, 1), "indexfill: the indices f64[1] must be Int32 or Int64")
	fails(t, ops.IndexFill(x, ids(1), x, 2), "axis 2 is outside")
}

func TestCountsAndBins(t *testing.T) {
	assert.Equal(t, []int64{2, 0, 1, 0}, intsOf(t, ops.Bincount(ids(0, 2, 0), 4)))
	assert.Equal(t, []int64{2, 1, 2}, intsOf(t, ops.Histogram(vec(-0.1, 0, 0.5, 1, 3, 2, nan, 3.1), 0, 3, 3)))
	fails(t, ops.Bincount(vec(1), 2), "bincount: want integers, got f64[1]")
	fails(t, ops.Histogram(vec(1), 1, 1, 2), "histogram: cannot make 2 bins from 1 to 1")
	x := mat(3, 1, 2, 3, 2, 4, 6, 3, 2, 1)
	same(t, []float64{1, 2, -1, 2, 4, -2, -1, -2, 1}, eval(t, ops.Cov(x)), 1e-15)
	same(t, []float64{1, 1, -1, 1, 1, -1, -1, -1, 1}, eval(t, ops.Corr(x)), 1e-15)
	fails(t, ops.Cov(vec(1)), "cov: want a matrix, got f64[1]")
	same(t, []float64{5, 0, 0, 5}, eval(t, ops.CDist(mat(2, 0, 0, 3, 4), mat(2, 3, 4, 0, 0), 2)), 1e-15)
	fails(t, ops.CDist(mat(2, 1, 2), mat(3, 1, 2, 3), 2), "the rows of f64[1 2] and f64[1 3] have different lengths, 2 and 3")
	same(t, []float64{0.6, 0.8, 0.1, 0.2}, eval(t, ops.Renorm(mat(2, 3, 4, 0.1, 0.2), 2, 0, 1)), 1e-6)
	same(t, []float64{2.5}, eval(t, ops.Trapezoid(vec(0, 1, 2), vec(0, 1, 2.3333333333333335), 0)), 1e-15)
}

func TestDiagonalsAndGrids(t *testing.T) {
	assert.Equal(t, []float64{0, 1, 0, 0, 0, 2, 0, 0, 0}, eval(t, ops.DiagEmbed(vec(1, 2), 1)))
	assert.Equal(t, []float64{0, 0, 0, 1, 0, 0, 0, 2, 0}, eval(t, ops.DiagEmbed(vec(1, 2), -1)))
	x := mat(2, 1, 2, 3, 4)
	assert.Equal(t, []float64{2, 4, 1, 3}, eval(t, ops.Rot90(x, 1, 0, 1)))
	assert.Equal(t, []float64{3, 1, 4, 2}, eval(t, ops.Rot90(x, -1, 0, 1)))
	assert.Equal(t, []float64{4, 3, 2, 1}, eval(t, ops.Rot90(x, 6, 0, 1)))
	fails(t, ops.Rot90(x, 1, 0, -2), "axis 0 is listed twice")
	g := ops.Meshgrid(vec(1, 2), vec(3, 4, 5))
	assert.Equal(t, []float64{1, 1, 1, 2, 2, 2}, eval(t, g[0]))
	assert.Equal(t, []float64{3, 4, 5, 3, 4, 5}, eval(t, g[1]))
	fails(t, ops.Meshgrid(vec(1), x)[0], "meshgrid: want at most 8 vectors, got f64[2 2]")
	assert.Empty(t, ops.Meshgrid())
}

func TestSpecialFunctionsAtTheirEnds(t *testing.T) {
	same(t, []float64{-inf, nan, nan}, eval(t, ops.Digamma(vec(0, -1, -2))), 0)
	same(t, []float64{inf, inf}, eval(t, ops.Polygamma(1, vec(0, -1))), 0)
	same(t, []float64{inf, inf, 0}, eval(t, ops.LGamma(vec(0, -1, 1))), 0)
	same(t, []float64{1, inf, inf, nan}, eval(t, ops.I0(vec(0, inf, -inf, nan))), 0)
	same(t, []float64{0, -inf}, eval(t, ops.I1(vec(0, -inf))), 0)
	same(t, []float64{inf, -inf, nan}, eval(t, ops.Erfinv(vec(1, -1, 2))), 0)
	same(t, []float64{0, 0, nan, 0, nan}, eval(t, ops.XLogY(vec(0, 0, 0, 0, 1), vec(0, -1, nan, inf, -1))), 0)
	same(t, []float64{1, 2, 3, nan}, eval(t, ops.FMax(vec(1, nan, 3, nan), vec(nan, 2, 2, nan))), 0)
	same(t, []float64{1, 2, 2, nan}, eval(t, ops.FMin(vec(1, nan, 3, nan), vec(nan, 2, 2, nan))), 0)
	fails(t, ops.Polygamma(-1, vec(1)), "polygamma: derivative -1 is below 0")
	x := vec(0)
	g := autodiff.Grad(ops.Sum(autodiff.Grad(ops.Sum(ops.Sinc(x)), x)[0]), x)
	same(t, []float64{-3.289868133696453}, eval(t, g[0]), 1e-15, "sinc''(0) is -π²/3")
}
