package nn

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// GaussianNLLOptions refine [GaussianNLL]. The zero value changes nothing.
type GaussianNLLOptions struct {
	Full      bool    // add the constant log(2π)/2
	Least     float64 // of the variance; 0 means 1e-6
	Reduction Reduction
}

// GaussianNLL is the mean of (log v + (mean - y)²/v)/2 for the predicted variance
// v: the negative log likelihood of y. A variance below Least counts as that, and
// its gradient passes on as if it did not.
//
//	mean [...], y [...] of one shape, variance that broadcasts to it -> []
//
// Nix and Weigend 1994, doi:10.1109/ICNN.1994.374138
func GaussianNLL(mean, y, variance *graph.Node, o ...GaussianNLLOptions) *graph.Node {
	var opt GaussianNLLOptions
	if len(o) > 0 {
		opt = o[0]
	}
	mean, y = labelled("gaussiannll", mean, y)
	if bad := broken("gaussiannll", mean, variance); bad != nil {
		return bad
	}
	wide := ops.BroadcastTo(variance, mean.Shape())
	if wide.Err() != nil {
		return graph.Fail("gaussiannll", []*graph.Node{mean, variance}, "the variance {1} does not broadcast to the predictions {0}")
	}
	variance = wide
	if bad := alike("gaussiannll", mean, variance); bad != nil {
		return bad
	}
	if opt.Least == 0 {
		opt.Least = 1e-6
	}
	v := ops.Add(variance, ops.StopGradient(ops.Sub(ops.Maximum(variance, graph.Scalar(opt.Least)), variance)))
	l := ops.Scale(ops.Add(ops.Log(v), ops.Div(ops.Square(ops.Sub(mean, y)), v)), 0.5)
	if opt.Full {
		l = ops.Add(l, graph.Scalar(math.Log(2*math.Pi)/2))
	}
	return reduced("gaussiannll", l, opt.Reduction, nil)
}

// SmoothL1 is the mean of e²/(2·beta) where |e| < beta, else |e| - beta/2, for e =
// pred - y: [Huber] divided by beta. With beta 0 it is [MAE].
//
//	pred [...], y [...] of the same shape -> []
//
// Girshick 2015, arXiv:1504.08083
func SmoothL1(pred, y *graph.Node, beta float64, r ...Reduction) *graph.Node {
	if beta == 0 {
		return MAE(pred, y, r...)
	}
	return ops.Scale(Huber(pred, y, beta, r...), 1/beta)
}

// LogCosh is the mean of log cosh(pred - y): e²/2 near 0 and |e| - log 2 far from
// it, smooth everywhere.
//
//	pred [...], y [...] of the same shape -> []
func LogCosh(pred, y *graph.Node, r ...Reduction) *graph.Node {
	pred, y = labelled("logcosh", pred, y)
	e := ops.Sub(pred, y)
	// log cosh e = e + softplus(-2e) - log 2
	l := ops.Sub(ops.Add(e, ops.Softplus(ops.Scale(e, -2))), graph.Scalar(math.Ln2))
	return reduced("logcosh", l, Mean, r)
}

// Quantile is the pinball loss, the mean of q·e where e = y - pred is positive,
// else (q - 1)·e: least where pred is the q-quantile of y. It fails if q is
// outside of (0, 1).
//
//	pred [...], y [...] of the same shape -> []
//
// Koenker and Bassett 1978, doi:10.2307/1913643
func Quantile(pred, y *graph.Node, q float64, r ...Reduction) *graph.Node {
	if !(q > 0 && q < 1) {
		return graph.Fail("quantile", []*graph.Node{pred, y}, "q is %g: want a number between 0 and 1", q)
	}
	pred, y = labelled("quantile", pred, y)
	e := ops.Sub(y, pred)
	return reduced("quantile", ops.Maximum(ops.Scale(e, q), ops.Scale(e, q-1)), Mean, r)
}

// FocalOptions refine [Focal] and [BinaryFocal]. The zero value changes nothing.
type FocalOptions struct {
	Gamma     float64     // 0 means 2; the cross-entropy is the limit of small ones
	Weights   *graph.Node // [classes], as in CrossEntropyOptions: Focal alone
	Alpha     float64     // share of the positive class, BinaryFocal alone; 0 for no weights
	Reduction Reduction
}

