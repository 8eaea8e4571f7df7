// Package nn holds layers, initial values, losses and metrics.
//
// A layer is one method, Apply. Its parameters are exported fields, made when
// the layer is first applied, with the dtype of what it is applied to; applying
// it again shares them. Any struct, slice or map of layers is a model: [Params]
// finds the parameters in its exported fields and names each by its path, such
// as "Trunk.0.W", and [Init] gives them their first values.
//
//	model := nn.Sequential{
//		&nn.Dense{Out: 10, Act: ops.ReLU},
//		&nn.Dense{Out: 1},
//	}
//	loss := nn.BinaryCrossEntropy(model.Apply(x), y)
//	nn.Init(model, 1)
//
// Losses take logits, and refuse labels of another shape than the predictions
// rather than broadcast them.
package nn

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A Layer maps a value to a value. Applying it twice shares its parameters.
//
// A layer of one's own has its parameters in exported fields, so that [Params]
// finds them. Embedding a [graph.Scope] and building inside its Wrap shows the
// layer's path in listings, pictures and [Summary].
type Layer interface {
	Apply(x *graph.Node) *graph.Node
}

// A Func is a layer without parameters, such as nn.Func(ops.ReLU). Layers that
// it calls are not found by [Params]: they belong into a struct.
type Func func(x *graph.Node) *graph.Node

// Apply calls f(x).
func (f Func) Apply(x *graph.Node) *graph.Node {
	if f == nil {
		return graph.Fail("func", []*graph.Node{x}, "the function is nil")
	}
	return f(x)
}

// Sequential applies its layers in order.
type Sequential []Layer

// Apply applies the first layer to x and each other one to the result before.
func (s Sequential) Apply(x *graph.Node) *graph.Node {
	for i, l := range s {
		if l == nil {
			return graph.Fail("sequential", []*graph.Node{x}, "layer %d is nil", i)
		}
		x = l.Apply(x)
	}
	return x
}

// Flatten makes all axes but the first one axis.
type Flatten struct{ graph.Scope }

// Apply maps x [batch ...] to [batch n].
func (f *Flatten) Apply(x *graph.Node) *graph.Node {
	return f.Wrap(func() *graph.Node { return ops.Flatten(x, 1) })
}

// broken returns a poisoned node if one of the operands does not exist, else
// nil: for functions that look at types before they apply an op.
func broken(name string, x ...*graph.Node) *graph.Node {
	for _, n := range x {
		if n.Err() != nil {
			return graph.Fail(name, x, "")
		}
	}
	return nil
}
