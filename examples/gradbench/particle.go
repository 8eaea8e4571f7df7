package main

import (
	"fmt"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// particle finds the place w of a charge such that a particle, which starts at
// (0, 8) with velocity (0.75, 0) and falls in the field of that charge and another,
// crosses the axis at 0. The force is a gradient, by forward mode if inner says
// so; that of the place of crossing with respect to w by forward mode if outer.
// The loop over time runs on the host.
func particle(outer, inner bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[struct{ W float64 }](input)
		if err != nil {
			return nil, err
		}
		s, err := newSystem(5, fall(inner), crossing)
		if err != nil {
			return nil, err
		}
		objective := func(w []float64) float64 {
			path := s.fly(w[0])
			return s.end(path[len(path)-1])
		}
		gradient := func(w []float64) []float64 { return s.gradient(s.fly(w[0]), outer, 4, 1) }
		return hostTask(func() any { return argmin(objective, gradient, []float64{in.W}, nil)[0] }), nil
	}
}

// The state is place, velocity and w.
func parts(u *node) (place, velocity, w *node) {
	return ops.Slice(u, 0, 0, 2, 1), ops.Slice(u, 0, 2, 4, 1), ops.Index(u, 0, 4)
}

// fall is a step of Euler's method.
func fall(forward bool) func(u, h *node) *node {
	return func(u, h *node) *node {
		place, velocity, w := parts(u)
		x := place
		charge := ops.Stack(0, f64(10), ops.Sub(f64(10), w))
		potential := ops.Add(
			ops.Reciprocal(ops.Norm(ops.Sub(x, charge))),
			ops.Reciprocal(ops.Norm(ops.Sub(x, graph.ConstOf([]float64{10, 0}, 2)))))
		force := ops.Neg(slope(potential, x, 2, forward))
		return ops.Concat(0, ops.Add(place, ops.Mul(velocity, h)), ops.Add(velocity, ops.Mul(force, h)), ops.Expand(w, 0))
	}
}

// crossing is the square of where the step from u, extended, meets the axis.
func crossing(u, h *node) *node {
	place, velocity, _ := parts(u)
	place = ops.Add(place, ops.Mul(velocity, h))
	rest := ops.Neg(ops.Div(ops.Index(place, 0, 1), ops.Index(velocity, 0, 1)))
	return ops.Square(ops.Add(ops.Index(place, 0, 0), ops.Mul(rest, ops.Index(velocity, 0, 0))))
}

// fly returns the states up to the one whose step crosses the axis.
func (s *system) fly(w float64) (path []visit) {
	const h = 0.1
	for u := []float64{0, 8, 0.75, 0, w}; ; {
		path = append(path, visit{u, h})
		if u[1]+h*u[3] <= 0 {
			return path
		}
		if len(path) == 1e6 {
			panic(fmt.Errorf("with w = %v the particle does not come down", w))
		}
		u = s.next(visit{u, h})
	}
}

// hostTask is a task whose loops run on the host and panic with errors.
func hostTask(f func() any) *task {
	var result any
	return &task{
		run: func() (err error) {
			defer func() {
				if v := recover(); v != nil {
					err = fmt.Errorf("%v", v)
				}
			}()
			result = f()
			return nil
		},
		output: func() any { return result },
	}
}
