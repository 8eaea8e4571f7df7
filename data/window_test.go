package data

import (
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWindowIsBounded counts how many rows a shuffle has read when its first row
// comes: no more than its bytes hold, and a batch.
func TestWindowIsBounded(t *testing.T) {
	const width, n, size = 1022, 500, 10 // rows of 4096 bytes, with their label
	all := numbered(t, n, width)
	for _, c := range []struct{ rows, bytes, want int }{
		{8192, 100 * 4096, 100},
		{8192, 100*4096 - 1, 99},
		{50, 100 * 4096, 50},
		{8192, 1, 2},
		{8192, 1 << 30, n},
	} {
		read := 0
		stream := Stream(func() iter.Seq2[Batch, error] {
			return func(yield func(Batch, error) bool) {
				for b, err := range all.Batches(1) {
					if read++; !yield(b, err) {
						return
					}
				}
			}
		})
		var labels []int64
		for b, err := range (window{stream, c.rows, c.bytes, 1}).Batches(size) {
			require.NoError(t, err)
			if labels == nil {
				assert.LessOrEqual(t, read, c.want+2*size, "%+v", c)
				assert.GreaterOrEqual(t, read, min(c.want+size, n), "%+v", c)
			}
			labels = append(labels, b[1].Int64s()...)
		}
		assert.False(t, slices.IsSorted(labels), "%+v", c)
		slices.Sort(labels)
		for i, v := range labels {
			require.Equal(t, int64(i), v)
		}
		require.Len(t, labels, n)
	}
}

// TestWindowOfPhotographs says how many rows there are in the window of Shuffle.
func TestWindowOfPhotographs(t *testing.T) {
	photo := &values[float32]{width: 3 * 224 * 224}
	label := &values[int64]{width: 1}
	w := Shuffle(Stream(nil), 1).(window)
	assert.Equal(t, 445, w.holds([]column{photo, label}))
	assert.Equal(t, 8192, w.holds([]column{&values[float32]{width: 784}, label}))
}
