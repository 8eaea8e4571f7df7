package ops

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"sync"

	"github.com/adjointml/adjoint/graph"
	"gonum.org/v1/gonum/dsp/fourier"
)

// Complex numbers are pairs of floats: an array of them has a last axis of
// length 2, real part and imaginary part, beside its own axes. The axis of a
// transform counts the array's own axes, as if each pair were one element.

// Complex returns an array of complex numbers from its real and imaginary
// parts.
//
//	re [...], im [...] -> [... 2]
func Complex(re, im *Node) *Node { return Stack(-1, re, im) }

// Real returns the real parts of complex numbers.
//
//	z [... 2] -> [...]
func Real(z *Node) *Node { return pairPart("real", z, 0) }

// Imag returns the imaginary parts of complex numbers.
//
//	z [... 2] -> [...]
func Imag(z *Node) *Node { return pairPart("imag", z, 1) }

func pairPart(name string, z *Node, i int) *Node {
	if bad := brokenPairs(name, z); bad != nil {
		return bad
	}
	return Index(z, -1, i)
}

// brokenPairs is broken for functions of complex numbers.
func brokenPairs(name string, z ...*Node) *Node {
	if bad := broken(name, z...); bad != nil {
		return bad
	}
	for i, x := range z {
		if !complexType(x.Type()) {
			return graph.Fail(name, z, "want complex numbers as floats with a last axis of 2, got {%d}: see ops.Complex", i)
		}
	}
	return nil
}

func complexType(t Type) bool {
	return t.DType.Float() && t.Rank() > 0 && t.Dim(-1) == 2
}

// ComplexMul returns the products of complex numbers, broadcasting.
//
//	x [... 2], y [... 2] -> [... 2]
func ComplexMul(x, y *Node) *Node {
	if bad := brokenPairs("complexmul", x, y); bad != nil {
		return bad
	}
	a, b, c, d := Real(x), Imag(x), Real(y), Imag(y)
	return Complex(Sub(Mul(a, c), Mul(b, d)), Add(Mul(a, d), Mul(b, c)))
}

// ComplexAbs returns the absolute values of complex numbers. The gradient at 0
// is 0.
//
//	z [... 2] -> [...]
func ComplexAbs(z *Node) *Node {
	if bad := brokenPairs("complexabs", z); bad != nil {
		return bad
	}
	return Norm(z, -1)
}

// FFT returns the discrete Fourier transform Σⱼ zⱼ·exp(-2πi·jk/n) of complex
// numbers along an axis of any length n, in about n·log n steps.
//
//	z [... n ... 2] -> [... n ... 2]
//
// The axis counts the array's own axes: -1 is the one before the pairs. Its
// gradient is the inverse transform, not divided by n.
func FFT(z *Node, axis int) *Node { return transform("fft", z, axis, false) }

// IFFT returns the inverse of [FFT], 1/n·Σₖ zₖ·exp(2πi·jk/n).
//
//	z [... n ... 2] -> [... n ... 2]
func IFFT(z *Node, axis int) *Node {
	y := transform("ifft", z, axis, true)
	return perLength(y, y, axis)
}

// perLength divides a transform by the length of its axis in x, a complex array.
func perLength(y, x *Node, axis int) *Node {
	if y.Err() != nil {
		return y
	}
	return Div(y, Count(x, pairAxis(x, axis)))
}

// pairAxis returns which axis of a complex array's node an axis is.
func pairAxis(z *Node, axis int) int {
	if axis < 0 {
		return z.Shape().Rank() - 1 + axis
	}
	return axis
}

func transform(name string, z *Node, axis int, inverse bool) *Node {
	if bad := brokenPairs(name, z); bad != nil {
		return bad
	}
	ax, err := z.Shape().Remove(z.Shape().Rank() - 1).Axis(axis)
	if err != nil {
		return graph.Fail(name, []*Node{z}, "%v, the last axis of {0} being that of the pairs", err)
	}
	return graph.Apply(fft{ax, inverse}, z)
}

// FFT2 returns the Fourier transform over two axes, the last two before the
// pairs.
//
//	z [... m n 2] -> [... m n 2]
func FFT2(z *Node) *Node { return FFT(FFT(z, -1), -2) }

