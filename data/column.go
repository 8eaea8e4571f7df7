package data

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"unsafe"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/internal/kernel"
)

// An element is what a column may hold.
type element interface {
	float32 | float64 | int32 | int64 | uint8 | bool
}

// A column is a tensor seen as rows, one after the other in memory.
type column interface {
	len() int                              // the number of rows
	blank(n int) column                    // n zero rows of the same kind
	from(i int) column                     // row i and those that follow, in the same memory
	gather(at int, src column, rows []int) // row at+i becomes row rows[i] of src, of the same kind
	size() int                             // the bytes of a row
	tensor(n int) *tensor.Dense            // the first n rows, n > 0, in the same memory
	like(c column) bool                    // whether rows of c are of the same kind
	classes() (func(row int) int64, bool)  // its integers or truths, if it has one a row
	npy() string                           // NumPy's name of the type
	write(w io.Writer) error               // the elements, little endian
	String() string                        // type and shape of a row
}

// columnOf returns t as a column, or why it cannot be one.
func columnOf(t *tensor.Dense) (column, error) {
	switch {
	case t == nil:
		return nil, fmt.Errorf("the tensor is nil")
	case t.Dims() == 0:
		return nil, fmt.Errorf("a scalar has no rows: give it a first axis")
	case t.IsMasked():
		return nil, fmt.Errorf("the tensor %v has a mask, which batches would lose: fill the masked cells first", t.Shape())
	case !t.IsNativelyAccessible():
		return nil, fmt.Errorf("the tensor %v is not in the memory of this program: copy it there first", t.Shape())
	}
	switch t.Dtype() {
	case tensor.Float32:
		return valuesOf(t, t.Float32s())
	case tensor.Float64:
		return valuesOf(t, t.Float64s())
	case tensor.Int32:
		return valuesOf(t, t.Int32s())
	case tensor.Int64:
		return valuesOf(t, t.Int64s())
	case tensor.Uint8:
		return valuesOf(t, t.Uint8s())
	case tensor.Bool:
		return valuesOf(t, t.Bools())
	}
	return nil, fmt.Errorf("a tensor of %v: convert it to float32, float64, int32, int64, uint8 or bool", t.Dtype())
}

// values is a column of one element type.
type values[T element] struct {
	data  []T
	row   []int // the shape of one row
	width int   // the number of elements in a row
}

func valuesOf[T element](t *tensor.Dense, data []T) (column, error) {
	data, err := rowMajor(data, t.Shape(), t.Strides())
	if err != nil {
		return nil, err
	}
	n := t.Shape()[0]
	return &values[T]{data, slices.Clone(t.Shape()[1:]), len(data) / n}, nil
}

// rowMajor returns the elements of a tensor in row-major order: data itself if
// it lies so, else a copy. The tensor package's own Materialize is not used
// because it is wrong on a slice of a transposed tensor.
func rowMajor[T element](data []T, shape, strides []int) ([]T, error) {
	if len(strides) != len(shape) {
		return nil, fmt.Errorf("the view %v has strides %v for %d axes: copy it into a new tensor", shape, strides, len(shape))
	}
	size, last, plain := 1, 0, true
	for axis := len(shape) - 1; axis >= 0; axis-- {
		plain = plain && (shape[axis] == 1 || strides[axis] == size)
		last += (shape[axis] - 1) * strides[axis]
		size *= shape[axis]
	}
	if size < 1 || last >= len(data) || slices.Min(strides) < 0 {
		return nil, fmt.Errorf("the tensor %v with strides %v does not fit its %d elements: copy it into a new tensor", shape, strides, len(data))
	}
	if plain {
		return data[:size], nil
	}
	out := make([]T, size)
	for i := range out {
		at, left := 0, i
		for axis := len(shape) - 1; axis >= 0; axis-- {
			at += left % shape[axis] * strides[axis]
			left /= shape[axis]
		}
		out[i] = data[at]
	}
	return out, nil
}

func (v *values[T]) blank(n int) column {
	return &values[T]{make([]T, n*v.width), v.row, v.width}
}

func (v *values[T]) len() int {
	if v.width == 0 {
		return 0
	}
	return len(v.data) / v.width
}

func (v *values[T]) from(i int) column { return &values[T]{v.data[i*v.width:], v.row, v.width} }

func (v *values[T]) like(c column) bool {
	other, ok := c.(*values[T])
	return ok && slices.Equal(v.row, other.row)
}

func (v *values[T]) String() string {
	var e T
	return fmt.Sprintf("%T %v", e, v.row)
}

func (v *values[T]) classes() (func(row int) int64, bool) {
	if v.width != 1 {
		return nil, false
	}
	switch data := any(v.data).(type) {
	case []int32:
		return func(i int) int64 { return int64(data[i]) }, true
	case []int64:
		return func(i int) int64 { return data[i] }, true
	case []uint8:
		return func(i int) int64 { return int64(data[i]) }, true
	case []bool:
		return func(i int) int64 {
			if data[i] {
				return 1
			}
			return 0
		}, true
	}
	return nil, false
}

func (v *values[T]) npy() string {
	switch any(v.data).(type) {
	case []float32:
		return "<f4"
	case []float64:
		return "<f8"
	case []int32:
		return "<i4"
	case []int64:
		return "<i8"
	case []uint8:
		return "|u1"
	}
	return "|b1"
}

func (v *values[T]) write(w io.Writer) error {
	const piece = 1 << 16 // elements that are converted at once
	for data := v.data; len(data) > 0; data = data[min(piece, len(data)):] {
		if err := binary.Write(w, binary.LittleEndian, data[:min(piece, len(data))]); err != nil {
			return err
		}
	}
	return nil
}

func (v *values[T]) gather(at int, src column, rows []int) {
	kernel.CopyRows(bytesOf(v.data[at*v.width:]), bytesOf(src.(*values[T]).data), rows, v.size())
}

// bytesOf returns the memory of elements.
func bytesOf[T element](list []T) []byte {
	var e T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), len(list)*int(unsafe.Sizeof(e)))
}

func (v *values[T]) size() int {
	var e T
	return v.width * int(unsafe.Sizeof(e))
}

func (v *values[T]) tensor(n int) *tensor.Dense {
	shape := append([]int{n}, v.row...)
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v.data[:n*v.width]))
}
