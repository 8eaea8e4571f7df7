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

// slope returns Σp·g, whose gradient with respect to p is g.
func slope(p *graph.Param, g ...float64) *graph.Node {
	return ops.Sum(ops.Mul(p.Node(), ops.Convert(graph.ConstOf(g, len(g)), p.Type.DType)))
}

func TestClipValue(t *testing.T) {
	p := param("p", 0.0, 0, 0)
	steps(t, minimize(t, slope(p, 5, -0.3, -2), optim.SGD(1).ClipValue(0.5), p), 1)
	assert.Equal(t, []float64{-0.5, 0.3, 0.5}, floats(t, p))
}

func TestClipNorm(t *testing.T) {
	for _, c := range []struct{ limit, scale float64 }{{1, 1. / 13}, {6.5, 0.5}, {13, 1}, {20, 1}} {
		p, q := param("p", 0.0, 0), param[float32]("q", 0)
		loss := ops.Add(slope(p, 3, -4), ops.Convert(slope(q, 12), graph.Float64))
		steps(t, minimize(t, loss, optim.SGD(1).ClipNorm(c.limit), p, q), 1)
		near(t, []float64{-3 * c.scale, 4 * c.scale}, floats(t, p), 1e-14, "limit %v", c.limit)
		near(t, []float64{-12 * c.scale}, floats(t, q), 1e-6, "limit %v", c.limit)
	}
	p := param("p", 1.0)
	steps(t, minimize(t, slope(p, 0), optim.SGD(1).ClipNorm(1), p), 1)
	assert.Equal(t, []float64{1}, floats(t, p), "no gradient")
}

// TestOrderOfModifiers checks that the one written last acts first.
func TestOrderOfModifiers(t *testing.T) {
	p := param("p", 10.0)
	steps(t, minimize(t, slope(p, 4), optim.SGD(1).WeightDecay(0.1).ClipValue(2), p), 1)
	near(t, []float64{10 - (2 + 1)}, floats(t, p), 1e-14, "clipped, then decayed")
	p = param("p", 10.0)
	steps(t, minimize(t, slope(p, 4), optim.SGD(1).ClipValue(2).WeightDecay(0.1), p), 1)
	near(t, []float64{10 - 2}, floats(t, p), 1e-14, "decayed, then clipped")
}

func TestPerParam(t *testing.T) {
	a, b, c := param("a", 1.0), param("b", 1.0), param("c", 1.0)
	rule := optim.PerParam(func(p *graph.Param) optim.Rule {
		switch p.Label {
		case "a":
			return optim.SGD(0.1)
		case "b":
			return optim.SGD(0.2).Schedule(optim.Step(1, 0.1))
		}
		return nil
	}).Schedule(optim.Exponential(0.5))
	step := minimize(t, bowl(a, b, c), rule, a, b, c)
	steps(t, step, 2)
	near(t, []float64{0.8 * 0.9}, floats(t, a), 1e-14)
	near(t, []float64{0.6 * (1 - 0.4*0.1*0.5)}, floats(t, b), 1e-14, "schedules multiply")
	assert.Equal(t, []float64{1}, floats(t, c), "frozen")
}

func TestFreezing(t *testing.T) {
	for name, rule := range map[string]optim.Rule{
		"nil":  func(_, _ *graph.Node, _ *optim.State) *graph.Node { return nil },
		"same": func(p, _ *graph.Node, _ *optim.State) *graph.Node { return p },
	} {
		p := param("p", 1.0)
		step := minimize(t, bowl(p), rule, p)
		steps(t, step, 2)
		assert.Equal(t, []float64{1}, floats(t, p), name)
		assert.NotContains(t, step.Listing(), "update", name)
	}
	assert.Nil(t, optim.Rule(nil).WeightDecay(1).ClipNorm(1).Schedule(optim.Constant), "a nil rule stays nil")
}

