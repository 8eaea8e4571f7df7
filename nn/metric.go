package nn

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TopK is the share of predictions whose label is among the k classes with the
// largest logits. Its gradient is 0. A class that ties with the label's counts
// against it if it comes first.
//
//	logits [... classes], labels [...] Int32 or Int64 class numbers -> []
func TopK(logits, labels *graph.Node, k int) *graph.Node {
	if bad := classNumbers("topk", logits, labels); bad != nil {
		return bad
	}
	if k < 1 {
		return graph.Fail("topk", []*graph.Node{logits}, "k is %d: want a number of classes", k)
	}
	label := ops.Expand(ops.Convert(labels, graph.Int64), -1)
	score := ops.TakeAlongAxis(logits, label, -1)
	place := ops.Iota(graph.Int64, logits.Shape(), -1)
	better := ops.Or(ops.Greater(logits, score), ops.And(ops.Equal(logits, score), ops.Less(place, label)))
	before := ops.Sum(ops.Convert(better, graph.Int64), -1)
	return ops.Mean(ops.Convert(ops.Less(before, graph.Scalar(float64(k))), logits.DType()))
}

// Confusion counts how often each class was taken for each: row i, column j has
// the examples of class i that were taken for j. Sums over batches are those of
// the whole, from which [AccuracyOf], [PrecisionOf], [RecallOf], [F1Of] and [IoUOf]
// make exact figures.
//
//	logits [... classes], labels [...] Int32 or Int64 class numbers -> Int64 [classes classes]
//	logits [... 1], labels [... 1] numbers from 0 to 1, or Bool -> Int64 [2 2]
//
// If there is one logit it is binary, as in [Accuracy]: class 1 is a positive
// logit, or a label above 1/2.
func Confusion(logits, labels *graph.Node) *graph.Node {
	if bad := broken("confusion", logits, labels); bad != nil {
		return bad
	}
	n, taken := logits.Shape().Dim(-1), logits
	if n == 1 && labels.Shape() == logits.Shape() && logits.DType().Float() {
		n, taken = 2, ops.Greater(logits, graph.Scalar(0))
		labels = ops.Greater(ops.Convert(labels, graph.Float64), graph.Scalar(0.5))
	} else {
		if bad := classNumbers("confusion", logits, labels); bad != nil {
			return bad
		}
		taken = ops.ArgMax(logits, -1)
	}
	flat := func(x *graph.Node) *graph.Node { return ops.Flatten(ops.Expand(ops.Convert(x, graph.Int64), 0), 0) }
	is, taken := flat(labels), flat(taken)
	// products of ones: counts are exact up to 2^53
	a, b := ops.OneHot(is, n, graph.Float64), ops.OneHot(taken, n, graph.Float64)
	return ops.Convert(ops.MatMul(ops.Transpose(a), b), graph.Int64)
}

// An Average says how the figures of several classes become one.
type Average int

// The averages. Without one they are Macro.
const (
	Macro    Average = iota // the mean over classes
	Micro                   // of all examples together
	PerClass                // one for each class
	Positive                // that of class 1 alone, of two
)

// AccuracyOf is the share of what is right, from a [Confusion] matrix or a sum of
// them; NaN of nothing.
//
//	confusion Int64 [classes classes] -> Float64 []
func AccuracyOf(confusion *graph.Node) *graph.Node {
	return ofConfusion("accuracy", confusion, []Average{Micro}, func(hit, is, taken *graph.Node) *graph.Node { return ops.Div(hit, is) })
}

// PrecisionOf is the share of right ones among what was taken for a class, from a
// [Confusion] matrix or a sum of them; 0 where nothing was.
//
//	confusion Int64 [classes classes] -> Float64 [] or [classes]
func PrecisionOf(confusion *graph.Node, a ...Average) *graph.Node {
	return ofConfusion("precision", confusion, a, func(hit, is, taken *graph.Node) *graph.Node { return ratio(hit, taken) })
}

// RecallOf is the share of right ones among what is of a class, from a [Confusion]
// matrix or a sum of them; 0 where nothing is.
//
//	confusion Int64 [classes classes] -> Float64 [] or [classes]
func RecallOf(confusion *graph.Node, a ...Average) *graph.Node {
	return ofConfusion("recall", confusion, a, func(hit, is, taken *graph.Node) *graph.Node { return ratio(hit, is) })
}

