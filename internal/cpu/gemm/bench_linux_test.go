package gemm

import (
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// cpuTime returns the time that this thread has run.
func cpuTime() time.Duration {
	var t syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 3, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}

// BenchmarkForms multiplies matrices of each form, on one thread: the same number of
// products in different ways is in one group, so that one that falls behind stands out.
func BenchmarkForms(b *testing.B) {
	plain := func(m, n, k int, layout string) Shape {
		return simple(kernel.F32, m, n, k, layout[0] == 'T', layout[1] == 'T')
	}
	many := func(s Shape, n int) Shape {
		s.Batch = []Axis{{n, s.M * s.K, s.K * s.N, s.M * s.N}}
		return s
	}
	strided := func(s Shape) Shape { s.A, s.B = Matrix{2 * s.K, 2}, Matrix{2 * s.N, 2}; return s }
	wide := plain(256, 256, 256, "NN")
	wide.T = kernel.F64
	for _, c := range []struct {
		name string
		s    Shape
	}{
		{"256^3 NN", plain(256, 256, 256, "NN")},
		{"256^3 TN", plain(256, 256, 256, "TN")},
		{"256^3 NT", plain(256, 256, 256, "NT")},
		{"256^3 TT", plain(256, 256, 256, "TT")},
		{"256^3 strided", strided(plain(256, 256, 256, "NN"))},
		{"256^3 float64", wide},
		{"64 of 64^3 NN", many(plain(64, 64, 64, "NN"), 64)},
		{"64 of 64^3 TN", many(plain(64, 64, 64, "TN"), 64)},
		{"64 of 64^3 NT", many(plain(64, 64, 64, "NT"), 64)},
		{"64 of 128x128x8 NN", many(plain(128, 128, 8, "NN"), 64)},
		{"64 of 128x128x8 TN", many(plain(128, 128, 8, "TN"), 64)},
		{"64 of 128x128x8 NT", many(plain(128, 128, 8, "NT"), 64)},
		{"64 of 128x8x128 NN", many(plain(128, 8, 128, "NN"), 64)},
		{"64 of 128x8x128 TN", many(plain(128, 8, 128, "TN"), 64)},
		{"64 of 128x8x128 NT", many(plain(128, 8, 128, "NT"), 64)},
		{"64 of 8x128x128 NT", many(plain(8, 128, 128, "NT"), 64)},
		{"512x512x4 NN", plain(512, 512, 4, "NN")},
		{"512x512x4 NT", plain(512, 512, 4, "NT")},
		{"512x512x4 TN", plain(512, 512, 4, "TN")},
		{"1x512x512 NN", plain(1, 512, 512, "NN")},
		{"1x512x512 NT", plain(1, 512, 512, "NT")},
		{"4x512x512 NN", plain(4, 512, 512, "NN")},
		{"4x512x512 NT", plain(4, 512, 512, "NT")},
		{"512x1x512 NN", plain(512, 1, 512, "NN")},
		{"512x1x512 TN", plain(512, 1, 512, "TN")},
		{"512x4x512 NN", plain(512, 4, 512, "NN")},
		{"512x4x512 TN", plain(512, 4, 512, "TN")},
		{"512x4x512 NT", plain(512, 4, 512, "NT")},
	} {
		b.Run(c.name, func(b *testing.B) {
			runtime.LockOSThread()
			matrices := 1
			for _, x := range c.s.Batch {
				matrices *= x.N
			}
			p := New(c.s)
			x, y, z := make([]float64, 2*matrices*c.s.M*c.s.K), make([]float64, 2*matrices*c.s.K*c.s.N), make([]float64, matrices*c.s.M*c.s.N)
			shared, private := make([]byte, p.Shared()), make([]byte, p.Private())
			best := time.Hour
			for b.Loop() {
				start := cpuTime()
				for phase, parts := range p.Phases() {
					for part := range parts {
						p.Run(phase, part, pointer(x), pointer(y), pointer(z), shared, private)
					}
				}
				best = min(best, cpuTime()-start)
			}
			b.ReportMetric(2*float64(matrices*c.s.M*c.s.N*c.s.K)/best.Seconds()/1e9, "GFLOP/s")
		})
	}
}
