package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/internal/kernel"
)

func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestFamilies runs the tests with the kernels that this run did not choose.
func TestFamilies(t *testing.T) {
	if testing.Short() || os.Getenv("ADJOINT_ISA") != "" {
		t.Skip("these are the kernels asked for")
	}
	for _, isa := range []string{"generic", "avx2"} {
		if isa == kernel.ISA() {
			break // nothing above it
		}
		cmd := exec.Command(os.Args[0], "-test.run=^Test", "-test.short")
		cmd.Env = append(os.Environ(), "ADJOINT_ISA="+isa)
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "with %s: %s", isa, out)
	}
}

// A trial is a product with its operands, of small whole numbers so that all
// sums are exact in any order.
type trial[T float32 | float64] struct {
	Shape
	a, b, c, want []T
	before        []T // c
}

const canary = -77

// size returns how many elements an operand with these lengths and steps spans.
func span(lenStep ...int) int {
	n := 1
	for i := 0; i < len(lenStep); i += 2 {
		if lenStep[i] == 0 {
			return 0
		}
		n += (lenStep[i] - 1) * lenStep[i+1]
	}
	return n
}

func newTrial[T float32 | float64](s Shape, number func() T) *trial[T] {
	as, bs, cs := []int{s.M, s.A.Row, s.K, s.A.Col}, []int{s.K, s.B.Row, s.N, s.B.Col}, []int{s.M, s.C, s.N, 1}
	for _, x := range s.Batch {
		as, bs = append(as, x.N, x.A), append(bs, x.N, x.B)
		if x.C != 0 {
			cs = append(cs, x.N, x.C)
		}
	}
	// at offsets that differ
	a, b, c := make([]T, span(as...)+s.M%16), make([]T, span(bs...)+s.N%16), make([]T, span(cs...)+40)
	at := (s.M + 3*s.N + 5*s.K) % 16
	r := &trial[T]{Shape: s, a: a[s.M%16:], b: b[s.N%16:], c: c[at:], before: c[:at]}
	for _, x := range [][]T{r.a, r.b} {
		for i := range x {
			x[i] = number()
		}
	}
	for i := range c {
		c[i] = canary
	}
	r.want = slices.Clone(r.c)
	r.oracle()
	return r
}

// oracle computes what c should be.
func (r *trial[T]) oracle() {
	var kept, sums []Axis
	for _, x := range r.Batch {
		if x.C != 0 {
			kept = append(kept, x)
		} else {
			sums = append(sums, x)
		}
	}
	each(kept, func(a, b, c int) {
		for i := range r.M {
			for j := range r.N {
				var sum float64
				each(sums, func(as, bs, _ int) {
					x, y := a+as+i*r.A.Row, b+bs+j*r.B.Col
					for k := range r.K {
						sum += float64(r.a[x+k*r.A.Col]) * float64(r.b[y+k*r.B.Row])
					}
				})
				r.want[c+i*r.C+j] = T(sum)
			}
		}
	})
}

// each visits the matrices along the axes.
func each(axes []Axis, visit func(a, b, c int)) {
	n := 1
	for _, x := range axes {
		n *= x.N
	}
	for i := range n {
		visit(offset(axes, i))
	}
}

// run computes c with a plan, the parts in random order, and returns the plan.
func (r *trial[T]) run(rnd *rand.Rand) *Plan {
	p := New(r.Shape)
	shared, private := make([]byte, p.Shared()+8), make([]byte, p.Private()+8)
	for i := range private {
		private[i] = 0xff // not a number
	}
	for phase, parts := range p.Phases() {
		for _, part := range rnd.Perm(parts) {
			p.Run(phase, part, pointer(r.a), pointer(r.b), pointer(r.c), shared[:p.Shared()], private[:p.Private()])
		}
	}
	for _, b := range append(shared[p.Shared():], private[p.Private():]...) {
		if b != 0xff && b != 0 {
			panic("scratch memory overrun")
		}
	}
	return p
}

func pointer[T any](s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }

