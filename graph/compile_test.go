package graph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestMerge checks that equal ops on equal operands are one step, that
// constants are folded, and that what nothing needs is dropped.
func TestMerge(t *testing.T) {
	x := graph.Input("x", 4)
	a := ops.Exp(ops.Add(x, graph.Scalar(1)))
	b := ops.Exp(ops.Add(x, graph.Scalar(1)))
	assert.Equal(t, 5, compile(t, ops.Mul(a, b)).Len(), "x, 1, add, exp, mul")
	c := ops.Concat(0, x, x, x, a)
	d := ops.Concat(0, x, x, x, b)
	e := ops.Concat(0, x, x, a, x)
	assert.Equal(t, 6, compile(t, ops.Sub(c, d)).Len(), "lists of operands merge")
	assert.Equal(t, 7, compile(t, ops.Sub(c, e)).Len(), "their order matters")
	sum := ops.Mul(x, ops.Add(graph.Scalar(2), ops.Sqrt(graph.Scalar(9))))
	p := compile(t, sum)
	assert.Equal(t, 3, p.Len(), "x, 5, mul:\n%s", p.Listing())
	out, err := p.Run(x.Is(vector(1, 2, 3, 4)))
	require.NoError(t, err)
	assert.Equal(t, []float32{5, 10, 15, 20}, out[0].Float32s())
	assert.Equal(t, 1, compile(t, ops.Transpose(ops.Transpose(graph.Input("m", 2, 3)))).Len())
	assert.Equal(t, 1, compile(t, ops.Mul(ops.Add(x, graph.Zeros(x.Type())), graph.Scalar(1))).Len())
}

func TestDeepChain(t *testing.T) {
	x := graph.Input("x")
	y := x
	for range 200_000 {
		y = ops.Neg(ops.Tanh(y))
	}
	p := compile(t, y)
	assert.Equal(t, 400_001, p.Len())
}

func TestInTraining(t *testing.T) {
	x := graph.Input("x", 2)
	steps := &graph.Param{Label: "steps", Type: graph.Type{DType: graph.Int64}, Value: tensor.New(tensor.FromScalar(int64(0)))}
	noisy := ops.After(ops.Scale(x, 10), graph.Assign(steps, ops.Add(steps.Node(), graph.Scalar(1))))
	y := ops.InTraining(noisy, x)
	infer := compile(t, y)
	train, err := graph.CompileTraining([]*graph.Node{y})
	require.NoError(t, err)
	assert.Equal(t, 1, infer.Len(), "nothing of training is left")
	for want, p := range map[float32]*graph.Program{1: infer, 10: train} {
		out, err := p.Run(x.Is(vector(1, 1)))
		require.NoError(t, err)
		assert.Equal(t, []float32{want, want}, out[0].Float32s())
	}
	assert.Equal(t, int64(1), steps.Value.Data())
}

// TestLengthOfUnusedInput computes a value that only needs the batch size of an
// input.
func TestLengthOfUnusedInput(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 2)
	p := compile(t, ops.Sum(ops.Mul(x, graph.Zeros(x.Type())), 1))
	out, err := p.Run(x.Is(matrix(3, 2, 1, 2, 3, 4, 5, 6)))
	require.NoError(t, err)
	assert.Equal(t, []float32{0, 0, 0}, out[0].Float32s())
	assert.Equal(t, 1, compile(t, ops.Mul(graph.Input("y", 2), graph.Zeros(graph.Type{Shape: graph.Of(2)}))).Len())
}
