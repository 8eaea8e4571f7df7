package train

import (
	"context"
	"fmt"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A Metric is a figure of predictions and their labels.
type Metric struct {
	Name string
	Of   func(pred, y *graph.Node) *graph.Node
	// Total makes the figure of a data set from the sum of what Of gives for its
	// batches, as nn.F1Of does from nn.Confusion; see [Figure].
	Total func(sum *graph.Node) *graph.Node
}

// A Model is a network with one input and one output, with what is needed to train
// it on batches of two columns: x and its label y. Its programs are made for the
// types of the first batch it sees, for any number of rows.
type Model struct {
	Net       nn.Layer
	Loss      func(pred, y *graph.Node) *graph.Node // the mean over the rows
	Optimizer optim.Rule
	Metrics   []Metric
	// Penalty is added to the loss, in evaluation too: func(p []*graph.Param)
	// *graph.Node { return nn.L2(p, 1e-4) }. It is given the parameters that are
	// trained.
	Penalty func(params []*graph.Param) *graph.Node
	Frozen  func(p *graph.Param) bool          // parameters that training leaves alone; nil freezes none
	Output  func(pred *graph.Node) *graph.Node // what Predict returns, such as ops.Sigmoid of logits; nil is the prediction itself
	Seed    uint64                             // of the first values of parameters that have none

	trainer *Trainer
	pred    *graph.Node
}

// Build makes the programs for the types of a data set's columns and gives
// parameters without a value their first one. Fit, Evaluate and Predict do so by
// themselves; it is for those who load parameters before. Later calls return the
// same trainer.
func (m *Model) Build(d data.Dataset) (*Trainer, error) {
	if m.trainer != nil {
		return m.trainer, nil
	}
	x, y, err := m.inputs(d)
	if err != nil {
		return nil, err
	}
	m.pred = m.Net.Apply(x)
	loss := m.Loss(m.pred, y)
	params := nn.Params(m.Net)
	if m.Penalty != nil {
		loss = ops.Add(loss, m.Penalty(m.trained(params)))
	}
	g := Graph{Inputs: []*graph.Node{x, y}, Loss: loss, Params: params, Optimizer: m.Optimizer, Frozen: m.Frozen, Outputs: []*graph.Node{m.pred}}
	for i, metric := range m.Metrics {
		if metric.Of == nil {
			return nil, fmt.Errorf("train: metric %d, %q, has no function: set Metric.Of", i, metric.Name)
		}
		g.Figures = append(g.Figures, Figure{Name: metric.Name, Value: metric.Of(m.pred, y), Total: metric.Total})
	}
	if m.Output != nil {
		g.Outputs[0] = m.Output(m.pred)
	}
	initialize(m.Net, params, m.Seed)
	m.trainer, err = g.Compile()
	return m.trainer, err
}

// inputs returns the inputs for x and y, of the types of the first row.
func (m *Model) inputs(d data.Dataset) (x, y *graph.Node, err error) {
	switch {
	case m.Net == nil:
		return nil, nil, fmt.Errorf("train: the model has no network: set Model.Net")
	case m.Loss == nil:
		return nil, nil, fmt.Errorf("train: the model has no loss: set Model.Loss, such as nn.MSE")
	case d == nil:
		return nil, nil, fmt.Errorf("train: there is no data: data.Of makes a data set of tensors")
	}
	for b, err := range d.Batches(1) {
		if err != nil {
			return nil, nil, err
		}
		if len(b) != 2 {
			return nil, nil, fmt.Errorf("train: a model learns from 2 columns, x and y, but the data has %d: a train.Graph takes any number", len(b))
		}
		if x, err = inputLike("x", b[0]); err != nil {
			return nil, nil, err
		}
		y, err = inputLike("y", b[1])
		return x, y, err
	}
	return nil, nil, fmt.Errorf("train: the data set has no rows")
}

// inputLike returns an input for batches of any length of the rows of t.
func inputLike(name string, t *tensor.Dense) (*graph.Node, error) {
	v, err := graph.FromDense(t)
	if err != nil {
		return nil, fmt.Errorf("train: column %s: %w", name, err)
	}
	dims := []graph.Dim{graph.Sym("batch")}
	for _, n := range v.Shape[1:] {
		dims = append(dims, graph.Dim(n))
	}
	return graph.InputOf(v.DType, name, dims...), nil
}

// trained returns the parameters that are trained.
func (m *Model) trained(params []*graph.Param) (list []*graph.Param) {
	for _, p := range params {
		if p.Type.DType.Float() && !p.Untrained && (m.Frozen == nil || !m.Frozen(p)) {
			list = append(list, p)
		}
	}
	return list
}

// initialize gives parameters without a value their first one.
func initialize(net nn.Layer, params []*graph.Param, seed uint64) {
	values := make([]*tensor.Dense, len(params))
	for i, p := range params {
		values[i] = p.Value
	}
	nn.Init(net, seed)
	for i, p := range params {
		if values[i] != nil {
			p.Value = values[i]
		}
	}
}

// Fit trains the network: see [Trainer.Fit].
func (m *Model) Fit(ctx context.Context, d data.Dataset, o ...Options) (*History, error) {
	t, err := m.Build(d)
	if err != nil {
		return &History{}, err
	}
	return t.Fit(ctx, d, o...)
}

// Evaluate returns the loss and the metrics of a data set: see [Trainer.Evaluate].
func (m *Model) Evaluate(ctx context.Context, d data.Dataset, batch int) (Scores, error) {
	t, err := m.Build(d)
	if err != nil {
		return nil, err
	}
	return t.Evaluate(ctx, d, batch)
}

// Predict returns the predictions for x, the first column of a data set, one row
// for each: see [Trainer.Predict]. The model must have been built, as Fit does.
func (m *Model) Predict(ctx context.Context, d data.Dataset, batch int) (*tensor.Dense, error) {
	if m.trainer == nil {
		return nil, fmt.Errorf("train: the model is not built: call Fit, or Build with data that has labels")
	}
	out, err := m.trainer.Predict(ctx, d, batch)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Summary describes the layers: see [nn.Summary]. The model must have been built.
func (m *Model) Summary() string {
	if m.pred == nil {
		return "the model is not built: call Fit or Build\n"
	}
	return nn.Summary(m.pred, m.Net)
}
