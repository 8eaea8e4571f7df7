package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func crossEntropy(pred, y *graph.Node) *graph.Node { return nn.CrossEntropy(pred, y) }
func mse(pred, y *graph.Node) *graph.Node          { return nn.MSE(pred, y) }

// digits is a model that learns digits.
func digits() *Model {
	return &Model{
		Net: nn.Sequential{
			&nn.Flatten{}, &nn.Dense{Out: 64, Act: ops.ReLU, Init: nn.HeUniform}, &nn.Dense{Out: 10},
		},
		Loss:      crossEntropy,
		Optimizer: optim.Adam(4e-3),
		Metrics:   []Metric{{Name: "accuracy", Of: nn.Accuracy}},
		Seed:      1,
	}
}

// line is a model of y = w x + b with some rule.
func line(rule optim.Rule) *Model {
	return &Model{Net: &nn.Dense{Out: 1}, Loss: mse, Optimizer: rule, Seed: 1}
}

// points are n rows of y = 2x + 3.
func points(t testing.TB, n int) *data.Arrays {
	x, y := make([]float32, n), make([]float32, n)
	for i := range x {
		x[i] = float32(i)/float32(n)*2 - 1
		y[i] = 2*x[i] + 3
	}
	return rows(t, column(x), column(y))
}

func column(v []float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(v), 1), tensor.WithBacking(v))
}

func rows(t testing.TB, columns ...*tensor.Dense) *data.Arrays {
	t.Helper()
	d, err := data.Of(columns...)
	require.NoError(t, err)
	return d
}

func TestLearnsDigits(t *testing.T) {
	all := data.Digits(3000, 1)
	train, test := all.Rows(500, 3000), all.Rows(0, 500)
	m := digits()
	h, err := m.Fit(t.Context(), train, Options{Epochs: 4, Batch: 64, Seed: 3, Validation: test})
	require.NoError(t, err)
	require.Len(t, h.Epochs, 4)
	assert.Greater(t, h.Last().Validation["accuracy"], 0.9)
	assert.Equal(t, 40, h.Last().Steps)
	assert.Equal(t, 2500, h.Last().Rows)

	// the validation is what Evaluate says, for any size of batches
	s, err := m.Evaluate(t.Context(), test, 77)
	require.NoError(t, err)
	assert.InDelta(t, h.Last().Validation["accuracy"], s["accuracy"], 1e-6)
	assert.InDelta(t, h.Last().Validation["loss"], s["loss"], 1e-5)

	// and predictions have that accuracy
	p, err := m.Predict(t.Context(), rows(t, test.Column(0)), 64)
	require.NoError(t, err)
	require.Equal(t, tensor.Shape{500, 10}, p.Shape())
	right := 0
	for i, y := range test.Column(1).Int64s() {
		best, v := 0, p.Float32s()[i*10:i*10+10]
		for k := range v {
			if v[k] > v[best] {
				best = k
			}
		}
		if int64(best) == y {
			right++
		}
	}
	assert.InDelta(t, s["accuracy"], float64(right)/500, 1e-6)
}

// TestBareLoop compares Fit with the loop that it stands for, bit for bit.
func TestBareLoop(t *testing.T) {
	const epochs, size, seed = 3, 32, 5
	d := data.Digits(333, 2)
	m := digits()
	h, err := m.Fit(t.Context(), d, Options{Epochs: epochs, Batch: size, Seed: seed, Validation: d})
	require.NoError(t, err)

	bare := digits()
	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 28, 28), graph.InputOf(graph.Int64, "y", batch)
	pred := bare.Net.Apply(x)
	loss, accuracy := nn.CrossEntropy(pred, y), nn.Accuracy(pred, y)
	nn.Init(bare.Net, 1)
	step, err := optim.Minimize(loss, nn.Params(bare.Net), bare.Optimizer, accuracy)
	require.NoError(t, err)
	evaluate, err := graph.Compile(loss, accuracy)
	require.NoError(t, err)
	through := func(p *graph.Program, d data.Dataset) (mean [2]float64) {
		n := 0.0
		for b, err := range d.Batches(size) {
			require.NoError(t, err)
			out, err := p.Run(x.Is(b[0]), y.Is(b[1]))
			require.NoError(t, err)
			k := float64(b[0].Shape()[0])
			mean[0] += k * float64(out[0].Data().(float32))
			mean[1] += k * float64(out[1].Data().(float32))
			n += k
		}
		return [2]float64{mean[0] / n, mean[1] / n}
	}
	for e := range epochs {
		got, want := h.Epochs[e], through(step, d.Shuffle(seed<<16+uint64(e)))
		assert.Equal(t, Scores{"loss": want[0], "accuracy": want[1]}, got.Train)
		want = through(evaluate, d)
		assert.Equal(t, Scores{"loss": want[0], "accuracy": want[1]}, got.Validation)
	}
	for i, p := range nn.Params(m.Net) {
		assert.Equal(t, nn.Params(bare.Net)[i].Value.Data(), p.Value.Data(), p.Label)
	}
}

