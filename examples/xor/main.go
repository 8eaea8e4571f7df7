// Command xor learns the exclusive or, which no network without a hidden layer
// can, and prints the graph of the network.
package main

import (
	"fmt"
	"log"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func main() {
	log.SetFlags(0)
	xs := tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{0, 0, 0, 1, 1, 0, 1, 1}))
	ys := tensor.New(tensor.WithShape(4, 1), tensor.WithBacking([]float32{0, 1, 1, 0}))

	x, y := graph.Input("x", graph.Sym("batch"), 2), graph.Input("y", graph.Sym("batch"), 1)
	model := nn.Sequential{&nn.Dense{Out: 8, Act: ops.Tanh}, &nn.Dense{Out: 1}}
	logits := model.Apply(x)
	loss := nn.BinaryCrossEntropy(logits, y)
	nn.Init(model, 1)
	fmt.Print(graph.Listing(loss))

	step, err := optim.Minimize(loss, nn.Params(model), optim.Adam(0.05), ops.Sigmoid(logits))
	if err != nil {
		log.Fatal(err)
	}
	for i := range 301 {
		out, err := step.Run(x.Is(xs), y.Is(ys))
		if err != nil {
			log.Fatal(err)
		}
		if i%100 == 0 {
			fmt.Printf("step %3d  loss %.4f  probabilities %.3f\n", i, out[0].Data(), out[1].Float32s())
		}
	}
}
