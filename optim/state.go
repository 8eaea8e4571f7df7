package optim

import (
	"math/rand/v2"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A State hands out what a rule remembers of one parameter, and tells it where
// in the training it is.
type State struct {
	p        *graph.Param
	all      *minimization
	schedule Schedule // nil for a constant rate
}

// A minimization is what the parameters of one Minimize share.
type minimization struct {
	loss   *graph.Node
	params []*graph.Param // that are trained
	grads  []*graph.Node
	norm   *graph.Node   // of grads, once a rule asks for it
	done   *graph.Node   // steps before this one, likewise
	count  *graph.Node   // done and this one
	rate   *graph.Node   // the first learning rate that a rule asked for
	assign []*graph.Node // updates of parameters, slots and the counter
	slots  map[slot]bool // those in use
}

// A slot is a name under which something is remembered of a parameter.
type slot struct {
	p    *graph.Param
	name string
}

// Param returns the parameter: its label, for rules that tell parameters apart.
func (s *State) Param() *graph.Param { return s.p }

// Slot returns the next value of something remembered from step to step, which
// has the parameter's type and is 0 at first:
//
//	v := s.Slot("v", func(old *graph.Node) *graph.Node { return ops.Add(ops.Scale(old, 0.9), g) })
//
// It is a [graph.Param] labelled by the parameter and the name, such as
// "Trunk.0.W/v". A name can be used once for each parameter.
func (s *State) Slot(name string, next func(old *graph.Node) *graph.Node) *graph.Node {
	return s.SlotFrom(name, 0, next)
}

// SlotFrom is [State.Slot] with first as the value of all elements at first.
func (s *State) SlotFrom(name string, first float64, next func(old *graph.Node) *graph.Node) *graph.Node {
	return s.SlotOf(name, s.p.Type, first, next)
}

// SlotOf is [State.SlotFrom] for any type without symbols, such as
// graph.Type{DType: graph.Float64}, a number.
func (s *State) SlotOf(name string, t graph.Type, first float64, next func(old *graph.Node) *graph.Node) *graph.Node {
	key := slot{s.p, name}
	if s.all.slots[key] {
		return graph.Fail("slot", nil, "parameter %s has two slots named %s: give each a name of its own", s.p.Label, name)
	}
	if next == nil {
		return graph.Fail("slot", nil, "slot %s of parameter %s has no function for its next value", name, s.p.Label)
	}
	s.all.slots[key] = true
	return s.all.remember(s.p.Label+"/"+name, t, first, next)
}

// remember makes a parameter that gets the next value at each step, and returns
// that value.
func (m *minimization) remember(label string, t graph.Type, first float64, next func(old *graph.Node) *graph.Node) *graph.Node {
	q := &graph.Param{Label: label, Type: t, Init: func(t graph.Tensor, _ *rand.Rand) {
		for i := range t.Len() {
			t.Set(i, first)
		}
	}}
	if err := q.Reset(nil); err != nil {
		return graph.Fail("slot", nil, "%v", err)
	}
	v := graph.Assign(q, next(q.Node()))
	m.assign = append(m.assign, v)
	return v
}

// Average returns beta·old + (1-beta)·x, the running average of x, which has
// the parameter's type, in a [State.Slot]. It starts at 0 and so is too small
// by 1-beta^t at step t.
func (s *State) Average(name string, x *graph.Node, beta float64) *graph.Node {
	return s.Slot(name, func(old *graph.Node) *graph.Node {
		return ops.Add(ops.Scale(old, beta), ops.Scale(x, 1-beta))
	})
}

// Count returns the number of this step, from 1, as a Float64 scalar. What is
// computed from it should stay Float64 and be converted to the parameter's
// dtype at the end: 1 - 0.999^t has only four digits in Float32.
func (s *State) Count() *graph.Node {
	s.all.counter()
	return s.all.count
}

// counter makes the counter that all parameters share.
func (m *minimization) counter() {
	if m.count != nil {
		return
	}
	next := m.remember("step", graph.Type{DType: graph.Int64}, 0, func(old *graph.Node) *graph.Node {
		m.done = ops.Convert(old, graph.Float64)
		return ops.Add(old, graph.Scalar(1))
	})
	m.count = ops.Convert(next, graph.Float64)
}

// Rate returns the learning rate of this step in the parameter's dtype: what
// the rule's schedule makes of lr.
func (s *State) Rate(lr float64) *graph.Node {
	if s.schedule == nil {
		s.all.noteRate(number(lr))
		return graph.ScalarOf(s.p.Type.DType, lr)
	}
	s.all.counter()
	r := s.schedule(number(lr), s.all.done)
	if r == nil {
		return graph.Fail("schedule", nil, "the schedule returned nil: want the learning rate")
	}
	if r.Err() == nil && r.Shape().Rank() != 0 {
		return graph.Fail("schedule", nil, "the learning rate %v is not a scalar: want one number", r.Type())
	}
	r = graph.As(graph.Float64, r)
	s.all.noteRate(r)
	return s.like(r)
}

func (m *minimization) noteRate(r *graph.Node) {
	if m.rate == nil {
		m.rate = r
	}
}

// scheduled returns what the schedules set so far make of a rate.
func (s *State) scheduled(lr, t *graph.Node) *graph.Node {
	if s.schedule == nil {
		return lr
	}
	return s.schedule(lr, t)
}

// GlobalNorm returns the Euclidean norm of the gradients of all parameters of
// this Minimize together, as a Float64 scalar. It is that of the loss's
// gradients, whatever a rule makes of them, and counts frozen parameters too.
func (s *State) GlobalNorm() *graph.Node {
	m := s.all
	if m.norm == nil {
		m.norm = graph.Derive(graph.Provenance{Of: m.loss}, func() []*graph.Node {
			sum := graph.Zeros(graph.Type{DType: graph.Float64})
			for _, g := range m.grads {
				sum = ops.Add(sum, ops.Convert(ops.Sum(ops.Square(g)), graph.Float64))
			}
			return []*graph.Node{ops.Sqrt(sum)}
		})[0]
	}
	return m.norm
}

// like returns x in the parameter's dtype.
func (s *State) like(x *graph.Node) *graph.Node { return ops.Convert(x, s.p.Type.DType) }

// number returns a Float64 scalar.
func number(v float64) *graph.Node { return graph.ScalarOf(graph.Float64, v) }

// plus returns x + a.
func plus(x *graph.Node, a float64) *graph.Node { return ops.Add(x, graph.Scalar(a)) }
