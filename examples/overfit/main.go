// Command overfit trains a network that is far too large for the few digits that it
// sees, and then the same network with each remedy against learning them by heart: L1,
// L2, dropout, early stopping, augmentation.
//
// The remedies are in treatments.go, a line each.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"gorgonia.org/tensor"

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
	data                 string
	digits, width, epoch int
	lr, wrong            float64
}

func main() {
	log.SetFlags(0)
	c := command.New("overfit")
	var o options
	flag.StringVar(&o.data, "data", "", "`folder` of MNIST's idx files; without, digits are drawn")
	flag.IntVar(&o.digits, "digits", 500, "to learn from")
	flag.IntVar(&o.width, "width", 256, "units of each of two hidden layers")
	flag.IntVar(&o.epoch, "epochs", 100, "times to go through the digits")
	flag.Float64Var(&o.lr, "lr", 1e-3, "learning rate of Adam")
	flag.Float64Var(&o.wrong, "wrong", 0.2, "share of the digits to learn from that have a wrong label")
	c.Parse()
	ctx, cancel := c.Context()
	defer cancel()
	if err := run(ctx, c, o); err != nil {
		log.Fatal(err)
	}
}

// A set is the digits, of which few are learned from.
type set struct{ learn, validate, test *data.Arrays }

// Numbers of digits that decide when to stop, and that judge at the end.
const validation, judging = 500, 2000

func load(o options, seed uint64) (*set, error) {
	if o.data == "" {
		all := data.Digits(judging+validation+o.digits, seed)
		learn, err := mislabelled(all.Rows(judging+validation, all.Len()), o.wrong, seed)
		return &set{test: all.Rows(0, judging), validate: all.Rows(judging, judging+validation), learn: learn}, err
	}
	learn, test, err := data.MNIST(o.data)
	if err != nil {
		return nil, err
	}
	if learn.Len() < o.digits+validation {
		return nil, fmt.Errorf("-digits %d: %s has %d, and %d are for validation", o.digits, o.data, learn.Len(), validation)
	}
	few, err := mislabelled(learn.Rows(validation, validation+o.digits), o.wrong, seed)
	return &set{test: test, validate: learn.Rows(0, validation), learn: few}, err
}

// mislabelled returns the digits with a share of other labels.
func mislabelled(d *data.Arrays, share float64, seed uint64) (*data.Arrays, error) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	labels := slices.Clone(d.Column(1).Int64s())
	for _, i := range rnd.Perm(len(labels))[:int(share*float64(len(labels)))] {
		labels[i] = (labels[i] + 1 + rnd.Int64N(9)) % 10
	}
	return data.Of(d.Column(0), tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels)))
}

// An outcome is what a network came to.
type outcome struct {
	Treatment   string
	Train, Test float64 // accuracy, in the end
	Loss        float64 // cross-entropy on the test digits
	Epochs      int
	Small       float64 // share of weights below 0.001
	Seconds     float64

	history *train.History
	weights []float64 // of the first layer
}

func run(ctx context.Context, c *command.Command, o options) error {
	if o.digits < 10 || o.width < 1 || o.epoch < 1 || !(o.wrong >= 0 && o.wrong <= 1) {
		return fmt.Errorf("-digits %d -width %d -epochs %d -wrong %v: want at least 10, 1 and 1, and a share", o.digits, o.width, o.epoch, o.wrong)
	}
	s, err := load(o, c.Seed)
	if err != nil {
		return err
	}
	f, err := c.Folder()
	if err != nil {
		return err
	}
	var all []*outcome
	for _, t := range treatments {
		r, err := t.run(ctx, s, o, c.Seed)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		all = append(all, r)
		fmt.Fprintf(c.Out, "%-15s accuracy %.3f on %d training digits, %.4f on test digits; %3d epochs, %.1f s\n", t.name, r.Train, o.digits, r.Test, r.Epochs, r.Seconds)
	}
	if err := tell(f, all); err != nil {
		return err
	}
	return c.Finish(f, all)
}

