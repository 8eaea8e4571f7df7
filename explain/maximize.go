package explain

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Ascent says how [Maximize] climbs. The zero value takes 128 steps of 0.05
// without restraint.
type Ascent struct {
	Steps  int     // 0 means 128
	Rate   float64 // of a step: the change of an element, in the root of the mean square; 0 means 0.05
	Decay  float64 // weight of Σx²/2, which keeps values small
	Smooth float64 // weight of Σ|difference of neighbours| along the last two axes, which keeps images free of checkers
	Blur   int     // times that the gradient of images is blurred by 1/4, 1/2, 1/4 along both axes, which draws what is large first
	Jitter int     // images are shifted by up to so many pixels at each step, round the edges: what survives does not hang on a pixel
	Lo, Hi float64 // limits of the elements; none if equal
	Seed   uint64  // of the jitter
}

// Maximize returns what makes the score large: it follows the gradient from x, row
// by row. From grey or noise it draws what a unit looks for; without restraint that
// is a pattern of high frequency that means little to us.
//
//	score [batch], x [batch ...] -> the same as x
//
// Each step goes by Rate along the gradient of score - Decay·Σx²/2 - Smooth·Σ|Δx|,
// divided by its root mean square over the row. Erhan et al. 2009; Olah et al. 2017,
// doi:10.23915/distill.00007
func Maximize(score, x *graph.Node, a Ascent) *graph.Node {
	if bad := check("maximize", score, x); bad != nil {
		return bad
	}
	operands := []*graph.Node{score, x}
	rank := x.Shape().Rank()
	switch {
	case a.Steps < 0 || a.Rate < 0 || a.Jitter < 0 || a.Blur < 0:
		return graph.Fail("maximize", operands, "%d steps of %g, jitter %d, blur %d: none may be negative", a.Steps, a.Rate, a.Jitter, a.Blur)
	case rank < 3 && (a.Smooth != 0 || a.Jitter != 0 || a.Blur != 0):
		return graph.Fail("maximize", operands, "{1} is no image [batch ... h w]: leave out Smooth, Jitter and Blur")
	}
	if a.Steps == 0 {
		a.Steps = 128
	}
	if a.Rate == 0 {
		a.Rate = 0.05
	}
	state := seeded(a.Seed)
	last, _ := ops.Scan(func(p, _ []*graph.Node) (next, _ []*graph.Node) {
		return []*graph.Node{a.step(score, x, p[0], state)}, nil
	}, []*graph.Node{x}, nil, ops.ScanOptions{Length: graph.Dim(a.Steps)})
	return last[0]
}

// step returns the point after p.
func (a Ascent) step(score, x, p, state *graph.Node) *graph.Node {
	moved := p
	if a.Jitter > 0 {
		for i := range 2 {
			moved = shifted(moved, i-2, ops.Sub(ops.Index(ops.Permutation(state, i, graph.Dim(2*a.Jitter+1)), 0, 0), graph.Scalar(float64(a.Jitter))))
		}
	}
	height := ops.Sum(at(score, x, moved))
	if a.Decay != 0 {
		height = ops.Sub(height, ops.Scale(ops.Sum(ops.Square(p)), a.Decay/2))
	}
	if a.Smooth != 0 {
		rough := ops.Add(ops.Sum(ops.Abs(ops.Diff(p, 1, -1))), ops.Sum(ops.Abs(ops.Diff(p, 1, -2))))
		height = ops.Sub(height, ops.Scale(rough, a.Smooth))
	}
	g := slope(height, p)
	for range a.Blur {
		g = blurred(blurred(g, -1), -2)
	}
	size := ops.Sqrt(ops.Add(ops.Keep(ops.Mean, ops.Square(g), rowAxes(g)...), graph.Scalar(1e-20)))
	p = ops.Add(p, ops.Scale(ops.Div(g, size), a.Rate))
	return limit(p, a.Lo, a.Hi)
}

// blurred returns the mean of each element of an axis and its neighbours.
func blurred(x *graph.Node, axis int) *graph.Node {
	sides := ops.Add(ops.Shift(x, 1, axis, 0), ops.Shift(x, -1, axis, 0))
	return ops.Add(ops.Scale(x, 0.5), ops.Scale(sides, 0.25))
}

// shifted rolls x along an axis by a number that is known in the run alone.
func shifted(x *graph.Node, axis int, by *graph.Node) *graph.Node {
	to := count(x.Shape().Dim(axis))
	length := ops.Add(ops.Index(to, 0, -1), graph.Scalar(1))
	// The remainder has the sign of the divisor: a place before the first is one from the end.
	return ops.Take(x, ops.Mod(ops.Sub(to, by), length), axis)
}

// limit clamps to the limits, if there are any.
func limit(x *graph.Node, lo, hi float64) *graph.Node {
	if lo == hi {
		return x
	}
	return ops.Clamp(x, graph.Scalar(lo), graph.Scalar(hi))
}

// rowAxes lists all axes but the first.
func rowAxes(x *graph.Node) (axes []int) {
	for i := 1; i < x.Shape().Rank(); i++ {
		axes = append(axes, i)
	}
	return axes
}
