package nn

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// BinaryCrossEntropyOf is [BinaryCrossEntropy] of probabilities rather than
// logits: the mean of -y·log p - (1-y)·log(1-p), with each logarithm cut off at
// -100, as in PyTorch. Prefer logits, which lose nothing near 0 and 1.
//
//	p [...] from 0 to 1, y [...] of the same shape -> []
func BinaryCrossEntropyOf(p, y *graph.Node, r ...Reduction) *graph.Node {
	p, y = labelled("binarycrossentropyof", p, y)
	log := func(p *graph.Node) *graph.Node {
		tiny := ops.Less(p, graph.Scalar(0x1p-144)) // log of it is below -99.8
		return ops.Where(tiny, ops.Maximum(ops.Log(p), graph.Scalar(-100)), ops.Log(ops.Where(tiny, graph.Scalar(1), p)))
	}
	l := ops.Neg(ops.Add(ops.Mul(y, log(p)), ops.Mul(ops.OneMinus(y), log(ops.OneMinus(p)))))
	return reduced("binarycrossentropyof", l, Mean, r)
}

// SoftMargin is the mean of log(1 + exp(-y·pred)), with labels y of -1 and 1:
// logistic regression.
//
//	pred [...], y [...] of the same shape -> []
func SoftMargin(pred, y *graph.Node, r ...Reduction) *graph.Node {
	pred, y = labelled("softmargin", pred, y)
	return reduced("softmargin", ops.Softplus(ops.Neg(ops.Mul(y, pred))), Mean, r)
}

// MarginRanking is the mean of max(0, -y·(a - b) + margin): a should rank higher
// than b where y is 1, lower where it is -1.
//
//	a [...], b [...], y [...] of one shape -> []
func MarginRanking(a, b, y *graph.Node, margin float64, r ...Reduction) *graph.Node {
	if bad := alike("marginranking", a, b); bad != nil {
		return bad
	}
	d, y := labelled("marginranking", ops.Sub(a, b), y)
	return reduced("marginranking", ops.ReLU(ops.Sub(graph.Scalar(margin), ops.Mul(y, d))), Mean, r)
}

// HingeEmbedding is the mean of the distance itself where y is 1, and of
// max(0, margin - distance) where it is -1.
//
//	distance [...], y [...] of the same shape -> []
func HingeEmbedding(distance, y *graph.Node, margin float64, r ...Reduction) *graph.Node {
	distance, y = labelled("hingeembedding", distance, y)
	near := ops.Equal(y, graph.Scalar(1))
	far := ops.Equal(y, graph.Scalar(-1))
	zero := graph.Scalar(0)
	l := ops.Add(ops.Where(far, zero, distance), ops.Where(near, zero, ops.ReLU(ops.Sub(graph.Scalar(margin), distance))))
	return reduced("hingeembedding", l, Mean, r)
}

// MultiMarginOptions refine [MultiMargin]. The zero value changes nothing.
type MultiMarginOptions struct {
	P         int         // power of what is missing: 0 means 1, or 2
	Margin    float64     // 0 means 1
	Weights   *graph.Node // [classes]: how much each label's class counts; nil for 1
	Reduction Reduction
}

