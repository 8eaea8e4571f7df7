// Package gorgonia_test asks gorgonia.org/gorgonia for a second opinion on the
// ops that both have, and shows where it is wrong.
package gorgonia_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

var seed = flag.Uint64("seed", rand.Uint64(), "seed of the points at which the opinions are compared")

// Functions of the same operands in the two frameworks.
type (
	theirs func(x ...*gorgonia.Node) (*gorgonia.Node, error)
	ours   func(x ...*graph.Node) *graph.Node
)

func theirs1(f func(x *gorgonia.Node) (*gorgonia.Node, error)) theirs {
	return func(x ...*gorgonia.Node) (*gorgonia.Node, error) { return f(x[0]) }
}

func theirs2(f func(x, y *gorgonia.Node) (*gorgonia.Node, error)) theirs {
	return func(x ...*gorgonia.Node) (*gorgonia.Node, error) { return f(x[0], x[1]) }
}

func theirsOver(f func(x *gorgonia.Node, axes ...int) (*gorgonia.Node, error), axes ...int) theirs {
	return func(x ...*gorgonia.Node) (*gorgonia.Node, error) { return f(x[0], axes...) }
}

func ours1(f func(x *graph.Node) *graph.Node) ours {
	return func(x ...*graph.Node) *graph.Node { return f(x[0]) }
}

func ours2(f func(x, y *graph.Node) *graph.Node) ours {
	return func(x ...*graph.Node) *graph.Node { return f(x[0], x[1]) }
}

func oursOver(f func(x *graph.Node, axes ...int) *graph.Node, axes ...int) ours {
	return func(x ...*graph.Node) *graph.Node { return f(x[0], axes...) }
}

func oursAlong(f func(x *graph.Node, axis int) *graph.Node, axis int) ours {
	return func(x ...*graph.Node) *graph.Node { return f(x[0], axis) }
}

var (
	matrix   = [][]int{{3, 4}}
	matrices = [][]int{{3, 4}, {3, 4}}
)

