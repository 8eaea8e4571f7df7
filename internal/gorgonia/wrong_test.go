package gorgonia_test

import (
	"math"
	"testing"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"
)

// at is where the derivatives below are taken.
const at = 2.0

// TestWhereTheyAreWrong documents wrong derivatives of gorgonia v0.9.18, which
// come without an error, and that ours are right. A failure of "theirs" would
// be good news: then the line moves to the table of opinions.
func TestWhereTheyAreWrong(t *testing.T) {
	tanh := math.Tanh(at)
	sigmoid := 1 / (1 + math.Exp(-at))
	for _, c := range []struct {
		name   string
		order  int
		theirs theirs
		ours   ours
		wrong  float64
		right  float64
	}{
		// the gradient of a gradient sees only one of the paths to x
		{"x·x·x", 2, func(x ...*gorgonia.Node) (*gorgonia.Node, error) {
			square, err := gorgonia.HadamardProd(x[0], x[0])
			if err != nil {
				return nil, err
			}
			return gorgonia.HadamardProd(square, x[0])
		}, ours1(func(x *graph.Node) *graph.Node { return ops.Mul(ops.Mul(x, x), x) }), 4, 12},
		{"tanh", 2, theirs1(gorgonia.Tanh), ours1(ops.Tanh), 1 - tanh*tanh, -2 * tanh * (1 - tanh*tanh)},
		{"sigmoid", 2, theirs1(gorgonia.Sigmoid), ours1(ops.Sigmoid),
			-sigmoid * sigmoid * (1 - sigmoid), sigmoid * (1 - sigmoid) * (1 - 2*sigmoid)},
		// it multiplies by log 2 instead of dividing
		{"log2", 1, theirs1(gorgonia.Log2), ours1(ops.Log2), math.Ln2 / at, 1 / (at * math.Ln2)},
		// it divides by the cube of the result instead of multiplying
		{"rsqrt", 1, theirs1(gorgonia.InverseSqrt), ours1(ops.Rsqrt), -0.5 * math.Pow(at, 1.5), -0.5 * math.Pow(at, -1.5)},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.InDelta(t, c.wrong, derivativeOfTheirs(t, c.theirs, c.order), 1e-9, "theirs")
			assert.InDelta(t, c.right, derivativeOfOurs(t, c.ours, c.order), 1e-9, "ours")
		})
	}
}

func derivativeOfTheirs(t *testing.T, f theirs, order int) float64 {
	t.Helper()
	g := gorgonia.NewGraph()
	x := gorgonia.NewScalar(g, gorgonia.Float64, gorgonia.WithName("x"), gorgonia.WithValue(at))
	y, err := f(x)
	require.NoError(t, err)
	for range order {
		grads, err := gorgonia.Grad(y, x)
		require.NoError(t, err)
		y = grads[0]
	}
	return read(t, g, gorgonia.Nodes{y})[0][0]
}

func derivativeOfOurs(t *testing.T, f ours, order int) float64 {
	t.Helper()
	x := graph.ScalarOf(graph.Float64, at)
	y := f(x)
	for range order {
		y = autodiff.Grad(y, x)[0]
	}
	return run(t, []*graph.Node{y})[0][0]
}