func TestSplitAndOrder(t *testing.T) {
	d := points(t, 10)
	var seen []float32
	see := OnStep(func(r *Run) error {
		b, err := r.Batch.Batch()
		if err == nil {
			seen = append(seen, b[0].Float32s()...)
		}
		return err
	})
	h, err := line(optim.SGD(0.1)).Fit(t.Context(), d, Options{Split: 0.25, Batch: 3, InOrder: true, Callbacks: []Callback{see}})
	require.NoError(t, err)
	assert.Equal(t, d.Column(0).Float32s()[:8], seen)
	assert.NotNil(t, h.Last().Validation)
	assert.Equal(t, 3, h.Last().Steps)

	first, second := []float32{}, []float32{}
	for i, to := range []*[]float32{&first, &second} {
		seen = nil
		_, err = line(optim.SGD(0.1)).Fit(t.Context(), d, Options{Batch: 10, Seed: uint64(i), Callbacks: []Callback{see}})
		require.NoError(t, err)
		*to = seen
	}
	assert.NotEqual(t, first, second, "another seed is another order")
	assert.ElementsMatch(t, first, second)
}

// TestOutputs trains two heads with weighted losses, metrics of each, and one
// figure that is made of sums.
func TestOutputs(t *testing.T) {
	batch := graph.Sym("batch")
	a, b := graph.Input("a", batch, 1), graph.Input("b", batch, 1)
	sum, sign := graph.Input("sum", batch, 1), graph.Input("sign", batch, 1)
	heads := struct{ Sum, Sign *nn.Dense }{&nn.Dense{Out: 1}, &nn.Dense{Out: 1}}
	in := ops.Concat(1, a, b)
	s, l := heads.Sum.Apply(in), heads.Sign.Apply(in)
	nn.Init(heads, 1)
	loss := ops.Add(nn.MSE(s, sum), ops.Scale(nn.BinaryCrossEntropy(l, sign), 0.5))
	tr, err := Graph{
		Inputs: []*graph.Node{a, nil, b, sum, sign}, Loss: loss, Params: nn.Params(heads), Optimizer: optim.Adam(0.05),
		Figures: []Figure{
			{Name: "sum_mae", Value: nn.MAE(s, sum)},
			{Name: "sign_f1", Value: nn.Confusion(l, sign), Total: func(m *graph.Node) *graph.Node { return nn.F1Of(m, nn.Positive) }},
		},
		Outputs: []*graph.Node{s, ops.Sigmoid(l)},
	}.Compile()
	require.NoError(t, err)

	n := 100
	c := make([][]float32, 5)
	for i := range n {
		x, z := float32(math.Sin(float64(i))), float32(math.Cos(float64(3*i)))
		yes := float32(0)
		if x > z {
			yes = 1
		}
		for k, v := range []float32{x, 99, z, x + z, yes} {
			c[k] = append(c[k], v)
		}
	}
	d := rows(t, column(c[0]), column(c[1]), column(c[2]), column(c[3]), column(c[4]))
	h, err := tr.Fit(t.Context(), d, Options{Epochs: 60, Batch: 16, Validation: d})
	require.NoError(t, err)
	assert.Equal(t, []string{"loss", "sum_mae", "sign_f1"}, h.Names)
	assert.Less(t, h.Last().Validation["sum_mae"], 0.01)
	assert.Greater(t, h.Last().Validation["sign_f1"], 0.95)

	// the F1 of all rows is that of one batch, not a mean of batches
	one, err := tr.Evaluate(t.Context(), d, n)
	require.NoError(t, err)
	assert.Equal(t, one["sign_f1"], h.Last().Validation["sign_f1"])

	out, err := tr.Predict(t.Context(), d, 7)
	require.NoError(t, err)
	require.Len(t, out, 2)
	for i, v := range out[0].Float32s() {
		assert.InDelta(t, c[3][i], v, 0.1)
	}
}

