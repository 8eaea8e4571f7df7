package ops_test

import (
	"math"
	"testing"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// 0 and -0 are equal numbers, but steps that use them are not the same step.
func TestZerosOfBothSigns(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x")
	plus := ops.Reciprocal(ops.Scale(x, 0))
	minus := ops.Reciprocal(ops.Scale(x, math.Copysign(0, -1)))
	program, err := graph.Compile(plus, minus)
	require.NoError(t, err)
	one, err := graph.TensorOf([]float64{1})
	require.NoError(t, err)
	out, err := program.Eval(t.Context(), x.IsTensor(one))
	require.NoError(t, err)
	assert.Equal(t, math.Inf(1), out[0].At(0))
	assert.Equal(t, math.Inf(-1), out[1].At(0))
}
