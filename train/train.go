// Package train runs the loop that people expect: data in, weights out, with a
// history, progress, callbacks and checkpoints. The graph stays usable without it.
//
// A [Model] is a network with a loss and an optimizer:
//
//	m := &train.Model{
//		Net:       nn.Sequential{&nn.Dense{Out: 10, Act: ops.ReLU}, &nn.Dense{Out: 1}},
//		Loss:      nn.BinaryCrossEntropy,
//		Optimizer: optim.Adam(1e-3),
//		Metrics:   []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
//	}
//	history, err := m.Fit(ctx, rows, train.Options{Epochs: 10})
//
// What has several inputs, outputs or losses is a [Graph]; what is compiled by
// hand is a [Trainer], which runs all of them.
package train

import (
	"fmt"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A Figure is a number that is followed through training: the loss, or a metric.
type Figure struct {
	Name  string
	Value *graph.Node // of a batch; a [Trainer] has it compiled already
	// Total makes the figure of a data set from the sum of the batches' values,
	// as nn.F1Of does from nn.Confusion. If it is nil, values are numbers, and
	// the figure is their mean, in which a batch counts by its rows.
	Total func(sum *graph.Node) *graph.Node
}

// A Graph is what a training computes: any number of inputs, outputs and losses,
// which the user has weighted and added up.
type Graph struct {
	Inputs    []*graph.Node // fed from the columns of a batch, in order; nil passes a column over
	Loss      *graph.Node   // the mean over the rows of a batch
	Figures   []Figure      // beside the loss
	Outputs   []*graph.Node // what Predict returns; none if it is not wanted
	Params    []*graph.Param
	Optimizer optim.Rule
	Frozen    func(p *graph.Param) bool // parameters that training leaves alone; nil freezes none
	// Accumulate is how many batches make an update, which is that of one batch of
	// all their rows; see [optim.Accumulate]. 0 means 1. The first of the inputs
	// tells how many rows a batch has.
	Accumulate int
}

// Compile makes the programs. The step stops with a [NotFinite] before it changes
// anything if the loss is no number.
func (g Graph) Compile() (*Trainer, error) {
	t := &Trainer{Inputs: g.Inputs, Figures: append([]Figure{{Name: "loss", Value: g.Loss}}, g.Figures...), Outputs: g.Outputs, Params: g.Params}
	if g.Loss == nil {
		return nil, fmt.Errorf("train: there is no loss: set Graph.Loss")
	}
	values := make([]*graph.Node, 0, len(g.Figures)+1)
	for i, f := range g.Figures {
		if f.Value == nil {
			return nil, fmt.Errorf("train: figure %d, %q, has no value: set Figure.Value", i, f.Name)
		}
		values = append(values, f.Value)
	}
	trained := g.Params
	if g.Frozen != nil {
		trained = slices.DeleteFunc(slices.Clone(g.Params), func(p *graph.Param) bool { return p != nil && g.Frozen(p) })
		if len(trained) == 0 && len(g.Params) > 0 {
			return nil, fmt.Errorf("train: all %d parameters are frozen: Frozen must leave one to train", len(g.Params))
		}
	}
	var err error
	if err = g.compileStep(t, trained, append(values[:len(values):len(values)], Finite(g.Loss))); err != nil {
		return nil, err
	}
	if t.Evaluation, err = graph.Compile(append([]*graph.Node{g.Loss}, values...)...); err != nil {
		return nil, err
	}
	if len(g.Outputs) > 0 {
		if t.Prediction, err = graph.Compile(g.Outputs...); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// compileStep makes the step, in one program or two.
func (g Graph) compileStep(t *Trainer, trained []*graph.Param, values []*graph.Node) (err error) {
	if g.Accumulate < 0 {
		return fmt.Errorf("train: updates after %d batches: want at least 1", g.Accumulate)
	}
	values = append(values, optim.LearningRate())
	if g.Accumulate < 2 {
		t.Rate = len(values) // after the loss
		t.Step, err = optim.Minimize(g.Loss, trained, g.Optimizer, values...)
		return err
	}
	i := slices.IndexFunc(g.Inputs, func(x *graph.Node) bool { return x != nil })
	if i < 0 {
		return fmt.Errorf("train: without inputs nothing tells the rows of a batch, by which it counts: Accumulate needs some")
	}
	t.Accumulation, err = optim.Accumulate(g.Loss, ops.Count(g.Inputs[i], 0), trained, g.Optimizer, values...)
	if err == nil {
		t.Step, t.Accumulate = t.Accumulation.Add, g.Accumulate
	}
	return err
}

// A Trainer runs compiled programs over data sets: those of a [Model], of a [Graph],
// or the user's own.
type Trainer struct {
	Inputs     []*graph.Node  // fed from the columns of a batch, in order; nil passes a column over
	Step       *graph.Program // its first outputs are the figures; of [optim.Minimize]
	Evaluation *graph.Program // the same figures, without an update; nil if nothing is evaluated
	Prediction *graph.Program // nil if nothing is predicted
	Figures    []Figure       // the first is the loss
	Outputs    []*graph.Node  // what Prediction returns, as nodes, such as for pictures; nil if the program is the user's own
	Params     []*graph.Param // the model's, for averages; State has the optimizer's too
	// Rate says which output of Step is its learning rate, [optim.LearningRate]; 0 if
	// none. With Accumulation it is the output of Update.
	Rate int
	// Accumulation updates the parameters after every Accumulate steps, and after the
	// last of an epoch; Step is its Add then. Nil if the step updates them itself.
	Accumulation *optim.Accumulation
	Accumulate   int

	totals []*graph.Program // of each figure with a Total
	sums   []*graph.Node    // their inputs
}

// Loss returns the loss as a node of Inputs, for pictures, gradients and explanations,
// such as viz.SVG(w, t.Loss()). It is nil if the programs are the user's own.
func (t *Trainer) Loss() *graph.Node {
	if len(t.Figures) == 0 {
		return nil
	}
	return t.Figures[0].Value
}

// State returns all parameters that training reads or changes: the model's, the
// optimizer's, counters and random streams.
func (t *Trainer) State() []*graph.Param {
	list := t.Step.Params()
	if t.Accumulation != nil {
		for _, p := range t.Accumulation.Update.Params() {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

// figures are the values of a program's figures, in buffers that all batches use,
// and their sums.
type figures struct {
	into   []*tensor.Dense
	value  []graph.Tensor
	feeds  []graph.Feed
	sum    []graph.Tensor // of values, times their rows where the figure is a mean
	rows   int
	rate   graph.Tensor    // of an update; none if it is not known
	update []*tensor.Dense // the outputs of Accumulation.Update
}

// prepare returns the buffers for a program, or why it cannot be run for figures.
func (t *Trainer) prepare(what string, p *graph.Program) (*figures, error) {
	if p == nil {
		return nil, fmt.Errorf("train: there is no program to %s: set Trainer.%s", what, map[string]string{"fit": "Step", "evaluate": "Evaluation"}[what])
	}
	if len(t.Figures) == 0 {
		return nil, fmt.Errorf("train: no figure is named: Trainer.Figures names the program's outputs, the loss first")
	}
	types := p.Outputs()
	if len(types) < len(t.Figures) {
		return nil, fmt.Errorf("train: %d figures are named, but the program to %s has %d outputs", len(t.Figures), what, len(types))
	}
	f := &figures{into: make([]*tensor.Dense, len(types))}
	for i, fig := range t.Figures {
		if slices.ContainsFunc(t.Figures[:i], func(g Figure) bool { return g.Name == fig.Name }) || fig.Name == "" {
			return nil, fmt.Errorf("train: figure %d is named %q: names must differ and not be empty", i, fig.Name)
		}
		shape, literal := types[i].Shape.Literal()
		if fig.Total == nil && types[i].Rank() != 0 || !literal {
			return nil, fmt.Errorf("train: figure %s is %v: want one number of a batch, such as a mean, or sums of a fixed shape with Total", fig.Name, types[i])
		}
		v, err := graph.NewTensor(types[i].DType, shape...)
		if err == nil {
			f.into[i], err = v.Dense()
		}
		if err != nil {
			return nil, fmt.Errorf("train: figure %s: %w", fig.Name, err)
		}
		sum, _ := graph.NewTensor(graph.Float64, shape...)
		f.value, f.sum = append(f.value, v), append(f.sum, sum)
	}
	return f, t.prepareTotals(types)
}

// prepareRate gives the step a place for its learning rate.
func (t *Trainer) prepareRate(f *figures) error {
	types, into := t.Step.Outputs(), f.into
	at := t.Rate
	if t.Accumulation != nil {
		types, at = t.Accumulation.Update.Outputs(), 0
		f.update = make([]*tensor.Dense, len(types))
		into = f.update
		if len(types) == 0 {
			return nil
		}
	} else if at == 0 {
		return nil
	}
	if at < 0 || at >= len(types) || types[at].DType != graph.Float64 || types[at].Rank() != 0 {
		return fmt.Errorf("train: output %d is no learning rate: Trainer.Rate is the place of optim.LearningRate() among the outputs of the step, 0 for none", at)
	}
	var err error
	if f.rate, err = graph.NewTensor(graph.Float64); err == nil {
		into[at], err = f.rate.Dense()
	}
	return err
}

// prepareTotals compiles what makes figures of sums, once.
func (t *Trainer) prepareTotals(types []graph.Type) error {
	if t.totals != nil {
		return nil
	}
	totals, sums := make([]*graph.Program, len(t.Figures)), make([]*graph.Node, len(t.Figures))
	for i, fig := range t.Figures {
		if fig.Total == nil {
			continue
		}
		sums[i] = graph.InputOf(types[i].DType, fig.Name, types[i].Shape.Dims()...)
		y := fig.Total(sums[i])
		if y == nil || y.Err() == nil && y.Shape().Rank() != 0 {
			return fmt.Errorf("train: figure %s: Total must return one number", fig.Name)
		}
		var err error
		if totals[i], err = graph.Compile(y); err != nil {
			return err
		}
	}
	t.totals, t.sums = totals, sums
	return nil
}

// feed returns the feeds of a batch.
func (t *Trainer) feed(b data.Rows, feeds []graph.Feed) ([]graph.Feed, error) {
	if len(b.Of) < len(t.Inputs) {
		return nil, fmt.Errorf("train: a batch has %d columns for %d inputs", len(b.Of), len(t.Inputs))
	}
	if b.Len() == 0 {
		return nil, fmt.Errorf("train: a batch has no rows")
	}
	return t.inputs(b, feeds[:0]), nil
}

// Feeds returns the feeds of a batch, such as [Run.Batch], for programs of Inputs. Columns
// that come last may be missing.
func (t *Trainer) Feeds(b data.Rows) []graph.Feed { return t.inputs(b, nil) }

func (t *Trainer) inputs(b data.Rows, feeds []graph.Feed) []graph.Feed {
	for i, x := range t.Inputs {
		switch {
		case x == nil || i >= len(b.Of):
		case b.At == nil:
			feeds = append(feeds, x.Is(b.Of[i]))
		default:
			feeds = append(feeds, x.Rows(b.Of[i], b.At).Next(b.Next))
		}
	}
	return feeds
}

// add counts the values of a batch of rows.
func (f *figures) add(t *Trainer, rows int) {
	for i, v := range f.value {
		if t.Figures[i].Total == nil {
			f.sum[i].Set(0, f.sum[i].At(0)+float64(rows)*v.At(0))
			continue
		}
		for k := range v.Len() {
			f.sum[i].Set(k, f.sum[i].At(k)+v.At(k))
		}
	}
	f.rows += rows
}

func (f *figures) reset() {
	for _, s := range f.sum {
		s.Clear()
	}
	f.rows = 0
}

// scores returns the figures of all rows that were added.
func (t *Trainer) scores(f *figures) (Scores, error) {
	s := Scores{}
	for i, fig := range t.Figures {
		if fig.Total == nil {
			s[fig.Name] = f.sum[i].At(0) / float64(f.rows)
			continue
		}
		sum, err := graph.NewTensor(t.sums[i].DType(), f.sum[i].Shape...)
		if err != nil {
			return nil, err
		}
		for k := range sum.Len() {
			sum.Set(k, f.sum[i].At(k))
		}
		d, err := sum.Dense()
		if err != nil {
			return nil, err
		}
		out, err := t.totals[i].Run(t.sums[i].Is(d))
		if err != nil {
			return nil, err
		}
		v, err := graph.FromDense(out[0])
		if err != nil {
			return nil, err
		}
		s[fig.Name] = v.At(0)
	}
	return s, nil
}

// names returns the figures' names.
func (t *Trainer) names() []string {
	list := make([]string, len(t.Figures))
	for i, f := range t.Figures {
		list[i] = f.Name
	}
	return list
}

// listed writes names for people.
func listed(names []string) string { return strings.Join(names, ", ") }
