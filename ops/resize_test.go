package ops_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// counted returns the numbers 0, 1, 2 ... n-1 as images of one line.
func counted(n int) *node {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(i)
	}
	return graph.ConstOf(v, 1, 1, n)
}

// TestNearestExact compares with what PyTorch 1.13.1 returns, and with where the
// centres of pixels lie, in whole numbers.
func TestNearestExact(t *testing.T) {
	for _, c := range []struct {
		in, out       int
		exact, before []float64
	}{
		{5, 3, []float64{0, 2, 4}, []float64{0, 1, 3}},
		{5, 7, []float64{0, 1, 1, 2, 3, 3, 4}, []float64{0, 0, 1, 2, 2, 3, 4}},
		{4, 10, []float64{0, 0, 1, 1, 1, 2, 2, 3, 3, 3}, []float64{0, 0, 0, 1, 1, 2, 2, 2, 3, 3}},
		{8, 3, []float64{1, 4, 6}, []float64{0, 2, 5}},
		{3, 1, []float64{1}, []float64{0}},
		{6, 4, []float64{0, 2, 3, 5}, []float64{0, 1, 3, 4}},
		{2, 6, []float64{0, 0, 0, 1, 1, 1}, []float64{0, 0, 0, 1, 1, 1}},
	} {
		size := []graph.Dim{graph.Dim(c.out)}
		assert.Equal(t, c.exact, eval(t, ops.Resize(counted(c.in), ops.ResizeOptions{Size: size, Mode: ops.NearestExact})), "%d to %d", c.in, c.out)
		assert.Equal(t, c.before, eval(t, ops.Resize(counted(c.in), ops.ResizeOptions{Size: size})), "%d to %d", c.in, c.out)
	}
	for in := 1; in < 14; in++ {
		for out := 1; out < 14; out++ {
			want, taken := make([]float64, out), make([]float64, in)
			for i := range want {
				at := (2*i + 1) * in / (2 * out)
				want[i] = float64(at)
				taken[at]++
			}
			x := counted(in)
			y := ops.Resize(x, ops.ResizeOptions{Size: []graph.Dim{graph.Dim(out)}, Mode: ops.NearestExact})
			assert.Equal(t, want, eval(t, y), "%d to %d", in, out)
			assert.Equal(t, taken, slopes(t, y, x), "gradient of %d to %d", in, out)
		}
	}
	scaled := func(s float64) []float64 {
		return eval(t, ops.Resize(counted(5), ops.ResizeOptions{Scale: []float64{s}, Mode: ops.NearestExact}))
	}
	assert.Equal(t, []float64{0, 1, 1, 2, 3, 3, 4}, scaled(1.5))
	assert.Equal(t, []float64{0, 2, 3}, scaled(0.7))
	assert.Equal(t, []float64{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}, scaled(2))

	x := graph.InputOf(graph.Float64, "x", 1, 1, graph.Sym("w"))
	p, err := graph.Compile(ops.Resize(x, ops.ResizeOptions{Size: []graph.Dim{3}, Mode: ops.NearestExact}))
	require.NoError(t, err)
	image, err := graph.TensorOf([]float64{0, 1, 2, 3, 4, 5, 6, 7}, 1, 1, 8)
	require.NoError(t, err)
	out, err := p.Eval(context.Background(), x.IsTensor(image))
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 4, 6}, floatsOf(out[0]), "of a symbolic length")

	still := graph.Input("x", 1, 1, 8, 8)
	fails(t, ops.Resize(still, ops.ResizeOptions{Scale: []float64{2}, Mode: ops.NearestExact, AlignCorners: true}), "resize: mode 3 with AlignCorners true is not known: only Linear and Cubic align corners")
	fails(t, ops.GridSample(still, graph.Input("grid", 1, 4, 4, 2), ops.GridSampleOptions{Mode: ops.NearestExact}), "gridsample: mode 3 is not known")
}
