// Command customop adds an op of one's own, with its gradient in one place,
// and uses it like any other: differentiated twice, and trained in a network.
package main

import (
	"fmt"
	"log"
	"math"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// Snake returns x + sin²(ax)/a, an activation for periodic data (Ziyin et al.
// 2020, arXiv:2006.08195).
func Snake(x *graph.Node, a float64) *graph.Node { return graph.Apply(snake{a}, x) }

type snake struct{ a float64 }

func (snake) Name() string                               { return "snake" }
func (snake) Infer(in ...graph.Type) (graph.Type, error) { return in[0], nil }
func (s snake) Eval(out graph.Tensor, in ...graph.Tensor) {
	for i := range out.Len() {
		x, sin := in[0].At(i), math.Sin(s.a*in[0].At(i))
		out.Set(i, x+sin*sin/s.a)
	}
}
func (s snake) VJP(_, ct *graph.Node, x ...*graph.Node) []*graph.Node {
	slope := ops.Add(ops.Sin(ops.Scale(x[0], 2*s.a)), graph.Scalar(1))
	return []*graph.Node{ops.Mul(ct, slope)}
}

func main() {
	log.SetFlags(0)
	if err := derivatives(); err != nil {
		log.Fatal(err)
	}
	if err := train(); err != nil {
		log.Fatal(err)
	}
}

// derivatives prints snake and its first two derivatives at 1, beside their
// closed forms.
func derivatives() error {
	x := graph.InputOf(graph.Float64, "x")
	y := Snake(x, 2)
	dy := autodiff.Grad(y, x)[0]
	p, err := graph.Compile(y, dy, autodiff.Grad(dy, x)[0])
	if err != nil {
		return err
	}
	out, err := p.Run(x.Is(tensor.New(tensor.FromScalar(1.0))))
	if err != nil {
		return err
	}
	sin, cos := math.Sincos(2)
	fmt.Printf("snake  %.6f  %.6f  %.6f\n", out[0].Data(), out[1].Data(), out[2].Data())
	fmt.Printf("closed %.6f  %.6f  %.6f\n", 1+sin*sin/2, 1+2*sin*cos, 4*(cos*cos-sin*sin))
	return nil
}

// train fits a sine wave with a network of snakes.
func train() error {
	const n = 64
	xs, ys := make([]float32, n), make([]float32, n)
	for i := range xs {
		xs[i] = float32(i)/8 - 4
		ys[i] = float32(math.Sin(2 * float64(xs[i])))
	}
	x, y := graph.Input("x", n, 1), graph.Input("y", n, 1)
	model := nn.Sequential{
		&nn.Dense{Out: 16, Act: func(x *graph.Node) *graph.Node { return Snake(x, 1) }},
		&nn.Dense{Out: 1},
	}
	loss := nn.MSE(model.Apply(x), y)
	nn.Init(model, 1)
	step, err := optim.Minimize(loss, nn.Params(model), optim.Adam(0.01))
	if err != nil {
		return err
	}
	feeds := []graph.Feed{
		x.Is(tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(xs))),
		y.Is(tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(ys))),
	}
	for i := range 1501 {
		out, err := step.Run(feeds...)
		if err != nil {
			return err
		}
		if i%500 == 0 {
			fmt.Printf("step %4d  loss %.5f\n", i, out[0].Data())
		}
	}
	return nil
}
