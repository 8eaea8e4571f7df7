// Command twooutputs trains one network with two heads on synthetic digits: one
// says which digit it is, the other how much ink it took. The losses are added
// with weights.
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A model is a struct of layers; its parameters are named by the fields' path.
type model struct {
	Trunk      nn.Sequential
	Digit, Ink nn.Dense
}

func main() {
	log.SetFlags(0)
	images := flag.Int("images", 3000, "synthetic digits to train on")
	epochs := flag.Int("epochs", 5, "times to go through them")
	flag.Parse()
	if err := run(*images, *epochs); err != nil {
		log.Fatal(err)
	}
}

func run(images, epochs int) error {
	m := &model{
		Trunk: nn.Sequential{&nn.Flatten{}, &nn.Dense{Out: 32, Act: ops.ReLU}},
		Digit: nn.Dense{Out: 10},
		Ink:   nn.Dense{Out: 1},
	}
	batch := graph.Sym("batch")
	x, digit := graph.Input("x", batch, 28, 28), graph.InputOf(graph.Int64, "digit", batch)
	ink := ops.Expand(ops.Scale(ops.Sum(x, 1, 2), 0.01), 1) // the target is computed in the graph

	h := m.Trunk.Apply(x)
	logits, amount := m.Digit.Apply(h), m.Ink.Apply(h)
	lossDigit, lossInk := nn.CrossEntropy(logits, digit), nn.MSE(amount, ink)
	loss := ops.Add(lossDigit, ops.Scale(lossInk, 0.5))
	nn.Init(m, 1)
	for _, p := range nn.Params(m) {
		fmt.Printf("%-9s %v\n", p.Label, p.Type)
	}
	step, err := optim.Minimize(loss, nn.Params(m), optim.Adam(2e-3), lossDigit, lossInk)
	if err != nil {
		return err
	}
	evaluate, err := graph.Compile(nn.Accuracy(logits, digit), nn.MAE(amount, ink))
	if err != nil {
		return err
	}
	all := data.Digits(images+1000, 1)
	test, train := all.Rows(0, 1000), all.Rows(1000, all.Len())
	for epoch := range epochs {
		var last []float32
		for b, err := range train.Shuffle(uint64(epoch)).Batches(50) {
			if err != nil {
				return err
			}
			out, err := step.Run(x.Is(b[0]), digit.Is(b[1]))
			if err != nil {
				return err
			}
			last = []float32{out[1].Data().(float32), out[2].Data().(float32)}
		}
		out, err := evaluate.Run(x.Is(test.Column(0)), digit.Is(test.Column(1)))
		if err != nil {
			return err
		}
		fmt.Printf("epoch %d  last losses %.4f  test: accuracy %.3f, ink off by %.3f\n", epoch+1, last, out[0].Data(), out[1].Data())
	}
	return nil
}
