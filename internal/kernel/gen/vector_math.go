package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// The polynomials here are minimax on the range of their argument, found by
// Remez's exchange, and then rounded.

// terms are the coefficients of a polynomial for either type.
type terms struct{ single, double []float64 }

func (c *code) terms(t terms, before ...float64) []float64 {
	return append(before, choose(c.wide, t.double, t.single)...)
}

// expTerms are those of (exp(r)-1-r)/r², |r| ≤ log(2)/2.
var expTerms = terms{
	[]float64{0.49999994039535522, 0.16666515171527863, 0.041668083518743515, 0.0083693526685237885, 0.0013840520987287164},
	[]float64{0.5000000000000011, 0.1666666666666641, 0.041666666666529725, 0.008333333333495003, 0.001388888894375998, 0.00019841269505731194, 2.4801492949668405e-05, 2.7557586834203965e-06, 2.7630306232638185e-07, 2.5000011378222276e-08},
}

// expm1Terms approximate the same so that exp(r)-1 is exact near 0.
var expm1Terms = terms{
	[]float64{0.49999997019767761, 0.16666537523269653, 0.041667740792036057, 0.0083673186600208282, 0.0013837862061336637},
	[]float64{0.5, 0.16666666666666677, 0.041666666666666505, 0.008333333333321653, 0.0013888888888962643, 0.00019841269886074035, 2.4801587172158533e-05, 2.755724425351311e-06, 2.755740283348827e-07, 2.510902472284218e-08, 2.0875312147771123e-09},
}

// exp2Terms are those of (2^r-1)/r, |r| ≤ 1/2; those of float64 are for results of
// float32.
var exp2Terms = terms{
	[]float64{0.69314718246459961, 0.24022594094276428, 0.055503662675619125, 0.0096254441887140274, 0.0013388728257268667, 0.00013315014347550273},
	[]float64{0.6931471807068739, 0.2402265107099683, 0.05550410359914806, 0.00961803740606446, 0.0013333938116276973, 0.00015467008564833888, 1.5195921365272834e-05},
}

// log(2) in two parts. The first has few digits, so that a multiple of it is
// exact, and the second is positive, so that it gives infinities no other sign.
func (c *code) ln2() (high, low float64) {
	const single, double = 0.693145751953125, 6.93147180369123816490e-01
	if c.wide {
		return double, math.Ln2 - double
	}
	return single, math.Ln2 - single
}

// Beyond these numbers exp is infinite, and 0.
func (c *code) expEnds() (low, high float64) {
	return choose(c.wide, -746.0, -104), choose(c.wide, 710.0, 89)
}

// remainder returns n, the integer nearest x/log(2), and x - n·log(2).
func (c *code) remainder(x vec) (n, r vec) {
	high, low := c.ln2()
	n = c.round(c.mul(x, c.k(math.Log2E)), nearest)
	r = c.fnma(n, c.k(high), x)
	c.by(build.VFNMADD231PS, build.VFNMADD231PD, c.k(low), n, r)
	return n, r
}

// scale returns p·2^n, rounded once even where it is denormal.
func (c *code) scale(p, n vec) vec {
	if c.avx512 {
		return c.to(build.VSCALEFPS, build.VSCALEFPD, n, p)
	}
	// 2^n may have no float, but the powers of two halves of n have.
	i := c.vec()
	if c.wide {
		c.do(build.VCVTPD2DQY, n, i.AsX())
	} else {
		c.do(build.VCVTPS2DQ, n, i)
	}
	h := c.vec()
	c.do(build.VPSRAD, operand.Imm(1), i, h)
	c.do(build.VPSUBD, h, i, i)
	return c.mul(c.mul(p, c.power2(h)), c.power2(i))
}

// power2 returns 2^i of integers of 32 bits that are exponents.
func (c *code) power2(i vec) vec {
	if c.wide {
		c.do(build.VPMOVSXDQ, i.AsX(), i)
	}
	c.by(build.VPSLLD, build.VPSLLQ, operand.Imm(choose[uint64](c.wide, 52, 23)), i, i)
	c.by(build.VPADDD, build.VPADDQ, c.k(1), i, i)
	return i
}

