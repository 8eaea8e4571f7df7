package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dotColumns is how many columns the kernels of dots compute.
func (v gemmVec) dotColumns() int { return v.width / 8 }

// dots writes the kernel for mr rows of A by columns of B whose elements are
// adjacent along k, and returns its name: vectors go along k.
func (v gemmVec) dots(mr int) string {
	name := fmt.Sprintf("gemmDots%s_%d", v.name(), mr)
	TEXT(name, 4, "func(p *byte)") // NOSPLIT
	Pragma("noescape")
	p := Load(Param("p"), GP64())
	lanes, nr := v.width/v.size, v.dotColumns()
	columns := v.masks(p, 1)[0]
	a, b := v.rowsFrom(p, gemmA, gemmARS, mr, nil), v.rowsFrom(p, gemmB, gemmBRS, nr, func(left reg.GPVirtual) {
		MOVQ(Mem{Base: p, Disp: gemmMask}, left)
		POPCNTQ(left, left)
	})
	copies := 1
	if mr*nr < 8 {
		copies = 2
	}
	acc := make([][][]reg.VecVirtual, copies)
	for c := range acc {
		for range mr {
			acc[c] = append(acc[c], v.zeros(nr))
		}
	}
	x, y := make([]reg.VecVirtual, mr), v.register()
	for i := range x {
		x[i] = v.register()
	}
	at, k := GP64(), GP64()
	XORQ(at, at)
	step := func(c int, mask Op) {
		for i := range x {
			v.load(Mem{Base: a[i], Index: at, Scale: 1}, mask, x[i])
		}
		for j := range b {
			v.load(Mem{Base: b[j], Index: at, Scale: 1}, mask, y)
			for i := range x {
				v.fma(y, x[i], acc[c][i][j])
			}
		}
		ADDQ(Imm(uint64(v.width)), at)
	}
	MOVQ(Mem{Base: p, Disp: gemmK}, k)
	for n := copies; n > 0; n /= 2 {
		SUBQ(Imm(uint64(n*lanes)), k)
		JL(LabelRef(fmt.Sprint("after", n)))
		Comment("PCALIGN32")
		Label(fmt.Sprint("loop", n))
		for c := range n {
			step(c, nil)
		}
		SUBQ(Imm(uint64(n*lanes)), k)
		JGE(LabelRef(fmt.Sprint("loop", n)))
		Label(fmt.Sprint("after", n))
		ADDQ(Imm(uint64(n*lanes)), k)
	}
	JZ(LabelRef("sum"))
	step(0, v.firstLanes(k))
	Label("sum")
	c, crs := GP64(), GP64()
	MOVQ(Mem{Base: p, Disp: gemmC}, c)
	MOVQ(Mem{Base: p, Disp: gemmCRS}, crs)
	for i := range mr {
		for n := 1; n < copies; n++ {
			for j := range nr {
				v.add(acc[n][i][j], acc[0][i][j])
			}
		}
		sums := v.sums(acc[0][i])
		free := v.like(sums)
		CMPQ(Mem{Base: p, Disp: gemmAcc}, Imm(0))
		JE(LabelRef(fmt.Sprint("store", i)))
		v.load(Mem{Base: c}, columns, free)
		v.add(free, sums)
		Label(fmt.Sprint("store", i))
		v.store(sums, columns, Mem{Base: c}, free)
		ADDQ(crs, c)
	}
	VZEROUPPER()
	RET()
	return name
}

func (v gemmVec) zeros(n int) (x []reg.VecVirtual) {
	for range n {
		r := v.register()
		v.zero(r)
		x = append(x, r)
	}
	return x
}

