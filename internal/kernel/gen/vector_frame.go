package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of kernel.Args lie.
const (
	argD    = 0
	argX    = 8
	argS    = 40
	argDR   = 48
	argXR   = 56
	argSR   = 88
	argRows = 96
	argCols = 104
)

// A frame is the rows and columns around a kernel's body.
type frame struct {
	*code
	args reg.Register
	rows reg.GPVirtual // rows to go
	n    reg.GPVirtual // columns to go
	i    reg.GPVirtual // bytes done of a row
	d    reg.GPVirtual
	x    []reg.GPVirtual
	tail reg.Register // mask of the last columns; where to find it with AVX2
}

// open begins a function with so many operands.
func (c *code) open(name string, operands int) *frame {
	return c.openWith(name, "func(a *byte)", operands)
}

func (c *code) openWith(name, signature string, operands int) *frame {
	build.TEXT(name, attr.NOSPLIT, signature)
	build.Pragma("noescape")
	if strings.HasSuffix(signature, "bool") {
		result, _ := build.ReturnIndex(0).Resolve()
		build.MOVB(operand.U8(0), result.Addr)
	}
	f := &frame{code: c, args: build.Load(build.Param("a"), build.GP64()), rows: build.GP64(), n: build.GP64(), i: build.GP64(), d: build.GP64()}
	build.MOVQ(f.arg(argRows), f.rows)
	build.TESTQ(f.rows, f.rows)
	build.JLE(operand.LabelRef("done"))
	build.MOVQ(f.arg(argD), f.d)
	for j := range operands {
		f.x = append(f.x, build.GP64())
		build.MOVQ(f.arg(argX+8*j), f.x[j])
	}
	f.maskOf(c.lanes())
	return f
}

func (f *frame) arg(at int) operand.Mem { return operand.Mem{Base: f.args, Disp: at} }

var masks operand.Mem

// maskOf prepares the mask of the columns that are left after full registers of
// so many lanes.
func (f *frame) maskOf(lanes int) {
	build.MOVQ(f.arg(argCols), f.n)
	build.ANDQ(operand.Imm(uint64(lanes-1)), f.n)
	if f.avx512 {
		bits, k := build.GP32(), build.K()
		build.MOVL(operand.U32(1<<32-1), bits)
		build.BZHIL(f.n.As32(), bits, bits)
		build.KMOVW(bits, k)
		f.tail = k
		return
	}
	if masks.Symbol.Name == "" {
		masks = build.GLOBL("masks", attr.RODATA|attr.NOPTR)
		for i := range 16 {
			build.DATA(4*i, operand.U32(choose(i < 8, 1<<32-1, 0)))
		}
	}
	p := build.GP64()
	build.LEAQ(masks.Offset(32), p)
	build.NEGQ(f.n)
	at := build.GP64()
	build.LEAQ(operand.Mem{Base: p, Index: f.n, Scale: uint8(f.elem())}, at)
	f.tail = at
}

// at is the place of vector u from here in an array.
func (f *frame) at(base reg.GPVirtual, u int) operand.Mem {
	return operand.Mem{Base: base, Index: f.i, Scale: 1, Disp: u * f.width}
}

// load reads vector u of an operand; in the tail absent columns are 0.
func (f *frame) load(base reg.GPVirtual, u int, tail bool) vec {
	m := f.at(base, u)
	switch {
	case !tail:
		return f.copy(m)
	case f.avx512:
		return f.only(f.tail, m)
	}
	return f.to(three(build.VMASKMOVPS), three(build.VMASKMOVPD), m, f.tailMask())
}

// tailMask loads the mask of the tail with AVX2.
func (f *frame) tailMask() vec { return f.copy(operand.Mem{Base: f.tail}) }

// store writes vector u of an array.
func (f *frame) store(v vec, base reg.GPVirtual, u int, tail bool) {
	m := f.at(base, u)
	switch {
	case !tail:
		f.by(build.VMOVUPS, build.VMOVUPD, v, m)
	case f.avx512:
		f.by(build.VMOVUPS, build.VMOVUPD, v, f.tail, m)
	default:
		f.by(three(build.VMASKMOVPS), three(build.VMASKMOVPD), v, f.tailMask(), m)
	}
}

// columns writes the loop over the columns of a row: unroll vectors at a time,
// then one, then what is left.
func (f *frame) columns(unroll int, step func(u int, tail bool)) {
	f.columnsOf(f.lanes(), f.width, unroll, step)
}

