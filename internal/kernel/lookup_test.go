package kernel

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLookup finds a kernel for everything there is.
func TestLookup(t *testing.T) {
	for op := range numOps {
		for typ := range numTypes {
			for kinds := range uint8(16) {
				for of := generic; of <= best(); of++ {
					assert.NotNil(t, lookup(of, op, typ, kinds), op)
				}
			}
		}
	}
	assert.Equal(t, "copy", Copy.String())
	assert.Equal(t, "toi64", (numOps - 1).String())
	assert.Equal(t, best(), choose(""))
	assert.Equal(t, best(), choose("no such"))
	assert.Equal(t, generic, choose("generic"))
	assert.LessOrEqual(t, choose("avx512"), best(), "not more than the processor can do")
	assert.Equal(t, isaNames[chosen], ISA())
}

// each runs a test for every kernel in assembly that this machine can run.
func each(t *testing.T, test func(t *testing.T, of isa, op Op, typ Type, kinds uint8)) {
	t.Helper()
	n := 0
	for of := avx2; of <= best(); of++ {
		for op := range numOps {
			for typ := range numTypes {
				for kinds := range uint8(1) << op.Arity() {
					if assembly(of, op, typ, kinds) == nil {
						continue
					}
					n++
					test(t, of, op, typ, kinds)
					if t.Failed() {
						t.Fatalf("%s %v, type %d, kinds %03b", isaNames[of], op, typ, kinds)
					}
				}
			}
		}
	}
	if n == 0 {
		t.Skip("this machine runs the portable kernels only")
	}
}

// most is the number of columns up to which all sizes are tried.
const most = 130

// TestSizes runs every kernel in assembly on all sizes and offsets. An element
// must not depend on where it is, and what is outside must stay.
func TestSizes(t *testing.T) {
	r := seeded(t)
	each(t, func(t *testing.T, of isa, op Op, typ Type, kinds uint8) { sizes(t, r, of, op, typ, kinds) })
}

// sizes runs a kernel on all sizes and offsets.
func sizes(t *testing.T, r *rand.Rand, of isa, op Op, typ Type, kinds uint8) {
	v := newTrial(op, typ, kinds, r, 1, most)
	f := lookup(of, op, typ, kinds)
	var want, wantSum [most + 1][]byte // by columns
	agree(t, v, 1, most, f)
	whole, _ := v.run(f, 1, most, 0)
	for cols := range most + 1 {
		want[cols] = whole[:cols*v.to.size()]
		if v.reduces() {
			agree(t, v, 1, cols, f)
			whole, _ := v.run(f, 1, cols, 0)
			want[cols] = whole[:v.to.size()]
		} else if op.Sums() {
			_, wantSum[cols] = v.run(f, 1, cols, 0)
		}
	}
	for offset := range 16 {
		a, d, sums := v.args(1, most, offset)
		for cols := range most + 1 {
			a.Cols = cols
			f(a)
			n := len(want[cols])
			if !bytes.Equal(d.own[:n], want[cols]) || bytes.Count(d.own[n:], []byte{canary}) != len(d.own)-n || !d.intact() ||
				!sums.intact() || op.Sums() && !bytes.Equal(sums.own, wantSum[cols]) {
				require.Fail(t, fmt.Sprintf("%s %v: %d columns at %d", isaNames[of], v, cols, offset))
			}
			for i := range n {
				d.own[i] = canary
			}
		}
	}
}

// bounds are the distances in ulp that op.go states; the other ops are exact.
var bounds = map[Op]float64{
	Rsqrt: 1, Exp: 1, Exp2: 1, ExpSub: 1, ExpSubSum: 1, Log: 1, Pow: 1, Log1p: 1.5, Sin: 1.5, Cos: 1.5, Erf: 1.5,
	Expm1: 2, Log2: 2, Log10: 2, Sigmoid: 2, Softplus: 2, LogAddExp: 3, Tanh: 2.5, Erfc: 4,
	ErfcMul: 9, // products may double those of Erfc, and are rounded
}

