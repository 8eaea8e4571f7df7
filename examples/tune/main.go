// Command tune finds the learning rate, the batch size, the width and the depth of a
// network that reads digits: synthetic ones, or real ones of 8 by 8 from a CSV file.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
	"github.com/adjointml/adjoint/train/tune"
)

// options are the flags of this example.
type options struct {
	data            string
	images          int
	trials, epochs  int
	workers         int
	sampler, pruner string
	journal         string
}

func main() {
	log.SetFlags(0)
	c := command.New("tune")
	var o options
	flag.StringVar(&o.data, "data", "", "CSV `file` with a column target and 64 of pixels from 0 to 16; synthetic digits if empty")
	flag.IntVar(&o.images, "images", 2400, "synthetic digits, of which a sixth is for testing")
	flag.IntVar(&o.trials, "trials", 40, "networks to try")
	flag.IntVar(&o.epochs, "epochs", 9, "times that a network sees the data if it is not pruned")
	flag.IntVar(&o.workers, "workers", 1, "trials at once; with more than one the seed does not decide all")
	flag.StringVar(&o.sampler, "sampler", "tpe", "what proposes trials: random, halton or tpe")
	flag.StringVar(&o.pruner, "pruner", "asha", "what ends them early: none, median or asha")
	flag.StringVar(&o.journal, "journal", "", "`file` to go on from, and to write; the run's own if empty")
	c.Parse()
	ctx, cancel := c.Context()
	defer cancel()
	if err := run(ctx, c, o); err != nil {
		log.Fatal(err)
	}
}

// result is what the search found.
type result struct {
	Values   tune.Values `json:"values"`
	Loss     float64     `json:"validation_loss"`
	Accuracy float64     `json:"test_accuracy"`
	Usual    float64     `json:"usual_test_accuracy"` // of a network with usual settings
	Pruned   int         `json:"pruned"`
	Epochs   int         `json:"epochs"` // of all trials
	Seconds  float64     `json:"seconds"`
}

var (
	samplers = map[string]tune.Sampler{"random": tune.Random{}, "halton": tune.Halton{}, "tpe": tune.TPE{}}
	pruners  = map[string]tune.Pruner{"none": nil, "median": tune.Median{}, "asha": tune.ASHA{}}
)

// usual are settings that one might begin with.
var usual = tune.Values{"rate": 1e-3, "batch": 32, "width": 64, "depth": 1}

// model returns a network for some values.
func model(v tune.Values, seed uint64) *train.Model {
	net := nn.Sequential{&nn.Flatten{}}
	for range v["depth"].(int) {
		net = append(net, &nn.Dense{Out: v["width"].(int), Act: ops.ReLU, Init: nn.HeUniform})
	}
	return &train.Model{
		Net:       append(net, &nn.Dense{Out: 10}),
		Loss:      nn.CrossEntropy,
		Optimizer: optim.Adam(v["rate"].(float64)),
		Metrics:   []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
		Seed:      seed,
	}
}

func run(ctx context.Context, c *command.Command, o options) error {
	sampler, known := samplers[o.sampler]
	pruner, also := pruners[o.pruner]
	if !known || !also {
		return fmt.Errorf("-sampler %s -pruner %s: want random, halton or tpe, and none, median or asha", o.sampler, o.pruner)
	}
	all, err := load(o, c.Seed)
	if err != nil {
		return err
	}
	n := all.Len() / 6
	test, valid, learn := all.Rows(0, n), all.Rows(n, 2*n), all.Rows(2*n, all.Len())
	f, err := c.Folder()
	if err != nil {
		return err
	}
	if o.journal == "" {
		o.journal = f.Path("journal.ndjson")
	}
	study := &tune.Study{
		Space: tune.Space{
			tune.LogFloat("rate", 1e-5, 0.3), tune.LogInt("batch", 8, 256), tune.LogInt("width", 4, 256), tune.Int("depth", 1, 4),
		},
		Objective: func(ctx context.Context, t *tune.Trial) (float64, error) {
			h, err := model(t.Values, c.Seed).Fit(ctx, learn, train.Options{
				Epochs: o.epochs, Batch: t.Int("batch"), Seed: c.Seed, Validation: valid, Callbacks: []train.Callback{t.Follow("val_loss")},
			})
			return h.Last().Validation["loss"], err
		},
		Trials: o.trials, Sampler: sampler, Pruner: pruner, Seed: c.Seed, Workers: o.workers, Journal: o.journal,
		Done: func(t tune.Trial) {
			fmt.Fprintf(c.Out, "trial %2d  %-6s after %d epochs  loss %.4f  rate %-9.2g batch %-4v width %-4v depth %v\n",
				t.Number, t.State, len(t.Reports), t.Value, t.Values["rate"], t.Values["batch"], t.Values["width"], t.Values["depth"])
		},
	}
	start := time.Now()
	found, err := study.Run(ctx)
	if err != nil {
		return err
	}
	r := result{Values: found.Best.Values, Loss: found.Best.Value, Seconds: time.Since(start).Seconds()}
	for _, t := range found.Trials {
		r.Epochs += len(t.Reports)
		if t.State == tune.Pruned {
			r.Pruned++
		}
	}
	if r.Accuracy, err = accuracy(ctx, found.Best.Values, o, c.Seed, all.Rows(n, all.Len()), test); err != nil {
		return err
	}
	if r.Usual, err = accuracy(ctx, usual, o, c.Seed, all.Rows(n, all.Len()), test); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "best: %v, test accuracy %.4f; usual settings: %.4f; %d epochs of %d, %d trials pruned\n",
		r.Values, r.Accuracy, r.Usual, r.Epochs, o.trials*o.epochs, r.Pruned)
	if err := f.Study("Search", found); err != nil {
		return err
	}
	return c.Finish(f, r)
}

// accuracy trains on all that is not for testing, and tests.
func accuracy(ctx context.Context, v tune.Values, o options, seed uint64, learn, test *data.Arrays) (float64, error) {
	m := model(v, seed)
	if _, err := m.Fit(ctx, learn, train.Options{Epochs: o.epochs, Batch: v["batch"].(int), Seed: seed}); err != nil {
		return 0, err
	}
	s, err := m.Evaluate(ctx, test, 256)
	return s["accuracy"], err
}

// load returns images and labels in random order.
func load(o options, seed uint64) (*data.Arrays, error) {
	if o.data == "" {
		return data.Digits(o.images, seed), nil
	}
	table, err := data.OpenCSV(o.data, data.CSV{})
	if err != nil {
		return nil, err
	}
	var pixels []string
	for _, name := range table.Names() {
		if name != "target" {
			pixels = append(pixels, name)
		}
	}
	x, err := table.Floats(pixels...)
	if err != nil {
		return nil, err
	}
	y, _, err := table.Classes("target")
	if err != nil {
		return nil, err
	}
	for i, v := range x.Float32s() {
		x.Float32s()[i] = v / 16
	}
	set, err := data.Of(x, y)
	if err != nil {
		return nil, err
	}
	return set.Shuffle(seed), nil
}
