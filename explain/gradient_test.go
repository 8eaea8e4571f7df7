package explain_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// TestLinear compares all maps with what is known of a linear score, 2a - 3b + 0c + 5.
func TestLinear(t *testing.T) {
	batch := graph.Sym("batch")
	x := graph.InputOf(graph.Float64, "x", batch, 3)
	w := graph.ConstOf([]float64{2, -3, 0}, 3)
	score := ops.Add(ops.Sum(ops.Mul(x, w), 1), graph.Scalar(5))
	base := graph.ConstOf([]float64{1, 1, 1}, 3)
	gradient := explain.GradientInput(score, x)
	feeds := []graph.Feed{of(t, x, []float64{1, 2, 3, -1, 0, 4}, 2, 3)}
	got := run(t, feeds,
		explain.Saliency(score, x), gradient, explain.IntegratedGradients(score, x, nil, 3),
		explain.IntegratedGradients(score, x, base, 1), explain.SmoothGrad(explain.Saliency(score, x), x, 0.3, 4, 1),
		explain.Guided(score, x), explain.Shapley(score, x, ops.Reshape(base, 1, 3), 2, 1))
	share := []float64{2, -6, 0, -2, 0, 0}
	above := []float64{0, -3, 0, -4, 3, 0} // w·(x - base)
	for i, want := range [][]float64{{2, 3, 0, 2, 3, 0}, share, share, above, {2, 3, 0, 2, 3, 0}, {2, -3, 0, 2, -3, 0}, above} {
		assert.InDeltaSlice(t, want, got[i], 1e-12, "map %d", i)
	}
}

// TestCompleteness holds integrated gradients of the trained network to what the
// score gained, to 1e-3 of it. The gradient jumps where a ReLU opens, so that takes
// many steps.
func TestCompleteness(t *testing.T) {
	r := trained(t)
	score := explain.Class(r.logits, r.label)
	grey := graph.Scalar(0.5)
	for _, base := range []*graph.Node{nil, grey} {
		at := graph.Zeros(r.x.Type())
		if base != nil {
			at = ops.BroadcastTo(base, r.x.Shape())
		}
		start := graph.Rewrite([]*graph.Node{score}, map[*graph.Node]*graph.Node{r.x: at})[0]
		m := explain.IntegratedGradients(score, r.x, base, 2048)
		got := run(t, r.feeds(10), ops.Sum(m, 1, 2), ops.Sub(score, start))
		for i, gain := range got[1] {
			assert.InDelta(t, gain, got[0][i], 1e-3*math.Max(math.Abs(gain), 1), "digit %d", i)
		}
	}
}

// TestCompletenessSmooth does it with 64 steps where nothing jumps.
func TestCompletenessSmooth(t *testing.T) {
	const seed = 2
	x := graph.Input("x", graph.Sym("batch"), 6)
	model := nn.Sequential{&nn.Dense{Out: 20, Act: ops.Tanh}, &nn.Dense{Out: 20, Act: ops.GELU}, &nn.Dense{Out: 1}}
	score := ops.Squeeze(model.Apply(x), 1)
	nn.Init(model, seed)
	start := graph.Rewrite([]*graph.Node{score}, map[*graph.Node]*graph.Node{x: graph.Zeros(x.Type())})[0]
	values := make([]float64, 5*6)
	for i := range values {
		values[i] = rand.New(rand.NewPCG(seed, uint64(i))).NormFloat64()
	}
	got := run(t, []graph.Feed{of(t, x, values, 5, 6)}, ops.Sum(explain.IntegratedGradients(score, x, nil, 0), 1), ops.Sub(score, start))
	assert.InDeltaSlice(t, got[1], got[0], 1e-3, "seed %d", seed)
}

