package data_test

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
)

var _ data.Dataset = (*data.Arrays)(nil)

// shared returns the path of a file in the folder of public data beside the
// repository, and skips the test where there is none.
func shared(t testing.TB, name string) string {
	path := filepath.Join("..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s: put the public data sets there to run this test", path)
	}
	return path
}

func dense[T any](backing []T, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
}

// counted returns a data set of n rows: x [n 2] is (10i, 10i+1), y [n] is i.
func counted(t testing.TB, n int) *data.Arrays {
	x, y := make([]float32, 2*n), make([]int64, n)
	for i := range n {
		x[2*i], x[2*i+1], y[i] = float32(10*i), float32(10*i+1), int64(i)
	}
	a, err := data.Of(dense(x, n, 2), dense(y, n))
	require.NoError(t, err)
	return a
}

func order(a *data.Arrays) []int64 {
	if a.Len() == 0 {
		return nil
	}
	return a.Column(1).Int64s()
}

func TestOfEveryType(t *testing.T) {
	cols := []*tensor.Dense{
		dense([]float32{1, 2, 3}, 3), dense([]float64{1, 2, 3}, 3, 1), dense([]int32{1, 2, 3}, 3, 1, 1),
		dense([]int64{1, 2, 3}, 3), dense([]uint8{1, 2, 3}, 3), dense([]bool{true, false, true}, 3),
	}
	a, err := data.Of(cols...)
	require.NoError(t, err)
	assert.Equal(t, 3, a.Len())
	for i, c := range cols {
		assert.Equal(t, c.Shape(), a.Column(i).Shape())
		assert.Equal(t, c.Data(), a.Column(i).Data())
		assert.Equal(t, c.Dtype(), a.Column(i).Dtype())
	}
	for batch, err := range a.Batches(2) {
		require.NoError(t, err)
		require.Len(t, batch, len(cols))
		for i, b := range batch {
			assert.Equal(t, cols[i].Shape()[1:], b.Shape()[1:])
			assert.Equal(t, cols[i].Dtype(), b.Dtype())
		}
	}
}

func TestOfOneRow(t *testing.T) {
	a, err := data.Of(dense([]float32{7}, 1), dense([]float32{8}, 1, 1))
	require.NoError(t, err)
	assert.Equal(t, []float32{7}, a.Column(0).Float32s())
	assert.Equal(t, []int{1, 1}, []int(a.Column(1).Shape()))
}

func TestOfRefuses(t *testing.T) {
	masked := dense([]float32{1, 2}, 2)
	require.NoError(t, masked.MaskedEqual(float32(2)))
	for name, c := range map[string]struct {
		cols []*tensor.Dense
		want string
	}{
		"none":    {nil, "data: no columns: a data set needs at least one tensor"},
		"nil":     {[]*tensor.Dense{nil}, "data: column 0: the tensor is nil"},
		"scalar":  {[]*tensor.Dense{tensor.New(tensor.FromScalar(1.0))}, "data: column 0: a scalar has no rows: give it a first axis"},
		"type":    {[]*tensor.Dense{dense([]string{"a"}, 1)}, "data: column 0: a tensor of string: convert it to float32, float64, int32, int64, uint8 or bool"},
		"mask":    {[]*tensor.Dense{masked}, "data: column 0: the tensor (2) has a mask, which batches would lose: fill the masked cells first"},
		"lengths": {[]*tensor.Dense{dense([]float32{1, 2}, 2), dense([]int64{1}, 1)}, "data: column 1 (1) has 1 rows but column 0 (2) has 2: the first lengths must be equal"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := data.Of(c.cols...)
			assert.EqualError(t, err, c.want)
		})
	}
}

// Views and transposes must come out as At sees them, however they are laid out.
func TestOfViews(t *testing.T) {
	fresh := func() *tensor.Dense {
		x := make([]float64, 24)
		for i := range x {
			x[i] = float64(i)
		}
		return dense(x, 4, 6)
	}
	slice := func(d *tensor.Dense, s ...tensor.Slice) *tensor.Dense {
		v, err := d.Slice(s...)
		require.NoError(t, err)
		return v.(*tensor.Dense)
	}
	transposed := fresh()
	require.NoError(t, transposed.T())
	for name, d := range map[string]*tensor.Dense{
		"plain":                 fresh(),
		"rows":                  slice(fresh(), tensor.S(1, 3)),
		"columns":               slice(fresh(), nil, tensor.S(2, 5)),
		"one column":            slice(fresh(), nil, tensor.S(2)),
		"block":                 slice(fresh(), tensor.S(1, 4), tensor.S(2, 4)),
		"steps":                 slice(fresh(), tensor.S(0, 4, 2), nil),
		"transposed":            transposed,
		"slice of a transposed": slice(transposed, tensor.S(1, 4), tensor.S(0, 3)),
		"column-major":          tensor.New(tensor.WithShape(4, 6), tensor.AsFortran(fresh().Data())),
	} {
		t.Run(name, func(t *testing.T) {
			a, err := data.Of(d)
			require.NoError(t, err)
			got, shape := a.Column(0), d.Shape()
			require.Equal(t, shape, got.Shape())
			for i := range shape.TotalSize() {
				at := []int{i}
				if len(shape) == 2 {
					at = []int{i / shape[1], i % shape[1]}
				}
				want, err := d.At(at...)
				require.NoError(t, err)
				assert.Equal(t, want, got.Float64s()[i], "element %v", at)
			}
		})
	}
}

func TestZeroArrays(t *testing.T) {
	var a data.Arrays
	assert.Zero(t, a.Len())
	assert.Nil(t, a.Column(0))
	assert.Zero(t, a.Shuffle(1).Len())
	for range a.Batches(3) {
		t.Fatal("a batch of nothing")
	}
}

