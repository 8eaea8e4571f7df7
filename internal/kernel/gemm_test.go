package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
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
				for _, k := range counts()[1:] { // and each number of columns
					checkGemm[T](t, r, f, mr, n, k, 1<<(1+k%n)-1)
				}
				checkGemm[T](t, r, f, mr, n, 7, r.Uint64()&(1<<n-1))
				checkGemm[T](t, r, f, mr, n, 7, math.MaxUint64)
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
// memory around C with what it should be, at all offsets of the operands.
func checkGemm[T float](t *testing.T, r *rand.Rand, f GemmFunc, mr, n, k int, mask uint64) {
	t.Helper()
	size := int(unsafe.Sizeof(T(0)))
	terms := 1
	if k < 16 {
		terms += r.IntN(3)
	}
	// steps in elements; A by rows or by columns
	ars, acs := k+r.IntN(3), 1
	if r.IntN(2) == 0 {
		ars, acs = 1, mr+r.IntN(3)
	}
	brs, crs := n+r.IntN(5), n+r.IntN(5)
	if mask == 1 {
		brs = 1 // a column that is contiguous
	}
	a := whole[T](r, terms*(mr-1)*ars+terms*(k-1)*acs+terms)
	b := whole[T](r, terms*(k*brs+n))
	c := whole[T](r, mr*crs+n)
	aoff, boff := make([]int, terms), make([]int, terms)
	for i := range terms {
		aoff[i] = size * r.IntN(len(a)-(mr-1)*ars-(k-1)*acs)
		boff[i] = size * r.IntN(len(b)-(k-1)*brs-n+1)
	}
	p := GemmArgs{K: k, ARS: ars * size, ACS: acs * size, BRS: brs * size, CRS: crs * size,
		AOff: &aoff[0], BOff: &boff[0], T: terms, Mask: mask, Acc: r.IntN(2)}
	want := append([]T(nil), c...)
	for i := range mr {
		for j := range n {
			if mask>>j&1 == 0 {
				continue
			}
			var sum T
			for u := range terms {
				x, y := a[aoff[u]/size+i*ars:], b[boff[u]/size+j:]
				for q := range k {
					sum += x[q*acs] * y[q*brs]
				}
			}
			if p.Acc != 0 {
				sum += c[i*crs+j]
			}
			want[i*crs+j] = sum
		}
	}
	anywhere(t, f, p, a, b, c, want)
}

// whole returns whole numbers so small that all sums are exact.
func whole[T float](r *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(int(r.Uint64()>>56)%17 - 8)
	}
	return x
}

// anywhere runs a kernel with its operands at all offsets after a cache line, each
// at another one, and compares C, of which nothing else may be written.
func anywhere[T float](t *testing.T, f GemmFunc, p GemmArgs, a, b, c, want []T) {
	t.Helper()
	var of [3]ground
	for offset := range 16 {
		x, y, z := placed(&of[0], a, offset), placed(&of[1], b, (3*offset+5)%16), placed(&of[2], c, (5*offset+len(a))%16)
		p.A, p.B, p.C = x.pointer(), y.pointer(), z.pointer()
		f.Run(&p)
		if !z.intact() || !slices.Equal(want, elements[T](z)) {
			require.True(t, z.intact(), "canaries of %+v, offset %d", p, offset)
			require.Equal(t, want, elements[T](z), "%+v, offset %d", p, offset)
		}
	}
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
				for _, k := range counts()[1:] {
					ars, brs, crs := k+r.IntN(3), k+r.IntN(3), s.columns+r.IntN(3)
					a, b, c := whole[T](r, (mr-1)*ars+k), whole[T](r, (cols-1)*brs+k), whole[T](r, mr*crs)
					p := GemmArgs{K: k, ARS: ars * size, BRS: brs * size, CRS: crs * size, Mask: 1<<cols - 1, Acc: r.IntN(2)}
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
					anywhere(t, s.dots(mr), p, a, b, c, want)
				}
			}
		}
	}
}

func TestGemmPack(t *testing.T) {
	t.Run("float32", testGemmPack[float32])
	t.Run("float64", testGemmPack[float64])
}

// testGemmPack copies and transposes arrays of every number of rows and of columns.
func testGemmPack[T float](t *testing.T) {
	r := newRand(t)
	size := int(unsafe.Sizeof(T(0)))
	for _, of := range families() {
		s := gemmSetOf(of, typeOf[T]())
		for _, rows := range counts()[1:] {
			cols := 1 + rows%(2*s.lanes)
			srs, drs := cols+r.IntN(3), 2*s.lanes+r.IntN(3)
			src, dst := whole[T](r, rows*srs-srs+cols), whole[T](r, rows*drs)
			want := slices.Clone(dst)
			for i := range rows {
				copy(want[i*drs:], src[i*srs:][:cols])
			}
			p := GemmArgs{K: rows, BRS: srs * size, CRS: drs * size, Mask: 1<<cols - 1}
			anywhere(t, s.copy, p, nil, src, dst, want)
		}
		for cols := 1; cols <= s.lanes; cols++ {
			for _, rows := range counts()[1:] {
				srs, drs := rows+r.IntN(3), s.lanes+r.IntN(3)
				src, dst := whole[T](r, cols*srs-srs+rows), whole[T](r, rows*drs)
				order, places := r.Perm(cols), new(Places)
				if r.IntN(4) == 0 { // some column twice
					order[0] = order[cols-1]
				}
				want := slices.Clone(dst)
				for i := range rows {
					for j, from := range order {
						want[i*drs+j] = src[from*srs+i]
					}
				}
				for j := range order {
					order[j] *= srs * size
				}
				anywhere(t, s.transpose, GemmArgs{K: rows, T: cols, AOff: places.At(order), CRS: drs * size}, src, nil, dst, want)
			}
		}
	}
}
