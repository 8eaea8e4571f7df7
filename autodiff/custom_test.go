package autodiff_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// count returns how many steps of a program have the op.
func count(p *graph.Program, op string) (n int) {
	for _, s := range p.Nodes() {
		if s.Op().Name() == op {
			n++
		}
	}
	return n
}

// TestCustomVJPOfAnyOrder gives x³ its true gradient by hand, which is then
// differentiated as any other graph.
func TestCustomVJPOfAnyOrder(t *testing.T) {
	used := 0
	cube := autodiff.CustomVJP(
		func(x ...*node) *node { return ops.Mul(x[0], ops.Mul(x[0], x[0])) },
		func(y, ct *node, x ...*node) []*node {
			used++
			return []*node{ops.Mul(ct, ops.Scale(ops.Square(x[0]), 3))}
		})
	x := scalar(2)
	y := cube(x)
	assert.Equal(t, []float64{8}, eval(t, y))
	for _, want := range []float64{12, 12, 6, 0} {
		y = autodiff.Grad(y, x)[0]
		assert.Equal(t, []float64{want}, eval(t, y))
	}
	assert.Equal(t, 1, used)
	gradtest.Check(t, cube, gradtest.Of(graph.Sym("batch"), 2))
}

func TestCustomVJPReplacesTheGradient(t *testing.T) {
	// straight through: rounds forward, and is the identity backward
	round := autodiff.CustomVJP(
		func(x ...*node) *node { return ops.Round(x[0]) },
		func(_, ct *node, _ ...*node) []*node { return []*node{ct} })
	x := vec(0.4, 1.6)
	y := ops.Sum(ops.Square(round(x)))
	assert.Equal(t, []float64{0, 4}, eval(t, autodiff.Grad(y, x)[0]))

	w := vec(3, 4) // used by f, but not handed to it
	closure := autodiff.CustomVJP(
		func(x ...*node) *node { return ops.Mul(x[0], w) },
		func(_, _ *node, x ...*node) []*node { return []*node{nil} })
	g := autodiff.Grad(ops.Sum(closure(x)), x, w)
	assert.Equal(t, []float64{0, 0}, eval(t, g[0]), "nil is zero")
	assert.Equal(t, []float64{0, 0}, eval(t, g[1]))

	p := compile(t, closure(x))
	assert.Zero(t, count(p, "customvjp"), "nothing is left of it in a program")
}

// TestCustomVJPAtItsOwnValue: a rule may differentiate with respect to the value it is
// for, as that of a fixed point does, and is not asked once more for that.
func TestCustomVJPAtItsOwnValue(t *testing.T) {
	used := 0
	root := autodiff.CustomVJP( // z² = x, so dz = dx/(∂z²/∂z)
		func(x ...*node) *node { return ops.Sqrt(x[0]) },
		func(z, ct *node, _ ...*node) []*node {
			used++
			slope := autodiff.VJP(ops.Square(z), ops.BroadcastTo(scalar(1), z.Shape()), z)[0]
			return []*node{ops.Div(ct, slope)}
		})
	x := vec(4, 9)
	assert.InDeltaSlice(t, []float64{1. / 4, 1. / 6}, eval(t, autodiff.Grad(ops.Sum(root(x)), x)[0]), 1e-15)
	assert.Equal(t, 1, used)
}

func TestCustomVJPMistakes(t *testing.T) {
	identity := func(x ...*node) *node { return x[0] }
	rule := func(g ...*node) autodiff.Rule { return func(_, _ *node, _ ...*node) []*node { return g } }
	x := vec(1, 2)
	grad := func(r autodiff.Rule) *node { return autodiff.Grad(ops.Sum(autodiff.CustomVJP(identity, r)(x)), x)[0] }
	fails(t, grad(rule()), "vjp: customvjp.VJP returned 1 cotangents for 2 operands")
	fails(t, grad(rule(vec(1, 2, 3))), "vjp: the cotangent f64[3] does not fit f64[2]")
	fails(t, grad(rule(graph.ConstOf([]float32{1}, 1))), "has another dtype")
	bad := func(x ...*node) *node { return ops.Reshape(x[0], 7) }
	fails(t, autodiff.CustomVJP(bad, rule(x))(x), "reshape: cannot reshape f64[2] to [7]")
	fails(t, autodiff.Checkpoint(bad)(x), "reshape: cannot reshape f64[2] to [7]")
	fails(t, autodiff.Checkpoint(identity)(nil), "nil")
	fails(t, autodiff.CustomVJP(identity, rule(x))(nil), "nil")
}

