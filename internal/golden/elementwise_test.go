package golden

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

var elementwise = table{
	"abs":        unary(ops.Abs),
	"acos":       unary(ops.Acos),
	"acosh":      unary(ops.Acosh),
	"asin":       unary(ops.Asin),
	"asinh":      unary(ops.Asinh),
	"atan":       unary(ops.Atan),
	"atanh":      unary(ops.Atanh),
	"cos":        unary(ops.Cos),
	"cosh":       unary(ops.Cosh),
	"erf":        unary(ops.Erf),
	"erfc":       unary(ops.Erfc),
	"exp":        unary(ops.Exp),
	"exp2":       unary(ops.Exp2),
	"expm1":      unary(ops.Expm1),
	"log":        unary(ops.Log),
	"log10":      unary(ops.Log10),
	"log1p":      unary(ops.Log1p),
	"log2":       unary(ops.Log2),
	"neg":        unary(ops.Neg),
	"reciprocal": unary(ops.Reciprocal),
	"rsqrt":      unary(ops.Rsqrt),
	"sigmoid":    unary(ops.Sigmoid),
	"sign":       unary(ops.Sign),
	"sin":        unary(ops.Sin),
	"sinh":       unary(ops.Sinh),
	"sqrt":       unary(ops.Sqrt),
	"square":     unary(ops.Square),
	"tan":        unary(ops.Tan),
	"tanh":       unary(ops.Tanh),

	"atan2":     binary(ops.Atan2),
	"hypot":     binary(ops.Hypot),
	"logaddexp": binary(ops.LogAddExp),
	"maximum":   binary(ops.Maximum),
	"minimum":   binary(ops.Minimum),
	"mul":       binary(ops.Mul),
	"pow":       binary(ops.Pow),
	"fmax":      binary(ops.FMax),
	"fmin":      binary(ops.FMin),
	"xlogy":     binary(ops.XLogY),

	"add": {"x y alpha", func(a *args) []*Node {
		return one(ops.Add(a.operand("x"), ops.Scale(a.operand("y"), a.num("alpha", 1))))
	}},
	"sub": {"x y alpha", func(a *args) []*Node {
		return one(ops.Sub(a.operand("x"), ops.Scale(a.operand("y"), a.num("alpha", 1))))
	}},
	"rsub": {"x y alpha", func(a *args) []*Node {
		return one(ops.Sub(a.operand("y"), ops.Scale(a.operand("x"), a.num("alpha", 1))))
	}},
	"div":  {"x y", func(a *args) []*Node { return one(ops.Div(a.operand("x"), a.operand("y"))) }},
	"frac": unary(ops.Frac),
	"sinc": unary(ops.Sinc),
	"logit": {"x eps", func(a *args) []*Node {
		p := a.node("x")
		if eps := a.num("eps", -1); eps >= 0 {
			p = ops.Clamp(p, num(eps), num(1-eps))
		}
		return one(ops.Logit(p))
	}},
	"clamp": {"x lo hi", func(a *args) []*Node {
		return one(ops.Clamp(a.node("x"), a.operand("lo"), a.operand("hi")))
	}},
	"lerp": {"x y weight", func(a *args) []*Node {
		return one(ops.Lerp(a.node("x"), a.node("y"), a.operand("weight")))
	}},
	"where": {"x cond y", func(a *args) []*Node {
		return one(ops.Where(a.node("cond"), a.operand("x"), a.operand("y")))
	}},
	"masked_fill": {"x mask value", func(a *args) []*Node {
		return one(ops.MaskedFill(a.node("x"), a.node("mask"), a.operand("value")))
	}},
	"clone": unary(func(x *Node) *Node { return x }),
	"zero_": unary(func(x *Node) *Node { return graph.Zeros(x.Type()) }),

	"nn.functional.elu": {"x alpha", func(a *args) []*Node {
		return one(ops.ELU(a.node("x"), a.num("alpha", 1)))
	}},
	"nn.functional.celu": {"x alpha", func(a *args) []*Node {
		return one(ops.CELU(a.node("x"), a.num("alpha", 1)))
	}},
	"nn.functional.gelu": {"x approximate", func(a *args) []*Node {
		if a.text("approximate", "none") == "tanh" {
			return one(ops.GELUTanh(a.node("x")))
		}
		return one(ops.GELU(a.node("x")))
	}},
	"nn.functional.glu": {"x dim", func(a *args) []*Node { return one(ops.GLU(a.node("x"), a.int("dim", -1))) }},
	"nn.functional.hardshrink": {"x lambd", func(a *args) []*Node {
		return one(ops.HardShrink(a.node("x"), a.num("lambd", 0.5)))
	}},
	"nn.functional.softshrink": {"x lambd", func(a *args) []*Node {
		return one(ops.SoftShrink(a.node("x"), a.num("lambd", 0.5)))
	}},
	"nn.functional.hardsigmoid": unary(ops.HardSigmoid),
	"nn.functional.hardswish":   unary(ops.HardSwish),
	"nn.functional.hardtanh": {"x min_val max_val", func(a *args) []*Node {
		return one(ops.HardTanh(a.node("x"), a.num("min_val", -1), a.num("max_val", 1)))
	}},
	"nn.functional.leaky_relu": {"x slope", func(a *args) []*Node {
		return one(ops.LeakyReLU(a.node("x"), a.num("slope", 0.01)))
	}},
	"nn.functional.logsigmoid": unary(ops.LogSigmoid),
	"nn.functional.mish":       unary(ops.Mish),
	"nn.functional.prelu": {"x weight", func(a *args) []*Node {
		return one(ops.PReLU(a.node("x"), perChannel(a.node("weight"), a.node("x"))))
	}},
	"nn.functional.relu":  unary(ops.ReLU),
	"nn.functional.relu6": unary(ops.ReLU6),
	"nn.functional.selu":  unary(ops.SELU),
	"nn.functional.silu":  unary(ops.SiLU),
	"nn.functional.softplus": {"x beta threshold", func(a *args) []*Node {
		x, beta := a.node("x"), a.num("beta", 1)
		scaled := ops.Scale(x, beta)
		linear := ops.Greater(scaled, num(a.num("threshold", 20)))
		return one(ops.Where(linear, x, ops.Scale(ops.Softplus(scaled), 1/beta)))
	}},
	"nn.functional.softsign":   unary(ops.Softsign),
	"nn.functional.tanhshrink": unary(ops.TanhShrink),
	"nn.functional.threshold": {"x threshold value", func(a *args) []*Node {
		return one(ops.Threshold(a.node("x"), a.num("threshold", 0), a.num("value", 0)))
	}},
}
