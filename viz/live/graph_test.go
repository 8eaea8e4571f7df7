package live

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// TestInspect looks at a relu of which two of four units are dead, and which has a
// value that is no number.
func TestInspect(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 4)
	model := nn.Sequential{nn.Func(ops.ReLU), &nn.Dense{Out: 1}}
	y := ops.ReLU(x)
	loss := ops.Mean(model.Apply(ops.Log(ops.Add(y, graph.Scalar(1)))))
	nn.Init(model, 1)
	xs := tensor.New(tensor.WithShape(2, 4), tensor.WithBacking([]float32{-1, 2, -3, 4, -5, -6, -7, float32(math.Inf(1))}))
	c, err := newCanvas([]*graph.Node{loss}, []graph.Feed{x.Is(xs)})
	require.NoError(t, err)

	i, err := c.inspect(y.ID())
	require.NoError(t, err)
	assert.Equal(t, "relu", i.Op)
	assert.Equal(t, "f32[batch 4]", i.Type)
	assert.Equal(t, "4·4*batch", i.Bytes)
	assert.Equal(t, "4*batch", i.Flops)
	assert.Contains(t, i.Pos, "graph_test.go:")
	require.Len(t, i.Source, 7)
	assert.Contains(t, i.Source[i.Line-i.First], "y := ops.ReLU(x)")
	assert.Equal(t, 1, i.Value.Bad)
	w := model[1].(*nn.Dense).W
	i, err = c.inspect(w.Node().ID())
	require.NoError(t, err)
	assert.Equal(t, 4, i.Params)
	_, err = c.inspect(1 << 60)
	assert.ErrorContains(t, err, "want a forward one")

	for name, want := range map[string]float64{"dead": 0.5, "bad": 1, "memory": 32} {
		m, err := overlays[name](c)
		require.NoError(t, err, name)
		assert.Equal(t, want, m[y.ID()], name)
	}
	m, err := overlays["time"](c)
	require.NoError(t, err)
	assert.NotEmpty(t, m)
	assert.Len(t, c.find("RELU"), 2)
	assert.Empty(t, c.find(" "))
	l, err := c.layout(look{Boxes: -1})
	require.NoError(t, err)
	assert.Greater(t, len(l.Boxes), 6)

	c, err = newCanvas([]*graph.Node{loss}, nil) // nothing is fed
	require.NoError(t, err)
	i, err = c.inspect(y.ID())
	require.NoError(t, err)
	assert.NotEmpty(t, i.Why)
	_, err = newCanvas([]*graph.Node{nil}, nil)
	assert.EqualError(t, err, "live: node 0 of the graph is nil")
}

func TestExplainMistakes(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 3, 3)
	dense := &nn.Dense{Out: 2, Init: nn.Zeros}
	logits := dense.Apply(ops.Reshape(x, graph.Sym("batch"), 9))
	nn.Init(dense, 1)
	e := &show{Exhibit: Exhibit{X: x, Logits: logits, Images: tensor.New(tensor.WithShape(2, 3, 3), tensor.Of(tensor.Float32))}}
	for want, q := range map[string]question{
		"image 2: want 0 to 1":           {Image: 2, Method: "saliency"},
		"class 2: want 0 to 1":           {Class: 2, Method: "saliency"},
		`no method is called "divining"`: {Method: "divining"},
		"the exhibit names no layer":     {Method: "Grad-CAM"},
	} {
		_, err := e.ask(t.Context(), q)
		assert.ErrorContains(t, err, want)
	}
	_, err := e.unit(t.Context(), question{})
	assert.ErrorContains(t, err, "the exhibit names no layer with channels")
	_, err = (&show{Exhibit: Exhibit{X: x}}).ask(t.Context(), question{})
	assert.ErrorContains(t, err, "the exhibit is not whole")
	a, err := e.ask(t.Context(), question{Class: -1, Method: "integrated gradients"})
	require.NoError(t, err)
	assert.Equal(t, []num{0.5, 0.5}, a.Shares)
	assert.Len(t, a.Map, 3)
}
