package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// a teller notes when it is called.
type teller struct {
	name string
	log  *[]string
}

func (c teller) tell(what string) error {
	*c.log = append(*c.log, c.name+" "+what)
	return nil
}
func (c teller) Start(*Run) error   { return c.tell("start") }
func (c teller) Step(r *Run) error  { return c.tell(fmt.Sprint("step ", r.Position.Steps)) }
func (c teller) Epoch(r *Run) error { return c.tell(fmt.Sprint("epoch ", r.Position.Epoch)) }
func (c teller) End(*Run) error     { return c.tell("end") }

func TestCallbacksInOrder(t *testing.T) {
	var log []string
	_, err := line(optim.SGD(0.1)).Fit(t.Context(), points(t, 4), Options{Epochs: 2, Batch: 4,
		Callbacks: []Callback{teller{"a", &log}, teller{"b", &log}}})
	require.NoError(t, err)
	assert.Equal(t, []string{"a start", "b start", "a step 1", "b step 1", "a epoch 1", "b epoch 1",
		"a step 2", "b step 2", "a epoch 2", "b epoch 2", "a end", "b end"}, log)
}

func TestStopInTheMiddle(t *testing.T) {
	h, err := line(optim.SGD(0.1)).Fit(t.Context(), points(t, 10), Options{Epochs: 5, Batch: 2, Callbacks: []Callback{OnStep(func(r *Run) error {
		if r.Position.Steps == 7 {
			r.Stop("enough")
		}
		return nil
	})}})
	require.NoError(t, err)
	assert.Len(t, h.Epochs, 1)
	assert.Equal(t, "enough", h.Stopped)
}

// TestEarlyStopping trains with a rate that grows until the loss does, and expects
// the parameters of the best epoch.
func TestEarlyStopping(t *testing.T) {
	rate := &Rate{}
	m := line(optim.SGD(0.2, optim.SGDOptions{Momentum: 0.5}).Schedule(rate.Schedule))
	dense := m.Net.(*nn.Dense)
	weights := map[int]float32{}
	grow := OnEpoch(func(r *Run) error {
		weights[r.Position.Epoch] = dense.W.Value.Float32s()[0]
		if r.Position.Epoch == 5 {
			rate.Set(20)
		}
		return nil
	})
	h, err := m.Fit(t.Context(), points(t, 16), Options{Epochs: 50, Batch: 16, Validation: points(t, 8),
		Callbacks: []Callback{grow, &EarlyStopping{Patience: 2}}})
	require.NoError(t, err)
	loss := h.Values("val_loss")
	best := 0
	for i, v := range loss {
		if v < loss[best] {
			best = i
		}
	}
	require.Len(t, loss, best+1+3, "%v", loss)
	assert.Equal(t, fmt.Sprintf("no better for 3 epochs since epoch %d", best+1), h.Stopped)
	assert.Equal(t, weights[best+1], dense.W.Value.Float32s()[0])
	s, err := m.Evaluate(t.Context(), points(t, 8), 8)
	require.NoError(t, err)
	assert.InDelta(t, loss[best], s["loss"], 1e-6)
}

func TestReduceOnPlateau(t *testing.T) {
	rate := &Rate{}
	m := line(optim.SGD(0.1).Schedule(rate.Schedule))
	var rates []float64
	_, err := m.Fit(t.Context(), points(t, 4), Options{Epochs: 7, Callbacks: []Callback{
		&ReduceOnPlateau{Watch: Watch{Delta: 1e9}, Rate: rate, Patience: 1, Factor: 0.5, Least: 0.2},
		OnEpoch(func(*Run) error { rates = append(rates, rate.Factor()); return nil })}})
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 1, 0.5, 0.5, 0.25, 0.25, 0.2}, rates)

	// the step reads it: at rate 0 nothing moves
	rate.Set(0)
	before := m.Net.(*nn.Dense).W.Value.Float32s()[0]
	_, err = m.Fit(t.Context(), points(t, 4))
	require.NoError(t, err)
	assert.Equal(t, before, m.Net.(*nn.Dense).W.Value.Float32s()[0])
}

