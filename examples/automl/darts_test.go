package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestSecondOrder compares with the derivative by hand, of losses (wα-1)²/2 and
// (wα-2)²/2. A network with kinks has no differences to compare with: the virtual step
// jumps where a gradient does.
func TestSecondOrder(t *testing.T) {
	const w0, a0, step = 0.7, 1.3, 0.25
	number := func(label string, v float64) *graph.Param {
		p := &graph.Param{Label: label, Type: graph.Type{DType: graph.Float64}}
		require.NoError(t, p.Reset(nil))
		p.Value.Set(0, v)
		return p
	}
	w, a := number("w", w0), number("a", a0)
	loss := func(y float64) *graph.Node {
		return ops.Scale(ops.Square(ops.Sub(ops.Mul(w.Node(), a.Node()), graph.ScalarOf(graph.Float64, y))), 0.5)
	}
	after := w0 - step*a0*(w0*a0-1)
	miss := after*a0 - 2
	for _, first := range []bool{false, true} {
		y := virtual(loss(1), loss(2), []*graph.Param{w}, options{step: step, first: first})
		p, err := graph.Compile(y, autodiff.Grad(y, a.Node())[0])
		require.NoError(t, err)
		out, err := p.Run()
		require.NoError(t, err)
		assert.InDelta(t, miss*miss/2, out[0].Data(), 1e-12)
		want := miss * (after + a0*-step*(2*w0*a0-1))
		if first {
			want = miss * after
		}
		assert.InDelta(t, want, out[1].Data(), 1e-12, "first order: %v", first)
	}
}

// TestSearchUsesIt lets both kinds of gradients move α once: they must differ.
func TestSearchUsesIt(t *testing.T) {
	set := data.Digits(32, 3)
	var alphas [][]float32
	for _, first := range []bool{false, true} {
		r, err := relax(options{channels: 3, rate: 0.1, alpha: 0.1, step: 0.1, first: first}, 1)
		require.NoError(t, err)
		x, y := set.Rows(0, 16).Column(0), set.Rows(0, 16).Column(1)
		xv, yv := set.Rows(16, 32).Column(0), set.Rows(16, 32).Column(1)
		grad, err := graph.Compile(autodiff.Grad(r.after, r.alpha.Node())...)
		require.NoError(t, err)
		out, err := grad.Run(r.x.Is(x), r.y.Is(y), r.xv.Is(xv), r.yv.Is(yv))
		require.NoError(t, err)
		alphas = append(alphas, out[0].Float32s())
		before := r.alpha.Value.Float32s()[7]
		_, err = r.designs.Run(r.x.Is(x), r.y.Is(y), r.xv.Is(xv), r.yv.Is(yv))
		require.NoError(t, err)
		assert.NotEqual(t, before, r.alpha.Value.Float32s()[7], "α moves")
	}
	part, size := 0.0, 0.0
	for i, v := range alphas[0] {
		d := float64(v - alphas[1][i])
		part, size = part+d*d, size+float64(v)*float64(v)
	}
	t.Logf("the second order is %.2f of the squared gradient", part/size)
	assert.Greater(t, part, 0.01*size)
}

func TestChosen(t *testing.T) {
	shares := []float32{
		0.9, 0.01, 0.02, 0.04, 0.03, // none does not count
		0, 0.5, 0.2, 0.2, 0.1,
		0, 0, 0.6, 0.4, 0,
	}
	assert.Equal(t, cellOf("conv3", "skip", "pool"), chosen(shares))
}
