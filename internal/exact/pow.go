package exact

import "math"

// The numbers that need more than 53 digits, in two parts.
const (
	fifth, fifthRest       = 0x1.999999999999ap-3, -0x1.999999999999ap-57
	third, thirdRest       = 0x1.5555555555555p-2, 0x1.5555555555555p-56
	log2E2, log2E2Rest     = 0x1.71547652b82fep+1, 0x1.777d0ffda0d24p-55 // 2·log2(e)
	ln2, ln2Rest           = 0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56
	seriesFrom, seriesLast = 7, 31 // denominators of the series of the logarithm
)

// expTerms are those of (exp(r)-1-r)/r², |r| ≤ log(2)/2, as the kernels have them.
var expTerms = [...]float64{0.5000000000000011, 0.1666666666666641, 0.041666666666529725, 0.008333333333495003, 0.001388888894375998,
	0.00019841269505731194, 2.4801492949668405e-05, 2.7557586834203965e-06, 2.7630306232638185e-07, 2.5000011378222276e-08}

// Pow is x^y, not further than 1 ulp from the truth, with the special cases of
// [math.Pow], which loses a digit for each doubling of y: of 1.0000001^1e9 it has half.
func Pow(x, y float64) float64 {
	a, whole := math.Abs(x), y == math.Trunc(y)
	switch {
	case !(a > 0) || a > math.MaxFloat64 || y == 0 || !(math.Abs(y) <= math.MaxFloat64) || x == 1 || x < 0 && !whole:
		return math.Pow(x, y)
	case x < 0 && y/2 != math.Trunc(y/2):
		return -power(a, y)
	}
	return power(a, y)
}

// power is x^y for positive finite x. It is 2^(y·log2 x), where the logarithm has
// about 68 digits: log((1+s)/(1-s)) is 2s·(1 + s²/3 + s⁴/5 + ...), of which the first
// terms are computed in two numbers each, a high and a low part.
func power(x, y float64) float64 {
	m, n := math.Frexp(x)
	if m < 0.75 {
		m, n = 2*m, n-1
	}
	e := float64(n)
	d := m + 1
	s := (m - 1) / d
	sl := (math.FMA(-s, d, m-1) - s*(m-(d-1))) / d
	z := s * s
	zl := math.FMA(2*s, sl, math.FMA(s, s, -z))
	r := 0.0
	for k := seriesLast; k >= seriesFrom; k -= 2 {
		r = math.FMA(r, z, 1/float64(k))
	}
	q, ql := plus(fifth, fifthRest, z*r, 0)
	t, tl := times(z, zl, q, ql)
	t, tl = plus(third, thirdRest, t, tl)
	u, ul := times(z, zl, t, tl)
	c, cl := times(s, sl, u, ul)
	g, gl := plus(s, sl, c, cl)
	l, ll := times(g, gl, log2E2, log2E2Rest)
	if e != 0 {
		l, ll = plus(e, 0, l, ll)
	}
	v := y * l
	if !(math.Abs(v) < 2000) {
		return math.Exp2(v)
	}
	vl := math.FMA(y, ll, math.FMA(y, l, -v))
	i := math.RoundToEven(v)
	f := (v - i) + vl
	fl := vl - (f - (v - i))
	h := f * ln2
	hl := math.FMA(fl, ln2, math.FMA(f, ln2Rest, math.FMA(f, ln2, -h)))
	p := 0.0
	for k := len(expTerms) - 1; k >= 0; k-- {
		p = math.FMA(p, h, expTerms[k])
	}
	p = math.FMA(math.FMA(p, h, 1), h, 1)
	return math.Ldexp(math.FMA(p, hl, p), int(i))
}

// plus returns x + y, where |x| ≥ |y|, in two parts as they are.
func plus(x, xl, y, yl float64) (z, zl float64) {
	z = x + y
	return z, (x - z) + y + (yl + xl)
}

// times returns x·y in two parts as they are.
func times(x, xl, y, yl float64) (z, zl float64) {
	z = x * y
	return z, math.FMA(xl, y, math.FMA(x, yl, math.FMA(x, y, -z)))
}