func TestFrozenAndPenalty(t *testing.T) {
	m := line(optim.SGD(0.1))
	m.Frozen = func(p *graph.Param) bool { return p.Label == "B" }
	var given []string
	m.Penalty = func(params []*graph.Param) *graph.Node {
		for _, p := range params {
			given = append(given, p.Label)
		}
		return nn.L2(params, 0.5)
	}
	d := points(t, 20)
	tr, err := m.Build(d)
	require.NoError(t, err)
	dense := m.Net.(*nn.Dense)
	before := dense.B.Value.Float32s()[0]
	_, err = tr.Fit(t.Context(), d, Options{Epochs: 50})
	require.NoError(t, err)
	assert.Equal(t, []string{"W"}, given)
	assert.Equal(t, before, dense.B.Value.Float32s()[0])
	w := dense.W.Value.Float32s()[0]
	assert.Greater(t, w, float32(0.1))
	assert.Less(t, w, float32(1.9), "the penalty draws it to 0")
}

func TestFloat64(t *testing.T) {
	x := tensor.New(tensor.WithShape(4, 1), tensor.WithBacking([]float64{-1, 0, 1, 2}))
	y := tensor.New(tensor.WithShape(4, 1), tensor.WithBacking([]float64{1, 3, 5, 7}))
	m := line(optim.SGD(0.1))
	_, err := m.Fit(t.Context(), rows(t, x, y), Options{Epochs: 500})
	require.NoError(t, err)
	assert.InDelta(t, 3, m.Net.(*nn.Dense).B.Value.Float64s()[0], 1e-9)
}

// slow is a data set that goes on for ever.
func slow(d data.Dataset) data.Stream {
	return func() iter.Seq2[data.Batch, error] {
		return func(yield func(data.Batch, error) bool) {
			for {
				for b, err := range d.Batches(64) {
					if !yield(b, err) {
						return
					}
				}
			}
		}
	}
}

func TestCancel(t *testing.T) {
	m := &Model{
		Net:  nn.Sequential{&nn.Flatten{}, &nn.Dense{Out: 1024, Act: ops.ReLU}, &nn.Dense{Out: 1024, Act: ops.ReLU}, &nn.Dense{Out: 10}},
		Loss: crossEntropy, Optimizer: optim.Adam(1e-3),
	}
	d := data.Digits(2048, 1)
	_, err := m.Build(d)
	require.NoError(t, err)
	least := time.Hour // of a few, for other programs run too
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		asked := make(chan time.Time, 1)
		steps := 0
		_, err = m.Fit(ctx, slow(d), Options{Batch: 512, InOrder: true, Callbacks: []Callback{OnStep(func(*Run) error {
			if steps++; steps == 2 {
				time.AfterFunc(20*time.Millisecond, func() { asked <- time.Now(); cancel() })
			}
			return nil
		})}})
		require.ErrorIs(t, err, context.Canceled)
		if least = min(least, time.Since(<-asked)); least < 100*time.Millisecond {
			break
		}
	}
	t.Logf("returned after %v", least)
	assert.Less(t, least, 100*time.Millisecond)
	s, err := m.Evaluate(t.Context(), d, 2048)
	require.NoError(t, err)
	assert.False(t, math.IsNaN(s["loss"]))
	_, err = m.Fit(t.Context(), d, Options{Batch: 512})
	require.NoError(t, err, "training goes on")
}

