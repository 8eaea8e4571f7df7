// Package graph holds expressions: immutable nodes, their types, and the
// programs that evaluate them. A graph is not a container: it is whatever is
// reachable from the nodes you ask for.
//
// Nodes are made by [Apply], mostly through the functions of package ops. A
// mistake makes a poisoned node, which [Compile] reports with the user's file
// and line; nothing panics on the way.
package graph

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"gorgonia.org/tensor"
)

// A Node is one value of an expression. Nodes are immutable and may be shared
// between graphs and goroutines.
type Node struct {
	op    Op
	in    []*Node
	typ   Type
	err   error // why this value does not exist; poisons its users
	id    uint64
	pc    uintptr // the user's call
	scope *Scope
	from  Provenance
}

var lastID atomic.Uint64

// Op returns the computation that makes n.
func (n *Node) Op() Op { return n.op }

// In returns the operands. The slice must not be changed.
func (n *Node) In() []*Node { return n.in }

// Type returns dtype and shape; of a poisoned node, those of a scalar.
func (n *Node) Type() Type { return n.typ }

// Shape returns the shape; of a poisoned node, that of a scalar.
func (n *Node) Shape() Shape { return n.typ.Shape }

// DType returns the type of the elements.
func (n *Node) DType() DType { return n.typ.DType }

// Err returns the mistake that n or one of the nodes before it carries, or nil.
func (n *Node) Err() error {
	if n == nil {
		return errors.New("the node is nil")
	}
	if n.err == nil {
		return nil
	}
	return report{n}
}

// A report is the mistakes before a node. They are found when they are read, as
// functions of several ops ask of each operand whether there are any.
type report struct{ n *Node }

func (r report) Error() string   { return errors.Join(r.Unwrap()...).Error() }
func (r report) Unwrap() []error { return mistakes(Topo(r.n)) }

// String returns op and type, such as "matmul f32[batch 10]".
func (n *Node) String() string { return describe(n.op) + " " + n.typ.String() }

// describe returns the op's name with its attributes, if it prints them.
func describe(op Op) string {
	if s, ok := op.(fmt.Stringer); ok {
		return s.String()
	}
	return op.Name()
}

// errPoisoned marks the users of a poisoned node, which are not reported.
var errPoisoned = errors.New("operand failed")

// Apply returns the node op(x...). It is the only constructor of nodes. If op
// does not accept the operands, the node carries the error, which Compile
// reports with the caller's file and line.
func Apply(op Op, x ...*Node) *Node {
	n := &Node{op: op, in: x, id: lastID.Add(1), pc: userPC()}
	types := make([]Type, len(x))
	for i, x := range x {
		if x == nil {
			n.in, n.err = nil, &mistake{n: n, text: fmt.Sprintf("operand %d is nil", i), absent: true}
			return n
		}
		if x.err != nil {
			n.err = errPoisoned
		}
		types[i] = x.typ
	}
	if n.err != nil {
		return n
	}
	typ, err := op.Infer(types...)
	if err == nil {
		err = typ.valid()
	}
	if err != nil {
		n.err = &mistake{n: n, text: err.Error()}
		return n
	}
	n.typ = typ
	return n
}

// Fail returns a poisoned node that reports the error at its caller's line. If
// one of the operands is poisoned already, that is reported instead. In the
// text {0}, {1} ... stand for the operands.
func Fail(name string, x []*Node, format string, arg ...any) *Node {
	n := Apply(failed(name), x...)
	if n.err == nil {
		n.err = &mistake{n: n, text: fmt.Sprintf(format, arg...)}
	}
	return n
}

// A mistake is the error of the node where it was made.
type mistake struct {
	n      *Node
	text   string
	absent bool // an operand is nil
}

func (m *mistake) Error() string {
	text := m.text
	for i, x := range m.n.in {
		if x != nil {
			text = strings.ReplaceAll(text, "{"+strconv.Itoa(i)+"}", x.operand())
		}
	}
	return m.n.Pos() + ": " + m.n.op.Name() + ": " + text
}

// operand describes n in an error: by its name, if it has one, and its shape,
// with the dtype unless that is Float32.
func (n *Node) operand() string {
	s := n.typ.Shape.String()
	if n.typ.DType != Float32 {
		s = n.typ.String()
	}
	switch op := n.op.(type) {
	case *input:
		return op.name + " " + s
	case *Param:
		return op.Label + " " + s
	case scalar:
		return "the scalar " + op.Name()
	}
	return s
}

// mistakes returns the mistakes among the nodes, in the order they were made,
// each once: of those that one call of the user's made about the same values,
// as functions that apply several ops to them do, only the first.
func mistakes(order []*Node) (errs []error) {
	var bad []*mistake
	for _, n := range order {
		var m *mistake
		if errors.As(n.err, &m) && m.n == n {
			bad = append(bad, m)
		}
	}
	slices.SortFunc(bad, func(a, b *mistake) int { return cmp.Compare(a.n.id, b.n.id) })
	type call struct {
		pc    uintptr
		given *Node
	}
	told, seen := map[call]bool{}, map[string]bool{}
	for _, m := range bad {
		given := m.given()
		again := len(given) > 0
		for _, x := range given {
			again = again && told[call{m.n.pc, x}]
			told[call{m.n.pc, x}] = true
		}
		if text := m.Error(); !again && !seen[text] {
			seen[text] = true
			errs = append(errs, m)
		}
	}
	return errs
}

// given returns the values that the user's call was given: walking back, the
// first nodes that another call made, or nil where an operand is.
func (m *mistake) given() (from []*Node) {
	if m.absent {
		return []*Node{nil}
	}
	seen := map[*Node]bool{}
	stack := slices.Clone(m.n.in)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		switch {
		case n == nil || seen[n]:
		case n.pc != m.n.pc:
			from = append(from, n)
		default:
			stack = append(stack, n.in...)
		}
		seen[n] = true
	}
	return from
}

