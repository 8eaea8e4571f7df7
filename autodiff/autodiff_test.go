package autodiff_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

type node = graph.Node

func vec(v ...float64) *node { return graph.ConstOf(v, len(v)) }
func scalar(v float64) *node { return graph.ScalarOf(graph.Float64, v) }
func compile(t *testing.T, y ...*node) *graph.Program {
	t.Helper()
	p, err := graph.Compile(y...)
	require.NoError(t, err)
	return p
}

// eval returns the elements of y.
func eval(t *testing.T, y *node, feeds ...graph.Feed) []float64 {
	t.Helper()
	out, err := compile(t, y).Eval(context.Background(), feeds...)
	require.NoError(t, err)
	v := make([]float64, out[0].Len())
	for i := range v {
		v[i] = out[0].At(i)
	}
	return v
}

// fails expects one mistake with this test's line and the given words.
func fails(t *testing.T, y *node, words string) {
	t.Helper()
	err := y.Err()
	if assert.Error(t, err) {
		assert.NotContains(t, err.Error(), "\n")
		assert.Regexp(t, `^\w+_test\.go:\d+: `, err.Error())
		assert.Contains(t, err.Error(), words)
	}
}

func TestGrad(t *testing.T) {
	x, y := vec(1, 2), vec(3, 4)
	g := autodiff.Grad(ops.Sum(ops.Mul(ops.Square(x), y)), x, y, vec(5))
	assert.Equal(t, []float64{6, 16}, eval(t, g[0]))
	assert.Equal(t, []float64{1, 4}, eval(t, g[1]))
	assert.Equal(t, []float64{0}, eval(t, g[2]), "what it does not depend on")
	assert.Empty(t, autodiff.Grad(ops.Sum(x)))
	s := ops.Sum(x)
	assert.Equal(t, []float64{1}, eval(t, autodiff.Grad(s, s)[0]), "of itself")
	a := ops.Square(x)
	inner := autodiff.Grad(ops.Sum(ops.Mul(a, x)), a, x)
	assert.Equal(t, []float64{1, 2}, eval(t, inner[0]), "an inner node")
	assert.Equal(t, []float64{3, 12}, eval(t, inner[1]), "through it and past it")
	shared := ops.Add(x, x)
	assert.Equal(t, []float64{2, 2}, eval(t, autodiff.Grad(ops.Sum(shared), x)[0]))
}

func TestVJP(t *testing.T) {
	x := vec(1, 2, 3)
	y := ops.Square(x)
	assert.Equal(t, []float64{2, 40, 600}, eval(t, autodiff.VJP(y, vec(1, 10, 100), x)[0]))
	assert.Equal(t, []float64{2, 4, 6}, eval(t, autodiff.VJP(y, graph.Scalar(1), x)[0]), "a scalar broadcasts and takes the dtype")
	fails(t, autodiff.VJP(y, vec(1, 2), x)[0], "vjp: the cotangent f64[2] does not fit f64[3]")
	fails(t, autodiff.VJP(y, graph.ConstOf([]float32{1, 2, 3}, 3), x)[0], "vjp: the cotangent [3] of f64[3] has another dtype")
}

func TestJVPAndHVP(t *testing.T) {
	x, v := vec(1, 2, 3), vec(1, -1, 0.5)
	assert.Equal(t, []float64{2, -4, 3}, eval(t, autodiff.JVP(ops.Square(x), x, v)))
	assert.Equal(t, []float64{0, 0}, eval(t, autodiff.JVP(vec(1, 2), x, v)), "of what does not depend on x")
	fails(t, autodiff.JVP(ops.Square(x), x, vec(1)), "jvp: the direction f64[1] does not have the type of f64[3]")

	// the Hessian of Σ x³ is diagonal with 6x
	assert.Equal(t, []float64{6, -12, 9}, eval(t, autodiff.HVP(ops.Sum(ops.Pow(x, graph.Scalar(3))), []*node{x}, []*node{v})[0]))
	y, w := vec(4), vec(2)
	h := autodiff.HVP(ops.Sum(ops.Mul(ops.Square(x), y)), []*node{x, y}, []*node{v, w})
	assert.Equal(t, []float64{8*1 + 2*1*2, -8 + 2*2*2, 4 + 2*3*2}, eval(t, h[0]))
	assert.Equal(t, []float64{2*1*1 - 2*2*1 + 2*3*0.5}, eval(t, h[1]))
	s := ops.Sum(x)
	assert.Equal(t, []float64{0, 0, 0}, eval(t, autodiff.HVP(s, []*node{x}, []*node{v})[0]))
	linked := ops.Square(x) // a direction made from x is not differentiated
	assert.Equal(t, []float64{2, 8, 18}, eval(t, autodiff.HVP(ops.Sum(ops.Square(x)), []*node{x}, []*node{linked})[0]))
	fails(t, autodiff.HVP(s, []*node{x}, []*node{vec(1)})[0], "hvp: the direction f64[1] does not have the type of f64[3]")
	fails(t, autodiff.HVP(s, []*node{x}, nil)[0], "hvp: 0 parts of a vector for 1 values")
}

