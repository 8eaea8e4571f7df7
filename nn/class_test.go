package nn_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

const classes = 3

// reference is the cross-entropy by its definition: for each row the sum over
// the classes of -target·weight·log p, its share of the mean, and 0 for both
// where it is ignored.
func reference(logits []float64, labels []int, weights []float64, smoothing float64, ignore int) (l, share []float64) {
	for i, y := range labels {
		row := logits[i*classes : (i+1)*classes]
		sum := 0.0
		for _, z := range row {
			sum += math.Exp(z)
		}
		if y == ignore {
			l, share = append(l, 0), append(share, 0)
			continue
		}
		total := 0.0
		for c, z := range row {
			target := smoothing / classes
			if c == y {
				target += 1 - smoothing
			}
			total -= target * weights[c] * (z - math.Log(sum))
		}
		l, share = append(l, total), append(share, weights[y])
	}
	return l, share
}

// TestCrossEntropy compares all options with the definition.
func TestCrossEntropy(t *testing.T) {
	const n, seed = 7, 4
	rnd := rand.New(rand.NewPCG(seed, 0))
	logits, labels := make([]float64, n*classes), make([]int, n)
	for i := range logits {
		logits[i] = 3 * rnd.NormFloat64()
	}
	for i := range labels {
		labels[i] = rnd.IntN(classes)
	}
	weights := []float64{0.5, 2, 1.5}
	for _, weighted := range []bool{false, true} {
		for _, smoothing := range []float64{0, 0.1, 1} {
			for _, ignore := range []int{-7, 1} { // the first is no label
				for _, r := range []nn.Reduction{nn.Mean, nn.Sum, nn.BatchMean, nn.None} {
					for _, dtype := range []graph.DType{graph.Float32, graph.Float64} {
						o := nn.CrossEntropyOptions{Smoothing: smoothing, Ignore: &ignore, Reduction: r}
						w := []float64{1, 1, 1}
						if weighted {
							w = weights
							o.Weights = ops.Convert(graph.ConstOf(weights, classes), dtype)
						}
						l, share := reference(logits, labels, w, smoothing, ignore)
						want := l
						switch total := add(l); r {
						case nn.Mean:
							want = []float64{total / add(share)}
						case nn.Sum:
							want = []float64{total}
						case nn.BatchMean:
							want = []float64{total / n}
						}
						assert.InDeltaSlice(t, want, crossEntropy(t, dtype, logits, labels, o), 1e-5, "seed %d: %+v", seed, o)
					}
				}
			}
		}
	}
}

func add(list []float64) (sum float64) {
	for _, v := range list {
		sum += v
	}
	return sum
}

// crossEntropy computes it for a symbolic batch and Int32 labels.
func crossEntropy(t *testing.T, dtype graph.DType, logits []float64, labels []int, o ...nn.CrossEntropyOptions) []float64 {
	t.Helper()
	batch := graph.Sym("batch")
	x, y := graph.InputOf(dtype, "x", batch, classes), graph.InputOf(graph.Int32, "y", batch)
	l := nn.CrossEntropy(x, y, o...)
	require.NoError(t, l.Err())
	require.Equal(t, dtype, l.DType())
	list := make([]int32, len(labels))
	for i, y := range labels {
		list[i] = int32(y)
	}
	return infer(t, l, x.IsTensor(of(t, dtype, logits, len(labels), classes)), feed(t, y, list, len(labels)))
}

// TestCrossEntropyByHand holds the numbers of a few simple cases.
func TestCrossEntropyByHand(t *testing.T) {
	flat := []float64{0, 0, 0, 0, 0, 0}
	assert.InDelta(t, math.Log(3), crossEntropy(t, graph.Float64, flat, []int{0, 2})[0], 1e-15)
	assert.InDelta(t, 0, crossEntropy(t, graph.Float32, []float64{1000, 0, 0}, []int{0})[0], 1e-15)
	assert.InDelta(t, 1000, crossEntropy(t, graph.Float32, []float64{1000, 0, 0}, []int{1})[0], 1e-15)
	ignore := nn.CrossEntropyOptions{Ignore: new(-100)}
	assert.InDelta(t, math.Log(3), crossEntropy(t, graph.Float64, flat, []int{0, -100}, ignore)[0], 1e-15)
	assert.True(t, math.IsNaN(crossEntropy(t, graph.Float64, flat, []int{-100, -100}, ignore)[0]), "the mean of nothing")
}

