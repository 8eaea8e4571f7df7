package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/report"
)

const (
	waves      = 600 // to compare on
	adaptation = 10  // steps of it
	plotted    = 100 // points of a wave
)

// result is what both networks make of waves they have not seen.
type result struct {
	Meta, Joint []float64 // mean squared error after 0, 1 ... steps of adaptation
	Rate        float64   // of the steps, for Meta
	JointRate   float64   // for Joint: the best of several
	Seconds     float64

	spread  [2][]float64 // twice the standard errors of both
	picture [2]*chart.Chart
}

// compare lets both networks adapt to the same points of new waves.
func compare(c *command.Command, o options, meta, joint nn.Sequential) (*result, error) {
	m, err := newTrial(meta, o)
	if err != nil {
		return nil, err
	}
	j, err := newTrial(joint, o)
	if err != nil {
		return nil, err
	}
	r := &result{Rate: o.rate}
	seed := c.Seed + 1<<32 // other waves than those of training
	if r.Meta, r.spread[0], err = m.run(seed, o.rate); err != nil {
		return nil, err
	}
	shown := m.typical()
	r.picture[0] = m.picture(shown, "learned to learn")
	best := math.Inf(1)
	for _, rate := range []float64{0.001, 0.003, 0.01, 0.02, 0.05} {
		after, spread, err := j.run(seed, rate)
		if err != nil {
			return nil, err
		}
		if last := after[adaptation]; last < best {
			best, r.Joint, r.spread[1], r.JointRate = last, after, spread, rate
			r.picture[1] = j.picture(shown, "learned all waves at once")
		}
	}
	for _, steps := range []int{0, 1, adaptation} {
		fmt.Fprintf(c.Out, "error on %d new waves after %2d steps: %.3f, without learning to learn %.3f\n", waves, steps, r.Meta[steps], r.Joint[steps])
	}
	return r, nil
}

// A trial is a program that adapts a network step by step.
type trial struct {
	program     *graph.Program
	known, line *points
	rate        *graph.Node
	out         []*tensor.Dense // errors and curves after each number of steps
}

func newTrial(model nn.Layer, o options) (*trial, error) {
	t := &trial{known: newPoints("known", waves, o.shots), line: newPoints("line", waves, plotted), rate: graph.Input("rate")}
	var nodes []*graph.Node
	for w, i := start(model, waves), 0; i <= adaptation; i++ {
		if i > 0 {
			w = w.adapted(model, t.known, t.rate, true)
		}
		nodes = append(nodes, w.errors(model, t.line), w.apply(model, t.line.X))
		t.out = append(t.out, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(waves)),
			tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(waves, plotted, 1)))
	}
	var err error
	t.program, err = graph.Compile(nodes...)
	return t, err
}

// run returns the mean errors on waves that follow from the seed, and twice their
// standard errors.
func (t *trial) run(seed uint64, rate float64) (mean, spread []float64, err error) {
	s := newSines(seed)
	s.next(waves)
	s.points(t.known)
	for i := range t.line.x { // the error is that of the whole wave
		x := 10*float64(i%plotted)/(plotted-1) - 5
		t.line.x[i], t.line.y[i] = float32(x), float32(s.at(i/plotted, x))
	}
	feeds := slices.Concat(t.known.feeds, t.line.feeds, []graph.Feed{t.rate.Is(tensor.New(tensor.FromScalar(float32(rate))))})
	if err := t.program.RunInto(t.out, feeds...); err != nil {
		return nil, nil, err
	}
	for i := 0; i < len(t.out); i += 2 {
		m, deviation := stat.MeanStdDev(graph.Values(t.out[i]), nil)
		mean, spread = append(mean, m), append(spread, 2*deviation/math.Sqrt(waves))
	}
	return mean, spread, nil
}

// typical returns the wave whose error after one step is the median.
func (t *trial) typical() int {
	after := t.out[2].Float32s()
	order := make([]int, waves)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(after[i], after[j]) })
	return order[waves/2]
}

// picture shows a wave, the points known of it, and what the network draws.
func (t *trial) picture(wave int, title string) *chart.Chart {
	of := func(v []float32, each int) []float64 { return wide(v[wave*each : (wave+1)*each]) }
	x := of(t.line.x, plotted)
	c := &chart.Chart{Title: title, X: "x", Y: "y", Layers: []chart.Layer{
		chart.Line{Name: "the wave", X: x, Y: of(t.line.y, plotted)},
		chart.Points{Name: "points known", X: of(t.known.x, t.known.each), Y: of(t.known.y, t.known.each)},
	}}
	for _, steps := range []int{0, 1, adaptation} {
		y := of(t.out[2*steps+1].Float32s(), plotted)
		c.Layers = append(c.Layers, chart.Line{Name: fmt.Sprintf("%d steps", steps), X: x, Y: y})
	}
	return c
}

func wide(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// tell writes the page.
func (r *result) tell(f *report.Folder) error {
	c := &chart.Chart{Title: "error on new waves", X: "steps of gradient descent on the points known", Y: "mean squared error", LogY: true}
	for i, v := range []struct {
		name string
		y    []float64
	}{{"learned to learn", r.Meta}, {"learned all at once", r.Joint}} {
		var low, high []float64
		for j, y := range v.y {
			low, high = append(low, y-r.spread[i][j]), append(high, y+r.spread[i][j])
		}
		c.Layers = append(c.Layers, chart.Band{Name: v.name, Low: low, High: high}, chart.Line{Name: v.name, Y: v.y})
	}
	f.Section("Adapting", fmt.Sprintf("Means over %d waves; the bands are two standard errors. The steps have the rate %g; without learning to learn %g, the best of five.", waves, r.Rate, r.JointRate))
	if err := f.Chart("adapting", c); err != nil {
		return err
	}
	f.Section("A wave", "The same points, seen by both networks.")
	if err := f.Chart("meta", r.picture[0]); err != nil {
		return err
	}
	return f.Chart("joint", r.picture[1])
}
