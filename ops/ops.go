// Package ops holds the operations. Each is defined in one place: its
// function, its name, its shape rule, its forward and its gradient. Few are
// primitives; the rest are written from those.
//
// Elementwise ops broadcast as NumPy does: axes are aligned from the right, and
// two agree when they are equal or one of them is 1. Operands have one dtype;
// [Convert] changes it, and a [graph.Scalar] takes that of its partner.
package ops

import (
	"errors"
	"fmt"

	"github.com/adjointml/adjoint/graph"
)

// The words of package graph that ops are written in.
type (
	Node   = graph.Node
	Tensor = graph.Tensor
	Type   = graph.Type
	Shape  = graph.Shape
	Dim    = graph.Dim
	DType  = graph.DType
)

// one returns x in a list: the cotangents of an op with one operand.
func one(x *Node) []*Node { return []*Node{x} }

// num returns a constant.
func num(v float64) *Node { return graph.Scalar(v) }

// broken returns a poisoned node if one of the operands does not exist, else
// nil: for functions that look at shapes before they apply an op.
func broken(name string, x ...*Node) *Node {
	for _, n := range x {
		if n.Err() != nil {
			return graph.Fail(name, x, "")
		}
	}
	return nil
}

// brokenAxis is broken for functions that look at one axis of x, or at some.
func brokenAxis(name string, x *Node, axes ...int) *Node {
	if bad := broken(name, x); bad != nil {
		return bad
	}
	if _, err := axesOf(x.Shape(), axes); err != nil {
		return graph.Fail(name, []*Node{x}, "%v", err)
	}
	return nil
}

// brokenMean is brokenAxis for what is an average of floats.
func brokenMean(name string, x *Node, axes []int) *Node {
	if bad := brokenAxis(name, x, axes...); bad != nil {
		return bad
	}
	if !x.DType().Float() {
		return graph.Fail(name, []*Node{x}, "%v", errFloats)
	}
	return nil
}

// binary applies an op to two operands of one dtype; a scalar adapts.
func binary(op graph.Op, x, y *Node) *Node {
	if x != nil && y != nil {
		x, y = graph.As(y.DType(), x), graph.As(x.DType(), y)
	}
	return graph.Apply(op, x, y)
}

var (
	errFloats = errors.New("want floats, got {0}: convert it with ops.Convert")
	errCond   = errors.New("the condition {0} is not Bool: compare it with something")
)

// broadcast returns the type of an elementwise op on operands of one dtype.
func broadcast(in ...Type) (Type, error) {
	t := in[0]
	for i, u := range in[1:] {
		if u.DType != t.DType {
			return Type{}, fmt.Errorf("{0} and {%d} have different dtypes, %v and %v: convert one with ops.Convert", i+1, t.DType, u.DType)
		}
		s, err := graph.Broadcast(t.Shape, u.Shape)
		if err != nil {
			return Type{}, fmt.Errorf("{0} and {%d} do not broadcast: %w", i+1, err)
		}
		t.Shape = s
	}
	return t, nil
}

// floats is the rule of elementwise ops on floats.
type floats struct{}

func (floats) Infer(in ...Type) (Type, error) {
	t, err := broadcast(in...)
	if err == nil && !t.DType.Float() {
		err = errFloats
	}
	return t, err
}

// numbers is the rule of elementwise ops on floats and integers.
type numbers struct{}

func (numbers) Infer(in ...Type) (Type, error) {
	t, err := broadcast(in...)
	if err == nil && t.DType == graph.Bool {
		err = errors.New("want numbers, got {0}: convert it with ops.Convert")
	}
	return t, err
}

// truths is the rule of elementwise ops on Bool.
type truths struct{}

func (truths) Infer(in ...Type) (Type, error) {
	t, err := broadcast(in...)
	if err == nil && t.DType != graph.Bool {
		err = errors.New("want Bool, got {0}: compare it with something")
	}
	return t, err
}

// flat is the gradient of ops that are constant almost everywhere, or whose
// result is no float: zero.
type flat struct{}

func (flat) VJP(_, _ *Node, x ...*Node) []*Node { return make([]*Node, len(x)) }

// map1 computes an elementwise function of one float.
func map1(out Tensor, in []Tensor, f func(x float64) float64) {
	if out.DType == graph.Float32 {
		y := graph.Data[float32](out)
		for i, x := range graph.Data[float32](in[0]) {
			y[i] = float32(f(float64(x)))
		}
		return
	}
	y := graph.Data[float64](out)
	for i, x := range graph.Data[float64](in[0]) {
		y[i] = f(x)
	}
}

// map2 computes an elementwise function of two floats, broadcasting.
func map2(out Tensor, in []Tensor, f func(x, y float64) float64) {
	if out.DType == graph.Float32 {
		zip(out, in, func(x, y float32) float32 { return float32(f(float64(x), float64(y))) })
	} else {
		zip(out, in, f)
	}
}

// whole2 is map2 for the integers.
func whole2(out Tensor, in []Tensor, f func(x, y int64) int64) {
	if out.DType == graph.Int32 {
		zip(out, in, func(x, y int32) int32 { return int32(f(int64(x), int64(y))) })
	} else {
		zip(out, in, f)
	}
}

