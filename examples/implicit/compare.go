package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/report"
)

// A comparison is of the implicit gradient with that through so many steps, written
// out one after the other.
type comparison struct {
	Steps    []float64 // written out
	Off      []float64 // ‖gradient - implicit one‖ / ‖implicit one‖
	Bytes    []float64 // that a run needs for its values
	Implicit int       // bytes with the implicit gradient
}

// compare differentiates Σ z² of a layer of width 64 on 32 rows with respect to W and to
// what comes from outside, in float64.
func compare(w io.Writer, seed uint64) (*comparison, error) {
	const rows, width = 32, 64
	rnd := rand.New(rand.NewPCG(seed, 0))
	outside, weights := graph.InputOf(graph.Float64, "outside", rows, width), graph.InputOf(graph.Float64, "W", width, width)
	var given []graph.Feed
	for _, in := range []struct {
		x         *graph.Node
		rows      int
		deviation float64
	}{{outside, rows, 1}, {weights, width, 0.4 / math.Sqrt(width)}} {
		v := make([]float64, in.rows*width)
		for i := range v {
			v[i] = in.deviation * rnd.NormFloat64()
		}
		t, err := graph.TensorOf(v, in.rows, width)
		if err != nil {
			return nil, err
		}
		given = append(given, in.x.IsTensor(t))
	}
	p := []*graph.Node{outside, weights}
	start := graph.Zeros(outside.Type())
	z, _ := FixedPoint(equilibrate, start, p, Search{Tolerance: 1e-14, Limit: 500})
	exact, bytes, err := gradient(z, p, given)
	if err != nil {
		return nil, err
	}
	c := &comparison{Implicit: bytes}
	fmt.Fprintf(w, "implicit gradient                        %9d bytes\n", bytes)
	z = start
	for done := 0; done < 64; {
		for steps := max(done, 1); steps > 0; steps-- {
			z = equilibrate(z, p)
			done++
		}
		g, bytes, err := gradient(z, p, given)
		if err != nil {
			return nil, err
		}
		c.Steps, c.Off, c.Bytes = append(c.Steps, float64(done)), append(c.Off, floats.Distance(g, exact, 2)/floats.Norm(exact, 2)), append(c.Bytes, float64(bytes))
		fmt.Fprintf(w, "through %2d steps: off by %.1e of it, and %9d bytes\n", done, c.Off[len(c.Off)-1], bytes)
	}
	return c, nil
}

// gradient returns that of Σ z² with respect to p, and the memory that its program
// needs.
func gradient(z *graph.Node, p []*graph.Node, given []graph.Feed) (g []float64, bytes int, err error) {
	program, err := graph.Compile(autodiff.Grad(ops.Sum(ops.Square(z)), p...)...)
	if err != nil {
		return nil, 0, err
	}
	out, err := program.Eval(context.Background(), given...)
	if err != nil {
		return nil, 0, err
	}
	for _, t := range out {
		g = append(g, graph.Data[float64](t)...)
	}
	bytes, err = program.Bytes(nil)
	return g, bytes, err
}

// tell writes both charts.
func (c *comparison) tell(f *report.Folder) error {
	f.Section("The gradient", "What is left out when the gradient goes through so many steps of the fixed point only, and what memory it takes to go through them. The implicit gradient needs the same for any number.")
	err := f.Chart("gradient", &chart.Chart{Title: "gradient through steps against the implicit one", X: "steps", Y: "relative difference", LogX: true, LogY: true,
		Layers: []chart.Layer{chart.Line{X: c.Steps, Y: c.Off, Marks: true}}})
	if err != nil {
		return err
	}
	flat := make([]float64, len(c.Steps))
	for i := range flat {
		flat[i] = float64(c.Implicit)
	}
	return f.Chart("memory", &chart.Chart{Title: "memory of the gradient", X: "steps", Y: "bytes", LogX: true, LogY: true,
		Layers: []chart.Layer{chart.Line{Name: "through the steps", X: c.Steps, Y: c.Bytes}, chart.Line{Name: "implicit", X: c.Steps, Y: flat}}})
}
