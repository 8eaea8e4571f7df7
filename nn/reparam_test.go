package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// still is a rule that changes nothing.
var still = optim.Rule(func(p, g *graph.Node, s *optim.State) *graph.Node { return p })

// With its first gain a weight-normalized layer does what the layer does, and
// with another each output is scaled.
func TestWeightNorm(t *testing.T) {
	for dtype, tolerance := range map[graph.DType]float64{graph.Float32: 1e-5, graph.Float64: 1e-12} {
		x := graph.InputOf(dtype, "x", graph.Sym("batch"), 3)
		dense := &nn.Dense{Out: 2}
		layer := &nn.WeightNorm{Layer: dense}
		y, again := layer.Apply(x), layer.Apply(ops.Square(x))
		require.NoError(t, y.Err())
		nn.Init(layer, 1)
		feed := x.IsTensor(of(t, dtype, numbers(6, 1), 2, 3))
		assert.InDeltaSlice(t, infer(t, dense.Apply(x), feed), infer(t, y, feed), tolerance)
		assert.InDeltaSlice(t, infer(t, dense.Apply(ops.Square(x)), feed), infer(t, again, feed), 10*tolerance)
		var labels []string
		for _, p := range nn.Params(layer) {
			labels = append(labels, p.Label)
		}
		assert.Equal(t, []string{"Layer.W", "Layer.B", "Gain"}, labels)
		require.Empty(t, infer(t, y, x.IsTensor(of(t, dtype, nil, 0, 3))))

		w, err := graph.FromDense(dense.W.Value)
		require.NoError(t, err)
		set(t, layer.Gain, 2, -3)
		got, in := infer(t, y, feed), numbers(6, 1)
		for j, gain := range []float64{2, -3} {
			length := math.Sqrt(w.At(j)*w.At(j) + w.At(2+j)*w.At(2+j) + w.At(4+j)*w.At(4+j))
			for i := range 2 {
				want := gain / length * (in[3*i]*w.At(j) + in[3*i+1]*w.At(2+j) + in[3*i+2]*w.At(4+j))
				assert.InDelta(t, want, got[2*i+j], tolerance)
			}
		}
	}
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		dense := &nn.Dense{Out: 2}
		y := (&nn.WeightNorm{Layer: dense}).Apply(x[0])
		nn.Init(dense, 1)
		// with the weight and the gain as inputs of the check
		var sub = map[*graph.Node]*graph.Node{}
		for _, n := range graph.Topo(y) {
			if p, ok := n.Op().(*graph.Param); ok {
				switch p.Label {
				case "W":
					sub[n] = x[1]
				case "Gain":
					sub[n] = x[2]
				}
			}
		}
		require.Len(t, sub, 2)
		return graph.Rewrite([]*graph.Node{y}, sub)[0]
	}, gradtest.Of(2, 3), gradtest.Of(3, 2), gradtest.Of(2))
}

// After some training steps, which change nothing but the directions, the largest
// singular value is that of the matrix, in training and inference alike.
func TestSpectralNorm(t *testing.T) {
	for dtype, tolerance := range map[graph.DType]float64{graph.Float32: 1e-5, graph.Float64: 1e-11} {
		x := graph.InputOf(dtype, "x", graph.Sym("batch"), 2)
		dense := &nn.Dense{Out: 2, NoBias: true}
		layer := &nn.SpectralNorm{Layer: dense, Iterations: 3}
		y := layer.Apply(x)
		require.NoError(t, y.Err())
		nn.Init(layer, 1)
		set(t, dense.W, 3, 1, -1, 2)
		// of [3 1; -1 2]: σ² is the larger root of s² - 15s + 49
		sigma := math.Sqrt((15 + math.Sqrt(29)) / 2)
		step, err := optim.Minimize(ops.Sum(y), nn.Params(layer), still, y)
		require.NoError(t, err)
		feed := x.IsTensor(of(t, dtype, []float64{1, 0, 0, 1}, 2, 2))
		var train []float64
		for range 30 {
			out := run(t, step, feed)
			train = out[1]
		}
		want := []float64{3 / sigma, 1 / sigma, -1 / sigma, 2 / sigma}
		assert.InDeltaSlice(t, want, train, tolerance)
		assert.InDeltaSlice(t, want, infer(t, y, feed), tolerance)
		before := layer.U.Value.Clone()
		infer(t, y, feed)
		assert.Equal(t, before, layer.U.Value, "inference changes nothing")
		assert.True(t, layer.U.Untrained)
	}
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		layer := &nn.SpectralNorm{Layer: &nn.Dense{Out: 2}}
		y := layer.Apply(x[0])
		nn.Init(layer, 1)
		return y
	}, gradtest.Of(2, 3))
}

// The gradient for the weight holds the directions: of a/σ it is
// 1/σ - (W/σ²)·v·uᵀ, which the definition gives for directions that stay.
func TestSpectralNormGradient(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", 1, 2)
	dense := &nn.Dense{Out: 2, NoBias: true}
	layer := &nn.SpectralNorm{Layer: dense}
	y := ops.Sum(layer.Apply(x))
	nn.Init(layer, 1)
	set(t, dense.W, 2, 0, 0, 1)
	set(t, layer.U, 1, 0)
	// u = v = (1, 0) and σ = w00: x·W/σ summed is (x0·(w00 + w01) + x1·(w10 + w11))/w00
	grad := []float64{-(3*0 + 5*1.0) / 4, 3.0 / 2, 5.0 / 2, 5.0 / 2}
	step, err := optim.Minimize(y, nn.Params(layer), func(p, g *graph.Node, _ *optim.State) *graph.Node { return g })
	require.NoError(t, err)
	run(t, step, x.IsTensor(of(t, graph.Float64, []float64{3, 5}, 1, 2)))
	assert.InDeltaSlice(t, grad, dense.W.Value.Data(), 1e-14)
}

func TestReplacedWeightMistakes(t *testing.T) {
	x := graph.Input("x", 2, 3)
	one(t, (&nn.WeightNorm{}).Apply(x), "weightnorm: there is no layer: want &nn.WeightNorm{Layer: layer}")
	one(t, (*nn.SpectralNorm)(nil).Apply(x), "spectralnorm: there is no layer: want &nn.SpectralNorm{Layer: layer}")
	one(t, (&nn.WeightNorm{Layer: &nn.Dense{Out: 2}, Weight: "V"}).Apply(x), `weightnorm: the layer has no parameter V: set Weight to one of ["W" "B"]`)
	one(t, (&nn.SpectralNorm{Layer: &nn.Dense{Out: 2}, Weight: "B"}).Apply(x), "spectralnorm: parameter B f32[2] of the layer is no weight: want floats [... in out]")
	one(t, (&nn.WeightNorm{Layer: &nn.Dense{}}).Apply(x), "dense: Out is 0: want the number of outputs")
	assert.Same(t, x, nn.Identity{}.Apply(x))
}
