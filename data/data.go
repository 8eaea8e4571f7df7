// Package data holds data sets and hands them out in batches.
//
// An [Arrays] is a data set in memory: columns that share their first length.
// It comes from tensors ([Of]), from a table ([ReadCSV]), from idx files
// ([MNIST], [ReadIdx]) or from nothing at all ([Digits]). Shuffling and
// splitting make new orders over the same memory.
//
//	all := data.Digits(12_000, 1)
//	test, train := all.Rows(0, 2_000), all.Rows(2_000, 12_000)
//	for epoch := range uint64(10) {
//		for batch, err := range train.Shuffle(epoch).Batches(64) {
//			if err != nil {
//				return err
//			}
//			images, labels := batch[0], batch[1] // [64 28 28], [64]; the last ones are shorter
//		}
//	}
//
// A batch is a copy of its rows. A loop around a program can do without, as package
// train does: [InPlace] only says which rows of which columns make the batch.
//
//	for r, err := range data.InPlace(train.Shuffle(epoch), 64) {
//		...
//		step.Run(images.Rows(r.Of[0], r.At), labels.Rows(r.Of[1], r.At))
//	}
//
// Readers take untrusted files: a bad one is a one-line error, and memory
// grows with what was read, not with what a header promises.
package data

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/tensor"
)

// A Batch holds one tensor per column, all with the same first length.
type Batch []*tensor.Dense

// A Dataset is a number of rows that can be visited in batches.
type Dataset interface {
	// Len returns the number of rows, or Unknown.
	Len() int
	// Batches yields the rows in order, size at a time; the last batch may be
	// shorter. A batch is valid until the next one is asked for. After an
	// error nothing more is yielded.
	Batches(size int) iter.Seq2[Batch, error]
}

// An Arrays is a data set in memory: columns and an order of their rows. The
// zero value has no rows. Arrays made from one another share their columns.
// An Arrays does not change, so it may be used by several goroutines at once.
type Arrays struct {
	columns []column
	rows    []int // row numbers of the columns, in this data set's order
}

// Of returns the data set whose columns are the given tensors: float32,
// float64, int32, int64, uint8 or bool, each with at least one axis, all with
// the same first length. A tensor in row-major order is shared, so a later
// write to it shows; a transposed tensor and a view with gaps are copied.
func Of(columns ...*tensor.Dense) (*Arrays, error) {
	if len(columns) == 0 {
		return nil, fmt.Errorf("data: no columns: a data set needs at least one tensor")
	}
	a := &Arrays{}
	for i, t := range columns {
		c, err := columnOf(t)
		if err != nil {
			return nil, fmt.Errorf("data: column %d: %w", i, err)
		}
		if n, first := t.Shape()[0], columns[0].Shape()[0]; n != first {
			return nil, fmt.Errorf("data: column %d %v has %d rows but column 0 %v has %d: the first lengths must be equal",
				i, t.Shape(), n, columns[0].Shape(), first)
		}
		a.columns = append(a.columns, c)
	}
	a.rows = count(columns[0].Shape()[0])
	return a, nil
}

// Len returns the number of rows.
func (a *Arrays) Len() int { return len(a.rows) }

// Column returns column i as a new tensor whose rows are in this data set's
// order. It is nil when there is no column i or the data set has no rows,
// because a tensor cannot have a length of zero.
func (a *Arrays) Column(i int) *tensor.Dense {
	if i < 0 || i >= len(a.columns) || len(a.rows) == 0 {
		return nil
	}
	c := a.columns[i].blank(len(a.rows))
	c.gather(0, a.columns[i], a.rows)
	return c.tensor(len(a.rows))
}

// Shuffle returns the same rows in a random order, which depends on the seed
// and on the present order alone.
func (a *Arrays) Shuffle(seed uint64) *Arrays {
	return &Arrays{a.columns, shuffled(a.rows, seed)}
}

// shuffled returns the rows in a random order.
func shuffled(rows []int, seed uint64) []int {
	rows = slices.Clone(rows)
	shuffle(rows, seed)
	return rows
}

// shuffle puts rows in a random order.
func shuffle(rows []int, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
}

// Shuffled is Shuffle, for those who know no more than a [Dataset].
func (a *Arrays) Shuffled(seed uint64) Dataset { return a.Shuffle(seed) }

func (a *Arrays) skip(n int) Dataset { return a.Rows(n, a.Len()) }

// Rows returns rows lo up to, but not including, hi. Bounds outside 0..Len are
// moved to its ends; when hi <= lo there are no rows.
func (a *Arrays) Rows(lo, hi int) *Arrays {
	lo = min(max(lo, 0), len(a.rows))
	hi = min(max(hi, lo), len(a.rows))
	return &Arrays{a.columns, a.rows[lo:hi:hi]}
}

// Pick returns the given rows, in the order given; a row may come several times. It
// fails for a row that is not there.
func (a *Arrays) Pick(rows ...int) (*Arrays, error) {
	picked := make([]int, len(rows))
	for i, row := range rows {
		if row < 0 || row >= len(a.rows) {
			return nil, fmt.Errorf("data: there is no row %d among %d", row, len(a.rows))
		}
		picked[i] = a.rows[row]
	}
	return &Arrays{a.columns, picked}, nil
}

// Split returns the first fraction of the rows, rounded to the nearest row,
// and the rest. A fraction below 0, or NaN, counts as 0 and one above 1 as 1.
// Shuffle first when the rows are sorted.
func (a *Arrays) Split(fraction float64) (first, rest *Arrays) {
	if !(fraction > 0) {
		fraction = 0
	}
	n := int(math.Round(min(fraction, 1) * float64(len(a.rows))))
	return a.Rows(0, n), a.Rows(n, len(a.rows))
}

// Batches yields the rows in order, size at a time; the last batch holds what
// is left. A batch is a copy of its rows in buffers that the next batch
// overwrites, so nothing is allocated per batch: its tensors are made once for
// the full size and once for the rest. A size below 1 yields one error.
func (a *Arrays) Batches(size int) iter.Seq2[Batch, error] { return a.batches(size, &memory{}) }

// batches yields the rows in memory that may have been used before.
func (a *Arrays) batches(size int, m *memory) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		if size < 1 {
			yield(nil, errSize(size))
			return
		}
		if len(a.rows) == 0 {
			return
		}
		size := min(size, len(a.rows))
		m.reserve(a.columns, size)
		for lo := 0; lo < len(a.rows); lo += size {
			if !yield(m.copy(a.columns, a.rows[lo:min(lo+size, len(a.rows))]), nil) {
				return
			}
		}
	}
}

func errSize(size int) error {
	return fmt.Errorf("data: cannot make batches of %d rows: the size must be at least 1", size)
}

// blank returns n zero rows of every column.
func blank(columns []column, n int) []column {
	out := make([]column, len(columns))
	for i, c := range columns {
		out[i] = c.blank(n)
	}
	return out
}

// tensors returns the first n rows of each column.
func tensors(columns []column, n int) Batch {
	batch := make(Batch, len(columns))
	for i, c := range columns {
		batch[i] = c.tensor(n)
	}
	return batch
}
