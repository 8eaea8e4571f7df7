package ops

import (
	"math"

	"github.com/adjointml/adjoint/graph"
)

// LeakyReLU returns x where it is positive, else slope·x. Its gradient at 0 is
// the slope.
func LeakyReLU(x *Node, slope float64) *Node {
	return Where(Greater(x, num(0)), x, Scale(x, slope))
}

// PReLU is [LeakyReLU] with a learned slope, which broadcasts against x.
func PReLU(x, slope *Node) *Node {
	below := Mul(x, slope)
	return Where(Greater(x, num(0)), x, below)
}

// ELU returns x where it is positive, else alpha·(exp(x)-1) (Clevert et al.
// 2016, arXiv:1511.07289). Its gradient at 0 is alpha.
func ELU(x *Node, alpha float64) *Node {
	return Where(Greater(x, num(0)), x, Scale(Expm1(negativePart(x)), alpha))
}

// negativePart returns min(x, 0) with a gradient of 1 at 0: what stands below a
// kink, so that the unused branch cannot overflow.
func negativePart(x *Node) *Node { return Where(Greater(x, num(0)), num(0), x) }

// SELU returns the scaled [ELU] that keeps mean 0 and variance 1 (Klambauer et
// al. 2017, arXiv:1706.02515).
func SELU(x *Node) *Node {
	const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
	return Scale(ELU(x, alpha), scale)
}

// CELU returns max(0, x) + min(0, alpha·(exp(x/alpha)-1)) (Barron 2017,
// arXiv:1704.07483). Its gradient at 0 is 1.
func CELU(x *Node, alpha float64) *Node {
	return Where(Greater(x, num(0)), x, Scale(Expm1(Scale(negativePart(x), 1/alpha)), alpha))
}

// GELU returns x·Φ(x), Φ being the normal distribution, exactly (Hendrycks and
// Gimpel 2016, arXiv:1606.08415).
func GELU(x *Node) *Node {
	return Mul(x, Scale(Erfc(Scale(x, -1/math.Sqrt2)), 0.5))
}

// GELUTanh returns the approximation 0.5·x·(1+tanh(√(2/π)·(x+0.044715·x³))) of
// [GELU].
func GELUTanh(x *Node) *Node {
	inner := Scale(Mul(x, Add(Scale(Square(x), 0.044715), num(1))), math.Sqrt(2/math.Pi))
	return Mul(Scale(x, 0.5), Add(Tanh(inner), num(1)))
}

// SiLU returns x·sigmoid(x), also called swish (Elfwing et al. 2017,
// arXiv:1702.03118).
func SiLU(x *Node) *Node { return Mul(x, Sigmoid(x)) }

// Mish returns x·tanh(softplus(x)) (Misra 2019, arXiv:1908.08681).
func Mish(x *Node) *Node { return Mul(x, Tanh(Softplus(x))) }

// LogSigmoid returns log(sigmoid(x)), computed without overflow.
func LogSigmoid(x *Node) *Node { return Neg(Softplus(Neg(x))) }

// Softsign returns x/(1+|x|).
func Softsign(x *Node) *Node { return Div(x, Add(Abs(x), num(1))) }

// HardTanh returns x limited to [lo, hi]. Its gradient at the ends is 0.
func HardTanh(x *Node, lo, hi float64) *Node {
	inside := And(Greater(x, num(lo)), Less(x, num(hi)))
	return Where(inside, x, StopGradient(Clamp(x, num(lo), num(hi))))
}

// ReLU6 returns x limited to [0, 6]. Its gradient at the ends is 0.
func ReLU6(x *Node) *Node { return HardTanh(x, 0, 6) }

// HardSigmoid returns x/6 + 1/2 limited to [0, 1]. Its gradient at the ends is
// 0.
func HardSigmoid(x *Node) *Node {
	return Scale(ReLU6(Add(x, num(3))), 1.0/6) // the limits are met exactly, however it is rounded
}

// HardSwish returns x·HardSigmoid(x) (Howard et al. 2019, arXiv:1905.02244).
// Its gradient at -3 and 3 follows PyTorch: that of the middle piece.
func HardSwish(x *Node) *Node {
	middle := Mul(x, Add(Scale(x, 1.0/6), num(0.5)))
	return Where(Less(x, num(-3)), num(0), Where(Greater(x, num(3)), x, middle))
}

// TanhShrink returns x - tanh(x).
func TanhShrink(x *Node) *Node { return Sub(x, Tanh(x)) }

// SoftShrink returns x moved toward 0 by lambda, and 0 where |x| <= lambda.
func SoftShrink(x *Node, lambda float64) *Node {
	return Where(Greater(x, num(lambda)), Sub(x, num(lambda)),
		Where(Less(x, num(-lambda)), Add(x, num(lambda)), Mul(x, num(0))))
}

// HardShrink returns x, and 0 where |x| <= lambda.
func HardShrink(x *Node, lambda float64) *Node {
	inside := And(LessEqual(x, num(lambda)), GreaterEqual(x, num(-lambda)))
	return Where(inside, num(0), x) // a NaN is not inside
}

// Threshold returns the given value where x is not above the threshold, else x,
// which may be NaN.
func Threshold(x *Node, threshold, value float64) *Node {
	return Where(LessEqual(x, num(threshold)), num(value), x)
}

// GLU splits x in two along the axis and returns the first half times the
// sigmoid of the second (Dauphin et al. 2017, arXiv:1612.08083). The axis has
// a known, even length.
func GLU(x *Node, axis int) *Node {
	if bad := broken("glu", x); bad != nil {
		return bad
	}
	n := x.Shape().Dim(axis)
	if n < 0 || n%2 != 0 {
		return graph.Fail("glu", []*Node{x}, "want an axis %d of known, even length, got {0}", axis)
	}
	half := Split(x, axis, n/2, n/2)
	return Mul(half[0], Sigmoid(half[1]))
}

// Softmax returns exp(x) / Σ exp(x) along the axis, computed after subtracting
// the maximum so that it never overflows. Over logits the axis is mostly -1.
// For losses use [LogSoftmax], which keeps small probabilities exact.
func Softmax(x *Node, axis int) *Node {
	if bad := brokenAxis("softmax", x, axis); bad != nil {
		return bad
	}
	e := Exp(Sub(x, StopGradient(Keep(Max, x, axis))))
	return Div(e, Keep(Sum, e, axis))
}

// LogSoftmax returns x - log Σ exp(x) along the axis, computed after
// subtracting the maximum so that it never overflows.
func LogSoftmax(x *Node, axis int) *Node {
	if bad := brokenAxis("logsoftmax", x, axis); bad != nil {
		return bad
	}
	centered := Sub(x, StopGradient(Keep(Max, x, axis)))
	return Sub(centered, Log(Keep(Sum, Exp(centered), axis)))
}
