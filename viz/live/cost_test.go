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
// recorder takes at most 2 % of the time.
func TestRecordingCost(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for some seconds")
	}
	m := &train.Model{
		Net:       nn.Sequential{&nn.Flatten{}, &nn.Dense{Out: 512, Act: ops.ReLU}, &nn.Dense{Out: 512, Act: ops.ReLU}, &nn.Dense{Out: 10}},
		Loss:      func(pred, y *graph.Node) *graph.Node { return nn.CrossEntropy(pred, y) },
		Optimizer: optim.Adam(1e-3),
	}
	r := newRecorder()
	r.watching.Store(1)
	var start time.Time
	var before time.Duration
	steps := 0
	measured := train.OnStep(func(run *train.Run) error {
		switch {
		case start.IsZero() && run.Position.Steps > 20: // what is done once is past
			start, before, steps = time.Now(), r.spent, run.Position.Steps
		case !start.IsZero() && time.Since(start) > 4*time.Second:
			took := time.Since(start)
			used, n := r.spent-before, run.Position.Steps-steps
			t.Logf("%d steps of %v, of which recording took %v, %.2f %%", n, took/time.Duration(n), used/time.Duration(n), 100*used.Seconds()/took.Seconds())
			assert.Less(t, used.Seconds()/took.Seconds(), 0.02)
			run.Stop("measured")
		}
		return nil
	})
	h, err := m.Fit(context.Background(), data.Digits(4096, 1), train.Options{Epochs: 1000, Batch: 128, Callbacks: []train.Callback{r, measured}})
	require.NoError(t, err)
	require.Equal(t, "measured", h.Stopped)
	assert.NotEmpty(t, r.shapes, "it has looked at the weights")
}
