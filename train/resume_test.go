package train

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A survivor is a training that is broken off: its model, made anew each time, and
// the callbacks that remember something.
type survivor struct {
	name  string
	data  data.Dataset
	model func(rate *Rate) *Model
}

// small returns digits of 14 by 14.
func smallDigits(t testing.TB, n int) *data.Arrays {
	all := data.Digits(n, 6)
	x, y := all.Column(0).Float32s(), all.Column(1)
	out := make([]float32, n*14*14)
	for i := range n {
		for r := range 14 {
			for c := range 14 {
				out[(i*14+r)*14+c] = x[(i*28+2*r)*28+2*c]
			}
		}
	}
	return rows(t, tensor.New(tensor.WithShape(n, 14, 14), tensor.WithBacking(out)), y)
}

// phrases returns rows of some letters, each with those that follow.
func phrases(t testing.TB, n, length int) *data.Arrays {
	text := strings.Repeat("she sells sea shells by the sea shore; ", n*length/39+2)
	x, y := make([]int64, n*length), make([]int64, n*length)
	for i := range x {
		x[i], y[i] = int64(text[i])%32, int64(text[i+1])%32
	}
	return rows(t, tensor.New(tensor.WithShape(n, length), tensor.WithBacking(x)), tensor.New(tensor.WithShape(n, length), tensor.WithBacking(y)))
}

func survivors(t testing.TB) []survivor {
	digits, letters := smallDigits(t, 76), phrases(t, 76, 12)
	model := func(net func() nn.Layer) func(*Rate) *Model {
		return func(rate *Rate) *Model {
			return &Model{
				Net: net(), Seed: 3, Loss: crossEntropy, Optimizer: optim.Adam(0.01).ClipNorm(1).Schedule(rate.Schedule),
				Metrics: []Metric{{Name: "accuracy", Of: nn.Accuracy}},
			}
		}
	}
	return []survivor{
		{"mlp", digits, model(func() nn.Layer {
			return nn.Sequential{&nn.Flatten{}, &nn.Dense{Out: 16, Act: ops.ReLU}, &nn.Dense{Out: 10}}
		})},
		{"cnn", digits, model(func() nn.Layer {
			return nn.Sequential{
				nn.Func(func(x *graph.Node) *graph.Node { return ops.Expand(x, 1) }),
				&nn.Conv2D{Out: 4, Kernel: []int{3}, Same: true, NoBias: true}, &nn.BatchNorm{}, nn.Func(ops.ReLU),
				&nn.MaxPool{Window: []int{2}}, &nn.Flatten{}, &nn.Dropout{Rate: 0.3}, &nn.Dense{Out: 10},
			}
		})},
		{"lstm", letters, model(func() nn.Layer {
			return nn.Sequential{&nn.Embedding{Count: 32, Width: 8}, &nn.LSTM{Out: 16, Layers: 2, Dropout: 0.2}, &nn.Dense{Out: 32}}
		})},
		{"gpt", letters, model(func() nn.Layer {
			return &zoo.GPT{Vocab: 32, Context: 12, Width: 16, Heads: 2, Layers: 2, Dropout: 0.1}
		})},
	}
}

// A record is everything that a training leaves, as sums.
type record struct {
	state, history string
	losses         []float64
}

var errCut = errors.New("cut")

// train trains in a folder until a step, or to the end, from where an earlier call
// has come; it returns the losses of its steps.
func (s survivor) train(t testing.TB, dir string, cut int) record {
	t.Helper()
	rate := &Rate{}
	m := s.model(rate)
	m.Accumulate = 2
	tr, err := m.Build(s.data)
	require.NoError(t, err)
	manifest, _, err := Resume(dir, tr.State())
	require.NoError(t, err)
	average := &Average{Decay: 0.9}
	var r record
	h, err := tr.Fit(t.Context(), s.data, Options{
		Epochs: 4, Batch: 8, Seed: 5, From: manifest.Position, Validation: s.data,
		Callbacks: []Callback{
			&Checkpoints{Saver: Saver{Dir: dir}, Every: cut},
			&EarlyStopping{Watch: Watch{Figure: "accuracy", Largest: true}, Patience: 1},
			&ReduceOnPlateau{Watch: Watch{Figure: "loss", Delta: 0.3}, Rate: rate},
			average,
			OnStep(func(run *Run) error {
				r.losses = append(r.losses, run.Loss)
				return nil
			}),
			stopAt(cut),
		},
	})
	if cut > 0 {
		require.ErrorIs(t, err, errCut)
		return r
	}
	require.NoError(t, err)
	sum := sha256.New()
	for _, p := range append(tr.State(), average.held...) {
		fmt.Fprintf(sum, "%s %v ", p.Label, p.Type)
		require.NoError(t, binary.Write(sum, binary.LittleEndian, p.Value.Data()))
		runtime.KeepAlive(p)
	}
	r.state = fmt.Sprintf("%x", sum.Sum(nil))
	e := h.Last()
	e.Seconds = 0
	r.history = fmt.Sprint(e, h.Stopped)
	return r
}

// A stopAt breaks training off after a step, once checkpoints are written.
type stopAt int

func (stopAt) Epoch(*Run) error { return nil }

// Step fails at the step after the cut, so that the cut itself has been saved.
func (c stopAt) Step(r *Run) error {
	if c > 0 && r.Position.Steps == int(c)+1 {
		return errCut
	}
	return nil
}

