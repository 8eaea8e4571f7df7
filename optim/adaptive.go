package optim

import (
	"cmp"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// RMSPropOptions are the settings of [RMSProp].
type RMSPropOptions struct {
	Alpha    float64 // of the average of the square; 0 means 0.99
	Eps      float64 // added to the root; 0 means 1e-8
	Momentum float64 // how much of the last step's direction is kept
	Centered bool    // divide by the deviation rather than the root mean square
}

// RMSProp is p - lr·g/(√v + eps), where v is the running average of g²; centered,
// v less the square of the running average of g. With momentum it is p - lr·b,
// where b = momentum·b + g/(√v + eps). A usual rate is 1e-2. Hinton 2012,
// lecture 6e; centered: Graves 2013, arXiv:1308.0850.
func RMSProp(lr float64, o ...RMSPropOptions) Rule {
	set := last(o)
	alpha, eps := cmp.Or(set.Alpha, 0.99), cmp.Or(set.Eps, 1e-8)
	if bad := failing("rmsprop", rate(lr), fraction("Alpha", alpha), notNegative("Eps", eps), notNegative("Momentum", set.Momentum)); bad != nil {
		return bad
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		v := s.Average("v", ops.Square(g), alpha)
		if set.Centered {
			mean := s.Average("m", g, alpha)
			v = ops.Maximum(ops.Sub(v, ops.Square(mean)), graph.Scalar(0)) // rounding may leave it below 0
		}
		d := ops.Div(g, plus(ops.Sqrt(v), eps))
		if set.Momentum != 0 {
			d = s.Slot("momentum", func(old *graph.Node) *graph.Node { return ops.Add(ops.Scale(old, set.Momentum), d) })
		}
		return ops.Sub(p, ops.Mul(s.Rate(lr), d))
	}
}

// AdagradOptions are the settings of [Adagrad].
type AdagradOptions struct {
	LRDecay float64 // decrease of the rate per step
	Initial float64 // value that the sum of squares starts at
	Eps     float64 // added to the root; 0 means 1e-10
}

// Adagrad is p - η·g/(√v + eps), where v is the sum of g² so far and the rate
// η = lr/(1 + LRDecay·(t-1)) at step t. A usual rate is 1e-2. Duchi et al. 2011.
func Adagrad(lr float64, o ...AdagradOptions) Rule {
	set := last(o)
	eps := cmp.Or(set.Eps, 1e-10)
	if bad := failing("adagrad", rate(lr), notNegative("LRDecay", set.LRDecay), notNegative("Initial", set.Initial), notNegative("Eps", eps)); bad != nil {
		return bad
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		v := s.SlotFrom("v", set.Initial, func(old *graph.Node) *graph.Node { return ops.Add(old, ops.Square(g)) })
		step := s.Rate(lr)
		if set.LRDecay != 0 {
			step = ops.Div(step, s.like(plus(ops.Scale(plus(s.Count(), -1), set.LRDecay), 1)))
		}
		return ops.Sub(p, ops.Mul(step, ops.Div(g, plus(ops.Sqrt(v), eps))))
	}
}

// AdadeltaOptions are the settings of [Adadelta].
type AdadeltaOptions struct {
	Rho float64 // of both averages; 0 means 0.9
	Eps float64 // added under both roots; 0 means 1e-6
}

// Adadelta is p - lr·d with d = g·√(u + eps)/√(v + eps), where v is the running
// average of g² and u that of d² up to the last step. A usual rate is 1. Zeiler
// 2012, arXiv:1212.5701.
func Adadelta(lr float64, o ...AdadeltaOptions) Rule {
	set := last(o)
	rho, eps := cmp.Or(set.Rho, 0.9), cmp.Or(set.Eps, 1e-6)
	if bad := failing("adadelta", rate(lr), fraction("Rho", rho), notNegative("Eps", eps)); bad != nil {
		return bad
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		v := s.Average("v", ops.Square(g), rho)
		var d *graph.Node
		s.Slot("u", func(u *graph.Node) *graph.Node {
			d = ops.Mul(g, ops.Div(ops.Sqrt(plus(u, eps)), ops.Sqrt(plus(v, eps))))
			return ops.Add(ops.Scale(u, rho), ops.Scale(ops.Square(d), 1-rho))
		})
		return ops.Sub(p, ops.Mul(s.Rate(lr), d))
	}
}
