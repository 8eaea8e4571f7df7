package main

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// exact looks until next to nothing changes in float64.
var exact = Search{Tolerance: 1e-13, Limit: 100}

// TestFixedPointGradients checks the layer with respect to all it depends on, to the
// second order: the fixed point of the gradient has a gradient in turn.
func TestFixedPointGradients(t *testing.T) {
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		z, _ := FixedPoint(equilibrate, graph.Zeros(x[0].Type()), []*graph.Node{x[0], ops.Scale(x[1], 0.1)}, exact)
		return z
	}, gradtest.Of(2, 3), gradtest.Of(3, 3))
}

// TestCosine finds the number that is its own cosine; that of a·cos z moves with a as
// the formula z' = cos z/(1 + a·sin z) says.
func TestCosine(t *testing.T) {
	a := graph.ScalarOf(graph.Float64, 1)
	z, steps := FixedPoint(func(z *graph.Node, p []*graph.Node) *graph.Node { return ops.Mul(p[0], ops.Cos(z)) },
		graph.ScalarOf(graph.Float64, 0), []*graph.Node{a}, exact)
	program, err := graph.Compile(z, autodiff.Grad(z, a)[0], steps)
	require.NoError(t, err)
	out, err := program.Eval(context.Background())
	require.NoError(t, err)
	const dottie = 0.7390851332151607
	assert.InDelta(t, dottie, out[0].At(0), 1e-13)
	assert.InDelta(t, math.Cos(dottie)/(1+math.Sin(dottie)), out[1].At(0), 1e-13)
	assert.Greater(t, out[2].At(0), 50.0)
	assert.Less(t, out[2].At(0), 150.0)
}

func TestEquilibriumMistakes(t *testing.T) {
	_, err := graph.Compile((&Equilibrium{Width: 3}).Apply(graph.Input("x", 4)))
	assert.ErrorContains(t, err, "equilibrium: want floats [batch in], got x [4]")
}
