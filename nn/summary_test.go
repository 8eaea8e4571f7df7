package nn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

func network() nn.Sequential {
	return nn.Sequential{
		&nn.Flatten{},
		&nn.Dense{Out: 1000, Act: ops.ReLU},
		&nn.Dropout{Rate: 0.5},
		&nn.Dense{Out: 1, NoBias: true},
	}
}

func TestSummary(t *testing.T) {
	model := network()
	y := model.Apply(graph.Input("x", graph.Sym("batch"), 28, 28))
	want := `layer  kind     output           parameters  FLOPs per sample
0      Flatten  f32[batch 784]            0                 0
1      Dense    f32[batch 1000]     785,000         1,570,000
2      Dropout  f32[batch 1000]           0                 0
3      Dense    f32[batch 1]          1,000             2,000
total: 786,000 parameters (3,144,000 bytes), 1,572,000 FLOPs per sample
`
	assert.Equal(t, want, nn.Summary(y, model))
	batch := graph.Sym("batch")
	f32 := func(dims ...graph.Dim) graph.Type { return graph.Type{DType: graph.Float32, Shape: graph.Of(dims...)} }
	assert.Equal(t, []nn.LayerRow{
		{"0", "Flatten", f32(batch, 784), 0, 0, 0},
		{"1", "Dense", f32(batch, 1000), 785_000, 3_140_000, batch.Mul(1_570_000)},
		{"2", "Dropout", f32(batch, 1000), 0, 0, 0},
		{"3", "Dense", f32(batch, 1), 1000, 4000, batch.Mul(2000)},
	}, nn.SummaryRows(y, model))
	assert.Empty(t, nn.SummaryRows(graph.Fail("broken", nil, "it is"), model))
	nn.Init(model, 1)
	assert.Equal(t, want, nn.Summary(y, model))
	assert.NotContains(t, nn.Summary(y, nil), "Dense", "what a model does not name has no kind")
}

// TestSummaryOfLoss has counts that are no multiple of the batch.
func TestSummaryOfLoss(t *testing.T) {
	model := struct{ Head *nn.Dense }{&nn.Dense{Out: 2}}
	batch := graph.Sym("batch")
	x, y := graph.InputOf(graph.Float64, "x", batch, 3), graph.InputOf(graph.Float64, "y", batch, 2)
	loss := nn.MSE(model.Head.Apply(x), y)
	assert.Equal(t, `layer       kind   output        parameters      FLOPs
Head        Dense  f64[batch 2]           8   14*batch
(no layer)         f64[]                  0  6*batch+1
total: 8 parameters (64 bytes), 20*batch+1 FLOPs
`, nn.Summary(loss, &model))
}

// residual is a layer of layers.
type residual struct {
	graph.Scope
	Inner nn.Layer
}

func (r *residual) Apply(x *graph.Node) *graph.Node {
	return r.Wrap(func() *graph.Node { return ops.Add(x, r.Inner.Apply(x)) })
}

// TestSummaryNested has layers in layers, one used twice, a known batch and an
// assignment in inference.
func TestSummaryNested(t *testing.T) {
	shared := &nn.Dense{Out: 4}
	model := struct{ Body nn.Sequential }{nn.Sequential{&residual{Inner: shared}, &residual{Inner: shared}}}
	y := model.Body.Apply(graph.Input("x", 10, 4))
	counter := &graph.Param{Label: "n", Type: graph.Type{Shape: graph.Of()}}
	y = ops.After(y, graph.Assign(counter, ops.Add(counter.Node(), graph.Scalar(1))))
	assert.Equal(t, `layer         kind      output     parameters  FLOPs
Body.0.Inner  Dense     f32[10 4]          20    720
Body.0        residual  f32[10 4]           0     40
Body.1        residual  f32[10 4]           0     40
(no layer)              f32[10 4]           1      1
total: 21 parameters (84 bytes), 801 FLOPs
`, nn.Summary(y, &model))
}

// TestSummaryOfParts has a layer that names a part of itself, which counts as its own.
func TestSummaryOfParts(t *testing.T) {
	model := struct{ Mix *nn.MultiHeadAttention }{&nn.MultiHeadAttention{Heads: 2, NoBias: true}}
	y := model.Mix.Apply(graph.Input("x", graph.Sym("batch"), 3, 4))
	nn.Init(&model, 1)
	assert.Equal(t, "Mix.Weights", model.Mix.Weights.Label)
	// 12 to scale the queries, 72 for the scores, 5·18 for the softmax, 72 for the mean
	assert.Equal(t, `layer      kind                output          parameters  FLOPs per sample
Mix.Query  Dense               f32[batch 3 4]          16                96
Mix        MultiHeadAttention  f32[batch 3 4]           0               246
Mix.Key    Dense               f32[batch 3 4]          16                96
Mix.Value  Dense               f32[batch 3 4]          16                96
Mix.Out    Dense               f32[batch 3 4]          16                96
total: 64 parameters (256 bytes), 630 FLOPs per sample
`, nn.Summary(y, &model))
}

func TestSummaryOfNothing(t *testing.T) {
	assert.Equal(t, "the node is nil", nn.Summary(nil, nil))
	assert.Regexp(t, `^nn_test.go:\d+: `+whyBad[:4], nn.Summary(bad(), nil))
	assert.Equal(t, `layer  kind  output  parameters  FLOPs
total: 0 parameters (0 bytes), 0 FLOPs
`, nn.Summary(graph.Input("x", 3), nil))
}
