package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
)

// A cellar is a table of wines: what the analysis says, and who made them.
type cellar struct {
	names   []string
	rows    *data.Arrays // [n features] and the makers, 0 to 2
	unknown string       // what the reader should know of the data
}

const makers = 3

// synthetic returns wines of which it is known what matters: see data.Wines.
func synthetic(n int, seed uint64) *cellar {
	rows, names := data.Wines(n, seed)
	return &cellar{names: names, rows: rows, unknown: "The wines are synthetic: by construction ash and sugar say nothing, and hue nothing that the colour does not say."}
}

// openWine reads UCI wine, and brings each feature to mean 0 and deviation 1.
func openWine(path string, seed uint64) (*cellar, error) {
	table, err := data.OpenCSV(path, data.CSV{NoHeader: true})
	if err != nil {
		return nil, err
	}
	all := table.Names()
	if len(all) != 14 {
		return nil, fmt.Errorf("%s has %d columns: want 13 features and the class", path, len(all))
	}
	x, err := table.Floats(all[:13]...)
	if err != nil {
		return nil, err
	}
	y, classes, err := table.Classes(all[13])
	if err != nil {
		return nil, err
	}
	if len(classes) != makers {
		return nil, fmt.Errorf("%s has %d classes: want %d", path, len(classes), makers)
	}
	rows, err := data.Of(x, y)
	if err != nil {
		return nil, err
	}
	rows = rows.Shuffle(seed)
	scale, err := data.Standard(rows.Rows(rows.Len()/3, rows.Len()), 0) // those that are learned from
	if err != nil {
		return nil, err
	}
	if x, err = scale.Apply(rows.Column(0)); err != nil {
		return nil, err
	}
	if rows, err = data.Of(x, rows.Column(1)); err != nil {
		return nil, err
	}
	return &cellar{names: []string{"alcohol", "malic acid", "ash", "alcalinity", "magnesium", "phenols", "flavanoids", "other phenols", "proanthocyanins", "colour", "hue", "OD280/315", "proline"},
		rows: rows, unknown: "The wines are those of UCI: 178 from three growers in Piedmont, 1988."}, nil
}

// openCellar reads the wines at path, or makes some if it is empty.
func openCellar(path string, seed uint64) (*cellar, error) {
	if path == "" {
		return synthetic(2400, seed), nil
	}
	return openWine(path, seed)
}

// wines audits a network that tells the maker of a wine.
func (a *audit) wines(ctx context.Context, c *cellar) error {
	n := graph.Sym("n")
	t := &taster{cellar: c, x: graph.Input("wine", n, graph.Dim(len(c.names))), maker: graph.InputOf(graph.Int64, "maker", n)}
	if err := t.train(ctx, a.seed); err != nil {
		return err
	}
	out, err := ask(t.feeds(), nn.Accuracy(t.logits, t.maker), t.logits)
	if err != nil {
		return err
	}
	a.WineAccuracy = graph.Values(out[0])[0]
	fmt.Fprintf(a.out, "wine: accuracy %.4f on %d\n", a.WineAccuracy, t.test.Len())
	a.Section("A network that tells the maker of a wine", fmt.Sprintf(
		"Two hidden layers learn from %d wines and are right about %.1f %% of %d others. %s", t.learn.Len(), 100*a.WineAccuracy, t.test.Len(), c.unknown))
	if a.WineCalibration, err = a.sure("wine-calibration", out[1].Float32s(), t.test.Column(1).Int64s()); err != nil {
		return err
	}
	for _, part := range []func(*taster) error{a.importance, a.dependence, a.shares, a.nearest} {
		if err := part(t); err != nil {
			return err
		}
	}
	return nil
}

// A taster is a network that tells the maker of a wine.
type taster struct {
	*cellar
	x, maker, logits *graph.Node
	learn, test      *data.Arrays
}

func (t *taster) train(ctx context.Context, seed uint64) error {
	model := nn.Sequential{&nn.Dense{Out: 16, Act: ops.Tanh}, &nn.Dense{Out: 16, Act: ops.Tanh}, &nn.Dense{Out: makers}}
	t.logits = model.Apply(t.x)
	nn.Init(model, seed)
	third := t.rows.Len() / 3
	t.test, t.learn = t.rows.Rows(0, third), t.rows.Rows(third, t.rows.Len())
	g, err := train.Graph{
		Inputs: []*graph.Node{t.x, t.maker}, Loss: nn.CrossEntropy(t.logits, t.maker), Params: nn.Params(model), Optimizer: optim.AdamW(5e-3, 0.03),
	}.Compile()
	if err != nil {
		return err
	}
	_, err = g.Fit(ctx, t.learn, train.Options{Epochs: 60, Seed: seed})
	return err
}

func (t *taster) feeds() []graph.Feed {
	return []graph.Feed{t.x.Is(t.test.Column(0)), t.maker.Is(t.test.Column(1))}
}

// importance shuffles each feature.
func (a *audit) importance(t *taster) error {
	rises := explain.Importance(nn.CrossEntropy(t.logits, t.maker), t.x, 20, a.seed)
	out, err := ask(t.feeds(), ops.Mean(rises, 1), ops.Std(rises, 1))
	if err != nil {
		return err
	}
	mean, spread := graph.Values(out[0]), graph.Values(out[1])
	a.Importance = map[string]float64{}
	var rows [][]string
	for j, name := range t.names {
		a.Importance[name] = mean[j]
		rows = append(rows, []string{name, fmt.Sprintf("%.4f", mean[j]), fmt.Sprintf("%.4f", spread[j])})
	}
	a.Section("What it makes of each feature", "How far the loss rises when a feature is shuffled among wines that were not trained on: the mean and the standard deviation of 20 shufflings.")
	if err := a.Chart("importance", &chart.Chart{Title: "importance", Y: "rise of the loss", Layers: []chart.Layer{chart.Bars{Names: t.names, Values: mean}}}); err != nil {
		return err
	}
	a.Table([]string{"feature", "rise of the loss", "deviation"}, rows)
	return nil
}

