package autodiff

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A Function maps values to a value.
type Function func(x ...*graph.Node) *graph.Node

// A Rule returns, for y = f(x...) and the cotangent ct of y, the cotangent of
// each x; nil stands for zero. It is the VJP of an op.
type Rule func(y, ct *graph.Node, x ...*graph.Node) []*graph.Node

// CustomVJP returns f with another gradient: a more stable one, an estimate for
// what has none, one by the implicit function theorem. Values that f uses and
// that are not among x get no gradient.
func CustomVJP(f Function, rule Rule) Function {
	return func(x ...*graph.Node) *graph.Node {
		y := f(x...)
		return graph.Apply(custom{rule: &rule}, append([]*graph.Node{y}, x...)...)
	}
}

// custom is the value of its first operand, with the rule's gradient for the
// others. The rule is used only while building.
type custom struct {
	first
	rule *Rule
}

func (custom) Name() string { return "customvjp" }
func (custom) Doc() graph.Doc {
	return graph.Doc{Text: "The value that a function computes, with a gradient that its author gives.", Formula: "y = f(x)", Gradient: "x̄ = rule(y, ȳ, x)"}
}
func (c custom) VJP(y, ct *graph.Node, x ...*graph.Node) []*graph.Node {
	return append([]*graph.Node{nil}, (*c.rule)(y, ct, x[1:]...)...)
}

// Checkpoint returns f, whose inner values the backward pass computes again
// instead of keeping them: memory for time. Parameters that f uses get their
// gradients.
func Checkpoint(f Function) Function {
	return func(x ...*graph.Node) *graph.Node {
		mark := graph.Scalar(0) // younger nodes are f's
		y := f(x...)
		if y.Err() != nil {
			return graph.Fail("checkpoint", []*graph.Node{y}, "")
		}
		from := graph.Frontier(y, mark, x)
		return graph.Apply(checkpoint{}, append([]*graph.Node{y}, from...)...)
	}
}

// checkpoint is the value of its first operand, with the gradient computed
// from the others, which it was made from.
type checkpoint struct{ first }

func (checkpoint) Name() string { return "checkpoint" }
func (checkpoint) Doc() graph.Doc {
	return graph.Doc{Text: "The value that a function computes, whose inside is computed again for the gradient rather than kept.", Formula: "y = f(x)", Gradient: "x̄ = vjp(f, ȳ)"}
}
func (checkpoint) VJP(_, ct *graph.Node, x ...*graph.Node) []*graph.Node {
	again := map[*graph.Node]*graph.Node{}
	var at []int // the operands that are floats
	var late []*graph.Node
	for i, n := range x[1:] {
		again[n] = ops.Later(n, ct)
		if n.DType().Float() {
			at, late = append(at, i+1), append(late, again[n])
		}
	}
	g := make([]*graph.Node, len(x))
	for i, ct := range VJP(graph.Rewrite(x[:1], again)[0], ct, late...) {
		g[at[i]] = ct
	}
	return g
}

// first is the part of an op that stands for its first operand: the compiler
// sees through it.
type first struct{}

func (first) Infer(in ...graph.Type) (graph.Type, error) { return in[0], nil }
func (first) Eval(out graph.Tensor, in ...graph.Tensor)  { out.Copy(in[0]) }
func (first) Choose(bool) int                            { return 0 }
func (first) Also() bool                                 { return false }
