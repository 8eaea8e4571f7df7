package ops_test

import (
	"context"
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestOrderOfNaNAndTies(t *testing.T) {
	negative := math.Copysign(0, -1)
	x := vec(2, nan, -inf, 0, negative, inf, 2, -1)
	assert.Equal(t, []int64{2, 7, 3, 4, 0, 6, 5, 1}, intsOf(t, ops.ArgSort(x, 0, false)), "-0 is 0, equal ones keep their order")
	assert.Equal(t, []int64{1, 5, 0, 6, 3, 4, 7, 2}, intsOf(t, ops.ArgSort(x, 0, true)))
	single := ops.Convert(x, graph.Float32)
	assert.Equal(t, []int64{2, 7, 3, 4, 0, 6, 5, 1}, intsOf(t, ops.ArgSort(single, 0, false)))
	assert.Equal(t, []int64{1, 5, 0}, intsOf(t, second(ops.TopK(single, 3, 0))))
	assert.Equal(t, []int64{2, 0, 1, 3}, intsOf(t, ops.ArgSort(ids(-5, 7, math.MinInt64, math.MaxInt64), 0, false)))
	assert.Equal(t, []int64{1, 2, 0}, intsOf(t, ops.ArgSort(graph.ConstOf([]int32{math.MaxInt32, math.MinInt32, -1}, 3), 0, false)))
	assert.Equal(t, []int64{0, 0, 0, 3, 3}, intsOf(t, second(ops.CumMax(vec(3, 1, 2, nan, 5), 0))))
	assert.Equal(t, []int64{0, 1, 1, 3}, intsOf(t, second(ops.CumMin(vec(3, 1, 2, 1), 0))), "the last of equal ones")
}

func TestMedians(t *testing.T) {
	x := mat(4, 4, 1, 3, 2, nan, 5, nan, 7, nan, nan, nan, nan)
	same(t, []float64{2, nan, nan}, eval(t, first(ops.Median(x, 1))), 0)
	assert.Equal(t, []int64{3, 0, 0}, intsOf(t, second(ops.Median(x, 1))))
	same(t, []float64{2, 5, nan}, eval(t, first(ops.NaNMedian(x, -1))), 0)
	row := vec(4, 1, 3, 2)
	same(t, []float64{0, 0, 0, 1}, slopes(t, first(ops.Median(row, 0)), row), 0)
	assert.Equal(t, []float64{2}, eval(t, first(ops.KthValue(vec(4, 1, 3, 2), 2, 0))))
}

// TestLongLines compares lines that are sorted by digits, and calls that are cut
// into rows, with sorting and counting one by one.
func TestLongLines(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 11))
	const rows, n, k = 9, 3000, 5
	data := make([]float32, rows*n)
	for i := range data {
		data[i] = float32(rnd.IntN(1000) - 500) // with ties
	}
	x := graph.Input("x", rows, n)
	values, order := ops.Sort(x, 1, true)
	top, places := ops.TopK(x, k, 1)
	peak, at := ops.CumMax(x, 1)
	grad := autodiff.Grad(ops.Sum(ops.Mul(top, top)), x)[0]
	p, err := graph.Compile(values, order, top, places, peak, at, ops.CumSum(x, 1), ops.Recurrence(graph.Scalar(0.5), x, 1), ops.ArgMax(x, 1), grad, ops.Erfinv(ops.Scale(x, 1.0/600)))
	require.NoError(t, err)
	v, err := graph.TensorOf(data, rows, n)
	require.NoError(t, err)
	out, err := p.Eval(context.Background(), x.IsTensor(v))
	require.NoError(t, err)
	slope := make([]float64, len(data))
	for r := range rows {
		row := data[r*n : (r+1)*n]
		want := make([]int, n)
		for i := range want {
			want[i] = i
		}
		sort.SliceStable(want, func(i, j int) bool { return row[want[i]] > row[want[j]] })
		best, sum, decayed := 0, 0.0, 0.0
		for i := range n {
			require.EqualValues(t, want[i], out[1].Int(r*n+i), "row %d, place %d, seed %d", r, i, seed)
			require.EqualValues(t, row[want[i]], out[0].At(r*n+i))
			if row[i] >= row[best] {
				best = i
			}
			sum += float64(row[i])
			decayed = decayed/2 + float64(row[i])
			require.EqualValues(t, best, out[5].Int(r*n+i), "row %d, place %d, seed %d", r, i, seed)
			require.EqualValues(t, row[best], out[4].At(r*n+i))
			require.EqualValues(t, float32(sum), out[6].At(r*n+i))
			require.EqualValues(t, float32(decayed), out[7].At(r*n+i))
			require.InDelta(t, math.Erfinv(float64(row[i]*(1.0/600))), out[10].At(r*n+i), 1e-5)
		}
		require.EqualValues(t, want[0], out[8].Int(r))
		for i := range k {
			require.EqualValues(t, want[i], out[3].Int(r*k+i), "row %d, place %d, seed %d", r, i, seed)
			require.EqualValues(t, row[want[i]], out[2].At(r*k+i))
			slope[r*n+want[i]] = 2 * float64(row[want[i]])
		}
	}
	same(t, slope, floatsOf(out[9]), 0)
}

