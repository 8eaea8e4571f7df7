package webtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
	"github.com/adjointml/adjoint/viz/live"
)

// student is a model that has something to learn, with its data.
func student(t *testing.T, seed uint64) (*train.Model, *data.Arrays) {
	t.Helper()
	rows, err := data.Plane("spiral", 600, 0.2, seed)
	require.NoError(t, err)
	rows = rows.Shuffle(seed)
	return &train.Model{
		Net:       nn.Sequential{&nn.Dense{Out: 32, Act: ops.Tanh}, &nn.Dense{Out: 32, Act: ops.Tanh}, &nn.Dense{Out: 1}},
		Loss:      func(pred, y *graph.Node) *graph.Node { return nn.BinaryCrossEntropy(pred, y) },
		Optimizer: optim.Adam(0.005), Seed: seed,
		Metrics: []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
	}, rows
}

// TestTrain pauses, steps and stops a training from its page, beside a finished
// run.
func TestTrain(t *testing.T) {
	old := filepath.Join(t.TempDir(), "before.ndjson")
	f, err := os.Create(old)
	require.NoError(t, err)
	m, rows := student(t, 1)
	_, err = m.Fit(context.Background(), rows, train.Options{Epochs: 40, Split: 0.3, Callbacks: []train.Callback{train.NDJSON{W: f}}})
	require.NoError(t, err)
	require.NoError(t, f.Close())

	s := serve(t, live.Options{Replay: []string{old}})
	p := open(t, s.URL+"train", 1280, 900)
	p.wait("document.getElementById('status').textContent === 'no training yet'")
	p.wait("document.getElementById('charts').textContent.includes('before.ndjson, validation')")
	m, rows = student(t, 2)
	done := make(chan *train.History, 1)
	go func() {
		h, _ := m.Fit(context.Background(), rows, train.Options{Epochs: 1 << 20, Batch: 20, Split: 0.3, Callbacks: []train.Callback{s.Recorder()}})
		done <- h
	}()
	p.wait("document.getElementById('status').textContent === 'running' && document.querySelectorAll('#ridges path').length > 12")
	p.press(" ")
	p.wait("document.getElementById('status').textContent === 'paused'")
	p.wait("document.getElementById('pause').textContent.includes('Go on')")
	before := js[string](p, "document.getElementById('now').textContent")
	p.press("s")
	p.wait("document.getElementById('now').textContent !== " + `"` + before + `"`)
	assert.Regexp(t, `^step \d+, loss [\d.e−-]+$`, before)
	p.press("l")
	assert.True(t, js[bool](p, "document.getElementById('log').checked"))
	p.picture("train.jpg")
	p.click("#pause")
	p.wait("document.getElementById('status').textContent === 'running'")
	p.click("#stop")
	p.wait("document.getElementById('status').textContent === 'stopped by the page'")
	assert.Equal(t, "stopped by the page", (<-done).Stopped)
	p.homely(s)
}
