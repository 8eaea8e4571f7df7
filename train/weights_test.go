package train

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func squares(pred, y *graph.Node) *graph.Node { return nn.MSE(pred, y, nn.None) }

// TestSampleWeights takes whole weights for repetitions of rows.
func TestSampleWeights(t *testing.T) {
	x, y := []float32{-1, 0, 1, 2}, []float32{3, 1, 0, 5}
	times := []float32{1, 0, 3, 2}
	var rx, ry []float32
	for i, n := range times {
		for range int(n) {
			rx, ry = append(rx, x[i]), append(ry, y[i])
		}
	}
	weighted := &Model{Net: &nn.Dense{Out: 1}, RowLoss: squares, Optimizer: optim.SGD(0.1), Seed: 1}
	repeated := line(optim.SGD(0.1 * 6.0 / 4)) // a mean over 6 rows, not over 4
	for _, w := range []*tensor.Dense{column(times), tensor.New(tensor.WithShape(4), tensor.WithBacking(times))} {
		weighted.trainer = nil
		_, err := weighted.Fit(t.Context(), rows(t, column(x), column(y), w), Options{Epochs: 10, Batch: 4})
		require.NoError(t, err)
		_, err = repeated.Fit(t.Context(), rows(t, column(rx), column(ry)), Options{Epochs: 10, Batch: 6})
		require.NoError(t, err)
		for i, p := range nn.Params(weighted.Net) {
			assert.InDelta(t, nn.Params(repeated.Net)[i].Value.Float32s()[0], p.Value.Float32s()[0], 1e-5)
		}
	}
}

// TestClassWeights learns a rare class.
func TestClassWeights(t *testing.T) {
	const n = 400
	x, y := make([]float32, n), make([]int64, n)
	for i := range x {
		x[i] = float32(math.Sin(float64(i) * 1.7))
		if i%20 == 0 { // 20 rows of the rare class, 1 higher
			x[i], y[i] = x[i]+1, 1
		}
	}
	labels := tensor.New(tensor.WithShape(n), tensor.WithBacking(y))
	weights, err := Balanced(labels, 2)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{400.0 / (2 * 380), 10}, weights, 1e-12)
	recall := func(w []float64) float64 {
		m := &Model{
			Net: &nn.Dense{Out: 2}, Optimizer: optim.Adam(0.05), Seed: 1, ClassWeights: w,
			RowLoss: func(p, y *graph.Node) *graph.Node {
				return nn.CrossEntropy(p, y, nn.CrossEntropyOptions{Reduction: nn.None})
			},
		}
		d := rows(t, column(x), labels)
		_, err := m.Fit(t.Context(), d, Options{Epochs: 40})
		require.NoError(t, err)
		p, err := m.Predict(t.Context(), d, 100)
		require.NoError(t, err)
		found := 0.0
		for i := 0; i < n; i += 20 {
			if v := p.Float32s(); v[2*i+1] > v[2*i] {
				found += 1.0 / 20
			}
		}
		return found
	}
	plain, balanced := recall(nil), recall(weights)
	assert.Less(t, plain, 0.3)
	assert.Greater(t, balanced, 0.6)
}

// TestPenaltyOfLayers gives each layer its own penalty and keeps the names.
func TestPenaltyOfLayers(t *testing.T) {
	first, last := &nn.Dense{Out: 4, Act: ops.Tanh}, &nn.Dense{Out: 1}
	m := &Model{
		Net: nn.Sequential{first, last}, Loss: mse, Optimizer: optim.SGD(0.1), Seed: 1,
		Penalty: func([]*graph.Param) *graph.Node {
			return ops.Add(nn.L1(nn.Params(first), 0.1), nn.L2(nn.Params(last), 0.01))
		},
	}
	d := points(t, 16)
	tr, err := m.Build(d)
	require.NoError(t, err)
	var names []string
	for _, p := range tr.Params {
		names = append(names, p.Label)
	}
	assert.Equal(t, []string{"0.W", "0.B", "1.W", "1.B"}, names)
	want := 0.0
	for _, v := range first.W.Value.Float32s() {
		want += 0.1 * math.Abs(float64(v))
	}
	for _, v := range last.W.Value.Float32s() {
		want += 0.01 * float64(v) * float64(v)
	}
	with, err := m.Evaluate(t.Context(), d, 16)
	require.NoError(t, err)
	plain := &Model{Net: m.Net, Loss: mse, Optimizer: optim.SGD(0.1)}
	without, err := plain.Evaluate(t.Context(), d, 16)
	require.NoError(t, err)
	assert.InDelta(t, want, with["loss"]-without["loss"], 1e-5)
}

