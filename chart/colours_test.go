package chart

import (
	"image/color"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestColoursDiffer compares colours as people see them, those included who lack the
// red or the green cones (matrices of Machado, Oliveira and Fernandes 2009), by the
// distance in CIELAB (1976), where 2.3 is just noticeable.
func TestColoursDiffer(t *testing.T) {
	for who, m := range map[string][3][3]float64{
		"all cones": {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		"no red":    {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
		"no green":  {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	} {
		for i, a := range colours {
			for _, b := range colours[:i] {
				p, q := lab(a, m), lab(b, m)
				d := math.Hypot(math.Hypot(p[0]-q[0], p[1]-q[1]), p[2]-q[2])
				assert.Greater(t, d, 10.0, "%s: %v and %v", who, a, b)
			}
		}
	}
	for _, c := range colours {
		assert.Less(t, lab(c, [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}})[0], 75.0, "%v is too light for white paper", c)
	}
}

// lab returns a colour in CIELAB, seen through a matrix of linear light.
func lab(c color.NRGBA, m [3][3]float64) [3]float64 {
	light := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	rgb := [3]float64{light(c.R), light(c.G), light(c.B)}
	var seen, xyz [3]float64
	for i := range 3 {
		for j := range 3 {
			seen[i] += m[i][j] * rgb[j]
		}
		seen[i] = min(max(seen[i], 0), 1)
	}
	for i, row := range [3][3]float64{{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}} {
		for j := range 3 {
			xyz[i] += row[j] * seen[j]
		}
	}
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	x, y, z := f(xyz[0]/0.9505), f(xyz[1]), f(xyz[2]/1.089)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}