// TestInvariance compares two networks that compute the same: a dense layer, and two
// that are it when multiplied. Integrated gradients and Shapley values agree.
func TestInvariance(t *testing.T) {
	const seed = 3
	r := rand.New(rand.NewPCG(seed, 0))
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 4)
	numbers := func(n int) []float64 {
		list := make([]float64, n)
		for i := range list {
			list[i] = r.NormFloat64()
		}
		return list
	}
	a, b := graph.ConstOf(numbers(12), 4, 3), graph.ConstOf(numbers(15), 3, 5)
	head := func(h *graph.Node) *graph.Node { return ops.Sum(ops.Square(ops.Tanh(h)), 1) }
	one := head(ops.MatMul(ops.MatMul(x, a), b))
	other := head(ops.MatMul(x, ops.MatMul(a, b)))
	feeds := []graph.Feed{of(t, x, numbers(12), 3, 4)}
	back := graph.ConstOf(numbers(8), 2, 4)
	got := run(t, feeds, explain.IntegratedGradients(one, x, nil, 16), explain.IntegratedGradients(other, x, nil, 16),
		explain.Shapley(one, x, back, 6, 1), explain.Shapley(other, x, back, 6, 1))
	assert.InDeltaSlice(t, got[0], got[1], 1e-12, "seed %d", seed)
	assert.InDeltaSlice(t, got[2], got[3], 1e-12, "seed %d", seed)
	assert.NotEqual(t, got[0], got[2])
}

// TestSaturated is the case against plain gradients: score = 1 - relu(1 - x) is flat
// at 2, where it yet owes all it has to x.
func TestSaturated(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"))
	score := ops.Sub(graph.Scalar(1), ops.ReLU(ops.Sub(graph.Scalar(1), x)))
	got := run(t, []graph.Feed{of(t, x, []float64{2}, 1)},
		explain.Saliency(score, x), explain.IntegratedGradients(score, x, nil, 100))
	assert.Equal(t, []float64{0}, got[0])
	assert.InDelta(t, 1, got[1][0], 1e-9)
}

// TestSmoothGrad: the mean of the gradient of x³ over noise is 3(x² + sigma²).
func TestSmoothGrad(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"))
	score := ops.Mul(x, ops.Square(x))
	m := explain.SmoothGrad(explain.Saliency(score, x), x, 0.5, 20_000, 7)
	again := explain.SmoothGrad(explain.Saliency(score, x), x, 0.5, 20_000, 7)
	other := explain.SmoothGrad(explain.Saliency(score, x), x, 0.5, 20_000, 8)
	got := run(t, []graph.Feed{of(t, x, []float64{0, 1}, 2)}, m, again, other)
	assert.InDeltaSlice(t, []float64{0.75, 3.75}, got[0], 0.07, "seed 7")
	assert.Equal(t, got[0], got[1])
	assert.NotEqual(t, got[0], got[2])
	// A map that is a loop itself may be smoothed too.
	nested := explain.SmoothGrad(explain.IntegratedGradients(score, x, nil, 50), x, 0, 2, 1)
	got = run(t, []graph.Feed{of(t, x, []float64{2}, 1)}, nested)
	assert.InDelta(t, 8, got[0][0], 1e-2)
}

// TestGuided checks both cuts by hand: a path through a unit at 0, and a path with a
// negative weight.
func TestGuided(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 3)
	h := ops.ReLU(x)
	score := ops.Sum(ops.Mul(h, graph.ConstOf([]float64{2, -1, 4}, 3)), 1)
	got := run(t, []graph.Feed{of(t, x, []float64{1, 1, -1}, 1, 3)}, explain.Guided(score, x))
	assert.Equal(t, []float64{2, 0, 0}, got[0])
}

// TestGradCAM compares with a map by hand: two channels of 1 by 2 pixels.
func TestGradCAM(t *testing.T) {
	a := graph.InputOf(graph.Float64, "a", graph.Sym("batch"), 2, 1, 2)
	w := graph.ConstOf([]float64{1, 3, -1, 1}, 2, 1, 2) // means 2 and 0
	score := ops.Sum(ops.Mul(a, w), 1, 2, 3)
	got := run(t, []graph.Feed{of(t, a, []float64{5, -6, 7, 8}, 1, 2, 1, 2)}, explain.GradCAM(score, a))
	assert.Equal(t, []float64{10, 0}, got[0])
}

