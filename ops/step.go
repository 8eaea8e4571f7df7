package ops

import (
	"slices"

	"github.com/adjointml/adjoint/graph"
)

// drawer is an op that draws random numbers from the state that is its first
// operand.
type drawer interface{ draws() }

func (random) draws() {}

// stepKey makes the states of steps different; an odd number, other than the one
// for streams.
const stepKey = 0x2545f4914f6cdd1d

// stepped gives each random op after mark a state that depends on the number of
// the step, which it returns as an argument, or nil if there are none.
func stepped(y []*Node, mark *Node) ([]*Node, *Node) {
	var step *Node
	with := map[*Node]*Node{}
	next := func(state *Node, depth int) *Node {
		if step == nil {
			step = graph.Arg(Type{DType: graph.Int64})
		}
		if with[state] == nil {
			key := int64(stepKey)
			for range depth {
				key *= stepKey
			}
			with[state] = Add(state, Mul(step, graph.ConstOf([]int64{key, 0}, 2)))
		}
		return with[state]
	}
	y = graph.Transform(y, mark, func(n *Node, in []*Node) *Node {
		var at []int
		depth := 0
		switch op := n.Op().(type) {
		case drawer:
			at = []int{0}
		case graph.Looper:
			at, depth = stateOperands(op), nesting(op.Parts().Loop)
		}
		if len(at) == 0 {
			return nil
		}
		in = slices.Clone(in)
		for _, i := range at {
			in[i] = next(in[i], depth)
		}
		return graph.Again(n, in)
	})
	return y, step
}

// stateOperands returns the operands of a loop's result that its body draws from.
func stateOperands(op graph.Looper) (at []int) {
	l := op.Parts().Loop
	for _, i := range l.States {
		if l.Kind == graph.Branch { // the condition is before them
			i++
		}
		at = append(at, i)
	}
	return at
}

// nesting returns how many loops that draw random numbers are in each other.
func nesting(l *graph.Loop) (depth int) {
	for _, n := range l.Body() {
		if op, ok := n.Op().(graph.Looper); ok && len(op.Parts().Loop.States) > 0 {
			depth = max(depth, nesting(op.Parts().Loop))
		}
	}
	return depth + 1
}

// states returns the arguments that random ops of the body draw from, as they
// are or with the number of the step added.
func states(l *graph.Loop, y []*Node) (list []int) {
	add := func(state *Node) {
		for _, n := range graph.Topo(state) {
			if i := slices.Index(l.Args, n); i >= l.Carries+l.Slices && n.DType() == graph.Int64 && !slices.Contains(list, i) {
				list = append(list, i)
			}
		}
	}
	for _, n := range graph.Topo(y...) {
		switch op := n.Op().(type) {
		case drawer:
			add(n.In()[0])
		case graph.Looper:
			for _, i := range stateOperands(op) {
				add(n.In()[i])
			}
		}
	}
	return list
}
