package main

import (
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/examples/internal/env"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// dqn learns the value Q(s, a) of actions from steps it remembers, drawn at
// random. The value of what comes next is told by an older copy of the network,
// the target, so that the goal stands still for a while:
//
//	goal = r + γ·(1 - terminated)·max Q_target(s', ·)
//	loss = mean huber(Q(s, a) - goal)
//
// Double DQN asks Q which action is best and the target what it is worth: the
// larger of two errors is not taken for value.
//
// Mnih et al. 2015, doi:10.1038/nature14236; van Hasselt et al. 2016, arXiv:1509.06461
type dqn struct {
	examiner
	settings
	net, target nn.Sequential
	player      *player
	worlds      *env.Vector
	rnd         *rand.Rand
	taken       int
	updates     int
	actions     int

	memory, batch *transitions
	kept          int   // rows of memory in use
	at            int   // where the next row goes
	rows          []int // drawn for a batch
	step          *graph.Program
	feed          []graph.Feed
}

// transitions are steps in worlds, a row each.
type transitions struct{ obs, next, action, reward, terminated *column }

func newTransitions(rows int, w env.Env) *transitions {
	width, length := w.Observations().Len(), w.Actions().Len()
	return &transitions{newColumn("obs", rows, width), newColumn("next", rows, width), newColumn("action", rows, length),
		newColumn("reward", rows), newColumn("terminated", rows)}
}

func (t *transitions) columns() []*column {
	return []*column{t.obs, t.next, t.action, t.reward, t.terminated}
}

func newDQN(o settings, world func() env.Env, seed uint64) (learner, error) {
	w := world()
	d := &dqn{settings: o, worlds: env.NewVector(o.Worlds, seed, world), rnd: rand.New(rand.NewPCG(seed, 1<<32)), rows: make([]int, o.Batch)}
	d.memory, d.batch = newTransitions(o.Memory, w), newTransitions(o.Batch, w)
	d.actions = w.Actions().N
	d.net, d.target = perceptron(o.Width, d.actions, ops.ReLU, 1), perceptron(o.Width, d.actions, ops.ReLU, 1)
	if err := d.compile(w, seed); err != nil {
		return nil, err
	}
	greedy := func(obs *graph.Node) *graph.Node {
		return asRow(ops.ArgMax(d.net.Apply(encode(obs, w.Observations())), -1), w.Actions())
	}
	d.examiner = examiner{world: world, greedy: greedy}
	var err error
	d.player, err = newPlayer(o.Worlds, w, greedy)
	return d, err
}

// compile makes the step of gradient descent.
func (d *dqn) compile(w env.Env, seed uint64) error {
	b := d.batch
	d.feed = feeds(b.columns()...)
	obs, next := encode(b.obs.node, w.Observations()), encode(b.next.node, w.Observations())
	q := ops.TakeAlongAxis(d.net.Apply(obs), ops.Convert(b.action.node, graph.Int64), -1)
	worth := d.target.Apply(next)
	best := ops.Max(worth, -1)
	if d.Double {
		choice := ops.Expand(ops.ArgMax(d.net.Apply(next), -1), -1)
		best = ops.Squeeze(ops.TakeAlongAxis(worth, choice, -1), -1)
	}
	later := ops.Mul(ops.OneMinus(b.terminated.node), best)
	goal := ops.StopGradient(ops.Add(b.reward.node, ops.Scale(later, d.Gamma)))
	loss := nn.Huber(ops.Squeeze(q, -1), goal, 1)
	nn.Init(d.net, seed)
	if err := nn.Copy(d.target, d.net); err != nil {
		return err
	}
	var err error
	d.step, err = optim.Minimize(loss, nn.Params(d.net), optim.Adam(d.Rate).ClipNorm(10))
	return err
}

func (d *dqn) steps() int { return d.taken }

// learn takes a step in each world, and then as many of gradient descent as there
// are to be for these.
func (d *dqn) learn() error {
	actions, err := d.player.act(d.worlds.Obs)
	if err != nil {
		return err
	}
	explore := max(d.Explore, 1-float64(d.taken)/(d.Decay*float64(d.Steps)))
	for i := range actions {
		if d.rnd.Float64() < explore {
			actions[i] = float32(d.rnd.IntN(d.actions))
		}
	}
	obs := append([]float32(nil), d.worlds.Obs...)
	if err := d.worlds.Step(actions); err != nil {
		return err
	}
	d.remember(obs, actions)
	d.taken += d.Worlds
	if d.taken < d.Start {
		return nil
	}
	for range d.Updates {
		if err := d.update(); err != nil {
			return err
		}
	}
	return nil
}

func (d *dqn) remember(obs, actions []float32) {
	width := d.memory.obs.width
	for i, o := range d.worlds.Outcomes {
		copy(d.memory.obs.row(d.at), obs[i*width:(i+1)*width])
		copy(d.memory.next.row(d.at), d.worlds.Next[i*width:(i+1)*width])
		d.memory.action.data[d.at] = actions[i]
		d.memory.reward.data[d.at] = float32(o.Reward)
		d.memory.terminated.data[d.at] = number(o.Terminated)
		d.kept = max(d.kept, d.at+1)
		d.at = (d.at + 1) % d.Memory
	}
}

// update learns from steps drawn from memory.
func (d *dqn) update() error {
	for i := range d.rows {
		d.rows[i] = d.rnd.IntN(d.kept)
	}
	from := d.memory.columns()
	for i, c := range d.batch.columns() {
		c.take(from[i], d.rows)
	}
	if err := d.step.RunInto([]*tensor.Dense{nil}, d.feed...); err != nil {
		return err
	}
	d.updates++
	if d.updates%d.Copy == 0 {
		return nn.Copy(d.target, d.net)
	}
	return nil
}
