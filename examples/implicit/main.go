// Command implicit trains a layer without depth: its value is a fixed point, the z that
// one more application of the layer would not change, found in as many steps as it
// takes. Its gradient is a fixed point too, by the implicit function theorem, and
// nothing of the way to the first is kept for it.
//
// Bai, Kolter and Koltun 2019, arXiv:1909.01377
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/examples/internal/digits"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
)

// options are the command's flags.
type options struct {
	data                  string
	images, epochs, width int
	lr                    float64
}

// result is what both networks reach, and how well the gradients agree.
type result struct {
	*comparison
	Accuracy float64 // of the network with the equilibrium, on test digits
	Searched float64 // steps to find it there, in the mean over batches
	Shallow  float64 // accuracy with one step in place of the equilibrium
	Seconds  float64
}

func main() {
	log.SetFlags(0)
	c := command.New("implicit")
	var o options
	flag.StringVar(&o.data, "data", "", "`folder` of MNIST's idx files; without, digits are drawn")
	flag.IntVar(&o.images, "images", 10000, "digits to draw")
	flag.IntVar(&o.epochs, "epochs", 5, "passes over the digits")
	flag.IntVar(&o.width, "width", 64, "of the layer")
	flag.Float64Var(&o.lr, "lr", 2e-3, "learning rate of Adam")
	c.Parse()
	if err := run(c, o); err != nil {
		log.Fatal(err)
	}
}

func run(c *command.Command, o options) error {
	if o.images < 10 || o.epochs < 1 || o.width < 1 {
		return fmt.Errorf("-images %d -epochs %d -width %d: want at least 10, 1 and 1", o.images, o.epochs, o.width)
	}
	ctx, stop := c.Context()
	defer stop()
	begin := time.Now()
	learn, test, err := digits.Load(o.data, o.images, 2000, c.Seed)
	if err != nil {
		return err
	}
	f, err := c.Folder()
	if err != nil {
		return err
	}
	r := &result{}
	if r.comparison, err = compare(c.Out, c.Seed); err != nil {
		return err
	}
	deep := &Equilibrium{Width: o.width}
	scores, err := fit(ctx, c, o, "with an equilibrium", deep, learn, test, f.Callback())
	if err != nil {
		return err
	}
	r.Accuracy, r.Searched = scores["accuracy"], scores["steps"]
	shallow, err := fit(ctx, c, o, "with one step", &nn.Dense{Out: o.width, Act: ops.Tanh}, learn, test)
	if err != nil {
		return err
	}
	r.Shallow, r.Seconds = shallow["accuracy"], time.Since(begin).Seconds()
	f.Section("Digits", "The same network with the equilibrium and with a single step in its place.")
	f.Table([]string{"layer", "test accuracy", "steps"}, [][]string{
		{"equilibrium", fmt.Sprintf("%.4f", r.Accuracy), fmt.Sprintf("%.1f", r.Searched)},
		{"one step", fmt.Sprintf("%.4f", r.Shallow), "1"},
	})
	if err := r.tell(f); err != nil {
		return err
	}
	return c.Finish(f, r)
}

// fit trains a network with the layer and evaluates it on the test digits.
func fit(ctx context.Context, c *command.Command, o options, name string, layer nn.Layer, learn, test *data.Arrays, more ...train.Callback) (train.Scores, error) {
	steps := o.epochs * ((learn.Len() + 63) / 64)
	m := &train.Model{
		Net:       nn.Sequential{&nn.Flatten{}, layer, &nn.Dense{Out: 10}},
		Loss:      nn.CrossEntropy,
		Optimizer: optim.Adam(o.lr).Schedule(optim.Cosine(steps, 0)),
		Metrics:   []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
		Seed:      c.Seed,
	}
	if e, ok := layer.(*Equilibrium); ok {
		m.Metrics = append(m.Metrics, train.Metric{Name: "steps", Of: func(_, _ *graph.Node) *graph.Node {
			return ops.Convert(e.Steps, graph.Float32)
		}})
	}
	begin := time.Now()
	calls := []train.Callback{train.OnEpoch(func(run *train.Run) error {
		e := run.History.Last()
		fmt.Fprintf(c.Out, "%s: epoch %d  loss %.4f  accuracy %.4f", name, e.Number, e.Train["loss"], e.Train["accuracy"])
		if _, ok := e.Train["steps"]; ok {
			fmt.Fprintf(c.Out, "  %.1f steps to find it", e.Train["steps"])
		}
		fmt.Fprintf(c.Out, "  %.1f s\n", time.Since(begin).Seconds())
		return nil
	})}
	if _, err := m.Fit(ctx, learn, train.Options{Epochs: o.epochs, Batch: 64, Seed: c.Seed, Callbacks: append(calls, more...)}); err != nil {
		return nil, err
	}
	scores, err := m.Evaluate(ctx, test, 500)
	if err == nil {
		fmt.Fprintf(c.Out, "%s: test accuracy %.4f\n", name, scores["accuracy"])
	}
	return scores, err
}
