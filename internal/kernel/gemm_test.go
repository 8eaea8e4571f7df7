package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// families lists the kernels that this machine can run.
func families() (all []isa) {
	for f := generic; f <= best(); f++ {
		all = append(all, f)
	}
	return all
}

func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func TestGemm(t *testing.T) {
	t.Run("float32", testGemm[float32])
	t.Run("float64", testGemm[float64])
}

func testGemm[T float](t *testing.T) {
	r := newRand(t)
	for _, of := range families() {
		s := gemmSetOf(of, typeOf[T]())
		for mr := 1; mr <= s.rows; mr++ {
			for _, nv := range []int{1, 2, 4} {
				if nv == 4 && mr > s.wide {
					continue
				}
				f, n := s.block(mr, nv), nv*s.lanes
				for cols := 1; cols <= n; cols++ {
					checkGemm[T](t, r, f, mr, n, 1<<cols-1)
				}
				checkGemm[T](t, r, f, mr, n, r.Uint64()&(1<<n-1))
				checkGemm[T](t, r, f, mr, n, math.MaxUint64)
			}
		}
	}
}

func typeOf[T float]() Type {
	if unsafe.Sizeof(T(0)) == 4 {
		return F32
	}
	return F64
}

// checkGemm runs a kernel on random operands with random steps and compares all
// memory around C with what it should be.
func checkGemm[T float](t *testing.T, r *rand.Rand, f GemmFunc, mr, n int, mask uint64) {
	t.Helper()
	size := int(unsafe.Sizeof(T(0)))
	k, terms := 1+r.IntN(11), 1+r.IntN(3)
	// steps in elements; A by rows or by columns
	ars, acs := k+r.IntN(3), 1
	if r.IntN(2) == 0 {
		ars, acs = 1, mr+r.IntN(3)
	}
	brs, crs := n+r.IntN(5), n+r.IntN(5)
	if mask == 1 {
		brs = 1 // a column that is contiguous
	}
	a := make([]T, terms*(mr-1)*ars+terms*(k-1)*acs+terms)
	b := make([]T, terms*(k*brs+n))
	c := make([]T, mr*crs+n)
	for _, x := range [][]T{a, b, c} {
		for i := range x {
			x[i] = T(r.IntN(17) - 8) // so that all sums are exact
		}
	}
	aoff, boff := make([]int, terms), make([]int, terms)
	for i := range terms {
		aoff[i] = size * r.IntN(len(a)-(mr-1)*ars-(k-1)*acs)
		boff[i] = size * r.IntN(len(b)-(k-1)*brs-n+1)
	}
	p := GemmArgs{A: unsafe.Pointer(&a[0]), B: unsafe.Pointer(&b[0]), C: unsafe.Pointer(&c[0]), K: k,
		ARS: ars * size, ACS: acs * size, BRS: brs * size, CRS: crs * size,
		AOff: &aoff[0], BOff: &boff[0], T: terms, Mask: mask, Acc: r.IntN(2)}
	want := append([]T(nil), c...)
	for i := range mr {
		for j := range n {
			if mask>>j&1 == 0 {
				continue
			}
			var sum T
			for u := range terms {
				for q := range k {
					sum += a[aoff[u]/size+i*ars+q*acs] * b[boff[u]/size+q*brs+j]
				}
			}
			if p.Acc != 0 {
				sum += c[i*crs+j]
			}
			want[i*crs+j] = sum
		}
	}
	f.Run(&p)
	require.Equal(t, want, c, "%d rows of %d, mask %x, k %d, terms %d", mr, n, mask, k, terms)
}

// TestGemmNaN computes with all numbers: zeros do not hide infinities.
func TestGemmNaN(t *testing.T) {
	for _, of := range families() {
		s := gemmSetOf(of, F32)
		a, b, zero := float32(0), float32(math.Inf(1)), 0
		c := float32(0)
		s.block(1, 1).Run(&GemmArgs{A: unsafe.Pointer(&a), B: unsafe.Pointer(&b), C: unsafe.Pointer(&c),
			K: 1, AOff: &zero, BOff: &zero, T: 1, Mask: 1})
		assert.True(t, math.IsNaN(float64(c)), "0·∞ is NaN")
	}
}

