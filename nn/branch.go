package nn

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Residual adds what its layer makes of x to x, or to what Shortcut makes of it.
//
//	y = Act(Layer(x) + x)
//
// He et al. 2015, arXiv:1512.03385
type Residual struct {
	graph.Scope
	Layer    Layer
	Shortcut Layer                         // nil for x itself; where shapes change, a convolution of 1x1 as a rule
	Act      func(*graph.Node) *graph.Node // nil for none
}

// Apply maps x to the sum.
func (r *Residual) Apply(x *graph.Node) *graph.Node {
	return r.Wrap(func() *graph.Node {
		if r.Layer == nil {
			return graph.Fail("residual", []*graph.Node{x}, "the layer is nil: want &nn.Residual{Layer: ...}")
		}
		y, around := r.Layer.Apply(x), x
		if r.Shortcut != nil {
			around = r.Shortcut.Apply(x)
		}
		if bad := broken("residual", y, around); bad != nil {
			return bad
		}
		if y.Type() != around.Type() {
			return graph.Fail("residual", []*graph.Node{y, around}, "the layer makes {0} and the shortcut {1}: set Shortcut to a layer that makes the same shape")
		}
		y = ops.Add(y, around)
		if r.Act != nil {
			y = r.Act(y)
		}
		return y
	})
}

// Parallel applies each of its layers to x and adds up the results.
type Parallel []Layer

// Apply maps x to the sum of the branches.
func (p Parallel) Apply(x *graph.Node) *graph.Node {
	y := branches("parallel", x, p)
	for len(y) > 1 {
		y = append([]*graph.Node{ops.Add(y[0], y[1])}, y[2:]...)
	}
	return y[0]
}

// Concat applies each of its layers to x and puts the results one after the other
// along an axis, as inception blocks do (Szegedy et al. 2014, arXiv:1409.4842).
type Concat struct {
	graph.Scope
	Layers []Layer
	Axis   int // 0 means 1: channels
}

// Apply maps x to the results along the axis.
func (c *Concat) Apply(x *graph.Node) *graph.Node {
	return c.Wrap(func() *graph.Node {
		axis := c.Axis
		if axis == 0 {
			axis = 1
		}
		return ops.Concat(axis, branches("concat", x, c.Layers)...)
	})
}

// branches applies each layer to x; at least one node is returned.
func branches(name string, x *graph.Node, layers []Layer) (y []*graph.Node) {
	for i, l := range layers {
		if l == nil {
			return []*graph.Node{graph.Fail(name, []*graph.Node{x}, "layer %d is nil", i)}
		}
		y = append(y, l.Apply(x))
	}
	if len(y) == 0 {
		return []*graph.Node{graph.Fail(name, []*graph.Node{x}, "there are no layers")}
	}
	return y
}

// Reshape gives each row of a batch another shape. One length may be -1: it is
// what makes the sizes equal.
//
//	x [batch ...] -> [batch Dims...]
type Reshape struct {
	graph.Scope
	Dims []graph.Dim
}

// Apply maps x [batch ...] to [batch Dims...].
func (r *Reshape) Apply(x *graph.Node) *graph.Node {
	return r.Wrap(func() *graph.Node {
		if bad := broken("reshape", x); bad != nil {
			return bad
		}
		if x.Shape().Rank() == 0 {
			return graph.Fail("reshape", []*graph.Node{x}, "{0} is a scalar: want a batch")
		}
		return ops.Reshape(x, append([]graph.Dim{x.Shape().Dim(0)}, r.Dims...)...)
	})
}

// DropPath drops whole rows of a batch in training, each with probability Rate, and
// multiplies the others by 1/(1-Rate): of a residual branch it leaves the shortcut
// alone. In programs made by graph.Compile it is x itself.
//
// Huang et al. 2016, arXiv:1603.09382
type DropPath struct {
	graph.Scope
	Rate float64
	Rows Dropout // of a number for each row
}

// Apply maps x [batch ...] to a value of its type.
func (d *DropPath) Apply(x *graph.Node) *graph.Node {
	return d.Wrap(func() *graph.Node {
		if bad := broken("droppath", x); bad != nil {
			return bad
		}
		if x.Shape().Rank() == 0 || !x.DType().Float() {
			return graph.Fail("droppath", []*graph.Node{x}, "want floats [batch ...], got {0}")
		}
		if d.Rate == 0 {
			return x
		}
		d.Rows.Rate = d.Rate
		dims := x.Shape().Dims()
		for i := range dims[1:] {
			dims[i+1] = 1
		}
		one := ops.BroadcastTo(graph.ScalarOf(x.DType(), 1), graph.Of(dims...))
		kept := d.Rows.Apply(one)
		if kept.Err() != nil {
			return kept
		}
		return ops.InTraining(ops.Mul(x, kept), x)
	})
}
