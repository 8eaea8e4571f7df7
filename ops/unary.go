package ops

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/exact"
	"github.com/adjointml/adjoint/internal/ir"
)

// Neg returns -x.
func Neg(x *Node) *Node { return graph.Apply(neg{}, x) }

type neg struct{ numbers }

func (neg) Name() string { return "neg" }
func (neg) Doc() graph.Doc {
	return doc("The number with the other sign.", "y = -x", "x̄ = -ȳ")
}
func (neg) Opcode() ir.Op { return ir.Neg }
func (neg) Eval(out Tensor, in ...Tensor) {
	each1(out, in, func(x float64) float64 { return -x }, func(x int64) int64 { return -x })
}
func (neg) VJP(_, ct *Node, _ ...*Node) []*Node { return one(Neg(ct)) }
func (neg) Simplify(x ...*Node) *Node {
	if _, ok := x[0].Op().(neg); ok {
		return x[0].In()[0]
	}
	return zeroOf(x[0])
}

// Abs returns |x|. Its gradient at 0 is 0.
func Abs(x *Node) *Node { return graph.Apply(abs{}, x) }

type abs struct{ numbers }

func (abs) Name() string { return "abs" }
func (abs) Doc() graph.Doc {
	return doc("The distance from 0: losses made of it follow outliers less than squares do.", "y = abs(x)", "x̄ = ȳ*sign(x)")
}
func (abs) Opcode() ir.Op { return ir.Abs }
func (abs) Eval(out Tensor, in ...Tensor) {
	each1(out, in, math.Abs, func(x int64) int64 { return max(x, -x) })
}
func (abs) VJP(_, ct *Node, x ...*Node) []*Node { return one(Mul(ct, Sign(x[0]))) }

// Sign returns -1, 0 or 1 with the sign of x; NaN for NaN. Its gradient is 0.
func Sign(x *Node) *Node { return graph.Apply(sign{}, x) }

type sign struct {
	numbers
	flat
}

func (sign) Name() string { return "sign" }
func (sign) Doc() graph.Doc {
	return doc("The side of 0 on which a number lies, -1, 0 or 1; being flat, it passes no gradient.", "y = sign(x)", "x̄ = 0")
}
func (sign) Opcode() ir.Op { return ir.Sign }
func (sign) Eval(out Tensor, in ...Tensor) {
	each1(out, in, func(x float64) float64 {
		if x == 0 || math.IsNaN(x) {
			return x
		}
		return math.Copysign(1, x)
	}, func(x int64) int64 { return min(max(x, -1), 1) })
}

// Square returns x².
func Square(x *Node) *Node { return graph.Apply(square{}, x) }

type square struct{ numbers }

func (square) Name() string { return "square" }
func (square) Doc() graph.Doc {
	return doc("The number times itself, so that large errors count far more than small ones.", "y = x^2", "x̄ = 2*ȳ*x")
}
func (square) Opcode() ir.Op { return ir.Square }
func (square) Eval(out Tensor, in ...Tensor) {
	each1(out, in, func(x float64) float64 { return x * x }, func(x int64) int64 { return x * x })
}
func (square) VJP(_, ct *Node, x ...*Node) []*Node { return one(Mul(ct, Scale(x[0], 2))) }

// Reciprocal returns 1/x.
func Reciprocal(x *Node) *Node { return graph.Apply(reciprocal{}, x) }

type reciprocal struct{ floats }

func (reciprocal) Name() string { return "reciprocal" }
func (reciprocal) Doc() graph.Doc {
	return doc("One over the number, which makes large ones small.", "y = 1/x", "x̄ = -ȳ*y^2")
}
func (reciprocal) Opcode() ir.Op { return ir.Recip }
func (reciprocal) Eval(out Tensor, in ...Tensor) {
	map1(out, in, func(x float64) float64 { return 1 / x })
}
func (reciprocal) VJP(y, ct *Node, _ ...*Node) []*Node { return one(Neg(Mul(ct, Square(y)))) }

