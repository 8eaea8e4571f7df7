package nn_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// train compiles a training step.
func train(t *testing.T, out ...*graph.Node) *graph.Program {
	t.Helper()
	p, err := graph.CompileTraining(out)
	require.NoError(t, err)
	return p
}

// ramp returns 1 to n.
func ramp(n int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(i + 1)
	}
	return list
}

func TestDropout(t *testing.T) {
	const n, rate, seed = 20000, 0.3, 5
	x := graph.Input("x", graph.Sym("batch"))
	d := &nn.Dropout{Rate: rate}
	y := d.Apply(x)
	nn.Init(d, seed)
	fed := feed(t, x, ramp(n), n)
	assert.True(t, slices.Equal(infer(t, ops.Scale(x, 1), fed), infer(t, y, fed)), "inference leaves x as it is")
	assert.Equal(t, 0.0, value(t, d.State)[1], "inference does not count")

	p := train(t, y)
	first := run(t, p, fed)[0]
	dropped, longest, length := 0, 0, 0
	for i, v := range first {
		if v == 0 {
			dropped++
			length++
			longest = max(longest, length)
			continue
		}
		length = 0
		require.InEpsilon(t, float64(i+1)/(1-rate), v, 1e-6)
	}
	// five standard deviations
	assert.InDelta(t, n*rate, dropped, 5*math.Sqrt(n*rate*(1-rate)), "seed %d", seed)
	assert.Less(t, longest, 20, "seed %d: each element is dropped by itself", seed)

	second := run(t, p, fed)[0]
	assert.False(t, slices.Equal(first, second), "each step drops others")
	assert.Equal(t, 2.0, value(t, d.State)[1])
	nn.Init(d, seed)
	assert.True(t, slices.Equal(first, run(t, p, fed)[0]), "the state alone decides")
}

// TestDropoutGradient compares the gradient with the mask of the same step.
func TestDropoutGradient(t *testing.T) {
	x := graph.Input("x", 100)
	d := &nn.Dropout{Rate: 0.5}
	y := d.Apply(x)
	nn.Init(d, 1)
	out := run(t, train(t, y, autodiff.Grad(ops.Sum(y), x)[0]), feed(t, x, ramp(100), 100))
	for i, v := range out[0] {
		assert.InDelta(t, v, float64(i+1)*out[1][i], 1e-4)
	}
	g := infer(t, autodiff.Grad(ops.Sum(y), x)[0], feed(t, x, ramp(100), 100))
	assert.Equal(t, 100, count(g, 1))
}

func count(list []float64, v float64) (n int) {
	for _, w := range list {
		if w == v {
			n++
		}
	}
	return n
}

// TestDropoutTwice applies one layer twice: the masks differ, the step counts
// once.
func TestDropoutTwice(t *testing.T) {
	x := graph.Input("x", 64)
	d := &nn.Dropout{Rate: 0.5}
	a, b := d.Apply(x), d.Apply(x)
	nn.Init(d, 1)
	out := run(t, train(t, a, b), feed(t, x, ramp(64), 64))
	assert.NotEqual(t, out[0], out[1])
	assert.Equal(t, 1.0, value(t, d.State)[1])
	assert.Len(t, nn.Params(d), 1)
}

func TestDropoutRate(t *testing.T) {
	x := graph.Input("x", 3)
	assert.Same(t, x, (&nn.Dropout{}).Apply(x), "rate 0")
	for _, rate := range []float64{-0.1, 1, 2} {
		assert.ErrorContains(t, (&nn.Dropout{Rate: rate}).Apply(x).Err(), "is outside of [0, 1)")
	}
	one(t, (&nn.Dropout{Rate: math.NaN()}).Apply(x), "dropout: rate NaN is outside of [0, 1): want the share of elements to drop")
	one(t, (&nn.Dropout{Rate: 0.5}).Apply(graph.InputOf(graph.Int64, "n", 3)), "dropout: want floats, got n i64[3]: convert it with ops.Convert")
}

// TestDropoutInfinite drops what is infinite, which a product with 0 would not.
func TestDropoutInfinite(t *testing.T) {
	inf := float32(math.Inf(1))
	x := graph.Input("x", 8)
	d := &nn.Dropout{Rate: 0.5}
	y := d.Apply(x)
	nn.Init(d, 1)
	for _, v := range run(t, train(t, y), feed(t, x, []float32{inf, inf, inf, inf, inf, inf, inf, inf}, 8))[0] {
		assert.False(t, math.IsNaN(v))
	}
}
