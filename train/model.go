package train

import (
	"context"
	"errors"
	"fmt"
	"reflect"

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
	Of   Measure
	// Total makes the figure of a data set from the sum of what Of gives for its
	// batches, as nn.F1Of does from nn.Confusion; see [Figure].
	Total func(sum *graph.Node) *graph.Node
}

// A Measure compares predictions with their labels. It is one of package nn's losses
// and metrics of the two, such as nn.MSE, nn.CrossEntropy or nn.Accuracy, with their
// usual options; or a function of one's own, func(pred, y *graph.Node) *graph.Node,
// for which other options of those are a reason. What is neither is a mistake that
// [Model.Build] reports.
type Measure any

// measure returns a measure as a function.
func measure(field string, m Measure) (func(pred, y *graph.Node) *graph.Node, error) {
	switch f := m.(type) {
	case func(pred, y *graph.Node) *graph.Node:
		if f == nil {
			break
		}
		return f, nil
	case func(pred, y *graph.Node, r ...nn.Reduction) *graph.Node:
		return plain(f), nil
	case func(pred, y *graph.Node, o ...nn.CrossEntropyOptions) *graph.Node:
		return plain(f), nil
	case func(pred, y *graph.Node, o ...nn.FocalOptions) *graph.Node:
		return plain(f), nil
	case func(pred, y *graph.Node, o ...nn.MultiMarginOptions) *graph.Node:
		return plain(f), nil
	}
	what := fmt.Sprintf("%T", m)
	if v := reflect.ValueOf(m); v.Kind() == reflect.Func && v.IsNil() {
		what = "nil " + what
	}
	return nil, fmt.Errorf("train: %s is a %s: want a func(pred, y *graph.Node) *graph.Node, or a loss of nn such as nn.MSE", field, what)
}

// plain returns f without its options.
func plain[O any](f func(pred, y *graph.Node, o ...O) *graph.Node) func(pred, y *graph.Node) *graph.Node {
	return func(pred, y *graph.Node) *graph.Node { return f(pred, y) }
}

// A Model is a network with one input and one output, with what is needed to train
// it on batches of two columns: x and its label y; a third column has the weights of
// rows. Its programs are made for the
// types of the first batch it sees, for any number of rows.
type Model struct {
	Net       nn.Layer
	Loss      Measure // the mean over the rows
	Optimizer optim.Rule
	Metrics   []Metric // without weights
	// RowLoss is set instead of Loss where rows have weights: it returns the losses
	// of rows, [batch ...], such as nn.MSE(pred, y, nn.None). The loss is the mean
	// over the rows of weight times loss, as in Keras.
	RowLoss func(pred, y *graph.Node) *graph.Node
	// ClassWeights are weights of rows by their label, y [batch], which is an integer;
	// see [Balanced]. They multiply those of a third column.
	ClassWeights []float64
	// Penalty is added to the loss, in evaluation too: func(p []*graph.Param)
	// *graph.Node { return nn.L2(p, 1e-4) }. It is given the parameters that are
	// trained.
	Penalty func(params []*graph.Param) *graph.Node
	Frozen  func(p *graph.Param) bool          // parameters that training leaves alone; nil freezes none
	Output  func(pred *graph.Node) *graph.Node // what Predict returns, such as ops.Sigmoid of logits; nil is the prediction itself
	Seed    uint64                             // of the first values of parameters that have none
	// Accumulate is how many batches make an update: see [Graph].
	Accumulate int

	trainer *Trainer
	pred    *graph.Node
}

// Build makes the programs for the types of a data set's columns and gives
// parameters without a value their first one. Fit, Evaluate and Predict do so by
// themselves; it is for those who load parameters before, or want the nodes:
// [Trainer.Loss], Inputs and Outputs. Later calls return the same trainer.
func (m *Model) Build(d data.Dataset) (*Trainer, error) {
	if m.trainer != nil {
		return m.trainer, nil
	}
	in, err := m.inputs(d)
	if err != nil {
		return nil, err
	}
	x, y := in[0], in[1]
	m.pred = m.Net.Apply(x)
	loss, err := m.loss(m.pred, y, in[2:])
	if err != nil {
		return nil, err
	}
	params := nn.Params(m.Net)
	if m.Penalty != nil {
		loss = ops.Add(loss, m.Penalty(m.trained(params)))
		nn.Params(m.Net) // names them again, as a penalty on some layers names those of its own
	}
	g := Graph{Inputs: in, Loss: loss, Accumulate: m.Accumulate, Params: params, Optimizer: m.Optimizer, Frozen: m.Frozen, Outputs: []*graph.Node{m.pred}}
	for i, metric := range m.Metrics {
		if metric.Of == nil {
			return nil, fmt.Errorf("train: metric %d, %q, has no function: set Metric.Of", i, metric.Name)
		}
		of, err := measure(fmt.Sprintf("metric %q", metric.Name), metric.Of)
		if err != nil {
			return nil, err
		}
		g.Figures = append(g.Figures, Figure{Name: metric.Name, Value: of(m.pred, y), Total: metric.Total})
	}
	if m.Output != nil {
		g.Outputs[0] = m.Output(m.pred)
	}
	initialize(m.Net, params, m.Seed)
	m.trainer, err = g.Compile()
	return m.trainer, err
}