func TestWeightMistakes(t *testing.T) {
	d := points(t, 4)
	three := rows(t, d.Column(0), d.Column(1), column([]float32{1, 1, 1, 1}))
	fit := func(m Model, d data.Dataset) error {
		m.Net, m.Optimizer = &nn.Dense{Out: 1}, optim.SGD(0.1)
		_, err := m.Fit(t.Context(), d)
		return err
	}
	need := "train: weights need the loss of each row: set Model.RowLoss instead of Loss, such as nn.MSE(pred, y, nn.None)"
	assert.EqualError(t, fit(Model{Loss: mse}, three), need)
	assert.EqualError(t, fit(Model{Loss: mse, ClassWeights: []float64{1}}, d), need)
	assert.EqualError(t, fit(Model{Loss: mse, RowLoss: squares}, d), "train: the model has both Loss and RowLoss: set RowLoss if rows have weights, else Loss")
	assert.ErrorContains(t, fit(Model{RowLoss: mse}, three), "rowloss: the loss")
	assert.ErrorContains(t, fit(Model{RowLoss: squares, ClassWeights: []float64{1}}, d), "are no classes: want integers [batch]")
	_, err := Balanced(tensor.New(tensor.WithShape(2), tensor.WithBacking([]int64{0, 3})), 3)
	assert.EqualError(t, err, "train: label 3 of row 1: want 0 to 2")
	_, err = Balanced(column([]float32{1}), 3)
	assert.EqualError(t, err, "train: labels are f32[1 1]: want integers in one axis")
}

// TestAccumulate compares batches of 8 that are summed up by 4 with batches of 32: the
// last batches, of 13 rows, differ in their parts too.
func TestAccumulate(t *testing.T) {
	d := data.Digits(32*5+13, 3)
	large, small := digits(), digits()
	small.Accumulate = 4
	lh, err := large.Fit(t.Context(), d, Options{Epochs: 3, Batch: 32, Seed: 4})
	require.NoError(t, err)
	updates := 0
	sh, err := small.Fit(t.Context(), d, Options{Epochs: 3, Batch: 8, Seed: 4, Callbacks: []Callback{OnStep(func(r *Run) error {
		if r.Updated {
			updates++
		}
		return nil
	})}})
	require.NoError(t, err)
	assert.Equal(t, 15, updates, "beside those at the ends of epochs")
	assert.Equal(t, 22, sh.Last().Steps)
	for e := range lh.Epochs {
		assert.InDelta(t, lh.Epochs[e].Train["loss"], sh.Epochs[e].Train["loss"], 1e-4)
	}
	for i, p := range nn.Params(large.Net) {
		assert.InDeltaSlice(t, p.Value.Data(), nn.Params(small.Net)[i].Value.Data(), 2e-4, p.Label)
	}
	m := digits()
	m.Accumulate = -1
	_, err = m.Fit(t.Context(), d)
	assert.EqualError(t, err, "train: updates after -1 batches: want at least 1")
	x := graph.Input("x", 3)
	p := &graph.Param{Label: "p", Type: graph.Type{Shape: graph.Of(3)}}
	_, err = Graph{Loss: ops.Mean(ops.Mul(x, p.Node())), Params: []*graph.Param{p}, Optimizer: optim.SGD(1), Accumulate: 2}.Compile()
	assert.EqualError(t, err, "train: without inputs nothing tells the rows of a batch, by which it counts: Accumulate needs some")
}

// TestAccumulateAfterCancel forgets the part of a batch that was broken off.
func TestAccumulateAfterCancel(t *testing.T) {
	d := points(t, 12)
	fresh, broken := line(optim.SGD(0.1)), line(optim.SGD(0.1))
	fresh.Accumulate, broken.Accumulate = 3, 3
	boom := errors.New("boom")
	_, err := broken.Fit(t.Context(), d, Options{Batch: 2, Callbacks: []Callback{OnStep(func(*Run) error { return boom })}})
	require.ErrorIs(t, err, boom)
	for _, m := range []*Model{fresh, broken} {
		_, err := m.Fit(t.Context(), d, Options{Batch: 2})
		require.NoError(t, err)
	}
	assert.Equal(t, nn.Params(fresh.Net)[0].Value.Data(), nn.Params(broken.Net)[0].Value.Data())
}
