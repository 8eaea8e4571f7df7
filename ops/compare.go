package ops

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// comparison is an elementwise op on numbers whose result is Bool.
type comparison struct{ flat }

func (comparison) Infer(in ...Type) (Type, error) {
	t, err := numbers{}.Infer(in...)
	return Type{DType: graph.Bool, Shape: t.Shape}, err
}

func compare(out Tensor, in []Tensor, f func(x, y float64) bool, whole func(x, y int64) bool) {
	switch in[0].DType {
	case graph.Float32:
		zip(out, in, func(x, y float32) bool { return f(float64(x), float64(y)) })
	case graph.Float64:
		zip(out, in, f)
	case graph.Int32:
		zip(out, in, func(x, y int32) bool { return whole(int64(x), int64(y)) })
	case graph.Int64:
		zip(out, in, whole)
	}
}

// Less returns whether x < y.
func Less(x, y *Node) *Node { return binary(less{}, x, y) }

type less struct{ comparison }

func (less) Name() string { return "less" }
func (less) Doc() graph.Doc {
	return doc("Tells where the first number is below the second; a mask has no gradient.", "y = a < b", "ā = 0; b̄ = 0")
}
func (less) Opcode() ir.Op { return ir.Less }
func (less) Eval(out Tensor, in ...Tensor) {
	compare(out, in, func(x, y float64) bool { return x < y }, func(x, y int64) bool { return x < y })
}

// LessEqual returns whether x <= y.
func LessEqual(x, y *Node) *Node { return binary(lessEqual{}, x, y) }

type lessEqual struct{ comparison }

func (lessEqual) Name() string { return "lessequal" }
func (lessEqual) Doc() graph.Doc {
	return doc("Tells where the first number is not above the second; a mask has no gradient.", "y = a <= b", "ā = 0; b̄ = 0")
}
func (lessEqual) Opcode() ir.Op { return ir.LessEqual }
func (lessEqual) Eval(out Tensor, in ...Tensor) {
	compare(out, in, func(x, y float64) bool { return x <= y }, func(x, y int64) bool { return x <= y })
}

// Greater returns whether x > y.
func Greater(x, y *Node) *Node { return Less(y, x) }

// GreaterEqual returns whether x >= y.
func GreaterEqual(x, y *Node) *Node { return LessEqual(y, x) }

// Equal returns whether x = y. NaN is not equal to itself.
func Equal(x, y *Node) *Node { return binary(equal{}, x, y) }

type equal struct{ comparison }

func (equal) Name() string { return "equal" }
func (equal) Doc() graph.Doc {
	return doc("Tells where two values are the same; a mask has no gradient.", "y = a == b", "ā = 0; b̄ = 0")
}
func (equal) Opcode() ir.Op { return ir.Equal }
func (equal) Eval(out Tensor, in ...Tensor) {
	compare(out, in, func(x, y float64) bool { return x == y }, func(x, y int64) bool { return x == y })
}

// NotEqual returns whether x ≠ y.
func NotEqual(x, y *Node) *Node { return Not(Equal(x, y)) }

// IsNaN returns whether x is NaN.
func IsNaN(x *Node) *Node { return graph.Apply(isNaN{}, x) }

type isNaN struct{ flat }

func (isNaN) Name() string { return "isnan" }
func (isNaN) Doc() graph.Doc {
	return doc("Tells where a value is not a number, as 0/0 is.", "y = isnan(x)", "x̄ = 0")
}
func (isNaN) Opcode() ir.Op { return ir.IsNaN }
func (isNaN) Infer(in ...Type) (Type, error) {
	t, err := floats{}.Infer(in...)
	return Type{DType: graph.Bool, Shape: t.Shape}, err
}
func (isNaN) Eval(out Tensor, in ...Tensor) {
	y := graph.Data[bool](out)
	for i := range y {
		y[i] = math.IsNaN(in[0].At(i))
	}
}

// And returns whether both are true.
func And(x, y *Node) *Node { return graph.Apply(and{}, x, y) }

type and struct {
	truths
	flat
}

func (and) Name() string { return "and" }
func (and) Doc() graph.Doc {
	return doc("Tells where both masks are true.", "y = a && b", "ā = 0; b̄ = 0")
}
func (and) Opcode() ir.Op                 { return ir.And }
func (and) Eval(out Tensor, in ...Tensor) { zip(out, in, func(x, y bool) bool { return x && y }) }

