package data

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
)

// Unknown is the length of a data set whose rows nobody has counted.
const Unknown = -1

// A Stream is a data set that is read as it goes: the function starts anew each
// time and yields pieces of any number of rows, which batches are made of. Its
// length is [Unknown].
type Stream func() iter.Seq2[Batch, error]

// Len returns Unknown.
func (s Stream) Len() int { return Unknown }

// Batches yields the rows of all pieces, size at a time; the last batch holds
// what is left. A piece may be overwritten once the next is asked for.
func (s Stream) Batches(size int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		out := gathered{size: size}
		if err := out.check(); err != nil {
			yield(nil, err)
			return
		}
		if s == nil {
			yield(nil, errors.New("data: the stream is nil: give it a function that begins anew each time"))
			return
		}
		for piece, err := range s() {
			if err != nil {
				yield(nil, err)
				return
			}
			if !out.add(piece, nil, yield) {
				return
			}
		}
		out.flush(yield)
	}
}

// A Shuffler is a data set that can be visited in another order, as a training
// loop does at each epoch.
type Shuffler interface {
	// Shuffled returns the same rows in a random order, which depends on the
	// seed alone.
	Shuffled(seed uint64) Dataset
}

// Shuffle returns the rows of d in a random order, which depends on the seed
// alone. A data set that cannot reorder itself, such as a [Stream], is mixed
// within a window of 8192 rows, or as many as 256 MiB hold if these are fewer (445
// photographs of 224 by 224 pixels in float32): each row is drawn from those that
// have arrived. What comes sorted, by its class for example, is better mixed where it
// is kept.
func Shuffle(d Dataset, seed uint64) Dataset {
	if s, ok := d.(Shuffler); ok {
		return s.Shuffled(seed)
	}
	return window{d, 8192, 256 << 20, seed}
}

// A window mixes the rows of a data set that comes in order.
type window struct {
	Dataset
	rows, bytes int // at most, but two rows in any case
	seed        uint64
}

func (w window) Shuffled(seed uint64) Dataset {
	return window{w.Dataset, w.rows, w.bytes, seed}
}

// holds returns how many rows of some columns are in the window.
func (w window) holds(columns []column) int {
	row := 0
	for _, c := range columns {
		row += c.size()
	}
	return min(w.rows, max(2, w.bytes/max(row, 1)))
}

func (w window) Batches(size int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		out := gathered{size: size}
		if err := out.check(); err != nil {
			yield(nil, err)
			return
		}
		r := rand.New(rand.NewPCG(w.seed, 1))
		var held Batch // the first n rows of these columns wait
		var kept []column
		n, most := 0, 0
		for batch, err := range w.Dataset.Batches(size) {
			if err != nil {
				yield(nil, err)
				return
			}
			cols, err := columnsOf(batch)
			if err == nil && kept == nil {
				most = w.holds(cols)
				kept = blank(cols, most)
				held = tensors(kept, most)
			}
			if err == nil {
				err = match(kept, cols)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for row := range cols[0].len() {
				at := n
				if n < most {
					n++
				} else {
					at = r.IntN(n)
					if !out.add(held, []int{at}, yield) {
						return
					}
				}
				for i, c := range kept {
					c.gather(at, cols[i], []int{row})
				}
			}
		}
		if n > 0 && !out.add(held, r.Perm(n), yield) {
			return
		}
		out.flush(yield)
	}
}

// Skip returns d without its first n rows: what is left of an epoch that was
// broken off. Batches are the same as without the break if n is a multiple of
// their size.
func Skip(d Dataset, n int) Dataset {
	if n <= 0 {
		return d
	}
	if s, ok := d.(interface{ skip(n int) Dataset }); ok {
		return s.skip(n)
	}
	return skipped{d, n}
}

type skipped struct {
	Dataset
	n int
}

func (s skipped) Len() int {
	if n := s.Dataset.Len(); n >= 0 {
		return max(n-s.n, 0)
	}
	return Unknown
}

func (s skipped) Batches(size int) iter.Seq2[Batch, error] {
	return Stream(func() iter.Seq2[Batch, error] {
		return func(yield func(Batch, error) bool) {
			left := s.n
			for batch, err := range s.Dataset.Batches(size) {
				if err != nil {
					yield(nil, err)
					return
				}
				n := rowsOf(batch)
				if n <= left {
					left -= n
					continue
				}
				if batch, err = rest(batch, left); err != nil || !yield(batch, err) {
					return
				}
				left = 0
			}
		}
	}).Batches(size)
}