func exp(c *code, x ...vec) vec {
	low, high := c.expEnds()
	return c.exp(c.clamp(x[0], low, high))
}

// exp is exp of numbers between the ends.
func (c *code) exp(x vec) vec {
	n, r := c.remainder(x)
	return c.scale(c.poly(r, c.terms(expTerms, 1, 1)...), n)
}

// expMinus is exp(-|x|).
func (c *code) expMinus(x vec) vec {
	low, _ := c.expEnds()
	return c.exp(c.most(c.kr(low), c.or(x, c.sign())))
}

func expSub(c *code, x ...vec) vec { return exp(c, c.sub(x[0], x[1])) }

func exp2(c *code, x ...vec) vec {
	v := c.clamp(x[0], choose(c.wide, -1080.0, -151), choose(c.wide, 1030.0, 129))
	n := c.round(v, nearest)
	r := c.sub(v, n)
	if !c.wide {
		return c.scale(c.poly(r, c.terms(exp2Terms, 1)...), n)
	}
	const ln2 = 0x1.62e42fefa39efp-1 // rounded; r·log(2) has more digits than one number
	h := c.mul(r, c.k(ln2))
	low := c.fma(r, c.k(math.Ln2-ln2), c.fms(r, c.kr(ln2), h))
	e := c.poly(h, c.terms(expTerms, 1, 1)...)
	return c.scale(c.fma(e, low, e), n)
}

// expm1 returns exp(r)-1 for what remainder left.
func (c *code) expm1(r vec) vec {
	return c.fma(c.poly(r, c.terms(expm1Terms)...), c.mul(r, r), r)
}

// expm1 is 2^n·(exp(r)-1) + (2^n-1). For n = 128, or 1024, it is computed at half
// the size, which has a float.
func expm1(c *code, x ...vec) vec {
	_, high := c.expEnds()
	v := c.clamp(x[0], choose(c.wide, -45.0, -30), high)
	n, r := c.remainder(v)
	small := c.least(n, c.k(choose(c.wide, 1023.0, 127)))
	t := c.scale(c.kr(1), small)
	y := c.fma(c.expm1(r), t, c.sub(t, c.k(1)))
	return c.signed(c.scale(y, c.sub(n, small)), x[0])
}

// sigmoid is exp(min(x, 0)) / (1 + exp(-|x|)), which never overflows. The
// quotient is corrected for its own rounding and that of the sum; there 1 - e/2
// is near enough to 1/(1+e).
func sigmoid(c *code, x ...vec) vec {
	e := c.expMinus(x[0])
	d := c.add(e, c.k(1))
	lost := c.sub(e, c.sub(d, c.k(1)))
	top := c.pick(c.cmp(less, x[0], c.k(0)), e, c.kr(1))
	y := c.div(top, d)
	rest := c.fnma(y, lost, c.fnma(y, d, top))
	return c.fma(rest, c.fma(e, c.k(-0.5), c.k(1)), y)
}

// tanh is m/(2-m) with m = 1-exp(-2|x|), whose rounding weighs less than that
// of exp(2|x|)-1.
func tanh(c *code, x ...vec) vec {
	v := c.least(c.kr(choose(c.wide, 20.0, 10)), c.abs(x[0]))
	n, r := c.remainder(c.or(c.add(v, v), c.sign()))
	t := c.scale(c.kr(1), n)
	m := c.fnma(c.expm1(r), t, c.sub(c.kr(1), t))
	return c.signed(c.div(m, c.sub(c.kr(2), m)), x[0])
}

// logTerms are those of (log(1+f) - f + f²/2)/f³, -1/4 ≤ f < 1/2.
var logTerms = []float64{0.33333340287208557, -0.2500016391277313, 0.19999605417251587, -0.16655296087265015, 0.14276236295700073, -0.12727774679660797, 0.11700671911239624, -0.09116232395172119, 0.03767327591776848}

