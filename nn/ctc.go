package nn

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// CTCOptions refine [CTC]. The zero value changes nothing.
type CTCOptions struct {
	Blank        int  // class of no label
	ZeroInfinity bool // a sequence too short for its labels costs 0 rather than Inf
	Reduction    Reduction
}

// CTC is connectionist temporal classification: -log of the probability that a
// sequence of classes, with repetitions joined and blanks left out, is the
// sequence of labels. Its mean divides each by the number of its labels first, as
// PyTorch does.
//
//	logProbs [time batch classes], labels [batch most] Int32 or Int64,
//	lengths [batch] of the sequences, counts [batch] of the labels, Int64 -> []
//
// The work grows with time·batch·most. A sequence that is too short for its labels
// costs Inf, with a gradient of 0.
//
// Graves et al. 2006, doi:10.1145/1143844.1143891
func CTC(logProbs, labels, lengths, counts *graph.Node, o ...CTCOptions) *graph.Node {
	c := ctc{logProbs: logProbs, labels: labels, lengths: lengths, counts: counts}
	if len(o) > 0 {
		c.CTCOptions = o[0]
	}
	if bad := c.check(); bad != nil {
		return bad
	}
	l := c.losses()
	cannot := graph.Scalar(math.Inf(1))
	if c.ZeroInfinity {
		cannot = graph.Scalar(0)
	}
	l = ops.Where(ops.Less(l, graph.Scalar(-unseen/2)), l, cannot)
	if c.Reduction == Mean {
		l = ops.Div(l, ops.Maximum(ops.Convert(counts, l.DType()), graph.Scalar(1)))
	}
	return reduced("ctc", l, c.Reduction, nil)
}

// ctc is the work on one loss.
type ctc struct {
	CTCOptions
	logProbs, labels, lengths, counts *graph.Node
}

func (c *ctc) check() *graph.Node {
	operands := []*graph.Node{c.logProbs, c.labels, c.lengths, c.counts}
	if bad := broken("ctc", operands...); bad != nil {
		return bad
	}
	x, y := c.logProbs.Shape(), c.labels.Shape()
	fail := func(format string, arg ...any) *graph.Node { return graph.Fail("ctc", operands, format, arg...) }
	switch {
	case x.Rank() != 3 || !c.logProbs.DType().Float():
		return fail("want floats [time batch classes], got {0}")
	case y.Rank() != 2 || !c.labels.DType().Int() || y.Dim(0) != x.Dim(1):
		return fail("want integer labels [%v most], got {1}", x.Dim(1))
	case c.lengths.Type() != (graph.Type{DType: graph.Int64, Shape: graph.Of(x.Dim(1))}) || c.counts.Type() != c.lengths.Type():
		return fail("want lengths and counts i64[%v], got {2} and {3}", x.Dim(1))
	case c.Blank < 0 || x.Dim(2) > 0 && graph.Dim(c.Blank) >= x.Dim(2):
		return fail("the blank, %d, is no class of {0}", c.Blank)
	}
	return nil
}

// losses are those of the batch. The recursion is over the labels with blanks
// around each, 2·most+1 places: a place is reached from itself, from the one
// before, and from that before it if the two are different labels. It starts at
// the first blank, before the first step.
func (c *ctc) losses() *graph.Node {
	target := c.target()
	batch, places := target.Shape().Dim(0), target.Shape().Dim(1)
	time := c.logProbs.Shape().Dim(0)
	never := graph.ScalarOf(c.logProbs.DType(), unseen)
	place := ops.Iota(graph.Int64, graph.Of(places), 0)
	odd := ops.Equal(ops.Mod(place, graph.Scalar(2)), graph.Scalar(1))
	jump := ops.And(odd, ops.NotEqual(target, ops.Shift(target, 2, 1, -1)))
	emit := ops.TakeAlongAxis(c.logProbs, ops.BroadcastTo(target, graph.Of(time, batch, places)), 2)
	low := ops.BroadcastTo(never, graph.Of(batch, places))

	step := func(carry, x []*graph.Node) (next, y []*graph.Node) {
		alpha, emit, t := carry[0], x[0], x[1]
		before := ops.Shift(alpha, 1, 1, unseen)
		skip := ops.Where(jump, ops.Shift(alpha, 2, 1, unseen), low)
		all := ops.Add(ops.LogSumExp(ops.Stack(0, alpha, before, skip), 0), emit)
		alive := ops.Expand(ops.Less(t, c.lengths), 1)
		return []*graph.Node{ops.Where(alive, ops.Maximum(all, never), alpha)}, nil
	}
	first := ops.Where(ops.Equal(place, graph.Scalar(0)), graph.ScalarOf(never.DType(), 0), low)
	times := ops.Iota(graph.Int64, graph.Of(time), 0)
	carry, _ := ops.Scan(step, []*graph.Node{first}, []*graph.Node{emit, times})

	last := ops.Expand(ops.Add(c.counts, c.counts), 1)
	atEnd := ops.Or(ops.Equal(place, last), ops.Equal(place, ops.Sub(last, graph.Scalar(1))))
	return ops.Neg(ops.LogSumExp(ops.Where(atEnd, carry[0], low), 1))
}

// target is the labels with blanks around each, Int64 [batch 2·most+1].
func (c *ctc) target() *graph.Node {
	batch, most := c.labels.Shape().Dim(0), c.labels.Shape().Dim(1)
	blank := graph.ScalarOf(graph.Int64, float64(c.Blank))
	labels := ops.Expand(ops.Convert(c.labels, graph.Int64), 2)
	both := ops.Concat(2, ops.BroadcastTo(blank, labels.Shape()), labels)
	return ops.Concat(1, ops.Reshape(both, batch, most.Mul(2)), ops.BroadcastTo(blank, graph.Of(batch, 1)))
}
