// Package explain says why a trained network answers as it does: where it looks,
// what a unit is made of, what would have to differ, and how far it can be
// trusted.
//
// A method is a function of nodes. It is given a score, one number of each row,
// and the value x that the rows' answers are to be explained by, and returns its
// findings as more graph, which [graph.Compile] makes a program of:
//
//	score := explain.Class(model.Apply(x), label)             // [batch]
//	p, err := graph.Compile(explain.IntegratedGradients(score, x, nil, 0))
//	maps, err := p.Run(x.Is(images), label.Is(labels))
//
// So one program serves any number of rows, several methods share what they have
// in common, and what is found may be computed with further: the mean of a map, its
// gradient, a loss of it. x is an input or any value on the way, such as that of
// [Layer]. A method that asks for the score elsewhere than at x builds it there by
// [graph.Rewrite], inside a loop if there are many places, and so needs no more
// memory than one of them.
//
// A method that looks at one row at a time takes the first axis of x for the rows.
// What mixes rows, such as a loss, must be a sum over them or a figure of all.
package explain

import (
	"slices"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Class returns the logit of each row's class: the score that most methods ask
// for.
//
//	logits [batch classes], label [batch] Int32 or Int64 -> [batch]
//
// The label should be an input, or another value that does not depend on what is
// explained: the largest logit may be that of another class elsewhere.
func Class(logits, label *graph.Node) *graph.Node {
	if bad := checkClasses("class", logits, label); bad != nil {
		return bad
	}
	return ops.Squeeze(ops.TakeAlongAxis(logits, ops.Expand(label, 1), 1), 1)
}

// Margin returns by how much the logit of each row's class exceeds the largest of
// the others: above 0 where the class is the answer. It is what [Counterfactual]
// raises.
//
//	logits [batch classes], label [batch] Int32 or Int64 -> [batch]
func Margin(logits, label *graph.Node) *graph.Node {
	own := Class(logits, label)
	if own.Err() != nil {
		return own
	}
	taken := ops.OneHot(label, logits.Shape().Dim(1), graph.Bool)
	return ops.Sub(own, ops.Max(ops.MaskedFill(logits, taken, graph.Scalar(lowest)), -1))
}

// lowest is below any logit, and finite.
const lowest = -1e30

// broken returns a poisoned node if one of the operands does not exist, else nil.
func broken(name string, x ...*graph.Node) *graph.Node {
	for _, n := range x {
		if n == nil || n.Err() != nil {
			return graph.Fail(name, x, "an operand is nil")
		}
	}
	return nil
}

func whole(n *graph.Node) bool { return n.DType() == graph.Int32 || n.DType() == graph.Int64 }

// check returns a poisoned node unless score is a number of each row of x that
// depends on it.
func check(name string, score, x *graph.Node) *graph.Node {
	if bad := depends(name, score, x); bad != nil {
		return bad
	}
	if x.Shape().Rank() < 1 || score.Shape() != graph.Of(x.Shape().Dim(0)) {
		return graph.Fail(name, []*graph.Node{score, x}, "the score {0} is not one number for each row of {1}: use explain.Class, or sum it over the other axes")
	}
	return nil
}

// depends returns a poisoned node unless y, of floats, depends on x, of floats.
func depends(name string, y, x *graph.Node) *graph.Node {
	if bad := broken(name, y, x); bad != nil {
		return bad
	}
	both := []*graph.Node{y, x}
	if !y.DType().Float() || !x.DType().Float() {
		return graph.Fail(name, both, "want floats, got {0} and {1}")
	}
	if !slices.Contains(graph.Topo(y), x) {
		return graph.Fail(name, both, "{0} does not depend on {1}: pass the node that it was computed from, not another one like it")
	}
	return nil
}

// at returns y as it is where x is p.
func at(y, x, p *graph.Node) *graph.Node {
	return graph.Rewrite([]*graph.Node{y}, map[*graph.Node]*graph.Node{x: p})[0]
}

// slope returns the gradient of the sum of y by x: that of each row's own score.
func slope(y, x *graph.Node) *graph.Node { return autodiff.Grad(ops.Sum(y), x)[0] }

// over returns a value of one number for each row so that it broadcasts along the
// rows of x.
func over(v, x *graph.Node) *graph.Node {
	for v.Shape().Rank() < x.Shape().Rank() {
		v = ops.Expand(v, -1)
	}
	return v
}

// rowSum adds up all axes but the first.
func rowSum(x *graph.Node) *graph.Node {
	if x.Shape().Rank() < 2 {
		return x
	}
	return ops.Sum(ops.Flatten(x, 1), 1)
}

// seeded returns the state of a random stream.
func seeded(seed uint64) *graph.Node { return graph.ConstOf([]int64{int64(seed), 0}, 2) }

// count returns the numbers 0 to n-1.
func count(n graph.Dim) *graph.Node { return ops.Iota(graph.Int64, graph.Of(n), 0) }

// places returns, for each element of a row of x, whether it is the k-th along the
// axis. The result broadcasts to x.
func places(x *graph.Node, axis int, k *graph.Node) *graph.Node {
	shape := slices.Repeat([]graph.Dim{1}, x.Shape().Rank())
	shape[axis] = x.Shape().Dim(axis)
	return ops.Equal(ops.Iota(graph.Int64, graph.Of(shape...), axis), k)
}
