package explain

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Search says how [Counterfactual] searches. The zero value takes 300 steps, counts
// all elements in the units they have and lets all of them change without limits.
type Search struct {
	Steps int     // 0 means 300
	Rate  float64 // of a step, in units of Scale; 0 means 0.02
	// Scale is what a change of 1 costs 1 of, and broadcasts to x: the median
	// absolute deviation of each feature in the paper. nil means 1.
	Scale  *graph.Node
	Fixed  *graph.Node // Bool that broadcasts to x: elements that must not change, such as an age; nil for none
	Lo, Hi float64     // limits of the elements; none if equal
}

// Counterfactual returns, for each row, the nearest x' it finds at which the score
// is above 0, and how far that is: what would have to differ for another answer.
// [Margin] of a wanted class is such a score.
//
//	loss = λ·softplus(-score(x')) + Σ |x' - x| / Scale
//	score [batch], x [batch ...] -> the same as x, distance [batch]
//
// It follows the gradient of the first term and shrinks the change for the second,
// so that most elements stay as they are. λ rises where the score is below 0 and
// falls where it is above, so the search stays at the boundary, and the nearest x'
// met is kept. The distance is the sum of the loss's second term; it is +Inf, and x'
// is x, where no such x' was met. Wachter et al. 2017, arXiv:1711.00399
func Counterfactual(score, x *graph.Node, s Search) (found, distance *graph.Node) {
	if bad := s.check(score, x); bad != nil {
		return bad, bad
	}
	if s.Steps == 0 {
		s.Steps = 300
	}
	if s.Rate == 0 {
		s.Rate = 0.02
	}
	rows := graph.Type{DType: score.DType(), Shape: score.Shape()}
	full := func(v float64) *graph.Node { return ops.BroadcastTo(graph.ScalarOf(rows.DType, v), rows.Shape) }
	end, _ := ops.Scan(func(c, _ []*graph.Node) (next, _ []*graph.Node) {
		p, best, nearest, weight := c[0], c[1], c[2], c[3]
		value := at(score, x, p)
		there := ops.Greater(value, graph.Scalar(0))
		far := rowSum(ops.Abs(s.change(x, p)))
		better := ops.And(there, ops.Less(far, nearest))
		best, nearest = ops.Where(over(better, x), p, best), ops.Where(better, far, nearest)
		p = s.step(value, x, p, weight)
		weight = ops.Minimum(ops.Where(there, ops.Scale(weight, 0.9), ops.Scale(weight, 1.1)), graph.Scalar(1e6))
		return []*graph.Node{p, best, nearest, weight}, nil
	}, []*graph.Node{x, x, full(math.Inf(1)), full(1)}, nil, ops.ScanOptions{Length: graph.Dim(s.Steps)})
	return end[1], end[2]
}

func (s Search) check(score, x *graph.Node) *graph.Node {
	if bad := check("counterfactual", score, x); bad != nil {
		return bad
	}
	operands := []*graph.Node{score, x}
	for _, n := range []*graph.Node{s.Scale, s.Fixed} {
		if n != nil {
			operands = append(operands, n)
		}
	}
	if bad := broken("counterfactual", operands...); bad != nil {
		return bad
	}
	switch {
	case s.Steps < 0 || s.Rate < 0:
		return graph.Fail("counterfactual", operands, "%d steps of %g: neither may be negative", s.Steps, s.Rate)
	case s.Fixed != nil && s.Fixed.DType() != graph.Bool:
		return graph.Fail("counterfactual", operands, "Search.Fixed is %v: want Bool, true for what must stay", s.Fixed.Type())
	}
	return nil
}

// change returns how far p is from x, in units.
func (s Search) change(x, p *graph.Node) *graph.Node {
	d := ops.Sub(p, x)
	if s.Scale != nil {
		d = ops.Div(d, s.Scale)
	}
	return d
}

// step returns the point after p, where the score is value.
func (s Search) step(value, x, p, weight *graph.Node) *graph.Node {
	g := slope(ops.Mul(weight, ops.Softplus(ops.Neg(value))), p)
	if s.Scale != nil {
		g = ops.Mul(g, s.Scale)
	}
	// Large weights must not throw the search out of reach: an element moves by ten units of Rate at most.
	g = ops.Clamp(g, graph.Scalar(-10), graph.Scalar(10))
	z := ops.SoftShrink(ops.Sub(s.change(x, p), ops.Scale(g, s.Rate)), s.Rate)
	if s.Fixed != nil {
		z = ops.MaskedFill(z, s.Fixed, graph.Scalar(0))
	}
	if s.Scale != nil {
		z = ops.Mul(z, s.Scale)
	}
	return limit(ops.Add(x, z), s.Lo, s.Hi)
}