func TestRowsAndSplit(t *testing.T) {
	a := counted(t, 10)
	for _, c := range []struct {
		lo, hi int
		want   []int64
	}{
		{2, 5, []int64{2, 3, 4}}, {-3, 2, []int64{0, 1}}, {8, 99, []int64{8, 9}}, {5, 5, nil}, {7, 3, nil}, {20, 30, nil}, {-9, -5, nil},
		{math.MinInt, math.MaxInt, order(a)},
	} {
		assert.Equal(t, c.want, order(a.Rows(c.lo, c.hi)), "rows %d to %d", c.lo, c.hi)
	}
	assert.Nil(t, a.Rows(3, 3).Column(0))
	assert.Nil(t, a.Column(2))
	assert.Nil(t, a.Column(-1))
	for f, want := range map[float64]int{0: 0, 0.25: 3, 0.8: 8, 1: 10, -1: 0, 7: 10, math.Inf(1): 10} {
		first, rest := a.Split(f)
		assert.Equal(t, want, first.Len(), "fraction %g", f)
		assert.Equal(t, order(a), append(slices.Clone(order(first)), order(rest)...))
	}
	first, _ := a.Split(math.NaN())
	assert.Zero(t, first.Len())
}

func TestShuffle(t *testing.T) {
	a := counted(t, 100)
	s := a.Shuffle(7)
	assert.Equal(t, order(s), order(a.Shuffle(7)), "same seed, same order")
	assert.NotEqual(t, order(s), order(a.Shuffle(8)))
	assert.NotEqual(t, order(s), order(a))
	assert.Equal(t, int64(0), order(a)[0], "the original keeps its order")
	sorted := slices.Sorted(slices.Values(order(s)))
	assert.Equal(t, order(a), sorted, "every row is there once")
	assert.Equal(t, []int64{1, 0, 3, 4, 2}, order(counted(t, 5).Shuffle(1)), "the order is part of what a seed means")

	x, y := s.Column(0).Float32s(), order(s)
	for i := range y {
		assert.Equal(t, float32(10*y[i]), x[2*i], "rows stay whole")
	}
	assert.Equal(t, order(s)[3:9], order(s.Rows(3, 9)))
}

func TestBatchesVisitEveryRowOnce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 50 {
		a := counted(t, 1+r.IntN(40)).Shuffle(r.Uint64())
		size := 1 + r.IntN(50)
		var got []int64
		shapes := map[string]bool{}
		for batch, err := range a.Batches(size) {
			require.NoError(t, err)
			x, y := batch[0].Float32s(), batch[1].Int64s()
			shapes[fmt.Sprint(batch[0].Shape(), batch[1].Shape())] = true
			require.Equal(t, batch[0].Shape()[0], len(y))
			for i, v := range y {
				require.Equal(t, []float32{float32(10 * v), float32(10*v + 1)}, x[2*i:2*i+2])
			}
			got = append(got, y...)
		}
		require.Equal(t, order(a), got, "%d rows by %d", a.Len(), size)
		require.LessOrEqual(t, len(shapes), 2)
	}
}

func TestBatchesSize(t *testing.T) {
	a := counted(t, 3)
	for _, size := range []int{0, -1, math.MinInt} {
		n := 0
		for batch, err := range a.Batches(size) {
			n++
			assert.Nil(t, batch)
			assert.EqualError(t, err, fmt.Sprintf("data: cannot make batches of %d rows: the size must be at least 1", size))
		}
		assert.Equal(t, 1, n)
	}
	for batch, err := range a.Batches(math.MaxInt) {
		require.NoError(t, err)
		assert.Equal(t, 3, batch[0].Shape()[0])
	}
}

func TestBatchesDoNotTouchTheColumns(t *testing.T) {
	x := []float32{1, 2, 3}
	a, err := data.Of(dense(x, 3))
	require.NoError(t, err)
	for batch := range a.Batches(2) {
		batch[0].Float32s()[0] = -1
	}
	assert.Equal(t, []float32{1, 2, 3}, x)
}

func TestBatchesAllocateNothing(t *testing.T) {
	next, stop := iter.Pull2(counted(t, 1000).Shuffle(1).Batches(2))
	defer stop()
	next()
	assert.Zero(t, testing.AllocsPerRun(400, func() { next() }))
}

// One op is one batch of 64 rows of 784 numbers and a label, in random order.
func BenchmarkBatches(b *testing.B) {
	const n = 6400
	a, err := data.Of(dense(make([]float32, n*784), n, 784), dense(make([]int64, n), n))
	require.NoError(b, err)
	a = a.Shuffle(1)
	b.ReportAllocs()
	b.SetBytes(64 * (784*4 + 8))
	for i := 0; i < b.N; {
		for range a.Batches(64) {
			if i++; i >= b.N {
				break
			}
		}
	}
}

func TestPick(t *testing.T) {
	all := data.Digits(20, 1).Shuffle(3)
	picked, err := all.Pick(7, 0, 7)
	require.NoError(t, err)
	assert.Equal(t, 3, picked.Len())
	labels := all.Column(1).Int64s()
	assert.Equal(t, []int64{labels[7], labels[0], labels[7]}, picked.Column(1).Int64s())
	none, err := all.Pick()
	require.NoError(t, err)
	assert.Equal(t, 0, none.Len())
	for _, row := range []int{-1, 20} {
		_, err = all.Pick(0, row)
		assert.EqualError(t, err, fmt.Sprintf("data: there is no row %d among 20", row))
	}
}