// opinions are the ops in which gorgonia v0.9.18 was found right by
// differences of values, with the interval of their operands.
var opinions = []struct {
	name   string
	theirs theirs
	ours   ours
	shapes [][]int
	lo, hi float64
}{
	{"neg", theirs1(gorgonia.Neg), ours1(ops.Neg), matrix, -2, 2},
	{"abs", theirs1(gorgonia.Abs), ours1(ops.Abs), matrix, -2, 2},
	{"square", theirs1(gorgonia.Square), ours1(ops.Square), matrix, -2, 2},
	{"cube", theirs1(gorgonia.Cube), ours1(func(x *graph.Node) *graph.Node { return ops.Mul(x, ops.Square(x)) }), matrix, -2, 2},
	{"reciprocal", theirs1(gorgonia.Inverse), ours1(ops.Reciprocal), matrix, 0.5, 2},
	{"sqrt", theirs1(gorgonia.Sqrt), ours1(ops.Sqrt), matrix, 0.5, 2},
	{"exp", theirs1(gorgonia.Exp), ours1(ops.Exp), matrix, -2, 2},
	{"expm1", theirs1(gorgonia.Expm1), ours1(ops.Expm1), matrix, -2, 2},
	{"log", theirs1(gorgonia.Log), ours1(ops.Log), matrix, 0.5, 2},
	{"log1p", theirs1(gorgonia.Log1p), ours1(ops.Log1p), matrix, -0.5, 2},
	{"sin", theirs1(gorgonia.Sin), ours1(ops.Sin), matrix, -4, 4},
	{"cos", theirs1(gorgonia.Cos), ours1(ops.Cos), matrix, -4, 4},
	{"tanh", theirs1(gorgonia.Tanh), ours1(ops.Tanh), matrix, -2, 2},
	{"sigmoid", theirs1(gorgonia.Sigmoid), ours1(ops.Sigmoid), matrix, -4, 4},
	{"softplus", theirs1(gorgonia.Softplus), ours1(ops.Softplus), matrix, -4, 4},
	{"relu", theirs1(gorgonia.Rectify), ours1(ops.ReLU), matrix, -2, 2},
	{"leakyrelu", theirs1(func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.LeakyRelu(x, 0.1) }),
		ours1(func(x *graph.Node) *graph.Node { return ops.LeakyReLU(x, 0.1) }), matrix, -2, 2},

	{"add", theirs2(gorgonia.Add), ours2(ops.Add), matrices, -2, 2},
	{"sub", theirs2(gorgonia.Sub), ours2(ops.Sub), matrices, -2, 2},
	{"mul", theirs2(gorgonia.HadamardProd), ours2(ops.Mul), matrices, -2, 2},
	{"div", theirs2(gorgonia.HadamardDiv), ours2(ops.Div), matrices, 0.5, 2},
	{"maximum", theirs2(gorgonia.MaxBetween), ours2(ops.Maximum), matrices, -2, 2},
	{"minimum", theirs2(gorgonia.MinBetween), ours2(ops.Minimum), matrices, -2, 2},

	{"matmul", theirs2(gorgonia.Mul), ours2(ops.MatMul), [][]int{{3, 4}, {4, 2}}, -2, 2},
	{"matrix times vector", theirs2(gorgonia.Mul), ours2(ops.MatMul), [][]int{{3, 4}, {4}}, -2, 2},
	{"batched matmul", theirs2(func(x, y *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.BatchedMatMul(x, y) }),
		ours2(ops.MatMul), [][]int{{2, 3, 4}, {2, 4, 2}}, -2, 2},

	{"sum", theirsOver(gorgonia.Sum), oursOver(ops.Sum), matrix, -2, 2},
	{"sum over columns", theirsOver(gorgonia.Sum, 1), oursOver(ops.Sum, 1), matrix, -2, 2},
	{"mean", theirsOver(gorgonia.Mean), oursOver(ops.Mean), matrix, -2, 2},
	{"mean over rows", theirsOver(gorgonia.Mean, 0), oursOver(ops.Mean, 0), matrix, -2, 2},
	{"max", theirsOver(gorgonia.Max), oursOver(ops.Max), matrix, -2, 2},
	{"max over columns", theirsOver(gorgonia.Max, 1), oursOver(ops.Max, 1), matrix, -2, 2},
	{"softmax", theirsOver(gorgonia.SoftMax, 1), oursAlong(ops.Softmax, 1), matrix, -4, 4},
	{"softmax over rows", theirsOver(gorgonia.SoftMax, 0), oursAlong(ops.Softmax, 0), matrix, -4, 4},
	{"logsoftmax", theirsOver(gorgonia.LogSoftMax, 1), oursAlong(ops.LogSoftmax, 1), matrix, -4, 4},

	{"transpose", theirsOver(gorgonia.Transpose), oursOver(ops.Transpose), matrix, -2, 2},
	{"transpose of 3 axes", theirsOver(gorgonia.Transpose, 2, 0, 1), oursOver(ops.Transpose, 2, 0, 1), [][]int{{2, 3, 4}}, -2, 2},
	{"reshape", theirs1(func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Reshape(x, tensor.Shape{2, 6}) }),
		ours1(func(x *graph.Node) *graph.Node { return ops.Reshape(x, 2, 6) }), matrix, -2, 2},
	{"slice", theirs1(func(x *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Slice(x, gorgonia.S(1, 3)) }),
		ours1(func(x *graph.Node) *graph.Node { return ops.Slice(x, 0, 1, 3, 1) }), matrix, -2, 2},
	{"concat", theirs2(func(x, y *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Concat(1, x, y) }),
		ours2(func(x, y *graph.Node) *graph.Node { return ops.Concat(1, x, y) }), [][]int{{3, 2}, {3, 4}}, -2, 2},
}

func TestOpinions(t *testing.T) {
	t.Logf("seed %d", *seed)
	for _, o := range opinions {
		t.Run(o.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(*seed, 0))
			var x []*tensor.Dense
			for _, shape := range o.shapes {
				x = append(x, draw(rnd, o.lo, o.hi, shape...))
			}
			want := askTheirs(t, o.theirs, x)
			got := askOurs(t, o.ours, x)
			require.Len(t, got, len(want))
			for i := range want {
				what := "the value"
				if i > 0 {
					what = "a gradient"
				}
				near(t, want[i], got[i], "%s, number %d, seed %d", what, i, *seed)
			}
		})
	}
}

