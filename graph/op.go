package graph

// An Op is one kind of computation. Ops are small comparable structs whose
// fields are their attributes: equal ops on equal operands are one step of a
// program. An op whose struct is not comparable works, but is never merged.
type Op interface {
	// Name is the op's name in listings and errors, such as "matmul".
	Name() string
	// Infer returns the result's type, or why the operands do not fit. In the
	// error's text {0}, {1} ... stand for the operands' names and shapes. The list
	// is only lent to it.
	Infer(in ...Type) (Type, error)
	// Eval computes the result into out, whose shape is set and whose data is
	// zero, from dense row-major operands, which it must not change. It may
	// panic with an error about bad values, which Run returns.
	Eval(out Tensor, in ...Tensor)
	// VJP returns, for y = op(x...) and the cotangent ct of y, the cotangent
	// of each x, written in ops; nil stands for zero. A cotangent may have the
	// broadcast shape of the operands: the traversal sums it to x's shape.
	VJP(y, ct *Node, x ...*Node) []*Node
}

// An op may do more than the four methods; the interfaces below are found by
// type assertion.

// A Chooser stands for one of its operands, which one by the kind of program:
// those made by [CompileTraining] train. The operands not chosen are computed
// only for the assignments among them, and only if Also says so.
type Chooser interface {
	Choose(training bool) int
	Also() bool
}

// A Simplifier knows when it can be written more simply, such as x*1. Simplify
// returns a node equal to op(x...), or nil if there is nothing to gain.
type Simplifier interface {
	Simplify(x ...*Node) *Node
}

// A Flopser counts the floating-point operations of one evaluation. Without
// it, an op counts one for each element of its result.
type Flopser interface {
	Flops(out Type, in ...Type) Dim
}

// Flops returns the number of floating-point operations that computing n takes
// when its operands are there.
func Flops(n *Node) Dim {
	switch op := n.op.(type) {
	case Flopser:
		in := make([]Type, len(n.in))
		for i, x := range n.in {
			in[i] = *x.typ
		}
		return op.Flops(*n.typ, in...)
	case Chooser:
		return 0
	}
	if len(n.in) == 0 || !n.typ.DType.Float() {
		return 0
	}
	return n.typ.Shape.Size()
}