func TestScheduleInARun(t *testing.T) {
	p := param[float32]("p", 0)
	step := minimize(t, slope(p, 1), optim.SGD(1).Schedule(optim.MultiStep(0.5, 2, 3)), p)
	at := 0.0
	for _, lr := range []float64{1, 1, 0.5, 0.25, 0.25} {
		steps(t, step, 1)
		at -= lr
		assert.Equal(t, []float64{at}, floats(t, p))
	}
	p = param[float32]("p", 0)
	half := func(_, _ *graph.Node) *graph.Node { return graph.Scalar(0.1) }
	steps(t, minimize(t, slope(p, 1), optim.SGD(1).Schedule(half), p), 1)
	assert.Equal(t, []float64{float64(-float32(0.1))}, floats(t, p), "a user's schedule")
}

func TestSlotTypes(t *testing.T) {
	p := param[float32]("p", 1, 2)
	rule := func(p, g *graph.Node, s *optim.State) *graph.Node {
		largest := s.SlotOf("largest", graph.Type{DType: graph.Float32}, 7, func(old *graph.Node) *graph.Node {
			return ops.Maximum(old, ops.Max(ops.Abs(g)))
		})
		sum := s.SlotFrom("sum", 1, func(old *graph.Node) *graph.Node { return ops.Add(old, g) })
		return ops.Div(sum, largest)
	}
	steps(t, minimize(t, slope(p, 14, -6), rule, p), 1)
	near(t, []float64{15. / 14, -5. / 14}, floats(t, p), 1e-6)
}

func TestGlobalNormIsShared(t *testing.T) {
	p, q := param("p", 3.0), param("q", 4.0)
	var norms []*graph.Node
	rule := func(p, _ *graph.Node, s *optim.State) *graph.Node {
		norms = append(norms, s.GlobalNorm())
		return ops.Add(ops.Mul(p, graph.Scalar(0)), s.GlobalNorm())
	}
	steps(t, minimize(t, bowl(p, q), rule, p, q), 1)
	assert.Same(t, norms[0], norms[1])
	assert.Equal(t, []float64{10}, floats(t, p))
}

// TestAverages checks ASGD's slot, which holds the mean of the last values.
func TestAverages(t *testing.T) {
	p := param("p", 1.0)
	step := minimize(t, bowl(p), optim.ASGD(0.1, optim.ASGDOptions{Start: 2}), p)
	steps(t, step, 3)
	sum := 0.0
	for range 3 { // from step Start + 2
		steps(t, step, 1)
		sum += floats(t, p)[0]
	}
	for _, q := range step.Params() {
		if q.Label == "p/average" {
			near(t, []float64{sum / 3}, floats(t, q), 1e-12)
		}
	}
}

// TestLion feeds gradients that momentum outweighs once and then does not.
func TestLion(t *testing.T) {
	p := param("p", 1.0)
	x := graph.InputOf(graph.Float64, "x", 1)
	step := minimize(t, ops.Sum(ops.Mul(p.Node(), x)), optim.Lion(0.1, 0.5), p)
	at := 1.0
	for _, c := range []struct{ g, sign float64 }{{1, 1}, {-0.05, 1}, {-0.2, -1}, {0, 1}} {
		// m is 0, 0.01, 0.0094 and 0.0073 before the steps
		v, err := graph.TensorOf([]float64{c.g}, 1)
		require.NoError(t, err)
		steps(t, step, 1, x.IsTensor(v))
		at = at*(1-0.1*0.5) - 0.1*c.sign
		near(t, []float64{at}, floats(t, p), 1e-12, "gradient %v", c.g)
	}
}

// TestNAdam checks the first step of Dozat's formula.
func TestNAdam(t *testing.T) {
	p := param("p", 1.0)
	steps(t, minimize(t, bowl(p), optim.NAdam(0.01, optim.NAdamOptions{Eps: optim.Zero}), p), 1)
	mu := 0.9 * (1 - 0.5*math.Pow(0.96, 0.004))
	next := 0.9 * (1 - 0.5*math.Pow(0.96, 0.008))
	near(t, []float64{1 - 0.01*(1+0.1*next/(1-mu*next))}, floats(t, p), 1e-12)
}
