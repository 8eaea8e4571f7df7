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

// pow is |x|^y with the sign that an odd y keeps, NaN for x < 0 unless y is an
// integer, and 1 for y = 0 or x = 1 whatever the other.
func pow(c *code, x ...vec) vec {
	x0, y := x[0], x[1]
	a := c.abs(x0)
	r := c.inDouble(power, a, y)
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
