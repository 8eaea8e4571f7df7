package gemm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/internal/kernel"
)

// TestPicks computes products whose lines lie in order and again with the same lines
// all over a larger memory: the results are the same, to the bit.
func TestPicks(t *testing.T) {
	rnd := newRand(t)
	for _, c := range []struct {
		name    string
		s       Shape
		operand int // whose lines are picked
		meant   func(p *Plan) bool
	}{
		{"columns of a", simple(kernel.F32, 60, 70, 50, true, false), 0, func(p *Plan) bool { return !p.pack && !p.spread && !p.swapped }},
		{"columns of a, packed b", simple(kernel.F32, 60, 70, 50, true, true), 0, func(p *Plan) bool { return p.pack && !p.swapped }},
		{"columns of a that are spread", simple(kernel.F32, 1024, 128, 40, true, false), 0, func(p *Plan) bool { return p.rows != 6 || p.spread }},
		{"columns of a, across", simple(kernel.F32, 784, 10, 32, true, false), 0, func(p *Plan) bool { return p.across }},
		{"columns of a in slabs", simple(kernel.F32, 16, 32, 6_000, true, false), 0, func(p *Plan) bool { return p.slabs > 1 && !p.swapped }},
		{"rows of a, across, in pieces", simple(kernel.F32, 32, 10, 784, false, false), 0, func(p *Plan) bool { return p.across && p.chunks > 1 }},
		{"columns of b, packed", simple(kernel.F32, 150, 70, 90, true, true), 1, func(p *Plan) bool { return p.picksColumns() && !p.swapped }},
		{"rows of b", simple(kernel.F64, 20, 70, 90, false, false), 1, func(p *Plan) bool { return !p.pack && !p.swapped }},
		{"rows of b, packed", simple(kernel.F64, 70, 512, 60, false, false), 1, func(p *Plan) bool { return p.pack && p.bcs == p.size }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := []Matrix{c.s.A, c.s.B}[c.operand]
			c.s.Lines[c.operand] = max(m.Row, m.Col)
			p := New(c.s)
			if kernel.ISA() != "avx512" && !p.Picks(c.operand) {
				t.Skip("these kernels do it another way")
			}
			require.True(t, p.Picks(c.operand))
			assert.False(t, p.Picks(1-c.operand))
			if kernel.ISA() == "avx512" {
				assert.True(t, c.meant(p), "%+v", p)
			}
			checkPicks(t, rnd, c.s)
		})
	}
}

// TestPicksAny does the same with any shapes, and of both operands at once.
func TestPicksAny(t *testing.T) {
	rnd := newRand(t)
	n := 0
	for range 400 {
		s := randomShape(rnd, 50_000)
		s.Lines = [2]int{max(s.A.Row, s.A.Col), max(s.B.Row, s.B.Col)}
		if p := New(s); p.Picks(0) || p.Picks(1) {
			checkPicks(t, rnd, s)
			n++
		}
	}
	assert.Greater(t, n, 40)
}

func checkPicks(t *testing.T, rnd *rand.Rand, s Shape) {
	t.Helper()
	if s.T == kernel.F32 {
		checkPicksOf[float32](t, rnd, s)
	} else {
		checkPicksOf[float64](t, rnd, s)
	}
}

func checkPicksOf[T float32 | float64](t *testing.T, rnd *rand.Rand, s Shape) {
	t.Helper()
	r := newTrial(s, func() T { return T(rnd.NormFloat64()) })
	r.run(rnd)
	want := slices.Clone(r.c)
	p := New(s)
	operands, lines := [2][]T{r.a, r.b}, [2][]int{}
	for i := range operands {
		if p.Picks(i) {
			operands[i], lines[i] = scatter(rnd, operands[i], s.Lines[i])
		}
	}
	shared, private := make([]byte, p.Shared()), make([]byte, p.Private())
	for phase, parts := range p.Phases() {
		for _, part := range rnd.Perm(parts) {
			p.RunPicked(phase, part, pointer(operands[0]), pointer(operands[1]), pointer(r.c), lines, shared, private)
		}
	}
	require.True(t, slices.Equal(want, r.c), "%+v", s)
}

// scatter puts lines anywhere among others, which are no numbers, and returns where
// each begins, in bytes.
func scatter[T float32 | float64](rnd *rand.Rand, x []T, line int) (all []T, places []int) {
	n := (len(x) + line - 1) / line
	all = slices.Repeat([]T{T(math.NaN())}, 3*n*line)
	for i, at := range rnd.Perm(3 * n)[:n] {
		copy(all[at*line:(at+1)*line], x[i*line:])
		places = append(places, at*line*int(unsafe.Sizeof(x[0])))
	}
	return all, places
}
