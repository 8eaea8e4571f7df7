package optim

import (
	"cmp"
	"errors"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// SGDOptions are the settings of [SGD].
type SGDOptions struct {
	Momentum  float64 // how much of the last step's direction is kept
	Dampening float64 // of the gradient in the direction, after the first step
	Nesterov  bool    // look ahead along the momentum; not with Dampening
}

// SGD is gradient descent: p - lr·b, where the direction b is the gradient g
// or, with momentum, b = momentum·b + (1-dampening)·g, from b = g at the first
// step. Nesterov's is g + momentum·b. Sutskever et al. 2013.
func SGD(lr float64, o ...SGDOptions) Rule {
	set := last(o)
	if bad := failing("sgd", rate(lr), notNegative("Momentum", set.Momentum), fraction("Dampening", set.Dampening), nesterov(set)); bad != nil {
		return bad
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		if set.Momentum != 0 {
			g = direction(g, s, set)
		}
		return ops.Sub(p, ops.Mul(s.Rate(lr), g))
	}
}

func direction(g *graph.Node, s *State, set SGDOptions) *graph.Node {
	b := s.Slot("momentum", func(old *graph.Node) *graph.Node {
		fresh := g
		if set.Dampening != 0 {
			first := ops.Equal(s.Count(), graph.Scalar(1))
			fresh = ops.Mul(s.like(ops.Where(first, number(1), number(1-set.Dampening))), g)
		}
		return ops.Add(ops.Scale(old, set.Momentum), fresh)
	})
	if set.Nesterov {
		return ops.Add(g, ops.Scale(b, set.Momentum))
	}
	return b
}

func nesterov(set SGDOptions) error {
	if set.Nesterov && (set.Momentum == 0 || set.Dampening != 0) {
		return errors.New("the Nesterov form needs Momentum, and no Dampening")
	}
	return nil
}

// ASGDOptions are the settings of [ASGD].
type ASGDOptions struct {
	Lambda float64 // decay; 0 means 1e-4
	Alpha  float64 // power of the rate's decrease; 0 means 0.75
	Start  float64 // steps after which to average; 0 means 1e6
}

// ASGD is averaged gradient descent: p - η·(g + λ·p) with the rate
// η = lr/(1+λ·lr·(t-1))^α at step t. The slot "average" holds p, and
// from step Start + 2 the mean of p since then. Polyak and Juditsky 1992.
func ASGD(lr float64, o ...ASGDOptions) Rule {
	set := last(o)
	lambda, alpha, start := cmp.Or(set.Lambda, 1e-4), cmp.Or(set.Alpha, 0.75), cmp.Or(set.Start, 1e6)
	if bad := failing("asgd", rate(lr), notNegative("Lambda", lambda), notNegative("Alpha", alpha), notNegative("Start", start)); bad != nil {
		return bad
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		done := plus(s.Count(), -1)
		now := ops.Convert(s.Rate(lr), graph.Float64)
		eta := ops.Div(now, ops.Pow(plus(ops.Mul(ops.Scale(now, lambda), done), 1), graph.Scalar(alpha)))
		next := ops.Sub(p, ops.Mul(s.like(eta), ops.Add(g, ops.Scale(p, lambda))))
		share := ops.Reciprocal(ops.Maximum(plus(done, -start), graph.Scalar(1)))
		s.Slot("average", func(old *graph.Node) *graph.Node {
			return ops.Add(old, ops.Mul(ops.Sub(next, old), s.like(share)))
		})
		return next
	}
}
