package ops

import (
	"fmt"
	"math"

	"github.com/adjointml/adjoint/graph"
)

// Erfinv returns the inverse of [Erf] for x in (-1, 1): infinite at the ends,
// NaN outside.
func Erfinv(x *Node) *Node { return graph.Apply(erfinv{}, x) }

type erfinv struct {
	floats
	single
}

func (erfinv) Name() string { return "erfinv" }
func (erfinv) Doc() graph.Doc {
	return doc("The inverse of the error function: it turns evenly spread numbers into normal ones.", "y = erfinv(x)", "x̄ = ȳ*sqrt(π)/2*exp(y^2)")
}
func (erfinv) Eval(out Tensor, in ...Tensor) { map1(out, in, math.Erfinv) }
func (erfinv) VJP(y, ct *Node, _ ...*Node) []*Node {
	return one(Mul(ct, Scale(Exp(Square(y)), math.Sqrt(math.Pi)/2)))
}

// single is an op whose elements are each a function of one.
type single struct{}

// Rowwise is true: rows are as independent as elements.
func (single) Rowwise() bool { return true }

// LGamma returns log |Γ(x)|: infinite at 0, -1, -2 ... Its gradient is
// [Digamma].
func LGamma(x *Node) *Node { return graph.Apply(lgamma{}, x) }

type lgamma struct {
	floats
	single
}

func (lgamma) Name() string { return "lgamma" }
func (lgamma) Doc() graph.Doc {
	return doc("The logarithm of the gamma function, log((x-1)!) for whole x: it is in the densities of many distributions.", "y = lgamma(x)", "x̄ = ȳ*digamma(x)")
}
func (lgamma) Eval(out Tensor, in ...Tensor) {
	map1(out, in, func(x float64) float64 {
		y, _ := math.Lgamma(x)
		return y
	})
}
func (lgamma) VJP(_, ct *Node, x ...*Node) []*Node { return one(Mul(ct, Digamma(x[0]))) }

// Digamma returns ψ(x), the derivative of log Γ(x): infinite at 0, NaN at -1,
// -2 ...
func Digamma(x *Node) *Node { return Polygamma(0, x) }

// Polygamma returns the n-th derivative of [Digamma].
func Polygamma(n int, x *Node) *Node {
	if n < 0 {
		return graph.Fail("polygamma", []*Node{x}, "derivative %d is below 0", n)
	}
	return graph.Apply(polygamma{n: n}, x)
}

type polygamma struct {
	floats
	single
	n int
}

func (polygamma) Name() string     { return "polygamma" }
func (p polygamma) String() string { return fmt.Sprintf("polygamma(%d)", p.n) }
func (p polygamma) Doc() graph.Doc {
	return doc("A derivative of the logarithm of the gamma function: it is in the gradients of what has factorials.", fmt.Sprintf("y = polygamma(%d, x)", p.n), fmt.Sprintf("x̄ = ȳ*polygamma(%d, x)", p.n+1))
}
func (p polygamma) Eval(out Tensor, in ...Tensor) {
	map1(out, in, func(x float64) float64 { return psi(p.n, x) })
}
func (p polygamma) VJP(_, ct *Node, x ...*Node) []*Node {
	return one(Mul(ct, Polygamma(p.n+1, x[0])))
}

// psi returns the n-th derivative of the digamma function.
func psi(n int, x float64) float64 {
	switch {
	case n == 0 && x == 0:
		return math.Copysign(math.Inf(1), -x)
	case x <= 0 && x == math.Floor(x):
		if n%2 == 1 {
			return math.Inf(1)
		}
		return math.NaN()
	case x < 0: // (-1)ⁿψ⁽ⁿ⁾(1-x) - ψ⁽ⁿ⁾(x) is the n-th derivative of π·cot πx
		mirrored := psi(n, 1-x)
		if n%2 == 1 {
			mirrored = -mirrored
		}
		return mirrored - slopeOfCot(n, x)
	case n == 0:
		return digamma(x)
	}
	v := math.Gamma(float64(n)+1) * hurwitz(float64(n)+1, x)
	if n%2 == 0 {
		v = -v
	}
	return v
}

// slopeOfCot returns the n-th derivative of π·cot πx: a polynomial of c = cot
// πx, as that of c is -π(1+c²).
func slopeOfCot(n int, x float64) float64 {
	p := []float64{0, math.Pi}
	for range n {
		next := make([]float64, len(p)+1)
		for k := 1; k < len(p); k++ {
			d := -math.Pi * float64(k) * p[k]
			next[k-1] += d
			next[k+1] += d
		}
		p = next
	}
	c, v := 1/math.Tan(math.Pi*(x-math.Round(x))), 0.0
	for k := len(p) - 1; k >= 0; k-- {
		v = v*c + p[k]
	}
	return v
}

