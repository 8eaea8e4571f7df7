// Command vae trains a variational autoencoder on digits: 16 numbers stand for an
// image, and numbers drawn at random give images of digits that nobody wrote
// (Kingma and Welling 2014, arXiv:1312.6114). The digits are synthetic, or MNIST's
// by -data.
package main

import (
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/examples/internal/digits"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("data", "", "folder with MNIST's four idx files; synthetic digits if empty")
	images := flag.Int("images", 10_000, "synthetic digits to train on")
	epochs := flag.Int("epochs", 10, "times to go through the images")
	flag.Parse()
	if err := run(*dir, *images, *epochs); err != nil {
		log.Fatal(err)
	}
}

const code = 16

func run(dir string, images, epochs int) error {
	train, test, err := digits.Load(dir, images, 1000, 1)
	if err != nil {
		return err
	}
	batch := graph.Sym("batch")
	x := graph.Input("x", batch, 28, 28)
	model := &zoo.VAE{Code: code}
	loss, picture, divergence := model.Loss(x)
	nn.Init(model, 1)
	step, err := optim.Minimize(loss, nn.Params(model), optim.Adam(1e-3))
	if err != nil {
		return err
	}
	evaluate, err := graph.Compile(picture, divergence, ops.Sigmoid(model.Apply(x)))
	if err != nil {
		return err
	}
	for epoch := range epochs {
		sum, n := 0.0, 0
		for b, err := range train.Shuffle(uint64(epoch)).Batches(100) {
			if err != nil {
				return err
			}
			out, err := step.Run(x.Is(b[0]))
			if err != nil {
				return err
			}
			sum += graph.Values(out[0])[0]
			n++
		}
		out, err := evaluate.Run(x.Is(test.Column(0)))
		if err != nil {
			return err
		}
		fmt.Printf("epoch %2d  loss %.1f  test: picture %.1f, divergence %.1f\n", epoch+1, sum/float64(n), out[0].Data(), out[1].Data())
		if epoch == epochs-1 {
			fmt.Println("digits of the test set, and what is drawn from their codes:")
			show(test.Column(0).Float32s(), 6)
			show(out[2].Float32s(), 6)
		}
	}
	return imagine(model)
}

// imagine shows what is drawn from codes drawn at random.
func imagine(model *zoo.VAE) error {
	z := graph.Input("z", 6, code)
	draw, err := graph.Compile(ops.Sigmoid(model.Decode(z)))
	if err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(1, 0))
	v := make([]float32, 6*code)
	for i := range v {
		v[i] = float32(rnd.NormFloat64())
	}
	out, err := draw.Run(z.Is(tensor.New(tensor.WithShape(6, code), tensor.WithBacking(v))))
	if err != nil {
		return err
	}
	fmt.Println("what is drawn from random codes:")
	show(out[0].Float32s(), 6)
	return nil
}

// show prints the first n images beside each other, every second row of each.
func show(images []float32, n int) {
	const ink = " .:-=+*#%@"
	var b strings.Builder
	for row := 0; row < 28; row += 2 {
		for i := range n {
			for column := range 28 {
				v := images[i*784+row*28+column]
				b.WriteByte(ink[min(len(ink)-1, int(v*float32(len(ink))))])
			}
		}
		b.WriteByte('\n')
	}
	fmt.Print(b.String())
}
