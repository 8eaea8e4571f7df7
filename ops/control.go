package ops

import (
	"errors"
	"fmt"
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// Convert returns x with another dtype: floats are cut toward zero to become
// integers, true is 1, and anything but 0 is true. The gradient passes between
// floats only.
func Convert(x *Node, d DType) *Node {
	if x.Err() == nil && x.DType() == d {
		return x
	}
	return graph.Apply(convert{d}, x)
}

type convert struct{ to DType }

func (convert) Name() string     { return "convert" }
func (c convert) String() string { return "convert(" + c.to.String() + ")" }

// Doc says what becomes of the values in the new dtype.
func (c convert) Doc() graph.Doc {
	switch {
	case c.to.Float():
		return doc("The same numbers as floats of another kind; the gradient passes between floats.", "y = x", "x̄ = ȳ")
	case c.to == graph.Bool:
		return doc("The mask of what is not 0.", "y = x != 0", "x̄ = 0")
	}
	return doc("The numbers as integers, cut toward 0; being flat, this passes no gradient.", "y = sign(x)*floor(abs(x))", "x̄ = 0")
}
func (c convert) Infer(in ...Type) (Type, error) { return Type{DType: c.to, Shape: in[0].Shape}, nil }
func (c convert) Eval(out Tensor, in ...Tensor) {
	for i := range out.Len() {
		if in[0].DType.Float() {
			out.Set(i, in[0].At(i))
		} else {
			out.SetInt(i, in[0].Int(i))
		}
	}
}
func (convert) Lower(b *ir.Builder, out ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return b.Convert(x[0], out.DType)
}
func (c convert) VJP(_, ct *Node, x ...*Node) []*Node {
	if !x[0].DType().Float() || !c.to.Float() {
		return one(nil)
	}
	return one(Convert(ct, x[0].DType()))
}
func (c convert) Simplify(x ...*Node) *Node {
	if x[0].DType() == c.to {
		return x[0]
	}
	if graph.IsZero(x[0]) {
		return graph.Zeros(Type{DType: c.to, Shape: x[0].Shape()})
	}
	return nil
}
func (convert) Flops(Type, ...Type) Dim { return 0 }

// identity is the part of an op whose value is its first operand's.
type identity struct{}

func (identity) Infer(in ...Type) (Type, error) { return in[0], nil }
func (identity) Eval(out Tensor, in ...Tensor)  { out.Copy(in[0]) }
func (identity) Flops(Type, ...Type) Dim        { return 0 }

// StopGradient returns x, with a gradient of zero.
func StopGradient(x *Node) *Node { return graph.Apply(stop{}, x) }

type stop struct {
	identity
	flat
}

func (stop) Name() string { return "stopgradient" }
func (stop) Doc() graph.Doc {
	return doc("The same value with no gradient: what is taken for a constant, such as a target.", "y = x", "x̄ = 0")
}
func (stop) Simplify(x ...*Node) *Node { return x[0] }

// InTraining returns train in programs made by optim.Minimize and infer in
// those made by graph.Compile, so that a model has no mode. Only the one that
// is returned is computed.
func InTraining(train, infer *Node) *Node { return binary(inTraining{}, train, infer) }

type inTraining struct{}

func (inTraining) Name() string { return "intraining" }
func (inTraining) Doc() graph.Doc {
	return doc("The first value while a network trains and the second when it is used, as with dropout.", "y = training ? a : b", "ā = training ? ȳ : 0; b̄ = training ? 0 : ȳ")
}
func (inTraining) Infer(in ...Type) (Type, error) {
	if in[0] != in[1] {
		return Type{}, errors.New("{0} and {1} differ: training and inference need the same dtype and shape")
	}
	return in[0], nil
}
func (inTraining) Eval(out Tensor, in ...Tensor) { out.Copy(in[1]) }
func (inTraining) VJP(_, ct *Node, _ ...*Node) []*Node {
	zero := graph.Zeros(ct.Type())
	return []*Node{InTraining(ct, zero), InTraining(zero, ct)}
}
func (inTraining) Also() bool { return false }
func (inTraining) Choose(training bool) int {
	if training {
		return 0
	}
	return 1
}

// After returns y and makes the assignments part of computing it: see
// [graph.Assign].
func After(y *Node, assignments ...*Node) *Node {
	return graph.Apply(after{}, append([]*Node{y}, assignments...)...)
}

type after struct{ identity }

func (after) Name() string { return "after" }
func (after) Doc() graph.Doc {
	return doc("The first operand; computing it also stores the others in their parameters.", "y = a", "ā = ȳ")
}
func (after) Choose(bool) int { return 0 }
func (after) Also() bool      { return true }
func (after) VJP(_, ct *Node, x ...*Node) []*Node {
	g := make([]*Node, len(x))
	g[0] = ct
	return g
}

// Later returns x, computed not before y is: autodiff.Checkpoint uses it to
// compute values again when the backward pass needs them, rather than merge
// them with those of the forward pass.
func Later(x, y *Node) *Node { return graph.Apply(later{}, x, y) }

type later struct{ identity }

func (later) Name() string { return "later" }
func (later) Doc() graph.Doc {
	return doc("The first operand, not computed before the second: memory is saved by computing again what is needed late.", "y = a", "ā = ȳ; b̄ = 0")
}
func (later) VJP(_, ct *Node, _ ...*Node) []*Node { return []*Node{ct, nil} }

// CheckNaN returns x and makes the run fail where x has a NaN, which the error
// calls by the given name. Losses check their labels so.
func CheckNaN(x *Node, name string) *Node { return graph.Apply(checkNaN{name: name}, x) }

type checkNaN struct {
	identity
	name string
}

func (checkNaN) Name() string { return "checknan" }
func (checkNaN) Doc() graph.Doc {
	return doc("The value as it is; the run fails where it is not a number.", "y = x", "x̄ = ȳ")
}
func (checkNaN) VJP(_, ct *Node, _ ...*Node) []*Node { return one(ct) }
func (c checkNaN) Eval(out Tensor, in ...Tensor) {
	for i := range out.Len() {
		if v := in[0].At(i); math.IsNaN(v) {
			panic(fmt.Errorf("%s is NaN at %v: look at the data", c.name, coordinates(i, out.Shape)))
		}
	}
	out.Copy(in[0])
}

// coordinates returns the place of element i of a tensor.
func coordinates(i int, shape []int) []int {
	at := make([]int, len(shape))
	for ax := len(shape) - 1; ax >= 0; ax-- {
		at[ax] = i % shape[ax]
		i /= shape[ax]
	}
	return at
}
