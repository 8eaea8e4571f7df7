package nn_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
)

const initSeed = 11

func drawn(t *testing.T, init graph.Initializer, seed uint64, dtype graph.DType, shape ...int) []float64 {
	t.Helper()
	v, err := graph.NewTensor(dtype, shape...)
	require.NoError(t, err)
	init(v, rand.New(rand.NewPCG(seed, 0)))
	return elements(v)
}

func TestInitializers(t *testing.T) {
	const in, out = 200, 100
	none := math.Inf(1)
	for name, c := range map[string]struct {
		init            graph.Initializer
		mean, std, most float64 // |x - mean| is at most that
	}{
		"zeros":         {nn.Zeros, 0, 0, 0},
		"ones":          {nn.Ones, 1, 0, 0},
		"constant":      {nn.Constant(-2.5), -2.5, 0, 0},
		"uniform":       {nn.Uniform(-1, 3), 1, 4 / math.Sqrt(12), 2},
		"normal":        {nn.Normal(2, 0.5), 2, 0.5, none},
		"truncated":     {nn.TruncatedNormal(2, 0.5), 2, 0.5 * 0.87962566103423978, 1},
		"glorotuniform": {nn.GlorotUniform, 0, math.Sqrt(2.0 / (in + out)), math.Sqrt(6.0 / (in + out))},
		"glorotnormal":  {nn.GlorotNormal, 0, math.Sqrt(2.0 / (in + out)), none},
		"heuniform":     {nn.HeUniform, 0, math.Sqrt(2.0 / in), math.Sqrt(6.0 / in)},
		"henormal":      {nn.HeNormal, 0, math.Sqrt(2.0 / in), none},
		"lecununiform":  {nn.LeCunUniform, 0, math.Sqrt(1.0 / in), math.Sqrt(3.0 / in)},
		"lecunnormal":   {nn.LeCunNormal, 0, math.Sqrt(1.0 / in), none},
		"orthogonal":    {nn.Orthogonal(3), 0, 3 / math.Sqrt(in), none},
	} {
		t.Run(name, func(t *testing.T) {
			for _, dtype := range []graph.DType{graph.Float32, graph.Float64} {
				x := drawn(t, c.init, initSeed, dtype, in, out)
				mean, std, most := moments(x, c.mean)
				n := float64(len(x))
				assert.InDelta(t, c.mean, mean, 1e-12+5*c.std/math.Sqrt(n), "mean, seed %d", initSeed)
				assert.InDelta(t, c.std, std, 1e-12+5*c.std/math.Sqrt(n), "std, seed %d", initSeed)
				assert.LessOrEqual(t, most, c.most*(1+1e-6), "seed %d", initSeed)
				if c.std > 0 && !math.IsInf(c.most, 1) {
					assert.Greater(t, most, 0.98*c.most, "the bound is reached, seed %d", initSeed)
				}
				assert.True(t, slices.Equal(x, drawn(t, c.init, initSeed, dtype, in, out)), "equal seeds")
				if c.std > 0 {
					assert.False(t, slices.Equal(x, drawn(t, c.init, initSeed+1, dtype, in, out)), "other seeds")
				}
			}
		})
	}
}

func moments(x []float64, around float64) (mean, std, most float64) {
	for _, v := range x {
		mean += v / float64(len(x))
		most = max(most, math.Abs(v-around))
	}
	for _, v := range x {
		std += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, math.Sqrt(std), most
}

// TestFans checks what ranks other than 2 count as inputs and outputs, by the
// bounds of uniform initializers.
func TestFans(t *testing.T) {
	for _, c := range []struct {
		shape   []int
		in, out float64
	}{
		{[]int{5000}, 5000, 5000},
		{[]int{3, 3, 40, 20}, 360, 180},
		{[]int{7, 30, 60}, 210, 420},
	} {
		_, _, most := moments(drawn(t, nn.GlorotUniform, initSeed, graph.Float64, c.shape...), 0)
		assert.InEpsilon(t, math.Sqrt(6/(c.in+c.out)), most, 0.01, "%v", c.shape)
		_, _, most = moments(drawn(t, nn.HeUniform, initSeed, graph.Float64, c.shape...), 0)
		assert.InEpsilon(t, math.Sqrt(6/c.in), most, 0.01, "%v", c.shape)
	}
	for _, init := range []graph.Initializer{nn.GlorotUniform, nn.HeNormal, nn.Orthogonal(1)} {
		assert.Len(t, drawn(t, init, initSeed, graph.Float32), 1, "a scalar")
		assert.Empty(t, drawn(t, init, initSeed, graph.Float32, 0, 3))
		assert.Empty(t, drawn(t, init, initSeed, graph.Float32, 3, 0))
	}
}

func TestOrthogonal(t *testing.T) {
	const gain = 1.5
	for _, shape := range [][]int{{1, 1}, {6, 6}, {9, 4}, {4, 9}, {3, 2, 5}, {7}, {120, 120}} {
		x := drawn(t, nn.Orthogonal(gain), initSeed, graph.Float64, shape...)
		cols := shape[len(shape)-1]
		rows := len(x) / cols
		at := func(i, j int) float64 { return x[i*cols+j] }
		n, m := cols, rows
		if rows < cols {
			n, m = rows, cols
			at = func(i, j int) float64 { return x[j*cols+i] }
		}
		for i := range n {
			for j := range n {
				sum, want := 0.0, 0.0
				for k := range m {
					sum += at(k, i) * at(k, j)
				}
				if i == j {
					want = gain * gain
				}
				assert.InDelta(t, want, sum, 1e-10, "%v %d %d, seed %d", shape, i, j, initSeed)
			}
		}
	}
}
