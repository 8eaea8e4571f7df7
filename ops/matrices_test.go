package ops_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestFactorsMultiplyToTheMatrix checks what defines the factorisations, at sizes
// below and above LAPACK's blocks.
func TestFactorsMultiplyToTheMatrix(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 3))
	eye := func(n int) []float64 {
		m := make([]float64, n*n)
		for i := range n {
			m[i*n+i] = 1
		}
		return m
	}
	for _, s := range [][2]int{{1, 1}, {2, 1}, {1, 3}, {5, 5}, {7, 4}, {4, 7}, {40, 40}, {90, 35}, {35, 90}, {130, 130}} {
		m, n := s[0], s[1]
		k := min(m, n)
		for _, d := range []graph.DType{graph.Float64, graph.Float32} {
			tolerance := 1e-12
			if d == graph.Float32 {
				tolerance = 2e-5
			}
			x, _ := drawn(rnd, 2, m, n)
			x = ops.Convert(x, d)
			want := eval(t, x)
			units := append(eye(k), eye(k)...)
			q, r := ops.QR(x)
			same(t, want, eval(t, ops.MatMul(q, r)), tolerance, s, "seed", seed)
			same(t, units, eval(t, ops.MatMul(ops.Transpose(q), q)), tolerance, s, "seed", seed)
			same(t, eval(t, r), eval(t, ops.Triu(r, 0)), 0, s, "seed", seed)
			u, sv, vt := ops.SVD(x)
			same(t, want, eval(t, ops.MatMul(ops.Mul(u, ops.Expand(sv, -2)), vt)), tolerance, s, "seed", seed)
			same(t, units, eval(t, ops.MatMul(ops.Transpose(u), u)), tolerance, s, "seed", seed)
			same(t, units, eval(t, ops.MatMul(vt, ops.Transpose(vt))), tolerance, s, "seed", seed)
			if p := ops.Pinv(x); d == graph.Float64 { // its error grows with the condition of x
				same(t, want, eval(t, ops.MatMul(ops.MatMul(x, p), x)), 100*tolerance, s, "seed", seed)
			}
			if m != n {
				continue
			}
			a := ops.Add(x, ops.Transpose(x))
			w, v := ops.Eigh(a)
			same(t, eval(t, a), eval(t, ops.MatMul(ops.Mul(v, ops.Expand(w, -2)), ops.Transpose(v))), 10*tolerance, s, "seed", seed)
			same(t, units, eval(t, ops.MatMul(ops.Transpose(v), v)), tolerance, s, "seed", seed)
		}
	}
}

// TestFourierOfManyLengths compares with the sum that defines the transform:
// small factors, large primes, and back.
func TestFourierOfManyLengths(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 4))
	for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 12, 61, 64, 67, 97, 101, 128, 134, 211, 360} {
		x, a := drawn(rnd, n, 2)
		z := make([]complex128, n)
		for i := range z {
			z[i] = complex(a.v[2*i], a.v[2*i+1])
		}
		var want []float64
		for _, y := range dft(z, -1) {
			want = append(want, real(y), imag(y))
		}
		y := ops.FFT(x, 0)
		same(t, want, eval(t, y), 1e-12, n, "seed", seed)
		same(t, a.v, eval(t, ops.IFFT(y, -1)), 1e-13, n, "seed", seed)
		re := ops.Real(x)
		same(t, eval(t, re), eval(t, ops.IRFFT(ops.RFFT(re, 0), graph.Dim(n), 0)), 1e-13, n, "seed", seed)
	}
	x, a := drawn(rnd, 3, 4, 5)
	same(t, a.v, eval(t, ops.IRFFT2(ops.RFFT2(x), 5)), 1e-13, "seed", seed)
}

// TestSingularMatrices: what has a value there has it, the rest says so.
func TestSingularMatrices(t *testing.T) {
	a := mat(2, 1, 2, 2, 4)
	assert.Equal(t, []float64{0}, eval(t, ops.Det(a)))
	same(t, []float64{4, -2, -2, 1}, slopes(t, ops.Det(a), a), 1e-14)
	same(t, []float64{0, 0, 0, 0}, slopes(t, ops.Det(mat(2, 0, 0, 0, 0)), mat(2, 0, 0, 0, 0)), 1e-14)
	sign, log := ops.SlogDet(a)
	assert.Equal(t, []float64{0}, eval(t, sign))
	assert.Equal(t, []float64{-inf}, eval(t, log))
	same(t, []float64{0.04, 0.08, 0.08, 0.16}, eval(t, ops.Pinv(a)), 1e-15)
	assert.True(t, math.IsNaN(eval(t, ops.LogDet(mat(2, 0, 1, 1, 0)))[0]))

	stack := graph.InputOf(graph.Float64, "a", 2, 2, 2)
	value, err := graph.TensorOf([]float64{1, 0, 0, 1, 1, 2, 2, 4}, 2, 2, 2)
	require.NoError(t, err)
	for want, y := range map[string]*node{
		"matrix [1] of the batch is singular: see ops.Pinv":   ops.Inverse(stack),
		"matrix [1] of the batch is not positive definite":    ops.Cholesky(stack),
		"matrix [1] of the batch is singular: element 1 of i": ops.TriangularSolve(ops.Sub(stack, graph.ConstOf([]float64{0, 0, 0, 0, 0, 0, 0, 4}, 2, 2, 2)), stack, false),
	} {
		p, err := graph.Compile(y)
		require.NoError(t, err)
		_, err = p.Eval(context.Background(), stack.IsTensor(value))
		oneLine(t, err, want)
	}
}

