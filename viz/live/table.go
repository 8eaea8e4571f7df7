package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A Table is a trained model of tables for the page that asks what it makes of each
// feature. The zero value tells the makers of synthetic wines apart; it is trained
// when the page is opened first.
type Table struct {
	X                 *graph.Node   // rows [batch features]
	Logits            *graph.Node   // of the classes [batch n]
	Features, Classes []string      // their names; nil for numbers
	Rows              *tensor.Dense // rows of X that were not trained on; the first 2,000 are used
	Labels            *tensor.Dense // and their classes, Int64 [rows]
}

const (
	mostRows     = 2000
	mostFeatures = 100
	shuffles     = 20 // of each feature
	gridPoints   = 31
	singleCurves = 30 // rows whose own curves are drawn
)

// table is a Table with what is made of it.
type table struct {
	Table
	once     sync.Once
	failed   error
	label    *graph.Node
	accuracy float64
	loss     float64
}

func (t *table) prepare(ctx context.Context) error {
	t.once.Do(func() {
		if t.X == nil {
			t.Table, t.failed = wineTaster()
		}
		if t.failed == nil {
			t.failed = t.check()
		}
		if t.failed == nil {
			t.failed = t.judge(context.WithoutCancel(ctx))
		}
	})
	return t.failed
}

// check says what is missing, and names what has no name.
func (t *table) check() error {
	if t.Logits == nil || t.Rows == nil || t.Labels == nil || t.X.Shape().Rank() != 2 || t.Logits.Shape().Rank() != 2 || t.Rows.Dims() != 2 || t.Labels.Dims() != 1 || t.Labels.Shape()[0] != t.Rows.Shape()[0] {
		return errors.New("the table is not whole: want X [batch features], Logits [batch classes], Rows [n features] and Labels [n]")
	}
	features, classes := t.Rows.Shape()[1], int(t.Logits.Shape().Dim(1))
	if features > mostFeatures || classes < 2 || t.Rows.Shape()[0] < 2 {
		return fmt.Errorf("%d rows of %d features for %d classes: want at least 2 rows, at most %d features and at least 2 classes", t.Rows.Shape()[0], features, classes, mostFeatures)
	}
	t.Features, t.Classes = named(t.Features, "feature", features), named(t.Classes, "class", classes)
	if n := t.Rows.Shape()[0]; n > mostRows {
		all, err := data.Of(t.Rows, t.Labels)
		if err != nil {
			return err
		}
		first := all.Rows(0, mostRows)
		t.Rows, t.Labels = first.Column(0), first.Column(1)
	}
	t.label = graph.InputOf(graph.Int64, "label", t.X.Shape().Dim(0))
	return nil
}

// named fills up a list of names.
func named(list []string, what string, n int) []string {
	list = slices.Clone(list[:min(len(list), n)])
	for len(list) < n {
		list = append(list, fmt.Sprintf("%s %d", what, len(list)+1))
	}
	return list
}

func (t *table) feeds() []graph.Feed { return []graph.Feed{t.X.Is(t.Rows), t.label.Is(t.Labels)} }

func (t *table) judge(ctx context.Context) error {
	out, err := evaluate(ctx, t.feeds(), nn.Accuracy(t.Logits, t.label), nn.CrossEntropy(t.Logits, t.label))
	if err == nil {
		t.accuracy, t.loss = out[0].At(0), out[1].At(0)
	}
	return err
}

// evaluate compiles the nodes and runs them once.
func evaluate(ctx context.Context, feeds []graph.Feed, nodes ...*graph.Node) ([]graph.Tensor, error) {
	p, err := graph.Compile(nodes...)
	if err != nil {
		return nil, err
	}
	return p.Eval(ctx, feeds...)
}

// wineTaster trains a small network for a second.
func wineTaster() (t Table, err error) {
	const held = 500
	rows, names := data.Wines(2000, 1)
	n := graph.Sym("n")
	x, maker := graph.Input("wine", n, graph.Dim(len(names))), graph.InputOf(graph.Int64, "maker", n)
	model := nn.Sequential{&nn.Dense{Out: 16, Act: ops.Tanh}, &nn.Dense{Out: 16, Act: ops.Tanh}, &nn.Dense{Out: 3}}
	logits := model.Apply(x)
	nn.Init(model, 1)
	step, err := optim.Minimize(nn.CrossEntropy(logits, maker), nn.Params(model), optim.AdamW(5e-3, 0.03))
	if err != nil {
		return t, err
	}
	for epoch := range 40 {
		for b, err := range rows.Rows(held, rows.Len()).Shuffle(uint64(epoch)).Batches(50) {
			if err != nil {
				return t, err
			}
			if _, err := step.Run(x.Is(b[0]), maker.Is(b[1])); err != nil {
				return t, err
			}
		}
	}
	test := rows.Rows(0, held)
	return Table{X: x, Logits: logits, Features: names, Classes: []string{"maker 1", "maker 2", "maker 3"}, Rows: test.Column(0), Labels: test.Column(1)}, nil
}

