package main

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
)

// filled returns points of three tasks.
func filled(name string, each int, seed uint64) *points {
	p := newPoints(name, 3, each)
	s := newSines(seed)
	s.next(3)
	s.points(p)
	return p
}

// TestSecondDerivative compares with a line through 0, y = w·x, where all can be done
// by hand: a step leads from w to w - 2α·mean x(wx - y), which has the slope
// 1 - 2α·mean x² in w; without second derivatives it counts as 1.
func TestSecondDerivative(t *testing.T) {
	const rate, w = 0.03, 0.8
	known, asked := filled("known", 4, 1), filled("asked", 5, 2)
	line := &nn.Dense{Out: 1, NoBias: true, Init: nn.Constant(w)}
	line.Apply(known.X)
	nn.Init(line, 1)
	mean := func(p *points, task int, f func(x, y float64) float64) (m float64) {
		for i := task * p.each; i < (task+1)*p.each; i++ {
			m += f(float64(p.x[i]), float64(p.y[i])) / float64(p.each)
		}
		return m
	}
	for _, first := range []bool{false, true} {
		want := 0.0
		for task := range 3 {
			after := w - 2*rate*mean(known, task, func(x, y float64) float64 { return x * (w*x - y) })
			slope := 1 - 2*rate*mean(known, task, func(x, _ float64) float64 { return x * x })
			if first {
				slope = 1
			}
			want += slope * 2 * mean(asked, task, func(x, y float64) float64 { return x * (after*x - y) }) / 3
		}
		loss := learnToLearn(line, options{tasks: 3, rate: rate, first: first}, known, asked)
		p, err := graph.Compile(autodiff.Grad(loss, line.W.Node())[0])
		require.NoError(t, err)
		out, err := p.Run(append(known.feeds, asked.feeds...)...)
		require.NoError(t, err)
		assert.InEpsilon(t, want, float64(out[0].Float32s()[0]), 1e-4, "first order: %v", first)
	}
}

// TestTasksAreApart: each task adapts as if it were alone.
func TestTasksAreApart(t *testing.T) {
	known := filled("known", 6, 3)
	adapt := func() []float32 {
		model := network()
		model.Apply(known.X)
		w := start(model, 3)
		for range 3 {
			w = w.adapted(model, known, graph.Scalar(0.05), false)
		}
		nn.Init(model, 4)
		p, err := graph.Compile(w.errors(model, known), start(model, 3).errors(model, known))
		require.NoError(t, err)
		out, err := p.Run(known.feeds...)
		require.NoError(t, err)
		for i, after := range out[0].Float32s() {
			assert.Less(t, after, out[1].Float32s()[i], "a step helps")
		}
		return out[0].Float32s()
	}
	together := adapt()
	rnd := rand.New(rand.NewPCG(5, 5))
	for i := range known.x[known.each:] { // others than the first task
		known.x[known.each+i], known.y[known.each+i] = rnd.Float32(), rnd.Float32()
	}
	again := adapt()
	assert.Equal(t, together[0], again[0])
	assert.NotEqual(t, together[1:], again[1:])
}