func TestRateFinder(t *testing.T) {
	rate := &Rate{}
	m := digits()
	m.Optimizer = optim.SGD(1).Schedule(rate.Schedule)
	d := data.Digits(500, 1)
	tr, err := m.Build(d)
	require.NoError(t, err)
	before := &Snapshot{Params: tr.Step.Params()}
	require.NoError(t, before.Take())
	f := &RateFinder{Rate: rate, From: 1e-5, To: 1e3, Steps: 60}
	got, err := f.Find(t.Context(), tr, d)
	require.NoError(t, err)
	t.Logf("rate %.3g after %d steps", got, len(f.Losses))
	assert.Greater(t, got, 1e-3)
	assert.Less(t, got, 10.0)
	assert.InDelta(t, 1e-5, f.Factors[0], 1e-12)
	assert.Len(t, f.Factors, len(f.Losses))
	assert.Equal(t, 1.0, rate.Factor())
	after := &Snapshot{Params: tr.Step.Params()}
	require.NoError(t, after.Take())
	for i, v := range before.values {
		for k := range v.Len() {
			require.Equal(t, v.At(k), after.values[i].At(k), "all parameters are put back")
		}
	}
	start, err := m.Evaluate(t.Context(), d, 100)
	require.NoError(t, err)
	rate.Set(got)
	h, err := m.Fit(t.Context(), d, Options{Epochs: 3})
	require.NoError(t, err)
	assert.Less(t, h.Last().Train["loss"], start["loss"]/2, "it trains well")
}

func TestNotFinite(t *testing.T) {
	net := &nn.Dense{Out: 1}
	m := &Model{Net: net, Optimizer: optim.SGD(0.1), Loss: func(pred, y *graph.Node) *graph.Node {
		return ops.Mean(ops.Log(ops.Sub(y, ops.Scale(pred, 0)))) // the line that is named
	}}
	x := column([]float32{1, 2, 3, 4, 5, 6})
	y := column([]float32{1, 2, 3, 4, -5, 6})
	d := rows(t, x, y)
	_, err := m.Build(d)
	require.NoError(t, err)
	var before float32
	h, err := m.Fit(t.Context(), d, Options{Batch: 2, InOrder: true, Callbacks: []Callback{OnStep(func(*Run) error {
		before = net.W.Value.Float32s()[0]
		return nil
	})}})
	var bad *NotFinite
	require.ErrorAs(t, err, &bad)
	assert.Empty(t, h.Epochs)
	assert.Equal(t, 3, bad.Step)
	assert.Equal(t, "log", bad.Node.Op().Name())
	assert.Equal(t, []int{0, 0}, bad.Index)
	assert.Regexp(t, `^train: the loss is NaN in step 3: callback_test\.go:\d+: log f32\[batch 1\] is so first, at \[0 0\], from .* in \[-5, 6\]$`, err.Error())
	assert.Equal(t, before, net.W.Value.Float32s()[0], "nothing has changed")

	// an infinity that is met is named too
	y.Float32s()[4] = 0
	_, err = m.Fit(t.Context(), d, Options{Batch: 2, InOrder: true})
	require.ErrorAs(t, err, &bad)
	assert.True(t, math.IsInf(bad.Value, -1))
	assert.Equal(t, "log", bad.Node.Op().Name())
}

func TestFinite(t *testing.T) {
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return ops.Square(Finite(x[0])) }, gradtest.Of(3, 4))
	_, err := graph.Compile(Finite(graph.InputOf(graph.Int64, "n", 2)))
	require.Error(t, err)
	assert.Contains(t, err.Error(), "finite: n i64[2] is no float: integers are always finite")
	x := graph.Input("x", 2)
	p, err := graph.Compile(Finite(x))
	require.NoError(t, err)
	_, err = p.Run(x.Is(tensor.New(tensor.WithBacking([]float32{1, float32(math.Inf(1))}))))
	require.Error(t, err)
	assert.Regexp(t, `^callback_test\.go:\d+: finite: the value is \+Inf$`, err.Error())
}

