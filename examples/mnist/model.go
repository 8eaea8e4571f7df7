package main

import (
	"fmt"

	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
)

// model is the network with what trains it.
func model(o *options, rows int, seed uint64) (*train.Model, error) {
	r, err := rule(o.optimizer, o.lr)
	if err != nil {
		return nil, err
	}
	steps := o.epochs * ((rows + o.batch - 1) / o.batch)
	return &train.Model{
		Net: nn.Sequential{
			&nn.Flatten{},
			&nn.Dense{Out: 256, Act: ops.ReLU, Init: nn.HeUniform},
			&nn.Dropout{Rate: 0.2},
			&nn.Dense{Out: 10},
		},
		Loss:      nn.CrossEntropy,
		Optimizer: r.Schedule(optim.Cosine(steps, 0)),
		Metrics:   []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
		Seed:      seed,
	}, nil
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

// size is how many numbers are learned.
func size(t *train.Trainer) (n int) {
	for _, p := range t.Params {
		if p.Type.DType.Float() { // not the random state of the dropout
			n += int(p.Type.Shape.Size())
		}
	}
	return n
}

func source(folder string) string {
	if folder == "" {
		return "synthetic digits"
	}
	return "digits of " + folder
}
