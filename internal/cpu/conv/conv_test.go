package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
	"github.com/stretchr/testify/require"
)

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
		require.NoError(t, err, "with %s: %s", isa, out)
	}
}

// some returns n, and a quarter of it in short runs.
func some(n int) int {
	if testing.Short() {
		return n / 4
	}
	return n
}

// element are the types of elements.
type element interface{ float32 | float64 }

func typeOf[E element]() kernel.Type {
	if unsafe.Sizeof(E(0)) == 4 {
		return kernel.F32
	}
	return kernel.F64
}

// canary stands around all memory that plans get.
const canary = 0xA5

// A guarded is memory between canaries, at any offset.
type guarded[E element] struct {
	all, v []E
	at     int // where v begins
}

func guard[E element](n int) guarded[E] {
	g := guarded[E]{all: make([]E, n+80), at: 32 + n%16}
	for i := range g.all {
		g.all[i] = E(math.NaN())
	}
	g.v = g.all[g.at:][:n:n]
	return g
}

func (g guarded[E]) intact() bool {
	for i, v := range g.all {
		if (i < g.at || i >= g.at+len(g.v)) && v == v {
			return false
		}
	}
	return true
}

func (g guarded[E]) pointer() unsafe.Pointer { return unsafe.Pointer(&g.all[g.at]) }

// scratch returns bytes, aligned, with canaries behind.
func scratch(n int) []byte {
	all := make([]byte, n+192)
	for i := range all {
		all[i] = canary
	}
	at := int(-uintptr(unsafe.Pointer(&all[0])) & 63)
	return all[at:][: n : len(all)-at]
}

func unspoilt(b []byte) bool {
	for _, v := range b[len(b):cap(b)] {
		if v != canary {
			return false
		}
	}
	return true
}

// run runs a plan, its parts in a random order.
func run(t testing.TB, p *Plan, x, y, z unsafe.Pointer, rnd *rand.Rand) {
	shared := scratch(p.Shared())
	for phase, parts := range p.Phases() {
		for _, part := range rnd.Perm(parts) {
			private := scratch(p.Private())
			p.Run(phase, part, x, y, z, shared, private)
			require.True(t, unspoilt(private), "phase %d part %d wrote behind its memory", phase, part)
		}
	}
	require.True(t, unspoilt(shared), "a part wrote behind the shared memory")
}

// each visits the products of a convolution: their places in x, w and z.
func (s *Shape) each(visit func(x, w, z int)) {
	per, out := s.C/s.Groups, s.O/s.Groups
	outs := s.Out[0] * s.Out[1] * s.Out[2]
	for i := range s.N * outs {
		for t := range s.taps() {
			o, k := [3]int{i % outs / (s.Out[1] * s.Out[2]), i / s.Out[2] % s.Out[1], i % s.Out[2]}, [3]int{t / (s.Kernel[1] * s.Kernel[2]), t / s.Kernel[2] % s.Kernel[1], t % s.Kernel[2]}
			at, inside := i/outs, true
			for a := range 3 {
				p := o[a]*s.Stride[a] + k[a]*s.Dilation[a] - s.Pad[a]
				inside = inside && p >= 0 && p < s.In[a]
				at = at*s.In[a] + p
			}
			if !inside {
				continue
			}
			for c := range per {
				for j := range s.O {
					visit(at*s.C+j/out*per+c, (t*per+c)*s.O+j, i*s.O+j)
				}
			}
		}
	}
}

func random[E element](n int, rnd *rand.Rand) guarded[E] {
	g := guard[E](n)
	for i := range g.v {
		g.v[i] = E(rnd.Float64()*2 - 1)
	}
	return g
}

// sums are what is wanted, and how large the terms are that make it: the measure
// of rounding.
type sums struct{ v, size []float64 }

func newSums(n int) sums { return sums{make([]float64, n), make([]float64, n)} }

func (s sums) add(i int, v float64) {
	s.v[i] += v
	s.size[i] += math.Abs(v)
}

