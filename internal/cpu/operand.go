package cpu

import (
	"math"

	"github.com/adjointml/adjoint/internal/ir"
)

// An operand is where an instruction reads or writes. Inside of a tile its rows
// lie pitch bytes apart; from tile to tile it moves by its steps.
type operand struct {
	v     *val // its memory, or nil
	konst int  // place among the constants + 1
	acc   int  // place among the accumulators + 1
	reg   int  // of a register: bytes from the start of the scratch
	size  int  // of a register, in bytes; 0 for memory
	alone bool // shares its place with no other

	off   int   // in bytes, like all that follows
	outer []int // step along each outer axis
	row   int   // and along the rows
	col   int   // and along the columns
	pitch int
	chunk bool // moves by chunks, not by columns
}

func (g *gen) operand(o operand) int32 { g.ops = append(g.ops, o); return int32(len(g.ops) - 1) }

// memory returns the operand of v's memory, read with the given steps along the
// axes of the space, in elements.
func (g *gen) memory(v *val, steps [ir.MaxRank]int, off int) int32 {
	k := memKey{v, off, steps}
	if i, ok := g.mem[k]; ok {
		return i
	}
	size := v.DType.Size()
	along := func(a axes) int { // the step along a collapsed axis is that of its last part
		for i := len(g.g.dom.dims) - 1; i >= 0; i-- {
			if a>>i&1 == 1 {
				return steps[i] * size
			}
		}
		return 0
	}
	o := operand{v: v, off: off * size}
	n := len(g.axes)
	o.col = along(g.axes[n-1])
	if n > 1 {
		o.row = along(g.axes[n-2])
	}
	moves := false
	for i := range g.outer {
		o.outer = append(o.outer, along(g.axes[i]))
		moves = moves || o.outer[i] != 0
	}
	if !moves {
		o.outer = nil
	}
	o.pitch = o.row
	i := g.operand(o)
	g.mem[k] = i
	return i
}

// own returns the operand of v's own memory.
func (g *gen) own(v *val) int32 {
	var steps [ir.MaxRank]int
	step := 1
	for i := len(g.g.dom.dims) - 1; i >= 0; i-- {
		if v.mask>>i&1 == 1 {
			steps[i] = step
			step *= g.g.dom.dims[i]
		}
	}
	return g.memory(v, steps, 0)
}

// number returns the operand of a constant.
func (g *gen) number(x float64) int32 {
	if x != x {
		g.consts = append(g.consts, x)
		return g.operand(operand{konst: len(g.consts)})
	}
	key := x
	if x == 0 && math.Signbit(x) {
		key = -math.SmallestNonzeroFloat64 // -0 and 0 are the same key
	}
	i, ok := g.nums[key]
	if !ok {
		g.consts = append(g.consts, x)
		i = g.operand(operand{konst: len(g.consts)})
		g.nums[key] = i
	}
	return i
}

func (g *gen) register(elems, pitch, col int) int32 {
	return g.operand(operand{reg: -1, size: (elems*g.size + 63) &^ 63, pitch: pitch, col: col})
}

// pitch is the length of a row of a register, in bytes: whole vectors, unless
// rows are short.
func (g *gen) pitch() int {
	if g.ch > 8 && !(g.r == 1 && len(g.outer) == 0) {
		return (g.ch*g.size + 63) &^ 63
	}
	return g.ch * g.size
}

func (g *gen) tileRegister() int32 {
	return g.register(g.rb*g.pitch()/g.size, g.pitch(), 0)
}

// dest returns the operand that v is written to.
func (g *gen) dest(v *val) int32 {
	switch {
	case v.mat && v.DType.Float():
		return g.own(v)
	case g.isColumn(v):
		return g.register(g.rb, g.size, 0)
	case g.rowbuf[v]:
		return g.register(g.c, 0, g.size)
	}
	return g.tileRegister()
}