// check runs a product on small whole numbers and compares all of c's memory;
// checkOn does on any numbers with exact sums.
func check[T float32 | float64](t *testing.T, rnd *rand.Rand, s Shape) {
	t.Helper()
	checkOn(t, rnd, s, func() T { return T(rnd.IntN(9) - 4) })
}

func checkOn[T float32 | float64](t *testing.T, rnd *rand.Rand, s Shape, number func() T) {
	t.Helper()
	r := newTrial(s, number)
	p := r.run(rnd)
	require.True(t, slices.EqualFunc(r.want, r.c, same[T]), "%+v", s)
	require.Negative(t, slices.IndexFunc(r.before, func(v T) bool { return v != canary }), "%+v writes before its result", s)
	r.blocks(t, p)
}

// same tells whether numbers are equal, or neither is a number.
func same[T float32 | float64](x, y T) bool { return x == y || x != x && y != y }

// blocks checks that the parts of the last phase share out c's elements.
func (r *trial[T]) blocks(t *testing.T, p *Plan) {
	t.Helper()
	rows := r.M
	for _, x := range r.Batch {
		if x.C != 0 {
			rows *= x.N
		}
	}
	times := make([]int, rows*r.N)
	phases := p.Phases()
	for part := range phases[len(phases)-1] {
		r0, r1, c0, c1 := p.Block(part)
		for i := r0; i < r1; i++ {
			for j := c0; j < c1; j++ {
				times[i*r.N+j]++
			}
		}
	}
	not1 := slices.IndexFunc(times, func(n int) bool { return n != 1 })
	require.Negative(t, not1, "a part has each element of %+v", r.Shape)
}

// simple returns the shape of a product of contiguous matrices, each transposed
// in memory or not.
func simple(t kernel.Type, m, n, k int, transA, transB bool) Shape {
	s := Shape{T: t, M: m, N: n, K: k, A: Matrix{k, 1}, B: Matrix{n, 1}, C: n}
	if transA {
		s.A = Matrix{1, m}
	}
	if transB {
		s.B = Matrix{1, k}
	}
	return s
}

func TestSmall(t *testing.T) {
	rnd := newRand(t)
	for m := range 41 {
		for n := range 41 {
			if testing.Short() && rnd.IntN(3) > 0 {
				continue
			}
			s := simple(kernel.F32, m, n, rnd.IntN(41), rnd.IntN(2) == 0, rnd.IntN(2) == 0)
			switch (m + n) % 3 {
			case 0:
				s = simple(kernel.F32, m, s.K, n, rnd.IntN(2) == 0, rnd.IntN(2) == 0)
			case 1:
				s.T = kernel.F64
			}
			checkAny(t, rnd, s)
		}
	}
}

func TestShapes(t *testing.T) {
	rnd := newRand(t)
	n := 200
	if testing.Short() {
		n = 60
	}
	for range n {
		checkAny(t, rnd, randomShape(rnd, 100_000))
	}
}

func checkAny(t *testing.T, rnd *rand.Rand, s Shape) {
	t.Helper()
	if s.T == kernel.F32 {
		check[float32](t, rnd, s)
	} else {
		check[float64](t, rnd, s)
	}
}

