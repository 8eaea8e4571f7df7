// Command mnist trains a network to read digits: synthetic ones, drawn by
// package data, or real ones from a folder with the four idx files of MNIST.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
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
	r, err := run(context.Background(), os.Stdout, o)
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

func load(o options) (learn, test *data.Arrays, err error) {
	if o.data != "" {
		return data.MNIST(o.data)
	}
	all := data.Digits(12_000, o.seed)
	return all.Rows(2000, all.Len()), all.Rows(0, 2000), nil
}

// run trains and returns what the network reaches on the test set.
func run(ctx context.Context, w io.Writer, o options) (r result, err error) {
	if o.epochs < 1 || o.batch < 1 {
		return r, fmt.Errorf("-epochs %d -batch %d: both must be at least 1", o.epochs, o.batch)
	}
	learn, test, err := load(o)
	if err != nil {
		return r, err
	}
	r0, err := rule(o.optimizer, o.lr)
	if err != nil {
		return r, err
	}

	steps := o.epochs * ((learn.Len() + o.batch - 1) / o.batch)
	m := &train.Model{
		Net: nn.Sequential{
			&nn.Flatten{},
			&nn.Dense{Out: 256, Act: ops.ReLU, Init: nn.HeUniform},
			&nn.Dropout{Rate: 0.2},
			&nn.Dense{Out: 10},
		},
		Loss:      func(logits, y *graph.Node) *graph.Node { return nn.CrossEntropy(logits, y) },
		Optimizer: r0.Schedule(optim.Cosine(steps, 0)),
		Metrics:   []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
		Seed:      o.seed,
	}
	trainer, err := m.Build(learn)
	if err != nil {
		return r, err
	}
	for _, p := range trainer.Params {
		if p.Type.DType.Float() { // not the random state of the dropout
			r.Params += int(p.Type.Shape.Size())
		}
	}
	fmt.Fprint(w, m.Summary())
	fmt.Fprintf(w, "%s: %d to train on, %d to test on\n", source(o), learn.Len(), test.Len())

	start := time.Now()
	report := func(run *train.Run) error {
		tested, err := m.Evaluate(ctx, test, 1000)
		if err != nil {
			return err
		}
		e := run.History.Last()
		r.Loss, r.Accuracy, r.Seconds = tested["loss"], tested["accuracy"], time.Since(start).Seconds()
		fmt.Fprintf(w, "epoch %2d/%d  loss %.4f  accuracy %.4f  test loss %.4f  test accuracy %.4f  %.1f s\n",
			e.Number, o.epochs, e.Train["loss"], e.Train["accuracy"], r.Loss, r.Accuracy, r.Seconds)
		return nil
	}
	_, err = m.Fit(ctx, learn, train.Options{Epochs: o.epochs, Batch: o.batch, Seed: o.seed, Callbacks: []train.Callback{train.OnEpoch(report)}})
	return r, err
}

func source(o options) string {
	if o.data == "" {
		return "synthetic digits"
	}
	return "digits of " + o.data
}
