package graph

import (
	"fmt"
	"slices"
)

// This file is the meaning of loops: the body's ops evaluated one after the
// other, step by step.

// Eval runs the loop and keeps this one of its results.
func (r Result) Eval(out Tensor, in ...Tensor) {
	r.evalIn(func(d Dim) (int, error) { return d.Value(r.Loop.lengths(in)) }, out, in)
}

// inside is an op that computes values whose lengths it cannot always read off
// its operands: the program tells it.
type inside interface {
	evalIn(length func(Dim) (int, error), out Tensor, in []Tensor)
}

// lengths returns the values of the symbols that the operands' shapes give.
func (l *Loop) lengths(in []Tensor) func(Dim) int {
	known := map[Dim]int{}
	for i := range l.Args {
		for k, d := range l.operand(i).Shape.Dims() {
			if s, ok := d.linear(); ok {
				if v, ok := d.solve(in[i+l.given()].Shape[k]); ok {
					known[s] = v
				}
			}
		}
	}
	return func(d Dim) int {
		v, ok := known[d]
		if !ok {
			panic(fmt.Errorf("the length %v is unknown: no operand has it as an axis", d))
		}
		return v
	}
}

func (r Result) evalIn(length func(Dim) (int, error), out Tensor, in []Tensor) {
	l := r.Loop
	e := &evaluator{loop: l, length: length, value: map[*Node]Tensor{}}
	for i, a := range l.Args {
		e.value[a] = in[i+l.given()]
	}
	switch l.Kind {
	case Branch:
		from := l.Next
		if in[0].At(0) == 0 {
			from = l.Else
		}
		out.Copy(e.run(from[r.I])[0])
		return
	case WhileLoop:
		for n := 0; (l.Limit == 0 || n < l.Limit) && e.run(l.Test)[0].At(0) != 0; n++ {
			e.carry(l, e.run(l.Next...))
		}
		out.Copy(e.value[l.Args[r.I]])
		return
	}
	n, err := length(l.Length)
	if err != nil {
		panic(err)
	}
	wanted := l.Next
	if r.Each != nil {
		wanted = append(slices.Clone(wanted), r.Each)
	}
	for k := range n {
		t := k
		if l.Reverse {
			t = n - 1 - k
		}
		for i := l.Carries; i < l.Carries+l.Slices; i++ {
			e.value[l.Args[i]] = in[i].slot(t, n)
		}
		y := e.run(wanted...)
		if r.Each != nil {
			out.slot(t, n).Copy(y[len(y)-1])
		}
		e.carry(l, y)
	}
	if r.Each == nil {
		out.Copy(e.value[l.Args[r.I]])
	}
}

// slot returns slice i of n along axis 0.
func (t Tensor) slot(i, n int) Tensor {
	size := t.n / n
	return t.part(i*size, t.Shape[1:], size)
}

// An evaluator computes nodes of a body from the values of its arguments.
type evaluator struct {
	loop   *Loop
	length func(Dim) (int, error)
	value  map[*Node]Tensor // of the arguments
}

// carry gives the carries their next values.
func (e *evaluator) carry(l *Loop, next []Tensor) {
	for i := range l.Carries {
		e.value[l.Args[i]] = next[i]
	}
}

// run returns the values of nodes. It panics with an error, as an Eval may.
func (e *evaluator) run(y ...*Node) []Tensor {
	value := map[*Node]Tensor{}
	for _, n := range e.loop.Body(y...) {
		t, ok := e.value[n]
		if !ok {
			t, ok = constant(n)
		}
		if ok {
			value[n] = t
			continue
		}
		shape := make([]int, n.typ.Rank())
		for i, d := range n.typ.Shape.Dims() {
			var err error
			if shape[i], err = e.length(d); err != nil {
				panic(err)
			}
		}
		out, err := NewTensor(n.typ.DType, shape...)
		if err == nil {
			in := make([]Tensor, len(n.in))
			for i, x := range n.in {
				in[i] = value[x]
			}
			err = evaluate(n, out, in, e.length)
		}
		if err != nil {
			panic(located{err})
		}
		value[n] = out
	}
	out := make([]Tensor, len(y))
	for i, n := range y {
		out[i] = value[n]
	}
	return out
}

// located is an error that tells the user's line already.
type located struct{ error }

// Unwrap returns the error itself.
func (l located) Unwrap() error { return l.error }
