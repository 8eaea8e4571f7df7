package data

import (
	"fmt"
	"iter"
	"sync"

	"gorgonia.org/tensor"
)

// A Transform turns a batch into another with as many rows. It may write to the
// batch that it is given, and is told the number of its first row in the data
// set, from which what is random may draw its seed.
type Transform func(first int, b Batch) (Batch, error)

// Map returns d with every batch changed by f.
func Map(d Dataset, f Transform) Dataset { return mapped{d, f, 0, 0} }

// Parallel is Map with f running in the given number of goroutines at once, a
// batch in each. The order of the batches is kept, and at most twice as many
// batches as goroutines exist at a time. A panic of f becomes an error.
func Parallel(d Dataset, goroutines int, f Transform) Dataset {
	return mapped{d, f, max(goroutines, 1), 0}
}

// Prefetch returns d with up to n batches made ahead in another goroutine, while
// the present one is in use; it waits when they are not asked for. A panic of d
// becomes an error.
func Prefetch(d Dataset, n int) Dataset { return prefetched{d, max(n, 1)} }

type mapped struct {
	Dataset
	f          Transform
	goroutines int // 0: the caller's alone
	first      int // number of the first row
}

func (m mapped) Shuffled(seed uint64) Dataset {
	return mapped{Shuffle(m.Dataset, seed), m.f, m.goroutines, m.first}
}

func (m mapped) skip(n int) Dataset {
	return mapped{Skip(m.Dataset, n), m.f, m.goroutines, m.first + n}
}

func (m mapped) Batches(size int) iter.Seq2[Batch, error] {
	if m.goroutines > 0 {
		return m.parallel(size)
	}
	return func(yield func(Batch, error) bool) {
		first := m.first
		for batch, err := range m.Dataset.Batches(size) {
			if err == nil {
				batch, first, err = m.apply(batch, first)
			}
			if !yield(batch, err) || err != nil {
				return
			}
		}
	}
}

// apply returns what f makes of a batch, and the number of the row after it.
func (m mapped) apply(b Batch, first int) (Batch, int, error) {
	n := rowsOf(b)
	out, err := m.f(first, b)
	if err != nil {
		return nil, 0, err
	}
	if rowsOf(out) != n {
		return nil, 0, fmt.Errorf("data: a transform of %d rows gave %d: use Filter to leave rows out", n, rowsOf(out))
	}
	return out, first + n, nil
}

// A task is a batch on its way through a goroutine.
type task struct {
	first   int
	buffers []column // what holds the batch while it is changed
	in, out Batch
	err     error
	done    chan struct{}
}

// parallel hands copies of the batches to goroutines and yields them in order.
func (m mapped) parallel(size int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		var (
			wait sync.WaitGroup
			stop = make(chan struct{})
			todo = make(chan *task, m.goroutines)
			line = make(chan *task, m.goroutines) // in order
			free = make(chan *task, 2*m.goroutines+1)
		)
		for range cap(free) {
			free <- &task{}
		}
		for range m.goroutines {
			wait.Go(func() {
				for t := range todo {
					t.err = guarded(func() (err error) {
						t.out, _, err = m.apply(t.in, t.first)
						return err
					})
					close(t.done)
				}
			})
		}
		wait.Go(func() {
			defer close(line)
			defer close(todo)
			first := m.first
			feed(m.Dataset, size, free, stop, func(t *task) bool {
				t.first, t.done = first, make(chan struct{})
				if t.err == nil {
					first += rowsOf(t.in)
					select {
					case todo <- t:
					case <-stop:
						return false
					}
				} else {
					close(t.done)
				}
				select {
				case line <- t:
					return true
				case <-stop:
					return false
				}
			})
		})
		defer wait.Wait()
		defer close(stop)
		for t := range line {
			<-t.done
			if !yield(t.out, t.err) || t.err != nil {
				return
			}
			free <- t
		}
	}
}

type prefetched struct {
	Dataset
	n int
}

func (p prefetched) Shuffled(seed uint64) Dataset { return prefetched{Shuffle(p.Dataset, seed), p.n} }
func (p prefetched) skip(n int) Dataset           { return prefetched{Skip(p.Dataset, n), p.n} }

func (p prefetched) Batches(size int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		var (
			wait sync.WaitGroup
			stop = make(chan struct{})
			line = make(chan *task, p.n)
			free = make(chan *task, p.n+2)
		)
		for range cap(free) {
			free <- &task{}
		}
		wait.Go(func() {
			defer close(line)
			feed(p.Dataset, size, free, stop, func(t *task) bool {
				select {
				case line <- t:
					return true
				case <-stop:
					return false
				}
			})
		})
		defer wait.Wait()
		defer close(stop)
		for t := range line {
			if !yield(t.in, t.err) || t.err != nil {
				return
			}
			free <- t
		}
	}
}

// feed copies each batch of d into a free task and passes it on, until there is
// no more, the other side stops, or an error has been passed on.
func feed(d Dataset, size int, free chan *task, stop chan struct{}, pass func(*task) bool) {
	next := func() *task {
		select {
		case t := <-free:
			return t
		case <-stop:
			return nil
		}
	}
	err := guarded(func() error {
		for batch, err := range d.Batches(size) {
			if err != nil {
				return err
			}
			t := next()
			if t == nil {
				return nil
			}
			if err := t.copy(batch); err != nil {
				return err
			}
			if !pass(t) {
				return nil
			}
		}
		return nil
	})
	if err == nil {
		return
	}
	if t := next(); t != nil {
		t.err, t.in, t.out = err, nil, nil
		pass(t)
	}
}

// copy puts a copy of a batch into the task, in the memory of its last one where
// that fits.
func (t *task) copy(b Batch) error {
	cols, err := columnsOf(b)
	if err != nil {
		return err
	}
	n := rowsOf(b)
	if t.buffers == nil || t.buffers[0].len() < n || match(t.buffers, cols) != nil {
		t.buffers, t.in = blank(cols, n), nil
	}
	for i, c := range t.buffers {
		c.gather(0, cols[i], count(n))
	}
	if rowsOf(t.in) != n {
		t.in = tensors(t.buffers, n)
	}
	return nil
}

// guarded calls f and returns its error, or its panic as one.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("data: panic: %v", r)
		}
	}()
	return f()
}

// Columns returns a transform of single tensors: f for each of the listed
// columns, the others as they are.
func Columns(f func(first int, t *tensor.Dense) (*tensor.Dense, error), columns ...int) Transform {
	return func(first int, b Batch) (Batch, error) {
		out := append(Batch(nil), b...)
		for _, i := range columns {
			if i < 0 || i >= len(b) {
				return nil, fmt.Errorf("data: no column %d: the batch has %d", i, len(b))
			}
			t, err := f(first, b[i])
			if err != nil {
				return nil, fmt.Errorf("data: column %d: %w", i, err)
			}
			out[i] = t
		}
		return out, nil
	}
}
