package optim_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// TestLearningRate compares what a step says of its rate with the schedules' formulas.
func TestLearningRate(t *testing.T) {
	still := func(p, _ *graph.Node, _ *optim.State) *graph.Node { return p }
	for name, c := range map[string]struct {
		rule optim.Rule
		want func(t float64) float64
	}{
		"constant":    {optim.SGD(0.1), func(float64) float64 { return 0.1 }},
		"cosine":      {optim.Adam(0.2).Schedule(optim.Cosine(10, 0)), func(t float64) float64 { return 0.1 * (1 + math.Cos(math.Pi*t/10)) }},
		"two":         {optim.SGD(0.2).Schedule(optim.Step(2, 0.5)).Schedule(optim.Exponential(0.9)), func(t float64) float64 { return 0.2 * math.Pow(0.5, math.Floor(t/2)) * math.Pow(0.9, t) }},
		"decay":       {optim.AdamW(0.3, 0.1).ClipNorm(1), func(float64) float64 { return 0.3 }},
		"first group": {optim.PerParam(func(p *graph.Param) optim.Rule { return optim.SGD(map[string]float64{"w": 0.4, "b": 0.5}[p.Label]) }), func(float64) float64 { return 0.4 }},
		"none":        {still, func(float64) float64 { return math.NaN() }},
	} {
		w, b, xs, ys := line()
		miss := ops.Sub(ops.Add(ops.Mul(graph.Const(xs), w.Node()), b.Node()), graph.Const(ys))
		loss := ops.Mean(ops.Square(miss))
		step, err := optim.Minimize(loss, []*graph.Param{w, b}, c.rule, optim.LearningRate(), ops.Mean(miss))
		require.NoError(t, err, name)
		a, err := optim.Accumulate(loss, graph.Scalar(1), []*graph.Param{w, b}, c.rule, optim.LearningRate(), ops.Mean(miss))
		require.NoError(t, err, name)
		assert.Len(t, a.Add.Outputs(), 2, name)
		for n := range 5 {
			for _, p := range []*graph.Program{step, a.Update} {
				if p == a.Update {
					_, err := a.Add.Run()
					require.NoError(t, err, name)
				}
				out, err := p.Run()
				require.NoError(t, err, name)
				got := out[map[bool]int{true: 0, false: 1}[p == a.Update]].Data().(float64)
				if want := c.want(float64(n)); math.IsNaN(want) {
					assert.True(t, math.IsNaN(got), name)
				} else {
					assert.InDelta(t, want, got, 1e-15, "%s, step %d", name, n)
				}
			}
		}
	}
}
