package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A Feed gives an input its value in one run.
type Feed struct {
	Input *Node
	Value Tensor // of [Node.Rows], what the rows are taken from
	rows  []int
	next  []int // that the next run will take
	some  bool  // only these rows of Value
	err   error
}

// Is returns the feed that gives the input n the value t, which must not
// change while the program runs.
func (n *Node) Is(t *tensor.Dense) Feed {
	v, err := FromDense(t)
	return Feed{Input: n, Value: v, err: err}
}

// IsTensor is [Node.Is] for a value that is no gorgonia tensor.
func (n *Node) IsTensor(t Tensor) Feed { return Feed{Input: n, Value: t} }

// Rows returns the feed that gives the input n some rows of the tensor t, in any order
// and as often as they are named: row i of the value is t's row rows[i], along the first
// axis. Neither may change while the program runs. Where nothing but matrix products
// reads n, and where the rows follow each other in t, they are read where they lie; else
// the run begins with a copy of them. The results are those of a copy, to the bit. A row
// that t does not have makes the run fail.
func (n *Node) Rows(t *tensor.Dense, rows []int) Feed {
	v, err := FromDense(t)
	return Feed{Input: n, Value: v, rows: rows, some: true, err: err}
}

// Next returns f, of [Node.Rows], with the rows of the same tensor that the next run of
// the program will take, if it is known: as many as in this one. They are copied while
// this run leaves a processor idle. The program keeps the tensor, which must not change,
// until that run has begun; if it takes others, nothing is lost but the copy. Of other
// feeds Next changes nothing.
func (f Feed) Next(rows []int) Feed {
	f.next = rows
	return f
}

// length returns the length of axis i of what the input gets.
func (f *Feed) length(i int) int {
	if i == 0 && f.some {
		return len(f.rows)
	}
	return f.Value.Shape[i]
}

// shape returns the shape of what the input gets.
func (f *Feed) shape() []int {
	s := slices.Clone(f.Value.Shape)
	for i := range s {
		s[i] = f.length(i)
	}
	return s
}

// absent returns an error if the value has not all rows that are named.
func (f *Feed) absent() error {
	if !f.some {
		return nil
	}
	for _, list := range [...][]int{f.rows, f.next} {
		for i, r := range list {
			if uint(r) >= uint(f.Value.Shape[0]) {
				return fmt.Errorf("is fed row %d of a tensor of shape %v as its row %d: name rows from 0 to %d", r, f.Value.Shape, i, f.Value.Shape[0]-1)
			}
		}
	}
	return nil
}

// whole returns what the input gets in one piece.
func (f *Feed) whole() Tensor {
	if !f.some {
		return f.Value
	}
	t, err := NewTensor(f.Value.DType, f.shape()...)
	if err != nil { // as bind has accepted the shape
		panic(err)
	}
	if len(f.rows) > 0 {
		kernel.CopyRows(t.bytes(), f.Value.bytes(), f.rows, t.n/len(f.rows)*t.DType.Size())
	}
	return t
}
