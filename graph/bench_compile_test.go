package graph_test

import (
	"testing"

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
