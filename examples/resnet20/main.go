// Command resnet20 trains ResNet-20 as its paper does on small coloured pictures:
// synthetic ones, drawn at random, or those of CIFAR-10 from a folder with its
// binary files.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/optim"
)

// options are the command's flags.
type options struct {
	data          string
	images, size  int
	layers, width int
	epochs, batch int
	lr            float64
	seed          uint64
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.data, "data", "", "`folder` with CIFAR-10's binary files or their archive; synthetic pictures if empty")
	flag.IntVar(&o.images, "images", 2000, "synthetic pictures to train on")
	flag.IntVar(&o.size, "size", 32, "height and width of synthetic pictures")
	flag.IntVar(&o.layers, "layers", 20, "6n+2, for n blocks in each stage")
	flag.IntVar(&o.width, "width", 16, "channels of the first stage")
	flag.IntVar(&o.epochs, "epochs", 5, "times to go through the training set")
	flag.IntVar(&o.batch, "batch", 64, "pictures in a step")
	flag.Float64Var(&o.lr, "lr", 0.05, "learning rate at the start; it falls to 0 along a cosine")
	flag.Uint64Var(&o.seed, "seed", 1, "of the weights, the order and the synthetic pictures")
	flag.Parse()
	if err := run(os.Stdout, o); err != nil {
		log.Fatal(err)
	}
}

func load(o options) (train, test *data.Arrays, err error) {
	if o.data != "" {
		return data.CIFAR10(o.data)
	}
	if o.images < 1 || o.size < 16 {
		return nil, nil, fmt.Errorf("-images %d -size %d: want at least 1 picture, and a size of at least 16", o.images, o.size)
	}
	if train, err = pictures(o.seed, o.images, o.size); err != nil {
		return nil, nil, err
	}
	test, err = pictures(o.seed+1, 500, o.size)
	return train, test, err
}

func run(w io.Writer, o options) error {
	if o.epochs < 1 || o.batch < 1 {
		return fmt.Errorf("-epochs %d -batch %d: both must be at least 1", o.epochs, o.batch)
	}
	train, test, err := load(o)
	if err != nil {
		return err
	}
	side := graph.Dim(train.Column(0).Shape()[2])
	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 3, side, side), graph.InputOf(graph.Int64, "y", batch)
	model := &zoo.ResNet{Classes: 10, Layers: o.layers, Width: o.width}
	logits := model.Apply(x)
	loss, accuracy := nn.CrossEntropy(logits, y), nn.Accuracy(logits, y)
	nn.Init(model, o.seed)
	steps := o.epochs * ((train.Len() + o.batch - 1) / o.batch)
	rule := optim.SGD(o.lr, optim.SGDOptions{Momentum: 0.9, Nesterov: true}).Schedule(optim.Cosine(steps, 0))
	step, err := optim.Minimize(loss, nn.Params(model), rule, accuracy)
	if err != nil {
		return err
	}
	evaluate, err := graph.Compile(loss, accuracy)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d pictures to train on, %d to test on\n", train.Len(), test.Len())
	for epoch := range o.epochs {
		seed := o.seed<<16 + uint64(epoch)
		changed := data.Map(train.Shuffle(seed), data.Augment{Flip: true, Shift: int(side) / 8, Seed: seed}.Transform(0))
		trained, err := epochOf(step, x, y, changed, o.batch)
		if err != nil {
			return err
		}
		tested, err := epochOf(evaluate, x, y, test, 250)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "epoch %2d/%d  loss %.4f  accuracy %.4f  test loss %.4f  test accuracy %.4f\n",
			epoch+1, o.epochs, trained[0], trained[1], tested[0], tested[1])
	}
	return nil
}

// epochOf runs the program, whose outputs are the loss and the accuracy of a
// batch, over a data set, and returns those of all its rows.
func epochOf(p *graph.Program, x, y *graph.Node, set data.Dataset, batch int) (mean [2]float64, err error) {
	rows := 0.0
	for b, err := range set.Batches(batch) {
		if err != nil {
			return mean, err
		}
		out, err := p.Run(x.Is(b[0]), y.Is(b[1]))
		if err != nil {
			return mean, err
		}
		n := float64(b[1].Shape()[0])
		rows += n
		mean[0] += n * graph.Values(out[0])[0]
		mean[1] += math.Round(n * graph.Values(out[1])[0]) // rows that are right
	}
	return [2]float64{mean[0] / rows, mean[1] / rows}, nil
}

// pictures draws stripes of ten kinds, at any place and in any colours: five widths,
// upright or lying.
func pictures(seed uint64, n, size int) (*data.Arrays, error) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	x, y := make([]float32, n*3*size*size), make([]int64, n)
	for i := range n {
		kind := rnd.IntN(10)
		y[i] = int64(kind)
		wave := 2 * math.Pi / float64(3+2*(kind/2))
		phase := rnd.Float64() * 2 * math.Pi
		for c := range 3 {
			ground, strength := rnd.Float64(), 0.3+0.4*rnd.Float64()
			plane := x[(3*i+c)*size*size:]
			for row := range size {
				for col := range size {
					at := row
					if kind%2 == 0 {
						at = col
					}
					plane[row*size+col] = float32(ground + strength*math.Sin(wave*float64(at)+phase) + 0.3*rnd.NormFloat64())
				}
			}
		}
	}
	return data.Of(tensor.New(tensor.WithShape(n, 3, size, size), tensor.WithBacking(x)), tensor.New(tensor.WithShape(n), tensor.WithBacking(y)))
}