// Exp returns e to the power x.
func Exp(x *Node) *Node { return graph.Apply(exp{}, x) }

type exp struct{ floats }

func (exp) Name() string { return "exp" }
func (exp) Doc() graph.Doc {
	return doc("Grows by a factor of e with each step of 1, and makes any number positive: logits become weights.", "y = exp(x)", "x̄ = ȳ*y")
}
func (exp) Opcode() ir.Op                       { return ir.Exp }
func (exp) Eval(out Tensor, in ...Tensor)       { map1(out, in, exact.Exp) }
func (exp) VJP(y, ct *Node, _ ...*Node) []*Node { return one(Mul(ct, y)) }

// Exp2 returns 2 to the power x.
func Exp2(x *Node) *Node { return graph.Apply(exp2{}, x) }

type exp2 struct{ floats }

func (exp2) Name() string { return "exp2" }
func (exp2) Doc() graph.Doc {
	return doc("Doubles with each step of 1.", "y = 2^x", "x̄ = ȳ*y*log(2)")
}
func (exp2) Opcode() ir.Op                       { return ir.Exp2 }
func (exp2) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Exp2) }
func (exp2) VJP(y, ct *Node, _ ...*Node) []*Node { return one(Mul(ct, Scale(y, math.Ln2))) }

// Expm1 returns e to the power x, less 1, exact near 0.
func Expm1(x *Node) *Node { return graph.Apply(expm1{}, x) }

type expm1 struct{ floats }

func (expm1) Name() string { return "expm1" }
func (expm1) Doc() graph.Doc {
	return doc("The exponential less 1, exact also near 0, where the subtraction would leave no digits.", "y = exp(x) - 1", "x̄ = ȳ*(y + 1)")
}
func (expm1) Opcode() ir.Op                       { return ir.Expm1 }
func (expm1) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Expm1) }
func (expm1) VJP(y, ct *Node, _ ...*Node) []*Node { return one(Mul(ct, Add(y, num(1)))) }

// Log returns the natural logarithm of x: -Inf at 0, NaN below.
//
// Where the argument may be 0, guard it before the logarithm and not only
// after: the gradient of the branch that is not selected is 0 times that of the
// logarithm, which must be finite.
//
//	positive := ops.Greater(x, graph.Scalar(0))
//	safe := ops.Where(positive, x, graph.Scalar(1))
//	y := ops.Where(positive, ops.Log(safe), graph.Scalar(0))
//
// The same holds for Sqrt and Div.
func Log(x *Node) *Node { return graph.Apply(log{}, x) }

type log struct{ floats }

func (log) Name() string { return "log" }
func (log) Doc() graph.Doc {
	return doc("The power of e that gives x: products become sums, and probabilities become information.", "y = log(x)", "x̄ = ȳ/x")
}
func (log) Opcode() ir.Op                       { return ir.Log }
func (log) Eval(out Tensor, in ...Tensor)       { map1(out, in, exact.Log) }
func (log) VJP(_, ct *Node, x ...*Node) []*Node { return one(Div(ct, x[0])) }

// Log1p returns log(1+x), exact near 0.
func Log1p(x *Node) *Node { return graph.Apply(log1p{}, x) }

type log1p struct{ floats }

func (log1p) Name() string { return "log1p" }
func (log1p) Doc() graph.Doc {
	return doc("The logarithm of 1 + x, exact also near 0, where the sum would lose digits.", "y = log(1 + x)", "x̄ = ȳ/(1 + x)")
}
func (log1p) Opcode() ir.Op                       { return ir.Log1p }
func (log1p) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Log1p) }
func (log1p) VJP(_, ct *Node, x ...*Node) []*Node { return one(Div(ct, Add(x[0], num(1)))) }

