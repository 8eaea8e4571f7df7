package nn

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A Reduction says what a loss makes of the losses of its elements.
type Reduction int

// The reductions. Without one, losses are the Mean.
const (
	Mean      Reduction = iota // of all elements
	Sum                        // of all elements
	BatchMean                  // the sum divided by the length of the first axis
	None                       // the elements as they are
)

// reduced combines the losses l as the one reduction in r says, or as usual.
func reduced(name string, l *graph.Node, usual Reduction, r []Reduction) *graph.Node {
	if len(r) > 1 {
		return graph.Fail(name, []*graph.Node{l}, "%d reductions are given: want at most one", len(r))
	}
	if len(r) == 1 {
		usual = r[0]
	}
	switch usual {
	case Mean:
		return ops.Mean(l)
	case Sum:
		return ops.Sum(l)
	case BatchMean:
		return ops.Div(ops.Sum(l), ops.Count(l, 0))
	case None:
		return l
	}
	return graph.Fail(name, []*graph.Node{l}, "reduction %d is unknown: want nn.Mean, nn.Sum, nn.BatchMean or nn.None", usual)
}

// labelled returns predictions and their labels, checked: the labels have the
// type of the predictions, or are one [graph.Scalar], which labels them all,
// and a NaN among them makes the run fail.
func labelled(name string, pred, y *graph.Node) (x, labels *graph.Node) {
	if bad := broken(name, pred, y); bad != nil {
		return bad, bad
	}
	_, scalar := graph.ScalarValue(y)
	y = graph.As(pred.DType(), y)
	fail := func(text string) (x, labels *graph.Node) {
		bad := graph.Fail(name, []*graph.Node{pred, y}, "%s", text)
		return bad, bad
	}
	switch {
	case !pred.DType().Float():
		return fail("want floats, got the predictions {0}: convert them with ops.Convert")
	case y.DType() != pred.DType():
		return fail("the predictions {0} and the labels {1} have different dtypes: convert the labels with ops.Convert")
	case scalar:
		y = ops.BroadcastTo(y, pred.Shape())
	case y.Shape() != pred.Shape():
		return fail("the predictions {0} and the labels {1} have different shapes: give one the shape of the other with ops.Reshape")
	}
	return pred, ops.CheckNaN(y, "label")
}

// MSE is the mean of (pred - y)².
//
//	pred [...], y [...] of the same shape -> []
func MSE(pred, y *graph.Node, r ...Reduction) *graph.Node {
	pred, y = labelled("mse", pred, y)
	return reduced("mse", ops.Square(ops.Sub(pred, y)), Mean, r)
}

// MAE is the mean of |pred - y|. Its gradient where they are equal is 0.
//
//	pred [...], y [...] of the same shape -> []
func MAE(pred, y *graph.Node, r ...Reduction) *graph.Node {
	pred, y = labelled("mae", pred, y)
	return reduced("mae", ops.Abs(ops.Sub(pred, y)), Mean, r)
}

// Huber is the mean of e²/2 where |e| <= delta, else delta·(|e| - delta/2), for
// e = pred - y. Divided by delta it is what others call the smooth L1 loss. It
// fails if delta is not positive.
//
//	pred [...], y [...] of the same shape -> []
//
// Huber 1964, doi:10.1214/aoms/1177703732
func Huber(pred, y *graph.Node, delta float64, r ...Reduction) *graph.Node {
	if !(delta > 0) {
		return graph.Fail("huber", []*graph.Node{pred, y}, "delta is %g: want a positive number", delta)
	}
	pred, y = labelled("huber", pred, y)
	e := ops.Sub(pred, y)
	// both pieces at once: inside, cut is e
	cut := ops.Clamp(e, graph.Scalar(-delta), graph.Scalar(delta))
	return reduced("huber", ops.Mul(cut, ops.Sub(e, ops.Scale(cut, 0.5))), Mean, r)
}

// BinaryCrossEntropy is the mean of -y·log p - (1-y)·log(1-p) for the
// probabilities p = sigmoid(logits), with labels y from 0 to 1.
//
//	logits [...], y [...] of the same shape -> []
//
// As log p is -softplus(-logits) it never overflows, and is exact however sure
// the model is, right or wrong.
func BinaryCrossEntropy(logits, y *graph.Node, r ...Reduction) *graph.Node {
	logits, y = labelled("binarycrossentropy", logits, y)
	yes := ops.Mul(y, ops.Softplus(ops.Neg(logits)))
	no := ops.Mul(ops.OneMinus(y), ops.Softplus(logits))
	return reduced("binarycrossentropy", ops.Add(yes, no), Mean, r)
}

