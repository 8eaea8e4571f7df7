package data

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestInPlace compares the rows that are named with the batches of the same data set.
func TestInPlace(t *testing.T) {
	even := func(b Batch, row int) bool { return b[1].Int64s()[row]%2 == 0 }
	a := numbered(t, 37, 5)
	for name, d := range map[string]Dataset{
		"arrays":   a,
		"shuffled": a.Shuffle(4),
		"part":     Skip(a.Rows(5, 30), 3),
		"reused":   Shuffle(Reuse(a), 7),
		"skipped":  Skip(Shuffle(Reuse(a), 7), 8),
		"filtered": Filter(a, even),
		"none":     a.Rows(3, 3),
	} {
		for _, size := range []int{1, 8, 37, 100} {
			want, labels := pass(t, d, size)
			var got [][]float32
			var gotLabels [][]int64
			var next []int
			for r, err := range InPlace(d, size) {
				require.NoError(t, err)
				if next != nil {
					assert.Equal(t, next, r.At, name)
				}
				next = slices.Clone(r.Next)
				b, err := r.Batch()
				require.NoError(t, err)
				require.Equal(t, r.Len(), b[0].Shape()[0])
				got, gotLabels = append(got, slices.Clone(b[0].Float32s())), append(gotLabels, slices.Clone(b[1].Int64s()))
			}
			assert.Nil(t, next, "there is no batch after the last")
			assert.Equal(t, want, got, name)
			assert.Equal(t, labels, gotLabels, name)
		}
		var errs []error
		for _, err := range InPlace(d, 0) {
			errs = append(errs, err)
		}
		if assert.Len(t, errs, 1, name) {
			assert.EqualError(t, errs[0], "data: cannot make batches of 0 rows: the size must be at least 1")
		}
	}
	for r := range InPlace(a, 10) {
		assert.Same(t, &a.columns[0].(*values[float32]).data[0], &r.Of[0].Float32s()[0], "nothing is copied")
		break
	}
	_, err := Rows{Of: Batch{nil}, At: []int{1}}.Batch()
	assert.ErrorContains(t, err, "nil")
	b, err := Rows{}.Batch()
	assert.NoError(t, err)
	assert.Empty(t, b)
}
