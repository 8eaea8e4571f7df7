package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type (
	// vec is a register of numbers; where it is an argument it is never changed.
	vec = reg.VecVirtual
	// mask says for each lane whether something holds: a mask register of
	// AVX-512, or a vector of ones and zeros.
	mask = reg.Register
	// op is a register or memory.
	op = operand.Op
	// instr appends an instruction, whose operands are in the assembler's order:
	// the result last, and what may be memory first.
	instr = func(...op)
)

// A code writes the instructions of one kernel, for one instruction set and one
// type of elements.
type code struct {
	avx512 bool
	wide   bool // float64
	width  int  // bytes of a register
	*constants
}

// constants are the numbers that a kernel uses. Those used most stay in
// registers; to know which, the kernel's body is written twice, first to count.
type constants struct {
	counting bool
	uses     map[constant]int
	order    []constant // by first use
	held     map[constant]vec
}

type constant struct {
	wide bool
	bits uint64
}

func newCode(avx512, wide bool) *code {
	c := &code{avx512, wide, 32, &constants{uses: map[constant]int{}, held: map[constant]vec{}}}
	if avx512 {
		c.width = 64
	}
	return c
}

// elem returns the number of bytes of an element, lanes how many a register has.
func (c *code) elem() int  { return choose(c.wide, 8, 4) }
func (c *code) lanes() int { return c.width / c.elem() }

func choose[T any](b bool, x, y T) T {
	if b {
		return x
	}
	return y
}

func (c *code) vec() vec {
	switch c.width {
	case 64:
		return build.ZMM()
	case 32:
		return build.YMM()
	}
	return build.XMM()
}

// do appends an instruction, unless the body is being counted.
func (c *code) do(i instr, ops ...op) {
	if !c.counting {
		i(ops...)
	}
}

// by appends the instruction for float32 or that for float64.
func (c *code) by(single, double instr, ops ...op) { c.do(choose(c.wide, double, single), ops...) }

// to is by with a new register for the result.
func (c *code) to(single, double instr, ops ...op) vec {
	r := c.vec()
	c.by(single, double, append(slices.Clone(ops), r)...)
	return r
}

// two, three and four make one kind of function of the instructions that avo gives
// as functions of so many operands.
func two(i func(x, y op)) instr        { return func(x ...op) { i(x[0], x[1]) } }
func three(i func(x, y, z op)) instr   { return func(x ...op) { i(x[0], x[1], x[2]) } }
func four(i func(x, y, z, w op)) instr { return func(x ...op) { i(x[0], x[1], x[2], x[3]) } }

// count runs a body to see its constants, and loads those used most into as
// many registers as are given.
func (c *code) count(registers int, body func()) {
	c.counting = true
	body()
	c.counting = false
	best := slices.Clone(c.order)
	slices.SortStableFunc(best, func(a, b constant) int { return c.uses[b] - c.uses[a] })
	for _, k := range best[:min(registers, len(best))] {
		r := c.vec()
		c.broadcast(k.wide, memory(k), r)
		c.held[k] = r
	}
}

// broadcast fills r with the number at m.
func (c *code) broadcast(wide bool, m operand.Mem, r vec) {
	c.do(choose[instr](wide, build.VBROADCASTSD, build.VBROADCASTSS), m, r)
}

var stored = map[constant]operand.Mem{}

// memory returns a constant in memory, as often as a register has lanes.
func memory(k constant) operand.Mem {
	m, ok := stored[k]
	if !ok {
		m = build.GLOBL(fmt.Sprintf("k%d_%x", choose(k.wide, 64, 32), k.bits), attr.RODATA|attr.NOPTR)
		for i := range choose(k.wide, 8, 16) {
			if k.wide {
				build.DATA(8*i, operand.U64(k.bits))
			} else {
				build.DATA(4*i, operand.U32(k.bits))
			}
		}
		stored[k] = m
	}
	return m
}

