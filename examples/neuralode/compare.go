package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/floats"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/report"
)

// A comparison is of both gradients, with more and more steps of the solver between
// two times.
type comparison struct {
	Steps           []float64 // of the solver, in all
	Off             []float64 // ‖adjoint - direct‖ / ‖direct‖
	Direct, Adjoint cost
}

// cost is what gradients take.
type cost struct {
	Bytes   []float64 // memory for values
	Seconds []float64 // the best of three runs
}

// compare differentiates Σ y² at 10 times, of 32 starts and a network that has learned
// nothing yet, with respect to the starts and all parameters.
func compare(ctx context.Context, w io.Writer, width, finest int, seed uint64) (*comparison, error) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	from := make([]float64, 2*32)
	for i := range from {
		from[i] = rnd.NormFloat64()
	}
	net := network(width)
	start := graph.InputOf(graph.Float64, "start", 32, 2)
	net.Apply(start) // makes the parameters
	nn.Init(net, seed)
	p := nodes(nn.Params(net))
	feed := start.Is(dense(32, 2, from...))
	c := &comparison{}
	for inner := 1; inner <= finest; inner *= 2 {
		g := grid{times: 10, inner: inner, step: 0.25}
		direct, err := c.Direct.add(ctx, g.direct(learned(net), start), append([]*graph.Node{start}, p...), feed)
		if err != nil {
			return nil, err
		}
		adjoint, err := c.Adjoint.add(ctx, g.adjoint(learned(net), start, p), append([]*graph.Node{start}, p...), feed)
		if err != nil {
			return nil, err
		}
		i := len(c.Steps)
		c.Steps, c.Off = append(c.Steps, float64(g.times*inner)), append(c.Off, floats.Distance(adjoint, direct, 2)/floats.Norm(direct, 2))
		fmt.Fprintf(w, "%4.0f steps: gradients differ by %.1e; direct %8.0f bytes, %6.2f ms; adjoint %8.0f bytes, %6.2f ms\n", c.Steps[i], c.Off[i],
			c.Direct.Bytes[i], 1000*c.Direct.Seconds[i], c.Adjoint.Bytes[i], 1000*c.Adjoint.Seconds[i])
	}
	return c, nil
}

// add returns the gradient of Σ ys², and adds what it takes.
func (c *cost) add(ctx context.Context, ys *graph.Node, wrt []*graph.Node, feed graph.Feed) (gradient []float64, err error) {
	program, err := graph.Compile(autodiff.Grad(ops.Sum(ops.Square(ys)), wrt...)...)
	if err != nil {
		return nil, err
	}
	s, err := program.Stats(feed)
	if err != nil {
		return nil, err
	}
	best := math.Inf(1)
	for range 3 {
		begin := time.Now()
		out, err := program.Eval(ctx, feed)
		if err != nil {
			return nil, err
		}
		best = min(best, time.Since(begin).Seconds())
		gradient = nil
		for _, t := range out {
			gradient = append(gradient, graph.Data[float64](t)...)
		}
	}
	c.Bytes, c.Seconds = append(c.Bytes, float64(s.Bytes)), append(c.Seconds, best)
	return gradient, nil
}

// tell draws what differs, and what both take.
func (c *comparison) tell(f *report.Folder) error {
	f.Section("Two gradients", "The gradient through all steps of the solver, and that of the adjoint equation, which is solved backward. "+
		"They are the same as far as the solver is exact: with twice the steps they differ 16 times less. The adjoint keeps nothing of the steps.")
	const steps = "steps of the solver"
	if err := f.Chart("difference", &chart.Chart{Title: "adjoint gradient against the direct one", X: steps, Y: "relative difference", LogX: true, LogY: true,
		Layers: []chart.Layer{chart.Line{X: c.Steps, Y: c.Off, Marks: true}}}); err != nil {
		return err
	}
	for _, x := range []struct {
		file, title, unit string
		direct, adjoint   []float64
	}{{"memory", "memory of a gradient", "bytes", c.Direct.Bytes, c.Adjoint.Bytes}, {"time", "time of a gradient", "seconds", c.Direct.Seconds, c.Adjoint.Seconds}} {
		if err := f.Chart(x.file, &chart.Chart{Title: x.title, X: steps, Y: x.unit, LogX: true, LogY: true,
			Layers: []chart.Layer{chart.Line{Name: "direct", X: c.Steps, Y: x.direct}, chart.Line{Name: "adjoint", X: c.Steps, Y: x.adjoint}}}); err != nil {
			return err
		}
	}
	return nil
}

// solvers draws how exact the end of the path is for so many evaluations of the field,
// in equal steps and in those that suit it.
func solvers(ctx context.Context, f *report.Folder, of field) error {
	end := grid{times: 1, inner: 1, step: whole.step * float64(whole.times)}
	exact, _, err := solution(ctx, of, end, 1e-14)
	if err != nil {
		return err
	}
	equal, fitting := chart.Line{Name: "equal steps, fourth order"}, chart.Line{Name: "adaptive, fifth order"}
	for end.inner = 32; end.inner <= 2048; end.inner *= 2 {
		p, asked, err := fixed(ctx, of, end)
		if err != nil {
			return err
		}
		equal.X, equal.Y = append(equal.X, float64(asked)), append(equal.Y, p.apart(exact))
	}
	for tolerance := 1e-3; tolerance > 1e-12; tolerance /= 10 {
		p, asked, err := solution(ctx, of, end, tolerance)
		if err != nil {
			return err
		}
		fitting.X, fitting.Y = append(fitting.X, float64(asked)), append(fitting.Y, p.apart(exact))
	}
	f.Section("Two solvers", "The end of the learned path, with more and more steps of equal length, and with smaller and smaller tolerances.")
	return f.Chart("solvers", &chart.Chart{Title: "what an evaluation is worth", X: "evaluations of the network", Y: "distance from the exact end", LogX: true, LogY: true,
		Layers: []chart.Layer{equal, fitting}})
}