// zip computes an elementwise function of two operands, broadcasting.
func zip[T, R graph.Elem](out Tensor, in []Tensor, f func(x, y T) R) {
	x, y, z := graph.Data[T](in[0]), graph.Data[T](in[1]), graph.Data[R](out)
	switch {
	case len(x) == len(z) && len(y) == len(z):
		for i := range z {
			z[i] = f(x[i], y[i])
		}
	case len(x) == len(z) && len(y) == 1:
		for i, x := range x {
			z[i] = f(x, y[0])
		}
	case len(y) == len(z) && len(x) == 1:
		for i, y := range y {
			z[i] = f(x[0], y)
		}
	default:
		each(out.Shape, [][]int{strides(in[0].Shape, out.Shape), strides(in[1].Shape, out.Shape)}, func(i int, at []int) {
			z[i] = f(x[at[0]], y[at[1]])
		})
	}
}

// strides returns the steps with which a row-major tensor of shape s is read
// as one of shape t, which s broadcasts to.
func strides(s, t []int) []int {
	out, step := make([]int, len(t)), 1
	for i := 1; i <= len(s); i++ {
		if s[len(s)-i] != 1 {
			out[len(t)-i] = step
		}
		step *= s[len(s)-i]
	}
	return out
}

// dense returns the steps of a row-major tensor.
func dense(shape []int) []int {
	out, step := make([]int, len(shape)), 1
	for i := len(shape) - 1; i >= 0; i-- {
		out[i] = step
		step *= shape[i]
	}
	return out
}

// each visits the elements of a shape in row-major order, with their number
// and where they lie by each list of steps.
func each(shape []int, steps [][]int, visit func(i int, at []int)) {
	n := size(shape)
	idx, at := make([]int, len(shape)), make([]int, len(steps))
	for i := range n {
		visit(i, at)
		for ax := len(shape) - 1; ax >= 0; ax-- {
			idx[ax]++
			for k, s := range steps {
				at[k] += s[ax]
			}
			if idx[ax] < shape[ax] {
				break
			}
			for k, s := range steps {
				at[k] -= s[ax] * idx[ax]
			}
			idx[ax] = 0
		}
	}
}

// size returns the number of elements of a shape.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// lines splits a shape at an axis: outer and inner count the positions before
// and after it, n is its length. Element j of line (o, i) lies at
// (o*n+j)*inner + i.
func lines(shape []int, axis int) (outer, n, inner int) {
	return size(shape[:axis]), shape[axis], size(shape[axis+1:])
}

// move sets each element of out, of any dtype, from in, which it reads with the
// given steps from start.
func move(out, in Tensor, steps []int, start int) {
	switch out.DType {
	case graph.Float32:
		moveElems[float32](out, in, steps, start)
	case graph.Float64:
		moveElems[float64](out, in, steps, start)
	case graph.Int32:
		moveElems[int32](out, in, steps, start)
	case graph.Int64:
		moveElems[int64](out, in, steps, start)
	case graph.Bool:
		moveElems[bool](out, in, steps, start)
	}
}

func moveElems[T graph.Elem](out, in Tensor, steps []int, start int) {
	y, x := graph.Data[T](out), graph.Data[T](in)
	runs(out.Shape, steps, func(i, at, n, step int) {
		run := y[i : i+n]
		if step == 1 {
			copy(run, x[start+at:])
			return
		}
		for k := range run {
			run[k] = x[start+at+k*step]
		}
	})
}

// place is the inverse of move: it writes each element of in to out with the
// given steps from start.
func place(out, in Tensor, steps []int, start int) {
	switch out.DType {
	case graph.Float32:
		placeElems[float32](out, in, steps, start)
	case graph.Float64:
		placeElems[float64](out, in, steps, start)
	case graph.Int32:
		placeElems[int32](out, in, steps, start)
	case graph.Int64:
		placeElems[int64](out, in, steps, start)
	case graph.Bool:
		placeElems[bool](out, in, steps, start)
	}
}

func placeElems[T graph.Elem](out, in Tensor, steps []int, start int) {
	y, x := graph.Data[T](out), graph.Data[T](in)
	runs(in.Shape, steps, func(i, at, n, step int) {
		run := x[i : i+n]
		if step == 1 {
			copy(y[start+at:], run)
			return
		}
		for k, v := range run {
			y[start+at+k*step] = v
		}
	})
}

// runs visits the elements of a shape in row-major order, in runs of n: their
// number, and where they lie by the steps, of which the last is given.
func runs(shape, steps []int, visit func(i, at, n, step int)) {
	if size(shape) == 0 {
		return
	}
	last := len(shape) - 1
	if last < 0 {
		visit(0, 0, 1, 1)
		return
	}
	n := shape[last]
	for last > 0 && steps[last-1] == shape[last]*steps[last] { // one run after another
		last--
		n *= shape[last]
	}
	step := steps[len(steps)-1]
	each(shape[:last], [][]int{steps[:last]}, func(i int, at []int) { visit(i*n, at[0], n, step) })
}

// fill sets all elements, of any dtype, to a number.
func fill(out Tensor, v float64) {
	switch out.DType {
	case graph.Float32:
		fillElems(graph.Data[float32](out), float32(v))
	case graph.Float64:
		fillElems(graph.Data[float64](out), v)
	default:
		for i := range out.Len() {
			out.Set(i, v)
		}
	}
}

func fillElems[T graph.Elem](y []T, v T) {
	for i := range y {
		y[i] = v
	}
}
