package nn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// Each stream and each step draws other numbers, the same ones for the same seed;
// inference draws those of the next step, and does not count.
func TestRandom(t *testing.T) {
	type layer struct{ Noise nn.Random }
	of := graph.Type{DType: graph.Float64, Shape: graph.Of(500)}
	w := &graph.Param{Label: "w", Type: graph.Type{DType: graph.Float64}, Init: nn.Zeros}
	draws := func(seed uint64) (all [][]float64) {
		var l layer
		a, b, u := l.Noise.Normal(of), l.Noise.Normal(of), l.Noise.Uniform(of)
		model := []any{&l, w}
		nn.Init(model, seed)
		step, err := optim.Minimize(ops.Square(w.Node()), nn.Params(model), optim.SGD(0.1), a, b, u)
		require.NoError(t, err)
		still, err := graph.Compile(a, b, u)
		require.NoError(t, err)
		before, err := still.Run()
		require.NoError(t, err)
		assert.Equal(t, 0.0, value(t, l.Noise.State)[1], "inference does not count")
		for range 2 {
			out, err := step.Run()
			require.NoError(t, err)
			for _, o := range out[1:] {
				all = append(all, o.Float64s())
			}
		}
		assert.Equal(t, 2.0, value(t, l.Noise.State)[1])
		for i, o := range before {
			assert.Equal(t, all[i], o.Float64s())
		}
		return all
	}
	one := draws(1)
	assert.Equal(t, one, draws(1))
	assert.NotEqual(t, one, draws(2))
	for i, v := range one {
		for j := range i {
			assert.NotEqual(t, one[j], v)
		}
		mean, square := 0.0, 0.0
		for _, x := range v {
			mean += x / 500
			square += x * x / 500
		}
		if i%3 == 2 { // uniform
			assert.InDelta(t, 0.5, mean, 0.06)
			assert.InDelta(t, 1./3, square, 0.06)
			continue
		}
		assert.InDelta(t, 0, mean, 0.2)
		assert.InDelta(t, 1, square, 0.25)
	}
}
