// Package optim holds optimizers. An optimizer is a [Rule], written in ops, for
// the next value of a parameter given its gradient; [Minimize] makes one
// program of loss, gradient and updates.
//
// The rules of this package use nothing that a user's rule cannot, and follow
// PyTorch's definitions. Settings that are left 0 have the published defaults;
// of several option structs the last counts.
package optim

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A Rule returns the next value of the parameter p, given its gradient g. What
// it must remember between steps it asks the state for. Nil, or p itself,
// leaves the parameter alone.
//
// Methods of Rule change what the rule is given. They wrap it, so the one
// written last acts first on the gradient: Adam(lr).WeightDecay(w).ClipNorm(c)
// clips the gradient of the loss, then adds the decay, then steps, as is usual.
// A nil rule stays nil.
type Rule func(p, g *graph.Node, s *State) *graph.Node

// Zero is a setting of zero, for where 0 stands for a default: Beta1:
// optim.Zero is Adam without momentum. It is the smallest positive number,
// which vanishes in every formula.
const Zero = math.SmallestNonzeroFloat64

// Schedule returns the rule with its learning rate given by the schedule. A
// further schedule takes the rate that this one returns as its base.
func (r Rule) Schedule(next Schedule) Rule {
	if r == nil {
		return nil
	}
	if next == nil {
		return failing("schedule", errNilSchedule)
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		inner := *s
		inner.schedule = func(lr, t *graph.Node) *graph.Node { return s.scheduled(next(lr, t), t) }
		return r(p, g, &inner)
	}
}

// WeightDecay returns the rule with w·p added to the gradient: the gradient of
// w/2·Σp², which draws p to 0. For Adam and its kin, [AdamW] decays better.
func (r Rule) WeightDecay(w float64) Rule {
	return r.on("weightdecay", notNegative("the decay", w), func(p, g *graph.Node, s *State) *graph.Node {
		return ops.Add(g, ops.Scale(p, w))
	})
}

// on returns the rule on a changed gradient, or one that reports err.
func (r Rule) on(name string, err error, change func(p, g *graph.Node, s *State) *graph.Node) Rule {
	if r == nil {
		return nil
	}
	if err != nil {
		return failing(name, err)
	}
	return func(p, g *graph.Node, s *State) *graph.Node { return r(p, change(p, g, s), s) }
}

// PerParam returns the rule that moves each parameter by the rule picked for
// it; nil freezes the parameter.
//
//	optim.PerParam(func(p *graph.Param) optim.Rule {
//		if strings.HasPrefix(p.Label, "Head") {
//			return optim.Adam(1e-3)
//		}
//		return optim.Adam(1e-4)
//	})
func PerParam(pick func(p *graph.Param) Rule) Rule {
	if pick == nil {
		return failing("perparam", errNilPick)
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		if r := pick(s.Param()); r != nil {
			return r(p, g, s)
		}
		return nil
	}
}

// decayed returns the rule on p - lr·w·p, so that p is drawn to 0 apart from the
// gradient. The factor 1 - lr·w would be coarse in Float32.
func decayed(name string, lr, w float64, r Rule) Rule {
	if bad := failing(name, notNegative("the decay", w)); bad != nil {
		return bad
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		return r(ops.Sub(p, ops.Mul(ops.Scale(s.Rate(lr), w), p)), g, s)
	}
}