// block is a function with inner values, two operands and a parameter.
func block(w *node) autodiff.Function {
	return func(x ...*node) *node {
		return ops.Add(ops.Tanh(ops.MatMul(ops.Sin(x[0]), w)), ops.Exp(x[1]))
	}
}

func weight(t *testing.T) *graph.Param {
	w := &graph.Param{Label: "w", Type: graph.Type{DType: graph.Float64, Shape: graph.Of(3, 3)}, Init: func(v graph.Tensor, rnd *rand.Rand) {
		for i := range v.Len() {
			v.Set(i, rnd.NormFloat64())
		}
	}}
	require.NoError(t, w.Reset(rand.New(rand.NewPCG(1, 1))))
	return w
}

// TestCheckpointChangesNoValue compares values, gradients and second
// derivatives with those of the plain function, the captured parameter's and
// operand's included.
func TestCheckpointChangesNoValue(t *testing.T) {
	w := weight(t).Node()
	x, y := graph.ConstOf([]float64{1, 2, 3, -1, -2, 0.5}, 2, 3), vec(0.1, 0.2, 0.3)
	scaled := ops.Scale(w, 0.5) // captured, and made from what is differentiated
	derivatives := func(f autodiff.Function) (all []*node) {
		z := ops.Sum(ops.Square(f(x, y)))
		g := autodiff.Grad(z, x, y, w)
		s := ops.Add(ops.Sum(ops.Sin(g[0])), ops.Add(ops.Sum(ops.Square(g[1])), ops.Sum(ops.Square(g[2]))))
		return append(append([]*node{z}, g...), autodiff.Grad(s, x, y, w)...)
	}
	plain, saved := derivatives(block(scaled)), derivatives(autodiff.Checkpoint(block(scaled)))
	for i := range plain {
		near(t, eval(t, plain[i]), eval(t, saved[i]), i)
	}
	gradtest.Check(t, autodiff.Checkpoint(func(x ...*node) *node { return ops.Tanh(ops.MatMul(x[0], x[1])) }),
		gradtest.Of(graph.Sym("batch"), 3), gradtest.Of(3, 2))
}

// TestCheckpointComputesAgain counts the steps of a chain: with checkpoints the
// inner values are computed twice, and without once.
func TestCheckpointComputesAgain(t *testing.T) {
	chain := func(wrap func(autodiff.Function) autodiff.Function) *graph.Program {
		x := graph.InputOf(graph.Float64, "x", 3)
		y := x
		for range 50 {
			y = wrap(func(x ...*node) *node { return ops.Sin(ops.Sinh(ops.Sin(x[0]))) })(y)
		}
		return compile(t, ops.Sum(y), autodiff.Grad(ops.Sum(y), x)[0])
	}
	plain := chain(func(f autodiff.Function) autodiff.Function { return f })
	saved := chain(autodiff.Checkpoint)
	assert.Equal(t, 50, count(plain, "sinh"))
	assert.Equal(t, 100, count(saved, "sinh"))
	assert.Zero(t, count(saved, "checkpoint"))
	less, err := saved.Bytes(nil)
	require.NoError(t, err)
	more, err := plain.Bytes(nil)
	require.NoError(t, err)
	assert.Less(t, less, more*2/3, "bytes at the peak")

	forward := graph.InputOf(graph.Float64, "x", 3)
	p := compile(t, autodiff.Checkpoint(func(x ...*node) *node { return ops.Sinh(x[0]) })(forward))
	assert.Equal(t, 1, count(p, "sinh"), "nothing is computed twice without a gradient")
}

