package kernel

// An Op is one function of elements, or of rows of them. Truth is 1, and
// anything but 0 is true.
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

	Where     // x if it is true, then y, else z
	FMA       // x·y + z, rounded once
	FMS       // x·y - z
	FNMA      // z - x·y
	AddMul    // (x + y)·z
	SubMul    // (x - y)·z
	ExpSub    // exp(x - y)
	MulMul    // x·y·z
	Above     // z where x > y, else 0
	ExpSubSum // exp(x - y) of the row, and its sum to X[2]

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
	case o >= Where && o <= ExpSubSum && o != ExpSub:
		return 3
	case o >= Add && o <= Xor, o == ExpSub, o == Dot:
		return 2
	}
	return 1
}

// Pointwise reports whether each element of the result depends on the elements
// at its place alone, so that the result may overwrite an operand.
func (o Op) Pointwise() bool { return o < Sum && o != ExpSubSum }