// split returns m in [3/4, 3/2) and e with x = m·2^e for positive numbers.
func (c *code) split(x vec) (m, e vec) {
	if c.avx512 {
		m = c.to(build.VGETMANTPS, build.VGETMANTPD, operand.U8(0b1011), x) // NaN if x < 0
		e = c.to(build.VGETEXPPS, build.VGETEXPPD, x)
		c.by(build.VADDPS, build.VADDPD, c.k(1), e, c.cmp(less, m, c.k(1)), e)
		return m, e
	}
	// Denormals are brought into the range of the others first. Then the bits
	// from those of 3/4 are counted; 1024 keeps the exponents positive.
	digits := choose[uint64](c.wide, 52, 23)
	tiny := c.cmp(less, x, c.k(choose(c.wide, 0x1p-1022, 0x1p-126))).(vec)
	x = c.pick(tiny, c.mul(x, c.k(0x1p52)), x)
	low := c.and(tiny, c.k(-52))
	if !c.wide {
		i := c.to(build.VPSUBD, nil, c.bits(0x3f400000), x)
		c.do(build.VPSRAD, operand.Imm(digits), i, i)
		e = c.add(c.to(build.VCVTDQ2PS, nil, i), low)
		c.do(build.VPSLLD, operand.Imm(digits), i, i)
		return c.to(build.VPSUBD, nil, i, x), e
	}
	i := c.to(nil, build.VPADDQ, c.bits(1024<<52-0x3fe8<<48), x)
	c.do(build.VPSRLQ, operand.Imm(digits), i, i)
	e = c.sub(c.or(i, c.k(0x1p52)), c.k(0x1p52+1024))
	c.do(build.VPSLLQ, operand.Imm(digits), i, i)
	c.do(build.VPSUBQ, i, x, i)
	c.do(build.VPADDQ, c.bits(1024<<52), i, i)
	return i, c.add(e, low)
}

// splitAll is split with an e that makes the logarithm right for all numbers:
// -Inf for 0, x where that is infinite or NaN, and NaN below.
func (c *code) splitAll(x vec) (m, e vec) {
	m, e = c.split(x)
	if c.avx512 {
		return m, e
	}
	e = c.pick(c.cmp(equal, x, c.k(0)), c.k(math.Inf(-1)), e)
	e = c.pick(c.cmp(notLess, x, c.k(math.Inf(1))), x, e)
	return m, c.or(e, c.cmp(less, x, c.k(0)).(vec))
}

// logOf returns e·log(2) + log(1+f), times a factor.
func (c *code) logOf(f, e vec, factor float64) vec {
	if c.wide {
		return c.logWide(f, e, factor)
	}
	f2 := c.mul(f, f)
	p := c.mul(f, c.longPoly(f, f2, logTerms...))
	t := c.mul(f2, c.add(p, c.k(-0.5)))
	if factor == 1 {
		high := float64(math.Nextafter32(math.Ln2, 0))
		t = c.fma(e, c.k(math.Ln2-high), t)
		return c.fma(e, c.k(high), c.add(f, t))
	}
	high := float64(float32(factor))
	t = c.fma(f, c.k(factor-high), c.mul(t, c.k(high)))
	if factor == math.Log2E {
		return c.add(e, c.fma(f, c.k(high), t))
	}
	unit := float64(math.Nextafter32(float32(factor*math.Ln2), 0))
	t = c.fma(e, c.k(factor*math.Ln2-unit), t)
	return c.fma(e, c.k(unit), c.fma(f, c.k(high), t))
}

// logarithm returns the body of a logarithm: the natural one times a factor.
func logarithm(factor float64) body {
	return func(c *code, x ...vec) vec {
		m, e := c.splitAll(x[0])
		return c.logOf(c.sub(m, c.k(1)), e, factor)
	}
}

// logWideTerms are those of (log((1+s)/(1-s)) - 2s)/s³ in s², -1/7 ≤ s ≤ 1/5.
var logWideTerms = []float64{0.666666666666666, 0.4000000000005695, 0.285714285557678, 0.22222224302860394, 0.18181665511692974, 0.15391123385150626, 0.13173412730017497, 0.13844272527962745}