// Log2 returns the logarithm of x to base 2, exact for powers of 2.
func Log2(x *Node) *Node { return graph.Apply(log2{}, x) }

type log2 struct{ floats }

func (log2) Name() string { return "log2" }
func (log2) Doc() graph.Doc {
	return doc("The power of 2 that gives x: information in bits.", "y = log2(x)", "x̄ = ȳ/(x*log(2))")
}
func (log2) Opcode() ir.Op                       { return ir.Log2 }
func (log2) Eval(out Tensor, in ...Tensor)       { map1(out, in, exact.Log2) }
func (log2) VJP(_, ct *Node, x ...*Node) []*Node { return one(Div(ct, Scale(x[0], math.Ln2))) }

// Log10 returns the logarithm of x to base 10.
func Log10(x *Node) *Node { return graph.Apply(log10{}, x) }

type log10 struct{ floats }

func (log10) Name() string { return "log10" }
func (log10) Doc() graph.Doc {
	return doc("The power of 10 that gives x: orders of magnitude.", "y = log10(x)", "x̄ = ȳ/(x*log(10))")
}
func (log10) Opcode() ir.Op                       { return ir.Log10 }
func (log10) Eval(out Tensor, in ...Tensor)       { map1(out, in, exact.Log10) }
func (log10) VJP(_, ct *Node, x ...*Node) []*Node { return one(Div(ct, Scale(x[0], math.Ln10))) }

// Sqrt returns the square root of x, NaN below 0. Its gradient at 0 is
// infinite: see [Log] for the guard.
func Sqrt(x *Node) *Node { return graph.Apply(sqrt{}, x) }

type sqrt struct{ floats }

func (sqrt) Name() string { return "sqrt" }
func (sqrt) Doc() graph.Doc {
	return doc("The number whose square is x: it turns variances into deviations.", "y = sqrt(x)", "x̄ = ȳ/(2*y)")
}
func (sqrt) Opcode() ir.Op                       { return ir.Sqrt }
func (sqrt) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Sqrt) }
func (sqrt) VJP(y, ct *Node, _ ...*Node) []*Node { return one(Div(ct, Scale(y, 2))) }

// Rsqrt returns 1/√x: infinite at 0, NaN below.
func Rsqrt(x *Node) *Node { return graph.Apply(rsqrt{}, x) }

type rsqrt struct{ floats }

func (rsqrt) Name() string { return "rsqrt" }
func (rsqrt) Doc() graph.Doc {
	return doc("One over the root of x: the factor that gives a vector of squared length x the length 1.", "y = 1/sqrt(x)", "x̄ = -ȳ*y^3/2")
}
func (rsqrt) Opcode() ir.Op { return ir.Rsqrt }
func (rsqrt) Eval(out Tensor, in ...Tensor) {
	map1(out, in, func(x float64) float64 { return 1 / math.Sqrt(x) })
}
func (rsqrt) VJP(y, ct *Node, _ ...*Node) []*Node {
	return one(Mul(ct, Scale(Mul(Square(y), y), -0.5)))
}

// Sin returns the sine of x, in radians.
func Sin(x *Node) *Node { return graph.Apply(sin{}, x) }

type sin struct{ floats }

func (sin) Name() string { return "sin" }
func (sin) Doc() graph.Doc {
	return doc("The sine of an angle in radians: a smooth wave, used to encode positions.", "y = sin(x)", "x̄ = ȳ*cos(x)")
}
func (sin) Opcode() ir.Op                       { return ir.Sin }
func (sin) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Sin) }
func (sin) VJP(_, ct *Node, x ...*Node) []*Node { return one(Mul(ct, Cos(x[0]))) }

// Cos returns the cosine of x, in radians.
func Cos(x *Node) *Node { return graph.Apply(cos{}, x) }

type cos struct{ floats }

