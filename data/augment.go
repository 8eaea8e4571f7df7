package data

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"
)

// Augment changes images a little at random, so that a network sees other ones
// at each epoch. The zero value changes nothing. What happens to a row depends
// on the seed and the row's number alone, so it is the same in any number of
// goroutines and after an epoch was broken off. Shuffling, as train's Fit does at
// each epoch, gives rows other numbers, hence other changes; where rows stay in
// order, give each epoch a seed of its own. Images are float32 or float64, [n h w], [n c h w] or, with ChannelsLast,
// [n h w c]. What comes from beyond the border is 0.
type Augment struct {
	Flip         bool    // mirrors left and right, every second time
	FlipVertical bool    // mirrors top and bottom, every second time
	Shift        int     // moves by at most this many pixels along each axis
	Rotate       float64 // turns by at most this many degrees to either side
	Zoom         float64 // scales by a factor from 1-Zoom to 1+Zoom
	Cutout       int     // sets a square of this many pixels a side to 0 (DeVries and Taylor 2017, arXiv:1708.04552)
	Crop         int     // cuts a square of this many pixels a side out, anywhere; 0 keeps the size
	ChannelsLast bool
	Seed         uint64
}

// Transform returns the changes as a step of [Map] for a column of images.
func (a Augment) Transform(column int) Transform {
	return Columns(a.apply, column)
}

// Apply returns new images made from those of t, the first of which has the
// given number. It fails where t does not hold floats or has another rank, where
// Crop or Cutout is larger than the images, and where one of them or Shift is
// negative.
func (a Augment) Apply(first int, t *tensor.Dense) (*tensor.Dense, error) {
	out, err := a.apply(first, t)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return out, nil
}

func (a Augment) apply(first int, t *tensor.Dense) (*tensor.Dense, error) {
	c, err := columnOf(t)
	if err != nil {
		return nil, fmt.Errorf("augment: %w", err)
	}
	g, err := a.grid(t.Shape())
	if err != nil {
		return nil, err
	}
	switch v := c.(type) {
	case *values[float32]:
		return augmented(a, g, first, v.data), nil
	case *values[float64]:
		return augmented(a, g, first, v.data), nil
	}
	return nil, fmt.Errorf("augment: images of %v: convert them to float32 first", c)
}

// A grid says how images lie in memory.
type grid struct {
	shape                []int // of the result
	h, w, outH, outW     int
	channels             int
	pixel, channel, line int // steps in the images
}

func (a Augment) grid(shape []int) (g grid, err error) {
	g = grid{channels: 1, pixel: 1}
	switch {
	case len(shape) == 3:
		g.h, g.w = shape[1], shape[2]
	case len(shape) == 4 && a.ChannelsLast:
		g.h, g.w, g.channels = shape[1], shape[2], shape[3]
		g.pixel, g.channel = g.channels, 1
	case len(shape) == 4:
		g.channels, g.h, g.w = shape[1], shape[2], shape[3]
		g.channel = g.h * g.w
	default:
		return g, fmt.Errorf("augment: images %v: they must be [n h w], [n c h w] or [n h w c]", shape)
	}
	g.line = g.w * g.pixel
	g.outH, g.outW = g.h, g.w
	switch side := min(g.h, g.w); {
	case a.Crop < 0 || a.Cutout < 0 || a.Shift < 0:
		return g, fmt.Errorf("augment: Crop %d, Cutout %d, Shift %d: give none less than 0", a.Crop, a.Cutout, a.Shift)
	case a.Crop > side || a.Cutout > side:
		return g, fmt.Errorf("augment: Crop %d, Cutout %d: images of %d x %d %v: give at most %d", a.Crop, a.Cutout, g.h, g.w, shape, side)
	}
	if a.Crop > 0 {
		g.outH, g.outW = a.Crop, a.Crop
	}
	g.shape = append([]int{shape[0]}, shape[1:]...)
	for i, axis := 0, len(shape)-2; i < 2; i++ {
		at := axis + i
		if len(shape) == 4 && a.ChannelsLast {
			at = 1 + i
		}
		g.shape[at] = []int{g.outH, g.outW}[i]
	}
	return g, nil
}

func augmented[T float32 | float64](a Augment, g grid, first int, in []T) *tensor.Dense {
	n := g.shape[0]
	size, outSize := len(in)/n, g.outH*g.outW*g.channels
	out := make([]T, n*outSize)
	to := g
	to.line, to.h, to.w = g.outW*g.pixel, g.outH, g.outW
	if g.channel > 1 {
		to.channel = g.outH * g.outW
	}
	for i := range n {
		r := rand.New(rand.NewPCG(a.Seed, uint64(first+i)))
		m := a.motion(g, r)
		from, into := in[i*size:(i+1)*size], out[i*outSize:(i+1)*outSize]
		for y := range g.outH {
			for x := range g.outW {
				sample(m, g, to, from, into, y, x)
			}
		}
		if a.Cutout > 0 {
			top, left := r.IntN(g.outH-min(a.Cutout, g.outH)+1), r.IntN(g.outW-min(a.Cutout, g.outW)+1)
			for y := top; y < min(top+a.Cutout, g.outH); y++ {
				for x := left; x < min(left+a.Cutout, g.outW); x++ {
					for c := range g.channels {
						into[y*to.line+x*to.pixel+c*to.channel] = 0
					}
				}
			}
		}
	}
	return tensor.New(tensor.WithShape(g.shape...), tensor.WithBacking(out))
}

