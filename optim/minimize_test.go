package optim_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// bowl returns Σp² over all parameters, whose gradient is 2p.
func bowl(params ...*graph.Param) *graph.Node {
	sum := graph.Zeros(graph.Type{DType: params[0].Type.DType})
	for _, p := range params {
		sum = ops.Add(sum, ops.Sum(ops.Square(p.Node())))
	}
	return sum
}

// signSGD moves each element by lr against its gradient's sign.
func signSGD(lr float64) optim.Rule {
	return func(p, g *graph.Node, s *optim.State) *graph.Node {
		return ops.Sub(p, ops.Mul(s.Rate(lr), ops.Sign(g)))
	}
}

func TestCustomRule(t *testing.T) {
	p := param[float32]("p", 2, -1, 0)
	assert.Equal(t, 5.0, steps(t, minimize(t, bowl(p), signSGD(0.5), p), 1), "the loss is that before the step")
	assert.Equal(t, []float64{1.5, -0.5, 0}, floats(t, p))
}

func TestOutputsAreBeforeTheStep(t *testing.T) {
	p := param("p", 1.0)
	step, err := optim.Minimize(bowl(p), []*graph.Param{p}, optim.SGD(0.1), ops.Scale(p.Node(), 3), p.Node())
	require.NoError(t, err)
	out, err := step.Run()
	require.NoError(t, err)
	require.Len(t, out, 3)
	assert.Equal(t, []any{1.0, []float64{3}, []float64{1}}, []any{out[0].Data(), out[1].Data(), out[2].Data()})
	assert.Equal(t, []float64{0.8}, floats(t, p))
}

// TestRegression fits 4 weights and a bias to data without noise.
func TestRegression(t *testing.T) {
	const seed = 3
	rnd := rand.New(rand.NewPCG(seed, 0))
	want := []float64{1, -2, 0.5, 3}
	xs, ys := make([]float32, 32*4), make([]float32, 32)
	for i := range ys {
		ys[i] = 0.7
		for j, w := range want {
			xs[4*i+j] = float32(rnd.NormFloat64())
			ys[i] += float32(w) * xs[4*i+j]
		}
	}
	w, b := param[float32]("w", 0, 0, 0, 0), param[float32]("b", 0)
	x, y := graph.ConstOf(xs, 32, 4), graph.ConstOf(ys, 32)
	loss := ops.Mean(ops.Square(ops.Sub(ops.Add(ops.MatMul(x, w.Node()), b.Node()), y)))
	step := minimize(t, loss, optim.Adam(0.1).Schedule(optim.Cosine(500, 0)), w, b)
	first := steps(t, step, 1)
	last := steps(t, step, 499)
	assert.Less(t, last, 1e-6*first, "seed %d", seed)
	near(t, append(want, 0.7), append(floats(t, w), floats(t, b)...), 1e-2)
}

func TestFloat32FollowsFloat64(t *testing.T) {
	for _, rule := range everyRule() {
		a, b := param("p", 1, -0.5, 0.25), param[float32]("p", 1, -0.5, 0.25)
		steps(t, minimize(t, bowl(a), rule, a), 50)
		steps(t, minimize(t, bowl(b), rule, b), 50)
		for i, v := range floats(t, a) {
			assert.InDelta(t, v, floats(t, b)[i], 1e-4)
		}
	}
}

// everyRule returns each rule once, with a schedule.
func everyRule() []optim.Rule {
	const lr = 0.01
	rules := []optim.Rule{
		optim.SGD(lr), optim.SGD(lr, optim.SGDOptions{Momentum: 0.9, Dampening: 0.1}), optim.ASGD(lr),
		optim.Adam(lr), optim.Adam(lr, optim.AdamOptions{AMSGrad: true}), optim.AdamW(lr, 0.1), optim.Adamax(lr), optim.NAdam(lr), optim.RAdam(lr),
		optim.RMSProp(lr, optim.RMSPropOptions{Centered: true, Momentum: 0.5}), optim.Adagrad(lr, optim.AdagradOptions{LRDecay: 0.1}), optim.Adadelta(lr),
		optim.Lion(lr, 0.1), optim.Rprop(lr),
	}
	for i := range rules {
		rules[i] = rules[i].Schedule(optim.WarmUp(5, optim.Exponential(0.99))).WeightDecay(0.01).ClipNorm(1)
	}
	return rules
}

func TestSameBitsTwice(t *testing.T) {
	for i, rule := range everyRule() {
		var first []float64
		for range 2 {
			p, q := param[float32]("p", 1, -0.5), param[float32]("q", 0.3)
			steps(t, minimize(t, ops.Add(bowl(p, q), ops.Sum(ops.Cos(p.Node()))), rule, p, q), 20)
			got := append(floats(t, p), floats(t, q)...)
			if first == nil {
				first = got
			}
			assert.Equal(t, first, got, "rule %d", i)
		}
	}
}

func TestZeroGradient(t *testing.T) {
	p, idle := param("p", 1.0), param("idle", 2.0)
	step := minimize(t, bowl(p), optim.SGD(0.1), p, idle)
	steps(t, step, 3)
	assert.Equal(t, []float64{2}, floats(t, idle), "the loss does not depend on it")
	step = minimize(t, bowl(p), optim.SGD(0.1).WeightDecay(0.5), p, idle)
	steps(t, step, 1)
	near(t, []float64{2 - 0.1*0.5*2}, floats(t, idle), 1e-15)
	for i, rule := range everyRule() {
		steps(t, minimize(t, bowl(p), rule, p, idle), 2)
		assert.False(t, math.IsNaN(floats(t, idle)[0]), "rule %d", i)
	}
}