func TestAverage(t *testing.T) {
	m := line(optim.SGD(0.1))
	w := m.Net.(*nn.Dense)
	d := points(t, 8)
	_, err := m.Build(d)
	require.NoError(t, err)
	want := float64(w.W.Value.Float32s()[0])
	a := &Average{Decay: 0.9}
	_, err = m.Fit(t.Context(), d, Options{Epochs: 10, Batch: 4, Callbacks: []Callback{a, OnStep(func(*Run) error {
		want = 0.9*want + 0.1*float64(w.W.Value.Float32s()[0])
		return nil
	})}})
	require.NoError(t, err)
	assert.InDelta(t, want, a.Values()[0].Float32s()[0], 1e-6)
	raw := w.W.Value.Float32s()[0]
	a.Swap()
	assert.InDelta(t, want, w.W.Value.Float32s()[0], 1e-6)
	assert.Equal(t, raw, a.Values()[0].Float32s()[0])
	a.Swap()
	assert.Equal(t, raw, w.W.Value.Float32s()[0])

	_, err = m.Fit(t.Context(), d, Options{Callbacks: []Callback{&Average{Decay: 2}}})
	assert.EqualError(t, err, "train: an average with decay 2: want one between 0 and 1")
}

func TestLogs(t *testing.T) {
	var table, lines bytes.Buffer
	h, err := line(optim.SGD(0.1)).Fit(t.Context(), points(t, 10), Options{Epochs: 2, Split: 0.2, Callbacks: []Callback{&CSV{W: &table}, NDJSON{&lines}}})
	require.NoError(t, err)
	got := strings.Split(strings.TrimSpace(table.String()), "\n")
	require.Len(t, got, 3)
	assert.Equal(t, "epoch,steps,rows,seconds,rate,loss,val_loss", got[0])
	e := h.Epochs[1]
	assert.Equal(t, fmt.Sprintf("2,1,8,%v,0.1,%v,%v", number(e.Seconds), number(e.Train["loss"]), number(e.Validation["loss"])), got[2])
	var back Epoch
	require.NoError(t, json.Unmarshal([]byte(strings.Split(lines.String(), "\n")[1]), &back))
	assert.Equal(t, e, back)
}

// TestRunRate looks at the learning rate from callbacks, one of which sets it.
func TestRunRate(t *testing.T) {
	factor := &Rate{}
	rule := func() optim.Rule { return optim.SGD(0.1).Schedule(optim.Exponential(0.5)).Schedule(factor.Schedule) }
	for _, accumulate := range []int{0, 2} {
		m := line(rule())
		m.Accumulate = accumulate
		var seen []float64
		factor.Set(1)
		h, err := m.Fit(t.Context(), points(t, 16), Options{Epochs: 2, Batch: 4, Callbacks: []Callback{OnStep(func(r *Run) error {
			if r.Updated {
				seen = append(seen, r.Rate)
				factor.Set(factor.Factor() * 4)
			}
			return nil
		})}})
		require.NoError(t, err)
		require.Len(t, seen, 8/max(accumulate, 1))
		for i, v := range seen {
			assert.InDelta(t, 0.1*math.Pow(2, float64(i)), v, 1e-12)
		}
		half := len(seen) / 2
		assert.Equal(t, []float64{seen[half-1], seen[2*half-1]}, h.Values("rate"))
	}

	still := line(func(p, _ *graph.Node, _ *optim.State) *graph.Node { return p })
	h, err := still.Fit(t.Context(), points(t, 8), Options{})
	require.NoError(t, err)
	assert.Nil(t, h.Values("rate"), "a rule that knows no rate")

	m := line(optim.SGD(0.1))
	trainer, err := m.Build(points(t, 8))
	require.NoError(t, err)
	for _, at := range []int{-1, 1, 9} { // output 1 is the loss
		trainer.Rate = at
		_, err = trainer.Fit(t.Context(), points(t, 8))
		assert.ErrorContains(t, err, "is no learning rate: Trainer.Rate is the place of optim.LearningRate() among the outputs of the step, 0 for none")
	}
	trainer.Rate = 0
	h, err = trainer.Fit(t.Context(), points(t, 8))
	require.NoError(t, err)
	assert.Zero(t, h.Last().Rate)
}

