package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// copyRows writes the kernel that copies K rows of up to two vectors from B to
// C, and returns its name.
func (v gemmVec) copyRows() string {
	name := "gemmCopy" + v.name()
	TEXT(name, 4, "func(p *byte)") // NOSPLIT
	Pragma("noescape")
	p := Load(Param("p"), GP64())
	masks := v.masks(p, 2)
	x := []reg.VecVirtual{v.register(), v.register()}
	free := v.register()
	src, dst, srs, drs, k := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(Mem{Base: p, Disp: gemmB}, src)
	MOVQ(Mem{Base: p, Disp: gemmC}, dst)
	MOVQ(Mem{Base: p, Disp: gemmBRS}, srs)
	MOVQ(Mem{Base: p, Disp: gemmCRS}, drs)
	MOVQ(Mem{Base: p, Disp: gemmK}, k)
	Comment("PCALIGN32")
	Label("row")
	for j := range x {
		v.load(Mem{Base: src, Disp: j * v.width}, masks[j], x[j])
	}
	for j := range x {
		v.store(x[j], masks[j], Mem{Base: dst, Disp: j * v.width}, free)
	}
	ADDQ(srs, src)
	ADDQ(drs, dst)
	DECQ(k)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
	return name
}

// transpose writes the kernel that makes the K rows of C from the T columns
// that lie AOff after A, no more than the lanes of a vector, and returns its name.
func (v gemmVec) transpose() string {
	name := "gemmTranspose" + v.name()
	TEXT(name, 4, "func(p *byte)") // NOSPLIT
	Pragma("noescape")
	p := Load(Param("p"), GP64())
	columns := GP64()
	MOVQ(Mem{Base: p, Disp: gemmT}, columns)
	if v.width == 64 {
		v.transposeRows(p, "", v.firstLanes(columns))
		return name
	}
	CMPQ(columns, U32(v.width/v.size))
	JNE(LabelRef("part"))
	v.transposeRows(p, "full", nil)
	Label("part")
	v.transposeRows(p, "part", v.firstLanes(columns))
	return name
}

// transposeRows writes the loop of transpose; the mask is that of C's columns.
func (v gemmVec) transposeRows(p reg.Register, label string, mask Op) {
	n := v.width / v.size
	src, dst, off, drs, k := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(Mem{Base: p, Disp: gemmA}, src)
	MOVQ(Mem{Base: p, Disp: gemmC}, dst)
	MOVQ(Mem{Base: p, Disp: gemmAOff}, off)
	MOVQ(Mem{Base: p, Disp: gemmCRS}, drs)
	MOVQ(Mem{Base: p, Disp: gemmK}, k)
	square := func(have Op, stored func()) {
		row := GP64()
		x := make([]reg.VecVirtual, n)
		for i := range x {
			MOVQ(Mem{Base: off, Disp: 8 * i}, row)
			x[i] = v.register()
			v.load(Mem{Base: src, Index: row, Scale: 1}, have, x[i])
		}
		for _, y := range v.square(x) {
			v.store(y, mask, Mem{Base: dst}, v.register())
			ADDQ(drs, dst)
			stored()
		}
	}
	SUBQ(Imm(uint64(n)), k)
	JL(LabelRef(label + "rest"))
	Comment("PCALIGN32")
	Label(label + "square")
	square(nil, func() {})
	ADDQ(Imm(uint64(v.width)), src)
	SUBQ(Imm(uint64(n)), k)
	JGE(LabelRef(label + "square"))
	Label(label + "rest")
	ADDQ(Imm(uint64(n)), k)
	JZ(LabelRef(label + "done"))
	square(v.firstLanes(k), func() {
		DECQ(k)
		JZ(LabelRef(label + "done"))
	})
	Label(label + "done")
	VZEROUPPER()
	RET()
}

// square transposes as many vectors as they have lanes.
func (v gemmVec) square(x []reg.VecVirtual) []reg.VecVirtual {
	if v.size == 4 {
		y := make([]reg.VecVirtual, 0, len(x))
		for i := 0; i < len(x); i += 4 { // elements of two rows side by side
			lo0, hi0 := v.unpack(x[i], x[i+1])
			lo1, hi1 := v.unpack(x[i+2], x[i+3])
			y = append(y, lo0, lo1, hi0, hi1)
		}
		x = y
	}
	n := 16 / v.size // elements of 16 bytes: the squares of so many rows are done
	y := make([]reg.VecVirtual, len(x))
	for i := 0; i < len(x); i += 2 {
		y[i], y[i+1] = gemmVec{v.width, 8}.unpack(x[i], x[i+1])
	}
	// now y[q·n+c] has in its piece l of 16 bytes the column l·n+c of square q
	z := make([]reg.VecVirtual, len(x))
	for c := range n {
		if v.width == 32 {
			z[c], z[n+c] = v.pieces(0x20, y[c], y[n+c]), v.pieces(0x31, y[c], y[n+c])
			continue
		}
		lo0, hi0 := v.pieces(0x44, y[c], y[n+c]), v.pieces(0xee, y[c], y[n+c])
		lo1, hi1 := v.pieces(0x44, y[2*n+c], y[3*n+c]), v.pieces(0xee, y[2*n+c], y[3*n+c])
		z[c], z[n+c] = v.pieces(0x88, lo0, lo1), v.pieces(0xdd, lo0, lo1)
		z[2*n+c], z[3*n+c] = v.pieces(0x88, hi0, hi1), v.pieces(0xdd, hi0, hi1)
	}
	return z
}

// pieces returns a vector of pieces of 16 bytes, from a and then from b, that
// the bits choose.
func (v gemmVec) pieces(bits uint64, a, b reg.VecVirtual) reg.VecVirtual {
	d := v.register()
	if v.width == 32 {
		VPERM2F128(Imm(bits), b, a, d)
	} else {
		VSHUFF64X2(Imm(bits), b, a, d)
	}
	return d
}
