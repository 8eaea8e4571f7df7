package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// at compiles y and runs it on float64 values for the inputs x.
func at(t *testing.T, y *graph.Node, x []*graph.Node, values ...[]float64) []float64 {
	t.Helper()
	require.NoError(t, y.Err())
	var feeds []graph.Feed
	for i, x := range x {
		shape := make([]int, x.Shape().Rank())
		n := len(values[i])
		for k := range shape {
			shape[k] = int(x.Shape().Dim(k))
			if shape[k] < 0 { // the batch, which comes first
				rest := 1
				for j := 1; j < len(shape); j++ {
					rest *= int(x.Shape().Dim(j))
				}
				shape[k] = n / rest
			}
		}
		feeds = append(feeds, x.IsTensor(of(t, x.DType(), values[i], shape...)))
	}
	return infer(t, y, feeds...)
}

func inputs(dims ...[]graph.Dim) (x []*graph.Node) {
	for i, d := range dims {
		x = append(x, graph.InputOf(graph.Float64, string(rune('a'+i)), d...))
	}
	return x
}

var batchOf = graph.Sym("batch")

func dims(d ...graph.Dim) []graph.Dim { return d }

func TestMultiMargin(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", batchOf, 3)
	labels := graph.InputOf(graph.Int64, "labels", batchOf)
	w := graph.InputOf(graph.Float64, "w", 3)
	v := []float64{1, 0.2, -0.5, 0.1, 0.4, 2}
	for p := 1; p <= 2; p++ {
		y := nn.MultiMargin(x, labels, nn.MultiMarginOptions{P: p, Margin: 1.5, Weights: w, Reduction: nn.None})
		got := at(t, y, []*graph.Node{x, labels, w}, v, []float64{0, 1}, []float64{1, 3, 5})
		f := func(z float64) float64 { return math.Pow(max(0, z), float64(p)) }
		assert.InDeltaSlice(t, []float64{(f(1.5-1+0.2) + f(1.5-1-0.5)) / 3, 3 * (f(1.5-0.4+0.1) + f(1.5-0.4+2)) / 3}, got, 1e-14)
	}
	fixed := graph.ConstOf([]int64{2, 0}, 2)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return nn.MultiMargin(x[0], fixed, nn.MultiMarginOptions{P: 2}) }, gradtest.Of(2, 3))
	assert.ErrorContains(t, nn.MultiMargin(x, labels, nn.MultiMarginOptions{P: 3}).Err(), "multimargin: P is 3 and the labels labels i64[batch]: want P of 1 or 2, and class numbers")
}

func TestMultiLabelMargin(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", batchOf, 4)
	labels := graph.InputOf(graph.Int64, "labels", batchOf, 4)
	got := at(t, nn.MultiLabelMargin(x, labels, nn.None), []*graph.Node{x, labels},
		[]float64{0.1, 0.2, 0.4, 0.8, 1, 2, 3, 4}, []float64{3, 0, -1, 1, -1, 2, 0, 0})
	// the example of PyTorch's documentation, and a row without labels
	want := 0.25 * ((1 - (0.1 - 0.2)) + (1 - (0.1 - 0.4)) + (1 - (0.8 - 0.2)) + (1 - (0.8 - 0.4)))
	assert.InDeltaSlice(t, []float64{want, 0}, got, 1e-14)
	fixed := graph.ConstOf([]int64{1, -1, 0}, 1, 3)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return nn.MultiLabelMargin(x[0], fixed) }, gradtest.Of(1, 3))
	assert.ErrorContains(t, nn.MultiLabelMargin(x, x).Err(), "multilabelmargin: want floats and integer labels of one shape")
}

func TestMultiLabelSoftMargin(t *testing.T) {
	x := inputs(dims(batchOf, 2), dims(batchOf, 2), dims(2))
	got := at(t, nn.MultiLabelSoftMargin(x[0], x[1], x[2]), x, []float64{1, -2, 3, 0}, []float64{1, 0, 0, 1}, []float64{1, 4})
	l := func(x float64) float64 { return math.Log1p(math.Exp(x)) }
	assert.InDelta(t, (l(-1)+4*l(-2)+l(3)+4*l(0))/4, got[0], 1e-14)
	assert.Error(t, nn.MultiLabelSoftMargin(graph.Input("x"), graph.Input("y"), nil).Err())
}

