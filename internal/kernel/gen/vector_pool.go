package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// route2 writes the gradient of max pooling over squares of two by two: of each, in
// the order of its pixels, the first that is the largest gets what comes back, and
// the others 0. The function tells whether a number was NaN, and then its results
// are not those of maxima.
func (c *code) route2(name string) {
	f := c.openWith(name, "func(a *byte) bool", 3)
	result, _ := build.ReturnIndex(0).Resolve()
	build.CMPQ(f.arg(argCols), operand.Imm(0))
	build.JLE(operand.LabelRef("done"))
	c.count(1, func() { c.bits(0) })
	nan := c.nothing()
	build.Label("row")
	next := func(base reg.GPVirtual) reg.GPVirtual { // the pixel after
		p := build.GP64()
		build.MOVQ(base, p)
		build.ADDQ(f.arg(argXR+16), p)
		return p
	}
	below := build.GP64() // the line of results under d
	build.MOVQ(f.x[1], below)
	build.SUBQ(f.x[0], below)
	build.ADDQ(f.d, below)
	from := [4]reg.GPVirtual{f.x[0], next(f.x[0]), f.x[1], next(f.x[1])}
	to := [4]reg.GPVirtual{f.d, next(f.d), below, next(below)}
	f.columns(1, func(u int, tail bool) {
		var x [4]vec
		for i := range x {
			x[i] = f.load(from[i], u, tail)
		}
		c.join(nan, c.cmp(unordered, x[0], x[1]))
		c.join(nan, c.cmp(unordered, x[2], x[3]))
		largest := c.most(c.most(x[0], x[1]), c.most(x[2], x[3]))
		rest := f.load(f.x[2], u, tail)
		for i := range x {
			f.store(c.only(c.cmp(equal, x[i], largest), rest), to[i], u, tail)
			if i < 3 {
				rest = c.only(c.cmp(notEqual, x[i], largest), rest)
			}
		}
	})
	f.nextRow()
	c.tell(nan, result.Addr)
	build.VZEROUPPER()
	build.Label("done")
	build.RET()
}

// nothing returns a mask that holds nowhere and may be changed.
func (c *code) nothing() mask {
	if !c.avx512 {
		return c.copy(c.bits(0))
	}
	k := build.K()
	build.KXORW(k, k, k)
	return k
}

// join makes m hold where n does too.
func (c *code) join(m, n mask) {
	if c.avx512 {
		build.KORW(n, m, m)
	} else {
		build.VORPS(n, m, m)
	}
}

// tell stores whether a mask holds anywhere.
func (c *code) tell(m mask, to operand.Op) {
	if c.avx512 {
		build.KORTESTW(m, m)
	} else {
		build.VPTEST(m, m)
	}
	build.SETNE(to)
}
