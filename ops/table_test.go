package ops_test

import (
	"math"
	"slices"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// b and n are the lengths of most axes of the table: each line is checked with
// both free, and with both bound to several lengths, 1 and 0 among them.
var b, n = graph.Sym("b"), graph.Sym("n")

// A line of the table says how an op is called, on what, and what it should
// give.
type line struct {
	name  string // of the exported function, and a variant after a slash
	f     func(x ...*node) *node
	args  []arg
	want  func(x []array) []float64 // reference, or nil: tested elsewhere
	known bool                      // the lengths must be known
	full  bool                      // fails where n is 0
	flat  bool                      // its gradient is zero by definition, whatever the values do
}

// An arg says what an operand looks like.
type arg struct {
	dtype  graph.DType
	dims   []graph.Dim
	lo, hi float64
	index  bool // integers of [-n, n)
}

// array is an operand of a reference.
type array struct {
	v     []float64
	shape []int
}

func in(lo, hi float64, dims ...graph.Dim) arg {
	return arg{dtype: graph.Float64, dims: dims, lo: lo, hi: hi}
}
func ints(lo, hi float64, dims ...graph.Dim) arg {
	return arg{dtype: graph.Int64, dims: dims, lo: lo, hi: hi}
}
func index(dims ...graph.Dim) arg { return arg{dtype: graph.Int64, dims: dims, index: true} }
func bools(dims ...graph.Dim) arg { return arg{dtype: graph.Bool, dims: dims, hi: 2} }

// unary is the line of an elementwise function of one operand.
func unary(name string, f func(x *node) *node, lo, hi float64, ref func(x float64) float64) line {
	return line{name: name, f: func(x ...*node) *node { return f(x[0]) }, args: []arg{in(lo, hi, b, n)},
		want: func(x []array) []float64 { return elementwise(x, func(v []float64) float64 { return ref(v[0]) }) }}
}

// binary are the lines of an elementwise function of two operands, with several
// ways to broadcast. The intervals are those of x and of y.
func binary(name string, f func(x, y *node) *node, x, y arg, ref func(x, y float64) float64) (list []line) {
	for _, shapes := range []struct {
		variant string
		x, y    []graph.Dim
	}{
		{"", []graph.Dim{b, n}, []graph.Dim{n}},
		{"/column", []graph.Dim{b, 1}, []graph.Dim{b, n}},
		{"/outer", []graph.Dim{b, 1, 2}, []graph.Dim{n, 1}},
		{"/scalar", []graph.Dim{}, []graph.Dim{b, n}},
	} {
		x.dims, y.dims = shapes.x, shapes.y
		list = append(list, line{name: name + shapes.variant, f: func(x ...*node) *node { return f(x[0], x[1]) }, args: []arg{x, y},
			want: func(x []array) []float64 {
				return elementwise(x, func(v []float64) float64 { return ref(v[0], v[1]) })
			}})
	}
	return list
}

// rows is the line of a function of the rows of a matrix.
func rows(name string, f func(x *node) *node, lo, hi float64, ref func(row []float64) []float64) line {
	return line{name: name, f: func(x ...*node) *node { return f(x[0]) }, args: []arg{in(lo, hi, b, n)},
		want: func(x []array) (out []float64) {
			for i := range x[0].shape[0] {
				k := x[0].shape[1]
				out = append(out, ref(slices.Clone(x[0].v[i*k:(i+1)*k]))...)
			}
			return out
		}}
}

// reduce is the line of a reduction, over the last axis and over all.
func reduce(name string, f func(x *node, axes ...int) *node, lo, hi float64, full bool, ref func(row []float64) float64) []line {
	last := rows(name, func(x *node) *node { return f(x, -1) }, lo, hi, func(row []float64) []float64 { return []float64{ref(row)} })
	last.full = full
	all := line{name: name + "/all", f: func(x ...*node) *node { return f(x[0]) }, args: []arg{in(lo, hi, 2, n)}, full: full,
		want: func(x []array) []float64 { return []float64{ref(x[0].v)} }}
	middle := line{name: name + "/middle", f: func(x ...*node) *node { return f(x[0], 1) }, args: []arg{in(lo, hi, b, n, 2)}, full: full}
	return []line{last, all, middle}
}

// elementwise applies a function to broadcast operands.
func elementwise(x []array, f func(v []float64) float64) []float64 {
	var shape []int
	for _, a := range x {
		for len(shape) < len(a.shape) {
			shape = slices.Insert(shape, 0, 1)
		}
		for i := 1; i <= len(a.shape); i++ {
			if d := a.shape[len(a.shape)-i]; d != 1 {
				shape[len(shape)-i] = d
			}
		}
	}
	out := make([]float64, product(shape))
	v := make([]float64, len(x))
	for i := range out {
		for k, a := range x {
			at, step, rest := 0, 1, i
			for ax := 1; ax <= len(shape); ax++ {
				place := rest % shape[len(shape)-ax]
				rest /= shape[len(shape)-ax]
				if ax <= len(a.shape) {
					if d := a.shape[len(a.shape)-ax]; d != 1 {
						at += place * step
						step *= d
					}
				}
			}
			v[k] = a.v[at]
		}
		out[i] = f(v)
	}
	return out
}

func product(shape []int) int {
	p := 1
	for _, d := range shape {
		p *= d
	}
	return p
}

// table has a line for each exported function of the package, in the order of
// its files.
func table() []line {
	return slices.Concat(unaryLines(), activationLines(), arithLines(), compareLines(), reduceLines(), alongLines(),
		shapeLines(), indexLines(), joinLines(), convLines(), poolLines(), firstLines(), imageLines(), controlLines(), loopLines(), randomLines(),
		orderLines(), scatterLines(), specialLines(), statisticsLines(), matrixLines(), fourierLines())
}

func unaryLines() []line {
	return []line{
		unary("Neg", ops.Neg, -2, 2, func(x float64) float64 { return -x }),
		unary("Abs", ops.Abs, 0.5, 2, math.Abs),
		unary("Abs/negative", ops.Abs, -2, -0.5, math.Abs),
		unary("Sign", ops.Sign, -2, -0.5, func(float64) float64 { return -1 }),
		unary("Square", ops.Square, -2, 2, func(x float64) float64 { return x * x }),
		unary("Reciprocal", ops.Reciprocal, -2, -0.5, func(x float64) float64 { return 1 / x }),
		unary("Exp", ops.Exp, -2, 2, math.Exp),
		unary("Exp2", ops.Exp2, -2, 2, func(x float64) float64 { return math.Pow(2, x) }),
		unary("Expm1", ops.Expm1, -2, 2, math.Expm1),
		unary("Log", ops.Log, 0.5, 3, math.Log),
		unary("Log1p", ops.Log1p, -0.5, 3, math.Log1p),
		unary("Log2", ops.Log2, 0.5, 3, func(x float64) float64 { return math.Log(x) / math.Ln2 }),
		unary("Log10", ops.Log10, 0.5, 3, func(x float64) float64 { return math.Log(x) / math.Ln10 }),
		unary("Sqrt", ops.Sqrt, 0.5, 3, math.Sqrt),
		unary("Rsqrt", ops.Rsqrt, 0.5, 3, func(x float64) float64 { return 1 / math.Sqrt(x) }),
		unary("Sin", ops.Sin, -4, 4, math.Sin),
		unary("Cos", ops.Cos, -4, 4, math.Cos),
		unary("Tan", ops.Tan, -1, 1, math.Tan),
		unary("Asin", ops.Asin, -0.8, 0.8, math.Asin),
		unary("Acos", ops.Acos, -0.8, 0.8, math.Acos),
		unary("Atan", ops.Atan, -3, 3, math.Atan),
		unary("Sinh", ops.Sinh, -2, 2, math.Sinh),
		unary("Cosh", ops.Cosh, -2, 2, math.Cosh),
		unary("Tanh", ops.Tanh, -2, 2, math.Tanh),
		unary("Asinh", ops.Asinh, -3, 3, math.Asinh),
		unary("Acosh", ops.Acosh, 1.5, 4, math.Acosh),
		unary("Atanh", ops.Atanh, -0.8, 0.8, math.Atanh),
		unary("Erf", ops.Erf, -2, 2, math.Erf),
		unary("Erfc", ops.Erfc, -2, 2, math.Erfc),
		unary("Sigmoid", ops.Sigmoid, -5, 5, sigmoid),
		unary("Softplus", ops.Softplus, -5, 5, softplus),
		unary("ReLU", ops.ReLU, 0.5, 2, func(x float64) float64 { return x }),
		unary("ReLU/negative", ops.ReLU, -2, -0.5, func(float64) float64 { return 0 }),
		unary("Floor", ops.Floor, 1.2, 1.8, math.Floor),
		unary("Ceil", ops.Ceil, 1.2, 1.8, math.Ceil),
		unary("Round", ops.Round, 1.6, 2.4, math.Round),
	}
}

func sigmoid(x float64) float64  { return 1 / (1 + math.Exp(-x)) }
func softplus(x float64) float64 { return math.Log1p(math.Exp(x)) }
func gelu(x float64) float64     { return x * 0.5 * (1 + math.Erf(x/math.Sqrt2)) }
func elu(x, a float64) float64   { return max(x, 0) + min(a*(math.Exp(x)-1), 0) }
func clamp(x, lo, hi float64) float64 {
	return min(max(x, lo), hi)
}
func selu(x float64) float64 {
	return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)
}

