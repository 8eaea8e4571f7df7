package ops_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestTake(t *testing.T) {
	x := mat(2, 0, 1, 2, 3, 4, 5)
	i := graph.ConstOf([]int32{2, 0, -1, -3}, 2, 2)
	assert.Equal(t, graph.Of(2, 2, 2), ops.Take(x, i, 0).Shape())
	assert.Equal(t, []float64{4, 5, 0, 1, 4, 5, 0, 1}, eval(t, ops.Take(x, i, 0)))
	assert.Equal(t, graph.Of(3, 4), ops.Take(x, ids(0, 1, 1, 0), -1).Shape())
	assert.Equal(t, []float64{1, 3, 5}, eval(t, ops.Take(x, graph.ConstOf([]int64{1}), 1)), "an index without axes removes that axis")
	assert.Equal(t, []float64{2, 2, 0, 0, 2, 2}, slopes(t, ops.Take(x, i, 0), x), "repeated indices add up")
	failsToRun(t, ops.Take(x, ids(0, 3), 0), "take: index 3 is outside of an axis of length 3")
	failsToRun(t, ops.Take(x, ids(-4), 0), "take: index -4 is outside of an axis of length 3")
	failsToRun(t, ops.Take(graph.ConstOf([]float64{}, 0, 2), ids(0), 0), "index 0 is outside of an axis of length 0")
	assert.Equal(t, graph.Of(0, 2), ops.Take(x, ids(), 0).Shape())
	fails(t, ops.Take(x, vec(1), 0), "take: the indices f64[1] must be Int32 or Int64: convert them with ops.Convert")
	fails(t, ops.Take(x, ids(1), 2), "take: axis 2 is outside of [3 2]")
}

// TestTakeAlongAxisAgainstCounting takes at random places along each axis.
func TestTakeAlongAxisAgainstCounting(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 5))
	shape := []int{2, 3, 4}
	x, a := drawn(rnd, shape...)
	steps := []int{12, 4, 1}
	for axis := range 3 {
		s := append([]int{}, shape...)
		s[axis] = 5
		idx := make([]int64, product(s))
		want := make([]float64, len(idx))
		added := make([]float64, len(a.v))
		for i := range idx {
			at := []int{i / (s[1] * s[2]), i / s[2] % s[1], i % s[2]}
			k := rnd.IntN(2*shape[axis]) - shape[axis]
			idx[i] = int64(k)
			at[axis] = (k + shape[axis]) % shape[axis]
			from := at[0]*steps[0] + at[1]*steps[1] + at[2]
			want[i] = a.v[from]
			added[from] += float64(i)
		}
		i := graph.ConstOf(idx, s...)
		y := ops.TakeAlongAxis(x, i, axis)
		assert.Equal(t, want, eval(t, y), "axis %d, seed %d", axis, seed)
		place := ops.Reshape(upTo(len(idx)), y.Shape().Dims()...)
		same(t, added, eval(t, autodiff.VJP(y, place, x)[0]), 1e-13, "axis", axis, "seed", seed)
		sum := eval(t, ops.ScatterAdd(x, i, place, axis))
		for j := range added {
			added[j] += a.v[j]
		}
		same(t, added, sum, 1e-13, "axis", axis, "seed", seed)
	}
}

func TestTakeAlongAxisBroadcasts(t *testing.T) {
	x := mat(3, 0, 1, 2, 3, 4, 5)
	row := graph.ConstOf([]int64{2, 0}, 1, 2)
	assert.Equal(t, []float64{2, 0, 5, 3}, eval(t, ops.TakeAlongAxis(x, row, 1)))
	assert.Equal(t, []float64{1, 0, 1, 1, 0, 1}, slopes(t, ops.TakeAlongAxis(x, row, 1), x))
	failsToRun(t, ops.TakeAlongAxis(x, graph.ConstOf([]int64{3}, 1, 1), 1), "takealong: index 3 is outside of an axis of length 3")
	fails(t, ops.TakeAlongAxis(x, ids(1), 1), "takealong: f64[2 3] and the indices i64[1] have different ranks")
	fails(t, ops.TakeAlongAxis(x, graph.ConstOf([]int64{1, 1, 1}, 3, 1), 1), "f64[2 3] and the indices i64[3 1] do not broadcast")
	fails(t, ops.TakeAlongAxis(x, mat(1, 1, 1), 1), "must be Int32 or Int64")
	fails(t, ops.TakeAlongAxis(x, row, 2), "axis 2 is outside")
}