// draw returns numbers drawn evenly from [lo, hi).
func draw(rnd *rand.Rand, lo, hi float64, shape ...int) *tensor.Dense {
	data := make([]float64, tensor.Shape(shape).TotalSize())
	for i := range data {
		data[i] = lo + (hi-lo)*rnd.Float64()
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

// weights returns fixed numbers, all different: the cotangent of a value with
// n elements.
func weights(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = math.Sin(float64(i + 1))
	}
	return w
}

// near reports numbers that differ by more than rounding.
func near(t *testing.T, want, got []float64, format string, arg ...any) {
	t.Helper()
	require.Len(t, got, len(want), append([]any{format}, arg...)...)
	for i := range want {
		assert.InDelta(t, want[i], got[i], 1e-9*(1+math.Abs(want[i])), append([]any{format}, arg...)...)
	}
}

// askTheirs returns the elements of f(x...), and of the gradient of their
// weighted sum with respect to each of x. Every question gets a graph of its
// own: nodes of one name, and some of one op, are the same node there.
func askTheirs(t *testing.T, f theirs, x []*tensor.Dense) [][]float64 {
	t.Helper()
	g := gorgonia.NewGraph()
	in := make([]*gorgonia.Node, len(x))
	for i, v := range x {
		name := string(rune('x' + i))
		in[i] = gorgonia.NewTensor(g, gorgonia.Float64, v.Dims(), gorgonia.WithShape(v.Shape()...), gorgonia.WithName(name), gorgonia.WithValue(v))
	}
	y, err := f(in...)
	require.NoError(t, err)
	cost := y
	w := weights(y.Shape().TotalSize())
	if y.IsScalar() {
		cost, err = gorgonia.HadamardProd(y, gorgonia.NewConstant(w[0]))
	} else {
		ct := tensor.New(tensor.WithShape(y.Shape()...), tensor.WithBacking(w))
		cost, err = gorgonia.HadamardProd(y, gorgonia.NewTensor(g, gorgonia.Float64, ct.Dims(), gorgonia.WithShape(ct.Shape()...), gorgonia.WithName("ct"), gorgonia.WithValue(ct)))
		require.NoError(t, err)
		cost, err = gorgonia.Sum(cost)
	}
	require.NoError(t, err)
	grads, err := gorgonia.Grad(cost, in...)
	require.NoError(t, err)
	return read(t, g, append(gorgonia.Nodes{y}, grads...))
}

// read runs a graph and returns the elements of the nodes.
func read(t *testing.T, g *gorgonia.ExprGraph, nodes gorgonia.Nodes) [][]float64 {
	t.Helper()
	values := make([]gorgonia.Value, len(nodes))
	for i, n := range nodes { // the machine reuses their memory
		gorgonia.Read(n, &values[i])
	}
	vm := gorgonia.NewTapeMachine(g)
	defer vm.Close()
	require.NoError(t, vm.RunAll())
	list := make([][]float64, len(nodes))
	for i, v := range values {
		switch v := v.(type) {
		case *gorgonia.F64:
			list[i] = []float64{float64(*v)}
		case *tensor.Dense:
			x, err := graph.FromDense(v)
			require.NoError(t, err)
			list[i] = graph.Data[float64](x)
		default:
			t.Fatalf("value %d is %T", i, v)
		}
	}
	return list
}

// askOurs is askTheirs for this module.
func askOurs(t *testing.T, f ours, x []*tensor.Dense) [][]float64 {
	t.Helper()
	in := make([]*graph.Node, len(x))
	var feeds []graph.Feed
	for i, v := range x {
		dims := make([]graph.Dim, v.Dims())
		for j, d := range v.Shape() {
			dims[j] = graph.Dim(d)
		}
		in[i] = graph.InputOf(graph.Float64, string(rune('x'+i)), dims...)
		feeds = append(feeds, in[i].Is(v))
	}
	y := f(in...)
	require.NoError(t, y.Err())
	shape, _ := y.Shape().Literal()
	ct := graph.ConstOf(weights(tensor.Shape(shape).TotalSize()), shape...)
	return run(t, append([]*graph.Node{y}, autodiff.VJP(y, ct, in...)...), feeds...)
}

func run(t *testing.T, nodes []*graph.Node, feeds ...graph.Feed) (list [][]float64) {
	t.Helper()
	program, err := graph.Compile(nodes...)
	require.NoError(t, err)
	out, err := program.Eval(t.Context(), feeds...)
	require.NoError(t, err)
	for _, v := range out {
		list = append(list, graph.Data[float64](v))
	}
	return list
}
