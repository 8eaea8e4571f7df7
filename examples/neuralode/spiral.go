package main

import (
	"context"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// whole is the grid of the data: 500 places on the spiral.
var whole = grid{times: 500, inner: 1, step: 0.05}

// spiral is the field to be found, dy/dt = A·y³ with A = [-0.1 2; -2 -0.1]: it turns
// slower and slower as it comes near the middle.
func spiral(s []*graph.Node) []*graph.Node {
	y := s[0] // [batch 2]
	a := graph.Const(dense(2, 2, -0.1, -2, 2, -0.1))
	return []*graph.Node{ops.MatMul(ops.Mul(y, ops.Square(y)), a)}
}

// beginning is where the spiral starts, [1 2].
func beginning() *graph.Node { return graph.Const(dense(1, 2, 1.2, 0)) }

func dense(rows, columns int, v ...float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(v))
}

// learned is the field that a network is, on float64 [batch 2].
func learned(net nn.Layer) field {
	return func(s []*graph.Node) []*graph.Node { return []*graph.Node{net.Apply(s[0])} }
}

// network is smooth: solvers of high order count on derivatives.
func network(width int) nn.Layer {
	return nn.Sequential{&nn.Dense{Out: width, Act: ops.Tanh}, &nn.Dense{Out: 2}}
}

// nodes returns the parameters as values.
func nodes(params []*graph.Param) []*graph.Node {
	list := make([]*graph.Node, len(params))
	for i, p := range params {
		list[i] = p.Node()
	}
	return list
}

// A path is a solution from one start: [times 1 2], row by row.
type path []float64

// solution follows a field from the spiral's beginning, and says how often it asked for
// the field.
func solution(ctx context.Context, f field, g grid, tolerance float64) (p path, asked int, err error) {
	program, err := graph.Compile(g.adaptive(f, beginning(), tolerance))
	if err != nil {
		return nil, 0, err
	}
	out, err := program.Eval(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, n := range graph.Data[int64](out[1]) {
		asked += int(n)
	}
	return graph.Data[float64](out[0]), asked, nil
}

// fixed is solution in equal steps.
func fixed(ctx context.Context, f field, g grid) (p path, asked int, err error) {
	program, err := graph.Compile(g.direct(f, beginning()))
	if err != nil {
		return nil, 0, err
	}
	out, err := program.Eval(ctx)
	if err != nil {
		return nil, 0, err
	}
	return graph.Data[float64](out[0]), len(classical.a) * g.times * g.inner, nil
}

// pieces cuts all pieces out of the path: where they start, [n 2], and how they go on,
// [times n 2].
func (p path) pieces(times int) (start, next *tensor.Dense) {
	n := len(p)/2 - times
	var on []float64
	for t := range times {
		on = append(on, p[2*(t+1):2*(t+1+n)]...)
	}
	return dense(n, 2, p[:2*n]...), tensor.New(tensor.WithShape(times, n, 2), tensor.WithBacking(on))
}

// coordinate returns x or y along the path.
func (p path) coordinate(i int) []float64 {
	var list []float64
	for ; i < len(p); i += 2 {
		list = append(list, p[i])
	}
	return list
}
