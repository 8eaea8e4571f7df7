package data_test

import (
	"hash/fnv"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

func pixels(a *data.Arrays) []float32 { return a.Column(0).Float32s() }

func TestDigitsShapeAndRange(t *testing.T) {
	a := data.Digits(103, 1)
	assert.Equal(t, []int{103, 28, 28}, []int(a.Column(0).Shape()))
	assert.Equal(t, []int{103}, []int(a.Column(1).Shape()))
	for i, label := range a.Column(1).Int64s() {
		require.Equal(t, int64(i%10), label)
	}
	for _, p := range pixels(a) {
		require.GreaterOrEqual(t, p, float32(0))
		require.LessOrEqual(t, p, float32(1))
		require.Equal(t, float32(math.Round(float64(p)*255))/255, p, "steps of 1/255")
	}
	for i := range 103 {
		ink := 0.0
		for _, p := range pixels(a)[i*784 : (i+1)*784] {
			ink += float64(p)
		}
		require.Greater(t, ink, 15.0, "image %d is nearly empty", i)
		require.Less(t, ink, 350.0, "image %d is nearly full", i)
	}
	assert.Zero(t, data.Digits(0, 1).Len())
	assert.Zero(t, data.Digits(-5, 1).Len())
}

func TestDigitsDependOnSeedAndPlaceAlone(t *testing.T) {
	long, short := pixels(data.Digits(30, 5)), pixels(data.Digits(7, 5))
	assert.Equal(t, long[:len(short)], short)
	assert.NotEqual(t, short, pixels(data.Digits(7, 6)))
	assert.NotEqual(t, long[:784], long[10*784:11*784])
}

// The images are part of what a seed means: a change here changes every
// published result on them.
func TestDigitsGolden(t *testing.T) {
	x := pixels(data.Digits(200, 42))
	for at, want := range map[int]float32{
		0*784 + 300: 129.0 / 255, 31*784 + 320: 175.0 / 255, 102*784 + 405: 133.0 / 255, 199*784 + 378: 159.0 / 255,
	} {
		assert.InDelta(t, want, x[at], 1e-5, "pixel %d", at)
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors may round the last bit of a pixel's brightness otherwise")
	}
	h := fnv.New64a()
	for _, p := range x {
		h.Write([]byte{byte(math.Round(float64(p) * 255))})
	}
	assert.Equal(t, uint64(0x90d0ea31d9993fe6), h.Sum64())
}

// Neither trivial nor hopeless: the nearest class mean gets most, not all.
func TestDigitsAreLearnable(t *testing.T) {
	const train, test = 2000, 500
	all := data.Digits(train+test, 3)
	x, y := pixels(all), all.Column(1).Int64s()
	var mean [10][784]float64
	for i := range train {
		for p, v := range x[i*784 : (i+1)*784] {
			mean[y[i]][p] += float64(v) / (train / 10)
		}
	}
	right := 0
	for i := train; i < train+test; i++ {
		best, least := 0, math.Inf(1)
		for c := range mean {
			d := 0.0
			for p, v := range x[i*784 : (i+1)*784] {
				d += (float64(v) - mean[c][p]) * (float64(v) - mean[c][p])
			}
			if d < least {
				best, least = c, d
			}
		}
		if int64(best) == y[i] {
			right++
		}
	}
	accuracy := float64(right) / test
	t.Logf("nearest class mean: %.1f %%", 100*accuracy)
	assert.Greater(t, accuracy, 0.70)
	assert.Less(t, accuracy, 0.995)
}

// One op is one image.
func BenchmarkDigits(b *testing.B) {
	for i := 0; i < b.N; i += 1000 {
		data.Digits(min(1000, b.N-i), uint64(i))
	}
}

// TestHands measures what was written: digits of a wide pen have more ink, and a 1
// leans as its turn and slant say.
func TestHands(t *testing.T) {
	const n, seed = 2000, 9
	pixels := data.Digits(n, seed).Column(0).Float32s()
	hands := data.Hands(n, seed)
	require.Len(t, hands, n)
	assert.Equal(t, hands[:5], data.Hands(5, seed))
	assert.Empty(t, data.Hands(-1, seed))
	var pen, ink, lean, told []float64
	for i, h := range hands {
		assert.LessOrEqual(t, math.Abs(h.Turn), 0.28)
		assert.InDelta(t, 0.08, h.Slant, 0.35)
		assert.InDelta(t, 2.4, h.Pen, 1.2)
		var m, x, y, xy, yy float64
		for at, v := range pixels[i*784 : (i+1)*784] {
			if v > 0.3 {
				m, x, y = m+1, x+float64(at%28), y+float64(at/28)
				xy, yy = xy+float64(at%28)*float64(at/28), yy+float64(at/28)*float64(at/28)
			}
		}
		pen, ink = append(pen, h.Pen), append(ink, m)
		if i%10 == 1 {
			lean = append(lean, -(xy-x*y/m)/(yy-y*y/m)) // how far x goes to the right as y goes up
			told = append(told, math.Tan(h.Turn)+h.Slant)
		}
	}
	assert.Greater(t, correlation(pen, ink), 0.6)
	assert.Greater(t, correlation(lean, told), 0.6)
}

func correlation(a, b []float64) float64 {
	var ma, mb, ab, aa, bb float64
	for i := range a {
		ma, mb = ma+a[i]/float64(len(a)), mb+b[i]/float64(len(b))
	}
	for i := range a {
		ab, aa, bb = ab+(a[i]-ma)*(b[i]-mb), aa+(a[i]-ma)*(a[i]-ma), bb+(b[i]-mb)*(b[i]-mb)
	}
	return ab / math.Sqrt(aa*bb)
}