func (cos) Name() string { return "cos" }
func (cos) Doc() graph.Doc {
	return doc("The cosine of an angle in radians: the sine a quarter turn ahead.", "y = cos(x)", "x̄ = -ȳ*sin(x)")
}
func (cos) Opcode() ir.Op                       { return ir.Cos }
func (cos) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Cos) }
func (cos) VJP(_, ct *Node, x ...*Node) []*Node { return one(Neg(Mul(ct, Sin(x[0])))) }

// Tan returns the tangent of x, in radians.
func Tan(x *Node) *Node { return graph.Apply(tan{}, x) }

type tan struct{ floats }

func (tan) Name() string { return "tan" }
func (tan) Doc() graph.Doc {
	return doc("The tangent of an angle in radians: sine over cosine, infinite at a quarter turn.", "y = tan(x)", "x̄ = ȳ*(1 + y^2)")
}
func (tan) Opcode() ir.Op                       { return ir.Tan }
func (tan) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Tan) }
func (tan) VJP(y, ct *Node, _ ...*Node) []*Node { return one(Mul(ct, Add(Square(y), num(1)))) }

// Asin returns the angle in [-π/2, π/2] whose sine is x; NaN outside [-1, 1].
// Its gradient at ±1 is infinite.
func Asin(x *Node) *Node { return graph.Apply(asin{}, x) }

type asin struct{ floats }

func (asin) Name() string { return "asin" }
func (asin) Doc() graph.Doc {
	return doc("The angle whose sine is x.", "y = asin(x)", "x̄ = ȳ/sqrt(1 - x^2)")
}
func (asin) Opcode() ir.Op                       { return ir.Asin }
func (asin) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Asin) }
func (asin) VJP(_, ct *Node, x ...*Node) []*Node { return one(Mul(ct, Rsqrt(OneMinus(Square(x[0]))))) }

// Acos returns the angle in [0, π] whose cosine is x; NaN outside [-1, 1]. Its
// gradient at ±1 is infinite.
func Acos(x *Node) *Node { return graph.Apply(acos{}, x) }

type acos struct{ floats }

func (acos) Name() string { return "acos" }
func (acos) Doc() graph.Doc {
	return doc("The angle whose cosine is x, such as that between two vectors of length 1.", "y = acos(x)", "x̄ = -ȳ/sqrt(1 - x^2)")
}
func (acos) Opcode() ir.Op                 { return ir.Acos }
func (acos) Eval(out Tensor, in ...Tensor) { map1(out, in, math.Acos) }
func (acos) VJP(_, ct *Node, x ...*Node) []*Node {
	return one(Neg(Mul(ct, Rsqrt(OneMinus(Square(x[0]))))))
}

// Atan returns the angle in (-π/2, π/2) whose tangent is x.
func Atan(x *Node) *Node { return graph.Apply(atan{}, x) }

type atan struct{ floats }

func (atan) Name() string { return "atan" }
func (atan) Doc() graph.Doc {
	return doc("The angle whose tangent is x: it limits any number to a quarter turn on either side.", "y = atan(x)", "x̄ = ȳ/(1 + x^2)")
}
func (atan) Opcode() ir.Op                       { return ir.Atan }
func (atan) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Atan) }
func (atan) VJP(_, ct *Node, x ...*Node) []*Node { return one(Div(ct, Add(Square(x[0]), num(1)))) }

// Sinh returns the hyperbolic sine of x.
func Sinh(x *Node) *Node { return graph.Apply(sinh{}, x) }

type sinh struct{ floats }

func (sinh) Name() string { return "sinh" }
func (sinh) Doc() graph.Doc {
	return doc("The hyperbolic sine: half of exp(x) - exp(-x).", "y = (exp(x) - exp(-x))/2", "x̄ = ȳ*cosh(x)")
}
func (sinh) Opcode() ir.Op                       { return ir.Sinh }
func (sinh) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Sinh) }
func (sinh) VJP(_, ct *Node, x ...*Node) []*Node { return one(Mul(ct, Cosh(x[0]))) }

