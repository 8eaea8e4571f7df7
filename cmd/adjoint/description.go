package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
)

// A description says what to train on what. JSON is YAML, too.
type description struct {
	name          string
	data          source
	layers        []func() nn.Layer
	loss          string
	optimizer     string
	rate          float64
	decay, clip   float64
	cosine        bool
	epochs, batch int
	stop          int // epochs without a better validation that are borne; 0 for no end
	seed          uint64
}

// readDescription reads a file. Paths in it are relative to the folder it is in.
func readDescription(path string) (*description, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	d, err := parseDescription(text, name, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

func parseDescription(text []byte, name, folder string) (*description, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(root.Content) == 0 {
		return nil, errors.New("it is empty: want data and model at least; see adjoint help train")
	}
	var wrong []string
	f := newFields("description", root.Content[0], &wrong)
	d := &description{
		name: f.text("name", name), loss: f.text("loss", ""),
		epochs: f.whole("epochs", 10, 1), batch: f.whole("batch", 32, 1), stop: f.whole("early_stopping", 0, 0),
	}
	d.seed = uint64(f.whole("seed", 1, 0))
	d.readOptimizer(f.part("optimizer"))
	d.data = readSource(f.part("data"), folder)
	d.readModel(f)
	f.rest()
	if len(wrong) > 0 {
		return nil, errors.New(strings.Join(wrong, "\n"))
	}
	return d, nil
}

// rules are the optimizers by name.
var rules = map[string]func(rate, decay float64) optim.Rule{
	"sgd": func(rate, decay float64) optim.Rule { return optim.SGD(rate).WeightDecay(decay) },
	"momentum": func(rate, decay float64) optim.Rule {
		return optim.SGD(rate, optim.SGDOptions{Momentum: 0.9}).WeightDecay(decay)
	},
	"adam":    func(rate, decay float64) optim.Rule { return optim.Adam(rate).WeightDecay(decay) },
	"adamw":   func(rate, decay float64) optim.Rule { return optim.AdamW(rate, decay) },
	"rmsprop": func(rate, decay float64) optim.Rule { return optim.RMSProp(rate).WeightDecay(decay) },
	"nadam":   func(rate, decay float64) optim.Rule { return optim.NAdam(rate).WeightDecay(decay) },
	"lion":    func(rate, decay float64) optim.Rule { return optim.Lion(rate, decay) },
}

func (d *description) readOptimizer(f *fields) {
	d.optimizer = f.text("name", "adam")
	d.rate, d.decay, d.clip = f.number("rate", 1e-3), f.number("decay", 0), f.number("clip", 0)
	switch schedule := f.text("schedule", "constant"); schedule {
	case "constant":
	case "cosine":
		d.cosine = true
	default:
		f.fail(f.line, "schedule %q: want constant or cosine", schedule)
	}
	if rules[d.optimizer] == nil {
		f.fail(f.line, "name %q: want one of %s", d.optimizer, sorted(rules))
	}
	if d.rate <= 0 || d.decay < 0 || d.clip < 0 {
		f.fail(f.line, "rate %g, decay %g, clip %g: want a rate above 0, the others not below", d.rate, d.decay, d.clip)
	}
	f.rest()
}

func sorted[V any](m map[string]V) string {
	var list []string
	for name := range m {
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// rule returns the optimizer for a number of steps.
func (d *description) rule(steps int) optim.Rule {
	r := rules[d.optimizer](d.rate, d.decay)
	if d.clip > 0 {
		r = r.ClipNorm(d.clip)
	}
	if d.cosine {
		r = r.Schedule(optim.Cosine(steps, 0))
	}
	return r
}

// losses are the losses by name: of classes, or of numbers.
var losses = map[string]struct {
	classes bool
	of      train.Measure
}{
	"crossentropy": {true, nn.CrossEntropy},
	"focal":        {true, nn.Focal},
	"mse":          {false, nn.MSE},
	"mae":          {false, nn.MAE},
	"huber":        {false, func(pred, y *graph.Node) *graph.Node { return nn.Huber(pred, y, 1) }},
	"logcosh":      {false, nn.LogCosh},
}

// model returns the network with an output layer for what the data ask for, with all
// that trains it.
func (d *description) model(s *set, steps int) (*train.Model, error) {
	name := d.loss
	if name == "" {
		name = "mse"
		if s.classes != nil {
			name = "crossentropy"
		}
	}
	loss, ok := losses[name]
	if !ok {
		return nil, fmt.Errorf("loss %q: want one of %s", name, sorted(losses))
	}
	if loss.classes != (s.classes != nil) {
		return nil, fmt.Errorf("loss %s does not fit the target, which is %s", name, s.target())
	}
	net := nn.Sequential{}
	for _, l := range d.layers {
		net = append(net, l())
	}
	m := &train.Model{Loss: loss.of, Optimizer: d.rule(steps), Seed: d.seed}
	if s.classes != nil {
		net = append(net, &nn.Dense{Out: len(s.classes)})
		m.Metrics = []train.Metric{{Name: "accuracy", Of: nn.Accuracy}}
		m.Output = func(pred *graph.Node) *graph.Node { return ops.Softmax(pred, -1) }
	} else {
		net = append(net, &nn.Dense{Out: s.outputs})
		m.Metrics = []train.Metric{{Name: "mae", Of: nn.MAE}}
	}
	m.Net = net
	return m, nil
}