// columnsOf is columns for registers of so many lanes, between which the index i
// grows by step.
func (f *frame) columnsOf(lanes, step, unroll int, body func(u int, tail bool)) {
	build.XORL(f.i.As32(), f.i.As32())
	build.MOVQ(f.arg(argCols), f.n)
	build.SUBQ(operand.I32(int32(unroll*lanes)), f.n)
	build.JLT(operand.LabelRef("rest"))
	build.Comment("PCALIGN32")
	build.Label("loop")
	for u := range unroll {
		body(u, false)
	}
	build.ADDQ(operand.I32(int32(unroll*step)), f.i)
	build.SUBQ(operand.I32(int32(unroll*lanes)), f.n)
	build.JGE(operand.LabelRef("loop"))
	build.Label("rest")
	if unroll > 1 {
		build.ADDQ(operand.I32(int32((unroll-1)*lanes)), f.n)
		build.JLT(operand.LabelRef("tail"))
		build.Label("one")
		body(0, false)
		build.ADDQ(operand.I32(int32(step)), f.i)
		build.SUBQ(operand.I32(int32(lanes)), f.n)
		if unroll > 2 {
			build.JGE(operand.LabelRef("one"))
		}
	}
	build.Label("tail")
	build.ADDQ(operand.I32(int32(lanes)), f.n)
	build.JZ(operand.LabelRef("next"))
	body(0, true)
	build.Label("next")
}

// close ends the loop over rows and the function.
func (f *frame) close() {
	f.nextRow()
	build.VZEROUPPER()
	build.Label("done")
	build.RET()
}

// nextRow goes on to the next row if there is one.
func (f *frame) nextRow() {
	build.ADDQ(f.arg(argDR), f.d)
	for j, x := range f.x {
		build.ADDQ(f.arg(argXR+8*j), x)
	}
	build.DECQ(f.rows)
	build.JNZ(operand.LabelRef("row"))
}

// A body computes a vector of results from vectors of operands.
type body func(c *code, x ...vec) vec

// elementwise writes an elementwise kernel. So many constants are kept in
// registers.
func (c *code) elementwise(name, kinds string, unroll, registers int, b body) {
	f := c.open(name, len(kinds))
	build.CMPQ(f.arg(argCols), operand.Imm(0)) // then a number need not exist
	build.JLE(operand.LabelRef("done"))
	c.count(registers, func() { b(c, c.some(len(kinds))...) })
	build.Label("row")
	same := f.numbers(kinds)
	f.columns(unroll, func(u int, tail bool) {
		f.store(b(c, f.operands(kinds, same, u, tail)...), f.d, u, tail)
	})
	f.close()
}

// summing is elementwise, and writes the sum of each row of the result, too.
func (c *code) summing(name, kinds string, registers int, b body) {
	f := c.open(name, len(kinds))
	to := build.GP64()
	build.MOVQ(f.arg(argS), to)
	c.count(registers, func() { b(c, c.some(len(kinds))...); c.k(0) })
	build.Label("row")
	same := f.numbers(kinds)
	var acc [accumulators]vec
	for i := range acc {
		acc[i] = c.copy(c.k(0))
	}
	f.columns(2, func(u int, tail bool) {
		y := b(c, f.operands(kinds, same, u, tail)...)
		f.store(y, f.d, u, tail)
		if tail {
			y = c.only(f.lanesLeft(), y)
		}
		c.by(build.VADDPS, build.VADDPD, y, acc[u], acc[u])
	})
	c.fold(sums(1, nil), acc, operand.Mem{Base: to})
	build.ADDQ(f.arg(argSR), to)
	f.close()
}

// some returns n vectors, to count a body with.
func (c *code) some(n int) (x []vec) {
	for range n {
		x = append(x, c.vec())
	}
	return x
}

// numbers loads the operands of kind S of a row.
func (f *frame) numbers(kinds string) []vec {
	same := make([]vec, len(kinds))
	for j, k := range kinds {
		if k == 'S' {
			same[j] = f.vec()
			f.broadcast(f.wide, operand.Mem{Base: f.x[j]}, same[j])
		}
	}
	return same
}

// operands returns vector u of each operand.
func (f *frame) operands(kinds string, same []vec, u int, tail bool) []vec {
	x := slices.Clone(same)
	for j, k := range kinds {
		if k == 'V' {
			x[j] = f.load(f.x[j], u, tail)
		}
	}
	return x
}

// name returns the name of a kernel's function.
func (c *code) name(op, kinds string) string {
	return fmt.Sprintf("%s%s%s%s", choose(c.avx512, "avx512", "avx2"), choose(c.wide, "F64", "F32"), op, kinds)
}
