package main

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"

	"gorgonia.org/tensor"
)

// side is the height and width of the pictures.
const side = 32

// What a picture may show: one thing of each list.
var (
	colours   = []string{"red", "green", "blue", "yellow", "purple", "cyan"}
	shapes    = []string{"circle", "square", "triangle", "cross", "ring"}
	sizes     = []string{"small", "large"}
	positions = []string{"at the top left", "at the top right", "at the bottom left", "at the bottom right", "in the middle"}
)

// inks are the colours as red, green and blue, and places those of the positions, x and y.
var (
	inks   = [][3]float64{{0.9, 0.2, 0.15}, {0.2, 0.75, 0.25}, {0.2, 0.35, 0.9}, {0.95, 0.85, 0.2}, {0.65, 0.25, 0.8}, {0.2, 0.85, 0.85}}
	places = [][2]float64{{10, 10}, {22, 10}, {10, 22}, {22, 22}, {16, 16}}
)

// A scene is what one picture shows, by places in the lists.
type scene struct{ colour, shape, size, position int }

// caption says it.
func (s scene) caption() string {
	return strings.Join([]string{"a", sizes[s.size], colours[s.colour], shapes[s.shape], positions[s.position]}, " ")
}

// short says what can be told in two words.
func (s scene) short() string { return colours[s.colour] + " " + shapes[s.shape] }

// unseen are the pairs of a colour and a shape, one in ten, that are kept from
// training: what is right about them is not known by heart.
func (s scene) unseen() bool { return s.colour%2 == 0 && s.shape == s.colour }

// allScenes are all that there can be.
func allScenes() (all []scene) {
	for c := range colours {
		for f := range shapes {
			for s := range sizes {
				for p := range positions {
					all = append(all, scene{c, f, s, p})
				}
			}
		}
	}
	return all
}

// familiar draws n of the scenes that may be learned from.
func familiar(n int, rnd *rand.Rand) []scene {
	var may, drawn []scene
	for _, s := range allScenes() {
		if !s.unseen() {
			may = append(may, s)
		}
	}
	for range n {
		drawn = append(drawn, may[rnd.IntN(len(may))])
	}
	return drawn
}

// pictures draws the scenes, each in its own manner, [n 3 side side] from 0 to 1, and
// returns the half widths of the shapes too, in pixels.
func pictures(scenes []scene, rnd *rand.Rand) (images *tensor.Dense, radius []float64) {
	pixels := make([]float32, len(scenes)*3*side*side)
	for i, s := range scenes {
		radius = append(radius, s.draw(pixels[i*3*side*side:(i+1)*3*side*side], rnd))
	}
	return tensor.New(tensor.WithShape(len(scenes), 3, side, side), tensor.WithBacking(pixels)), radius
}

// draw paints the scene into planes of red, green and blue.
func (s scene) draw(planes []float32, rnd *rand.Rand) (radius float64) {
	between := func(lo, hi float64) float64 { return lo + (hi-lo)*rnd.Float64() }
	x0, y0 := places[s.position][0]+between(-1.5, 1.5), places[s.position][1]+between(-1.5, 1.5)
	radius = between(3.5, 4.7)
	if s.size == 1 {
		radius = between(6.8, 8.2)
	}
	sin, cos := math.Sincos(between(-0.25, 0.25))
	light, ground, noise := between(0.75, 1.05), between(0.05, 0.4), between(0, 0.08)
	for y := range side {
		for x := range side {
			// the share of the pixel that is inside, by 9 points in it
			inside := 0.0
			for k := range 9 {
				dx, dy := float64(x)+float64(k%3-1)/3-x0, float64(y)+float64(k/3-1)/3-y0
				if within(s.shape, (cos*dx+sin*dy)/radius, (cos*dy-sin*dx)/radius) {
					inside += 1. / 9
				}
			}
			for c := range 3 {
				v := inside*light*inks[s.colour][c] + (1-inside)*ground + noise*(rnd.Float64()-0.5)*2
				planes[(c*side+y)*side+x] = float32(min(max(v, 0), 1))
			}
		}
	}
	return radius
}

// within says whether a point is in a shape of half width 1.
func within(shape int, x, y float64) bool {
	switch shapes[shape] {
	case "circle":
		return x*x+y*y <= 1
	case "ring":
		return x*x+y*y <= 1 && x*x+y*y >= 0.3
	case "square":
		return max(math.Abs(x), math.Abs(y)) <= 0.88
	case "triangle":
		return y <= 0.85 && y >= -1 && math.Abs(x) <= (y+1)*0.55
	default: // cross
		return max(math.Abs(x), math.Abs(y)) <= 1 && min(math.Abs(x), math.Abs(y)) <= 0.32
	}
}

// tile is picture i of images for a page.
func tile(images *tensor.Dense, i int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	v := images.Float32s()[i*3*side*side:]
	level := func(c, x, y int) uint8 { return uint8(255 * v[(c*side+y)*side+x]) }
	for y := range side {
		for x := range side {
			m.SetRGBA(x, y, color.RGBA{level(0, x, y), level(1, x, y), level(2, x, y), 255})
		}
	}
	return m
}
