package nn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// normalized is x [a b c] (flat) with mean 0 and variance 1 over the elements
// that share a key.
func normalized(x []float64, key func(i int) int, epsilon float64) []float64 {
	sum, square, n := map[int]float64{}, map[int]float64{}, map[int]float64{}
	for i, v := range x {
		sum[key(i)] += v
		n[key(i)]++
	}
	for i, v := range x {
		k := key(i)
		square[k] += (v - sum[k]/n[k]) * (v - sum[k]/n[k])
	}
	out := make([]float64, len(x))
	for i, v := range x {
		k := key(i)
		out[i] = (v - sum[k]/n[k]) / math.Sqrt(square[k]/n[k]+epsilon)
	}
	return out
}

// numbers returns n numbers.
func numbers(n int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()*2 + 1
	}
	return x
}

func TestNormsOfEachKind(t *testing.T) {
	const b, c, h = 3, 4, 5
	x := numbers(b*c*h, 1)
	for name, k := range map[string]struct {
		layer nn.Layer
		key   func(i int) int
	}{
		"layer":          {&nn.LayerNorm{}, func(i int) int { return i / h }},
		"layer 2":        {&nn.LayerNorm{Axes: 2, Epsilon: 1e-3}, func(i int) int { return i / (c * h) }},
		"layer plain":    {&nn.LayerNorm{NoAffine: true}, func(i int) int { return i / h }},
		"group":          {&nn.GroupNorm{Groups: 2}, func(i int) int { return i / (c / 2 * h) }},
		"group 1":        {&nn.GroupNorm{Groups: 1}, func(i int) int { return i / (c * h) }},
		"group last":     {&nn.GroupNorm{Groups: 5, Axis: -1}, func(i int) int { return i/(c*h)*100 + i%h }},
		"instance":       {&nn.InstanceNorm{}, func(i int) int { return i / h }},
		"instance plain": {&nn.InstanceNorm{NoAffine: true, Axis: 2}, func(i int) int { return i/(c*h)*100 + i%h }},
	} {
		epsilon := 1e-5
		if name == "layer 2" {
			epsilon = 1e-3
		}
		want := normalized(x, k.key, epsilon)
		for dtype, tolerance := range map[graph.DType]float64{graph.Float32: 1e-5, graph.Float64: 1e-13} {
			layer := copyOf(k.layer)
			in := graph.InputOf(dtype, "x", graph.Sym("batch"), c, h)
			y := layer.Apply(in)
			nn.Init(layer, 1)
			got := infer(t, y, in.IsTensor(of(t, dtype, x, b, c, h)))
			assert.InDeltaSlice(t, want, got, tolerance, "%s %v", name, dtype)
			assert.Empty(t, infer(t, y, in.IsTensor(of(t, dtype, nil, 0, c, h))), name)
		}
		gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
			layer := copyOf(k.layer)
			soften(layer)
			y := layer.Apply(x[0])
			nn.Init(layer, 1)
			return y
		}, gradtest.Of(2, c, h))
	}
}

// copyOf returns a new layer with the options of l.
func copyOf(l nn.Layer) nn.Layer {
	switch l := l.(type) {
	case *nn.LayerNorm:
		return &nn.LayerNorm{Axes: l.Axes, Epsilon: l.Epsilon, NoAffine: l.NoAffine, NoBias: l.NoBias}
	case *nn.GroupNorm:
		return &nn.GroupNorm{Groups: l.Groups, Axis: l.Axis}
	case *nn.InstanceNorm:
		return &nn.InstanceNorm{Axis: l.Axis, NoAffine: l.NoAffine}
	}
	return l
}

// soften keeps curvature small enough for differences: rows of few elements with
// a small variance bend too much.
func soften(l nn.Layer) {
	switch l := l.(type) {
	case *nn.LayerNorm:
		l.Epsilon = 0.1
	case *nn.GroupNorm:
		l.Epsilon = 0.1
	case *nn.InstanceNorm:
		l.Epsilon = 0.1
	}
}

// Gain and bias must reach the axis that they belong to.
func TestNormGainAndBias(t *testing.T) {
	const b, c, h = 2, 4, 3
	x := numbers(b*c*h, 2)
	g, bias := []float64{1, 2, 3, 4}, []float64{10, 20, 30, 40}
	group := &nn.GroupNorm{Groups: 2}
	in := graph.InputOf(graph.Float64, "x", b, c, h)
	y := group.Apply(in)
	nn.Init(group, 1)
	set(t, group.Gain, g...)
	set(t, group.Bias, bias...)
	want := normalized(x, func(i int) int { return i / (2 * h) }, 1e-5)
	for i := range want {
		want[i] = want[i]*g[i/h%c] + bias[i/h%c]
	}
	assert.InDeltaSlice(t, want, infer(t, y, in.IsTensor(of(t, graph.Float64, x, b, c, h))), 1e-12)
}

