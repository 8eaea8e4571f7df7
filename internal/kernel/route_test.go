package kernel

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestRoute2 compares the kernels with plain loops, over numbers of channels and
// squares, with equal pixels, and checks that nothing else is written.
func TestRoute2(t *testing.T) {
	for of := avx2; of <= best(); of++ {
		testRoute2[float32](t, of, F32)
		testRoute2[float64](t, of, F64)
	}
}

func testRoute2[T float](t *testing.T, of isa, typ Type) {
	const canary = 77
	r := seeded(t)
	for c := range 67 {
		for _, squares := range []int{0, 1, 2, 5} {
			for _, nan := range []bool{false, true} {
				line := 2*squares*c + 3
				x, ct := make([]T, 2*line), make([]T, squares*c+1)
				for i := range x {
					x[i] = T(r.IntN(4) - 2)
				}
				for i := range ct {
					ct[i] = T(r.NormFloat64())
				}
				if nan = nan && squares*c > 0; nan {
					x[r.IntN(2)*line+r.IntN(2*squares*c)] = T(math.NaN())
				}
				got, want := make([]T, 2*line+1), make([]T, 2*line+1)
				for i := range got {
					got[i], want[i] = canary, canary
				}
				for s := range squares {
					for k := range c {
						at := [4]int{2*s*c + k, (2*s+1)*c + k, line + 2*s*c + k, line + (2*s+1)*c + k}
						best := at[0]
						for _, i := range at {
							want[i] = 0
							if x[i] > x[best] {
								best = i
							}
						}
						want[best] = ct[s*c+k]
					}
				}
				size := int(unsafe.Sizeof(T(0)))
				a := &Args{D: unsafe.Pointer(&got[0]), Rows: squares, Cols: c, DR: 2 * c * size}
				a.X = [4]unsafe.Pointer{unsafe.Pointer(&x[0]), unsafe.Pointer(&x[line]), unsafe.Pointer(&ct[0])}
				a.XR = [4]int{2 * c * size, 2 * c * size, c * size}
				require.Equal(t, nan, route2Of(of, typ)(a), "%s %v, %d squares of %d", isaNames[of], typ, squares, c)
				if !nan {
					require.Equal(t, want, got, "%s %v, %d squares of %d", isaNames[of], typ, squares, c)
				}
			}
		}
	}
}