// Cosh returns the hyperbolic cosine of x.
func Cosh(x *Node) *Node { return graph.Apply(cosh{}, x) }

type cosh struct{ floats }

func (cosh) Name() string { return "cosh" }
func (cosh) Doc() graph.Doc {
	return doc("The hyperbolic cosine: half of exp(x) + exp(-x), the form of a hanging chain.", "y = (exp(x) + exp(-x))/2", "x̄ = ȳ*sinh(x)")
}
func (cosh) Opcode() ir.Op                       { return ir.Cosh }
func (cosh) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Cosh) }
func (cosh) VJP(_, ct *Node, x ...*Node) []*Node { return one(Mul(ct, Sinh(x[0]))) }

// Tanh returns the hyperbolic tangent of x.
func Tanh(x *Node) *Node { return graph.Apply(tanh{}, x) }

type tanh struct{ floats }

func (tanh) Name() string { return "tanh" }
func (tanh) Doc() graph.Doc {
	return doc("Limits any number smoothly to (-1, 1): the classical activation of hidden units.", "y = tanh(x)", "x̄ = ȳ*(1 - y^2)")
}
func (tanh) Opcode() ir.Op                       { return ir.Tanh }
func (tanh) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Tanh) }
func (tanh) VJP(y, ct *Node, _ ...*Node) []*Node { return one(Mul(ct, OneMinus(Square(y)))) }

// Asinh returns the inverse of the hyperbolic sine.
func Asinh(x *Node) *Node { return graph.Apply(asinh{}, x) }

type asinh struct{ floats }

func (asinh) Name() string { return "asinh" }
func (asinh) Doc() graph.Doc {
	return doc("The inverse of the hyperbolic sine: linear near 0, a logarithm with sign far from it.", "y = asinh(x)", "x̄ = ȳ/sqrt(x^2 + 1)")
}
func (asinh) Opcode() ir.Op                 { return ir.Asinh }
func (asinh) Eval(out Tensor, in ...Tensor) { map1(out, in, math.Asinh) }
func (asinh) VJP(_, ct *Node, x ...*Node) []*Node {
	return one(Mul(ct, Rsqrt(Add(Square(x[0]), num(1)))))
}

// Acosh returns the inverse of the hyperbolic cosine, NaN below 1. Its gradient
// at 1 is infinite.
func Acosh(x *Node) *Node { return graph.Apply(acosh{}, x) }

type acosh struct{ floats }

func (acosh) Name() string { return "acosh" }
func (acosh) Doc() graph.Doc {
	return doc("The inverse of the hyperbolic cosine.", "y = acosh(x)", "x̄ = ȳ/sqrt(x^2 - 1)")
}
func (acosh) Opcode() ir.Op                 { return ir.Acosh }
func (acosh) Eval(out Tensor, in ...Tensor) { map1(out, in, math.Acosh) }
func (acosh) VJP(_, ct *Node, x ...*Node) []*Node {
	return one(Mul(ct, Rsqrt(Sub(Square(x[0]), num(1)))))
}

// Atanh returns the inverse of the hyperbolic tangent, NaN outside [-1, 1].
func Atanh(x *Node) *Node { return graph.Apply(atanh{}, x) }

type atanh struct{ floats }

func (atanh) Name() string { return "atanh" }
func (atanh) Doc() graph.Doc {
	return doc("The inverse of the hyperbolic tangent: it stretches (-1, 1) to all numbers.", "y = atanh(x)", "x̄ = ȳ/(1 - x^2)")
}
func (atanh) Opcode() ir.Op                       { return ir.Atanh }
func (atanh) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Atanh) }
func (atanh) VJP(_, ct *Node, x ...*Node) []*Node { return one(Div(ct, OneMinus(Square(x[0])))) }

// Erf returns the error function 2/√π ∫₀ˣ exp(-t²) dt.
func Erf(x *Node) *Node { return graph.Apply(erf{}, x) }

