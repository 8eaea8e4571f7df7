package data_test

import (
	"errors"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
)

// pieces returns a stream of the rows 0 to n-1 of counted, in pieces of the given
// lengths by turns.
func pieces(t testing.TB, n int, lengths ...int) data.Stream {
	all := counted(t, n)
	return func() iter.Seq2[data.Batch, error] {
		return func(yield func(data.Batch, error) bool) {
			for at, i := 0, 0; at < n; i++ {
				k := min(lengths[i%len(lengths)], n-at)
				for b := range all.Rows(at, at+k).Batches(k) {
					if !yield(b, nil) {
						return
					}
				}
				at += k
			}
		}
	}
}

// visited returns the labels of counted rows, batch by batch, after checking that
// the two columns still belong together.
func visited(t testing.TB, d data.Dataset, size int) (out [][]int64) {
	for b, err := range d.Batches(size) {
		require.NoError(t, err)
		require.Len(t, b, 2)
		x, y := b[0].Float32s(), b[1].Int64s()
		for i, label := range y {
			require.Equal(t, []float32{float32(10 * label), float32(10*label + 1)}, x[2*i:2*i+2])
		}
		out = append(out, slices.Clone(y))
	}
	return out
}

func upTo(n int64) (out []int64) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

func TestStreamMakesBatches(t *testing.T) {
	for _, err := range data.Shuffle(data.Stream(nil), 1).Batches(4) {
		assert.EqualError(t, err, "data: the stream is nil: give it a function that begins anew each time")
	}
	for _, lengths := range [][]int{{1}, {3}, {100}, {1, 7, 2}} {
		s := pieces(t, 10, lengths...)
		assert.Equal(t, data.Unknown, s.Len())
		assert.Equal(t, [][]int64{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}}, visited(t, s, 4), "%v", lengths)
		assert.Equal(t, [][]int64{upTo(10)}, visited(t, s, 10), "again")
	}
	for b := range pieces(t, 10, 3).Batches(2) { // one may stop early
		assert.Equal(t, []int64{0, 1}, b[1].Int64s())
		break
	}
	var errs []error
	for _, err := range pieces(t, 10, 3).Batches(0) {
		errs = append(errs, err)
	}
	require.Len(t, errs, 1)
	assert.EqualError(t, errs[0], "data: cannot make batches of 0 rows: the size must be at least 1")
}

func TestStreamErrors(t *testing.T) {
	broken := errors.New("line 7: broken")
	s := data.Stream(func() iter.Seq2[data.Batch, error] {
		return func(yield func(data.Batch, error) bool) {
			_ = yield(data.Batch{dense([]float32{1, 2, 3}, 3)}, nil) && yield(nil, broken)
		}
	})
	for name, d := range map[string]data.Dataset{
		"itself": s, "map": data.Map(s, same), "parallel": data.Parallel(s, 3, same), "prefetch": data.Prefetch(s, 2),
		"filter": data.Filter(s, func(data.Batch, int) bool { return true }), "skip": data.Skip(s, 1), "shuffle": data.Shuffle(s, 1),
	} {
		var errs []error
		for _, err := range d.Batches(2) {
			if err != nil {
				errs = append(errs, err)
			}
		}
		assert.Equal(t, []error{broken}, errs, name)
	}
	mixed := data.Stream(func() iter.Seq2[data.Batch, error] {
		return func(yield func(data.Batch, error) bool) {
			_ = yield(data.Batch{dense([]float32{1, 2}, 1, 2)}, nil) && yield(data.Batch{dense([]float32{1, 2, 3}, 1, 3)}, nil)
		}
	})
	var last error
	for _, err := range mixed.Batches(2) {
		last = err
	}
	assert.EqualError(t, last, "data: column 0 is float32 [2] in one batch and float32 [3] in a later one: rows must have one type and shape")
}

func same(_ int, b data.Batch) (data.Batch, error) { return b, nil }

func TestShuffleOfAnyDataset(t *testing.T) {
	for name, d := range map[string]data.Dataset{
		"arrays": counted(t, 50), "stream": pieces(t, 50, 7), "filter": data.Filter(counted(t, 50), func(data.Batch, int) bool { return true }),
		"map": data.Map(counted(t, 50), same), "prefetch": data.Prefetch(counted(t, 50), 2), "skip": data.Skip(pieces(t, 50, 7), 0),
	} {
		once, again, other := visited(t, data.Shuffle(d, 3), 8), visited(t, data.Shuffle(d, 3), 8), visited(t, data.Shuffle(d, 4), 8)
		assert.Equal(t, once, again, name)
		assert.NotEqual(t, once, other, name)
		for _, v := range [][][]int64{once, other} {
			flat := slices.Concat(v...)
			assert.NotEqual(t, upTo(50), flat, name)
			slices.Sort(flat)
			assert.Equal(t, upTo(50), flat, name)
		}
	}
	// a stream longer than the window keeps every row, and moves most
	n := int64(20_000)
	flat := slices.Concat(visited(t, data.Shuffle(pieces(t, int(n), 999), 1), 256)...)
	kept := 0
	for i, x := range flat {
		if int64(i) == x {
			kept++
		}
	}
	assert.Less(t, kept, 20)
	slices.Sort(flat)
	assert.Equal(t, upTo(n), flat)
}

