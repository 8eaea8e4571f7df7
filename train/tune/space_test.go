package tune

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValues(t *testing.T) {
	for _, c := range []struct {
		p    Param
		u    float64
		want any
	}{
		{Float("p", -1, 3), 0, -1.0},
		{Float("p", -1, 3), 0.25, 0.0},
		{Float("p", -1, 3), 1, 3.0},
		{Float("p", 2, 2), 0.3, 2.0},
		{LogFloat("p", 1e-4, 1), 0, 1e-4},
		{LogFloat("p", 1e-4, 1), 1, 1.0},
		{Int("p", 1, 4), 0.2499, 1},
		{Int("p", 1, 4), 0.25, 2},
		{Int("p", 1, 4), 1, 4},
		{LogInt("p", 1, 1000), 0, 1},
		{LogInt("p", 1, 1000), 1, 1000},
		{Choice("p", "a", "b"), 0.49, "a"},
		{Choice("p", "a", "b"), 0.5, "b"},
		{Choice("p", "a", "b"), 1, "b"},
	} {
		assert.Equal(t, c.want, c.p.value(c.u), "%v at %v", c.p, c.u)
	}
	assert.InEpsilon(t, 1e-2, LogFloat("p", 1e-4, 1).value(0.5), 1e-12)

	// what unit says of a value becomes that value again
	for _, p := range []Param{Float("p", -1, 3), LogFloat("p", 1e-4, 1), Int("p", -2, 9), LogInt("p", 1, 40), Choice("p", "a", "b", "c")} {
		seen := map[any]bool{}
		for k := range 1001 {
			v := p.value(float64(k) / 1000)
			u, ok := p.unit(v)
			require.True(t, ok, "%v of %v", v, p)
			if p.count() > 0 {
				assert.Equal(t, v, p.value(u))
				seen[v] = true
			} else {
				assert.InDelta(t, float64(k)/1000, u, 1e-9)
			}
		}
		assert.Len(t, seen, p.count(), "every value of %v comes", p)
	}
}

func TestConditional(t *testing.T) {
	s := Space{
		Choice("rule", "adam", "sgd"),
		Choice("kind", "plain", "momentum").When("rule", "sgd"),
		Float("beta", 0, 1).When("kind", "momentum"),
	}
	require.NoError(t, s.check())
	assert.Equal(t, Values{"rule": "adam"}, s.values([]float64{0, 1, 1}))
	assert.Equal(t, Values{"rule": "sgd", "kind": "plain"}, s.values([]float64{1, 0, 1}))
	assert.Equal(t, Values{"rule": "sgd", "kind": "momentum", "beta": 0.25}, s.values([]float64{1, 1, 0.25}))
	point := s.Point(Values{"rule": "sgd", "kind": "plain"})
	assert.Equal(t, []float64{0.75, 0.25}, point[:2])
	assert.True(t, math.IsNaN(point[2]))
}

func TestSpaceMistakes(t *testing.T) {
	for _, c := range []struct {
		space Space
		want  string
	}{
		{nil, "tune: the space has no parameters: set Study.Space"},
		{Space{Float("", 0, 1)}, "tune: a parameter has no name"},
		{Space{Float("a", 2, 1)}, `tune: parameter "a": from 2 to 1: want finite ends, the low one first`},
		{Space{Float("a", math.Inf(-1), 1)}, `tune: parameter "a": from -Inf to 1: want finite ends, the low one first`},
		{Space{Float("a", math.NaN(), 1)}, `tune: parameter "a": from NaN to 1: want finite ends, the low one first`},
		{Space{LogFloat("a", 0, 1)}, `tune: parameter "a": from 0 to 1: a logarithm needs positive ends`},
		{Space{{Name: "a", Kind: Ints, Low: 0.5, High: 2}}, `tune: parameter "a": from 0.5 to 2: whole numbers need whole ends`},
		{Space{{Name: "a", Kind: 9}}, `tune: parameter "a": kind 9 is not known`},
		{Space{Choice("a")}, `tune: parameter "a": there is nothing to choose from`},
		{Space{Choice("a", "x", "x")}, `tune: parameter "a": the choice "x" comes twice`},
		{Space{Int("a", 0, 1), Int("a", 0, 1)}, `tune: two parameters are named "a"`},
		{Space{Int("a", 0, 1).When("b", "x"), Choice("b", "x")}, `tune: parameter "a" depends on "b", which is no choice that comes before it`},
		{Space{Choice("b", "x", "y"), Int("a", 0, 1).When("b", "z")}, `tune: parameter "a" depends on b being "z", which is none of x, y`},
	} {
		_, err := (&Study{Space: c.space, Objective: func(context.Context, *Trial) (float64, error) { return 0, nil }}).Run(t.Context())
		assert.EqualError(t, err, c.want)
	}
}
