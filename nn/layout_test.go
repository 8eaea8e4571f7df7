package nn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// layoutNet is a network with most of what there is between convolutions.
func layoutNet(last bool) nn.Layer {
	axis := 1
	if last {
		axis = -1
	}
	conv := func(out, stride int) nn.Layer {
		return nn.Sequential{
			&nn.Conv2D{Out: out, Kernel: []int{3}, Same: true, NoBias: stride > 1, Stride: []int{stride}, ChannelsLast: last},
			&nn.BatchNorm{Axis: axis}, nn.Func(ops.ReLU),
		}
	}
	return nn.Sequential{
		conv(8, 1),
		&nn.Residual{Layer: nn.Sequential{conv(8, 1), conv(8, 1)}, Act: ops.SiLU},
		&nn.MaxPool{Window: []int{2}, ChannelsLast: last},
		&nn.Concat{Layers: []nn.Layer{conv(8, 1), conv(8, 1)}, Axis: axis},
		&nn.AvgPool{Window: []int{2}, ChannelsLast: last},
		conv(16, 2),
		&nn.GlobalPool{ChannelsLast: last}, &nn.Dense{Out: 10},
	}
}

// A network written with channels first does what the same network with channels
// last does, and converts its images once.
func TestNetworksConvertOnce(t *testing.T) {
	stats := func(last bool) (infer, train graph.Stats) {
		dims := []graph.Dim{4, 3, 32, 32}
		if last {
			dims = []graph.Dim{4, 32, 32, 3}
		}
		x, y := graph.Input("x", dims...), graph.InputOf(graph.Int64, "y", 4)
		model := layoutNet(last)
		out := model.Apply(x)
		nn.Init(model, 1)
		program, err := graph.Compile(out)
		require.NoError(t, err)
		infer, err = program.Stats()
		require.NoError(t, err)
		program, err = optim.Minimize(nn.CrossEntropy(out, y), nn.Params(model), optim.SGD(0.1))
		require.NoError(t, err)
		train, err = program.Stats()
		require.NoError(t, err)
		return infer, train
	}
	inferLast, trainLast := stats(true)
	inferFirst, trainFirst := stats(false)
	images := 4 * 4 * 3 * 32 * 32
	assert.Equal(t, inferLast.Instructions+1, inferFirst.Instructions)
	assert.Equal(t, trainLast.Instructions+1, trainFirst.Instructions)
	assert.Equal(t, inferLast.Moved+2*images, inferFirst.Moved)
	assert.Equal(t, trainLast.Moved+2*images, trainFirst.Moved)
}
