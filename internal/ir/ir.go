// Package ir is the lowered program: values over known lengths, each made by
// one of few kinds of instruction over strided memory. Ops lower themselves to
// it through a [Builder], and an engine compiles it. It holds no functions of
// the host's language, so that any engine can.
package ir

import "slices"

// A DType is the type of a value's elements.
type DType uint8

// The element types.
const (
	F32 DType = iota
	F64
	I32
	I64
	Bool
)

// Float reports whether d is F32 or F64.
func (d DType) Float() bool { return d <= F64 }

// Size returns the number of bytes of one element.
func (d DType) Size() int { return [...]int{4, 8, 4, 8, 1}[d] }

// String returns the short name, such as "f32".
func (d DType) String() string { return [...]string{"f32", "f64", "i32", "i64", "bool"}[d] }

// A Kind is one kind of instruction.
type Kind uint8

// The kinds.
const (
	Leaf     Kind = iota // memory that the host gives: an input, a parameter, an array of constants
	Const                // one number
	Iota                 // 0, 1, 2 ...
	Map                  // a function of elements
	Reduce               // a row, or all rows, to one
	Contract             // a batched matrix product
	Conv                 // a convolution, or pooling, or one of their gradients
	Call                 // an op's own Eval
	Loop                 // a result of a loop or of a branch
	Join                 // values put together along an axis
)

var kinds = [...]string{"leaf", "const", "iota", "map", "reduce", "contract", "conv", "call", "loop", "join"}

// String returns the name, such as "map".
func (k Kind) String() string { return kinds[k] }

// A Value is the result of one instruction: a dense row-major array without
// axes of length 1. Axes of length 1 and repetition are a matter of reading it:
// see [Ref].
type Value struct {
	ID    int // its place among the builder's values
	Node  int // which node of the host's this computes, for reports
	Kind  Kind
	Op    Op
	DType DType
	Over  Over // of Reduce
	image bool // has its channels last: see layout.go
	Dims  []int
	In    []Ref
	Num   float64 // of Const
	size  int
	*More // what the values of few kinds have, else zeros that all others share
}

// More is the part of a value that maps, reductions and products, which are many,
// do not have.
type More struct {
	Slot  int       // of Leaf and Call: the host's number for it; of Loop: the number of the result
	Rows  int       // of Call: how many independent rows it has; of Leaf: how many may lie anywhere
	Parts int       // of Call: in how many runs of rows it is computed
	Win   *Window   // of Conv
	Loop  *LoopBody // of Loop
	Join  *Pieces   // of Join
}

var noMore = &More{}

// Size returns the number of elements.
func (v *Value) Size() int { return v.size }

// NewCopy returns a copy of what x reads, which no builder made.
func NewCopy(x Ref, node int) *Value {
	return &Value{Kind: Map, Op: Copy, DType: x.V.DType, Dims: x.Dims, In: []Ref{x}, Node: node, size: x.Size(), More: noMore}
}

// An Over says which axes of its operand a reduction removes.
type Over uint8

// The reductions. Others are made of these.
const (
	Rows   Over = iota // the last axes: each row becomes one number
	Lead               // the first axes, or all: the rows become one
	Middle             // axis 1 of 3
)

// A Ref is a value as an operand reads it: with any dims, element (i, j, ...)
// lying Off + i·Steps[0] + j·Steps[1] + ... elements from the start. A step of 0
// repeats the value along that axis.
//
// Most refs are read as they were made, so that they share what they read by its
// address. A View is never changed once a Ref has it.
type Ref struct {
	V *Value
	*View
}

// A View is which elements of a value are read.
type View struct {
	Dims  []int
	Steps []int
	Off   int
}

var number = &View{} // the only element of a value

// NewRef returns v as it is read with the given dims, steps and offset.
func NewRef(v *Value, dims, steps []int, off int) Ref {
	if len(dims) == 0 && off == 0 {
		return Ref{v, number}
	}
	return Ref{v, &View{dims, steps, off}}
}

// over returns the value of r read along other axes: as r reads it if they are the
// same.
func (r Ref) over(dims, steps []int) Ref {
	if slices.Equal(dims, r.Dims) && slices.Equal(steps, r.Steps) {
		return r
	}
	return NewRef(r.V, dims, slices.Clone(steps), r.Off)
}

// Size returns the number of elements that r reads.
func (r Ref) Size() int { return Size(r.Dims) }

// DType returns the type of the elements.
func (r Ref) DType() DType { return r.V.DType }

// Dense reports whether r reads its value's elements once each, in order.
func (r Ref) Dense() bool {
	if r.Off != 0 || r.Size() != r.V.size {
		return false
	}
	step := 1
	for i := len(r.Dims) - 1; i >= 0; i-- {
		if r.Dims[i] != 1 && r.Steps[i] != step {
			return false
		}
		step *= r.Dims[i]
	}
	return true
}

// Number returns the value of r if it is one known number, repeated or not.
func (r Ref) Number() (float64, bool) { return r.V.Num, r.V.Kind == Const }

// Size returns the number of elements of an array.
func Size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// dense returns the steps of a dense array.
func dense(dims []int) []int {
	steps, step := make([]int, len(dims)), 1
	for i := len(dims) - 1; i >= 0; i-- {
		if dims[i] != 1 {
			steps[i] = step
		}
		step *= dims[i]
	}
	return steps
}

// Whole returns v read as it lies.
func Whole(v *Value) Ref { return NewRef(v, v.Dims, dense(v.Dims), 0) }

// A Type is the type of a value before it is made.
type Type struct {
	DType DType
	Dims  []int
}

// A Program is what is computed: values in an order in which each comes after
// its operands, which of them are results, and where.
type Program struct {
	Values []*Value
	Out    []Ref    // results
	Store  []Update // new contents of leaves
}

// An Update stores a value into a leaf when the run ends.
type Update struct {
	Leaf  int // the slot
	Value Ref
}
