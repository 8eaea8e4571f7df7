package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// accumulators is how many sums a reduction keeps, so that one addition need
// not wait for the other.
const accumulators = 4

// A reduction folds a row into one number.
type reduction struct {
	operands int
	identity float64
	// step takes a vector of each operand into an accumulator
	step func(c *code, acc vec, x ...vec)
	// merge combines two accumulators
	merge func(c *code, a, b vec) vec
	// skipsNaN is set if step and merge ignore NaN, which make the result NaN
	skipsNaN bool
}

func sums(operands int, step func(c *code, acc vec, x ...vec)) reduction {
	return reduction{operands, 0, step, func(c *code, a, b vec) vec { return c.add(a, b) }, false}
}

// reduce writes a reduction of rows to one number each.
func (c *code) reduce(name string, r reduction) {
	f := c.open(name, r.operands)
	c.count(1, func() { c.k(r.identity) })
	nan := build.K()
	build.Label("row")
	var acc [accumulators]vec
	for i := range acc {
		acc[i] = c.copy(c.k(r.identity))
	}
	if r.skipsNaN {
		build.KXORW(nan, nan, nan)
	}
	f.columns(accumulators, func(u int, tail bool) {
		x := make([]vec, r.operands)
		for j := range x {
			x[j] = f.load(f.x[j], u, tail)
			if tail && r.identity != 0 {
				x[j] = c.pick(f.lanesLeft(), x[j], c.kr(r.identity))
			}
		}
		r.step(c, acc[u], x...)
		if r.skipsNaN {
			build.KORW(c.cmp(unordered, x[0], x[0]), nan, nan)
		}
	})
	c.fold(r, acc, operand.Mem{Base: f.d})
	if r.skipsNaN {
		build.KORTESTW(nan, nan)
		build.JZ(operand.LabelRef("number"))
		bits := build.GP64()
		build.MOVQ(operand.U64(choose(c.wide, math.Float64bits(math.NaN()), 0x7fc00000)), bits)
		if c.wide {
			build.MOVQ(bits, operand.Mem{Base: f.d})
		} else {
			build.MOVL(bits.As32(), operand.Mem{Base: f.d})
		}
		build.Label("number")
	}
	f.close()
}

// lanesLeft is the mask of the tail.
func (f *frame) lanesLeft() mask {
	if f.avx512 {
		return f.tail
	}
	return f.tailMask()
}

// fold merges the accumulators and then the halves of one, down to one number.
func (c *code) fold(r reduction, acc [accumulators]vec, to operand.Mem) {
	a := r.merge(c, r.merge(c, acc[0], acc[1]), r.merge(c, acc[2], acc[3]))
	full := c.width
	if c.width == 64 {
		half := build.YMM()
		build.VEXTRACTF64X4(operand.Imm(1), a, half)
		c.width = 32
		a = r.merge(c, a.AsY().(vec), half)
	}
	half := build.XMM()
	build.VEXTRACTF128(operand.Imm(1), a, half)
	c.width = 16
	a = r.merge(c, a.AsX().(vec), half)
	if !c.wide {
		half := build.XMM()
		build.VMOVHLPS(a, a, half)
		a = r.merge(c, a, half)
	}
	last := c.to(build.VMOVSHDUP, build.VUNPCKHPD, choose(c.wide, []op{a, a}, []op{a})...)
	a = r.merge(c, a, last)
	c.do(choose[instr](c.wide, func(...op) { build.VMOVSD(a, to) }, func(...op) { build.VMOVSS(a, to) }))
	c.width = full
}

// maximum returns the larger of two vectors, the smaller if min: NaN if one is,
// and 0 is above -0.
func (c *code) maximum(a, b vec, min bool) vec {
	if c.avx512 {
		r := c.larger(a, b, min)
		c.by(build.VADDPS, build.VADDPD, b, a, c.cmp(unordered, a, b), r)
		return r
	}
	// The processor's answer for two zeros, and for NaN, is its last operand.
	r := c.and(c.most(a, b), c.most(b, a))
	if min {
		r = c.or(c.least(a, b), c.least(b, a))
	}
	return c.or(r, c.cmp(unordered, a, b).(vec)) // all ones are a NaN
}

// larger is maximum that ignores NaN, with AVX-512.
func (c *code) larger(a, b vec, min bool) vec {
	return c.to(build.VRANGEPS, build.VRANGEPD, operand.U8(choose(min, 4, 5)), b, a)
}

// extremes is the reduction to the largest number, the smallest if min.
func extremes(avx512, min bool) reduction {
	larger := choose(avx512, (*code).larger, (*code).maximum)
	return reduction{1, math.Inf(choose(min, 1, -1)),
		func(c *code, acc vec, x ...vec) { c.by(build.VMOVAPS, build.VMOVAPD, larger(c, acc, x[0], min), acc) },
		func(c *code, a, b vec) vec { return larger(c, a, b, min) },
		avx512}
}

// wildest is the size of a number up to which sin and cos are exact enough.
const wildest = 0x1p17

// wild writes a function that tells whether a number of the operand is larger.
func (c *code) wild(name string) {
	f := c.openWith(name, "func(a *byte) bool", 1)
	result, _ := build.ReturnIndex(0).Resolve()
	c.count(2, func() { c.bits(0); c.notSign(); c.k(wildest) })
	any := c.nothing()
	build.Label("row")
	f.columns(1, func(u int, tail bool) {
		c.join(any, c.cmp(greater, c.abs(f.load(f.x[0], u, tail)), c.k(wildest)))
	})
	f.nextRow()
	c.tell(any, result.Addr)
	build.VZEROUPPER()
	build.Label("done")
	build.RET()
}