func TestJacobianAndHessian(t *testing.T) {
	x := vec(1, 2)
	y := ops.Stack(0, ops.Prod(x), ops.Sum(x), ops.Mul(ops.Index(x, 0, 0), scalar(3)))
	assert.Equal(t, []float64{2, 1, 1, 1, 3, 0}, eval(t, autodiff.Jacobian(y, x)))
	assert.Equal(t, graph.Of(3, 2), autodiff.Jacobian(y, x).Shape())
	m := graph.ConstOf([]float64{1, 2, 3, 4}, 2, 2)
	assert.Equal(t, graph.Of(2, 2, 2, 2), autodiff.Jacobian(ops.Square(m), m).Shape())
	assert.Equal(t, graph.Of(2), autodiff.Jacobian(ops.Prod(x), x).Shape(), "the gradient of a scalar")
	assert.Equal(t, graph.Of(0, 2), autodiff.Jacobian(ops.Slice(x, 0, 1, 1, 1), x).Shape())

	// Rosenbrock's function and its Hessian
	a, b := ops.Index(x, 0, 0), ops.Index(x, 0, 1)
	f := ops.Add(ops.Square(ops.OneMinus(a)), ops.Scale(ops.Square(ops.Sub(b, ops.Square(a))), 100))
	assert.Equal(t, []float64{2 - 400*(2-3*1), -400, -400, 200}, eval(t, autodiff.Hessian(f, x)))
	assert.Equal(t, []float64{0, 0, 0, 0}, eval(t, autodiff.Hessian(ops.Sum(x), x)))

	free := graph.Input("x", graph.Sym("batch"), 2)
	fails(t, autodiff.Jacobian(ops.Square(free), free), "jacobian: the shape of [batch 2] must be known")
	fails(t, autodiff.Hessian(ops.Sum(free), free), "the shape of ")
	fails(t, autodiff.Hessian(free, free), "grad: want a scalar, got x [batch 2]: sum it, or use autodiff.VJP")
	assert.Equal(t, graph.Of(graph.Sym("batch"), 2), autodiff.Jacobian(ops.Sum(free), free).Shape(), "y alone must be known")
}

// TestMistakes asks for gradients that do not exist: one line, and no cascade.
func TestMistakes(t *testing.T) {
	x := graph.Input("x", 2, 3)
	ints := graph.InputOf(graph.Int64, "ids", 2)
	bad := ops.Reshape(x, 7)
	first := bad.Err().Error()
	s := ops.Sum(x)
	fails(t, autodiff.Grad(x, x)[0], "grad: want a scalar, got x [2 3]: sum it, or use autodiff.VJP")
	fails(t, autodiff.Grad(ops.Sum(ints), x)[0], "grad: want a float, got i64[]")
	fails(t, autodiff.Grad(s, ints)[0], "vjp: cannot differentiate with respect to ids i64[2]: it is no float")
	fails(t, autodiff.Grad(nil, x)[0], "nil")
	fails(t, autodiff.Grad(s, x, nil)[1], "nil")
	fails(t, autodiff.VJP(s, nil, x)[0], "nil")
	fails(t, autodiff.VJP(nil, s, x)[0], "nil")
	fails(t, autodiff.JVP(s, x, nil), "nil")
	fails(t, autodiff.HVP(s, []*node{x}, []*node{nil})[0], "nil")
	fails(t, autodiff.HVP(nil, []*node{x}, []*node{x})[0], "nil")
	fails(t, autodiff.Jacobian(s, nil), "nil")
	fails(t, autodiff.Hessian(nil, x), "nil")
	for _, y := range slices.Concat(
		autodiff.Grad(bad, x), autodiff.Grad(s, bad), autodiff.Grad(ops.Sum(bad), x), autodiff.VJP(s, bad, x),
		autodiff.HVP(ops.Sum(bad), []*node{x}, []*node{x}), autodiff.HVP(s, []*node{x}, []*node{bad}), autodiff.HVP(s, []*node{bad}, []*node{x}),
		[]*node{autodiff.JVP(bad, x, x), autodiff.JVP(s, x, bad), autodiff.Jacobian(bad, x), autodiff.Hessian(ops.Sum(bad), x)},
	) {
		if assert.Error(t, y.Err()) {
			assert.Equal(t, first, y.Err().Error(), "only the first mistake is reported")
		}
	}
}

