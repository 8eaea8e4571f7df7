package cpu

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/adjointml/adjoint/internal/cpu/par"
	"github.com/adjointml/adjoint/internal/ir"
)

// loopWork runs the programs of a loop. It is a launch of its own, since the
// passes of its programs are launched with all workers.
type loopWork struct {
	*ir.LoopBody
	id       int
	in       []edge
	out      []*val // by result
	programs []*Program
	swap     []int // of each carry without a trail, bytes from the start of the loop's memory
	bytes    int
}

// A loopFrame is the memory of one run of a loop.
type loopFrame struct {
	frames []*Frame // of the programs
	memory []byte   // for the last two values of carries
	now    []unsafe.Pointer
	next   []unsafe.Pointer
	goOn   bool // what a test said
}

// compileLoops compiles the programs of the loops.
func (c *compiler) compileLoops() {
	c.loopOf = map[*ir.LoopBody]*loopWork{}
	for _, v := range c.vals {
		if v.Loop != nil && c.loopOf[v.Loop] == nil {
			c.loopOf[v.Loop] = c.compileLoop(v)
		}
	}
}

// compileLoop compiles those of the loop that v is a result of.
func (c *compiler) compileLoop(v *val) *loopWork {
	w := &loopWork{LoopBody: v.Loop, id: len(c.loops), in: v.in, out: make([]*val, v.Loop.Results())}
	for _, u := range c.vals {
		if u.Loop == v.Loop {
			w.out[u.Slot] = u
		}
	}
	for i, p := range w.Programs {
		o := c.options
		o.outside = true
		if dump := o.Dump; dump != nil {
			o.Dump = func(pass, text string) { dump(fmt.Sprintf("loop%d.%d-%s", w.id, i, pass), text) }
		}
		w.programs = append(w.programs, Compile(p, o))
	}
	w.swap = make([]int, w.Carries)
	for i := range w.swap {
		w.swap[i] = w.bytes
		if w.Kind == ir.WhileLoop || !w.Trail[i] {
			w.bytes += aligned(w.out[i].bytes())
		}
	}
	if w.Kind == ir.WhileLoop { // where it ends is not known
		w.bytes *= 2
	}
	c.loops = append(c.loops, w)
	return w
}

// step returns the program that runs at each step.
func (w *loopWork) step() *Program { return w.programs[len(w.programs)-1] }

// cost estimates the time of the loop on one worker, in ns.
func (w *loopWork) cost() (sum float64) {
	p := w.step()
	for i := range p.launches {
		sum += p.launches[i].cost
	}
	return sum * float64(max(w.Steps, 1))
}

// mayFail reports whether a step may.
func (w *loopWork) mayFail() bool {
	for _, p := range w.programs {
		if p.safe > 0 {
			return true
		}
	}
	return false
}

// part is never called: the frame runs loops itself.
func (w *loopWork) part(*Frame, *worker, *segment, int) { panic("cpu: a loop is no part") }

// need returns the bytes that a loop needs beside its operands and results.
func (w *loopWork) need() int {
	n := aligned(w.bytes)
	for _, p := range w.programs {
		n += p.need()
	}
	return n
}

// newLoopFrame makes the frame of a loop in memory of so many bytes.
func newLoopFrame(w *loopWork, memory []byte, host Host) *loopFrame {
	own, memory := cutBytes(memory, w.bytes)
	l := &loopFrame{memory: own, now: make([]unsafe.Pointer, w.Carries), next: make([]unsafe.Pointer, w.Carries)}
	for _, p := range w.programs {
		var part []byte
		part, memory = cutBytes(memory, p.need())
		l.frames = append(l.frames, p.frameIn(part, host, len(w.in)))
	}
	return l
}

// steps is how the programs of loops are run: with a team until ctx is done, and
// timed if there is a profile.
type steps struct {
	ctx     context.Context
	team    *par.Team
	profile *profile
}

// run runs a program once.
func (s *steps) run(f *Frame) error {
	if s.profile != nil {
		return s.profile.run(f, s)
	}
	return f.once(s)
}

// runLoop runs a loop, each of its programs by step.
func (f *Frame) runLoop(w *loopWork, step *steps) error {
	l := f.loops[w.id]
	for i := range w.in {
		for _, g := range l.frames {
			g.leafs[i] = f.operand(w, i)
		}
	}
	switch w.Kind {
	case ir.Branch:
		return f.branch(w, l, step)
	case ir.WhileLoop:
		return f.while(w, l, step)
	}
	return f.scan(w, l, step)
}

