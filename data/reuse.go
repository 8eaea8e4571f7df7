package data

import (
	"iter"

	"github.com/adjointml/adjoint/internal/cpu/par"
)

// Reuse returns d for a loop that goes through it again and again, one pass at a
// time, as a training does: all passes share the memory of their batches and of
// their order, so a batch is valid until another is asked for, of a later pass
// too, and shuffling ends the passes before. Large batches are copied by all
// processors. The rows and their order are those of d; a data set that has no
// memory to share is returned as it is.
func Reuse(d Dataset) Dataset {
	if r, ok := d.(interface{ reuse() Dataset }); ok {
		return r.reuse()
	}
	return d
}

// A reused is an Arrays whose passes share memory.
type reused struct {
	Arrays
	memory *memory
}

func (a *Arrays) reuse() Dataset { return &reused{*a, &memory{shared: true}} }

func (r *reused) reuse() Dataset { return r }

func (r *reused) skip(n int) Dataset { return &reused{*r.Rows(n, r.Len()), r.memory} }

func (r *reused) Shuffled(seed uint64) Dataset {
	m := r.memory
	m.order = append(m.order[:0], r.rows...)
	shuffle(m.order, seed)
	return &reused{Arrays{r.columns, m.order}, m}
}

func (r *reused) Batches(size int) iter.Seq2[Batch, error] { return r.batches(size, r.memory) }

// Only what the caller itself goes through is reused: what runs ahead in
// goroutines keeps memory of its own, and leaves the processors to the step.
func (m mapped) reuse() Dataset {
	if m.goroutines == 0 {
		m.Dataset = Reuse(m.Dataset)
	}
	return m
}

func (f filtered) reuse() Dataset { return filtered{Reuse(f.Dataset), f.keep} }

// A memory is where batches lie.
type memory struct {
	columns     []column
	size        int   // rows of the columns
	row         int   // bytes of a row of all columns
	whole, rest Batch // tensors of all rows, and of the first few
	given       Batch // to the caller, who may replace its tensors
	order       []int // of a shuffled data set
	all         Batch // the columns themselves, for batches that are only named
	shared      bool  // copy large batches by all processors

	from []column // what is being copied
	rows []int
}

// reserve makes room for batches of n rows.
func (m *memory) reserve(columns []column, n int) {
	if m.size != n {
		m.columns, m.size, m.rest = blank(columns, n), n, nil
		m.whole, m.row = tensors(m.columns, n), 0
		for _, c := range columns {
			m.row += c.size()
		}
	}
}

// part is how many bytes a processor copies at a time: some microseconds, below
// which it does not pay to ask for help.
const part = 64 << 10

// copy returns a batch of the given rows.
func (m *memory) copy(from []column, rows []int) Batch {
	m.from, m.rows = from, rows
	n := 1
	if m.shared {
		n = max(1, m.row*len(rows)/part)
	}
	if n == 1 {
		m.gather(0, len(rows))
	} else {
		team := par.Enter()
		err := team.Run(m, n)
		team.Leave()
		if err != nil {
			panic(err)
		}
	}
	batch := m.whole
	if len(rows) < m.size {
		if rowsOf(m.rest) != len(rows) {
			m.rest = tensors(m.columns, len(rows))
		}
		batch = m.rest
	}
	m.given = append(m.given[:0], batch...)
	return m.given
}

// Part copies one part of the rows: see [par.Job].
func (m *memory) Part(_, i int) {
	n := max(1, m.row*len(m.rows)/part)
	m.gather(i*len(m.rows)/n, (i+1)*len(m.rows)/n)
}

// gather copies rows lo to hi.
func (m *memory) gather(lo, hi int) {
	for i, c := range m.columns {
		c.gather(lo, m.from[i], m.rows[lo:hi])
	}
}
