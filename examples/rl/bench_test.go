package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/examples/internal/env"
)

// begun returns a learner of CartPole that has something to learn from.
func begun(b *testing.B, algo string) learner {
	o, err := usual(algo, "cartpole")
	require.NoError(b, err)
	o.Start = 64
	l, err := algorithms[algo](o, func() env.Env { return env.Limit(&env.CartPole{}, 500) }, 1)
	require.NoError(b, err)
	for l.steps() < 2*o.Start+1 {
		require.NoError(b, l.learn())
	}
	b.ReportAllocs()
	return l
}

// BenchmarkAct is one decision in each of 8 worlds, with random numbers.
func BenchmarkAct(b *testing.B) {
	l := begun(b, "ppo").(*ppo)
	for b.Loop() {
		_, err := l.player.act(l.worlds.Obs)
		require.NoError(b, err)
	}
}

// BenchmarkGreedy is one in 8 worlds by DQN's network.
func BenchmarkGreedy(b *testing.B) {
	l := begun(b, "dqn").(*dqn)
	for b.Loop() {
		_, err := l.player.act(l.worlds.Obs)
		require.NoError(b, err)
	}
}

// BenchmarkWorlds is one step of 8 worlds.
func BenchmarkWorlds(b *testing.B) {
	l := begun(b, "dqn").(*dqn)
	actions := make([]float32, l.Worlds)
	for b.Loop() {
		require.NoError(b, l.worlds.Step(actions))
	}
}

// BenchmarkUpdate is one step of gradient descent of DQN, on 64 rows.
func BenchmarkUpdate(b *testing.B) {
	l := begun(b, "dqn").(*dqn)
	for b.Loop() {
		require.NoError(b, l.update())
	}
}

// BenchmarkPPO is 256 steps in worlds and 20 passes over them.
func BenchmarkPPO(b *testing.B) {
	l := begun(b, "ppo").(*ppo)
	for b.Loop() {
		require.NoError(b, l.learn())
	}
}