// check compares the three plans of a shape with sums in float64.
func check[E element](t testing.TB, s Shape, rnd *rand.Rand) {
	s.T = typeOf[E]()
	image, weights := s.N*s.In[0]*s.In[1]*s.In[2]*s.C, s.taps()*s.C/s.Groups*s.O
	result := s.N * s.Out[0] * s.Out[1] * s.Out[2] * s.O
	x, w, ct := random[E](image, rnd), random[E](weights, rnd), random[E](result, rnd)
	z, dx, dw := newSums(result), newSums(image), newSums(weights)
	s.each(func(i, j, k int) {
		z.add(k, float64(x.v[i])*float64(w.v[j]))
		dx.add(i, float64(ct.v[k])*float64(w.v[j]))
		dw.add(j, float64(x.v[i])*float64(ct.v[k]))
	})
	for _, c := range []struct {
		name string
		plan *Plan
		x, y guarded[E]
		want sums
	}{{"forward", Forward(s), x, w, z}, {"data", DataGrad(s), ct, w, dx}, {"weights", WeightGrad(s), x, ct, dw}} {
		compare(t, fmt.Sprintf("%s of %+v", c.name, s), c.plan, c.x, c.y, c.want, rnd)
	}
}

// compare runs a plan.
func compare[E element](t testing.TB, name string, p *Plan, x, y guarded[E], want sums, rnd *rand.Rand) {
	got := guard[E](len(want.v))
	run(t, p, x.pointer(), y.pointer(), got.pointer(), rnd)
	require.True(t, got.intact(), "%s wrote beside its result", name)
	rounding := 2e-6
	if typeOf[E]() == kernel.F64 {
		rounding = 1e-14
	}
	for i, v := range got.v {
		v, w := float64(v), want.v[i]
		if !(math.Abs(v-w) <= rounding*(1+want.size[i]) || v == w || v != v && w != w) {
			require.Fail(t, "differs", "%s: element %d is %v, want %v", name, i, v, w)
		}
	}
}

// draw returns a random shape.
func draw(rnd *rand.Rand) Shape {
	pick := func(lo, hi int) int { return lo + rnd.IntN(hi-lo+1) }
	s := Shape{N: pick(0, 3), Groups: pick(1, 3)}

	s.C, s.O = s.Groups*pick(0, 9), s.Groups*pick(0, 9)
	most := 17
	switch rnd.IntN(5) {
	case 0:
		s.O = s.Groups * pick(10, 70)
	case 1:
		s.C = s.Groups * pick(10, 130)
	case 2:
		s.Groups = pick(1, 40)
		s.C, s.O = s.Groups, s.Groups
	case 3:
		s.Groups, s.C, s.O, most = 1, pick(1, 4), pick(1, 4), 150/max(1, s.N)
	}
	s.one(0, 1, 1, 1, 1, 1, 0)
	s.one(1, 1, 1, 1, 1, 1, 0)
	for a := 3 - pick(1, 3); a < 3; a++ {
		k, in := pick(0, 4), pick(0, most)
		st, d, lo, hi := pick(1, 3), pick(1, 2), pick(-1, 4), pick(-1, 4)
		out := max(0, in+lo+hi-d*(k-1)-1+st) / st
		s.one(a, in, out, k, st, d, lo)
		most = max(7, most/3)
	}
	return s
}

func (s *Shape) one(a, in, out, kernel, stride, dilation, pad int) {
	s.In[a], s.Out[a], s.Kernel[a], s.Stride[a], s.Dilation[a], s.Pad[a] = in, out, kernel, stride, dilation, pad
}

// image2 returns the shape of a convolution of two-dimensional images.
func image2(n, h, w, c, o, k, stride, pad int) Shape {
	s := Shape{N: n, C: c, O: o, Groups: 1}
	s.one(0, 1, 1, 1, 1, 1, 0)
	s.one(1, h, (h+2*pad-k)/stride+1, k, stride, 1, pad)
	s.one(2, w, (w+2*pad-k)/stride+1, k, stride, 1, pad)
	return s
}

// small makes limits small, so that the shape is cut.
func small(t testing.TB, rnd *rand.Rand) {
	for _, l := range []*int{&partFlops, &partElems, &cacheBytes, &deep, &runLength, &slotRun, &slotBytes, &tileBytes, &addBytes} {
		old := *l
		t.Cleanup(func() { *l = old })
		*l = 1 << rnd.IntN(14)
	}
	addBytes = max(64, addBytes) &^ 63
}

func TestRandomShapes(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	for i := range some(600) {
		s := draw(rnd)
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Logf("seed %d, shape %+v", seed, s)
			if i%3 > 0 {
				small(t, rnd)
			}
			if i%4 == 0 {
				check[float64](t, s, rnd)
			} else {
				check[float32](t, s, rnd)
			}
		})
	}
}

