package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// offsets of the fields of kernel.rowArgs
const (
	rowsD = 8 * iota
	rowsS
	rowsList
	rowsCount
	rowsWidth
	rowsAhead
	rowsFetch
)

// rows writes the kernel that copies rows and fetches those that come soon. All
// registers are named, as the string instruction has its own.
func rows() {
	TEXT("copyRows", 4, "func(p *byte)") // NOSPLIT
	Pragma("noescape")
	p := Load(Param("p"), reg.RBX)
	to, from, rest := reg.RDI, reg.RSI, reg.RCX
	list, left, width, ahead, source, at, fetched := reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.RDX
	for _, x := range []struct {
		disp int
		r    reg.Register
	}{{rowsD, to}, {rowsS, source}, {rowsList, list}, {rowsCount, left}, {rowsWidth, width}, {rowsAhead, ahead}} {
		MOVQ(Mem{Base: p, Disp: x.disp}, x.r)
	}
	Label("row")
	CMPQ(left, ahead)
	JLE(LabelRef("copy"))
	MOVQ(Mem{Base: list, Index: ahead, Scale: 8}, at)
	IMULQ(width, at)
	ADDQ(source, at)
	MOVQ(Mem{Base: p, Disp: rowsFetch}, fetched)
	Label("fetch")
	PREFETCHT0(Mem{Base: at})
	ADDQ(Imm(64), at)
	SUBQ(Imm(64), fetched)
	JG(LabelRef("fetch"))
	Label("copy")
	MOVQ(Mem{Base: list}, from)
	IMULQ(width, from)
	ADDQ(source, from)
	MOVQ(width, rest)
	Instruction(&ir.Instruction{Opcode: "REP"})
	Instruction(&ir.Instruction{Opcode: "MOVSB"})
	ADDQ(Imm(8), list)
	DECQ(left)
	JNZ(LabelRef("row"))
	RET()
}
