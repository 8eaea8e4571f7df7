package main

import (
	"context"
	"math"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A system moves a state u by steps of size h until the host stops it, and ends
// with a number. Its loop runs on the host, step by step, and so do both ways to
// differentiate through it: tangents move along with the state, cotangents go
// back over the states that were visited.
type system struct {
	u, h, v, ct  *node
	step, finish *graph.Program
	tangent      *graph.Program // of a step in the direction v
	cotangent    *graph.Program // of a step for the cotangent ct
	endTangent   *graph.Program
	endCotangent *graph.Program
}

// newSystem compiles a system whose state has n numbers.
func newSystem(n int, step, finish func(u, h *node) *node) (*system, error) {
	vector := func(name string) *node { return graph.InputOf(graph.Float64, name, graph.Dim(n)) }
	s := &system{u: vector("u"), h: graph.InputOf(graph.Float64, "h"), v: vector("v"), ct: vector("ct")}
	next, end := step(s.u, s.h), finish(s.u, s.h)
	for _, c := range []struct {
		program **graph.Program
		y       *node
	}{
		{&s.step, next}, {&s.finish, end},
		{&s.tangent, autodiff.JVP(next, s.u, s.v)}, {&s.cotangent, autodiff.VJP(next, s.ct, s.u)[0]},
		{&s.endTangent, autodiff.JVP(end, s.u, s.v)}, {&s.endCotangent, autodiff.Grad(end, s.u)[0]},
	} {
		var err error
		// the sum with nothing keeps inputs that a derivative does not depend on
		if *c.program, err = graph.Compile(c.y, s.u, s.h, s.v, s.ct); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// A visit is a state and the size of the step that left it.
type visit struct {
	u []float64
	h float64
}

// run evaluates one of the programs.
func (s *system) run(p *graph.Program, at visit, direction []float64) []float64 {
	feed := func(x *node, v []float64, shape ...int) graph.Feed {
		t, err := graph.TensorOf(v, shape...)
		if err != nil {
			panic(err)
		}
		return x.IsTensor(t)
	}
	n := len(at.u)
	out, err := p.Eval(context.Background(), feed(s.u, at.u, n), feed(s.h, []float64{at.h}), feed(s.v, direction, n), feed(s.ct, direction, n))
	if err != nil {
		panic(err) // recovered by the task
	}
	return graph.Data[float64](out[0])
}

// next and end are a step and the number at the end.
func (s *system) next(at visit) []float64 { return s.run(s.step, at, at.u) }
func (s *system) end(at visit) float64    { return s.run(s.finish, at, at.u)[0] }

// gradient returns the derivatives of the number at the end, which is computed
// from the last visit, with respect to the first of the numbers of the first
// state that starts at from.
func (s *system) gradient(path []visit, forward bool, from, n int) []float64 {
	last := path[len(path)-1]
	if forward {
		g := make([]float64, n)
		for i := range g {
			v := make([]float64, len(last.u))
			v[from+i] = 1
			for _, at := range path[:len(path)-1] {
				v = s.run(s.tangent, at, v)
			}
			g[i] = s.run(s.endTangent, last, v)[0]
		}
		return g
	}
	ct := s.run(s.endCotangent, last, last.u)
	for i := len(path) - 2; i >= 0; i-- {
		ct = s.run(s.cotangent, path[i], ct)
	}
	return ct[from : from+n]
}

// slope returns the gradient of the scalar y with respect to the vector x, in
// forward or in reverse mode.
func slope(y, x *node, n int, forward bool) *node {
	if !forward {
		return autodiff.Grad(y, x)[0]
	}
	parts := make([]*node, n)
	for i := range parts {
		unit := make([]float64, n)
		unit[i] = 1
		parts[i] = autodiff.JVP(y, x, graph.ConstOf(unit, n))
	}
	return ops.Stack(0, parts...)
}

// argmin descends along the gradient: the step grows after ten that succeeded
// and shrinks when one fails, until gradient or step is at most 1e-5. It calls
// moved, if there is one, for each step that it makes.
func argmin(f func(x []float64) float64, gradient func(x []float64) []float64, x []float64, moved func(eta float64)) []float64 {
	const close = 1e-5
	fx, g, eta := f(x), gradient(x), 1e-5
	for good := 0; length(g) > close; {
		if good == 10 {
			eta, good = eta*2, 0
			continue
		}
		next := make([]float64, len(x))
		for i := range next {
			next[i] = x[i] - eta*g[i]
		}
		if eta*length(g) <= close {
			return x
		}
		if fn := f(next); fn < fx {
			if moved != nil {
				moved(eta)
			}
			x, fx, g = next, fn, gradient(next)
			good++
		} else {
			eta, good = eta/2, 0
		}
	}
	return x
}

func length(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}
