package report_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
	"github.com/adjointml/adjoint/viz"
)

// line returns rows of y = 2x + 1 and a model to learn it.
func line(t *testing.T) (*data.Arrays, *train.Model) {
	t.Helper()
	x, y := make([]float32, 40), make([]float32, 40)
	for i := range x {
		x[i] = float32(i)/20 - 1
		y[i] = 2*x[i] + 1
	}
	column := func(v []float32) *tensor.Dense { return tensor.New(tensor.WithShape(40, 1), tensor.WithBacking(v)) }
	rows, err := data.Of(column(x), column(y))
	require.NoError(t, err)
	return rows, &train.Model{
		Net:       nn.Sequential{&nn.Dense{Out: 1}},
		Loss:      nn.MSE,
		Optimizer: optim.Adam(0.1),
		Metrics:   []train.Metric{{Name: "mean error", Of: nn.MAE}},
		Seed:      1,
	}
}

// epochs reads a history.
func epochs(t *testing.T, f *report.Folder) (list []train.Epoch) {
	t.Helper()
	for _, l := range strings.Split(strings.TrimSpace(read(t, f.Path("history.ndjson"))), "\n") {
		var e train.Epoch
		require.NoError(t, json.Unmarshal([]byte(l), &e))
		list = append(list, e)
	}
	return list
}

func TestCallback(t *testing.T) {
	f, err := report.New(t.TempDir(), "line")
	require.NoError(t, err)
	rows, m := line(t)
	h, err := m.Fit(context.Background(), rows, train.Options{Epochs: 12, Batch: 8, Split: 0.2, Callbacks: []train.Callback{f.Callback()}})
	require.NoError(t, err)
	assert.Equal(t, h.Epochs, epochs(t, f))
	for _, op := range []string{">matmul</text>", ">add</text>"} {
		assert.Contains(t, read(t, f.Path("graph.svg")), op)
	}
	for _, file := range []string{"curves.svg", "curves-mean-error.svg"} {
		text := read(t, f.Path(file))
		assert.Contains(t, text, ">training</text>")
		assert.Contains(t, text, ">validation</text>")
		assert.Contains(t, read(t, f.Path("report.html")), text)
	}
	assert.Contains(t, read(t, f.Path("curves.svg")), ">12</text>", "the last epoch is a tick")

	trainer, err := m.Build(rows)
	require.NoError(t, err)
	var trained [][]float32
	for _, p := range trainer.Params {
		trained = append(trained, slices.Clone(p.Value.Float32s()))
	}
	nn.Init(m.Net, 99)
	manifest, err := train.LoadFile(f.Path("model.safetensors"), trainer.Params)
	require.NoError(t, err)
	assert.Equal(t, 12, manifest.Position.Epoch)
	for i, p := range trainer.Params {
		assert.Equal(t, trained[i], p.Value.Data())
	}
}

// TestCallbackGoesOn cuts a training off and goes on in the same folder: the
// history is that of a training in one piece.
func TestCallbackGoesOn(t *testing.T) {
	f, err := report.New(t.TempDir(), "line")
	require.NoError(t, err)
	rows, m := line(t)
	o := train.Options{Epochs: 5, Batch: 8, Seed: 3, Callbacks: []train.Callback{f.Callback()}}
	whole, err := m.Fit(context.Background(), rows, o)
	require.NoError(t, err)

	_, m = line(t)
	checkpoints := &train.Checkpoints{Saver: train.Saver{Dir: f.Path("checkpoints")}}
	stop := train.OnStep(func(r *train.Run) error {
		if r.Position.Epoch == 3 {
			r.Stop("enough")
		}
		return nil
	})
	o.Callbacks = append(o.Callbacks, checkpoints, stop)
	_, err = m.Fit(context.Background(), rows, o)
	require.NoError(t, err)
	assert.Len(t, epochs(t, f), 3)

	f, err = report.Open(f.Dir)
	require.NoError(t, err)
	_, m = line(t)
	trainer, err := m.Build(rows)
	require.NoError(t, err)
	last, found, err := train.Resume(f.Path("checkpoints"), trainer.Step.Params())
	require.NoError(t, err)
	require.True(t, found)
	o.From, o.Callbacks = last.Position, []train.Callback{f.Callback()}
	_, err = m.Fit(context.Background(), rows, o)
	require.NoError(t, err)
	got := epochs(t, f)
	for i := range got {
		got[i].Seconds = whole.Epochs[i].Seconds
	}
	assert.Equal(t, whole.Epochs, got)
	assert.Contains(t, read(t, f.Path("curves.svg")), ">training</text>")

	require.NoError(t, os.WriteFile(f.Path("history.ndjson"), []byte("{}\nnonsense\n"), 0o666))
	_, err = m.Fit(context.Background(), rows, o)
	assert.ErrorContains(t, err, "history.ndjson: line 2: ")
}

// TestCallbackAfterAnError leaves what there is when training fails.
func TestCallbackAfterAnError(t *testing.T) {
	f, err := report.New(t.TempDir(), "line")
	require.NoError(t, err)
	rows, m := line(t)
	ctx, cancel := context.WithCancel(context.Background())
	stop := train.OnStep(func(r *train.Run) error {
		if r.Position.Steps == 7 {
			cancel()
		}
		return nil
	})
	_, err = m.Fit(ctx, rows, train.Options{Epochs: 5, Batch: 8, Callbacks: []train.Callback{stop, f.Callback()}})
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, epochs(t, f), 1)
	manifest, err := train.ReadManifest(f.Path("model.safetensors"))
	require.NoError(t, err)
	assert.Equal(t, 7, manifest.Position.Steps)
	assert.Contains(t, read(t, f.Path("report.html")), "curves.svg")
}

// TestGraph draws a graph into the page.
func TestGraph(t *testing.T) {
	f, err := report.New(t.TempDir(), "run")
	require.NoError(t, err)
	assert.ErrorContains(t, f.Graph("g", viz.Picture{Gradient: true}, graph.Input("x", 2)), "report: g: ", "a gradient is that of one number")
	require.NoError(t, f.Graph("g", viz.Picture{Title: "a product"}, ops.MatMul(graph.Input("x", 2, 3), graph.Input("w", 3, 2))))
	require.NoError(t, f.Close())
	assert.Contains(t, read(t, f.Path("report.html")), `alt="a product"`)
}
