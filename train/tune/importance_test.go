package tune

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// study of n random points of a function.
func sampled(t *testing.T, n, axes int, f func(x []float64) float64) *Result {
	space, of := objective(axes, f)
	r, err := (&Study{Space: space, Objective: of, Trials: n, Sampler: Halton{}}).Run(t.Context())
	require.NoError(t, err)
	return r
}

// TestImportance compares with the shares of functions that can be integrated by
// hand.
func TestImportance(t *testing.T) {
	// 3a + b + 0c: variances 9/12 and 1/12
	share, err := sampled(t, 300, 3, func(x []float64) float64 { return 3*x[0] + x[1] }).Importance()
	require.NoError(t, err)
	assert.InDelta(t, 0.9, share[0], 0.05)
	assert.InDelta(t, 0.1, share[1], 0.05)
	assert.InDelta(t, 0, share[2], 0.02)

	// Ishigami: 0.3139, 0.4424, 0; a forest comes near only slowly
	share, err = sampled(t, 1200, 3, func(x []float64) float64 {
		var s [3]float64
		for i := range s {
			s[i] = math.Pi * (2*x[i] - 1)
		}
		return math.Sin(s[0]) + 7*math.Pow(math.Sin(s[1]), 2) + 0.1*math.Pow(s[2], 4)*math.Sin(s[0])
	}).Importance()
	require.NoError(t, err)
	t.Logf("ishigami %.3f", share)
	assert.InDelta(t, 0.3139, share[0], 0.1)
	assert.InDelta(t, 0.4424, share[1], 0.1)
	assert.InDelta(t, 0, share[2], 0.05)

	// (a-½)(b-½): all of it is due to both together
	share, err = sampled(t, 300, 2, func(x []float64) float64 { return (x[0] - 0.5) * (x[1] - 0.5) }).Importance()
	require.NoError(t, err)
	assert.Less(t, share[0]+share[1], 0.2)

	share, err = sampled(t, 20, 2, func([]float64) float64 { return 5 }).Importance()
	require.NoError(t, err)
	assert.Equal(t, []float64{0, 0}, share)
	_, err = sampled(t, 7, 2, bowl).Importance()
	assert.EqualError(t, err, "tune: 7 trials have a value: importances need at least 8")
}

func TestPictures(t *testing.T) {
	r := &Result{Space: Space{Choice("c", "x", "y"), Float("f", 0, 2).When("c", "y")}, Trials: []Trial{
		{State: Done, Values: Values{"c": "y", "f": 1.0}, Value: 5},
		{State: Failed, Values: Values{"c": "x"}},
		{State: Pruned, Values: Values{"c": "x"}, Value: 1},
		{State: Done, Values: Values{"c": "x"}, Value: 6},
		{State: Done, Values: Values{"c": "x"}, Value: 4},
	}}
	rows := r.Coordinates()
	require.Len(t, rows, 4)
	assert.Equal(t, []float64{0.75, 0.5, 5}, rows[0])
	assert.Equal(t, 0.25, rows[2][0])
	assert.True(t, math.IsNaN(rows[2][1]))
	assert.Equal(t, 6.0, rows[2][2])
	assert.Equal(t, []float64{5, 5, 4}, r.BestSoFar())
	r.Largest = true
	assert.Equal(t, []float64{5, 6, 6}, r.BestSoFar())
}
