package main

import (
	"github.com/adjointml/adjoint/examples/internal/env"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A trajectory is what a player did in n worlds for some steps.
type trajectory struct {
	obs, next                *column // [steps n width]: before each step and after it
	action                   *column // [steps n len]
	reward, terminated, over *column // [steps n]
}

func newTrajectory(steps, n int, world env.Env) *trajectory {
	width, length := world.Observations().Len(), world.Actions().Len()
	return &trajectory{
		obs: newColumn("obs", steps, n, width), next: newColumn("next", steps, n, width),
		action: newColumn("action", steps, n, length),
		reward: newColumn("reward", steps, n), terminated: newColumn("terminated", steps, n), over: newColumn("over", steps, n),
	}
}

// record lets the player act, one step for each row.
func (t *trajectory) record(p *player, worlds *env.Vector) error {
	for step := range len(t.reward.data) / t.reward.width {
		copy(t.obs.row(step), worlds.Obs)
		actions, err := p.act(worlds.Obs)
		if err != nil {
			return err
		}
		if err := worlds.Step(actions); err != nil {
			return err
		}
		copy(t.action.row(step), actions)
		copy(t.next.row(step), worlds.Next)
		for i, o := range worlds.Outcomes {
			t.reward.row(step)[i] = float32(o.Reward)
			t.terminated.row(step)[i] = number(o.Terminated)
			t.over.row(step)[i] = number(o.Over())
		}
	}
	return nil
}

func (t *trajectory) feeds() []graph.Feed {
	return feeds(t.obs, t.next, t.action, t.reward, t.terminated, t.over)
}

// advantage is how much better each action did than was expected, for the values
// of the observations before and after the steps, [steps n] each:
//
//	δₜ = rₜ + γ·V(next)·(1 - terminated) - V(obs)
//	Aₜ = δₜ + γλ·Aₜ₊₁·(1 - over)
//
// λ = 0 trusts the values alone, λ = 1 the rewards as far as they are known. An
// episode that time cut off still counts the value of where it was.
//
// Schulman et al. 2016, arXiv:1506.02438
func (t *trajectory) advantage(value, next *graph.Node, gamma, lambda float64) *graph.Node {
	goesOn := ops.OneMinus(t.terminated.node)
	delta := ops.Sub(ops.Add(t.reward.node, ops.Scale(ops.Mul(goesOn, next), gamma)), value)
	return backwards(ops.Scale(ops.OneMinus(t.over.node), gamma*lambda), delta)
}

// backwards returns y with yₜ = xₜ + decayₜ·yₜ₊₁ along the first axis.
func backwards(decay, x *graph.Node) *graph.Node {
	return ops.Flip(ops.Recurrence(ops.Flip(decay, 0), ops.Flip(x, 0), 0), 0)
}