// Topo returns the nodes that y depends on, y included, each after its
// operands, in the order of their making. It does not recurse, so depth is
// bounded by memory alone.
func Topo(y ...*Node) []*Node {
	var order []*Node
	seen := map[*Node]bool{}
	stack := slices.Clone(y)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == nil || seen[n] {
			continue
		}
		seen[n] = true
		order = append(order, n)
		stack = append(stack, n.in...)
	}
	// a node is younger than its operands
	slices.SortFunc(order, func(a, b *Node) int { return cmp.Compare(a.id, b.id) })
	return order
}

// leaf is the part of an op without operands.
type leaf struct{}

func (leaf) Eval(Tensor, ...Tensor)             {}
func (leaf) VJP(_, _ *Node, _ ...*Node) []*Node { return nil }

type failed string

func (f failed) Name() string                            { return string(f) }
func (f failed) Infer(...Type) (Type, error)             { return Type{}, nil }
func (failed) Eval(Tensor, ...Tensor)                    {}
func (f failed) VJP(_, ct *Node, x ...*Node) (g []*Node) { return make([]*Node, len(x)) }

type input struct {
	leaf
	name string
	typ  Type
}

func (i *input) Name() string                { return "input " + i.name }
func (i *input) Infer(...Type) (Type, error) { return i.typ, nil }

// valid reports a dtype or a shape that no value can have.
func (t Type) valid() error {
	if int(t.DType) >= len(dtypes) {
		return fmt.Errorf("%v does not exist", t.DType)
	}
	for _, d := range t.Shape.dim[:t.Shape.rank] {
		if !d.valid() {
			return fmt.Errorf("shape %v has a negative or unknown length, or more than %d axes; graph.Sym names a free length", t.Shape, MaxRank)
		}
	}
	return nil
}

// Input returns a float32 value fed at each run. Its dims may be symbols, such
// as [Sym]("batch"), whose lengths each run may choose.
func Input(name string, dims ...Dim) *Node { return InputOf(Float32, name, dims...) }

// InputOf is [Input] for any dtype.
func InputOf(d DType, name string, dims ...Dim) *Node {
	return Apply(&input{name: name, typ: Type{d, Of(dims...)}})
}

// scalar is a number without a fixed dtype: see Scalar.
type scalar struct {
	leaf
	bits uint64 // of the number: 0 and -0 are equal, but not the same value
	typ  DType
	weak bool // takes the dtype of what it meets
}

func (s scalar) val() float64 { return math.Float64frombits(s.bits) }

func (s scalar) Name() string                { return strconv.FormatFloat(s.val(), 'g', -1, 64) }
func (s scalar) Infer(...Type) (Type, error) { return Type{DType: s.typ}, nil }
func (s scalar) Eval(out Tensor, _ ...Tensor) {
	out.Set(0, s.val())
}

// Scalar returns a constant of rank 0. It is Float32, but as an operand of an
// elementwise op it takes the dtype of the other operand, as untyped constants
// do in Go.
func Scalar(v float64) *Node { return Apply(scalar{bits: math.Float64bits(v), weak: true}) }

// ScalarOf returns a constant of rank 0 and the given dtype.
func ScalarOf(d DType, v float64) *Node { return Apply(scalar{bits: math.Float64bits(v), typ: d}) }

// ScalarValue returns the value of a node made by Scalar or ScalarOf.
func ScalarValue(n *Node) (v float64, ok bool) {
	s, ok := n.op.(scalar)
	return s.val(), ok
}

// As returns x with the dtype d if it was made by [Scalar], or x itself if it
// was not or if its value does not exist there (0.5 as an integer).
func As(d DType, x *Node) *Node {
	s, ok := x.op.(scalar)
	if !ok || !s.weak || s.typ == d {
		return x
	}
	switch {
	case d == Bool,
		d.Int() && (s.val() != math.Trunc(s.val()) || math.Abs(s.val()) > 1<<53),
		d == Int32 && math.Abs(s.val()) > math.MaxInt32:
		return x
	}
	return Apply(scalar{bits: s.bits, typ: d})
}

// zeros is a value known to be zero, which ops simplify away: see Zeros.
type zeros struct {
	leaf
	typ Type
}

func (zeros) Name() string                  { return "zeros" }
func (z zeros) Infer(...Type) (Type, error) { return z.typ, nil }

// Zeros returns the value of zeros of the given type. The compiler treats it
// as nothing: 0*x is zero even where x is infinite or NaN.
func Zeros(t Type) *Node { return Apply(zeros{typ: t}) }

// IsZero reports whether n was made by [Zeros].
func IsZero(n *Node) bool {
	_, ok := n.op.(zeros)
	return ok
}

// literal is a constant of any shape.
type literal struct {
	leaf
	value Tensor
	err   error
}

func (*literal) Name() string { return "const" }
func (l *literal) Infer(...Type) (Type, error) {
	dims := make([]Dim, len(l.value.Shape))
	for i, d := range l.value.Shape {
		dims[i] = Dim(d)
	}
	t := Type{l.value.DType, Of(dims...)}
	return t, l.err
}

// Const returns the value t, which must not be changed afterwards.
func Const(t *tensor.Dense) *Node {
	value, err := FromDense(t)
	return Apply(&literal{value: value, err: err})
}

// ConstOf returns a constant with the given elements and shape.
func ConstOf[T Elem](data []T, shape ...int) *Node {
	value, err := TensorOf(data, shape...)
	return Apply(&literal{value: value, err: err})
}