func TestZeroIsNoDefault(t *testing.T) {
	p := param("p", 3.0)
	steps(t, minimize(t, bowl(p), optim.Adam(0.1, optim.AdamOptions{Beta1: optim.Zero, Beta2: optim.Zero, Eps: optim.Zero}), p), 2)
	near(t, []float64{2.8}, floats(t, p), 1e-12, "sign descent")
}

func TestSlots(t *testing.T) {
	p, q := param("Trunk.0.W", 1.0, 2.0), param[float32]("Trunk.0.B", 1)
	loss := ops.Add(bowl(p), ops.Convert(bowl(q), graph.Float64))
	step := minimize(t, loss, optim.NAdam(0.1), p, q)
	var got []string
	for _, p := range step.Params() {
		got = append(got, p.Label+" "+p.Type.String())
	}
	assert.ElementsMatch(t, []string{
		"Trunk.0.W f64[2]", "Trunk.0.W/m f64[2]", "Trunk.0.W/v f64[2]", "Trunk.0.W/mu f64[]",
		"Trunk.0.B f32[1]", "Trunk.0.B/m f32[1]", "Trunk.0.B/v f32[1]", "Trunk.0.B/mu f64[]",
		"step i64[]",
	}, got)
	steps(t, step, 3)
	for _, p := range step.Params() {
		switch p.Label {
		case "step":
			assert.Equal(t, []float64{3}, floats(t, p))
		case "Trunk.0.W/mu":
			assert.InDelta(t, 0.45*0.45*0.45, floats(t, p)[0], 1e-3)
		}
	}
	assert.Len(t, minimize(t, loss, optim.SGD(0.1), p, q).Params(), 2, "plain descent remembers nothing")
}

// TestResume moves the memory of one program to another, which goes on alike.
func TestResume(t *testing.T) {
	rule := optim.Adam(0.1).Schedule(optim.Cosine(20, 0))
	p, q := param("p", 1.0, 2.0), param("p", 0.0, 0.0)
	a, b := minimize(t, bowl(p), rule, p), minimize(t, bowl(q), rule, q)
	steps(t, a, 7)
	for i, from := range a.Params() {
		require.Equal(t, from.Label, b.Params()[i].Label)
		b.Params()[i].Value = from.Value.Clone().(*tensor.Dense)
	}
	steps(t, a, 5)
	steps(t, b, 5)
	assert.Equal(t, floats(t, p), floats(t, q))
}

func TestRunningStatistics(t *testing.T) {
	p, mean := param("p", 1.0), param("mean", 0.0)
	x := graph.InputOf(graph.Float64, "x", 1)
	average := graph.Assign(mean, ops.Add(ops.Scale(mean.Node(), 0.5), ops.Scale(x, 0.5)))
	loss := ops.After(ops.Sum(ops.Square(ops.Mul(p.Node(), x))), average)
	step := minimize(t, loss, optim.SGD(0.01), p)
	v, err := graph.TensorOf([]float64{4}, 1)
	require.NoError(t, err)
	steps(t, step, 2, x.IsTensor(v))
	assert.Equal(t, []float64{3}, floats(t, mean))
	near(t, []float64{0.68 * 0.68}, floats(t, p), 1e-12)
}

// TestUntrainedParameters gives Minimize all that a model holds: what is marked
// as untrained and what is no float stays, decay or not.
func TestUntrainedParameters(t *testing.T) {
	p, mean, count := param("p", 1.0), param("mean", 2.0), param[int64]("count", 3)
	mean.Untrained = true
	loss := ops.Sum(ops.Mul(ops.Square(p.Node()), mean.Node()))
	step := minimize(t, loss, optim.SGD(0.1).WeightDecay(0.5), p, mean, count)
	steps(t, step, 1)
	near(t, []float64{1 - 0.1*(4+0.5)}, floats(t, p), 1e-12)
	assert.Equal(t, []float64{2}, floats(t, mean))
	assert.Equal(t, []float64{3}, floats(t, count))
}

func TestProvenance(t *testing.T) {
	p, q := param("p", 1.0), param("q", 2.0)
	step := minimize(t, bowl(p, q), optim.Adam(0.1).ClipNorm(1), p, q)
	of := map[string]int{}
	for _, n := range step.Nodes() {
		if from := n.From(); from.Param != nil {
			of[from.Param.Label]++
			assert.Nil(t, from.Of)
		}
	}
	assert.Greater(t, of["p"], 10)
	assert.Greater(t, of["q"], 10)
	assert.NotContains(t, strings.Split(step.Listing(), "\n")[0], "update")
}

func TestListing(t *testing.T) {
	p := param[float32]("w", 1, 2)
	x := graph.Input("x", 2)
	loss := ops.Sum(ops.Mul(p.Node(), x))
	step := minimize(t, loss, optim.SGD(0.1), p)
	var text strings.Builder
	for line := range strings.Lines(step.Listing()) {
		text.WriteString(line[:strings.LastIndex(line, " ")] + "\n") // without the place
	}
	assert.Equal(t, `v0 = input x f32[2] //
v1 = param w f32[2] //
v2 = mul f32[2] v1 v0 //
v3 = sum(0) f32[] v2 //
v4 = const f32[2] // gradient at v3
v5 = mul f32[2] v4 v0 // gradient at v2
v6 = 0.1 f32[] // update of w
v7 = mul f32[2] v6 v5 // update of w
v8 = sub f32[2] v1 v7 // update of w
`, text.String())
}
