package main

import (
	"fmt"
	"runtime"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/bench/measure"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// matmul is M1: products of matrices, square ones, those of small networks,
// and skinny ones.
func matmul(o measure.Options, run func(measure.Case) error) error {
	s := newSource()
	for _, size := range [][3]int{{1024, 1024, 1024}, {128, 784, 512}, {64, 512, 512}, {512, 512, 512}, {32, 784, 10}, {1, 784, 512}} {
		m, k, n := o.Size(size[0], 1+size[0]%31), o.Size(size[1], 1+size[1]%31), o.Size(size[2], 1+size[2]%31)
		p := start()
		x, y := graph.Input("x", graph.Dim(m), graph.Dim(k)), graph.Input("y", graph.Dim(k), graph.Dim(n))
		z := ops.MatMul(x, y)
		if err := p.compile([]graph.Feed{x.Is(s.uniform(m, k)), y.Is(s.uniform(k, n))}, z); err != nil {
			return err
		}
		variant := fmt.Sprintf("%dx%dx%d", m, k, n)
		if err := run(p.built(measure.Flops(variant, 2*float64(m)*float64(k)*float64(n), p.call))); err != nil {
			return err
		}
	}
	return nil
}

// gelu is M2: gelu(1.5x + 0.25), written as the formulas that ops has of them.
func gelu(o measure.Options, run func(measure.Case) error) error {
	n := o.Size(10_000_000, 100)
	xs := newSource().normal(n)
	for _, v := range []struct {
		name string
		act  func(*graph.Node) *graph.Node
	}{{"gelu-erf", ops.GELU}, {"gelu-tanh", ops.GELUTanh}} {
		p := start()
		x := graph.Input("x", graph.Dim(n))
		y := v.act(ops.Add(ops.Scale(x, 1.5), graph.Scalar(0.25)))
		if err := p.compile([]graph.Feed{x.Is(xs)}, y); err != nil {
			return err
		}
		if err := run(p.built(measure.Bytes(v.name, 8*float64(n), p.call))); err != nil {
			return err
		}
	}
	return nil
}

// softmax is exp(x) / Σ exp(x) over rows, from primitives.
func softmax(x *graph.Node) *graph.Node {
	e := ops.Exp(ops.Sub(x, ops.StopGradient(ops.Keep(ops.Max, x, -1))))
	return ops.Div(e, ops.Keep(ops.Sum, e, -1))
}

// softmaxRows is M3: softmax, and with it its gradient for a given cotangent.
func softmaxRows(o measure.Options, run func(measure.Case) error) error {
	rows, width := o.Size(4096, 4), o.Size(1024, 8)
	s := newSource()
	xs, gs := s.normal(rows, width), s.uniform(rows, width)
	x, g := graph.Input("x", graph.Dim(rows), graph.Dim(width)), graph.Input("g", graph.Dim(rows), graph.Dim(width))

	p := start()
	if err := p.compile([]graph.Feed{x.Is(xs)}, softmax(x)); err != nil {
		return err
	}
	if err := run(p.built(measure.Bytes("forward", 8*float64(rows*width), p.call))); err != nil {
		return err
	}
	p = start()
	y := softmax(x)
	dx := autodiff.Grad(ops.Sum(ops.Mul(y, g)), x)[0]
	if err := p.compile([]graph.Feed{x.Is(xs), g.Is(gs)}, y, dx); err != nil {
		return err
	}
	return run(p.built(measure.Time("forward+backward", p.call)))
}

// layerNorm normalizes rows and scales them, from primitives.
func layerNorm(x, gain, bias *graph.Node) *graph.Node {
	centered := ops.Sub(x, ops.Keep(ops.Mean, x, -1))
	variance := ops.Keep(ops.Mean, ops.Square(centered), -1)
	normal := ops.Mul(centered, ops.Rsqrt(ops.Add(variance, graph.Scalar(1e-5))))
	return ops.Add(ops.Mul(normal, gain), bias)
}

// layerNormRows is L2: layer norm with the gradients of all its operands.
func layerNormRows(o measure.Options, run func(measure.Case) error) error {
	rows, width := o.Size(8192, 4), o.Size(768, 8)
	r, w := graph.Dim(rows), graph.Dim(width)
	s := newSource()
	p := start()
	x, ct := graph.Input("x", r, w), graph.Input("ct", r, w)
	gain, bias := graph.Input("gain", w), graph.Input("bias", w)
	y := layerNorm(x, gain, bias)
	out := append([]*graph.Node{y}, autodiff.VJP(y, ct, x, gain, bias)...)
	feeds := []graph.Feed{x.Is(s.normal(rows, width)), ct.Is(s.normal(rows, width)), gain.Is(s.uniform(width)), bias.Is(s.uniform(width))}
	if err := p.compile(feeds, out...); err != nil {
		return err
	}
	return run(p.built(measure.Time("forward+backward", p.call)))
}

// chain is M5: 10,000 operations on single numbers, each on the result of the
// one before; and with them the gradients for both operands, which are not
// constant.
func chain(o measure.Options, run func(measure.Case) error) error {
	n := o.Size(10_000, 10)
	for _, withGradient := range []bool{false, true} {
		c, err := chainCase(n, withGradient)
		if err != nil {
			return err
		}
		cold, warm := c.Build, make([]float64, max(1, o.Reps))
		for i := range warm { // a new process waits for its memory more than it builds
			runtime.GC()
			again, err := chainCase(n, withGradient)
			if err != nil {
				return err
			}
			warm[i] = again.Build
		}
		c.Build, c.ColdBuild = measure.Median(warm), cold
		if err := run(c); err != nil {
			return err
		}
	}
	return nil
}

func chainCase(n int, withGradient bool) (measure.Case, error) {
	p := start()
	x, a := graph.Input("x"), graph.Input("a")
	y := x
	for range n / 2 {
		y = ops.Mul(y, a)
		y = ops.Add(y, x)
	}
	out, variant := []*graph.Node{y}, "forward"
	if withGradient {
		out, variant = append(out, autodiff.Grad(y, x, a)...), "forward+gradient"
	}
	feeds := []graph.Feed{x.Is(number(0.5)), a.Is(number(0.999))}
	err := p.compile(feeds, out...)
	return p.built(measure.PerNode(variant, len(graph.Topo(out...)), p.call)), err
}

func number(v float32) *tensor.Dense { return tensor.New(tensor.FromScalar(v)) }
