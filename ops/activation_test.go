package ops_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestSoftmaxFarOut(t *testing.T) {
	x := mat(3, 1000, 1000, -1000, -1000, -1000, -1000, -inf, 5, -inf, 0, -1000, 0)
	half, third := 0.5, 1./3
	same(t, []float64{half, half, 0, third, third, third, 0, 1, 0, half, 0, half}, eval(t, ops.Softmax(x, -1)), 1e-15)
	ln2, ln3 := -math.Ln2, -math.Log(3)
	same(t, []float64{ln2, ln2, ln2 - 2000, ln3, ln3, ln3, -inf, 0, -inf, ln2, ln2 - 1000, ln2}, eval(t, ops.LogSoftmax(x, -1)), 1e-15)
	w := mat(3, 1, 2, 3)
	for _, f := range []func(*node, int) *node{ops.Softmax, ops.LogSoftmax} {
		hot := mat(3, 1000, -1000, 0)
		for _, g := range slopes(t, ops.Mul(f(hot, 1), w), hot) {
			assert.False(t, math.IsNaN(g) || math.IsInf(g, 0))
		}
	}
	nothing := mat(2, -inf, -inf)
	same(t, []float64{nan, nan}, eval(t, ops.Softmax(nothing, 1)), 0, "no class is possible: there is no answer")
}

// TestSoftmaxOfMaskedLogits masks a class with -Inf, as attention does: its
// probability and its gradient are 0, and the others' gradients are finite.
func TestSoftmaxOfMaskedLogits(t *testing.T) {
	x := vec(1, -inf, 2)
	p := eval(t, ops.Softmax(x, 0))
	g := slopes(t, ops.Mul(ops.Softmax(x, 0), vec(1, 2, 3)), x)
	assert.Zero(t, p[1])
	assert.Zero(t, g[1])
	mean := p[0] + 3*p[2]
	same(t, []float64{p[0] * (1 - mean), 0, p[2] * (3 - mean)}, g, 1e-14)
}

func TestGLU(t *testing.T) {
	x := mat(4, 1, 2, 0, 1000)
	assert.Equal(t, []float64{0.5, 2}, eval(t, ops.GLU(x, 1)))
	fails(t, ops.GLU(x, 0), "glu: want an axis 0 of known, even length")
	fails(t, ops.GLU(graph.Input("x", graph.Sym("batch"), 2), 0), "known, even length")
	fails(t, ops.GLU(x, 3), "glu: ")
}

func TestActivationsOfSmallAndLargeFloat32(t *testing.T) {
	x := graph.ConstOf([]float32{-80, 80, 1e-30, -1e-30}, 4)
	for name, f := range map[string]func(*node) *node{
		"GELU": ops.GELU, "GELUTanh": ops.GELUTanh, "SiLU": ops.SiLU, "Mish": ops.Mish, "SELU": ops.SELU, "Softsign": ops.Softsign,
	} {
		for i, g := range slopes(t, f(x), x) {
			assert.False(t, math.IsNaN(g) || math.IsInf(g, 0), "%s: gradient %v of element %d", name, g, i)
		}
	}
}
