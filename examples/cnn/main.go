// Command cnn trains a small convolutional network to read digits: synthetic ones,
// drawn by package data, or real ones from a folder with the four idx files of
// MNIST.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"time"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/digits"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// options are the command's flags.
type options struct {
	data   string
	images int
	epochs int
	batch  int
	lr     float64
	seed   uint64
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.data, "data", "", "`folder` with MNIST's four idx files; synthetic digits if empty")
	flag.IntVar(&o.images, "images", 6000, "synthetic digits to train on")
	flag.IntVar(&o.epochs, "epochs", 8, "times to go through the training set")
	flag.IntVar(&o.batch, "batch", 64, "images in a step")
	flag.Float64Var(&o.lr, "lr", 2e-3, "learning rate at the start; it falls to 0 along a cosine")
	flag.Uint64Var(&o.seed, "seed", 1, "of the weights, the order and the synthetic digits")
	flag.Parse()
	if err := run(os.Stdout, o); err != nil {
		log.Fatal(err)
	}
}

// network reads digits of 28 by 28.
func network() nn.Layer {
	conv := func(out int) nn.Sequential {
		return nn.Sequential{
			&nn.Conv2D{Out: out, Kernel: []int{3}, Same: true, NoBias: true}, &nn.BatchNorm{}, nn.Func(ops.ReLU),
		}
	}
	return nn.Sequential{
		conv(16), conv(16), &nn.MaxPool{Window: []int{2}},
		conv(32), conv(32), &nn.MaxPool{Window: []int{2}},
		&nn.Flatten{}, &nn.Dropout{Rate: 0.3},
		&nn.Dense{Out: 128, Act: ops.ReLU, Init: nn.HeUniform}, &nn.Dropout{Rate: 0.3},
		&nn.Dense{Out: 10},
	}
}

func run(w io.Writer, o options) error {
	if o.epochs < 1 || o.batch < 1 || o.images < 1 {
		return fmt.Errorf("-epochs %d -batch %d -images %d: all must be at least 1", o.epochs, o.batch, o.images)
	}
	train, test, err := digits.Load(o.data, o.images, 2000, o.seed)
	if err != nil {
		return err
	}
	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 28, 28), graph.InputOf(graph.Int64, "y", batch)
	model := network()
	logits := model.Apply(ops.Expand(x, 1)) // one channel
	loss, accuracy := nn.CrossEntropy(logits, y), nn.Accuracy(logits, y)
	nn.Init(model, o.seed)
	steps := o.epochs * ((train.Len() + o.batch - 1) / o.batch)
	step, err := optim.Minimize(loss, nn.Params(model), optim.AdamW(o.lr, 0.01).Schedule(optim.Cosine(steps, 0)), accuracy)
	if err != nil {
		return err
	}
	evaluate, err := graph.Compile(loss, accuracy)
	if err != nil {
		return err
	}
	fmt.Fprint(w, nn.Summary(logits, model))
	start := time.Now()
	for epoch := range o.epochs {
		trained, err := epochOf(step, x, y, train.Shuffle(o.seed<<16+uint64(epoch)), o.batch)
		if err != nil {
			return err
		}
		tested, err := epochOf(evaluate, x, y, test, 500)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "epoch %2d/%d  loss %.4f  accuracy %.4f  test loss %.4f  test accuracy %.4f  %.1f s\n",
			epoch+1, o.epochs, trained[0], trained[1], tested[0], tested[1], time.Since(start).Seconds())
	}
	return nil
}

// epochOf runs the program, whose outputs are the loss and the accuracy of a
// batch, over a data set, and returns those of all its rows.
func epochOf(p *graph.Program, x, y *graph.Node, set data.Dataset, batch int) (mean [2]float64, err error) {
	for b, err := range set.Batches(batch) {
		if err != nil {
			return mean, err
		}
		out, err := p.Run(x.Is(b[0]), y.Is(b[1]))
		if err != nil {
			return mean, err
		}
		n := float64(b[1].Shape()[0])
		mean[0] += n * graph.Values(out[0])[0]
		mean[1] += math.Round(n * graph.Values(out[1])[0]) // rows that are right
	}
	n := float64(set.Len())
	return [2]float64{mean[0] / n, mean[1] / n}, nil
}