// F1Of is the harmonic mean of precision and recall, from a [Confusion] matrix or
// a sum of them; 0 where nothing is right.
//
//	confusion Int64 [classes classes] -> Float64 [] or [classes]
func F1Of(confusion *graph.Node, a ...Average) *graph.Node {
	return ofConfusion("f1", confusion, a, func(hit, is, taken *graph.Node) *graph.Node {
		return ratio(ops.Scale(hit, 2), ops.Add(is, taken))
	})
}

// IoUOf is the intersection over the union of each class, from a [Confusion]
// matrix or a sum of them, such as that of pixels; 0 where there is no union.
//
//	confusion Int64 [classes classes] -> Float64 [] or [classes]
func IoUOf(confusion *graph.Node, a ...Average) *graph.Node {
	return ofConfusion("iou", confusion, a, func(hit, is, taken *graph.Node) *graph.Node {
		return ratio(hit, ops.Sub(ops.Add(is, taken), hit))
	})
}

// ofConfusion applies a figure to what is right, is, and is taken for each class.
func ofConfusion(name string, m *graph.Node, a []Average, figure func(hit, is, taken *graph.Node) *graph.Node) *graph.Node {
	if bad := broken(name, m); bad != nil {
		return bad
	}
	s := m.Shape()
	average := Macro
	if len(a) > 0 {
		average = a[0]
	}
	if s.Rank() != 2 || s.Dim(0) != s.Dim(1) || len(a) > 1 || average < Macro || average > Positive || average == Positive && s.Dim(0) != 2 {
		return graph.Fail(name, []*graph.Node{m}, "want counts [classes classes], as of nn.Confusion, and at most one average (Positive of two classes), got {0}")
	}
	m = ops.Convert(m, graph.Float64)
	hit, is, taken := ops.Diag(m, 0), ops.Sum(m, 1), ops.Sum(m, 0)
	switch average {
	case Micro:
		return figure(ops.Sum(hit), ops.Sum(is), ops.Sum(taken))
	case Macro:
		return ops.Mean(figure(hit, is, taken))
	case Positive:
		return ops.Index(figure(hit, is, taken), 0, 1)
	}
	return figure(hit, is, taken)
}

// ratio is a/b, and 0 where b is.
func ratio(a, b *graph.Node) *graph.Node {
	none := ops.Equal(b, graph.Scalar(0))
	return ops.Where(none, graph.Scalar(0), ops.Div(a, ops.Where(none, graph.Scalar(1), b)))
}

// AUC is the area under the ROC curve: the share of pairs of a positive and a
// negative example whose scores are in order, ties counting half. NaN if one of
// the two is missing. The work grows with the square of the number of examples.
// Its gradient is 0.
//
//	scores [n], labels [n] of 0 and 1, or Bool -> []
func AUC(scores, labels *graph.Node) *graph.Node {
	if bad := broken("auc", scores, labels); bad != nil {
		return bad
	}
	if scores.Shape().Rank() != 1 || labels.Shape() != scores.Shape() || !scores.DType().Float() {
		return graph.Fail("auc", []*graph.Node{scores, labels}, "want floats [n] and labels of that shape, got {0} and {1}")
	}
	d := scores.DType()
	yes := ops.Greater(ops.Convert(labels, d), graph.Scalar(0.5))
	p, q := ops.Convert(yes, d), ops.Convert(ops.Not(yes), d)
	a, b := ops.Expand(scores, 1), ops.Expand(scores, 0)
	order := ops.Add(ops.Convert(ops.Greater(a, b), d), ops.Scale(ops.Convert(ops.Equal(a, b), d), 0.5))
	won := ops.Sum(ops.Mul(order, ops.Mul(ops.Expand(p, 1), ops.Expand(q, 0))))
	return ops.Div(won, ops.Mul(ops.Sum(p), ops.Sum(q)))
}

// RMSE is the root of the mean of (pred - y)².
//
//	pred [...], y [...] of the same shape -> []
func RMSE(pred, y *graph.Node) *graph.Node { return ops.Sqrt(MSE(pred, y)) }

// R2 is the coefficient of determination, 1 - Σ(y - pred)²/Σ(y - mean of y)²: 1 if
// all is explained, 0 for the mean itself. NaN or -Inf if y never changes.
//
//	pred [...], y [...] of the same shape -> []
func R2(pred, y *graph.Node) *graph.Node {
	pred, y = labelled("r2", pred, y)
	rest := ops.Sum(ops.Square(ops.Sub(y, pred)))
	return ops.OneMinus(ops.Div(rest, ops.Sum(ops.Square(ops.Sub(y, ops.Mean(y))))))
}

