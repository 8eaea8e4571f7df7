package data

import "math"

// A point lies in skeleton units: a digit is two high, y from -1 (top) to 1.
type point struct{ x, y float64 }

// A stroke is the path of a pen between putting it down and lifting it.
type stroke []point

// A shape is one way to write a digit.
type shape []stroke

// step is the longest distance between points of a stroke; bends show between.
const step = 0.22

// line returns the stroke through the points x0, y0, x1, y1, ...
func line(xy ...float64) stroke {
	s := stroke{{xy[0], xy[1]}}
	for i := 2; i < len(xy); i += 2 {
		s = s.to(xy[i], xy[i+1])
	}
	return s
}

// arc returns the stroke along an ellipse around (cx, cy) with radii rx and ry,
// between two angles in degrees: 0 is right, 90 is down, 270 is up.
func arc(cx, cy, rx, ry, from, to float64) stroke {
	return stroke{}.arc(cx, cy, rx, ry, from, to)
}

// to goes on in a straight line.
func (s stroke) to(x, y float64) stroke {
	from := s[len(s)-1]
	n := math.Ceil(math.Hypot(x-from.x, y-from.y) / step)
	for i := 1.0; i <= n; i++ {
		s = append(s, point{from.x + (x-from.x)*i/n, from.y + (y-from.y)*i/n})
	}
	return s
}

// arc goes on along an ellipse, after a straight line to its beginning.
func (s stroke) arc(cx, cy, rx, ry, from, to float64) stroke {
	n := math.Ceil(math.Abs(to-from) / 180 * math.Pi * max(rx, ry) / step)
	for i := 0.0; i <= n; i++ {
		sin, cos := math.Sincos((from + (to-from)*i/n) / 180 * math.Pi)
		x, y := cx+rx*cos, cy+ry*sin
		if i == 0 && len(s) > 0 {
			s = s.to(x, y)
		} else {
			s = append(s, point{x, y})
		}
	}
	return s
}

// skeletons holds for each digit the shapes in which people write it.
var skeletons = [10][]shape{
	0: {
		{arc(0, 0, 0.6, 1, -95, 268)},
		{arc(0, 0, 0.48, 1, -60, 310)},
		{arc(0, 0, 0.7, 0.9, -110, 235)},
	},
	1: {
		{line(0, -1, 0, 1)},
		{line(-0.35, -0.6, 0.05, -1, 0.05, 1)},
		{line(-0.35, -0.6, 0.05, -1, 0.05, 1), line(-0.4, 1, 0.45, 1)},
	},
	2: {
		{arc(0, -0.5, 0.55, 0.5, 190, 390).to(-0.6, 1).to(0.65, 1)},
		{arc(0, -0.45, 0.5, 0.55, 200, 400).to(-0.35, 0.7).arc(-0.4, 0.82, 0.2, 0.17, 30, -270).to(0.1, 0.8).to(0.7, 1)},
		{arc(-0.05, -0.4, 0.55, 0.6, 230, 395).arc(0.1, 1, 0.65, 0.75, 240, 180).to(0.6, 0.97)},
	},
	3: {
		{arc(-0.05, -0.5, 0.5, 0.48, 200, 440).arc(-0.05, 0.48, 0.6, 0.52, 275, 510)},
		{line(-0.5, -1, 0.45, -1, -0.05, -0.2).arc(-0.05, 0.4, 0.55, 0.6, 275, 510)},
		{arc(-0.1, -0.5, 0.6, 0.48, 215, 425).to(-0.2, 0).arc(-0.1, 0.5, 0.65, 0.5, 285, 500)},
	},
	4: {
		{line(-0.35, -1, -0.5, 0.2, 0.6, 0.2), line(0.3, -0.6, 0.25, 1)},
		{line(0.6, 0.35, -0.6, 0.35, 0.25, -1, 0.25, 1)},
		{arc(0, -0.6, 0.5, 0.75, 200, 90).to(0.45, 0.1), line(0.42, -0.95, 0.35, 1)},
	},
	5: {
		{line(0.5, -1, -0.4, -1, -0.48, -0.1).arc(-0.05, 0.4, 0.6, 0.6, 235, 510)},
		{line(-0.4, -0.95, -0.42, -0.15).arc(-0.1, 0.42, 0.55, 0.58, 250, 495), line(-0.4, -0.97, 0.55, -1.03)},
		{line(0.45, -0.95, -0.2, -0.98).to(-0.4, -0.2).to(0, -0.2).arc(0, 0.4, 0.5, 0.6, 280, 480)},
	},
	6: {
		{arc(0.35, 0.3, 0.85, 1.3, 268, 185).arc(0, 0.45, 0.5, 0.53, 200, -160)},
		{line(0.2, -1, -0.3, -0.1).arc(0, 0.48, 0.48, 0.5, 215, -150)},
		{arc(0.3, 0.2, 0.8, 1.15, 290, 170).arc(0.02, 0.55, 0.5, 0.42, 170, -140)},
	},
	7: {
		{line(-0.55, -1, 0.55, -1, -0.15, 1)},
		{line(-0.55, -0.95, 0.55, -1, -0.1, 1), line(-0.3, 0.05, 0.45, 0)},
		{line(-0.5, -0.7, -0.5, -1, 0.5, -0.95).arc(0.75, 1, 0.7, 1.5, 245, 180)},
	},
	8: {
		{arc(0, -0.5, 0.42, 0.48, 90, 450), arc(0, 0.48, 0.55, 0.52, 270, 630)},
		{arc(0, -0.5, 0.48, 0.48, -30, -250).arc(0, 0.47, 0.52, 0.53, -70, 205).to(0.45, -0.7)},
		{arc(0, -0.52, 0.5, 0.45, -50, -245).arc(0, 0.45, 0.45, 0.55, -65, 245).arc(0, -0.52, 0.5, 0.45, 65, -40)},
	},
	9: {
		{arc(0, -0.45, 0.5, 0.53, 0, -360).to(0.38, 1)},
		{arc(0, -0.45, 0.5, 0.53, -20, -375).arc(-0.35, -0.3, 0.85, 1.3, 5, 85)},
		{arc(-0.02, -0.5, 0.48, 0.46, -45, -330).to(0.5, -0.9).to(0.45, 0.2).arc(0, 0.45, 0.47, 0.55, 0, 130)},
	},
}