type erf struct{ floats }

func (erf) Name() string { return "erf" }
func (erf) Doc() graph.Doc {
	return doc("The error function, an S-shaped curve: the share of a normal distribution around its mean.", "y = erf(x)", "x̄ = 2*ȳ*exp(-x^2)/sqrt(π)")
}
func (erf) Opcode() ir.Op                       { return ir.Erf }
func (erf) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Erf) }
func (erf) VJP(_, ct *Node, x ...*Node) []*Node { return one(Mul(ct, bell(x[0], 2/math.SqrtPi))) }

// bell returns c·exp(-x²).
func bell(x *Node, c float64) *Node { return Scale(Exp(Neg(Square(x))), c) }

// Erfc returns 1 - Erf(x), exact where that is near 0.
func Erfc(x *Node) *Node { return graph.Apply(erfc{}, x) }

type erfc struct{ floats }

func (erfc) Name() string { return "erfc" }
func (erfc) Doc() graph.Doc {
	return doc("One minus the error function, exact also where that is near 0: the tails of a normal distribution.", "y = 1 - erf(x)", "x̄ = -2*ȳ*exp(-x^2)/sqrt(π)")
}
func (erfc) Opcode() ir.Op                       { return ir.Erfc }
func (erfc) Eval(out Tensor, in ...Tensor)       { map1(out, in, math.Erfc) }
func (erfc) VJP(_, ct *Node, x ...*Node) []*Node { return one(Mul(ct, bell(x[0], -2/math.SqrtPi))) }

// Sigmoid returns 1/(1+exp(-x)).
func Sigmoid(x *Node) *Node { return graph.Apply(sigmoid{}, x) }

type sigmoid struct{ floats }

func (sigmoid) Name() string { return "sigmoid" }
func (sigmoid) Doc() graph.Doc {
	return doc("Limits any number smoothly to (0, 1): a logit becomes a probability, or a gate opens.", "y = 1/(1 + exp(-x))", "x̄ = ȳ*y*(1 - y)")
}
func (sigmoid) Opcode() ir.Op { return ir.Sigmoid }
func (sigmoid) Eval(out Tensor, in ...Tensor) {
	map1(out, in, func(x float64) float64 {
		if x < 0 { // exp(-x) would overflow
			e := math.Exp(x)
			return e / (1 + e)
		}
		return 1 / (1 + math.Exp(-x))
	})
}
func (sigmoid) VJP(y, ct *Node, _ ...*Node) []*Node { return one(Mul(ct, Mul(y, OneMinus(y)))) }

// Softplus returns log(1+exp(x)), computed without overflow.
func Softplus(x *Node) *Node { return graph.Apply(softplus{}, x) }

type softplus struct{ floats }

func (softplus) Name() string { return "softplus" }
func (softplus) Doc() graph.Doc {
	return doc("A smooth ReLU, always positive: the logarithm in losses on logits, without overflow.", "y = log(1 + exp(x))", "x̄ = ȳ*sigmoid(x)")
}
func (softplus) Opcode() ir.Op { return ir.Softplus }
func (softplus) Eval(out Tensor, in ...Tensor) {
	map1(out, in, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) })
}
func (softplus) VJP(_, ct *Node, x ...*Node) []*Node { return one(Mul(ct, Sigmoid(x[0]))) }

// ReLU returns max(x, 0). Its gradient at 0 is 0.
func ReLU(x *Node) *Node { return graph.Apply(relu{}, x) }

type relu struct{ numbers }

func (relu) Name() string { return "relu" }
func (relu) Doc() graph.Doc {
	return doc("Keeps positive numbers and makes the others 0: the plain activation of deep networks.", "y = max(x, 0)", "x̄ = where(x > 0, ȳ, 0)")
}
func (relu) Opcode() ir.Op { return ir.ReLU }
func (relu) Eval(out Tensor, in ...Tensor) {
	each1(out, in, func(x float64) float64 { return max(x, 0) }, func(x int64) int64 { return max(x, 0) })
}
func (relu) VJP(_, ct *Node, x ...*Node) []*Node {
	return one(Where(Greater(x[0], num(0)), ct, num(0)))
}

