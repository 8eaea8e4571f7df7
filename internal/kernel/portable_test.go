package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/internal/exact"
)

// edges are the numbers at which functions have their corners.
var edges = []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 2, -2, 3, -3, math.Inf(1), math.Inf(-1), math.NaN(),
	1e-45, -1e-45, 1e-39, -1e-39, 1.1754944e-38, 3.4e38, -3.4e38, 1e-8, -1e-8, 88.7, -88.7, 89, -103.9, -104, 1.5, 2.5, -2.5, 7, 1e4}

// meaning says what an op is, element by element, in float64.
var meaning = map[Op]func(x, y, z float64) float64{
	Copy:   func(x, _, _ float64) float64 { return x },
	Neg:    func(x, _, _ float64) float64 { return math.Copysign(x, math.Copysign(1, x)*-1) },
	Abs:    func(x, _, _ float64) float64 { return math.Abs(x) },
	Square: func(x, _, _ float64) float64 { return x * x },
	Recip:  func(x, _, _ float64) float64 { return 1 / x },
	Sign: func(x, _, _ float64) float64 {
		if x == 0 || math.IsNaN(x) {
			return x
		}
		return math.Copysign(1, x)
	},
	Sqrt:  func(x, _, _ float64) float64 { return math.Sqrt(x) },
	Rsqrt: func(x, _, _ float64) float64 { return 1 / math.Sqrt(x) },
	Exp:   func(x, _, _ float64) float64 { return trueExp(x) },
	Exp2:  func(x, _, _ float64) float64 { return math.Exp2(x) },
	Expm1: func(x, _, _ float64) float64 { return math.Expm1(x) },
	Log:   func(x, _, _ float64) float64 { return trueLog(x) },
	Log1p: func(x, _, _ float64) float64 { return math.Log1p(x) },
	Log2:  func(x, _, _ float64) float64 { return trueLog(x) / math.Ln2 },
	Log10: func(x, _, _ float64) float64 { return trueLog(x) / math.Ln10 },
	Sin:   func(x, _, _ float64) float64 { return math.Sin(x) },
	Cos:   func(x, _, _ float64) float64 { return math.Cos(x) },
	Tan:   func(x, _, _ float64) float64 { return math.Tan(x) },
	Asin:  func(x, _, _ float64) float64 { return math.Asin(x) },
	Acos:  func(x, _, _ float64) float64 { return math.Acos(x) },
	Atan:  func(x, _, _ float64) float64 { return math.Atan(x) },
	Sinh:  func(x, _, _ float64) float64 { return math.Sinh(x) },
	Cosh:  func(x, _, _ float64) float64 { return math.Cosh(x) },
	Tanh:  func(x, _, _ float64) float64 { return math.Tanh(x) },
	Asinh: func(x, _, _ float64) float64 { return math.Asinh(x) },
	Acosh: func(x, _, _ float64) float64 { return math.Acosh(x) },
	Atanh: func(x, _, _ float64) float64 { return math.Atanh(x) },
	Erf:   func(x, _, _ float64) float64 { return math.Erf(x) },
	Erfc:  func(x, _, _ float64) float64 { return math.Erfc(x) },
	Sigmoid: func(x, _, _ float64) float64 {
		if x < -700 {
			return math.Exp(x)
		}
		return 1 / (1 + math.Exp(-x))
	},
	Softplus: func(x, _, _ float64) float64 {
		if x > 40 {
			return x
		}
		return math.Log1p(math.Exp(x))
	},
	ReLU: func(x, _, _ float64) float64 {
		if x <= 0 {
			return 0
		}
		return x
	},
	Floor: func(x, _, _ float64) float64 { return math.Floor(x) },
	Ceil:  func(x, _, _ float64) float64 { return math.Ceil(x) },
	Round: func(x, _, _ float64) float64 { return math.RoundToEven(x) },
	IsNaN: func(x, _, _ float64) float64 { return one(math.IsNaN(x)) },
	Not:   func(x, _, _ float64) float64 { return one(x == 0) },

	Add: func(x, y, _ float64) float64 { return x + y },
	Sub: func(x, y, _ float64) float64 { return x - y },
	Mul: func(x, y, _ float64) float64 { return x * y },
	Div: func(x, y, _ float64) float64 { return x / y },
	Maximum: func(x, y, _ float64) float64 {
		if x != x || y != y { // math.Max(+Inf, NaN) is +Inf
			return math.NaN()
		}
		return math.Max(x, y)
	},
	Minimum: func(x, y, _ float64) float64 {
		if x != x || y != y {
			return math.NaN()
		}
		return math.Min(x, y)
	},
	Pow:   func(x, y, _ float64) float64 { return exact.Pow(x, y) },
	Atan2: func(x, y, _ float64) float64 { return math.Atan2(x, y) },
	Mod: func(x, y, _ float64) float64 {
		if r := math.Mod(x, y); r != 0 && math.Signbit(r) != math.Signbit(y) {
			return r + y
		} else {
			return r
		}
	},
	Hypot: func(x, y, _ float64) float64 { return math.Hypot(x, y) },
	LogAddExp: func(x, y, _ float64) float64 {
		if math.IsInf(x, 0) && x == y {
			return x
		}
		return math.Max(x, y) + math.Log1p(math.Exp(-math.Abs(x-y)))
	},
	Equal:     func(x, y, _ float64) float64 { return one(x == y) },
	Less:      func(x, y, _ float64) float64 { return one(x < y) },
	LessEqual: func(x, y, _ float64) float64 { return one(x <= y) },
	And:       func(x, y, _ float64) float64 { return one(x != 0 && y != 0) },
	Or:        func(x, y, _ float64) float64 { return one(x != 0 || y != 0) },
	Xor:       func(x, y, _ float64) float64 { return one((x == 0) != (y == 0)) },
	ExpSub:    func(x, y, _ float64) float64 { return trueExp(x - y) },

	Where: func(x, y, z float64) float64 {
		if x == 0 {
			return z
		}
		return y
	},
	FMA:     func(x, y, z float64) float64 { return math.FMA(x, y, z) },
	FMS:     func(x, y, z float64) float64 { return math.FMA(x, y, -z) },
	FNMA:    func(x, y, z float64) float64 { return math.FMA(-x, y, z) },
	AddMul:  func(x, y, z float64) float64 { return (x + y) * z },
	SubMul:  func(x, y, z float64) float64 { return (x - y) * z },
	MulMul:  func(x, y, z float64) float64 { return x * y * z },
	FMASum:  func(x, y, z float64) float64 { return math.FMA(x, y, z) },
	SubSub:  func(x, y, z float64) float64 { return x - y - z },
	Choose:  nil, // has four operands: see wanted
	ErfcMul: nil,
	Above: func(x, y, z float64) float64 {
		if x > y {
			return z
		}
		return 0
	},
	Match: func(x, y, z float64) float64 {
		if x == y {
			return z
		}
		return 0
	},
	Unmatch: func(x, y, z float64) float64 {
		if x == y {
			return 0
		}
		return z
	},
}

