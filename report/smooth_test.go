package report

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSmooth(t *testing.T) {
	assert.Empty(t, Smooth(nil, 5))
	assert.Equal(t, []float64{1, 5, 2}, Smooth([]float64{1, 5, 2}, 1), "over one value: the value")
	assert.InDeltaSlice(t, []float64{4, 4, 4, 4}, Smooth([]float64{4, 4, 4, 4}, 10), 1e-12, "no pull of a start at 0")
	got := Smooth([]float64{math.NaN(), 2, math.NaN(), 4}, 2)
	assert.True(t, math.IsNaN(got[0]))
	assert.Equal(t, []float64{2, 2, (0.5*2 + 4) / 1.5}, got[1:])
}

func TestTraceIsShort(t *testing.T) {
	var c trace
	const n = 100_000
	for i := range n {
		c.add(float64(i), 2*float64(i))
	}
	assert.Less(t, len(c.x), longest)
	assert.Greater(t, len(c.x), longest/2-1)
	for i := range c.x {
		assert.InDelta(t, 2*c.x[i], c.y[i], 1e-6)
		if i > 0 {
			assert.InDelta(t, c.x[1]-c.x[0], c.x[i]-c.x[i-1], 1e-6, "evenly spaced")
		}
	}
}

func TestSteep(t *testing.T) {
	assert.True(t, steep([]float64{0.1, 10}))
	assert.False(t, steep([]float64{1, 10}))
	assert.False(t, steep([]float64{0, 10}), "a logarithm needs positive values")
}
