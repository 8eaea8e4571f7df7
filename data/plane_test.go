package data_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

// TestPlane checks each set against what its doc comment says of it.
func TestPlane(t *testing.T) {
	inside := map[string]func(x, y float64) bool{ // of class 1
		"circle": func(x, y float64) bool { return math.Hypot(x, y) < 3 },
		"xor":    func(x, y float64) bool { return x*y > 0 },
		"gauss":  func(x, y float64) bool { return x+y > 0 },
		"moons":  func(x, y float64) bool { return math.Abs(math.Hypot(x-1.5, y-0.75)-3) < 1e-5 },
		"spiral": func(x, y float64) bool { // the angle says the radius, up to whole turns
			turns := math.Atan2(x, y)/(2*math.Pi) - 0.5
			rest := math.Hypot(x, y)/5*1.75 - turns
			return math.Abs(rest-math.Round(rest)) < 1e-4
		},
	}
	require.Equal(t, []string{"circle", "gauss", "moons", "spiral", "xor"}, data.Planes())
	for _, name := range data.Planes() {
		a, err := data.Plane(name, 401, 0, 3)
		require.NoError(t, err)
		assert.Equal(t, 401, a.Len())
		points, labels := a.Column(0).Float32s(), a.Column(1).Float32s()
		assert.Equal(t, []int{401, 1}, []int(a.Column(1).Shape()))
		right := 0
		for i, label := range labels {
			x, y := float64(points[2*i]), float64(points[2*i+1])
			assert.LessOrEqual(t, math.Max(math.Abs(x), math.Abs(y)), 6.0, "%s: point %d", name, i)
			assert.Equal(t, float32(i%2), label)
			if inside[name](x, y) == (label == 1) {
				right++
			}
		}
		// the tips of the moons meet the other's circle nowhere; clouds overlap a little
		assert.GreaterOrEqual(t, right, 395, name)

		noisy, err := data.Plane(name, 4000, 0.7, 4)
		require.NoError(t, err)
		clean, err := data.Plane(name, 4000, 0, 4)
		require.NoError(t, err)
		if name == "spiral" { // which draws the noise alone, so both can be compared
			sum := 0.0
			for i, v := range noisy.Column(0).Float32s() {
				sum += math.Pow(float64(v-clean.Column(0).Float32s()[i]), 2)
			}
			assert.InDelta(t, 0.7, math.Sqrt(sum/8000), 0.02)
		}
		again, err := data.Plane(name, 4000, 0.7, 4)
		require.NoError(t, err)
		assert.Equal(t, noisy.Column(0).Data(), again.Column(0).Data(), "the same seed")
	}
}

func TestPlaneMistakes(t *testing.T) {
	for _, c := range []struct {
		name  string
		n     int
		noise float64
		want  string
	}{
		{"torus", 9, 0, `data: no points are called "torus": want one of circle, gauss, moons, spiral, xor`},
		{"xor", 1, 0, "data: 1 points: want at least 2, one of each class"},
		{"xor", 9, -1, "data: a noise of -1: want a standard deviation of at least 0"},
		{"xor", 9, math.NaN(), "data: a noise of NaN: want a standard deviation of at least 0"},
	} {
		_, err := data.Plane(c.name, c.n, c.noise, 1)
		assert.EqualError(t, err, c.want)
	}
}
