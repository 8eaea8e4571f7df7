package kernel

import (
	"math"

	"github.com/adjointml/adjoint/internal/exact"
)

// functions are the functions of one number that are computed in float64.
var functions = [numOps]func(float64) float64{
	Rsqrt: func(x float64) float64 { return 1 / math.Sqrt(x) },
	Exp:   exact.Exp, Exp2: math.Exp2, Expm1: math.Expm1,
	Log: exact.Log, Log1p: math.Log1p, Log2: exact.Log2, Log10: exact.Log10,
	Sin: math.Sin, Cos: math.Cos, Tan: math.Tan, Asin: math.Asin, Acos: math.Acos, Atan: math.Atan,
	Sinh: math.Sinh, Cosh: math.Cosh, Tanh: math.Tanh, Asinh: math.Asinh, Acosh: math.Acosh, Atanh: math.Atanh,
	Erf: math.Erf, Erfc: math.Erfc, Sigmoid: sigmoid, Softplus: softplus,
	Floor: math.Floor, Ceil: math.Ceil, Round: math.RoundToEven,
}

// functions2 are those of two numbers.
var functions2 = [numOps]func(x, y float64) float64{
	Pow: exact.Pow, Atan2: math.Atan2, Mod: mod, Hypot: math.Hypot, LogAddExp: logAddExp,
}

func sigmoid(x float64) float64 {
	if x < 0 { // exp(-x) would overflow
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func mod(x, y float64) float64 {
	r := math.Mod(x, y)
	if r != 0 && (r < 0) != (y < 0) {
		r += y
	}
	return r
}

func logAddExp(x, y float64) float64 {
	if x == y { // also where both are infinite
		return x + math.Ln2
	}
	return max(x, y) + math.Log1p(math.Exp(-math.Abs(x-y)))
}

// loopOf returns the loop of an elementwise op.
func loopOf[T float](op Op) loop[T] {
	switch op {
	case Choose:
		return choice[T]
	case ErfcMul:
		return erfcMul[T]
	}
	f := loop1Of[T](op)
	return func(d []T, x *[4][]T) { f(d, x[0], x[1], x[2]) }
}

// loop1Of returns the loop of an op with one operand, or more.
func loop1Of[T float](op Op) loop3[T] {
	if f := functions[op]; f != nil {
		return func(d, x, _, _ []T) {
			x = x[:len(d)]
			for i := range d {
				d[i] = T(f(float64(x[i])))
			}
		}
	}
	if f := functions2[op]; f != nil {
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = T(f(float64(x[i]), float64(y[i])))
			}
		}
	}
	switch op {
	case Copy:
		return func(d, x, _, _ []T) { copy(d, x) }
	case Neg:
		return func(d, x, _, _ []T) {
			x = x[:len(d)]
			for i := range d {
				d[i] = -x[i]
			}
		}
	case Abs:
		return func(d, x, _, _ []T) {
			x = x[:len(d)]
			for i := range d {
				d[i] = T(math.Abs(float64(x[i])))
			}
		}
	case Sign:
		return func(d, x, _, _ []T) {
			x = x[:len(d)]
			for i := range d {
				d[i] = sign(x[i])
			}
		}
	case Square:
		return func(d, x, _, _ []T) {
			x = x[:len(d)]
			for i := range d {
				d[i] = x[i] * x[i]
			}
		}
	case Recip:
		return func(d, x, _, _ []T) {
			x = x[:len(d)]
			for i := range d {
				d[i] = 1 / x[i]
			}
		}
	case Sqrt:
		return func(d, x, _, _ []T) {
			x = x[:len(d)]
			for i := range d {
				d[i] = T(math.Sqrt(float64(x[i])))
			}
		}
	case ReLU:
		return func(d, x, _, _ []T) {
			x = x[:len(d)]
			for i := range d {
				d[i] = max(x[i], 0)
			}
		}
	case IsNaN:
		return func(d, x, _, _ []T) {
			x = x[:len(d)]
			for i := range d {
				d[i] = truth[T](x[i] != x[i])
			}
		}
	case Not:
		return func(d, x, _, _ []T) {
			x = x[:len(d)]
			for i := range d {
				d[i] = truth[T](x[i] == 0)
			}
		}
	}
	if op.Arity() == 2 {
		return loop2Of[T](op)
	}
	return loop3Of[T](op)
}

