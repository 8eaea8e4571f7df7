package graph_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// recurrence returns a chain of n operations on single numbers with their
// gradients for both operands, or without.
func recurrence(n int, gradient bool) []*graph.Node {
	x, a := graph.Input("x"), graph.Input("a")
	y := x
	for range n / 2 {
		y = ops.Add(ops.Mul(y, a), x)
	}
	if !gradient {
		return []*graph.Node{y}
	}
	return append(autodiff.Grad(y, x, a), y)
}

// BenchmarkCompile measures building and compiling apart, with their
// allocations, for each node of the graph.
func BenchmarkCompile(b *testing.B) {
	const n = 10_000
	for _, c := range []struct {
		name     string
		gradient bool
	}{{"forward", false}, {"gradient", true}} {
		b.Run("build/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				recurrence(n, c.gradient)
			}
		})
		b.Run("compile/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			out := recurrence(n, c.gradient)
			for b.Loop() {
				_, err := graph.Compile(out...)
				require.NoError(b, err)
			}
		})
		b.Run("both/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := graph.Compile(recurrence(n, c.gradient)...)
				require.NoError(b, err)
			}
		})
	}
}

// TestCompileBytes holds what building and compiling allocate for each node: a
// large graph costs little but the pages that it is the first to touch.
func TestCompileBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector, whose tests are short, pools forget at random")
	}
	const n, most = 10_000, 850
	for _, gradient := range []bool{false, true} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		out := recurrence(n, gradient)
		_, err := graph.Compile(out...)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		per := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(graph.Topo(out...)))
		t.Logf("%.0f bytes a node, gradient %v", per, gradient)
		assert.Less(t, per, float64(most), "bytes a node, gradient %v", gradient)
	}
}

// fresh is the variable that makes TestFresh a new process of BenchmarkFresh.
const fresh = "ADJOINT_TEST_FRESH"

// BenchmarkFresh measures building and compiling as one meets them: the first and
// the second time in a new process, which has to get its memory from the system.
func BenchmarkFresh(b *testing.B) {
	for _, name := range []string{"forward", "gradient"} {
		b.Run(name, func(b *testing.B) {
			best := [2]float64{1e9, 1e9}
			for b.Loop() {
				cmd := exec.Command(os.Args[0], "-test.run=^TestFresh$")
				cmd.Env = append(os.Environ(), fresh+"="+name)
				out, err := cmd.Output()
				require.NoError(b, err)
				var ms [2]float64
				_, err = fmt.Sscan(string(out), &ms[0], &ms[1])
				require.NoError(b, err)
				best[0], best[1] = min(best[0], ms[0]), min(best[1], ms[1])
			}
			b.ReportMetric(best[0], "ms/first")
			b.ReportMetric(best[1], "ms/second")
		})
	}
}

// TestFresh prints the milliseconds that building and compiling take, twice.
func TestFresh(t *testing.T) {
	name := os.Getenv(fresh)
	if name == "" {
		t.Skip("for BenchmarkFresh")
	}
	for range 2 {
		start := time.Now()
		_, err := graph.Compile(recurrence(10_000, name == "gradient")...)
		fmt.Println(float64(time.Since(start).Microseconds()) / 1e3)
		require.NoError(t, err)
	}
}
