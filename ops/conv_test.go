package ops_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestConvOfRandomShapes compares with the sum over all indices, and the
// transpose with the adjoint.
func TestConvOfRandomShapes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 3))
	for range 100 {
		groups, per, outs := 1+rnd.IntN(3), 1+rnd.IntN(3), 1+rnd.IntN(3)
		var in, k, stride, dilation [2]int
		var pad [][2]int
		for a := range 2 {
			k[a], stride[a], dilation[a] = 1+rnd.IntN(3), 1+rnd.IntN(3), 1+rnd.IntN(2)
			pad = append(pad, [2]int{rnd.IntN(4) - 1, rnd.IntN(4) - 1})
			in[a] = max(1, dilation[a]*(k[a]-1)+1-pad[a][0]-pad[a][1]) + rnd.IntN(5)
		}
		x, xs := drawn(rnd, 2, in[0], in[1], groups*per)
		w, ws := drawn(rnd, k[0], k[1], per, groups*outs)
		o := ops.ConvOptions{ChannelsLast: true, Stride: stride[:], Dilation: dilation[:], Pad: pad, Groups: groups}
		y := ops.Conv(x, w, o)
		require.NoError(t, y.Err())
		shape, _ := y.Shape().Literal()
		for a := range 2 {
			require.Equal(t, (in[a]+pad[a][0]+pad[a][1]-dilation[a]*(k[a]-1)-1)/stride[a]+1, shape[a+1])
		}
		want := make([]float64, product(shape))
		for i := range want {
			c, place := i%shape[3], i/shape[3]
			for j := range ws.v[:len(ws.v)/shape[3]] {
				h := place/shape[2]%shape[1]*stride[0] + j/per/k[1]*dilation[0] - pad[0][0]
				v := place%shape[2]*stride[1] + j/per%k[1]*dilation[1] - pad[1][0]
				if h >= 0 && h < in[0] && v >= 0 && v < in[1] {
					from := ((place/shape[2]/shape[1]*in[0]+h)*in[1]+v)*groups*per + c/outs*per + j%per
					want[i] += xs.v[from] * ws.v[j*shape[3]+c]
				}
			}
		}
		same(t, want, eval(t, y), 1e-12, o, "seed", seed)
		same(t, want, eval(t, ops.Conv(ops.Convert(x, graph.Float32), ops.Convert(w, graph.Float32), o)), 1e-5, o, "seed", seed)

		for a := range 2 { // of the padding behind, what the last window does not reach is not there
			pad[a][1] -= (in[a] + pad[a][0] + pad[a][1] - dilation[a]*(k[a]-1) - 1) % stride[a]
		}
		back := ops.ConvTranspose(y, w, o)
		require.Equal(t, x.Shape(), back.Shape())
		products := eval(t, ops.Sum(ops.Mul(x, back)))
		same(t, eval(t, ops.Sum(ops.Square(y))), products, 1e-12, o, "seed", seed)
	}
}

func TestConvOfTheSameSize(t *testing.T) {
	for n := 1; n < 8; n++ {
		for k := 1; k < 5; k++ {
			for s := 1; s < 4; s++ {
				x, w := graph.Input("x", 2, graph.Dim(n), 1), graph.Input("w", graph.Dim(k), 1, 1)
				o := ops.ConvOptions{ChannelsLast: true, Same: true, Stride: []int{s}}
				assert.Equal(t, graph.Of(2, graph.Dim((n+s-1)/s), 1), ops.Conv(x, w, o).Shape())
				assert.Equal(t, graph.Of(2, graph.Dim(n*s), 1), ops.ConvTranspose(x, w, o).Shape())
			}
		}
	}
	ones := func(n int) *node { return ops.BroadcastTo(graph.Scalar(1), graph.Of(1, graph.Dim(n), 1)) }
	assert.Equal(t, []float64{3, 2}, eval(t, ops.Conv(ones(4), ops.Reshape(ones(3), 3, 1, 1), ops.ConvOptions{ChannelsLast: true, Same: true, Stride: []int{2}})),
		"what must be odd is padded behind")
	height, width := graph.Sym("height"), graph.Sym("width")
	x := graph.Input("x", graph.Sym("batch"), height, width, 3)
	assert.Equal(t, x.Shape().With(-1, 8), ops.Conv(x, graph.Input("w", 3, 5, 3, 8), ops.ConvOptions{ChannelsLast: true, Same: true}).Shape())
	y := ops.Conv(x, graph.Input("w", 3, 3, 3, 8), ops.ConvOptions{ChannelsLast: true, Stride: []int{2}, Pad: [][2]int{{1, 1}}})
	assert.Equal(t, "[batch (height+1)/2 (width+1)/2 8]", y.Shape().String())
}

