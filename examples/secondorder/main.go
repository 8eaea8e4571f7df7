// Command secondorder uses derivatives of derivatives: Newton's method with the
// Hessian as a product only, and a network whose loss contains a gradient.
package main

import (
	"fmt"
	"log"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func main() {
	log.SetFlags(0)
	if err := newton(); err != nil {
		log.Fatal(err)
	}
	if err := penalty(); err != nil {
		log.Fatal(err)
	}
}

// rosenbrock is the function (1-a)² + 100(b-a²)², whose valley is curved; its
// minimum is at (1, 1).
func rosenbrock(x *graph.Node) *graph.Node {
	a, b := ops.Index(x, 0, 0), ops.Index(x, 0, 1)
	valley := ops.Sub(b, ops.Square(a))
	return ops.Add(ops.Square(ops.OneMinus(a)), ops.Scale(ops.Square(valley), 100))
}

// newton minimizes rosenbrock. Each step solves H·d = -g by conjugate
// gradients, which asks for products of the Hessian with vectors alone.
func newton() error {
	x, v := graph.InputOf(graph.Float64, "x", 2), graph.InputOf(graph.Float64, "v", 2)
	y := rosenbrock(x)
	slope, err := graph.Compile(y, autodiff.Grad(y, x)[0])
	if err != nil {
		return err
	}
	curve, err := graph.Compile(autodiff.HVP(y, []*graph.Node{x}, []*graph.Node{v})[0])
	if err != nil {
		return err
	}
	at := []float64{-1.2, 1}
	for i := range 8 {
		out, err := slope.Run(x.Is(vector(at)))
		if err != nil {
			return err
		}
		fmt.Printf("newton %d  f(%.5f, %.5f) = %.3g\n", i, at[0], at[1], out[0].Data())
		product := func(d []float64) ([]float64, error) {
			out, err := curve.Run(x.Is(vector(at)), v.Is(vector(d)))
			if err != nil {
				return nil, err
			}
			return out[0].Float64s(), nil
		}
		d, err := solve(product, out[1].Float64s())
		if err != nil {
			return err
		}
		at = []float64{at[0] - d[0], at[1] - d[1]}
	}
	return nil
}

// solve returns d with H·d = g, by conjugate gradients (Hestenes and Stiefel
// 1952), which take as many steps as there are unknowns.
func solve(product func([]float64) ([]float64, error), g []float64) ([]float64, error) {
	d, r, p := make([]float64, len(g)), append([]float64(nil), g...), append([]float64(nil), g...)
	for range g {
		rr := dot(r, r)
		if rr == 0 {
			break
		}
		hp, err := product(p)
		if err != nil {
			return nil, err
		}
		a := rr / dot(p, hp)
		for i := range d {
			d[i] += a * p[i]
			r[i] -= a * hp[i]
		}
		b := dot(r, r) / rr
		for i := range p {
			p[i] = r[i] + b*p[i]
		}
	}
	return d, nil
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func vector(v []float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(append([]float64(nil), v...)))
}

// penalty trains a network to have a slope of length 1 everywhere, as critics
// of generative networks have (Gulrajani et al. 2017, arXiv:1704.00028). The
// loss is a function of a gradient; its gradient is a second derivative.
func penalty() error {
	x := graph.Input("x", graph.Sym("batch"), 2)
	critic := nn.Sequential{&nn.Dense{Out: 16, Act: ops.Tanh}, &nn.Dense{Out: 1}}
	slope := autodiff.Grad(ops.Sum(critic.Apply(x)), x)[0]
	loss := ops.Mean(ops.Square(ops.Sub(ops.Norm(slope, -1), graph.Scalar(1))))
	nn.Init(critic, 1)
	step, err := optim.Minimize(loss, nn.Params(critic), optim.Adam(0.01))
	if err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(1, 0))
	for i := range 301 {
		xs := make([]float32, 64)
		for j := range xs {
			xs[j] = float32(rnd.NormFloat64())
		}
		out, err := step.Run(x.Is(tensor.New(tensor.WithShape(32, 2), tensor.WithBacking(xs))))
		if err != nil {
			return err
		}
		if i%100 == 0 {
			fmt.Printf("penalty step %3d  %.5f\n", i, out[0].Data())
		}
	}
	return nil
}
