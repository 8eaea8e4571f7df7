package data

import (
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"
)

// side is the width and the height of a digit's image in pixels.
const side = 28

// Digits returns n synthetic images of handwritten-looking digits. They are
// drawn by this package, not scanned: each is a pen stroke along the skeleton
// of a digit, bent, turned, slanted, scaled, shifted and made noisy at random.
// They take the place of MNIST where no file is at hand; a result on them says
// nothing about MNIST.
//
// The columns are images, float32 [n 28 28] in steps of 1/255 from 0 (paper)
// to 1 (ink), and labels, int64 [n], where label i is i mod 10. Image i depends
// on the seed and on i alone, so a longer data set begins with the shorter
// ones. Take training and test images from one call, or use two seeds. When n
// is below 1 there are no rows. An image takes about 3 kB and 50 µs.
func Digits(n int, seed uint64) *Arrays {
	if n < 1 {
		return &Arrays{}
	}
	pixels, labels := make([]float32, n*side*side), make([]int64, n)
	for i := range n {
		labels[i] = int64(i % 10)
		h := newHand(seed, uint64(i))
		h.write(pixels[i*side*side:(i+1)*side*side], skeletons[i%10])
	}
	images := tensor.New(tensor.WithShape(n, side, side), tensor.WithBacking(pixels))
	a, err := Of(images, tensor.New(tensor.WithShape(n), tensor.WithBacking(labels)))
	if err != nil {
		panic("data: digits: " + err.Error()) // both columns are made above
	}
	return a
}

// A Hand is how a digit of [Digits] was written.
type Hand struct {
	Turn  float64 // by how much the digit is turned, in radians, to the right if positive: at most 0.28
	Slant float64 // how far its top leans to the right, in parts of the height: -0.27 to 0.43
	Pen   float64 // the width of the stroke in pixels: 1.2 to 3.6
}

// Hands returns how the digits of Digits(n, seed) were written, in their order: what
// explains why one is read and another is not.
func Hands(n int, seed uint64) []Hand {
	hands := make([]Hand, max(n, 0))
	for i := range hands {
		hands[i] = newHand(seed, uint64(i)).Hand
	}
	return hands
}

// A hand writes one digit in its own manner.
type hand struct {
	Hand
	r              *rand.Rand
	xx, xy, yx, yy float64 // from the skeleton's units to pixels
	x, y           float64 // where the skeleton's origin lies, in pixels
	bends          [3]bend
	pen            float64 // half the width of the stroke, in pixels
	soft           float64 // width of the stroke's edge, in pixels
	ink            float64 // brightness of the stroke, 0 to 1
	noise          float64 // largest change of a pixel
}

// A bend moves points by a wave across the plane, lengths in skeleton units.
type bend struct{ kx, ky, phase, dx, dy float64 }

// newHand draws a manner of writing. All numbers come from Float64, without
// rejection, so that rounding on another processor cannot shift the sequence.
func newHand(seed, i uint64) *hand {
	h := &hand{r: rand.New(rand.NewPCG(seed, i))}
	turn, slant := 0.28*h.bell(), 0.35*h.bell()+0.08
	wide, high := h.between(6.5, 10.5), h.between(7.4, 10)
	sin, cos := math.Sincos(turn)
	// A slant pushes the top (y < 0) to the right; then turn and scale.
	h.xx, h.xy = wide*cos, high*(-sin-slant*cos)
	h.yx, h.yy = wide*sin, high*(cos-slant*sin)
	h.x, h.y = side/2.0-0.5+1.8*h.bell(), side/2.0-0.5+1.8*h.bell()
	for j := range h.bends {
		k := float64(j + 1)
		h.bends[j] = bend{k * h.bell() * 2, k * h.bell() * 2, h.between(0, 2*math.Pi), 0.26 / k * h.bell(), 0.22 / k * h.bell()}
	}
	h.pen = h.between(0.6, 1.8)
	h.Hand = Hand{Turn: turn, Slant: slant, Pen: 2 * h.pen}
	h.soft = h.between(0.8, 1.6)
	h.ink = h.between(0.55, 1)
	h.noise = 0.25 * h.r.Float64() * h.r.Float64()
	return h
}

// between returns a uniform number from lo to hi.
func (h *hand) between(lo, hi float64) float64 { return lo + (hi-lo)*h.r.Float64() }

// bell returns a number from -1 to 1, most often near 0.
func (h *hand) bell() float64 { return h.r.Float64() + h.r.Float64() - 1 }

// write draws one of the shapes into the image.
func (h *hand) write(image []float32, shapes []shape) {
	var far [side * side]float64 // squared distance to the pen's path
	for i := range far {
		far[i] = math.Inf(1)
	}
	for _, s := range shapes[h.r.IntN(len(shapes))] {
		dx, dy := 0.06*h.bell(), 0.06*h.bell() // strokes do not meet exactly
		var last point
		for i, p := range s {
			p = h.place(point{p.x + dx + 0.035*h.bell(), p.y + dy + 0.035*h.bell()})
			if i > 0 {
				near(&far, last, p, h.pen+h.soft)
			}
			last = p
		}
	}
	for i, d := range far {
		v := 0.0
		if edge := h.pen + h.soft/2 - math.Sqrt(d); edge > 0 {
			v = h.ink * min(edge/h.soft, 1)
		}
		v += h.noise * h.bell()
		image[i] = float32(math.Round(255*min(max(v, 0), 1))) / 255
	}
}

// place takes a point of the skeleton to the image.
func (h *hand) place(p point) point {
	q := p
	for _, b := range h.bends {
		w := math.Sin(b.kx*p.x + b.ky*p.y + b.phase)
		q.x += b.dx * w
		q.y += b.dy * w
	}
	return point{h.x + h.xx*q.x + h.xy*q.y, h.y + h.yx*q.x + h.yy*q.y}
}

// near lowers far to the squared distance from the segment a b in all pixels
// within reach of it.
func near(far *[side * side]float64, a, b point, reach float64) {
	x0, x1 := span(a.x, b.x, reach)
	y0, y1 := span(a.y, b.y, reach)
	ux, uy := b.x-a.x, b.y-a.y
	length2 := ux*ux + uy*uy
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			vx, vy := float64(x)-a.x, float64(y)-a.y
			t := 0.0
			if length2 > 0 {
				t = min(max((vx*ux+vy*uy)/length2, 0), 1)
			}
			vx, vy = vx-t*ux, vy-t*uy
			if d := vx*vx + vy*vy; d < far[y*side+x] {
				far[y*side+x] = d
			}
		}
	}
}

// span returns the pixels between two coordinates, widened by reach.
func span(a, b, reach float64) (lo, hi int) {
	return max(int(math.Floor(min(a, b)-reach)), 0), min(int(math.Ceil(max(a, b)+reach)), side-1)
}
