package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// twins returns two models of the same make with other values.
func twins() (a, b nn.Sequential) {
	x := graph.Input("x", 1, 3)
	build := func(seed uint64) nn.Sequential {
		s := nn.Sequential{&nn.Dense{Out: 4, Act: ops.Tanh}, &nn.Dropout{Rate: 0.5}, &nn.Dense{Out: 2}}
		s.Apply(x)
		nn.Init(s, seed)
		return s
	}
	return build(1), build(2)
}

// values returns all numbers of a model, one after the other.
func values(t *testing.T, model any) (list []float64) {
	for _, p := range nn.Params(model) {
		list = append(list, value(t, p)...)
	}
	return list
}

func TestCopy(t *testing.T) {
	a, b := twins()
	want := values(t, b)
	assert.NotEqual(t, want, values(t, a))
	require.NoError(t, nn.Copy(a, b))
	assert.Equal(t, want, values(t, a))
	for _, p := range nn.Params(a) {
		p.Value = nil
	}
	assert.EqualError(t, nn.Copy(b, a), "copy: parameter 0.W has no value: call nn.Init(model, seed)")
	require.NoError(t, nn.Copy(a, b), "values that are not there yet are made")
	assert.Equal(t, want, values(t, a))
	nn.Params(a)[0].Value.Float32s()[0] = 7
	assert.Equal(t, want, values(t, b), "the models share no memory")
}

func TestPolyak(t *testing.T) {
	a, b := twins()
	old, goal := values(t, a), values(t, b)
	follow, err := graph.CompileTraining(nil, nn.Polyak(a, b, 0.25)...)
	require.NoError(t, err)
	for n := 1; n <= 5; n++ {
		require.NoError(t, follow.RunInto(nil))
		now := values(t, a)
		for i := range now {
			left := math.Pow(0.75, float64(n))
			if math.Abs(goal[i]) > 1e3 { // the seed of the dropout
				left = 0
			}
			require.InDelta(t, goal[i]+left*(old[i]-goal[i]), now[i], 1e-6)
		}
	}
	all, err := graph.CompileTraining(nil, nn.Polyak(a, b, 1)...)
	require.NoError(t, err)
	require.NoError(t, all.RunInto(nil))
	assert.Equal(t, goal, values(t, a))
	assert.Equal(t, goal, values(t, b), "the other model stays")
}

func TestCopyMistakes(t *testing.T) {
	a, b := twins()
	assert.EqualError(t, nn.Copy(a, b[:2]), "copy: the models have 5 and 3 parameters: want two of the same make, both applied")
	assert.EqualError(t, nn.Copy(a, a), "copy: both models hold the parameter 0.W: make each by itself")
	wide := &nn.Dense{Out: 5}
	wide.Apply(graph.Input("x", 1, 3))
	assert.EqualError(t, nn.Copy(a[:1], nn.Sequential{wide}), "copy: parameters 0.W f32[3 4] and 0.W f32[3 5] differ")
	for _, c := range []struct {
		tau  float64
		from any
		want string
	}{{0, b, "tau is 0: want a share greater than 0, at most 1"}, {1.5, b, "tau is 1.5: want"}, {math.NaN(), b, "tau is NaN"}, {0.5, nil, "the models have 5 and 0 parameters"}} {
		_, err := graph.CompileTraining(nil, nn.Polyak(a, c.from, c.tau)...)
		assert.ErrorContains(t, err, "polyak: "+c.want)
	}
}

func TestRandomMistakes(t *testing.T) {
	_, err := graph.Compile((*nn.Random)(nil).Draw(nil))
	assert.ErrorContains(t, err, "random: the source or what is to be drawn is nil: want an nn.Random and a function such as the Sample of a distribution")
}
