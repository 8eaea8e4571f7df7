package explain_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

func TestLayer(t *testing.T) {
	r := trained(t)
	assert.Equal(t, graph.Of(r.x.Shape().Dim(0), 8, 12, 12), explain.Layer(r.logits, "0").Shape())
	assert.Equal(t, r.logits, explain.Layer(r.logits, "7"), "the last value of the last layer")
	// Gradients lie in the scopes of what they are the gradients of, and are not results.
	loss := nn.CrossEntropy(r.logits, r.label)
	g := autodiff.Grad(loss, r.x)[0]
	assert.Equal(t, explain.Layer(r.logits, "0"), explain.Layer(g, "0"))
	assert.Contains(t, mistake(t, explain.Layer(r.logits, "Trunk")), `layer: there is no layer "Trunk": there are 0, 1, 2, 4, 5, 6, 7`)
	bare := ops.Sum(graph.Input("x", 3))
	assert.Contains(t, mistake(t, explain.Layer(bare, "0")), "[] has no layers with paths: call nn.Init or nn.Params before")
}

// TestAttention finds the weights of attentions alone and in blocks, and computes one
// head's by hand from the parameters.
func TestAttention(t *testing.T) {
	batch := graph.Sym("batch")
	x := graph.InputOf(graph.Float64, "x", batch, 3, 4)
	m := &nn.MultiHeadAttention{Heads: 2, Causal: true}
	y := m.Apply(x)
	nn.Init(m, 1)
	w := explain.Attention(y, "")
	assert.Equal(t, graph.Of(batch, 2, 3, 3), w.Shape())
	values := make([]float64, 12)
	for i := range values {
		values[i] = math.Sin(float64(3 * i))
	}
	q, k := m.Query.Apply(x), m.Key.Apply(x)
	head := func(n *graph.Node) *graph.Node { return ops.Slice(n, 2, 2, 4, 1) } // the second
	score := ops.Scale(ops.MatMul(head(q), ops.Transpose(head(k), 0, 2, 1)), 1/math.Sqrt2)
	got := run(t, []graph.Feed{of(t, x, values, 1, 3, 4)}, w, ops.Sum(w, -1), score)
	assert.InDeltaSlice(t, []float64{1, 1, 1, 1, 1, 1}, got[1], 1e-12)
	for i := range 3 {
		total := 0.0
		for j := range i + 1 {
			total += math.Exp(got[2][i*3+j])
		}
		for j := range 3 {
			want := 0.0
			if j <= i {
				want = math.Exp(got[2][i*3+j]) / total
			}
			assert.InDelta(t, want, got[0][9+i*3+j], 1e-12, "from %d to %d", i, j)
		}
	}
	blocks := nn.Sequential{&nn.TransformerBlock{Heads: 2}, &nn.TransformerBlock{Heads: 2}}
	z := blocks.Apply(x)
	nn.Init(blocks, 1)
	first, second := explain.Attention(z, "0.Attention"), explain.Attention(z, "1.Attention")
	assert.NotEqual(t, first, second)
	got = run(t, []graph.Feed{of(t, x, values, 1, 3, 4)}, ops.Sum(first, -1), ops.Sum(second, -1))
	assert.InDeltaSlice(t, []float64{1, 1, 1, 1, 1, 1}, got[1], 1e-12)
	assert.Equal(t, []*graph.Node{first, second}, explain.Attentions(z))
	assert.Equal(t, []*graph.Node{first, second}, explain.Attentions(ops.Sum(ops.Mul(z, autodiff.Grad(ops.Sum(z), x)[0]))), "the gradients' are none")
	assert.Equal(t, []*graph.Node{w}, explain.Attentions(y))
	assert.Empty(t, explain.Attentions(q), "without attention there is none")
	assert.Contains(t, mistake(t, explain.Attentions(nil)[0]), "attentions: operand 0 is nil")
	again := m.Apply(m.Apply(x))
	assert.Len(t, explain.Attentions(again), 2, "a layer that is applied twice looks twice")
	assert.NotContains(t, nn.Summary(z, blocks), "Weights", "a part of a layer has no line of its own")
}

