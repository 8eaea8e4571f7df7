// Command customloss tries out a loss of one's own: a function of nodes. The
// points lie on a line, but for some that were measured wrongly; the squared
// error follows those, the loss defined here does not.
package main

import (
	"fmt"
	"log"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// cauchy is the mean of log(1 + (error/width)²), which grows so slowly that
// outliers hardly pull.
func cauchy(pred, y *graph.Node, width float64) *graph.Node {
	e := ops.Scale(ops.Sub(pred, y), 1/width)
	return ops.Mean(ops.Log1p(ops.Square(e)))
}

func main() {
	log.SetFlags(0)
	xs, ys := points(100)
	for _, l := range []struct {
		name string
		loss func(pred, y *graph.Node) *graph.Node
	}{
		{"squared error", func(pred, y *graph.Node) *graph.Node { return nn.MSE(pred, y) }},
		{"cauchy", func(pred, y *graph.Node) *graph.Node { return cauchy(pred, y, 0.3) }},
	} {
		w, b, err := fit(l.loss, xs, ys)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-14s y = %.2f x + %.2f\n", l.name, w, b)
	}
	fmt.Println("truth          y = 2.00 x + 1.00")
}

// fit returns the line with the least loss.
func fit(lossOf func(pred, y *graph.Node) *graph.Node, xs, ys *tensor.Dense) (w, b float32, err error) {
	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 1), graph.Input("y", batch, 1)
	line := &nn.Dense{Out: 1}
	loss := lossOf(line.Apply(x), y)
	nn.Init(line, 1)
	step, err := optim.Minimize(loss, nn.Params(line), optim.Adam(0.02))
	if err != nil {
		return 0, 0, err
	}
	for range 800 {
		if _, err := step.Run(x.Is(xs), y.Is(ys)); err != nil {
			return 0, 0, err
		}
	}
	return line.W.Value.Float32s()[0], line.B.Value.Float32s()[0], nil
}

// points draws n points of the line y = 2x + 1; every tenth is far off.
func points(n int) (xs, ys *tensor.Dense) {
	rnd := rand.New(rand.NewPCG(1, 0))
	x, y := make([]float32, n), make([]float32, n)
	for i := range x {
		x[i] = 2*rnd.Float32() - 1
		y[i] = 2*x[i] + 1 + 0.1*float32(rnd.NormFloat64())
		if i%10 == 0 {
			y[i] += 20 * x[i] * x[i]
		}
	}
	return tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(x)),
		tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(y))
}
