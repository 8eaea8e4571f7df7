package explain_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// TestWords explains a reader of words: the value between is the embedding, and there
// is a loop, an attention and dropout behind it.
func TestWords(t *testing.T) {
	const seed = 11
	batch := graph.Sym("batch")
	ids, label := graph.InputOf(graph.Int64, "ids", batch, 5), graph.InputOf(graph.Int64, "label", batch)
	m := struct {
		Words nn.Embedding
		State nn.LSTM
		Block nn.TransformerBlock
		Out   nn.Dense
	}{nn.Embedding{Count: 20, Width: 6}, nn.LSTM{Out: 8}, nn.TransformerBlock{Heads: 2, Dropout: 0.1}, nn.Dense{Out: 3}}
	words := m.Words.Apply(ids)
	logits := m.Out.Apply(ops.Mean(m.Block.Apply(m.State.Apply(words)), 1))
	nn.Init(&m, seed)
	score := explain.Class(logits, label)
	// At zeros the layer norms divide by nothing, and turn in no time.
	base := graph.Scalar(0.5)
	blank := graph.Rewrite([]*graph.Node{score}, map[*graph.Node]*graph.Node{words: ops.BroadcastTo(base, words.Shape())})[0]
	maps := []*graph.Node{
		explain.IntegratedGradients(score, words, base, 400), explain.GradientInput(score, words),
		explain.SmoothGrad(explain.Saliency(score, words), words, 0.1, 3, seed),
	}
	feeds := []graph.Feed{whole(t, ids, []int64{1, 2, 3, 4, 5, 6, 7, 7, 8, 19}, 2, 5), whole(t, label, []int64{0, 2}, 2)}
	got := run(t, feeds, append(maps, ops.Sum(maps[0], 1, 2), ops.Sub(score, blank))...)
	assert.InDeltaSlice(t, got[4], got[3], 1e-3, "seed %d", seed)
	for i, v := range got[:3] {
		assert.Len(t, v, 2*5*6, "map %d", i)
		assert.NotContains(t, v, 0.0, "each number of each word takes part in map %d", i)
	}
	w := explain.Attention(logits, "Block.Attention")
	assert.Equal(t, graph.Of(batch, 2, 5, 5), w.Shape())
}

func whole(t *testing.T, n *graph.Node, values []int64, shape ...int) graph.Feed {
	t.Helper()
	v, err := graph.TensorOf(values, shape...)
	require.NoError(t, err)
	return n.IsTensor(v)
}

// TestSizes runs what looks at rows on no row, one and three, and compares each row with
// that row alone.
func TestSizes(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 4)
	w := graph.ConstOf([]float64{1, -2, 3, 0.5}, 4)
	score := ops.Sum(ops.Tanh(ops.Mul(x, w)), 1)
	weight, product, rest := explain.Products(score, x)
	found, distance := explain.Counterfactual(score, x, explain.Search{Steps: 20})
	nodes := []*graph.Node{
		explain.Saliency(score, x), explain.GradientInput(score, x), explain.IntegratedGradients(score, x, w, 4), explain.Guided(score, x),
		explain.Shapley(score, x, ops.Reshape(w, 1, 4), 3, 1), explain.Dependence(score, x, 2, w), explain.Maximize(score, x, explain.Ascent{Steps: 3, Decay: 0.1}),
		weight, product, rest, found, distance,
	}
	p, err := graph.Compile(nodes...)
	require.NoError(t, err)
	values := normals(1, 12)
	all, err := p.Run(of(t, x, values, 3, 4))
	require.NoError(t, err)
	for row := range 3 {
		one, err := p.Run(of(t, x, values[4*row:4*row+4], 1, 4))
		require.NoError(t, err)
		for i, v := range floats(t, one) {
			each := len(v)
			assert.InDeltaSlice(t, floats(t, all)[i][row*each:(row+1)*each], v, 1e-12, "output %d of row %d", i, row)
		}
	}
	var sums []*graph.Node // a result cannot be empty
	for _, n := range nodes {
		sums = append(sums, ops.Sum(n))
	}
	for i, v := range run(t, []graph.Feed{of(t, x, nil, 0, 4)}, sums...) {
		assert.Equal(t, []float64{0}, v, "no rows are no mistake: output %d", i)
	}
}