// MultiMargin is the multi-class hinge loss: the mean over the batch of
// Σ max(0, margin - x[label] + x[i])^P / classes over all classes i but the
// label's. It fails where P is neither 1 nor 2; a label that is no class makes
// the run fail.
//
//	x [... classes], labels [...] Int32 or Int64 -> []
//
// Crammer and Singer 2001, jmlr.org/papers/v2/crammer01a.html
func MultiMargin(x, labels *graph.Node, o ...MultiMarginOptions) *graph.Node {
	var opt MultiMarginOptions
	if len(o) > 0 {
		opt = o[0]
	}
	c := classLoss{CrossEntropyOptions: CrossEntropyOptions{Weights: opt.Weights, Reduction: opt.Reduction}, name: "multimargin", x: x, labels: labels}
	if bad := c.check(); bad != nil {
		return bad
	}
	if opt.P < 0 || opt.P > 2 || !labels.DType().Int() {
		return c.fail("P is %d and the labels {1}: want P of 1 or 2, and class numbers", opt.P)
	}
	if opt.Margin == 0 {
		opt.Margin = 1
	}
	labels = graph.Apply(checkClass{c.Axis}, labels, x)
	right := ops.TakeAlongAxis(x, ops.Expand(labels, c.Axis), c.Axis)
	l := ops.ReLU(ops.Add(ops.Sub(x, right), graph.Scalar(opt.Margin)))
	if opt.P == 2 {
		l = ops.Square(l)
	}
	if opt.Weights != nil {
		l = ops.Mul(l, ops.Expand(ops.Take(opt.Weights, labels, 0), c.Axis))
	}
	others := ops.NotEqual(ops.Iota(graph.Int64, x.Shape(), c.Axis), ops.Convert(ops.Expand(labels, c.Axis), graph.Int64))
	l = ops.Mean(ops.Where(others, l, graph.Scalar(0)), c.Axis)
	return reduced("multimargin", l, opt.Reduction, nil)
}

// MultiLabelMargin is the hinge loss of several labels each: the mean over the
// batch of Σ max(0, 1 - (x[j] - x[i])) / classes over the labels j and the
// classes i that are no labels. A row of labels ends at its first negative one.
//
//	x [... classes], labels [... classes] Int32 or Int64 -> []
func MultiLabelMargin(x, labels *graph.Node, r ...Reduction) *graph.Node {
	if bad := broken("multilabelmargin", x, labels); bad != nil {
		return bad
	}
	if !x.DType().Float() || !labels.DType().Int() || labels.Shape() != x.Shape() || x.Shape().Rank() == 0 {
		return graph.Fail("multilabelmargin", []*graph.Node{x, labels}, "want floats and integer labels of one shape [... classes], got {0} and {1}")
	}
	zero := graph.Scalar(0)
	live := ops.Equal(ops.CumSum(ops.Convert(ops.Less(labels, zero), graph.Int64), -1), zero)
	label := ops.Where(live, labels, zero)
	hit := ops.OneHot(label, x.Shape().Dim(-1), x.DType()) // [... labels classes]
	hit = ops.Where(ops.Expand(live, -1), hit, zero)
	is := ops.Expand(ops.Max(hit, -2), -2) // [... 1 classes]: which classes are labels
	score := ops.Expand(ops.TakeAlongAxis(x, label, -1), -1)
	l := ops.ReLU(ops.OneMinus(ops.Sub(score, ops.Expand(x, -2))))
	counts := ops.And(ops.Expand(live, -1), ops.Equal(is, zero))
	l = ops.Div(ops.Sum(ops.Where(counts, l, zero), -2, -1), ops.Count(x, -1))
	return reduced("multilabelmargin", l, Mean, r)
}

// MultiLabelSoftMargin is the mean over batch and classes of the binary
// cross-entropy of each class by itself, from logits, each class multiplied by
// its weight; nil for 1.
//
//	logits [... classes], y [... classes] from 0 to 1, weights [classes] -> []
func MultiLabelSoftMargin(logits, y, weights *graph.Node, r ...Reduction) *graph.Node {
	l := BinaryCrossEntropy(logits, y, None)
	if weights != nil {
		l = ops.Mul(l, weights)
	}
	if l.Err() == nil && l.Shape().Rank() == 0 {
		return graph.Fail("multilabelsoftmargin", []*graph.Node{logits}, "{0} is a scalar: want an axis of classes")
	}
	return reduced("multilabelsoftmargin", ops.Mean(l, -1), Mean, r)
}

// alike says why the operands are not floats of one type.
func alike(name string, x ...*graph.Node) *graph.Node {
	if bad := broken(name, x...); bad != nil {
		return bad
	}
	for _, y := range x {
		if y.Type() != x[0].Type() || !y.DType().Float() {
			return graph.Fail(name, []*graph.Node{x[0], y}, "want floats of one type, got {0} and {1}: use ops.Reshape and ops.Convert")
		}
	}
	return nil
}
