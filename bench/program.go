package main

import (
	"math/rand/v2"
	"time"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/bench/measure"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/optim"
)

// A program is a compiled graph with what it is fed and where its results go,
// made once, so that a call allocates nothing of its own.
type program struct {
	p       *graph.Program
	feeds   [][]graph.Feed // of the calls, in turn
	out     []*tensor.Dense
	calls   int
	started time.Time
	build   float64
}

// start begins the time of building and compiling.
func start() *program { return &program{started: time.Now()} }

// compile ends the building of a graph. The outputs have known shapes.
func (p *program) compile(feeds []graph.Feed, out ...*graph.Node) (err error) {
	p.p, err = graph.Compile(out...)
	return p.ready(err, [][]graph.Feed{feeds}, out...)
}

// minimize ends the building of a training step.
func (p *program) minimize(feeds [][]graph.Feed, loss *graph.Node, params []*graph.Param, rule optim.Rule) (err error) {
	p.p, err = optim.Minimize(loss, params, rule)
	return p.ready(err, feeds, loss)
}

func (p *program) ready(err error, feeds [][]graph.Feed, out ...*graph.Node) error {
	p.build = time.Since(p.started).Seconds()
	if err != nil {
		return err
	}
	p.feeds = feeds
	for _, n := range out {
		t, err := empty(n.Type())
		if err != nil {
			return err
		}
		p.out = append(p.out, t)
	}
	return nil
}

// empty returns a tensor for a result.
func empty(t graph.Type) (*tensor.Dense, error) {
	shape := make([]int, t.Shape.Rank())
	for i, d := range t.Shape.Dims() {
		shape[i] = int(d)
	}
	v, err := graph.NewTensor(t.DType, shape...)
	if err != nil {
		return nil, err
	}
	return v.Dense()
}

// call runs the program once, with the next feeds.
func (p *program) call() error {
	feeds := p.feeds[p.calls%len(p.feeds)]
	p.calls++
	return p.p.RunInto(p.out, feeds...)
}

// each returns a function that runs the program n times.
func (p *program) each(n int) func() error {
	return func() error {
		for range n {
			if err := p.call(); err != nil {
				return err
			}
		}
		return nil
	}
}

// built adds to a case what is known of its program.
func (p *program) built(c measure.Case) measure.Case {
	c.Build, c.Profile = p.build, p.profile
	return c
}

// training adds to a case what is known of its training step.
func (p *program) training(c measure.Case, params []*graph.Param) measure.Case {
	c.Loss = func() float64 { return float64(p.out[0].Float32s()[0]) }
	for _, q := range params {
		if !q.Untrained && q.Type.DType.Float() {
			c.Params += int(q.Type.Shape.Size())
		}
	}
	return p.built(c)
}

// train measures the training step of a model: the workloads W2 to W6.
func train(run func(measure.Case) error, model any, rule optim.Rule, build func() (loss *graph.Node), feeds [][]graph.Feed) error {
	p := start()
	loss := build()
	nn.Init(model, 1)
	params := nn.Params(model)
	if err := p.minimize(feeds, loss, params, rule); err != nil {
		return err
	}
	return run(p.training(measure.Steps(p.call), params))
}

// A source draws the data of one workload.
type source struct{ *rand.Rand }

func newSource() source { return source{rand.New(rand.NewPCG(1, 0))} }

// uniform draws from [0, 1).
func (s source) uniform(shape ...int) *tensor.Dense {
	return s.floats(func() float32 { return s.Float32() }, shape)
}

// normal draws from the standard normal distribution.
func (s source) normal(shape ...int) *tensor.Dense {
	return s.floats(func() float32 { return float32(s.NormFloat64()) }, shape)
}

func (s source) floats(draw func() float32, shape []int) *tensor.Dense {
	v := make([]float32, tensor.Shape(shape).TotalSize())
	for i := range v {
		v[i] = draw()
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
}

// classes draws class numbers below n.
func (s source) classes(n int, shape ...int) *tensor.Dense {
	v := make([]int64, tensor.Shape(shape).TotalSize())
	for i := range v {
		v[i] = s.Int64N(int64(n))
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
}
