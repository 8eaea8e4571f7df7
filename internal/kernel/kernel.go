// Package kernel holds the engine's inner loops: elementwise functions,
// reductions of rows and the blocks of matrix products, on plain memory. Each
// has a portable form in Go, which is also the oracle of its tests, and forms
// in assembly, made by the generator in gen, which are chosen when the program
// starts by what the processor can do. Kernels know no shapes.
package kernel

import "unsafe"

// Args is the argument block of an elementwise function or a reduction: Rows
// rows of Cols elements. An operand of kind V is an array with the same number
// of columns; one of kind S is a single number for each row. Steps are in
// bytes; a step of 0 reads, or writes, the same row each time, so that D with a
// step of 0 that is also an operand adds up the rows.
//
// The result may be an operand's memory, at the same place.
type Args struct {
	D    unsafe.Pointer    // result
	X    [4]unsafe.Pointer // operands
	S    unsafe.Pointer    // of an op that sums: the sum of each row of the result
	DR   int               // from one row of D to the next
	XR   [4]int            // from one row of X[i] to the next
	SR   int               // from one sum to the next
	Rows int
	Cols int
}

// A Func is one kernel.
type Func func(*Args)

// Run calls the kernel. The arguments may be on the stack, which a plain call
// of a function value would forbid: a kernel keeps none of its arguments.
func (f Func) Run(a *Args) { f(hide(a)) }

// hide returns p, and hides from the compiler that it does: who is called through
// a variable might keep what it gets, and the compiler would allocate it. What
// hide returns must be handed on at once and not used again: held over another
// call it may be kept as a number, which stays behind when the stack moves.
func hide[T any](p *T) *T {
	u := uintptr(unsafe.Pointer(p))
	return *(**T)(unsafe.Pointer(&u))
}

// A Type is the type of the elements that a kernel computes with.
type Type uint8

// The types that kernels compute with.
const (
	F32 Type = iota
	F64
	numTypes
)

// Size returns the number of bytes of one element.
func (t Type) Size() int { return 4 << t }
