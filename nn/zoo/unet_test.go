package zoo_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
)

func TestUNet(t *testing.T) {
	h, w := graph.Sym("h").Mul(16), graph.Sym("w").Mul(16)
	for _, c := range []struct {
		model    *zoo.UNet
		channels graph.Dim
		params   int
	}{
		{&zoo.UNet{Classes: 2}, 1, 31_030_658},
		{&zoo.UNet{Classes: 1}, 1, 31_030_593},
		{&zoo.UNet{Classes: 2, Norm: true}, 3, 31_037_698},
	} {
		y := c.model.Apply(graph.Input("x", graph.Sym("n"), c.channels, h, w))
		require.NoError(t, y.Err())
		assert.Equal(t, graph.Of(graph.Sym("n"), graph.Dim(c.model.Classes), h, w), y.Shape())
		assert.Equal(t, c.params, parameters(c.model))
	}
}

// One program labels images of any size, and gradients reach every parameter.
func TestUNetOfAnySize(t *testing.T) {
	h, w := graph.Sym("h").Mul(4), graph.Sym("w").Mul(4)
	x := graph.InputOf(graph.Float64, "x", 1, 2, h, w)
	model := &zoo.UNet{Classes: 3, Width: 3, Depth: 2, Norm: true}
	y := model.Apply(x)
	nn.Init(model, 1)
	var leaves []*graph.Node
	var names []string
	for _, p := range nn.Params(model) {
		if !p.Untrained {
			leaves, names = append(leaves, p.Node()), append(names, p.Label)
		}
	}
	p, err := graph.Compile(append(autodiff.Grad(ops.Sum(ops.Square(y)), leaves...), y)...)
	require.NoError(t, err)
	for _, size := range [][2]int{{4, 8}, {12, 4}} {
		v := make([]float64, 2*size[0]*size[1])
		for i := range v {
			v[i] = math.Sin(float64(i))
		}
		out, err := p.Eval(context.Background(), x.IsTensor(tensor(t, graph.Float64, v, 1, 2, size[0], size[1])))
		require.NoError(t, err)
		assert.Equal(t, []int{1, 3, size[0], size[1]}, out[len(leaves)].Shape)
		for i := range leaves {
			sum := 0.0
			for j := range out[i].Len() {
				sum += math.Abs(out[i].At(j))
			}
			assert.Positive(t, sum, names[i])
		}
	}
}

func TestUNetMistakes(t *testing.T) {
	n := graph.Sym("n")
	mistake(t, (&zoo.UNet{}).Apply(graph.Input("x", n, 1, 16, 16)), "unet: Classes 0, Width 0, Depth 0: want at least 1 class")
	mistake(t, (&zoo.UNet{Classes: 1}).Apply(graph.Input("x", n, 16, 16)), "unet: want images [n c h w], got x [n 16 16]")
	mistake(t, (&zoo.UNet{Classes: 1}).Apply(graph.Input("x", n, 1, 16, 40)),
		`unet: height and width of x [n 1 16 40] must be multiples of 16: pad it with ops.Pad, or write a symbol as graph.Sym("h").Mul(16)`)
	mistake(t, (&zoo.UNet{Classes: 1}).Apply(graph.Input("x", n, 1, graph.Sym("h"), 16)), "must be multiples of 16")
}