// TestSoftLabels compares probabilities as labels with class numbers, to which
// they reduce.
func TestSoftLabels(t *testing.T) {
	logits := []float64{1, 2, -1, 0.5, 0, 3}
	batch := graph.Sym("batch")
	x, y := graph.InputOf(graph.Float64, "x", batch, classes), graph.InputOf(graph.Float64, "y", batch, classes)
	w := graph.ConstOf([]float64{0.5, 2, 1.5}, classes)
	for _, o := range []nn.CrossEntropyOptions{{}, {Smoothing: 0.2}, {Weights: w, Reduction: nn.Sum}, {Smoothing: 0.2, Weights: w, Reduction: nn.None}} {
		hot := infer(t, nn.CrossEntropy(x, y, o), x.IsTensor(of(t, graph.Float64, logits, 2, 3)), feed(t, y, []float64{0, 1, 0, 1, 0, 0}, 2, 3))
		assert.InDeltaSlice(t, crossEntropy(t, graph.Float64, logits, []int{1, 0}, o), hot, 1e-14, "%+v", o)
	}
	o := nn.CrossEntropyOptions{Weights: w}
	hot := infer(t, nn.CrossEntropy(x, y, o), x.IsTensor(of(t, graph.Float64, logits, 2, 3)), feed(t, y, []float64{0, 1, 0, 1, 0, 0}, 2, 3))
	o.Reduction = nn.Sum
	assert.InDelta(t, crossEntropy(t, graph.Float64, logits, []int{1, 0}, o)[0]/2, hot[0], 1e-14, "the mean of probabilities is over the rows")
}

// TestCrossEntropyAxis puts the classes on every axis.
func TestCrossEntropyAxis(t *testing.T) {
	logits := []float64{1, 2, -1, 0.5, 0, 3, 4, -2, 1, 1, 0.25, 0}
	want := crossEntropy(t, graph.Float64, logits, []int{1, 0, 2, 2}, nn.CrossEntropyOptions{Reduction: nn.None})
	x, y := graph.InputOf(graph.Float64, "x", 2, 2, classes), graph.InputOf(graph.Int64, "y", 2, 2)
	feeds := []graph.Feed{feed(t, x, logits, 2, 2, 3), feed(t, y, []int64{1, 0, 2, 2}, 2, 2)}
	for axis, perm := range map[int][]int{0: {0, 1, 2}, 2: {0, 1, 2}, -1: {0, 1, 2}, 1: {0, 2, 1}, -2: {0, 2, 1}, -3: {2, 0, 1}} {
		l := nn.CrossEntropy(ops.Transpose(x, perm...), y, nn.CrossEntropyOptions{Axis: axis, Reduction: nn.None})
		assert.InDeltaSlice(t, want, infer(t, l, feeds...), 1e-14, "axis %d", axis)
	}
	single := nn.CrossEntropy(graph.ConstOf(logits[:3], 3), graph.ConstOf([]int64{1}))
	assert.InDelta(t, want[0], infer(t, single)[0], 1e-14, "without a batch")
}

// TestContrastive has as many classes as the batch is long.
func TestContrastive(t *testing.T) {
	n := graph.Sym("n")
	x := graph.Input("x", n, n)
	labels := ops.Iota(graph.Int64, graph.Of(n), 0)
	l := nn.CrossEntropy(x, labels, nn.CrossEntropyOptions{Smoothing: 0.5})
	assert.InDelta(t, math.Ln2, infer(t, l, feed(t, x, []float32{1, 1, 1, 1}, 2, 2))[0], 1e-6)
}

