package graph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// lineOf returns the line of the user's call that made n, which is in this file.
func lineOf(t *testing.T, n *graph.Node) int {
	file, line := n.Source()
	require.Contains(t, file, "graph/pos_test.go")
	return line
}

// TestSourceAtAnyDepth makes nodes under few and under many frames of this
// module's by turns: how many were needed last must not matter.
func TestSourceAtAnyDepth(t *testing.T) {
	x := graph.Input("x", 2, 3)
	var deep nn.Layer = nn.Func(ops.Tanh)
	for range 40 {
		deep = nn.Sequential{deep}
	}
	first := lineOf(t, ops.Exp(x))
	for range 100 {
		assert.Equal(t, first+2, lineOf(t, ops.Exp(x)))
		assert.Equal(t, first+3, lineOf(t, deep.Apply(x)))
		for range 3 {
			assert.Equal(t, first+5, lineOf(t, ops.Softmax(x, -1)))
		}
	}
}

// TestSourceOfRuleByHand calls a gradient rule outside of any traversal.
func TestSourceOfRuleByHand(t *testing.T) {
	x := graph.Input("x")
	y := ops.Mul(x, x)
	ct := ops.Exp(x)
	g := y.Op().VJP(y, ct, y.In()...)
	require.Len(t, g, 2)
	for _, g := range g {
		assert.Contains(t, []int{lineOf(t, x), lineOf(t, ct)}, lineOf(t, g))
	}
}
