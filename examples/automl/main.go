// Command automl searches for the architecture of a convolutional network that reads
// digits, in two ways: by trials, each of which trains a network (package train/tune),
// and by gradient descent in one network that holds all choices at once (DARTS, Liu et
// al. 2018, arXiv:1806.09055).
//
// What is searched for is in cell.go, the two ways are in trials.go and darts.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

// options are the flags of this example.
type options struct {
	data              string
	images            int
	trials, epochs    int // of the search by trials
	search            int // epochs of the search by gradients
	final             int // epochs of the networks that are compared
	channels, batch   int
	rate, alpha, step float64
	first             bool
}

func main() {
	log.SetFlags(0)
	c := command.New("automl")
	var o options
	flag.StringVar(&o.data, "data", "", "`folder` with MNIST's four idx files; synthetic digits if empty")
	flag.IntVar(&o.images, "images", 2000, "digits to search and train with; as many again are for testing")
	flag.IntVar(&o.trials, "trials", 20, "networks that the search by trials tries")
	flag.IntVar(&o.epochs, "epochs", 4, "times that each of them sees the data if it is not pruned")
	flag.IntVar(&o.search, "search", 8, "times that the search by gradients sees the data")
	flag.IntVar(&o.final, "final", 8, "times that the networks that are compared see the data")
	flag.IntVar(&o.channels, "channels", 8, "channels of the search by gradients")
	flag.IntVar(&o.batch, "batch", 64, "images in a step")
	flag.Float64Var(&o.rate, "rate", 0.02, "of the weights in the search by gradients")
	flag.Float64Var(&o.step, "step", 0.02, "of the virtual step of the weights")
	flag.Float64Var(&o.alpha, "alpha", 0.03, "rate of the architecture, by Adam")
	flag.BoolVar(&o.first, "first", false, "leave the second-order gradient out")
	c.Parse()
	ctx, cancel := c.Context()
	defer cancel()
	if err := run(ctx, c, o); err != nil {
		log.Fatal(err)
	}
}

// A finding is an architecture, and what it reaches.
type finding struct {
	Way      string
	Cell     string
	Channels int
	Params   int
	Accuracy float64 // on digits for testing, trained anew
	Seconds  float64 // of the search
}

func run(ctx context.Context, c *command.Command, o options) error {
	if o.images < 2*o.batch || o.batch < 1 || o.trials < 1 || o.epochs < 1 || o.search < 1 || o.final < 1 || o.channels < 1 {
		return fmt.Errorf("want at least 1 of each, and two batches of images")
	}
	all, err := load(o, c.Seed)
	if err != nil {
		return err
	}
	test, learn := all.Rows(0, o.images), all.Rows(o.images, 2*o.images)
	f, err := c.Folder()
	if err != nil {
		return err
	}
	start := time.Now()
	best, err := searchByTrials(ctx, c, f, o, learn)
	if err != nil {
		return err
	}
	trials := finding{Way: "trials", Cell: best.cell.String(), Channels: best.channels, Seconds: time.Since(start).Seconds()}
	if trials.Accuracy, trials.Params, err = reach(ctx, best, o, c.Seed, learn, test); err != nil {
		return err
	}
	start = time.Now()
	found, err := searchByGradients(ctx, c, f, o, learn)
	if err != nil {
		return err
	}
	gradients := finding{Way: "gradients", Cell: found.String(), Channels: o.channels, Seconds: time.Since(start).Seconds()}
	if gradients.Accuracy, gradients.Params, err = reach(ctx, settings{found, o.channels, 3e-3}, o, c.Seed, learn, test); err != nil {
		return err
	}
	plain := finding{Way: "a cell of skips alone", Cell: cellOf("skip", "skip", "skip").String(), Channels: o.channels}
	if plain.Accuracy, plain.Params, err = reach(ctx, settings{cellOf("skip", "skip", "skip"), o.channels, 3e-3}, o, c.Seed, learn, test); err != nil {
		return err
	}
	return tell(c, f, []finding{trials, gradients, plain})
}

// tell reports what was found.
func tell(c *command.Command, f *report.Folder, list []finding) error {
	f.Section("Both ways", "Each network is trained anew on all digits that are not for testing.")
	var rows [][]string
	bars := chart.Bars{}
	for _, r := range list {
		fmt.Fprintf(c.Out, "%s: %s of %d channels, %d parameters, test accuracy %.4f, searched for %.1f s\n", r.Way, r.Cell, r.Channels, r.Params, r.Accuracy, r.Seconds)
		rows = append(rows, []string{r.Way, r.Cell, fmt.Sprint(r.Channels), fmt.Sprint(r.Params), fmt.Sprintf("%.4f", r.Accuracy), fmt.Sprintf("%.1f", r.Seconds)})
		bars.Names, bars.Values = append(bars.Names, r.Way), append(bars.Values, r.Accuracy)
	}
	f.Table([]string{"way", "cell", "channels", "parameters", "test accuracy", "seconds of search"}, rows)
	if err := f.Chart("accuracy", &chart.Chart{Title: "test accuracy", Layers: []chart.Layer{bars}}); err != nil {
		return err
	}
	return c.Finish(f, list)
}

// model returns a network to train.
func model(s settings, seed uint64) *train.Model {
	return &train.Model{
		Net:       newNetwork(s.cell, s.channels),
		Loss:      nn.CrossEntropy,
		Optimizer: optim.Adam(s.rate),
		Metrics:   []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
		Seed:      seed,
	}
}

// reach trains a network anew and returns its test accuracy and its size.
func reach(ctx context.Context, s settings, o options, seed uint64, learn, test *data.Arrays) (accuracy float64, params int, err error) {
	m := model(s, seed)
	if _, err := m.Fit(ctx, learn, train.Options{Epochs: o.final, Batch: o.batch, Seed: seed}); err != nil {
		return 0, 0, err
	}
	for _, p := range nn.Params(m.Net) {
		params += int(p.Type.Shape.Size())
	}
	scores, err := m.Evaluate(ctx, test, 256)
	return scores["accuracy"], params, err
}

// load returns at least twice as many digits as there are images, in random order.
func load(o options, seed uint64) (*data.Arrays, error) {
	if o.data == "" {
		return data.Digits(2*o.images, seed), nil
	}
	all, _, err := data.MNIST(o.data)
	if err != nil {
		return nil, err
	}
	if all.Len() < 2*o.images {
		return nil, fmt.Errorf("-images %d: %s has %d, of which half are for testing", o.images, strings.TrimSuffix(o.data, "/"), all.Len())
	}
	return all.Shuffle(seed), nil
}
