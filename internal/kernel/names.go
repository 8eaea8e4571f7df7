package kernel

var names = [numOps]string{
	Copy: "copy", Neg: "neg", Abs: "abs", Sign: "sign", Square: "square", Recip: "recip", Sqrt: "sqrt", Rsqrt: "rsqrt",
	Exp: "exp", Exp2: "exp2", Expm1: "expm1", Log: "log", Log1p: "log1p", Log2: "log2", Log10: "log10",
	Sin: "sin", Cos: "cos", Tan: "tan", Asin: "asin", Acos: "acos", Atan: "atan", Sinh: "sinh", Cosh: "cosh", Tanh: "tanh",
	Asinh: "asinh", Acosh: "acosh", Atanh: "atanh", Erf: "erf", Erfc: "erfc", Sigmoid: "sigmoid", Softplus: "softplus", ReLU: "relu",
	Floor: "floor", Ceil: "ceil", Round: "round", IsNaN: "isnan", Not: "not",
	Add: "add", Sub: "sub", Mul: "mul", Div: "div", Maximum: "maximum", Minimum: "minimum", Pow: "pow", Atan2: "atan2", Mod: "mod",
	Hypot: "hypot", LogAddExp: "logaddexp", Equal: "equal", Less: "less", LessEqual: "lessequal", And: "and", Or: "or", Xor: "xor",
	Where: "where", FMA: "fma", FMS: "fms", FNMA: "fnma", AddMul: "addmul", SubMul: "submul", ExpSub: "expsub", MulMul: "mulmul",
	Above: "above", ExpSubSum: "expsubsum", Sum: "sum", SumSquares: "sumsquares", Dot: "dot", Max: "max", Min: "min", Prod: "prod",
	FromBool: "frombool", FromI32: "fromi32", FromI64: "fromi64", FromF32: "fromf32", FromF64: "fromf64",
	ToBool: "tobool", ToI32: "toi32", ToI64: "toi64",
}

// String returns the name, such as "expm1".
func (o Op) String() string { return names[o] }