func TestNLL(t *testing.T) {
	x, y := graph.Input("x", 2, 3), graph.InputOf(graph.Int64, "y", 2)
	feeds := []graph.Feed{feed(t, x, []float32{1, 2, -1, 0.5, 0, 3}, 2, 3), feed(t, y, []int64{1, 0}, 2)}
	assert.Equal(t, infer(t, nn.CrossEntropy(x, y), feeds...), infer(t, nn.NLL(ops.LogSoftmax(x, -1), y), feeds...))
	assert.Equal(t, []float64{-1.25}, infer(t, nn.NLL(x, y), feeds...))
}

func TestClassGradients(t *testing.T) {
	batch := graph.Sym("batch") // 3
	labels := gradtest.Fixed([]int64{2, 0, 2}, 3)
	logits := gradtest.Of(batch, classes).In(-2, 2)
	weights := gradtest.Of(classes)
	for _, r := range []nn.Reduction{nn.Mean, nn.None} {
		for _, o := range []nn.CrossEntropyOptions{{}, {Smoothing: 0.3}, {Ignore: new(0)}, {Smoothing: 0.3, Ignore: new(0)}} {
			o.Reduction = r
			gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
				return nn.CrossEntropy(x[0], x[1], o)
			}, gradtest.Of(3, classes).In(-2, 2), labels)
			gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
				o := o
				o.Weights = x[2]
				return nn.CrossEntropy(x[0], x[1], o)
			}, gradtest.Of(3, classes).In(-2, 2), labels, weights)
		}
		gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
			return nn.CrossEntropy(x[0], x[1], nn.CrossEntropyOptions{Smoothing: 0.3, Weights: x[2], Reduction: r})
		}, logits, gradtest.Of(batch, classes), weights)
	}
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return nn.NLL(x[0], x[1]) }, gradtest.Of(3, classes), labels)
}

// TestSoftmaxGradient checks the closed form: p - y.
func TestSoftmaxGradient(t *testing.T) {
	x, y := graph.InputOf(graph.Float64, "x", 3), graph.InputOf(graph.Int64, "y")
	g := autodiff.Grad(nn.CrossEntropy(x, y), x)[0]
	p, err := graph.Compile(g, ops.Softmax(x, -1))
	require.NoError(t, err)
	out := run(t, p, feed(t, x, []float64{1, 2, -1}, 3), feed(t, y, []int64{1}))
	out[1][1]--
	assert.InDeltaSlice(t, out[1], out[0], 1e-15)
}

// TestBadLabel makes the run fail for what is no class, with one line.
func TestBadLabel(t *testing.T) {
	x, y := graph.Input("x", 2, 3), graph.InputOf(graph.Int64, "y", 2)
	logits := feed(t, x, []float32{1, 2, -1, 0.5, 0, 3}, 2, 3)
	for _, o := range []nn.CrossEntropyOptions{{}, {Ignore: new(-1)}, {Weights: graph.ConstOf([]float32{1, 1, 1}, 3)}} {
		p, err := graph.Compile(nn.CrossEntropy(x, y, o))
		require.NoError(t, err)
		_, err = p.Eval(context.Background(), logits, feed(t, y, []int64{0, 3}, 2))
		require.Error(t, err)
		assert.Regexp(t, `^class_test\.go:\d+: checklabel: label 3, element 1 of the labels, is outside of the 3 classes: want 0 to 2$`, err.Error())
		_, err = p.Eval(context.Background(), logits, feed(t, y, []int64{-2, 0}, 2))
		assert.ErrorContains(t, err, "label -2, element 0 of the labels, is outside of the 3 classes", "negative labels do not count from the end")
	}
	soft := graph.Input("soft", 2, 3)
	p, err := graph.Compile(nn.CrossEntropy(x, soft))
	require.NoError(t, err)
	nan := float32(math.NaN())
	_, err = p.Eval(context.Background(), logits, feed(t, soft, []float32{0, 1, 0, 0, 0, nan}, 2, 3))
	assert.ErrorContains(t, err, "label is NaN at [1 2]")
}

