package data_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/data"
)

// TestWines asks the data for what their comment says of them.
func TestWines(t *testing.T) {
	const n, seed = 6000, 1
	rows, names := data.Wines(n, seed)
	assert.Equal(t, []string{"alcohol", "proline", "colour", "hue", "acid", "phenols", "ash", "sugar"}, names)
	x, maker := rows.Column(0).Float32s(), rows.Column(1).Int64s()
	count, mean := [3]int{}, [3][8]float64{}
	hue := 0.0
	for i, k := range maker {
		count[k]++
		for j := range names {
			mean[k][j] += float64(x[8*i+j])
		}
		hue += float64(x[8*i+2]) * float64(x[8*i+3]) / n
	}
	for k := range mean {
		assert.Greater(t, count[k], n/5, "wines of maker %d, seed %d", k, seed)
		for j := range names {
			mean[k][j] /= float64(count[k])
		}
		for _, j := range []int{4, 5, 6, 7} { // acid and phenols say something together only
			assert.InDelta(t, 0, mean[k][j], 0.1, "%s of maker %d, seed %d", names[j], k, seed)
		}
	}
	assert.Greater(t, mean[0][0], 0.3, "alcohol speaks for the first")
	assert.Greater(t, mean[0][1], 0.2, "and so does proline")
	assert.Less(t, mean[1][2], -0.4, "a light colour speaks for the second")
	assert.InDelta(t, -0.8, hue, 0.05, "hue follows the colour")
	again, _ := data.Wines(10, seed)
	assert.Equal(t, x[:80], again.Column(0).Float32s(), "a longer table begins with the shorter one")
	none, _ := data.Wines(0, seed)
	assert.Equal(t, 0, none.Len())
}
