package main

import (
	"fmt"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/ml/layers/activations"

	"github.com/adjointml/adjoint/bench/measure"
)

// one measures a program.
func one(run func(measure.Case) error, c func(call func() error) measure.Case, f func(x []*node) []*node, args ...any) error {
	p, err := compile(f, args...)
	if err != nil {
		return err
	}
	return run(p.built(c(p.call)))
}

func timed(variant string) func(call func() error) measure.Case {
	return func(call func() error) measure.Case { return measure.Time(variant, call) }
}

func matmul(o measure.Options, run func(measure.Case) error) error {
	for _, s := range [][3]int{{1024, 1024, 1024}, {128, 784, 512}, {64, 512, 512}, {512, 512, 512}, {32, 784, 10}, {1, 784, 512}} {
		m, k, n := o.Size(s[0], 1+s[0]%31), o.Size(s[1], 1+s[1]%31), o.Size(s[2], 1+s[2]%31)
		flops := func(call func() error) measure.Case {
			return measure.Flops(fmt.Sprintf("%dx%dx%d", m, k, n), 2*float64(m)*float64(k)*float64(n), call)
		}
		f := func(x []*node) []*node { return []*node{graph.Dot(x[0], x[1])} }
		if err := one(run, flops, f, uniform(m, k), uniform(k, n)); err != nil {
			return err
		}
	}
	return nil
}

func gelu(o measure.Options, run func(measure.Case) error) error {
	n := o.Size(10_000_000, 100)
	for _, v := range []struct {
		name string
		act  func(*node) *node
	}{{"gelu-erf", activations.Gelu}, {"gelu-tanh", activations.GeluApproximate}} {
		bytes := func(call func() error) measure.Case { return measure.Bytes(v.name, 8*float64(n), call) }
		f := func(x []*node) []*node {
			return []*node{v.act(graph.AddScalar(graph.MulScalar(x[0], 1.5), 0.25))}
		}
		if err := one(run, bytes, f, normal(n)); err != nil {
			return err
		}
	}
	return nil
}

// vjp returns the gradients of y's product with a cotangent.
func vjp(y, ct *node, x ...*node) []*node {
	return graph.Gradient(graph.ReduceAllSum(graph.Mul(y, ct)), x...)
}

func softmaxRows(o measure.Options, run func(measure.Case) error) error {
	rows, width := o.Size(4096, 4), o.Size(1024, 8)
	x, g := normal(rows, width), uniform(rows, width)
	bytes := func(call func() error) measure.Case {
		return measure.Bytes("forward", 8*float64(rows*width), call)
	}
	f := func(x []*node) []*node { return []*node{graph.Softmax(x[0], -1)} }
	if err := one(run, bytes, f, x); err != nil {
		return err
	}
	both := func(x []*node) []*node {
		y := graph.Softmax(x[0], -1)
		return append([]*node{y}, vjp(y, x[1], x[0])...)
	}
	return one(run, timed("forward+backward"), both, x, g)
}

func layerNormRows(o measure.Options, run func(measure.Case) error) error {
	rows, width := o.Size(8192, 4), o.Size(768, 8)
	f := func(in []*node) []*node {
		x, ct, gain, bias := in[0], in[1], in[2], in[3]
		centered := graph.Sub(x, graph.ReduceAndKeep(x, graph.ReduceMean, -1))
		variance := graph.ReduceAndKeep(graph.Square(centered), graph.ReduceMean, -1)
		// Rsqrt has no gradient
		y := graph.Div(centered, graph.Sqrt(graph.AddScalar(variance, 1e-5)))
		y = graph.Add(graph.Mul(y, graph.InsertAxes(gain, 0)), graph.InsertAxes(bias, 0))
		return append([]*node{y}, vjp(y, ct, x, gain, bias)...)
	}
	return one(run, timed("forward+backward"), f, normal(rows, width), normal(rows, width), uniform(width), uniform(width))
}

func convolve3(o measure.Options, run func(measure.Case) error) error {
	n, side, channels := o.Size(8, 2), o.Size(56, 4), o.Size(64, 3)
	flops := func(call func() error) measure.Case {
		return measure.Flops("forward", 2*float64(n*side*side)*9*float64(channels*channels), call)
	}
	f := func(x []*node) []*node { return []*node{graph.Convolve(x[0], x[1]).Strides(1).PadSame().Done()} }
	return one(run, flops, f, uniform(n, side, side, channels), uniform(3, 3, channels, channels))
}

func chain(o measure.Options, run func(measure.Case) error) error {
	n := o.Size(10_000, 10)
	for _, withGradient := range []bool{false, true} {
		variant, nodes := "forward", 0
		if withGradient {
			variant = "forward+gradient"
		}
		f := func(in []*node) []*node {
			x, a := in[0], in[1]
			y := x
			for range n / 2 {
				y = graph.Mul(y, a)
				y = graph.Add(y, x)
			}
			out := []*node{y}
			if withGradient {
				out = append(out, graph.Gradient(y, x, a)...)
			}
			nodes = len(x.Graph().Nodes())
			return out
		}
		perNode := func(call func() error) measure.Case { return measure.PerNode(variant, nodes, call) }
		if err := one(run, perNode, f, float32(0.5), float32(0.999)); err != nil {
			return err
		}
	}
	return nil
}

// focal is the focal loss on smoothed labels.
func focal(logits, labels *node) *node {
	const smoothing = 0.1
	k := logits.Shape().Dimensions[1]
	logp := graph.LogSoftmax(logits, -1)
	hard := graph.OneHot(graph.Squeeze(labels, -1), k, logits.DType())
	target := graph.AddScalar(graph.MulScalar(hard, 1-smoothing), smoothing/float64(k))
	weight := graph.Square(graph.OneMinus(graph.Exp(logp)))
	return graph.Neg(graph.ReduceAllMean(graph.ReduceSum(graph.Mul(graph.Mul(target, weight), logp), -1)))
}

func lossRows(o measure.Options, run func(measure.Case) error) error {
	for _, size := range [][2]int{{4096, 1024}, {2048, 65}} {
		rows, k := o.Size(size[0], 4), o.Size(size[1], 5)
		if err := lossOf(run, "crossentropy", crossEntropy, rows, k); err != nil {
			return err
		}
		if err := lossOf(run, "focal", focal, rows, k); err != nil {
			return err
		}
	}
	return nil
}

func smallLoss(o measure.Options, run func(measure.Case) error) error {
	return lossOf(run, "crossentropy", crossEntropy, o.Size(128, 4), 10)
}

func lossOf(run func(measure.Case) error, name string, loss func(logits, labels *node) *node, rows, k int) error {
	f := func(x []*node) []*node {
		l := loss(x[0], x[1])
		return append([]*node{l}, graph.Gradient(l, x[0])...)
	}
	return one(run, timed(fmt.Sprintf("%s %dx%d", name, rows, k)), f, normal(rows, k), classes(k, rows, 1))
}
