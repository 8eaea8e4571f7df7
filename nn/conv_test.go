package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// Layers of both layouts, of any number of axes, must be the op with a bias.
func TestConvLayers(t *testing.T) {
	options := nn.Conv{Out: 4, Kernel: []int{3}, Stride: []int{2}, Pad: [][2]int{{1, 2}}, Groups: 2, Act: ops.Tanh}
	for axes := 1; axes <= 3; axes++ {
		dims, size := []graph.Dim{batchOf, 2}, 2*2
		for range axes {
			dims, size = append(dims, 5), size*5
		}
		shape := []int{2, 2, 5, 5, 5}[:axes+2]
		x := graph.InputOf(graph.Float64, "x", dims...)
		feed := x.IsTensor(of(t, graph.Float64, numbers(size, 7), shape...))
		for _, up := range []bool{false, true} {
			layer, same := layerOf(axes, up, options)
			y := layer.Apply(x)
			require.NoError(t, y.Err())
			nn.Init(layer, 1)
			set(t, same.B, 1, 2, 3, 4)
			w := same.W.Node() // [k... a b] to [b a k...]
			perm := []int{axes + 1, axes}
			for i := range axes {
				perm = append(perm, i)
			}
			w = ops.Transpose(w, perm...)
			o := ops.ConvOptions{Stride: options.Stride, Pad: options.Pad, Groups: 2}
			z := ops.Conv(x, w, o)
			if up {
				z = ops.ConvTranspose(x, w, o)
			}
			bias := []graph.Dim{4}
			for range axes {
				bias = append(bias, 1)
			}
			want := ops.Tanh(ops.Add(z, ops.Reshape(same.B.Node(), bias...)))
			assert.InDeltaSlice(t, infer(t, want, feed), infer(t, y, feed), 1e-13)

			last, sameLast := layerOf(axes, up, nn.Conv{Out: 4, Kernel: []int{3}, Stride: []int{2}, Pad: [][2]int{{1, 2}}, Groups: 2, Act: ops.Tanh, ChannelsLast: true})
			sameLast.W, sameLast.B = same.W, same.B
			moved := []int{0}
			for i := range axes {
				moved = append(moved, i+2)
			}
			v := last.Apply(ops.Transpose(x, append(moved, 1)...))
			back := []int{0, axes + 1}
			for i := range axes {
				back = append(back, i+1)
			}
			assert.Equal(t, infer(t, y, feed), infer(t, ops.Transpose(v, back...), feed))
		}
	}
}

// layerOf returns the layer for a number of spatial axes, and its fields.
func layerOf(axes int, up bool, c nn.Conv) (nn.Layer, *nn.Conv) {
	switch {
	case axes == 1 && up:
		l := nn.ConvTranspose1D(c)
		return &l, (*nn.Conv)(&l)
	case axes == 2 && up:
		l := nn.ConvTranspose2D(c)
		return &l, (*nn.Conv)(&l)
	case up:
		l := nn.ConvTranspose3D(c)
		return &l, (*nn.Conv)(&l)
	case axes == 1:
		l := nn.Conv1D(c)
		return &l, (*nn.Conv)(&l)
	case axes == 2:
		l := nn.Conv2D(c)
		return &l, (*nn.Conv)(&l)
	}
	l := nn.Conv3D(c)
	return &l, (*nn.Conv)(&l)
}

func TestConvLayerGradients(t *testing.T) {
	for _, make := range []func() nn.Layer{
		func() nn.Layer { return &nn.Conv{Out: 2, Kernel: []int{2}, Same: true} },
		func() nn.Layer { return &nn.ConvTranspose{Out: 2, Kernel: []int{3}, Stride: []int{2}} },
	} {
		gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
			l := make()
			y := l.Apply(x[0])
			nn.Init(l, 3)
			return y
		}, gradtest.Of(2, 3, 4))
	}
}