func sign[T float](x T) T {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func truth[T float](b bool) T {
	if b {
		return 1
	}
	return 0
}

// loop2Of returns the loop of an op with two operands.
func loop2Of[T float](op Op) loop3[T] {
	switch op {
	case Add:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = x[i] + y[i]
			}
		}
	case Sub:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = x[i] - y[i]
			}
		}
	case Mul:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = x[i] * y[i]
			}
		}
	case Div:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = x[i] / y[i]
			}
		}
	case Maximum:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = max(x[i], y[i])
			}
		}
	case Minimum:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = min(x[i], y[i])
			}
		}
	case Equal:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = truth[T](x[i] == y[i])
			}
		}
	case Less:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = truth[T](x[i] < y[i])
			}
		}
	case LessEqual:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = truth[T](x[i] <= y[i])
			}
		}
	case ExpSub: // the difference is rounded, as if it were an op of its own
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = T(exact.Exp(float64(x[i] - y[i])))
			}
		}
	case And:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = truth[T](x[i] != 0 && y[i] != 0)
			}
		}
	case Or:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = truth[T](x[i] != 0 || y[i] != 0)
			}
		}
	case Xor:
		return func(d, x, y, _ []T) {
			x, y = x[:len(d)], y[:len(d)]
			for i := range d {
				d[i] = truth[T]((x[i] != 0) != (y[i] != 0))
			}
		}
	}
	return nil
}

// loop3Of returns the loop of an op with three operands.
func loop3Of[T float](op Op) loop3[T] {
	switch op {
	case Where:
		return func(d, x, y, z []T) {
			x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
			for i := range d {
				if x[i] != 0 {
					d[i] = y[i]
				} else {
					d[i] = z[i]
				}
			}
		}
	case FMA:
		return func(d, x, y, z []T) {
			x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
			for i := range d {
				d[i] = fma(x[i], y[i], z[i])
			}
		}
	case FMS:
		return func(d, x, y, z []T) {
			x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
			for i := range d {
				d[i] = fma(x[i], y[i], -z[i])
			}
		}
	case FNMA:
		return func(d, x, y, z []T) {
			x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
			for i := range d {
				d[i] = fma(-x[i], y[i], z[i])
			}
		}
	case AddMul:
		return func(d, x, y, z []T) {
			x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
			for i := range d {
				d[i] = (x[i] + y[i]) * z[i]
			}
		}
	case SubMul:
		return func(d, x, y, z []T) {
			x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
			for i := range d {
				d[i] = (x[i] - y[i]) * z[i]
			}
		}
	case MulMul:
		return func(d, x, y, z []T) {
			x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
			for i := range d {
				d[i] = x[i] * y[i] * z[i]
			}
		}
	case SubSub:
		return func(d, x, y, z []T) {
			x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
			for i := range d {
				d[i] = x[i] - y[i] - z[i]
			}
		}
	case Above:
		return func(d, x, y, z []T) {
			x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
			for i := range d {
				if x[i] > y[i] {
					d[i] = z[i]
				} else {
					d[i] = 0
				}
			}
		}
	case Match, Unmatch:
		match := op == Match
		return func(d, x, y, z []T) {
			x, y, z = x[:len(d)], y[:len(d)], z[:len(d)]
			for i := range d {
				if (x[i] == y[i]) == match {
					d[i] = z[i]
				} else {
					d[i] = 0
				}
			}
		}
	}
	return nil
}

// choice is the loop of Choose.
func choice[T float](d []T, x *[4][]T) {
	a, b, y, n := x[0][:len(d)], x[1][:len(d)], x[2][:len(d)], x[3][:len(d)]
	for i := range d {
		if a[i] == b[i] {
			d[i] = y[i]
		} else {
			d[i] = n[i]
		}
	}
}

// erfcMul is the loop of ErfcMul: each product is rounded, as if it were an op.
func erfcMul[T float](d []T, x *[4][]T) {
	a, b, y, z := x[0][:len(d)], x[1][:len(d)], x[2][:len(d)], x[3][:len(d)]
	for i := range d {
		d[i] = T(T(math.Erfc(float64(a[i]*b[i])))*y[i]) * z[i]
	}
}

// fma returns x·y + z, rounded once.
func fma[T float](x, y, z T) T {
	var t T
	if _, wide := any(t).(float64); wide {
		return T(math.FMA(float64(x), float64(y), float64(z)))
	}
	// The product is exact in float64. The sum is rounded to odd, that is, if
	// it is inexact its last bit is set, so that rounding it again to float32
	// sees on which side of a tie it lay.
	p, c := float64(x)*float64(y), float64(z)
	s := float64(p) + c
	b := s - float64(p)
	rest := (float64(p) - (s - b)) + (c - b)
	if bits := math.Float64bits(s); bits&1 == 0 && (rest > 0 || rest < 0) {
		if (rest > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
		s = math.Float64frombits(bits)
	}
	return T(s)
}
