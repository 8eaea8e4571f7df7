package kernel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// An elem is a type of elements in memory.
type elem uint8

const (
	boolean elem = iota
	int32s
	int64s
	float32s
	float64s
)

func (e elem) String() string { return [...]string{"bool", "int32", "int64", "float32", "float64"}[e] }

func (e elem) size() int { return [...]int{1, 4, 8, 4, 8}[e] }

func (e elem) get(b []byte, i int) float64 {
	switch p := unsafe.Pointer(&b[i*e.size()]); e {
	case boolean:
		return float64(b[i])
	case int32s:
		return float64(*(*int32)(p))
	case int64s:
		return float64(*(*int64)(p))
	case float32s:
		return float64(*(*float32)(p))
	default:
		return *(*float64)(p)
	}
}

func (e elem) put(b []byte, i int, x float64) {
	switch p := unsafe.Pointer(&b[i*e.size()]); e {
	case boolean:
		b[i] = byte(one(x > 0)) * 3 // any byte but 0 is true
	case int32s:
		*(*int32)(p) = int32(x)
	case int64s:
		*(*int64)(p) = int64(x * 1e6)
	case float32s:
		*(*float32)(p) = float32(x)
	default:
		*(*float64)(p) = x
	}
}

// elems returns the types of the elements of op's operands and result.
func elems(op Op, t Type) (from, to elem) {
	own := float32s + elem(t)
	switch {
	case op >= FromBool && op <= FromF64:
		return elem(op - FromBool), own
	case op >= ToBool:
		return own, elem(op - ToBool)
	}
	return own, own
}

// counts are the sizes that are tried; -short leaves some out.
func counts() (list []int) {
	for n := range most + 1 {
		if n < 20 || n%8 == 3 || !testing.Short() {
			list = append(list, n)
		}
	}
	return list
}

// A trial is an op on some operands.
type trial struct {
	op       Op
	t        Type
	kinds    uint8
	from, to elem
	wide     int // elements from one row to the next
	x        [4][]byte
}

// newTrial makes random operands. Those of sums have no numbers of extreme size.
func newTrial(op Op, t Type, kinds uint8, r *rand.Rand, rows, wide int) *trial {
	v := &trial{op: op, t: t, kinds: kinds, wide: wide}
	number := random
	if op >= Sum && op <= Dot || op == FMASum || op == ErfcMul {
		number = (*rand.Rand).NormFloat64
	}
	v.from, v.to = elems(op, t)
	for i := range op.Arity() {
		v.x[i] = make([]byte, rows*wide*v.from.size())
		for j := range rows * wide {
			x := number(r)
			if (op == Where || op == Choose || op >= And && op <= Xor) && r.IntN(2) == 0 {
				x = 0
			}
			v.from.put(v.x[i], j, x)
		}
	}
	return v
}

func (v *trial) String() string { return fmt.Sprintf("%v %v kinds %03b", v.op, v.to, v.kinds) }

// elements returns the operands of element j.
func (v *trial) elements(j int) (x [4]float64) {
	for i := range v.op.Arity() {
		x[i] = v.from.get(v.x[i], j)
		if v.kinds>>i&1 == 1 {
			x[i] = v.from.get(v.x[i], j/v.wide*v.wide)
		}
	}
	return x
}

// reduces tells whether the result is one number for each row.
func (v *trial) reduces() bool { return v.op >= Sum && v.op <= Prod }

// canary fills the memory that a kernel must not touch.
const canary = 0xa5

// A block is memory among canaries.
type block struct{ all, own []byte }

// newBlock returns n elements that begin so many elements after a cache line.
func newBlock(n, size, offset int) block {
	all := bytes.Repeat([]byte{canary}, 64+64+offset*size+n*size+64)
	at := 64 - int(uintptr(unsafe.Pointer(&all[0]))&63) + 64 + offset*size
	return block{all, all[at : at+n*size : at+n*size]}
}

func (b block) pointer() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b.own)) }

// A ground is memory on which blocks are placed one after another.
type ground struct{ memory []byte }

// placed copies elements to the ground, so many of them after a cache line.
func placed[T float](g *ground, x []T, offset int) block {
	size := int(unsafe.Sizeof(T(0)))
	n, before := len(x)*size, 128+offset*size
	if len(g.memory) < n+before+128 {
		g.memory = make([]byte, 2*n+before+128)
	}
	at := before - int(uintptr(unsafe.Pointer(&g.memory[0]))&63)
	all := g.memory[: at+n+64 : at+n+64]
	for i := range at {
		all[i] = canary
	}
	for i := range 64 {
		all[at+n+i] = canary
	}
	b := block{all, all[at : at+n : at+n]}
	copy(elements[T](b), x)
	return b
}

// elements returns the elements of a block.
func elements[T float](b block) []T {
	return unsafe.Slice((*T)(b.pointer()), len(b.own)/int(unsafe.Sizeof(T(0))))
}

// intact tells whether the canaries live.
func (b block) intact() bool {
	n := cap(b.all) - len(b.own)
	return bytes.Count(b.all, []byte{canary})-bytes.Count(b.own, []byte{canary}) == n
}

// args returns arguments on copies of the operands, and the blocks of the
// result and the sums.
func (v *trial) args(rows, cols, offset int) (a *Args, d, sums block) {
	a = &Args{Rows: rows, Cols: cols, DR: v.wide * v.to.size()}
	d, sums = newBlock(rows*v.wide, v.to.size(), offset), newBlock(rows, v.to.size(), offset)
	a.D = d.pointer()
	for i := range v.op.Arity() {
		x := newBlock(rows*v.wide, v.from.size(), offset)
		copy(x.own, v.x[i])
		a.X[i], a.XR[i] = x.pointer(), v.wide*v.from.size()
	}
	a.S, a.SR = sums.pointer(), v.to.size()
	return a, d, sums
}

// run lets a kernel compute and returns what it wrote.
func (v *trial) run(f Func, rows, cols, offset int) (d, sums []byte) {
	a, db, sb := v.args(rows, cols, offset)
	f(a)
	return db.own, sb.own
}
