package cpu

import (
	"slices"
	"unsafe"

	"github.com/adjointml/adjoint/internal/cpu/par"
	"github.com/adjointml/adjoint/internal/ir"
	"github.com/adjointml/adjoint/internal/kernel"
)

// A pick is an input whose rows the host gives from anywhere in its memory. Products
// read few such rows where they lie; for all else they are copied, and those of the
// next run, if it is known, while this run leaves workers idle.
type pick struct {
	v         *val
	from      unsafe.Pointer // nil if the present run has the input in one piece
	rows      []int          // numbers of rows, the host's
	then      []int          // and of the next run
	run       uint64         // the number of the present one
	lines     []int          // where the rows begin, in bytes, for those that read them there
	now, next rowCopy
	due       bool // the next rows are to be copied in this run
}

// A rowCopy holds rows in order.
type rowCopy struct {
	data []byte
	from unsafe.Pointer
	rows []int
	run  uint64 // that it was made for before it began, or 0
}

// Rows is Leaf for an input whose rows are those with the given numbers of the memory
// at p, until it is given anew. Rows that follow each other are read where they lie
// by everything. The host may say which rows of the same memory the next run will take,
// and numbers its runs for that, from 1; p is kept, and must not change, until then.
func (f *Frame) Rows(slot int, p unsafe.Pointer, rows, next []int, run uint64) {
	v := f.p.leafOf(slot)
	if v == nil || len(rows) == 0 {
		return
	}
	for i, r := range rows {
		if r != rows[0]+i {
			k := f.pickOf(v)
			k.from, k.rows, k.then, k.run = p, rows, next, run
			return
		}
	}
	f.Leaf(slot, unsafe.Add(p, rows[0]*(v.bytes()/len(rows))))
}

// pickOf returns the pick of an input, which a frame makes once.
func (f *Frame) pickOf(v *val) *pick {
	for _, k := range f.picks {
		if k.v == v {
			return k
		}
	}
	k := &pick{v: v, lines: make([]int, v.Rows)}
	f.picks = append(f.picks, k)
	return k
}

// pick readies the inputs whose rows lie anywhere.
func (f *Frame) pick(team *par.Team) error {
	for _, k := range f.picks {
		k.due = false
		switch {
		case k.from == nil: // in one piece, for once
			k.next.run = 0
		case !k.v.whole:
			row := k.v.bytes() / len(k.rows)
			for i, r := range k.rows {
				k.lines[i] = r * row
			}
			f.base[k.v.slot] = k.from
		default:
			if err := k.gather(team); err != nil {
				return err
			}
			f.base[k.v.slot] = unsafe.Pointer(unsafe.SliceData(k.now.data))
			if k.v.bytes() >= copyBytes && len(k.then) == len(k.rows) && f.p.spare >= 0 && team.Workers() > 1 {
				k.next.set(k.v, k.from, k.then)
				k.due = true
			}
		}
	}
	return nil
}

// gather copies the rows, unless the run before has.
func (k *pick) gather(team *par.Team) error {
	if c := &k.next; c.run != 0 && c.run == k.run && c.from == k.from && slices.Equal(c.rows, k.rows) {
		k.now, k.next = k.next, k.now
		k.next.run = 0
		return nil
	}
	k.now.set(k.v, k.from, k.rows)
	return team.Run(&k.now, k.now.parts())
}

// set says what c is to hold.
func (c *rowCopy) set(v *val, from unsafe.Pointer, rows []int) {
	if c.data == nil {
		c.data = alignedBytes(v.bytes())
	}
	c.from, c.rows, c.run = from, append(c.rows[:0], rows...), 0
}

// copyBytes is how many bytes a worker copies at a time: some microseconds, below
// which it does not pay to ask for help.
const copyBytes = 64 << 10

func (c *rowCopy) parts() int { return min(max(1, len(c.data)/copyBytes), len(c.rows)) }

// Part copies some of the rows.
func (c *rowCopy) Part(_, i int) {
	n, row := c.parts(), len(c.data)/len(c.rows)
	lo, hi := i*len(c.rows)/n, (i+1)*len(c.rows)/n
	end := slices.Max(c.rows[lo:hi]) + 1
	kernel.CopyRows(c.data[lo*row:hi*row], unsafe.Slice((*byte)(c.from), end*row), c.rows[lo:hi], row)
}

// spareCost is the work in a launch of one part, in ns, from which it is worth to
// share out something else meanwhile.
const spareCost = 10_000

// spareLaunch returns the longest launch that one worker runs while the others wait,
// or -1.
func (p *Program) spareLaunch() int {
	at, most := -1, float64(spareCost)
	for i := range p.launches {
		if l := &p.launches[i]; l.loop == nil && l.parts == 1 && l.cost >= most {
			at, most = i, l.cost
		}
	}
	return at
}

// A beside is a launch and what is copied beside it.
type beside struct {
	f      *Frame
	copies []*pick
}

// Part computes the launch, which is part 0, or copies.
func (b *beside) Part(w, i int) {
	if i == 0 {
		b.f.Part(w, 0)
		return
	}
	i--
	for _, k := range b.copies {
		n := k.next.parts()
		if i < n {
			k.next.Part(w, i)
			return
		}
		i -= n
	}
}

// runBeside runs a launch that leaves workers idle, and the copies that are due.
func (f *Frame) runBeside(l *launch, team *par.Team) error {
	b, parts := &f.beside, 1
	b.f, b.copies = f, b.copies[:0]
	for _, k := range f.picks {
		if k.due {
			b.copies = append(b.copies, k)
			parts += k.next.parts()
		}
	}
	if len(b.copies) == 0 {
		return f.alone(l)
	}
	f.cur = l
	if err := team.Run(b, parts); err != nil {
		return runFailure(err)
	}
	for _, k := range b.copies {
		k.next.run, k.due = k.run+1, false
	}
	return nil
}

// lines returns where the rows of an operand begin, or nil if they lie in order.
func (f *Frame) lines(v *val) []int {
	for _, k := range f.picks {
		if k.v == v && k.from != nil && !v.whole {
			return k.lines
		}
	}
	return nil
}

// line returns the length of the rows that e reads, if these may lie anywhere and it
// reads no more than what lies within each; else 0.
func (e *edge) line() int {
	v := e.v
	if v.Kind != ir.Leaf || v.Rows < 2 {
		return 0
	}
	line, last := v.Size()/v.Rows, e.Off
	for i, step := range e.Steps {
		switch {
		case step < 0:
			return 0
		case step != line:
			last += (e.Dims[i] - 1) * step
		}
	}
	if last >= line {
		return 0
	}
	return line
}

// needWhole notes which inputs something wants in order. Products say so themselves:
// see contract. Large inputs are faster copied, by all workers and with the rows fetched
// ahead, than read from all over a large memory by several products.
func needWhole(vals []*val) {
	for _, v := range vals {
		v.whole = v.whole || v.out || v.Kind == ir.Leaf && v.bytes() >= 2*copyBytes
		for i := range v.in {
			e := &v.in[i]
			e.v.whole = e.v.whole || v.Kind != ir.Contract || e.line() == 0
		}
	}
}