// TestGradChangesNoNode lists a graph before and after it is differentiated.
func TestGradChangesNoNode(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 3)
	var scope graph.Scope
	y := scope.Wrap(func() *node { return ops.Sum(ops.Mul(ops.Softmax(x, -1), ops.GELU(x))) })
	scope.Label = "head"
	before := graph.Listing(y)
	g := autodiff.Grad(y, x)[0]
	autodiff.Grad(ops.Sum(g), x)
	autodiff.JVP(y, x, x)
	compile(t, y, g)
	assert.Equal(t, before, graph.Listing(y))
	assert.Equal(t, graph.Provenance{}, y.From())
}

func TestProvenance(t *testing.T) {
	x := vec(1, 2)
	var scope graph.Scope
	e := scope.Wrap(func() *node { return ops.Exp(x) })
	scope.Label = "layer"
	y := ops.Sum(ops.Add(e, ops.Sin(e)))
	g := autodiff.Grad(y, x)[0]
	old := map[*node]bool{}
	for _, n := range graph.Topo(y) {
		old[n] = true
	}
	sums := 0
	for _, n := range graph.Topo(g) {
		if old[n] || len(n.In()) == 0 {
			continue
		}
		assert.Contains(t, n.Pos(), "autodiff_test.go:", "at the call of Grad")
		of := n.From().Of
		require.NotNil(t, of, "%v belongs to no node", n)
		assert.True(t, old[of], "to one of the forward pass")
		if n.From().Sum {
			sums++
			assert.Same(t, e, of, "the two contributions to e are added")
			assert.Equal(t, "layer", n.Scope())
		}
		if of == e {
			assert.Equal(t, "layer", n.Scope(), "a gradient is in the scope of its node")
		}
	}
	assert.Equal(t, 1, sums)
}

// TestDeepChain builds, differentiates and compiles 100,000 ops in a row.
func TestDeepChain(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x")
	y := x
	for range 100_000 {
		y = ops.Sin(y)
	}
	g := autodiff.Grad(y, x)[0]
	assert.Greater(t, compile(t, y, g).Len(), 200_000)
}

// A wrong is an op whose VJP makes a mistake.
type wrong struct{ kind string }

func (wrong) Name() string                               { return "wrong" }
func (wrong) Infer(in ...graph.Type) (graph.Type, error) { return in[0], nil }
func (wrong) Eval(out graph.Tensor, in ...graph.Tensor)  { out.Copy(in[0]) }
func (w wrong) VJP(_, ct *node, x ...*node) []*node {
	switch w.kind {
	case "count":
		return []*node{ct, ct}
	case "shape":
		return []*node{ops.Concat(0, ct, ct)}
	case "dtype":
		return []*node{ops.Convert(ct, graph.Float32)}
	case "broken":
		return []*node{ops.MatMul(ct, ops.Expand(ct, 0))}
	}
	return []*node{nil}
}

func TestWrongVJPs(t *testing.T) {
	x := vec(1, 2)
	grad := func(kind string) *node { return autodiff.Grad(ops.Sum(graph.Apply(wrong{kind}, x)), x)[0] }
	fails(t, grad("count"), "wrong.VJP returned 2 cotangents for 1 operands")
	fails(t, grad("shape"), "vjp: the cotangent f64[4] does not fit f64[2]: axis -1 has lengths 4 and 2")
	fails(t, grad("dtype"), "vjp: the cotangent [2] of f64[2] has another dtype")
	fails(t, grad("broken"), "matmul: cannot multiply")
	assert.Equal(t, []float64{0, 0}, eval(t, grad("none")), "nil is zero")
}

// silu is a user's op, x·sigmoid(x), in a dozen lines.
type silu struct{}

func (silu) Name() string                               { return "silu" }
func (silu) Infer(in ...graph.Type) (graph.Type, error) { return in[0], nil }
func (silu) Eval(out graph.Tensor, in ...graph.Tensor) {
	for i := range out.Len() {
		x := in[0].At(i)
		out.Set(i, x/(1+math.Exp(-x)))
	}
}
func (silu) VJP(y, ct *node, x ...*node) []*node { // σ + y(1-σ)
	s := ops.Sigmoid(x[0])
	return []*node{ops.Mul(ct, ops.Add(s, ops.Mul(y, ops.OneMinus(s))))}
}

