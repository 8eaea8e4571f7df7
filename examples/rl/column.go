package main

import (
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
)

// A column is an input of programs together with the memory it is fed from, or
// the memory that an output is written to: made once, used in every run.
type column struct {
	node  *graph.Node
	data  []float32
	dense *tensor.Dense
	feed  graph.Feed
	width int // of a row along the first axis
}

func newColumn(name string, shape ...int) *column {
	c := &column{width: 1}
	dims := make([]graph.Dim, len(shape))
	for i, d := range shape {
		dims[i] = graph.Dim(d)
		if i > 0 {
			c.width *= d
		}
	}
	c.data = make([]float32, shape[0]*c.width)
	c.dense = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(c.data))
	c.node = graph.Input(name, dims...)
	c.feed = c.node.Is(c.dense)
	return c
}

// row returns the memory of a row.
func (c *column) row(i int) []float32 { return c.data[i*c.width : (i+1)*c.width] }

// take copies rows of another column, by their numbers.
func (c *column) take(from *column, rows []int) {
	for i, at := range rows {
		copy(c.row(i), from.row(at))
	}
}

func feeds(list ...*column) []graph.Feed {
	all := make([]graph.Feed, len(list))
	for i, c := range list {
		all[i] = c.feed
	}
	return all
}

// number returns 1 for true.
func number(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// flat returns the same memory as that many rows.
func (c *column) flat(rows int) *column {
	return &column{data: c.data, width: len(c.data) / rows}
}
