package live

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
)

// TestRecordingCost trains 784-512-512-10 on batches of 128 while a page looks: the
// recorder takes at most 2 % of the time. A machine that does something else may take
// a turn from the recorder, whose time counts all the same: then the training has to
// go on for longer until all that was taken is 2 % of all that has passed, but at
// most four times as long.
func TestRecordingCost(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for some seconds")
	}
	const promise, stretch = 0.02, 1500 * time.Millisecond
	m := &train.Model{
		Net:       nn.Sequential{&nn.Flatten{}, &nn.Dense{Out: 512, Act: ops.ReLU}, &nn.Dense{Out: 512, Act: ops.ReLU}, &nn.Dense{Out: 10}},
		Loss:      func(pred, y *graph.Node) *graph.Node { return nn.CrossEntropy(pred, y) },
		Optimizer: optim.Adam(1e-3),
	}
	r := newRecorder()
	r.watching.Store(1)
	var start time.Time
	var before time.Duration
	share, steps, stretches := 0.0, 0, 0
	measured := train.OnStep(func(run *train.Run) error {
		if run.Position.Steps <= 20 || r.probe == nil {
			return nil
		}
		if start.IsZero() {
			r.debt = 0 // of what is done once
			start, before, steps = time.Now(), r.spent, run.Position.Steps
		}
		took := time.Since(start)
		if took < time.Duration(stretches+1)*stretch {
			return nil
		}
		stretches++
		n := time.Duration(run.Position.Steps - steps)
		used := r.spent - before
		share = used.Seconds() / took.Seconds()
		t.Logf("%d steps of %v, of which recording took %v, %.2f %%", n, took/n, used/n, 100*share)
		if share < promise || stretches == 4 {
			run.Stop("measured")
		}
		return nil
	})
	h, err := m.Fit(context.Background(), data.Digits(4096, 1), train.Options{Epochs: 1000, Batch: 128, Callbacks: []train.Callback{r, measured}})
	require.NoError(t, err)
	require.Equal(t, "measured", h.Stopped)
	assert.Less(t, share, promise)
	assert.NotEmpty(t, r.shapes, "it has looked at the weights")
}

// TestRecordingDebt looks at the weights again only when the training has earned the
// time that recording took, and not sooner for having been paused.
func TestRecordingDebt(t *testing.T) {
	r, run := newRecorder(), &train.Run{}
	now := time.Unix(1, 0)
	pass := func(d time.Duration) bool {
		now = now.Add(d)
		return r.note(run, now)
	}
	assert.True(t, pass(0), "the first step")
	assert.False(t, pass(gap/2), "the page shows no more")
	assert.True(t, pass(gap/2))
	r.debt = 10 * time.Millisecond
	assert.False(t, pass(999*time.Millisecond))
	assert.True(t, pass(time.Millisecond), "10 ms are a hundredth of a second")
	r.debt = 10 * time.Millisecond
	r.last = time.Time{} // as after a pause
	assert.False(t, pass(time.Hour))
	assert.True(t, pass(time.Second))
}

// BenchmarkNote times what is noted of each step.
func BenchmarkNote(b *testing.B) {
	r, run := newRecorder(), &train.Run{}
	r.next = time.Now().Add(time.Hour)
	for b.Loop() {
		run.Position.Steps++
		r.record(run)
		r.wait()
	}
}
