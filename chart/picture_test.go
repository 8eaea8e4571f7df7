package chart_test

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/chart"
)

func TestGray(t *testing.T) {
	m := chart.Gray([]float32{-1, 0, 1, float32(math.NaN()), 1}, 2, 2)
	assert.Equal(t, image.Rect(0, 0, 2, 2), m.Bounds())
	var got []uint8
	for i := range 4 {
		got = append(got, m.At(i%2, i/2).(color.Gray).Y)
	}
	assert.Equal(t, []uint8{0, 128, 255, 0}, got)
	assert.True(t, chart.Gray(nil, 0, -1).Bounds().Empty())
	assert.Equal(t, color.Gray{}, chart.Gray([]float32{5}, 2, 2).At(1, 1), "values that are missing are black")
}

func TestGrid(t *testing.T) {
	black, white := chart.Gray([]float32{1, 1}, 1, 2), color.NRGBA{255, 255, 255, 255}
	m := chart.Grid([]image.Image{black, nil, black}, 2, 3)
	assert.Equal(t, image.Rect(0, 0, 2*(6+2)+2, 2*(3+2)+2), m.Bounds())
	assert.Equal(t, color.NRGBA{0, 0, 0, 255}, m.At(2, 2))
	assert.Equal(t, color.NRGBA{0, 0, 0, 255}, m.At(7, 4), "a pixel is a square of 3")
	assert.Equal(t, white, m.At(10, 2), "a nil tile leaves its place free")
	assert.Equal(t, color.NRGBA{0, 0, 0, 255}, m.At(2, 7))
	assert.NotPanics(t, func() { chart.Grid(nil, 0, 0) })
}
