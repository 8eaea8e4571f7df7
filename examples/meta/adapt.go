package main

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// weights are values in place of a model's parameters, with an axis of tasks in
// front: each task has weights of its own.
type weights []*graph.Node

// start gives all tasks the model's parameters. A bias [out] gets the shape [tasks 1
// out], so that it is added to the points of its task.
func start(model any, tasks graph.Dim) (w weights) {
	for _, p := range nn.Params(model) {
		v := p.Node()
		if v.Shape().Rank() == 1 {
			v = ops.Expand(v, 0)
		}
		w = append(w, ops.BroadcastTo(v, v.Shape().Insert(0, tasks)))
	}
	return w
}

// apply returns what the model makes of x [tasks points 1] with other weights.
func (w weights) apply(model nn.Layer, x *graph.Node) *graph.Node {
	y := model.Apply(x)
	instead := map[*graph.Node]*graph.Node{}
	for i, p := range nn.Params(model) {
		instead[p.Node()] = w[i]
	}
	return graph.Rewrite([]*graph.Node{y}, instead)[0]
}

// errors returns the mean squared error of each task.
//
//	-> [tasks]
func (w weights) errors(model nn.Layer, p *points) *graph.Node {
	return ops.Mean(ops.Square(ops.Sub(w.apply(model, p.X), p.Y)), 1, 2)
}

// adapted returns the weights after a step of gradient descent of each task on its
// own points, w - rate·∂error/∂w. They are graph, with a gradient like any other; with
// stop, the step's gradient counts as a constant.
func (w weights) adapted(model nn.Layer, p *points, rate *graph.Node, stop bool) (next weights) {
	// a task's error depends on its own weights alone, so the gradient of the sum is that of each
	for i, g := range autodiff.Grad(ops.Sum(w.errors(model, p)), w...) {
		if stop {
			g = ops.StopGradient(g)
		}
		next = append(next, ops.Sub(w[i], ops.Mul(rate, g)))
	}
	return next
}
