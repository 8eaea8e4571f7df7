package nn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

func TestDense(t *testing.T) {
	for _, dtype := range []graph.DType{graph.Float32, graph.Float64} {
		batch := graph.Sym("batch")
		x := graph.InputOf(dtype, "x", batch, 2)
		d := &nn.Dense{Out: 3, Act: ops.ReLU}
		y := d.Apply(x)
		assert.Equal(t, graph.Type{DType: dtype, Shape: graph.Of(batch, 3)}, y.Type())
		assert.Equal(t, graph.Type{DType: dtype, Shape: graph.Of(2, 3)}, d.W.Type)
		assert.Equal(t, graph.Type{DType: dtype, Shape: graph.Of(3)}, d.B.Type)
		nn.Init(d, 1)
		set(t, d.W, 1, 0, -1, 0, 1, -1)
		set(t, d.B, 0, 10, 0.5)
		in, err := graph.NewTensor(dtype, 2, 2)
		require.NoError(t, err)
		for i, v := range []float64{3, 4, -1, 0.25} {
			in.Set(i, v)
		}
		assert.Equal(t, []float64{3, 14, 0, 0, 10.25, 1.25}, infer(t, y, x.IsTensor(in)))
	}
}

// set gives a parameter its elements.
func set(t *testing.T, p *graph.Param, v ...float64) {
	t.Helper()
	to, err := graph.FromDense(p.Value)
	require.NoError(t, err)
	require.Equal(t, to.Len(), len(v))
	for i, v := range v {
		to.Set(i, v)
	}
}

func TestDenseShapes(t *testing.T) {
	a, b := graph.Sym("a"), graph.Sym("b")
	for _, c := range []struct{ in, out []graph.Dim }{
		{[]graph.Dim{4}, []graph.Dim{3}},
		{[]graph.Dim{a, 4}, []graph.Dim{a, 3}},
		{[]graph.Dim{a, b, 7, 4}, []graph.Dim{a, b, 7, 3}},
	} {
		y := (&nn.Dense{Out: 3}).Apply(graph.Input("x", c.in...))
		require.NoError(t, y.Err())
		assert.Equal(t, graph.Of(c.out...), y.Shape())
	}
}

// TestDenseShares applies a layer twice: it has one set of weights, whose
// gradient is the sum of both uses'.
func TestDenseShares(t *testing.T) {
	x := graph.Input("x", 1, 2)
	d := &nn.Dense{Out: 2, NoBias: true, Init: nn.Ones}
	y := ops.Sum(d.Apply(d.Apply(x)))
	nn.Init(d, 1)
	require.Len(t, nn.Params(d), 1)
	assert.Nil(t, d.B)
	g := autodiff.Grad(y, d.W.Node())[0]
	p, err := graph.Compile(y, g)
	require.NoError(t, err)
	out := run(t, p, feed(t, x, []float32{1, 2}, 1, 2))
	assert.Equal(t, []float64{12}, out[0])
	// the inner use gives x·2, the outer one 3
	assert.Equal(t, []float64{2 + 3, 2 + 3, 4 + 3, 4 + 3}, out[1])

	tied := &nn.Dense{Out: 2, W: d.W}
	require.NoError(t, tied.Apply(x).Err())
	assert.Same(t, d.W, tied.W)
	assert.Len(t, nn.Params([]any{d, tied}), 2, "W is one parameter")
}