func TestActive(t *testing.T) {
	h := graph.InputOf(graph.Float64, "h", graph.Sym("batch"), 3)
	image := graph.InputOf(graph.Float64, "image", graph.Sym("batch"), 2, 1, 2)
	feeds := []graph.Feed{of(t, h, []float64{1, 0, 0, 2, 0, 3}, 2, 3), of(t, image, []float64{0, 0, 1, 0, 0, 0, 1, 1}, 2, 2, 1, 2)}
	got := run(t, feeds, explain.Active(h), explain.Dead(h), explain.Active(image), explain.Dead(image))
	assert.Equal(t, []float64{1, 0, 0.5}, got[0])
	assert.InDelta(t, 1.0/3, got[1][0], 1e-15)
	assert.Equal(t, []float64{0, 0.75}, got[2])
	assert.Equal(t, []float64{0.5}, got[3])
	assert.Contains(t, mistake(t, explain.Dead(graph.Input("v", 3))), "active: want activations [batch units ...], got v [3]")
}

func TestGradients(t *testing.T) {
	p := &graph.Param{Label: "p", Type: graph.Type{DType: graph.Float64, Shape: graph.Of(2)}, Value: tensor.New(tensor.WithBacking([]float64{3, 4}))}
	q := &graph.Param{Label: "q", Type: graph.Type{DType: graph.Float64}, Value: tensor.New(tensor.FromScalar(1.0))}
	loss := ops.Sum(ops.Square(p.Node()))
	got := run(t, nil, explain.Gradients(loss, []*graph.Param{p, q})...)
	assert.InDelta(t, math.Sqrt((36.0+64)/2), got[0][0], 1e-12)
	assert.Equal(t, []float64{0}, got[1])
}

// TestTrainedLayers asks the trained network with all its parameters, random states and
// running means among them.
func TestTrainedLayers(t *testing.T) {
	r := trained(t)
	params := nn.Params(r.model)
	loss := nn.CrossEntropy(r.logits, r.label)
	got := run(t, r.feeds(50), explain.Gradients(loss, params)...)
	var u explain.Updates
	_, err := u.Step(params)
	require.NoError(t, err)
	still, err := u.Step(params)
	require.NoError(t, err)
	for i, p := range params {
		if p.Untrained || !p.Type.DType.Float() {
			continue
		}
		assert.Greater(t, got[i][0], 0.0, p.Label)
		assert.Less(t, got[i][0], 1.0, p.Label)
		assert.Equal(t, 0.0, still[i], p.Label)
	}
	dead := run(t, r.feeds(300), explain.Dead(explain.Layer(r.logits, "0")))
	assert.Less(t, dead[0][0], 0.5)
}

func TestUpdates(t *testing.T) {
	p := &graph.Param{Label: "p", Type: graph.Type{Shape: graph.Of(2)}, Value: tensor.New(tensor.WithBacking([]float32{3, 4}))}
	var u explain.Updates
	first, err := u.Step([]*graph.Param{p})
	require.NoError(t, err)
	assert.True(t, math.IsNaN(first[0]))
	p.Value = tensor.New(tensor.WithBacking([]float32{3, 4.5}))
	second, err := u.Step([]*graph.Param{p})
	require.NoError(t, err)
	assert.InDelta(t, 0.1, second[0], 1e-12)
	third, err := u.Step([]*graph.Param{p})
	require.NoError(t, err)
	assert.Equal(t, []float64{0}, third)
	_, err = u.Step([]*graph.Param{{Label: "q"}})
	assert.EqualError(t, err, "parameter q: it has no value: call nn.Init(model, seed)")
}

// TestHeadName names heads by where they lie, as pictures do.
func TestHeadName(t *testing.T) {
	for scope, want := range map[string]string{
		"Weights":                         "head 3",
		"Attention.Weights":               "Attention, head 3",
		"2.Attention.Weights":             "layer 2, head 3",
		"Block.Attention.Weights":         "Block, head 3",
		"Blocks.3.Cross.Weights":          "Blocks 3, Cross, head 3",
		"Net.Blocks.11.Attention.Weights": "Net, Blocks 11, head 3",
		"0.1.Attention.Weights":           "layer 0 1, head 3",
	} {
		w := (&graph.Scope{Label: scope}).Wrap(func() *graph.Node { return ops.Exp(graph.Input("x", 1, 4, 2, 2)) })
		assert.Equal(t, want, explain.HeadName(w, 2), scope)
	}
}
