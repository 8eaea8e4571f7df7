// Command seed is the program that this framework grew from: a network of 784,
// 10, 8 and 1 neurons trained on 1000 random rows with random labels, and its
// predictions. Random labels can only be learned by heart, so the loss falls
// below log 2 = 0.693, that of guessing, without meaning anything.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
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

	model := &train.Model{
		Net: nn.Sequential{
			&nn.Dense{Out: 10, Act: ops.ReLU},
			&nn.Dense{Out: 8, Act: ops.ReLU},
			&nn.Dense{Out: 1},
		},
		Loss:      nn.BinaryCrossEntropy,
		Optimizer: optim.Adam(1e-3),
		Metrics:   []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
		Output:    ops.Sigmoid,
		Seed:      seed,
	}
	ctx := context.Background()
	report := train.OnEpoch(func(r *train.Run) error {
		e := r.History.Last()
		fmt.Printf("epoch %2d  loss %.4f  accuracy %.3f\n", e.Number, e.Train["loss"], e.Train["accuracy"])
		return nil
	})
	o := train.Options{Epochs: epochs, Batch: 32, Seed: seed, Callbacks: []train.Callback{report}}
	if _, err := model.Fit(ctx, rows, o); err != nil {
		return err
	}
	out, err := model.Predict(ctx, rows, 1000)
	if err != nil {
		return err
	}
	predictions := out.Float32s()
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
