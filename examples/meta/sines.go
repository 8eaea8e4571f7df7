package main

import (
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
)

// sines are tasks: each is a sine wave y = a·sin(x + φ) with a height a from 0.1 to 5
// and a phase φ from 0 to π, of which a few points with x from -5 to 5 are known.
type sines struct {
	rnd          *rand.Rand
	height, from []float64 // of the tasks drawn last
}

func newSines(seed uint64) *sines { return &sines{rnd: rand.New(rand.NewPCG(seed, 0))} }

// next draws other tasks.
func (s *sines) next(tasks int) {
	s.height, s.from = s.height[:0], s.from[:0]
	for range tasks {
		s.height = append(s.height, 0.1+4.9*s.rnd.Float64())
		s.from = append(s.from, math.Pi*s.rnd.Float64())
	}
}

// points draws points of the tasks into pairs of arrays.
func (s *sines) points(p *points) {
	for i := range p.x {
		task := i / p.each
		x := 10*s.rnd.Float64() - 5
		p.x[i], p.y[i] = float32(x), float32(s.at(task, x))
	}
}

func (s *sines) at(task int, x float64) float64 {
	return s.height[task] * math.Sin(x+s.from[task])
}

// points are a batch of points of several tasks: inputs of programs and their memory.
type points struct {
	X, Y  *graph.Node // [tasks each 1]
	x, y  []float32
	each  int
	feeds []graph.Feed
}

func newPoints(name string, tasks, each int) *points {
	p := &points{each: each, x: make([]float32, tasks*each), y: make([]float32, tasks*each)}
	shape := []graph.Dim{graph.Dim(tasks), graph.Dim(each), 1}
	p.X, p.Y = graph.Input("x "+name, shape...), graph.Input("y "+name, shape...)
	dense := func(v []float32) *tensor.Dense {
		return tensor.New(tensor.WithShape(tasks, each, 1), tensor.WithBacking(v))
	}
	p.feeds = []graph.Feed{p.X.Is(dense(p.x)), p.Y.Is(dense(p.y))}
	return p
}
