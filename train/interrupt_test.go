package train

import (
	"context"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/optim"
)

// A tripwire is a data set that calls a function before its batches.
type tripwire struct {
	data.Dataset
	trip func()
}

func (w tripwire) Batches(size int) iter.Seq2[data.Batch, error] {
	w.trip()
	return w.Dataset.Batches(size)
}

// TestInterruptedGoesOn ends trainings at all steps, at moments within steps, and in
// validation, and compares what a resumed one comes to with one that is not ended.
// Four batches make an update, and an epoch's last update has two.
func TestInterruptedGoesOn(t *testing.T) {
	d := points(t, 76)
	fit := func(dir string, prepare func(cancel func(), o *Options)) ([]*graph.Param, int, error) {
		m := line(optim.SGD(0.01, optim.SGDOptions{Momentum: 0.9}))
		m.Accumulate = 4
		tr, err := m.Build(d)
		require.NoError(t, err)
		last, _, err := Resume(dir, tr.State())
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		o := Options{Epochs: 3, Batch: 8, Validation: d, From: last.Position, Callbacks: []Callback{&Checkpoints{Saver: Saver{Dir: dir}}}}
		steps := last.Position.Steps
		o.Callbacks = append(o.Callbacks, OnStep(func(r *Run) error { steps = r.Position.Steps; return nil }))
		prepare(cancel, &o)
		_, err = tr.Fit(ctx, d, o)
		return tr.State(), steps, err
	}
	whole, steps, err := fit(t.TempDir(), func(func(), *Options) {})
	require.NoError(t, err)
	require.Equal(t, 30, steps)
	check := func(what string, prepare func(cancel func(), o *Options)) {
		dir := t.TempDir()
		_, steps, err := fit(dir, prepare)
		if err != nil {
			require.ErrorIs(t, err, context.Canceled, what)
			assert.ErrorContains(t, err, "train: interrupted after step ", what)
			names, err := osDisk{}.Names(dir)
			require.NoError(t, err)
			at := checkpoints(names)
			require.NotEmpty(t, at, what)
			m, err := ReadManifest(dir + "/" + at[len(at)-1])
			require.NoError(t, err)
			assert.Equal(t, steps, m.Position.Steps, "%s: the last whole step is saved", what)
		}
		state, steps, err := fit(dir, func(func(), *Options) {})
		require.NoError(t, err, what)
		assert.Equal(t, 30, steps, what)
		for i, p := range whole {
			assert.Equal(t, p.Value.Data(), state[i].Value.Data(), "%s: %s", what, p.Label)
		}
	}
	for at := 1; at < 30; at++ {
		check("after step", func(cancel func(), o *Options) {
			o.Callbacks = append(o.Callbacks, OnStep(func(r *Run) error {
				if r.Position.Steps == at {
					cancel()
				}
				return nil
			}))
		})
	}
	check("before the first step", func(cancel func(), _ *Options) { cancel() })
	check("in validation", func(cancel func(), o *Options) { o.Validation = tripwire{d, cancel} })
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		check("at some moment", func(cancel func(), _ *Options) {
			time.AfterFunc(time.Duration(rnd.IntN(3000))*time.Microsecond, cancel)
		})
	}
}
