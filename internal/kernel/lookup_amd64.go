//go:build !noasm

package kernel

import (
	"math"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// best returns the best family that the processor and the operating system can
// run.
func best() isa {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA || !x.HasBMI2:
		return generic
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL:
		return avx512
	}
	return avx2
}

// assembly returns the kernel in assembly of a family, or of one below, nil if
// there is none.
func assembly(of isa, op Op, t Type, kinds uint8) Func {
	switch {
	case op == FromF32 && t == F32, op == FromF64 && t == F64:
		op = Copy
	}
	for ; of > generic; of-- {
		f := assembled[of][t][op][kinds]
		switch {
		case f == nil:
		case op == Sin || op == Cos:
			return tamed(of, op, t, f)
		default:
			return f
		}
	}
	return nil
}

func route2Of(of isa, t Type) Test {
	if of == generic {
		return nil
	}
	return route2[of][t]
}

// tamed returns a kernel that computes by the portable function what is too
// large for the fast kernel.
func tamed(of isa, op Op, t Type, fast Func) Func {
	correct := mend[float32]
	if t == F64 {
		correct = mend[float64]
	}
	wild := wild[of][t]
	return func(a *Args) {
		if wild(a) {
			correct(a, fast, functions[op])
		} else {
			fast(a)
		}
	}
}

// mend lets the fast kernel compute and then corrects the results of large
// numbers.
func mend[T float](a *Args, fast Func, f func(float64) float64) {
	x := make([]T, a.Cols) // for the result may be in the operand's place
	one := *a
	one.Rows = 1
	for r := range a.Rows {
		one.D, one.X[0] = unsafe.Add(a.D, r*a.DR), unsafe.Add(a.X[0], r*a.XR[0])
		copy(x, row[T](one.X[0], 0, a.Cols))
		fast(&one)
		for i, d := 0, row[T](one.D, 0, a.Cols); i < len(d); i++ {
			if math.Abs(float64(x[i])) > wildest {
				d[i] = T(f(float64(x[i])))
			}
		}
	}
}
