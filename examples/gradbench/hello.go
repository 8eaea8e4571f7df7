package main

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/ops"
)

// square is x².
func square(input []byte) (*task, error) { return hello(input, ops.Square) }

// double is the derivative of the square.
func double(input []byte) (*task, error) {
	return hello(input, func(x *node) *node { return autodiff.Grad(ops.Square(x), x)[0] })
}

func hello(input []byte, f func(x *node) *node) (*task, error) {
	v, err := parse[float64](input)
	if err != nil {
		return nil, err
	}
	var p problem
	return p.task(number, f(p.input("x", []float64{v})))
}
