package ops_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestConvertBetweenAllTypes(t *testing.T) {
	types := []graph.DType{graph.Float32, graph.Float64, graph.Int32, graph.Int64, graph.Bool}
	for _, from := range types {
		x := ops.Convert(vec(0, 1, 2.75, -2.75), from)
		for _, to := range types {
			y := ops.Convert(x, to)
			assert.Equal(t, to, y.DType())
			want := []float64{0, 1, 2.75, -2.75}
			if from == graph.Bool || to == graph.Bool {
				want = []float64{0, 1, 1, 1}
			} else if from.Int() || to.Int() {
				want = []float64{0, 1, 2, -2}
			}
			assert.Equal(t, want, eval(t, y), "%v to %v", from, to)
			if from == to {
				assert.Same(t, x, y)
			}
		}
	}
	big := int64(1)<<53 + 1
	assert.Equal(t, []int64{big}, intsOf(t, ops.Convert(ops.Convert(ids(big), graph.Int64), graph.Int64)))
	assert.Equal(t, []float64{1, 1, 1}, eval(t, ops.Convert(vec(nan, 0.1, -inf), graph.Bool)), "anything but 0 is true")
	x := vec(1.5)
	fails(t, ops.Convert(x, graph.DType(9)), "convert: dtype(9) does not exist")
	assert.Equal(t, []float64{1}, slopes(t, ops.Convert(x, graph.Float32), x))
	assert.Equal(t, []float64{0}, slopes(t, ops.Convert(ops.Convert(x, graph.Int32), graph.Float64), x))
}

func TestStopGradient(t *testing.T) {
	x := vec(2, 3)
	assert.Equal(t, []float64{2, 3}, slopes(t, ops.Mul(ops.StopGradient(x), x), x), "of x·c")
	assert.Equal(t, []float64{0, 0}, slopes(t, ops.StopGradient(ops.Square(x)), x))
}

func TestInTraining(t *testing.T) {
	x := graph.ScalarOf(graph.Float64, 3)
	y := ops.InTraining(ops.Square(x), ops.CheckNaN(ops.Scale(x, nan), "the branch not chosen"))
	g := autodiff.Grad(y, x)[0]
	p, err := graph.CompileTraining([]*node{y, g})
	require.NoError(t, err)
	out, err := p.Eval(context.Background())
	require.NoError(t, err, "only the chosen one is computed")
	assert.Equal(t, []float64{9, 6}, []float64{out[0].At(0), out[1].At(0)})
	failsToRun(t, y, "checknan: the branch not chosen is NaN at []")
	fails(t, ops.InTraining(vec(1), vec(1, 2)), "intraining: f64[1] and f64[2] differ: training and inference need the same dtype and shape")
	assert.Equal(t, graph.Float64, ops.InTraining(graph.Scalar(1), x).DType())
}

func TestAfterMakesAssignments(t *testing.T) {
	count := &graph.Param{Label: "count", Type: graph.Type{DType: graph.Float64}}
	require.NoError(t, count.Reset(nil))
	x := graph.InputOf(graph.Float64, "x")
	y := ops.After(ops.Square(x), graph.Assign(count, ops.Add(count.Node(), graph.Scalar(1))))
	p, err := graph.Compile(y, autodiff.Grad(y, x)[0])
	require.NoError(t, err)
	three, _ := graph.TensorOf([]float64{3}, []int{}...)
	for range 2 {
		out, err := p.Eval(context.Background(), x.IsTensor(three))
		require.NoError(t, err)
		assert.Equal(t, []float64{9, 6}, []float64{out[0].At(0), out[1].At(0)})
	}
	assert.Equal(t, 2.0, count.Value.Float64s()[0])
}

func TestLaterIsNotMerged(t *testing.T) {
	x := graph.Input("x")
	y := ops.Exp(x)
	p, err := graph.Compile(ops.Add(y, ops.Exp(ops.Later(x, y))))
	require.NoError(t, err)
	n := 0
	for _, s := range p.Nodes() {
		if s.Op().Name() == "exp" {
			n++
		}
	}
	assert.Equal(t, 2, n)
}

func TestCheckNaN(t *testing.T) {
	x := mat(2, 1, 2, 3, nan)
	failsToRun(t, ops.CheckNaN(x, "the label"), "checknan: the label is NaN at [1 1]: look at the data")
	assert.Equal(t, []int64{4}, intsOf(t, ops.CheckNaN(ids(4), "x")))
}