// TestMethods has a shape for each way to compute.
func TestMethods(t *testing.T) {
	rnd := newRand(t)
	batch := func(s Shape, axes ...Axis) Shape { s.Batch = axes; return s }
	strided := func(s Shape) Shape { s.B = Matrix{3, 3 * s.K}; return s }
	for _, c := range []struct {
		name  string
		s     Shape
		meant func(p *Plan) bool
	}{
		{"tiles", simple(kernel.F32, 60, 70, 50, false, false), func(p *Plan) bool { return !p.dots && !p.pack && !p.swapped }},
		{"wide tiles", simple(kernel.F32, 3, 300, 50, false, false), func(p *Plan) bool { return p.sliver == 4*p.lanes }},
		{"rows that collide", simple(kernel.F32, 30, 300, 1024, false, false), func(p *Plan) bool { return p.wide < 6 || p.tall == p.wide }},
		{"transposed b", simple(kernel.F32, 150, 70, 90, true, true), func(p *Plan) bool { return p.pack && p.bcs != p.size }},
		{"any b", strided(simple(kernel.F64, 50, 70, 90, false, false)), func(p *Plan) bool { return p.pack }},
		{"rows of b that collide", simple(kernel.F64, 70, 512, 60, false, false), func(p *Plan) bool { return p.pack && p.bcs == p.size }},
		{"columns of a that collide", simple(kernel.F32, 1024, 128, 40, true, false), func(p *Plan) bool { return p.rows != 6 || p.spread }},
		{"dots", simple(kernel.F32, 2, 70, 900, false, true), func(p *Plan) bool { return p.dots }},
		{"a column", simple(kernel.F32, 700, 1, 90, false, false), func(p *Plan) bool { return p.swapped && !p.across }},
		{"a column by columns", simple(kernel.F32, 700, 1, 90, true, false), func(p *Plan) bool { return p.swapped && !p.across }},
		{"across", simple(kernel.F32, 784, 10, 32, true, false), func(p *Plan) bool { return p.across }},
		{"across in slabs", simple(kernel.F32, 33, 3, 20_000, true, false), func(p *Plan) bool { return p.across && p.slabs > 1 }},
		{"slabs", simple(kernel.F32, 16, 32, 6_000, true, false), func(p *Plan) bool { return !p.across && p.slabs > 1 }},
		{"rows first", simple(kernel.F32, 300, 80, 5, false, false), func(p *Plan) bool { return p.rowsOuter }},
		{"groups", batch(simple(kernel.F32, 20, 20, 20, false, false), Axis{99, 400, 400, 400}), func(p *Plan) bool { return p.group > 1 }},
		{"one matrix", batch(simple(kernel.F32, 20, 20, 20, false, false), Axis{99, 400, 0, 400}), func(p *Plan) bool { return p.m == 99*20 }},
		{"one long sum", batch(simple(kernel.F32, 20, 20, 20, true, false), Axis{99, 400, 400, 0}), func(p *Plan) bool { return p.k == 99*20 }},
		{"sum of products", batch(simple(kernel.F32, 20, 20, 20, false, false), Axis{99, 400, 400, 0}), func(p *Plan) bool { return p.addend == 99 }},
	} {
		p := New(c.s)
		if p.rate > 1 {
			assert.True(t, c.meant(p), "%s: %+v", c.name, p)
		}
		checkAny(t, rnd, c.s)
	}
}

// TestNotNumbers has infinities and NaN, which must get to where they belong
// and nowhere else.
func TestNotNumbers(t *testing.T) {
	rnd := newRand(t)
	for range 100 {
		s := randomShape(rnd, 5_000)
		s.T = kernel.F32
		checkOn(t, rnd, s, func() float32 {
			if rnd.IntN(40) == 0 {
				return float32([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}[rnd.IntN(3)])
			}
			return float32(rnd.IntN(3) - 1)
		})
	}
}

func FuzzShapes(f *testing.F) {
	f.Add(uint64(1), uint16(90), uint16(90), uint16(90), uint64(0))
	f.Add(uint64(2), uint16(7), uint16(0), uint16(900), uint64(1<<60))
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k uint16, layout uint64) {
		rnd := rand.New(rand.NewPCG(seed, layout))
		if (int(m)+1)*(int(n)+1)*(int(k)+1) > 1_000_000 {
			t.Skip("takes long")
		}
		checkAny(t, rnd, arrange(rnd, int(m), int(n), int(k), 1+rnd.IntN(4)))
	})
}

// randomShape returns a shape with about so many products.
func randomShape(rnd *rand.Rand, work int) Shape {
	l := make([]int, 4)
	for i := range l {
		l[i] = int(math.Exp(rnd.Float64() * math.Log(float64(max(work, 2)))))
		work /= l[i]
	}
	rnd.Shuffle(3, func(i, j int) { l[i], l[j] = l[j], l[i] })
	return arrange(rnd, l[0], l[1], l[2], l[3])
}

