package data_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
)

// numbered returns images whose pixels are all different.
func numbered(shape ...int) *tensor.Dense {
	x := make([]float32, tensor.Shape(shape).TotalSize())
	for i := range x {
		x[i] = float32(i + 1)
	}
	return dense(x, shape...)
}

func augment(t *testing.T, a data.Augment, first int, x *tensor.Dense) []float32 {
	y, err := a.Apply(first, x)
	require.NoError(t, err)
	return y.Float32s()
}

func TestAugmentNothing(t *testing.T) {
	for _, x := range []*tensor.Dense{numbered(2, 3, 4), numbered(2, 3, 3, 4), numbered(1, 1, 1)} {
		assert.Equal(t, x.Data(), augment(t, data.Augment{Seed: 1}, 0, x))
		assert.Equal(t, x.Data(), augment(t, data.Augment{Seed: 1, ChannelsLast: true}, 0, x))
	}
}

func TestAugmentFlip(t *testing.T) {
	x := numbered(100, 2, 3)
	y := augment(t, data.Augment{Flip: true, Seed: 3}, 0, x)
	flipped := 0
	for i := range 100 {
		was, is := x.Float32s()[6*i:6*i+6], y[6*i:6*i+6]
		if mirrored := []float32{was[2], was[1], was[0], was[5], was[4], was[3]}; slices.Equal(mirrored, is) {
			flipped++
		} else {
			require.Equal(t, was, is)
		}
	}
	assert.Greater(t, flipped, 30)
	assert.Less(t, flipped, 70)
	up := augment(t, data.Augment{FlipVertical: true, Seed: 3}, 0, numbered(50, 2, 1))
	upside := 0
	for i := 0; i < 100; i += 2 {
		if up[i] > up[i+1] {
			upside++
		}
	}
	assert.Greater(t, upside, 10)
	assert.Less(t, upside, 40)
}

func TestAugmentShift(t *testing.T) {
	one := make([]float32, 200*7*7) // a dot in the middle
	for i := range 200 {
		one[49*i+24] = 1
	}
	seen := map[[2]int]int{}
	y := augment(t, data.Augment{Shift: 2, Seed: 1}, 0, dense(one, 200, 7, 7))
	for i := range 200 {
		at := slices.Index(y[49*i:49*i+49], 1)
		require.GreaterOrEqual(t, at, 0)
		seen[[2]int{at/7 - 3, at%7 - 3}]++
	}
	assert.Len(t, seen, 25, "every motion comes: %v", seen)
	for m := range seen {
		assert.True(t, max(m[0], m[1]) <= 2 && min(m[0], m[1]) >= -2)
	}
}

// The pixels of a smooth picture that was turned must be near the turned function.
func TestAugmentRotateAndZoom(t *testing.T) {
	smooth := func(y, x float64) float64 { return math.Cos(y/9) + math.Sin(x/7) }
	const side, n = 31, 20
	img := make([]float64, n*side*side)
	for i := range img {
		img[i] = smooth(float64(i/side%side)-15, float64(i%side)-15)
	}
	a := data.Augment{Rotate: 30, Seed: 5}
	out, err := a.Apply(0, dense(img, n, side, side))
	require.NoError(t, err)
	y := out.Float64s()
	angles := map[int]bool{}
	for i := range n {
		best, at := math.Inf(1), 0
		for degrees := -32; degrees <= 32; degrees++ {
			sin, cos := math.Sincos(float64(degrees) * math.Pi / 180)
			worst := 0.0
			for r := 8; r < 23; r++ {
				for c := 8; c < 23; c++ {
					fy, fx := float64(r-15), float64(c-15)
					worst = max(worst, math.Abs(y[i*side*side+r*side+c]-smooth(cos*fy+sin*fx, cos*fx-sin*fy)))
				}
			}
			if worst < best {
				best, at = worst, degrees
			}
		}
		assert.Less(t, best, 0.02)
		assert.LessOrEqual(t, max(at, -at), 30)
		angles[at] = true
	}
	assert.Greater(t, len(angles), 10)
	z := augment(t, data.Augment{Zoom: 0.5, Seed: 2}, 0, dense(slices.Repeat([]float32{1}, 400), 1, 20, 20))
	assert.InDelta(t, 1, z[10*20+10], 1e-6, "the middle stays")
}