func TestRMSNorm(t *testing.T) {
	x := numbers(12, 3)
	in := graph.InputOf(graph.Float64, "x", 3, 4)
	layer := &nn.RMSNorm{}
	y := layer.Apply(in)
	nn.Init(layer, 1)
	want := make([]float64, 12)
	for i := range want {
		s := 0.0
		for _, v := range x[i/4*4 : i/4*4+4] {
			s += v * v
		}
		want[i] = x[i] / math.Sqrt(s/4+1e-5)
	}
	assert.InDeltaSlice(t, want, infer(t, y, in.IsTensor(of(t, graph.Float64, x, 3, 4))), 1e-12)
	assert.Equal(t, graph.Of(4), layer.Gain.Type.Shape)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return (&nn.RMSNorm{NoAffine: true}).Apply(x[0]) }, gradtest.Of(2, 3))
}

func TestLocalResponseNorm(t *testing.T) {
	x := numbers(2*6*2, 4)
	in := graph.InputOf(graph.Float64, "x", 2, 6, 2)
	for _, size := range []int{1, 2, 3, 5, 20} {
		y := nn.LocalResponseNorm{Size: size, Alpha: 0.3, K: 2}.Apply(in)
		want := make([]float64, len(x))
		for i := range want {
			c, s := i/2%6, 0.0
			for j := c - size/2; j < c-size/2+size; j++ {
				if j >= 0 && j < 6 {
					v := x[i+2*(j-c)]
					s += v * v
				}
			}
			want[i] = x[i] / math.Pow(2+0.3/float64(size)*s, 0.75)
		}
		assert.InDeltaSlice(t, want, infer(t, y, in.IsTensor(of(t, graph.Float64, x, 2, 6, 2))), 1e-12, "size %d", size)
	}
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return nn.LocalResponseNorm{Size: 3}.Apply(x[0]) }, gradtest.Of(2, 4, 2))
}

// In training BatchNorm uses the batch and moves its statistics; elsewhere it
// uses these, and agrees with training once they are the batch's own.
func TestBatchNorm(t *testing.T) {
	const b, c, h = 5, 3, 4
	for _, axis := range []int{0, 2, -1} {
		shape, key := []int{b, c, h}, func(i int) int { return i / h % c }
		if axis != 0 {
			shape, key = []int{b, h, c}, func(i int) int { return i % c }
		}
		x := numbers(b*c*h, 5)
		layer := &nn.BatchNorm{Axis: axis, Momentum: 1}
		in := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), graph.Dim(shape[1]), graph.Dim(shape[2]))
		y := layer.Apply(in)
		nn.Init(layer, 1)
		feed := in.IsTensor(of(t, graph.Float64, x, shape...))
		assert.InDeltaSlice(t, scaled(x, 1/math.Sqrt(1+1e-5)), infer(t, y, feed), 1e-12, "before training: mean 0 and variance 1")

		// a rule that changes nothing
		still := optim.Rule(func(p, g *graph.Node, s *optim.State) *graph.Node { return p })
		step, err := optim.Minimize(ops.Sum(y), nn.Params(layer), still, y)
		require.NoError(t, err)
		out, err := step.Run(feed)
		require.NoError(t, err)
		want := normalized(x, key, 1e-5)
		assert.InDeltaSlice(t, want, out[1].Float64s(), 1e-12)
		mean, variance := layer.Mean.Value.Float64s(), layer.Variance.Value.Float64s()
		for k := range c {
			var s, q, n float64
			for i, v := range x {
				if key(i) == k {
					s, n = s+v, n+1
				}
			}
			for i, v := range x {
				if key(i) == k {
					q += (v - s/n) * (v - s/n)
				}
			}
			assert.InDelta(t, s/n, mean[k], 1e-12)
			assert.InDelta(t, q/(n-1), variance[k], 1e-12)
			variance[k] = q / n
		}
		assert.InDeltaSlice(t, want, infer(t, y, feed), 1e-12, "with the batch's own statistics")
		for _, p := range nn.Params(layer) {
			assert.Equal(t, p == layer.Mean || p == layer.Variance, p.Untrained)
		}
	}
}

func scaled(x []float64, a float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = a * v
	}
	return out
}

func TestNormMistakes(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 6, 4)
	for want, y := range map[string]*graph.Node{
		"batchnorm: want floats":                     (&nn.BatchNorm{}).Apply(graph.InputOf(graph.Int64, "i", 2, 3)),
		"axis 0 of x [batch 6 4] is the batch":       (&nn.BatchNorm{Axis: -3}).Apply(x),
		"must have a known length":                   (&nn.BatchNorm{}).Apply(graph.Input("x", 2, graph.Sym("n"))),
		"groupnorm: 4 groups do not divide the 6":    (&nn.GroupNorm{Groups: 4}).Apply(x),
		"groupnorm: 0 groups do not divide the 6":    (&nn.GroupNorm{}).Apply(x),
		"layernorm: x [batch 6 4] has no 4 last axe": (&nn.LayerNorm{Axes: 4}).Apply(x),
		"layernorm: the last axes of":                (&nn.LayerNorm{Axes: 3}).Apply(x),
		"localresponsenorm: Size is 0":               nn.LocalResponseNorm{}.Apply(x),
		"batchnorm: the layer is nil":                (*nn.BatchNorm)(nil).Apply(x),
	} {
		require.Error(t, y.Err(), want)
		assert.Contains(t, y.Err().Error(), want)
	}
	layer := &nn.LayerNorm{}
	layer.Apply(x)
	assert.ErrorContains(t, layer.Apply(graph.Input("x", 3, 5)).Err(), "needs a parameter f32[5], but the layer has Gain f32[4]: use another layer for another input")
}
