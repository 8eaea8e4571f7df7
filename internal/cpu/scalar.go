package cpu

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/adjointml/adjoint/internal/ir"
	"github.com/adjointml/adjoint/internal/kernel"
)

// A scalarProg computes a group of single numbers, each by a few instructions
// of the processor rather than by a call of a vector kernel.
type scalarProg struct {
	g      *group
	loads  []transfer
	code   []scalarInst
	stores []transfer
	start  []float64 // registers that are constants, before all others
	first  int32     // register of the first instruction's result; each has the next one
	regs   int
}

// A transfer moves a number between memory and a register.
type transfer struct {
	v   *val
	off int // bytes
	reg int32
}

type scalarInst struct {
	op      ir.Op
	x, y, z int32 // registers; of Index and Finite, z is the host's node, for reports
}

// compileScalar generates the program of a group over single numbers.
func compileScalar(g *group) *scalarProg {
	p := &scalarProg{g: g}
	type read struct {
		v   *val
		off int
	}
	loaded := map[read]int32{}
	nums := map[uint64]int32{}
	for _, v := range g.vals { // constants first, so that they are set once
		for _, e := range v.in {
			if e.v.Kind != ir.Const {
				continue
			}
			key := math.Float64bits(e.v.Num)
			if _, ok := nums[key]; !ok {
				nums[key] = int32(len(p.start))
				p.start = append(p.start, e.v.Num)
			}
		}
	}
	p.first = int32(len(p.start))
	for _, v := range g.vals { // then what lies in memory
		for i := range v.in {
			e := &v.in[i]
			if e.v.Kind == ir.Const || g.has(v, i) {
				continue
			}
			k := read{e.v, e.Off * e.v.DType.Size()}
			if _, ok := loaded[k]; !ok {
				loaded[k] = p.first
				p.loads = append(p.loads, transfer{e.v, k.off, p.first})
				p.first++
			}
		}
	}
	p.code = make([]scalarInst, 0, len(g.vals))
	for k, v := range g.vals {
		var x [3]int32
		for i := range v.in {
			switch e := &v.in[i]; {
			case e.v.Kind == ir.Const:
				x[i] = nums[math.Float64bits(e.v.Num)]
			case g.has(v, i):
				x[i] = e.v.reg
			default:
				x[i] = loaded[read{e.v, e.Off * e.v.DType.Size()}]
			}
		}
		if v.Op == ir.Index || v.Op == ir.Finite {
			x[2] = int32(v.Node)
		}
		v.reg = p.first + int32(k)
		p.code = append(p.code, scalarInst{v.Op, x[0], x[1], x[2]})
		if v.mat {
			p.stores = append(p.stores, transfer{v, 0, v.reg})
		}
	}
	p.regs = int(p.first) + len(p.code)
	return p
}

// has reports whether v reads operand i from a register of the group.
func (g *group) has(v *val, i int) bool { return v.in[i].v.group == g && !v.breaks(i) }

// part runs the program; there is one part.
func (p *scalarProg) part(f *Frame, w *worker, _ *segment, _ int) {
	if p.g.ct == kernel.F64 {
		runScalar[float64](p, f, w)
	} else {
		runScalar[float32](p, f, w)
	}
}

func runScalar[T float32 | float64](p *scalarProg, f *Frame, w *worker) {
	r := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(w.scratch))), p.regs)
	for i, x := range p.start {
		r[i] = T(x)
	}
	for _, t := range p.loads {
		r[t.reg] = load[T](t.v.DType, unsafe.Add(f.base[t.v.slot], t.off))
	}
	scalarCode(p.code, r, int(p.first))
	for _, t := range p.stores {
		store(t.v.DType, f.base[t.v.slot], r[t.reg])
	}
}

// load reads an element as a number.
func load[T float32 | float64](d ir.DType, p unsafe.Pointer) T {
	switch d {
	case ir.F32:
		return T(*(*float32)(p))
	case ir.F64:
		return T(*(*float64)(p))
	case ir.I32:
		return T(*(*int32)(p))
	case ir.I64:
		return T(*(*int64)(p))
	}
	return T(*(*uint8)(p))
}

// store writes a number as an element.
func store[T float32 | float64](d ir.DType, p unsafe.Pointer, v T) {
	switch d {
	case ir.F32:
		*(*float32)(p) = float32(v)
	case ir.F64:
		*(*float64)(p) = float64(v)
	case ir.I32:
		*(*int32)(p) = int32(int64(v))
	case ir.I64:
		*(*int64)(p) = int64(v)
	default:
		*(*bool)(p) = v != 0
	}
}

// scalarCode runs the instructions on registers. Their results are those from
// first on.
func scalarCode[T float32 | float64](code []scalarInst, r []T, first int) {
	to := r[first:][:len(code)]
	for k := range code {
		i := &code[k]
		x := r[i.x]
		var d T
		switch i.op {
		case ir.Copy, ir.Convert:
			d = x
		case ir.Neg:
			d = -x
		case ir.Square:
			d = x * x
		case ir.Recip:
			d = 1 / x
		case ir.Add:
			d = x + r[i.y]
		case ir.Sub:
			d = x - r[i.y]
		case ir.Mul:
			d = x * r[i.y]
		case ir.Div:
			d = x / r[i.y]
		case ir.Sqrt:
			d = T(math.Sqrt(float64(x)))
		case ir.ReLU:
			d = x
			if x < 0 {
				d = 0
			}
		case ir.Less:
			d = T(ir.Truth(x < r[i.y]))
		case ir.Where:
			d = r[i.z]
			if x != 0 {
				d = r[i.y]
			}
		case ir.Finite:
			if d = x; x-x != 0 {
				panic(&FiniteError{int(i.z), float64(x)})
			}
		case ir.Index:
			d = T(place(float64(x), int(r[i.y]), int(i.z)))
		default:
			d = T(ir.Apply(i.op, float64(x), float64(r[i.y])))
		}
		to[k] = d
	}
}

// A FiniteError is a number that should be finite and is not, found by a run.
type FiniteError struct {
	Node  int // which node of the host's
	Value float64
}

// Error says the value.
func (e *FiniteError) Error() string { return fmt.Sprintf("the value is %v", e.Value) }
