package chart_test

import (
	"image/color"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/chart"
)

func TestSigned(t *testing.T) {
	m := chart.Signed([]float32{0, 1, -2, 2, float32(math.NaN())}, 2, 3)
	assert.Equal(t, 3, m.Bounds().Dx())
	assert.Equal(t, 2, m.Bounds().Dy())
	at := func(x, y int) color.NRGBA { return m.At(x, y).(color.NRGBA) }
	assert.Equal(t, color.NRGBA{255, 255, 255, 255}, at(0, 0), "0 is white")
	assert.NotEqual(t, at(2, 0), at(0, 1), "the signs differ")
	for _, c := range []color.NRGBA{at(2, 0), at(0, 1)} {
		assert.Less(t, int(c.R)+int(c.G)+int(c.B), int(at(1, 0).R)+int(at(1, 0).G)+int(at(1, 0).B), "the largest is the darkest")
	}
	assert.Equal(t, at(1, 1), at(2, 1), "NaN and what is missing are alike")
	assert.Equal(t, at(1, 1).R, at(1, 1).B, "and grey")
	assert.Equal(t, 0, chart.Signed(nil, -1, 5).Bounds().Dy())
	assert.Equal(t, color.NRGBA{255, 255, 255, 255}, chart.Signed([]float32{0}, 1, 1).At(0, 0), "all zeros are white")
}
