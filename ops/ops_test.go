package ops_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

type node = graph.Node

var (
	inf = math.Inf(1)
	nan = math.NaN()
)

// vec is a float64 vector.
func vec(v ...float64) *node { return graph.ConstOf(v, len(v)) }

// mat is a float64 matrix with rows of n elements.
func mat(n int, v ...float64) *node { return graph.ConstOf(v, len(v)/n, n) }

// ids is a vector of indices.
func ids(v ...int64) *node { return graph.ConstOf(v, len(v)) }

// run compiles and evaluates nodes.
func run(t *testing.T, y ...*node) []graph.Tensor {
	t.Helper()
	p, err := graph.Compile(y...)
	require.NoError(t, err)
	out, err := p.Eval(context.Background())
	require.NoError(t, err)
	return out
}

// eval returns the elements of y as numbers.
func eval(t *testing.T, y *node) []float64 {
	t.Helper()
	return floatsOf(run(t, y)[0])
}

// fed returns the elements of y where the input x is given: unlike what depends
// on constants alone, the engine computes it.
func fed(t *testing.T, y, x *node, value graph.Tensor) []float64 {
	t.Helper()
	p, err := graph.Compile(y)
	require.NoError(t, err)
	out, err := p.Eval(context.Background(), x.IsTensor(value))
	require.NoError(t, err)
	return floatsOf(out[0])
}

func floatsOf(x graph.Tensor) []float64 {
	v := make([]float64, x.Len())
	for i := range v {
		v[i] = x.At(i)
	}
	return v
}

func intsOf(t *testing.T, y *node) []int64 {
	t.Helper()
	x := run(t, y)[0]
	v := make([]int64, x.Len())
	for i := range v {
		v[i] = x.Int(i)
	}
	return v
}

// slopes returns the gradient of the sum of y with respect to x.
func slopes(t *testing.T, y, x *node) []float64 {
	t.Helper()
	return eval(t, autodiff.Grad(ops.Sum(y), x)[0])
}

// same compares numbers to a relative error, NaN being equal to NaN.
func same(t *testing.T, want, got []float64, tolerance float64, msg ...any) bool {
	t.Helper()
	if !assert.Len(t, got, len(want), msg...) {
		return false
	}
	for i, w := range want {
		g := got[i]
		close := math.Abs(g-w) <= tolerance*(1+math.Abs(w)) || g == w || math.IsNaN(g) && math.IsNaN(w)
		if !close {
			return assert.Fail(t, "values differ", "element %d: want %v, got %v\nof %v\nand %v %v", i, w, g, want, got, msg)
		}
	}
	return true
}

// fails expects a node that reports one mistake, with this file's line and the
// given words.
func fails(t *testing.T, y *node, words string) {
	t.Helper()
	oneLine(t, y.Err(), words)
}

// oneLine expects an error of one line that starts with a test's place.
func oneLine(t *testing.T, err error, words string) {
	t.Helper()
	if assert.Error(t, err) {
		assert.NotContains(t, err.Error(), "\n")
		assert.Regexp(t, `^\w+_test\.go:\d+: `, err.Error())
		assert.Contains(t, err.Error(), words)
		assert.NotContains(t, strings.ReplaceAll(err.Error(), "{0, ", ""), "{")
	}
}

// failsToRun expects that computing y is an error of one line.
func failsToRun(t *testing.T, y *node, words string) {
	t.Helper()
	p, err := graph.Compile(y)
	require.NoError(t, err)
	_, err = p.Eval(context.Background())
	oneLine(t, err, words)
}

