package dist_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/dist"
	"github.com/adjointml/adjoint/ops"
)

// floats returns a constant in float64.
func floats(v []float64, shape ...int) *graph.Node { return graph.ConstOf(v, shape...) }

// run evaluates nodes of floats or integers.
func run(t *testing.T, y ...*graph.Node) [][]float64 {
	t.Helper()
	p, err := graph.Compile(y...)
	require.NoError(t, err)
	out, err := p.Run()
	require.NoError(t, err)
	list := make([][]float64, len(out))
	for i, o := range out {
		v, err := graph.FromDense(o)
		require.NoError(t, err)
		for j := range v.Len() {
			list[i] = append(list[i], v.At(j))
		}
	}
	return list
}

// Half a quarter and two eighths: logarithms to compute by hand.
func TestCategorical(t *testing.T) {
	ln2 := math.Ln2
	c := dist.Categorical{Logits: floats([]float64{3 - ln2, 3 - 2*ln2, 3 - 3*ln2, 3 - 3*ln2, 0, 0, 0, 0}, 2, 4)}
	q := dist.Categorical{Logits: floats(make([]float64, 8), 2, 4)}
	out := run(t, c.LogProb(graph.ConstOf([]int64{2, 0}, 2)), c.Entropy(), c.KL(q), q.KL(c), c.KL(c), c.Mode())
	for i, want := range [][]float64{
		{-3 * ln2, -2 * ln2},
		{1.75 * ln2, 2 * ln2},
		{0.25 * ln2, 0},
		{(0.25*(1+2+3+3) - 2) * ln2, 0},
		{0, 0},
		{0, 0},
	} {
		assert.InDeltaSlice(t, want, out[i], 1e-14, "figure %d", i)
	}
}

func TestCategoricalWithoutSomeClasses(t *testing.T) {
	inf := math.Inf(-1)
	logits := floats([]float64{1, inf, 1, inf}, 4)
	c := dist.Categorical{Logits: logits}
	grad := autodiff.Grad(ops.Add(c.Entropy(), c.LogProb(graph.ScalarOf(graph.Int64, 2))), logits)
	out := run(t, c.Entropy(), c.KL(dist.Categorical{Logits: floats([]float64{0, 5, 0, inf}, 4)}), dist.Categorical{Logits: floats(make([]float64, 4), 4)}.KL(c), grad[0])
	assert.InDelta(t, math.Ln2, out[0][0], 1e-14)
	assert.InDelta(t, math.Log(1+math.Exp(5)/2), out[1][0], 1e-12)
	assert.True(t, math.IsInf(out[2][0], 1), "q cannot be where p is")
	assert.InDeltaSlice(t, []float64{-0.5, 0, 0.5, 0}, out[3], 1e-14)
}

func TestNormal(t *testing.T) {
	n := dist.Normal{Mean: floats([]float64{1, -2, 0, 0}, 2, 2), LogStd: floats([]float64{0, math.Ln2}, 2)}
	q := dist.Normal{Mean: floats([]float64{0, 0, 0, 0}, 2, 2), LogStd: floats([]float64{0, 0}, 2)}
	half := math.Log(2 * math.Pi)
	out := run(t, n.LogProb(floats([]float64{2, 2, 0, 0}, 2, 2)), n.Entropy(), n.KL(q), n.KL(n), n.Mode())
	for i, want := range [][]float64{
		{-half - math.Ln2 - 0.5 - 2, -half - math.Ln2},
		{1 + half + math.Ln2, 1 + half + math.Ln2},
		{0.5 + (4+4-1)/2. - math.Ln2, (4-1)/2. - math.Ln2},
		{0, 0},
		{1, -2, 0, 0},
	} {
		assert.InDeltaSlice(t, want, out[i], 1e-14, "figure %d", i)
	}
}

// TestSamples compares means of what is drawn with the formulas: the mean of
// -LogProb is the entropy, that of the difference of two the divergence.
func TestSamples(t *testing.T) {
	const n, seed = 200000, 9
	wide := func(v ...float64) *graph.Node {
		return ops.BroadcastTo(floats(v, len(v)), graph.Of(n, graph.Dim(len(v))))
	}
	a := dist.Categorical{Logits: wide(0.3, -1, 1.2)}
	b := dist.Categorical{Logits: wide(1, 0, 0)}
	c := dist.Normal{Mean: wide(0.5, -1), LogStd: wide(-0.7, 0.4)}
	d := dist.Normal{Mean: wide(0, -0.5), LogStd: wide(0, 0)}
	var random nn.Random
	x, y := random.Draw(a.Sample), random.Draw(c.Sample)
	nn.Init(&random, seed)
	for name, pair := range map[string][2]*graph.Node{
		"entropy of classes":    {ops.Neg(a.LogProb(x)), a.Entropy()},
		"divergence of classes": {ops.Sub(a.LogProb(x), b.LogProb(x)), a.KL(b)},
		"entropy of normals":    {ops.Neg(c.LogProb(y)), c.Entropy()},
		"divergence of normals": {ops.Sub(c.LogProb(y), d.LogProb(y)), c.KL(d)},
	} {
		out := run(t, ops.Mean(pair[0]), ops.Std(pair[0]), ops.Mean(pair[1]))
		assert.InDelta(t, out[2][0], out[0][0], 4*out[1][0]/math.Sqrt(n), "%s, seed %d", name, seed)
	}
}