func TestMarginRankingAndSimilarities(t *testing.T) {
	x := inputs(dims(batchOf), dims(batchOf), dims(batchOf))
	got := at(t, nn.MarginRanking(x[0], x[1], x[2], 0.5, nn.None), x, []float64{1, 1}, []float64{0, 2}, []float64{1, 1})
	assert.Equal(t, []float64{0, 1.5}, got)
	assert.ErrorContains(t, nn.MarginRanking(x[0], graph.Input("q"), x[2], 1).Err(), "marginranking: want floats of one type, got a f64[batch] and q []")

	v := inputs(dims(batchOf, 2), dims(batchOf, 2), dims(batchOf))
	a, b := []float64{3, 4, 1, 0}, []float64{4, 3, -1, 0}
	got = at(t, nn.CosineEmbedding(v[0], v[1], v[2], 0.5, nn.None), v, append(a, a...), append(b, b...), []float64{1, 1, -1, -1})
	assert.InDeltaSlice(t, []float64{1 - 0.96, 2, 0.46, 0}, got, 1e-11)
	assert.InDeltaSlice(t, []float64{0.96, -1}, at(t, nn.CosineSimilarity(v[0], v[1]), v[:2], a, b), 1e-12)
	got = at(t, nn.Contrastive(v[0], v[1], v[2], 3, nn.None), v, append(a, a...), append(b, b...), []float64{1, 1, 0, 0})
	assert.InDeltaSlice(t, []float64{2, 4, math.Pow(3-math.Sqrt2, 2), 1}, got, 1e-4)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		return nn.Contrastive(x[0], x[1], graph.ConstOf([]float64{1, 0}, 2), 4)
	}, gradtest.Of(2, 3), gradtest.Of(2, 3))
}

func TestTriplet(t *testing.T) {
	x := inputs(dims(batchOf, 2), dims(batchOf, 2), dims(batchOf, 2))
	a, p, n := []float64{0, 0, 0, 0}, []float64{3, 4, 1, 0}, []float64{0, 2, 0, 9}
	assert.InDeltaSlice(t, []float64{4, 0}, at(t, nn.Triplet(x[0], x[1], x[2], nn.TripletOptions{Reduction: nn.None}), x, a, p, n), 1e-5)
	swapped := nn.TripletOptions{Swap: true, Margin: 2, Distance: nn.Euclidean(1)}
	assert.InDelta(t, (7-2+2+0)/2.0, at(t, nn.Triplet(x[0], x[1], x[2], swapped), x, a, p, n)[0], 1e-5)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return nn.Triplet(x[0], x[1], x[2], nn.TripletOptions{Margin: 9}) },
		gradtest.Of(2, 3), gradtest.Of(2, 3), gradtest.Of(2, 3))
	assert.ErrorContains(t, nn.Triplet(graph.Input("x"), graph.Input("y"), graph.Input("z")).Err(), "triplet: x [] is a scalar")
}

// contrast is the cross-entropy of finding row partner(i) among the rows of b that
// row i may see.
func contrast(a, b [][]float64, temperature float64, partner func(i int) int, see func(i, j int) bool) float64 {
	cos := func(x, y []float64) float64 {
		var xy, xx, yy float64
		for i := range x {
			xy, xx, yy = xy+x[i]*y[i], xx+x[i]*x[i], yy+y[i]*y[i]
		}
		return xy / math.Sqrt(xx*yy)
	}
	total := 0.0
	for i := range a {
		sum := 0.0
		for j := range b {
			if see(i, j) {
				sum += math.Exp(cos(a[i], b[j]) / temperature)
			}
		}
		total += math.Log(sum) - cos(a[i], b[partner(i)])/temperature
	}
	return total / float64(len(a))
}

func TestInfoNCE(t *testing.T) {
	const n, d = 3, 4
	va, vb := numbers(n*d, 1), numbers(n*d, 2)
	split := func(v []float64) (rows [][]float64) {
		for i := 0; i < len(v); i += d {
			rows = append(rows, v[i:i+d])
		}
		return rows
	}
	a, b := split(va), split(vb)
	all, same := func(int, int) bool { return true }, func(i int) int { return i }
	x := inputs(dims(batchOf, d), dims(batchOf, d))
	there, back := contrast(a, b, 0.3, same, all), contrast(b, a, 0.3, same, all)
	assert.InDelta(t, there, at(t, nn.InfoNCE(x[0], x[1], 0.3, false), x, va, vb)[0], 1e-12)
	assert.InDelta(t, (there+back)/2, at(t, nn.InfoNCE(x[0], x[1], 0.3, true), x, va, vb)[0], 1e-12)
	both := append(append([][]float64{}, a...), b...)
	want := contrast(both, both, 0.3, func(i int) int { return (i + n) % (2 * n) }, func(i, j int) bool { return i != j })
	assert.InDelta(t, want, at(t, nn.NTXent(x[0], x[1], 0.3), x, va, vb)[0], 1e-12)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return nn.NTXent(x[0], x[1], 0.5) }, gradtest.Of(2, 3), gradtest.Of(2, 3))
	assert.ErrorContains(t, nn.InfoNCE(x[0], x[1], 0, true).Err(), "infonce: want rows [n d] of both views and a temperature above 0")
}