// evenBernoulli are B₂, B₄, B₆ ...
var evenBernoulli = [...]float64{
	1. / 6, -1. / 30, 1. / 42, -1. / 30, 5. / 66, -691. / 2730, 7. / 6, -3617. / 510, 43867. / 798, -174611. / 330, 854513. / 138,
}

// digamma returns ψ(x) of a positive x: by ψ(x) = ψ(x+1) - 1/x from its
// asymptotic series.
func digamma(x float64) float64 {
	var y float64
	for ; x < 12; x++ {
		y -= 1 / x
	}
	y += math.Log(x) - 0.5/x
	power := 1.0
	for k, b := range evenBernoulli {
		power /= x * x
		y -= b / float64(2*k+2) * power
	}
	return y
}

// hurwitz returns Σ (x+k)⁻ˢ over k >= 0 for s > 1 and a positive x: the first
// terms and the Euler-Maclaurin series of the rest.
func hurwitz(s, x float64) float64 {
	var y float64
	for ; x < 12+s; x++ {
		y += math.Pow(x, -s)
	}
	if math.IsInf(x, 1) {
		return 0
	}
	last := math.Pow(x, -s)
	y += last*x/(s-1) + last/2
	factor := s * last / (2 * x) // s(s+1)...(s+2k) x⁻ˢ⁻²ᵏ⁻¹ / (2k+2)!
	for k, b := range evenBernoulli {
		y += b * factor
		i := float64(2*k + 1)
		factor *= (s + i) * (s + i + 1) / (x * x * (i + 2) * (i + 3))
	}
	return y
}

// I0 returns the modified Bessel function of the first kind of order 0.
func I0(x *Node) *Node { return graph.Apply(besselI{n: 0}, x) }

// I1 returns the modified Bessel function of the first kind of order 1, the
// derivative of [I0].
func I1(x *Node) *Node { return graph.Apply(besselI{n: 1}, x) }

type besselI struct {
	floats
	single
	n int
}

func (besselI) Name() string     { return "bessel" }
func (b besselI) String() string { return fmt.Sprintf("bessel(i%d)", b.n) }

// Doc gives order 0 its shorter gradient.
func (b besselI) Doc() graph.Doc {
	const text = "A modified Bessel function of the first kind: it is in the densities of angles."
	if b.n == 0 {
		return doc(text, "y = besseli(0, x)", "x̄ = ȳ*besseli(1, x)")
	}
	return doc(text, fmt.Sprintf("y = besseli(%d, x)", b.n), fmt.Sprintf("x̄ = ȳ*(besseli(%d, x) + besseli(%d, x))/2", b.n-1, b.n+1))
}
func (b besselI) Eval(out Tensor, in ...Tensor) {
	map1(out, in, func(x float64) float64 { return bessel(float64(b.n), x) })
}

// VJP: the derivative of Iₙ is half the sum of its neighbours, and I₋₁ is I₁.
func (b besselI) VJP(_, ct *Node, x ...*Node) []*Node {
	below, above := graph.Apply(besselI{n: max(b.n-1, 1-b.n)}, x[0]), graph.Apply(besselI{n: b.n + 1}, x[0])
	return one(Mul(ct, Scale(Add(below, above), 0.5)))
}

// bessel returns Iₙ(x): by its power series, or that for large x.
func bessel(n, x float64) float64 {
	a := math.Abs(x)
	term, sum := 1.0, 1.0
	if a < max(25, n*n) {
		for k := 1.0; term > 1e-18*sum; k++ {
			term *= a * a / (4 * k * (k + n))
			sum += term
		}
		sum *= math.Pow(a/2, n) / math.Gamma(n+1)
	} else if math.IsInf(a, 1) {
		sum = a
	} else {
		for k := 1.0; math.Abs(term) > 1e-18 && k < 40; k++ {
			term *= -(4*n*n - (2*k-1)*(2*k-1)) / (8 * a * k)
			sum += term
		}
		half := math.Exp(a / 2) // its square may overflow
		sum *= half / math.Sqrt(2*math.Pi*a) * half
	}
	if x < 0 && math.Mod(n, 2) == 1 {
		return -sum
	}
	return sum
}
