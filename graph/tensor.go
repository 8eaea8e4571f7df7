package graph

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unsafe"

	// gorgonia.org/tensor needs a newer version of this module than it asks
	// for, or it panics at start; the import keeps the requirement in go.mod.
	_ "go4.org/unsafe/assume-no-moving-gc"
	"gorgonia.org/tensor"
)

// An Elem is the Go type of an element.
type Elem interface {
	float32 | float64 | int32 | int64 | bool
}

// A Tensor is a dense row-major array: what ops compute with. It is a view of
// memory that its maker owns.
type Tensor struct {
	DType DType
	Shape []int
	data  unsafe.Pointer
	n     int
}

// TensorOf returns a tensor on the given data, which it does not copy. The
// data must have as many elements as the shape.
func TensorOf[T Elem](data []T, shape ...int) (Tensor, error) {
	n, err := count(shape)
	if err == nil && n != len(data) {
		err = fmt.Errorf("%d elements do not fill shape %v, which has %d", len(data), shape, n)
	}
	if err != nil {
		return Tensor{}, err
	}
	return Tensor{dtypeOf[T](), shape, unsafe.Pointer(unsafe.SliceData(data)), n}, nil
}

// NewTensor returns a tensor of zeros.
func NewTensor(d DType, shape ...int) (Tensor, error) {
	n, err := count(shape)
	if err != nil {
		return Tensor{}, err
	}
	words := make([]uint64, (n*d.Size()+7)/8)
	return Tensor{d, shape, unsafe.Pointer(unsafe.SliceData(words)), n}, nil
}

// count returns the number of elements of a shape.
func count(shape []int) (int, error) {
	const most = math.MaxInt >> 4 & (1<<46 - 1) // elements that memory could hold
	n := 1
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative length", shape)
		}
		high, low := bits.Mul64(uint64(n), uint64(d))
		if high > 0 || low > most {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		n = int(low)
	}
	return n, nil
}

func dtypeOf[T Elem]() DType {
	switch any(*new(T)).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int32:
		return Int32
	case int64:
		return Int64
	}
	return Bool
}

// Len returns the number of elements.
func (t Tensor) Len() int { return t.n }

// Data returns the elements of t in row-major order, for reading and writing.
// T must be the Go type of t's dtype.
func Data[T Elem](t Tensor) []T {
	if dtypeOf[T]() != t.DType {
		panic(fmt.Sprintf("graph.Data: tensor is %v, not %v", t.DType, dtypeOf[T]()))
	}
	return unsafe.Slice((*T)(t.data), t.n)
}

// At returns element i in row-major order as a number; true is 1.
func (t Tensor) At(i int) float64 {
	switch t.DType {
	case Float32:
		return float64(Data[float32](t)[i])
	case Float64:
		return Data[float64](t)[i]
	}
	return float64(t.Int(i))
}

// Set stores v at element i, converted to t's dtype: toward zero for integers,
// v != 0 for Bool.
func (t Tensor) Set(i int, v float64) {
	switch t.DType {
	case Float32:
		Data[float32](t)[i] = float32(v)
	case Float64:
		Data[float64](t)[i] = v
	case Bool:
		Data[bool](t)[i] = v != 0
	default:
		t.SetInt(i, int64(v))
	}
}

// Int returns element i as an integer: toward zero from a float, true is 1.
func (t Tensor) Int(i int) int64 {
	switch t.DType {
	case Int32:
		return int64(Data[int32](t)[i])
	case Int64:
		return Data[int64](t)[i]
	case Bool:
		if Data[bool](t)[i] {
			return 1
		}
		return 0
	}
	return int64(t.At(i))
}

// SetInt stores the integer v at element i, converted to t's dtype.
func (t Tensor) SetInt(i int, v int64) {
	switch t.DType {
	case Int32:
		Data[int32](t)[i] = int32(v)
	case Int64:
		Data[int64](t)[i] = v
	default:
		t.Set(i, float64(v))
	}
}

// Clear sets all elements to zero.
func (t Tensor) Clear() { clear(t.bytes()) }

// Copy copies the elements of x, which has the same dtype and length.
func (t Tensor) Copy(x Tensor) {
	if t.DType != x.DType || t.n != x.n {
		panic(fmt.Sprintf("graph.Tensor.Copy: %v of %d elements from %v of %d", t.DType, t.n, x.DType, x.n))
	}
	copy(t.bytes(), x.bytes())
}

// uniform reports whether all elements, of which there are some, have the same bits:
// 0 and -0 differ.
func (t Tensor) uniform() bool {
	b, size := t.bytes(), t.DType.Size()
	return t.n > 0 && bytes.Equal(b[size:], b[:len(b)-size])
}

// part returns n elements of t from the given one on, as a tensor of a shape.
func (t Tensor) part(from int, shape []int, n int) Tensor {
	return Tensor{t.DType, shape, unsafe.Add(t.data, from*t.DType.Size()), n}
}

