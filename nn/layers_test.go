package nn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// The gradient of a training step's batch norm flows through the statistics: it is
// compared with differences of the definition.
func TestBatchNormGradient(t *testing.T) {
	const b, c = 4, 3
	in := &graph.Param{Label: "in", Type: graph.Type{DType: graph.Float64, Shape: graph.Of(b, c)}}
	layer := &nn.BatchNorm{Epsilon: 0.1}
	y := layer.Apply(in.Node())
	require.NoError(t, y.Err())
	nn.Init([]any{in, layer}, 1)
	x, weight := numbers(b*c, 7), numbers(b*c, 8)
	set(t, in, x...)
	set(t, layer.Gain, 1, 2, -0.5)
	loss := ops.Sum(ops.Mul(y, graph.ConstOf(weight, b, c)))
	step, err := optim.Minimize(loss, []*graph.Param{in, layer.Gain, layer.Bias}, func(p, g *graph.Node, _ *optim.State) *graph.Node { return g })
	require.NoError(t, err)
	out := run(t, step)
	f := func(x []float64) (sum float64) {
		for i, v := range normalized(x, func(i int) int { return i % c }, 0.1) {
			sum += v * []float64{1, 2, -0.5}[i%c] * weight[i]
		}
		return sum
	}
	assert.InDelta(t, f(x), out[0][0], 1e-12)
	for i, got := range value(t, in) {
		const h = 1e-5
		up, down := append([]float64(nil), x...), append([]float64(nil), x...)
		up[i] += h
		down[i] -= h
		assert.InDelta(t, (f(up)-f(down))/(2*h), got, 1e-8)
	}
	plain := normalized(x, func(i int) int { return i % c }, 0.1)
	gain, bias := make([]float64, c), make([]float64, c)
	for i, v := range plain {
		gain[i%c] += v * weight[i]
		bias[i%c] += weight[i]
	}
	assert.InDeltaSlice(t, gain, value(t, layer.Gain), 1e-12)
	assert.InDeltaSlice(t, bias, value(t, layer.Bias), 1e-12)

	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { // with running statistics
		layer := &nn.BatchNorm{}
		y := layer.Apply(x[0])
		nn.Init(layer, 1)
		return y
	}, gradtest.Of(2, 3, 2))
}

// A batch of one has no variance: the result is the bias, and the running variance
// moves to 0, not to NaN.
func TestBatchNormOfOne(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 2)
	layer := &nn.BatchNorm{Momentum: 1}
	y := layer.Apply(x)
	nn.Init(layer, 1)
	set(t, layer.Bias, 3, 4)
	step, err := optim.Minimize(ops.Sum(y), nn.Params(layer), still, y)
	require.NoError(t, err)
	out := run(t, step, x.IsTensor(of(t, graph.Float32, []float64{7, 8}, 1, 2)))
	assert.Equal(t, []float64{3, 4}, out[1])
	assert.Equal(t, []float64{7, 8}, value(t, layer.Mean))
	assert.Equal(t, []float64{0, 0}, value(t, layer.Variance))
}

// The gradient of an embedding is added up for each id, and there is none for
// padding.
func TestEmbeddingGradient(t *testing.T) {
	ids := graph.ConstOf([]int64{2, 0, 2, 1}, 2, 2)
	for _, tied := range []bool{false, true} {
		gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
			e := &nn.Embedding{Count: 3, Width: 2, Padding: new(1), DType: graph.Float64}
			y := e.Apply(ids)
			if tied {
				y = e.Logits(ops.Tanh(y))
			}
			return graph.Rewrite([]*graph.Node{y}, map[*graph.Node]*graph.Node{e.W.Node(): x[0]})[0]
		}, gradtest.Of(3, 2))
	}
	e := &nn.Embedding{Count: 3, Width: 2, Padding: new(1)}
	loss := ops.Sum(e.Apply(ids))
	nn.Init(e, 1)
	step, err := optim.Minimize(loss, nn.Params(e), func(p, g *graph.Node, _ *optim.State) *graph.Node { return g })
	require.NoError(t, err)
	run(t, step)
	assert.Equal(t, []float64{1, 1, 0, 0, 2, 2}, value(t, e.W))
}

// Rotations keep lengths, products depend on distances alone, and place 0 stays.
func TestRoPE(t *testing.T) {
	for dtype, tolerance := range map[graph.DType]float64{graph.Float32: 1e-4, graph.Float64: 1e-12} {
		x := graph.InputOf(dtype, "x", graph.Sym("batch"), graph.Sym("time"), 4)
		y := nn.RoPE(x, nil, 10)
		row := numbers(4, 9)
		in := append(append(append([]float64(nil), row...), row...), row...)
		got := infer(t, y, x.IsTensor(of(t, dtype, in, 1, 3, 4)))
		product := func(i, j int) (sum float64) {
			for k := range 4 {
				sum += got[4*i+k] * got[4*j+k]
			}
			return sum
		}
		assert.InDeltaSlice(t, row, got[:4], tolerance)
		assert.InDelta(t, product(0, 0), product(2, 2), tolerance)
		assert.InDelta(t, product(0, 1), product(1, 2), tolerance)
		assert.NotEqual(t, got[:4], got[4:8])
		late := nn.RoPE(x, graph.ConstOf([]int64{2}, 1), 10)
		assert.InDeltaSlice(t, got[8:], infer(t, late, x.IsTensor(of(t, dtype, row, 1, 1, 4))), tolerance)
	}
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return nn.RoPE(x[0], nil, 10) }, gradtest.Of(2, 3, 4))
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return ops.Square(nn.SinusoidalPositions(x[0])) }, gradtest.Of(2, 3, 5))
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		p := &nn.Positions{Max: 4}
		y := ops.Square(p.Apply(x[0]))
		return graph.Rewrite([]*graph.Node{y}, map[*graph.Node]*graph.Node{p.W.Node(): x[1]})[0]
	}, gradtest.Of(2, 3, 2), gradtest.Of(4, 2))
	one(t, nn.RoPE(graph.Input("x", 3, 4), nil, 0), "rope: the last axis of x [3 4] must have a known, even length, and base 0 be positive")
}

// Nil layers say so.
func TestNoLayer(t *testing.T) {
	x := graph.Input("x", 2, 3, 4)
	for name, layer := range map[string]nn.Layer{
		"layernorm": (*nn.LayerNorm)(nil), "rmsnorm": (*nn.RMSNorm)(nil), "groupnorm": (*nn.GroupNorm)(nil), "instancenorm": (*nn.InstanceNorm)(nil),
		"embedding": (*nn.Embedding)(nil), "attention": (*nn.MultiHeadAttention)(nil), "transformerblock": (*nn.TransformerBlock)(nil),
	} {
		assert.ErrorContains(t, layer.Apply(x).Err(), name+": the layer is nil: want &nn.")
	}
	for _, layer := range []nn.Layer{&nn.LayerNorm{}, &nn.RMSNorm{}, &nn.GroupNorm{Groups: 1}, &nn.BatchNorm{}, &nn.Embedding{Count: 1, Width: 1},
		&nn.MultiHeadAttention{Heads: 1}, &nn.TransformerBlock{Heads: 1}, &nn.Positions{Max: 9}, nn.LocalResponseNorm{Size: 1},
		&nn.WeightNorm{Layer: &nn.Dense{Out: 1}}, &nn.SpectralNorm{Layer: &nn.Dense{Out: 1}}} {
		one(t, layer.Apply(bad()), whyBad)
		assert.ErrorContains(t, layer.Apply(nil).Err(), "is nil")
	}
}
