package graph

import "strconv"

// A DType is the type of a value's elements.
type DType uint8

// The element types. Float32 is the first choice; Float64 is as complete, for
// science and gradient checks; the integers are for indices and counts, Bool
// for masks.
const (
	Float32 DType = iota
	Float64
	Int32
	Int64
	Bool
)

var dtypes = [...]struct {
	name string
	size int
}{{"f32", 4}, {"f64", 8}, {"i32", 4}, {"i64", 8}, {"bool", 1}}

// String returns the short name, such as "f32".
func (d DType) String() string {
	if int(d) >= len(dtypes) {
		return "dtype(" + strconv.Itoa(int(d)) + ")"
	}
	return dtypes[d].name
}

// Size returns the number of bytes of one element.
func (d DType) Size() int { return dtypes[d].size }

// Float reports whether d is Float32 or Float64: the types with gradients.
func (d DType) Float() bool { return d <= Float64 }

// Int reports whether d is Int32 or Int64.
func (d DType) Int() bool { return d == Int32 || d == Int64 }

// A Type is what is known of a value before it is computed. It is comparable.
type Type struct {
	DType DType
	Shape Shape
}

// Rank returns the number of axes.
func (t Type) Rank() int { return t.Shape.Rank() }

// Dim returns the length of axis i, or [Unknown]; a negative i counts from the
// end.
func (t Type) Dim(i int) Dim { return t.Shape.Dim(i) }

// Of returns the type with the same dtype and another shape.
func (t Type) Of(s Shape) Type { return Type{t.DType, s} }

// String returns t such as "f32[batch 784]".
func (t Type) String() string { return t.DType.String() + t.Shape.String() }
