package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
	Exp:   func(x, _, _ float64) float64 { return math.Exp(x) },
	Exp2:  func(x, _, _ float64) float64 { return math.Exp2(x) },
	Expm1: func(x, _, _ float64) float64 { return math.Expm1(x) },
	Log:   func(x, _, _ float64) float64 { return math.Log(x) },
	Log1p: func(x, _, _ float64) float64 { return math.Log1p(x) },
	Log2:  func(x, _, _ float64) float64 { return math.Log2(x) },
	Log10: func(x, _, _ float64) float64 { return math.Log10(x) },
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
	Pow:   func(x, y, _ float64) float64 { return math.Pow(x, y) },
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
	ExpSub:    func(x, y, _ float64) float64 { return math.Exp(x - y) },

	Where: func(x, y, z float64) float64 {
		if x == 0 {
			return z
		}
		return y
	},
	FMA:    func(x, y, z float64) float64 { return math.FMA(x, y, z) },
	FMS:    func(x, y, z float64) float64 { return math.FMA(x, y, -z) },
	FNMA:   func(x, y, z float64) float64 { return math.FMA(-x, y, z) },
	AddMul: func(x, y, z float64) float64 { return (x + y) * z },
	SubMul: func(x, y, z float64) float64 { return (x - y) * z },
	MulMul: func(x, y, z float64) float64 { return x * y * z },
	Above: func(x, y, z float64) float64 {
		if x > y {
			return z
		}
		return 0
	},
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

// ulps is the distance between a result of type t and the truth, in steps of t
// at the truth.
func ulps(t Type, got, want float64) float64 {
	if same(got, want) || same(got, narrow(t, want)) {
		return 0
	}
	least, digits := -1074, 52
	if t == F32 {
		least, digits = -149, 23
	}
	_, e := math.Frexp(want)
	step := math.Ldexp(1, max(e-1-digits, least))
	if d := math.Abs(got-want) / step; d == d {
		return d
	}
	return math.Inf(1)
}

// array is memory for numbers of type t with room around it.
type array struct {
	t   Type
	mem []byte
	at  int // bytes
}

const canary = 0xa5

// newArray returns n elements that begin offset elements after a cache line.
func newArray(t Type, n, offset int) array {
	a := array{t, make([]byte, (n+offset)*t.Size()+192), 0}
	for i := range a.mem {
		a.mem[i] = canary
	}
	line := -int(uintptr(unsafe.Pointer(&a.mem[0]))) & 63
	a.at = line + 64 + offset*t.Size()
	return a
}

func (a array) pointer() unsafe.Pointer { return unsafe.Pointer(&a.mem[a.at]) }

func (a array) get(i int) float64 {
	p := unsafe.Pointer(&a.mem[a.at+i*a.t.Size()])
	if a.t == F32 {
		return float64(*(*float32)(p))
	}
	return *(*float64)(p)
}

func (a array) set(i int, v float64) {
	p := unsafe.Pointer(&a.mem[a.at+i*a.t.Size()])
	if a.t == F32 {
		*(*float32)(p) = float32(v)
	} else {
		*(*float64)(p) = v
	}
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
				var x [3]array
				a := Args{Rows: rows, Cols: cols}
				for i := range op.Arity() {
					x[i] = newArray(typ, rows*cols, 0)
					for j := range rows * cols {
						x[i].set(j, random(r))
					}
					a.X[i], a.XR[i] = x[i].pointer(), cols*typ.Size()
				}
				d := newArray(typ, rows*cols, 0)
				a.D, a.DR = d.pointer(), cols*typ.Size()
				lookup(generic, op, typ, kinds)(&a)
				for j := range rows * cols {
					var v [3]float64
					for i := range op.Arity() {
						v[i] = x[i].get(j)
						if kinds>>i&1 == 1 {
							v[i] = x[i].get(j / cols * cols)
						}
					}
					want := wanted(typ, op, f, v)
					if u := ulps(typ, d.get(j), want); u > 0.51 && (typ == F32 || u > 4) {
						require.Fail(t, fmt.Sprintf("op %d of %v: %v, want %v, %v ulp off", op, v, d.get(j), want, u))
					}
				}
			}
		}
	}
}

// wanted is the truth about one element; what has several steps is rounded
// after each.
func wanted(t Type, op Op, f func(x, y, z float64) float64, v [3]float64) float64 {
	switch op {
	case ExpSub:
		return math.Exp(narrow(t, v[0]-v[1]))
	case AddMul:
		return narrow(t, v[0]+v[1]) * v[2]
	case SubMul:
		return narrow(t, v[0]-v[1]) * v[2]
	case MulMul:
		return narrow(t, v[0]*v[1]) * v[2]
	}
	return f(v[0], v[1], v[2])
}

// TestLookup finds a kernel for everything there is.
func TestLookup(t *testing.T) {
	for op := range numOps {
		for typ := range numTypes {
			for kinds := range uint8(8) {
				for _, of := range []isa{generic, avx2, avx512} {
					assert.NotNil(t, lookup(of, op, typ, kinds), "op %d", op)
				}
			}
		}
	}
	assert.Equal(t, chosen, choose("no such"), "unless the environment lowers it")
	assert.Equal(t, generic, choose("generic"))
}
