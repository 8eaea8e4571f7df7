package optim

import (
	"math"
	"slices"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
)

// Minimize compiles one training step: a program that evaluates the loss and
// then out, all at the parameters' old values, and moves each parameter by the
// rule. What layers assign while the loss is computed, such as running
// statistics, is part of the step.
//
// A parameter that the loss does not depend on has the gradient 0: momentum and
// decay may still move it. Each Minimize has its own memory, such as Adam's
// averages, in parameters that the program lists beside the model's. Parameters
// that are marked as untrained or are no floats are left alone. [LearningRate] may
// be among out.
func Minimize(loss *graph.Node, params []*graph.Param, rule Rule, out ...*graph.Node) (*graph.Program, error) {
	m, bad := newMinimization(loss, params, rule)
	if len(bad) > 0 {
		return graph.CompileTraining(append(bad, out...))
	}
	nodes := nodesOf(m.params)
	m.grads = autodiff.Grad(loss, nodes...)
	m.update(nodes, rule)
	out = slices.Clone(out)
	for i, n := range out {
		if n == learningRate {
			out[i] = m.rated()
		}
	}
	return graph.CompileTraining(append([]*graph.Node{loss}, out...), m.assign...)
}

// LearningRate is an output for [Minimize] and [Accumulate], where it is one of
// Update: the learning rate of the step, after all schedules, as a Float64 scalar.
// Where parameters have different rates it is that of the first; it is NaN if the
// rule asks for none by [State.Rate].
func LearningRate() *graph.Node { return learningRate }

// learningRate stands for the rate till a rule has asked for it.
var learningRate = graph.InputOf(graph.Float64, "learning rate")

// rated returns the learning rate that a rule has asked for.
func (m *minimization) rated() *graph.Node {
	if m.rate == nil {
		return number(math.NaN())
	}
	return m.rate
}

// newMinimization returns what is minimized, or a node for each mistake in it.
func newMinimization(loss *graph.Node, params []*graph.Param, rule Rule) (m *minimization, bad []*graph.Node) {
	params = slices.DeleteFunc(slices.Clone(params), func(p *graph.Param) bool {
		return p != nil && (p.Untrained || !p.Type.DType.Float())
	})
	return &minimization{loss: loss, params: params, slots: map[slot]bool{}}, reject(loss, params, rule)
}

func nodesOf(params []*graph.Param) []*graph.Node {
	nodes := make([]*graph.Node, len(params))
	for i, p := range params {
		nodes[i] = p.Node()
	}
	return nodes
}

// update assigns each parameter what the rule makes of its gradient.
func (m *minimization) update(nodes []*graph.Node, rule Rule) {
	for i, p := range m.params {
		graph.Derive(graph.Provenance{Param: p}, func() []*graph.Node {
			before := len(m.assign)
			v := rule(nodes[i], m.grads[i], &State{p: p, all: m})
			if v != nil && v != nodes[i] {
				m.assign = append(m.assign, graph.Assign(p, v))
			}
			return m.assign[before:]
		})
	}
}

// reject returns a node for each mistake in what Minimize is given, and
// the loss itself if it carries some already.
func reject(loss *graph.Node, params []*graph.Param, rule Rule) (bad []*graph.Node) {
	fail := func(format string, arg ...any) {
		bad = append(bad, graph.Fail("minimize", nil, format, arg...))
	}
	switch {
	case loss == nil:
		return []*graph.Node{graph.Fail("minimize", nil, "the loss is nil")}
	case loss.Err() != nil:
		bad = append(bad, loss)
	case loss.Shape().Rank() != 0:
		fail("the loss %v is not a scalar: take its mean or its sum", loss.Type())
	case !loss.DType().Float():
		fail("the loss %v is no float, so it has no gradient", loss.Type())
	}
	if rule == nil {
		fail("the rule is nil: want one such as optim.Adam(1e-3)")
	}
	if len(params) == 0 {
		fail("there are no parameters to train: pass those of the model, as in nn.Params(model)")
	}
	for i, p := range params {
		switch {
		case p == nil:
			fail("parameter %d is nil", i)
		case slices.Contains(params[:i], p):
			fail("parameter %s is listed twice, last at place %d", p.Label, i)
		case p.Node().Err() != nil:
			bad = append(bad, p.Node())
		}
	}
	return bad
}
