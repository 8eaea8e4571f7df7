package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
)

func TestClassMetrics(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", batchOf, 3)
	y := graph.InputOf(graph.Int64, "y", batchOf)
	in := []*graph.Node{x, y}
	// taken for 0, 1, 1, 2, 0; the last row ties
	logits := []float64{3, 1, 0 /**/, 0, 2, 1 /**/, 1, 2, 0 /**/, 0, 1, 2 /**/, 1, 1, 0}
	labels := []float64{0, 1, 0, 1, 1}
	for k, want := range []float64{0, 2. / 5, 1, 1} {
		if k > 0 {
			assert.InDelta(t, want, at(t, nn.TopK(x, y, k), in, logits, labels)[0], 1e-15, "k = %d", k)
		}
	}
	m := nn.Confusion(x, y)
	require.Equal(t, graph.Type{DType: graph.Int64, Shape: graph.Of(3, 3)}, m.Type())
	assert.Equal(t, []float64{1, 1, 0, 1, 1, 1, 0, 0, 0}, at(t, m, in, logits, labels))
	for name, c := range map[string]struct {
		f    func(*graph.Node, ...nn.Average) *graph.Node
		each []float64
		all  float64
	}{
		"precision": {nn.PrecisionOf, []float64{1. / 2, 1. / 2, 0}, 2. / 5},
		"recall":    {nn.RecallOf, []float64{1. / 2, 1. / 3, 0}, 2. / 5},
		"f1":        {nn.F1Of, []float64{2. / 4, 2. / 5, 0}, 2. / 5},
		"iou":       {nn.IoUOf, []float64{1. / 3, 1. / 4, 0}, 2. / 8},
	} {
		assert.InDeltaSlice(t, c.each, at(t, c.f(m, nn.PerClass), in, logits, labels), 1e-15, name)
		assert.InDelta(t, (c.each[0]+c.each[1]+c.each[2])/3, at(t, c.f(m), in, logits, labels)[0], 1e-15, name)
		assert.InDelta(t, c.all, at(t, c.f(m, nn.Micro), in, logits, labels)[0], 1e-15, name)
		assert.ErrorContains(t, c.f(x).Err(), name+": want counts [classes classes]")
	}
	sum := 0.0
	for i, label := range []int{0, 1, 0, 1, 1} {
		row := logits[3*i : 3*i+3]
		sum += math.Log(math.Exp(row[0])+math.Exp(row[1])+math.Exp(row[2])) - row[label]
	}
	assert.InDelta(t, math.Exp(sum/5), at(t, nn.Perplexity(x, y), in, logits, labels)[0], 1e-12)
	assert.ErrorContains(t, nn.TopK(x, y, 0).Err(), "topk: k is 0")
	assert.ErrorContains(t, nn.Confusion(x, x).Err(), "confusion: want floats [... classes] and integer class numbers [...]")
}

// With one logit there are two classes.
func TestBinaryMetrics(t *testing.T) {
	x, y := graph.Input("x", batchOf, 1), graph.InputOf(graph.Bool, "y", batchOf, 1)
	in := []*graph.Node{x, y}
	logits, labels := []float64{1, -1, 2, 3, -0.5, -3}, []float64{1, 1, 0, 1, 0, 1} // 2 hits, 2 missed, 1 too many
	m := nn.Confusion(x, y)
	assert.Equal(t, []float64{1, 1, 2, 2}, at(t, m, in, logits, labels))
	for name, c := range map[string]struct {
		f    *graph.Node
		want float64
	}{
		"accuracy": {nn.AccuracyOf(m), 3. / 6}, "precision": {nn.PrecisionOf(m, nn.Positive), 2. / 3},
		"recall": {nn.RecallOf(m, nn.Positive), 2. / 4}, "f1": {nn.F1Of(m, nn.Positive), 4. / 7}, "iou": {nn.IoUOf(m, nn.Positive), 2. / 5},
	} {
		assert.InDelta(t, c.want, at(t, c.f, in, logits, labels)[0], 1e-15, name)
	}
	three := nn.Confusion(graph.Input("x", 2, 3), graph.InputOf(graph.Int64, "y", 2))
	assert.ErrorContains(t, nn.F1Of(three, nn.Positive).Err(), "f1: want counts [classes classes], as of nn.Confusion, and at most one average (Positive of two classes)")
}