// with fixes the parameter of an activation.
func with(f func(x *node, a float64) *node, a float64) func(x *node) *node {
	return func(x *node) *node { return f(x, a) }
}

// pieces are lines of a function with kinks, one for each interval.
func pieces(name string, f func(x *node) *node, ref func(x float64) float64, ends ...float64) (list []line) {
	for i := range ends[1:] {
		const gap = 0.2 // what the check's differences need
		l := unary(name, f, ends[i]+gap, ends[i+1]-gap, ref)
		if i > 0 {
			l.name += "/" + string(rune('0'+i))
		}
		list = append(list, l)
	}
	return list
}

func activationLines() []line {
	return slices.Concat(
		pieces("LeakyReLU", with(ops.LeakyReLU, 0.1), func(x float64) float64 { return max(x, 0.1*x) }, -2, 0, 2),
		pieces("ELU", with(ops.ELU, 0.7), func(x float64) float64 { return elu(x, 0.7) }, -2, 0, 2),
		pieces("SELU", ops.SELU, selu, -2, 0, 2),
		pieces("CELU", with(ops.CELU, 0.7), func(x float64) float64 { return max(x, 0) + min(0, 0.7*(math.Exp(x/0.7)-1)) }, -2, 0, 2),
		pieces("Softsign", ops.Softsign, func(x float64) float64 { return x / (1 + math.Abs(x)) }, -2, 0, 2),
		pieces("HardTanh", func(x *node) *node { return ops.HardTanh(x, -1, 2) }, func(x float64) float64 { return clamp(x, -1, 2) }, -3, -1, 2, 4),
		pieces("ReLU6", ops.ReLU6, func(x float64) float64 { return clamp(x, 0, 6) }, -2, 0, 6, 8),
		pieces("HardSigmoid", ops.HardSigmoid, func(x float64) float64 { return clamp(x/6+0.5, 0, 1) }, -5, -3, 3, 5),
		pieces("HardSwish", ops.HardSwish, func(x float64) float64 { return x * clamp(x/6+0.5, 0, 1) }, -5, -3, 3, 5),
		pieces("SoftShrink", with(ops.SoftShrink, 0.5), func(x float64) float64 { return x - clamp(x, -0.5, 0.5) }, -2, -0.5, 0.5, 2),
		pieces("HardShrink", with(ops.HardShrink, 0.5), func(x float64) float64 {
			if math.Abs(x) > 0.5 {
				return x
			}
			return 0
		}, -2, -0.5, 0.5, 2),
		pieces("Threshold", func(x *node) *node { return ops.Threshold(x, 0.5, 7) }, func(x float64) float64 {
			if x > 0.5 {
				return x
			}
			return 7
		}, -1, 0.5, 2),
		binary("PReLU", ops.PReLU, in(-2, -0.5), in(0.1, 0.5), func(x, a float64) float64 { return a * x }),
		[]line{
			unary("GELU", ops.GELU, -3, 3, gelu),
			unary("GELUTanh", ops.GELUTanh, -3, 3, func(x float64) float64 {
				return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
			}),
			unary("SiLU", ops.SiLU, -3, 3, func(x float64) float64 { return x * sigmoid(x) }),
			unary("Mish", ops.Mish, -3, 3, func(x float64) float64 { return x * math.Tanh(softplus(x)) }),
			unary("LogSigmoid", ops.LogSigmoid, -5, 5, func(x float64) float64 { return -softplus(-x) }),
			unary("TanhShrink", ops.TanhShrink, -2, 2, func(x float64) float64 { return x - math.Tanh(x) }),
			{name: "GLU", known: true, args: []arg{in(-2, 2, b, n.Mul(2))},
				f: func(x ...*node) *node { return ops.GLU(x[0], 1) },
				want: func(x []array) (out []float64) {
					half := x[0].shape[1] / 2
					for i := range x[0].shape[0] {
						for j := range half {
							out = append(out, x[0].v[i*2*half+j]*sigmoid(x[0].v[(i*2+1)*half+j]))
						}
					}
					return out
				}},
		},
		full(rows("Softmax", func(x *node) *node { return ops.Softmax(x, -1) }, -3, 3, softmax)),
		full(rows("LogSoftmax", func(x *node) *node { return ops.LogSoftmax(x, -1) }, -3, 3, func(row []float64) []float64 {
			for i, p := range softmax(row) {
				row[i] = math.Log(p)
			}
			return row
		})),
	)
}

