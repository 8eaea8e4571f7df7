package main

import (
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// width of the vectors that images become.
const width = 64

// A contrast is SimCLR: a convolutional network, and a small head that is thrown away
// after training.
type contrast struct {
	Net  nn.Sequential
	Head nn.Sequential
	Dice nn.Random // of light and noise
}

func newContrast() *contrast {
	look := func(out int) nn.Sequential {
		return nn.Sequential{&nn.Conv2D{Out: out, Kernel: []int{3}, Stride: []int{2}, Same: true, NoBias: true}, &nn.BatchNorm{}, nn.Func(ops.ReLU)}
	}
	return &contrast{
		Net:  nn.Sequential{nn.Func(channel), look(16), look(32), look(64), &nn.Flatten{}, &nn.Dense{Out: width}},
		Head: nn.Sequential{nn.Func(ops.ReLU), &nn.Dense{Out: width, Act: ops.ReLU}, &nn.Dense{Out: 32}},
	}
}

// Encode maps images to vectors.
func (m *contrast) Encode(x *graph.Node) *graph.Node { return m.Net.Apply(x) }

// channel gives images one.
func channel(x *graph.Node) *graph.Node { return ops.Expand(x, 1) }

// Loss is that of two views of the same images: each should find its other view among
// all others of the batch, by the angles between the heads' vectors.
func (m *contrast) Loss(a, b *graph.Node) *graph.Node {
	// both through one network at once: its batch norms see what they will see later
	y := m.Head.Apply(m.Encode(m.jitter(ops.Concat(0, a, b))))
	y = ops.Reshape(y, 2, a.Shape().Dim(0), -1)
	return nn.NTXent(ops.Index(y, 0, 0), ops.Index(y, 0, 1), 0.2)
}

// jitter changes the ink and the noise of each image at random. Both views of an image
// would have them in common otherwise, and the network would learn to tell images by them,
// which is easier than by their shapes.
func (m *contrast) jitter(x *graph.Node) *graph.Node {
	each := x.Type().Of(graph.Of(x.Shape().Dim(0), 1, 1))
	light := ops.Add(ops.Scale(m.Dice.Uniform(each), 1.2), graph.Scalar(0.4))
	noise := ops.Mul(ops.Scale(m.Dice.Uniform(each), 0.15), m.Dice.Normal(x.Type()))
	return ops.Clamp(ops.Add(ops.Mul(x, light), noise), graph.Scalar(0), graph.Scalar(1))
}

// views makes two random views of each image: moved, turned, scaled and with a hole.
func views(images data.Dataset, seed uint64) data.Dataset {
	one := data.Augment{Shift: 3, Rotate: 25, Zoom: 0.25, Cutout: 8, Seed: seed}
	two := one
	two.Seed++
	return data.Map(images, func(first int, b data.Batch) (data.Batch, error) {
		x, err := one.Apply(first, b[0])
		if err != nil {
			return nil, err
		}
		y, err := two.Apply(first, b[0])
		return data.Batch{x, y}, err
	})
}
