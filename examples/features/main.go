// Command features shows what each layer of a network that reads digits has learned:
// the filters of the first, and for units of every layer an image that excites them
// most, the patches of the training set that do, the digits they answer to, and what
// is lost without them.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/examples/internal/digits"
	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

// options are the flags beside those that all examples have.
type options struct {
	data   string
	images int
	epochs int
	model  string
	steps  int
}

// A result is what the run found, in numbers.
type result struct {
	Accuracy float64 `json:"accuracy"`
	Layers   []layer `json:"layers"`
}

func main() {
	log.SetFlags(0)
	var o options
	c := command.New("features")
	flag.StringVar(&o.data, "data", "", "`folder` with MNIST's four idx files; synthetic digits if empty")
	flag.IntVar(&o.images, "images", 4000, "synthetic digits to train on")
	flag.IntVar(&o.epochs, "epochs", 8, "times to go through the digits")
	flag.StringVar(&o.model, "model", "", "`file` of weights, such as runs/features/model.safetensors, instead of training")
	flag.IntVar(&o.steps, "steps", 200, "of the search for images that excite a unit")
	c.Parse()
	if err := run(c, o); err != nil {
		log.Fatal(err)
	}
}

func run(c *command.Command, o options) error {
	if o.images < 100 || o.epochs < 1 || o.steps < 1 {
		return fmt.Errorf("-images %d -epochs %d -steps %d: want at least 100 images, and 1 of the others", o.images, o.epochs, o.steps)
	}
	ctx, stop := c.Context()
	defer stop()
	f, err := c.Folder()
	if err != nil {
		return err
	}
	r := newReader(c.Seed)
	found := result{}
	if found.Accuracy, err = r.train(ctx, c, f, o); err != nil {
		return err
	}
	f.Section("What each layer has learned", fmt.Sprintf(
		"Two convolutions and two dense layers read %.2f %% of the test digits. Below, layer by layer: what a unit looks for, what it found, and what it is for.", 100*found.Accuracy))
	if err := r.filters(f); err != nil {
		return err
	}
	for _, l := range layers {
		l.Ascent.Steps, l.Ascent.Seed = o.steps, c.Seed
		fmt.Fprintf(c.Out, "%s\n", l.Name)
		if err := r.look(ctx, f, &l); err != nil {
			return err
		}
		found.Layers = append(found.Layers, l)
	}
	return c.Finish(f, found)
}

// A reader is a network that reads digits.
type reader struct {
	x, label, logits *graph.Node
	loss             *graph.Node
	model            nn.Sequential
	learn, test      *data.Arrays
}

func newReader(seed uint64) *reader {
	batch := graph.Sym("batch")
	r := &reader{x: graph.Input("x", batch, 28, 28), label: graph.InputOf(graph.Int64, "label", batch)}
	r.model = nn.Sequential{
		&nn.Conv2D{Out: 12, Kernel: []int{5}}, nn.Func(ops.ReLU), &nn.MaxPool{Window: []int{2}},
		&nn.Conv2D{Out: 24, Kernel: []int{3}}, nn.Func(ops.ReLU), &nn.MaxPool{Window: []int{2}},
		&nn.Flatten{}, &nn.Dropout{Rate: 0.2}, &nn.Dense{Out: 48}, nn.Func(ops.ReLU), &nn.Dense{Out: 10},
	}
	r.logits = r.model.Apply(ops.Expand(r.x, 1)) // one channel
	r.loss = nn.CrossEntropy(r.logits, r.label)
	nn.Init(r.model, seed)
	return r
}

// train trains the reader, or loads it, and returns its accuracy.
func (r *reader) train(ctx context.Context, c *command.Command, f *report.Folder, o options) (float64, error) {
	var err error
	if r.learn, r.test, err = digits.Load(o.data, o.images, 1000, c.Seed); err != nil {
		return 0, err
	}
	// A little decay of the weights makes the filters smooth: those that are not needed fade.
	t, err := train.Graph{
		Inputs: []*graph.Node{r.x, r.label}, Loss: r.loss, Figures: []train.Figure{{Name: "accuracy", Value: nn.Accuracy(r.logits, r.label)}},
		Params: nn.Params(r.model), Optimizer: optim.AdamW(2e-3, 0.05),
	}.Compile()
	if err != nil {
		return 0, err
	}
	if o.model != "" {
		_, err = train.LoadFile(o.model, nn.Params(r.model))
	} else {
		_, err = t.Fit(ctx, r.learn, train.Options{Epochs: o.epochs, Batch: 64, Seed: c.Seed, Validation: r.test, Progress: c.Out, Callbacks: []train.Callback{f.Callback()}})
	}
	if err != nil {
		return 0, err
	}
	scores, err := t.Evaluate(ctx, r.test, 500)
	return scores["accuracy"], err
}

// predict runs the nodes over a set of digits.
func (r *reader) predict(ctx context.Context, d data.Dataset, nodes ...*graph.Node) ([]*tensor.Dense, error) {
	p, err := graph.Compile(nodes...)
	if err != nil {
		return nil, err
	}
	t := &train.Trainer{Inputs: []*graph.Node{r.x, r.label}, Prediction: p}
	return t.Predict(ctx, d, 200)
}

// A layer is one to look into.
type layer struct {
	Name  string `json:"name"`
	Path  string `json:"path"`
	Shown int    `json:"shown"` // units in the picture
	// Ascent says how to search for an image that excites a unit. One that sees
	// little must hold still.
	Ascent explain.Ascent `json:"-"`
	Field  int            `json:"field"` // side of the square that a unit sees, in pixels
	// Excited is how strong the units shown answer to the image made for them, as a
	// multiple of the strongest answer to a digit of the training set: the median.
	Excited float64 `json:"excited"`
	Focus   float64 `json:"focus"` // share of a unit's activation that belongs to its favourite digit: the mean over the units
	Worst   float64 `json:"worst"` // rise of the loss without the unit that matters most
}

// A layer's result is taken before its ReLU, so that units which are silent have a
// gradient too.
var layers = []layer{
	{Name: "the first convolution", Path: "0", Shown: 12, Ascent: still},
	{Name: "the second convolution", Path: "3", Shown: 16, Ascent: still},
	{Name: "the dense layer", Path: "8", Shown: 16, Ascent: calm},
	{Name: "the output", Path: "10", Shown: 10, Ascent: calm},
}

var (
	still = explain.Ascent{Rate: 0.02, Smooth: 0.001, Decay: 0.002, Blur: 1, Lo: 0, Hi: 1}
	calm  = explain.Ascent{Rate: 0.02, Smooth: 0.003, Decay: 0.002, Blur: 3, Jitter: 1, Lo: 0, Hi: 1}
)

// units returns what a layer answers: [batch units], where a channel answers with its
// value in the middle of the image, and [batch units], its largest anywhere with the
// place of it.
func (l *layer) units(r *reader) (middle, peak, place *graph.Node) {
	h := explain.Layer(r.logits, l.Path)
	if h.Shape().Rank() == 2 {
		return h, h, ops.Convert(graph.Zeros(h.Type()), graph.Int64)
	}
	side := int(h.Shape().Dim(2))
	flat := ops.Flatten(h, 2)
	return ops.Index(flat, 2, side/2*side+side/2), ops.Max(flat, 2), ops.ArgMax(flat, 2)
}
