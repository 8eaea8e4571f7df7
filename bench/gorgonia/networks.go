package main

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/bench/measure"
)

func relu(x *G.Node) *G.Node { return G.Must(G.Rectify(x)) }

func seedNetwork(o measure.Options, run func(measure.Case) error) error {
	const rows, width, size = 1000, 784, 32
	m := newMachine()
	x, y := m.input("x", size, width), m.input("y", size, 1)
	h := relu(m.dense(x, width, 10, "1"))
	h = relu(m.dense(h, 10, 8, "2"))
	p := G.Must(G.Sigmoid(m.dense(h, 8, 1, "3")))
	loss := G.Must(G.Mean(G.Must(G.BinaryXent(p, y))))
	xs, ys := uniform(rows, width).Float32s(), uniform(rows).Float32s()
	for i := range ys {
		ys[i] = float32(int(2 * ys[i]))
	}
	var batches []batch
	for i := 0; i+size <= rows; i += size {
		bx := tensor.New(tensor.WithShape(size, width), tensor.WithBacking(xs[i*width:(i+size)*width]))
		by := tensor.New(tensor.WithShape(size, 1), tensor.WithBacking(ys[i:i+size]))
		batches = append(batches, batch{{x, bx}, {y, by}})
	}
	if err := m.ready(loss, G.NewAdamSolver(G.WithLearnRate(1e-3)), batches...); err != nil {
		return err
	}
	steps := o.Size(10*len(batches), 1)
	c := measure.Time("", m.each(steps))
	c.Steps = steps
	return m.known(run, c)
}

func digitsNetwork(o measure.Options, run func(measure.Case) error) error {
	size, hidden := o.Size(128, 4), o.Size(512, 8)
	m := newMachine()
	x, y := m.input("x", size, 784), m.input("y", size, 10)
	h := relu(m.dense(x, 784, hidden, "1"))
	h = relu(m.dense(h, hidden, hidden, "2"))
	loss := crossEntropy(m.dense(h, hidden, 10, "3"), y)
	batches := make([]batch, 8)
	for i := range batches {
		batches[i] = batch{{x, uniform(size, 784)}, {y, oneHot(size, 10)}}
	}
	if err := m.ready(loss, G.NewAdamSolver(G.WithLearnRate(1e-3)), batches...); err != nil {
		return err
	}
	return m.known(run, measure.Steps(m.call))
}

// conv is a 5x5 convolution with bias, relu and pooling of images [n c h w].
func (m *machine) conv(x *G.Node, in, out int, name string) *G.Node {
	const k = 5
	w := m.param(name+"w", G.GlorotU(1), out, in, k, k)
	b := m.param(name+"b", G.Zeroes(), 1, out, 1, 1)
	h := G.Must(G.Conv2d(x, w, tensor.Shape{k, k}, []int{k / 2, k / 2}, []int{1, 1}, []int{1, 1}))
	h = relu(G.Must(G.BroadcastAdd(h, b, nil, []byte{0, 2, 3})))
	return G.Must(G.MaxPool2D(h, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
}

func lenet(o measure.Options, run func(measure.Case) error) error {
	size, side, first, second, hidden := o.Size(64, 2), o.Size(28, 8), o.Size(32, 2), o.Size(64, 3), o.Size(256, 4)
	m := newMachine()
	x, y := m.input("x", size, 1, side, side), m.input("y", size, 10)
	h := m.conv(m.conv(x, 1, first, "1"), first, second, "2")
	flat := second * side / 4 * side / 4
	h = relu(m.dense(G.Must(G.Reshape(h, tensor.Shape{size, flat})), flat, hidden, "3"))
	loss := crossEntropy(m.dense(h, hidden, 10, "4"), y)
	batches := make([]batch, 4)
	for i := range batches {
		batches[i] = batch{{x, uniform(size, 1, side, side)}, {y, oneHot(size, 10)}}
	}
	if err := m.ready(loss, G.NewMomentum(G.WithLearnRate(0.01), G.WithMomentum(0.9)), batches...); err != nil {
		return err
	}
	return m.known(run, measure.Steps(m.call))
}

// characterLSTM unrolls its 64 steps: Gorgonia has no loops.
func characterLSTM(o measure.Options, run func(measure.Case) error) error {
	const characters = 65
	size, steps, width := o.Size(32, 2), o.Size(64, 3), o.Size(256, 8)
	m := newMachine()
	table := m.param("characters", G.GlorotU(1), characters, 64)
	var in, recurrent, bias [4]*G.Node
	for i := range in {
		in[i] = m.param(fmt.Sprint("in", i), G.GlorotU(1), 64, width)
		recurrent[i] = m.param(fmt.Sprint("recurrent", i), G.GlorotU(1), width, width)
		bias[i] = m.param(fmt.Sprint("bias", i), G.Zeroes(), 1, width)
	}
	head, headBias := m.param("head", G.GlorotU(1), width, characters), m.param("headbias", G.Zeroes(), 1, characters)
	h := G.NewMatrix(m.g, tensor.Float32, G.WithShape(size, width), G.WithName("h"), G.WithInit(G.Zeroes()))
	c := G.NewMatrix(m.g, tensor.Float32, G.WithShape(size, width), G.WithName("c"), G.WithInit(G.Zeroes()))
	var loss *G.Node
	batches := make([]batch, 4)
	for t := range steps {
		x, y := m.input(fmt.Sprint("x", t), size, characters), m.input(fmt.Sprint("y", t), size, characters)
		for i := range batches {
			batches[i] = append(batches[i], feed{x, oneHot(size, characters)}, feed{y, oneHot(size, characters)})
		}
		e := G.Must(G.Mul(x, table))
		gate := func(i int) *G.Node {
			sum := G.Must(G.Add(G.Must(G.Mul(e, in[i])), G.Must(G.Mul(h, recurrent[i]))))
			return G.Must(G.BroadcastAdd(sum, bias[i], nil, []byte{0}))
		}
		take, keep, show := G.Must(G.Sigmoid(gate(0))), G.Must(G.Sigmoid(gate(1))), G.Must(G.Sigmoid(gate(2)))
		c = G.Must(G.Add(G.Must(G.HadamardProd(keep, c)), G.Must(G.HadamardProd(take, G.Must(G.Tanh(gate(3)))))))
		h = G.Must(G.HadamardProd(show, G.Must(G.Tanh(c))))
		l := crossEntropy(G.Must(G.BroadcastAdd(G.Must(G.Mul(h, head)), headBias, nil, []byte{0})), y)
		if loss == nil {
			loss = l
		} else {
			loss = G.Must(G.Add(loss, l))
		}
	}
	loss = G.Must(G.Div(loss, G.NewConstant(float32(steps))))
	if err := m.ready(loss, G.NewAdamSolver(G.WithLearnRate(1e-3)), batches...); err != nil {
		return err
	}
	return m.known(run, measure.Steps(m.call))
}
