package nn

import (
	"fmt"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// CrossEntropyOptions refine [CrossEntropy]. The zero value changes nothing.
type CrossEntropyOptions struct {
	Axis      int         // of the classes; 0 means the last
	Smoothing float64     // the share of each label that is spread over all classes, from 0 to 1
	Weights   *graph.Node // [classes]: how much each class counts; nil for 1
	Ignore    *int        // the class number that marks what does not count, such as new(-1)
	Reduction Reduction
}

// CrossEntropy is the mean of -log p of each label's class, for the
// probabilities p = softmax(logits).
//
//	logits [... classes], labels [...] Int32 or Int64 class numbers -> []
//	logits [... classes], labels [... classes] probabilities -> []
//
// With weights w the mean of class numbers is Σ w·l / Σ w, w being that of the
// label's class, as in PyTorch; for probabilities w multiplies each class's
// part, and the mean is over their number. What is ignored counts in neither
// sum; if everything is, the mean is NaN.
//
// A label that is no class makes the run fail, and so does NaN.
//
// Smoothing: Szegedy et al. 2016, arXiv:1512.00567
func CrossEntropy(logits, labels *graph.Node, o ...CrossEntropyOptions) *graph.Node {
	return crossEntropy("crossentropy", logits, labels, o, ops.LogSoftmax)
}

// NLL is [CrossEntropy] of log probabilities rather than logits.
func NLL(logProbs, labels *graph.Node, o ...CrossEntropyOptions) *graph.Node {
	return crossEntropy("nll", logProbs, labels, o, func(x *graph.Node, _ int) *graph.Node { return x })
}

// A classLoss is the work on one cross-entropy.
type classLoss struct {
	CrossEntropyOptions
	name      string
	x, labels *graph.Node
}

func crossEntropy(name string, x, labels *graph.Node, o []CrossEntropyOptions, logProbs func(x *graph.Node, axis int) *graph.Node) *graph.Node {
	c := classLoss{name: name, x: x, labels: labels}
	if len(o) > 1 {
		return c.fail("%d options are given: want at most one", len(o))
	}
	if len(o) == 1 {
		c.CrossEntropyOptions = o[0]
	}
	if bad := c.check(); bad != nil {
		return bad
	}
	if x.Shape().Dim(c.Axis) == 1 {
		return c.fail("{0} has one class only: use nn.BinaryCrossEntropy, or an output for each class")
	}
	logp := logProbs(x, c.Axis)
	if c.Weights != nil {
		logp = ops.Mul(logp, c.along(c.Weights))
	}
	if labels.DType().Float() {
		return c.soft(logp)
	}
	return c.hard(logp)
}

func (c *classLoss) fail(format string, arg ...any) *graph.Node {
	return graph.Fail(c.name, []*graph.Node{c.x, c.labels}, format, arg...)
}

// check counts the axis from the front, and returns a poisoned node if
// something does not fit.
func (c *classLoss) check() *graph.Node {
	if bad := broken(c.name, c.x, c.labels); bad != nil {
		return bad
	}
	if c.Axis == 0 {
		c.Axis = -1
	}
	axis, err := c.x.Shape().Axis(c.Axis)
	if err != nil {
		return c.fail("%v", err)
	}
	c.Axis = axis
	x, y := c.x.Type(), c.labels.Type()
	want := x.Shape.Remove(axis)
	switch {
	case !x.DType.Float():
		return c.fail("want floats, got {0}: convert it with ops.Convert")
	case !(c.Smoothing >= 0 && c.Smoothing <= 1):
		return c.fail("smoothing %g is outside of [0, 1]", c.Smoothing)
	case y.DType.Int() && y.Shape != want:
		return c.fail("{0} needs class numbers of shape %v, got the labels {1}: give them that shape with ops.Reshape", want)
	case !y.DType.Int() && y != x:
		return c.fail("the labels {1} are neither class numbers of shape %v nor probabilities of the type of {0}: use ops.Reshape and ops.Convert", want)
	case !y.DType.Int() && c.Ignore != nil:
		return c.fail("the labels {1} are probabilities: a class to ignore needs class numbers")
	}
	return c.checkWeights()
}

func (c *classLoss) checkWeights() *graph.Node {
	if c.Weights == nil {
		return nil
	}
	operands := []*graph.Node{c.x, c.Weights}
	if bad := broken(c.name, operands...); bad != nil {
		return bad
	}
	if want := c.x.Type().Of(graph.Of(c.x.Shape().Dim(c.Axis))); c.Weights.Type() != want {
		return graph.Fail(c.name, operands, "{0} needs class weights %v, got {1}", want)
	}
	return nil
}

// along gives a value for each class the shape that broadcasts against x.
func (c *classLoss) along(w *graph.Node) *graph.Node {
	s := c.x.Shape()
	for i := range s.Rank() {
		if i != c.Axis {
			s = s.With(i, 1)
		}
	}
	return ops.Reshape(w, s.Dims()...)
}

// soft is the loss of labels that are probabilities.
func (c *classLoss) soft(logp *graph.Node) *graph.Node {
	p := ops.CheckNaN(c.labels, "label")
	if c.Smoothing > 0 {
		spread := ops.Div(graph.Scalar(c.Smoothing), ops.Count(c.x, c.Axis))
		p = ops.Add(ops.Scale(p, 1-c.Smoothing), spread)
	}
	return reduced(c.name, ops.Neg(ops.Sum(ops.Mul(p, logp), c.Axis)), c.Reduction, nil)
}

// hard is the loss of labels that are class numbers.
func (c *classLoss) hard(logp *graph.Node) *graph.Node {
	labels, zero := c.labels, graph.Scalar(0)
	counted := func(l *graph.Node) *graph.Node { return l }
	if c.Ignore != nil {
		ignored := ops.Equal(labels, graph.Scalar(float64(*c.Ignore)))
		labels = ops.Where(ignored, zero, labels)
		counted = func(l *graph.Node) *graph.Node { return ops.Where(ignored, zero, l) }
	}
	labels = graph.Apply(checkClass{c.Axis}, labels, c.x)
	picked := ops.TakeAlongAxis(logp, ops.Expand(labels, c.Axis), c.Axis)
	l := ops.Neg(ops.Squeeze(picked, c.Axis))
	if c.Smoothing > 0 {
		spread := ops.Neg(ops.Mean(logp, c.Axis))
		l = ops.Add(ops.Scale(l, 1-c.Smoothing), ops.Scale(spread, c.Smoothing))
	}
	l = counted(l)
	if c.Reduction != Mean || c.Weights == nil && c.Ignore == nil {
		return reduced(c.name, l, c.Reduction, nil)
	}
	share := ops.BroadcastTo(graph.ScalarOf(c.x.DType(), 1), labels.Shape())
	if c.Weights != nil {
		share = ops.Take(c.Weights, labels, 0)
	}
	return ops.Div(ops.Sum(l), ops.Sum(counted(share)))
}

// checkClass is its first operand, and makes the run fail where that is no
// place along the axis of the second.
type checkClass struct{ axis int }

func (checkClass) Name() string { return "checklabel" }
func (checkClass) Doc() graph.Doc {
	return graph.Doc{Text: "The labels as they are; the run fails where one is not the number of a class.", Formula: "y = a", Gradient: "ā = 0; b̄ = 0"}
}
func (checkClass) Infer(in ...graph.Type) (graph.Type, error) { return in[0], nil }
func (checkClass) VJP(_, _ *graph.Node, _ ...*graph.Node) []*graph.Node {
	return make([]*graph.Node, 2)
}
func (c checkClass) Eval(out graph.Tensor, in ...graph.Tensor) {
	classes := in[1].Shape[c.axis]
	for i := range out.Len() {
		if v := in[0].Int(i); v < 0 || v >= int64(classes) {
			panic(fmt.Errorf("label %d, element %d of the labels, is outside of the %d classes: want 0 to %d", v, i, classes, classes-1))
		}
	}
	out.Copy(in[0])
}

// Accuracy is the share of predictions that are right, of logits' dtype: the
// class with the largest logit against the label's.
//
//	logits [... classes], labels [...] Int32 or Int64 class numbers -> []
//	logits [... classes], labels [... classes] probabilities -> []
//	logits [... 1], labels [... 1] numbers from 0 to 1, or Bool -> []
//
// If there is one logit it is binary: positive logits against labels above 1/2.
// Its gradient is 0.
func Accuracy(logits, labels *graph.Node) *graph.Node {
	if bad := broken("accuracy", logits, labels); bad != nil {
		return bad
	}
	x, y := logits.Type(), labels.Type()
	var right *graph.Node
	switch last := x.Dim(-1); {
	case last == 1 && y.Shape == x.Shape:
		positive := ops.Greater(ops.Convert(labels, x.DType), graph.Scalar(0.5))
		right = ops.Not(ops.Xor(ops.Greater(logits, graph.Scalar(0)), positive))
	case last != 1 && x.Rank() > 0 && y.DType.Int() && y.Shape == x.Shape.Remove(x.Rank()-1):
		right = ops.Equal(ops.ArgMax(logits, -1), ops.Convert(labels, graph.Int64))
	case last != 1 && x.Rank() > 0 && y == x:
		right = ops.Equal(ops.ArgMax(logits, -1), ops.ArgMax(labels, -1))
	default:
		return graph.Fail("accuracy", []*graph.Node{logits, labels}, "the labels {1} do not fit the logits {0}: want integer class numbers without the last axis, or labels of the logits' type; use ops.Reshape and ops.Convert")
	}
	return ops.Mean(ops.Convert(right, x.DType))
}
