// Command linear fits y = w·x + b to noisy points by gradient descent: the
// smallest training there is.
package main

import (
	"fmt"
	"log"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/optim"
)

func main() {
	log.SetFlags(0)
	xs, ys := points(200)

	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 1), graph.Input("y", batch, 1)
	model := &nn.Dense{Out: 1}
	loss := nn.MSE(model.Apply(x), y)
	nn.Init(model, 1)

	step, err := optim.Minimize(loss, nn.Params(model), optim.SGD(0.1))
	if err != nil {
		log.Fatal(err)
	}
	for i := range 201 {
		out, err := step.Run(x.Is(xs), y.Is(ys))
		if err != nil {
			log.Fatal(err)
		}
		if i%50 == 0 {
			fmt.Printf("step %3d  loss %.4f\n", i, out[0].Data())
		}
	}
	fmt.Printf("y = %.2f x + %.2f (drawn from 2 x + 3 with noise of 0.1)\n",
		model.W.Value.Float32s()[0], model.B.Value.Float32s()[0])
}

// points draws n points of the line y = 2x + 3, with noise.
func points(n int) (xs, ys *tensor.Dense) {
	rnd := rand.New(rand.NewPCG(1, 0))
	x, y := make([]float32, n), make([]float32, n)
	for i := range x {
		x[i] = 2*rnd.Float32() - 1
		y[i] = 2*x[i] + 3 + 0.1*float32(rnd.NormFloat64())
	}
	return tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(x)),
		tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(y))
}