func focalOptions(o []FocalOptions) (f FocalOptions) {
	if len(o) > 0 {
		f = o[0]
	}
	if f.Gamma == 0 {
		f.Gamma = 2
	}
	return f
}

// Focal is the mean of (1-p)^gamma·(-log p) for the probability p = softmax(logits)
// of the label's class: a cross-entropy that cares less for what is easy.
//
//	logits [... classes], labels [...] Int32 or Int64 class numbers -> []
//
// Lin et al. 2017, arXiv:1708.02002
func Focal(logits, labels *graph.Node, o ...FocalOptions) *graph.Node {
	f := focalOptions(o)
	l := CrossEntropy(logits, labels, CrossEntropyOptions{Reduction: None})
	if l.Err() == nil && !labels.DType().Int() {
		return graph.Fail("focal", []*graph.Node{logits, labels}, "want class numbers, got the labels {1}")
	}
	l = ops.Mul(power(ops.Neg(ops.Expm1(ops.Neg(l))), f.Gamma), l)
	if f.Weights != nil {
		l = ops.Mul(l, ops.Take(f.Weights, labels, 0))
	}
	return reduced("focal", l, f.Reduction, nil)
}

// BinaryFocal is [Focal] of one logit each, with labels y from 0 to 1: the mean of
// (1-p)^gamma times the binary cross-entropy, p being the probability of what y
// says; with Alpha, times Alpha for y = 1 and 1-Alpha for y = 0.
//
//	logits [...], y [...] of the same shape -> []
func BinaryFocal(logits, y *graph.Node, o ...FocalOptions) *graph.Node {
	f := focalOptions(o)
	l := BinaryCrossEntropy(logits, y, None)
	p := ops.Sigmoid(logits)
	miss := ops.Add(ops.Mul(y, ops.OneMinus(p)), ops.Mul(ops.OneMinus(y), p))
	l = ops.Mul(power(miss, f.Gamma), l)
	if f.Alpha != 0 {
		l = ops.Mul(l, ops.Add(ops.Scale(y, f.Alpha), ops.Scale(ops.OneMinus(y), 1-f.Alpha)))
	}
	return reduced("binaryfocal", l, f.Reduction, nil)
}

// power is x^p for x >= 0.
func power(x *graph.Node, p float64) *graph.Node {
	if p == 2 {
		return ops.Square(x)
	}
	return ops.Pow(x, graph.Scalar(p))
}

// Dice is one minus twice the overlap of prediction and truth over their sum, for
// each image and averaged: it does not care how much of the image is background.
//
//	p [n ...] from 0 to 1, y [n ...] from 0 to 1 -> []
//
// It adds 1 above and below, so that nothing predicted where nothing is costs 0.
// Milletari et al. 2016, arXiv:1606.04797
func Dice(p, y *graph.Node, r ...Reduction) *graph.Node {
	return Tversky(p, y, 0.5, 0.5, r...)
}

// Tversky is [Dice] with weights of what is predicted and is not there, alpha, and
// of what is there and not predicted, beta; with both 1 it is the Jaccard loss.
//
//	p [n ...] from 0 to 1, y [n ...] from 0 to 1 -> []
//
// Salehi et al. 2017, arXiv:1706.05721
func Tversky(p, y *graph.Node, alpha, beta float64, r ...Reduction) *graph.Node {
	p, y = labelled("tversky", p, y)
	if p.Err() == nil && p.Shape().Rank() < 2 {
		return graph.Fail("tversky", []*graph.Node{p}, "want images [n ...], got {0}")
	}
	sum := func(x *graph.Node) *graph.Node { return ops.Sum(ops.Flatten(x, 1), 1) }
	both := sum(ops.Mul(p, y))
	more, less := sum(ops.Mul(p, ops.OneMinus(y))), sum(ops.Mul(y, ops.OneMinus(p)))
	half := graph.Scalar(0.5) // twice the fraction has 1
	index := ops.Div(ops.Add(both, half), ops.Add(ops.Add(both, half), ops.Add(ops.Scale(more, alpha), ops.Scale(less, beta))))
	return reduced("tversky", ops.OneMinus(index), Mean, r)
}