func TestAugmentCropAndCutout(t *testing.T) {
	for _, last := range []bool{false, true} {
		shape, want, at := []int{30, 2, 5, 6}, []int{30, 2, 3, 3}, func(c, y, x int) int { return (c*5+y)*6 + x }
		to := func(c, y, x int) int { return (c*3+y)*3 + x }
		if last {
			shape, want, at = []int{30, 5, 6, 2}, []int{30, 3, 3, 2}, func(c, y, x int) int { return (y*6+x)*2 + c }
			to = func(c, y, x int) int { return (y*3+x)*2 + c }
		}
		x := numbered(shape...)
		out, err := data.Augment{Crop: 3, ChannelsLast: last, Seed: 9}.Apply(0, x)
		require.NoError(t, err)
		require.Equal(t, want, []int(out.Shape()))
		in, y := x.Float32s(), out.Float32s()
		places := map[int]bool{}
		for i := range 30 {
			corner := slices.Index(in[60*i:60*i+60], y[18*i])
			places[corner] = true
			for c := range 2 {
				for r := range 3 {
					for k := range 3 {
						require.Equal(t, in[60*i+corner+at(c, r, k)], y[18*i+to(c, r, k)])
					}
				}
			}
		}
		assert.Greater(t, len(places), 6)

		cut := augment(t, data.Augment{Cutout: 2, ChannelsLast: last, Seed: 9}, 0, x)
		for i := range 30 {
			zeros := 0
			for j, v := range cut[60*i : 60*i+60] {
				if v == 0 {
					zeros++
				} else {
					require.Equal(t, in[60*i+j], v)
				}
			}
			assert.Equal(t, 2*2*2, zeros)
		}
	}
}

// What happens to a row depends on its number, not on its batch.
func TestAugmentByRow(t *testing.T) {
	a := data.Augment{Flip: true, Shift: 1, Rotate: 10, Zoom: .1, Cutout: 2, Seed: 4}
	x := numbered(12, 5, 5)
	set, err := data.Of(x)
	require.NoError(t, err)
	whole := augment(t, a, 0, x)
	for _, size := range []int{1, 4, 5} {
		for name, d := range map[string]data.Dataset{"map": data.Map(set, a.Transform(0)), "parallel": data.Parallel(set, 2, a.Transform(0))} {
			var got []float32
			for b, err := range d.Batches(size) {
				require.NoError(t, err)
				got = append(got, b[0].Float32s()...)
			}
			assert.Equal(t, whole, got, "%s %d", name, size)
		}
	}
	a.Seed++
	assert.NotEqual(t, whole, augment(t, a, 0, x))
}

func TestAugmentRefuses(t *testing.T) {
	for want, f := range map[string]func() error{
		"data: augment: images [4]: they must be [n h w], [n c h w] or [n h w c]": func() error { _, err := data.Augment{}.Apply(0, numbered(4)); return err },
		"data: augment: images of uint8 [2 2]: convert them to float32 first": func() error {
			_, err := data.Augment{}.Apply(0, dense(make([]uint8, 4), 1, 2, 2))
			return err
		},
		"data: augment: Crop 3, Cutout 0: images of 2 x 4 [1 2 4]: give at most 2": func() error {
			_, err := data.Augment{Crop: 3}.Apply(0, numbered(1, 2, 4))
			return err
		},
		"data: augment: Crop 0, Cutout 0, Shift -1: give none less than 0": func() error {
			_, err := data.Augment{Shift: -1}.Apply(0, numbered(1, 2, 4))
			return err
		},
		"data: column 1: augment: images of uint8 [2 2]: convert them to float32 first": func() error {
			_, err := data.Augment{}.Transform(1)(0, data.Batch{numbered(1, 2, 2), dense(make([]uint8, 4), 1, 2, 2)})
			return err
		},
	} {
		assert.EqualError(t, f(), want)
	}
}

func TestMixup(t *testing.T) {
	n := 64
	x, y := make([]float32, n*2), make([]float64, n)
	for i := range n {
		x[2*i], x[2*i+1], y[i] = float32(i), float32(2*i), float64(i)
	}
	set, err := data.Of(dense(x, n, 2), dense(y, n), dense(make([]int64, n), n))
	require.NoError(t, err)
	for _, alpha := range []float64{0.2, 1, 3} {
		changed := false
		for b, err := range data.Map(set, data.Mixup(alpha, 1, 0, 1)).Batches(n) {
			require.NoError(t, err)
			u, v := b[0].Float32s(), b[1].Float64s()
			sum := 0.0
			for i := range n {
				require.InDelta(t, v[i], u[2*i], 1e-4, "both columns are mixed alike")
				require.InDelta(t, 2*v[i], u[2*i+1], 1e-4)
				changed = changed || math.Abs(v[i]-float64(i)) > 1e-6
				sum += v[i]
			}
			assert.InDelta(t, float64(n*(n-1)/2), sum, 1e-6)
		}
		assert.True(t, changed)
	}
	for _, err := range data.Map(set, data.Mixup(0, 1, 0)).Batches(n) {
		assert.EqualError(t, err, "data: mixup: alpha 0 must be more than 0")
	}
	for _, err := range data.Map(set, data.Mixup(1, 1, 2)).Batches(n) {
		assert.EqualError(t, err, "data: column 2: int64 [] is not float32 or float64: convert it first")
	}
}
