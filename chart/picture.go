package chart

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	scaling "golang.org/x/image/draw"
)

// Gray returns values of a picture, row by row, as shades from black, the least of
// them, to white, the greatest. What is no finite number is black; missing values
// are black, and surplus ones are left out.
func Gray(values []float32, height, width int) image.Image {
	height, width = max(height, 0), max(width, 0)
	m := image.NewGray(image.Rect(0, 0, width, height))
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if f := float64(v); number(f) {
			low, high = min(low, f), max(high, f)
		}
	}
	for i, v := range values[:min(len(values), width*height)] {
		if f := float64(v); number(f) && high > low {
			m.Pix[i] = uint8(math.Round(255 * (f - low) / (high - low)))
		}
	}
	return m
}

// Grid lays pictures out in rows of some columns, each pixel as a square of scale
// pixels, on white with gaps between them. A nil tile leaves its place free.
func Grid(tiles []image.Image, columns, scale int) image.Image {
	columns, scale = max(columns, 1), max(scale, 1)
	const gap = 2
	wide, high := 0, 0
	for _, t := range tiles {
		if t != nil {
			wide, high = max(wide, scale*t.Bounds().Dx()), max(high, scale*t.Bounds().Dy())
		}
	}
	columns = max(1, min(columns, len(tiles)))
	rows := (len(tiles) + columns - 1) / columns
	m := image.NewNRGBA(image.Rect(0, 0, columns*(wide+gap)+gap, rows*(high+gap)+gap))
	draw.Draw(m, m.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	for i, t := range tiles {
		if t == nil {
			continue
		}
		at := image.Pt(gap+i%columns*(wide+gap), gap+i/columns*(high+gap))
		to := image.Rectangle{Min: at, Max: at.Add(t.Bounds().Size().Mul(scale))}
		scaling.NearestNeighbor.Scale(m, to, t, t.Bounds(), draw.Over, nil)
	}
	return m
}