// An importanceAnswer says how far the loss rises without each feature.
type importanceAnswer struct {
	Features []string `json:"features"`
	Classes  []string `json:"classes"`
	Mean     []num    `json:"mean"`
	Spread   []num    `json:"spread"` // standard deviation of the repeats
	Repeats  int      `json:"repeats"`
	Rows     int      `json:"rows"`
	Accuracy num      `json:"accuracy"`
	Loss     num      `json:"loss"`
}

func (t *table) importance(ctx context.Context, seed uint64) (*importanceAnswer, error) {
	if err := t.prepare(ctx); err != nil {
		return nil, err
	}
	rises := explain.Importance(nn.CrossEntropy(t.Logits, t.label), t.X, shuffles, seed)
	out, err := evaluate(ctx, t.feeds(), ops.Mean(rises, 1), ops.Std(rises, 1))
	if err != nil {
		return nil, err
	}
	a := &importanceAnswer{Features: t.Features, Classes: t.Classes, Repeats: shuffles, Rows: t.Rows.Shape()[0], Accuracy: num(t.accuracy), Loss: num(t.loss)}
	a.Mean, a.Spread = numbers(out[0]), numbers(out[1])
	return a, nil
}

func numbers(t graph.Tensor) []num {
	list := make([]num, t.Len())
	for i := range list {
		list[i] = num(t.At(i))
	}
	return list
}

// A dependenceAnswer is the probability of a class along a feature.
type dependenceAnswer struct {
	Grid  []num   `json:"grid"`
	Mean  []num   `json:"mean"`
	Alone [][]num `json:"alone"` // of the first rows
}

func (t *table) dependence(ctx context.Context, feature, class int) (*dependenceAnswer, error) {
	if err := t.prepare(ctx); err != nil {
		return nil, err
	}
	if feature < 0 || feature >= len(t.Features) || class < 0 || class >= len(t.Classes) {
		return nil, fmt.Errorf("feature %d and class %d: want 0 to %d and 0 to %d", feature, class, len(t.Features)-1, len(t.Classes)-1)
	}
	grid, err := t.grid(feature)
	if err != nil {
		return nil, err
	}
	score := ops.Index(ops.Softmax(t.Logits, 1), 1, class)
	curves := explain.Dependence(score, t.X, feature, graph.ConstOf(grid, len(grid)))
	out, err := evaluate(ctx, t.feeds()[:1], ops.Mean(curves, 0), curves)
	if err != nil {
		return nil, err
	}
	a := &dependenceAnswer{Mean: numbers(out[0])}
	for _, v := range grid {
		a.Grid = append(a.Grid, num(v))
	}
	all := numbers(out[1])
	for i := range min(singleCurves, t.Rows.Shape()[0]) {
		a.Alone = append(a.Alone, all[i*len(grid):(i+1)*len(grid)])
	}
	return a, nil
}

// grid are the values that a feature goes through: the middle 95 % of those that
// the rows have, in equal steps.
func (t *table) grid(feature int) ([]float64, error) {
	v, err := graph.FromDense(t.Rows)
	if err != nil {
		return nil, err
	}
	column := make([]float64, v.Shape[0])
	for i := range column {
		column[i] = v.At(i*v.Shape[1] + feature)
	}
	slices.Sort(column)
	lo, hi := column[len(column)/40], column[len(column)-1-len(column)/40]
	grid := make([]float64, gridPoints)
	for i := range grid {
		grid[i] = lo + (hi-lo)*float64(i)/(gridPoints-1)
	}
	return grid, nil
}

func (s *Server) tableRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /explain/importance", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Seed uint64 `json:"seed"`
		}
		err := read(r, &q)
		var a *importanceAnswer
		if err == nil {
			a, err = s.table.importance(r.Context(), q.Seed)
		}
		reply(w, a, err)
	})
	mux.HandleFunc("POST /explain/dependence", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Feature int `json:"feature"`
			Class   int `json:"class"`
		}
		err := read(r, &q)
		var a *dependenceAnswer
		if err == nil {
			a, err = s.table.dependence(r.Context(), q.Feature, q.Class)
		}
		reply(w, a, err)
	})
}