func TestScatterAdd(t *testing.T) {
	x, v := mat(2, 1, 1, 1, 1, 1, 1), mat(2, 10, 20, 30, 40)
	i := graph.ConstOf([]int64{0, -1, 0, 2}, 2, 2)
	y := ops.ScatterAdd(x, i, v, 0)
	assert.Equal(t, []float64{41, 1, 1, 1, 1, 61}, eval(t, y))
	place := ops.Reshape(upTo(6), 3, 2)
	g := autodiff.VJP(y, place, x, v)
	assert.Equal(t, []float64{0, 1, 2, 3, 4, 5}, eval(t, g[0]))
	assert.Equal(t, []float64{0, 5, 0, 5}, eval(t, g[1]))

	short := ops.ScatterAdd(x, graph.ConstOf([]int64{2}, 1, 1), mat(1, 7), 0)
	assert.Equal(t, []float64{1, 1, 1, 1, 8, 1}, eval(t, short), "shorter along the other axis")
	one := mat(1, 7)
	assert.Equal(t, []float64{1}, slopes(t, ops.ScatterAdd(x, graph.ConstOf([]int64{2}, 1, 1), one, 0), one))

	big := int64(1)<<53 + 1
	exact := ops.ScatterAdd(ids(big, 0), ids(0, 1, 1), ids(1, big, 1), 0)
	assert.Equal(t, []int64{big + 1, big + 1}, intsOf(t, exact), "integers are exact")

	failsToRun(t, ops.ScatterAdd(vec(1), ids(1), vec(1), 0), "untakealong: index 1 is outside of an axis of length 1")
	fails(t, ops.ScatterAdd(vec(1), vec(1), vec(1), 0), "scatteradd: the indices f64[1] must be Int32 or Int64")
	fails(t, ops.ScatterAdd(vec(1), ids(1), vec(1, 2), 0), "the values f64[2] must have the shape of the indices i64[1] and the dtype of f64[1]")
	fails(t, ops.ScatterAdd(x, ids(1), vec(1), 0), "f64[3 2] and the indices i64[1] have different ranks")
	fails(t, ops.ScatterAdd(x, graph.ConstOf([]int64{1, 1, 1}, 1, 3), mat(3, 1, 1, 1), 0), "the indices i64[1 3] do not fit into f64[3 2] along axis 1")
	fails(t, ops.ScatterAdd(x, i, v, 2), "axis 2 is outside")
}

func TestOneHot(t *testing.T) {
	y := ops.OneHot(ids(2, -1, 0, 3), 3, graph.Float32)
	assert.Equal(t, graph.Type{DType: graph.Float32, Shape: graph.Of(4, 3)}, y.Type())
	assert.Equal(t, []float64{0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0}, eval(t, y), "all 0 outside")
	assert.Equal(t, graph.Bool, ops.OneHot(ids(1), 3, graph.Bool).DType())
	fails(t, ops.OneHot(vec(1), 3, graph.Float32), "onehot: want integers, got f64[1]: convert it with ops.Convert")
	fails(t, ops.OneHot(ids(1), graph.Unknown, graph.Float32), "negative or unknown length")
}

func TestIota(t *testing.T) {
	assert.Equal(t, []int64{0, 0, 1, 1, 2, 2}, intsOf(t, ops.Iota(graph.Int32, graph.Of(3, 2), 0)))
	assert.Equal(t, []float64{0, 1, 0, 1, 0, 1}, eval(t, ops.Iota(graph.Float32, graph.Of(3, 2), -1)))
	fails(t, ops.Iota(graph.Int32, graph.Of(3), 1), "iota: axis 1 is outside of [3], which has rank 1")
	fails(t, ops.Iota(graph.Bool, graph.Of(3), 0), "iota: cannot count in Bool: want integers or floats")
}

// TestDiagonalsAndTriangles compares with the definition for every k.
func TestDiagonalsAndTriangles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 6))
	for _, s := range [][2]int{{3, 3}, {2, 4}, {4, 2}, {1, 3}, {3, 0}} {
		rows, columns := s[0], s[1]
		x, a := drawn(rnd, rows, columns)
		for k := -5; k <= 5; k++ {
			diag, low, high := []float64{}, make([]float64, len(a.v)), make([]float64, len(a.v))
			for i, v := range a.v {
				switch d := i%columns - i/columns; {
				case d == k:
					diag = append(diag, v)
					low[i], high[i] = v, v
				case d < k:
					low[i] = v
				default:
					high[i] = v
				}
			}
			assert.Equal(t, diag, eval(t, ops.Diag(x, k)), "%v k %d seed %d", s, k, seed)
			assert.Equal(t, low, eval(t, ops.Tril(x, k)), "%v k %d seed %d", s, k, seed)
			assert.Equal(t, high, eval(t, ops.Triu(x, k)), "%v k %d seed %d", s, k, seed)
		}
	}
	for k := -3; k <= 3; k++ {
		v := vec(1, 2, 3)
		square := ops.Diag(v, k)
		n := graph.Dim(3 + max(k, -k))
		assert.Equal(t, graph.Of(n, n), square.Shape())
		assert.Equal(t, []float64{1, 2, 3}, eval(t, ops.Diag(square, k)), "and back")
		assert.Equal(t, []float64{6}, eval(t, ops.Sum(square)), "zeros elsewhere")
		assert.Equal(t, []float64{1, 1, 1}, slopes(t, square, v))
	}
	assert.Equal(t, []float64{1, 0, 3, 4, 5, 0, 7, 8}, eval(t, ops.Tril(ops.Reshape(ops.Add(upTo(8), graph.Scalar(1)), 2, 2, 2), 0)), "of each matrix")
	fails(t, ops.Diag(graph.Input("x", 2, 2, 2), 0), "diag: want a vector or a matrix, got x [2 2 2]")
	fails(t, ops.Diag(graph.Input("x", graph.Sym("n"), graph.Sym("n")), 1), "diag: the lengths of x [n n] are not known")
	fails(t, ops.Tril(vec(1), 0), "tril: want a matrix, got f64[1]")
	fails(t, ops.Triu(vec(1), 0), "triu: want a matrix, got f64[1]")
}
