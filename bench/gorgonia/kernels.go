package main

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/bench/measure"
)

func matmul(o measure.Options, run func(measure.Case) error) error {
	for _, s := range [][3]int{{1024, 1024, 1024}, {128, 784, 512}, {64, 512, 512}, {512, 512, 512}, {32, 784, 10}, {1, 784, 512}} {
		r, k, n := o.Size(s[0], 1+s[0]%31), o.Size(s[1], 1+s[1]%31), o.Size(s[2], 1+s[2]%31)
		m := newMachine()
		x, y := m.input("x", r, k), m.input("y", k, n)
		if err := m.ready(G.Must(G.Mul(x, y)), nil, batch{{x, uniform(r, k)}, {y, uniform(k, n)}}); err != nil {
			return err
		}
		if err := m.known(run, measure.Flops(fmt.Sprintf("%dx%dx%d", r, k, n), 2*float64(r)*float64(k)*float64(n), m.call)); err != nil {
			return err
		}
	}
	return nil
}

func constant(v float64) *G.Node { return G.NewConstant(float32(v)) }

func gelu(o measure.Options, run func(measure.Case) error) error {
	n := o.Size(10_000_000, 100)
	m := newMachine()
	x := m.input("x", n)
	z := G.Must(G.Add(G.Must(G.Mul(x, constant(1.5))), constant(0.25)))
	inner := G.Must(G.Add(z, G.Must(G.Mul(G.Must(G.Cube(z)), constant(0.044715)))))
	tanh := G.Must(G.Tanh(G.Must(G.Mul(inner, constant(math.Sqrt(2/math.Pi))))))
	y := G.Must(G.HadamardProd(G.Must(G.Mul(z, constant(0.5))), G.Must(G.Add(tanh, constant(1)))))
	if err := m.ready(y, nil, batch{{x, normal(n)}}); err != nil {
		return err
	}
	return m.known(run, measure.Bytes("gelu-tanh", 8*float64(n), m.call))
}

func softmaxRows(o measure.Options, run func(measure.Case) error) error {
	rows, width := o.Size(4096, 4), o.Size(1024, 8)
	m := newMachine()
	x := m.input("x", rows, width)
	if err := m.ready(G.Must(G.SoftMax(x, 1)), nil, batch{{x, normal(rows, width)}}); err != nil {
		return err
	}
	if err := m.known(run, measure.Bytes("forward", 8*float64(rows*width), m.call)); err != nil {
		return err
	}
	m = newMachine()
	x, g := m.input("x", rows, width), m.input("g", rows, width)
	sum := G.Must(G.Sum(G.Must(G.HadamardProd(G.Must(G.SoftMax(x, 1)), g))))
	if err := m.gradient(sum, x, batch{{x, normal(rows, width)}, {g, uniform(rows, width)}}); err != nil {
		return err
	}
	return m.known(run, measure.Time("forward+backward", m.call))
}

// gradient compiles a graph that ends with the gradients of y.
func (m *machine) gradient(y *G.Node, x *G.Node, b batch) error {
	if _, err := G.Grad(y, x); err != nil {
		return err
	}
	return m.ready(y, nil, b)
}

func convolve3(o measure.Options, run func(measure.Case) error) error {
	n, size, channels := o.Size(8, 2), o.Size(56, 4), o.Size(64, 3)
	m := newMachine()
	x, w := m.input("x", n, channels, size, size), m.input("w", channels, channels, 3, 3)
	y := G.Must(G.Conv2d(x, w, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
	if err := m.ready(y, nil, batch{{x, uniform(n, channels, size, size)}, {w, uniform(channels, channels, 3, 3)}}); err != nil {
		return err
	}
	return m.known(run, measure.Flops("forward", 2*float64(n*size*size)*9*float64(channels*channels), m.call))
}

func chain(o measure.Options, run func(measure.Case) error) error {
	n := o.Size(10_000, 10)
	for _, withGradient := range []bool{false, true} {
		m := newMachine()
		x, a := m.input("x"), m.input("a")
		y := x
		for range n / 2 {
			y = G.Must(G.Mul(y, a))
			y = G.Must(G.Add(y, x))
		}
		b, variant := batch{{x, float32(0.5)}, {a, float32(0.999)}}, "forward"
		if withGradient {
			if _, err := G.Grad(y, x, a); err != nil {
				return err
			}
			variant = "forward+gradient"
		}
		if err := m.ready(y, nil, b); err != nil {
			return err
		}
		if err := m.known(run, measure.PerNode(variant, len(m.g.AllNodes()), m.call)); err != nil {
			return err
		}
	}
	return nil
}

// focal is the focal loss on smoothed labels.
func focal(logits, labels *G.Node) *G.Node {
	const smoothing = 0.1
	logp := G.Must(G.LogSoftMax(logits, 1))
	target := G.Must(G.Add(G.Must(G.Mul(labels, constant(1-smoothing))), constant(smoothing/float64(logits.Shape()[1]))))
	weight := G.Must(G.Square(G.Must(G.Sub(constant(1), G.Must(G.Exp(logp))))))
	sum := G.Must(G.Sum(G.Must(G.HadamardProd(G.Must(G.HadamardProd(target, weight)), logp)), 1))
	return G.Must(G.Neg(G.Must(G.Mean(sum))))
}

func lossRows(o measure.Options, run func(measure.Case) error) error {
	for _, size := range [][2]int{{4096, 1024}, {2048, 65}} {
		rows, classes := o.Size(size[0], 4), o.Size(size[1], 5)
		if err := lossOf(run, "crossentropy", crossEntropy, rows, classes); err != nil {
			return err
		}
		if err := lossOf(run, "focal", focal, rows, classes); err != nil {
			return err
		}
	}
	return nil
}

func smallLoss(o measure.Options, run func(measure.Case) error) error {
	return lossOf(run, "crossentropy", crossEntropy, o.Size(128, 4), 10)
}

func lossOf(run func(measure.Case) error, name string, f func(logits, labels *G.Node) *G.Node, rows, classes int) error {
	m := newMachine()
	x, labels := m.input("x", rows, classes), m.input("labels", rows, classes)
	if err := m.gradient(f(x, labels), x, batch{{x, normal(rows, classes)}, {labels, oneHot(rows, classes)}}); err != nil {
		return err
	}
	return m.known(run, measure.Time(fmt.Sprintf("%s %dx%d", name, rows, classes), m.call))
}