func TestConvMistakes(t *testing.T) {
	batch := graph.Sym("batch")
	x, w := graph.Input("x", batch, 28, 28, 1), graph.Input("w", 5, 5, 1, 32)
	with := func(o ops.ConvOptions) *node { return ops.Conv(x, w, o) }
	for _, c := range []struct {
		got  *node
		want string
	}{
		{ops.Conv(graph.Input("x", batch, 28, 28, 3), w, ops.ConvOptions{ChannelsLast: true}), "conv: x [batch 28 28 3] has 3 channels, but w [5 5 1 32] is for 1: axis -2 of the weights must have 3"},
		{ops.Conv(graph.Input("x", batch, 1, 28, 28), w, ops.ConvOptions{ChannelsLast: true}), "has 28 channels, but w [5 5 1 32] is for 1: channels are the last axis, as ChannelsLast says"},
		{ops.Conv(graph.Input("x", batch, 28, 28, 4), w, ops.ConvOptions{ChannelsLast: true, Groups: 2}), "is for 2: axis -2 of the weights must have 4 / 2 groups"},
		{ops.Conv(x, graph.Input("w", 5, 5, 32), ops.ConvOptions{ChannelsLast: true}), "conv: the images x [batch 28 28 1] want weights of rank 4, a window for each spatial axis and both kinds of channels, got w [5 5 32]"},
		{ops.Conv(graph.Input("x", batch, 784), w, ops.ConvOptions{ChannelsLast: true}), "conv: x [batch 784] is no batch of images: want [n w c], [n h w c] or [n d h w c]"},
		{ops.Conv(x, graph.InputOf(graph.Float64, "w", 5, 5, 1, 32), ops.ConvOptions{ChannelsLast: true}), "want floats of one dtype"},
		{ops.Conv(x, graph.Input("w", 31, 5, 1, 32), ops.ConvOptions{ChannelsLast: true, Pad: [][2]int{{1, 0}}}),
			"conv: a window of 31, dilated by 1, does not fit into axis 1 of x [batch 28 28 1], padded by 1 and 0"},
		{ops.Conv(graph.Input("x", batch, 8, 4), graph.Input("w", 3, 2, 3), ops.ConvOptions{ChannelsLast: true, Groups: 2}), "the 3 channels that w [3 2 3] makes cannot be divided among 2 groups"},
		{with(ops.ConvOptions{ChannelsLast: true, Stride: []int{0}}), "conv: stride 0 is below 1"},
		{with(ops.ConvOptions{ChannelsLast: true, Dilation: []int{1, 2, 3}}), "dilation [1 2 3] has 3 numbers: want one for each of the 2 spatial axes, or one for all"},
		{with(ops.ConvOptions{ChannelsLast: true, Pad: [][2]int{{1, 1}, {1, 1}, {1, 1}}}), "pad [[1 1] [1 1] [1 1]] has 3 pairs"},
		{with(ops.ConvOptions{ChannelsLast: true, Pad: [][2]int{{1, 1}}, Same: true}), "want Same or Pad, not both"},
		{with(ops.ConvOptions{ChannelsLast: true, Groups: -1}), "groups -1 is below 0"},
		{ops.Conv(x, w, ops.ConvOptions{ChannelsLast: true}, ops.ConvOptions{ChannelsLast: true}), "want at most one ConvOptions"},
		{ops.Conv(graph.Input("x", 1, batch, 1), graph.Input("w", 3, 1, 1), ops.ConvOptions{ChannelsLast: true, Same: true, Stride: []int{2}}),
			"padding for the same size of axis 1 needs known lengths: give Pad instead"},
		{ops.ConvTranspose(x, w, ops.ConvOptions{ChannelsLast: true}), "convtranspose: x [batch 28 28 1] has 1 channels, but w [5 5 1 32] is for 32: the last axis of the weights must have 1"},
		{ops.ConvTranspose(graph.Input("x", batch, 32, 28, 28), w, ops.ConvOptions{ChannelsLast: true}), "channels are the last axis, as ChannelsLast says"},
		{ops.ConvTranspose(graph.Input("x", batch, 1, 1, 32), w, ops.ConvOptions{ChannelsLast: true, Pad: [][2]int{{3, 3}}}), "convtranspose: nothing is left of axis 1 when 3 and 3 are cut"},
		{ops.ConvTranspose(graph.Input("x", batch, 8, 4), graph.Input("w", batch, 2, 4), ops.ConvOptions{ChannelsLast: true, Same: true}), "needs a known length of axis 0 of w [batch 2 4]"},
		{ops.ConvTranspose(graph.Input("x", batch, 8, 3), graph.Input("w", 3, 1, 3), ops.ConvOptions{ChannelsLast: true, Groups: 2}), "the 3 channels that"},
	} {
		fails(t, c.got, c.want)
	}
}

func TestConvFlops(t *testing.T) {
	x, w := graph.Input("x", 8, 56, 56, 64), graph.Input("w", 3, 3, 16, 128)
	y := ops.Conv(x, w, ops.ConvOptions{ChannelsLast: true, Same: true, Groups: 4})
	assert.Equal(t, graph.Dim(2*8*56*56*9*16*128), graph.Flops(y))
	assert.Equal(t, graph.Flops(y), graph.Flops(ops.ConvTranspose(y, w, ops.ConvOptions{ChannelsLast: true, Same: true, Groups: 4})))
}
