package main

import (
	"strings"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// candidates are what an edge of a cell may be.
var candidates = []string{"none", "skip", "pool", "conv3", "conv5"}

// edges is how many edges a cell has: it makes of x
//
//	a = edge0(x),  b = edge1(x) + edge2(a),  a + b
const edges = 3

// A design says what each edge is.
type design [edges]string

func cellOf(names ...string) (d design) {
	copy(d[:], names)
	return d
}

func (d design) String() string { return strings.Join(d[:], " ") }

// settings are what is searched for.
type settings struct {
	cell     design
	channels int
	rate     float64
}

// layer returns a candidate. What computes something is normalised, so that candidates
// weigh alike.
func layer(name string, channels int) nn.Layer {
	conv := func(size int) nn.Layer {
		return nn.Sequential{
			&nn.Conv2D{Out: channels, Kernel: []int{size}, Same: true, NoBias: true}, &nn.GroupNorm{Groups: 1, NoAffine: true}, nn.Func(ops.ReLU),
		}
	}
	switch name {
	case "skip":
		return nn.Func(func(x *graph.Node) *graph.Node { return x })
	case "pool":
		return nn.Sequential{&nn.MaxPool{Window: []int{3}, Stride: []int{1}, Same: true}, &nn.GroupNorm{Groups: 1, NoAffine: true}}
	case "conv3":
		return conv(3)
	case "conv5":
		return conv(5)
	}
	return nn.Func(func(x *graph.Node) *graph.Node { return ops.Scale(x, 0) })
}

// An edge is one candidate, or several that are mixed by weights.
type edge struct{ Layers []nn.Layer }

// apply returns the candidates' sum, weighted by the row [len(Layers)] if there are
// several.
func (e *edge) apply(x, row *graph.Node) *graph.Node {
	if len(e.Layers) == 1 {
		return e.Layers[0].Apply(x)
	}
	sum := ops.Mul(e.Layers[0].Apply(x), ops.Index(row, 0, 0))
	for i, l := range e.Layers[1:] {
		sum = ops.Add(sum, ops.Mul(l.Apply(x), ops.Index(row, 0, i+1)))
	}
	return sum
}

// A cell is three edges.
type cell struct{ Edges [edges]*edge }

// A network has a first convolution that halves the image, two cells with pooling
// between them, and an output layer.
type network struct {
	First nn.Sequential
	Cells [2]*cell
	Last  nn.Sequential
	Mix   *graph.Node // weights [edges candidates], if edges are mixed
}

// newNetwork returns the network whose edges are as designed; those that are "" hold
// all candidates.
func newNetwork(d design, channels int) *network {
	n := &network{
		First: nn.Sequential{
			nn.Func(func(x *graph.Node) *graph.Node { return ops.Expand(x, 1) }),
			&nn.Conv2D{Out: channels, Kernel: []int{3}, Stride: []int{2}, Same: true}, nn.Func(ops.ReLU),
		},
		Last: nn.Sequential{&nn.GroupNorm{Groups: 1, NoAffine: true}, &nn.MaxPool{Window: []int{2}}, &nn.Flatten{}, &nn.Dense{Out: 10}},
	}
	for i := range n.Cells {
		n.Cells[i] = &cell{}
		for k, name := range d {
			e := &edge{}
			for _, candidate := range candidates {
				if name == "" || name == candidate {
					e.Layers = append(e.Layers, layer(candidate, channels))
				}
			}
			n.Cells[i].Edges[k] = e
		}
	}
	return n
}

// Apply maps images [batch 28 28] to logits [batch 10].
func (n *network) Apply(x *graph.Node) *graph.Node {
	x = n.First.Apply(x)
	for i, c := range n.Cells {
		if i > 0 {
			x = (&nn.MaxPool{Window: []int{2}}).Apply(x)
		}
		row := func(k int) *graph.Node {
			if n.Mix == nil {
				return nil
			}
			return ops.Index(n.Mix, 0, k)
		}
		a := c.Edges[0].apply(x, row(0))
		b := ops.Add(c.Edges[1].apply(x, row(1)), c.Edges[2].apply(a, row(2)))
		x = ops.Add(a, b)
	}
	return n.Last.Apply(x)
}
