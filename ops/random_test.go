package ops_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// many is how many numbers the tests of distributions draw. Their seeds are
// fixed, so that they pass always or never.
const many = 20000

func state(s, step int64) *node { return ids(s, step) }

func typed(d graph.DType, dims ...graph.Dim) graph.Type {
	return graph.Type{DType: d, Shape: graph.Of(dims...)}
}

// moments returns mean, variance, skewness and kurtosis.
func moments(x []float64) (m, v, skew, kurtosis float64) {
	m = mean(x)
	central := func(k float64) float64 {
		return sumBy(x, func(x float64) float64 { return math.Pow(x-m, k) }) / float64(len(x))
	}
	v = central(2)
	return m, v, central(3) / math.Pow(v, 1.5), central(4) / (v * v)
}

// kolmogorov returns the scaled distance of a sample from a distribution: above
// 1.63 with probability 1 in 100.
func kolmogorov(x []float64, cdf func(x float64) float64) float64 {
	x = slices.Sorted(slices.Values(x))
	d := 0.0
	for i, v := range x {
		n := float64(len(x))
		d = max(d, cdf(v)-float64(i)/n, float64(i+1)/n-cdf(v))
	}
	return d * math.Sqrt(float64(len(x)))
}

func TestUniform(t *testing.T) {
	for _, d := range []graph.DType{graph.Float32, graph.Float64} {
		x := eval(t, ops.Uniform(state(1, 0), 0, typed(d, many)))
		assert.GreaterOrEqual(t, slices.Min(x), 0.0)
		assert.Less(t, slices.Max(x), 1.0)
		m, v, _, _ := moments(x)
		assert.InDelta(t, 0.5, m, 0.01)
		assert.InDelta(t, 1./12, v, 0.003)
		assert.Less(t, kolmogorov(x, func(x float64) float64 { return x }), 1.63, d)
		assert.InDelta(t, 0, correlation(x[:many-1], x[1:]), 0.02, "neighbours are independent")
	}
}

func correlation(x, y []float64) float64 {
	mx, my := mean(x), mean(y)
	sum := 0.0
	for i := range x {
		sum += (x[i] - mx) * (y[i] - my)
	}
	return sum / float64(len(x)) / math.Sqrt(variance(x)*variance(y))
}

func TestNormal(t *testing.T) {
	for _, d := range []graph.DType{graph.Float32, graph.Float64} {
		x := eval(t, ops.Normal(state(2, 0), 0, typed(d, many)))
		m, v, skew, kurtosis := moments(x)
		assert.InDelta(t, 0, m, 0.02)
		assert.InDelta(t, 1, v, 0.03)
		assert.InDelta(t, 0, skew, 0.05)
		assert.InDelta(t, 3, kurtosis, 0.12)
		assert.Less(t, kolmogorov(x, func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }), 1.63, d)
		assert.False(t, slices.ContainsFunc(x, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }))
	}
}

func TestBernoulli(t *testing.T) {
	for _, p := range []float64{0, 0.1, 0.5, 0.9, 1} {
		x := eval(t, ops.Bernoulli(state(3, 0), 0, p, graph.Of(many)))
		assert.InDelta(t, p, mean(x), 4*math.Sqrt(p*(1-p)/many), p)
	}
	for _, p := range []float64{-0.1, 1.1, nan} {
		fails(t, ops.Bernoulli(state(3, 0), 0, p, graph.Of(2)), "is no probability")
	}
}

// TestEqualStatesGiveEqualBits draws again, in another shape and as a part of a
// longer draw; and with another seed, step and stream.
func TestEqualStatesGiveEqualBits(t *testing.T) {
	for name, draw := range map[string]func(s *node, stream int, shape ...graph.Dim) *node{
		"uniform": func(s *node, stream int, shape ...graph.Dim) *node {
			return ops.Uniform(s, stream, typed(graph.Float32, shape...))
		},
		"normal": func(s *node, stream int, shape ...graph.Dim) *node {
			return ops.Normal(s, stream, typed(graph.Float64, shape...))
		},
		"bernoulli": func(s *node, stream int, shape ...graph.Dim) *node {
			return ops.Bernoulli(s, stream, 0.5, graph.Of(shape...))
		},
	} {
		x := eval(t, draw(state(5, 7), 3, 60))
		assert.Equal(t, x, eval(t, draw(state(5, 7), 3, 60)), name)
		assert.Equal(t, x, eval(t, draw(state(5, 7), 3, 3, 4, 5)), name)
		assert.Equal(t, x, eval(t, draw(state(5, 7), 3, 100))[:60], "%s: element i depends on no other", name)
		for _, other := range []*node{
			draw(state(6, 7), 3, 60), draw(state(5, 8), 3, 60), draw(state(5, 7), 4, 60),
			draw(state(-5, 7), 3, 60), draw(state(5+1<<32, 7), 3, 60), draw(state(5, 7+1<<32), 3, 60), draw(state(5, 7), -3, 60),
		} {
			y := eval(t, other)
			assert.NotEqual(t, x, y, name)
			assert.InDelta(t, 0, correlation(x, y), 0.45, name)
		}
	}
}