// TestEqualEigenvaluesHaveGradients of what does not depend on the vectors.
func TestEqualEigenvaluesHaveGradients(t *testing.T) {
	a := mat(2, 3, 0, 0, 3)
	w, _ := ops.Eigh(a)
	assert.Equal(t, []float64{6, 0, 0, 6}, slopes(t, ops.Sum(ops.Square(w)), a))
	_, s, _ := ops.SVD(a)
	same(t, []float64{1, 0, 0, 1}, slopes(t, ops.Sum(s), a), 1e-14)
	same(t, []float64{0, 0, 0, 0}, slopes(t, ops.NuclearNorm(mat(2, 0, 0, 0, 0)), a), 0)
}

func TestNaNStaysNaN(t *testing.T) {
	a := mat(2, 1, nan, nan, 4)
	w, _ := ops.Eigh(a)
	_, s, _ := ops.SVD(a)
	for i, y := range []*node{ops.Cholesky(a), w, s, ops.Pinv(a), ops.Det(a), ops.Inverse(a)} {
		for _, v := range eval(t, y) {
			assert.True(t, math.IsNaN(v), "function %d", i)
		}
	}
}

func TestMatrixMistakes(t *testing.T) {
	x, square, tall := graph.Input("x", 3), graph.Input("a", 2, 2), graph.Input("b", 3, 2)
	free := graph.Input("f", graph.Sym("batch"), 2)
	first := func(x, _ *node) *node { return x }
	for want, y := range map[string]*node{
		"lu: want square matrices of floats, got b [3 2]":                                              ops.Det(tall),
		"inverse: want square matrices of floats, got b [3 2]":                                         ops.Inverse(tall),
		"cholesky: want square matrices of floats, got x [3]":                                          ops.Cholesky(x),
		"solve: cannot solve with a [2 2] for b [3 2]: want its rows":                                  ops.Solve(square, tall),
		"triangularsolve: a [2 2] and a64 f64[2 2] differ in dtype":                                    ops.TriangularSolve(square, graph.InputOf(graph.Float64, "a64", 2, 2), true),
		"qr: cannot tell whether batch or 2 is less: f [batch 2] needs known lengths":                  first(ops.QR(free)),
		"matrixnorm: p is 3: want 1, 2 or Inf":                                                         ops.MatrixNorm(square, 3),
		"matrixpower: want square matrices of floats, got b [3 2]":                                     ops.MatrixPower(tall, 2),
		"trace: want a matrix or a batch of them, got x [3]":                                           ops.Trace(x),
		"tensordot: axis 0 of b [3 2] and axis 0 of a [2 2] differ in length: 3 and 2":                 ops.Tensordot(tall, square, []int{0}, []int{0}),
		"tensordot: 1 axes of b [3 2] for 2 of a [2 2]":                                                ops.Tensordot(tall, square, []int{0}, []int{0, 1}),
		"tensordot: b [3 2]: axis 0 is listed twice":                                                   ops.Tensordot(tall, square, []int{0, -2}, []int{0, 1}),
		"fft: want complex numbers as floats with a last axis of 2, got x [3]":                         ops.FFT(x, 0),
		"irfft: 7 real numbers have 4 complex ones along axis 0, got b [3 2]":                          ops.IRFFT(tall, 7, 0),
		"complexmul: want complex numbers as floats with a last axis of 2, got x [3]: see ops.Complex": ops.ComplexMul(tall, x),
		"kron: d [1 1 1 1 1] and x [3] have more than 4 axes":                                          ops.Kron(graph.Input("d", 1, 1, 1, 1, 1), x),
	} {
		oneLine(t, y.Err(), want)
	}
}

// TestBatchesInParallel: a large batch is cut into parts, and means what its
// matrices mean alone.
func TestBatchesInParallel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 5))
	const batch, n = 600, 16
	x, _ := drawn(rnd, batch, n, n)
	a := ops.Add(ops.MatMul(x, ops.Transpose(x)), ops.Convert(graph.ConstOf([]float64{1}, 1, 1, 1), graph.Float64))
	l := ops.Cholesky(a)
	same(t, eval(t, a), eval(t, ops.MatMul(l, ops.Transpose(l))), 1e-11, "seed", seed)
	inverse := ops.Inverse(a)
	for _, i := range []int{0, 299, 300, 599} {
		same(t, eval(t, ops.Inverse(ops.Index(a, 0, i))), eval(t, ops.Index(inverse, 0, i)), 1e-13, fmt.Sprint(i), "seed", seed)
	}
}
