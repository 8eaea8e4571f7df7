package main

import (
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/examples/internal/env"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
)

// TestAdvantage compares the recurrence in the graph with the sum of the paper,
// Aₜ = Σ (γλ)^l·δₜ₊ₗ up to the end of the episode, written as loops.
func TestAdvantage(t *testing.T) {
	const steps, n, gamma, lambda, seed = 30, 3, 0.9, 0.7, 5
	rnd := rand.New(rand.NewPCG(seed, 0))
	tr := newTrajectory(steps, n, &env.CartPole{})
	value, next := newColumn("value", steps, n), newColumn("next", steps, n)
	for i := range tr.reward.data {
		tr.reward.data[i], value.data[i], next.data[i] = rnd.Float32(), rnd.Float32(), rnd.Float32()
		end := rnd.IntN(10)
		tr.terminated.data[i], tr.over.data[i] = number(end == 0), number(end <= 1)
	}
	out := newColumn("out", steps, n)
	p, err := graph.Compile(tr.advantage(value.node, next.node, gamma, lambda))
	require.NoError(t, err)
	require.NoError(t, p.RunInto([]*tensor.Dense{out.dense}, append(tr.feeds(), value.feed, next.feed)...))
	for world := range n {
		for at := range steps {
			want, factor := 0.0, 1.0
			for later := at; later < steps; later++ {
				i := later*n + world
				follows := float64(1-tr.terminated.data[i]) * float64(next.data[i])
				want += factor * (float64(tr.reward.data[i]) + gamma*follows - float64(value.data[i]))
				factor *= gamma * lambda
				if tr.over.data[i] == 1 {
					break
				}
			}
			require.InDelta(t, want, out.row(at)[world], 1e-5, "seed %d, step %d of world %d", seed, at, world)
		}
	}
}

// TestPreparedRows checks that PPO's old log-probabilities belong to the actions in
// the rows they are drawn with.
func TestPreparedRows(t *testing.T) {
	o, err := usual("ppo", "cartpole")
	require.NoError(t, err)
	l, err := newPPO(o, func() env.Env { return &env.CartPole{} }, 3)
	require.NoError(t, err)
	p := l.(*ppo)
	require.NoError(t, p.record())
	require.NoError(t, p.prepare.RunInto(p.prepared, p.seen.feeds()...))
	rows := p.order[:o.Batch]
	p.rnd.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	p.batch.obs.take(p.all.obs, rows)
	p.batch.action.take(p.all.action, rows)
	p.batch.logp.take(p.all.logp, rows)
	_, logp := p.brain.surprise(p.batch.obs.node, p.batch.action.node)
	again := newColumn("again", o.Batch)
	program, err := graph.Compile(logp)
	require.NoError(t, err)
	require.NoError(t, program.RunInto([]*tensor.Dense{again.dense}, p.feed...))
	assert.InDeltaSlice(t, p.batch.logp.data, again.data, 1e-6)
}

func TestMemoryIsARing(t *testing.T) {
	o, err := usual("dqn", "gridworld")
	require.NoError(t, err)
	o.Memory, o.Start = 20, math.MaxInt
	l, err := newDQN(o, func() env.Env { return env.Limit(&env.GridWorld{}, 7) }, 1)
	require.NoError(t, err)
	d := l.(*dqn)
	for i := 1; i <= 5; i++ {
		require.NoError(t, d.learn())
		assert.Equal(t, min(20, 8*i), d.kept)
		assert.Equal(t, 8*i%20, d.at)
	}
	for i := range d.kept { // a step leads to a neighbour, or nowhere
		from, to := int(d.memory.obs.data[i]), int(d.memory.next.data[i])
		far := math.Abs(float64(from/4-to/4)) + math.Abs(float64(from%4-to%4))
		assert.LessOrEqual(t, far, 1.0)
		assert.Equal(t, to == 3 || to == 7, d.memory.terminated.data[i] == 1, "cell %d", to)
	}
	before := d.target[2].(*nn.Dense).W.Value.Float32s()[0]
	d.Copy = 2
	require.NoError(t, d.update())
	assert.Equal(t, before, d.target[2].(*nn.Dense).W.Value.Float32s()[0])
	require.NoError(t, d.update())
	assert.Equal(t, d.net[2].(*nn.Dense).W.Value.Float32s(), d.target[2].(*nn.Dense).W.Value.Float32s())
	assert.NotEqual(t, before, d.target[2].(*nn.Dense).W.Value.Float32s()[0])
}