// IFFT2 returns the inverse of [FFT2].
//
//	z [... m n 2] -> [... m n 2]
func IFFT2(z *Node) *Node { return IFFT(IFFT(z, -1), -2) }

// RFFT returns the first n/2+1 elements of the Fourier transform of real
// numbers along an axis, which determine the rest.
//
//	x [... n ...] -> [... n/2+1 ... 2]
func RFFT(x *Node, axis int) *Node {
	if bad := brokenMean("rfft", x, []int{axis}); bad != nil {
		return bad
	}
	if x.Shape().Rank() == graph.MaxRank {
		return graph.Fail("rfft", []*Node{x}, "{0} leaves no axis for the pairs: at most %d", graph.MaxRank)
	}
	ax, _ := x.Shape().Axis(axis)
	return graph.Apply(rfft{ax}, x)
}

// IRFFT returns the n real numbers along an axis whose [RFFT] is z. The
// imaginary parts of z at 0, and at n/2 for even n, do not count.
//
//	z [... n/2+1 ... 2] -> [... n ...]
func IRFFT(z *Node, n Dim, axis int) *Node {
	if bad := brokenPairs("irfft", z); bad != nil {
		return bad
	}
	ax, err := z.Shape().Remove(z.Shape().Rank() - 1).Axis(axis)
	if err != nil {
		return graph.Fail("irfft", []*Node{z}, "%v, the last axis of {0} being that of the pairs", err)
	}
	y := graph.Apply(irfft{ax, n}, z)
	if y.Err() != nil {
		return y
	}
	return Div(y, Count(y, ax))
}

// RFFT2 returns the Fourier transform of real numbers over the last two axes,
// the first n/2+1 elements of each row.
//
//	x [... m n] -> [... m n/2+1 2]
func RFFT2(x *Node) *Node { return FFT(RFFT(x, -1), -2) }

// IRFFT2 returns the inverse of [RFFT2], with rows of n numbers.
//
//	z [... m n/2+1 2] -> [... m n]
func IRFFT2(z *Node, n Dim) *Node { return IRFFT(IFFT(z, -2), n, -1) }

// fft is the transform of complex numbers along an axis of the node, or its
// inverse times n.
type fft struct {
	axis    int
	inverse bool
}

func (fft) Name() string { return "fft" }
func (f fft) String() string {
	if f.inverse {
		return fmt.Sprintf("fft(inverse %d)", f.axis)
	}
	return fmt.Sprintf("fft(%d)", f.axis)
}

// Doc writes im for the imaginary unit.
func (f fft) Doc() graph.Doc {
	there, back := "-", ""
	if f.inverse {
		there, back = back, there
	}
	return doc("Writes a signal as a sum of waves, or back: how much of each frequency is in it.",
		onAxis("y[@p, ...] = sum_q(x[@q, ...]*exp("+there+"2*π*im*p*q/n))", f.axis), onAxis("x̄[@q, ...] = sum_p(ȳ[@p, ...]*exp("+back+"2*π*im*p*q/n))", f.axis))
}
func (fft) Infer(in ...Type) (Type, error) {
	if !complexType(in[0]) {
		return Type{}, errors.New("want complex numbers as floats with a last axis of 2, got {0}")
	}
	return in[0], nil
}
func (f fft) Eval(out Tensor, in ...Tensor) {
	outer, n, inner := lines(out.Shape, f.axis)
	eachLine(outer, n, inner/2, func(p *plan, at, step int) {
		for j := range n {
			e := 2 * (at + j*step)
			p.line[j] = complex(in[0].At(e), in[0].At(e+1))
		}
		p.transform(f.inverse)
		for j, z := range p.line {
			e := 2 * (at + j*step)
			out.Set(e, real(z))
			out.Set(e+1, imag(z))
		}
	})
}
func (f fft) VJP(_, ct *Node, _ ...*Node) []*Node {
	return one(graph.Apply(fft{f.axis, !f.inverse}, ct))
}
func (f fft) Flops(out Type, _ ...Type) Dim { return fftFlops(out) }

// fftFlops is the usual estimate, 5·n·log₂ n, where the length is known.
func fftFlops(out Type) Dim {
	size := out.Shape.Size()
	if size <= 0 {
		return size
	}
	return size.Mul(Dim(3 * max(1, math.Ilogb(float64(size)))))
}

