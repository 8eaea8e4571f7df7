package differential_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestAlgebraKeepsTheRange checks that no rewriting makes a result infinite,
// NaN or 0 that is none in the order in which it was written, nor hides a NaN.
func TestAlgebraKeepsTheRange(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	x, s, u := graph.Input("x", 2, 3), graph.Input("s", 2, 1), graph.Input("u", 2, 1)
	softmax := ops.Exp(ops.LogSoftmax(x, -1))
	for _, c := range []struct {
		name    string
		y       *graph.Node
		x, s, u []float32
		want    []float32
	}{
		{"x/s of denormal s", ops.Div(x, s), []float32{0, 1e-40, 2e-40, 1, 2, 3}, []float32{1e-40, 1}, nil, []float32{0, 1, 2, 1, 2, 3}},
		{"x/s of large s", ops.Div(x, s), []float32{3e38, 0, 1, 1, 2, 3}, []float32{3e38, 1}, nil, []float32{1, 0, 0, 1, 2, 3}},
		{"x/c of denormal c", ops.Div(x, graph.Scalar(1e-40)), []float32{0, 1e-40, 2e-40, 0, 0, 0}, nil, nil, []float32{0, 1, 2, 0, 0, 0}},
		{"(x·s)·u that does not overflow", ops.Mul(ops.Mul(x, s), u), []float32{1e-30, 0, 1e-20, 1, 2, 3}, []float32{1e20, 1}, []float32{1e20, 1}, []float32{1e10, 0, 1e20, 1, 2, 3}},
		{"(x·s)·u that does not underflow", ops.Mul(ops.Mul(x, s), u), []float32{1e30, 0, 1e38, 1, 2, 3}, []float32{1e-30, 1}, []float32{1e-30, 1}, []float32{1e-30, 0, 1e-22, 1, 2, 3}},
		{"Σ x·s of infinite s", ops.Sum(ops.Mul(x, s), 1), []float32{0, 1, 2, 1, 2, 3}, []float32{inf, 1}, nil, []float32{nan, 6}},
		{"Σ x·s that does not overflow", ops.Sum(ops.Mul(x, s), 1), []float32{3e38, 3e38, 3e38, 1, 2, 3}, []float32{1e-30, 1}, nil, []float32{9e8, 6}},
		{"exp of log-softmax", softmax, []float32{0, -200, -100, 0, float32(math.Inf(-1)), 0}, nil, nil, []float32{1, 0, 3.78e-44, 0.5, 0, 0.5}},
		{"exp of log-softmax without numbers", softmax, []float32{0, nan, 1, 0, inf, 0}, nil, nil, []float32{nan, nan, nan, nan, nan, nan}},
	} {
		p, err := graph.Compile(c.y)
		require.NoError(t, err, c.name)
		feeds := []graph.Feed{x.Is(tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(c.x)))}
		if c.s != nil {
			feeds = append(feeds, s.Is(tensor.New(tensor.WithShape(2, 1), tensor.WithBacking(c.s))))
		}
		if c.u != nil {
			feeds = append(feeds, u.Is(tensor.New(tensor.WithShape(2, 1), tensor.WithBacking(c.u))))
		}
		out, err := p.Run(feeds...)
		require.NoError(t, err, c.name)
		got := out[0].Float32s()
		for i, want := range c.want {
			if math.IsNaN(float64(want)) || want == 0 {
				assert.Equal(t, math.IsNaN(float64(want)), math.IsNaN(float64(got[i])), "%s: element %d is %v", c.name, i, got[i])
				assert.True(t, want != want || math.Abs(float64(got[i])) < 1e-37, "%s: element %d is %v", c.name, i, got[i])
				continue
			}
			assert.InDelta(t, want, got[i], 1e-5*math.Abs(float64(want))+3e-45, "%s: element %d", c.name, i)
		}
	}
}
