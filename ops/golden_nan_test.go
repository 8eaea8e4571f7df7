package ops_test

import (
	"math"
	"testing"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A NaN must not become a number on its way through a network: that would hide
// where training broke.
func TestActivationsKeepNaN(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", 1)
	activations := map[string]*graph.Node{
		"relu":        ops.ReLU(x),
		"leakyrelu":   ops.LeakyReLU(x, 0.1),
		"prelu":       ops.PReLU(x, graph.Scalar(0.1)),
		"elu":         ops.ELU(x, 1),
		"selu":        ops.SELU(x),
		"celu":        ops.CELU(x, 1),
		"gelu":        ops.GELU(x),
		"gelutanh":    ops.GELUTanh(x),
		"silu":        ops.SiLU(x),
		"mish":        ops.Mish(x),
		"logsigmoid":  ops.LogSigmoid(x),
		"softplus":    ops.Softplus(x),
		"softsign":    ops.Softsign(x),
		"hardtanh":    ops.HardTanh(x, -1, 1),
		"relu6":       ops.ReLU6(x),
		"hardsigmoid": ops.HardSigmoid(x),
		"hardswish":   ops.HardSwish(x),
		"tanhshrink":  ops.TanhShrink(x),
		"softshrink":  ops.SoftShrink(x, 0.5),
		"hardshrink":  ops.HardShrink(x, 0.5),
		"threshold":   ops.Threshold(x, 0.5, 2),
		"softmax":     ops.Softmax(x, 0),
		"logsoftmax":  ops.LogSoftmax(x, 0),
		"clamp":       ops.Clamp(x, graph.Scalar(-1), graph.Scalar(1)),
	}
	nan, err := graph.TensorOf([]float64{math.NaN()}, 1)
	require.NoError(t, err)
	for name, y := range activations {
		program, err := graph.Compile(y)
		require.NoError(t, err, name)
		out, err := program.Eval(t.Context(), x.IsTensor(nan))
		require.NoError(t, err, name)
		assert.True(t, math.IsNaN(out[0].At(0)), "%s of NaN is %v", name, out[0].At(0))
	}
}
