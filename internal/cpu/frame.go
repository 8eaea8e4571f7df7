package cpu

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"slices"
	"unsafe"

	"github.com/adjointml/adjoint/internal/cpu/par"
	"github.com/adjointml/adjoint/internal/ir"
)

// A Host computes what the engine leaves to it.
type Host interface {
	// Call computes the op of a Call instruction into out, which holds zeros,
	// from dense operands; or of its rows those of a part. Part i of n has the
	// rows from i*rows/n to (i+1)*rows/n.
	Call(slot, part int, out unsafe.Pointer, in []unsafe.Pointer) error
}

// A Frame is the memory of one run of a program at a time.
type Frame struct {
	p       *Program
	host    Host
	base    []unsafe.Pointer // of each slot
	leafs   []unsafe.Pointer // of the host's memory
	arena   []byte
	accs    []byte
	shared  []byte
	workers []worker
	cur     *launch
	loops   []*loopFrame
	picks   []*pick // of inputs whose rows lay anywhere once
	beside  beside
	steps   steps // of the present run
}

// NewFrame returns the memory for runs of p. The host's memory has the slots
// below leafs.
func (p *Program) NewFrame(host Host, leafs int) *Frame {
	return p.frameIn(alignedBytes(p.need()), host, leafs)
}

// frameIn is NewFrame in memory of p.need() bytes. Loops run one after the other,
// and share what is left of it.
func (p *Program) frameIn(memory []byte, host Host, leafs int) *Frame {
	f := &Frame{p: p, host: host, base: make([]unsafe.Pointer, p.slots), leafs: make([]unsafe.Pointer, leafs)}
	f.arena, memory = cutBytes(memory, p.arena)
	f.accs, memory = cutBytes(memory, p.accs)
	f.shared, memory = cutBytes(memory, p.shared)
	for slot, at := range p.offset {
		if at >= 0 {
			f.base[slot] = unsafe.Pointer(&f.arena[at:][:1][0])
		}
	}
	for _, w := range p.loops {
		f.loops = append(f.loops, newLoopFrame(w, memory, host))
	}
	for _, v := range p.leafs {
		if v.Kind == ir.Iota {
			data := alignedBytes(v.bytes())
			f.base[v.slot] = unsafe.Pointer(unsafe.SliceData(data))
			for i := range v.Size() {
				store(v.DType, unsafe.Add(f.base[v.slot], i*v.DType.Size()), float64(i))
			}
		}
	}
	return f
}

// Leaf gives the host's memory a place for the next run.
func (f *Frame) Leaf(slot int, p unsafe.Pointer) { f.leafs[slot] = p }

// Out returns the memory of result i after a run.
func (f *Frame) Out(i int) unsafe.Pointer { return f.base[f.p.outs[i].slot] }

// Into makes the next run write result i to memory of the host's, which nothing
// else reads or writes meanwhile; nil takes it back to the frame's. It returns
// false where the result has its place for another reason: it is a parameter's
// next value, or another result too.
func (f *Frame) Into(i int, p unsafe.Pointer) bool {
	v := f.p.outs[i]
	at := f.p.offset[v.slot]
	if at < 0 || slices.Index(f.p.outs, v) != i {
		return false
	}
	if p == nil {
		p = unsafe.Pointer(&f.arena[at:][:1][0])
	}
	f.base[v.slot] = p
	return true
}

// crewFor returns as many workers as a run has.
func (f *Frame) crewFor(n int) {
	for len(f.workers) < n {
		f.workers = append(f.workers, worker{
			base:    make([]unsafe.Pointer, f.p.ops),
			cur:     make([]unsafe.Pointer, f.p.ops),
			outer:   make([]unsafe.Pointer, f.p.ops),
			scratch: alignedBytes(f.p.scratch + line),
		})
	}
}

// forkCost is the work in a launch, in ns, from which helpers are asked.
const forkCost = 6000

// Run computes the program. If it fails, or ctx is done before the last
// results, no leaf has changed.
func (f *Frame) Run(ctx context.Context) error {
	team := par.Enter()
	defer team.Leave()
	f.steps = steps{ctx: ctx, team: team}
	defer func() { f.steps = steps{} }()
	return f.once(&f.steps)
}

