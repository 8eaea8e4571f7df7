package explain

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Reliability compares how sure a classifier is with how often it is right. Rows are
// sorted into bins of equal width by the probability of their most probable class;
// for each bin it returns the mean of these probabilities, the share of rows that
// are right, and the bin's share of all rows. Of an empty bin all three are 0.
//
//	logits [n classes], labels [n] Int32 or Int64 -> three of [bins]
//
// Bin i holds probabilities above i/bins, up to (i+1)/bins. Guo et al. 2017,
// arXiv:1706.04599
func Reliability(logits, labels *graph.Node, bins int) (confidence, accuracy, share *graph.Node) {
	if bad := checkClasses("reliability", logits, labels); bad != nil {
		return bad, bad, bad
	}
	if bins < 1 {
		bad := graph.Fail("reliability", []*graph.Node{logits, labels}, "%d bins: want at least 1", bins)
		return bad, bad, bad
	}
	d := logits.DType()
	p := ops.Max(ops.Softmax(logits, 1), 1)
	right := ops.Convert(ops.Equal(ops.ArgMax(logits, 1), ops.Convert(labels, graph.Int64)), d)
	bin := ops.Sub(ops.Ceil(ops.Scale(p, float64(bins))), graph.Scalar(1))
	bin = ops.Convert(ops.Clamp(bin, graph.Scalar(0), graph.Scalar(float64(bins-1))), graph.Int64)
	sums := func(v *graph.Node) *graph.Node { return ops.SegmentSum(v, bin, graph.Dim(bins)) }
	rows := sums(ops.BroadcastTo(graph.ScalarOf(d, 1), p.Shape()))
	least := ops.Maximum(rows, graph.Scalar(1)) // an empty bin has sums of 0
	return ops.Div(sums(p), least), ops.Div(sums(right), least), ops.Div(rows, ops.Sum(rows))
}

// ECE is the expected calibration error: by how much confidence and accuracy differ,
// on the average over the rows, bin by bin: see [Reliability]. 0.02 means that the
// probabilities are off by 2 percentage points. 15 bins are usual; few rows make it
// too large.
//
//	logits [n classes], labels [n] Int32 or Int64 -> []
func ECE(logits, labels *graph.Node, bins int) *graph.Node {
	confidence, accuracy, share := Reliability(logits, labels, bins)
	return ops.Sum(ops.Mul(share, ops.Abs(ops.Sub(confidence, accuracy))))
}

// Temperature returns the T by which logits must be divided for their probabilities
// to fit the labels best: that of the smallest cross-entropy. Above 1 the classifier
// was too sure of itself. The answers stay the same. Use rows that were not trained
// on, and others to judge it by.
//
//	logits [n classes], labels [n] Int32 or Int64 -> []
//
// The cross-entropy is convex in 1/T, so twenty steps of Newton's method find it;
// T is kept between 0.01 and 100, where it ends if all rows are right with room to
// spare. Guo et al. 2017, arXiv:1706.04599
func Temperature(logits, labels *graph.Node) *graph.Node {
	if bad := checkClasses("temperature", logits, labels); bad != nil {
		return bad
	}
	loss := func(inverse *graph.Node) *graph.Node {
		return ops.Neg(ops.Mean(Class(ops.LogSoftmax(ops.Mul(logits, inverse), 1), labels)))
	}
	end, _ := ops.Scan(func(c, _ []*graph.Node) (next, _ []*graph.Node) {
		b := c[0]
		first := autodiff.Grad(loss(b), b)[0]
		second := autodiff.Grad(first, b)[0]
		step := ops.Div(first, ops.Add(second, graph.Scalar(1e-12)))
		// A step at most halves or doubles: far from the end the curvature says little.
		to := ops.Clamp(ops.Sub(b, step), ops.Scale(b, 0.5), ops.Scale(b, 2))
		return []*graph.Node{ops.Clamp(to, graph.Scalar(0.01), graph.Scalar(100))}, nil
	}, []*graph.Node{graph.ScalarOf(logits.DType(), 1)}, nil, ops.ScanOptions{Length: 20})
	return ops.Reciprocal(end[0])
}

// checkClasses returns a poisoned node unless the labels are the classes of logits.
func checkClasses(name string, logits, labels *graph.Node) *graph.Node {
	if bad := broken(name, logits, labels); bad != nil {
		return bad
	}
	if logits.Shape().Rank() != 2 || !logits.DType().Float() || labels.Shape() != graph.Of(logits.Shape().Dim(0)) || !whole(labels) {
		return graph.Fail(name, []*graph.Node{logits, labels}, "want logits [n classes] and class numbers [n], got {0} and {1}")
	}
	return nil
}
