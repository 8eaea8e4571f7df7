package main

import (
	"math/bits"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// det is the determinant of a matrix by expansion in minors, or its gradient.
// Minors of the last r rows are computed for all sets of r columns at once, from
// those of the last r-1 rows: each minor once.
func det(gradient bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[struct {
			A   []float64
			Ell int
		}](input)
		if err != nil {
			return nil, err
		}
		var p problem
		a := p.input("A", in.A, graph.Dim(in.Ell*in.Ell))
		rows := ops.Reshape(a, graph.Dim(in.Ell), graph.Dim(in.Ell))
		minors := f64(1)
		minors = ops.Expand(minors, 0) // of no rows
		place := map[uint]int64{0: 0}
		for r := 1; r <= in.Ell; r++ {
			minors, place = expand(ops.Index(rows, 0, in.Ell-r), minors, place, in.Ell, r)
		}
		y := ops.Squeeze(minors)
		if gradient {
			return p.task(vector, autodiff.Grad(y, a)...)
		}
		return p.task(number, y)
	}
}

// expand returns the minors with one row more, and the place of each set of r
// columns among them.
func expand(row, minors *node, place map[uint]int64, n, r int) (*node, map[uint]int64) {
	var columns, smaller []int64
	var signs []float64
	next := map[uint]int64{}
	for set := range uint(1) << n {
		if bits.OnesCount(set) != r {
			continue
		}
		next[set] = int64(len(next))
		sign := 1.0
		for j := range n {
			if set>>j&1 == 1 {
				columns, signs = append(columns, int64(j)), append(signs, sign)
				smaller = append(smaller, place[set&^(1<<j)])
				sign = -sign
			}
		}
	}
	elements := ops.Take(row, graph.ConstOf(columns, len(next), r), 0)
	below := ops.Take(minors, graph.ConstOf(smaller, len(next), r), 0)
	return ops.Sum(ops.Mul(ops.Mul(elements, below), graph.ConstOf(signs, len(next), r)), 1), next
}
