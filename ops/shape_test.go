package ops_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// upTo is the vector 0, 1 ... n-1.
func upTo(n int) *node { return ops.Iota(graph.Float64, graph.Of(graph.Dim(n)), 0) }

// sliced is what Slice means, by counting.
func sliced(n, from, to, step int) []float64 {
	place := func(i int) int {
		if i == ops.End {
			return n
		}
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	out := []float64{}
	for i := place(from); i < place(to); i += step {
		out = append(out, float64(i))
	}
	return out
}

var places = []int{0, 1, 2, 3, 5, 9, -1, -2, -3, -5, -9, ops.End}

func TestSliceOfKnownLengths(t *testing.T) {
	for n := range 6 {
		var y []*node
		var want [][]float64
		for _, from := range places {
			for _, to := range places {
				for step := 1; step <= 3; step++ {
					y = append(y, ops.Slice(upTo(n), 0, from, to, step))
					want = append(want, sliced(n, from, to, step))
				}
			}
		}
		for i, got := range run(t, y...) {
			require.Equal(t, want[i], floatsOf(got), "length %d: %v", n, y[i].Op())
		}
	}
}

// TestSliceOfSymbolicLengths runs each slice at several lengths. What the shape
// rule cannot know is an error of the run, never another result.
func TestSliceOfSymbolicLengths(t *testing.T) {
	ran := 0
	for _, from := range places {
		for _, to := range places {
			for step := 1; step <= 3; step++ {
				x := graph.InputOf(graph.Float64, "x", graph.Sym("n"))
				y := ops.Slice(x, 0, from, to, step)
				require.NoError(t, y.Err())
				p, err := graph.Compile(y)
				require.NoError(t, err)
				for n := range 12 {
					value, _ := graph.TensorOf(floatsOf(run(t, upTo(n))[0]), n)
					out, err := p.Eval(context.Background(), x.IsTensor(value))
					if err != nil {
						oneLine(t, err, "slice")
						continue
					}
					ran++
					require.Equal(t, sliced(n, from, to, step), floatsOf(out[0]), "length %d: %v", n, y)
				}
			}
		}
	}
	assert.Greater(t, ran, 1000)
}

func TestSliceMistakes(t *testing.T) {
	x := graph.Input("x", 2, 3)
	fails(t, ops.Slice(x, 2, 0, 1, 1), "slice: axis 2 is outside of [2 3]")
	fails(t, ops.Slice(x, 0, 0, 1, 0), "step 0 is below 1: use ops.Flip")
	fails(t, ops.Index(x, 1, 3), "index: place 3 is outside of axis 1 of x [2 3]")
	fails(t, ops.Index(x, 1, -4), "index: place -4 is outside of axis 1 of x [2 3]")
	fails(t, ops.Index(x, 5, 0), "axis 5 is outside")
}

// TestIndexOfSymbolicLengths asks for places that short axes do not have.
func TestIndexOfSymbolicLengths(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("n"))
	for _, at := range []int{0, 2, -1, -3} {
		p, err := graph.Compile(ops.Index(x, 0, at))
		require.NoError(t, err)
		for n := range 6 {
			value, _ := graph.TensorOf(floatsOf(run(t, upTo(n))[0]), n)
			out, err := p.Eval(context.Background(), x.IsTensor(value))
			if at >= n || at < -n {
				oneLine(t, err, "")
				continue
			}
			require.NoError(t, err)
			assert.Equal(t, float64((at+n)%n), out[0].At(0), "place %d of %d", at, n)
		}
	}
}
