package kernel

import (
	"math"
	"unsafe"
)

// foldOf returns the function of a reduction. Sums and products are
// accumulated in float64.
func foldOf[T float](op Op) func(x, y []T) T {
	switch op {
	case Sum:
		return sum[T]
	case SumSquares, Dot:
		return dot[T]
	case Prod:
		return func(x, _ []T) T {
			p := 1.0
			for _, v := range x {
				p *= float64(v)
			}
			return T(p)
		}
	case Max:
		return func(x, _ []T) T {
			m := T(math.Inf(-1))
			for _, v := range x {
				m = max(m, v)
			}
			return m
		}
	}
	return func(x, _ []T) T {
		m := T(math.Inf(1))
		for _, v := range x {
			m = min(m, v)
		}
		return m
	}
}

// sum adds in four places, which the processor does at the same time.
func sum[T float](x, _ []T) T {
	var s [4]float64
	for ; len(x) >= 4; x = x[4:] {
		s[0] += float64(x[0])
		s[1] += float64(x[1])
		s[2] += float64(x[2])
		s[3] += float64(x[3])
	}
	for _, v := range x {
		s[0] += float64(v)
	}
	return T((s[0] + s[1]) + (s[2] + s[3]))
}

func dot[T float](x, y []T) T {
	var s [4]float64
	for ; len(x) >= 4; x, y = x[4:], y[4:] {
		s[0] += float64(x[0]) * float64(y[0])
		s[1] += float64(x[1]) * float64(y[1])
		s[2] += float64(x[2]) * float64(y[2])
		s[3] += float64(x[3]) * float64(y[3])
	}
	for i, v := range x {
		s[0] += float64(v) * float64(y[i])
	}
	return T((s[0] + s[1]) + (s[2] + s[3]))
}

// conversion returns the kernel of an op whose operand or result is of another
// type than T. Numbers that an integer cannot hold become what Go makes of
// them on this processor.
func conversion[T float](op Op, kinds uint8) Func {
	switch op {
	case FromBool:
		return converting(kinds, func(d []T, x []byte) {
			for i := range d {
				d[i] = truth[T](x[i] != 0)
			}
		})
	case FromI32:
		return converting(kinds, number[T, int32])
	case FromI64:
		return converting(kinds, number[T, int64])
	case FromF32:
		return converting(kinds, number[T, float32])
	case FromF64:
		return converting(kinds, number[T, float64])
	case ToBool:
		return converting(kinds, func(d []byte, x []T) {
			for i := range d {
				d[i] = byte(truth[T](x[i] != 0))
			}
		})
	case ToI32:
		return converting(kinds, func(d []int32, x []T) {
			for i := range d {
				d[i] = int32(int64(x[i]))
			}
		})
	}
	return converting(kinds, func(d []int64, x []T) {
		for i := range d {
			d[i] = int64(x[i])
		}
	})
}

func number[T float, X int32 | int64 | float32 | float64](d []T, x []X) {
	for i := range d {
		d[i] = T(float64(x[i]))
	}
}

// converting runs a loop from one type of elements to another over rows.
func converting[D, X any](kinds uint8, f func(d []D, x []X)) Func {
	return func(a *Args) {
		for r := range a.Rows {
			d := row[D](a.D, r*a.DR, a.Cols)
			if kinds == 0 {
				f(d, row[X](a.X[0], r*a.XR[0], a.Cols))
			} else if len(d) > 0 {
				f(d[:1], row[X](a.X[0], r*a.XR[0], 1))
				fill(d, unsafe.Pointer(&d[0]), 0)
			}
		}
	}
}
