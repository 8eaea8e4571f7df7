package live

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestJudge compares curves with their formulas, and looks at what each verdict
// says.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		text        string
		loss, slope func(p float64) float64 // where y is 0.5
		reduced     bool
	}{
		{"mean((p-y)^2)", func(p float64) float64 { return (p - 0.5) * (p - 0.5) }, func(p float64) float64 { return 2 * (p - 0.5) }, false},
		{"abs(p-y)^1.5", func(p float64) float64 { return math.Pow(math.Abs(p-0.5), 1.5) }, func(p float64) float64 {
			return 1.5 * math.Sqrt(math.Abs(p-0.5)) * math.Copysign(1, p-0.5)
		}, true},
		{"mean(softplus(p) - y*p)", func(p float64) float64 { return math.Log1p(math.Exp(p)) - 0.5*p }, func(p float64) float64 { return 1/(1+math.Exp(-p)) - 0.5 }, false},
	} {
		v, err := trial{c.text, 0.5}.judge()
		require.NoError(t, err, c.text)
		require.Len(t, v.P, 161)
		for i, p := range v.P {
			assert.InDelta(t, c.loss(p), float64(v.Loss[i]), 1e-9, "%s at %v", c.text, p)
			assert.InDelta(t, c.slope(p), float64(v.Slope[i]), 1e-9, "slope of %s at %v", c.text, p)
		}
		assert.Equal(t, c.reduced, v.Reduced, c.text)
		assert.True(t, v.Agrees, "%s: %v at %v", c.text, v.Worst, v.Where)
		assert.Contains(t, v.Formula.MathML, "<math")
		assert.Contains(t, v.Derivative.MathML, "<math")
		assert.NotEmpty(t, v.Graph.Boxes)
	}
}

func TestJudgeMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"mean(p-z)":               "z",
		"p +":                     "",
		"mean(y^2)":               "the loss does not depend on p",
		"frobnicate(p)":           "frobnicate",
		strings.Repeat("p+", 400): "800 characters: want at most 500",
	} {
		_, err := trial{text, 0}.judge()
		if assert.Error(t, err, "%q", text) {
			assert.Contains(t, err.Error(), want)
		}
	}
}

// TestFit fits a wave with outliers: a loss that hardly follows them ends nearer to
// the wave than the squared error.
func TestFit(t *testing.T) {
	f, err := trial{"mean(log(1+((p-y)/0.3)^2))", 0}.fit(context.Background())
	require.NoError(t, err)
	require.Len(t, f.Steps, 300)
	assert.Less(t, float64(f.Steps[299]), float64(f.Steps[0]))
	far := func(p []num) float64 {
		sum := 0.0
		for i, x := range f.Grid {
			sum += math.Abs(float64(p[i]) - math.Sin(1.5*x))
		}
		return sum / float64(len(p))
	}
	t.Logf("mean distance to the wave: %.3f with this loss, %.3f with the squared error", far(f.Own), far(f.Other))
	assert.Less(t, far(f.Own), 0.6*far(f.Other))
}