// TestTopKOfAllSizes compares the ways to keep the best with sorting all.
func TestTopKOfAllSizes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 12))
	data := make([]float64, 1500)
	for i := range data {
		data[i] = float64(rnd.IntN(300))
	}
	x := vec(data...)
	all := intsOf(t, ops.ArgSort(x, 0, true))
	least := intsOf(t, ops.ArgSort(x, 0, false))
	for _, k := range []int{0, 1, 2, 31, 32, 33, 100, 374, 375, 1499, 1500} {
		assert.Equal(t, all[:k], intsOf(t, second(ops.TopK(x, k, 0))), "k %d, seed %d", k, seed)
		if k > 0 {
			assert.Equal(t, least[k-1], intsOf(t, second(ops.KthValue(x, k, 0)))[0], "k %d, seed %d", k, seed)
		}
	}
}

func TestSearchSorted(t *testing.T) {
	s := vec(1, 2, 2, 4)
	v := mat(3, 0, 2, 3, 4, 5, nan)
	assert.Equal(t, []int64{0, 1, 3, 3, 4, 4}, intsOf(t, ops.SearchSorted(s, v, false)))
	assert.Equal(t, []int64{0, 3, 3, 4, 4, 4}, intsOf(t, ops.SearchSorted(s, v, true)))
	assert.Equal(t, []int64{1, 2, 0, 0}, intsOf(t, ops.SearchSorted(mat(2, 1, 3, 5, 7), mat(2, 2, 9, 1, 2), false)))
	fails(t, ops.SearchSorted(mat(2, 1, 2), vec(1), false), "searchsorted: the axes of f64[1 2] and f64[1] differ before the last")
	fails(t, ops.SearchSorted(s, ids(1), false), "have different dtypes")
}

func TestOrderMistakes(t *testing.T) {
	x := graph.Input("x", 2, 3)
	fails(t, ops.ArgSort(x, 2, false), "argsort: axis 2 is outside of [2 3]")
	fails(t, first(ops.TopK(x, 4, 1)), "argsort: x [2 3] has no 4 elements along axis 1")
	fails(t, first(ops.TopK(x, -2, 1)), "cannot have -2 elements")
	fails(t, first(ops.KthValue(x, 0, 1)), "kthvalue: place 0 is below 1: places count from 1")
	fails(t, first(ops.Median(ids(1), 0)), "median: want floats, got i64[1]")
	fails(t, first(ops.NaNMedian(graph.Input("x", 2, 0), 1)), "nanmedian: x [2 0] has no median along axis 1, which is empty")
	fails(t, ops.ArgSort(ops.Less(x, x), 1, false), "cannot order bool[2 3]: convert it with ops.Convert")
	fails(t, first(ops.CumMin(x, 2)), "cummin: axis 2 is outside of [2 3]")
	fails(t, ops.Diff(x, -1, 0), "diff: cannot take -1 differences")
	fails(t, first(ops.MaskedSelect(x, x)), "maskedselect: the mask x [2 3] is not Bool")
	fails(t, first(ops.MaskedSelect(x, graph.InputOf(graph.Bool, "m", 2))), "do not broadcast")
}

func TestLogCumSumExpAtTheEnds(t *testing.T) {
	x := vec(-inf, -inf, 1000, 0, -inf)
	same(t, []float64{-inf, -inf, 1000, 1000, 1000}, eval(t, ops.LogCumSumExp(x, 0)), 1e-15)
	g := autodiff.Grad(ops.Index(ops.LogCumSumExp(x, 0), 0, -1), x)[0]
	same(t, []float64{0, 0, 1, 0, 0}, eval(t, g), 1e-15)
	same(t, make([]float64, 5), eval(t, autodiff.Grad(ops.Sum(ops.Square(g)), x)[0]), 1e-15)
}

func TestMaskedSelect(t *testing.T) {
	x := mat(3, 1, 2, 3, 4, 5, 6)
	m := graph.ConstOf([]bool{true, false, true}, 3)
	values, count := ops.MaskedSelect(x, m)
	assert.Equal(t, []float64{1, 3, 4, 6, 0, 0}, eval(t, values))
	assert.Equal(t, []int64{4}, intsOf(t, count))
	same(t, []float64{1, 0, 1, 1, 0, 1}, slopes(t, values, x), 0)
}

func TestReductionsWithoutNaN(t *testing.T) {
	x := mat(4, 1, nan, 4, 4, nan, nan, nan, nan)
	same(t, []float64{9, 0}, eval(t, ops.NaNSum(x, 1)), 0)
	same(t, []float64{3, nan}, eval(t, ops.NaNMean(x, 1)), 1e-15)
	same(t, []float64{3, nan}, eval(t, ops.NaNVar(x, 1)), 1e-15)
	same(t, []float64{4, nan}, eval(t, ops.NaNMax(x, 1)), 0)
	same(t, []float64{1, nan}, eval(t, ops.NaNMin(x, -1)), 0)
	row := vec(1, nan, 4, 4)
	same(t, []float64{0, 0, 0.5, 0.5}, slopes(t, ops.NaNMax(row), row), 0)
	same(t, []float64{-2, 0, 1, 1}, slopes(t, ops.NaNVar(row), row), 1e-15)
	fails(t, ops.NaNSum(ids(1)), "nansum: want floats, got i64[1]")
}
