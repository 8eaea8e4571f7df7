package nn

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A Random is where a layer of one's own gets its random numbers from: noise,
// masks, samples. It is a field of the layer, so that [Params] finds its state.
//
// What is drawn depends on State alone: its seed, which [Init] draws, and its step,
// which each training run counts up. Programs made by graph.Compile draw too, the
// numbers of the next training step, the same each time; where they should do without,
// [ops.InTraining] says so.
type Random struct {
	graph.Scope
	State *graph.Param // i64[2]: seed and step

	streams int         // drawn from so far
	next    *graph.Node // the one assignment of all draws
}

// Normal draws from the standard normal distribution, each time it is called from
// another stream.
func (r *Random) Normal(t graph.Type) *graph.Node {
	return r.Draw(func(state *graph.Node, stream int) *graph.Node { return ops.Normal(state, stream, t) })
}

// Uniform draws evenly from [0, 1), each time it is called from another stream.
func (r *Random) Uniform(t graph.Type) *graph.Node {
	return r.Draw(func(state *graph.Node, stream int) *graph.Node { return ops.Uniform(state, stream, t) })
}

// Draw is what a random op makes of the state and a stream of it that nothing else
// draws from:
//
//	r.Draw(func(state *graph.Node, stream int) *graph.Node { return ops.Bernoulli(state, stream, 0.5, x.Shape()) })
//
// A policy that is to try something else each time it is asked is compiled by
// graph.CompileTraining.
func (r *Random) Draw(op func(state *graph.Node, stream int) *graph.Node) *graph.Node {
	if r == nil || op == nil {
		return graph.Fail("random", nil, "the source or what is to be drawn is nil: want an nn.Random and a function such as the Sample of a distribution")
	}
	return r.Wrap(func() *graph.Node {
		if r.State == nil {
			r.State = &graph.Param{Label: "State", Type: graph.Type{DType: graph.Int64, Shape: graph.Of(2)}, Init: seedState}
		}
		if r.next == nil {
			r.next = graph.Assign(r.State, ops.NextState(r.State.Node()))
		}
		drawn := op(r.State.Node(), r.streams)
		r.streams++
		return ops.InTraining(ops.After(drawn, r.next), drawn)
	})
}
