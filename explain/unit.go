package explain

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Products returns what a unit's activation is the sum of, at each row: the weight
// that each element of x has in it, the product of both, and what the activation
// has besides, such as the bias:
//
//	unit = Σ weight·x + rest
//	unit [batch], x [batch ...] -> weight and product, the same as x, and rest [batch]
//
// If the unit is linear in x, as one of a convolution or a dense layer is before
// its activation, the weights are the layer's, each at the place that it looks at.
// Further up the weights are those of the linear function that the network is near
// this row; with ReLU and max pooling it is exactly that.
func Products(unit, x *graph.Node) (weight, product, rest *graph.Node) {
	if bad := check("products", unit, x); bad != nil {
		return bad, bad, bad
	}
	weight = slope(unit, x)
	product = ops.Mul(weight, x)
	return weight, product, ops.Sub(unit, rowSum(product))
}

// Field returns the receptive field of a unit: which elements of a row of x it can
// depend on, whatever the weights.
//
//	unit [batch], x [batch ...] -> Bool [...]
//
// It asks by experiment: what an element reaches is NaN when the element is. There
// is one evaluation of the unit, at all rows that are fed, for each element; feed a
// single row.
func Field(unit, x *graph.Node) *graph.Node {
	if bad := check("field", unit, x); bad != nil {
		return bad
	}
	row := x.Shape().Remove(0)
	number := ops.Reshape(count(row.Size()), append([]graph.Dim{1}, row.Dims()...)...)
	_, reached := ops.Scan(func(_, k []*graph.Node) (_, each []*graph.Node) {
		p := ops.MaskedFill(x, ops.Equal(number, k[0]), graph.Scalar(math.NaN()))
		return nil, []*graph.Node{ops.Any(ops.IsNaN(at(unit, x, p)))}
	}, nil, []*graph.Node{count(row.Size())})
	return ops.Reshape(reached[0], row.Dims()...)
}
