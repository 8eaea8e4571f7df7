package tune

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// objective makes a function of the unit cube one of trials over axes a, b, ...
func objective(axes int, f func(x []float64) float64) (Space, func(context.Context, *Trial) (float64, error)) {
	space := Space{}
	for i := range axes {
		space = append(space, Float(string(rune('a'+i)), 0, 1))
	}
	return space, func(_ context.Context, t *Trial) (float64, error) {
		x := make([]float64, axes)
		for i := range x {
			x[i] = t.Float(space[i].Name)
		}
		return f(x), nil
	}
}

// bowl is lowest, 0, at (0.2, 0.3, ...).
func bowl(x []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum += (v - 0.2 - 0.1*float64(i)) * (v - 0.2 - 0.1*float64(i))
	}
	return sum
}

// branin is Branin's function on the unit square, less its least value.
func branin(x []float64) float64 {
	a, b := 15*x[0]-5, 15*x[1]
	q := b - 5.1/(4*math.Pi*math.Pi)*a*a + 5/math.Pi*a - 6
	return q*q + 10*(1-1/(8*math.Pi))*math.Cos(a) + 10 - 0.39788735772973816
}

// hartmann is Hartmann's function of three variables, less its least value.
func hartmann(x []float64) float64 {
	alpha := [4]float64{1, 1.2, 3, 3.2}
	a := [4][3]float64{{3, 10, 30}, {0.1, 10, 35}, {3, 10, 30}, {0.1, 10, 35}}
	p := [4][3]float64{{3689, 1170, 2673}, {4699, 4387, 7470}, {1091, 8732, 5547}, {381, 5743, 8828}}
	sum := 0.0
	for i := range alpha {
		e := 0.0
		for j := range 3 {
			d := x[j] - 1e-4*p[i][j]
			e += a[i][j] * d * d
		}
		sum += alpha[i] * math.Exp(-e)
	}
	return 3.86278214782076 - sum
}

// TestTPEBeatsRandom compares the logarithms of what is left to the least value after
// 60 trials, over the same seeds: the mean gain must be at least three of its
// standard errors.
func TestTPEBeatsRandom(t *testing.T) {
	const seeds = 25
	for _, c := range []struct {
		name string
		axes int
		f    func(x []float64) float64
	}{{"bowl", 5, bowl}, {"branin", 2, branin}, {"hartmann", 3, hartmann}} {
		space, f := objective(c.axes, c.f)
		best := func(s Sampler, seed uint64) float64 {
			r, err := (&Study{Space: space, Objective: f, Sampler: s, Trials: 60, Seed: seed}).Run(t.Context())
			require.NoError(t, err)
			require.Len(t, r.Trials, 60)
			return math.Log10(r.Best.Value)
		}
		sum, square := 0.0, 0.0
		for seed := range uint64(seeds) {
			gain := best(Random{}, seed) - best(TPE{}, seed)
			sum, square = sum+gain, square+gain*gain
		}
		mean := sum / seeds
		deviation := math.Sqrt((square - seeds*mean*mean) / (seeds - 1))
		margin := mean / (deviation / math.Sqrt(seeds))
		t.Logf("%s: TPE is 10^%.2f times nearer, %.1f standard errors", c.name, mean, margin)
		assert.Greater(t, margin, 3.0, c.name)
	}
}

// TestTPEChooses finds the branch of a conditional space that is the better one.
func TestTPEChooses(t *testing.T) {
	space := Space{
		Choice("rule", "adam", "sgd", "lion"),
		LogFloat("rate", 1e-5, 1),
		Float("momentum", 0, 1).When("rule", "sgd"),
		LogInt("width", 1, 100),
	}
	f := func(_ context.Context, t *Trial) (float64, error) {
		v := math.Pow(math.Log10(t.Float("rate"))+2, 2) + math.Pow(math.Log10(float64(t.Int("width")))-1, 2)
		if t.Choice("rule") == "sgd" {
			return v + 4*math.Pow(t.Float("momentum")-0.9, 2), nil
		}
		return v + 2, nil
	}
	for seed := range uint64(5) {
		r, err := (&Study{Space: space, Objective: f, Trials: 100, Seed: seed}).Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "sgd", r.Best.Values["rule"], "seed %d", seed)
		assert.Less(t, r.Best.Value, 1.0, "seed %d", seed)
		late := 0
		for _, trial := range r.Trials[50:] {
			if trial.Values["rule"] == "sgd" {
				late++
			}
		}
		assert.Greater(t, late, 30, "seed %d: the later half knows which branch is good", seed)
	}
}

func TestHaltonIsEven(t *testing.T) {
	space, _ := objective(8, bowl)
	s := &Study{Space: space, Seed: 7}
	var past []Trial
	counts := make([][16]int, len(space))
	corner := 0 // in the plane of the last two axes, where the plain sequence is a line
	for range 256 {
		for i, u := range (Halton{}).Point(s, past) {
			require.True(t, u >= 0 && u < 1)
			counts[i][int(u*16)]++
		}
		if p := (Halton{}).Point(s, past); p[6] < 0.5 && p[7] >= 0.5 {
			corner++
		}
		past = append(past, Trial{})
	}
	assert.Equal(t, [16]int{16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16}, counts[0], "base 2 fills 16 parts alike")
	for i, c := range counts {
		for _, n := range c {
			assert.InDelta(t, 16, n, 7, "axis %d", i)
		}
	}
	assert.InDelta(t, 64, corner, 12)

	other := &Study{Space: space, Seed: 8}
	assert.NotEqual(t, Halton{}.Point(s, nil), Halton{}.Point(other, nil))
	assert.Equal(t, Halton{}.Point(s, past), Halton{}.Point(s, past))
}

func TestRandomIsUniform(t *testing.T) {
	space, _ := objective(2, bowl)
	s := &Study{Space: space, Seed: 3}
	var past []Trial
	var mean [2]float64
	for range 1000 {
		for i, u := range (Random{}).Point(s, past) {
			mean[i] += u / 1000
		}
		past = append(past, Trial{})
	}
	assert.InDelta(t, 0.5, mean[0], 0.03) // 3.3 standard errors
	assert.InDelta(t, 0.5, mean[1], 0.03)
}

// TestDensity integrates the densities.
func TestDensity(t *testing.T) {
	points := [][]float64{{0}, {0.1}, {0.12}, {math.NaN()}, {1}}
	for _, c := range []struct {
		p Param
		n int
	}{{Float("p", 0, 1), 20000}, {Choice("p", "a", "b", "c"), 3}} {
		for _, of := range [][][]float64{nil, points} {
			m := density(c.p, of, 0)
			sum := 0.0
			for k := range c.n {
				sum += m.at((float64(k) + 0.5) / float64(c.n))
			}
			if c.p.Kind != Choices {
				sum /= float64(c.n)
			}
			assert.InDelta(t, 1, sum, 1e-6, "%v of %d points", c.p, len(of))
		}
	}
}