// Residuals are the sums from which [RMSEOf], [MAEOf] and [R2Of] make exact
// figures: the number of elements, and the sums of e², |e|, y - c and (y - c)² for
// e = pred - y. Sums over batches are those of the whole; c, the same for all of
// them, should be near the mean of y, for R2Of alone.
//
//	pred [...], y [...] of the same shape -> Float64 [5]
func Residuals(pred, y *graph.Node, c float64) *graph.Node {
	pred, y = labelled("residuals", pred, y)
	pred, y = ops.Convert(pred, graph.Float64), ops.Convert(y, graph.Float64)
	e, far := ops.Sub(pred, y), ops.Sub(y, graph.Scalar(c))
	return ops.Stack(0, ops.Convert(ops.Count(e), graph.Float64), ops.Sum(ops.Square(e)), ops.Sum(ops.Abs(e)), ops.Sum(far), ops.Sum(ops.Square(far)))
}

// RMSEOf is [RMSE] from [Residuals] or a sum of them.
//
//	residuals Float64 [5] -> Float64 []
func RMSEOf(residuals *graph.Node) *graph.Node {
	return ofResiduals("rmse", residuals, func(n, square, size, y, y2 *graph.Node) *graph.Node { return ops.Sqrt(ops.Div(square, n)) })
}

// MAEOf is [MAE] from [Residuals] or a sum of them.
//
//	residuals Float64 [5] -> Float64 []
func MAEOf(residuals *graph.Node) *graph.Node {
	return ofResiduals("mae", residuals, func(n, square, size, y, y2 *graph.Node) *graph.Node { return ops.Div(size, n) })
}

// R2Of is [R2] from [Residuals] or a sum of them.
//
//	residuals Float64 [5] -> Float64 []
func R2Of(residuals *graph.Node) *graph.Node {
	return ofResiduals("r2", residuals, func(n, square, size, y, y2 *graph.Node) *graph.Node {
		return ops.OneMinus(ops.Div(square, ops.Sub(y2, ops.Div(ops.Square(y), n))))
	})
}

func ofResiduals(name string, r *graph.Node, figure func(n, square, size, y, y2 *graph.Node) *graph.Node) *graph.Node {
	if bad := broken(name, r); bad != nil {
		return bad
	}
	if r.Type() != (graph.Type{DType: graph.Float64, Shape: graph.Of(5)}) {
		return graph.Fail(name, []*graph.Node{r}, "want f64[5], as of nn.Residuals, got {0}")
	}
	at := func(i int) *graph.Node { return ops.Index(r, 0, i) }
	return figure(at(0), at(1), at(2), at(3), at(4))
}

// Perplexity is exp of the cross-entropy: among how many equally likely classes
// the model hesitates.
//
//	logits [... classes], labels [...] Int32 or Int64 class numbers -> []
func Perplexity(logits, labels *graph.Node, o ...CrossEntropyOptions) *graph.Node {
	return ops.Exp(CrossEntropy(logits, labels, o...))
}

// IoU is the intersection over the union of what is predicted and what is there,
// each where it is above 1/2, over all of the batch; 0 if there is neither.
//
//	p [...] from 0 to 1, y [...] of the same shape -> []
func IoU(p, y *graph.Node) *graph.Node {
	p, y = labelled("iou", p, y)
	if p.Err() != nil {
		return p
	}
	a, b := ops.Greater(p, graph.Scalar(0.5)), ops.Greater(y, graph.Scalar(0.5))
	count := func(x *graph.Node) *graph.Node { return ops.Sum(ops.Convert(x, p.DType())) }
	return ratio(count(ops.And(a, b)), count(ops.Or(a, b)))
}

// classNumbers says why logits and labels do not fit.
func classNumbers(name string, logits, labels *graph.Node) *graph.Node {
	if bad := broken(name, logits, labels); bad != nil {
		return bad
	}
	x := logits.Shape()
	if x.Rank() == 0 || !logits.DType().Float() || !labels.DType().Int() || labels.Shape() != x.Remove(x.Rank()-1) {
		return graph.Fail(name, []*graph.Node{logits, labels}, "want floats [... classes] and integer class numbers [...], got {0} and {1}")
	}
	return nil
}
