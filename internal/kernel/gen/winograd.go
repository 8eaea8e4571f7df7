package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// offsets of the fields of kernel.TileArgs
const (
	tileA = 8 * iota
	tileC
	tileARow
	tileACol
	tileATile
	tileCRow
	tileCCol
	tileCTile
	tileTiles
	tileChannels
)

// winograd writes the transforms of tiles, M·x·Mᵀ for each channel, of float32.
func winograd() {
	for _, width := range []int{32, 64} {
		v := gemmVec{width, 4}
		for _, m := range tileMaps {
			v.tiles(m)
		}
	}
}

// A tileMap is a matrix M of a transform: what it makes of a column of a tile.
type tileMap struct {
	name     string
	from, to int
	half     bool // whether it multiplies by a half
	apply    func(v gemmVec, x []reg.VecVirtual, half reg.VecVirtual) []reg.VecVirtual
}

// tileMaps are in the order of kernel.Transform, whose doc has the formulas.
var tileMaps = []tileMap{
	{"Input", 4, 4, false, func(v gemmVec, x []reg.VecVirtual, _ reg.VecVirtual) []reg.VecVirtual {
		return []reg.VecVirtual{v.minus(x[0], x[2]), v.plus(x[1], x[2]), v.minus(x[2], x[1]), v.minus(x[3], x[1])}
	}},
	{"Output", 4, 2, false, func(v gemmVec, x []reg.VecVirtual, _ reg.VecVirtual) []reg.VecVirtual {
		return []reg.VecVirtual{v.plus(v.plus(x[0], x[1]), x[2]), v.plus(v.minus(x[1], x[2]), x[3])}
	}},
	{"Weights", 3, 4, true, func(v gemmVec, x []reg.VecVirtual, half reg.VecVirtual) []reg.VecVirtual {
		ends := v.plus(x[0], x[2])
		return []reg.VecVirtual{x[0], v.times(half, v.plus(ends, x[1])), v.times(half, v.minus(ends, x[1])), x[2]}
	}},
	{"OutputGrad", 2, 4, false, func(v gemmVec, x []reg.VecVirtual, _ reg.VecVirtual) []reg.VecVirtual {
		return []reg.VecVirtual{x[0], v.plus(x[0], x[1]), v.minus(x[0], x[1]), x[1]}
	}},
	{"WeightsGrad", 4, 3, true, func(v gemmVec, x []reg.VecVirtual, half reg.VecVirtual) []reg.VecVirtual {
		sum := v.times(half, v.plus(x[1], x[2]))
		return []reg.VecVirtual{v.plus(x[0], sum), v.times(half, v.minus(x[1], x[2])), v.plus(sum, x[3])}
	}},
}

func (v gemmVec) plus(x, y reg.VecVirtual) reg.VecVirtual {
	d := v.register()
	VADDPS(y, x, d)
	return d
}

func (v gemmVec) minus(x, y reg.VecVirtual) reg.VecVirtual {
	d := v.register()
	VSUBPS(y, x, d)
	return d
}

func (v gemmVec) times(x, y reg.VecVirtual) reg.VecVirtual {
	d := v.register()
	VMULPS(y, x, d)
	return d
}

// A tileCode is a transform being written.
type tileCode struct {
	gemmVec
	tileMap
	p                 reg.Register
	a, c              reg.GPVirtual // the first channels of a tile
	row               reg.GPVirtual // of the source or the result
	aRow, aCol, aRow3 reg.GPVirtual
	cRow, cCol, cCol3 reg.GPVirtual
	halves            reg.VecVirtual
	local             Mem // the half-way results, with AVX2
}