func TestConvLayerMistakes(t *testing.T) {
	x := graph.Input("x", batchOf, 3, 8, 8)
	for want, y := range map[string]*graph.Node{
		"conv1d: x [batch 3 8 8] does not have 1 spatial axes": (&nn.Conv1D{Out: 2, Kernel: []int{3}}).Apply(x),
		"conv: q [2 3] does not have 1 to 3 spatial axes":      (&nn.Conv{Out: 2, Kernel: []int{3}}).Apply(graph.Input("q", 2, 3)),
		"conv2d: Out is 0": (&nn.Conv2D{Kernel: []int{3}}).Apply(x),
		"conv2d: Kernel []: want a length for each of the 2":             (&nn.Conv2D{Out: 2}).Apply(x),
		"conv2d: Kernel [0]: a length is below 1":                        (&nn.Conv2D{Out: 2, Kernel: []int{0}}).Apply(x),
		"conv2d: 2 groups do not divide the 3 channels":                  (&nn.Conv2D{Out: 2, Kernel: []int{3}, Groups: 2}).Apply(x),
		"conv2d: the layer is nil: want &nn.Conv{Out: n, Kernel: []int{": (*nn.Conv2D)(nil).Apply(x),
		"convtranspose2d: Out is 0":                                      (&nn.ConvTranspose2D{Kernel: []int{3}}).Apply(x),
		"residual: the layer is nil":                                     (&nn.Residual{}).Apply(x),
		"set Shortcut to a layer that makes the same shape":              (&nn.Residual{Layer: &nn.Conv2D{Out: 2, Kernel: []int{1}}}).Apply(x),
		"parallel: layer 0 is nil":                                       nn.Parallel{nil}.Apply(x),
		"parallel: there are no layers":                                  nn.Parallel{}.Apply(x),
		"droppath: want floats [batch ...]":                              (&nn.DropPath{Rate: 0.5}).Apply(graph.Input("s")),
		"reshape: s [] is a scalar: want a batch":                        (&nn.Reshape{}).Apply(graph.Input("s")),
	} {
		if y != nil {
			assert.ErrorContains(t, y.Err(), want)
		}
	}
	layer := &nn.Conv2D{Out: 2, Kernel: []int{3}}
	layer.Apply(x)
	assert.ErrorContains(t, layer.Apply(graph.Input("x", batchOf, 4, 8, 8)).Err(), "needs weights f32[3 3 4 2], but the layer has W f32[3 3 3 2]: use another layer for another input")
}

func TestPoolLayers(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", batchOf, 1, 4, 4)
	v := make([]float64, 16)
	for i := range v {
		v[i] = float64(i * i % 17)
	}
	feed := x.IsTensor(of(t, graph.Float64, v, 1, 1, 4, 4))
	for name, c := range map[string]struct {
		layer nn.Layer
		want  *graph.Node
	}{
		"max":      {&nn.MaxPool{Window: []int{2}}, ops.MaxPool(x, []int{2})},
		"avg":      {&nn.AvgPool{Window: []int{3}, Stride: []int{1}, Pad: [][2]int{{1, 1}}, CountPad: true}, ops.AvgPool(x, []int{3}, ops.PoolOptions{Stride: []int{1}, Pad: [][2]int{{1, 1}}, CountPad: true})},
		"lp":       {&nn.LpPool{P: 3, Window: []int{2}}, ops.LpPool(x, 3, []int{2})},
		"global":   {&nn.GlobalPool{}, ops.Mean(x, 2, 3)},
		"largest":  {&nn.GlobalPool{Max: true}, ops.Max(x, 2, 3)},
		"adaptive": {&nn.AdaptivePool{Size: []int{3}}, ops.AdaptiveAvgPool(x, []int{3})},
		"up":       {&nn.Upsample{Scale: 2}, ops.Repeat(ops.Repeat(x, 2, 2), 2, 3)},
		"reshape":  {&nn.Reshape{Dims: []graph.Dim{2, -1}}, ops.Reshape(x, batchOf, 2, 8)},
		"parallel": {nn.Parallel{nn.Func(ops.Exp), nn.Func(ops.Neg), nn.Func(ops.Square)}, ops.Add(ops.Sub(ops.Exp(x), x), ops.Square(x))},
		"concat":   {&nn.Concat{Layers: []nn.Layer{nn.Func(ops.Exp), nn.Func(ops.Neg)}}, ops.Concat(1, ops.Exp(x), ops.Neg(x))},
		"residual": {&nn.Residual{Layer: nn.Func(ops.Square), Shortcut: nn.Func(ops.Neg), Act: ops.ReLU}, ops.ReLU(ops.Sub(ops.Square(x), x))},
	} {
		y := c.layer.Apply(x)
		require.NoError(t, y.Err(), name)
		assert.InDeltaSlice(t, infer(t, c.want, feed), infer(t, y, feed), 1e-12, name)
	}
}

