package train

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/internal/kernel"
)

// epochs are those of a measured training.
const epochs = 10

// TestFitCostsLittle trains with Fit and, after each of its steps, does the same step
// with the bare program, on a batch that lies ready in memory where Fit has to shuffle
// and copy. Each step takes the least time of its turns, which forgets what else the
// machine does; what Fit does before, between and after the epochs counts. Fit may
// cost a tenth more with the network 784-10-8-1, whose step takes some 20 µs, and a
// fiftieth with 784-512-512-10.
func TestFitCostsLittle(t *testing.T) {
	if testing.Short() || kernel.ISA() == "generic" {
		t.Skip("measures time, with kernels in assembly")
	}
	for _, c := range []struct {
		name             string
		load             workload
		least, mostTurns int
		most             float64
	}{
		{"784-10-8-1", seedNetwork(t), 50, 150, 1.1},
		{"784-512-512-10", digitsNetwork(1280), 4, 8, 1.02},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newTurns(t, c.load)
			for n := 1; n <= c.mostTurns && (n <= c.least || v.ratio() > c.most); n++ {
				v.fit()
			}
			t.Logf("%d steps take %v, of Fit %v: %.3f times as long", len(v.bare), total(v.bare), total(v.fits), v.ratio())
			if noise := v.noise(); v.ratio() > c.most && noise > (c.most-1)/4 {
				t.Skipf("the machine is too busy: the bare steps of every other turn take %.1f %% longer than the others", 100*noise)
			}
			assert.LessOrEqual(t, v.ratio(), c.most)
		})
	}
}

// turns are the least times of steps.
type turns struct {
	t          testing.TB
	load       workload
	model      *Model
	run        func(data.Batch)
	ready      []data.Batch
	fits, bare []time.Duration    // the last of fits is for what comes after the steps
	half       [2][]time.Duration // of the bare steps, every other turn
	n          int
}

func newTurns(t testing.TB, load workload) *turns {
	m := load.model()
	tr, err := m.Build(load.data)
	require.NoError(t, err)
	v := &turns{t: t, load: load, model: m, run: bareStep(t, load.model(), tr), ready: readyBatches(load)}
	steps := epochs * len(v.ready)
	v.fits, v.bare = slices.Repeat([]time.Duration{math.MaxInt64}, steps+1), slices.Repeat([]time.Duration{math.MaxInt64}, steps)
	v.half[0], v.half[1] = slices.Clone(v.bare), slices.Clone(v.bare)
	return v
}

// fit trains once, with a bare step after each of Fit.
func (v *turns) fit() {
	half := v.half[v.n%2]
	v.n++
	i, start := 0, time.Now()
	_, err := v.model.Fit(context.Background(), v.load.data, Options{Epochs: epochs, Batch: v.load.batch, Callbacks: []Callback{OnStep(func(*Run) error {
		middle := time.Now()
		v.run(v.ready[i%len(v.ready)])
		bare := time.Since(middle)
		v.fits[i], v.bare[i], half[i] = min(v.fits[i], middle.Sub(start)), min(v.bare[i], bare), min(half[i], bare)
		i, start = i+1, time.Now()
		return nil
	})}})
	require.NoError(v.t, err)
	v.fits[i] = min(v.fits[i], time.Since(start))
}

// ratio is how many times as long as the bare steps Fit takes.
func (v *turns) ratio() float64 { return float64(total(v.fits)) / float64(total(v.bare)) }

// noise is how far the bare steps are from themselves.
func (v *turns) noise() float64 {
	return math.Abs(float64(total(v.half[0]))/float64(total(v.half[1])) - 1)
}

func total(list []time.Duration) (sum time.Duration) {
	for _, d := range list {
		sum += d
	}
	return sum
}
