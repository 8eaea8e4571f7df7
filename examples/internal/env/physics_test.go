package env

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCartPoleByHand computes one push to the right from rest and upright:
// u = 10/1.1, θ̈ = -u/(0.5·(4/3 - 0.1/1.1)), ẍ = u - 0.05·θ̈/1.1.
func TestCartPoleByHand(t *testing.T) {
	c, obs := &CartPole{}, make([]float32, 4)
	o, err := c.Step([]float32{1}, obs)
	require.NoError(t, err)
	assert.Equal(t, Outcome{Reward: 1}, o)
	assert.Zero(t, c.X)
	assert.Zero(t, c.Angle)
	assert.InDelta(t, 0.19512195, c.V, 1e-8)
	assert.InDelta(t, -0.29268293, c.Spin, 1e-8)
	_, err = c.Step([]float32{0}, obs)
	require.NoError(t, err)
	assert.InDelta(t, 0.02*0.19512195, c.X, 1e-9)
	assert.InDelta(t, -0.02*0.29268293, c.Angle, 1e-9)
	assert.Equal(t, float32(c.Angle), obs[2])
}

func TestCartPoleIsSymmetric(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	for range 100 {
		a := &CartPole{X: rnd.NormFloat64(), V: rnd.NormFloat64(), Angle: 0.2 * rnd.NormFloat64(), Spin: rnd.NormFloat64()}
		b := &CartPole{-a.X, -a.V, -a.Angle, -a.Spin}
		obs := make([]float32, 4)
		_, err := a.Step([]float32{0}, obs)
		require.NoError(t, err)
		_, err = b.Step([]float32{1}, obs)
		require.NoError(t, err)
		assert.Equal(t, *a, CartPole{-b.X, -b.V, -b.Angle, -b.Spin})
	}
}

func TestCartPoleEnds(t *testing.T) {
	for _, c := range []struct {
		at   CartPole
		over bool
	}{{CartPole{X: 2.39}, false}, {CartPole{X: 2.41}, true}, {CartPole{X: -2.41}, true}, {CartPole{Angle: 0.209}, false}, {CartPole{Angle: -0.21}, true}} {
		o, err := c.at.Step([]float32{1}, make([]float32, 4))
		require.NoError(t, err)
		assert.Equal(t, Outcome{Reward: 1, Terminated: c.over}, o, c.at)
	}
}

// TestPendulumByHand: from level at rest with a torque of 1 (of 3, cut to 2),
// the speed is (15 + 3·2)·0.05.
func TestPendulumByHand(t *testing.T) {
	p, obs := &Pendulum{Angle: math.Pi / 2}, make([]float32, 3)
	o, err := p.Step([]float32{3}, obs)
	require.NoError(t, err)
	assert.InDelta(t, -(math.Pi*math.Pi/4 + 0.004), o.Reward, 1e-12)
	assert.InDelta(t, 1.05, p.Spin, 1e-12)
	assert.InDelta(t, math.Pi/2+0.0525, p.Angle, 1e-12)
	assert.InDelta(t, math.Cos(p.Angle), obs[0], 1e-7)
	assert.InDelta(t, 1.05, obs[2], 1e-6)
	p = &Pendulum{Angle: 3 * math.Pi, Spin: 7.9}
	o, err = p.Step([]float32{2}, obs)
	require.NoError(t, err)
	assert.Equal(t, 8.0, p.Spin, "speeds are bounded")
	assert.InDelta(t, -(math.Pi*math.Pi + 0.1*7.9*7.9 + 0.004), o.Reward, 1e-9, "angles count from -π to π")
}

// TestPendulumSwings counts how long small swings about the bottom take: the
// equation says ω² = 3g/2l.
func TestPendulumSwings(t *testing.T) {
	p, obs := &Pendulum{Angle: math.Pi + 0.05}, make([]float32, 3)
	var crossings []float64
	for step := range 1000 {
		before := p.Angle - math.Pi
		_, err := p.Step([]float32{0}, obs)
		require.NoError(t, err)
		if after := p.Angle - math.Pi; before < 0 && after >= 0 {
			crossings = append(crossings, (float64(step)-before/(after-before))*rodTime)
		}
	}
	require.Greater(t, len(crossings), 20)
	period := (crossings[len(crossings)-1] - crossings[0]) / float64(len(crossings)-1)
	assert.InDelta(t, 2*math.Pi/math.Sqrt(15), period, 0.01)
}

