package main

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// llsq is half the sum of the squared errors of a polynomial with coefficients
// x, which fits the sign of t at n places t from -1 to 1; or its gradient.
func llsq(gradient bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[struct {
			X []float64
			N int
		}](input)
		if err != nil {
			return nil, err
		}
		places := make([]float64, in.N)
		for i := range places {
			places[i] = -1 + float64(i)*2/float64(in.N-1)
		}
		var p problem
		n, m := graph.Dim(in.N), graph.Dim(len(in.X))
		x, t := p.input("x", in.X, m), p.input("t", places, n)
		first := ops.Equal(ops.Iota(graph.Int64, graph.Of(n, m), 1), graph.Scalar(0))
		powers := ops.CumProd(ops.Where(first, f64(1), ops.Expand(t, 1)), 1) // 1, t, t² ...
		y := ops.Scale(ops.Sum(ops.Square(ops.Sub(ops.Sign(t), ops.MatMul(powers, x)))), 0.5)
		if gradient {
			return p.task(vector, autodiff.Grad(y, x)...)
		}
		return p.task(number, y)
	}
}