func TestDenseMistakes(t *testing.T) {
	d := &nn.Dense{Out: 2}
	require.NoError(t, d.Apply(graph.Input("x", 5, 3)).Err())
	nn.Params(nn.Sequential{d})
	one(t, d.Apply(graph.Input("z", 5, 4)),
		"dense: z [5 4] needs weights f32[4 2], but the layer has 0.W f32[3 2]: use another nn.Dense for another input")
	one(t, d.Apply(graph.InputOf(graph.Float64, "z", 5, 3)),
		"dense: z f64[5 3] needs weights f64[3 2], but the layer has 0.W f32[3 2]: use another nn.Dense for another input")
	one(t, (&nn.Dense{Out: 2, B: &graph.Param{Label: "b", Type: graph.Type{Shape: graph.Of(1)}}}).Apply(graph.Input("x", 5, 3)),
		"dense: x [5 3] needs a bias f32[2], but the layer has b f32[1]")
	one(t, (&nn.Dense{Out: 2}).Apply(graph.InputOf(graph.Int32, "n", 3)),
		"dense: want floats, got n i32[3]: convert it with ops.Convert")
	one(t, (&nn.Dense{Out: 2}).Apply(graph.Input("x")), "dense: x [] is a scalar: want an axis of inputs")
	one(t, (&nn.Dense{Out: 2}).Apply(graph.Input("x", 5, graph.Sym("n"))),
		"dense: the last axis of x [5 n] must have a known length: it is the height of the weights")
	one(t, (&nn.Dense{Out: -1}).Apply(graph.Input("x", 5, 3)), "dense: Out is -1: want the number of outputs")
}

// TestForgottenInit compiles a model whose parameters have no values.
func TestForgottenInit(t *testing.T) {
	model := nn.Sequential{&nn.Dense{Out: 1}}
	y := model.Apply(graph.Input("x", 3))
	nn.Params(model)
	_, err := graph.Compile(y)
	assert.ErrorContains(t, err, "parameters 0.W, 0.B have no value: call nn.Init(model, seed)")
	assert.ErrorContains(t, err, "dense_test.go:", "it points at the line that applies the model")
	nn.Init(model, 1)
	_, err = graph.Compile(y)
	assert.NoError(t, err)
}

func TestDenseListing(t *testing.T) {
	model := struct{ Trunk, Head nn.Sequential }{
		Trunk: nn.Sequential{&nn.Dense{Out: 10, Act: ops.ReLU}},
		Head:  nn.Sequential{&nn.Dropout{Rate: 0.5}, &nn.Dense{Out: 1, NoBias: true}},
	}
	y := model.Head.Apply(model.Trunk.Apply(graph.Input("x", graph.Sym("batch"), 784)))
	nn.Params(&model)
	assert.Equal(t, `v0 = input x f32[batch 784] //
v1 = param Trunk.0.W f32[784 10] // Trunk.0
v2 = matmul f32[batch 10] v0 v1 // Trunk.0
v3 = param Trunk.0.B f32[10] // Trunk.0
v4 = add f32[batch 10] v2 v3 // Trunk.0
v5 = relu f32[batch 10] v4 // Trunk.0
v6 = param Head.0.State i64[2] // Head.0
v7 = bernoulli(stream 0 p 0.5) bool[batch 10] v6 // Head.0
v8 = 2 f32[] // Head.0
v9 = mul f32[batch 10] v5 v8 // Head.0
v10 = 0 f32[] // Head.0
v11 = where f32[batch 10] v7 v9 v10 // Head.0
v12 = const i64[2] // Head.0
v13 = add i64[2] v6 v12 // Head.0
v14 = assign(Head.0.State) i64[2] v13 // Head.0
v15 = after f32[batch 10] v11 v14 // Head.0
v16 = intraining f32[batch 10] v15 v5 // Head.0
v17 = param Head.1.W f32[10 1] // Head.1
v18 = matmul f32[batch 1] v16 v17 // Head.1
`, listing(y))
}

// TestDenseGradient checks a layer with respect to its input and, fed in their
// place, its parameters.
func TestDenseGradient(t *testing.T) {
	f := func(x ...*graph.Node) *graph.Node {
		d := &nn.Dense{Out: 4, Act: ops.Tanh}
		y := d.Apply(x[0])
		fed := map[*graph.Node]*graph.Node{d.W.Node(): x[1], d.B.Node(): x[2]}
		return graph.Rewrite([]*graph.Node{y}, fed)[0]
	}
	gradtest.Check(t, f, gradtest.Of(graph.Sym("batch"), 3).In(-1, 1), gradtest.Of(3, 4).In(-1, 1), gradtest.Of(4))
}
