// Command seed is the program that this framework grew from: a network of 784,
// 10, 8 and 1 neurons trained on 1000 random rows with random labels, and its
// predictions. Random labels can only be learned by heart, so the loss falls
// below log 2 = 0.693, that of guessing, without meaning anything.
package main

import (
	"flag"
	"fmt"
	"log"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func main() {
	log.SetFlags(0)
	epochs := flag.Int("epochs", 10, "times to go through the rows")
	seed := flag.Uint64("seed", 1, "of the rows, the weights and the order")
	flag.Parse()
	if err := run(*epochs, *seed); err != nil {
		log.Fatal(err)
	}
}

func run(epochs int, seed uint64) error {
	xs, ys := randomRows(1000, seed)
	rows, err := data.Of(xs, ys)
	if err != nil {
		return err
	}

	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 784), graph.Input("y", batch, 1)
	model := nn.Sequential{
		&nn.Dense{Out: 10, Act: ops.ReLU},
		&nn.Dense{Out: 8, Act: ops.ReLU},
		&nn.Dense{Out: 1},
	}
	logits := model.Apply(x)
	loss := nn.BinaryCrossEntropy(logits, y)
	nn.Init(model, seed)
	step, err := optim.Minimize(loss, nn.Params(model), optim.Adam(1e-3), nn.Accuracy(logits, y))
	if err != nil {
		return err
	}
	for epoch := range epochs {
		var sumLoss, sumRight float64
		for b, err := range rows.Shuffle(seed + uint64(epoch)).Batches(32) {
			if err != nil {
				return err
			}
			out, err := step.Run(x.Is(b[0]), y.Is(b[1]))
			if err != nil {
				return err
			}
			n := float64(b[0].Shape()[0])
			sumLoss += n * float64(out[0].Data().(float32))
			sumRight += n * float64(out[1].Data().(float32))
		}
		n := float64(rows.Len())
		fmt.Printf("epoch %2d  loss %.4f  accuracy %.3f\n", epoch+1, sumLoss/n, sumRight/n)
	}

	predict, err := graph.Compile(ops.Sigmoid(logits))
	if err != nil {
		return err
	}
	out, err := predict.Run(x.Is(xs))
	if err != nil {
		return err
	}
	predictions := out[0].Data().([]float32)
	fmt.Printf("%d predictions, the first: %.3f\n", len(predictions), predictions[:8])
	return nil
}

// randomRows draws n rows of 784 numbers from [0, 1) and a label 0 or 1 for
// each.
func randomRows(n int, seed uint64) (xs, ys *tensor.Dense) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	x, y := make([]float32, n*784), make([]float32, n)
	for i := range x {
		x[i] = rnd.Float32()
	}
	for i := range y {
		y[i] = float32(rnd.IntN(2))
	}
	return tensor.New(tensor.WithShape(n, 784), tensor.WithBacking(x)),
		tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(y))
}