// trueExp is math.Exp, which on amd64 is infinite from 709.44 on.
func trueExp(x float64) float64 {
	if x > 709 {
		return math.Expm1(x)
	}
	return math.Exp(x)
}

// trueLog is math.Log, which on amd64 is wrong for denormal numbers.
func trueLog(x float64) float64 {
	if 0 < x && x < 0x1p-1022 {
		return math.Log2(x) * math.Ln2
	}
	return math.Log(x)
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// narrow rounds to type t.
func narrow(t Type, x float64) float64 {
	if t == F32 {
		return float64(float32(x))
	}
	return x
}

// same is equality with one zero unlike the other and NaN like NaN.
func same(x, y float64) bool {
	return x != x && y != y || x == y && math.Signbit(x) == math.Signbit(y)
}

// ulp is the distance from x to the next number of type t.
func ulp(t Type, x float64) float64 {
	least, digits := -1074, 52
	if t == F32 {
		least, digits = -149, 23
	}
	_, e := math.Frexp(x)
	return math.Ldexp(1, max(e-1-digits, least))
}

// ulps is the distance between a result of type t and the truth, in ulp of the
// truth.
func ulps(t Type, got, want float64) float64 {
	if same(got, want) || same(got, narrow(t, want)) {
		return 0
	}
	if d := math.Abs(got-want) / ulp(t, want); d == d {
		return d
	}
	return math.Inf(1)
}

// random is a number of any size, sometimes an edge.
func random(r *rand.Rand) float64 {
	switch r.IntN(4) {
	case 0:
		return edges[r.IntN(len(edges))]
	case 1:
		return math.Ldexp(r.Float64()*2-1, r.IntN(250)-125)
	}
	return r.NormFloat64() * 4
}

// seeded returns a source of random numbers whose seed a failing test prints.
func seeded(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("seed", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 1))
}