// rest returns a batch without its first n rows.
func rest(b Batch, n int) (Batch, error) {
	if n == 0 {
		return b, nil
	}
	cols, err := columnsOf(b)
	if err != nil {
		return nil, err
	}
	left := rowsOf(b) - n
	for i, c := range cols {
		cols[i] = c.from(n)
	}
	return tensors(cols, left), nil
}

// Filter returns the rows of d for which keep is true. It is given batches and
// says for each row whether to keep it; its length is [Unknown].
func Filter(d Dataset, keep func(b Batch, row int) bool) Dataset { return filtered{d, keep} }

type filtered struct {
	Dataset
	keep func(b Batch, row int) bool
}

func (f filtered) Len() int                     { return Unknown }
func (f filtered) Shuffled(seed uint64) Dataset { return filtered{Shuffle(f.Dataset, seed), f.keep} }

func (f filtered) Batches(size int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		out := gathered{size: size}
		for batch, err := range f.Dataset.Batches(size) {
			if err != nil {
				yield(nil, err)
				return
			}
			rows := []int{}
			for i := range rowsOf(batch) {
				if f.keep(batch, i) {
					rows = append(rows, i)
				}
			}
			if !out.add(batch, rows, yield) {
				return
			}
		}
		out.flush(yield)
	}
}

// A gathered makes batches of one size from rows that come in pieces.
type gathered struct {
	size    int
	buffers []column
	whole   Batch // all rows of the buffers
	n       int   // rows in the buffers
}

func (g *gathered) check() error {
	if g.size < 1 {
		return errSize(g.size)
	}
	return nil
}

// add appends the given rows of a piece, or all if rows is nil, and yields each
// batch that is full. It returns false when no more is wanted.
func (g *gathered) add(piece Batch, rows []int, yield func(Batch, error) bool) bool {
	cols, err := columnsOf(piece)
	if err == nil && g.buffers == nil {
		g.buffers = blank(cols, g.size)
		g.whole = tensors(g.buffers, g.size)
	}
	if err == nil {
		err = match(g.buffers, cols)
	}
	if err != nil {
		yield(nil, err)
		return false
	}
	if rows == nil {
		rows = count(cols[0].len())
	}
	for len(rows) > 0 {
		k := min(len(rows), g.size-g.n)
		for i, b := range g.buffers {
			b.gather(g.n, cols[i], rows[:k])
		}
		g.n, rows = g.n+k, rows[k:]
		if g.n == g.size {
			g.n = 0
			if !yield(g.whole, nil) {
				return false
			}
		}
	}
	return true
}

// flush yields what is left.
func (g *gathered) flush(yield func(Batch, error) bool) {
	if g.n > 0 {
		yield(tensors(g.buffers, g.n), nil)
	}
}

// count returns 0, 1, ..., n-1.
func count(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// rowsOf returns the number of rows of a batch.
func rowsOf(b Batch) int {
	if len(b) == 0 || b[0].Dims() == 0 {
		return 0
	}
	return b[0].Shape()[0]
}

// columnsOf returns the tensors of a batch as columns.
func columnsOf(b Batch) ([]column, error) {
	if len(b) == 0 {
		return nil, errors.New("data: a batch without tensors")
	}
	cols := make([]column, len(b))
	for i, t := range b {
		c, err := columnOf(t)
		if err != nil {
			return nil, fmt.Errorf("data: column %d: %w", i, err)
		}
		if c.len() != rowsOf(b) {
			return nil, fmt.Errorf("data: column %d %v has %d rows but column 0 %v has %d: the first lengths must be equal",
				i, t.Shape(), c.len(), b[0].Shape(), rowsOf(b))
		}
		cols[i] = c
	}
	return cols, nil
}

// match says why rows of b cannot follow those of a.
func match(a, b []column) error {
	if len(a) != len(b) {
		return fmt.Errorf("data: a batch of %d columns after one of %d", len(b), len(a))
	}
	for i := range a {
		if !a[i].like(b[i]) {
			return fmt.Errorf("data: column %d is %v in one batch and %v in a later one: rows must have one type and shape", i, a[i], b[i])
		}
	}
	return nil
}
