package main

import (
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/ml/layers"
	"github.com/gomlx/gomlx/pkg/ml/train/losses"
	"github.com/gomlx/gomlx/pkg/ml/train/optimizers"

	"github.com/adjointml/adjoint/bench/measure"
)

func adam() optimizers.Interface { return optimizers.Adam().LearningRate(1e-3).Done() }

func dense(ctx *context.Context, x *node, name string, out int) *node {
	return layers.DenseWithBias(ctx.In(name), x, out)
}

// crossEntropy is the mean for labels [rows 1].
func crossEntropy(logits, labels *node) *node {
	return graph.ReduceAllMean(losses.SparseCategoricalCrossEntropyLogits([]*node{labels}, []*node{logits}))
}

func seedNetwork(o measure.Options, run func(measure.Case) error) error {
	const size = 32
	batches := make([][]any, 31)
	for i := range batches {
		y := classes(2, size, 1)
		labels := make([]float32, size)
		for j, v := range tensors.MustCopyFlatData[int32](y) {
			labels[j] = float32(v)
		}
		batches[i] = []any{uniform(size, 784), tensors.FromFlatDataAndDimensions(labels, size, 1)}
	}
	loss := func(ctx *context.Context, x, y *node) *node {
		h := relu(dense(ctx, x, "1", 10))
		h = relu(dense(ctx, h, "2", 8))
		return graph.ReduceAllMean(losses.BinaryCrossentropyLogits([]*node{y}, []*node{dense(ctx, h, "3", 1)}))
	}
	n := o.Size(10*len(batches), 1)
	epochs := func(p *program) measure.Case {
		c := measure.Time("", func() error {
			for range n {
				if err := p.call(); err != nil {
					return err
				}
			}
			return nil
		})
		c.Steps = n
		return c
	}
	return train(run, adam(), epochs, loss, batches)
}

func digitsNetwork(o measure.Options, run func(measure.Case) error) error {
	size, hidden := o.Size(128, 4), o.Size(512, 8)
	batches := make([][]any, 8)
	for i := range batches {
		batches[i] = []any{uniform(size, 784), classes(10, size, 1)}
	}
	loss := func(ctx *context.Context, x, y *node) *node {
		h := relu(dense(ctx, x, "1", hidden))
		h = relu(dense(ctx, h, "2", hidden))
		return crossEntropy(dense(ctx, h, "3", 10), y)
	}
	return train(run, adam(), steps, loss, batches)
}
