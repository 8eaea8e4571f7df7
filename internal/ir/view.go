package ir

import "slices"

// Broadcast repeats x to the given dims.
func Broadcast(x Ref, dims []int) Ref {
	return NewRef(x.V, dims, aligned(x, dims), x.Off)
}

// Transpose returns x with axis i being axis perm(i) of x.
func Transpose(x Ref, perm func(i int) int) Ref {
	y := NewRef(x.V, make([]int, len(x.Dims)), make([]int, len(x.Dims)), x.Off)
	for i := range x.Dims {
		y.Dims[i], y.Steps[i] = x.Dims[perm(i)], x.Steps[perm(i)]
	}
	return y
}

// Slice returns n elements along an axis, each step places after the one
// before, from start.
func Slice(x Ref, axis, start, step, n int) Ref {
	y := NewRef(x.V, slices.Clone(x.Dims), slices.Clone(x.Steps), x.Off+start*x.Steps[axis])
	y.Dims[axis] = n
	y.Steps[axis] *= step
	if n == 1 {
		y.Steps[axis] = 0
	}
	return y
}

// Flip returns x reversed along an axis.
func Flip(x Ref, axis int) Ref {
	y := NewRef(x.V, x.Dims, slices.Clone(x.Steps), x.Off+(x.Dims[axis]-1)*x.Steps[axis])
	y.Steps[axis] *= -1
	return y
}

// Reshape returns the elements of x in order with other dims: without moving
// any if its steps allow it, else as a copy.
func (b *Builder) Reshape(x Ref, dims []int) Ref {
	if x.Dense() {
		return NewRef(x.V, dims, dense(dims), 0)
	}
	if steps, ok := regroup(x, dims); ok {
		return NewRef(x.V, dims, steps, x.Off)
	}
	return NewRef(b.copy(x).V, dims, dense(dims), 0)
}

// regroup returns the steps of x with other dims: axes are joined where they
// follow on each other, and split.
func regroup(x Ref, dims []int) ([]int, bool) {
	from := x.squeeze()
	steps := make([]int, len(dims))
	for i, j := 0, 0; i < len(dims); {
		if dims[i] == 1 {
			i++
			continue
		}
		if j >= len(from.Dims) {
			return nil, false
		}
		// the shortest runs of axes on both sides with equal sizes
		ni, nj, a, c := i+1, j+1, dims[i], from.Dims[j]
		for a != c {
			if a < c && ni < len(dims) {
				a *= dims[ni]
				ni++
			} else if c < a && nj < len(from.Dims) {
				c *= from.Dims[nj]
				nj++
			} else {
				return nil, false
			}
		}
		for q := j; q+1 < nj; q++ {
			if from.Steps[q] != from.Steps[q+1]*from.Dims[q+1] {
				return nil, false
			}
		}
		step := from.Steps[nj-1]
		for q := ni - 1; q >= i; q-- {
			if dims[q] != 1 {
				steps[q] = step
			}
			step *= dims[q]
		}
		i, j = ni, nj
	}
	return steps, true
}
