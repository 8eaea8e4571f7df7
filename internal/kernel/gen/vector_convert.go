package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A conversion is a kernel whose operand has elements of another type than its
// result. The bytes of both are given.
type conversion struct {
	op       string
	wide     bool // the type computed with
	from, to int
	body     func(c *code, k reg.Register, from, to operand.Mem) // converts the lanes of k
}

// conversions are written for AVX-512 only: AVX2 has no masks of bytes, and
// cannot convert integers of 64 bits.
var conversions = []conversion{
	{"FromBool", false, 1, 4, fromBool},
	{"FromI64", false, 8, 4, hops(hop{64, load64}, hop{64, build.VCVTQQ2PD}, hop{32, build.VCVTPD2PS})},
	{"FromF64", false, 8, 4, hops(hop{64, load64}, hop{32, build.VCVTPD2PS})},
	{"ToBool", false, 4, 1, toBool},
	{"ToI32", false, 4, 4, hops(hop{32, load32}, hop{64, build.VCVTTPS2QQ}, hop{32, build.VPMOVQD})},
	{"ToI64", false, 4, 8, hops(hop{32, load32}, hop{64, build.VCVTTPS2QQ})},
	{"FromBool", true, 1, 8, fromBool},
	{"FromI32", true, 4, 8, hops(hop{32, load32}, hop{64, build.VCVTDQ2PD})},
	{"FromI64", true, 8, 8, hops(hop{64, load64}, hop{64, build.VCVTQQ2PD})},
	{"FromF32", true, 4, 8, hops(hop{32, load32}, hop{64, build.VCVTPS2PD})},
	{"ToBool", true, 8, 1, toBool},
	{"ToI32", true, 8, 4, hops(hop{64, load64}, hop{64, build.VCVTTPD2QQ}, hop{32, build.VPMOVQD})},
	{"ToI64", true, 8, 8, hops(hop{64, load64}, hop{64, build.VCVTTPD2QQ})},
}

// A hop is an instruction on the way and the bytes of its result.
type hop struct {
	width int
	instr instr
}

func load32(x ...op) { build.VMOVUPS_Z(x[0], x[1], x[2]) }
func load64(x ...op) { build.VMOVUPD_Z(x[0], x[1], x[2]) }

// hops converts eight lanes by a load and the instructions after it.
func hops(load hop, rest ...hop) func(*code, reg.Register, operand.Mem, operand.Mem) {
	return func(_ *code, k reg.Register, from, to operand.Mem) {
		next := func(h hop, x ...op) op {
			r := choose[op](h.width == 64, build.ZMM(), build.YMM())
			h.instr(append(x, r)...)
			return r
		}
		width, x := load.width, next(load, from, k)
		for _, h := range rest {
			width, x = h.width, next(h, x)
		}
		choose[instr](width == 64, build.VMOVUPD, build.VMOVUPS)(x, k, to)
	}
}

func fromBool(c *code, k reg.Register, from, to operand.Mem) {
	b, set := build.XMM(), build.K()
	build.VMOVDQU8_Z(from, k, b)
	build.VPTESTMB(b, b, set)
	c.by(build.VMOVUPS, build.VMOVUPD, c.ones(set), k, to)
}

func toBool(c *code, k reg.Register, from, to operand.Mem) {
	b := build.XMM()
	build.VMOVDQU8(memory(constant{bits: 0x01010101}), b)
	build.VMOVDQU8_Z(b, c.cmp(notEqual, c.only(k, from), c.k(0)), b)
	build.VMOVDQU8(b, k, to)
}

// convert writes a conversion. It counts elements, for an operand and its
// result lie differently far apart.
func (c *code) convert(name string, v conversion) {
	f := c.open(name, 1)
	lanes := choose(v.from < 8 && v.to < 8 && !v.wide && v.op != "ToI32", 16, 8)
	f.maskOf(lanes)
	c.count(4, func() { c.k(0); c.k(1) })
	all, bits := build.K(), build.GP32()
	build.MOVL(operand.U32(1<<lanes-1), bits)
	build.KMOVW(bits, all)
	build.Label("row")
	f.columnsOf(lanes, lanes, 1, func(_ int, tail bool) {
		at := func(base reg.GPVirtual, size int) operand.Mem {
			return operand.Mem{Base: base, Index: f.i, Scale: uint8(size)}
		}
		v.body(c, choose[reg.Register](tail, f.tail, all), at(f.x[0], v.from), at(f.d, v.to))
	})
	f.close()
}
