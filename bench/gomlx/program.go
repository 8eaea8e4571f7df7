package main

import (
	"math/rand/v2"
	"time"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/ml/layers/activations"
	"github.com/gomlx/gomlx/pkg/ml/train/optimizers"

	"github.com/adjointml/adjoint/bench/measure"
)

type node = graph.Node

func relu(x *node) *node { return activations.Relu(x) }

// A program is a graph function with its arguments.
type program struct {
	exec interface {
		Exec(args ...any) ([]*tensors.Tensor, error)
	}
	args  [][]any // of the calls, in turn
	calls int
	build float64
	loss  float64
	keep  bool // the first result, which is the loss
}

// compile makes a program of a function without parameters.
func compile(f func(x []*node) []*node, args ...any) (*program, error) {
	began := time.Now()
	exec, err := graph.NewExec(backend, f)
	if err != nil {
		return nil, err
	}
	p := &program{exec: exec, args: [][]any{args}}
	err = exec.PreCompile(args...)
	p.build = time.Since(began).Seconds()
	return p, err
}

// train measures the case that c makes of a training step, for the model that
// loss builds.
func train(run func(measure.Case) error, opt optimizers.Interface, c func(*program) measure.Case,
	loss func(ctx *context.Context, x, y *node) *node, batches [][]any) error {
	began := time.Now()
	ctx := context.New()
	exec, err := context.NewExec(backend, ctx, func(ctx *context.Context, x, y *node) *node {
		ctx.SetTraining(x.Graph(), true)
		l := loss(ctx, x, y)
		opt.UpdateGraph(ctx, x.Graph(), l)
		return l
	})
	if err != nil {
		return err
	}
	p := &program{exec: exec, args: batches, keep: true}
	if err := p.call(); err != nil { // the first call makes the parameters
		return err
	}
	p.build = time.Since(began).Seconds()
	measured := p.built(c(p))
	measured.Loss = func() float64 { return p.loss }
	for v := range ctx.IterVariables() {
		if v.Trainable {
			measured.Params += v.Shape().Size()
		}
	}
	return run(measured)
}

func steps(p *program) measure.Case { return measure.Steps(p.call) }

// call runs the program once, with the next arguments.
func (p *program) call() error {
	out, err := p.exec.Exec(p.args[p.calls%len(p.args)]...)
	p.calls++
	if err != nil {
		return err
	}
	if p.keep {
		p.loss = float64(tensors.ToScalar[float32](out[0]))
	}
	for _, t := range out {
		if err := t.FinalizeAll(); err != nil { // gives the memory back for the next call
			return err
		}
	}
	return nil
}

func (p *program) built(c measure.Case) measure.Case {
	c.Build = p.build
	return c
}

var rnd = rand.New(rand.NewPCG(1, 0))

func uniform(shape ...int) *tensors.Tensor {
	return floats(func() float32 { return rnd.Float32() }, shape)
}

func normal(shape ...int) *tensors.Tensor {
	return floats(func() float32 { return float32(rnd.NormFloat64()) }, shape)
}

func floats(draw func() float32, shape []int) *tensors.Tensor {
	v := make([]float32, size(shape))
	for i := range v {
		v[i] = draw()
	}
	return tensors.FromFlatDataAndDimensions(v, shape...)
}

func classes(n int, shape ...int) *tensors.Tensor {
	v := make([]int32, size(shape))
	for i := range v {
		v[i] = rnd.Int32N(int32(n))
	}
	return tensors.FromFlatDataAndDimensions(v, shape...)
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
