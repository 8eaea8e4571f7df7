package main

import (
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/train"
)

// A treatment is something against overfitting. The zero value does nothing.
type treatment struct {
	name, text string
	penalty    func(params []*graph.Param) *graph.Node // added to the loss
	dropout    float64
	stop       int // epochs without a better validation loss
	augment    data.Augment
}

// treatments are compared with the first one, which is none.
var treatments = []treatment{
	{name: "none", text: "the cross-entropy alone"},
	{name: "L1", text: "loss + 0.002·Σ|w|: weights that are not needed become 0", penalty: penalty(nn.L1, 2e-3)},
	{name: "L2", text: "loss + 0.02·Σw²: no weight becomes large", penalty: penalty(nn.L2, 2e-2)},
	{name: "dropout", text: "half of the units are left out at random in each step: none may rely on another", dropout: 0.5},
	{name: "early stopping", text: "ends when the validation loss has not become better for 5 epochs, and takes the weights of the best", stop: 5},
	{name: "augmentation", text: "digits are moved, turned and scaled a little at each epoch: more of them than there are", augment: data.Augment{Shift: 2, Rotate: 12, Zoom: 0.15}},
	{name: "all but L1", text: "a smaller L2, dropout and augmentation together", penalty: penalty(nn.L2, 1e-4), dropout: 0.3, augment: data.Augment{Shift: 2, Rotate: 12, Zoom: 0.15}},
}

// penalty is a norm of the weights; biases are free.
func penalty(norm func([]*graph.Param, float64) *graph.Node, weight float64) func([]*graph.Param) *graph.Node {
	return func(params []*graph.Param) *graph.Node {
		var weights []*graph.Param
		for _, p := range params {
			if p.Type.Shape.Rank() > 1 {
				weights = append(weights, p)
			}
		}
		return norm(weights, weight)
	}
}

// network has far more weights than there are digits to learn from.
func (t treatment) network(width int) nn.Sequential {
	return nn.Sequential{
		&nn.Flatten{},
		&nn.Dense{Out: width, Act: ops.ReLU}, &nn.Dropout{Rate: t.dropout},
		&nn.Dense{Out: width, Act: ops.ReLU}, &nn.Dropout{Rate: t.dropout},
		&nn.Dense{Out: 10},
	}
}

// digits returns what an epoch sees of the training digits.
func (t treatment) digits(d *data.Arrays, seed uint64) data.Dataset {
	if t.augment == (data.Augment{}) {
		return d
	}
	a := t.augment
	a.Seed = seed
	return data.Map(d, a.Transform(0))
}

// callbacks returns those that the treatment needs.
func (t treatment) callbacks() []train.Callback {
	if t.stop == 0 {
		return nil
	}
	return []train.Callback{&train.EarlyStopping{Watch: train.Watch{Figure: "val_loss"}, Patience: t.stop}}
}
