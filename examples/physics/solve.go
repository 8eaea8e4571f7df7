package main

import (
	"context"
	"fmt"
	"io"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/optim/fullbatch"
)

// A solution is a network that solves an equation.
type solution struct {
	equation
	loss     float64
	atX, atY *graph.Node
	program  *graph.Program
}

// network maps places [n 2] to one number each. Everything in it is smooth, for the
// equation takes its derivatives, and in float64, which the last digits need.
func network(o options) nn.Layer {
	var s nn.Sequential
	for range o.layers {
		s = append(s, &nn.Dense{Out: o.width, Act: ops.Tanh})
	}
	return append(s, &nn.Dense{Out: 1})
}

// solve teaches a network the equation: first Adam from a random start, then L-BFGS.
func solve(ctx context.Context, w io.Writer, e equation, o options, seed uint64) (*solution, error) {
	n := graph.Sym("n")
	x, y := graph.InputOf(graph.Float64, e.x.name, n), graph.InputOf(graph.Float64, e.y.name, n)
	net := network(o)
	u := e.inside(x, y, ops.Squeeze(net.Apply(ops.Stack(1, e.x.centered(x), e.y.centered(y))), 1))
	loss := ops.Mean(ops.Square(e.residual(x, y, u)))
	nn.Init(net, seed)

	s := &solution{equation: e, atX: x, atY: y}
	feeds := s.feeds(halton(o.points, 2, e.x), halton(o.points, 3, e.y))
	step, err := optim.Minimize(loss, nn.Params(net), optim.Adam(5e-3).Schedule(optim.Cosine(o.adam, 0)))
	if err != nil {
		return nil, err
	}
	for i := range o.adam {
		out, err := step.RunContext(ctx, feeds...)
		if err != nil {
			return nil, err
		}
		if (i+1)%250 == 0 {
			fmt.Fprintf(w, "%s: Adam %d, loss %.3g\n", e.title, i+1, out[0].Data())
		}
	}
	r, err := fullbatch.Minimize(ctx, loss, nn.Params(net), fullbatch.Options{Iterations: o.lbfgs, Memory: 50, Each: func(i int, loss float64) error {
		if i%250 == 0 {
			fmt.Fprintf(w, "%s: L-BFGS %d, loss %.3g\n", e.title, i, loss)
		}
		return nil
	}}, feeds...)
	if err != nil {
		return nil, err
	}
	s.loss = r.Loss
	s.program, err = graph.Compile(u)
	return s, err
}

// centered returns a coordinate from -1 to 1, as networks like it.
func (a axis) centered(x *graph.Node) *graph.Node {
	middle, half := (a.from+a.to)/2, (a.to-a.from)/2
	return ops.Scale(ops.Sub(x, graph.Scalar(middle)), 1/half)
}

// halton returns n places on an axis: the sequence of van der Corput to a base, which
// together with that to another base covers a rectangle evenly.
func halton(n, base int, a axis) []float64 {
	list := make([]float64, n)
	for i := range list {
		share, part := 0.0, 1.0
		for k := i + 1; k > 0; k /= base {
			part /= float64(base)
			share += part * float64(k%base)
		}
		list[i] = a.at(share)
	}
	return list
}

func (s *solution) feeds(xs, ys []float64) []graph.Feed {
	vector := func(v []float64) *tensor.Dense { return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v)) }
	return []graph.Feed{s.atX.Is(vector(xs)), s.atY.Is(vector(ys))}
}

// values returns u at places.
func (s *solution) values(xs, ys []float64) ([]float64, error) {
	out, err := s.program.Run(s.feeds(xs, ys)...)
	if err != nil {
		return nil, err
	}
	return out[0].Float64s(), nil
}