// full is a line that fails where n is 0.
func full(l line) []line {
	l.full = true
	return []line{l}
}

func softmax(row []float64) []float64 {
	out, sum := make([]float64, len(row)), 0.0
	for i, x := range row {
		out[i] = math.Exp(x)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func arithLines() []line {
	some, other := in(0.5, 1.5), in(2, 3)
	return slices.Concat(
		binary("Add", ops.Add, some, other, func(x, y float64) float64 { return x + y }),
		binary("Sub", ops.Sub, some, other, func(x, y float64) float64 { return x - y }),
		binary("Mul", ops.Mul, some, other, func(x, y float64) float64 { return x * y }),
		binary("Div", ops.Div, some, in(-3, -1), func(x, y float64) float64 { return x / y }),
		binary("Mod", ops.Mod, in(3.2, 3.8), in(0.95, 1.05), func(x, y float64) float64 { return x - 3*y }),
		binary("Pow", ops.Pow, some, in(-2, 3), math.Pow),
		binary("Maximum", ops.Maximum, some, other, math.Max),
		binary("Minimum", ops.Minimum, some, other, math.Min),
		binary("Atan2", ops.Atan2, in(-3, -1), in(-3, -1), math.Atan2),
		binary("Hypot", ops.Hypot, in(-3, -1), some, math.Hypot),
		binary("LogAddExp", ops.LogAddExp, in(-3, 3), in(-3, 3), func(x, y float64) float64 { return math.Log(math.Exp(x) + math.Exp(y)) }),
		[]line{
			unary("OneMinus", ops.OneMinus, -2, 2, func(x float64) float64 { return 1 - x }),
			unary("Scale", with(ops.Scale, -1.5), -2, 2, func(x float64) float64 { return -1.5 * x }),
			unary("Pow/cube", func(x *node) *node { return ops.Pow(x, graph.Scalar(3)) }, -2, 2, func(x float64) float64 { return x * x * x }),
		},
	)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func compareLines() []line {
	some := ints(-2, 3)
	logic := func(name string, f func(x, y *node) *node, ref func(x, y bool) bool) []line {
		return binary(name, f, bools(), bools(), func(x, y float64) float64 { return truth(ref(x != 0, y != 0)) })
	}
	return slices.Concat(
		binary("Less", ops.Less, some, some, func(x, y float64) float64 { return truth(x < y) }),
		binary("LessEqual", ops.LessEqual, some, some, func(x, y float64) float64 { return truth(x <= y) }),
		binary("Greater", ops.Greater, some, some, func(x, y float64) float64 { return truth(x > y) }),
		binary("GreaterEqual", ops.GreaterEqual, some, some, func(x, y float64) float64 { return truth(x >= y) }),
		binary("Equal", ops.Equal, some, some, func(x, y float64) float64 { return truth(x == y) }),
		binary("NotEqual", ops.NotEqual, some, some, func(x, y float64) float64 { return truth(x != y) }),
		logic("And", ops.And, func(x, y bool) bool { return x && y }),
		logic("Or", ops.Or, func(x, y bool) bool { return x || y }),
		logic("Xor", ops.Xor, func(x, y bool) bool { return x != y }),
		pieces("Clamp", func(x *node) *node { return ops.Clamp(x, graph.Scalar(-1), graph.Scalar(2)) },
			func(x float64) float64 { return clamp(x, -1, 2) }, -3, -1, 2, 4),
		[]line{
			{name: "Not", f: func(x ...*node) *node { return ops.Not(x[0]) }, args: []arg{bools(b, n)},
				want: func(x []array) []float64 {
					return elementwise(x, func(v []float64) float64 { return 1 - v[0] })
				}},
			unary("IsNaN", ops.IsNaN, -2, 2, func(x float64) float64 { return 0 }),
			{name: "Where", f: func(x ...*node) *node { return ops.Where(x[0], x[1], x[2]) }, args: []arg{bools(b, 1), in(-2, 2, n), in(-2, 2, b, n)},
				want: func(x []array) []float64 {
					return elementwise(x, func(v []float64) float64 { return v[0]*v[1] + (1-v[0])*v[2] })
				}},
			{name: "Clamp/bounds", f: func(x ...*node) *node { return ops.Clamp(x[0], x[1], x[2]) },
				args: []arg{in(1, 2, b, n), in(-1, 0, n), in(0.2, 0.8, b, 1)},
				want: func(x []array) []float64 {
					return elementwise(x, func(v []float64) float64 { return clamp(v[0], v[1], v[2]) })
				}},
		},
	)
}

func reduceLines() []line {
	return slices.Concat(
		reduce("Sum", ops.Sum, -2, 2, false, sumOf),
		reduce("Count", ops.Count, -2, 2, false, func(row []float64) float64 { return float64(len(row)) })[1:],
		[]line{rows("Count", func(x *node) *node { return ops.Add(ops.Count(x, 1), ops.Scale(ops.Sum(x, 1), 0)) }, -2, 2,
			func(row []float64) []float64 { return []float64{float64(len(row))} })},
		reduce("Mean", ops.Mean, -2, 2, false, mean),
		reduce("Var", ops.Var, -2, 2, false, variance),
		reduce("Std", ops.Std, -2, 2, false, func(row []float64) float64 { return math.Sqrt(variance(row)) }),
		reduce("Max", ops.Max, -20, 20, true, slices.Max),
		reduce("Min", ops.Min, -20, 20, true, slices.Min),
		reduce("Prod", ops.Prod, -2, 2, false, productOf),
		reduce("LogSumExp", ops.LogSumExp, -2, 2, true, func(row []float64) float64 {
			return math.Log(sumBy(row, math.Exp))
		}),
		reduce("Norm", ops.Norm, 0.5, 2, false, func(row []float64) float64 { return math.Sqrt(sumBy(row, func(x float64) float64 { return x * x })) }),
		normLines(),
		[]line{
			rows("Keep", func(x *node) *node { return ops.Sub(x, ops.Keep(ops.Mean, x, -1)) }, -2, 2, func(row []float64) []float64 {
				m := mean(row)
				for i := range row {
					row[i] -= m
				}
				return row
			}),
			{name: "Any", f: func(x ...*node) *node { return ops.Any(x[0], 1) }, args: []arg{bools(b, n)}},
			{name: "Any/middle", f: func(x ...*node) *node { return ops.Any(x[0], 1) }, args: []arg{bools(b, n, 2)}},
			{name: "All", f: func(x ...*node) *node { return ops.All(x[0], 1) }, args: []arg{bools(b, n)}},
			{name: "All/middle", f: func(x ...*node) *node { return ops.All(x[0], 1) }, args: []arg{bools(b, n, 2)}},
		},
		full(rows("ArgMax", func(x *node) *node { return ops.ArgMax(x, 1) }, -2, 2, func(row []float64) []float64 {
			return []float64{float64(slices.Index(row, slices.Max(row)))}
		})),
		full(rows("ArgMin", func(x *node) *node { return ops.ArgMin(x, 1) }, -2, 2, func(row []float64) []float64 {
			return []float64{float64(slices.Index(row, slices.Min(row)))}
		})),
	)
}

func normLines() (list []line) {
	for i, p := range []float64{0, 1, 2, 3, 1.5, -1, inf, -inf} {
		f := func(x *node, axes ...int) *node { return ops.NormP(x, p, axes...) }
		lines := reduce("NormP", f, -20, -1, math.IsInf(p, 0), func(row []float64) float64 {
			abs := func(x float64) float64 { return math.Abs(x) }
			switch {
			case p == 0:
				return float64(len(row))
			case math.IsInf(p, 1):
				return -slices.Min(row)
			case math.IsInf(p, -1):
				return -slices.Max(row)
			case len(row) == 0:
				return 0
			}
			return math.Pow(sumBy(row, func(x float64) float64 { return math.Pow(abs(x), p) }), 1/p)
		})[:1]
		if i > 0 {
			lines[0].name += "/" + string(rune('0'+i))
		}
		list = append(list, lines...)
	}
	return list
}

func sumOf(row []float64) float64 { return sumBy(row, func(x float64) float64 { return x }) }
func mean(row []float64) float64  { return sumOf(row) / float64(len(row)) }
func sumBy(row []float64, f func(x float64) float64) (s float64) {
	for _, x := range row {
		s += f(x)
	}
	return s
}
func variance(row []float64) float64 {
	m := mean(row)
	return sumBy(row, func(x float64) float64 { return (x - m) * (x - m) }) / (float64(len(row)) - 1)
}
func productOf(row []float64) float64 {
	p := 1.0
	for _, x := range row {
		p *= x
	}
	return p
}

// of1 and the like are lines of calls without a reference here: their own tests
// have one.
func of1(name string, f func(x *node) *node, x arg) line {
	return line{name: name, f: func(x ...*node) *node { return f(x[0]) }, args: []arg{x}}
}
func of2(name string, f func(x, y *node) *node, x, y arg) line {
	return line{name: name, f: func(x ...*node) *node { return f(x[0], x[1]) }, args: []arg{x, y}}
}
func of3(name string, f func(x, y, z *node) *node, x, y, z arg) line {
	return line{name: name, f: func(x ...*node) *node { return f(x[0], x[1], x[2]) }, args: []arg{x, y, z}}
}

// known is a line of an op that needs known lengths.
func known(l line) line {
	l.known = true
	return l
}

var matrix, cube = in(-2, 2, b, n), in(-2, 2, b, n, 2)

func alongLines() []line {
	running := func(f func(y, x float64) float64) func(row []float64) []float64 {
		return func(row []float64) []float64 {
			for i := range row[min(1, len(row)):] {
				row[i+1] = f(row[i], row[i+1])
			}
			return row
		}
	}
	return []line{
		rows("CumSum", func(x *node) *node { return ops.CumSum(x, 1) }, -2, 2, running(func(y, x float64) float64 { return y + x })),
		rows("CumProd", func(x *node) *node { return ops.CumProd(x, -1) }, -2, 2, running(func(y, x float64) float64 { return y * x })),
		rows("Recurrence", func(x *node) *node { return ops.Recurrence(graph.Scalar(0.5), x, 1) }, -2, 2, running(func(y, x float64) float64 { return 0.5*y + x })),
		of1("CumSum/middle", func(x *node) *node { return ops.CumSum(x, 1) }, cube),
		of1("CumProd/middle", func(x *node) *node { return ops.CumProd(x, 1) }, cube),
		of2("Recurrence/two", func(x, y *node) *node { return ops.Recurrence(x, y, -2) }, cube, in(-2, 2, n, 1)),
	}
}

func shapeLines() []line {
	return []line{
		of1("Reshape", func(x *node) *node { return ops.Reshape(x, graph.Auto, 1, 2) }, cube),
		of2("Reshape/like", func(x, y *node) *node { return ops.Reshape(x, y.Shape().Dims()...) }, in(-2, 2, b, n, 2), in(-2, 2, 2, b, n)),
		of1("Reshape/auto", func(x *node) *node { return ops.Reshape(x, graph.Auto, 2) }, cube),
		of1("Transpose", func(x *node) *node { return ops.Transpose(x) }, cube),
		of1("Transpose/order", func(x *node) *node { return ops.Transpose(x, 2, 0, -2) }, cube),
		of1("Squeeze", func(x *node) *node { return ops.Squeeze(x, 1) }, in(-2, 2, b, 1, n)),
		of1("Expand", func(x *node) *node { return ops.Expand(x, 0, -1) }, matrix),
		of1("Flatten", func(x *node) *node { return ops.Flatten(x, 1) }, cube),
		of2("BroadcastTo", func(x, y *node) *node { return ops.Add(ops.BroadcastTo(x, y.Shape()), ops.Scale(y, 0)) }, in(-2, 2, n, 1), cube),
		of2("SumTo", func(x, y *node) *node { return ops.SumTo(x, y.Shape()) }, cube, in(-2, 2, n, 1)),
		of1("Slice", func(x *node) *node { return ops.Slice(x, 2, 1, 5, 2) }, in(-2, 2, b, n, 6)),
		of1("Slice/ends", func(x *node) *node { return ops.Slice(ops.Pad(x, 1, 1, 1, 0), 1, 1, -1, 1) }, matrix),
		of1("Slice/step", func(x *node) *node { return ops.Slice(x, 1, 0, ops.End, 2) }, matrix),
		of1("Index", func(x *node) *node { return ops.Index(x, -1, 1) }, cube),
		of1("Index/last", func(x *node) *node { return ops.Index(x, 2, -1) }, cube),
		of1("Pad", func(x *node) *node { return ops.Pad(x, 1, 2, 1, 7) }, cube),
		of1("Shift", func(x *node) *node { return ops.Shift(x, 1, 1, 7) }, cube),
		of1("Shift/back", func(x *node) *node { return ops.Shift(x, -2, 1, 7) }, cube),
		of1("Flip", func(x *node) *node { return ops.Flip(x, 0, 2) }, cube),
		of1("Roll", func(x *node) *node { return ops.Roll(x, 2, 1) }, cube),
		of1("Tile", func(x *node) *node { return ops.Tile(x, 2, 3) }, matrix),
		of1("Repeat", func(x *node) *node { return ops.Repeat(x, 2, 1) }, cube),
	}
}

func indexLines() []line {
	take := of2("Take", func(x, i *node) *node { return ops.Take(x, i, 1) }, cube, index(4, 2))
	along := of2("TakeAlongAxis", func(x, i *node) *node { return ops.TakeAlongAxis(x, i, 1) }, in(-2, 2, b, n, 1), index(b, 5, 2))
	add := of3("ScatterAdd", func(x, i, v *node) *node { return ops.ScatterAdd(x, i, v, 1) }, cube, index(b, 4, 2), in(-2, 2, b, 4, 2))
	take.full, along.full, add.full = true, true, true
	return []line{
		take, along, add,
		{name: "Iota", f: func(...*node) *node { return ops.Iota(graph.Float64, graph.Of(2, 3), 1) },
			want: func([]array) []float64 { return []float64{0, 1, 2, 0, 1, 2} }},
		of1("OneHot", func(x *node) *node { return ops.OneHot(x, 3, graph.Float32) }, ints(-1, 4, b, n)),
		of1("Diag", func(x *node) *node { return ops.Diag(x, 0) }, in(-2, 2, n, n)),
		known(of1("Diag/above", func(x *node) *node { return ops.Diag(x, 1) }, matrix)),
		of1("Diag/vector", func(x *node) *node { return ops.Diag(x, -1) }, in(-2, 2, n)),
		of1("Tril", func(x *node) *node { return ops.Tril(x, 1) }, in(-2, 2, 2, b, n)),
		of1("Triu", func(x *node) *node { return ops.Triu(x, 0) }, in(-2, 2, 2, b, n)),
	}
}

func joinLines() []line {
	left, right := in(-2, 2, b, n, 2), in(-2, 2, n, 3)
	return []line{
		of3("Concat", func(x, y, z *node) *node { return ops.Concat(1, x, y, z) }, in(-2, 2, b, 2), matrix, in(-2, 2, b, n)),
		of2("Concat/known", func(x, y *node) *node { return ops.Concat(-1, x, y) }, cube, in(-2, 2, b, n, 3)),
		of2("Stack", func(x, y *node) *node { return ops.Stack(-1, x, y) }, matrix, matrix),
		of1("Split", func(x *node) *node {
			p := ops.Split(x, 2, 1, 3, 2)
			return ops.Concat(2, p[2], p[0])
		}, in(-2, 2, b, n, 6)),
		of2("MatMul", ops.MatMul, matrix, right),
		of2("MatMul/batch", ops.MatMul, in(-2, 2, b, 1, 2, n), right),
		of2("MatMul/row", ops.MatMul, in(-2, 2, n), in(-2, 2, b, n, 2)),
		of2("MatMul/column", ops.MatMul, in(-2, 2, b, 2, n), in(-2, 2, n)),
		of2("Dot", ops.Dot, in(-2, 2, n), in(-2, 2, n)),
		of2("Outer", ops.Outer, in(-2, 2, b), in(-2, 2, n)),
		of3("Affine", ops.Affine, matrix, in(-2, 2, n, 3), in(-2, 2, 3)),
		of2("Affine/linear", func(x, w *node) *node { return ops.Affine(x, w, nil) }, matrix, in(-2, 2, n, 3)),
		of2("Einsum", func(x, y *node) *node { return ops.Einsum("bni,nk->kb", x, y) }, left, right),
		of1("Einsum/trace", func(x *node) *node { return ops.Einsum("nnb->b", x) }, in(-2, 2, n, n, b)),
	}
}

func convLines() []line {
	conv := func(name string, o ops.ConvOptions, x, w arg) line {
		return of2("Conv"+name, func(x, w *node) *node { return ops.Conv(x, w, o) }, x, w)
	}
	back := func(name string, o ops.ConvOptions, x, w arg) line {
		return of2("ConvTranspose"+name, func(x, w *node) *node { return ops.ConvTranspose(x, w, o) }, x, w)
	}
	wide := in(-2, 2, b, 5, 4, n)
	return []line{
		conv("", ops.ConvOptions{ChannelsLast: true, Same: true}, in(-2, 2, b, n, 2), in(-2, 2, 3, 2, n)),
		conv("/channels", ops.ConvOptions{ChannelsLast: true}, wide, in(-2, 2, 2, 3, n, 2)),
		conv("/stride", ops.ConvOptions{ChannelsLast: true, Stride: []int{2, 3}, Pad: [][2]int{{1, 2}, {3, 0}}}, wide, in(-2, 2, 3, 2, n, 2)),
		conv("/dilation", ops.ConvOptions{ChannelsLast: true, Dilation: []int{2}, Pad: [][2]int{{3, 2}, {1, 2}}, Stride: []int{1, 2}}, wide, in(-2, 2, 3, 2, n, 1)),
		conv("/length", ops.ConvOptions{ChannelsLast: true, Stride: []int{2}, Pad: [][2]int{{2, 1}}}, in(-2, 2, 2, n, b.Add(1), 2), in(-2, 2, 3, 2, 2, 3)),
		conv("/window", ops.ConvOptions{ChannelsLast: true}, in(-2, 2, b, 6, 2), in(-2, 2, n, 2, 3)),
		conv("/groups", ops.ConvOptions{ChannelsLast: true, Groups: 2, Pad: [][2]int{{1, 1}}}, in(-2, 2, b, 4, n.Mul(2)), in(-2, 2, 3, n, 4)),
		conv("/depthwise", ops.ConvOptions{ChannelsLast: true, Groups: 3, Pad: [][2]int{{0, 1}, {1, -1}}}, in(-2, 2, b, 4, 5, 3), in(-2, 2, 2, 3, 1, 3)),
		conv("/volume", ops.ConvOptions{ChannelsLast: true, Stride: []int{1, 2, 1}, Pad: [][2]int{{1, 0}}}, in(-2, 2, b, 3, 4, 2, 2), in(-2, 2, 2, 3, 2, 2, n)),
		known(conv("/same", ops.ConvOptions{ChannelsLast: true, Same: true, Stride: []int{2}, Dilation: []int{1, 2}}, in(-2, 2, b, 5, n, 2), in(-2, 2, 2, 3, 2, 2))),
		back("", ops.ConvOptions{ChannelsLast: true}, in(-2, 2, b, n, 2), in(-2, 2, 3, n, 2)),
		back("/stride", ops.ConvOptions{ChannelsLast: true, Stride: []int{3, 2}, Pad: [][2]int{{1, 0}, {2, 2}}}, in(-2, 2, b, 3, 4, n), in(-2, 2, 3, 2, 2, n)),
		back("/dilation", ops.ConvOptions{ChannelsLast: true, Stride: []int{2}, Dilation: []int{1, 3}, Pad: [][2]int{{1, -1}}}, in(-2, 2, b, 2, 3, 2), in(-2, 2, 2, 3, n, 2)),
		back("/same", ops.ConvOptions{ChannelsLast: true, Stride: []int{2}, Same: true}, in(-2, 2, b, n, 2), in(-2, 2, 3, 3, 2)),
		back("/sparse", ops.ConvOptions{ChannelsLast: true, Stride: []int{3}, Same: true}, in(-2, 2, b, n, 2), in(-2, 2, 1, 3, 2)),
		back("/groups", ops.ConvOptions{ChannelsLast: true, Groups: 2, Stride: []int{2}}, in(-2, 2, b, 3, n.Mul(2)), in(-2, 2, 3, 2, n.Mul(2))),
	}
}

func poolLines() []line {
	maximum := func(name string, o ops.PoolOptions, x arg, window ...int) line {
		return of1("MaxPool"+name, func(x *node) *node { return ops.MaxPool(x, window, o) }, x)
	}
	mean := func(name string, o ops.PoolOptions, x arg, window ...int) line {
		return of1("AvgPool"+name, func(x *node) *node { return ops.AvgPool(x, window, o) }, x)
	}
	long, wide := in(-20, 20, b, n, 2), in(-20, 20, b, 5, 6, n)
	return []line{
		maximum("", ops.PoolOptions{ChannelsLast: true}, wide, 2),
		maximum("/overlap", ops.PoolOptions{ChannelsLast: true, Stride: []int{2, 1}, Pad: [][2]int{{1, 1}}}, wide, 3, 2),
		maximum("/dilation", ops.PoolOptions{ChannelsLast: true, Stride: []int{1}, Dilation: []int{2, 3}, Pad: [][2]int{{2, 1}}}, wide, 3, 2),
		maximum("/length", ops.PoolOptions{ChannelsLast: true, Stride: []int{2}, Pad: [][2]int{{1, 2}}}, long, 3),
		maximum("/volume", ops.PoolOptions{ChannelsLast: true, Pad: [][2]int{{0, 1}}}, in(-20, 20, b, 3, 2, 3, 2), 2),
		known(maximum("/ceil", ops.PoolOptions{ChannelsLast: true, Ceil: true}, in(-20, 20, b, n, 5, 2), 2)),
		of1("MaxPool/gradient", func(x *node) *node {
			return autodiff.Grad(ops.Sum(ops.Square(ops.MaxPool(x, []int{3}, ops.PoolOptions{ChannelsLast: true, Stride: []int{2}}))), x)[0]
		}, wide),
		mean("", ops.PoolOptions{ChannelsLast: true}, wide, 2),
		mean("/overlap", ops.PoolOptions{ChannelsLast: true, Stride: []int{2, 1}, Pad: [][2]int{{1, 1}}}, wide, 3, 2),
		mean("/padding", ops.PoolOptions{ChannelsLast: true, Stride: []int{2, 1}, Pad: [][2]int{{1, 1}}, CountPad: true}, wide, 3, 2),
		mean("/length", ops.PoolOptions{ChannelsLast: true, Stride: []int{2}, Pad: [][2]int{{1, 2}}}, long, 3),
		known(mean("/ceil", ops.PoolOptions{ChannelsLast: true, Ceil: true, Pad: [][2]int{{1, 1}}, CountPad: true}, in(-20, 20, b, n, 6, 2), 3)),
		known(mean("/same", ops.PoolOptions{ChannelsLast: true, Same: true}, long, 2)),
	}
}

func controlLines() []line {
	identity := func(x float64) float64 { return x }
	stop := unary("StopGradient", ops.StopGradient, -2, 2, identity)
	stop.flat = true
	return []line{
		stop,
		unary("Convert", func(x *node) *node { return ops.Convert(x, graph.Float64) }, -2, 2, identity),
		unary("Convert/int", func(x *node) *node { return ops.Convert(x, graph.Int32) }, 1.2, 1.8, math.Trunc),
		of2("InTraining", ops.InTraining, matrix, matrix),
		unary("After", func(x *node) *node { return ops.After(x) }, -2, 2, identity),
		of2("Later", ops.Later, matrix, matrix),
		unary("CheckNaN", func(x *node) *node { return ops.CheckNaN(x, "x") }, -2, 2, identity),
	}
}

func randomLines() []line {
	state := ints(0, 9, 2)
	typ := graph.Type{DType: graph.Float32, Shape: graph.Of(2, 3)}
	return []line{
		of1("NextState", ops.NextState, state),
		of1("Uniform", func(s *node) *node { return ops.Uniform(s, 1, typ) }, state),
		of1("Normal", func(s *node) *node { return ops.Normal(s, 1, typ) }, state),
		of1("Bernoulli", func(s *node) *node { return ops.Bernoulli(s, 1, 0.5, graph.Of(2, 3)) }, state),
		of1("Permutation", func(s *node) *node { return ops.Permutation(s, 1, 5) }, state),
		full(of2("Categorical", func(s, x *node) *node { return ops.Categorical(s, 1, x) }, state, matrix))[0],
	}
}
