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

// TestConcatOfSymbolicLengths joins pieces of which some have free lengths, and
// looks at each one's part of the gradient.
func TestConcatOfSymbolicLengths(t *testing.T) {
	m, k := graph.Sym("m"), graph.Sym("k")
	x := []*node{
		graph.InputOf(graph.Float64, "a", 1), graph.InputOf(graph.Float64, "b", m),
		graph.InputOf(graph.Float64, "c", 2), graph.InputOf(graph.Float64, "d", k),
	}
	y := ops.Concat(0, x...)
	assert.Equal(t, graph.Of(m.Add(k).Add(3)), y.Shape())
	place := ops.Iota(graph.Float64, y.Shape(), 0)
	p, err := graph.Compile(append([]*node{y}, autodiff.VJP(y, place, x...)...)...)
	require.NoError(t, err)
	for _, lengths := range [][2]int{{1, 1}, {0, 3}, {4, 0}, {0, 0}} {
		var feeds []graph.Feed
		var all []float64
		for i, n := range []int{1, lengths[0], 2, lengths[1]} {
			v := make([]float64, n)
			for j := range v {
				v[j] = float64(100*i + j)
			}
			all = append(all, v...)
			value, _ := graph.TensorOf(v, n)
			feeds = append(feeds, x[i].IsTensor(value))
		}
		out, err := p.Eval(context.Background(), feeds...)
		require.NoError(t, err)
		assert.Equal(t, all, floatsOf(out[0]))
		at := 0.0
		for i, n := range []int{1, lengths[0], 2, lengths[1]} {
			g := floatsOf(out[i+1])
			require.Len(t, g, n)
			for _, v := range g {
				assert.Equal(t, at, v)
				at++
			}
		}
	}
}

func TestConcatMistakes(t *testing.T) {
	x := graph.Input("x", 2, 3)
	assert.Same(t, x, ops.Concat(0, x))
	fails(t, ops.Concat(0), "concat: nothing to join")
	fails(t, ops.Concat(2, x, x), "concat: axis 2 is outside of [2 3]")
	fails(t, ops.Concat(0, x, graph.Input("y", 2, 4)), "concat: cannot join x [2 3] and y [2 4] along axis 0: the other axes differ")
	fails(t, ops.Concat(0, x, graph.Input("y", 2)), "cannot join x [2 3] and y [2]")
	fails(t, ops.Concat(0, x, graph.InputOf(graph.Int32, "y", 2, 3)), "concat: x [2 3] and y i32[2 3] have different dtypes")
	fails(t, ops.Concat(0, graph.Input("s"), graph.Input("s")), "axis 0 is outside of []")
}

func TestStackAndSplit(t *testing.T) {
	x, y := vec(1, 2), vec(3, 4)
	assert.Equal(t, []float64{1, 2, 3, 4}, eval(t, ops.Stack(0, x, y)))
	assert.Equal(t, []float64{1, 3, 2, 4}, eval(t, ops.Stack(-1, x, y)))
	assert.Equal(t, graph.Of(1, 2), ops.Stack(0, x).Shape())
	fails(t, ops.Stack(0, x, vec(1)), "stack: f64[2] and f64[1] have different shapes")
	fails(t, ops.Stack(0), "stack: nothing to join")
	fails(t, ops.Stack(4, x, y), "stack: f64[2] cannot have a new axis at 4")
	fails(t, ops.Stack(-3, x, y), "stack: f64[2] cannot have a new axis at -3")

	p := ops.Split(mat(3, 1, 2, 3, 4, 5, 6), 1, 1, 0, 2)
	assert.Equal(t, []float64{1, 4}, eval(t, p[0]))
	assert.Equal(t, graph.Of(2, 0), p[1].Shape())
	assert.Equal(t, []float64{2, 3, 5, 6}, eval(t, p[2]))
	for _, bad := range ops.Split(graph.Input("x", 5), 0, 2, 2) {
		fails(t, bad, "split: lengths [2 2] add up to 4, but axis 0 of x [5] has length 5")
	}
	fails(t, ops.Split(graph.Input("x", graph.Sym("n")), 0, 2)[0], "axis 0 of x [n] has length n")
	fails(t, ops.Split(x, 0, 3, -1)[0], "length -1 is negative")
	fails(t, ops.Split(x, 1, 2)[0], "axis 1 ")
}
