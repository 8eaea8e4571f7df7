package ir

import (
	"math"
	"slices"
)

// A magnitude is what is known of the size of a value's elements, whatever the
// leaves hold.
type magnitude struct {
	lo, hi   float64 // log2 of the smallest and the largest magnitude but 0, Inf and NaN
	finite   bool    // none is infinite
	nonzero  bool    // none is 0
	positive bool    // none is less than 0
}

// magnitudeDepth is how far a magnitude looks toward the leaves.
const magnitudeDepth = 8

// limits returns log2 of the smallest and the largest normal numbers of d.
func limits(d DType) (lo, hi float64) {
	if d == F64 {
		return -1022, 1023
	}
	return -126, 127
}

// magnitudeOf returns what the way in which v is computed tells about its size.
func magnitudeOf(v *Value, depth int) magnitude {
	unknown := magnitude{lo: -149, hi: 128}
	if v.DType == F64 {
		unknown = magnitude{lo: -1074, hi: 1024}
	}
	if depth == 0 || !v.DType.Float() {
		return unknown
	}
	in := func(i int) magnitude { return magnitudeOf(v.In[i].V, depth-1) }
	switch v.Kind {
	case Const:
		if v.Num == 0 || v.Num != v.Num || math.IsInf(v.Num, 0) {
			return magnitude{positive: v.Num >= 0, finite: v.Num == 0, nonzero: v.Num != 0}
		}
		l := math.Log2(math.Abs(v.Num))
		return magnitude{lo: l, hi: l, finite: true, nonzero: true, positive: v.Num > 0}
	case Reduce:
		switch x := in(0); {
		case v.Op == Sum && stableSum(v):
			return magnitude{lo: 0, hi: math.Log2(float64(v.In[0].V.size)), finite: true, nonzero: true, positive: true}
		case v.Op == Sum && x.positive: // may overflow, and does not get smaller
			x.hi, x.finite = unknown.hi, false
			return x
		case v.Op == Max || v.Op == Min:
			return x
		}
	case Map:
		return mapMagnitude(v, unknown, in)
	}
	return unknown
}

// mapMagnitude is magnitudeOf for functions of elements.
func mapMagnitude(v *Value, unknown magnitude, in func(int) magnitude) magnitude {
	s := unknown
	switch v.Op {
	case Neg, Abs:
		s = in(0)
		s.positive = v.Op == Abs
	case Exp:
		s.positive = true
		if overMax(v.In[0].V) {
			s.hi, s.finite = 0, true
		}
	case Square, ReLU:
		s.positive = true
	case Sqrt:
		x := in(0)
		s = magnitude{lo: unknown.lo / 2, hi: unknown.hi / 2, finite: x.finite, nonzero: x.nonzero, positive: true}
		s.lo, s.hi = max(s.lo, x.lo/2), min(s.hi, x.hi/2)
	case Rsqrt:
		x := in(0)
		s = magnitude{lo: -min(unknown.hi, x.hi) / 2, hi: -max(unknown.lo, x.lo) / 2, finite: x.nonzero, positive: true}
	case Recip:
		x := in(0)
		s.lo, s.hi, s.positive = -x.hi, -x.lo, x.positive
		s.finite, s.nonzero = x.nonzero && s.fits(v.DType, 0), x.finite
	case Mul:
		x, y := in(0), in(1)
		s.lo, s.hi, s.positive = x.lo+y.lo, x.hi+y.hi, x.positive && y.positive || same(v.In[0], v.In[1])
		fits := s.fits(v.DType, 0)
		s.finite, s.nonzero = x.finite && y.finite && fits, x.nonzero && y.nonzero && fits
	case Add:
		if x, y := in(0), in(1); x.positive && y.positive {
			s.positive, s.nonzero = true, x.nonzero || y.nonzero
			s.lo = min(x.lo, y.lo)
			switch { // the other one may be 0
			case y.nonzero:
				s.lo = y.lo
			case x.nonzero:
				s.lo = x.lo
			}
			s.hi = max(x.hi, y.hi) + 1
			s.finite = x.finite && y.finite && s.fits(v.DType, 0)
		}
	case Maximum:
		if x, y := in(0), in(1); y.nonzero && y.positive { // a floor
			s = magnitude{lo: y.lo, hi: max(x.hi, y.hi), finite: x.finite && y.finite, nonzero: true, positive: true}
		}
	}
	return s
}

// fits reports whether all magnitudes keep away from both ends of the normal
// numbers, by a factor of 2 to the given power.
func (s magnitude) fits(d DType, margin float64) bool {
	lo, hi := limits(d)
	return s.lo >= lo+margin && s.hi <= hi-margin
}

