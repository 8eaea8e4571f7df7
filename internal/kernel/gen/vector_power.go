package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// inDouble computes a function of float32 in float64, half a register at a time.
func (c *code) inDouble(f body, x ...vec) vec {
	w := &code{c.avx512, true, c.width, c.constants}
	var halves [2]vec
	for i := range halves {
		wide := make([]vec, len(x))
		for j := range x {
			part := x[j]
			if i == 1 {
				part = c.upper(part)
			}
			wide[j] = w.vec()
			c.do(build.VCVTPS2PD, lower(c, part), wide[j])
		}
		y := f(w, wide...)
		halves[i] = c.vec()
		if c.avx512 {
			c.do(build.VCVTPD2PS, y, halves[i].AsY())
		} else {
			c.do(build.VCVTPD2PSY, y, halves[i].AsX())
		}
	}
	r := c.vec()
	if c.avx512 {
		c.do(build.VINSERTF64X4, operand.Imm(1), halves[1].AsY(), halves[0], r)
	} else {
		c.do(four(build.VINSERTF128), operand.Imm(1), halves[1].AsX(), halves[0], r)
	}
	return r
}

// lower is the lower half of a register.
func lower(c *code, x vec) op {
	if c.avx512 {
		return x.AsY()
	}
	return x.AsX()
}

// upper returns the upper half of x as the lower half of a register.
func (c *code) upper(x vec) vec {
	r := c.vec()
	if c.avx512 {
		c.do(build.VEXTRACTF64X4, operand.Imm(1), x, r.AsY())
	} else {
		c.do(three(build.VEXTRACTF128), operand.Imm(1), x, r.AsX())
	}
	return r
}

// log2Terms are those of log2((1+s)/(1-s))/s in s², -1/7 ≤ s ≤ 1/5, for results
// of float32.
var log2Terms = []float64{2.8853900817774205, 0.9617966948318195, 0.577077754097591, 0.41222629349134277, 0.31928116928571576, 0.29087432963323107}

// power is x^y in float64 for x ≥ 0 and results of float32.
func power(w *code, x ...vec) vec {
	m, e := w.splitAll(x[0])
	s := w.div(w.sub(m, w.k(1)), w.add(m, w.k(1)))
	l := w.fma(s, w.poly(w.mul(s, s), log2Terms...), e)
	v := w.clamp(w.mul(x[1], l), -160, 160)
	n := w.round(v, nearest)
	return w.scale(w.poly(w.sub(v, n), w.terms(exp2Terms, 1)...), n)
}

// A pair is a number of more digits than one register holds: a high and a low part.
type pair struct{ high, low vec }

// plus returns x + y, where |x| ≥ |y|; x may be constants.
func (c *code) plus(x, xl op, y pair) pair {
	z := c.add(y.high, x)
	rest := c.add(c.sub(c.register(x), z), y.high)
	return pair{z, c.add(c.add(y.low, xl), rest)}
}

// times returns x·y; y may be constants.
func (c *code) times(x pair, y, yl op) pair {
	z := c.mul(x.high, y)
	rest := c.fms(x.high, c.register(y), z)
	return pair{z, c.fma(x.low, y, c.fma(x.high, yl, rest))}
}

// The numbers of powerWide in two parts.
const (
	fifth, fifthRest   = 0x1.999999999999ap-3, -0x1.999999999999ap-57
	third, thirdRest   = 0x1.5555555555555p-2, 0x1.5555555555555p-56
	log2E2, log2E2Rest = 0x1.71547652b82fep+1, 0x1.777d0ffda0d24p-55 // 2·log2(e)
	ln2, ln2Rest       = 0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56
)

// powerWide is x^y in float64 for x ≥ 0, step by step as package exact has it: the
// logarithm has about 68 digits.
func powerWide(c *code, x ...vec) vec {
	m, e := c.splitAll(x[0])
	l := c.log2Pair(m)
	l = c.plus(e, c.k(0), l)
	v := c.mul(x[1], l.high)
	low := c.fma(x[1], l.low, c.fms(x[1], l.high, v))
	low = c.only(c.cmp(less, c.abs(v), c.k(2000)), low) // of others it may be NaN
	v = c.clamp(v, -1080, 1030)
	n := c.round(v, nearest)
	whole := c.sub(v, n)
	f := c.add(whole, low)
	rest := c.sub(low, c.sub(f, whole))
	h := c.mul(f, c.k(ln2))
	t := c.fma(f, c.k(ln2Rest), c.fms(f, c.kr(ln2), h))
	t = c.fma(rest, c.k(ln2), t)
	p := c.poly(h, c.terms(expTerms, 1, 1)...)
	return c.scale(c.fma(p, t, p), n)
}

// log2Pair is log2(m) for 3/4 ≤ m < 3/2: 2·log2(e)·s·(1 + s²/3 + s⁴/5 + ...), with
// s = (m-1)/(m+1).
func (c *code) log2Pair(m vec) pair {
	var series []float64
	for k := 7.0; k <= 31; k += 2 {
		series = append(series, 1/k)
	}
	d, up := c.add(m, c.k(1)), c.sub(m, c.k(1))
	s := pair{high: c.div(up, d)}
	lost := c.sub(m, c.sub(d, c.k(1)))
	s.low = c.div(c.fnma(s.high, lost, c.fnma(s.high, d, up)), d)
	z := pair{high: c.mul(s.high, s.high)}
	z.low = c.fma(c.add(s.high, s.high), s.low, c.fms(s.high, s.high, z.high))
	q := c.plus(c.k(fifth), c.k(fifthRest), pair{c.mul(z.high, c.poly(z.high, series...)), c.kr(0)})
	q = c.times(z, q.high, q.low)
	q = c.plus(c.k(third), c.k(thirdRest), q)
	q = c.times(z, q.high, q.low)
	q = c.times(s, q.high, q.low)
	q = c.plus(s.high, s.low, q)
	return c.times(q, c.k(log2E2), c.k(log2E2Rest))
}

// pow is |x|^y with the sign that an odd y keeps, NaN for x < 0 unless y is an
// integer, and 1 for y = 0 or x = 1 whatever the other.
func pow(c *code, x ...vec) vec {
	x0, y := x[0], x[1]
	a := c.abs(x0)
	var r vec
	if c.wide {
		r = powerWide(c, a, y)
	} else {
		r = c.inDouble(power, a, y)
	}
	half := c.mul(y, c.k(0.5))
	whole := c.cmp(equal, y, c.round(y, nearest))
	even := c.cmp(equal, half, c.round(half, nearest))
	odd := c.pick(even, c.k(0), c.kr(1))
	odd = c.only(whole, c.only(c.cmp(notEqual, odd, c.k(0)), x0)) // x where y is odd
	r = c.signed(r, odd)
	negative := c.both(c.cmp(less, x0, c.k(0)), c.cmp(notEqual, a, c.k(math.Inf(1))))
	r = c.pick(negative, c.pick(whole, r, c.kr(math.NaN())), r)
	one := c.either(c.cmp(equal, y, c.k(0)), c.cmp(equal, x0, c.k(1)))
	unit := c.both(c.cmp(equal, a, c.k(1)), c.cmp(equal, c.abs(y), c.k(math.Inf(1))))
	return c.pick(c.either(one, unit), c.k(1), r)
}
