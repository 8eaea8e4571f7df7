package zoo_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/optim"
)

// TestCharRNNLearnsACycle trains on 0 1 2 3 4 0 1 ... and lets the model go on.
func TestCharRNNLearnsACycle(t *testing.T) {
	const kinds, length = 5, 12
	m := &zoo.CharRNN{Vocab: kinds, Width: 4, State: 16, Layers: 2}
	batch := graph.Sym("batch")
	ids, next := graph.InputOf(graph.Int64, "ids", batch, length), graph.InputOf(graph.Int64, "next", batch, length)
	logits := m.Apply(ids)
	require.NoError(t, logits.Err())
	assert.Equal(t, graph.Of(batch, length, kinds), logits.Shape())
	loss := nn.CrossEntropy(logits, next)
	nn.Init(m, 1)
	step, err := optim.Minimize(loss, nn.Params(m), optim.Adam(0.02))
	require.NoError(t, err)
	rows := func(from int64) graph.Tensor {
		v := make([]int64, kinds*length)
		for i := range v {
			v[i] = (int64(i/length) + int64(i%length) + from) % kinds
		}
		x, err := graph.TensorOf(v, kinds, length)
		require.NoError(t, err)
		return x
	}
	last := 0.0
	for range 80 {
		out, err := step.Eval(context.Background(), ids.IsTensor(rows(0)), next.IsTensor(rows(1)))
		require.NoError(t, err)
		last = out[0].At(0)
	}
	assert.Less(t, last, 0.1)
	text, err := m.Generate(context.Background(), []int64{2, 3}, 8, zoo.Sampling{TopK: 1})
	require.NoError(t, err)
	assert.Equal(t, []int64{4, 0, 1, 2, 3, 4, 0, 1}, text)
	again, err := m.Generate(context.Background(), []int64{2, 3}, 8, zoo.Sampling{TopK: 1})
	require.NoError(t, err)
	assert.Equal(t, text, again)
}

func TestCharRNNMistakes(t *testing.T) {
	m := &zoo.CharRNN{Vocab: 3, State: 4}
	_, err := m.Generate(context.Background(), nil, 1, zoo.Sampling{})
	assert.EqualError(t, err, "charrnn: the prompt is empty: want at least one character")
	_, err = m.Generate(context.Background(), []int64{0}, -1, zoo.Sampling{})
	assert.EqualError(t, err, "charrnn: temperature 0, top 0 and -1 characters: none may be negative")
	_, err = m.Generate(context.Background(), []int64{0}, 1, zoo.Sampling{})
	assert.ErrorContains(t, err, "have no value: call nn.Init(model, seed)")
	nn.Init(m, 1)
	_, err = m.Generate(context.Background(), []int64{3}, 1, zoo.Sampling{})
	assert.ErrorContains(t, err, "index 3 is outside of an axis of length 3")
}
