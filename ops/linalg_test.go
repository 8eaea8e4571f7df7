package ops_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// drawn is a float64 constant of random values.
func drawn(rnd *rand.Rand, shape ...int) (*node, array) {
	a := array{make([]float64, product(shape)), shape}
	for i := range a.v {
		a.v[i] = rnd.NormFloat64()
	}
	return graph.ConstOf(a.v, shape...), a
}

// TestMatMulOfManySizes reaches every edge of the blocks it is computed in.
func TestMatMulOfManySizes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	for _, s := range [][3]int{{1, 1, 1}, {3, 5, 2}, {4, 256, 3}, {5, 257, 7}, {8, 1, 300}, {7, 513, 1}, {2, 3, 0}, {0, 3, 2}, {3, 0, 2}} {
		m, n, k := s[0], s[1], s[2]
		x, a := drawn(rnd, m, k)
		y, b := drawn(rnd, k, n)
		want := make([]float64, m*n)
		for i := range m {
			for j := range n {
				for p := range k {
					want[i*n+j] += a.v[i*k+p] * b.v[p*n+j]
				}
			}
		}
		same(t, want, eval(t, ops.MatMul(x, y)), 1e-13, s, "seed", seed)
		single := ops.MatMul(ops.Convert(x, graph.Float32), ops.Convert(y, graph.Float32))
		same(t, want, eval(t, single), 1e-5, s, "seed", seed)
	}
}

func TestMatMulOfVectors(t *testing.T) {
	x, y, m := vec(1, 2), vec(3, 4), mat(2, 1, 2, 3, 4)
	assert.Equal(t, graph.Of(), ops.MatMul(x, y).Shape())
	assert.Equal(t, []float64{11}, eval(t, ops.MatMul(x, y)))
	assert.Equal(t, []float64{7, 10}, eval(t, ops.MatMul(x, m)))
	assert.Equal(t, []float64{5, 11}, eval(t, ops.MatMul(m, x)))
	assert.Equal(t, []float64{11}, eval(t, ops.Dot(x, y)))
	assert.Equal(t, []float64{3, 4, 6, 8}, eval(t, ops.Outer(x, y)))
	assert.Equal(t, []float64{3, 4}, slopes(t, ops.MatMul(x, y), x))
	assert.Equal(t, []float64{3, 7}, slopes(t, ops.MatMul(x, m), x))
	assert.Equal(t, []float64{1, 2, 1, 2}, slopes(t, ops.MatMul(m, x), m))
	assert.Equal(t, []float64{8, 12}, eval(t, ops.Affine(x, m, vec(1, 2))))
}

func TestMatMulBroadcastsBatches(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	x, _ := drawn(rnd, 5, 1, 2, 3)
	y, _ := drawn(rnd, 4, 3, 2)
	z := ops.MatMul(x, y)
	require.Equal(t, graph.Of(5, 4, 2, 2), z.Shape())
	got := eval(t, z)
	for i := range 5 {
		for j := range 4 {
			one := eval(t, ops.MatMul(ops.Reshape(ops.Index(x, 0, i), 2, 3), ops.Index(y, 0, j)))
			same(t, one, got[(i*4+j)*4:(i*4+j+1)*4], 1e-14)
		}
	}
	g := autodiff.Grad(ops.Sum(z), x, y)
	assert.Equal(t, x.Shape(), g[0].Shape())
	assert.Equal(t, y.Shape(), g[1].Shape())
}

func TestMatMulMistakes(t *testing.T) {
	batch := graph.Sym("batch")
	x, w := graph.Input("x", batch, 784), graph.Input("w", 10, 8)
	fails(t, ops.MatMul(x, w), "matmul: cannot multiply x [batch 784] by w [10 8]: inner lengths 784 and 10 differ")
	fails(t, ops.MatMul(x, graph.Input("v", 8)), "cannot multiply x [batch 784] by v [8]: inner lengths 784 and 8 differ")
	fails(t, ops.MatMul(graph.Input("v", 8), x), "cannot multiply v [8] by x [batch 784]: inner lengths 8 and batch differ")
	fails(t, ops.MatMul(x, graph.Scalar(2)), "cannot multiply x [batch 784] by the scalar 2: want matrices; use ops.Mul for a product of elements")
	fails(t, ops.MatMul(graph.Input("s"), graph.Input("v", 8)), "want matrices")
	fails(t, ops.MatMul(x, graph.InputOf(graph.Float64, "w", 784, 8)), "by w f64[784 8]: want floats of one dtype; use ops.Convert")
	i := graph.InputOf(graph.Int64, "i", 2, 2)
	fails(t, ops.MatMul(i, i), "want floats")
	fails(t, ops.MatMul(graph.Input("a", 2, 3, 4), graph.Input("b", 5, 4, 3)),
		"cannot multiply a [2 3 4] by b [5 4 3]: the axes before the last two do not broadcast: axis -1 has lengths 2 and 5")
	fails(t, ops.Dot(x, x), "dot: want two vectors, got x [batch 784] and x [batch 784]")
	fails(t, ops.Outer(x, graph.Input("v", 8)), "outer: want two vectors, got x [batch 784] and v [8]")
	fails(t, ops.Affine(x, w, graph.Input("b", 8)), "matmul: cannot multiply")
}
