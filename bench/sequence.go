package main

import (
	"math"

	"github.com/adjointml/adjoint/bench/measure"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
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

// norm is layer norm with parameters.
type norm struct{ Gain, Bias *graph.Param }

func newNorm(width int) norm {
	return norm{parameter(nn.Ones, graph.Dim(width)), parameter(nn.Zeros, graph.Dim(width))}
}

func (n norm) Apply(x *graph.Node) *graph.Node {
	return layerNorm(x, n.Gain.Node(), n.Bias.Node())
}

// block is a transformer's: causal attention and a network of two layers, each
// after a norm and added to x.
type block struct {
	graph.Scope
	Norm1, Norm2                 norm
	Attention, Project, Up, Down nn.Dense
	heads, width                 int
}

func newBlock(heads, width int) *block {
	return &block{
		Norm1: newNorm(width), Norm2: newNorm(width),
		Attention: nn.Dense{Out: 3 * width}, Project: nn.Dense{Out: width},
		Up: nn.Dense{Out: 4 * width, Act: ops.GELU}, Down: nn.Dense{Out: width},
		heads: heads, width: width,
	}
}

// Apply maps x [batch time width] to the same shape.
func (b *block) Apply(x *graph.Node) *graph.Node {
	return b.Wrap(func() *graph.Node {
		x := ops.Add(x, b.Project.Apply(b.attend(b.Attention.Apply(b.Norm1.Apply(x)))))
		return ops.Add(x, b.Down.Apply(b.Up.Apply(b.Norm2.Apply(x))))
	})
}

// attend mixes the values of each head over the past.
func (b *block) attend(qkv *graph.Node) *graph.Node {
	rows, time := qkv.Shape().Dim(0), qkv.Shape().Dim(1)
	each := b.width / b.heads
	qkv = ops.Transpose(ops.Reshape(qkv, rows, time, 3, graph.Dim(b.heads), graph.Dim(each)), 2, 0, 3, 1, 4)
	q, k, v := ops.Index(qkv, 0, 0), ops.Index(qkv, 0, 1), ops.Index(qkv, 0, 2)
	score := ops.Scale(ops.MatMul(q, ops.Transpose(k)), 1/math.Sqrt(float64(each)))
	square := graph.Of(time, time)
	past := ops.LessEqual(ops.Iota(graph.Int64, square, 1), ops.Iota(graph.Int64, square, 0))
	share := ops.Softmax(ops.Where(past, score, graph.Scalar(-1e9)), -1)
	mixed := ops.Transpose(ops.MatMul(share, v), 0, 2, 1, 3)
	return ops.Reshape(mixed, rows, time, graph.Dim(b.width))
}

// tinyGPT is W5: 4 blocks of width 128 with 4 heads, on 64 characters.
func tinyGPT(o measure.Options, run func(measure.Case) error) error {
	rows, time, width, layers := o.Size(16, 2), o.Size(64, 3), o.Size(128, 8), o.Size(4, 1)
	model := struct {
		Characters, Places *graph.Param
		Blocks             nn.Sequential
		Norm               norm
		Head               nn.Dense
	}{
		Characters: parameter(nn.Normal(0, 1), characters, graph.Dim(width)),
		Places:     parameter(nn.Normal(0, 0.02), graph.Dim(time), graph.Dim(width)),
		Norm:       newNorm(width),
		Head:       nn.Dense{Out: characters, NoBias: true},
	}
	for range layers {
		model.Blocks = append(model.Blocks, newBlock(4, width))
	}
	ids, next, feeds := texts(rows, time)
	build := func() *graph.Node {
		x := ops.Add(ops.Take(model.Characters.Node(), ids, 0), model.Places.Node())
		return nn.CrossEntropy(model.Head.Apply(model.Norm.Apply(model.Blocks.Apply(x))), next)
	}
	return train(run, &model, optim.AdamW(1e-3, 0.01), build, feeds)
}

// smallBlock is L4: a training step of one transformer block on 64 tokens,
// where a call's own cost shows.
func smallBlock(o measure.Options, run func(measure.Case) error) error {
	time, width := o.Size(64, 3), o.Size(128, 8)
	x, y := graph.Input("x", 1, graph.Dim(time), graph.Dim(width)), graph.Input("y", 1, graph.Dim(time), graph.Dim(width))
	model := newBlock(4, width)
	s := newSource()
	feeds := [][]graph.Feed{{x.Is(s.normal(1, time, width)), y.Is(s.normal(1, time, width))}}
	build := func() *graph.Node { return nn.MSE(model.Apply(x), y) }
	return train(run, model, optim.SGD(1e-3), build, feeds)
}
