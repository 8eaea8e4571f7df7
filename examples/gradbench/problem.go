package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/adjointml/adjoint/graph"
)

type node = graph.Node

// A problem collects the inputs of a graph and their values.
type problem struct{ feeds []graph.Feed }

// input is a float64 value of the graph.
func (p *problem) input(name string, v []float64, dims ...graph.Dim) *node {
	shape := make([]int, len(dims))
	for i, d := range dims {
		shape[i] = int(d)
	}
	t, err := graph.TensorOf(v, shape...)
	if err != nil {
		return graph.Fail(name, nil, "%v", err)
	}
	x := graph.InputOf(graph.Float64, name, dims...)
	p.feeds = append(p.feeds, x.IsTensor(t))
	return x
}

// task computes the nodes y; format turns their values into the output.
func (p *problem) task(format func(y []graph.Tensor) any, y ...*node) (*task, error) {
	program, err := graph.Compile(y...)
	if err != nil {
		return nil, err
	}
	var out []graph.Tensor
	run := func() (err error) {
		out, err = program.Eval(context.Background(), p.feeds...)
		return err
	}
	return &task{run, func() any { return format(out) }}, nil
}

// number, vector and rows are formats of a result.
func number(y []graph.Tensor) any { return y[0].At(0) }
func vector(y []graph.Tensor) any { return graph.Data[float64](y[0]) }
func rows(y []graph.Tensor) any   { return rowsOf(y[0]) }

// rowsOf returns the rows of a matrix.
func rowsOf(y graph.Tensor) [][]float64 {
	v, n := graph.Data[float64](y), y.Shape[1]
	list := make([][]float64, y.Shape[0])
	for i := range list {
		list[i] = v[i*n : (i+1)*n]
	}
	return list
}

// flat returns the elements of rows of equal length, and that length.
func flat(rows [][]float64) (v []float64, n graph.Dim) {
	for i, r := range rows {
		if len(r) != len(rows[0]) {
			return nil, graph.Dim(len(r)) // which no node accepts
		}
		v = append(v, r...)
		if i == 0 {
			n = graph.Dim(len(r))
		}
	}
	return v, n
}

// parse reads an input.
func parse[T any](input []byte) (in T, err error) {
	if err := json.Unmarshal(input, &in); err != nil {
		return in, fmt.Errorf("the input cannot be read: %w", err)
	}
	return in, nil
}

// f64 is a number that the graph knows.
func f64(v float64) *node { return graph.ScalarOf(graph.Float64, v) }