// TestGemmAllocates nothing, even with its arguments on the stack.
func TestGemmAllocates(t *testing.T) {
	f := Gemm(F32, 1, 1)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		var a, b, c float32
		zero := 0
		f.Run(&GemmArgs{A: unsafe.Pointer(&a), B: unsafe.Pointer(&b), C: unsafe.Pointer(&c),
			K: 1, AOff: &zero, BOff: &zero, T: 1, Mask: 1})
	}))
}

func TestGemmDots(t *testing.T) {
	t.Run("float32", testGemmDots[float32])
	t.Run("float64", testGemmDots[float64])
}

func testGemmDots[T float](t *testing.T) {
	r := newRand(t)
	size := int(unsafe.Sizeof(T(0)))
	for _, of := range families() {
		s := gemmSetOf(of, typeOf[T]())
		for mr := 1; mr <= 3; mr++ {
			for cols := 1; cols <= s.columns; cols++ {
				for k := 1; k < 70; k++ {
					ars, brs, crs := k+r.IntN(3), k+r.IntN(3), s.columns+r.IntN(3)
					a, b, c := make([]T, (mr-1)*ars+k), make([]T, (cols-1)*brs+k), make([]T, mr*crs)
					for _, x := range [][]T{a, b, c} {
						for i := range x {
							x[i] = T(r.IntN(17) - 8)
						}
					}
					p := GemmArgs{A: unsafe.Pointer(&a[0]), B: unsafe.Pointer(&b[0]), C: unsafe.Pointer(&c[0]), K: k,
						ARS: ars * size, BRS: brs * size, CRS: crs * size, Mask: 1<<cols - 1, Acc: r.IntN(2)}
					want := append([]T(nil), c...)
					for i := range mr {
						for j := range cols {
							sum := T(p.Acc) * c[i*crs+j]
							for q := range k {
								sum += a[i*ars+q] * b[j*brs+q]
							}
							want[i*crs+j] = sum
						}
					}
					s.dots(mr).Run(&p)
					require.Equal(t, want, c, "%d rows, %d columns, k %d", mr, cols, k)
				}
			}
		}
	}
}

func TestGemmPack(t *testing.T) {
	t.Run("float32", testGemmPack[float32])
	t.Run("float64", testGemmPack[float64])
}

// testGemmPack copies and transposes arrays of every number of columns.
func testGemmPack[T float](t *testing.T) {
	r := newRand(t)
	size := int(unsafe.Sizeof(T(0)))
	for _, of := range families() {
		s := gemmSetOf(of, typeOf[T]())
		for cols := 1; cols <= 2*s.lanes; cols++ {
			rows := 1 + r.IntN(40)
			srs, drs := cols+r.IntN(3), 2*s.lanes+r.IntN(3)
			src, dst := make([]T, rows*srs-srs+cols), make([]T, rows*drs)
			for i := range src {
				src[i] = T(i + 1)
			}
			want := make([]T, len(dst))
			for i := range rows {
				copy(want[i*drs:], src[i*srs:][:cols])
			}
			s.copy.Run(&GemmArgs{B: unsafe.Pointer(&src[0]), C: unsafe.Pointer(&dst[0]), K: rows,
				BRS: srs * size, CRS: drs * size, Mask: 1<<cols - 1})
			require.Equal(t, want, dst, "copy %d rows of %d", rows, cols)
		}
		for cols := 1; cols <= s.lanes; cols++ {
			for rows := range 40 {
				if rows == 0 {
					continue
				}
				srs, drs := rows+r.IntN(3), s.lanes+r.IntN(3)
				src, dst := make([]T, cols*srs-srs+rows), make([]T, rows*drs)
				for i := range src {
					src[i] = T(i + 1)
				}
				step, first := srs, 0
				if r.IntN(4) == 0 { // from the last to the first
					step, first = -srs, (cols-1)*srs
				}
				s.transpose.Run(&GemmArgs{A: unsafe.Pointer(&src[first]), C: unsafe.Pointer(&dst[0]), K: rows, T: cols,
					ARS: step * size, CRS: drs * size})
				want := make([]T, len(dst))
				for i := range rows {
					for j := range cols {
						want[i*drs+j] = src[first+j*step+i]
					}
				}
				require.Equal(t, want, dst, "%d rows of %d", rows, cols)
			}
		}
	}
}
