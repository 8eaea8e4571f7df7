package main

import (
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/bench/measure"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// seedNetwork is W1: 10 epochs of 31 batches, the network that the project
// grew from.
func seedNetwork(o measure.Options, run func(measure.Case) error) error {
	const rows, width, size = 1000, 784, 32
	s := newSource()
	xs, ys := s.uniform(rows, width).Float32s(), s.classes(2, rows).Int64s()
	labels := make([]float32, rows)
	for i, y := range ys {
		labels[i] = float32(y)
	}

	p := start()
	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, width), graph.Input("y", batch, 1)
	model := nn.Sequential{
		&nn.Dense{Out: 10, Act: ops.ReLU},
		&nn.Dense{Out: 8, Act: ops.ReLU},
		&nn.Dense{Out: 1},
	}
	loss := nn.BinaryCrossEntropy(model.Apply(x), y)
	nn.Init(model, 1)
	var feeds [][]graph.Feed
	for i := 0; i+size <= rows; i += size {
		bx := tensor.New(tensor.WithShape(size, width), tensor.WithBacking(xs[i*width:(i+size)*width]))
		by := tensor.New(tensor.WithShape(size, 1), tensor.WithBacking(labels[i:i+size]))
		feeds = append(feeds, []graph.Feed{x.Is(bx), y.Is(by)})
	}
	params := nn.Params(model)
	if err := p.minimize(feeds, loss, params, optim.Adam(1e-3)); err != nil {
		return err
	}
	steps := o.Size(10*len(feeds), 1)
	c := measure.Time("", p.each(steps))
	c.Steps = steps
	return run(p.training(c, params))
}

// digitsNetwork is W2: 784-512-512-10.
func digitsNetwork(o measure.Options, run func(measure.Case) error) error {
	size, hidden := o.Size(128, 4), o.Size(512, 8)
	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 784), graph.InputOf(graph.Int64, "y", batch)
	model := nn.Sequential{
		&nn.Dense{Out: hidden, Act: ops.ReLU},
		&nn.Dense{Out: hidden, Act: ops.ReLU},
		&nn.Dense{Out: 10},
	}
	s := newSource()
	feeds := make([][]graph.Feed, 8)
	for i := range feeds {
		feeds[i] = []graph.Feed{x.Is(s.uniform(size, 784)), y.Is(s.classes(10, size))}
	}
	build := func() *graph.Node { return nn.CrossEntropy(model.Apply(x), y) }
	return train(run, model, optim.Adam(1e-3), build, feeds)
}