// TestGridWorldIsTheKnownOne walks by the best policy of the book, whose value
// at the start is 0.705.
func TestGridWorldIsTheKnownOne(t *testing.T) {
	const episodes = 40000
	policy := []float32{1, 1, 1, 0, 0, 0, 0, 0, 0, 3, 3, 3}
	g, rnd := &GridWorld{}, rand.New(rand.NewPCG(11, 11))
	sum, squares := 0.0, 0.0
	obs := make([]float32, 1)
	for range episodes {
		total := 0.0
		for g.Reset(rnd, obs); ; {
			o, err := g.Step(policy[int(obs[0]):][:1], obs)
			require.NoError(t, err)
			total += o.Reward
			if o.Over() {
				break
			}
		}
		sum += total
		squares += total * total
	}
	mean := sum / episodes
	deviation := math.Sqrt((squares/episodes - mean*mean) / episodes)
	assert.InDelta(t, 0.705, mean, 4*deviation+0.0005)
}

func TestGridWorldByHand(t *testing.T) {
	g, obs := &GridWorld{Map: []string{"S-", "+#"}, Cost: 0.5}, make([]float32, 1)
	for _, c := range []struct {
		action, at float32
		want       Outcome
	}{{0, 0, Outcome{Reward: -0.5}}, {3, 0, Outcome{Reward: -0.5}}, {1, 1, Outcome{Reward: -1.5, Terminated: true}}, {2, 2, Outcome{Reward: 0.5, Terminated: true}}} {
		g.Reset(nil, obs)
		o, err := g.Step([]float32{c.action}, obs)
		require.NoError(t, err)
		assert.Equal(t, c.want, o)
		assert.Equal(t, c.at, obs[0])
	}
	g.at = 1 // in the pit, above the wall
	assert.Equal(t, 1, g.walk(1, 2))
}

func TestTicTacToe(t *testing.T) {
	var game TicTacToe
	for _, cell := range []int{4, 0, 2, 6, 3} {
		var err error
		game, err = game.Play(cell)
		require.NoError(t, err)
	}
	assert.Equal(t, "o.x\nxx.\no..", game.String())
	assert.Equal(t, int8(-1), game.Turn())
	assert.Equal(t, []int{1, 5, 7, 8}, game.Moves(nil))
	_, err := game.Play(4)
	assert.EqualError(t, err, "tictactoe: cell 4 is not free in\no.x\nxx.\no..")
	var m Minimax
	assert.Equal(t, int8(0), m.Value(game))
	assert.Equal(t, []int{5}, m.Best(game), "the row must be blocked")
	lost, _ := game.Play(1)
	assert.Equal(t, int8(1), m.Value(lost))
	assert.Equal(t, []int{5}, m.Best(lost))
	won, _ := lost.Play(5)
	assert.True(t, won.Over())
	assert.Equal(t, int8(1), won.Winner())
	assert.Empty(t, won.Moves(nil))
}

// TestTicTacToeIsCounted compares with the known numbers: 255,168 games, of which
// the beginner wins 131,184 and the other 77,904; 5,478 positions; a draw.
func TestTicTacToeIsCounted(t *testing.T) {
	games, positions := map[int8]int{}, map[TicTacToe]bool{}
	var walk func(TicTacToe)
	walk = func(p TicTacToe) {
		positions[p] = true
		if p.Over() {
			games[p.Winner()]++
			return
		}
		for _, c := range p.Moves(make([]int, 0, 9)) {
			next, err := p.Play(c)
			require.NoError(t, err)
			walk(next)
		}
	}
	walk(TicTacToe{})
	assert.Equal(t, map[int8]int{1: 131184, -1: 77904, 0: 46080}, games)
	assert.Len(t, positions, 5478)
	var m Minimax
	assert.Zero(t, m.Value(TicTacToe{}))
	assert.Len(t, m.Best(TicTacToe{}), 9, "any beginning is a draw")
}