func TestOpsOfOthersHaveTheSameRights(t *testing.T) {
	f := func(x ...*node) *node { return graph.Apply(silu{}, x[0]) }
	gradtest.Check(t, f, gradtest.Of(graph.Sym("batch"), 3).In(-2, 2))
	for _, d := range []graph.DType{graph.Float32, graph.Float64} {
		x := ops.Convert(vec(-2, 0.5, 3), d)
		y, want := ops.Sum(f(x)), ops.Sum(ops.SiLU(x))
		for range 3 {
			got, expected := eval(t, y), eval(t, want)
			for i := range got {
				assert.InDelta(t, expected[i], got[i], 1e-5, d)
			}
			y, want = ops.Sum(autodiff.Grad(y, x)[0]), ops.Sum(autodiff.Grad(want, x)[0])
		}
	}
	x := graph.Input("x", 3)
	p := compile(t, ops.Add(f(x), f(x)))
	assert.Equal(t, 1, strings.Count(p.Listing(), "= silu"), "equal ops on equal operands are one step")
}

// TestGradientsOfManyUses adds contributions in a graph whose paths are many
// more than its nodes.
func TestGradientsOfManyUses(t *testing.T) {
	x := scalar(1)
	y := x
	for range 40 {
		y = ops.Add(y, y)
	}
	g := autodiff.Grad(y, x)[0]
	assert.Equal(t, []float64{1 << 40}, eval(t, g))
	assert.Less(t, len(graph.Topo(g)), 300)
}

func ExampleGrad() {
	x := graph.ConstOf([]float64{1, 2, 3}, 3)
	loss := ops.Sum(ops.Square(x))
	g := autodiff.Grad(loss, x)[0]
	print(g)
	// Output: [2 4 6]
}

// A gradient is graph, and so has a gradient itself.
func ExampleGrad_second() {
	x := graph.ScalarOf(graph.Float64, 2)
	y := ops.Pow(x, graph.Scalar(3))
	first := autodiff.Grad(y, x)[0]
	second := autodiff.Grad(first, x)[0]
	print(first)
	print(second)
	// Output:
	// 12
	// 12
}

func ExampleJVP() {
	x := graph.ConstOf([]float64{1, 2, 3}, 3)
	direction := graph.ConstOf([]float64{1, 0, 0}, 3)
	print(autodiff.JVP(ops.CumSum(ops.Square(x), 0), x, direction))
	// Output: [2 2 2]
}

// The Hessian times a vector costs two gradients, and no matrix is made.
func ExampleHVP() {
	x := graph.ConstOf([]float64{1, 2}, 2)
	v := graph.ConstOf([]float64{1, 1}, 2)
	y := ops.Prod(ops.Square(x)) // x₀²x₁²
	print(autodiff.HVP(y, []*graph.Node{x}, []*graph.Node{v})[0])
	// Output: [16 10]
}

func ExampleJacobian() {
	x := graph.ConstOf([]float64{1, 2}, 2)
	fmt.Println(autodiff.Jacobian(ops.Outer(x, x), x).Shape())
	print(autodiff.Jacobian(ops.Square(x), x))
	// Output:
	// [2 2 2]
	// [2 0 0 4]
}

// print computes and prints a value.
func print(y *graph.Node) {
	p, err := graph.Compile(y)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out[0].Data())
}

// TestHVPDependsOnTheVector differentiates a product with respect to its
// vector, which gives the Hessian, and lets the vector depend on x, which the
// product must not follow.
func TestHVPDependsOnTheVector(t *testing.T) {
	x, v := graph.InputOf(graph.Float64, "x", 2), graph.InputOf(graph.Float64, "v", 2)
	y := ops.Sum(ops.Mul(ops.Square(x), x)) // Hessian diag(6x)
	h := autodiff.HVP(y, []*graph.Node{x}, []*graph.Node{v})[0]
	own := autodiff.HVP(y, []*graph.Node{x}, []*graph.Node{ops.Square(x)})[0]
	p, err := graph.Compile(autodiff.Jacobian(h, v), own)
	require.NoError(t, err)
	out, err := p.Run(
		x.Is(tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{1, 2}))),
		v.Is(tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{3, 4}))))
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{6, 0, 0, 12}, out[0].Float64s(), 1e-12)
	assert.InDeltaSlice(t, []float64{6 * 1, 12 * 4}, out[1].Float64s(), 1e-12)
}
