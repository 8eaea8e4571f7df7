package ops_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestPoolsOfRandomShapes compares with a look at each window, with elements of
// few values, so that many are equal.
func TestPoolsOfRandomShapes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 4))
	for range 100 {
		n, k, s, d := 1+rnd.IntN(12), 1+rnd.IntN(4), 1+rnd.IntN(3), 1+rnd.IntN(2)
		low, high := rnd.IntN(3), rnd.IntN(3)
		if n+low+high < d*(k-1)+1 {
			continue
		}
		x := make([]float64, 2*n)
		for i := range x {
			x[i] = float64(rnd.IntN(4))
		}
		o := ops.PoolOptions{ChannelsLast: true, Stride: []int{s}, Dilation: []int{d}, Pad: [][2]int{{low, high}}, CountPad: rnd.IntN(2) == 0}
		var largest, mean []float64
		slope := make([]float64, len(x))
		for i := 0; i+d*(k-1) < low+n+high; i += s {
			for c := range 2 {
				best, sum, count := -1, 0.0, 0
				for j := i - low; j <= i-low+d*(k-1); j += d {
					if j >= 0 && j < n {
						sum += x[2*j+c]
						if best < 0 || x[2*j+c] > x[2*best+c] {
							best = j
						}
					}
					if o.CountPad || j >= 0 && j < n {
						count++
					}
				}
				mean = append(mean, sum/float64(max(1, count)))
				if best < 0 {
					largest = append(largest, math.Inf(-1))
					continue
				}
				largest = append(largest, x[2*best+c])
				slope[2*best+c]++
			}
		}
		in := graph.ConstOf(x, 1, n, 2)
		y := ops.MaxPool(in, []int{k}, o)
		same(t, largest, eval(t, y), 0, n, k, o, "seed", seed)
		same(t, slope, slopes(t, y, in), 0, n, k, o, "seed", seed)
		same(t, mean, eval(t, ops.AvgPool(in, []int{k}, o)), 1e-14, n, k, o, "seed", seed)
	}
}

func TestMaxPoolOfNaN(t *testing.T) {
	x := graph.ConstOf([]float64{1, nan, 3, nan, 2, 5}, 1, 6, 1)
	y := ops.MaxPool(x, []int{5}, ops.PoolOptions{ChannelsLast: true, Stride: []int{1}})
	same(t, []float64{nan, nan}, eval(t, y), 0)
	assert.Equal(t, []float64{0, 0, 0, 2, 0, 0}, slopes(t, y, x), "the last NaN gets the gradient")
	low := graph.ConstOf([]float64{-inf, -inf}, 1, 2, 1)
	assert.Equal(t, []float64{1, 0}, slopes(t, ops.MaxPool(low, []int{2}, ops.PoolOptions{ChannelsLast: true}), low), "-Inf is chosen before padding")
}

// TestSecondDerivativeOfMaxPool: the gradient of Σ max³ at the largest is
// 3·max², its own 6·max.
func TestSecondDerivativeOfMaxPool(t *testing.T) {
	x := graph.ConstOf([]float64{1, 3, 2, 4, 5, 2}, 1, 6, 1)
	y := ops.Sum(ops.Pow(ops.MaxPool(x, []int{2}, ops.PoolOptions{ChannelsLast: true}), graph.Scalar(3)))
	one := ops.BroadcastTo(graph.ScalarOf(graph.Float64, 1), x.Shape())
	h := eval(t, autodiff.HVP(y, []*node{x}, []*node{one})[0])
	assert.Equal(t, []float64{0, 18, 0, 24, 30, 0}, h)
}

func TestPoolShapes(t *testing.T) {
	batch, height := graph.Sym("batch"), graph.Sym("height")
	x := graph.Input("x", batch, height, 9, 3)
	assert.Equal(t, "[batch height/2 4 3]", ops.MaxPool(x, []int{2}, ops.PoolOptions{ChannelsLast: true}).Shape().String())
	y := ops.AvgPool(x, []int{3, 2}, ops.PoolOptions{ChannelsLast: true, Stride: []int{1, 2}, Pad: [][2]int{{1, 1}, {0, 1}}})
	assert.Equal(t, "[batch height 5 3]", y.Shape().String())
	wide := graph.Input("wide", 1, 9, 3)
	for _, c := range []struct {
		o    ops.PoolOptions
		want graph.Dim
	}{
		{ops.PoolOptions{ChannelsLast: true}, 2}, {ops.PoolOptions{ChannelsLast: true, Ceil: true}, 3}, {ops.PoolOptions{ChannelsLast: true, Same: true}, 3}, {ops.PoolOptions{ChannelsLast: true, Ceil: true, Stride: []int{5}}, 2},
		{ops.PoolOptions{ChannelsLast: true, Ceil: true, Stride: []int{9}}, 1}, // a window that would begin behind the image
		{ops.PoolOptions{ChannelsLast: true, Ceil: true, Stride: []int{5}, Pad: [][2]int{{1, 2}}}, 2},
	} {
		assert.Equal(t, c.want, ops.MaxPool(wide, []int{4}, c.o).Shape().Dim(1), "%+v", c.o)
	}
	require.NoError(t, ops.MaxPool(graph.Input("short", 1, 2, 3), []int{4}, ops.PoolOptions{ChannelsLast: true, Ceil: true}).Err())
}

func TestPoolMistakes(t *testing.T) {
	batch := graph.Sym("batch")
	x := graph.Input("x", batch, 28, 28, 1)
	fails(t, ops.MaxPool(graph.Input("x", batch, 784), []int{2}, ops.PoolOptions{ChannelsLast: true}), "maxpool: x [batch 784] is no batch of images: want [n w c], [n h w c] or [n d h w c]")
	fails(t, ops.MaxPool(x, nil, ops.PoolOptions{ChannelsLast: true}), "maxpool: want the lengths of the window")
	fails(t, ops.MaxPool(x, []int{2, 2, 2}, ops.PoolOptions{ChannelsLast: true}), "window [2 2 2] has 3 numbers: want one for each of the 2 spatial axes, or one for all")
	fails(t, ops.AvgPool(x, []int{2, 0}, ops.PoolOptions{ChannelsLast: true}), "avgpool: window 0 is below 1")
	fails(t, ops.AvgPool(x, []int{29}, ops.PoolOptions{ChannelsLast: true}), "avgpool: a window of 29, dilated by 1, does not fit into axis 1 of x [batch 28 28 1], padded by 0 and 0")
	fails(t, ops.AvgPool(ops.Convert(x, graph.Int32), []int{2}, ops.PoolOptions{ChannelsLast: true}), "want floats")
	fails(t, ops.MaxPool(x, []int{2}, ops.PoolOptions{ChannelsLast: true, Same: true, Pad: [][2]int{{1, 1}}}), "want Same or Pad, not both")
	fails(t, ops.MaxPool(x, []int{2}, ops.PoolOptions{ChannelsLast: true}, ops.PoolOptions{ChannelsLast: true}), "want at most one PoolOptions")
	long := graph.Input("long", 1, batch, 1)
	fails(t, ops.MaxPool(long, []int{2}, ops.PoolOptions{ChannelsLast: true, Ceil: true}), "Ceil needs a known length of axis 1 of long [1 batch 1]: give Pad instead")
	fails(t, ops.MaxPool(long, []int{2}, ops.PoolOptions{ChannelsLast: true, Same: true}), "padding for the same size of axis 1 needs known lengths: give Pad instead")
}