// operand returns where operand i of a loop begins: what is the same at each step
// is read by the programs as it lies.
func (f *Frame) operand(w *loopWork, i int) unsafe.Pointer {
	e := &w.in[i]
	if e.v.slot < 0 { // a number, which the programs have themselves
		return nil
	}
	if i >= w.Carries+w.Slices && w.Kind != ir.Branch || i > 0 && w.Kind == ir.Branch {
		return f.base[e.v.slot]
	}
	return f.at(e)
}

// branch runs one of the programs, which writes the results.
func (f *Frame) branch(w *loopWork, l *loopFrame, step *steps) error {
	g := l.frames[1]
	if *(*bool)(f.at(&w.in[0])) {
		g = l.frames[0]
	}
	for i, v := range g.p.outs {
		g.base[v.slot] = f.base[w.out[i].slot]
	}
	return step.run(g)
}

// while runs the step as long as the test holds. The carries move between two
// places.
func (f *Frame) while(w *loopWork, l *loopFrame, step *steps) error {
	test, g := l.frames[0], l.frames[1]
	test.base[test.p.outs[0].slot] = unsafe.Pointer(&l.goOn)
	for k := 0; ; k++ {
		if w.Steps > 0 && k == w.Steps {
			break
		}
		if err := step.run(test); err != nil {
			return err
		}
		if !l.goOn {
			break
		}
		for i, v := range g.p.outs {
			g.base[v.slot] = unsafe.Pointer(&l.memory[w.swap[i]+k%2*w.bytes/2])
		}
		if err := step.run(g); err != nil {
			return err
		}
		for i, v := range g.p.outs {
			test.leafs[i], g.leafs[i] = g.base[v.slot], g.base[v.slot]
		}
	}
	for i, v := range w.out {
		n := v.bytes()
		copy(unsafe.Slice((*byte)(f.base[v.slot]), n), unsafe.Slice((*byte)(g.leafs[i]), n))
	}
	return nil
}

// scan runs the step on one slice after the other. The next values are written
// where the next step, or whoever reads the results, finds them.
func (f *Frame) scan(w *loopWork, l *loopFrame, step *steps) error {
	g, n := l.frames[0], w.Steps
	for i := range w.Carries {
		l.now[i] = g.leafs[i]
		if w.Trail[i] { // begins with the first value
			v := w.in[i].v
			size := v.bytes()
			l.now[i] = f.trail(w, i, 0, size)
			copy(unsafe.Slice((*byte)(l.now[i]), size), unsafe.Slice((*byte)(g.leafs[i]), size))
		}
	}
	for k := range n {
		t := k
		if w.Reverse {
			t = n - 1 - k
		}
		for i := range w.Slices {
			e := &w.in[w.Carries+i]
			g.leafs[w.Carries+i] = unsafe.Add(f.at(e), (w.Starts[i]+t*e.Steps[0])*e.v.DType.Size())
		}
		for i, v := range g.p.outs {
			at := f.next(w, l, i, k, t)
			g.base[v.slot] = at
			if i < w.Carries {
				g.leafs[i], l.next[i] = l.now[i], at
			}
		}
		if err := step.run(g); err != nil {
			return err
		}
		copy(l.now, l.next)
	}
	if n == 0 {
		for i := range w.Carries {
			if v := w.out[i]; !w.Trail[i] {
				copy(unsafe.Slice((*byte)(f.base[v.slot]), v.bytes()), unsafe.Slice((*byte)(l.now[i]), v.bytes()))
			}
		}
	}
	return nil
}

// trail returns where carry i, of the given size, is after k steps.
func (f *Frame) trail(w *loopWork, i, k, size int) unsafe.Pointer {
	if w.Reverse {
		k = w.Steps - k
	}
	return unsafe.Add(f.base[w.out[i].slot], k*size)
}

// next returns where step k, at slice t, writes result i: carries without a
// trail to two places in turn, the last time to that of the result.
func (f *Frame) next(w *loopWork, l *loopFrame, i, k, t int) unsafe.Pointer {
	g := l.frames[0]
	size := g.p.outs[i].bytes()
	switch {
	case i >= w.Carries:
		return unsafe.Add(f.base[w.out[i].slot], t*size)
	case w.Trail[i]:
		return f.trail(w, i, k+1, size)
	case (w.Steps-1-k)%2 == 0:
		return f.base[w.out[i].slot]
	}
	return unsafe.Pointer(&l.memory[w.swap[i]])
}