// logWide is logOf in float64. With s = f/(2+f), log(1+f) is
// f - (f²/2 - s·(f²/2 + R(s²))), where the largest term is exact.
func (c *code) logWide(f, e vec, factor float64) vec {
	high, low := c.ln2()
	s := c.div(f, c.add(f, c.k(2)))
	z := c.mul(s, s)
	h := c.mul(f, c.mul(f, c.k(0.5)))
	t := c.fma(z, c.poly(z, logWideTerms...), h)
	if factor != 1 {
		l := c.sub(f, c.fnma(s, t, h))
		return c.fma(e, c.k(choose(factor == math.Log2E, 1, factor*math.Ln2)), c.mul(l, c.k(factor)))
	}
	t = c.fma(s, t, c.mul(e, c.k(low)))
	return c.fma(e, c.k(high), c.sub(f, c.sub(h, t)))
}

// log1p takes f and e from 2^e·(1+f) = 1+x by scaling x, rather than 1+x, which
// has lost digits.
func log1p(c *code, x ...vec) vec {
	u := c.add(x[0], c.k(1))
	return c.logEdges(u, x[0], c.signed(c.logOfNext(x[0], u), x[0]))
}

// logOfNext returns log(1+x), where u is 1+x, rounded, and a positive number.
func (c *code) logOfNext(x, u vec) vec {
	_, e := c.split(u)
	s := c.scale(c.kr(1), c.sub(c.kr(0), e))
	return c.logOf(c.fma(x, s, c.sub(s, c.k(1))), e, 1)
}

// logEdges gives y, the logarithm of u, its values at the ends of the range: x
// where that is infinite or NaN, -Inf where u is 0, and NaN below.
func (c *code) logEdges(u, x, y vec) vec {
	if c.avx512 {
		const table = 0x03130421 // by class of u, from the lowest digit: 0 is y, 1 and 2 are u, 3 NaN, 4 -Inf
		c.by(build.VFIXUPIMMPS, build.VFIXUPIMMPD, operand.U8(0), c.bits(table), u, y)
		return y
	}
	y = c.pick(c.cmp(equal, u, c.k(math.Inf(1))), x, y)
	y = c.pick(c.cmp(equal, u, c.k(0)), c.k(math.Inf(-1)), y)
	return c.or(y, c.cmp(notGreaterEqual, u, c.k(0)).(vec))
}

// log1pTerms are those of (log(1+e)-e)/e², 0 ≤ e ≤ 1.
var log1pTerms = []float64{-0.49999988079071045, 0.33332690596580505, -0.24988579750061035, 0.19897933304309845, -0.1612934172153473, 0.12467139214277267, -0.08307431638240814, 0.04198157414793968, -0.013631580397486687, 0.002072967356070876}

// log1pOf returns log(1+e) for 0 ≤ e ≤ 1.
func (c *code) log1pOf(e vec) vec {
	if c.wide {
		return c.logOfNext(e, c.add(e, c.k(1)))
	}
	return c.fma(c.mul(e, e), c.poly(e, log1pTerms...), e)
}

// softplus is max(x, 0) + log(1+exp(-|x|)).
func softplus(c *code, x ...vec) vec {
	return c.add(c.log1pOf(c.expMinus(x[0])), c.most(c.kr(0), x[0]))
}

// logAddExp is max(x, y) + log(1+exp(-|x-y|)), with a difference of 0 also
// between equal infinities.
func logAddExp(c *code, x ...vec) vec {
	d := c.pick(c.cmp(equal, x[0], x[1]), c.k(0), c.sub(x[0], x[1]))
	return c.add(c.log1pOf(c.expMinus(d)), c.most(x[0], x[1]))
}

// rsqrt takes one step of Newton's method from an estimate, or from a rounded
// quotient. Where that is
// infinite, 0 or NaN the step is NaN, and not taken.
func rsqrt(c *code, x ...vec) vec {
	var y vec
	if c.avx512 && !c.wide { // whose estimate has half the digits
		y = c.to(build.VRSQRT14PS, nil, x[0])
	} else {
		y = c.div(c.kr(1), c.sqrt(x[0]))
	}
	h := c.mul(x[0], y)
	e := c.fnma(h, y, c.k(1))
	c.by(build.VFNMADD231PS, build.VFNMADD231PD, c.fms(x[0], y, h), y, e) // what h has lost
	return c.pick(c.cmp(unordered, e, e), y, c.fma(c.mul(y, c.k(0.5)), e, y))
}

