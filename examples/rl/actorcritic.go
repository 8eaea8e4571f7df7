package main

import (
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/examples/internal/env"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/dist"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A brain is what REINFORCE, A2C and PPO learn: a policy, and the value of
// observations, which is the mean of the discounted rewards that follow.
type brain struct {
	Actor  *actor
	Critic nn.Sequential
}

func newBrain(world env.Env) *brain {
	return &brain{newActor(world), perceptron(64, 1, ops.Tanh, 1)}
}

// value maps observations x [... width] to [...].
func (b *brain) value(x *graph.Node) *graph.Node {
	return ops.Squeeze(b.Critic.Apply(encode(x, b.Actor.seen)), -1)
}

// act draws actions.
func (b *brain) act(obs *graph.Node) *graph.Node {
	return asRow(b.Actor.Random.Draw(b.Actor.policy(obs).Sample), b.Actor.done)
}

// greedy takes the most probable ones.
func (b *brain) greedy(obs *graph.Node) *graph.Node {
	return asRow(b.Actor.policy(obs).Mode(), b.Actor.done)
}

// surprise returns the policy for observations, and the log-probabilities of what
// was done.
func (b *brain) surprise(obs, action *graph.Node) (dist.Distribution, *graph.Node) {
	p := b.Actor.policy(obs)
	return p, p.LogProb(asValue(action, b.Actor.done))
}

// onPolicy is what algorithms share that learn from what they just did.
type onPolicy struct {
	examiner
	settings
	brain  *brain
	player *player
	worlds *env.Vector
	seen   *trajectory
	step   *graph.Program
	taken  int
}

// begin makes worlds and player; the brain's parameters exist after it.
func begin(o settings, length int, world func() env.Env, seed uint64) (*onPolicy, error) {
	w := world()
	l := &onPolicy{settings: o, brain: newBrain(w), worlds: env.NewVector(o.Worlds, seed, world), seen: newTrajectory(length, o.Worlds, w)}
	l.examiner = examiner{world: world, greedy: l.brain.greedy}
	obs := l.seen.obs.node
	l.brain.value(obs)
	l.brain.act(obs)
	nn.Init(l.brain, seed)
	var err error
	l.player, err = newPlayer(o.Worlds, w, l.brain.act)
	return l, err
}

func (l *onPolicy) steps() int { return l.taken }

// record plays on.
func (l *onPolicy) record() error {
	l.taken += len(l.seen.reward.data)
	return l.seen.record(l.player, l.worlds)
}

func (l *onPolicy) rule() optim.Rule {
	return optim.Adam(l.Rate, optim.AdamOptions{Eps: 1e-5}).ClipNorm(0.5)
}

// a2c is the advantage actor-critic: a few steps in several worlds, then one step
// of gradient descent.
//
//	loss = -mean A·log π(a|s) + mean (V(s) - (A + V(s)))²/2 - β·mean H(π(·|s))
//
// Only log π, the first V and the entropy H have a gradient.
//
// Mnih et al. 2016, arXiv:1602.01783
type a2c struct{ *onPolicy }

func newA2C(o settings, world func() env.Env, seed uint64) (learner, error) {
	l, err := begin(o, o.Length, world, seed)
	if err != nil {
		return nil, err
	}
	t := l.seen
	policy, logp := l.brain.surprise(t.obs.node, t.action.node)
	value := l.brain.value(t.obs.node)
	advantage := ops.StopGradient(t.advantage(value, l.brain.value(t.next.node), o.Gamma, o.Lambda))
	goal := ops.StopGradient(ops.Add(advantage, value))
	loss := ops.Neg(ops.Mean(ops.Mul(logp, advantage)))
	loss = ops.Add(loss, ops.Scale(nn.MSE(value, goal), 0.5))
	loss = ops.Sub(loss, ops.Scale(ops.Mean(policy.Entropy()), o.Entropy))
	l.step, err = optim.Minimize(loss, nn.Params(l.brain), l.rule())
	return a2c{l}, err
}

func (l a2c) learn() error {
	if err := l.record(); err != nil {
		return err
	}
	return l.step.RunInto([]*tensor.Dense{nil}, l.seen.feeds()...)
}

// ppo is proximal policy optimization: what was done serves for several passes in
// small batches, as long as the policy stays near the one that did it. With the
// ratio ρ = π(a|s)/π_old(a|s),
//
//	loss = -mean min(ρ·A, clamp(ρ, 1-ε, 1+ε)·A) + mean (V(s) - goal)²/2 - β·mean H
//
// Schulman et al. 2017, arXiv:1707.06347
type ppo struct {
	*onPolicy
	prepare    *graph.Program
	prepared   []*tensor.Dense
	all, batch struct{ obs, action, logp, advantage, goal *column }
	rnd        *rand.Rand
	order      []int
	feed       []graph.Feed
}

func newPPO(o settings, world func() env.Env, seed uint64) (learner, error) {
	l, err := begin(o, o.Length, world, seed)
	if err != nil {
		return nil, err
	}
	p := &ppo{onPolicy: l, rnd: rand.New(rand.NewPCG(seed, 1<<32))}
	if err := p.compilePrepare(); err != nil {
		return nil, err
	}
	w := world()
	b := &p.batch
	b.obs, b.action = newColumn("obs", o.Batch, w.Observations().Len()), newColumn("action", o.Batch, w.Actions().Len())
	b.logp, b.advantage, b.goal = newColumn("logp", o.Batch), newColumn("advantage", o.Batch), newColumn("goal", o.Batch)
	p.feed = feeds(b.obs, b.action, b.logp, b.advantage, b.goal)

	policy, logp := l.brain.surprise(b.obs.node, b.action.node)
	ratio := ops.Exp(ops.Sub(logp, b.logp.node))
	near := ops.Clamp(ratio, graph.Scalar(1-o.Clip), graph.Scalar(1+o.Clip))
	a := b.advantage.node
	a = ops.Div(ops.Sub(a, ops.Mean(a)), ops.Add(ops.Std(a), graph.Scalar(1e-8)))
	loss := ops.Neg(ops.Mean(ops.Minimum(ops.Mul(ratio, a), ops.Mul(near, a))))
	loss = ops.Add(loss, ops.Scale(nn.MSE(l.brain.value(b.obs.node), b.goal.node), 0.5))
	loss = ops.Sub(loss, ops.Scale(ops.Mean(policy.Entropy()), o.Entropy))
	rule := l.rule().Schedule(optim.Polynomial(o.Steps/(o.Length*o.Worlds)*o.Epochs*(o.Length*o.Worlds/o.Batch), 1))
	l.step, err = optim.Minimize(loss, nn.Params(l.brain), rule)
	return p, err
}

// compilePrepare makes the program that looks at a whole trajectory with the
// policy that did it.
func (p *ppo) compilePrepare() error {
	t, rows := p.seen, p.Length*p.Worlds
	_, logp := p.brain.surprise(t.obs.node, t.action.node)
	value := p.brain.value(t.obs.node)
	advantage := t.advantage(value, p.brain.value(t.next.node), p.Gamma, p.Lambda)
	all := &p.all
	all.logp, all.advantage, all.goal = newColumn("logp", rows), newColumn("advantage", rows), newColumn("goal", rows)
	all.obs, all.action = t.obs.flat(rows), t.action.flat(rows)
	p.prepared = []*tensor.Dense{all.logp.dense, all.advantage.dense, all.goal.dense}
	flat := func(x *graph.Node) *graph.Node { return ops.Reshape(x, graph.Dim(rows)) }
	var err error
	p.prepare, err = graph.Compile(flat(logp), flat(advantage), flat(ops.Add(advantage, value)))
	p.order = make([]int, rows)
	for i := range p.order {
		p.order[i] = i
	}
	return err
}

func (p *ppo) learn() error {
	if err := p.record(); err != nil {
		return err
	}
	if err := p.prepare.RunInto(p.prepared, p.seen.feeds()...); err != nil {
		return err
	}
	nothing := []*tensor.Dense{nil}
	for range p.Epochs {
		p.rnd.Shuffle(len(p.order), func(i, j int) { p.order[i], p.order[j] = p.order[j], p.order[i] })
		for at := 0; at+p.Batch <= len(p.order); at += p.Batch {
			rows := p.order[at : at+p.Batch]
			p.batch.obs.take(p.all.obs, rows)
			p.batch.action.take(p.all.action, rows)
			p.batch.logp.take(p.all.logp, rows)
			p.batch.advantage.take(p.all.advantage, rows)
			p.batch.goal.take(p.all.goal, rows)
			if err := p.step.RunInto(nothing, p.feed...); err != nil {
				return err
			}
		}
	}
	return nil
}