func TestCheckpointInsideOne(t *testing.T) {
	inner := autodiff.Checkpoint(func(x ...*node) *node { return ops.Sin(ops.Square(x[0])) })
	outer := autodiff.Checkpoint(func(x ...*node) *node { return ops.Exp(inner(inner(x[0]))) })
	plain := func(x *node) *node {
		f := func(x *node) *node { return ops.Sin(ops.Square(x)) }
		return ops.Exp(f(f(x)))
	}
	x := vec(0.3, 0.8)
	y, z := outer(x), plain(x)
	for range 3 {
		near(t, eval(t, z), eval(t, y))
		y, z = autodiff.Grad(ops.Sum(y), x)[0], autodiff.Grad(ops.Sum(z), x)[0]
	}
}

func TestCheckpointOfItsOperand(t *testing.T) {
	x := vec(1, 2)
	y := autodiff.Checkpoint(func(x ...*node) *node { return x[0] })(x)
	assert.Equal(t, []float64{1, 1}, eval(t, autodiff.Grad(ops.Sum(y), x)[0]))
	constant := autodiff.Checkpoint(func(x ...*node) *node { return vec(5) })(x)
	assert.Equal(t, []float64{0, 0}, eval(t, autodiff.Grad(ops.Sum(constant), x)[0]))
	picked := autodiff.Checkpoint(func(x ...*node) *node { return ops.Take(x[0], x[1], 0) })(x, graph.ConstOf([]int64{1, 1}, 2))
	assert.Equal(t, []float64{0, 2}, eval(t, autodiff.Grad(ops.Sum(picked), x)[0]), "an operand without a gradient")
}

// TestCheckpointDrawsTheSameNumbers: what is computed again must be what was
// computed before, dropout's mask included.
func TestCheckpointDrawsTheSameNumbers(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", 100)
	state := graph.InputOf(graph.Int64, "state", 2)
	drop := autodiff.Checkpoint(func(x ...*node) *node {
		mask := ops.Bernoulli(x[1], 0, 0.5, graph.Of(100))
		return ops.Where(mask, ops.Square(x[0]), graph.Scalar(0))
	})
	y := drop(x, state)
	g := autodiff.Grad(ops.Sum(y), x)[0]
	two, _ := graph.NewTensor(graph.Float64, 100)
	for i := range 100 {
		two.Set(i, 2)
	}
	seed, _ := graph.TensorOf([]int64{3, 4}, 2)
	for i, v := range eval(t, ops.Sub(y, g), x.IsTensor(two), state.IsTensor(seed)) {
		assert.Zero(t, v, i)
	}
	assert.True(t, strings.Contains(compile(t, g).Listing(), "later"))
}

// A straight-through estimator rounds, and passes the gradient on as if it did
// not.
func ExampleCustomVJP() {
	quantize := autodiff.CustomVJP(
		func(x ...*graph.Node) *graph.Node { return ops.Round(x[0]) },
		func(y, ct *graph.Node, x ...*graph.Node) []*graph.Node { return []*graph.Node{ct} })
	x := graph.ConstOf([]float64{0.2, 1.8}, 2)
	y := quantize(x)
	print(y)
	print(autodiff.Grad(ops.Sum(ops.Square(y)), x)[0])
	// Output:
	// [0 2]
	// [0 4]
}

// What a block computes inside is not kept for the backward pass.
func ExampleCheckpoint() {
	block := autodiff.Checkpoint(func(x ...*graph.Node) *graph.Node {
		return ops.Exp(ops.Square(x[0]))
	})
	x := graph.ConstOf([]float64{0, 1}, 2)
	y := ops.Log(block(x))
	print(autodiff.Grad(ops.Sum(y), x)[0])
	// Output: [0 2]
}