// TestWhereItLooks asks each map of the trained network for the share of its
// weight, as a mean square, that lies on the stroke and next to it. Noise would have
// the stroke's share of the area.
func TestWhereItLooks(t *testing.T) {
	r := trained(t)
	score := explain.Class(r.logits, r.label)
	near := ops.Greater(ops.MaxPool(ops.Expand(r.x, 1), []int{5}, ops.PoolOptions{Stride: []int{1}, Pad: [][2]int{{2, 2}}}), graph.Scalar(0.3))
	stroke := ops.Convert(ops.Squeeze(near, 1), graph.Float32)
	layer := explain.Layer(r.logits, "2")
	cam := ops.Resize(ops.Expand(explain.GradCAM(score, layer), 1), ops.ResizeOptions{Size: []graph.Dim{28, 28}, Mode: ops.Linear})
	for name, m := range map[string]*graph.Node{
		"saliency":  explain.Saliency(score, r.x),
		"gradient":  explain.GradientInput(score, r.x),
		"ig":        explain.IntegratedGradients(score, r.x, nil, 16),
		"smooth":    explain.SmoothGrad(explain.Saliency(score, r.x), r.x, 0.1, 16, 1),
		"guided":    explain.Guided(score, r.x),
		"gradcam":   ops.Squeeze(cam, 1),
		"occlusion": explain.Occlusion(score, r.x, 5, 3, 0),
	} {
		energy := ops.Square(m)
		on := ops.Div(ops.Sum(ops.Mul(energy, stroke)), ops.Sum(energy))
		got := run(t, r.feeds(40), on, ops.Mean(stroke))
		assert.Greater(t, got[0][0], got[1][0]+0.1, name)
		t.Logf("%s: %.2f on %.2f of the area", name, got[0][0], got[1][0])
	}
}

// TestSanity is the test of Adebayo et al.: a map that shows the network changes
// when the last layer's weights do.
func TestSanity(t *testing.T) {
	const seed = 5
	r := trained(t)
	score := explain.Class(r.logits, r.label)
	p, err := graph.Compile(explain.IntegratedGradients(score, r.x, nil, 8))
	require.NoError(t, err)
	before, err := p.Run(r.feeds(10)...)
	require.NoError(t, err)
	dense := r.model[7].(*nn.Dense)
	kept := dense.W.Value
	defer func() { dense.W.Value = kept }()
	require.NoError(t, dense.W.Reset(rand.New(rand.NewPCG(seed, 0))))
	after, err := p.Run(r.feeds(10)...)
	require.NoError(t, err)
	assert.Less(t, math.Abs(correlation(floats(t, before)[0], floats(t, after)[0])), 0.5, "seed %d", seed)
}

func correlation(a, b []float64) float64 {
	var ma, mb, ab, aa, bb float64
	for i := range a {
		ma, mb = ma+a[i]/float64(len(a)), mb+b[i]/float64(len(b))
	}
	for i := range a {
		ab, aa, bb = ab+(a[i]-ma)*(b[i]-mb), aa+(a[i]-ma)*(a[i]-ma), bb+(b[i]-mb)*(b[i]-mb)
	}
	return ab / math.Sqrt(aa*bb)
}

func TestGradientMistakes(t *testing.T) {
	n := graph.Sym("n")
	x, other := graph.Input("x", n, 4), graph.Input("z", n, 4)
	score := ops.Sum(x, 1)
	for want, bad := range map[string]*graph.Node{
		`saliency: the score [] is not one number for each row of x [n 4]`: explain.Saliency(ops.Sum(x), x),
		`gradientinput: [n] does not depend on z [n 4]`:                    explain.GradientInput(score, other),
		`want floats, got`: explain.Saliency(ops.ArgMax(x, 1), x),
		`integratedgradients: -1 steps: want at least 1`:                    explain.IntegratedGradients(score, x, nil, -1),
		`smoothgrad: 0 samples with noise of 1`:                             explain.SmoothGrad(score, x, 1, 0, 1),
		`gradcam: the layer x [n 4] is not [batch c h w]`:                   explain.GradCAM(score, x),
		`class: want logits [n classes] and class numbers [n], got x [n 4]`: explain.Class(x, score),
		`saliency: operand 0 is nil`:                                        explain.Saliency(nil, x),
		`cannot broadcast`:                                                  explain.IntegratedGradients(score, x, graph.ConstOf([]float32{1, 2}, 2), 0),
	} {
		assert.Contains(t, mistake(t, bad), want)
		assert.Contains(t, mistake(t, bad), "gradient_test.go:")
	}
}
