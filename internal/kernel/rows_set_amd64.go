//go:build !noasm

package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// fetches says whether there is a kernel for rows: where the processor's own
// instruction for copies is fast.
var fetches = chosen > generic && cpu.X86.HasERMS

func runRows(a *rowArgs) { copyRows((*byte)(unsafe.Pointer(a))) }