// TestPortable compares the Go kernels with the meaning of each op.
func TestPortable(t *testing.T) {
	r := seeded(t)
	for op, f := range meaning {
		for _, typ := range []Type{F32, F64} {
			for kinds := range uint8(1) << op.Arity() {
				const rows, cols = 3, 150
				v := newTrial(op, typ, kinds, r, rows, cols)
				d, _ := v.run(lookup(generic, op, typ, kinds), rows, cols, 0)
				for j := range rows * cols {
					x := v.elements(j)
					want := wanted(typ, op, f, x)
					got := v.to.get(d, j)
					if u := ulps(typ, got, want); u > 0.51 && (typ == F32 || u > 4) {
						require.Fail(t, fmt.Sprintf("%v of %v: %v, want %v, %v ulp off", v, x, got, want, u))
					}
				}
			}
		}
	}
}

// TestPortableSizes runs the Go kernels as TestSizes does those in assembly.
func TestPortableSizes(t *testing.T) {
	r := seeded(t)
	for op := range numOps {
		for typ := range numTypes {
			for kinds := range uint8(1) << op.Arity() {
				sizes(t, r, generic, op, typ, kinds)
			}
		}
	}
}

// wanted is the truth about one element; what has several steps is rounded
// after each.
func wanted(t Type, op Op, f func(x, y, z float64) float64, v [4]float64) float64 {
	switch op {
	case ExpSub:
		return trueExp(narrow(t, v[0]-v[1]))
	case AddMul:
		return narrow(t, v[0]+v[1]) * v[2]
	case SubMul:
		return narrow(t, v[0]-v[1]) * v[2]
	case MulMul:
		return narrow(t, v[0]*v[1]) * v[2]
	case SubSub:
		return narrow(t, v[0]-v[1]) - v[2]
	case ErfcMul:
		return narrow(t, narrow(t, math.Erfc(narrow(t, v[0]*v[1])))*v[2]) * v[3]
	case Choose:
		if v[0] == v[1] {
			return v[2]
		}
		return v[3]
	}
	return f(v[0], v[1], v[2])
}

// TestStacksThatMove runs kernels where a stack is nearly full, so that it moves
// while they run: what they keep there must move with it, since others use the old
// place at once.
func TestStacksThatMove(t *testing.T) {
	const rows, cols, most = 200, 10, 400
	for _, c := range []struct {
		op    Op
		kinds uint8
	}{{ExpSubSum, 2}, {ExpSubSum, 0}, {FMASum, 4}, {Choose, 12}, {Tanh, 1}, {Pow, 3}, {FMA, 5}} {
		v := newTrial(c.op, F32, c.kinds, seeded(t), rows, cols)
		f := lookup(generic, c.op, F32, c.kinds)
		want, _ := v.run(f, rows, cols, 0)
		got := make([][]byte, most)
		var wait sync.WaitGroup
		for depth := range most {
			wait.Go(func() {
				a, d, _ := v.args(rows, cols, 0)
				deeper(depth, func() { f(a) })
				got[depth] = d.own
			})
		}
		wait.Wait()
		for depth := range most {
			require.Equal(t, want, got[depth], "%v below %d calls", c.op, depth)
		}
	}
}

// deeper calls f with so many calls above it on the stack.
//
//go:noinline
func deeper(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deeper(n-1, f)
}
