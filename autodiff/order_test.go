package autodiff_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// near compares numbers to 1e-9 of their size.
func near(t *testing.T, want, got []float64, msg ...any) {
	t.Helper()
	if assert.Len(t, got, len(want), msg...) {
		for i := range want {
			assert.InDelta(t, want[i], got[i], 1e-9*(1+math.Abs(want[i])), msg...)
		}
	}
}

// TestCube is the question that a gradient which is not graph answers wrongly:
// the second derivative of x³ at 2 is 12.
func TestCube(t *testing.T) {
	for name, cube := range map[string]func(x *node) *node{
		"pow":      func(x *node) *node { return ops.Pow(x, graph.Scalar(3)) },
		"product":  func(x *node) *node { return ops.Mul(x, ops.Mul(x, x)) },
		"square":   func(x *node) *node { return ops.Mul(x, ops.Square(x)) },
		"quotient": func(x *node) *node { return ops.Div(ops.Square(ops.Square(x)), x) },
		"log":      func(x *node) *node { return ops.Exp(ops.Scale(ops.Log(x), 3)) },
		"prod":     func(x *node) *node { return ops.Prod(ops.Stack(0, x, x, x)) },
		"einsum":   func(x *node) *node { return ops.Einsum(",,->", x, x, x) },
	} {
		x := scalar(2)
		y := cube(x)
		for _, want := range []float64{12, 12, 6, 0} {
			y = autodiff.Grad(y, x)[0]
			near(t, []float64{want}, eval(t, y), name)
		}
	}
}

// TestElementwiseClosedForms compares derivatives 1 to 3 with formulas.
func TestElementwiseClosedForms(t *testing.T) {
	bell := func(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }
	phi := func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	type function = func(x float64) float64
	for _, c := range []struct {
		name string
		f    func(*node) *node
		d    [3]function
	}{
		{"tanh", ops.Tanh, [3]function{
			func(x float64) float64 { y := math.Tanh(x); return 1 - y*y },
			func(x float64) float64 { y := math.Tanh(x); return -2 * y * (1 - y*y) },
			func(x float64) float64 { y := math.Tanh(x); return (1 - y*y) * (6*y*y - 2) },
		}},
		{"sigmoid", ops.Sigmoid, [3]function{
			func(x float64) float64 { s := sigmoid(x); return s * (1 - s) },
			func(x float64) float64 { s := sigmoid(x); return s * (1 - s) * (1 - 2*s) },
			func(x float64) float64 { s := sigmoid(x); return s * (1 - s) * (1 - 6*s + 6*s*s) },
		}},
		{"softplus", ops.Softplus, [3]function{
			sigmoid,
			func(x float64) float64 { s := sigmoid(x); return s * (1 - s) },
			func(x float64) float64 { s := sigmoid(x); return s * (1 - s) * (1 - 2*s) },
		}},
		{"gelu", ops.GELU, [3]function{
			func(x float64) float64 { return phi(x) + x*bell(x) },
			func(x float64) float64 { return (2 - x*x) * bell(x) },
			func(x float64) float64 { return (x*x*x - 4*x) * bell(x) },
		}},
		{"exp", ops.Exp, [3]function{math.Exp, math.Exp, math.Exp}},
		{"log", func(x *node) *node { return ops.Log(ops.Square(x)) }, [3]function{
			func(x float64) float64 { return 2 / x },
			func(x float64) float64 { return -2 / (x * x) },
			func(x float64) float64 { return 4 / (x * x * x) },
		}},
		{"sin", ops.Sin, [3]function{math.Cos, func(x float64) float64 { return -math.Sin(x) }, func(x float64) float64 { return -math.Cos(x) }}},
		{"erf", ops.Erf, [3]function{
			func(x float64) float64 { return 2 / math.SqrtPi * math.Exp(-x*x) },
			func(x float64) float64 { return -4 * x / math.SqrtPi * math.Exp(-x*x) },
			func(x float64) float64 { return (8*x*x - 4) / math.SqrtPi * math.Exp(-x*x) },
		}},
		{"div", func(x *node) *node { return ops.Div(graph.Scalar(2), x) }, [3]function{
			func(x float64) float64 { return -2 / (x * x) },
			func(x float64) float64 { return 4 / (x * x * x) },
			func(x float64) float64 { return -12 / (x * x * x * x) },
		}},
		{"pow", func(x *node) *node { return ops.Pow(x, graph.Scalar(-3)) }, [3]function{
			func(x float64) float64 { return -3 * math.Pow(x, -4) },
			func(x float64) float64 { return 12 * math.Pow(x, -5) },
			func(x float64) float64 { return -60 * math.Pow(x, -6) },
		}},
		{"exponent", func(x *node) *node { return ops.Pow(graph.Scalar(2), x) }, [3]function{
			func(x float64) float64 { return math.Ln2 * math.Exp2(x) },
			func(x float64) float64 { return math.Ln2 * math.Ln2 * math.Exp2(x) },
			func(x float64) float64 { return math.Pow(math.Ln2, 3) * math.Exp2(x) },
		}},
	} {
		at := []float64{-2.5, -1, -0.3, 0.7, 1.9}
		x := vec(at...)
		y := c.f(x)
		for order, d := range c.d {
			y = autodiff.Grad(ops.Sum(y), x)[0]
			want := make([]float64, len(at))
			for i, x := range at {
				want[i] = d(x)
			}
			near(t, want, eval(t, y), c.name, "order", order+1)
		}
	}
}

