package data

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"
)

// numbered returns n rows of the given width: row i holds i·width, i·width+1, ...,
// and is labelled i.
func numbered(t testing.TB, n, width int) *Arrays {
	x, y := make([]float32, n*width), make([]int64, n)
	for i := range x {
		x[i] = float32(i)
	}
	for i := range y {
		y[i] = int64(i)
	}
	a, err := Of(tensor.New(tensor.WithShape(n, width), tensor.WithBacking(x)), tensor.New(tensor.WithShape(n), tensor.WithBacking(y)))
	require.NoError(t, err)
	return a
}

// pass returns the values of all batches, copied.
func pass(t testing.TB, d Dataset, size int) (x [][]float32, y [][]int64) {
	for b, err := range d.Batches(size) {
		require.NoError(t, err)
		require.Equal(t, len(b[1].Int64s()), b[0].Shape()[0])
		x, y = append(x, slices.Clone(b[0].Float32s())), append(y, slices.Clone(b[1].Int64s()))
	}
	return x, y
}

// TestReuse compares passes that share memory with passes that do not: epochs in
// other orders, their rests after a break, and sizes that change; with rows so long
// that batches are copied in parts.
func TestReuse(t *testing.T) {
	even := func(b Batch, row int) bool { return b[1].Int64s()[row]%2 == 0 }
	negative := func(_ int, b Batch) (Batch, error) {
		for i, v := range b[0].Float32s() {
			b[0].Float32s()[i] = -v
		}
		return b, nil
	}
	for _, width := range []int{1, 5000} {
		a := numbered(t, 37, width)
		for name, d := range map[string]Dataset{
			"arrays":   a,
			"part":     a.Rows(5, 30),
			"map":      Map(a, negative),
			"parallel": Parallel(a, 2, negative),
			"filter":   Filter(a, even),
			"prefetch": Prefetch(a, 2),
		} {
			reused := Reuse(d)
			assert.Equal(t, d.Len(), reused.Len(), name)
			for epoch := range uint64(2) {
				for _, size := range []int{8, 8, 37, 100} {
					for _, skip := range []int{0, 8} {
						x, y := pass(t, Skip(Shuffle(d, epoch), skip), size)
						gotX, gotY := pass(t, Skip(Shuffle(reused, epoch), skip), size)
						assert.Equal(t, y, gotY, "%s of width %d, epoch %d, batches of %d after %d", name, width, epoch, size, skip)
						assert.True(t, slices.EqualFunc(x, gotX, slices.Equal), "the values of %s of width %d, epoch %d, batches of %d after %d", name, width, epoch, size, skip)
					}
				}
			}
			x, y := pass(t, d, 8)
			gotX, gotY := pass(t, reused, 8)
			assert.Equal(t, y, gotY, "%s in its own order after shuffles", name)
			assert.True(t, slices.EqualFunc(x, gotX, slices.Equal), "the values of %s in its own order after shuffles", name)
		}
	}
}

// TestReuseMemory fails if a pass makes batches or an order anew.
func TestReuseMemory(t *testing.T) {
	d := Reuse(numbered(t, 100, 1000))
	epoch := uint64(0)
	one := func() {
		epoch++
		for range Shuffle(d, epoch).Batches(32) {
		}
	}
	one()
	assert.Less(t, testing.AllocsPerRun(20, one), 10.0, "allocations in a pass, whose data are 400 kB")

	var first Batch
	for b := range d.Batches(32) {
		first = slices.Clone(b)
		break
	}
	for b := range d.Batches(32) {
		assert.Same(t, first[0], b[0])
		break
	}
}

// TestReplacedTensor fails if what a caller puts into a batch is in the next one.
func TestReplacedTensor(t *testing.T) {
	for name, d := range map[string]Dataset{"plain": numbered(t, 6, 2), "reused": Reuse(numbered(t, 6, 2))} {
		mine := tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float32{-1, -1, -1, -1}))
		seen := []float32{}
		for b, err := range d.Batches(2) {
			require.NoError(t, err)
			seen = append(seen, b[0].Float32s()[0])
			b[0] = mine
		}
		assert.Equal(t, []float32{0, 4, 8}, seen, name)
	}
}
