package nn_test

import (
	"context"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// feed gives the input n the elements and the shape.
func feed[T graph.Elem](t *testing.T, n *graph.Node, data []T, shape ...int) graph.Feed {
	t.Helper()
	value, err := graph.TensorOf(data, shape...)
	require.NoError(t, err)
	return n.IsTensor(value)
}

// run evaluates a program and returns the elements of each output.
func run(t *testing.T, p *graph.Program, feeds ...graph.Feed) [][]float64 {
	t.Helper()
	out, err := p.Eval(context.Background(), feeds...)
	require.NoError(t, err)
	list := make([][]float64, len(out))
	for i, v := range out {
		list[i] = elements(v)
	}
	return list
}

func elements(v graph.Tensor) []float64 {
	list := make([]float64, v.Len())
	for i := range list {
		list[i] = v.At(i)
	}
	return list
}

// infer compiles y and runs it.
func infer(t *testing.T, y *graph.Node, feeds ...graph.Feed) []float64 {
	t.Helper()
	p, err := graph.Compile(y)
	require.NoError(t, err)
	return run(t, p, feeds...)[0]
}

// value returns the elements of a parameter.
func value(t *testing.T, p *graph.Param) []float64 {
	t.Helper()
	v, err := graph.FromDense(p.Value)
	require.NoError(t, err)
	return elements(v)
}

var place = regexp.MustCompile(` ?[a-z]+_test\.go:\d+`)

// listing is graph.Listing without lines of files.
func listing(y *graph.Node) string { return place.ReplaceAllString(graph.Listing(y), "") }

// one asserts that the node reports one mistake, at a line of this package's
// tests, whose text ends so.
func one(t *testing.T, y *graph.Node, text string) {
	t.Helper()
	_, err := graph.Compile(y)
	require.Error(t, err)
	assert.Regexp(t, `^[a-z]+_test\.go:\d+: `+regexp.QuoteMeta(text)+`$`, err.Error())
}

func TestSequential(t *testing.T) {
	x := graph.Input("x", 3)
	assert.Same(t, x, nn.Sequential{}.Apply(x))
	y := nn.Sequential{nn.Func(ops.Neg), nn.Func(ops.ReLU)}.Apply(x)
	assert.Equal(t, []float64{1, 0, 0}, infer(t, y, feed(t, x, []float32{-1, 0, 2}, 3)))
	one(t, nn.Sequential{nn.Func(ops.Neg), nil}.Apply(x), "sequential: layer 1 is nil")
	one(t, nn.Func(nil).Apply(x), "func: the function is nil")
}

func TestFlatten(t *testing.T) {
	batch := graph.Sym("batch")
	y := (&nn.Flatten{}).Apply(graph.Input("x", batch, 28, 28, 3))
	assert.Equal(t, graph.Of(batch, 28*28*3), y.Shape())
	one(t, (&nn.Flatten{}).Apply(graph.Input("x")), "flatten: axis 1 is outside of [], which has rank 0")
}

// bad returns a node that does not exist.
func bad() *graph.Node { return ops.Add(graph.Input("a", 2), graph.Input("b", 3)) }

const whyBad = "add: a [2] and b [3] do not broadcast: axis -1 has lengths 2 and 3"

// TestPoison gives every layer an operand that does not exist: that is
// reported, alone.
func TestPoison(t *testing.T) {
	layers := map[string]func(x *graph.Node) *graph.Node{
		"dense":      (&nn.Dense{Out: 2}).Apply,
		"dropout":    (&nn.Dropout{Rate: 0.5}).Apply,
		"flatten":    (&nn.Flatten{}).Apply,
		"func":       nn.Func(ops.ReLU).Apply,
		"sequential": nn.Sequential{&nn.Dense{Out: 2}, &nn.Dropout{Rate: 0.1}, &nn.Dense{Out: 1, Act: ops.Tanh}}.Apply,
	}
	for name, f := range layers {
		t.Run(name, func(t *testing.T) {
			one(t, f(bad()), whyBad)
			assert.ErrorContains(t, f(nil).Err(), "is nil")
		})
	}
}

// TestPoisonedModel builds on after a mistake and initializes the model.
func TestPoisonedModel(t *testing.T) {
	model := nn.Sequential{&nn.Dense{Out: 4}, &nn.Dense{}, &nn.Dense{Out: 1}}
	x, y := graph.Input("x", 5, 3), graph.Input("y", 5, 1)
	z := ops.Sub(model.Apply(x), y)
	nn.Init(model, 1)
	assert.Len(t, nn.Params(model), 2)
	one(t, z, "dense: Out is 0: want the number of outputs")
}

// TestNilLayers applies what was never made.
func TestNilLayers(t *testing.T) {
	x := graph.Input("x", 2, 2)
	one(t, (*nn.Dense)(nil).Apply(x), "dense: the layer is nil: want &nn.Dense{Out: n}")
	one(t, (*nn.Dropout)(nil).Apply(x), "dropout: the layer is nil: want &nn.Dropout{Rate: p}")
}
