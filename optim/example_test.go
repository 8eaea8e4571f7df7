package optim_test

import (
	"fmt"
	"log"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// line returns a scalar parameter for each of w and b, and points on y = 3x - 1.
func line() (w, b *graph.Param, xs, ys *tensor.Dense) {
	scalar := func(label string) *graph.Param {
		return &graph.Param{Label: label, Value: tensor.New(tensor.FromScalar(float32(0)))}
	}
	xs = tensor.New(tensor.WithShape(4), tensor.WithBacking([]float32{-1, 0, 1, 2}))
	ys = tensor.New(tensor.WithShape(4), tensor.WithBacking([]float32{-4, -1, 2, 5}))
	return scalar("w"), scalar("b"), xs, ys
}

func ExampleMinimize() {
	w, b, xs, ys := line()
	n := graph.Sym("n")
	x, y := graph.Input("x", n), graph.Input("y", n)
	loss := ops.Mean(ops.Square(ops.Sub(ops.Add(ops.Mul(x, w.Node()), b.Node()), y)))
	step, err := optim.Minimize(loss, []*graph.Param{w, b}, optim.Adam(0.1))
	if err != nil {
		log.Fatal(err)
	}
	for range 500 {
		if _, err := step.Run(x.Is(xs), y.Is(ys)); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("y = %.3f x %+.3f\n", w.Value.Data(), b.Value.Data())
	// Output: y = 3.000 x -1.000
}

// A rule of one's own: momentum that forgets where it disagrees with the
// gradient.
func ExampleRule() {
	cautious := func(lr float64) optim.Rule {
		return func(p, g *graph.Node, s *optim.State) *graph.Node {
			m := s.Average("m", g, 0.9)
			agrees := ops.Greater(ops.Mul(m, g), graph.Scalar(0))
			return ops.Sub(p, ops.Mul(s.Rate(lr), ops.Where(agrees, m, graph.Scalar(0))))
		}
	}
	w, b, xs, ys := line()
	loss := ops.Mean(ops.Square(ops.Sub(ops.Add(ops.Mul(graph.Const(xs), w.Node()), b.Node()), graph.Const(ys))))
	step, err := optim.Minimize(loss, []*graph.Param{w, b}, cautious(0.1))
	if err != nil {
		log.Fatal(err)
	}
	for range 300 {
		if _, err := step.Run(); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("y = %.3f x %+.3f\n", w.Value.Data(), b.Value.Data())
	for _, p := range step.Params() {
		fmt.Println(p.Label, p.Type)
	}
	// Output:
	// y = 3.000 x -1.000
	// w f32[]
	// b f32[]
	// w/m f32[]
	// b/m f32[]
}

// A warm-up, half a cosine wave down, and gradients of at most length 1.
func ExampleRule_Schedule() {
	w, b, xs, ys := line()
	loss := ops.Mean(ops.Square(ops.Sub(ops.Add(ops.Mul(graph.Const(xs), w.Node()), b.Node()), graph.Const(ys))))
	rule := optim.AdamW(0.1, 1e-3).Schedule(optim.WarmUp(20, optim.Cosine(280, 0))).ClipNorm(1)
	step, err := optim.Minimize(loss, []*graph.Param{w, b}, rule)
	if err != nil {
		log.Fatal(err)
	}
	for range 300 {
		if _, err := step.Run(); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("y = %.2f x %+.2f\n", w.Value.Data(), b.Value.Data())
	// Output: y = 3.00 x -1.00
}

func ExamplePerParam() {
	w, b, xs, ys := line()
	loss := ops.Mean(ops.Square(ops.Sub(ops.Add(ops.Mul(graph.Const(xs), w.Node()), b.Node()), graph.Const(ys))))
	rule := optim.PerParam(func(p *graph.Param) optim.Rule {
		if p == b {
			return nil // stays 0
		}
		return optim.SGD(0.1)
	})
	step, err := optim.Minimize(loss, []*graph.Param{w, b}, rule)
	if err != nil {
		log.Fatal(err)
	}
	for range 100 {
		if _, err := step.Run(); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("y = %.3f x %+.3f\n", w.Value.Data(), b.Value.Data())
	// Output: y = 2.667 x +0.000
}
