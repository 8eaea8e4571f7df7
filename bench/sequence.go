package main

import (
	"github.com/adjointml/adjoint/bench/measure"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// characters is the size of the alphabet of W4 and W5.
const characters = 65

// parameter returns a float32 parameter of a model.
func parameter(init graph.Initializer, dims ...graph.Dim) *graph.Param {
	return &graph.Param{Type: graph.Type{Shape: graph.Of(dims...)}, Init: init}
}

// characterLSTM is W4: embedding, LSTM and a dense layer at each of 64 steps.
func characterLSTM(o measure.Options, run func(measure.Case) error) error {
	rows, steps := o.Size(32, 2), o.Size(64, 3)
	model := struct {
		Characters *graph.Param
		LSTM       nn.LSTM
		Head       nn.Dense
	}{
		Characters: parameter(nn.Normal(0, 1), characters, 64),
		LSTM:       nn.LSTM{Out: o.Size(256, 8)},
		Head:       nn.Dense{Out: characters},
	}
	ids, next, feeds := texts(rows, steps)
	build := func() *graph.Node {
		x := ops.Take(model.Characters.Node(), ids, 0)
		return nn.CrossEntropy(model.Head.Apply(model.LSTM.Apply(x)), next)
	}
	return train(run, &model, optim.Adam(1e-3), build, feeds)
}

// texts returns inputs for characters and for the ones that follow, with four
// batches of random ones.
func texts(rows, steps int) (ids, next *graph.Node, feeds [][]graph.Feed) {
	batch := graph.Sym("batch")
	ids = graph.InputOf(graph.Int64, "ids", batch, graph.Dim(steps))
	next = graph.InputOf(graph.Int64, "next", batch, graph.Dim(steps))
	s := newSource()
	for range 4 {
		feeds = append(feeds, []graph.Feed{ids.Is(s.classes(characters, rows, steps)), next.Is(s.classes(characters, rows, steps))})
	}
	return ids, next, feeds
}

// tinyGPT is W5: 4 blocks of width 128 with 4 heads, on 64 characters.
func tinyGPT(o measure.Options, run func(measure.Case) error) error {
	rows, time := o.Size(16, 2), o.Size(64, 3)
	model := &zoo.GPT{Vocab: characters, Context: time, Layers: o.Size(4, 1), Heads: 4, Width: o.Size(128, 8), Untied: true}
	ids, next, feeds := texts(rows, time)
	build := func() *graph.Node { return nn.CrossEntropy(model.Apply(ids), next) }
	return train(run, model, optim.AdamW(1e-3, 0.01), build, feeds)
}

// smallBlock is L4: a training step of one transformer block on 64 tokens,
// where a call's own cost shows.
func smallBlock(o measure.Options, run func(measure.Case) error) error {
	time, width := o.Size(64, 3), o.Size(128, 8)
	x, y := graph.Input("x", 1, graph.Dim(time), graph.Dim(width)), graph.Input("y", 1, graph.Dim(time), graph.Dim(width))
	model := &nn.TransformerBlock{Heads: 4, Causal: true}
	s := newSource()
	feeds := [][]graph.Feed{{x.Is(s.normal(1, time, width)), y.Is(s.normal(1, time, width))}}
	build := func() *graph.Node { return nn.MSE(model.Apply(x), y) }
	return train(run, model, optim.SGD(1e-3), build, feeds)
}