// inputs returns the inputs for x, y and the weights, if there are any, of the types
// of the first row.
func (m *Model) inputs(d data.Dataset) (in []*graph.Node, err error) {
	switch {
	case m.Net == nil:
		return nil, fmt.Errorf("train: the model has no network: set Model.Net")
	case m.Loss == nil && m.RowLoss == nil:
		return nil, fmt.Errorf("train: the model has no loss: set Model.Loss, such as nn.MSE")
	case m.Loss != nil && m.RowLoss != nil:
		return nil, fmt.Errorf("train: the model has both Loss and RowLoss: set RowLoss if rows have weights, else Loss")
	case m.ClassWeights != nil && m.RowLoss == nil:
		return nil, errRowLoss
	case m.Optimizer == nil:
		return nil, fmt.Errorf("train: the model has no optimizer: set Model.Optimizer, such as optim.Adam(1e-3)")
	case d == nil:
		return nil, fmt.Errorf("train: there is no data: data.Of makes a data set of tensors")
	}
	for b, err := range d.Batches(1) {
		if err != nil {
			return nil, err
		}
		switch {
		case len(b) != 2 && len(b) != 3:
			return nil, fmt.Errorf("train: a model learns from 2 columns, x and y, or 3 with weights, but the data has %d: a train.Graph takes any number", len(b))
		case len(b) == 3 && m.RowLoss == nil:
			return nil, errRowLoss
		}
		for i, name := range []string{"x", "y", "weights"}[:len(b)] {
			x, err := inputLike(name, b[i])
			if err != nil {
				return nil, err
			}
			in = append(in, x)
		}
		return in, nil
	}
	return nil, fmt.Errorf("train: the data set has no rows")
}

var errRowLoss = errors.New("train: weights need the loss of each row: set Model.RowLoss instead of Loss, such as nn.MSE(pred, y, nn.None)")

// loss returns the loss of a batch, in which rows have the given weights, and those
// of their classes.
func (m *Model) loss(pred, y *graph.Node, weights []*graph.Node) (*graph.Node, error) {
	if m.RowLoss != nil {
		return m.rowLoss(pred, y, weights), nil
	}
	of, err := measure("Model.Loss", m.Loss)
	if err != nil {
		return nil, err
	}
	return of(pred, y), nil
}

// rowLoss returns the mean of the weighted losses of rows.
func (m *Model) rowLoss(pred, y *graph.Node, weights []*graph.Node) *graph.Node {
	l := m.RowLoss(pred, y)
	if l == nil || l.Err() != nil {
		return l
	}
	if l.Shape().Rank() == 0 {
		return graph.Fail("rowloss", []*graph.Node{l}, "the loss {0} is of the whole batch: want one of each row, as with nn.None")
	}
	if l.Shape().Rank() > 1 {
		rest := make([]int, l.Shape().Rank()-1)
		for i := range rest {
			rest[i] = i + 1
		}
		l = ops.Mean(l, rest...)
	}
	if m.ClassWeights != nil {
		if y.Shape().Rank() != 1 || y.DType() != graph.Int32 && y.DType() != graph.Int64 {
			return graph.Fail("classweights", []*graph.Node{y}, "the labels {0} are no classes: want integers [batch]")
		}
		weights = append(weights, ops.Take(graph.ConstOf(m.ClassWeights, len(m.ClassWeights)), y, 0))
	}
	for _, w := range weights {
		if w.Shape().Rank() == 2 && w.Shape().Dim(1) == 1 {
			w = ops.Reshape(w, w.Shape().Dim(0))
		}
		l = ops.Mul(l, ops.Convert(w, l.DType()))
	}
	return ops.Mean(l)
}

// Balanced returns weights for classes 0 to n-1 with which each class counts alike:
// rows/(n·rows of the class), 0 for one without rows. Labels are integers, [rows].
func Balanced(labels *tensor.Dense, n int) ([]float64, error) {
	counts := make([]float64, max(n, 0))
	v, err := graph.FromDense(labels)
	if err != nil {
		return nil, fmt.Errorf("train: labels: %w", err)
	}
	if v.DType.Float() || len(v.Shape) != 1 {
		return nil, fmt.Errorf("train: labels are %v%v: want integers in one axis", v.DType, v.Shape)
	}
	for i := range v.Len() {
		c := v.Int(i)
		if c < 0 || c >= int64(n) {
			return nil, fmt.Errorf("train: label %d of row %d: want 0 to %d", c, i, n-1)
		}
		counts[c]++
	}
	for c, k := range counts {
		if k > 0 {
			counts[c] = float64(v.Len()) / (float64(n) * k)
		}
	}
	return counts, nil
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

// SummaryRows returns the lines of [Model.Summary] as values, none if the model has not
// been built: see [nn.SummaryRows].
func (m *Model) SummaryRows() []nn.LayerRow {
	if m.pred == nil {
		return nil
	}
	return nn.SummaryRows(m.pred, m.Net)
}
