package graph

import (
	"fmt"
	"strings"
)

// MaxRank is the largest number of axes of a value.
const MaxRank = 8

// A Shape is a list of at most 8 dims, outermost first. It is a comparable
// value, so an op may hold one.
type Shape struct {
	rank int8
	dim  [MaxRank]Dim
}

// Of returns the shape with the given dims. More than 8 dims give a shape that
// no op accepts.
func Of(dims ...Dim) (s Shape) {
	if len(dims) > MaxRank {
		return Shape{1, [MaxRank]Dim{Unknown}}
	}
	s.rank = int8(copy(s.dim[:], dims))
	return s
}

// Rank returns the number of axes.
func (s Shape) Rank() int { return int(s.rank) }

// Dims returns a copy of the dims.
func (s Shape) Dims() []Dim { return append([]Dim(nil), s.dim[:s.rank]...) }

// Axis returns axis i counted from the front; a negative i counts from the
// end, -1 being the last.
func (s Shape) Axis(i int) (int, error) {
	if i < -s.Rank() || i >= s.Rank() {
		return 0, fmt.Errorf("axis %d is outside of %v, which has rank %d", i, s, s.rank)
	}
	if i < 0 {
		i += s.Rank()
	}
	return i, nil
}

// Dim returns the length of axis i, or [Unknown] if there is none; a negative
// i counts from the end.
func (s Shape) Dim(i int) Dim {
	i, err := s.Axis(i)
	if err != nil {
		return Unknown
	}
	return s.dim[i]
}

// With returns s with the length of axis i replaced; a negative i counts from
// the end. It returns s if there is no such axis.
func (s Shape) With(i int, d Dim) Shape {
	if i, err := s.Axis(i); err == nil {
		s.dim[i] = d
	}
	return s
}

// Insert returns s with a new axis of length d before axis i (0 <= i <= rank).
func (s Shape) Insert(i int, d Dim) Shape {
	return Of(append(append(s.Dims()[:i:i], d), s.dim[i:s.rank]...)...)
}

// Remove returns s without axis i (0 <= i < rank).
func (s Shape) Remove(i int) Shape {
	return Of(append(s.Dims()[:i], s.dim[i+1:s.rank]...)...)
}

// Size returns the number of elements.
func (s Shape) Size() Dim {
	n := Dim(1)
	for _, d := range s.dim[:s.rank] {
		n = n.Mul(d)
	}
	return n
}

// Literal returns the dims as numbers, and whether none is symbolic.
func (s Shape) Literal() ([]int, bool) {
	dims := make([]int, s.rank)
	for i, d := range s.dim[:s.rank] {
		if d < 0 {
			return nil, false
		}
		dims[i] = int(d)
	}
	return dims, true
}

// String returns s such as "[batch 784]".
func (s Shape) String() string {
	str := make([]string, s.rank)
	for i, d := range s.dim[:s.rank] {
		str[i] = d.String()
	}
	return "[" + strings.Join(str, " ") + "]"
}

// Broadcast returns the shape of an elementwise op on a and b, by NumPy's
// rule: axes are aligned from the right, and two agree when they are equal or
// one of them is 1.
func Broadcast(a, b Shape) (Shape, error) {
	if a.rank < b.rank {
		a, b = b, a
	}
	out := a
	for i := 1; i <= b.Rank(); i++ {
		x, y := a.Dim(-i), b.Dim(-i)
		switch {
		case x == y || y == 1:
		case x == 1:
			out = out.With(-i, y)
		default:
			return Shape{}, fmt.Errorf("axis -%d has lengths %v and %v", i, x, y)
		}
	}
	return out, nil
}