// Or returns whether one is true.
func Or(x, y *Node) *Node { return graph.Apply(or{}, x, y) }

type or struct {
	truths
	flat
}

func (or) Name() string { return "or" }
func (or) Doc() graph.Doc {
	return doc("Tells where at least one mask is true.", "y = a || b", "ā = 0; b̄ = 0")
}
func (or) Opcode() ir.Op                 { return ir.Or }
func (or) Eval(out Tensor, in ...Tensor) { zip(out, in, func(x, y bool) bool { return x || y }) }

// Xor returns whether exactly one is true.
func Xor(x, y *Node) *Node { return graph.Apply(xor{}, x, y) }

type xor struct {
	truths
	flat
}

func (xor) Name() string { return "xor" }
func (xor) Doc() graph.Doc {
	return doc("Tells where exactly one mask is true.", "y = a != b", "ā = 0; b̄ = 0")
}
func (xor) Opcode() ir.Op                 { return ir.Xor }
func (xor) Eval(out Tensor, in ...Tensor) { zip(out, in, func(x, y bool) bool { return x != y }) }

// Not returns whether x is false.
func Not(x *Node) *Node { return graph.Apply(not{}, x) }

type not struct {
	truths
	flat
}

func (not) Name() string { return "not" }
func (not) Doc() graph.Doc {
	return doc("Turns a mask around.", "y = !x", "x̄ = 0")
}
func (not) Opcode() ir.Op { return ir.Not }
func (not) Eval(out Tensor, in ...Tensor) {
	y := graph.Data[bool](out)
	for i, x := range graph.Data[bool](in[0]) {
		y[i] = !x
	}
}

// Where returns x where cond is true, else y, broadcasting all three. The
// gradient of the branch that is not selected is 0; if computing that branch
// gives an infinite derivative, 0 times it is NaN: see [Log] for the guard.
func Where(cond, x, y *Node) *Node {
	if x != nil && y != nil {
		x, y = graph.As(y.DType(), x), graph.As(x.DType(), y)
	}
	return graph.Apply(where{}, cond, x, y)
}

type where struct{}

func (where) Name() string { return "where" }
func (where) Doc() graph.Doc {
	return doc("Chooses, element by element, between two values; the gradient goes to the one that was chosen.", "y = where(a, b, c)", "ā = 0; b̄ = where(a, ȳ, 0); c̄ = where(a, 0, ȳ)")
}
func (where) Opcode() ir.Op { return ir.Where }
func (where) Infer(in ...Type) (Type, error) {
	if in[0].DType != graph.Bool {
		return Type{}, errCond
	}
	// the condition has its own dtype, so the shape rule sees it as the others'
	return broadcast(Type{DType: in[1].DType, Shape: in[0].Shape}, in[1], in[2])
}
func (where) Eval(out Tensor, in ...Tensor) {
	switch out.DType {
	case graph.Float32:
		choose[float32](out, in)
	case graph.Float64:
		choose[float64](out, in)
	case graph.Int32:
		choose[int32](out, in)
	case graph.Int64:
		choose[int64](out, in)
	case graph.Bool:
		choose[bool](out, in)
	}
}

// choose is where for one dtype.
func choose[T graph.Elem](out Tensor, in []Tensor) {
	cond, x, y, z := graph.Data[bool](in[0]), graph.Data[T](in[1]), graph.Data[T](in[2]), graph.Data[T](out)
	steps := [][]int{strides(in[0].Shape, out.Shape), strides(in[1].Shape, out.Shape), strides(in[2].Shape, out.Shape)}
	each(out.Shape, steps, func(i int, at []int) {
		if cond[at[0]] {
			z[i] = x[at[1]]
		} else {
			z[i] = y[at[2]]
		}
	})
}
func (where) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{nil, Where(x[0], ct, num(0)), Where(x[0], num(0), ct)}
}
func (where) Simplify(x ...*Node) *Node {
	if graph.IsZero(x[1]) && graph.IsZero(x[2]) {
		return spread(spread(x[1], x[0]), x[2])
	}
	return nil
}

// Clamp returns x limited to [lo, hi]: hi where x > hi, lo where x < lo, and hi
// if lo > hi. The gradient goes to x in the closed interval, outside of it to
// the bound.
func Clamp(x, lo, hi *Node) *Node {
	low := Where(Less(x, lo), lo, x)
	return Where(Less(hi, low), hi, low)
}