// dependence moves the most important features through their range.
func (a *audit) dependence(t *taster) error {
	order := rangeOf(len(t.names))
	slices.SortStableFunc(order, func(i, j int) int {
		return -cmp.Compare(a.Importance[t.names[i]], a.Importance[t.names[j]])
	})
	const points = 41
	grid := make([]float32, points)
	for i := range grid {
		grid[i] = -2.5 + 5*float32(i)/(points-1)
	}
	g := graph.ConstOf(grid, points)
	a.Text("The probability of a maker as one of the three most important features goes from -2.5 to 2.5 standard deviations, and the others stay: for each of 30 wines, and on the average.")
	for _, j := range order[:3] {
		c := &chart.Chart{Title: "probability by " + t.names[j], X: t.names[j] + ", in standard deviations", Y: "probability"}
		var nodes []*graph.Node
		for k := range makers {
			p := ops.Index(ops.Softmax(t.logits, 1), 1, k)
			nodes = append(nodes, explain.Dependence(p, t.x, j, g))
		}
		out, err := ask(t.feeds(), nodes...)
		if err != nil {
			return err
		}
		x := make([]float64, points)
		for i, v := range grid {
			x[i] = float64(v)
		}
		for k := range makers {
			curves, n := graph.Values(out[k]), t.test.Len()
			mean := make([]float64, points)
			for i, v := range curves {
				mean[i%points] += v / float64(n)
			}
			name := "maker " + strconv.Itoa(k+1)
			for i := range min(30, n) {
				c.Layers = append(c.Layers, chart.Line{Name: name, X: x, Y: curves[i*points : (i+1)*points], Faint: true})
			}
			c.Layers = append(c.Layers, chart.Line{Name: name, X: x, Y: mean})
		}
		if err := a.Chart("dependence-"+strconv.Itoa(j), c); err != nil {
			return err
		}
	}
	return nil
}

// shares explains the first wine of the test set.
func (a *audit) shares(t *taster) error {
	backs := min(100, t.learn.Len())
	background := graph.Const(t.learn.Rows(0, backs).Column(0))
	score := explain.Class(t.logits, t.maker)
	one := t.test.Rows(0, 1)
	feeds := []graph.Feed{t.x.Is(one.Column(0)), t.maker.Is(one.Column(1))}
	shares := explain.Shapley(score, t.x, background, 20*backs, a.seed)
	out, err := ask(feeds, shares, score)
	if err != nil {
		return err
	}
	of := one.Column(1).Int64s()[0]
	mean, err := ask([]graph.Feed{t.x.Is(t.learn.Rows(0, backs).Column(0))}, ops.Mean(ops.Index(t.logits, 1, int(of))))
	if err != nil {
		return err
	}
	list, value, base := graph.Values(out[0]), graph.Values(out[1])[0], graph.Values(mean[0])[0]
	sum := 0.0
	for _, s := range list {
		sum += s
	}
	a.ShapleyRemainder = math.Abs(sum - (value - base))
	a.Section("One wine", fmt.Sprintf("The first wine of the test set is of maker %d, whose logit is %.3f; on the average of %d wines it is %.3f. Shapley values share out the difference, %.3f: they add up to %.3f.",
		of+1, value, backs, base, value-base, sum))
	return a.Chart("shares", &chart.Chart{Title: "what speaks for the maker", Y: "share of the logit", Layers: []chart.Layer{chart.Bars{Names: t.names, Values: list}}})
}

// nearest asks what would have to differ for some wines to pass for those of the next
// maker.
func (a *audit) nearest(t *taster) error {
	wanted := graph.InputOf(graph.Int64, "wanted", t.maker.Shape().Dim(0))
	found, distance := explain.Counterfactual(explain.Margin(t.logits, wanted), t.x, explain.Search{Steps: 600, Rate: 0.02})
	n := min(8, t.test.Len())
	some := t.test.Rows(0, n)
	next := make([]int64, n)
	for i, m := range some.Column(1).Int64s() {
		next[i] = (m + 1) % makers
	}
	out, err := ask([]graph.Feed{t.x.Is(some.Column(0)), wanted.Is(tensor.New(tensor.WithShape(n), tensor.WithBacking(next)))}, found, distance)
	if err != nil {
		return err
	}
	before, after := some.Column(0).Float32s(), out[0].Float32s()
	var rows [][]string
	flipped := 0
	for i, d := range out[1].Float32s() {
		what := ""
		for j, name := range t.names {
			at := i*len(t.names) + j
			if change := after[at] - before[at]; math.Abs(float64(change)) > 0.01 {
				what += fmt.Sprintf("%s %+.2f, ", name, change)
			}
		}
		if !math.IsInf(float64(d), 1) {
			flipped++
		}
		rows = append(rows, []string{fmt.Sprint((next[i]+makers-1)%makers + 1), fmt.Sprint(next[i] + 1), fmt.Sprintf("%.2f", d), what[:max(len(what)-2, 0)]})
	}
	a.WineFlipped = float64(flipped) / float64(n)
	a.Text("What would have to differ for wines to be taken for those of the next maker, in standard deviations:")
	a.Table([]string{"maker", "for", "distance", "changes"}, rows)
	return nil
}
