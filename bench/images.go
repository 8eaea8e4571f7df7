package main

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/bench/measure"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// conv is the convolution of x [n h w c] with the weights [k k c out], k odd,
// with as many zeros around the images as keep their size at stride 1.
func conv(x, weights *graph.Node, stride int) *graph.Node {
	pad := (int(weights.Shape().Dim(0)) - 1) / 2
	return ops.Conv(x, weights, ops.ConvOptions{ChannelsLast: true, Stride: []int{stride}, Pad: [][2]int{{pad, pad}}})
}

// maxPool takes the largest of each 2x2 pixels of x [n h w c].
func maxPool(x *graph.Node) *graph.Node {
	return ops.MaxPool(x, []int{2}, ops.PoolOptions{ChannelsLast: true})
}

// convolution is a layer of its own weights, with a bias if Bias is set.
type convolution struct{ Weights, Bias *graph.Param }

func newConvolution(size, in, out int, bias bool) convolution {
	k := graph.Dim(size)
	c := convolution{Weights: parameter(nn.HeUniform, k, k, graph.Dim(in), graph.Dim(out))}
	if bias {
		c.Bias = parameter(nn.Zeros, graph.Dim(out))
	}
	return c
}

func (c convolution) apply(x *graph.Node, stride int) *graph.Node {
	y := conv(x, c.Weights.Node(), stride)
	if c.Bias != nil {
		y = ops.Add(y, c.Bias.Node())
	}
	return y
}

// pictures returns inputs for images and their classes, with four batches of
// random ones.
func pictures(rows, size, channels int) (x, y *graph.Node, feeds [][]graph.Feed) {
	batch := graph.Sym("batch")
	x = graph.Input("x", batch, graph.Dim(size), graph.Dim(size), graph.Dim(channels))
	y = graph.InputOf(graph.Int64, "y", batch)
	s := newSource()
	for range 4 {
		feeds = append(feeds, []graph.Feed{x.Is(s.uniform(rows, size, size, channels)), y.Is(s.classes(10, rows))})
	}
	return x, y, feeds
}

// lenet is W3: two convolutions of 5x5 with pooling and two dense layers.
func lenet(o measure.Options, run func(measure.Case) error) error {
	first, second := o.Size(32, 2), o.Size(64, 3)
	model := struct {
		First, Second convolution
		Dense         nn.Sequential
	}{
		First: newConvolution(5, 1, first, true), Second: newConvolution(5, first, second, true),
		Dense: nn.Sequential{&nn.Flatten{}, &nn.Dense{Out: o.Size(256, 4), Act: ops.ReLU}, &nn.Dense{Out: 10}},
	}
	x, y, feeds := pictures(o.Size(64, 2), o.Size(28, 8), 1)
	build := func() *graph.Node {
		h := maxPool(ops.ReLU(model.First.apply(x, 1)))
		h = maxPool(ops.ReLU(model.Second.apply(h, 1)))
		return nn.CrossEntropy(model.Dense.Apply(h), y)
	}
	return train(run, &model, optim.SGD(0.01, optim.SGDOptions{Momentum: 0.9}), build, feeds)
}

// batchNorm normalizes channels over the batch and keeps running statistics.
type batchNorm struct{ Gain, Bias, Mean, Var *graph.Param }

func newBatchNorm(channels int) batchNorm {
	c := graph.Dim(channels)
	n := batchNorm{parameter(nn.Ones, c), parameter(nn.Zeros, c), parameter(nn.Zeros, c), parameter(nn.Ones, c)}
	n.Mean.Untrained, n.Var.Untrained = true, true
	return n
}

func (n batchNorm) apply(x *graph.Node) *graph.Node {
	mean := ops.Mean(x, 0, 1, 2)
	centered := ops.Sub(x, mean)
	variance := ops.Mean(ops.Square(centered), 0, 1, 2)
	y := ops.Mul(centered, ops.Mul(ops.Rsqrt(ops.Add(variance, graph.Scalar(1e-5))), n.Gain.Node()))
	running := func(p *graph.Param, v *graph.Node) *graph.Node {
		return graph.Assign(p, ops.Add(ops.Scale(p.Node(), 0.9), ops.Scale(v, 0.1)))
	}
	return ops.After(ops.Add(y, n.Bias.Node()), running(n.Mean, mean), running(n.Var, variance))
}

// residual is two convolutions of 3x3 around which x goes by a shortcut.
type residual struct {
	First, Second, Shortcut      convolution // the shortcut has no weights where the widths agree
	Norm1, Norm2, NormOfShortcut batchNorm
	stride                       int
}

func newResidual(in, out, stride int) *residual {
	r := &residual{
		First: newConvolution(3, in, out, false), Second: newConvolution(3, out, out, false),
		Norm1: newBatchNorm(out), Norm2: newBatchNorm(out), stride: stride,
	}
	if in != out {
		r.Shortcut, r.NormOfShortcut = newConvolution(1, in, out, false), newBatchNorm(out)
	}
	return r
}

// Apply maps x [n h w in] to [n h/stride w/stride out].
func (r *residual) Apply(x *graph.Node) *graph.Node {
	h := ops.ReLU(r.Norm1.apply(r.First.apply(x, r.stride)))
	h = r.Norm2.apply(r.Second.apply(h, 1))
	if r.Shortcut.Weights != nil {
		x = r.NormOfShortcut.apply(r.Shortcut.apply(x, r.stride))
	}
	return ops.ReLU(ops.Add(h, x))
}

// resnet20 is W6, with widths of 16, 32 and 64.
func resnet20(o measure.Options, run func(measure.Case) error) error {
	width := o.Size(16, 2)
	model := struct {
		First  convolution
		Norm   batchNorm
		Blocks nn.Sequential
		Head   nn.Dense
	}{First: newConvolution(3, 3, width, false), Norm: newBatchNorm(width), Head: nn.Dense{Out: 10}}
	for in, stage := width, 0; stage < 3; stage++ {
		for i := range o.Size(3, 1) {
			out, stride := width<<stage, 1
			if i == 0 && stage > 0 {
				stride = 2
			}
			model.Blocks = append(model.Blocks, newResidual(in, out, stride))
			in = out
		}
	}
	x, y, feeds := pictures(o.Size(32, 2), o.Size(32, 8), 3)
	build := func() *graph.Node {
		h := model.Blocks.Apply(ops.ReLU(model.Norm.apply(model.First.apply(x, 1))))
		return nn.CrossEntropy(model.Head.Apply(ops.Mean(h, 1, 2)), y)
	}
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
	y := func() *graph.Node { return conv(x, w, 1) }
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
