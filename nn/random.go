package nn

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Random is a source of random numbers that is part of a model: [Init] gives it
// its seed, each run of a program that draws from it counts it up, and a
// checkpoint holds it. The zero value is ready.
//
//	model := &struct{ Policy nn.Sequential; Random nn.Random }{...}
//	action := model.Random.Draw(p.Sample) // p is a dist.Categorical
//
// Unlike [Dropout] it draws in every program, whatever made it.
type Random struct {
	State *graph.Param // i64[2]: seed and step

	streams int         // drawn from so far
	next    *graph.Node // the one assignment of all draws
}

// Draw returns what f draws, such as ops.Uniform, with the state and a stream
// that no other Draw has.
func (r *Random) Draw(f func(state *graph.Node, stream int) *graph.Node) *graph.Node {
	if r == nil || f == nil {
		return graph.Fail("random", nil, "the source or what is to be drawn is nil: want an nn.Random and a function such as the Sample of a distribution")
	}
	if r.State == nil {
		r.State = &graph.Param{Label: "State", Type: graph.Type{DType: graph.Int64, Shape: graph.Of(2)}, Init: seedState}
	}
	if r.next == nil {
		r.next = graph.Assign(r.State, ops.NextState(r.State.Node()))
	}
	r.streams++
	return ops.After(f(r.State.Node(), r.streams-1), r.next)
}