func TestResumesAtTheStep(t *testing.T) {
	d := data.Digits(300, 4)
	whole := digits()
	_, err := whole.Fit(t.Context(), d, Options{Epochs: 3, Batch: 32, Seed: 9})
	require.NoError(t, err)
	dir := t.TempDir()
	cut := digits()
	boom := errors.New("boom")
	_, err = cut.Fit(t.Context(), d, Options{Epochs: 3, Batch: 32, Seed: 9, Callbacks: []Callback{
		&Checkpoints{Saver: Saver{Dir: dir}, Every: 7},
		OnStep(func(r *Run) error {
			if r.Position.Steps == 16 {
				return boom
			}
			return nil
		})}})
	require.ErrorIs(t, err, boom)
	again := digits()
	tr, err := again.Build(d)
	require.NoError(t, err)
	m, found, err := Resume(dir, tr.Step.Params())
	require.NoError(t, err)
	require.True(t, found)
	require.Len(t, m.Position.States, 1, "the figures so far")
	place := m.Position
	place.States = nil
	assert.Equal(t, Position{Epoch: 1, Rows: 128, Steps: 14, Seed: 9}, place)
	_, err = again.Fit(t.Context(), d, Options{Epochs: 3, Batch: 32, Seed: 9, From: m.Position})
	require.NoError(t, err)
	for i, p := range nn.Params(whole.Net) {
		assert.Equal(t, p.Value.Data(), nn.Params(again.Net)[i].Value.Data(), p.Label)
	}
}

func TestMistakes(t *testing.T) {
	d := points(t, 4)
	fit := func(m *Model, d data.Dataset, o Options) error {
		_, err := m.Fit(context.Background(), d, o)
		return err
	}
	good := func() *Model { return line(optim.SGD(0.1)) }
	change := func(f func(m *Model)) *Model { m := good(); f(m); return m }
	twoNames := []Metric{{Name: "mae", Of: mse}, {Name: "mae", Of: mse}}
	for _, c := range []struct {
		err  error
		want string
	}{
		{fit(good(), d, Options{Callbacks: []Callback{&Checkpoints{}}}), "train: cannot save: there is no folder: set Saver.Dir"},
		{fit(&Model{}, d, Options{}), "train: the model has no network: set Model.Net"},
		{fit(change(func(m *Model) { m.Optimizer = nil }), d, Options{}), "train: the model has no optimizer: set Model.Optimizer, such as optim.Adam(1e-3)"},
		{fit(change(func(m *Model) { m.Loss = nil }), d, Options{}), "train: the model has no loss: set Model.Loss, such as nn.MSE"},
		{fit(good(), nil, Options{}), "train: there is no data: data.Of makes a data set of tensors"},
		{fit(good(), d.Rows(0, 0), Options{}), "train: the data set has no rows"},
		{fit(good(), rows(t, d.Column(0)), Options{}), "train: a model learns from 2 columns, x and y, or 3 with weights, but the data has 1: a train.Graph takes any number"},
		{fit(good(), d, Options{Epochs: -1}), "train: -1 epochs in batches of 32: both must be at least 1"},
		{fit(good(), d, Options{Split: 2}), "train: a split of 2: want a share of the rows between 0 and 1"},
		{fit(good(), d, Options{Split: 0.5, Validation: d}), "train: both a validation set and a split are given: choose one"},
		{fit(good(), slow(d), Options{Split: 0.5}), "train: a data.Stream cannot be split: give Options.Validation a data set of its own"},
		{fit(good(), d, Options{Split: 0.01}), "train: a split of 0.01 leaves 4 rows to train on and 0 to validate: want more rows"},
		{fit(good(), d, Options{Callbacks: []Callback{nil}}), "train: callback 0 is nil"},
		{fit(change(func(m *Model) { m.Metrics = twoNames }), d, Options{}), `train: figure 2 is named "mae": names must differ and not be empty`},
		{fit(change(func(m *Model) { m.Metrics = []Metric{{Name: "mae"}} }), d, Options{}), `train: metric 0, "mae", has no function: set Metric.Of`},
		{fit(change(func(m *Model) { m.Metrics = []Metric{{"pred", func(p, _ *graph.Node) *graph.Node { return p }, nil}} }), d, Options{}), "train: figure pred is f32[batch 1]: want one number of a batch, such as a mean, or sums of a fixed shape with Total"},
		{fit(change(func(m *Model) { m.Frozen = func(*graph.Param) bool { return true } }), d, Options{}), "train: all 2 parameters are frozen: Frozen must leave one to train"},
		{fit(good(), d, Options{Callbacks: []Callback{&EarlyStopping{Watch: Watch{Figure: "acc"}}}}), `train: early stopping watches "acc", which is none of loss`},
		{fit(good(), d, Options{Callbacks: []Callback{&ReduceOnPlateau{}}}), "train: reduce on plateau needs a rate that the step reads: give the optimizer .Schedule(rate.Schedule)"},
	} {
		assert.EqualError(t, c.err, c.want)
	}
	_, err := good().Predict(t.Context(), d, 0)
	assert.EqualError(t, err, "train: the model is not built: call Fit, or Build with data that has labels")
	_, err = (&Trainer{}).Fit(t.Context(), d)
	assert.EqualError(t, err, "train: there is no program to fit: set Trainer.Step")
	_, err = (&Trainer{}).Predict(t.Context(), d, 0)
	assert.EqualError(t, err, "train: there is nothing to predict: set Graph.Outputs or Trainer.Prediction")
	_, err = Graph{}.Compile()
	assert.EqualError(t, err, "train: there is no loss: set Graph.Loss")

	// a mistake in the graph is told at the user's line
	err = fit(change(func(m *Model) { m.Loss = crossEntropy }), d, Options{})
	require.Error(t, err)
	assert.True(t, strings.HasPrefix(err.Error(), "fit_test.go:"), "%v", err)
}

