package kernel

// An Op is one function of elements, or of rows of them. Truth is 1, and
// anything but 0 is true.
//
// In assembly an elementwise result is not further from the truth, in ulp, than
//
//	1    Rsqrt Exp Exp2 ExpSub Log Pow
//	1.5  Log1p Sin Cos Erf
//	2    Expm1 Log2 Log10 Sigmoid Softplus
//	2.5  Tanh
//	4    Erfc, and of ErfcMul the function
//	3    LogAddExp, in ulp of the largest of the result and the operands
//
// and the others are exact, which means rounded once, or once for each step of
// AddMul, SubMul, SubSub, MulMul, the difference of ExpSub and the products of ErfcMul. This holds for all
// numbers, also denormal results, infinities and NaN. For float64 it is tested to 2
// ulp more, by which what results are compared with may be off, but for Pow, which has
// the bits of package exact. In Go
// float32 is rounded from a result in float64, and float64 is what package math
// makes of it, mended where that loses digits (package exact). Sums
// in assembly are added in the type itself, in 4 registers at a time, and in Go
// in float64.
type Op uint8

// The functions. Maximum, Minimum and their reductions are NaN if an operand
// is; comparisons with NaN are false.
const (
	Copy Op = iota // x; of kind S it fills the row
	Neg
	Abs
	Sign // -1, 0 or 1; ±0 and NaN stay
	Square
	Recip // 1/x
	Sqrt
	Rsqrt // 1/√x
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
	Softplus // log(1+exp(x))
	ReLU     // max(x, 0); NaN stays
	Floor
	Ceil
	Round // half to even
	IsNaN
	Not // x == 0

	Add
	Sub
	Mul
	Div
	Maximum
	Minimum
	Pow
	Atan2
	Mod // with the sign of y: x - y·floor(x/y)
	Hypot
	LogAddExp
	Equal
	Less
	LessEqual
	And
	Or
	Xor

	Where   // x if it is true, then y, else z
	FMA     // x·y + z, rounded once
	FMS     // x·y - z
	FNMA    // z - x·y
	AddMul  // (x + y)·z
	SubMul  // (x - y)·z
	ExpSub  // exp(x - y)
	MulMul  // x·y·z
	SubSub  // (x - y) - z
	Above   // z where x > y, else 0
	Match   // z where x = y, else 0
	Unmatch // 0 where x = y, else z
	Choose  // z where x = y, else w
	ErfcMul // erfc(x·y)·z·w

	// functions of elements that write the sum of each row of the result to S
	ExpSubSum // exp(x - y)
	FMASum    // x·y + z, rounded once

	// reductions of a row to D's first element
	Sum
	SumSquares
	Dot // Σ x·y
	Max
	Min
	Prod

	// one operand of another type
	FromBool
	FromI32
	FromI64
	FromF32
	FromF64
	ToBool // x ≠ 0
	ToI32  // toward zero
	ToI64
	numOps
)

// Arity returns the number of operands.
func (o Op) Arity() int {
	switch {
	case o == Choose, o == ErfcMul:
		return 4
	case o >= Where && o <= FMASum && o != ExpSub && o != ExpSubSum:
		return 3
	case o >= Add && o <= Xor, o == ExpSub, o == ExpSubSum, o == Dot:
		return 2
	}
	return 1
}

// Pointwise reports whether each element of the result depends on the elements
// at its place alone, so that the result may overwrite an operand.
func (o Op) Pointwise() bool { return o < ExpSubSum }

// Sums reports whether the op also writes the sums of the rows of its result.
func (o Op) Sums() bool { return o == ExpSubSum || o == FMASum }

var opNames = [numOps]string{
	"copy", "neg", "abs", "sign", "square", "recip", "sqrt", "rsqrt", "exp", "exp2", "expm1", "log",
	"log1p", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
	"asinh", "acosh", "atanh", "erf", "erfc", "sigmoid", "softplus", "relu", "floor", "ceil", "round",
	"isnan", "not", "add", "sub", "mul", "div", "maximum", "minimum", "pow", "atan2", "mod", "hypot",
	"logaddexp", "equal", "less", "lessequal", "and", "or", "xor", "where", "fma", "fms", "fnma",
	"addmul", "submul", "expsub", "mulmul", "subsub", "above", "match", "unmatch", "choose", "erfcmul", "expsubsum", "fmasum", "sum", "sumsquares", "dot", "max",
	"min", "prod", "frombool", "fromi32", "fromi64", "fromf32", "fromf64", "tobool", "toi32", "toi64",
}

// String returns the op's name in lower case, such as "logaddexp".
func (o Op) String() string { return opNames[o] }