// Hinge is the mean of max(0, 1 - y·pred), with labels y of -1 and 1. Its
// gradient at the kink is 0.
//
//	pred [...], y [...] of the same shape -> []
func Hinge(pred, y *graph.Node, r ...Reduction) *graph.Node {
	return reduced("hinge", margin("hinge", pred, y), Mean, r)
}

// SquaredHinge is the mean of max(0, 1 - y·pred)², with labels y of -1 and 1.
//
//	pred [...], y [...] of the same shape -> []
func SquaredHinge(pred, y *graph.Node, r ...Reduction) *graph.Node {
	return reduced("squaredhinge", ops.Square(margin("squaredhinge", pred, y)), Mean, r)
}

// margin returns what is missing to a prediction of 1 on the label's side.
func margin(name string, pred, y *graph.Node) *graph.Node {
	pred, y = labelled(name, pred, y)
	return ops.ReLU(ops.OneMinus(ops.Mul(y, pred)))
}

// KL is the Kullback-Leibler divergence Σ p·(log p - logPred) of predicted log
// probabilities from the probabilities p, which are the labels; 0 where p is 0.
// It is averaged over the batch: unless another reduction is given, the sum is
// divided by the length of the first axis.
//
//	logPred [batch ...], p [batch ...] -> []
func KL(logPred, p *graph.Node, r ...Reduction) *graph.Node {
	logPred, p = labelled("kl", logPred, p)
	none := ops.Equal(p, graph.Scalar(0))
	logP := ops.Log(ops.Where(none, graph.Scalar(1), p))
	l := ops.Where(none, graph.Scalar(0), ops.Mul(p, ops.Sub(logP, logPred)))
	return reduced("kl", l, BatchMean, r)
}

// KLLog is [KL] for labels that are log probabilities themselves, such as those
// of a teacher.
//
//	logPred [batch ...], logP [batch ...] -> []
func KLLog(logPred, logP *graph.Node, r ...Reduction) *graph.Node {
	logPred, logP = labelled("kllog", logPred, logP)
	return reduced("kllog", ops.Mul(ops.Exp(logP), ops.Sub(logP, logPred)), BatchMean, r)
}

// PoissonNLL is the mean of exp(logRate) - y·logRate: the negative log
// likelihood of the counts y, without the part that depends on y alone.
//
//	logRate [...], y [...] of the same shape -> []
func PoissonNLL(logRate, y *graph.Node, r ...Reduction) *graph.Node {
	logRate, y = labelled("poissonnll", logRate, y)
	return reduced("poissonnll", ops.Sub(ops.Exp(logRate), ops.Mul(y, logRate)), Mean, r)
}

// L1 is weight·Σ|p| over all elements of the parameters: a term to add to a
// loss. Its gradient at 0 is 0. Untrained parameters and integers are left out.
//
//	loss = ops.Add(loss, nn.L1(nn.Params(model), 1e-4))
func L1(params []*graph.Param, weight float64) *graph.Node {
	return penalty("l1", params, weight, ops.Abs)
}

// L2 is weight·Σp² over all elements of the parameters: a term to add to a
// loss. Its gradient is 2·weight·p. Untrained parameters and integers are left
// out.
//
//	loss = ops.Add(loss, nn.L2(nn.Params(model), 1e-4))
func L2(params []*graph.Param, weight float64) *graph.Node {
	return penalty("l2", params, weight, ops.Square)
}

func penalty(name string, params []*graph.Param, weight float64, size func(*graph.Node) *graph.Node) *graph.Node {
	var sum *graph.Node
	for i, p := range params {
		if p == nil {
			return graph.Fail(name, nil, "parameter %d is nil", i)
		}
		if p.Untrained || !p.Type.DType.Float() {
			continue
		}
		term := ops.Sum(size(p.Node()))
		if sum == nil {
			sum = term
		} else {
			sum = ops.Add(sum, term)
		}
	}
	if sum == nil {
		return graph.Scalar(0)
	}
	return ops.Scale(sum, weight)
}
