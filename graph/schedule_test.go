package graph_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A schedule tells what was fused, and no two buffers hold the same bytes at the
// same time.
func TestSchedule(t *testing.T) {
	b := graph.Sym("b")
	x, w := graph.Input("x", b, 64), graph.Input("w", 64, 64)
	y := x
	for range 6 {
		y = ops.Tanh(ops.Add(ops.Softmax(ops.MatMul(y, w), -1), graph.Scalar(1)))
	}
	p := compile(t, y)
	feeds := []graph.Feed{x.Is(ones(40, 64)), w.Is(ones(64, 64))}
	s, err := p.Schedule(feeds...)
	require.NoError(t, err)
	stats, err := p.Stats(feeds...)
	require.NoError(t, err)
	assert.Len(t, s.Instructions, stats.Instructions)
	assert.Equal(t, stats.Bytes, s.Bytes)
	computed, most := map[*graph.Node]bool{}, 0
	for _, i := range s.Instructions {
		most = max(most, len(i.Nodes))
		for _, n := range i.Nodes {
			computed[n] = true
		}
	}
	assert.Greater(t, most, 4, "softmax, sum and tanh are fused")
	assert.True(t, computed[p.Nodes()[p.Len()-1]], "the result is computed")
	total, inPlace := 0, 0
	for i, a := range s.Memory {
		total += a.Size
		assert.LessOrEqual(t, a.First, a.Last)
		for _, c := range s.Memory[:i] {
			sameTime := a.First <= c.Last && c.First <= a.Last
			sameBytes := a.At < c.At+c.Size && c.At < a.At+a.Size
			over := a.At == c.At && a.Size == c.Size && (a.First == c.Last || c.First == a.Last)
			assert.False(t, sameTime && sameBytes && !over, "%v and %v", a, c)
			if sameTime && sameBytes {
				inPlace++
			}
		}
	}
	assert.Greater(t, total, s.Bytes, "bytes are used again")
	assert.Positive(t, inPlace, "a pass writes over the product that it follows")
	_, err = p.Schedule()
	assert.ErrorContains(t, err, "x f32[b 64] is not fed")
}

// TestMaskIsAskedOfTheResult checks that the gradient of relu reads what relu gave,
// where what it was given is needed for nothing else, and else computes that again.
func TestMaskIsAskedOfTheResult(t *testing.T) {
	x, w, b := graph.Input("x", 40, 64), graph.Input("w", 64, 64), graph.Input("b", 64)
	backward := func(h *graph.Node) (names []string) { // what is computed with the mask, for a layer under another one
		p := compile(t, autodiff.Grad(ops.Sum(ops.Square(ops.MatMul(h, w))), x, w, b)...)
		s, err := p.Schedule()
		require.NoError(t, err)
		for _, i := range s.Instructions {
			var list []string
			for _, n := range i.Nodes {
				list = append(list, n.Op().Name())
			}
			if slices.Contains(list, "where") {
				names = append(names, list...)
			}
		}
		return names
	}
	z := ops.MatMul(x, w)
	assert.NotContains(t, backward(ops.ReLU(ops.Add(z, b))), "add")
	assert.Contains(t, backward(ops.Mul(ops.ReLU(ops.Add(z, b)), ops.Tanh(z))), "add", "z is read by more")
}
