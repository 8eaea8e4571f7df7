package kernel

import (
	"fmt"
	"os"
	"slices"
)

// An isa is a family of kernels; each includes those below it.
type isa uint8

const (
	generic isa = iota
	avx2
	avx512
)

var isaNames = [...]string{generic: "generic", avx2: "avx2", avx512: "avx512"}

// chosen is the best family that the processor can run and ADJOINT_ISA allows.
var chosen = choose(os.Getenv("ADJOINT_ISA"))

// choose returns the family of that name, or the best one if the name is empty
// or says nothing, but never one that the processor cannot run.
func choose(name string) isa {
	best := best()
	if i := slices.Index(isaNames[:], name); i >= 0 {
		return min(isa(i), best)
	}
	return best
}

// ISA returns the name of the kernels in use: "generic", "avx2" or "avx512".
// The environment variable ADJOINT_ISA lowers the choice, for tests.
func ISA() string { return isaNames[chosen] }

// Lookup returns the kernel of an op on elements of type t. Bit i of kinds is
// set where operand i is of kind S. There is one for each op, with any kinds.
func Lookup(op Op, t Type, kinds uint8) Func { return lookup(chosen, op, t, kinds) }

// lookup returns the best kernel that a family has.
func lookup(of isa, op Op, t Type, kinds uint8) Func {
	if op >= numOps || t >= numTypes {
		panic(fmt.Sprintf("kernel: no op %d on type %d", uint8(op), t))
	}
	kinds &= 1<<op.Arity() - 1
	if f := assembly(of, op, t, kinds); f != nil {
		return f
	}
	if t == F32 {
		return portable[float32](op, kinds)
	}
	return portable[float64](op, kinds)
}

// A Test is a kernel that also tells something of what it is given.
type Test func(*Args) bool

// Run calls the kernel, as [Func.Run] does.
func (f Test) Run(a *Args) bool { return f(hide(a)) }

// Route2 returns the kernel for the gradient of max pooling over squares of two by
// two pixels, or nil if there is none. X[0] and X[1] are two lines of the image, and
// X[2] what came back for its squares, of Cols channels each, Rows squares. D is the
// first line of results; the second is as far from it as X[1] from X[0]. DR, XR[0]
// and XR[1] are the step of two pixels, XR[2] that of one, everywhere. The first of a
// square's pixels that is the largest gets what came back, the others 0. If it returns
// true, a pixel was NaN, and the results mean nothing.
func Route2(t Type) Test { return route2Of(chosen, t) }
