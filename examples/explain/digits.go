package main

import (
	"context"
	"fmt"
	"io"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/digits"
	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

// An audit writes into the folder of its run.
type audit struct {
	*report.Folder
	out  io.Writer
	seed uint64
	*finding
}

// A reader is a network that reads digits, and digits that it has not seen.
type reader struct {
	x, label, logits *graph.Node
	model            nn.Sequential
	test             *data.Arrays
	hands            []data.Hand // how the test digits were written; nil of real ones
}

// newReader builds the network.
func newReader(seed uint64) *reader {
	batch := graph.Sym("batch")
	r := &reader{x: graph.Input("x", batch, 28, 28), label: graph.InputOf(graph.Int64, "label", batch)}
	r.model = nn.Sequential{
		&nn.Conv2D{Out: 12, Kernel: []int{5}, Act: ops.ReLU}, &nn.MaxPool{Window: []int{2}},
		&nn.Conv2D{Out: 24, Kernel: []int{3}, Act: ops.ReLU}, &nn.MaxPool{Window: []int{2}},
		&nn.Flatten{}, &nn.Dense{Out: 64, Act: ops.ReLU}, &nn.Dense{Out: 10},
	}
	r.logits = r.model.Apply(ops.Expand(r.x, 1)) // one channel
	nn.Init(r.model, seed)
	return r
}

// The layers that the audit looks into: the first, and the last that knows places.
const first, last = "0", "2"

const tested = 2000 // synthetic digits

// load returns digits to learn from, and gives the reader others.
func (r *reader) load(o options, seed uint64) (learn *data.Arrays, err error) {
	if o.digits == "" {
		r.hands = data.Hands(tested, seed)
	}
	learn, r.test, err = digits.Load(o.digits, o.images, tested, seed)
	return learn, err
}

// feeds are some rows of the test set.
func (r *reader) feeds(rows *data.Arrays) []graph.Feed {
	return []graph.Feed{r.x.Is(rows.Column(0)), r.label.Is(rows.Column(1))}
}

// train trains the reader, or loads it, and returns its logits for all test digits.
func (a *audit) train(ctx context.Context, r *reader, o options) ([]float32, error) {
	learn, err := r.load(o, a.seed)
	if err != nil {
		return nil, err
	}
	t, err := train.Graph{
		Inputs: []*graph.Node{r.x, r.label}, Loss: nn.CrossEntropy(r.logits, r.label), Outputs: []*graph.Node{r.logits},
		Figures: []train.Figure{{Name: "accuracy", Value: nn.Accuracy(r.logits, r.label)}},
		Params:  nn.Params(r.model), Optimizer: optim.Adam(2e-3),
	}.Compile()
	if err != nil {
		return nil, err
	}
	if o.model != "" {
		_, err = train.LoadFile(o.model, nn.Params(r.model))
	} else {
		_, err = t.Fit(ctx, learn, train.Options{
			Epochs: o.epochs, Batch: 64, Seed: a.seed, Validation: r.test, Progress: a.out, Callbacks: []train.Callback{a.Callback()},
		})
	}
	if err != nil {
		return nil, err
	}
	out, err := t.Predict(ctx, r.test, 500)
	if err != nil {
		return nil, err
	}
	return out[0].Float32s(), nil
}

// digits audits the reader of digits.
func (a *audit) digits(ctx context.Context, o options) error {
	r := newReader(a.seed)
	logits, err := a.train(ctx, r, o)
	if err != nil {
		return err
	}
	answers := judge(logits, r.test.Column(1).Int64s())
	a.Accuracy = answers.accuracy()
	fmt.Fprintf(a.out, "digits: accuracy %.4f on %d\n", a.Accuracy, r.test.Len())
	a.Section("A network that reads digits", fmt.Sprintf(
		"Two convolutions and two dense layers. It reads %.2f %% of %d digits that it has not seen.", 100*a.Accuracy, r.test.Len()))
	a.Table(layerTable(r))
	for _, part := range []func() error{
		func() error { return a.looks(r, o.steps, answers) },
		func() error { return a.unit(r) },
		func() error { return a.differs(r, answers) },
		func() error {
			a.Calibration, err = a.sure("calibration", logits, answers.label)
			return err
		},
		func() error { return a.fails(r, answers) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// layerTable lists the layers with what they are and how many of their units are
// dead for the test set.
func layerTable(r *reader) (head []string, rows [][]string) {
	dead := map[string]*graph.Node{}
	for _, path := range []string{first, last, "5"} {
		dead[path] = explain.Dead(explain.Layer(r.logits, path))
	}
	head = []string{"layer", "result", "dead units"}
	for _, path := range []string{first, last, "5"} {
		out, err := ask(r.feeds(r.test.Rows(0, min(500, r.test.Len()))), dead[path])
		if err != nil {
			rows = append(rows, []string{path, err.Error()})
			continue
		}
		rows = append(rows, []string{path, explain.Layer(r.logits, path).Shape().String(), fmt.Sprintf("%.0f %%", 100*graph.Values(out[0])[0])})
	}
	return head, rows
}

// answers are what the network said of the test set.
type answers struct {
	label, said []int64
	second      []int64 // the next best class
	margin      []float32
}

const digitClasses = 10

func judge(logits []float32, labels []int64) *answers {
	a := &answers{label: labels}
	for i := range labels {
		row := logits[i*digitClasses : (i+1)*digitClasses]
		best, second := 0, 1
		for c, v := range row {
			switch {
			case v > row[best]:
				best, second = c, best
			case c != best && (v > row[second] || second == best):
				second = c
			}
		}
		a.said, a.second = append(a.said, int64(best)), append(a.second, int64(second))
		a.margin = append(a.margin, row[best]-row[second])
	}
	return a
}

func (a *answers) right(i int) bool { return a.said[i] == a.label[i] }

func (a *answers) accuracy() float64 {
	n := 0
	for i := range a.label {
		if a.right(i) {
			n++
		}
	}
	return float64(n) / float64(len(a.label))
}

// wrong returns up to n rows that the network got wrong.
func (a *answers) wrong(n int) (rows []int) {
	for i := range a.label {
		if !a.right(i) && len(rows) < n {
			rows = append(rows, i)
		}
	}
	return rows
}
