package kernel

import "unsafe"

// The portable kernels are plain Go. What is not exact is computed in float64,
// so that in float32 they are the oracle of the others.

type float interface{ float32 | float64 }

// A loop computes elements one by one; the operands are as long as d, or nil if
// the op does not have them. d may be the memory of an operand.
type loop[T float] func(d []T, x *[4][]T)

// A loop3 is a loop with three operands at most.
type loop3[T float] func(d, x, y, z []T)

// portable returns the kernel of an op in Go.
func portable[T float](op Op, kinds uint8) Func {
	switch {
	case op == ExpSubSum:
		return summing(op.Arity(), kinds, loopOf[T](ExpSub))
	case op == FMASum:
		return summing(op.Arity(), kinds, loopOf[T](FMA))
	case op >= Sum && op <= Prod:
		return reduction(op.Arity(), kinds, foldOf[T](op))
	case op >= FromBool:
		return conversion[T](op, kinds)
	}
	return elementwise(op.Arity(), kinds, loopOf[T](op))
}

// spread is how many elements of a row are computed at a time if an operand is
// of kind S: it is written out that often.
const spread = 64

// elementwise runs a loop with n operands over rows.
func elementwise[T float](n int, kinds uint8, f loop[T]) Func {
	if kinds == 0 {
		return func(a *Args) {
			for r := range a.Rows {
				var x [4][]T
				for i := range n {
					x[i] = row[T](a.X[i], r*a.XR[i], a.Cols)
				}
				f(row[T](a.D, r*a.DR, a.Cols), hide(&x))
			}
		}
	}
	return func(a *Args) {
		if a.Cols == 0 { // then a number need not exist
			return
		}
		var same [4][spread]T
		for r := range a.Rows {
			for i := range n {
				if kinds>>i&1 != 0 {
					fill(same[i][:min(spread, a.Cols)], a.X[i], r*a.XR[i])
				}
			}
			for c := 0; c < a.Cols; c += spread {
				width := min(spread, a.Cols-c)
				var x [4][]T
				for i := range n {
					if kinds>>i&1 != 0 {
						x[i] = hide(&same)[i][:width]
					} else {
						x[i] = row[T](a.X[i], r*a.XR[i], a.Cols)[c : c+width]
					}
				}
				f(row[T](a.D, r*a.DR, a.Cols)[c:c+width], hide(&x))
			}
		}
	}
}

// row returns the n elements that begin so many bytes after p.
func row[T any](p unsafe.Pointer, offset, n int) []T {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Add(p, offset)), n)
}

// fill sets all of d to the number that lies so many bytes after p.
func fill[T any](d []T, p unsafe.Pointer, offset int) {
	v := *(*T)(unsafe.Add(p, offset))
	for i := range d {
		d[i] = v
	}
}

// operand returns a row of operand i, written out if it is of kind S.
func operand[T any](a *Args, i, r int, kinds uint8) []T {
	if kinds>>i&1 == 0 {
		return row[T](a.X[i], r*a.XR[i], a.Cols)
	}
	d := make([]T, a.Cols)
	fill(d, a.X[i], r*a.XR[i])
	return d
}

// reduction writes one number for each row of n operands.
func reduction[T float](n int, kinds uint8, f func(x, y []T) T) Func {
	return func(a *Args) {
		for r := range a.Rows {
			x := operand[T](a, 0, r, kinds)
			y := x
			if n == 2 {
				y = operand[T](a, 1, r, kinds)
			}
			*(*T)(unsafe.Add(a.D, r*a.DR)) = f(x, y)
		}
	}
}

// summing is elementwise, and writes the sums of the rows of the result, too.
func summing[T float](n int, kinds uint8, f loop[T]) Func {
	each := elementwise(n, kinds, f)
	return func(a *Args) {
		one := *a
		one.Rows = 1
		for r := range a.Rows {
			one.D = unsafe.Add(a.D, r*a.DR)
			for i := range n {
				one.X[i] = unsafe.Add(a.X[i], r*a.XR[i])
			}
			each.Run(&one)
			*(*T)(unsafe.Add(a.S, r*a.SR)) = sum(row[T](one.D, 0, a.Cols), nil)
		}
	}
}