// k returns a number as an operand that may be memory, kr in a register.
func (c *code) k(x float64) op {
	if c.wide {
		return c.bits(math.Float64bits(x))
	}
	return c.bits(uint64(math.Float32bits(float32(x))))
}

func (c *code) kr(x float64) vec { return c.register(c.k(x)) }

// bits is k for the bits of a number.
func (c *code) bits(u uint64) op {
	k := constant{c.wide, u}
	if c.counting {
		if c.uses[k] == 0 {
			c.order = append(c.order, k)
		}
		c.uses[k]++
		return operand.Mem{}
	}
	if r, ok := c.held[k]; ok {
		switch c.width { // a held register is read at the width of the moment
		case 64:
			return r
		case 32:
			return r.AsY().(vec)
		}
		return r.AsX().(vec)
	}
	return memory(k)
}

func (c *code) register(x op) vec {
	if r, ok := x.(vec); ok {
		return r
	}
	return c.copy(x)
}

// copy returns x in a register that may be changed.
func (c *code) copy(x op) vec { return c.to(build.VMOVUPS, build.VMOVUPD, x) }

// The bits of signs, and of all but signs.
func (c *code) sign() op    { return c.bits(choose[uint64](c.wide, 1<<63, 1<<31)) }
func (c *code) notSign() op { return c.bits(choose[uint64](c.wide, 1<<63-1, 1<<31-1)) }

func (c *code) add(a vec, b op) vec { return c.to(build.VADDPS, build.VADDPD, b, a) }
func (c *code) sub(a vec, b op) vec { return c.to(build.VSUBPS, build.VSUBPD, b, a) }
func (c *code) mul(a vec, b op) vec { return c.to(build.VMULPS, build.VMULPD, b, a) }
func (c *code) div(a vec, b op) vec { return c.to(build.VDIVPS, build.VDIVPD, b, a) }
func (c *code) sqrt(a op) vec       { return c.to(build.VSQRTPS, build.VSQRTPD, a) }
func (c *code) and(a vec, b op) vec { return c.to(build.VANDPS, build.VANDPD, b, a) }
func (c *code) or(a vec, b op) vec  { return c.to(build.VORPS, build.VORPD, b, a) }
func (c *code) xor(a vec, b op) vec { return c.to(build.VXORPS, build.VXORPD, b, a) }

// least and most are the processor's min and max: b where one is NaN or both
// are 0.
func (c *code) least(a vec, b op) vec { return c.to(build.VMINPS, build.VMINPD, b, a) }
func (c *code) most(a vec, b op) vec  { return c.to(build.VMAXPS, build.VMAXPD, b, a) }

// clamp limits x to [lo, hi]; NaN stays.
func (c *code) clamp(x vec, lo, hi float64) vec {
	return c.most(c.kr(lo), c.least(c.kr(hi), x))
}

// fma returns x·y + z, fnma z - x·y, fms x·y - z; y may be memory.
func (c *code) fma(x vec, y op, z op) vec {
	r := c.copy(z)
	c.by(build.VFMADD231PS, build.VFMADD231PD, y, x, r)
	return r
}
func (c *code) fnma(x vec, y op, z op) vec {
	r := c.copy(z)
	c.by(build.VFNMADD231PS, build.VFNMADD231PD, y, x, r)
	return r
}
func (c *code) fms(x, y vec, z op) vec {
	r := c.copy(x)
	c.by(build.VFMSUB213PS, build.VFMSUB213PD, z, y, r)
	return r
}

// poly returns k[0] + x·(k[1] + x·(k[2] + …)).
func (c *code) poly(x vec, k ...float64) vec {
	p := c.copy(c.k(k[len(k)-1]))
	for _, v := range slices.Backward(k[:len(k)-1]) {
		c.by(build.VFMADD213PS, build.VFMADD213PD, c.k(v), x, p)
	}
	return p
}

