package graph

import (
	"fmt"
	"math"
	"strconv"

	"gorgonia.org/tensor"
)

// leaf is the part of an op without operands.
type leaf struct{}

func (leaf) Eval(Tensor, ...Tensor)             {}
func (leaf) VJP(_, _ *Node, _ ...*Node) []*Node { return nil }

type failed string

func (f failed) Name() string { return string(f) }
func (failed) Doc() Doc {
	return Doc{Text: "Stands where a mistake was made; Compile reports it."}
}
func (f failed) Infer(...Type) (Type, error)             { return Type{}, nil }
func (failed) Eval(Tensor, ...Tensor)                    {}
func (f failed) VJP(_, ct *Node, x ...*Node) (g []*Node) { return make([]*Node, len(x)) }

type input struct {
	leaf
	name string
	typ  Type
}

func (i *input) Name() string { return "input " + i.name }
func (*input) Doc() Doc {
	return Doc{Text: "A value that each run is given, such as a batch of examples."}
}
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

func (s scalar) Name() string { return strconv.FormatFloat(s.val(), 'g', -1, 64) }
func (s scalar) Doc() Doc {
	return Doc{Text: "A fixed number.", Formula: "y = " + s.Name()}
}
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

func (zeros) Name() string { return "zeros" }
func (zeros) Doc() Doc {
	return Doc{Text: "Zeros, which the compiler leaves out where it can.", Formula: "y = 0"}
}
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
func (*literal) Doc() Doc {
	return Doc{Text: "Fixed values that are part of the program."}
}
func (l *literal) Infer(...Type) (Type, error) {
	return typeOf(l.value), l.err
}

// typeOf returns the type of a value.
func typeOf(t Tensor) Type {
	dims := make([]Dim, len(t.Shape))
	for i, d := range t.Shape {
		dims[i] = Dim(d)
	}
	return Type{t.DType, Of(dims...)}
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