func TestPermutation(t *testing.T) {
	for _, n := range []graph.Dim{0, 1, 2, 100} {
		p := intsOf(t, ops.Permutation(state(8, 0), 0, n))
		slices.Sort(p)
		assert.Equal(t, intsOf(t, ops.Iota(graph.Int64, graph.Of(n), 0)), p)
	}
	// chi-square of the 24 orders of 4, which should be equally likely
	s := graph.InputOf(graph.Int64, "state", 2)
	program, err := graph.Compile(ops.Permutation(s, 0, 4))
	require.NoError(t, err)
	count := map[[4]int64]float64{}
	const draws = 4800
	for step := range int64(draws) {
		value, _ := graph.TensorOf([]int64{9, step}, 2)
		out, err := program.Eval(context.Background(), s.IsTensor(value))
		require.NoError(t, err)
		count[[4]int64(graph.Data[int64](out[0]))]++
	}
	require.Len(t, count, 24)
	chi := 0.0
	for _, c := range count {
		chi += (c - draws/24) * (c - draws/24) / (draws / 24)
	}
	assert.Less(t, chi, 41.6, "1 in 100 for 23 degrees of freedom")
}

func TestPermutationOfSymbolicLength(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"))
	y := ops.Take(x, ops.Permutation(state(1, 1), 0, x.Shape().Dim(0)), 0)
	p, err := graph.Compile(y)
	require.NoError(t, err)
	value, _ := graph.TensorOf([]float32{1, 2, 3}, 3)
	out, err := p.Eval(context.Background(), x.IsTensor(value))
	require.NoError(t, err)
	assert.ElementsMatch(t, []float64{1, 2, 3}, floatsOf(out[0]))
}

func TestCategorical(t *testing.T) {
	probability := []float64{0.5, 0.3, 0.2, 0}
	row := make([]float64, 4)
	for i, p := range probability {
		row[i] = math.Log(p) + 100 // logits need not be normalized
	}
	for _, d := range []graph.DType{graph.Float32, graph.Float64} {
		logits := ops.BroadcastTo(ops.Convert(vec(row...), d), graph.Of(many, 4))
		y := ops.Categorical(state(4, 0), 0, logits)
		assert.Equal(t, typed(graph.Int64, many), y.Type())
		count := make([]float64, 4)
		for _, c := range intsOf(t, y) {
			count[c]++
		}
		for c, p := range probability {
			assert.InDelta(t, p, count[c]/many, 4*math.Sqrt(p*(1-p)/many), "class %d of %v", c, d)
		}
	}
}

func TestNextState(t *testing.T) {
	assert.Equal(t, []int64{5, 8}, intsOf(t, ops.NextState(state(5, 7))))
}

func TestRandomMistakes(t *testing.T) {
	fails(t, ops.Uniform(vec(1, 2), 0, typed(graph.Float32, 2)), "uniform: the random state f64[2] must be i64[2]: a seed and a step")
	fails(t, ops.Normal(ids(1), 0, typed(graph.Float32, 2)), "normal: the random state i64[1] must be i64[2]")
	fails(t, ops.Uniform(state(1, 2), 0, typed(graph.Int32, 2)), "uniform: cannot draw i32[2]: want floats")
	fails(t, ops.Categorical(state(1, 2), 0, ids(1, 2)), "uniform: cannot draw i64[2]: want floats")
	fails(t, ops.Categorical(state(1, 2), 0, graph.Scalar(1)), "argmax: axis -1 is outside of []")
}