// The parts of π/2, each rounded to the type.
var halfPi = terms{
	[]float64{1.5707963705062866, -4.371139000186241e-08, -1.7151245100059e-15},
	[]float64{1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33},
}

// sinTerms are those of (sin(r)/r-1)/r² in r², cosTerms of (cos(r)-1)/r².
var (
	sinTerms = terms{
		[]float64{-0.16666653752326965, 0.0083321016281843185, -0.00019506846729200333},
		[]float64{-0.16666666666666666, 0.008333333333330946, -0.0001984126983675497, 2.755731610068303e-06, -2.5051131455427946e-08, 1.591810123027412e-10},
	}
	cosTerms = terms{
		[]float64{-0.5, 0.041666645556688309, -0.0013887297827750444, 2.4430084522464313e-05},
		[]float64{-0.5, 0.041666666666666664, -0.0013888888888887395, 2.4801587298763433e-05, -2.7557317270560326e-07, 2.0876146024689747e-09, -1.1382614868556325e-11},
	}
)

// turns returns x - n·π/2, for the nearest integer n, as r and what r lacks,
// and n + more as an integer. It is exact enough up to wildest.
func (c *code) turns(x vec, more float64) (r, low, n vec) {
	parts := c.terms(halfPi)
	q := c.round(c.mul(x, c.k(2/math.Pi)), nearest)
	first := c.fnma(q, c.k(parts[0]), x) // exact
	r = c.fnma(q, c.k(parts[1]), first)
	low = c.fnma(q, c.k(parts[1]), c.sub(first, r))
	low = c.only(c.cmp(greater, c.mul(r, r), c.k(choose(c.wide, 0x1p-70, 0x1p-14))), low) // else first - r is not exact, but r nearly is
	c.by(build.VFNMADD231PS, build.VFNMADD231PD, c.k(parts[2]), q, low)
	if more != 0 {
		q = c.add(q, c.k(more))
	}
	if c.wide { // the last digits of q + 1.5·2⁵² are the integer
		return r, low, c.add(q, c.k(0x1.8p52))
	}
	return r, low, c.to(build.VCVTPS2DQ, nil, q)
}

// wave is the sine of r + low + n·π/2.
func (c *code) wave(r, low, n vec) vec {
	z := c.mul(r, r)
	sin := c.add(r, c.fma(c.mul(z, r), c.poly(z, c.terms(sinTerms)...), low))
	cos := c.add(c.fms(z, c.poly(z, c.terms(cosTerms)...), c.mul(r, low)), c.k(1))
	top := choose[uint64](c.wide, 63, 31)
	odd := c.to(build.VPSLLD, build.VPSLLQ, operand.Imm(top), n)
	minus := c.to(build.VPSLLD, build.VPSLLQ, operand.Imm(top-1), n)
	if c.avx512 {
		k := build.K()
		c.by(two(build.VPMOVD2M), two(build.VPMOVQ2M), odd, k)
		return c.flipped(c.pick(k, cos, sin), minus)
	}
	return c.flipped(c.pick(odd, cos, sin), minus)
}

func sin(c *code, x ...vec) vec {
	r, low, n := c.turns(c.abs(x[0]), 0)
	return c.flipped(c.wave(r, low, n), x[0])
}

func cos(c *code, x ...vec) vec {
	r, low, n := c.turns(c.abs(x[0]), 1)
	return c.wave(r, low, n)
}

// exp(x²)·erfc(x) is Q(x) / (√π·x·Q(x) + P(x)), 0 ≤ x ≤ 10.1, where the errors
// of Q all but cancel for large x. These are Q and P.
var (
	erfcTop    = []float64{1, 1.5459264529464953, 1.146186308306785, 0.49210615520952866, 0.1224239464298347, 0.014598877906509277}
	erfcBottom = []float64{1, 0.9018516245973811, 0.42373534640795757, 0.10846490817885515, 0.012938380798027107}
)