// rowsFrom returns where n rows of an operand are; count, if there is one,
// loads how many exist, after which the last is repeated.
func (v gemmVec) rowsFrom(p reg.Register, base, step, n int, count func(left reg.GPVirtual)) []reg.GPVirtual {
	rows := []reg.GPVirtual{GP64()}
	MOVQ(Mem{Base: p, Disp: base}, rows[0])
	by, left, none := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: p, Disp: step}, by)
	if count != nil {
		count(left)
		XORQ(none, none)
	}
	for i := 1; i < n; i++ {
		r := GP64()
		if count != nil {
			DECQ(left)
			CMOVQLE(none, by)
		}
		LEAQ(Mem{Base: rows[i-1], Index: by, Scale: 1}, r)
		rows = append(rows, r)
	}
	return rows
}

// firstLanes returns a mask of the first k lanes, for load.
func (v gemmVec) firstLanes(k reg.GPVirtual) Op {
	if v.width == 64 {
		ones, mask := GP64(), K()
		MOVQ(I32(-1), ones)
		BZHIQ(k, ones, ones)
		KMOVW(ones.As32(), mask)
		return mask
	}
	// a window of a table of ones and then zeros
	from, table := GP64(), GP64()
	MOVQ(U32(v.width/v.size), from)
	SUBQ(k, from)
	LEAQ(gemmOnesTable(), table)
	return Mem{Base: table, Index: from, Scale: uint8(v.size)}
}

var gemmOnes *Mem

func gemmOnesTable() Mem {
	if gemmOnes == nil {
		m := GLOBL("gemmOnes", 8|16) // RODATA|NOPTR
		for i := range 8 {
			DATA(8*i, U64([]uint64{1<<64 - 1, 0}[i/4]))
		}
		gemmOnes = &m
	}
	return *gemmOnes
}

// sums adds up the lanes of each vector and returns the sums in one.
func (v gemmVec) sums(x []reg.VecVirtual) reg.VecVirtual {
	// first inside the pieces of 16 bytes, until each has sums of its vectors
	x = v.halve(x, v.unpack)
	if v.size == 4 {
		x = v.halve(x, gemmVec{v.width, 8}.unpack)
	}
	if v.width == 32 && v.size == 4 {
		upper, lower := XMM(), x[0].AsX().(reg.VecVirtual)
		VEXTRACTF128(Imm(1), x[0], upper)
		v.add(upper, lower)
		return lower
	}
	if v.width == 32 {
		return v.halve(x, v.choose(0x20, 0x31))[0]
	}
	x = v.halve(x, v.choose(0x44, 0xee))
	if len(x) == 1 {
		return v.halve([]reg.VecVirtual{x[0], x[0]}, v.choose(0x88, 0xdd))[0].AsY().(reg.VecVirtual)
	}
	return v.halve(x, v.choose(0x88, 0xdd))[0]
}

// halve adds the two halves of what each pair of vectors has, mixed by f.
func (v gemmVec) halve(x []reg.VecVirtual, f func(a, b reg.VecVirtual) (lo, hi reg.VecVirtual)) (y []reg.VecVirtual) {
	for i := 0; i < len(x); i += 2 {
		lo, hi := f(x[i], x[i+1])
		v.add(hi, lo)
		y = append(y, lo)
	}
	return y
}

// unpack mixes the lower halves of the pieces of 16 bytes, and the upper ones.
func (v gemmVec) unpack(a, b reg.VecVirtual) (lo, hi reg.VecVirtual) {
	lo, hi = v.register(), v.register()
	if v.size == 4 {
		VUNPCKLPS(b, a, lo)
		VUNPCKHPS(b, a, hi)
	} else {
		VUNPCKLPD(b, a, lo)
		VUNPCKHPD(b, a, hi)
	}
	return lo, hi
}

// choose mixes pieces of 16 bytes.
func (v gemmVec) choose(lo, hi uint64) func(a, b reg.VecVirtual) (x, y reg.VecVirtual) {
	return func(a, b reg.VecVirtual) (x, y reg.VecVirtual) { return v.pieces(lo, a, b), v.pieces(hi, a, b) }
}

// like returns a register of the same width.
func (v gemmVec) like(x reg.VecVirtual) reg.VecVirtual {
	switch x.Size() {
	case 16:
		return XMM()
	case 32:
		return YMM()
	}
	return ZMM()
}