// Sums over batches give the figures of the whole, however they are cut.
func TestCombined(t *testing.T) {
	x := []*graph.Node{graph.Input("pred", batchOf), graph.Input("y", batchOf)}
	r := nn.Residuals(x[0], x[1], 100)
	require.NoError(t, r.Err())
	pred, y := numbers(11, 1), numbers(11, 2)
	for i := range y {
		pred[i], y[i] = 100+pred[i], 100+y[i]
	}
	sum := make([]float64, 5)
	for _, cut := range [][2]int{{0, 4}, {4, 10}, {10, 10}, {10, 11}} {
		for i, v := range at(t, r, x, pred[cut[0]:cut[1]], y[cut[0]:cut[1]]) {
			sum[i] += v
		}
	}
	total := []*graph.Node{graph.InputOf(graph.Float64, "total", 5)}
	for _, c := range []struct {
		of, whole func(a *graph.Node) *graph.Node
	}{
		{nn.RMSEOf, func(a *graph.Node) *graph.Node { return nn.RMSE(a, x[1]) }},
		{nn.MAEOf, func(a *graph.Node) *graph.Node { return nn.MAE(a, x[1]) }},
		{nn.R2Of, func(a *graph.Node) *graph.Node { return nn.R2(a, x[1]) }},
	} {
		assert.InDelta(t, at(t, c.whole(x[0]), x, pred, y)[0], at(t, c.of(total[0]), total, sum)[0], 1e-4)
	}
	one(t, nn.R2Of(x[0]), "r2: want f64[5], as of nn.Residuals, got pred [batch]")
	assert.ErrorContains(t, nn.Residuals(x[0], graph.Input("q", 3), 0).Err(), "residuals: the predictions pred [batch] and the labels q [3]")
}

func TestAUC(t *testing.T) {
	x, y := graph.InputOf(graph.Float64, "x", batchOf), graph.InputOf(graph.Bool, "y", batchOf)
	got := at(t, nn.AUC(x, y), []*graph.Node{x, y}, []float64{0.1, 0.4, 0.35, 0.8, 0.4}, []float64{0, 0, 1, 1, 1})
	assert.InDelta(t, (1+0+1+1+1+0.5)/6, got[0], 1e-15)
	assert.True(t, math.IsNaN(at(t, nn.AUC(x, y), []*graph.Node{x, y}, []float64{1, 2}, []float64{1, 1})[0]))
	assert.ErrorContains(t, nn.AUC(x, graph.Input("q", 3)).Err(), "auc: want floats [n] and labels of that shape")
}

func TestNumberMetrics(t *testing.T) {
	x := inputs(dims(batchOf, 2), dims(batchOf, 2))
	pred, y := []float64{1, 2, 3, 5}, []float64{1, 3, 5, 7}
	assert.InDelta(t, math.Sqrt(9./4), at(t, nn.RMSE(x[0], x[1]), x, pred, y)[0], 1e-15)
	assert.InDelta(t, 1-9./20, at(t, nn.R2(x[0], x[1]), x, pred, y)[0], 1e-15)
	p, mask := []float64{0.9, 0.6, 0.2, 0.1}, []float64{1, 0, 1, 0}
	assert.InDelta(t, 1./3, at(t, nn.IoU(x[0], x[1]), x, p, mask)[0], 1e-15)
	assert.Zero(t, at(t, nn.IoU(x[0], x[1]), x, make([]float64, 4), make([]float64, 4))[0])
	assert.Error(t, nn.R2(x[0], graph.Input("q", 3)).Err())
}
