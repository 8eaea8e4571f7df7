package nn

import (
	"math"
	"math/rand/v2"

	"github.com/adjointml/adjoint/graph"
)

// The initializers named after people keep the variance of signals from layer
// to layer. They use the number of inputs (fan in) and outputs (fan out) of one
// unit, read off the parameter's shape:
//
//	[in out]           a matrix, as of Dense
//	[... in out]       the axes before are the receptive field, and multiply both
//	[n]                n inputs and n outputs

// fans returns the number of inputs and outputs of a unit.
func fans(t graph.Tensor) (in, out float64) {
	r := len(t.Shape)
	switch r {
	case 0:
		return 1, 1
	case 1:
		return float64(t.Shape[0]), float64(t.Shape[0])
	}
	field := 1
	for _, d := range t.Shape[:r-2] {
		field *= d
	}
	return float64(field * t.Shape[r-2]), float64(field * t.Shape[r-1])
}

// Zeros is the [graph.Initializer] of zeros.
func Zeros(t graph.Tensor, _ *rand.Rand) { t.Clear() }

// Ones is the [graph.Initializer] of ones.
func Ones(t graph.Tensor, _ *rand.Rand) { fill(t, func() float64 { return 1 }) }

// Constant sets every element to v.
func Constant(v float64) graph.Initializer {
	return func(t graph.Tensor, _ *rand.Rand) { fill(t, func() float64 { return v }) }
}

// Uniform draws evenly from [lo, hi).
func Uniform(lo, hi float64) graph.Initializer {
	return func(t graph.Tensor, rnd *rand.Rand) {
		fill(t, func() float64 { return lo + (hi-lo)*rnd.Float64() })
	}
}

// Normal draws from the normal distribution with the given mean and standard
// deviation.
func Normal(mean, std float64) graph.Initializer {
	return func(t graph.Tensor, rnd *rand.Rand) {
		fill(t, func() float64 { return mean + std*rnd.NormFloat64() })
	}
}

// TruncatedNormal draws from the normal distribution, again and again until
// the number lies within two standard deviations of the mean. The standard
// deviation given is that before the cut; after it, it is 0.88 times that.
func TruncatedNormal(mean, std float64) graph.Initializer {
	return func(t graph.Tensor, rnd *rand.Rand) {
		fill(t, func() float64 {
			for {
				if z := rnd.NormFloat64(); math.Abs(z) <= 2 {
					return mean + std*z
				}
			}
		})
	}
}

// GlorotUniform draws evenly from ±√(6/(in+out)): for tanh and sigmoid, and the
// initializer of [Dense]. Of a shape [... in out] the axes before the last two
// multiply in and out.
//
// Glorot and Bengio 2010, proceedings.mlr.press/v9/glorot10a
func GlorotUniform(t graph.Tensor, rnd *rand.Rand) {
	in, out := fans(t)
	uniform(t, rnd, 2/(in+out))
}

// GlorotNormal draws from the normal distribution with variance 2/(in+out): see
// [GlorotUniform].
func GlorotNormal(t graph.Tensor, rnd *rand.Rand) {
	in, out := fans(t)
	Normal(0, math.Sqrt(2/(in+out)))(t, rnd)
}

// HeUniform draws evenly from ±√(6/in): for ReLU. Of a shape [... in out] the
// axes before the last two multiply in.
//
// He et al. 2015, arXiv:1502.01852
func HeUniform(t graph.Tensor, rnd *rand.Rand) {
	in, _ := fans(t)
	uniform(t, rnd, 2/in)
}

// HeNormal draws from the normal distribution with variance 2/in: see
// [HeUniform].
func HeNormal(t graph.Tensor, rnd *rand.Rand) {
	in, _ := fans(t)
	Normal(0, math.Sqrt(2/in))(t, rnd)
}

// LeCunUniform draws evenly from ±√(3/in): for SELU. Of a shape [... in out]
// the axes before the last two multiply in.
//
// LeCun et al. 1998, Efficient BackProp
func LeCunUniform(t graph.Tensor, rnd *rand.Rand) {
	in, _ := fans(t)
	uniform(t, rnd, 1/in)
}

// LeCunNormal draws from the normal distribution with variance 1/in: see
// [LeCunUniform].
func LeCunNormal(t graph.Tensor, rnd *rand.Rand) {
	in, _ := fans(t)
	Normal(0, math.Sqrt(1/in))(t, rnd)
}

// Orthogonal draws gain times a matrix whose columns, or rows if there are
// fewer of them, are orthogonal vectors of length 1, all such being equally
// likely. Axes before the last count as rows.
//
// Saxe et al. 2014, arXiv:1312.6120
func Orthogonal(gain float64) graph.Initializer {
	return func(t graph.Tensor, rnd *rand.Rand) {
		cols := 1
		if r := len(t.Shape); r > 0 {
			cols = t.Shape[r-1]
		}
		rows := t.Len() / max(cols, 1)
		v := orthonormal(min(rows, cols), max(rows, cols), rnd)
		for i := range t.Len() {
			row, col := i/cols, i%cols
			if rows < cols {
				row, col = col, row
			}
			t.Set(i, gain*v[col][row])
		}
	}
}

// orthonormal returns n orthogonal vectors of length 1 in m >= n dimensions:
// random ones, from each of which the parts along those before are taken.
func orthonormal(n, m int, rnd *rand.Rand) [][]float64 {
	v := make([][]float64, n)
	for i := range v {
		v[i] = make([]float64, m)
		for k := range v[i] {
			v[i][k] = rnd.NormFloat64()
		}
		for _, u := range v[:i] {
			d := dot(u, v[i])
			for k := range u {
				v[i][k] -= d * u[k]
			}
		}
		length := math.Sqrt(dot(v[i], v[i]))
		for k := range v[i] {
			v[i][k] /= length
		}
	}
	return v
}

func dot(u, v []float64) (sum float64) {
	for k := range u {
		sum += u[k] * v[k]
	}
	return sum
}

// uniform draws evenly, around 0 and with the given variance.
func uniform(t graph.Tensor, rnd *rand.Rand, variance float64) {
	limit := math.Sqrt(3 * variance)
	Uniform(-limit, limit)(t, rnd)
}

func fill(t graph.Tensor, f func() float64) {
	for i := range t.Len() {
		t.Set(i, f())
	}
}