// TestAlive: steps count until the first end in each world, and not after it.
func TestAlive(t *testing.T) {
	o, err := usual("reinforce", "cartpole")
	require.NoError(t, err)
	o.Length = 40
	l, err := newREINFORCE(o, func() env.Env { return env.Limit(&env.CartPole{}, 500) }, 2)
	require.NoError(t, err)
	r := l.(*reinforce)
	require.NoError(t, r.learn())
	total := 0
	for world := range o.Worlds {
		alive := true
		for at := range o.Length {
			require.Equal(t, number(alive), r.alive.row(at)[world])
			total += int(number(alive))
			alive = alive && r.seen.over.row(at)[world] == 0
		}
	}
	assert.Equal(t, total, r.steps())
	assert.Less(t, total, o.Length*o.Worlds, "some fell")
}

func TestBand(t *testing.T) {
	x, mean, low, high := band([]*course{
		{At: []float64{10, 20}, Returns: []float64{1, 5}},
		{At: []float64{10, 20, 30}, Returns: []float64{3, 5, 8}},
	})
	assert.Equal(t, []float64{10, 20, 30}, x)
	assert.Equal(t, []float64{2, 5, 6.5}, mean)
	assert.InDeltaSlice(t, []float64{2 - 12.706, 5, 6.5 - 1.5*12.706}, low, 1e-2)
	assert.InDeltaSlice(t, []float64{2 + 12.706, 5, 6.5 + 1.5*12.706}, high, 1e-2)
}

func TestLook(t *testing.T) {
	g, err := env.TicTacToe{}.Play(4)
	require.NoError(t, err)
	x := make([]float32, 18)
	look(g, x)
	assert.Equal(t, []float32{0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, x)
	g, err = g.Play(0)
	require.NoError(t, err)
	look(g, x)
	assert.Equal(t, []float32{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, x)
}

// TestDefeats lets an untrained player, which loses, be beaten by whoever can.
func TestDefeats(t *testing.T) {
	o, err := usual("selfplay", "tictactoe")
	require.NoError(t, err)
	l, err := newSelfPlay(o, nil, 1)
	require.NoError(t, err)
	lost, err := l.(*selfPlay).defeats()
	require.NoError(t, err)
	assert.NotEmpty(t, lost)
	for _, g := range lost {
		assert.NotZero(t, g.Winner())
	}
	mean, err := l.examine(100, 1)
	require.NoError(t, err)
	assert.Less(t, mean, -0.3)
}

// TestEachLearns runs every algorithm where it does well, for a little while.
func TestEachLearns(t *testing.T) {
	for _, c := range []struct {
		algorithm, world string
		steps            int
		least            float64
	}{
		{"reinforce", "cartpole", 16_000, 150},
		{"a2c", "cartpole", 25_000, 100},
		{"ppo", "gridworld", 4_096, 0.5},
		{"ppo", "pendulum", 55_000, -500},
		{"dqn", "gridworld", 4_000, 0.5},
	} {
		o, err := usual(c.algorithm, c.world)
		require.NoError(t, err)
		o.Steps = c.steps
		got, err := study(io.Discard, c.algorithm, c.world, o, 1)
		require.NoError(t, err)
		best := math.Inf(-1)
		for _, r := range got.Returns {
			best = max(best, r)
		}
		assert.Greater(t, best, c.least, "%s in %s: %v", c.algorithm, c.world, got.Returns)
	}
}

func TestDoubleDQN(t *testing.T) {
	o, err := usual("dqn", "gridworld")
	require.NoError(t, err)
	o.Steps = 3000
	once, err := study(io.Discard, "dqn", "gridworld", o, 2)
	require.NoError(t, err)
	o.Double = true
	double, err := study(io.Discard, "dqn", "gridworld", o, 2)
	require.NoError(t, err)
	assert.NotEqual(t, once.Returns, double.Returns)
	assert.Greater(t, double.Return, 0.4)
}

func TestUsualMistakes(t *testing.T) {
	for _, c := range [][3]string{
		{"sarsa", "cartpole", `there is no algorithm "sarsa": want reinforce, a2c, ppo, dqn or selfplay`},
		{"ppo", "chess", `there is no world "chess": want cartpole, gridworld, pendulum or tictactoe`},
		{"dqn", "pendulum", "dqn chooses one of several actions, and those of pendulum are torques: want -algo ppo"},
		{"ppo", "tictactoe", "-env tictactoe is for -algo selfplay, not ppo"},
		{"selfplay", "cartpole", "selfplay is for -env tictactoe, not cartpole"},
	} {
		_, err := usual(c[0], c[1])
		assert.EqualError(t, err, c[2])
	}
}
