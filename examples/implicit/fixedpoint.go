package main

import (
	"math"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// A Search says when to stop looking for a fixed point.
type Search struct {
	Tolerance float64 // of the largest change of an element, relative to the largest one; 0 means 1e-5
	Limit     int     // of steps; 0 means 200
}

// step maps z and what else it depends on to the next z.
type step func(z *graph.Node, p []*graph.Node) *graph.Node

// FixedPoint returns z with z = f(z, p), found by applying f again and again from
// start, and the number of steps that took. Nothing of the way there is kept: with J =
// ∂f/∂z at z, the implicit function theorem says
//
//	∂z/∂p = (1 - J)⁻¹·∂f/∂p
//
// so the cotangent ct of z goes to p as uᵀ·∂f/∂p, where u is another fixed point, u =
// ct + Jᵀ·u. That is found by FixedPoint too, so there are gradients of any order.
// Values that f uses and that are not among p get none.
//
// Bai, Kolter and Koltun 2019, arXiv:1909.01377
func FixedPoint(f step, start *graph.Node, p []*graph.Node, s Search) (z, steps *graph.Node) {
	found := autodiff.CustomVJP(
		func(p ...*graph.Node) *graph.Node {
			z, steps = iterate(func(z *graph.Node) *graph.Node { return f(z, p) }, start, s)
			return z
		},
		func(z, ct *graph.Node, p ...*graph.Node) []*graph.Node {
			direct := make([]*graph.Node, len(p)) // p itself, but not as what z was made from
			for i, x := range p {
				direct[i] = ops.Later(x, ct)
			}
			back := func(u *graph.Node, q []*graph.Node) *graph.Node {
				ct, z, p := q[0], q[1], q[2:]
				return ops.Add(ct, autodiff.VJP(f(z, p), u, z)[0])
			}
			u, _ := FixedPoint(back, ct, append([]*graph.Node{ct, z}, direct...), s)
			return autodiff.VJP(f(z, direct), u, direct...)
		})(p...)
	return found, steps
}

// iterate applies g until nothing changes by more than the tolerance. A NaN ends it.
func iterate(g func(z *graph.Node) *graph.Node, start *graph.Node, s Search) (z, steps *graph.Node) {
	if s.Tolerance == 0 {
		s.Tolerance = 1e-5
	}
	if s.Limit == 0 {
		s.Limit = 200
	}
	largest := func(x *graph.Node) *graph.Node { return ops.Max(ops.Abs(x)) }
	far := graph.ScalarOf(start.DType(), math.Inf(1))
	end := ops.While(
		func(c []*graph.Node) *graph.Node { return ops.Greater(c[1], graph.Scalar(s.Tolerance)) },
		func(c []*graph.Node) []*graph.Node {
			next := g(c[0])
			change := ops.Div(largest(ops.Sub(next, c[0])), largest(next)) // NaN for 0/0, where all is found
			return []*graph.Node{next, change, ops.Add(c[2], graph.Scalar(1))}
		},
		[]*graph.Node{start, far, graph.ScalarOf(graph.Int64, 0)}, s.Limit)
	return end[0], end[2]
}

// Equilibrium is a layer as deep as it takes: its value is the z that one more
// application of it would not change,
//
//	z = tanh(z·W + x·U + B)
//
//	x [batch in], W [Width Width], U [in Width], B [Width] -> [batch Width]
//
// It is found as long as W is small enough for tanh(z·W + ...) to draw points
// together, which W's first values see to and training mostly keeps.
type Equilibrium struct {
	graph.Scope
	Width   int
	Search  Search
	W, U, B *graph.Param

	Steps *graph.Node // to find the last value: a figure to watch
}

// Apply maps x [batch in] to [batch Width].
func (e *Equilibrium) Apply(x *graph.Node) *graph.Node {
	return e.Wrap(func() *graph.Node {
		if x.Err() != nil || x.Shape().Rank() != 2 || !x.DType().Float() {
			return graph.Fail("equilibrium", []*graph.Node{x}, "want floats [batch in], got {0}")
		}
		n, in := graph.Dim(e.Width), x.Shape().Dim(1)
		if e.W == nil {
			param := func(init graph.Initializer, dims ...graph.Dim) *graph.Param {
				return &graph.Param{Type: x.Type().Of(graph.Of(dims...)), Init: init}
			}
			// a random matrix has a norm of about 2·√width times the deviation
			e.W = param(nn.Normal(0, 0.25/math.Sqrt(float64(n))), n, n)
			e.U = param(nn.GlorotUniform, in, n)
			e.B = param(nn.Zeros, n)
		}
		outside := ops.Add(ops.MatMul(x, e.U.Node()), e.B.Node()) // does not change from step to step
		z, steps := FixedPoint(equilibrate, graph.Zeros(outside.Type()), []*graph.Node{outside, e.W.Node()}, e.Search)
		e.Steps = steps
		return z
	})
}

// equilibrate is one step: p is what comes from outside, and W.
func equilibrate(z *graph.Node, p []*graph.Node) *graph.Node {
	return ops.Tanh(ops.Add(ops.MatMul(z, p[1]), p[0]))
}
