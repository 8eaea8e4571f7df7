package env

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// draw returns any action of a space.
func draw(s Space, rnd *rand.Rand) []float32 {
	if s.N > 0 {
		return []float32{float32(rnd.IntN(s.N))}
	}
	row := make([]float32, s.Len())
	for i := range row {
		row[i] = float32(s.Low[i] + (s.High[i]-s.Low[i])*rnd.Float64())
	}
	return row
}

func TestWorldsKeepToTheirSpaces(t *testing.T) {
	for name, limit := range map[string]int{"cartpole": 500, "gridworld": 100, "pendulum": 200} {
		e, err := New(name)
		require.NoError(t, err)
		var first [2][]float32
		for again := range first { // the same seed gives the same episodes
			rnd := rand.New(rand.NewPCG(7, 1))
			for range 20 {
				obs := make([]float32, e.Observations().Len())
				e.Reset(rnd, obs)
				for steps := 1; ; steps++ {
					require.True(t, e.Observations().Contains(obs), "%s: %v", name, obs)
					first[again] = append(first[again], obs...)
					o, err := e.Step(draw(e.Actions(), rnd), obs)
					require.NoError(t, err)
					require.LessOrEqual(t, steps, limit, name)
					require.Equal(t, steps == limit && !o.Terminated, o.Truncated, "%s after %d steps", name, steps)
					if o.Over() {
						break
					}
				}
			}
		}
		assert.Equal(t, first[0], first[1], name)
	}
	_, err := New("chess")
	assert.EqualError(t, err, `there is no world "chess": want cartpole, gridworld or pendulum`)
}

func TestSpaces(t *testing.T) {
	choice, box := Space{N: 3}, Space{Low: []float64{-1, 0}, High: []float64{1, 2}}
	assert.Equal(t, 1, choice.Len())
	assert.Equal(t, 2, box.Len())
	assert.True(t, choice.Contains([]float32{2}))
	nan := float32(math.NaN())
	for _, row := range [][]float32{{3}, {-1}, {0.5}, {0, 0}, {nan}} {
		assert.False(t, choice.Contains(row), row)
	}
	assert.True(t, box.Contains([]float32{-1, 2}))
	for _, row := range [][]float32{{-1.1, 0}, {0, 2.1}, {0}, {nan, 0}} {
		assert.False(t, box.Contains(row), row)
	}
	assert.Equal(t, "one of 3, 2 numbers", choice.String()+", "+box.String())
}

func TestActionsOutside(t *testing.T) {
	for name, want := range map[string]string{
		"cartpole":  "cartpole: there is no action [2.5]: want a whole number from 0 to 1",
		"gridworld": "gridworld: there is no action [2.5]: want a whole number from 0 to 3",
	} {
		e, err := New(name)
		require.NoError(t, err)
		obs := make([]float32, e.Observations().Len())
		e.Reset(rand.New(rand.NewPCG(1, 1)), obs)
		_, err = e.Step([]float32{2.5}, obs)
		assert.EqualError(t, err, want)
	}
	_, err := new(Pendulum).Step([]float32{1, 2}, nil)
	assert.EqualError(t, err, "pendulum: there is no action [1 2]: want one torque")
}

func TestVector(t *testing.T) {
	v := NewVector(3, 5, func() Env { return Limit(&CartPole{}, 15) })
	alone := Limit(&CartPole{}, 15) // the second of them
	rnd, obs := rand.New(rand.NewPCG(5, 1)), make([]float32, 4)
	alone.Reset(rnd, obs)
	ended := 0
	for range 100 {
		assert.Equal(t, obs, v.Obs[4:8])
		require.NoError(t, v.Step([]float32{0, 1, 0}))
		o, err := alone.Step([]float32{1}, obs)
		require.NoError(t, err)
		assert.Equal(t, o, v.Outcomes[1])
		assert.Equal(t, obs, v.Next[4:8], "Next is of the old episode")
		if o.Over() {
			ended++
			alone.Reset(rnd, obs)
		}
	}
	assert.GreaterOrEqual(t, ended, 6)
	assert.EqualError(t, v.Step([]float32{0}), "step: 1 numbers for 3 worlds with actions of 1")
}