func TestGaussianNLL(t *testing.T) {
	x := inputs(dims(batchOf, 2), dims(batchOf, 2), dims(batchOf, 1))
	got := at(t, nn.GaussianNLL(x[0], x[1], x[2], nn.GaussianNLLOptions{Full: true, Reduction: nn.None}), x, []float64{1, 2}, []float64{0, 4}, []float64{2})
	c := math.Log(2*math.Pi) / 2
	assert.InDeltaSlice(t, []float64{(math.Log(2)+0.5)/2 + c, (math.Log(2)+2)/2 + c}, got, 1e-14)
	assert.InDelta(t, (math.Log(1e-6)+1e6)/2, at(t, nn.GaussianNLL(x[0], x[0], x[2]), []*graph.Node{x[0], x[2]}, []float64{1, 1}, []float64{-1})[0]+5e5, 1e-3)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		return nn.GaussianNLL(x[0], x[1], ops.Add(ops.Square(x[2]), graph.Scalar(0.5)))
	}, gradtest.Of(3), gradtest.Of(3), gradtest.Of(3))
	assert.ErrorContains(t, nn.GaussianNLL(x[0], x[1], graph.Input("v", 3, 3)).Err(), "gaussiannll: the variance v [3 3] does not broadcast to the predictions a f64[batch 2]")
}

func TestFocal(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", batchOf, 3)
	labels := graph.InputOf(graph.Int64, "labels", batchOf)
	w := graph.InputOf(graph.Float64, "w", 3)
	v := []float64{1, 0.2, -0.5, 0.1, 0.4, 2}
	got := at(t, nn.Focal(x, labels, nn.FocalOptions{Gamma: 1.5, Weights: w, Reduction: nn.None}), []*graph.Node{x, labels, w}, v, []float64{0, 1}, []float64{1, 3, 5})
	want := make([]float64, 2)
	for i, label := range []int{0, 1} {
		row := v[3*i : 3*i+3]
		p := math.Exp(row[label]) / (math.Exp(row[0]) + math.Exp(row[1]) + math.Exp(row[2]))
		want[i] = []float64{1, 3, 5}[label] * math.Pow(1-p, 1.5) * -math.Log(p)
	}
	assert.InDeltaSlice(t, want, got, 1e-13)
	fixed := graph.ConstOf([]int64{2, 0}, 2)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return nn.Focal(x[0], fixed) }, gradtest.Of(2, 3))
	assert.ErrorContains(t, nn.Focal(x, x).Err(), "focal: want class numbers")

	b := inputs(dims(batchOf), dims(batchOf))
	got = at(t, nn.BinaryFocal(b[0], b[1], nn.FocalOptions{Alpha: 0.25, Reduction: nn.None}), b, []float64{1, -2}, []float64{1, 0})
	p := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	assert.InDeltaSlice(t, []float64{0.25 * math.Pow(1-p(1), 2) * -math.Log(p(1)), 0.75 * math.Pow(p(-2), 2) * -math.Log(1-p(-2))}, got, 1e-13)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		return nn.BinaryFocal(x[0], graph.ConstOf([]float64{1, 0.3, 0}, 3))
	}, gradtest.Of(3))
}

func TestDiceAndTversky(t *testing.T) {
	x := inputs(dims(batchOf, 2, 2), dims(batchOf, 2, 2))
	p, y := []float64{1, 0.5, 0, 0, 0, 0, 0, 0}, []float64{1, 1, 0, 0, 0, 0, 0, 0}
	got := at(t, nn.Dice(x[0], x[1], nn.None), x, p, y)
	assert.InDeltaSlice(t, []float64{1 - (2*1.5+1)/(1.5+2+1), 0}, got, 1e-14)
	got = at(t, nn.Tversky(x[0], x[1], 1, 1, nn.None), x, p, y)
	assert.InDelta(t, 1-(1.5+.5)/(2+.5), got[0], 1e-14)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		return nn.Dice(ops.Sigmoid(x[0]), graph.ConstOf([]float64{1, 0, 0.5, 1}, 2, 2))
	}, gradtest.Of(2, 2))
	assert.Error(t, nn.Dice(graph.Input("p", 3), graph.Input("y", 3)).Err())
}