// TestManyChannels is a size at which parts share the channels of the gradient
// for the weights, whose taps could be taken together otherwise.
func TestManyChannels(t *testing.T) {
	s := Shape{N: 3, C: 500, O: 2, Groups: 1}
	s.one(0, 1, 1, 1, 1, 1, 0)
	s.one(1, 1, 1, 1, 1, 1, 0)
	s.one(2, 502, 500, 3, 1, 1, 0)
	seed := rand.Uint64()
	t.Log("seed", seed)
	check[float64](t, s, rand.New(rand.NewPCG(seed, 0)))
	check[float32](t, s, rand.New(rand.NewPCG(seed, 0)))
}

// allPlans are plans of one shape of each way to compute.
func allPlans(t kernel.Type) map[string]*Plan {
	list := map[string]*Plan{}
	for name, s := range map[string]Shape{
		"plain": image2(3, 10, 9, 8, 40, 3, 1, 1), "strided": image2(3, 11, 9, 8, 24, 3, 2, 1), "pixels": image2(3, 9, 9, 24, 8, 1, 1, 0),
		"depthwise": image2(3, 10, 9, 8, 8, 3, 1, 1), "narrow": image2(3, 10, 9, 1, 2, 5, 1, 2),
	} {
		s.T = t
		if name == "depthwise" {
			s.Groups = s.C
		}
		list[name+" forward"], list[name+" data"], list[name+" weights"] = Forward(s), DataGrad(s), WeightGrad(s)
		p := Pool{Shape: s}
		list[name+" max"], list[name+" mean"] = MaxPool(p), AvgPool(p)
		list[name+" max gradient"], list[name+" mean gradient"] = MaxPoolGrad(p), AvgPoolGrad(p)
	}
	return list
}

// TestRunsAllocateNothing: what a run needs it is given.
func TestRunsAllocateNothing(t *testing.T) {
	x, y, z := guard[float64](1<<15), guard[float64](1<<15), guard[float64](1<<15)
	mul := kernel.Lookup(kernel.Mul, kernel.F32, 2)
	allocs := testing.AllocsPerRun(10, func() {
		a := kernel.Args{D: z.pointer(), X: [4]unsafe.Pointer{x.pointer(), y.pointer()}, Rows: 1, Cols: 100}
		mul.Run(&a)
	})
	for name, p := range allPlans(kernel.F32) {
		if allocs > 0 && (strings.Contains(name, "max") || strings.Contains(name, "mean")) {
			continue // the portable kernels do, with numbers
		}
		shared, private := scratch(p.Shared()), scratch(p.Private())
		n := testing.AllocsPerRun(10, func() {
			for phase, parts := range p.Phases() {
				for part := range parts {
					p.Run(phase, part, x.pointer(), y.pointer(), z.pointer(), shared, private)
				}
			}
		})
		require.Zero(t, n, name)
	}
}

// TestBlocksAreTheResult: the parts of the last phase finish each element once,
// in the place that Block says.
func TestBlocksAreTheResult(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range some(200) {
		s := draw(rnd)
		s.T = kernel.F32
		small(t, rnd)
		for name, p := range map[string]*Plan{"forward": Forward(s), "data": DataGrad(s)} {
			width, rows := s.O, s.N*s.Out[0]*s.Out[1]*s.Out[2]
			if name == "data" {
				width, rows = s.C, s.N*s.In[0]*s.In[1]*s.In[2]
			}
			seen := make([]int, rows*width)
			phases := p.Phases()
			if len(phases) == 0 {
				require.Empty(t, seen, "%s of %+v", name, s)
				continue
			}
			for part := range phases[len(phases)-1] {
				row0, row1, col0, col1 := p.Block(part)
				for r := row0; r < row1; r++ {
					for c := col0; c < col1; c++ {
						seen[r*width+c]++
					}
				}
			}
			for i, n := range seen {
				require.Equal(t, 1, n, "%s of %+v, element %d, seed %d", name, s, i, seed)
			}
		}
	}
}

// FuzzShapes looks for a shape that is computed wrongly.
func FuzzShapes(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		s := draw(rnd)
		small(t, rnd)
		check[float32](t, s, rnd)
		checkPool[float32](t, Pool{Shape: s, CountPad: seed%2 == 0}, rnd)
	})
}

// TestSharedChannels has weights too large for slots, so that parts share the
// channels of an image that is read in place.
func TestSharedChannels(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 0))
	small(t, rnd)
	partFlops, slotBytes = 1, 1
	check[float32](t, image2(2, 6, 7, 150, 70, 3, 1, 0), rnd)
	check[float32](t, image2(2, 6, 7, 150, 70, 3, 1, 1), rnd)
	s := image2(2, 6, 7, 150, 90, 3, 1, 0)
	s.Groups = 5
	check[float32](t, s, rnd)
}
