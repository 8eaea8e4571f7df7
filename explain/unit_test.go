package explain_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// pick returns one element of each row of a [batch c h w].
func pick(a *graph.Node, c, i, j int) *graph.Node {
	return ops.Index(ops.Index(ops.Index(a, 1, c), 1, i), 1, j)
}

// TestProducts takes a unit of the first convolution apart: its weights are the
// parameter's, at the pixels that it looks at, and its products add up to what the
// engine computes.
func TestProducts(t *testing.T) {
	const channel, row, column = 3, 4, 6
	r := trained(t)
	conv := r.model[0].(*nn.Conv2D)
	before := (&nn.Conv2D{Out: conv.Out, Kernel: conv.Kernel, Stride: conv.Stride, W: conv.W, B: conv.B}).Apply(ops.Expand(r.x, 1))
	unit := pick(before, channel, row, column)
	weight, product, rest := explain.Products(unit, r.x)
	got := run(t, r.feeds(1), weight, product, rest, unit, r.x, conv.W.Node(), conv.B.Node())
	sum := got[2][0]
	for _, p := range got[1] {
		sum += p
	}
	assert.InDelta(t, got[3][0], sum, 1e-5)
	assert.InDelta(t, got[6][channel], got[2][0], 1e-5, "what is left is the bias")
	for i := range 28 {
		for j := range 28 {
			want, ki, kj := 0.0, i-2*row, j-2*column
			if ki >= 0 && ki < 5 && kj >= 0 && kj < 5 {
				want = got[5][(ki*5+kj)*8+channel]
			}
			require.InDelta(t, want, got[0][i*28+j], 1e-6, "pixel %d %d", i, j)
			require.InDelta(t, want*got[4][i*28+j], got[1][i*28+j], 1e-6)
		}
	}
}

// TestProductsDeep: with ReLU and max pooling, a network is a linear function near
// each input, and the rest does not change on the way to a point nearby.
func TestProductsDeep(t *testing.T) {
	r := trained(t)
	unit := explain.Class(r.logits, r.label)
	_, product, rest := explain.Products(unit, r.x)
	nearby := ops.Scale(r.x, 1+1e-3)
	_, _, there := explain.Products(graph.Rewrite([]*graph.Node{unit}, map[*graph.Node]*graph.Node{r.x: nearby})[0], nearby)
	got := run(t, r.feeds(5), ops.Add(ops.Sum(product, 1, 2), rest), unit, rest, there)
	assert.InDeltaSlice(t, got[1], got[0], 1e-4)
	assert.InDeltaSlice(t, got[2], got[3], 0.05)
}

// TestField compares receptive fields with those that are known from the sizes of
// the windows: through a stride, a dilation, padding, and pooling.
func TestField(t *testing.T) {
	batch := graph.Sym("batch")
	for name, c := range map[string]struct {
		model        nn.Sequential
		i, j         int
		top, left    int // of the field
		height, wide int
	}{
		"conv":      {nn.Sequential{&nn.Conv2D{Out: 2, Kernel: []int{3}}}, 2, 4, 2, 4, 3, 3},
		"same":      {nn.Sequential{&nn.Conv2D{Out: 2, Kernel: []int{3}, Same: true}}, 0, 9, 0, 8, 2, 2},
		"two":       {nn.Sequential{&nn.Conv2D{Out: 2, Kernel: []int{3}, Act: ops.ReLU}, &nn.Conv2D{Out: 2, Kernel: []int{3, 2}}}, 1, 1, 1, 1, 5, 4},
		"stride":    {nn.Sequential{&nn.Conv2D{Out: 2, Kernel: []int{3}, Stride: []int{2}, Act: ops.ReLU}, &nn.Conv2D{Out: 2, Kernel: []int{2}}}, 1, 0, 2, 0, 5, 5},
		"pool":      {nn.Sequential{&nn.Conv2D{Out: 2, Kernel: []int{3}, Act: ops.ReLU}, &nn.MaxPool{Window: []int{2}}}, 1, 2, 2, 4, 4, 4},
		"batchnorm": {nn.Sequential{&nn.Conv2D{Out: 2, Kernel: []int{3}}, &nn.BatchNorm{}}, 0, 0, 0, 0, 3, 3},
	} {
		x := graph.Input("x", batch, 1, 10, 10)
		y := c.model.Apply(x)
		nn.Init(c.model, 1)
		r := rand.New(rand.NewPCG(1, 1))
		image := make([]float64, 100)
		for i := range image {
			image[i] = r.Float64()
		}
		got := run(t, []graph.Feed{of(t, x, image, 1, 1, 10, 10)}, explain.Field(pick(y, 1, c.i, c.j), x))[0]
		want := make([]float64, 100)
		for i := c.top; i < c.top+c.height; i++ {
			for j := c.left; j < c.left+c.wide; j++ {
				want[i*10+j] = 1
			}
		}
		assert.Equal(t, want, got, name)
	}
	// A dilation leaves holes.
	x := graph.Input("x", batch, 1, 5, 5)
	conv := nn.Sequential{&nn.Conv2D{Out: 1, Kernel: []int{3}, Dilation: []int{2}}}
	y := conv.Apply(x)
	nn.Init(conv, 1)
	got := run(t, []graph.Feed{of(t, x, make([]float64, 25), 1, 1, 5, 5)}, explain.Field(pick(y, 0, 0, 0), x))[0]
	assert.Equal(t, []float64{1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1}, got)
}
