package main

import (
	"math/rand/v2"
	"time"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/bench/measure"
)

// A machine runs one graph.
type machine struct {
	g       *G.ExprGraph
	vm      G.VM
	learn   G.Nodes
	solver  G.Solver
	started time.Time
	build   float64
	result  G.Value
	batches []batch
	calls   int
}

// A batch gives inputs their values.
type batch []feed

type feed struct {
	input *G.Node
	value any
}

func newMachine() *machine { return &machine{g: G.NewGraph(), started: time.Now()} }

// input makes a node that is fed.
func (m *machine) input(name string, shape ...int) *G.Node {
	if len(shape) == 0 {
		return G.NewScalar(m.g, tensor.Float32, G.WithName(name))
	}
	return G.NewTensor(m.g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name))
}

// param makes a node that is trained.
func (m *machine) param(name string, init G.InitWFn, shape ...int) *G.Node {
	p := G.NewTensor(m.g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithInit(init))
	m.learn = append(m.learn, p)
	return p
}

func (m *machine) dense(x *G.Node, in, out int, name string) *G.Node {
	w := m.param(name+"w", G.GlorotU(1), in, out)
	b := m.param(name+"b", G.Zeroes(), 1, out)
	return G.Must(G.BroadcastAdd(G.Must(G.Mul(x, w)), b, nil, []byte{0}))
}

// ready compiles the graph, with the gradients of a loss if it is to be
// trained.
func (m *machine) ready(result *G.Node, solver G.Solver, batches ...batch) error {
	G.Read(result, &m.result)
	if solver != nil {
		if _, err := G.Grad(result, m.learn...); err != nil {
			return err
		}
	}
	program, locations, err := G.Compile(m.g)
	if err != nil {
		return err
	}
	with := []G.VMOpt{G.WithPrecompiled(program, locations)}
	if solver != nil {
		with = append(with, G.BindDualValues(m.learn...))
	}
	m.vm, m.solver, m.batches = G.NewTapeMachine(m.g, with...), solver, batches
	m.build = time.Since(m.started).Seconds()
	return nil
}

// call runs the graph once, with the next batch, and moves the parameters.
func (m *machine) call() error {
	for _, f := range m.batches[m.calls%len(m.batches)] {
		if err := G.Let(f.input, f.value); err != nil {
			return err
		}
	}
	m.calls++
	if err := m.vm.RunAll(); err != nil {
		return err
	}
	if m.solver != nil {
		if err := m.solver.Step(G.NodesToValueGrads(m.learn)); err != nil {
			return err
		}
	}
	m.vm.Reset()
	return nil
}

// each returns a function that calls n times.
func (m *machine) each(n int) func() error {
	return func() error {
		for range n {
			if err := m.call(); err != nil {
				return err
			}
		}
		return nil
	}
}

// known adds to a case what is known of its graph, and frees the machine after
// it has run.
func (m *machine) known(run func(measure.Case) error, c measure.Case) error {
	defer m.vm.Close()
	c.Build = m.build
	for _, p := range m.learn {
		c.Params += p.Shape().TotalSize()
	}
	if m.solver != nil {
		c.Loss = func() float64 { return float64(m.result.Data().(float32)) }
	}
	return run(c)
}

// crossEntropy is the mean over rows for labels that are rows of
// probabilities.
func crossEntropy(logits, labels *G.Node) *G.Node {
	logp := G.Must(G.LogSoftMax(logits, 1))
	return G.Must(G.Neg(G.Must(G.Mean(G.Must(G.Sum(G.Must(G.HadamardProd(logp, labels)), 1))))))
}

var rnd = rand.New(rand.NewPCG(1, 0))

func uniform(shape ...int) *tensor.Dense {
	return floats(func() float32 { return rnd.Float32() }, shape)
}

func normal(shape ...int) *tensor.Dense {
	return floats(func() float32 { return float32(rnd.NormFloat64()) }, shape)
}

func floats(draw func() float32, shape []int) *tensor.Dense {
	v := make([]float32, tensor.Shape(shape).TotalSize())
	for i := range v {
		v[i] = draw()
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
}

// oneHot draws rows of which each has one 1.
func oneHot(rows, classes int) *tensor.Dense {
	v := make([]float32, rows*classes)
	for i := range rows {
		v[i*classes+rnd.IntN(classes)] = 1
	}
	return tensor.New(tensor.WithShape(rows, classes), tensor.WithBacking(v))
}
