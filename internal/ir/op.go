package ir

import (
	"math"

	"github.com/adjointml/adjoint/internal/exact"
)

// An Op is what a Map or a Reduce computes of each element or row. Truth is 1,
// and anything but 0 is true.
type Op uint8

// The functions of elements, and the reductions.
const (
	Copy Op = iota
	Neg
	Abs
	Sign
	Square
	Recip
	Sqrt
	Rsqrt
	Exp
	Exp2
	Expm1
	Log
	Log1p
	Log2
	Log10
	Sin
	Cos
	Tan
	Asin
	Acos
	Atan
	Sinh
	Cosh
	Tanh
	Asinh
	Acosh
	Atanh
	Erf
	Erfc
	Sigmoid
	Softplus
	ReLU
	Floor
	Ceil
	Round
	IsNaN
	Not
	Convert // to another dtype

	Add
	Sub
	Mul
	Div
	Maximum
	Minimum
	Pow
	Atan2
	Mod
	Hypot
	LogAddExp
	Equal
	Less
	LessEqual
	And
	Or
	Xor
	Index // x, an integer from -y to y-1, as a float from 0: a place along an axis of length y

	Finite // x, a single number; the run fails if it is NaN or infinite

	Where

	Sum
	Max
	Min
	Prod
	Pick // the element of a row that the second operand says
	NumOps
)

// table holds the name of each op and the time of one element in cache, in
// hundredths of a nanosecond, by which the engine decides between computing
// again and keeping.
var table = [NumOps]struct {
	name string
	cost int
}{
	Copy: {"copy", 4}, Neg: {"neg", 4}, Abs: {"abs", 4}, Sign: {"sign", 6}, Square: {"square", 4}, Recip: {"recip", 10},
	Sqrt: {"sqrt", 12}, Rsqrt: {"rsqrt", 12}, Exp: {"exp", 14}, Exp2: {"exp2", 14}, Expm1: {"expm1", 18}, Log: {"log", 16},
	Log1p: {"log1p", 20}, Log2: {"log2", 16}, Log10: {"log10", 16}, Sin: {"sin", 20}, Cos: {"cos", 20}, Tan: {"tan", 1000},
	Asin: {"asin", 1000}, Acos: {"acos", 1000}, Atan: {"atan", 1000}, Sinh: {"sinh", 1000}, Cosh: {"cosh", 1000}, Tanh: {"tanh", 20},
	Asinh: {"asinh", 2000}, Acosh: {"acosh", 2000}, Atanh: {"atanh", 2000}, Erf: {"erf", 20}, Erfc: {"erfc", 30}, Sigmoid: {"sigmoid", 18},
	Softplus: {"softplus", 30}, ReLU: {"relu", 4}, Floor: {"floor", 4}, Ceil: {"ceil", 4}, Round: {"round", 4}, IsNaN: {"isnan", 4},
	Not: {"not", 4}, Convert: {"convert", 4}, Add: {"add", 5}, Sub: {"sub", 5}, Mul: {"mul", 5}, Div: {"div", 10},
	Maximum: {"maximum", 6}, Minimum: {"minimum", 6}, Pow: {"pow", 60}, Atan2: {"atan2", 2000}, Mod: {"mod", 1000}, Hypot: {"hypot", 1000},
	LogAddExp: {"logaddexp", 60}, Equal: {"equal", 5}, Less: {"less", 5}, LessEqual: {"lessequal", 5}, And: {"and", 5}, Or: {"or", 5},
	Xor: {"xor", 5}, Index: {"index", 50}, Finite: {"finite", 4}, Where: {"where", 7}, Sum: {"sum", 4}, Max: {"max", 4}, Min: {"min", 4}, Prod: {"prod", 50}, Pick: {"pick", 4},
}

// String returns the name, such as "exp".
func (o Op) String() string { return table[o].name }

// Cost returns the time of one element in cache in hundredths of a nanosecond.
func (o Op) Cost() int { return table[o].cost }

// Compares reports whether the result is a truth about numbers.
func (o Op) Compares() bool { return o >= Equal && o <= LessEqual || o == IsNaN }

// logical reports whether the operands are truths.
func (o Op) logical() bool { return o >= And && o <= Xor || o == Not }

// Truth returns b as a number.
func Truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Apply computes an op of floats: the folding of constants and programs of
// single numbers. Where, Convert and reductions are not here.
func Apply(o Op, x, y float64) float64 {
	switch o {
	case Copy:
		return x
	case Neg:
		return -x
	case Abs:
		return math.Abs(x)
	case Sign:
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return x
	case Square:
		return x * x
	case Recip:
		return 1 / x
	case Sqrt:
		return math.Sqrt(x)
	case Rsqrt:
		return 1 / math.Sqrt(x)
	case Exp:
		return exact.Exp(x)
	case Exp2:
		return math.Exp2(x)
	case Expm1:
		return math.Expm1(x)
	case Log:
		return exact.Log(x)
	case Log1p:
		return math.Log1p(x)
	case Log2:
		return exact.Log2(x)
	case Log10:
		return exact.Log10(x)
	case ReLU:
		if x < 0 {
			return 0
		}
		return x
	case Floor:
		return math.Floor(x)
	case Ceil:
		return math.Ceil(x)
	case Round:
		return math.RoundToEven(x)
	case IsNaN:
		return Truth(x != x)
	case Not:
		return Truth(x == 0)
	case Add:
		return x + y
	case Sub:
		return x - y
	case Mul:
		return x * y
	case Div:
		return x / y
	case Maximum:
		return max(x, y)
	case Minimum:
		return min(x, y)
	case Pow:
		return exact.Pow(x, y)
	case Equal:
		return Truth(x == y)
	case Less:
		return Truth(x < y)
	case LessEqual:
		return Truth(x <= y)
	case And:
		return Truth(x != 0 && y != 0)
	case Or:
		return Truth(x != 0 || y != 0)
	case Xor:
		return Truth((x != 0) != (y != 0))
	}
	return applyRare(o, x, y)
}

func applyRare(o Op, x, y float64) float64 {
	switch o {
	case Sin:
		return math.Sin(x)
	case Cos:
		return math.Cos(x)
	case Tan:
		return math.Tan(x)
	case Asin:
		return math.Asin(x)
	case Acos:
		return math.Acos(x)
	case Atan:
		return math.Atan(x)
	case Sinh:
		return math.Sinh(x)
	case Cosh:
		return math.Cosh(x)
	case Tanh:
		return math.Tanh(x)
	case Asinh:
		return math.Asinh(x)
	case Acosh:
		return math.Acosh(x)
	case Atanh:
		return math.Atanh(x)
	case Erf:
		return math.Erf(x)
	case Erfc:
		return math.Erfc(x)
	case Sigmoid:
		if x < 0 { // exp(-x) would overflow
			e := math.Exp(x)
			return e / (1 + e)
		}
		return 1 / (1 + math.Exp(-x))
	case Softplus:
		return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	case Atan2:
		return math.Atan2(x, y)
	case Mod:
		r := math.Mod(x, y)
		if r != 0 && (r < 0) != (y < 0) {
			r += y
		}
		return r
	case Hypot:
		return math.Hypot(x, y)
	case LogAddExp:
		if x == y { // also where both are infinite
			return x + math.Ln2
		}
		return max(x, y) + math.Log1p(math.Exp(-math.Abs(x-y)))
	}
	panic("ir: no such function: " + o.String())
}
