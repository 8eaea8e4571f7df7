package nn

import (
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
// The number of steps must be known; the work grows with time·batch·most. A
// sequence that is too short costs Inf, with a gradient of NaN unless
// ZeroInfinity is set.
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
	if c.ZeroInfinity {
		l = ops.Where(ops.Less(l, graph.Scalar(-unseen/2)), l, graph.Scalar(0))
	}
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
	case x.Dim(0) < 1 || y.Dim(1) < 1:
		return fail("the number of steps of {0} and of labels of {1} must be known, and at least 1")
	case c.Blank < 0 || x.Dim(2) > 0 && graph.Dim(c.Blank) >= x.Dim(2):
		return fail("the blank, %d, is no class of {0}", c.Blank)
	}
	return nil
}

// losses are those of the batch. The recursion is over the labels with blanks
// around each, 2·most+1 places: a place is reached from itself, from the one
// before, and from that before it if the two are different labels.
func (c *ctc) losses() *graph.Node {
	batch, most := c.labels.Shape().Dim(0), int(c.labels.Shape().Dim(1))
	time, places := int(c.logProbs.Shape().Dim(0)), 2*most+1
	never := graph.ScalarOf(c.logProbs.DType(), unseen)
	labels := ops.Convert(c.labels, graph.Int64)
	blank := ops.BroadcastTo(graph.ScalarOf(graph.Int64, float64(c.Blank)), graph.Of(batch, graph.Dim(most), 1))
	target := ops.Reshape(ops.Concat(2, blank, ops.Expand(labels, 2)), batch, graph.Dim(2*most))
	target = ops.Concat(1, target, ops.Index(blank, 1, 0)) // blank a blank b blank
	place := ops.Iota(graph.Int64, graph.Of(graph.Dim(places)), 0)
	odd := ops.Equal(ops.Mod(place, graph.Scalar(2)), graph.Scalar(1))
	jump := ops.And(odd, ops.NotEqual(target, ops.Shift(target, 2, 1, -1)))
	emit := ops.TakeAlongAxis(c.logProbs, ops.BroadcastTo(target, graph.Of(graph.Dim(time), batch, graph.Dim(places))), 2)

	low := ops.BroadcastTo(never, graph.Of(batch, graph.Dim(places)))
	alpha := ops.Where(ops.Less(place, graph.Scalar(2)), ops.Index(emit, 0, 0), low)
	for t := 1; t < time; t++ {
		before := ops.Shift(alpha, 1, 1, unseen)
		skip := ops.Where(jump, ops.Shift(alpha, 2, 1, unseen), low)
		next := ops.Add(ops.LogSumExp(ops.Stack(0, alpha, before, skip), 0), ops.Index(emit, 0, t))
		alive := ops.Expand(ops.Greater(c.lengths, graph.Scalar(float64(t))), 1)
		alpha = ops.Where(alive, ops.Maximum(next, never), alpha)
	}
	last := ops.Expand(ops.Add(c.counts, c.counts), 1)
	atEnd := ops.Or(ops.Equal(place, last), ops.Equal(place, ops.Sub(last, graph.Scalar(1))))
	return ops.Neg(ops.LogSumExp(ops.Where(atEnd, alpha, low), 1))
}
