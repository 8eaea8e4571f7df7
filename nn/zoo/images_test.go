package zoo_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// The numbers are those of the papers where they have them to the last digit, else
// those of the models that torchvision publishes.
func TestParametersOfImageModels(t *testing.T) {
	n := graph.Sym("n")
	for _, c := range []struct {
		name           string
		model          nn.Layer
		channels, size graph.Dim
		classes        graph.Dim
		want           int
	}{
		{"lenet", &zoo.LeNet{Classes: 10}, 1, 28, 10, 61_706},
		{"resnet 20", &zoo.ResNet{Classes: 10}, 3, 32, 10, 269_722},
		{"resnet 56", &zoo.ResNet{Classes: 10, Layers: 56}, 3, 32, 10, 853_018},
		{"resnet 18", &zoo.ResNet{Classes: 1000, Layers: 18}, 3, 224, 1000, 11_689_512},
		{"resnet 34", &zoo.ResNet{Classes: 1000, Layers: 34}, 3, 224, 1000, 21_797_672},
		{"resnet 50", &zoo.ResNet{Classes: 1000, Layers: 50}, 3, 224, 1000, 25_557_032},
		{"resnet 152", &zoo.ResNet{Classes: 1000, Layers: 152}, 3, 224, 1000, 60_192_808},
		{"mobilenet", &zoo.MobileNet{Classes: 1000}, 3, 224, 1000, 3_504_872},
		{"mobilenet half", &zoo.MobileNet{Classes: 1000, Width: 0.5}, 3, 224, 1000, 1_968_680},
		{"vgg 11", &zoo.VGG{Classes: 1000, Layers: 11}, 3, 224, 1000, 132_863_336},
		{"vgg 16", &zoo.VGG{Classes: 1000}, 3, 224, 1000, 138_357_544},
		{"vgg 16 normed", &zoo.VGG{Classes: 1000, Norm: true}, 3, 224, 1000, 138_365_992},
		{"vgg 19", &zoo.VGG{Classes: 1000, Layers: 19}, 3, 224, 1000, 143_667_240},
	} {
		y := c.model.Apply(graph.Input("x", n, c.channels, c.size, c.size))
		require.NoError(t, y.Err(), c.name)
		assert.Equal(t, graph.Of(n, c.classes), y.Shape(), c.name)
		assert.Equal(t, c.want, parameters(c.model), c.name)
	}
}

// Small forms of the models learn to tell a few images apart.
func TestImageModelsLearn(t *testing.T) {
	for name, c := range map[string]struct {
		model    nn.Layer
		channels int
		size     int
	}{
		"lenet":     {&zoo.LeNet{Classes: 3}, 1, 16},
		"resnet":    {&zoo.ResNet{Classes: 3, Layers: 8, Width: 4}, 3, 9},
		"resnet18":  {&zoo.ResNet{Classes: 3, Layers: 18, Width: 2}, 3, 40},
		"resnet50":  {&zoo.ResNet{Classes: 3, Layers: 50, Width: 2}, 3, 40},
		"mobilenet": {&zoo.MobileNet{Classes: 3, Width: 0.25, Small: true, Dropout: 0.1}, 3, 16},
		"vgg":       {&zoo.VGG{Classes: 3, Layers: 11, Width: 4, Hidden: 64, Norm: true}, 1, 32},
	} {
		t.Run(name, func(t *testing.T) {
			const rows = 6
			size := graph.Dim(c.size)
			x, y := graph.Input("x", graph.Sym("n"), graph.Dim(c.channels), size, size), graph.InputOf(graph.Int64, "y", graph.Sym("n"))
			loss := nn.CrossEntropy(c.model.Apply(x), y)
			nn.Init(c.model, 1)
			step, err := optim.Minimize(loss, nn.Params(c.model), optim.Adam(3e-3))
			require.NoError(t, err)
			v := make([]float64, rows*c.channels*c.size*c.size)
			for i := range v {
				v[i] = math.Sin(float64(i*i%1009) + float64(i))
			}
			images := x.IsTensor(tensor(t, graph.Float32, v, rows, c.channels, c.size, c.size))
			labels := y.IsTensor(tensor(t, graph.Int64, []int64{0, 1, 2, 0, 1, 2}, rows))
			var first, last float64 // of ten steps each, as some drop out at random
			for i := range 40 {
				out, err := step.Eval(context.Background(), images, labels)
				require.NoError(t, err)
				if i < 10 {
					first += out[0].At(0)
				} else if i >= 30 {
					last += out[0].At(0)
				}
			}
			assert.Less(t, last, 0.5*first)
		})
	}
}

// Networks with a global pool take images of any size.
func TestImageModelsOfAnySize(t *testing.T) {
	n, h, w := graph.Sym("n"), graph.Sym("h"), graph.Sym("w")
	for _, model := range []nn.Layer{
		&zoo.ResNet{Classes: 4, Layers: 18, Width: 2}, &zoo.ResNet{Classes: 4, Layers: 8, Width: 2}, &zoo.MobileNet{Classes: 4, Width: 0.25},
	} {
		y := model.Apply(graph.Input("x", n, 3, h, w))
		require.NoError(t, y.Err())
		assert.Equal(t, graph.Of(n, 4), y.Shape())
	}
}

func TestImageModelMistakes(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"), 3, 32, 32)
	bad := ops.Reshape(graph.Input("bad", 2), 3)
	for name, of := range map[string]func(classes int) nn.Layer{
		"lenet":     func(n int) nn.Layer { return &zoo.LeNet{Classes: n} },
		"resnet":    func(n int) nn.Layer { return &zoo.ResNet{Classes: n} },
		"mobilenet": func(n int) nn.Layer { return &zoo.MobileNet{Classes: n} },
		"vgg":       func(n int) nn.Layer { return &zoo.VGG{Classes: n} },
	} {
		mistake(t, of(0).Apply(x), name+": Classes is 0: want the number of logits")
		mistake(t, of(2).Apply(graph.Input("x", 4, 784)), name+": want images [n c h w], got x [4 784]")
		assert.Equal(t, bad.Err().Error(), of(2).Apply(bad).Err().Error(), "the first mistake alone")
	}
	mistake(t, (&zoo.ResNet{Classes: 2, Layers: 21}).Apply(x), "resnet: Layers 21, Width 0: want 18, 34, 50, 101 or 152 layers, or 6n+2")
	mistake(t, (&zoo.VGG{Classes: 2, Layers: 12}).Apply(x), "vgg: Layers 12")
	mistake(t, (&zoo.VGG{Classes: 2}).Apply(graph.Input("x", 1, 3, 16, 16)), "vgg: height and width of x [1 3 16 16] must be known and at least 32")
	mistake(t, (&zoo.MobileNet{Classes: 2, Width: -1}).Apply(x), "mobilenet: Width is -1: want a positive number")
}
