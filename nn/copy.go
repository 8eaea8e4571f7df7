package nn

import (
	"fmt"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Copy gives the parameters of one model the values of another of the same
// make: a target network, a teacher, the best state so far. It must not run
// beside a program that uses them.
func Copy(to, from any) error {
	a, b, err := partners(to, from)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	for i, p := range b {
		if p.Value == nil {
			return fmt.Errorf("copy: parameter %s has no value: call nn.Init(model, seed)", p.Label)
		}
		v, err := graph.FromDense(p.Value)
		if err != nil {
			return fmt.Errorf("copy: parameter %s: %w", p.Label, err)
		}
		w, err := graph.NewTensor(v.DType, v.Shape...)
		if err != nil {
			return fmt.Errorf("copy: parameter %s: %w", a[i].Label, err)
		}
		w.Copy(v)
		if a[i].Value, err = w.Dense(); err != nil {
			return fmt.Errorf("copy: parameter %s: %w", a[i].Label, err)
		}
	}
	return nil
}

// Polyak returns the assignments that move the parameters of one model towards
// those of another of the same make, to ← to + tau·(from - to); integers are
// copied. They are for [ops.After], which makes them part of a step, or for a
// program of their own:
//
//	follow, err := graph.CompileTraining(nil, nn.Polyak(target, model, 0.005)...)
//
// Within the step that trains from, to follows the values before it. It fails
// if tau is outside of (0, 1].
//
// Polyak and Juditsky 1992, doi:10.1137/0330046; as target network, Lillicrap et
// al. 2015, arXiv:1509.02971.
func Polyak(to, from any, tau float64) []*graph.Node {
	if !(tau > 0 && tau <= 1) {
		return []*graph.Node{graph.Fail("polyak", nil, "tau is %g: want a share greater than 0, at most 1", tau)}
	}
	a, b, err := partners(to, from)
	if err != nil {
		return []*graph.Node{graph.Fail("polyak", nil, "%v", err)}
	}
	assign := make([]*graph.Node, len(a))
	for i, p := range a {
		next := b[i].Node()
		if tau < 1 && p.Type.DType.Float() {
			next = ops.Add(p.Node(), ops.Scale(ops.Sub(next, p.Node()), tau))
		}
		assign[i] = graph.Assign(p, next)
	}
	return assign
}

// partners returns the parameters of two models of the same make.
func partners(to, from any) (a, b []*graph.Param, err error) {
	a, b = Params(to), Params(from)
	if len(a) != len(b) || len(a) == 0 {
		return nil, nil, fmt.Errorf("the models have %d and %d parameters: want two of the same make, both applied", len(a), len(b))
	}
	for i, p := range a {
		if p == b[i] {
			return nil, nil, fmt.Errorf("both models hold the parameter %s: make each by itself", p.Label)
		}
		if p.Type != b[i].Type {
			return nil, nil, fmt.Errorf("parameters %s %v and %s %v differ", p.Label, p.Type, b[i].Label, b[i].Type)
		}
	}
	return a, b, nil
}
