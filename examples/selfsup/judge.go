package main

import (
	"context"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/latent"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
)

// A figure is how good one kind of vectors is, on images that nothing was learned from.
type figure struct {
	Name   string  `json:"name"`
	Probe  float64 `json:"probe"`  // accuracy of a linear probe on few labels
	NMI    float64 `json:"nmi"`    // of ten k-means groups and the digits
	Purity float64 `json:"purity"` // of the groups
}

// judge tells how good the vectors are that encode makes.
func (s *study) judge(name string, encode func(x *graph.Node) *graph.Node) (f figure, err error) {
	labelled, err := vectors(encode, s.labelled)
	if err != nil {
		return f, err
	}
	test, err := vectors(encode, s.test)
	if err != nil {
		return f, err
	}
	f.Name = name
	// a linear layer on vectors of one scale, nothing else
	if f.Probe, err = s.classify(nn.Sequential{&nn.BatchNorm{NoAffine: true}, &nn.Dense{Out: 10}}, labelled, test, 100); err != nil {
		return f, err
	}
	f.NMI, f.Purity, err = s.clusters(test)
	return f, err
}

// vectors replaces the images of a set by what encode makes of them.
func vectors(encode func(x *graph.Node) *graph.Node, set *data.Arrays) (*data.Arrays, error) {
	x := graph.Input("x", graph.Sym("images"), side, side)
	p, err := graph.Compile(encode(x))
	if err != nil {
		return nil, err
	}
	t := &train.Trainer{Inputs: []*graph.Node{x}, Prediction: p}
	y, err := t.Predict(context.Background(), set, 500)
	if err != nil {
		return nil, err
	}
	return data.Of(y[0], set.Column(1))
}

// classify trains a network on labelled rows and returns its accuracy on others.
func (s *study) classify(net nn.Layer, learn, test *data.Arrays, epochs int) (float64, error) {
	const batch = 50
	steps := epochs * ((learn.Len() + batch - 1) / batch)
	m := &train.Model{
		Net: net, Seed: s.Seed,
		Loss:      nn.CrossEntropy,
		Optimizer: optim.AdamW(3e-3, 0.05).Schedule(optim.Cosine(steps, 0)),
		Metrics:   []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
	}
	if _, err := m.Fit(context.Background(), learn, train.Options{Epochs: epochs, Batch: batch, Seed: s.Seed}); err != nil {
		return 0, err
	}
	scores, err := m.Evaluate(context.Background(), test, 500)
	return scores["accuracy"], err
}

// clusters divides vectors into ten groups and compares those with the digits.
func (s *study) clusters(set *data.Arrays) (nmi, purity float64, err error) {
	x, y := input("x", set.Column(0)), graph.InputOf(graph.Int64, "y", graph.Dim(set.Len()))
	_, group, _ := latent.KMeans(x, 10, latent.KMeansOptions{Seed: s.Seed})
	m := latent.Contingency(y, group, 10, 10)
	p, err := graph.Compile(latent.NMIOf(m), latent.PurityOf(m))
	if err != nil {
		return 0, 0, err
	}
	out, err := p.Run(x.Is(set.Column(0)), y.Is(set.Column(1)))
	if err != nil {
		return 0, 0, err
	}
	return graph.Values(out[0])[0], graph.Values(out[1])[0], nil
}

// input is one for values like t.
func input(name string, t *tensor.Dense) *graph.Node {
	var dims []graph.Dim
	for _, d := range t.Shape() {
		dims = append(dims, graph.Dim(d))
	}
	return graph.Input(name, dims...)
}

// pixels takes an image for a vector as it is.
func pixels(x *graph.Node) *graph.Node { return ops.Flatten(x, 1) }