// Floor returns the largest integer not above x. Its gradient is 0.
func Floor(x *Node) *Node { return graph.Apply(floor{}, x) }

type floor struct {
	floats
	flat
}

func (floor) Name() string { return "floor" }
func (floor) Doc() graph.Doc {
	return doc("The largest whole number that is not above x; being flat, it passes no gradient.", "y = floor(x)", "x̄ = 0")
}
func (floor) Opcode() ir.Op                 { return ir.Floor }
func (floor) Eval(out Tensor, in ...Tensor) { map1(out, in, math.Floor) }

// Ceil returns the smallest integer not below x. Its gradient is 0.
func Ceil(x *Node) *Node { return graph.Apply(ceil{}, x) }

type ceil struct {
	floats
	flat
}

func (ceil) Name() string { return "ceil" }
func (ceil) Doc() graph.Doc {
	return doc("The smallest whole number that is not below x; being flat, it passes no gradient.", "y = ceil(x)", "x̄ = 0")
}
func (ceil) Opcode() ir.Op                 { return ir.Ceil }
func (ceil) Eval(out Tensor, in ...Tensor) { map1(out, in, math.Ceil) }

// Round returns the nearest integer, the even one of two. Its gradient is 0.
func Round(x *Node) *Node { return graph.Apply(round{}, x) }

type round struct {
	floats
	flat
}

func (round) Name() string { return "round" }
func (round) Doc() graph.Doc {
	return doc("The nearest whole number, the even one of two; being flat, it passes no gradient.", "y = round(x)", "x̄ = 0")
}
func (round) Opcode() ir.Op                 { return ir.Round }
func (round) Eval(out Tensor, in ...Tensor) { map1(out, in, math.RoundToEven) }

// Trunc returns x without its fraction: the nearest integer toward 0. Its
// gradient is 0.
func Trunc(x *Node) *Node { return Mul(Sign(x), Floor(Abs(x))) }

// Frac returns the fraction of x, with its sign: x - [Trunc](x).
func Frac(x *Node) *Node { return Sub(x, Trunc(x)) }

// Sinc returns sin(πx)/(πx), 1 at 0. Near 0 it is a polynomial, so that its
// gradients of any order are right there.
func Sinc(x *Node) *Node {
	near := Less(Abs(x), num(0.25))
	t := Square(Scale(Where(near, x, num(0)), math.Pi))
	poly := num(1)
	for k := 16.0; k > 0; k -= 2 { // 1 - t/(2·3)·(1 - t/(4·5)·(1 - ...))
		poly = OneMinus(Mul(Scale(t, 1/(k*(k+1))), poly))
	}
	angle := Scale(Where(near, num(1), x), math.Pi)
	return Where(near, poly, Div(Sin(angle), angle))
}

// Logit returns log(x/(1-x)), the inverse of [Sigmoid]: infinite at 0 and 1,
// NaN outside of them. To stay finite limit x with [Clamp] before.
func Logit(x *Node) *Node { return Log(Div(x, OneMinus(x))) }

// each1 computes an elementwise function of one number, given for floats and
// for integers.
func each1(out Tensor, in []Tensor, f func(x float64) float64, whole func(x int64) int64) {
	if out.DType.Float() {
		map1(out, in, f)
		return
	}
	for i := range out.Len() {
		out.SetInt(i, whole(in[0].Int(i)))
	}
}

// zeroOf returns zeros like x if x is known to be zero, else nil: what an op
// that maps zero to zero simplifies to.
func zeroOf(x *Node) *Node {
	if graph.IsZero(x) {
		return x
	}
	return nil
}
