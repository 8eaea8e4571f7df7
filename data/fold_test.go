package data_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

func TestFolds(t *testing.T) {
	for _, n := range []int{2, 7, 10, 23} {
		for k := 2; k <= min(n, 5); k++ {
			var tested []int64
			folds := 0
			for i, f := range counted(t, n).Folds(k) {
				assert.Equal(t, folds, i)
				folds++
				test, train := order(f.Test), order(f.Train)
				assert.Contains(t, []int{n / k, n/k + 1}, len(test))
				both := slices.Concat(test, train)
				slices.Sort(both)
				assert.Equal(t, upTo(int64(n)), both)
				tested = append(tested, test...)
			}
			assert.Equal(t, k, folds)
			assert.Equal(t, upTo(int64(n)), tested)
		}
	}
	for range counted(t, 3).Folds(4) {
		t.Error("more folds than rows")
	}
	for range counted(t, 3).Folds(1) {
		t.Error("one fold")
	}
}

// unbalanced has 60 rows of class 0, 30 of class 1 and 11 of class 2, mixed.
func unbalanced(t *testing.T) *data.Arrays {
	y := make([]int32, 101)
	for i := range y {
		switch {
		case i >= 90:
			y[i] = 2
		case i >= 60:
			y[i] = 1
		}
	}
	a, err := data.Of(dense(y, len(y)))
	require.NoError(t, err)
	return a.Shuffle(1)
}

func frequencies(a *data.Arrays) (n [3]int) {
	for _, y := range a.Column(0).Int32s() {
		n[y]++
	}
	return n
}

func TestStratified(t *testing.T) {
	a := unbalanced(t)
	folds, err := a.StratifiedFolds(4, 0)
	require.NoError(t, err)
	n := 0
	for _, f := range folds {
		n++
		got := frequencies(f.Test)
		assert.Equal(t, 15, got[0])
		assert.Contains(t, []int{7, 8}, got[1])
		assert.Contains(t, []int{2, 3}, got[2])
		assert.Equal(t, 101, f.Test.Len()+f.Train.Len())
	}
	assert.Equal(t, 4, n)

	first, rest, err := a.StratifiedSplit(0.2, 0, 5)
	require.NoError(t, err)
	assert.Equal(t, 20, first.Len()) // 20.2 rounded: 12 + 6 + 2 (2.2)
	assert.Equal(t, [3]int{12, 6, 2}, frequencies(first))
	assert.Equal(t, [3]int{48, 24, 9}, frequencies(rest))
	again, _, err := a.StratifiedSplit(0.2, 0, 5)
	require.NoError(t, err)
	assert.Equal(t, first.Column(0).Data(), again.Column(0).Data())
	for _, end := range []struct {
		fraction float64
		n        int
	}{{0, 0}, {math.NaN(), 0}, {1, 101}, {7, 101}} {
		first, rest, err := a.StratifiedSplit(end.fraction, 0, 5)
		require.NoError(t, err)
		assert.Equal(t, end.n, first.Len())
		assert.Equal(t, 101-end.n, rest.Len())
	}

	_, err = counted(t, 3).StratifiedFolds(2, 0)
	assert.EqualError(t, err, "data: column 0 is float32 [2], not one integer or truth a row: stratify by the column of labels")
	_, _, err = counted(t, 3).StratifiedSplit(.5, 2, 1)
	assert.EqualError(t, err, "data: no column 2: there are 2")
}

func TestScaler(t *testing.T) {
	x := []float32{1, 10, 5, 3, 10, 7, 5, 10, 12} // the second feature never changes
	a, err := data.Of(dense(x, 3, 3), dense([]int64{0, 1, 2}, 3))
	require.NoError(t, err)

	s, err := data.Standard(a, 0)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{3, 10, 8}, s.Shift, 1e-12)
	assert.InDeltaSlice(t, []float64{math.Sqrt(8. / 3), 1, math.Sqrt(26. / 3)}, s.Scale, 1e-12)
	for b, err := range data.Map(a, s.Transform(0)).Batches(3) {
		require.NoError(t, err)
		z := b[0].Float32s()
		for j := range 3 {
			assert.InDelta(t, 0, z[j]+z[3+j]+z[6+j], 1e-6)
		}
		assert.InDelta(t, 3, z[0]*z[0]+z[3]*z[3]+z[6]*z[6], 1e-5)
		back, err := s.Undo(b[0])
		require.NoError(t, err)
		assert.InDeltaSlice(t, x, back.Float32s(), 1e-5)
	}
	assert.Equal(t, []float32{1, 10, 5}, x[:3], "the data set itself is as it was")

	r, err := data.Range(a, 0)
	require.NoError(t, err)
	assert.Equal(t, &data.Scaler{Shift: []float64{1, 10, 5}, Scale: []float64{4, 1, 7}}, r)

	one := &data.Scaler{Shift: []float64{1}, Scale: []float64{2}}
	y, err := one.Apply(dense([]float64{1, 3}, 1, 2))
	require.NoError(t, err)
	assert.Equal(t, []float64{0, 1}, y.Float64s())

	for want, f := range map[string]func() error{
		"data: column 1: int64 [] is not float32 or float64: convert it first": func() error { _, err := data.Standard(a, 1); return err },
		"data: no column 2: there are 2":                                       func() error { _, err := data.Standard(a, 2); return err },
		"data: no rows to fit a scaler on":                                     func() error { _, err := data.Range(a.Rows(0, 0), 0); return err },
		"data: scaler: rows of (1, 2) have 2 features, the scaler has 3: fit it on such rows": func() error {
			_, err := s.Apply(dense([]float64{1, 3}, 1, 2))
			return err
		},
		"data: column 0: row 1, feature 0 is +Inf: drop or fill such values first": func() error {
			b, _ := data.Of(dense([]float64{1, math.Inf(1)}, 2))
			_, err := data.Standard(b, 0)
			return err
		},
	} {
		assert.EqualError(t, f(), want)
	}
}