// TestBitwiseResume cuts each training at 10 places, most of them within an epoch and
// some within an accumulated batch, and compares everything with the training that is
// not cut: parameters, the optimizer's state, random streams, averages, the last
// epoch's figures, and the loss of each step.
func TestBitwiseResume(t *testing.T) {
	equal, cuts := 0, 0
	for _, s := range survivors(t) {
		whole := s.train(t, t.TempDir(), 0)
		steps := len(whole.losses) // 40, or fewer if it stopped early
		require.Greater(t, steps, 19, s.name)
		for k := range 10 {
			cut := 1 + k*(steps-3)/9
			dir := filepath.Join(t.TempDir(), fmt.Sprint(cut))
			first := s.train(t, dir, cut)
			rest := s.train(t, dir, 0)
			rest.losses = append(first.losses[:cut:cut], rest.losses...)
			cuts++
			if assert.Equal(t, bits(whole.losses), bits(rest.losses), "%s cut after step %d: losses", s.name, cut) &&
				assert.Equal(t, whole.state, rest.state, "%s cut after step %d: state", s.name, cut) &&
				assert.Equal(t, whole.history, rest.history, "%s cut after step %d: figures", s.name, cut) {
				equal++
			}
		}
	}
	t.Logf("%d of %d are equal", equal, cuts)
	assert.Equal(t, 40, equal)
}

// bits are those of floats.
func bits(v []float64) []uint64 {
	list := make([]uint64, len(v))
	for i := range v {
		list[i] = math.Float64bits(v[i])
	}
	return list
}

// TestStateMistakes resumes with other callbacks and other metrics.
func TestStateMistakes(t *testing.T) {
	d := points(t, 20)
	dir := t.TempDir()
	fit := func(m *Model, from Position, c ...Callback) error {
		_, err := m.Fit(t.Context(), d, Options{Batch: 4, Epochs: 2, From: from, Callbacks: append(c, &Checkpoints{Saver: Saver{Dir: dir}, Every: 3})})
		return err
	}
	early := func() *EarlyStopping { return &EarlyStopping{Watch: Watch{Figure: "loss"}} }
	m := line(optim.SGD(0.1))
	require.NoError(t, fit(m, Position{}, early()))
	again := line(optim.SGD(0.1))
	tr, err := again.Build(d)
	require.NoError(t, err)
	names, err := osDisk{}.Names(dir)
	require.NoError(t, err)
	at, err := LoadFile(filepath.Join(dir, checkpoints(names)[0]), tr.State()) // after step 6, in the second epoch
	require.NoError(t, err)
	require.Equal(t, 6, at.Position.Steps)

	other := "train: the checkpoint has the states of other callbacks: number 0 is %s there and %s here: give the same callbacks, or clear Position.States to start them anew"
	assert.EqualError(t, fit(again, at.Position), fmt.Sprintf(other, "*train.EarlyStopping", "none"))
	assert.EqualError(t, fit(again, at.Position, &Average{}), fmt.Sprintf(other, "*train.EarlyStopping", "*train.Average"))
	more := line(optim.SGD(0.1))
	more.Metrics = []Metric{{Name: "mae", Of: nn.MAE}}
	assert.EqualError(t, fit(more, at.Position, early()), "train: the figures of the checkpoint: mae: 1 is missing: the metrics must be the same")
	anew := at.Position
	anew.States = nil
	assert.NoError(t, fit(again, anew, &Average{}))

	delete(at.Position.States[1].Arrays, "watch")
	assert.EqualError(t, fit(again, at.Position, early()), "train: the state of *train.EarlyStopping: watch is missing")
	at.Position.States[1].Arrays["watch"] = column([]float32{1})
	assert.EqualError(t, fit(again, at.Position, early()), "train: the state of *train.EarlyStopping: watch is float32 (1, 1), not 3 numbers")
}

// TestFitAllocatesNothingPerStep compares epochs of few and of many steps.
func TestFitAllocatesNothingPerStep(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector, whose tests are short, pools forget at random")
	}
	m := line(optim.Adam(0.1))
	few, many := points(t, 8), points(t, 8*200)
	_, err := m.Build(few)
	require.NoError(t, err)
	fit := func(d data.Dataset) float64 {
		return testing.AllocsPerRun(5, func() {
			_, err := m.Fit(t.Context(), d, Options{Batch: 4, Progress: io.Discard, Callbacks: []Callback{OnStep(func(*Run) error { return nil })}})
			require.NoError(t, err)
		})
	}
	a, b := fit(few), fit(many)
	assert.InDelta(t, a, b, 4, "of 2 steps and of 400")
}

// writeGolden makes the file of the present format: run it once when Format grows.
func writeGolden(t *testing.T, path string) {
	at := Position{Epoch: 1, Rows: 64, Steps: 12, Seed: 3, States: []State{
		{Of: "figures", Arrays: map[string]*tensor.Dense{"counts": floats(64, 10), "0": floats(0.5)}},
		{Of: "*train.EarlyStopping", Arrays: map[string]*tensor.Dense{"watch": floats(0.25, 1, 1), "at": floats(1)}},
	}}
	require.NoError(t, SaveFile(path, params(t, 9), Manifest{Position: at}))
}

// TestGolden says how the file of the present format came about.
func TestGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	writeGolden(t, path)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	name := fmt.Sprintf("testdata/format-%d.safetensors", Format)
	want, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		require.NoError(t, os.WriteFile(name, got, 0o666))
	}
	require.NoError(t, err, "written now: look at it and commit it")
	assert.Equal(t, want, got)
}
