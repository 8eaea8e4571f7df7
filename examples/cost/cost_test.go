package main

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPredictions compares what is predicted with what is known by hand, with what
// layers sum up to, and with what a run allocates.
func TestPredictions(t *testing.T) {
	for _, f := range families {
		var costs []*cost
		for _, width := range []int{16, 32} {
			c, err := measure(context.Background(), f, width, 2, 1)
			require.NoError(t, err)
			costs = append(costs, c)
			params, flops, time := 0, 0, 0.0
			for _, l := range c.Layers {
				params, flops, time = params+l.Params, flops+l.Flops, time+l.Seconds
			}
			assert.Equal(t, c.Params, params, f.name)
			// Loops share some work between steps, and fused passes do some twice.
			assert.InEpsilon(t, c.Flops, flops, 0.15, "%s of width %d", f.name, width)
			assert.Positive(t, time)
			assert.Greater(t, c.Heap, c.Bytes/2)
		}
		assert.Greater(t, costs[1].Flops, 2*costs[0].Flops)
		assert.Greater(t, costs[1].Bytes, costs[0].Bytes)
	}
	mlp, err := measure(context.Background(), families[slot("MLP")], 32, 1, 1)
	require.NoError(t, err)
	assert.Equal(t, 784*32+32+2*(32*32+32)+32*10+10, mlp.Params)
	weights := 784*32 + 2*32*32 + 32*10
	products := 2*64*weights + 2*64*weights + 2*64*(weights-784*32) // forward, weights' gradients, and those of what comes in
	assert.InEpsilon(t, products, mlp.Flops, 0.1)
	assert.Equal(t, 784*32+32, mlp.Layers[0].Params)
}

func TestExponent(t *testing.T) {
	x := []float64{1, 2, 4, 8}
	y := make([]float64, len(x))
	for i := range x {
		y[i] = 3 * math.Pow(x[i], 1.5)
	}
	assert.InDelta(t, 1.5, exponent(x, y), 1e-12)
}

func TestLayerOf(t *testing.T) {
	for scope, want := range map[string]string{"": outside, "0": "0", "Blocks.0.Attention.Q": "Blocks.0", "1.Cells.0": "1", "Norm": "Norm"} {
		assert.Equal(t, want, layerOf(scope))
	}
	assert.Equal(t, "1,234,567", grouped(1234567))
	assert.Equal(t, "123", grouped(123))
}
