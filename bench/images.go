package main

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/bench/measure"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// pictures returns inputs for images and their classes, with four batches of
// random ones.
func pictures(rows, size, channels int) (x, y *graph.Node, feeds [][]graph.Feed) {
	batch := graph.Sym("batch")
	x = graph.Input("x", batch, graph.Dim(channels), graph.Dim(size), graph.Dim(size))
	y = graph.InputOf(graph.Int64, "y", batch)
	s := newSource()
	for range 4 {
		feeds = append(feeds, []graph.Feed{x.Is(s.uniform(rows, channels, size, size)), y.Is(s.classes(10, rows))})
	}
	return x, y, feeds
}

// conv is a convolution that keeps the size of images, divided by the stride.
func conv(out, size, stride int, noBias bool) *nn.Conv2D {
	pad := (size - 1) / 2
	return &nn.Conv2D{Out: out, Kernel: []int{size}, Stride: []int{stride}, Pad: [][2]int{{pad, pad}}, NoBias: noBias}
}

// lenet is W3: two convolutions of 5x5 with pooling and two dense layers.
func lenet(o measure.Options, run func(measure.Case) error) error {
	relu := nn.Func(ops.ReLU)
	model := nn.Sequential{
		conv(o.Size(32, 2), 5, 1, false), relu, &nn.MaxPool{Window: []int{2}},
		conv(o.Size(64, 3), 5, 1, false), relu, &nn.MaxPool{Window: []int{2}},
		&nn.Flatten{}, &nn.Dense{Out: o.Size(256, 4), Act: ops.ReLU}, &nn.Dense{Out: 10},
	}
	x, y, feeds := pictures(o.Size(64, 2), o.Size(28, 8), 1)
	build := func() *graph.Node { return nn.CrossEntropy(model.Apply(x), y) }
	return train(run, &model, optim.SGD(0.01, optim.SGDOptions{Momentum: 0.9}), build, feeds)
}

// residual is two convolutions of 3x3 around which x goes by a shortcut.
func residual(in, out, stride int) nn.Layer {
	r := &nn.Residual{Act: ops.ReLU, Layer: nn.Sequential{
		conv(out, 3, stride, true), &nn.BatchNorm{}, nn.Func(ops.ReLU), conv(out, 3, 1, true), &nn.BatchNorm{},
	}}
	if in != out {
		r.Shortcut = nn.Sequential{conv(out, 1, stride, true), &nn.BatchNorm{}}
	}
	return r
}

// resnet20 is W6, with widths of 16, 32 and 64.
func resnet20(o measure.Options, run func(measure.Case) error) error {
	width := o.Size(16, 2)
	model := nn.Sequential{conv(width, 3, 1, true), &nn.BatchNorm{}, nn.Func(ops.ReLU)}
	for in, stage := width, 0; stage < 3; stage++ {
		for i := range o.Size(3, 1) {
			out, stride := width<<stage, 1
			if i == 0 && stage > 0 {
				stride = 2
			}
			model = append(model, residual(in, out, stride))
			in = out
		}
	}
	model = append(model, &nn.GlobalPool{}, &nn.Dense{Out: 10})
	x, y, feeds := pictures(o.Size(32, 2), o.Size(32, 8), 3)
	build := func() *graph.Node { return nn.CrossEntropy(model.Apply(x), y) }
	return train(run, &model, optim.SGD(0.01, optim.SGDOptions{Momentum: 0.9}), build, feeds)
}

// convolve3 is M4: a convolution of 3x3 and its two gradients.
func convolve3(o measure.Options, run func(measure.Case) error) error {
	n, size, channels := o.Size(8, 2), o.Size(56, 4), o.Size(64, 3)
	s := newSource()
	in := graph.Of(graph.Dim(n), graph.Dim(size), graph.Dim(size), graph.Dim(channels))
	x, ct := graph.Input("x", in.Dims()...), graph.Input("ct", in.Dims()...)
	w := graph.Input("w", 3, 3, graph.Dim(channels), graph.Dim(channels))
	feeds := []graph.Feed{
		x.Is(s.uniform(n, size, size, channels)), ct.Is(s.uniform(n, size, size, channels)), w.Is(s.uniform(3, 3, channels, channels)),
	}
	once := 2 * float64(n*size*size) * 9 * float64(channels*channels)
	y := func() *graph.Node {
		return ops.Conv(x, w, ops.ConvOptions{ChannelsLast: true, Pad: [][2]int{{1, 1}}})
	}
	for _, v := range []struct {
		name  string
		flop  float64
		build func() []*graph.Node
	}{
		{"forward", once, func() []*graph.Node { return []*graph.Node{y()} }},
		{"backward-data+weights", 2 * once, func() []*graph.Node { return autodiff.VJP(y(), ct, x, w) }},
		{"backward-data", once, func() []*graph.Node { return autodiff.VJP(y(), ct, x) }},
		{"backward-weights", once, func() []*graph.Node { return autodiff.VJP(y(), ct, w) }},
	} {
		p := start()
		if err := p.compile(feeds, v.build()...); err != nil {
			return err
		}
		if err := run(p.built(measure.Flops(v.name, v.flop, p.call))); err != nil {
			return err
		}
	}
	return nil
}
