package optim

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// ClipValue returns the rule on the gradient with each element limited to
// [-limit, limit].
func (r Rule) ClipValue(limit float64) Rule {
	return r.on("clipvalue", positive("the limit", limit), func(_, g *graph.Node, _ *State) *graph.Node {
		return ops.Clamp(g, graph.Scalar(-limit), graph.Scalar(limit))
	})
}

// ClipNorm returns the rule on g·min(1, limit/n), where n is the norm of the
// gradients of all parameters together, see [State.GlobalNorm]: a gradient that
// is too long keeps its direction. PyTorch adds 1e-6 to n. A norm that is NaN
// or infinite makes the gradient NaN or 0.
// Pascanu et al. 2013, arXiv:1211.5063.
func (r Rule) ClipNorm(limit float64) Rule {
	return r.on("clipnorm", positive("the limit", limit), func(_, g *graph.Node, s *State) *graph.Node {
		scale := ops.Minimum(graph.Scalar(1), ops.Div(graph.Scalar(limit), s.GlobalNorm()))
		return ops.Mul(g, ops.Convert(scale, g.DType()))
	})
}