// tiles writes a transform.
func (v gemmVec) tiles(m tileMap) {
	TEXT("winograd"+m.name+fmt.Sprint(v.width*8), 4, "func(p *byte)") // NOSPLIT
	Pragma("noescape")
	t := &tileCode{gemmVec: v, tileMap: m, p: Load(Param("p"), GP64())}
	t.start()
	tiles, rest, back := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: t.p, Disp: tileTiles}, tiles)
	Comment("PCALIGN32")
	Label("tile")
	MOVQ(Mem{Base: t.p, Disp: tileChannels}, rest)
	SUBQ(Imm(uint64(v.width/v.size)), rest)
	JL(LabelRef("rest"))
	Label("full")
	t.vector(nil)
	ADDQ(Imm(uint64(v.width)), t.a)
	ADDQ(Imm(uint64(v.width)), t.c)
	SUBQ(Imm(uint64(v.width/v.size)), rest)
	JGE(LabelRef("full"))
	Label("rest")
	ADDQ(Imm(uint64(v.width/v.size)), rest)
	JZ(LabelRef("next"))
	t.vector(v.firstLanes(rest))
	Label("next")
	MOVQ(Mem{Base: t.p, Disp: tileChannels}, back)
	SUBQ(rest, back)
	SHLQ(Imm(2), back)
	SUBQ(back, t.a)
	SUBQ(back, t.c)
	ADDQ(Mem{Base: t.p, Disp: tileATile}, t.a)
	ADDQ(Mem{Base: t.p, Disp: tileCTile}, t.c)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// start loads what is the same for all tiles.
func (t *tileCode) start() {
	if t.half {
		t.halves = t.register()
		t.broadcast(tileHalf(), t.halves)
	}
	if t.width == 32 {
		t.local = AllocLocal(t.from * t.to * t.width)
	}
	t.row = GP64()
	for _, x := range []struct {
		to     *reg.GPVirtual
		offset int
	}{{&t.a, tileA}, {&t.c, tileC}, {&t.aRow, tileARow}, {&t.aCol, tileACol}, {&t.cRow, tileCRow}, {&t.cCol, tileCCol}} {
		*x.to = GP64()
		MOVQ(Mem{Base: t.p, Disp: x.offset}, *x.to)
	}
	t.aRow3, t.cCol3 = t.triple(t.aRow, t.from), t.triple(t.cCol, t.to)
}

// triple returns three times a step, if there are as many as four.
func (t *tileCode) triple(step reg.GPVirtual, n int) reg.GPVirtual {
	d := GP64()
	if n == 4 {
		LEAQ(Mem{Base: step, Index: step, Scale: 2}, d)
	}
	return d
}

// at returns the i-th place from base on, of at most four.
func at(base, step, triple reg.GPVirtual, i int) Mem {
	switch i {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: triple, Scale: 1}
	}
	return Mem{Base: base, Index: step, Scale: uint8(i)}
}

// vector transforms a vector of channels: the columns first, then the rows of
// what they give.
func (t *tileCode) vector(mask Op) {
	y := make([][]reg.VecVirtual, t.to)
	MOVQ(t.a, t.row)
	for j := range t.from {
		x := make([]reg.VecVirtual, t.from)
		for i := range x {
			x[i] = t.register()
			t.load(at(t.row, t.aRow, t.aRow3, i), mask, x[i])
		}
		if j < t.from-1 {
			ADDQ(t.aCol, t.row)
		}
		for i, z := range t.apply(t.gemmVec, x, t.halves) {
			y[i] = append(y[i], z)
			if t.width == 32 {
				VMOVUPS(z, t.local.Offset((i*t.from+j)*t.width))
			}
		}
	}
	MOVQ(t.c, t.row)
	for i := range y {
		if t.width == 32 {
			for j := range y[i] {
				y[i][j] = t.register()
				VMOVUPS(t.local.Offset((i*t.from+j)*t.width), y[i][j])
			}
		}
		for j, z := range t.apply(t.gemmVec, y[i], t.halves) {
			t.store(z, mask, at(t.row, t.cCol, t.cCol3, j), t.register())
		}
		if i < t.to-1 {
			ADDQ(t.cRow, t.row)
		}
	}
}

// tileHalf returns where 0.5 is.
func tileHalf() Mem {
	if tileHalfTable == nil {
		m := GLOBL("winogradHalf", 8|16) // RODATA|NOPTR
		DATA(0, F32(0.5))
		tileHalfTable = &m
	}
	return *tileHalfTable
}

var tileHalfTable *Mem
