package zoo_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
)

// The published sizes of ViT-B/16 and ViT-L/32.
func TestViTParameters(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 3, 224, 224)
	for want, v := range map[int]*zoo.ViT{
		86_567_656:  {Classes: 1000, Patch: 16, Layers: 12, Heads: 12, Width: 768},
		306_535_400: {Classes: 1000, Patch: 32, Layers: 24, Heads: 16, Width: 1024},
	} {
		y := v.Apply(x)
		require.NoError(t, y.Err())
		assert.Equal(t, "f32[batch 1000]", y.Type().String())
		assert.Equal(t, want, parameters(v))
	}
}

func TestPatches(t *testing.T) {
	const b, c, h, w, p = 2, 3, 4, 6, 2
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), c, h, w)
	y := zoo.Patches(x, p)
	require.NoError(t, y.Err())
	in := make([]float64, b*c*h*w)
	for i := range in {
		in[i] = float64(i)
	}
	got := infer(t, y, x.IsTensor(tensor(t, graph.Float64, in, b, c, h, w)))
	require.Equal(t, []int{b, h / p * w / p, p * p * c}, got.Shape)
	for i := range got.Len() {
		n, patch, at := i/(h*w*c), i/(p*p*c)%(h/p*w/p), i%(p*p*c)
		row, column := patch/(w/p)*p+at/c/p, patch%(w/p)*p+at/c%p
		assert.Equal(t, in[((n*c+at%c)*h+row)*w+column], got.At(i))
	}
	free := graph.Input("x", 1, 3, graph.Sym("n").Mul(4), 8)
	require.NoError(t, zoo.Patches(free, 4).Err())
	mistake(t, zoo.Patches(x, 4), "patches: squares of side 4 do not fill the images x f64[batch 3 4 6]: side must divide height and width")
	mistake(t, zoo.Patches(graph.Input("x", 3, 4), 2), "patches: side is 2 and the images x [3 4]: want")
	mistake(t, zoo.Patches(x, 0), "patches: side is 0")
}

// The class is told from its own vector, and every patch has its say.
func TestViT(t *testing.T) {
	small := func() *zoo.ViT { return &zoo.ViT{Classes: 3, Patch: 2, Layers: 1, Heads: 2, Width: 4} }
	v := small()
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 1, 4, 4)
	y := v.Apply(x)
	require.NoError(t, y.Err())
	nn.Init(v, 1)
	in := make([]float64, 2*16)
	for i := range in {
		in[i] = math.Sin(float64(i))
	}
	feed := x.IsTensor(tensor(t, graph.Float64, in, 2, 1, 4, 4))
	for i := range 6 {
		assert.Zero(t, infer(t, y, feed).At(i), "the last layer starts at 0")
	}
	v.Head.W.Init = nn.Normal(0, 1)
	nn.Init(v, 2)
	got := infer(t, y, feed)
	// the same from its parts
	words := ops.Add(ops.MatMul(zoo.Patches(x, 2), v.Embed.W.Node()), v.Embed.B.Node())
	class := ops.BroadcastTo(v.Class.Node(), graph.Of(graph.Sym("batch"), 1, 4))
	z := v.Blocks.Apply(ops.Add(ops.Concat(1, class, words), v.Positions.W.Node()))
	want := infer(t, v.Head.Apply(v.Norm.Apply(ops.Index(z, 1, 0))), feed)
	for i := range 6 {
		assert.InDelta(t, want.At(i), got.At(i), 1e-12)
	}
	for patch := range 4 { // each matters
		changed := append([]float64(nil), in...)
		changed[patch/2*8+patch%2*2]++
		out := infer(t, y, x.IsTensor(tensor(t, graph.Float64, changed, 2, 1, 4, 4)))
		assert.NotEqual(t, got.At(0), out.At(0))
		assert.Equal(t, got.At(3), out.At(3), "another image of the batch")
	}
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		v := small()
		v.Norm.Epsilon = 0.3
		y := v.Apply(x[0])
		v.Head.W.Init = nn.Normal(0, 1)
		nn.Init(v, 1)
		return y
	}, gradtest.Of(1, 1, 4, 2))
	mistake(t, (&zoo.ViT{}).Apply(x), "vit: Classes 0, Layers 0, Heads 0 and Width 0 must all be set")
	mistake(t, small().Apply(graph.Input("x", 1, 1, graph.Sym("h").Mul(2), 2)), "vit: height and width of x [1 1 2*h 2] must be known")
}
