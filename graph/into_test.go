package graph_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestRunIntoContext(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"))
	p, err := graph.Compile(ops.Sum(x), ops.Scale(x, 2))
	require.NoError(t, err)
	assert.Equal(t, []graph.Type{{}, x.Type()}, p.Outputs())
	v, sum := tensor.New(tensor.WithBacking([]float32{1, 2})), tensor.New(tensor.FromScalar(float32(0)))
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, p.RunIntoContext(ctx, []*tensor.Dense{sum, nil}, x.Is(v)))
	assert.Equal(t, float32(3), sum.Data())
	cancel()
	assert.ErrorIs(t, p.RunIntoContext(ctx, []*tensor.Dense{sum, nil}, x.Is(v)), context.Canceled)
}
