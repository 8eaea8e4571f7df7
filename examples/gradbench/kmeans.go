package main

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// kmeans is the sum of the squared distances of points to the nearest centroid,
// or the step of Newton's method: the gradient divided by the Hessian's diagonal.
// The Hessian is diagonal, so its product with ones is what stands there.
func kmeans(direction bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[struct{ Points, Centroids [][]float64 }](input)
		if err != nil {
			return nil, err
		}
		var p problem
		points, d := flat(in.Points)
		centroids, _ := flat(in.Centroids)
		x, c := p.input("points", points, graph.Dim(len(in.Points)), d), p.input("centroids", centroids, graph.Dim(len(in.Centroids)), d)
		distances := ops.Sum(ops.Square(ops.Sub(ops.Expand(x, 1), c)), -1)
		cost := ops.Sum(ops.Min(distances, -1))
		if !direction {
			return p.task(number, cost)
		}
		ones := ops.BroadcastTo(f64(1), c.Shape())
		diagonal := autodiff.HVP(cost, []*node{c}, []*node{ones})[0]
		return p.task(rows, ops.Div(autodiff.Grad(cost, c)[0], diagonal))
	}
}
