package main

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// lse is log Σ exp x, or its gradient.
func lse(gradient bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[struct{ X []float64 }](input)
		if err != nil {
			return nil, err
		}
		var p problem
		x := p.input("x", in.X, graph.Dim(len(in.X)))
		y := logSumExp(x)
		if gradient {
			return p.task(vector, autodiff.Grad(y, x)...)
		}
		return p.task(number, y)
	}
}

// logSumExp subtracts the largest element over the last axis, so that no
// exponential overflows. The result does not depend on what is subtracted.
func logSumExp(x *node) *node {
	largest := ops.StopGradient(ops.Keep(ops.Max, x, -1))
	sum := ops.Sum(ops.Exp(ops.Sub(x, largest)), -1)
	return ops.Add(ops.Log(sum), ops.Squeeze(largest, -1))
}
