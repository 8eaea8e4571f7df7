package chart

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/plot"
)

func labels(ticks []plot.Tick) (list []string) {
	for _, t := range ticks {
		if t.Label != "" {
			list = append(list, t.Label)
		}
	}
	return list
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		t         plot.Ticker
		low, high float64
		want      []string
	}{
		{linear{n: 6}, 0, 1, []string{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{linear{n: 6}, -3, 12, []string{"0", "5", "10"}},
		{linear{n: 6}, 0.98, 0.995, []string{"0.980", "0.985", "0.990", "0.995"}},
		{linear{n: 3}, 0, 3e6, []string{"0", "1e6", "2e6", "3e6"}},
		{linear{n: 6}, 0, 2e-7, []string{"0", "5e-8", "1e-7", "1.5e-7", "2e-7"}},
		{linear{8, true}, 1, 5, []string{"1", "2", "3", "4", "5"}},
		{linear{8, true}, 0.9, 1.1, []string{"1"}},
		{decades{7}, 0.01, 1000, []string{"0.01", "0.1", "1", "10", "100", "1000"}},
		{decades{7}, 1, 30, []string{"1", "2", "5", "10", "20"}},
		{decades{7}, 1e-12, 1e12, []string{"1e-12", "1e-8", "1e-4", "1", "10000", "1e8", "1e12"}},
	} {
		assert.Equal(t, c.want, labels(c.t.Ticks(c.low, c.high)), "%v from %v to %v", c.t, c.low, c.high)
	}
}

func TestBins(t *testing.T) {
	edges, counts := bins([]float64{0, 0.4, 1, 2.5, 4}, 0, 4, 4, false)
	assert.Equal(t, []float64{0, 1, 2, 3, 4}, edges)
	assert.Equal(t, []int{2, 1, 1, 1}, counts, "an edge belongs to the bin above it, the last one to the last bin")
	edges, counts = bins([]float64{1, 20, 99, 100}, 1, 100, 2, true)
	assert.InDeltaSlice(t, []float64{1, 10, 100}, edges, 1e-9)
	assert.Equal(t, []int{1, 3}, counts)
}

// TestColours: shades grow darker on both sides of zero, which is white.
func TestColours(t *testing.T) {
	s := scale{-2, 2}
	assert.Equal(t, blues[0], s.of(0))
	before := luminance(s.of(0))
	for v := 0.25; v <= 2; v += 0.25 {
		up, down := luminance(s.of(v)), luminance(s.of(-v))
		assert.Less(t, up, before)
		assert.Less(t, down, 1.0)
		before = up
	}
	assert.NotEqual(t, s.of(2), s.of(-2))
}
