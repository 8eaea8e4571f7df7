package conv

import (
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// peak returns the operations per second of the best block on data in the
// first level of the cache.
func peak() float64 {
	m := &micros[kernel.F32]
	buf := make([]float32, 8192)
	args := kernel.GemmArgs{A: unsafe.Pointer(&buf[0]), B: unsafe.Pointer(&buf[0]), C: unsafe.Pointer(&buf[7000]), K: 128, ACS: 4, ARS: 512, BRS: m.cols * 4, CRS: m.cols * 4, T: 1, AOff: new(int), BOff: new(int), Mask: mask(m.cols)}
	best := time.Hour
	for range 20 {
		start := cpuTime()
		for range 1000 {
			m.block[m.rows][2](&args)
		}
		best = min(best, cpuTime()-start)
	}
	return 2 * 128 * 1000 * float64(m.rows*m.cols) / best.Seconds()
}

// cpuTime returns the time that this thread has run.
func cpuTime() time.Duration {
	var t syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 3, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}

// changed is the shape of the same images, all of whose windows are dilated so, and
// whose channels are in groups; the padding must suit it.
func (s Shape) changed(dilation, groups int) Shape {
	s.Groups = groups
	s.Dilation[1], s.Dilation[2] = dilation, dilation
	return s
}

// space returns the shape of a convolution, of the same length, along all axes that
// are longer than 1.
func space(n, c, o, k, stride int, in [3]int) Shape {
	s := Shape{N: n, C: c, O: o, Groups: 1}
	for a, l := range in {
		if l == 1 {
			s.one(a, 1, 1, 1, 1, 1, 0)
		} else {
			s.one(a, l, (l-1)/stride+1, k, stride, 1, k/2)
		}
	}
	return s
}

func BenchmarkPlans(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 0))
	for _, c := range []struct {
		name string
		s    Shape
	}{
		{"3x3 64-64 [8 56 56]", image2(8, 56, 56, 64, 64, 3, 1, 1)},
		{"5x5 1-32 [64 28 28]", image2(64, 28, 28, 1, 32, 5, 1, 2)},
		{"5x5 32-64 [64 14 14]", image2(64, 14, 14, 32, 64, 5, 1, 2)},
		{"3x3 32-64 [64 14 14]", image2(64, 14, 14, 32, 64, 3, 1, 1)},
		{"1x1 256-64 [8 28 28]", image2(8, 28, 28, 256, 64, 1, 1, 0)},
		{"3x3 256-256 [4 14 14]", image2(4, 14, 14, 256, 256, 3, 1, 1)},
		{"3x3 512-512 [8 7 7]", image2(8, 7, 7, 512, 512, 3, 1, 1)},
		{"3x3 64-3 [8 64 64]", image2(8, 64, 64, 64, 3, 3, 1, 1)},
		{"4x4/2 3-64 [8 64 64]", image2(8, 64, 64, 3, 64, 4, 2, 1)},
		{"7x7/2 3-64 [2 224 224]", image2(2, 224, 224, 3, 64, 7, 2, 3)},
		{"3x3/2 64-128 [8 56 56]", image2(8, 56, 56, 64, 128, 3, 2, 1)},
		{"3x3 16-16 [32 32 32]", image2(32, 32, 32, 16, 16, 3, 1, 1)},
		{"3x3 32-32 [32 16 16]", image2(32, 16, 16, 32, 32, 3, 1, 1)},
		{"3x3 64-64 [32 8 8]", image2(32, 8, 8, 64, 64, 3, 1, 1)},
		{"3x3 dilated 64-64 [8 28 28]", image2(8, 28, 28, 64, 64, 3, 1, 2).changed(2, 1)},
		{"3x3 4 groups 64-64 [8 28 28]", image2(8, 28, 28, 64, 64, 3, 1, 1).changed(1, 4)},
		{"3x3/2 4 groups 64-64 [8 28 28]", image2(8, 28, 28, 64, 64, 3, 2, 1).changed(1, 4)},
		{"3x3 depthwise 64 [8 28 28]", image2(8, 28, 28, 64, 64, 3, 1, 1).changed(1, 64)},
		{"3x3/2 depthwise 64 [8 28 28]", image2(8, 28, 28, 64, 64, 3, 2, 1).changed(1, 64)},
		{"3x3 dilated depthwise 64 [8 28 28]", image2(8, 28, 28, 64, 64, 3, 1, 2).changed(2, 64)},
		{"5 64-64 [8 512]", space(8, 64, 64, 5, 1, [3]int{1, 1, 512})},
		{"5/2 64-64 [8 512]", space(8, 64, 64, 5, 2, [3]int{1, 1, 512})},
		{"3x3x3 32-32 [2 12 16 16]", space(2, 32, 32, 3, 1, [3]int{12, 16, 16})},
		{"3x3x3/2 32-32 [2 12 16 16]", space(2, 32, 32, 3, 2, [3]int{12, 16, 16})},
	} {
		for _, k := range []struct {
			name string
			plan func(Shape) *Plan
		}{{"forward", Forward}, {"data", DataGrad}, {"weights", WeightGrad}} {
			b.Run(c.name+"/"+k.name, func(b *testing.B) {
				runtime.LockOSThread()
				s := c.s
				p := k.plan(s)
				x := random[float32](s.N*max(s.In[0]*s.In[1]*s.In[2]*s.C, s.Out[0]*s.Out[1]*s.Out[2]*s.O), rnd)
				y, z := random[float32](max(len(x.v), s.taps()*s.C*s.O), rnd), random[float32](max(len(x.v), s.taps()*s.C*s.O), rnd)
				shared, private := scratch(p.Shared()), scratch(p.Private())
				most := peak()
				b.ResetTimer()
				best := time.Hour
				for b.Loop() {
					start := cpuTime()
					for phase, parts := range p.Phases() {
						for part := range parts {
							p.Run(phase, part, x.pointer(), y.pointer(), z.pointer(), shared, private)
						}
					}
					best = min(best, cpuTime()-start)
				}
				most = max(most, peak())
				b.ReportMetric(most/1e9, "peak-GF")
				b.ReportMetric(100*float64(s.flops())/best.Seconds()/most, "%peak")
			})
		}
	}
}