func TestBroadcastingFollowsNumPy(t *testing.T) {
	for _, c := range []struct{ x, y, want []graph.Dim }{
		{[]graph.Dim{2, 3}, []graph.Dim{3}, []graph.Dim{2, 3}},
		{[]graph.Dim{2, 1}, []graph.Dim{1, 3}, []graph.Dim{2, 3}},
		{[]graph.Dim{}, []graph.Dim{2, 3}, []graph.Dim{2, 3}},
		{[]graph.Dim{4, 1, 3}, []graph.Dim{2, 1}, []graph.Dim{4, 2, 3}},
		{[]graph.Dim{0, 3}, []graph.Dim{1, 3}, []graph.Dim{0, 3}},
	} {
		assert.Equal(t, graph.Of(c.want...), ops.Add(graph.Input("x", c.x...), graph.Input("y", c.y...)).Shape())
		assert.Equal(t, graph.Of(c.want...), ops.Add(graph.Input("y", c.y...), graph.Input("x", c.x...)).Shape())
	}
	x := graph.Input("x", 2, 3)
	fails(t, ops.Add(x, graph.Input("y", 2)), "add: x [2 3] and y [2] do not broadcast: axis -1 has lengths 3 and 2")
	fails(t, ops.Mul(x, graph.Input("y", graph.Sym("batch"), 3)), "do not broadcast: axis -2 has lengths")
	fails(t, ops.Add(x, graph.InputOf(graph.Float64, "y", 2, 3)), "different dtypes, f32 and f64: convert one with ops.Convert")
}

func TestScalarsTakeTheDTypeOfTheirPartner(t *testing.T) {
	half, two := graph.Scalar(0.5), graph.Scalar(2)
	assert.Equal(t, graph.Float64, ops.Add(vec(1), half).DType())
	assert.Equal(t, graph.Float64, ops.Add(half, vec(1)).DType())
	assert.Equal(t, graph.Float32, ops.Add(half, two).DType())
	assert.Equal(t, graph.Int64, ops.Mul(ids(1), two).DType())
	assert.Equal(t, graph.Int32, ops.Mul(two, graph.ConstOf([]int32{3}, 1)).DType())
	assert.Equal(t, graph.Float64, ops.Where(ops.Less(vec(1), two), half, vec(1)).DType())
	assert.Equal(t, []float64{0.2}, eval(t, ops.Add(vec(0), graph.Scalar(0.2))), "0.2 is not rounded to float32")
	fails(t, ops.Add(ids(1), half), "add: i64[1] and the scalar 0.5 have different dtypes")
	fails(t, ops.Add(graph.ConstOf([]int32{3}, 1), graph.Scalar(1<<40)), "different dtypes")
	fails(t, ops.Add(graph.ConstOf([]bool{true}, 1), two), "different dtypes")
	fails(t, ops.Add(vec(1), graph.ScalarOf(graph.Float32, 2)), "different dtypes")
}

func TestAFunctionOfSeveralOpsReportsOneMistake(t *testing.T) {
	x := graph.Input("x", 2, 3)
	for name, f := range map[string]func(*node, ...int) *node{"mean": ops.Mean, "var": ops.Var, "std": ops.Std, "norm": ops.Norm,
		"logsumexp": ops.LogSumExp, "min": ops.Min, "all": ops.All} {
		fails(t, f(x, 5), ": "+name+": axis 5 is outside of [2 3], which has rank 2")
	}
	fails(t, ops.ArgMin(x, 2), ": argmin: axis 2 is outside of [2 3], which has rank 2")
	fails(t, ops.NormP(x, 1, 0, 0), ": norm: axis 0 is listed twice")
	fails(t, ops.Var(ops.Less(x, x)), ": var: want floats, got bool[2 3]: convert it with ops.Convert")
	fails(t, ops.SoftShrink(nil, 1), "operand 1 is nil")
	fails(t, ops.ReLU6(graph.InputOf(graph.Bool, "mask", 3)), "less: the scalar 0 and mask bool[3]")

	both := make([]*node, 2)
	for i, w := range []*node{graph.Input("w", 5), graph.Input("v", 7)} {
		both[i] = ops.Add(w, ops.Expand(graph.Input("y", 3), 0)) // one line, different values
	}
	assert.Contains(t, ops.Add(both[0], both[1]).Err().Error(), "\n", "two mistakes")
}

// TestBuildingOnAMistakeIsQuick goes on for long after a mistake: what asks
// whether there is one must not look for it each time.
func TestBuildingOnAMistakeIsQuick(t *testing.T) {
	start := time.Now()
	x := ops.Reshape(graph.Input("x", 3), 4)
	for range 5000 {
		x = ops.Softmax(x, -1)
	}
	fails(t, x, "reshape: cannot reshape x [3] to [4]")
	assert.Less(t, time.Since(start), 10*time.Second)
}