// rfft is the first half of the transform of real numbers; its adjoint is
// [irfft] with the elements between the ends halved.
type rfft struct{ axis int }

func (rfft) Name() string     { return "rfft" }
func (f rfft) String() string { return fmt.Sprintf("rfft(%d)", f.axis) }
func (f rfft) Doc() graph.Doc {
	return doc("Writes a signal of real numbers as a sum of waves, of which half the frequencies say all.", onAxis("y[@p, ...] = sum_q(x[@q, ...]*exp(-2*π*im*p*q/n))", f.axis), onAxis("x̄[@q, ...] = sum_p(real(ȳ[@p, ...]*exp(2*π*im*p*q/n)))", f.axis))
}
func (f rfft) Infer(in ...Type) (Type, error) {
	half := in[0].Shape.With(f.axis, in[0].Dim(f.axis).Div(2).Add(1))
	return in[0].Of(half.Insert(half.Rank(), 2)), nil
}
func (f rfft) Eval(out Tensor, in ...Tensor) {
	outer, n, inner := lines(in[0].Shape, f.axis)
	h := out.Shape[f.axis]
	eachLine(outer, n, inner, func(p *plan, at, step int) {
		for j := range n {
			p.line[j] = complex(in[0].At(at+j*step), 0)
		}
		p.transform(false)
		to := at/(n*step)*h*step + at%step
		for k, z := range p.line[:h] {
			e := 2 * (to + k*step)
			out.Set(e, real(z))
			out.Set(e+1, imag(z))
		}
	})
}
func (f rfft) VJP(_, ct *Node, x ...*Node) []*Node {
	halved := Where(ends(ct, Count(x[0], f.axis), f.axis), ct, Scale(ct, 0.5))
	return one(graph.Apply(irfft{f.axis, x[0].Shape().Dim(f.axis)}, halved))
}
func (rfft) Flops(out Type, _ ...Type) Dim { return fftFlops(out) }

// ends returns where a half transform holds an element that has no twin: at 0,
// and at n/2.
func ends(z, n *Node, axis int) *Node {
	along := graph.Of(slicesOfOnes(z.Shape().Rank())...).With(axis, z.Shape().Dim(axis))
	k := iota(z.DType(), along, axis)
	return Or(Equal(k, num(0)), Equal(Scale(k, 2), n))
}

func slicesOfOnes(n int) []Dim {
	ones := make([]Dim, n)
	for i := range ones {
		ones[i] = 1
	}
	return ones
}

// irfft is n times the inverse of rfft; its adjoint is rfft with the elements
// between the ends doubled.
type irfft struct {
	axis int
	n    Dim
}

func (irfft) Name() string     { return "irfft" }
func (f irfft) String() string { return fmt.Sprintf("irfft(%d to %v)", f.axis, f.n) }
func (f irfft) Doc() graph.Doc {
	return doc("Adds up waves to a signal of real numbers; frequencies that stand for two count twice.", onAxis("y[@q, ...] = sum_p(w[p]*real(x[@p, ...]*exp(2*π*im*p*q/n)))", f.axis), onAxis("x̄[@p, ...] = w[p]*sum_q(ȳ[@q, ...]*exp(-2*π*im*p*q/n))", f.axis))
}
func (f irfft) Infer(in ...Type) (Type, error) {
	if !complexType(in[0]) {
		return Type{}, errors.New("want complex numbers as floats with a last axis of 2, got {0}")
	}
	if h := f.n.Div(2).Add(1); f.n != 0 && in[0].Dim(f.axis) != h {
		return Type{}, fmt.Errorf("%v real numbers have %v complex ones along axis %d, got {0}", f.n, h, f.axis)
	}
	return in[0].Of(in[0].Shape.Remove(in[0].Rank()-1).With(f.axis, f.n)), nil
}
func (f irfft) Eval(out Tensor, in ...Tensor) {
	outer, n, inner := lines(out.Shape, f.axis)
	h := in[0].Shape[f.axis]
	eachLine(outer, n, inner, func(p *plan, at, step int) {
		from := at/(n*step)*h*step + at%step
		for k := range n/2 + 1 {
			e := 2 * (from + k*step)
			z := complex(in[0].At(e), in[0].At(e+1))
			if k == 0 || 2*k == n {
				z = complex(real(z), 0)
			} else {
				p.line[n-k] = cmplx.Conj(z)
			}
			p.line[k] = z
		}
		p.transform(true)
		for j, z := range p.line {
			out.Set(at+j*step, real(z))
		}
	})
}
func (f irfft) VJP(_, ct *Node, x ...*Node) []*Node {
	y := graph.Apply(rfft{f.axis}, ct)
	return one(Where(ends(y, Count(ct, f.axis), f.axis), y, Scale(y, 2)))
}
func (irfft) Flops(out Type, _ ...Type) Dim { return fftFlops(out) }