func TestProgressOnePlainLine(t *testing.T) {
	var b bytes.Buffer
	_, err := line(optim.SGD(0.1)).Fit(t.Context(), points(t, 10), Options{Epochs: 2, Split: 0.2, Progress: &b})
	require.NoError(t, err)
	assert.Regexp(t, `\Aepoch 1/2  loss \d+\.\d{4}  val_loss \d+\.\d{4}  rate 0\.1  \d+\.\d s\nepoch 2/2  .*\n\z`, b.String())
}

func TestProgressOnTerminal(t *testing.T) {
	var b bytes.Buffer
	clock := time.Unix(0, 0)
	p := newProgress(&b)
	p.terminal, p.width, p.now = true, 200, func() time.Time { return clock }
	p.begin(2, 5, 1000, 0)
	for range 100 { // 10 rows in 10 ms each
		clock = clock.Add(10 * time.Millisecond)
		p.step(10, 0.5, true, 1e-3/3)
	}
	drawn := strings.Split(b.String(), "\r")[1:]
	assert.Len(t, drawn, 10, "ten times in a second")
	assert.Equal(t, "epoch 2/5  500/1000 rows  1000 rows/s  1s left  mean loss so far 0.5000  rate 0.000333\x1b[K", drawn[4])
	p.end()
	assert.True(t, strings.HasSuffix(b.String(), "\r\x1b[K"))
	b.Reset()
	p.width = 20
	p.begin(2, 5, data.Unknown, 0)
	clock = clock.Add(time.Second)
	p.step(10, 0.5, true, 0)
	assert.Equal(t, "\repoch 2/5  10 rows \x1b[K", b.String(), "it is cut to the width")
}

// TestScoresJSON writes what JSON has no number for as null.
func TestScoresJSON(t *testing.T) {
	b, err := json.Marshal(Epoch{Number: 1, Train: Scores{"loss": math.NaN(), "accuracy": 0.5}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"epoch":1,"steps":0,"rows":0,"seconds":0,"train":{"loss":null,"accuracy":0.5}}`, string(b))
}

// TestHeapStays measures that steps leave nothing behind and hardly allocate.
func TestHeapStays(t *testing.T) {
	m, d := digits(), data.Digits(640, 1)
	heap := func() (s runtime.MemStats) {
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s
	}
	var before, after runtime.MemStats
	_, err := m.Fit(t.Context(), d, Options{Epochs: 31, Batch: 8, InOrder: true, Callbacks: []Callback{OnEpoch(func(r *Run) error {
		switch r.Position.Epoch {
		case 1:
			before = heap()
		case 31:
			after = heap()
		}
		return nil
	})}})
	require.NoError(t, err)
	perStep := float64(after.Mallocs-before.Mallocs) / (30 * 80)
	t.Logf("%.2f allocations a step, heap %d -> %d", perStep, before.HeapAlloc, after.HeapAlloc)
	assert.Less(t, perStep, 3.0)
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(1<<20))
}
