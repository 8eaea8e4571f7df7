package main

import (
	"context"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestGradientsAgree holds the adjoint gradient against the direct one: what they differ
// by falls with the fourth power of the step, and only the direct one needs memory.
func TestGradientsAgree(t *testing.T) {
	c, err := compare(context.Background(), io.Discard, 16, 16, 3)
	require.NoError(t, err)
	require.Len(t, c.Off, 5)
	assert.Less(t, c.Off[0], 1e-4)
	assert.Less(t, c.Off[4], 1e-9)
	for i := 1; i < 5; i++ {
		assert.InDelta(t, 4, math.Log2(c.Off[i-1]/c.Off[i]), 0.5, "order")
		assert.Equal(t, c.Adjoint.Bytes[0], c.Adjoint.Bytes[i])
		assert.InDelta(t, 2, c.Direct.Bytes[i]/c.Direct.Bytes[i-1], 0.15)
	}
}

// TestDecay differentiates what is known: of dy/dt = -p·y from s the value at t is
// s·exp(-p·t), with the slope exp(-p·t) by s and -t·s·exp(-p·t) by p.
func TestDecay(t *testing.T) {
	g := grid{times: 3, inner: 8, step: 0.5}
	start, p := graph.Const(dense(1, 1, 2)), graph.Const(dense(1, 1, 0.7))
	decay := func(p *graph.Node) field {
		return func(s []*graph.Node) []*graph.Node { return []*graph.Node{ops.Neg(ops.Mul(p, s[0]))} }
	}
	ys := g.adjoint(decay(p), start, []*graph.Node{p})
	program, err := graph.Compile(append(autodiff.Grad(ops.Sum(ys), start, p), ys)...)
	require.NoError(t, err)
	out, err := program.Eval(context.Background())
	require.NoError(t, err)
	byStart, byP := 0.0, 0.0
	for i := range 3 {
		at := 0.5 * float64(i+1)
		e := math.Exp(-0.7 * at)
		assert.InDelta(t, 2*e, out[2].At(i), 1e-6)
		byStart, byP = byStart+e, byP-at*2*e
	}
	assert.InDelta(t, byStart, out[0].At(0), 1e-6)
	assert.InDelta(t, byP, out[1].At(0), 1e-6)

	fine := grid{times: 2, inner: 32, step: 0.25} // second order too
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		return fine.adjoint(decay(x[1]), x[0], x[1:])
	}, gradtest.Of(2, 1), gradtest.Of(1, 1).In(0.5, 1))
}

// TestAdaptive turns a point, whose place is known at all times.
func TestAdaptive(t *testing.T) {
	turn := func(s []*graph.Node) []*graph.Node {
		return []*graph.Node{ops.MatMul(s[0], graph.Const(dense(2, 2, 0, 1, -1, 0)))}
	}
	g := grid{times: 4, step: 1}
	last := 0
	for _, tolerance := range []float64{1e-4, 1e-7, 1e-10} {
		p, asked, err := solution(context.Background(), turn, g, tolerance)
		require.NoError(t, err)
		require.Len(t, p, 8)
		for i := range 4 {
			at := float64(i + 1)
			assert.InDelta(t, 1.2*math.Cos(at), p[2*i], 50*tolerance)
			assert.InDelta(t, 1.2*math.Sin(at), p[2*i+1], 50*tolerance)
		}
		assert.Greater(t, asked, last, "digits have their price")
		last = asked
	}
	explosion := func(s []*graph.Node) []*graph.Node { return []*graph.Node{ops.Square(s[0])} } // infinite before 1
	p, _, err := solution(context.Background(), explosion, grid{times: 1, step: 1}, 1e-6)
	require.NoError(t, err)
	assert.True(t, math.IsNaN(p[0]), "gives up: %v", p)
}

func TestPieces(t *testing.T) {
	start, next := path{0, 1, 2, 3, 4, 5, 6, 7}.pieces(2)
	assert.Equal(t, []float64{0, 1, 2, 3}, start.Float64s())
	assert.Equal(t, []float64{2, 3, 4, 5, 4, 5, 6, 7}, next.Float64s())
}
