package main

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// ode solves y₀' = x₀, yᵢ' = xᵢ·yᵢ₋₁ from y = 0 at time 0 to time 2 in s steps of
// Runge and Kutta's method; the gradient is that of the last element. The steps
// are unrolled.
func ode(gradient bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[struct {
			X []float64
			S int
		}](input)
		if err != nil {
			return nil, err
		}
		var p problem
		x := p.input("x", in.X, graph.Dim(len(in.X)))
		slope := func(y *node) *node { return ops.Mul(x, ops.Shift(y, 1, 0, 1)) }
		y, h := graph.Zeros(x.Type()), 2/float64(in.S)
		for range in.S {
			k1 := slope(y)
			k2 := slope(ops.Add(y, ops.Scale(k1, h/2)))
			k3 := slope(ops.Add(y, ops.Scale(k2, h/2)))
			k4 := slope(ops.Add(y, ops.Scale(k3, h)))
			sum := ops.Add(ops.Add(k1, k4), ops.Scale(ops.Add(k2, k3), 2))
			y = ops.Add(y, ops.Scale(sum, h/6))
		}
		if gradient {
			return p.task(vector, autodiff.Grad(ops.Index(y, 0, -1), x)...)
		}
		return p.task(vector, y)
	}
}
