package optim

import (
	"fmt"
	"slices"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// An Accumulation is a training step in two programs, for batches that do not fit
// memory at once: Add is run for each part of a batch, Update after the last.
type Accumulation struct {
	Add    *graph.Program // evaluates the loss and the other outputs of a part, and adds up gradients
	Update *graph.Program // moves the parameters and forgets the gradients

	sums []*graph.Param
}

// Accumulate compiles [Minimize] in two parts. The gradient that the rule is given is
// the mean of those of the parts, in which each counts by its weight, a scalar: for a
// loss that is a mean over rows, their number, ops.Count(x, 0). It differs from that
// of the whole batch by rounding only, but where rows know of each other, as in batch
// normalisation.
func Accumulate(loss, weight *graph.Node, params []*graph.Param, rule Rule, out ...*graph.Node) (*Accumulation, error) {
	m, bad := newMinimization(loss, params, rule)
	if weight == nil || weight.Err() == nil && weight.Shape().Rank() != 0 {
		bad = append(bad, graph.Fail("accumulate", nil, "the weight of a part must be a scalar, such as ops.Count(x, 0)"))
	}
	if len(bad) > 0 {
		_, err := graph.CompileTraining(append(bad, out...))
		return nil, err
	}
	a := &Accumulation{}
	nodes := nodesOf(m.params)
	var add, forget []*graph.Node
	sum := func(label string, t graph.Type, v *graph.Node) *graph.Node {
		p := &graph.Param{Label: label, Type: t, Untrained: true}
		if err := p.Reset(nil); err != nil {
			return graph.Fail("accumulate", nil, "%v", err)
		}
		a.sums = append(a.sums, p)
		add = append(add, graph.Assign(p, ops.Add(p.Node(), v)))
		forget = append(forget, graph.Assign(p, graph.Zeros(t)))
		return p.Node()
	}
	total := sum("accumulated", graph.Type{DType: graph.Float64}, ops.Convert(weight, graph.Float64))
	for i, g := range autodiff.Grad(loss, nodes...) {
		p := m.params[i]
		s := sum(p.Label+"/accumulated", p.Type, ops.Mul(g, ops.Convert(weight, p.Type.DType)))
		m.grads = append(m.grads, ops.Div(s, ops.Convert(total, p.Type.DType)))
	}
	m.update(nodes, rule)
	var err error
	rest := slices.DeleteFunc(slices.Clone(out), func(n *graph.Node) bool { return n == learningRate })
	if a.Add, err = graph.CompileTraining(append([]*graph.Node{loss}, rest...), add...); err != nil {
		return nil, err
	}
	var rate []*graph.Node
	if len(rest) < len(out) {
		rate = []*graph.Node{m.rated()}
	}
	a.Update, err = graph.CompileTraining(rate, append(m.assign, forget...)...)
	return a, err
}

// Reset forgets the parts since the last update: those of a batch that was broken
// off.
func (a *Accumulation) Reset() error {
	for _, p := range a.sums {
		if err := p.Reset(nil); err != nil {
			return fmt.Errorf("optim: %s: %w", p.Label, err)
		}
	}
	return nil
}