// agree compares a kernel with the portable one, which is itself not more than
// half an ulp from the truth in float32 and about two in float64.
func agree(t *testing.T, v *trial, rows, cols int, f Func) {
	t.Helper()
	d, sums := v.run(f, rows, cols, 3)
	wantD, wantSums := v.run(lookup(generic, v.op, v.t, v.kinds), rows, cols, 3)
	for i := range rows {
		if v.reduces() {
			closeSum(t, v, i, cols, v.to.get(d, i*v.wide), v.to.get(wantD, i*v.wide))
			continue
		}
		for j := i * v.wide; j < i*v.wide+cols; j++ {
			got, want, x := v.to.get(d, j), v.to.get(wantD, j), v.elements(j)
			allowed, at := bounds[v.op], want
			if allowed > 0 {
				allowed += 0.5 + 2*float64(v.t)
			}
			if v.op == LogAddExp {
				at = max(math.Abs(want), math.Abs(x[0]), math.Abs(x[1])) // the terms may cancel
			}
			if v.op == ErfcMul { // what is a denormal number before the products has few digits
				at = max(math.Abs(want), math.Abs(x[2]*x[3])*math.Ldexp(1, []int{F32: -126, F64: -1022}[v.t]))
			}
			if !same(got, want) && !(math.Abs(got-want) <= allowed*ulp(v.t, at)) {
				require.Fail(t, fmt.Sprintf("%v of %v: %v, want %v", v, x, got, want))
			}
		}
		if v.op.Sums() {
			closeSum(t, v, i, cols, v.to.get(sums, i), v.to.get(wantSums, i))
		}
	}
}

// closeSum fails unless a reduction of row i is what it should be, to a few
// roundings of the sum of all sizes.
func closeSum(t *testing.T, v *trial, i, cols int, got, want float64) {
	t.Helper()
	size := 0.0
	for j := i * v.wide; j < i*v.wide+cols && (v.op <= Dot && v.op >= Sum || v.op == FMASum); j++ {
		x := v.elements(j)
		size += math.Abs(map[Op]float64{Sum: x[0], SumSquares: x[0] * x[0], Dot: x[0] * x[1], FMASum: x[0]*x[1] + x[2]}[v.op])
	}
	if v.op == ExpSubSum {
		size = math.Abs(want)
	}
	if !same(got, want) && !(math.Abs(got-want) <= 8*ulp(v.t, size)) {
		require.Fail(t, fmt.Sprintf("%v, %d columns: %v, want %v", v, cols, got, want))
	}
}

// TestRows runs every kernel in assembly on several rows that lie apart, on the
// memory of its first operand, and on rows that all are the same.
func TestRows(t *testing.T) {
	r := seeded(t)
	const rows = 5
	each(t, func(t *testing.T, of isa, op Op, typ Type, kinds uint8) {
		f, g := lookup(of, op, typ, kinds), lookup(generic, op, typ, kinds)
		for _, cols := range []int{1, 3, 16, 37, 100} {
			v := newTrial(op, typ, kinds, r, rows, cols+5)
			agree(t, v, rows, cols, f)
			agree(t, v, 0, cols, f)
			if !v.reduces() && !op.Sums() {
				f(&Args{Rows: 1})
				g(&Args{Rows: 1})
			}
			if v.reduces() || v.from != v.to || kinds&1 == 1 {
				continue
			}
			apart, _ := v.run(f, rows, cols, 0)
			a, d, _ := v.args(rows, cols, 0)
			copy(d.own, v.x[0])
			a.X[0] = a.D
			f(a)
			for i := range rows {
				n, at := cols*v.to.size(), i*v.wide*v.to.size()
				require.Equal(t, apart[at:at+n], d.own[at:at+n], "in the memory of the first operand")
			}
			if bounds[op] > 0 {
				continue
			}
			a.DR, a.XR[0] = 0, 0
			b, e, _ := v.args(rows, cols, 0)
			copy(e.own, d.own)
			b.X[0], b.DR, b.XR[0] = b.D, 0, 0
			f(a)
			g(b)
			for j := range v.wide {
				require.True(t, same(v.to.get(d.own, j), v.to.get(e.own, j)), "all rows added to the first")
			}
		}
	})
}

// TestExtremes finds a NaN and the largest number wherever they are.
func TestExtremes(t *testing.T) {
	each(t, func(t *testing.T, of isa, op Op, typ Type, kinds uint8) {
		if op != Max && op != Min {
			return
		}
		f := lookup(of, op, typ, kinds)
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0} {
			for cols := 1; cols < most; cols += 7 {
				for at := range cols {
					v := &trial{op: op, t: typ, wide: cols}
					v.from, v.to = elems(op, typ)
					v.x[0] = make([]byte, cols*v.from.size())
					for j := range cols {
						v.from.put(v.x[0], j, map[bool]float64{true: math.Copysign(0, x), false: x}[math.IsInf(x, 0)])
						if x == 0 {
							v.from.put(v.x[0], j, math.Copysign(0, -math.Copysign(1, x)))
						}
					}
					v.from.put(v.x[0], at, x)
					agree(t, v, 1, cols, f)
				}
			}
		}
	})
}
