// Command meta learns to learn: a network's first weights are trained such that one
// step of gradient descent on ten points of a sine wave never seen before is enough to
// draw it. The gradient goes through that step, so it contains second derivatives:
// here that is a call of Grad on a graph that holds the result of another one.
//
//	minimize over w  Σ over tasks  L_task(w - α·∂L_task/∂w)
//
// Finn, Abbeel and Levine 2017, arXiv:1703.03400
package main

import (
	"flag"
	"fmt"
	"log"
	"time"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// options are the command's flags.
type options struct {
	steps, tasks, shots int
	rate, lr            float64
	first               bool
}

func main() {
	log.SetFlags(0)
	c := command.New("meta")
	var o options
	flag.IntVar(&o.steps, "steps", 20000, "steps of training, of either network")
	flag.IntVar(&o.tasks, "tasks", 25, "sine waves in a step")
	flag.IntVar(&o.shots, "shots", 10, "points that are known of a wave")
	flag.Float64Var(&o.rate, "rate", 0.01, "α: of the steps that adapt to a wave")
	flag.Float64Var(&o.lr, "lr", 1e-3, "of training, by Adam")
	flag.BoolVar(&o.first, "first", false, "leave the second derivatives out (first-order MAML)")
	c.Parse()
	if err := run(c, o); err != nil {
		log.Fatal(err)
	}
}

func run(c *command.Command, o options) error {
	if o.steps < 1 || o.tasks < 1 || o.shots < 1 {
		return fmt.Errorf("-steps %d -tasks %d -shots %d: want at least 1 of each", o.steps, o.tasks, o.shots)
	}
	begin := time.Now()
	fmt.Fprintln(c.Out, "learning to learn:")
	meta, err := train(c, o, learnToLearn)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.Out, "learning all waves at once:")
	joint, err := train(c, o, learnAll)
	if err != nil {
		return err
	}
	r, err := compare(c, o, meta, joint)
	if err != nil {
		return err
	}
	r.Seconds = time.Since(begin).Seconds()
	f, err := c.Folder()
	if err != nil {
		return err
	}
	if err := r.tell(f); err != nil {
		return err
	}
	return c.Finish(f, r)
}

// network is that of the paper.
func network() nn.Sequential {
	return nn.Sequential{&nn.Dense{Out: 40, Act: ops.ReLU}, &nn.Dense{Out: 40, Act: ops.ReLU}, &nn.Dense{Out: 1}}
}

// An objective is what a network is trained for, on points to adapt to and others to
// be judged by.
type objective func(model nn.Layer, o options, known, asked *points) *graph.Node

// learnToLearn is the error after one step of adaptation.
func learnToLearn(model nn.Layer, o options, known, asked *points) *graph.Node {
	w := start(model, graph.Dim(o.tasks))
	w = w.adapted(model, known, graph.Scalar(o.rate), o.first)
	return ops.Mean(w.errors(model, asked))
}

// learnAll is the error without any: one function for all waves.
func learnAll(model nn.Layer, _ options, known, asked *points) *graph.Node {
	return ops.Scale(ops.Add(nn.MSE(model.Apply(known.X), known.Y), nn.MSE(model.Apply(asked.X), asked.Y)), 0.5)
}

// train returns a network that is trained for an objective.
func train(c *command.Command, o options, f objective) (nn.Sequential, error) {
	model := network()
	known, asked := newPoints("known", o.tasks, o.shots), newPoints("asked", o.tasks, o.shots)
	model.Apply(known.X) // makes the parameters
	loss := f(model, o, known, asked)
	nn.Init(model, c.Seed)
	step, err := optim.Minimize(loss, nn.Params(model), optim.Adam(o.lr))
	if err != nil {
		return nil, err
	}
	waves := newSines(c.Seed)
	value := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape())
	out, feeds := []*tensor.Dense{value}, append(known.feeds, asked.feeds...)
	sum, since := 0.0, 0
	for i := range o.steps {
		waves.next(o.tasks)
		waves.points(known)
		waves.points(asked)
		if err := step.RunInto(out, feeds...); err != nil {
			return nil, err
		}
		sum += graph.Values(value)[0]
		if since++; since == max(o.steps/10, 1) || i == o.steps-1 {
			fmt.Fprintf(c.Out, "step %6d  loss %.3f\n", i+1, sum/float64(since))
			sum, since = 0, 0
		}
	}
	return model, nil
}
