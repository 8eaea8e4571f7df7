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

// TestFitCostsLittle trains with Fit and by turns, after each epoch, does as many steps
// with the bare program, on batches that lie ready in memory where Fit has to shuffle
// them. Each turn takes the least time of several trainings, which
// forgets what else the machine does. What Fit does between epochs counts; what it does
// once, with the first epoch in fresh memory, is told apart. Fit is to cost a tenth
// more with the network 784-10-8-1, whose step takes some 20 µs, and a fiftieth with
// 784-512-512-10: the test trains until it does, prints what it found, and fails where
// it is twice as much, for machines are busy.
func TestFitCostsLittle(t *testing.T) {
	if testing.Short() || kernel.ISA() == "generic" {
		t.Skip("measures time, with kernels in assembly")
	}
	for _, c := range []struct {
		name                 string
		load                 workload
		each, fits, mostFits int
		aim                  float64
	}{
		{"784-10-8-1", seedNetwork(t), 32, 50, 200, 0.1},
		{"784-512-512-10", digitsNetwork(1280), 10, 4, 14, 0.02},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newTurns(t, c.load, c.each)
			for n := 1; n <= c.mostFits && (n <= c.fits || v.more() > c.aim); n++ {
				v.fit()
			}
			t.Logf("an epoch takes %v, of Fit %v: %.1f %% more, %.0f %% wanted; its first %v", v.epoch(v.bare), v.epoch(v.fits), 100*v.more(), 100*c.aim, total(v.fits[:v.first()]))
			if noise := v.noise(); v.more() > 2*c.aim && noise > c.aim/4 {
				t.Skipf("the machine is too busy: the bare steps of every other turn take %.1f %% longer than the others", 100*noise)
			}
			assert.LessOrEqual(t, v.more(), 2*c.aim)
		})
	}
}

// turns are the least times of so many steps each.
type turns struct {
	each       int
	t          testing.TB
	load       workload
	model      *Model
	run        func(data.Batch)
	ready      []data.Batch
	fits, bare []time.Duration
	half       [2][]time.Duration // of the bare steps, every other turn
	n          int
}

func newTurns(t testing.TB, load workload, each int) *turns {
	m := load.model()
	tr, err := m.Build(load.data)
	require.NoError(t, err)
	v := &turns{each: each, t: t, load: load, model: m, run: bareStep(t, load.model(), tr), ready: readyBatches(load)}
	v.fits = slices.Repeat([]time.Duration{math.MaxInt64}, epochs*len(v.ready)/each)
	v.bare, v.half[0], v.half[1] = slices.Clone(v.fits), slices.Clone(v.fits), slices.Clone(v.fits)
	return v
}

// fit trains once, with a turn of the bare program after each of Fit.
func (v *turns) fit() {
	half := v.half[v.n%2]
	v.n++
	i, steps, start := 0, 0, time.Now()
	_, err := v.model.Fit(context.Background(), v.load.data, Options{Epochs: epochs, Batch: v.load.batch, Callbacks: []Callback{OnStep(func(*Run) error {
		if steps++; steps%v.each > 0 {
			return nil
		}
		middle := time.Now()
		for k := steps - v.each; k < steps; k++ {
			v.run(v.ready[k%len(v.ready)])
		}
		bare := time.Since(middle)
		v.fits[i], v.bare[i], half[i] = min(v.fits[i], middle.Sub(start)), min(v.bare[i], bare), min(half[i], bare)
		i, start = i+1, time.Now()
		return nil
	})}})
	require.NoError(v.t, err)
}

// first is how many turns the first epoch has.
func (v *turns) first() int { return len(v.ready) / v.each }

// epoch is the mean of the epochs but the first.
func (v *turns) epoch(list []time.Duration) time.Duration {
	return total(list[v.first():]) / (epochs - 1)
}

// more is how much longer than the bare steps Fit takes, as a share of them.
func (v *turns) more() float64 { return float64(v.epoch(v.fits))/float64(v.epoch(v.bare)) - 1 }

// noise is how far the bare steps are from themselves.
func (v *turns) noise() float64 {
	return math.Abs(float64(v.epoch(v.half[0]))/float64(v.epoch(v.half[1])) - 1)
}

func total(list []time.Duration) (sum time.Duration) {
	for _, d := range list {
		sum += d
	}
	return sum
}