// run trains a network with the treatment.
func (t treatment) run(ctx context.Context, s *set, o options, seed uint64) (*outcome, error) {
	net := t.network(o.width)
	m := &train.Model{
		Net:       net,
		Loss:      nn.CrossEntropy,
		Penalty:   t.penalty,
		Optimizer: optim.Adam(o.lr),
		Metrics: []train.Metric{{Name: "accuracy", Of: nn.Accuracy},
			{Name: "error", Of: nn.CrossEntropy}}, // the loss without the penalty
		Seed: seed,
	}
	begin := time.Now()
	h, err := m.Fit(ctx, t.digits(s.learn, seed), train.Options{Epochs: o.epoch, Batch: 32, Seed: seed, Validation: s.validate, Callbacks: t.callbacks()})
	if err != nil {
		return nil, err
	}
	r := &outcome{Treatment: t.name, Epochs: len(h.Epochs), Seconds: math.Round(time.Since(begin).Seconds()*10) / 10, history: h}
	trained, err := m.Evaluate(ctx, s.learn, 500)
	if err != nil {
		return nil, err
	}
	tested, err := m.Evaluate(ctx, s.test, 500)
	if err != nil {
		return nil, err
	}
	r.Train, r.Test, r.Loss = trained["accuracy"], tested["accuracy"], tested["error"]
	small, n := 0, 0
	for _, p := range nn.Params(net) {
		if p.Type.Shape.Rank() < 2 {
			continue
		}
		var v []float64
		for _, w := range p.Value.Float32s() {
			v = append(v, float64(w))
		}
		if r.weights == nil {
			r.weights = v
		}
		for _, w := range v {
			if n++; math.Abs(w) < 1e-3 {
				small++
			}
		}
	}
	r.Small = float64(small) / float64(n)
	return r, nil
}

// tell writes the table and draws the curves and the weights.
func tell(f *report.Folder, all []*outcome) error {
	f.Section("What helps", "Without a remedy the network knows the digits by heart, and what it knows beyond them is not what it could.")
	var rows [][]string
	for i, r := range all {
		rows = append(rows, []string{r.Treatment, fmt.Sprintf("%.3f", r.Train), fmt.Sprintf("%.4f", r.Test), fmt.Sprintf("%.3f", r.Loss), fmt.Sprint(r.Epochs), fmt.Sprintf("%.0f %%", 100*r.Small), treatments[i].text})
	}
	f.Table([]string{"treatment", "training accuracy", "test accuracy", "test cross-entropy", "epochs", "weights below 0.001", "what it is"}, rows)
	for _, c := range []struct{ file, title, figure string }{
		{"validation", "digits that were not seen", "val_error"}, {"training", "digits that were seen", "error"}, {"accuracy", "digits that were not seen", "val_accuracy"},
	} {
		what := "cross-entropy"
		if strings.HasSuffix(c.figure, "accuracy") {
			what = "accuracy"
		}
		k := &chart.Chart{Title: c.title, X: "epoch", Y: what, LogY: what != "accuracy"}
		for _, r := range all {
			k.Layers = append(k.Layers, chart.Line{Name: r.Treatment, Y: r.history.Values(c.figure)})
		}
		if err := f.Chart(c.file, k); err != nil {
			return err
		}
	}
	f.Section("Weights", "Those of the first layer, in the end: all on the same axis, and their counts on a logarithmic one, or nothing but the zeros of L1 would be seen.")
	var ends [2]float64
	for _, r := range all {
		ends[0], ends[1] = min(ends[0], slices.Min(r.weights)), max(ends[1], slices.Max(r.weights))
	}
	for _, r := range all {
		if err := f.Chart("weights-"+strings.ReplaceAll(r.Treatment, " ", "-"), &chart.Chart{Title: r.Treatment, X: "weight", Y: "how many", LogY: true, SpanX: ends, Layers: []chart.Layer{
			chart.Histogram{Values: r.weights, Bins: 60},
		}}); err != nil {
			return err
		}
	}
	return nil
}