// arrange returns a shape with these lengths, laid out by chance, and about so
// many matrices.
func arrange(rnd *rand.Rand, m, n, k, matrices int) Shape {
	s := Shape{T: kernel.Type(rnd.IntN(2)), M: m, N: n, K: k}
	matrix := func(rows, cols int) (m Matrix, size int) {
		gap := rnd.IntN(2) * rnd.IntN(5)
		if rnd.IntN(2) == 0 {
			return Matrix{cols + gap, 1}, rows * (cols + gap)
		}
		if rnd.IntN(4) == 0 {
			return Matrix{cols*2 + gap, 2}, rows * (cols*2 + gap)
		}
		return Matrix{1, rows + gap}, cols * (rows + gap)
	}
	var an, bn int
	s.A, an = matrix(s.M, s.K)
	s.B, bn = matrix(s.K, s.N)
	s.C = s.N + rnd.IntN(2)*rnd.IntN(5)
	cn := s.M * s.C
	for range rnd.IntN(4) {
		x := Axis{N: min(1+rnd.IntN(matrices), 9), A: an, B: bn, C: cn}
		if rnd.IntN(3) == 0 {
			x.A = 0
		}
		if rnd.IntN(3) == 0 {
			x.B = 0
		}
		if rnd.IntN(3) == 0 {
			x.C = 0
		}
		matrices /= x.N
		an, bn, cn = max(an, x.N*x.A), max(bn, x.N*x.B), max(cn, x.N*x.C)
		s.Batch = slices.Insert(s.Batch, 0, x) // outside the others
	}
	return s
}

// TestEdges has lengths of 0 and results of nothing.
func TestEdges(t *testing.T) {
	rnd := newRand(t)
	for i := range 27 {
		m, n, k := i%3, i/3%3, i/9
		for _, batch := range [][]Axis{nil, {{0, 4, 4, 4}}, {{2, 0, 4, 4}}, {{0, 4, 4, 0}}, {{3, 4, 4, 4}, {0, 1, 1, 0}}} {
			s := simple(kernel.F32, m, n, k, false, false)
			s.Batch = batch
			check[float32](t, rnd, s)
		}
	}
}

// TestAccuracy compares with sums in float64.
func TestAccuracy(t *testing.T) {
	rnd := newRand(t)
	for range 20 {
		s := randomShape(rnd, 300_000)
		if s.T == kernel.F64 {
			continue
		}
		k := s.K
		for _, x := range s.Batch {
			if x.C == 0 {
				k *= x.N
			}
		}
		r := newTrial(s, func() float32 { return rnd.Float32()*2 - 1 })
		r.run(rnd)
		for i := range r.c {
			require.InDelta(t, r.want[i], r.c[i], 1e-7*float64(k+10), "%+v", s)
		}
	}
}

// TestSameBits runs the parts in different orders.
func TestSameBits(t *testing.T) {
	rnd := newRand(t)
	for range 20 {
		s := randomShape(rnd, 200_000)
		s.T = kernel.F32
		r := newTrial(s, func() float32 { return rnd.Float32() })
		r.run(rnd)
		first := slices.Clone(r.c)
		r.run(rnd)
		require.True(t, slices.Equal(first, r.c), "%+v", s)
	}
}

func TestAllocates(t *testing.T) {
	for _, s := range []Shape{simple(kernel.F32, 32, 10, 784, false, false), simple(kernel.F64, 10, 70, 30, true, true)} {
		p := New(s)
		a, b, c := make([]float64, s.M*s.K), make([]float64, s.K*s.N), make([]float64, s.M*s.N)
		private := make([]byte, p.Private())
		shared := make([]byte, p.Shared())
		assert.Zero(t, testing.AllocsPerRun(10, func() {
			p.Run(0, 0, pointer(a), pointer(b), pointer(c), shared, private)
		}), fmt.Sprint(s))
	}
}
