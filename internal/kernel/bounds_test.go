package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/internal/exact"
)

// values returns numbers of type t that cover its whole range, in both signs,
// and more of those that functions are mostly used for.
func values(r *rand.Rand, t Type, n int) []float64 {
	x := append([]float64(nil), edges...)
	for range n {
		if t == F32 {
			x = append(x, float64(math.Float32frombits(r.Uint32())))
		} else {
			x = append(x, math.Float64frombits(r.Uint64()))
		}
		x = append(x, narrow(t, r.NormFloat64()), narrow(t, r.NormFloat64()*50), narrow(t, 1+r.NormFloat64()/8),
			narrow(t, math.Copysign(math.Exp2(-r.Float64()*20), r.NormFloat64())), narrow(t, r.NormFloat64()*1e4))
	}
	return x
}

// TestBounds compares the functions in assembly with formulas in float64, which
// are up to two ulp off themselves.
func TestBounds(t *testing.T) {
	r := seeded(t)
	each(t, func(t *testing.T, of isa, op Op, typ Type, kinds uint8) {
		if op.Arity() > 2 || kinds != 0 || meaning[op] == nil {
			return
		}
		x := values(r, typ, 3000)
		v := &trial{op: op, t: typ, wide: len(x)}
		v.from, v.to = elems(op, typ)
		for i := range op.Arity() {
			v.x[i] = make([]byte, len(x)*v.from.size())
			for j, x := range x {
				v.from.put(v.x[i], j, x)
			}
			r.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
		}
		d, _ := v.run(lookup(of, op, typ, 0), 1, len(x), 0)
		worst, where := 0.0, ""
		for j := range x {
			x := v.elements(j)
			want := wanted(typ, op, meaning[op], x)
			u := ulps(typ, v.to.get(d, j), want)
			if op == LogAddExp {
				u *= ulp(typ, want) / ulp(typ, max(math.Abs(want), math.Abs(x[0]), math.Abs(x[1])))
			}
			if u > worst || u != u {
				worst, where = u, fmt.Sprintf("%v of %v: %v, want %v", v, x, v.to.get(d, j), want)
			}
		}
		if bounds[op] > 0 {
			t.Logf("%-7s %v: %.2f ulp, %s", isaNames[of], v, worst, where)
		}
		allowed := max(bounds[op], 0.5)
		if typ == F64 && bounds[op] > 0 {
			allowed += 2
		}
		assert.LessOrEqual(t, worst, allowed, where)
	})
}

// TestPowers tries Pow at all pairs of edges, and that of float64 also at numbers near
// 1 and exponents that bring them to the ends of the range. There it has the bits of
// exact.Pow, which a test of its own compares with numbers of 200 bits.
func TestPowers(t *testing.T) {
	r := seeded(t)
	var bases, exponents []float64
	for range 4000 {
		x := math.Ldexp(0.5+r.Float64()/2, r.IntN(2098)-1073)
		if r.IntN(2) == 0 {
			x = 1 + r.NormFloat64()*math.Exp2(-40*r.Float64())/8
		}
		bases, exponents = append(bases, x), append(exponents, (r.Float64()*2200-1100)/math.Log2(math.Abs(x)))
	}
	for of := avx2; of <= best(); of++ {
		for _, typ := range []Type{F32, F64} {
			v := &trial{op: Pow, t: typ, wide: len(edges) * len(edges)}
			v.from, v.to = elems(Pow, typ)
			for i := range 2 {
				v.x[i] = make([]byte, v.wide*v.from.size())
				for j := range v.wide {
					v.from.put(v.x[i], j, edges[[2]int{j / len(edges), j % len(edges)}[i]])
				}
			}
			agree(t, v, 1, v.wide, lookup(of, Pow, typ, 0))
		}
		v := &trial{op: Pow, t: F64, from: float64s, to: float64s, wide: len(bases)}
		for i, list := range [][]float64{bases, exponents} {
			v.x[i] = make([]byte, 8*v.wide)
			for j, x := range list {
				v.from.put(v.x[i], j, x)
			}
		}
		d, _ := v.run(lookup(of, Pow, F64, 0), 1, v.wide, 0)
		for j := range v.wide {
			got, want := v.to.get(d, j), exact.Pow(bases[j], exponents[j])
			if !same(got, want) {
				assert.Fail(t, fmt.Sprintf("%s: %v^%v: %v, want %v", isaNames[of], bases[j], exponents[j], got, want))
			}
		}
	}
}
