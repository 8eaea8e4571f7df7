package main

import (
	"math"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// An equation is a differential equation on a rectangle with a known solution.
type equation struct {
	title, text string
	x, y        axis
	// inside makes of the network's output n at (x, y) a function that has the right
	// values on the border, whatever n is there.
	inside func(x, y, n *graph.Node) *graph.Node
	// residual is 0 everywhere where u solves the equation.
	residual func(x, y, u *graph.Node) *graph.Node
	exact    func(x, y float64) float64
}

// An axis is a coordinate and where it lies.
type axis struct {
	name     string
	from, to float64
}

// at returns the place at a share of the axis.
func (a axis) at(share float64) float64 { return a.from + share*(a.to-a.from) }

// d returns the derivative of u by x at each point: a point's u depends on its own x
// alone, so the gradient of the sum is that of each.
func d(u, x *graph.Node) *graph.Node { return autodiff.Grad(ops.Sum(u), x)[0] }

func sinPi(x *graph.Node) *graph.Node    { return ops.Sin(ops.Scale(x, math.Pi)) }
func parabola(x *graph.Node) *graph.Node { return ops.Mul(x, ops.OneMinus(x)) }

// Of heat and of Burgers' equation.
const (
	conductivity = 0.1
	viscosity    = 0.05
)

var equations = map[string]equation{
	"poisson": {
		title: "Poisson",
		text:  "∂²u/∂x² + ∂²u/∂y² = -2π² sin πx sin πy on the unit square, with u = 0 on its border. A membrane under a load.",
		x:     axis{"x", 0, 1}, y: axis{"y", 0, 1},
		inside: func(x, y, n *graph.Node) *graph.Node { return ops.Mul(ops.Mul(parabola(x), parabola(y)), n) },
		residual: func(x, y, u *graph.Node) *graph.Node {
			load := ops.Scale(ops.Mul(sinPi(x), sinPi(y)), 2*math.Pi*math.Pi)
			return ops.Add(ops.Add(d(d(u, x), x), d(d(u, y), y)), load)
		},
		exact: func(x, y float64) float64 { return math.Sin(math.Pi*x) * math.Sin(math.Pi*y) },
	},
	"heat": {
		title: "Heat",
		text:  "∂u/∂t = 0.1 ∂²u/∂x², with u = sin πx at t = 0 and u = 0 at both ends. A rod that cools.",
		x:     axis{"x", 0, 1}, y: axis{"t", 0, 2},
		inside: func(x, t, n *graph.Node) *graph.Node {
			return ops.Add(sinPi(x), ops.Mul(ops.Mul(t, parabola(x)), n))
		},
		residual: func(x, t, u *graph.Node) *graph.Node {
			return ops.Sub(d(u, t), ops.Scale(d(d(u, x), x), conductivity))
		},
		exact: func(x, t float64) float64 { return math.Exp(-conductivity*math.Pi*math.Pi*t) * math.Sin(math.Pi*x) },
	},
	"burgers": {
		title: "Burgers",
		text:  "∂u/∂t + u ∂u/∂x = 0.05 ∂²u/∂x², with u = -sin πx at t = 0 and u = 0 at both ends. A wave that grows steep.",
		x:     axis{"x", -1, 1}, y: axis{"t", 0, 1},
		inside: func(x, t, n *graph.Node) *graph.Node {
			return ops.Sub(ops.Mul(ops.Mul(t, ops.OneMinus(ops.Square(x))), n), sinPi(x))
		},
		residual: func(x, t, u *graph.Node) *graph.Node {
			ux := d(u, x)
			return ops.Sub(ops.Add(d(u, t), ops.Mul(u, ux)), ops.Scale(d(ux, x), viscosity))
		},
		exact: coleHopf,
	},
}

// coleHopf is the solution of Burgers' equation as a quotient of integrals (Cole 1951;
// Hopf 1950), computed by the trapezoidal rule, which for such bells errs less than
// float64 rounds.
func coleHopf(x, t float64) float64 {
	if t == 0 {
		return -math.Sin(math.Pi * x)
	}
	const half, width = 400, 8 // points on each side, standard deviations
	step := width * math.Sqrt(2*viscosity*t) / half
	top, bottom := 0.0, 0.0
	for i := -half; i <= half; i++ {
		z := float64(i) * step
		y := x - z
		f := math.Exp(-math.Cos(math.Pi*y)/(2*math.Pi*viscosity) - z*z/(4*viscosity*t))
		top += math.Sin(math.Pi*y) * f
		bottom += f
	}
	return -top / bottom
}
