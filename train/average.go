package train

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Average keeps an exponential moving average of the model's weights: after each
// step, decay·average + (1-decay)·weight. It starts at the weights themselves.
type Average struct {
	Decay  float64        // 0 means 0.999
	Params []*graph.Param // whose; nil means the trainer's floats

	held    []*graph.Param
	program *graph.Program
}

// Start compiles the average, and starts it anew.
func (a *Average) Start(r *Run) error {
	decay := or(a.Decay, 0.999)
	if !(decay > 0 && decay < 1) {
		return fmt.Errorf("train: an average with decay %v: want one between 0 and 1", decay)
	}
	list := a.Params
	if list == nil {
		list = r.Trainer.Params
	}
	a.Params, a.held = nil, nil
	var assign []*graph.Node
	for _, p := range list {
		if !p.Type.DType.Float() {
			continue
		}
		v, err := graph.FromDense(p.Value)
		if err != nil {
			return fmt.Errorf("train: parameter %s: %w", p.Label, err)
		}
		q := &graph.Param{Label: p.Label + "/average", Type: p.Type, Untrained: true}
		if err := q.Reset(nil); err != nil {
			return err
		}
		to, err := graph.FromDense(q.Value)
		if err != nil {
			return err
		}
		to.Copy(v)
		a.Params, a.held = append(a.Params, p), append(a.held, q)
		next := ops.Add(ops.Scale(q.Node(), decay), ops.Scale(p.Node(), 1-decay))
		assign = append(assign, graph.Assign(q, next))
	}
	if len(assign) == 0 {
		return fmt.Errorf("train: there are no weights to average: set Average.Params or Trainer.Params")
	}
	var err error
	a.program, err = graph.CompileTraining(nil, assign...)
	return err
}

// Step takes in the weights, if they have changed.
func (a *Average) Step(r *Run) error {
	if !r.Updated {
		return nil
	}
	return a.program.RunInto(nil)
}

// Epoch does nothing.
func (a *Average) Epoch(*Run) error { return nil }

// Swap exchanges weights and averages: call it before evaluating or saving the
// averages, and again before training on.
func (a *Average) Swap() {
	for i, p := range a.Params[:len(a.held)] {
		p.Value, a.held[i].Value = a.held[i].Value, p.Value
	}
}

// Values returns the averages, in the order of Params.
func (a *Average) Values() []*tensor.Dense {
	list := make([]*tensor.Dense, len(a.held))
	for i, q := range a.held {
		list[i] = q.Value
	}
	return list
}