// once runs the program.
func (f *Frame) once(s *steps) error {
	if err := f.prepare(s.team); err != nil {
		return err
	}
	f.crewFor(s.team.Workers())
	for i := range f.p.launches {
		if i > f.p.firm {
			s.ctx = context.Background()
		}
		if done := s.ctx.Done(); done != nil {
			select {
			case <-done:
				return s.ctx.Err()
			default:
			}
		}
		l := &f.p.launches[i]
		var err error
		if l.loop != nil {
			err = f.runLoop(l.loop, s)
		} else {
			err = f.launch(l, s.team)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prepare takes the places of the host's memory.
func (f *Frame) prepare(team *par.Team) error {
	for _, v := range f.p.leafs {
		if v.Kind == ir.Leaf {
			f.base[v.slot] = f.leafs[v.Slot]
		}
	}
	for _, w := range f.p.writes {
		f.base[w.v.slot] = f.leafs[w.leaf]
	}
	return f.pick(team)
}

// launch runs the parts of a launch, with the helpers if there is enough to do.
func (f *Frame) launch(l *launch, team *par.Team) error {
	var err error
	switch {
	case f.p.spare >= 0 && l == &f.p.launches[f.p.spare]:
		err = f.runBeside(l, team)
	case l.parts == 1 || l.cost < forkCost || team.Workers() == 1:
		err = f.alone(l)
	default:
		f.cur = l
		err = runFailure(team.Run(f, l.parts))
	}
	if err == nil {
		f.combine(l)
	}
	return err
}

// alone runs the parts of a launch one after the other.
func (f *Frame) alone(l *launch) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = failure(r, debug.Stack())
		}
	}()
	for _, s := range l.segments {
		for i := range s.parts {
			s.part(f, &f.workers[0], s, i)
		}
	}
	return nil
}

// runFailure is failure of what a team's run returned.
func runFailure(err error) error {
	if err == nil {
		return nil
	}
	var p *par.PanicError // on the heap
	if errors.As(err, &p) {
		return failure(p.Value, p.Stack)
	}
	return err
}

// failure makes an error of what a part panicked with: what the host or a look
// up reports as it is, and a bug of ours with the stack.
func failure(value any, stack []byte) error {
	err, ok := value.(error)
	if _, bug := value.(runtime.Error); ok && !bug {
		return &RunError{err}
	}
	return &par.PanicError{Value: value, Stack: stack}
}

// A RunError is an error that a part of a run met.
type RunError struct{ Err error }

// Error is that of the part.
func (e *RunError) Error() string { return e.Err.Error() }

// Unwrap returns the error that the part met.
func (e *RunError) Unwrap() error { return e.Err }

// Part computes a part of the present launch.
func (f *Frame) Part(w, i int) {
	list := f.cur.segments
	k := len(list) - 1
	if k > 0 {
		k, _ = slices.BinarySearchFunc(list, i+1, func(s *segment, i int) int { return s.first - i })
		k--
	}
	s := list[k]
	s.part(f, &f.workers[w], s, i-s.first)
}

// Commit gives the leaves their next values that the run did not write there
// already.
func (f *Frame) Commit() {
	for _, c := range f.p.commits {
		n := c.v.bytes()
		copy(unsafe.Slice((*byte)(f.leafs[c.leaf]), n), unsafe.Slice((*byte)(f.base[c.v.slot]), n))
	}
}

// part computes a part of a pass.
func (p *prog) part(f *Frame, w *worker, s *segment, i int) {
	lo := i * s.per
	var accs unsafe.Pointer
	if p.accBytes > 0 {
		accs = unsafe.Pointer(&f.accs[s.accs+i*p.accBytes])
	}
	p.tiles(f, w, lo, min(lo+s.per, p.units()), accs)
}

// combine adds up the accumulators of the parts of a launch, in order.
func (f *Frame) combine(l *launch) {
	for _, s := range l.segments {
		p := s.pass()
		if p == nil {
			continue
		}
		a := &f.workers[0].args
		for _, acc := range p.accs {
			to := unsafe.Pointer(&f.accs[s.accs+acc.at])
			for i := 1; i < s.parts; i++ {
				x := unsafe.Pointer(&f.accs[s.accs+i*p.accBytes+acc.at])
				a.D, a.X[0], a.X[1] = to, to, x
				a.Rows, a.Cols = 1, acc.n
				acc.fn(a)
			}
			v := acc.v
			if acc.store != nil {
				a.D, a.X[0], a.Rows, a.Cols = f.base[v.slot], to, 1, acc.n
				acc.store(a)
				continue
			}
			copy(unsafe.Slice((*byte)(f.base[v.slot]), v.bytes()), unsafe.Slice((*byte)(to), v.bytes()))
		}
	}
}
