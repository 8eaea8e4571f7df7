package optim

import (
	"cmp"
	"fmt"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// LionOptions are the settings of [Lion].
type LionOptions struct {
	Beta1 float64 // of the momentum in the step; 0 means 0.9
	Beta2 float64 // of the momentum that is kept; 0 means 0.99
}

// Lion is p·(1 - lr·decay) - lr·sign(beta1·m + (1-beta1)·g), where m is the
// running average of g up to the last step. All elements move by lr, so the
// rate should be three to ten times smaller than AdamW's, and the decay as much
// larger. Chen et al. 2023, arXiv:2302.06675.
func Lion(lr, decay float64, o ...LionOptions) Rule {
	set := last(o)
	b1, b2 := cmp.Or(set.Beta1, 0.9), cmp.Or(set.Beta2, 0.99)
	if bad := failing("lion", rate(lr), fraction("Beta1", b1), fraction("Beta2", b2)); bad != nil {
		return bad
	}
	return decayed("lion", lr, decay, func(p, g *graph.Node, s *State) *graph.Node {
		var d *graph.Node
		s.Slot("m", func(m *graph.Node) *graph.Node {
			d = ops.Sign(ops.Add(ops.Scale(m, b1), ops.Scale(g, 1-b1)))
			return ops.Add(ops.Scale(m, b2), ops.Scale(g, 1-b2))
		})
		return ops.Sub(p, ops.Mul(s.Rate(lr), d))
	})
}

// RpropOptions are the settings of [Rprop].
type RpropOptions struct {
	Shrink float64 // factor of the step when the gradient's sign changes; 0 means 0.5
	Grow   float64 // factor when it stays; 0 means 1.2
	Min    float64 // smallest step; 0 means 1e-6
	Max    float64 // largest step; 0 means 50
}

// Rprop is p - η·sign(g) with a step η for each element, lr at first, which
// grows while g keeps its sign and shrinks when it changes; then the element
// rests for a step. It wants the gradient of all data, not of batches, and
// does not follow a schedule. Riedmiller and Braun 1993.
func Rprop(lr float64, o ...RpropOptions) Rule {
	set := last(o)
	shrink, grow := cmp.Or(set.Shrink, 0.5), cmp.Or(set.Grow, 1.2)
	low, high := cmp.Or(set.Min, 1e-6), cmp.Or(set.Max, 50)
	if bad := failing("rprop", rate(lr), fraction("Shrink", shrink), above1("Grow", grow), notNegative("Min", low), positive("Max", high)); bad != nil {
		return bad
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		var turned, kept *graph.Node
		rest := s.Slot("g", func(old *graph.Node) *graph.Node {
			same := ops.Mul(g, old)
			turned, kept = ops.Less(same, graph.Scalar(0)), ops.Greater(same, graph.Scalar(0))
			return ops.Where(turned, graph.Scalar(0), g)
		})
		eta := s.SlotFrom("step", lr, func(old *graph.Node) *graph.Node {
			next := ops.Where(turned, ops.Scale(old, shrink), ops.Where(kept, ops.Scale(old, grow), old))
			return ops.Clamp(next, graph.Scalar(low), graph.Scalar(high))
		})
		return ops.Sub(p, ops.Mul(eta, ops.Sign(rest)))
	}
}

func above1(name string, v float64) error {
	if v > 1 {
		return nil
	}
	return fmt.Errorf("%s is %v: want more than 1", name, v)
}
