package main

import (
	"math/rand/v2"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
)

// A family is networks of one kind that grow in width.
type family struct {
	name, text string
	widths     []int
	build      func(width int) network
}

// A network is one of them, with its input.
type network struct {
	model  any
	x      *graph.Node
	logits *graph.Node // [... classes]
	ids    int         // the input is ids below this, if not 0
}

var families = []family{
	{"MLP", "784 inputs, three hidden layers, 10 outputs; 64 rows", []int{32, 64, 128, 256, 512, 1024}, func(width int) network {
		dense := func() nn.Layer { return &nn.Dense{Out: width, Act: ops.ReLU} }
		model := nn.Sequential{dense(), dense(), dense(), &nn.Dense{Out: 10}}
		x := graph.Input("x", 64, 784)
		return network{model: model, x: x, logits: model.Apply(x)}
	}},
	{"CNN", "images of 28 x 28, two convolutions of 3 x 3 with half the channels and two with all; 16 images", []int{8, 16, 32, 64, 128}, func(width int) network {
		conv := func(out int) nn.Layer { return &nn.Conv2D{Out: out, Kernel: []int{3}, Same: true, Act: ops.ReLU} }
		half := &nn.MaxPool{Window: []int{2}}
		model := nn.Sequential{conv(width / 2), conv(width / 2), half, conv(width), conv(width), &nn.GlobalPool{}, &nn.Dense{Out: 10}}
		x := graph.Input("x", 16, 1, 28, 28)
		return network{model: model, x: x, logits: model.Apply(x)}
	}},
	{"LSTM", "an embedding of 64 tokens, one layer over 32 steps; 16 texts", []int{16, 32, 64, 128, 256}, func(width int) network {
		model := nn.Sequential{&nn.Embedding{Count: 64, Width: width}, &nn.LSTM{Out: width}, &nn.Dense{Out: 64}}
		x := graph.InputOf(graph.Int64, "x", 16, 32)
		return network{model: model, x: x, logits: model.Apply(x), ids: 64}
	}},
	{"GPT", "64 tokens, two blocks of 4 heads over 64 places; 4 texts", []int{16, 32, 64, 128, 256}, func(width int) network {
		model := &zoo.GPT{Vocab: 64, Context: 64, Layers: 2, Heads: 4, Width: width}
		x := graph.InputOf(graph.Int64, "x", 4, 64)
		return network{model: model, x: x, logits: model.Apply(x), ids: 64}
	}},
}

// labels returns an input with a class for each row of the logits.
func (n network) labels() *graph.Node {
	s := n.logits.Shape()
	return graph.InputOf(graph.Int64, "y", s.Remove(s.Rank()-1).Dims()...)
}

// feed returns random values for an input; ids are below n.
func feed(x *graph.Node, n int, rnd *rand.Rand) (graph.Feed, error) {
	shape, _ := x.Shape().Literal()
	size := 1
	for _, d := range shape {
		size *= d
	}
	if x.DType() == graph.Int64 {
		v := make([]int64, size)
		for i := range v {
			v[i] = rnd.Int64N(int64(n))
		}
		t, err := graph.TensorOf(v, shape...)
		return x.IsTensor(t), err
	}
	v := make([]float32, size)
	for i := range v {
		v[i] = float32(rnd.NormFloat64())
	}
	t, err := graph.TensorOf(v, shape...)
	return x.IsTensor(t), err
}