// softmax is p of the logits used below.
func softmax(x []float64) []float64 {
	p, sum := make([]float64, len(x)), 0.0
	for i := range x {
		p[i] = math.Exp(x[i])
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func delta(i, j int) float64 {
	if i == j {
		return 1
	}
	return 0
}

// TestLogSumExpAndSoftmax compares with the first three derivatives of
// log Σ exp, which are the first three cumulants of a choice with the
// probabilities p = softmax x.
func TestLogSumExpAndSoftmax(t *testing.T) {
	logits := []float64{0.3, -1, 0.9}
	p := softmax(logits)
	var second, third []float64
	for i := range p {
		for j := range p {
			second = append(second, p[i]*(delta(i, j)-p[j]))
		}
	}
	for i := range p {
		for j := range p {
			for k := range p {
				third = append(third, p[i]*((delta(i, j)-p[j])*(delta(i, k)-p[k])-p[j]*(delta(j, k)-p[k])))
			}
		}
	}
	x := vec(logits...)
	y := ops.LogSumExp(x)
	g := autodiff.Grad(y, x)[0]
	near(t, p, eval(t, g))
	h := autodiff.Jacobian(g, x)
	near(t, second, eval(t, h))
	near(t, third, eval(t, autodiff.Jacobian(h, x)))

	s := ops.Softmax(x, 0)
	near(t, p, eval(t, s))
	js := autodiff.Jacobian(s, x)
	near(t, second, eval(t, js))
	near(t, third, eval(t, autodiff.Jacobian(js, x)))

	var log []float64 // of log softmax, δ - p, and then that of -p
	for range p {
		for j := range p {
			log = append(log, delta(len(log)/len(p), j)-p[j])
		}
	}
	jl := autodiff.Jacobian(ops.LogSoftmax(x, 0), x)
	near(t, log, eval(t, jl))
	for i := range p {
		for j := range second {
			assert.InDelta(t, -second[j], eval(t, autodiff.Jacobian(jl, x))[i*len(second)+j], 1e-12)
		}
	}
}

// TestMatMulClosedForm differentiates xᵀAx and |Wx|², whose third derivatives
// vanish or are known.
func TestMatMulClosedForm(t *testing.T) {
	x, a := vec(1, -2), graph.ConstOf([]float64{1, 2, 3, 4}, 2, 2)
	y := ops.MatMul(x, ops.MatMul(a, x))
	g := autodiff.Grad(y, x)[0]
	near(t, []float64{2*1 + 5*-2, 5*1 + 8*-2}, eval(t, g), "(A+Aᵀ)x")
	h := autodiff.Hessian(y, x)
	near(t, []float64{2, 5, 5, 8}, eval(t, h))
	near(t, make([]float64, 8), eval(t, autodiff.Jacobian(h, x)), "order 3")

	ga := autodiff.Grad(y, a)[0]
	near(t, []float64{1, -2, -2, 4}, eval(t, ga), "xxᵀ")
	mixed := autodiff.Jacobian(ga, x)
	near(t, []float64{2, 0, -2, 1, -2, 1, 0, -4}, eval(t, mixed), "∂²/∂A∂x")
	third := autodiff.Jacobian(mixed, x) // δ twice, whatever the values
	var want []float64
	for i := range 2 {
		for j := range 2 {
			for k := range 2 {
				for l := range 2 {
					want = append(want, delta(i, k)*delta(j, l)+delta(i, l)*delta(j, k))
				}
			}
		}
	}
	near(t, want, eval(t, third))

	// Σ(Mx)³ has the third derivative 6 Σ m m m
	m := graph.ConstOf([]float64{1, 2, -1, 3}, 2, 2)
	cubes := ops.Sum(ops.Pow(ops.MatMul(m, x), graph.Scalar(3)))
	want = nil
	rows := [][]float64{{1, 2}, {-1, 3}}
	for i := range 2 {
		for j := range 2 {
			for k := range 2 {
				want = append(want, 6*(rows[0][i]*rows[0][j]*rows[0][k]+rows[1][i]*rows[1][j]*rows[1][k]))
			}
		}
	}
	near(t, want, eval(t, autodiff.Jacobian(autodiff.Hessian(cubes, x), x)))
}

// TestDivAndPowOfTwo compares the mixed derivatives of functions of two
// operands.
func TestDivAndPowOfTwo(t *testing.T) {
	x, p := scalar(2), scalar(3)
	d := func(y *node, by ...*node) []float64 {
		for _, x := range by {
			y = autodiff.Grad(y, x)[0]
		}
		return eval(t, y)
	}
	ln := math.Ln2
	y := ops.Pow(x, p)
	near(t, []float64{8 * ln}, d(y, p), "xᵖ log x")
	near(t, []float64{8 * ln * ln}, d(y, p, p))
	near(t, []float64{8 * ln * ln * ln}, d(y, p, p, p))
	near(t, []float64{4 * (1 + 3*ln)}, d(y, x, p), "xᵖ⁻¹(1 + p log x)")
	near(t, []float64{4 * (1 + 3*ln)}, d(y, p, x))
	near(t, []float64{2 * (2*3 - 1 + 3*2*ln)}, d(y, x, x, p), "xᵖ⁻²(2p - 1 + p(p-1) log x)")
	near(t, []float64{2 * (2*3 - 1 + 3*2*ln)}, d(y, p, x, x))
	q := ops.Div(x, p)
	near(t, []float64{-1. / 9}, d(q, x, p))
	near(t, []float64{4. / 27}, d(q, p, p))
	near(t, []float64{2. / 27}, d(q, x, p, p))
	near(t, []float64{-12. / 81}, d(q, p, p, p))
	near(t, []float64{0}, d(q, x, x, p))
}

// TestForwardOverReverse takes the second derivative in all four ways of
// nesting the modes.
func TestForwardOverReverse(t *testing.T) {
	x, v, w := vec(0.3, -0.7), vec(1, 2), vec(-1, 0.5)
	y := ops.Prod(ops.Tanh(x))
	dot := func(a, b *node) *node { return ops.Sum(ops.Mul(a, b)) }
	g := autodiff.Grad(y, x)[0]
	want := eval(t, dot(w, autodiff.HVP(y, []*node{x}, []*node{v})[0]))
	near(t, want, eval(t, dot(w, autodiff.JVP(g, x, v))), "forward over reverse")
	near(t, want, eval(t, dot(w, autodiff.Grad(autodiff.JVP(y, x, v), x)[0])), "reverse over forward")
	near(t, want, eval(t, autodiff.JVP(autodiff.JVP(y, x, v), x, w)), "forward over forward")
	near(t, want, eval(t, dot(w, ops.MatMul(autodiff.Hessian(y, x), v))), "the matrix")
}
