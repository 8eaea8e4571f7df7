package data

import "iter"

// Rows are a batch that has perhaps not been made: rows of columns, by their numbers.
type Rows struct {
	Of   Batch
	At   []int // numbers of rows; nil for all of them, in order, where the data set is no [Arrays]
	Next []int // those of the batch after this one, of the same columns, if it is known and as long
}

// Len returns the number of rows.
func (r Rows) Len() int {
	if r.At == nil {
		return rowsOf(r.Of)
	}
	return len(r.At)
}

// Batch returns the rows as a batch: a copy of them, but for all rows in order, which
// are as they are.
func (r Rows) Batch() (Batch, error) {
	if len(r.At) == 0 {
		return r.Of, nil
	}
	a, err := Of(r.Of...)
	if err == nil {
		a, err = a.Pick(r.At...)
	}
	if err != nil {
		return nil, err
	}
	batch := make(Batch, len(r.Of))
	for i := range batch {
		batch[i] = a.Column(i)
	}
	return batch, nil
}

// InPlace is d.Batches without the copies that it can do without: the rows of a data
// set in memory are named, not moved, for a program to read them where they lie
// ([graph.Node.Rows]). Others give their batches. What is yielded is valid until the
// next is asked for, and not to be written to.
func InPlace(d Dataset, size int) iter.Seq2[Rows, error] {
	if p, ok := d.(interface {
		inPlace(size int) iter.Seq2[Rows, error]
	}); ok {
		return p.inPlace(size)
	}
	return func(yield func(Rows, error) bool) {
		for b, err := range d.Batches(size) {
			if !yield(Rows{Of: b}, err) {
				return
			}
		}
	}
}

func (a *Arrays) inPlace(size int) iter.Seq2[Rows, error] { return a.named(size, &memory{}) }

func (r *reused) inPlace(size int) iter.Seq2[Rows, error] { return r.named(size, r.memory) }

// named yields the numbers of the rows, with the columns in memory that may have been
// used before.
func (a *Arrays) named(size int, m *memory) iter.Seq2[Rows, error] {
	return func(yield func(Rows, error) bool) {
		if size < 1 {
			yield(Rows{}, errSize(size))
			return
		}
		if len(a.rows) == 0 {
			return
		}
		if m.all == nil {
			for _, c := range a.columns {
				m.all = append(m.all, c.tensor(c.len()))
			}
		}
		for rest := a.rows; len(rest) > 0; {
			r := Rows{Of: m.all, At: rest[:min(size, len(rest))]}
			if rest = rest[len(r.At):]; len(rest) >= size {
				r.Next = rest[:size]
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}
