package chart

import (
	"image"
	"math"
)

// Signed returns values of a picture, row by row, in the colours of [Heat] for
// numbers of both signs: white is 0, and the largest absolute value has the full
// colour of its sign. Values that are missing or no finite number are grey, and
// surplus ones are left out.
func Signed(values []float32, height, width int) image.Image {
	height, width = max(height, 0), max(width, 0)
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	top := 0.0
	for _, v := range values {
		if f := float64(v); number(f) {
			top = max(top, math.Abs(f))
		}
	}
	colours := scale{-top, top}
	for i := range height * width {
		v := math.NaN()
		if i < len(values) {
			v = float64(values[i])
		}
		m.SetNRGBA(i%width, i/width, colours.of(v))
	}
	return m
}
