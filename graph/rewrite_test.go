package graph_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestRewrite(t *testing.T) {
	x, z := graph.Input("x", 2), graph.Input("z", 2)
	y := ops.Exp(ops.Add(x, graph.Scalar(1)))
	again := graph.Rewrite([]*graph.Node{y, x}, map[*graph.Node]*graph.Node{x: z})
	out, err := compile(t, again...).Run(z.Is(vector(0, 1)))
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float32{math.E, math.E * math.E}, out[0].Float32s(), 1e-6)
	assert.Same(t, y, graph.Rewrite([]*graph.Node{y}, nil)[0])
	assert.Equal(t, y.Pos(), again[0].Pos())
	long := graph.Rewrite([]*graph.Node{y}, map[*graph.Node]*graph.Node{x: graph.InputOf(graph.Bool, "b", 2)})
	assert.ErrorContains(t, long[0].Err(), "have different dtypes")
}