// A motion says which point of an image a pixel of the result shows: y and x are
// sums of products with the pixel's place.
type motion struct {
	yy, yx, y0 float64
	xy, xx, x0 float64
}

func (a Augment) motion(g grid, r *rand.Rand) motion {
	angle := (2*r.Float64() - 1) * a.Rotate * math.Pi / 180
	scale := 1 / (1 + (2*r.Float64()-1)*a.Zoom)
	down, right := r.IntN(2*a.Shift+1)-a.Shift, r.IntN(2*a.Shift+1)-a.Shift
	mirror, upside := r.IntN(2) == 1 && a.Flip, r.IntN(2) == 1 && a.FlipVertical
	top, left := 0, 0
	if a.Crop > 0 {
		top, left = r.IntN(g.h-g.outH+1), r.IntN(g.w-g.outW+1)
	}
	sin, cos := math.Sincos(angle)
	m := motion{yy: cos * scale, yx: sin * scale, xy: -sin * scale, xx: cos * scale}
	if upside {
		m.yy, m.xy = -m.yy, -m.xy
	}
	if mirror {
		m.yx, m.xx = -m.yx, -m.xx
	}
	cy, cx := float64(g.h-1)/2, float64(g.w-1)/2 // what turning leaves in place
	oy, ox := float64(top)-cy, float64(left)-cx
	m.y0 = cy + m.yy*oy + m.yx*ox - float64(down)
	m.x0 = cx + m.xy*oy + m.xx*ox - float64(right)
	return m
}

// sample puts what the motion shows at a pixel of the result there: a mean of the
// four pixels around that point.
func sample[T float32 | float64](m motion, g, to grid, from, into []T, y, x int) {
	sy := m.yy*float64(y) + m.yx*float64(x) + m.y0
	sx := m.xy*float64(y) + m.xx*float64(x) + m.x0
	top, left := math.Floor(sy+1e-9), math.Floor(sx+1e-9) // a whole motion stays whole
	fy, fx := max(sy-top, 0), max(sx-left, 0)
	for c := range g.channels {
		sum := 0.0
		for i, wy := range [2]float64{1 - fy, fy} {
			for j, wx := range [2]float64{1 - fx, fx} {
				row, col := int(top)+i, int(left)+j
				if w := wy * wx; w != 0 && row >= 0 && row < g.h && col >= 0 && col < g.w {
					sum += w * float64(from[row*g.line+col*g.pixel+c*g.channel])
				}
			}
		}
		into[y*to.line+x*to.pixel+c*to.channel] = T(sum)
	}
}

// Mixup returns a transform that mixes each row of the listed columns of floats
// with another row of its batch, by a share that it draws from Beta(alpha, alpha)
// for the batch: images and their one-hot labels alike (Zhang et al. 2018,
// arXiv:1710.09412). It fails on columns that do not hold floats.
func Mixup(alpha float64, seed uint64, columns ...int) Transform {
	return func(first int, b Batch) (Batch, error) {
		if !(alpha > 0) {
			return nil, fmt.Errorf("data: mixup: alpha %v must be more than 0", alpha)
		}
		r := rand.New(rand.NewPCG(seed, uint64(first)))
		share := beta(r, alpha)
		other := r.Perm(rowsOf(b))
		return Columns(func(_ int, t *tensor.Dense) (*tensor.Dense, error) {
			x, err := floats(t)
			if err != nil {
				return nil, err
			}
			width := len(x) / len(other)
			mix := func(v float64, i int) float64 {
				return share*v + (1-share)*x[other[i/width]*width+i%width]
			}
			if t.Dtype() == tensor.Float32 {
				return mapFloats[float32](t, x, mix), nil
			}
			return mapFloats[float64](t, x, mix), nil
		}, columns...)(first, b)
	}
}

// beta draws from Beta(a, a) by Jöhnk's method (1964) for a <= 1, and from two
// gamma variates by Marsaglia and Tsang (2000) above.
func beta(r *rand.Rand, a float64) float64 {
	if a <= 1 {
		for {
			u, v := math.Pow(r.Float64(), 1/a), math.Pow(r.Float64(), 1/a)
			if s := u + v; s <= 1 && s > 0 {
				return u / s
			}
		}
	}
	x, y := gamma(r, a), gamma(r, a)
	return x / (x + y)
}

func gamma(r *rand.Rand, a float64) float64 {
	d := a - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		z := r.NormFloat64()
		v := 1 + c*z
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < z*z/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
