// Command mnist trains a network to read digits: synthetic ones, drawn by
// package data, or real ones from a folder with the four idx files of MNIST. It
// leaves runs/mnist with its settings, history, curves, weights and a report.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/examples/internal/digits"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

// options are the command's flags.
type options struct {
	data      string
	epochs    int
	batch     int
	lr        float64
	optimizer string
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
	c := command.New("mnist")
	c.Resumable()
	flag.StringVar(&o.data, "data", "", "`folder` with MNIST's four idx files; synthetic digits if empty")
	flag.IntVar(&o.epochs, "epochs", 5, "times to go through the training set")
	flag.IntVar(&o.batch, "batch", 128, "rows in a step")
	flag.Float64Var(&o.lr, "lr", 4e-3, "learning rate at the start; it falls to 0 along a cosine")
	flag.StringVar(&o.optimizer, "optimizer", "adam", "`rule`: sgd, momentum, adam, adamw, rmsprop, nadam or lion")
	c.Parse()
	ctx, cancel := c.Context()
	defer cancel()
	if err := run(ctx, c, &o); err != nil {
		log.Fatal(err)
	}
}

// run trains, and writes what the network reaches on the test set.
func run(ctx context.Context, c *command.Command, o *options) error {
	if o.epochs < 1 || o.batch < 1 {
		return fmt.Errorf("-epochs %d -batch %d: both must be at least 1", o.epochs, o.batch)
	}
	if _, err := rule(o.optimizer, o.lr); err != nil {
		return err
	}
	f, err := c.Folder() // with -resume it sets o, too
	if err != nil {
		return err
	}
	learn, test, err := digits.Load(o.data, 10_000, 2000, c.Seed)
	if err != nil {
		return err
	}
	m, err := model(o, learn.Len(), c.Seed)
	if err != nil {
		return err
	}
	trainer, err := m.Build(learn)
	if err != nil {
		return err
	}
	fmt.Fprint(c.Out, m.Summary())
	fmt.Fprintf(c.Out, "%s: %d to train on, %d to test on\n", source(o.data), learn.Len(), test.Len())
	f.Section("Digits", fmt.Sprintf("A network of two layers learns to read %s: %d to train on, %d to test on.", source(o.data), learn.Len(), test.Len()))

	start := time.Now()
	if err := fit(ctx, c, o, f, trainer, learn, test); err != nil {
		return err
	}
	tested, err := m.Evaluate(ctx, test, 1000)
	if err != nil {
		return err
	}
	r := result{Loss: tested["loss"], Accuracy: tested["accuracy"], Seconds: time.Since(start).Seconds(), Params: size(trainer)}
	fmt.Fprintf(c.Out, "test loss %.4f  test accuracy %.4f  %.1f s\n", r.Loss, r.Accuracy, r.Seconds)
	if err := examine(ctx, f, m, test); err != nil {
		return err
	}
	return c.Finish(f, r)
}

// fit trains, from the last checkpoint on with -resume.
func fit(ctx context.Context, c *command.Command, o *options, f *report.Folder, t *train.Trainer, learn, test data.Dataset) error {
	settings := train.Options{
		Epochs: o.epochs, Batch: o.batch, Seed: c.Seed, Validation: test, Progress: c.Out,
		Callbacks: []train.Callback{
			&train.Checkpoints{Saver: train.Saver{Dir: f.Path("checkpoints"), Keep: 2}, Every: 100},
			f.Callback(),
		},
	}
	if c.Going {
		last, found, err := train.Resume(f.Path("checkpoints"), t.State())
		if err != nil {
			return err
		}
		if found {
			settings.From = last.Position
			fmt.Fprintf(c.Out, "going on after %d steps\n", last.Position.Steps)
		}
	}
	_, err := t.Fit(ctx, learn, settings)
	if errors.Is(err, context.Canceled) { // the checkpoints have that step
		return fmt.Errorf("%w: the same command with -resume goes on", err)
	}
	return err
}