// divides reports whether x/s may be x·(1/s): where 1/s is a normal number.
func divides(s *Value) bool { return magnitudeOf(s, magnitudeDepth).fits(s.DType, 1) }

// gentle is log2 of how far a factor may reach that moves past unknown values:
// a value that is further from the ends of the range shows rounding only.
const gentle = 24

// mild reports whether v is a number that is neither large nor small.
func mild(v *Value) bool {
	return v.Kind == Const && v.Num != 0 && math.Abs(math.Log2(math.Abs(v.Num))) <= gentle
}

// isGentle reports whether v may move past unknown values: whatever the leaves hold,
// it is neither large nor small.
func isGentle(v *Value) bool {
	if mild(v) {
		return true
	}
	x := magnitudeOf(v, magnitudeDepth)
	return x.finite && x.nonzero && x.lo >= -gentle && x.hi <= gentle
}

// regroups reports whether (a·t)·s may be a·(t·s): where t·s is normal, whatever
// the leaves hold, or one of them is a mild number.
func regroups(t, s *Value) bool {
	if mild(t) || mild(s) {
		return true
	}
	x, y := magnitudeOf(t, magnitudeDepth), magnitudeOf(s, magnitudeDepth)
	return magnitude{lo: x.lo + y.lo, hi: x.hi + y.hi}.fits(t.DType, 0)
}

// movesOut reports whether a sum of x·s may be s times the sum: where s is never
// infinite, which would make a product with 0 NaN and one with their sum not,
// and not so large or small that the sum overflows instead of its products.
func movesOut(s *Value) bool {
	if mild(s) {
		return true
	}
	x := magnitudeOf(s, magnitudeDepth)
	_, hi := limits(s.DType)
	return x.finite && x.lo >= -hi/2-1 && x.hi <= hi/2
}

// overMax reports whether v is x less the maximum of its row: at most 0, and 0
// somewhere in each row, or NaN in the whole of it.
func overMax(v *Value) bool {
	if v.Kind != Map || v.Op != Sub {
		return false
	}
	x, y := v.In[0], v.In[1]
	m := y.V
	if m.Kind != Reduce || m.Op != Max || m.Over == Middle || y.Off != 0 || !same(x, m.In[0]) || !slices.Equal(x.Dims, m.In[0].Dims) {
		return false
	}
	return slices.Equal(y.Steps, rowSteps(m, len(v.Dims)))
}

// rowSteps returns the steps by which what is reduced reads the result of the
// reduction of its row.
func rowSteps(m *Value, rank int) []int {
	steps, n := make([]int, rank), rank-len(m.Dims)
	if m.Over == Rows {
		n = 0
	}
	copy(steps[n:], dense(m.Dims))
	return steps
}

// stableSum reports whether v is the sum of exp(x - max(x)) over the rows of
// the maximum: from 1 to their length.
func stableSum(v *Value) bool {
	if v.Kind != Reduce || v.Op != Sum {
		return false
	}
	e := inner(v.In[0])
	if e == nil || e.Op != Exp {
		return false
	}
	u := inner(e.In[0])
	return u != nil && overMax(u) && u.In[1].V.Over == v.Over && slices.Equal(u.In[1].V.Dims, v.Dims)
}

// expOfLog returns exp(u - log Σ exp(u)) as exp(u)·(1/Σ), where u is x less the
// maximum of its row. The sum is 1 at least, so its reciprocal is a normal
// number. Nothing overflows, and what is below the normal numbers is off by 2 of
// the smallest ones at most: exp(u) by 1, less by the factor, and the rounding of
// the product.
func (b *Builder) expOfLog(d DType, x Ref) (Ref, bool) {
	m := inner(x)
	if m == nil || m.Op != Sub {
		return Ref{}, false
	}
	u, l := m.In[0], m.In[1]
	if l.V.Kind != Map || l.V.Op != Log || l.Off != 0 || inner(u) == nil {
		return Ref{}, false
	}
	s := l.V.In[0]
	if !stableSum(s.V) || !slices.Equal(s.Dims, s.V.Dims) || !s.Dense() || s.Off != 0 || !slices.Equal(l.Steps, rowSteps(s.V, len(l.Dims))) {
		return Ref{}, false
	}
	if e := inner(s.V.In[0]); e.In[0].V == u.V {
		return b.mapTo(Mul, d, b.reread(u, e), b.mapTo(Recip, d, b.reread(l, s.V))), true
	}
	return Ref{}, false
}
