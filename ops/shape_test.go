package ops_test

import (
	"context"
	"fmt"
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

func TestReshape(t *testing.T) {
	batch := graph.Sym("batch")
	x := graph.Input("x", batch, 6)
	assert.Equal(t, graph.Of(batch, 2, 3), ops.Reshape(x, batch, 2, 3).Shape())
	assert.Equal(t, graph.Of(batch, 2, 3), ops.Reshape(x, graph.Auto, 2, 3).Shape())
	assert.Equal(t, graph.Of(batch, 3, 2), ops.Reshape(x, batch, 3, graph.Auto).Shape())
	assert.Equal(t, graph.Of(batch.Mul(6)), ops.Reshape(x, graph.Auto).Shape())
	assert.Equal(t, graph.Of(batch.Mul(2), 3), ops.Reshape(x, graph.Auto, 3).Shape())
	assert.Same(t, x, ops.Reshape(x, batch, 6), "nothing to do")
	fails(t, ops.Reshape(x, 4, graph.Auto), "reshape: cannot reshape x [batch 6] to [4 ")
	fails(t, ops.Reshape(x, batch, 5), "cannot reshape x [batch 6] to [batch 5]: 6*batch elements do not make 5*batch")
	fails(t, ops.Reshape(x, graph.Auto, graph.Auto), "reshape: shape [? -1] has a negative or unknown length")
	fails(t, ops.Reshape(x, graph.Unknown, 2), "reshape: shape [? 2] has a negative or unknown length")
	fails(t, ops.Reshape(x, graph.Auto, 0), "6*batch elements do not make 0")
	assert.Equal(t, graph.Of(0, 3), ops.Reshape(graph.Input("x", 0), graph.Auto, 3).Shape())
}

func TestTranspose(t *testing.T) {
	x := ops.Reshape(upTo(6), 1, 2, 3)
	assert.Equal(t, []float64{0, 3, 1, 4, 2, 5}, eval(t, ops.Transpose(x)))
	assert.Equal(t, graph.Of(3, 1, 2), ops.Transpose(x, -1, 0, 1).Shape())
	assert.Equal(t, []float64{0, 3, 1, 4, 2, 5}, eval(t, ops.Transpose(x, 2, 0, 1)))
	assert.Same(t, x, ops.Transpose(x, 0, 1, 2))
	fails(t, ops.Transpose(x, 0, 1), "transpose: [0 1] is no order of the axes of f64[1 2 3]: want each of 0 to 2 once")
	fails(t, ops.Transpose(x, 0, 1, 1), "is no order")
	fails(t, ops.Transpose(x, 0, 1, 3), "is no order")
	fails(t, ops.Transpose(vec(1)), "f64[1] has no two axes to exchange")
}

func TestSqueezeExpandFlatten(t *testing.T) {
	batch := graph.Sym("batch")
	x := graph.Input("x", 1, batch, 1, 3)
	assert.Equal(t, graph.Of(batch, 3), ops.Squeeze(x).Shape())
	assert.Equal(t, graph.Of(1, batch, 3), ops.Squeeze(x, -2).Shape())
	fails(t, ops.Squeeze(x, 1), "squeeze: axis 1 of x [1 batch 1 3] has length batch, not 1")
	fails(t, ops.Squeeze(x, 4), "axis 4 is outside")
	assert.Equal(t, graph.Of(1, 1, batch, 1, 3, 1), ops.Expand(x, 0, -1).Shape())
	fails(t, ops.Expand(x, 6), "expand: cannot insert axes into x [1 batch 1 3] at [6]")
	fails(t, ops.Expand(x, 1, 1), "cannot insert axes")
	fails(t, ops.Expand(x, 0, 1, 2, 3, 4), "cannot insert axes")
	assert.Equal(t, graph.Of(1, batch.Mul(3)), ops.Flatten(x, 1).Shape())
	assert.Equal(t, graph.Of(batch.Mul(3)), ops.Flatten(x, 0).Shape())
	fails(t, ops.Flatten(x, 4), "flatten: axis 4 is outside")
}

func TestBroadcastToAndSumTo(t *testing.T) {
	x := mat(1, 1, 2)
	assert.Equal(t, []float64{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2}, eval(t, ops.BroadcastTo(x, graph.Of(2, 2, 3))))
	assert.Equal(t, []float64{6, 6}, slopes(t, ops.BroadcastTo(x, graph.Of(2, 2, 3)), x))
	y := ops.Reshape(upTo(12), 2, 2, 3)
	assert.Equal(t, []float64{24, 42}, eval(t, ops.SumTo(y, graph.Of(2, 1))))
	assert.Equal(t, []float64{66}, eval(t, ops.SumTo(y, graph.Of())))
	fails(t, ops.BroadcastTo(x, graph.Of(3)), "broadcast: cannot broadcast f64[2 1] to [3]")
	fails(t, ops.BroadcastTo(x, graph.Of(1, 1)), "cannot broadcast")
	fails(t, ops.SumTo(y, graph.Of(3, 1)), "sumto: cannot sum f64[2 2 3] to [3 1]")
	fails(t, ops.SumTo(x, graph.Of(5, 2, 1)), "cannot sum")
}

func TestPadAndShift(t *testing.T) {
	x := mat(3, 1, 2, 3, 4, 5, 6)
	assert.Equal(t, []float64{7, 1, 2, 3, 7, 7, 7, 4, 5, 6, 7, 7}, eval(t, ops.Pad(x, 1, 1, 2, 7)))
	assert.Equal(t, []float64{1, 1, 1, 1, 1, 1}, slopes(t, ops.Pad(x, 1, 1, 2, 7), x))
	for n := -5; n <= 5; n++ {
		want := make([]float64, 6)
		for i := range want {
			want[i] = 9
			if from := i%3 - n; from >= 0 && from < 3 {
				want[i] = float64(i/3*3 + from + 1)
			}
		}
		assert.Equal(t, want, eval(t, ops.Shift(x, n, -1, 9)), n)
	}
	fails(t, ops.Pad(x, 0, -1, 0, 0), "pad: cannot pad by -1 and 0: use ops.Slice to cut")
	fails(t, ops.Shift(x, 1, 2, 0), "axis 2 is outside")
	assert.Equal(t, []int64{5, 1, 5}, intsOf(t, ops.Pad(ids(1), 0, 1, 1, 5)))
	assert.Equal(t, []float64{0, 1, 1}, eval(t, ops.Pad(graph.ConstOf([]bool{false, true}, 2), 0, 0, 1, 1)))
}

func TestFlipRollTileRepeat(t *testing.T) {
	x := mat(3, 0, 1, 2, 3, 4, 5)
	assert.Equal(t, []float64{5, 4, 3, 2, 1, 0}, eval(t, ops.Flip(x)))
	assert.Equal(t, []float64{2, 1, 0, 5, 4, 3}, eval(t, ops.Flip(x, 1)))
	assert.Equal(t, []float64{3, 4, 5, 0, 1, 2}, eval(t, ops.Flip(x, -2)))
	for n := -7; n <= 7; n++ {
		want := make([]float64, 6)
		for i := range want {
			want[i] = float64(i/3*3 + ((i%3-n)%3+3)%3)
		}
		assert.Equal(t, want, eval(t, ops.Roll(x, n, 1)), n)
		free := graph.InputOf(graph.Float64, "free", b, graph.Sym("n"))
		assert.Equal(t, want, fed(t, ops.Roll(free, n, 1), free, run(t, x)[0]), n)
	}
	fails(t, ops.Roll(graph.Input("x", 3), 1, 1), "roll: axis 1 is outside of [3]")
	assert.Equal(t, []float64{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}, eval(t, ops.Repeat(x, 2, 1)))
	assert.Equal(t, []float64{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}, eval(t, ops.Repeat(x, 2, 0)))
	assert.Equal(t, []float64{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}, eval(t, ops.Tile(x, 2)))
	assert.Equal(t, []float64{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}, eval(t, ops.Tile(x, 2, 1)))
	assert.Equal(t, graph.Of(3, 2, 6), ops.Tile(x, 3, 1, 2).Shape())
	assert.Equal(t, []float64{2, 2, 2, 2, 2, 2}, slopes(t, ops.Tile(x, 2), x))
	assert.Equal(t, graph.Of(2, 0), ops.Repeat(x, 0, 1).Shape())
	assert.Equal(t, []float64{0, 0, 0, 0, 0, 0}, slopes(t, ops.Repeat(x, 0, 1), x))
	fails(t, ops.Tile(x, -1), "tile: cannot repeat f64[2 3] -1 times")
	fails(t, ops.Repeat(x, -1, 0), "repeat: cannot repeat f64[2 3] -1 times")
	fails(t, ops.Repeat(x, 1, 2), "axis 2 is outside")
	fails(t, ops.Tile(x, 1, 1, 1, 1, 1, 1, 1, 1, 2), "tile: cannot repeat f64[2 3] along 9 axes: at most 8")
	fails(t, ops.Tile(ops.Reshape(upTo(3), 1, 1, 1, 1, 1, 1, 1, 3), 2), "more than 8 axes")
}

// TestMovesOfEveryDType moves elements of each type through the same ops.
func TestMovesOfEveryDType(t *testing.T) {
	for _, d := range []graph.DType{graph.Float32, graph.Float64, graph.Int32, graph.Int64, graph.Bool} {
		x := ops.Convert(mat(2, 1, 0, 1, 0, 0, 1), d)
		for _, c := range []struct {
			y    *node
			want []float64
		}{
			{ops.Transpose(x), []float64{1, 1, 0, 0, 0, 1}},
			{ops.Reshape(x, 6), []float64{1, 0, 1, 0, 0, 1}},
			{ops.Slice(x, 0, 1, 3, 1), []float64{1, 0, 0, 1}},
			{ops.Flip(x, 0), []float64{0, 1, 1, 0, 1, 0}},
			{ops.Pad(x, 1, 1, 0, 1), []float64{1, 1, 0, 1, 1, 0, 1, 0, 1}},
			{ops.Concat(1, x, x), []float64{1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1}},
			{ops.BroadcastTo(ops.Slice(x, 0, 0, 1, 1), graph.Of(2, 2)), []float64{1, 0, 1, 0}},
			{ops.Take(x, ids(2, -1, 0), 0), []float64{0, 1, 0, 1, 1, 0}},
			{ops.TakeAlongAxis(x, ops.Reshape(ids(1, 0, 1), 3, 1), 1), []float64{0, 1, 1}},
			{ops.Where(ops.Equal(ids(0, 1), graph.Scalar(0)), x, x), []float64{1, 0, 1, 0, 0, 1}},
			{ops.StopGradient(x), []float64{1, 0, 1, 0, 0, 1}},
		} {
			assert.Equal(t, d, c.y.DType())
			assert.Equal(t, c.want, eval(t, c.y), fmt.Sprint(c.y))
		}
	}
}
