package live

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// TestWordTurner: the model turns words around, and some head looks from each place
// to the one that mirrors it.
func TestWordTurner(t *testing.T) {
	r, right, mirrored, places := &reading{}, 0, 0, 0
	for row := range 12 {
		a, err := r.ask(context.Background(), row)
		require.NoError(t, err)
		require.Len(t, a.Heads, 2)
		assert.Equal(t, "layer 2, head 1", a.Heads[0].Name)
		for i := range wordLength {
			places++
			if a.Answers[i] == a.Tokens[wordLength-1-i] {
				right++
			}
			total := [2]num{}
			for h := range a.Heads {
				for _, w := range a.Heads[h].Weights[i] {
					total[h] += w
				}
			}
			assert.InDelta(t, 1, float64(total[0]), 1e-5)
			assert.InDelta(t, 1, float64(total[1]), 1e-5)
			if max(a.Heads[0].Weights[i][wordLength-1-i], a.Heads[1].Weights[i][wordLength-1-i]) > 0.5 {
				mirrored++
			}
		}
	}
	t.Logf("%d of %d places right, %d look at their mirror; seed 1", right, places, mirrored)
	assert.Greater(t, float64(right), 0.95*float64(places), "seed 1")
	assert.Greater(t, float64(mirrored), 0.8*float64(places), "seed 1")
	_, err := r.ask(context.Background(), 12)
	assert.EqualError(t, err, "row 12: want 0 to 11")
}

func TestReadingMistakes(t *testing.T) {
	x := graph.InputOf(graph.Int64, "x", graph.Sym("batch"), 3)
	flat := ops.Expand(ops.Convert(x, graph.Float32), -1)
	rows := func(n int) *tensor.Dense {
		return tensor.New(tensor.WithShape(1, n), tensor.WithBacking(make([]int64, n)))
	}
	for want, r := range map[string]Reading{
		"the reading is not whole: want tokens X [batch time], Logits, and Rows, rows of X":  {X: x},
		"sequences of 65 places: want at most 64, as each head is drawn as a square of them": {X: x, Logits: flat, Rows: rows(65)},
		"the logits depend on no attention: call nn.Init before, or set Reading.Weights":     {X: x, Logits: flat, Rows: rows(3)},
		"the weights f32[batch 3 1] are not [batch heads time places]":                       {X: x, Logits: flat, Rows: rows(3), Weights: []*graph.Node{flat}},
	} {
		_, err := (&reading{Reading: r}).ask(context.Background(), 0)
		assert.EqualError(t, err, want)
	}
}

// TestWineTaster: what it makes of the features is what the wines are made of.
func TestWineTaster(t *testing.T) {
	s := &table{}
	a, err := s.importance(context.Background(), 3)
	require.NoError(t, err)
	t.Logf("accuracy %.3f, importance %.3f ± %.3f of %v; seed 3", a.Accuracy, a.Mean, a.Spread, a.Features)
	assert.Greater(t, float64(a.Accuracy), 0.8)
	for j := range a.Features {
		if j == 3 || j >= 6 { // hue, ash, sugar
			assert.Less(t, float64(a.Mean[j]), 0.1, a.Features[j])
		} else {
			assert.Greater(t, float64(a.Mean[j]), 0.1, a.Features[j])
		}
		assert.Positive(t, float64(a.Spread[j]))
	}
	again, err := s.importance(context.Background(), 3)
	require.NoError(t, err)
	assert.Equal(t, a, again, "the same seed")
	other, err := s.importance(context.Background(), 4)
	require.NoError(t, err)
	assert.NotEqual(t, a.Mean, other.Mean, "another seed")

	sum := make([]float64, gridPoints)
	for class := range 3 {
		d, err := s.dependence(context.Background(), 0, class)
		require.NoError(t, err)
		require.Len(t, d.Alone, singleCurves)
		for i, p := range d.Mean {
			sum[i] += float64(p)
		}
		if class == 0 {
			assert.Greater(t, float64(d.Mean[gridPoints-1]), float64(d.Mean[0])+0.3, "alcohol speaks for the first maker")
		}
	}
	for _, p := range sum {
		assert.InDelta(t, 1, p, 1e-5, "probabilities add up")
	}
	_, err = s.dependence(context.Background(), 8, 0)
	assert.EqualError(t, err, "feature 8 and class 0: want 0 to 7 and 0 to 2")
}

func TestTableMistakes(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"), 2)
	logits := (&nn.Dense{Out: 2}).Apply(x)
	rows, labels := tensor.New(tensor.WithShape(1, 2), tensor.WithBacking(make([]float32, 2))), tensor.New(tensor.WithShape(1), tensor.WithBacking(make([]int64, 1)))
	for want, s := range map[string]Table{
		"the table is not whole: want X [batch features], Logits [batch classes], Rows [n features] and Labels [n]": {X: x},
		"1 rows of 2 features for 2 classes: want at least 2 rows, at most 100 features and at least 2 classes":     {X: x, Logits: logits, Rows: rows, Labels: labels},
	} {
		_, err := (&table{Table: s}).importance(context.Background(), 0)
		assert.EqualError(t, err, want)
	}
}

// TestUserTable names what has no name, and takes 2,000 rows of more.
func TestUserTable(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"), 2)
	logits := ops.Mul(x, graph.ConstOf([]float32{3, 0}, 2))
	const n = mostRows + 50
	values, labels := make([]float32, 2*n), make([]int64, n)
	for i := range n {
		values[2*i], values[2*i+1] = float32(i%7)-3, float32(i%5)
		labels[i] = int64(map[bool]int{true: 1}[values[2*i] < 0])
	}
	s := &table{Table: Table{X: x, Logits: logits, Features: []string{"sign"}, Rows: tensor.New(tensor.WithShape(n, 2), tensor.WithBacking(values)), Labels: tensor.New(tensor.WithShape(n), tensor.WithBacking(labels))}}
	a, err := s.importance(context.Background(), 1)
	require.NoError(t, err)
	assert.Equal(t, []string{"sign", "feature 2"}, a.Features)
	assert.Equal(t, []string{"class 1", "class 2"}, a.Classes)
	assert.Equal(t, mostRows, a.Rows)
	assert.Greater(t, float64(a.Mean[0]), 1.0)
	assert.Zero(t, float64(a.Mean[1]), "what the logits do not depend on")
	d, err := s.dependence(context.Background(), 0, 0)
	require.NoError(t, err)
	want, err := evaluate(context.Background(), nil, ops.Sigmoid(graph.Scalar(9)))
	require.NoError(t, err)
	assert.Equal(t, 3.0, float64(d.Grid[gridPoints-1]))
	assert.InDelta(t, want[0].At(0), float64(d.Alone[0][gridPoints-1]), 1e-6)
	assert.InDelta(t, want[0].At(0), float64(d.Mean[gridPoints-1]), 1e-5, "a mean of 2,000 float32s")
}