// erfcWide approximates exp(x²)·erfc(x)/t in t·(2/(1-a)) - (1+a)/(1-a), from -1 to
// 1, where t is 2/(2+x) and a the least one, that of x = 27.5.
var erfcWide = []float64{0.5347326614946255, 0.3381708758159431, 0.12438548734918556, 0.012285324665833442, -0.008867830708820574, -0.0018136980293665356, 0.0011163836252955218,
	0.00014593869067355047, -0.00018708415734964675, 1.4272018427943258e-05, 2.820313138848298e-05, -1.068098546050614e-05, -1.8082887769649347e-06, 2.7372356992200154e-06,
	-7.04301827956901e-07, -2.77433365003422e-07, 2.7706917584627925e-07, -7.025719269272676e-08, -2.972600935482074e-08, 3.344892814385451e-08, -9.658631257595754e-09,
	-4.3002273062161185e-09, 4.163259908883367e-09, -4.952258720896785e-10, -5.299809061456093e-10, 1.637984273047887e-10}

// erfcScaled returns exp(x²)·erfc(x) for x ≥ 0.
func (c *code) erfcScaled(x vec) vec {
	if c.wide {
		const a = 2 / (2 + 27.5)
		d := c.add(x, c.k(2))
		t := c.div(c.kr(2), d)
		rest := c.fnma(t, c.sub(x, c.sub(d, c.k(2))), c.fnma(t, d, c.k(2))) // 2 - t·(x+2)
		t = c.fma(rest, c.mul(t, c.k(0.5)), t)
		return c.mul(t, c.poly(c.fma(t, c.k(2/(1-a)), c.k(-(1+a)/(1-a))), erfcWide...))
	}
	top := c.poly(x, erfcTop...)
	return c.div(top, c.fma(top, c.mul(x, c.k(math.Sqrt(math.Pi))), c.poly(x, erfcBottom...)))
}

// erfcOf returns erfc(x) for x ≥ 0. The square is taken with the digits that
// float32 does not hold, and the result is scaled last, so that the tail keeps
// its digits.
func (c *code) erfcOf(x vec) vec {
	x = c.least(c.kr(choose(c.wide, 27.3, 10.1)), x)
	h := c.fnma(x, x, c.kr(0)) // -x²
	lost := c.fma(x, x, h)
	high, low := c.ln2()
	n := c.round(c.mul(h, c.k(math.Log2E)), nearest)
	r := c.sub(c.fnma(n, c.k(high), h), c.fma(n, c.k(low), lost))
	e := c.mul(r, c.poly(r, c.terms(expTerms, 1)...)) // exp(r)-1
	q := c.erfcScaled(x)
	return c.scale(c.fma(q, e, q), n)
}

func erfc(c *code, x ...vec) vec {
	y := c.erfcOf(c.abs(x[0]))
	return c.subIf(c.cmp(less, x[0], c.k(0)), c.kr(2), y)
}

// erfcMul is, with the numbers -1/√2 and 1/2, gelu.
func erfcMul(c *code, x ...vec) vec {
	return c.mul(c.mul(erfc(c, c.mul(x[0], x[1])), x[2]), x[3])
}

// erfTerms are those of erf(x)/x - 1 in x², |x| ≤ 1.
var erfTerms = terms{
	[]float64{0.12837916612625122, -0.37612625956535339, 0.11283578723669052, -0.026853347197175026, 0.0051871621981263161, -0.00079978530993685126, 7.8069038863759488e-05},
	[]float64{0.12837916709551256, -0.37612638903183543, 0.11283791670945006, -0.02686617064323777, 0.0052239776071164225, -0.0008548325975389692, 0.00012055294904839707, -1.492473690741966e-05, 1.6447424703317362e-06, -1.6208483801871705e-07, 1.3720064546777686e-08, -7.795898827002142e-10},
}

func erf(c *code, x ...vec) vec {
	a := c.abs(x[0])
	far := c.sub(c.kr(1), c.erfcOf(a))
	near := c.fma(a, c.poly(c.mul(a, a), c.terms(erfTerms)...), a)
	return c.signed(c.pick(c.cmp(less, a, c.k(1)), near, far), x[0])
}
