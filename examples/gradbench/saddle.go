package main

import (
	"fmt"

	"github.com/adjointml/adjoint/ops"
)

// saddle finds min over x of max over y of (x₁² + x₂²) - (y₁² + y₂²) by descent in
// x, whose gradient goes through the ascent in y. The gradient of the ascent is by
// forward mode if inner says so, that of the descent if outer. The loops run on
// the host.
func saddle(outer, inner bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[struct{ Start []float64 }](input)
		if err != nil {
			return nil, err
		}
		if len(in.Start) != 2 {
			return nil, fmt.Errorf("start has %d numbers: want 2", len(in.Start))
		}
		ascend := func(forward bool) func(u, h *node) *node {
			return func(u, h *node) *node { // the state is x and y
				x, y := ops.Slice(u, 0, 0, 2, 1), ops.Slice(u, 0, 2, 4, 1)
				return ops.Concat(0, x, ops.Add(y, ops.Mul(slope(hill(x, y), y, 2, forward), h)))
			}
		}
		end := func(u, _ *node) *node { return hill(ops.Slice(u, 0, 0, 2, 1), ops.Slice(u, 0, 2, 4, 1)) }
		s, err := newSystem(4, ascend(inner), end)
		if err != nil {
			return nil, err
		}
		last, err := newSystem(4, ascend(outer), end)
		if err != nil {
			return nil, err
		}
		best := func(x []float64) float64 {
			path := s.ascent(x, in.Start)
			return s.end(path[len(path)-1])
		}
		gradient := func(x []float64) []float64 { return s.gradient(s.ascent(x, in.Start), outer, 0, 2) }
		return hostTask(func() any {
			x := argmin(best, gradient, in.Start, nil)
			path := last.ascent(x, in.Start)
			return path[len(path)-1].u
		}), nil
	}
}

func hill(x, y *node) *node { return ops.Sub(ops.Sum(ops.Square(x)), ops.Sum(ops.Square(y))) }

// ascent returns the states of the ascent in y for a fixed x.
func (s *system) ascent(x, start []float64) []visit {
	state := func(y []float64) []float64 { return append(append([]float64{}, x...), y...) }
	path := []visit{{u: state(start)}}
	value := func(y []float64) float64 { return -s.end(visit{u: state(y)}) }
	// a step of size 1 goes as far as the gradient
	gradient := func(y []float64) []float64 {
		u := s.next(visit{state(y), 1})
		return []float64{y[0] - u[2], y[1] - u[3]}
	}
	argmin(value, gradient, start, func(eta float64) {
		at := &path[len(path)-1]
		at.h = eta
		path = append(path, visit{u: s.next(*at)})
	})
	return path
}
