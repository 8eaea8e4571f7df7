//go:build !noasm

package kernel

import (
	"os"

	"golang.org/x/sys/cpu"
)

func choose() isa {
	x, limit := &cpu.X86, avx512
	switch os.Getenv("ADJOINT_ISA") {
	case "generic":
		limit = generic
	case "avx2":
		limit = avx2
	}
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return generic
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL:
		return limit
	}
	return min(limit, avx2)
}

func best() isa { return choose() }
