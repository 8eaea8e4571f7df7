package exact_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/internal/exact"
)

// TestNearOne compares logarithms near 1 with those of what is added to 1.
func TestNearOne(t *testing.T) {
	for _, d := range []float64{1e-3, 6e-5, 1e-9, -1e-3, -4e-6, 0.3, -0.3} {
		x := 1 + d
		l := math.Log1p(x - 1)
		assert.InEpsilon(t, l/math.Ln2, exact.Log2(x), 1e-15, "log2 %v", x)
		assert.InEpsilon(t, l/math.Ln10, exact.Log10(x), 1e-15, "log10 %v", x)
	}
}

// TestEnds covers powers, the ends of the range, and what is outside of it.
func TestEnds(t *testing.T) {
	for e := -1074; e < 1024; e++ {
		assert.Equal(t, float64(e), exact.Log2(math.Ldexp(1, e)))
	}
	assert.InEpsilon(t, 1.7e308, exact.Exp(math.Log(1.7e308)), 1e-12)
	assert.InEpsilon(t, -1074*math.Ln2, exact.Log(5e-324), 1e-15)
	assert.InEpsilon(t, -1074*math.Ln2/math.Ln10, exact.Log10(5e-324), 1e-15)
	assert.Equal(t, 0.0, exact.Exp(math.Inf(-1)))
	for _, f := range []func(float64) float64{exact.Log, exact.Log2, exact.Log10} {
		assert.True(t, math.IsInf(f(0), -1))
		assert.True(t, math.IsInf(f(math.Inf(1)), 1))
		assert.True(t, math.IsNaN(f(-1)) && math.IsNaN(f(math.NaN())))
	}
	assert.True(t, math.IsNaN(exact.Exp(math.NaN())) && math.IsInf(exact.Exp(710), 1))
}