func (t Tensor) bytes() []byte { return unsafe.Slice((*byte)(t.data), t.n*t.DType.Size()) }

// errEmpty says what gorgonia.org/tensor cannot do.
var errEmpty = errors.New("a gorgonia tensor cannot be empty; use Eval and IsTensor for arrays without elements")

// Dense returns t as a gorgonia tensor on the same memory.
func (t Tensor) Dense() (*tensor.Dense, error) {
	if t.n == 0 {
		return nil, fmt.Errorf("shape %v: %w", t.Shape, errEmpty)
	}
	var data any
	switch t.DType {
	case Float32:
		data = Data[float32](t)
	case Float64:
		data = Data[float64](t)
	case Int32:
		data = Data[int32](t)
	case Int64:
		data = Data[int64](t)
	case Bool:
		data = Data[bool](t)
	}
	return tensor.New(tensor.WithShape(t.Shape...), tensor.WithBacking(data)), nil
}

// FromDense returns the elements of d in row-major order: on d's own memory if
// it lies there in that order, else (views, transposed and column-major
// tensors) in a copy. An int tensor counts as int64.
func FromDense(d *tensor.Dense) (Tensor, error) {
	t, _, err := fromDense(d)
	return t, err
}

// Values returns the elements of a result in row-major order as numbers, whatever
// their dtype and shape: true is 1, and a scalar is one element, so that a loss is
// Values(out[0])[0]. It is nil for what [FromDense] refuses.
func Values(d *tensor.Dense) []float64 {
	t, err := FromDense(d)
	if err != nil {
		return nil
	}
	list := make([]float64, t.Len())
	for i := range list {
		list[i] = t.At(i)
	}
	return list
}

func fromDense(d *tensor.Dense) (t Tensor, copied bool, err error) {
	if d == nil {
		return Tensor{}, false, errors.New("the tensor is nil")
	}
	switch d.Dtype() {
	case tensor.Float32:
		return fromSlice(d, d.Float32s())
	case tensor.Float64:
		return fromSlice(d, d.Float64s())
	case tensor.Int32:
		return fromSlice(d, d.Int32s())
	case tensor.Int64:
		return fromSlice(d, d.Int64s())
	case tensor.Bool:
		return fromSlice(d, d.Bools())
	case tensor.Int:
		if data := d.Ints(); unsafe.Sizeof(int(0)) == 8 {
			return fromSlice(d, unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(data))), len(data)))
		}
	}
	return Tensor{}, false, fmt.Errorf("dtype %v is not supported: want float32, float64, int32, int64 or bool", d.Dtype())
}

// fromSlice reads the elements of d, whose raw data is given, by its strides.
func fromSlice[T Elem](d *tensor.Dense, data []T) (t Tensor, copied bool, err error) {
	shape, strides := []int(d.Shape()), d.Strides()
	n, err := count(shape)
	if err != nil {
		return Tensor{}, false, err
	}
	if len(shape) == 0 {
		strides = nil
	}
	if len(strides) != len(shape) {
		return Tensor{}, false, fmt.Errorf("shape %v has strides %v", shape, strides)
	}
	dense, step := true, 1
	for i := len(shape) - 1; i >= 0; i-- {
		dense = dense && (strides[i] == step || shape[i] == 1)
		step *= shape[i]
	}
	if dense && len(data) >= n {
		return Tensor{dtypeOf[T](), shape, unsafe.Pointer(unsafe.SliceData(data)), n}, false, nil
	}
	out := make([]T, 0, n)
	idx, at := make([]int, len(shape)), 0
	for range n {
		if at >= len(data) {
			return Tensor{}, false, fmt.Errorf("shape %v with strides %v reaches beyond its %d elements", shape, strides, len(data))
		}
		out = append(out, data[at])
		for i := len(idx) - 1; i >= 0; i-- {
			idx[i]++
			at += strides[i]
			if idx[i] < shape[i] {
				break
			}
			at, idx[i] = at-idx[i]*strides[i], 0
		}
	}
	t, err = TensorOf(out, slices.Clone(shape)...)
	return t, true, err
}

// clone returns a copy of t in memory of its own.
func (t Tensor) clone() Tensor {
	words := make([]uint64, (t.n*t.DType.Size()+7)/8)
	c := Tensor{t.DType, slices.Clone(t.Shape), unsafe.Pointer(unsafe.SliceData(words)), t.n}
	c.Copy(t)
	return c
}

// memory is a block whose ranges become tensors.
type memory []byte

// alignedBytes returns memory that starts at a cache line.
func alignedBytes(n int) memory {
	b := make([]byte, n+63)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & 63
	return b[skip : skip+n]
}

func (m memory) at(offset int) unsafe.Pointer { return unsafe.Pointer(&m[offset]) }
