package kernel

import (
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestRoute2 compares the kernels with plain loops, over numbers of channels and
// squares, with equal pixels, at all offsets, and checks that nothing else is written.
func TestRoute2(t *testing.T) {
	for of := avx2; of <= best(); of++ {
		testRoute2[float32](t, of, F32)
		testRoute2[float64](t, of, F64)
	}
}

func testRoute2[T float](t *testing.T, of isa, typ Type) {
	r := seeded(t)
	size := int(unsafe.Sizeof(T(0)))
	for _, c := range counts() {
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
				want := make([]T, 2*line)
				copy(want, elements[T](newBlock(2*line, size, 0))) // the gaps after the lines stay
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
				a := &Args{Rows: squares, Cols: c, DR: 2 * c * size}
				a.XR = [4]int{2 * c * size, 2 * c * size, c * size}
				var first, second ground
				for offset := range 16 {
					image, back, got := placed(&first, x, offset), placed(&second, ct, (3*offset+c)%16), newBlock(2*line, size, (5*offset+1)%16)
					a.D = got.pointer()
					a.X = [4]unsafe.Pointer{image.pointer(), unsafe.Add(image.pointer(), line*size), back.pointer()}
					require.Equal(t, nan, route2Of(of, typ)(a), "%s %v, %d squares of %d", isaNames[of], typ, squares, c)
					require.True(t, got.intact(), "canaries of %s %v, %d squares of %d at %d", isaNames[of], typ, squares, c, offset)
					if !nan && !slices.Equal(want, elements[T](got)) {
						require.Equal(t, want, elements[T](got), "%s %v, %d squares of %d at %d", isaNames[of], typ, squares, c, offset)
					}
				}
			}
		}
	}
}