// longPoly is poly in two halves, even and odd, that do not wait for each other.
func (c *code) longPoly(x, square vec, k ...float64) vec {
	var half [2][]float64
	for i, v := range k {
		half[i&1] = append(half[i&1], v)
	}
	even, odd := c.poly(square, half[0]...), c.poly(square, half[1]...)
	c.by(build.VFMADD231PS, build.VFMADD231PD, x, odd, even)
	return even
}

func (c *code) abs(x vec) vec { return c.and(x, c.notSign()) }

// signed returns x with the sign bit of s set too.
func (c *code) signed(x, s vec) vec {
	if !c.avx512 {
		return c.or(x, c.and(s, c.sign()))
	}
	r := c.copy(x)
	c.by(build.VPTERNLOGD, build.VPTERNLOGQ, operand.U8(0xf8), c.sign(), s, r) // r | s & sign
	return r
}

// flipped returns x with its sign bit inverted where that of s is set.
func (c *code) flipped(x, s vec) vec {
	if !c.avx512 {
		return c.xor(x, c.and(s, c.sign()))
	}
	r := c.copy(x)
	c.by(build.VPTERNLOGD, build.VPTERNLOGQ, operand.U8(0x78), c.sign(), s, r) // r ^ s & sign
	return r
}

// Directions of rounding.
const (
	nearest = 8
	down    = 9
	up      = 10
)

func (c *code) round(x op, to int) vec {
	if c.avx512 {
		return c.to(build.VRNDSCALEPS, build.VRNDSCALEPD, operand.U8(to), x)
	}
	return c.to(three(build.VROUNDPS), three(build.VROUNDPD), operand.U8(to), x)
}

// Comparisons. All but notEqual and unordered are false for NaN.
const (
	equal           = 0
	less            = 17
	lessEqual       = 18
	unordered       = 3
	notEqual        = 4
	notEqualOrdered = 12
	notLess         = 21
	notGreaterEqual = 25
	greater         = 30
)

func (c *code) cmp(how int, a vec, b op) mask {
	if !c.avx512 {
		return c.to(build.VCMPPS, build.VCMPPD, operand.U8(how), b, a)
	}
	k := build.K()
	c.by(build.VCMPPS, build.VCMPPD, operand.U8(how), b, a, k)
	return k
}

// pick returns a where m holds, else b.
func (c *code) pick(m mask, a op, b vec) vec {
	if c.avx512 {
		return c.to(build.VBLENDMPS, build.VBLENDMPD, a, b, m)
	}
	return c.to(four(build.VBLENDVPS), four(build.VBLENDVPD), m, a, b)
}

// subIf returns a - b where m holds, else b.
func (c *code) subIf(m mask, a, b vec) vec {
	if !c.avx512 {
		return c.pick(m, c.sub(a, b), b)
	}
	r := c.copy(b)
	c.by(build.VSUBPS, build.VSUBPD, b, a, m, r)
	return r
}

// only returns a where m holds, else 0.
func (c *code) only(m mask, a op) vec {
	if !c.avx512 {
		return c.and(m.(vec), a)
	}
	return c.to(three(build.VMOVUPS_Z), three(build.VMOVUPD_Z), a, m)
}

// ones returns 1 where m holds, else 0.
func (c *code) ones(m mask) vec { return c.only(m, c.k(1)) }

// both, either and differ combine masks.
func (c *code) both(m, n mask) mask {
	return c.masks(build.KANDW, build.VANDPS, m, n)
}
func (c *code) either(m, n mask) mask {
	return c.masks(build.KORW, build.VORPS, m, n)
}
func (c *code) differ(m, n mask) mask {
	return c.masks(build.KXORW, build.VXORPS, m, n)
}
func (c *code) masks(short func(n, m, r op), long instr, m, n mask) mask {
	if c.avx512 {
		k := build.K()
		c.do(three(short), n, m, k)
		return k
	}
	r := c.vec()
	c.do(long, n, m, r)
	return r
}