// In training DropPath keeps or drops whole rows; elsewhere it does nothing.
func TestDropPath(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", batchOf, 3)
	layer := &nn.DropPath{Rate: 0.25}
	y := layer.Apply(x)
	nn.Init(layer, 1)
	const rows = 400
	v := make([]float64, rows*3)
	for i := range v {
		v[i] = 3
	}
	feed := x.IsTensor(of(t, graph.Float64, v, rows, 3))
	assert.Equal(t, v, infer(t, y, feed))
	w := &graph.Param{Label: "w", Type: graph.Type{DType: graph.Float64}, Init: nn.Ones}
	nn.Init(w, 1)
	step, err := optim.Minimize(ops.Mul(ops.Sum(y), w.Node()), []*graph.Param{w}, optim.SGD(0), y)
	require.NoError(t, err)
	out, err := step.Run(feed)
	require.NoError(t, err)
	kept := 0
	got := out[1].Float64s()
	for i := 0; i < len(got); i += 3 {
		assert.Equal(t, got[i], got[i+1])
		assert.Equal(t, got[i], got[i+2])
		if got[i] != 0 {
			assert.InDelta(t, 4, got[i], 1e-12)
			kept++
		}
	}
	assert.Less(t, math.Abs(float64(kept)-300), 40.)
}

// A network with channels first must move no more memory than the same one with
// channels last but for its borders.
func TestLayoutsCostTheSame(t *testing.T) {
	const size, c = 16, 8
	network := func(last bool) nn.Sequential {
		axis := 1
		if last {
			axis = -1
		}
		block := func(out int) nn.Layer {
			return nn.Sequential{
				&nn.Conv2D{Out: out, Kernel: []int{3}, Same: true, NoBias: true, ChannelsLast: last},
				&nn.BatchNorm{Axis: axis}, nn.Func(ops.ReLU),
			}
		}
		return nn.Sequential{block(c), &nn.Residual{Layer: block(c)}, &nn.MaxPool{Window: []int{2}, ChannelsLast: last}, block(2 * c),
			&nn.AvgPool{Window: []int{2}, ChannelsLast: last}, &nn.GlobalPool{ChannelsLast: last}, &nn.Dense{Out: 10}}
	}
	moved := map[bool]int{}
	for _, last := range []bool{false, true} {
		x := graph.Input("x", batchOf, 3, size, size)
		shape := []int{4, 3, size, size}
		if last {
			x, shape = graph.Input("x", batchOf, size, size, 3), []int{4, size, size, 3}
		}
		model := network(last)
		labels := graph.InputOf(graph.Int64, "labels", batchOf)
		loss := nn.CrossEntropy(model.Apply(x), labels)
		nn.Init(model, 1)
		step, err := optim.Minimize(loss, nn.Params(model), optim.SGD(0.1))
		require.NoError(t, err)
		stats, err := step.Stats(x.IsTensor(of(t, graph.Float32, make([]float64, 4*3*size*size), shape...)), labels.IsTensor(of(t, graph.Int64, []float64{0, 1, 2, 3}, 4)))
		require.NoError(t, err)
		moved[last] = stats.Moved
		t.Logf("last %v: %+v", last, stats)
	}
	border := 4 * 3 * size * size * 4 * 4 // the images, read and written once each way
	assert.LessOrEqual(t, moved[false], moved[true]+border, "channels first move %d bytes, channels last %d", moved[false], moved[true])
}
