package cpu

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/ir"
)

// joinWork puts values together along an axis, a part for each.
type joinWork struct{ v *val }

func (j *joinWork) part(f *Frame, _ *worker, _ *segment, i int) {
	v, e := j.v, &j.v.in[i]
	size, axis := v.DType.Size(), v.Join.Axis
	step := size // of v, along the axis, in bytes
	for _, d := range v.Dims[axis+1:] {
		step *= d
	}
	at, end := v.Join.At[i], v.Dims[axis]
	if i+1 < len(v.in) {
		end = v.Join.At[i+1]
	}
	from := at
	if i == 0 {
		from = 0 // the zeros before the first piece are its too
	}
	n := at + e.Dims[axis]
	to := f.base[v.slot]
	outer := ir.Size(v.Dims[:axis])
	for k := range outer {
		row := unsafe.Add(to, k*step*v.Dims[axis])
		zero(row, from*step, at*step)
		zero(row, n*step, end*step)
	}
	copyView(unsafe.Add(to, at*step), v.Dims, f.at(e), e.Dims, e.Steps, size)
}

// zero clears the bytes from one place behind p to another; where there are none,
// no pointer is made, which might lie behind the array.
func zero(p unsafe.Pointer, from, to int) {
	if from < to {
		clear(unsafe.Slice((*byte)(unsafe.Add(p, from)), to-from))
	}
}

// copyView copies elements read with steps, those of the last axis adjacent, to a
// part of the given dims of a dense array.
func copyView(to unsafe.Pointer, whole []int, from unsafe.Pointer, dims, steps []int, size int) {
	var idx, out, in [ir.MaxRank]int
	step := size
	last := len(dims) - 1
	for i := last; i >= 0; i-- {
		out[i], in[i] = step, steps[i]*size
		step *= whole[i]
	}
	run := dims[last] * size
	for last > 0 && run == out[last-1] && run == in[last-1] { // rows that follow on each other
		last--
		run *= dims[last]
	}
	offTo, offFrom := 0, 0
	for {
		copy(unsafe.Slice((*byte)(unsafe.Add(to, offTo)), run), unsafe.Slice((*byte)(unsafe.Add(from, offFrom)), run))
		ax := last - 1
		for ; ax >= 0; ax-- {
			idx[ax]++
			offTo, offFrom = offTo+out[ax], offFrom+in[ax]
			if idx[ax] < dims[ax] {
				break
			}
			offTo, offFrom, idx[ax] = offTo-dims[ax]*out[ax], offFrom-dims[ax]*in[ax], 0
		}
		if ax < 0 {
			return
		}
	}
}