func TestCrossEntropyMistakes(t *testing.T) {
	n := graph.Sym("n")
	x, y := graph.Input("x", n, 3), graph.InputOf(graph.Int64, "y", n)
	type options = nn.CrossEntropyOptions
	one(t, nn.CrossEntropy(x, graph.InputOf(graph.Int64, "y", n, 1)),
		"crossentropy: x [n 3] needs class numbers of shape [n], got the labels y i64[n 1]: give them that shape with ops.Reshape")
	one(t, nn.CrossEntropy(x, graph.Input("y", n)),
		"crossentropy: the labels y [n] are neither class numbers of shape [n] nor probabilities of the type of x [n 3]: use ops.Reshape and ops.Convert")
	one(t, nn.CrossEntropy(graph.Input("x", n, 1), y),
		"crossentropy: x [n 1] has one class only: use nn.BinaryCrossEntropy, or an output for each class")
	one(t, nn.NLL(y, y), "nll: want floats, got y i64[n]: convert it with ops.Convert")
	one(t, nn.CrossEntropy(x, y, options{Axis: 2}), "crossentropy: axis 2 is outside of [n 3], which has rank 2")
	one(t, nn.CrossEntropy(x, y, options{Smoothing: 1.5}), "crossentropy: smoothing 1.5 is outside of [0, 1]")
	one(t, nn.CrossEntropy(x, x, options{Ignore: new(1)}), "crossentropy: the labels x [n 3] are probabilities: a class to ignore needs class numbers")
	one(t, nn.CrossEntropy(x, y, options{Weights: graph.Input("w", 2)}), "crossentropy: x [n 3] needs class weights f32[3], got w [2]")
	one(t, nn.CrossEntropy(x, y, options{Weights: bad()}), whyBad)
	one(t, nn.CrossEntropy(x, y, options{}, options{}), "crossentropy: 2 options are given: want at most one")
	one(t, nn.CrossEntropy(x, y, options{Reduction: 7}), "crossentropy: reduction 7 is unknown: want nn.Mean, nn.Sum, nn.BatchMean or nn.None")
	for _, f := range []func(x, y *graph.Node) *graph.Node{
		func(x, y *graph.Node) *graph.Node { return nn.CrossEntropy(x, y) },
		func(x, y *graph.Node) *graph.Node { return nn.NLL(x, y) },
		nn.Accuracy,
	} {
		one(t, f(bad(), y), whyBad)
		one(t, f(x, bad()), whyBad)
		assert.ErrorContains(t, f(nil, nil).Err(), "operand 0 is nil")
	}
}

func TestAccuracy(t *testing.T) {
	batch := graph.Sym("batch")
	x := graph.Input("x", batch, 3)
	logits := feed(t, x, []float32{1, 2, -1, 0.5, 0, 3, 4, 0, 0, 0, 1, 0}, 4, 3)
	y := graph.InputOf(graph.Int32, "y", batch)
	assert.Equal(t, []float64{0.75}, infer(t, nn.Accuracy(x, y), logits, feed(t, y, []int32{1, 2, 0, 2}, 4)))
	hot := graph.Input("hot", batch, 3)
	assert.Equal(t, []float64{0.5}, infer(t, nn.Accuracy(x, hot), logits, feed(t, hot, []float32{0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1}, 4, 3)))

	b := graph.Input("b", batch, 1)
	binary := feed(t, b, []float32{1, -1, 2, 0}, 4, 1)
	want := []float64{1, 0, 0, 0}
	for _, dtype := range []graph.DType{graph.Float32, graph.Int64, graph.Bool, graph.Float64} {
		y := graph.InputOf(dtype, "y", batch, 1)
		got := infer(t, nn.Accuracy(b, y), binary, y.IsTensor(of(t, dtype, want, 4, 1)))
		assert.Equal(t, []float64{0.75}, got, "%v", dtype)
	}
	assert.Equal(t, graph.Float32, nn.Accuracy(b, y).DType())
	one(t, nn.Accuracy(b, y), "accuracy: the labels y i32[batch] do not fit the logits b [batch 1]: want integer class numbers without the last axis, or labels of the logits' type; use ops.Reshape and ops.Convert")
	fixed := graph.Input("fixed", 4, 3)
	g := infer(t, autodiff.Grad(nn.Accuracy(fixed, fixed), fixed)[0])
	assert.Equal(t, -1, slices.IndexFunc(g, func(v float64) bool { return v != 0 }))
}
