// Command mnist trains a network to read digits: synthetic ones, drawn by
// package data, or real ones from a folder with the four idx files of MNIST.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"time"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// options are the command's flags.
type options struct {
	data      string
	epochs    int
	batch     int
	lr        float64
	optimizer string
	seed      uint64
	json      bool
}

// result is the last line of output with -json.
type result struct {
	Accuracy float64 `json:"test_accuracy"`
	Loss     float64 `json:"test_loss"`
	Seconds  float64 `json:"seconds"`
	Params   int     `json:"params"`
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.data, "data", "", "`folder` with MNIST's four idx files; synthetic digits if empty")
	flag.IntVar(&o.epochs, "epochs", 5, "times to go through the training set")
	flag.IntVar(&o.batch, "batch", 128, "rows in a step")
	flag.Float64Var(&o.lr, "lr", 4e-3, "learning rate at the start; it falls to 0 along a cosine")
	flag.StringVar(&o.optimizer, "optimizer", "adam", "`rule`: sgd, momentum, adam, adamw, rmsprop, nadam or lion")
	flag.Uint64Var(&o.seed, "seed", 1, "of the weights, the order and the synthetic digits")
	flag.BoolVar(&o.json, "json", false, "print the result as JSON in the last line")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unexpected argument %q", flag.Arg(0))
	}
	r, err := run(os.Stdout, o)
	if err != nil {
		log.Fatal(err)
	}
	if o.json {
		line, err := json.Marshal(r)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(line))
	}
}

// rule returns the optimizer of that name.
func rule(name string, lr float64) (optim.Rule, error) {
	switch name {
	case "sgd":
		return optim.SGD(lr), nil
	case "momentum":
		return optim.SGD(lr, optim.SGDOptions{Momentum: 0.9}), nil
	case "adam":
		return optim.Adam(lr), nil
	case "adamw":
		return optim.AdamW(lr, 0.01), nil
	case "rmsprop":
		return optim.RMSProp(lr), nil
	case "nadam":
		return optim.NAdam(lr), nil
	case "lion":
		return optim.Lion(lr, 0.01), nil
	}
	return nil, fmt.Errorf("unknown optimizer %q: want sgd, momentum, adam, adamw, rmsprop, nadam or lion", name)
}

func load(o options) (train, test *data.Arrays, err error) {
	if o.data != "" {
		return data.MNIST(o.data)
	}
	all := data.Digits(12_000, o.seed)
	return all.Rows(2000, all.Len()), all.Rows(0, 2000), nil
}

// run trains and returns what the network reaches on the test set.
func run(w io.Writer, o options) (r result, err error) {
	if o.epochs < 1 || o.batch < 1 {
		return r, fmt.Errorf("-epochs %d -batch %d: both must be at least 1", o.epochs, o.batch)
	}
	train, test, err := load(o)
	if err != nil {
		return r, err
	}
	r0, err := rule(o.optimizer, o.lr)
	if err != nil {
		return r, err
	}

	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 28, 28), graph.InputOf(graph.Int64, "y", batch)
	model := nn.Sequential{
		&nn.Flatten{},
		&nn.Dense{Out: 256, Act: ops.ReLU, Init: nn.HeUniform},
		&nn.Dropout{Rate: 0.2},
		&nn.Dense{Out: 10},
	}
	logits := model.Apply(x)
	loss, accuracy := nn.CrossEntropy(logits, y), nn.Accuracy(logits, y)
	nn.Init(model, o.seed)
	steps := o.epochs * ((train.Len() + o.batch - 1) / o.batch)
	step, err := optim.Minimize(loss, nn.Params(model), r0.Schedule(optim.Cosine(steps, 0)), accuracy)
	if err != nil {
		return r, err
	}
	evaluate, err := graph.Compile(loss, accuracy)
	if err != nil {
		return r, err
	}
	for _, p := range nn.Params(model) {
		if p.Type.DType.Float() { // not the random state of the dropout
			r.Params += int(p.Type.Shape.Size())
		}
	}
	fmt.Fprint(w, nn.Summary(logits, model))
	fmt.Fprintf(w, "%s: %d to train on, %d to test on\n", source(o), train.Len(), test.Len())

	start := time.Now()
	for epoch := range o.epochs {
		trained, err := epochOf(step, x, y, train.Shuffle(o.seed<<16+uint64(epoch)), o.batch)
		if err != nil {
			return r, err
		}
		tested, err := epochOf(evaluate, x, y, test, 1000)
		if err != nil {
			return r, err
		}
		r.Loss, r.Accuracy, r.Seconds = tested[0], tested[1], time.Since(start).Seconds()
		fmt.Fprintf(w, "epoch %2d/%d  loss %.4f  accuracy %.4f  test loss %.4f  test accuracy %.4f  %.1f s\n",
			epoch+1, o.epochs, trained[0], trained[1], r.Loss, r.Accuracy, r.Seconds)
	}
	return r, nil
}

func source(o options) string {
	if o.data == "" {
		return "synthetic digits"
	}
	return "digits of " + o.data
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
		mean[0] += n * float64(out[0].Data().(float32))
		mean[1] += math.Round(n * float64(out[1].Data().(float32))) // rows that are right
	}
	n := float64(set.Len())
	return [2]float64{mean[0] / n, mean[1] / n}, nil
}
