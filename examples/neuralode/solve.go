package main

import (
	"math"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A field says how fast a state changes: ds/dt = f(s). A state is some values of any
// types; its derivative has the same.
type field func(s []*graph.Node) []*graph.Node

// A method is one of Runge and Kutta: stage i is k[i] = f(s + h·Σ a[i][j]·k[j]), and a
// step goes from s to s + h·Σ b[j]·k[j].
type method struct {
	a [][]float64
	b []float64
	e []float64 // h·Σ e[j]·k[j] is by how much a step of the next lower order differs
}

// classical is the method of fourth order that everybody learns.
var classical = method{
	a: [][]float64{{}, {0.5}, {0, 0.5}, {0, 0, 1}},
	b: []float64{1. / 6, 1. / 3, 1. / 3, 1. / 6},
}

// dormandPrince is of fifth order. Its last stage is the first one of the next step.
//
// Dormand and Prince 1980, doi:10.1016/0771-050X(80)90013-3
var dormandPrince = method{
	a: [][]float64{
		{},
		{1. / 5},
		{3. / 40, 9. / 40},
		{44. / 45, -56. / 15, 32. / 9},
		{19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
		{9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
		{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
	},
	b: []float64{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84, 0},
	e: []float64{71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40},
}

// stages returns all k, of which the first is known.
func (m method) stages(f field, s, first []*graph.Node, h *graph.Node) [][]*graph.Node {
	k := [][]*graph.Node{first}
	for _, a := range m.a[1:] {
		k = append(k, f(moved(s, h, a, k)))
	}
	return k
}

// moved returns s + h·Σ c[j]·k[j].
func moved(s []*graph.Node, h *graph.Node, c []float64, k [][]*graph.Node) []*graph.Node {
	next := make([]*graph.Node, len(s))
	for i := range s {
		next[i] = ops.Add(s[i], ops.Mul(h, mixed(c, k, i)))
	}
	return next
}

// mixed returns Σ c[j]·k[j] of the state's value i.
func mixed(c []float64, k [][]*graph.Node, i int) *graph.Node {
	var sum *graph.Node
	for j, c := range c {
		switch term := ops.Scale(k[j][i], c); {
		case c == 0:
		case sum == nil:
			sum = term
		default:
			sum = ops.Add(sum, term)
		}
	}
	return sum
}

// A grid is where a solution is asked for: at step, 2·step and so on, so many times.
type grid struct {
	times, inner int     // inner steps of the solver from one time to the next
	step         float64 // from one time to the next
}

// across takes the state from one time to the next in equal steps. If it is lean, no
// step leaves anything behind.
func (g grid) across(f field, s []*graph.Node, lean bool) []*graph.Node {
	h := graph.Scalar(g.step / float64(g.inner))
	end, _ := ops.Scan(func(s, _ []*graph.Node) (next, _ []*graph.Node) {
		return moved(s, h, classical.b, classical.stages(f, s, f(s), h)), nil
	}, s, nil, ops.ScanOptions{Length: graph.Dim(g.inner), Lean: lean})
	return end
}

// direct solves dy/dt = f(y). Its gradient goes back through each step of the solver,
// and keeps what that needs of all of them.
//
//	start [batch n] -> [times batch n]
func (g grid) direct(f field, start *graph.Node) *graph.Node {
	_, ys := ops.Scan(func(y, _ []*graph.Node) (next, out []*graph.Node) {
		next = g.across(f, y, false)
		return next, next
	}, []*graph.Node{start}, nil, ops.ScanOptions{Length: graph.Dim(g.times)})
	return ys[0]
}

// adjoint is direct with another gradient: that of the equation rather than of the
// steps. With a = ∂loss/∂y, where the loss is of what comes after t,
//
//	dy/dt = f(y)   da/dt = -aᵀ·∂f/∂y   d(∂loss/∂p)/dt = -aᵀ·∂f/∂p
//
// is solved from the last time to the first, and at each time a gains what the loss
// asks of y there. Nothing is kept but y at the times. It is as exact as the solver;
// what f uses beside y and p gets none.
//
// Chen et al. 2018, arXiv:1806.07366
func (g grid) adjoint(f field, start *graph.Node, p []*graph.Node) *graph.Node {
	// What f's own slopes are is asked at a y that depends on nothing: the solver's y come
	// from p too, and autodiff would count that way.
	y, a := alone(start), alone(start)
	dy := f([]*graph.Node{y})[0]
	slopes := append([]*graph.Node{ops.Neg(dy)}, autodiff.VJP(dy, a, append([]*graph.Node{y}, p...)...)...)
	backward := func(s []*graph.Node) []*graph.Node { // with time running backward
		return graph.Rewrite(slopes, map[*graph.Node]*graph.Node{y: s[0], a: s[1]})
	}
	return autodiff.CustomVJP(
		func(x ...*graph.Node) *graph.Node { return g.direct(f, x[0]) },
		func(ys, ct *graph.Node, x ...*graph.Node) []*graph.Node {
			var zero []*graph.Node // of the start's a, and of p's gradients
			for _, x := range x {
				zero = append(zero, graph.Zeros(x.Type()))
			}
			end, _ := ops.Scan(func(s, at []*graph.Node) (next, _ []*graph.Node) {
				y, ct := at[0], at[1]
				from := append([]*graph.Node{y, ops.Add(s[0], ct)}, s[1:]...)
				return g.across(backward, from, true)[1:], nil
			}, zero, []*graph.Node{ys, ct}, ops.ScanOptions{Reverse: true, Lean: true})
			return end
		})(append([]*graph.Node{start}, p...)...)
}

// alone returns a variable of x's type.
func alone(x *graph.Node) *graph.Node { return graph.InputOf(x.DType(), "", x.Shape().Dims()...) }

// mostSteps is how many an adaptive solver tries between two times before it gives up,
// which shows as values that are not numbers.
const mostSteps = 10000

// adaptive is direct with steps as long as they may be for an error of about the
// tolerance in each, relative to 1 + |y|, and returns how often it asked for f between
// two times, too. It is for prediction; inner steps are not used.
//
//	start [batch n] -> ys [times batch n], asked [times] int64
func (g grid) adaptive(f field, start *graph.Node, tolerance float64) (ys, asked *graph.Node) {
	one := func(y *graph.Node) *graph.Node { return f([]*graph.Node{y})[0] }
	h := graph.ScalarOf(start.DType(), g.step/8)
	_, out := ops.Scan(func(c, _ []*graph.Node) (next, out []*graph.Node) {
		y, h := c[0], c[1]
		end := ops.While(
			func(c []*graph.Node) *graph.Node { return ops.Greater(c[0], graph.Scalar(0)) },
			func(c []*graph.Node) []*graph.Node { return try(f, c, tolerance) },
			[]*graph.Node{graph.ScalarOf(start.DType(), g.step), h, graph.ScalarOf(graph.Int64, 1), y, one(y)}, mostSteps)
		left, h, asked, y := end[0], end[1], end[2], end[3]
		y = ops.Where(ops.Greater(left, graph.Scalar(0)), graph.ScalarOf(start.DType(), math.NaN()), y)
		return []*graph.Node{y, h}, []*graph.Node{y, asked}
	}, []*graph.Node{start, h}, nil, ops.ScanOptions{Length: graph.Dim(g.times)})
	return out[0], out[1]
}

// try takes one step of Dormand and Prince, or only makes the next one shorter. It gets
// and returns the time that is left, the length to try, how often it asked for f, y,
// and f(y).
func try(f field, c []*graph.Node, tolerance float64) []*graph.Node {
	left, h, asked, y, slope := c[0], c[1], c[2], c[3], c[4]
	step := ops.Minimum(h, left)
	s := []*graph.Node{y}
	k := dormandPrince.stages(f, s, []*graph.Node{slope}, step)
	next := moved(s, step, dormandPrince.b, k)[0]
	size := ops.Add(ops.Maximum(ops.Abs(y), ops.Abs(next)), graph.Scalar(1))
	off := ops.Div(ops.Mul(step, mixed(dormandPrince.e, k, 0)), ops.Scale(size, tolerance))
	wrong := ops.Sqrt(ops.Mean(ops.Square(off))) // 1 is just borne

	good := ops.LessEqual(wrong, graph.Scalar(1))
	either := func(yes, no *graph.Node) *graph.Node { return ops.Where(good, yes, no) }
	// The error is of order h⁵; the length changes by no more than 5 times.
	factor := ops.Scale(ops.Pow(wrong, graph.Scalar(-0.2)), 0.9)
	factor = ops.Minimum(ops.Maximum(factor, graph.Scalar(0.2)), graph.Scalar(5))
	return []*graph.Node{
		either(ops.Sub(left, step), left), ops.Mul(step, factor), ops.Add(asked, graph.Scalar(float64(len(k)-1))),
		either(next, y), either(k[len(k)-1][0], slope),
	}
}