func TestGradients(t *testing.T) {
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		p, q := dist.Categorical{Logits: x[0]}, dist.Categorical{Logits: x[1]}
		labels := graph.ConstOf([]int64{2, 0, 1}, 3)
		return ops.Add(ops.Add(p.LogProb(labels), p.Entropy()), p.KL(q))
	}, gradtest.Of(3, 4), gradtest.Of(3, 4))
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		p, q := dist.Normal{Mean: x[0], LogStd: x[1]}, dist.Normal{Mean: x[2], LogStd: x[1]}
		return ops.Add(ops.Add(p.LogProb(x[2]), p.Entropy()), p.KL(q))
	}, gradtest.Of(3, 2), gradtest.Of(2), gradtest.Of(3, 2))
}

// TestSampleMoves checks that gradients flow through samples of a normal
// distribution: the mean of x² grows by 2μ in μ and by 2σ² in log σ.
func TestSampleMoves(t *testing.T) {
	const n, seed = 100000, 4
	mean, logStd := floats([]float64{0.8}, 1), floats([]float64{-0.3}, 1)
	p := dist.Normal{Mean: ops.BroadcastTo(mean, graph.Of(n, 1)), LogStd: logStd}
	var random nn.Random
	grad := autodiff.Grad(ops.Mean(ops.Square(random.Draw(p.Sample))), mean, logStd)
	nn.Init(&random, seed)
	out := run(t, grad...)
	assert.InDelta(t, 1.6, out[0][0], 0.02, "seed %d", seed)
	assert.InDelta(t, 2*math.Exp(-0.6), out[1][0], 0.02, "seed %d", seed)
}

func TestMistakes(t *testing.T) {
	x, i := graph.Input("x", 5, 3), graph.InputOf(graph.Int64, "i", 5)
	c, n := dist.Categorical{Logits: x}, dist.Normal{Mean: x, LogStd: graph.Input("s", 3)}
	state := graph.InputOf(graph.Int64, "state", 2)
	for _, m := range []struct {
		node *graph.Node
		want string
	}{
		{dist.Categorical{}.Entropy(), "entropy: the distribution has no logits"},
		{dist.Categorical{Logits: i}.Mode(), "mode: want floats [... n] for the logits, got i i64[5]"},
		{c.LogProb(x), "categorical: want the class number of each line of x [5 3], got x [5 3]: use ops.Squeeze and ops.Convert"},
		{c.KL(dist.Categorical{Logits: graph.Input("q", 3)}), "kl: the logits x [5 3] and q [3] are not of one type"},
		{dist.Normal{Mean: x}.Entropy(), "entropy: the distribution has no logarithm of the standard deviation"},
		{dist.Normal{LogStd: x}.Entropy(), "entropy: the distribution has no mean"},
		{dist.Normal{Mean: x, LogStd: graph.Input("s", 2)}.Sample(state, 0), "sample: the logarithm of the standard deviation s [2] does not broadcast to the mean x [5 3]"},
		{n.LogProb(graph.Input("y", 3)), "normal: want values of the type of the mean x [5 3], got y [3]"},
		{n.KL(dist.Normal{Mean: graph.Input("m", 3), LogStd: graph.Input("s", 3)}), "kl: the means x [5 3] and m [3] are not of one type"},
		{c.Sample(i, 0), "the random state i i64[5] must be i64[2]: a seed and a step"},
	} {
		_, err := graph.Compile(m.node)
		assert.ErrorContains(t, err, m.want)
	}
	bad := ops.Add(x, graph.Input("y", 4, 4))
	for _, node := range []*graph.Node{dist.Categorical{Logits: bad}.Entropy(), n.LogProb(bad), c.KL(dist.Categorical{Logits: bad}), c.Sample(bad, 0)} {
		_, err := graph.Compile(node)
		assert.ErrorContains(t, err, "dist_test.go")
		assert.ErrorContains(t, err, ": add: ")
	}
}
