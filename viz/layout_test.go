package viz_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/viz"
)

// mlp is the loss of a small network.
func mlp(t testing.TB, layers ...int) (loss *graph.Node, model nn.Sequential) {
	t.Helper()
	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 4), graph.Input("y", batch, 1)
	for i, out := range layers {
		d := &nn.Dense{Out: out, Act: ops.ReLU}
		if i == len(layers)-1 {
			d.Act = nil
		}
		model = append(model, d)
	}
	loss = nn.BinaryCrossEntropy(model.Apply(x), y)
	nn.Init(model, 1)
	return loss, model
}

// A page reads what JSON writes.
func TestLayoutJSON(t *testing.T) {
	loss, _ := mlp(t, 3, 1)
	l, err := viz.Picture{Gradient: true, Title: "network"}.Layout(loss)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, l.JSON(&b))
	var back viz.Layout
	require.NoError(t, json.Unmarshal(b.Bytes(), &back))
	assert.Equal(t, len(l.Boxes), len(back.Boxes))
	assert.Equal(t, l.Title, back.Title)
	for i, box := range l.Boxes {
		assert.Equal(t, box.Kind, back.Boxes[i].Kind)
		assert.InDelta(t, float64(box.X), float64(back.Boxes[i].X), 0.051)
		assert.Equal(t, box.Nodes, back.Boxes[i].Nodes)
	}
	for i, e := range l.Edges {
		require.Len(t, back.Edges[i].Points, len(e.Points))
		assert.InDelta(t, e.Points[1].X, back.Edges[i].Points[1].X, 0.051)
	}
}