func TestSnapshotNeedsTake(t *testing.T) {
	assert.EqualError(t, (&Snapshot{}).Restore(), "train: nothing was taken: call Snapshot.Take first")
}

// TestCheckpointsOfTwo uses the same callback for two trainings, one after the
// other: each time the weights are those of the model that is trained.
func TestCheckpointsOfTwo(t *testing.T) {
	c := &Checkpoints{Saver: Saver{Dir: t.TempDir()}}
	for _, rate := range []float64{0.1, 0.05} {
		m := line(optim.SGD(rate))
		trainer, err := m.Build(points(t, 8))
		require.NoError(t, err)
		_, err = trainer.Fit(t.Context(), points(t, 8), Options{Epochs: 2, Batch: 4, Callbacks: []Callback{c}})
		require.NoError(t, err)
		want, err := graph.FromDense(trainer.Params[0].Value)
		require.NoError(t, err)
		learned := want.At(0)
		want.Set(0, 99)
		_, found, err := Resume(c.Dir, trainer.State())
		require.NoError(t, err)
		require.True(t, found)
		got, err := graph.FromDense(trainer.Params[0].Value)
		require.NoError(t, err)
		assert.Equal(t, learned, got.At(0))
	}
}

// TestBest trains with a rate that grows until the loss does: the file has the best
// epoch's parameters, also when the training was cut and went on.
func TestBest(t *testing.T) {
	rows := points(t, 8)
	run := func(cut int) (best, last float64, at int) {
		path, dir := filepath.Join(t.TempDir(), "best.safetensors"), t.TempDir()
		m := line(optim.SGD(0.02).Schedule(func(lr, step *graph.Node) *graph.Node { return ops.Mul(lr, ops.Exp(ops.Scale(step, 0.4))) }))
		trainer, err := m.Build(rows)
		require.NoError(t, err)
		b := &Best{Path: path, Watch: Watch{Figure: "loss"}}
		values := map[int]float64{}
		note := OnEpoch(func(r *Run) error {
			v, err := graph.FromDense(trainer.Params[0].Value)
			values[r.Position.Epoch] = v.At(0)
			if r.Position.Epoch == cut {
				r.Stop("cut")
			}
			return err
		})
		o := Options{Epochs: 20, Batch: 8, Callbacks: []Callback{b, note, &Checkpoints{Saver: Saver{Dir: dir}}}}
		h, err := trainer.Fit(t.Context(), rows, o)
		require.NoError(t, err)
		losses := h.Values("loss")
		if cut > 0 {
			m, found, err := Resume(dir, trainer.State())
			require.NoError(t, err)
			require.True(t, found)
			o.From, o.Callbacks = m.Position, []Callback{&Best{Path: path, Watch: Watch{Figure: "loss"}}}
			h, err = trainer.Fit(t.Context(), rows, o)
			require.NoError(t, err)
			losses = append(losses, h.Values("loss")...)
		}
		manifest, err := LoadFile(path, trainer.Params)
		require.NoError(t, err)
		at = manifest.Position.Epoch
		assert.Equal(t, slices.Index(losses, slices.Min(losses))+1, at)
		v, err := graph.FromDense(trainer.Params[0].Value)
		require.NoError(t, err)
		if cut == 0 {
			assert.Equal(t, values[at], v.At(0))
		}
		return v.At(0), losses[len(losses)-1], at
	}
	best, last, at := run(0)
	assert.Greater(t, at, 1)
	assert.Less(t, at, 20)
	assert.Greater(t, last, 1.0)
	for _, cut := range []int{at - 1, at + 1} {
		again, _, _ := run(cut)
		assert.Equal(t, best, again, "cut after epoch %d", cut)
	}
}
