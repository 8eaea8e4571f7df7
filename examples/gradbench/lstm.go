package main

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// lstm is the loss of a recurrent network whose weight matrices are diagonal,
// which predicts each row of a sequence from those before it; or its gradient
// with respect to all parameters. The steps are unrolled.
func lstm(gradient bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[struct {
			Main     [][]float64 `json:"main_params"`
			Extra    [][]float64 `json:"extra_params"`
			State    [][]float64
			Sequence [][]float64
		}](input)
		if err != nil {
			return nil, err
		}
		var p problem
		b, layers, steps := len(in.Extra[0]), len(in.Main)/2, len(in.Sequence)
		width := graph.Dim(b)
		mains, _ := flat(in.Main)
		extras, _ := flat(in.Extra)
		states, _ := flat(in.State)
		letters, _ := flat(in.Sequence)
		params := p.input("main_params", mains, graph.Dim(layers), 2, 4, width) // weights and biases of four gates
		extra := p.input("extra_params", extras, 3, width)
		state := p.input("state", states, graph.Dim(layers), 2, width)
		sequence := p.input("sequence", letters, graph.Dim(steps), width)

		cells := make([]cell, layers)
		for i := range cells {
			gates, s := ops.Index(params, 0, i), ops.Index(state, 0, i)
			cells[i] = cell{ops.Index(gates, 0, 0), ops.Index(gates, 0, 1), ops.Index(s, 0, 0), ops.Index(s, 0, 1)}
		}
		var predictions []*node
		for t := range steps - 1 {
			h := ops.Mul(ops.Index(sequence, 0, t), ops.Index(extra, 0, 0))
			for i := range cells {
				h = cells[i].step(h)
			}
			predictions = append(predictions, ops.Add(ops.Mul(h, ops.Index(extra, 0, 1)), ops.Index(extra, 0, 2)))
		}
		y := ops.Stack(0, predictions...)
		norm := ops.Log(ops.Add(ops.Sum(ops.Exp(y), 1), f64(2)))
		fit := ops.Mul(ops.Slice(sequence, 0, 1, ops.End, 1), ops.Sub(y, ops.Expand(norm, 1)))
		loss := ops.Neg(ops.Mean(fit))
		if !gradient {
			return p.task(number, loss)
		}
		g := autodiff.Grad(loss, params, extra)
		return p.task(vector, ops.Concat(0, ops.Flatten(g[0], 0), ops.Flatten(g[1], 0)))
	}
}

// A cell is a layer with its state.
type cell struct{ weight, bias, hidden, memory *node }

// step takes an input to the layer's next output.
func (c *cell) step(x *node) *node {
	gate := func(i int, x *node) *node {
		return ops.Add(ops.Mul(x, ops.Index(c.weight, 0, i)), ops.Index(c.bias, 0, i))
	}
	forget, in := ops.Sigmoid(gate(0, x)), ops.Sigmoid(gate(1, c.hidden))
	out, change := ops.Sigmoid(gate(2, x)), ops.Tanh(gate(3, c.hidden))
	c.memory = ops.Add(ops.Mul(c.memory, forget), ops.Mul(in, change))
	c.hidden = ops.Mul(out, ops.Tanh(c.memory))
	return c.hidden
}
