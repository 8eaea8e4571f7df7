//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

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

// assembly returns the kernel in assembly of a family, nil if there is none.
func assembly(of isa, op Op, t Type, kinds uint8) Func {
	return nil
}
