package main

import (
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/examples/internal/env"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// reinforce waits for the end of an episode in each world, and makes each action
// that was followed by more than the baseline V(s) more probable:
//
//	loss = mean -(G - V(s))·log π(a|s) + (V(s) - G)²/2
//
// where G is the discounted sum of the rewards that came. The mean is over the
// steps before the ends.
//
// Williams 1992, doi:10.1007/BF00992696
type reinforce struct {
	*onPolicy
	alive *column // [steps n]: 1 until the episode is over
}

func newREINFORCE(o settings, world func() env.Env, seed uint64) (learner, error) {
	l, err := begin(o, o.Length, world, seed)
	if err != nil {
		return nil, err
	}
	r := &reinforce{l, newColumn("alive", o.Length, o.Worlds)}
	t, alive := l.seen, r.alive.node
	policy, logp := l.brain.surprise(t.obs.node, t.action.node)
	value := l.brain.value(t.obs.node)
	came := backwards(ops.Scale(ops.OneMinus(t.over.node), o.Gamma), ops.Mul(t.reward.node, alive))
	better := ops.StopGradient(ops.Sub(came, value))
	each := ops.Sub(ops.Scale(ops.Square(ops.Sub(value, came)), 0.5), ops.Mul(better, logp))
	each = ops.Sub(each, ops.Scale(policy.Entropy(), o.Entropy))
	loss := ops.Div(ops.Sum(ops.Mul(each, alive)), ops.Sum(alive))
	l.step, err = optim.Minimize(loss, nn.Params(l.brain), l.rule())
	return r, err
}

func (r *reinforce) learn() error {
	r.worlds.Reset()
	if err := r.seen.record(r.player, r.worlds); err != nil {
		return err
	}
	n := r.Worlds
	for i := range r.alive.data {
		r.alive.data[i] = 1
		if i >= n {
			r.alive.data[i] = r.alive.data[i-n] * (1 - r.seen.over.data[i-n])
		}
		r.taken += int(r.alive.data[i])
	}
	return r.step.RunInto([]*tensor.Dense{nil}, append(r.seen.feeds(), r.alive.feed)...)
}