// eachLine calls transform for each line of n elements, the first of which lies
// at the given place and the rest a step apart, with a plan for the length.
func eachLine(outer, n, inner int, transform func(p *plan, at, step int)) {
	if outer*n*inner == 0 {
		return
	}
	cost := float64(n) * (math.Log2(float64(n)) + 1) * 20
	eachMatrix(outer*inner, 0, cost, func(i int, _ *workspace) {
		plans, ok := planPools.Load(n)
		if !ok {
			plans, _ = planPools.LoadOrStore(n, &sync.Pool{New: func() any { return newPlan(n) }})
		}
		p := plans.(*sync.Pool).Get().(*plan)
		defer plans.(*sync.Pool).Put(p)
		transform(p, i/inner*n*inner+i%inner, inner)
	})
}

// planPools has the plans of each length.
var planPools sync.Map

// A plan transforms lines of one length. gonum's transform takes n·p steps for a
// prime factor p of n, so where there is a large one a plan follows Bluestein
// 1970: jk = (j² + k² - (k-j)²)/2 makes the transform a convolution, which is
// computed at a length that is a power of 2.
type plan struct {
	line   []complex128
	short  *fourier.CmplxFFT
	chirp  []complex128 // exp(-πi·j²/n), if there is a large prime
	filter []complex128 // the transform of the conjugate chirp
	long   []complex128
}

// largePrime is the factor from which on Bluestein's way is the faster.
const largePrime = 64

func newPlan(n int) *plan {
	p := &plan{line: make([]complex128, n)}
	if largestFactor(n) < largePrime {
		p.short = fourier.NewCmplxFFT(n)
		return p
	}
	m := 1
	for m < 2*n-1 {
		m *= 2
	}
	p.short = fourier.NewCmplxFFT(m)
	p.chirp, p.long, p.filter = make([]complex128, n), make([]complex128, m), make([]complex128, m)
	for j := range n {
		sin, cos := math.Sincos(math.Pi * float64(j*j%(2*n)) / float64(n))
		p.chirp[j] = complex(cos, -sin)
		p.filter[j] = complex(cos, sin)
		p.filter[(m-j)%m] = complex(cos, sin)
	}
	p.short.Coefficients(p.filter, p.filter)
	return p
}

// largestFactor returns the largest prime factor of n, 1 of 1.
func largestFactor(n int) int {
	largest := 1
	for q := 2; q*q <= n; q++ {
		for n%q == 0 {
			largest, n = q, n/q
		}
	}
	return max(largest, n)
}

// transform replaces the line by its transform, or by n times its inverse.
func (p *plan) transform(inverse bool) {
	if p.chirp == nil {
		if inverse {
			p.short.Sequence(p.line, p.line)
		} else {
			p.short.Coefficients(p.line, p.line)
		}
		return
	}
	if inverse { // the conjugate of the transform of the conjugate
		conjugate(p.line)
		defer conjugate(p.line)
	}
	clear(p.long)
	for j, c := range p.chirp {
		p.long[j] = p.line[j] * c
	}
	p.short.Coefficients(p.long, p.long)
	for k, f := range p.filter {
		p.long[k] *= f
	}
	p.short.Sequence(p.long, p.long)
	scale := complex(1/float64(len(p.long)), 0)
	for k, c := range p.chirp {
		p.line[k] = p.long[k] * c * scale
	}
}

func conjugate(z []complex128) {
	for i, v := range z {
		z[i] = cmplx.Conj(v)
	}
}