func TestSkip(t *testing.T) {
	doubled := func(first int, b data.Batch) (data.Batch, error) {
		for _, y := range b[1].Int64s() {
			if y < int64(first) {
				return nil, errors.New("rows are numbered from the start of the epoch")
			}
		}
		return b, nil
	}
	for name, d := range map[string]data.Dataset{
		"arrays": counted(t, 20), "stream": pieces(t, 20, 3), "map": data.Map(counted(t, 20), doubled),
		"parallel": data.Parallel(pieces(t, 20, 3), 2, doubled), "prefetch": data.Prefetch(counted(t, 20), 2),
	} {
		whole := visited(t, d, 4)
		for n := range 6 {
			assert.Equal(t, whole[n:], append([][]int64{}, visited(t, data.Skip(d, 4*n), 4)...), "%s without %d", name, 4*n)
		}
		assert.Equal(t, [][]int64{{3, 4, 5, 6}}, visited(t, data.Skip(d, 3), 4)[:1], name)
		assert.Empty(t, visited(t, data.Skip(d, 100), 4), name)
	}
	assert.Equal(t, 13, data.Skip(counted(t, 20), 7).Len())
	assert.Equal(t, data.Unknown, data.Skip(pieces(t, 20, 3), 7).Len())
}

func TestFilter(t *testing.T) {
	odd := data.Filter(counted(t, 11), func(b data.Batch, row int) bool { return b[1].Int64s()[row]%2 == 1 })
	assert.Equal(t, [][]int64{{1, 3, 5}, {7, 9}}, visited(t, odd, 3))
	assert.Equal(t, data.Unknown, odd.Len())
	assert.Empty(t, visited(t, data.Filter(counted(t, 11), func(data.Batch, int) bool { return false }), 3))
}

func TestMapAndParallel(t *testing.T) {
	negate := func(first int, b data.Batch) (data.Batch, error) {
		y := b[1].Int64s()
		for i := range y {
			if y[i] != int64(first+i) {
				return nil, errors.New("wrong number of the first row")
			}
			y[i] = -y[i]
		}
		time.Sleep(time.Duration(len(y)-first%3) * 100 * time.Microsecond) // so that they finish in another order
		return b, nil
	}
	for name, d := range map[string]data.Dataset{
		"map": data.Map(data.Prefetch(counted(t, 50), 1), negate), "parallel": data.Parallel(counted(t, 50), 4, negate),
	} {
		at := int64(0)
		for b, err := range d.Batches(3) {
			require.NoError(t, err)
			for _, y := range b[1].Int64s() {
				require.Equal(t, -at, y, name)
				at++
			}
		}
		assert.EqualValues(t, 50, at, name)
	}
	fewer := data.Map(counted(t, 5), func(_ int, b data.Batch) (data.Batch, error) {
		return data.Batch{dense([]float32{1}, 1)}, nil
	})
	for _, err := range fewer.Batches(3) {
		assert.EqualError(t, err, "data: a transform of 3 rows gave 1: use Filter to leave rows out")
	}
}

// What runs ahead must stop when nobody asks for more, and a panic must reach the
// caller as an error.
func TestGoroutinesEnd(t *testing.T) {
	var made atomic.Int64
	endless := data.Stream(func() iter.Seq2[data.Batch, error] {
		return func(yield func(data.Batch, error) bool) {
			for made.Add(1); yield(data.Batch{dense([]float32{1}, 1)}, nil); made.Add(1) {
			}
		}
	})
	for name, d := range map[string]data.Dataset{"prefetch": data.Prefetch(endless, 3), "parallel": data.Parallel(endless, 3, same)} {
		made.Store(0)
		seen := 0
		for range d.Batches(1) {
			if seen++; seen == 5 {
				break
			}
		}
		after := made.Load()
		time.Sleep(2 * time.Millisecond)
		assert.Equal(t, after, made.Load(), "%s: nothing is made after the end", name)
		assert.LessOrEqual(t, after, int64(20), "%s: no more is made than fits", name)
	}
	panics := data.Stream(func() iter.Seq2[data.Batch, error] {
		return func(func(data.Batch, error) bool) { panic("lost") }
	})
	boom := func(int, data.Batch) (data.Batch, error) { panic("lost") }
	for name, d := range map[string]data.Dataset{
		"prefetch": data.Prefetch(panics, 3), "parallel": data.Parallel(panics, 3, same), "transform": data.Parallel(counted(t, 9), 3, boom),
	} {
		n := 0
		for _, err := range d.Batches(2) {
			assert.EqualError(t, err, "data: panic: lost", name)
			n++
		}
		assert.Equal(t, 1, n, name)
	}
}

func TestColumns(t *testing.T) {
	half := func(_ int, x *tensor.Dense) (*tensor.Dense, error) {
		out := slices.Clone(x.Float32s())
		for i := range out {
			out[i] /= 2
		}
		return dense(out, x.Shape()...), nil
	}
	for b, err := range data.Map(counted(t, 2), data.Columns(half, 0)).Batches(2) {
		require.NoError(t, err)
		assert.Equal(t, []float32{0, .5, 5, 5.5}, b[0].Float32s())
		assert.Equal(t, []int64{0, 1}, b[1].Int64s())
	}
	for _, err := range data.Map(counted(t, 2), data.Columns(half, 2)).Batches(2) {
		assert.EqualError(t, err, "data: no column 2: the batch has 2")
	}
}
