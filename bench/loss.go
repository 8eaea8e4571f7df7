package main

import (
	"fmt"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/bench/measure"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// focal is a loss of one's own: the focal loss of Lin et al. 2017 on smoothed
// labels, about 12 operations more than the cross-entropy that nn has.
func focal(logits, labels *graph.Node) *graph.Node {
	const smoothing, classes = 0.1, -1
	k := logits.Shape().Dim(classes)
	logp := ops.LogSoftmax(logits, classes)
	hard := ops.OneHot(labels, k, graph.Float32)
	target := ops.Add(ops.Scale(hard, 1-smoothing), graph.Scalar(smoothing/float64(k)))
	weight := ops.Square(ops.OneMinus(ops.Exp(logp)))
	return ops.Neg(ops.Mean(ops.Sum(ops.Mul(ops.Mul(target, weight), logp), classes)))
}

func crossEntropy(logits, labels *graph.Node) *graph.Node { return nn.CrossEntropy(logits, labels) }

// lossRows is L1: a user's loss beside the built-in one, with the gradient.
func lossRows(o measure.Options, run func(measure.Case) error) error {
	for _, size := range [][2]int{{4096, 1024}, {2048, 65}} {
		rows, classes := o.Size(size[0], 4), o.Size(size[1], 5)
		if err := lossOf(run, "crossentropy", crossEntropy, rows, classes); err != nil {
			return err
		}
		if err := lossOf(run, "focal", focal, rows, classes); err != nil {
			return err
		}
	}
	return nil
}

// smallLoss is L3: the loss of a small batch, where a call's own cost shows.
func smallLoss(o measure.Options, run func(measure.Case) error) error {
	return lossOf(run, "crossentropy", crossEntropy, o.Size(128, 4), 10)
}

// lossOf measures a loss with its gradient.
func lossOf(run func(measure.Case) error, name string, f func(logits, labels *graph.Node) *graph.Node, rows, classes int) error {
	s := newSource()
	p := start()
	x := graph.Input("x", graph.Dim(rows), graph.Dim(classes))
	labels := graph.InputOf(graph.Int64, "labels", graph.Dim(rows))
	loss := f(x, labels)
	feeds := []graph.Feed{x.Is(s.normal(rows, classes)), labels.Is(s.classes(classes, rows))}
	if err := p.compile(feeds, loss, autodiff.Grad(loss, x)[0]); err != nil {
		return err
	}
	return run(p.built(measure.Time(fmt.Sprintf("%s %dx%d", name, rows, classes), p.call)))
}
