// Command neuralode learns a differential equation from its solution: a network is the
// right-hand side of dy/dt = f(y), and a solver is part of the graph (Chen et al. 2018,
// arXiv:1806.07366).
//
// The solvers and the adjoint gradient are in solve.go; compare.go sets that gradient
// against the one through all steps of the solver.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"time"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/optim/fullbatch"
	"github.com/adjointml/adjoint/report"
)

// options are the flags of this example.
type options struct {
	iterations, width, times, finest int
	gradient                         string
	tolerance                        float64
}

func main() {
	log.SetFlags(0)
	c := command.New("neuralode")
	var o options
	flag.IntVar(&o.iterations, "iterations", 1000, "of L-BFGS, at most")
	flag.IntVar(&o.width, "width", 50, "units of the network's hidden layer")
	flag.IntVar(&o.times, "times", 20, "places of a piece of the spiral after its first")
	flag.StringVar(&o.gradient, "gradient", "adjoint", "that training takes: adjoint or direct")
	flag.Float64Var(&o.tolerance, "tolerance", 1e-6, "of the prediction's solver")
	flag.IntVar(&o.finest, "finest", 64, "solver steps between two times, at most, when gradients are compared")
	c.Parse()
	ctx, cancel := c.Context()
	defer cancel()
	if err := run(ctx, c, o); err != nil {
		log.Fatal(err)
	}
}

// result is what is found.
type result struct {
	*comparison
	Loss    float64 // the last one
	Error   float64 // mean distance between the predicted and the true path
	Asked   int     // evaluations of the network for the whole path
	Seconds float64
}

func run(ctx context.Context, c *command.Command, o options) error {
	if o.iterations < 2 || o.width < 1 || o.times < 1 || o.finest < 1 || o.times >= whole.times {
		return fmt.Errorf("-iterations %d -width %d -times %d -finest %d: want at least 2, 1, 1 and 1, and -times less than %d", o.iterations, o.width, o.times, o.finest, whole.times)
	}
	f, err := c.Folder()
	if err != nil {
		return err
	}
	begin := time.Now()
	r := &result{}
	if r.comparison, err = compare(ctx, c.Out, o.width, o.finest, c.Seed); err != nil {
		return err
	}
	truth, _, err := solution(ctx, spiral, whole, 1e-10)
	if err != nil {
		return err
	}
	net := network(o.width)
	losses, err := fit(ctx, c, o, net, truth)
	if err != nil {
		return err
	}
	found, asked, err := solution(ctx, learned(net), whole, o.tolerance)
	if err != nil {
		return err
	}
	r.Loss, r.Error, r.Asked = losses[len(losses)-1], found.apart(truth), asked
	r.Seconds = math.Round(time.Since(begin).Seconds()*10) / 10
	fmt.Fprintf(c.Out, "predicted path: %.4f from the true one in the mean, %d evaluations of the network, %.1f s\n", r.Error, r.Asked, r.Seconds)
	if err := tell(f, truth, found, losses); err != nil {
		return err
	}
	if err := r.tell(f); err != nil {
		return err
	}
	if err := solvers(ctx, f, learned(net)); err != nil {
		return err
	}
	return c.Finish(f, r)
}

// fit teaches the network all pieces of the path at once, and returns the losses.
func fit(ctx context.Context, c *command.Command, o options, net nn.Layer, truth path) (losses []float64, err error) {
	pieces := graph.Sym("pieces")
	start, next := graph.InputOf(graph.Float64, "start", pieces, 2), graph.InputOf(graph.Float64, "next", graph.Dim(o.times), pieces, 2)
	g := grid{times: o.times, inner: 1, step: whole.step}
	net.Apply(start) // makes the parameters
	params := nn.Params(net)
	var ys *graph.Node
	switch o.gradient {
	case "adjoint":
		ys = g.adjoint(learned(net), start, nodes(params))
	case "direct":
		ys = g.direct(learned(net), start)
	default:
		return nil, fmt.Errorf("-gradient %s: want adjoint or direct", o.gradient)
	}
	nn.Init(net, c.Seed)
	from, on := truth.pieces(o.times)
	begin := time.Now()
	_, err = fullbatch.Minimize(ctx, nn.MSE(ys, next), params, fullbatch.Options{Iterations: o.iterations, Memory: 50, Each: func(i int, loss float64) error {
		losses = append(losses, loss)
		if i%100 == 0 {
			fmt.Fprintf(c.Out, "iteration %d  loss %.3g  %.1f s\n", i, loss, time.Since(begin).Seconds())
		}
		return nil
	}}, start.Is(from), next.Is(on))
	return losses, err
}

// apart is the mean distance between the places of two paths.
func (p path) apart(q path) float64 {
	sum := 0.0
	for i := 0; i < len(p); i += 2 {
		sum += math.Hypot(p[i]-q[i], p[i+1]-q[i+1])
	}
	return sum / float64(len(p)/2)
}

// tell draws the paths and the training.
func tell(f *report.Folder, truth, found path, losses []float64) error {
	f.Section("The spiral", "dy/dt = f(y), followed from (1.2, 0) for 25 units of time: with the true f, and with the network that has seen pieces of the true path.")
	if err := f.Chart("spiral", &chart.Chart{Title: "a path, and the one that was learned", X: "y₁", Y: "y₂", Layers: []chart.Layer{
		chart.Points{Name: "true", X: every(truth.coordinate(0), 5), Y: every(truth.coordinate(1), 5)},
		chart.Line{Name: "learned", X: found.coordinate(0), Y: found.coordinate(1)},
	}}); err != nil {
		return err
	}
	return f.Chart("loss", &chart.Chart{Title: "training", X: "iteration", Y: "loss", LogY: true, Layers: []chart.Layer{chart.Line{Y: losses}}})
}

// every returns each nth value.
func every(v []float64, n int) (list []float64) {
	for i := 0; i < len(v); i += n {
		list = append(list, v[i])
	}
	return list
}
