package gemm

import "github.com/adjointml/adjoint/internal/kernel"

// kernels is the kernels of a type.
type kernels struct {
	lanes           int                  // elements of a vector
	rows, wide      int                  // of the largest tiles of 2 vectors and of 4
	columns         int                  // of the kernels of dots
	rate            int                  // products in a cycle, at best
	tile            [][5]kernel.GemmFunc // by rows and vectors
	dot             [dotRows + 1]kernel.GemmFunc
	copy, transpose kernel.GemmFunc
}

var kernelsOf = [...]kernels{
	kernel.F32: newKernels(kernel.F32),
	kernel.F64: newKernels(kernel.F64),
}

func newKernels(t kernel.Type) kernels {
	rows, columns := kernel.GemmTile(t)
	k := kernels{
		lanes:     columns / 2,
		rows:      rows,
		wide:      kernel.GemmWide(t),
		rate:      columns,
		tile:      make([][5]kernel.GemmFunc, rows+1),
		copy:      kernel.GemmCopy(t),
		transpose: kernel.GemmTranspose(t),
	}
	if kernel.ISA() == "generic" {
		k.rate = 1
	}
	for mr := 1; mr <= rows; mr++ {
		k.tile[mr][1], k.tile[mr][2] = kernel.Gemm(t, mr, 1), kernel.Gemm(t, mr, 2)
		if mr <= k.wide {
			k.tile[mr][4] = kernel.Gemm(t, mr, 4)
			k.tile[mr][3] = k.tile[mr][4]
		}
	}
	for mr := 1; mr <= dotRows; mr++ {
		k.dot[mr], k.columns = kernel.GemmDots(t, mr)
	}
	return k
}
