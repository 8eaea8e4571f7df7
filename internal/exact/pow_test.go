package exact_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/internal/exact"
)

const digits = 200 // of big numbers

func number(x float64) *big.Float { return new(big.Float).SetPrec(digits).SetFloat64(x) }

// bigLog is log(m) for m near 1: 2·(s + s³/3 + ...), s = (m-1)/(m+1).
func bigLog(m *big.Float) *big.Float {
	s := number(0).Quo(number(0).Sub(m, number(1)), number(0).Add(m, number(1)))
	square := number(0).Mul(s, s)
	total, power := number(0), number(0).Set(s)
	for k := 1; power.Sign() != 0 && power.MantExp(nil) > -digits; k += 2 {
		total.Add(total, number(0).Quo(power, number(float64(k))))
		power.Mul(power, square)
	}
	return total.Mul(total, number(2))
}

// bigPow is x^y for positive x, with an exponent that may be too large for a float64.
func bigPow(x, y float64) *big.Float {
	ln2 := bigLog(number(2))
	m, e := math.Frexp(x)
	log := number(0).Add(bigLog(number(m)), number(0).Mul(ln2, number(float64(e))))
	v := log.Mul(log, number(y))
	q, _ := number(0).Quo(v, ln2).Float64()
	n := math.Round(q)
	v.Sub(v, number(0).Mul(ln2, number(n)))
	total, term := number(1), number(1)
	for k := 1; term.Sign() != 0 && term.MantExp(nil) > -digits; k++ {
		term.Quo(term.Mul(term, v), number(float64(k)))
		total.Add(total, term)
	}
	return total.SetMantExp(total, int(n))
}

// ulpsOff is how far got is from the truth, in ulp of the truth.
func ulpsOff(got float64, want *big.Float) float64 {
	near, _ := want.Float64()
	if math.IsInf(near, 0) || math.IsInf(got, 0) {
		if near == got {
			return 0
		}
		if math.Abs(got) == math.MaxFloat64 || math.Abs(near) == math.MaxFloat64 {
			return 1
		}
		return math.Inf(1)
	}
	ulp := math.Nextafter(math.Abs(near), math.Inf(1)) - math.Abs(near)
	off, _ := number(0).Quo(number(0).Sub(number(got), want), number(max(ulp, 5e-324))).Float64()
	return math.Abs(off)
}

// TestPow compares with big numbers: bases of all sizes and near 1, exponents of
// which the result is in range and at its ends, denormal ones included.
func TestPow(t *testing.T) {
	const seed = 5
	rnd := rand.New(rand.NewPCG(seed, 0))
	worst, at := 0.0, [2]float64{}
	for i := range 20000 {
		x := math.Ldexp(0.5+rnd.Float64()/2, rnd.IntN(2098)-1073)
		switch i % 4 {
		case 0:
			x = 1 + rnd.NormFloat64()*math.Exp2(-40*rnd.Float64())/4
		case 1:
			x = math.Exp(rnd.NormFloat64())
		}
		if x <= 0 {
			continue
		}
		y := (rnd.Float64()*2200 - 1100) / math.Log2(x)
		switch i % 5 {
		case 0:
			y = math.Round(rnd.NormFloat64() * 4)
		case 1:
			y = rnd.NormFloat64()
		case 2:
			y = (-1020 - 60*rnd.Float64()) / math.Log2(x)
		}
		if math.IsInf(y, 0) || math.IsNaN(y) {
			continue
		}
		if off := ulpsOff(exact.Pow(x, y), bigPow(x, y)); !(off <= worst) {
			worst, at = off, [2]float64{x, y}
		}
	}
	assert.Less(t, worst, 1.0, "seed %d: %v^%v", seed, at[0], at[1])
	t.Logf("at most %.3f ulp, of %v^%v", worst, at[0], at[1])
	assert.Greater(t, ulpsOff(math.Pow(1.0000001, 1e9), bigPow(1.0000001, 1e9)), 1e4, "why there is a Pow of our own")
}

// TestPowSpecial takes all pairs of edges, which are those of package math.
func TestPowSpecial(t *testing.T) {
	edges := []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e300, -1e300, 5e-324, -5e-324, math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN()}
	for _, x := range edges {
		for _, y := range edges {
			got, want := exact.Pow(x, y), math.Pow(x, y)
			if math.IsNaN(want) {
				assert.True(t, math.IsNaN(got), "%v^%v is %v", x, y, got)
				continue
			}
			assert.Equal(t, math.Signbit(want), math.Signbit(got), "%v^%v is %v", x, y, got)
			assert.InDelta(t, want, got, 1e-15*math.Abs(want), "%v^%v", x, y)
		}
	}
}
