package main

import (
	"math"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/examples/internal/env"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/dist"
	"github.com/adjointml/adjoint/ops"
)

// perceptron has two hidden layers. Its last layer starts small, so that a
// policy begins by trying everything.
func perceptron(width, out int, act func(*graph.Node) *graph.Node, last float64) nn.Sequential {
	hidden := nn.Orthogonal(math.Sqrt2)
	return nn.Sequential{
		&nn.Dense{Out: width, Act: act, Init: hidden},
		&nn.Dense{Out: width, Act: act, Init: hidden},
		&nn.Dense{Out: out, Init: nn.Orthogonal(last)},
	}
}

// encode makes observations x [... n] what a network wants: a choice becomes a
// row with a 1 at its place.
func encode(x *graph.Node, s env.Space) *graph.Node {
	if s.N > 0 {
		return ops.OneHot(ops.Convert(ops.Squeeze(x, -1), graph.Int64), graph.Dim(s.N), graph.Float32)
	}
	return x
}

// An actor is a policy: for each observation a distribution of actions.
type actor struct {
	Net    nn.Sequential
	LogStd *graph.Param // of actions of a box
	Random nn.Random

	seen, done env.Space
}

func newActor(world env.Env) *actor {
	a := &actor{seen: world.Observations(), done: world.Actions()}
	if a.done.N > 0 {
		a.Net = perceptron(64, a.done.N, ops.Tanh, 0.01)
		return a
	}
	n := a.done.Len()
	a.Net = perceptron(64, n, ops.Tanh, 0.01)
	a.LogStd = &graph.Param{Label: "LogStd", Type: graph.Type{Shape: graph.Of(graph.Dim(n))}, Init: nn.Zeros}
	return a
}

// policy returns the distribution of actions for observations x [... width]. The
// net's outputs from -1 to 1 are the box, and a deviation of 1 is half its width.
func (a *actor) policy(x *graph.Node) dist.Distribution {
	out := a.Net.Apply(encode(x, a.seen))
	if a.done.N > 0 {
		return dist.Categorical{Logits: out}
	}
	middle, half := make([]float32, a.done.Len()), make([]float32, a.done.Len())
	logHalf := make([]float32, len(half))
	for i := range half {
		middle[i], half[i] = float32(a.done.Low[i]+a.done.High[i])/2, float32(a.done.High[i]-a.done.Low[i])/2
		logHalf[i] = float32(math.Log(float64(half[i])))
	}
	c := func(v []float32) *graph.Node { return graph.ConstOf(v, len(v)) }
	return dist.Normal{Mean: ops.Add(c(middle), ops.Mul(c(half), out)), LogStd: ops.Add(c(logHalf), a.LogStd.Node())}
}

// asRow returns a value of a distribution over the space as rows of numbers
// [... len], asValue the other way round.
func asRow(x *graph.Node, s env.Space) *graph.Node {
	if s.N > 0 {
		return ops.Expand(ops.Convert(x, graph.Float32), -1)
	}
	return x
}

func asValue(row *graph.Node, s env.Space) *graph.Node {
	if s.N > 0 {
		return ops.Convert(ops.Squeeze(row, -1), graph.Int64)
	}
	return row
}

// A player is a compiled policy for n worlds.
type player struct {
	program     *graph.Program
	obs, action *column
	out         []*tensor.Dense
}

// newPlayer compiles what f makes of observations [n width]: actions [n len].
func newPlayer(n int, world env.Env, f func(obs *graph.Node) *graph.Node) (*player, error) {
	p := &player{obs: newColumn("obs", n, world.Observations().Len()), action: newColumn("action", n, world.Actions().Len())}
	var err error
	p.program, err = graph.CompileTraining([]*graph.Node{f(p.obs.node)}) // draws anew each time
	p.out = []*tensor.Dense{p.action.dense}
	return p, err
}

// act returns the actions for observations, in memory that the next call reuses.
func (p *player) act(obs []float32) ([]float32, error) {
	copy(p.obs.data, obs)
	err := p.program.RunInto(p.out, p.obs.feed)
	return p.action.data, err
}

// play lets the player play one episode in each of its worlds and returns the mean of
// the sums of rewards.
func (p *player) play(worlds *env.Vector) (float64, error) {
	n := worlds.Len()
	over, left, total := make([]bool, n), n, 0.0
	for left > 0 {
		actions, err := p.act(worlds.Obs)
		if err != nil {
			return 0, err
		}
		if err := worlds.Step(actions); err != nil {
			return 0, err
		}
		for i, o := range worlds.Outcomes {
			if over[i] {
				continue
			}
			total += o.Reward
			if o.Over() {
				over[i] = true
				left--
			}
		}
	}
	return total / float64(n), nil
}

// An examiner lets the greedy policy play in worlds of its own.
type examiner struct {
	world  func() env.Env
	greedy func(obs *graph.Node) *graph.Node
	player map[int]*player // by the number of worlds
}

// examine returns the mean return of episodes that follow from the seed.
func (e *examiner) examine(episodes int, seed uint64) (float64, error) {
	if e.player == nil {
		e.player = map[int]*player{}
	}
	if e.player[episodes] == nil {
		p, err := newPlayer(episodes, e.world(), e.greedy)
		if err != nil {
			return 0, err
		}
		e.player[episodes] = p
	}
	return e.player[episodes].play(env.NewVector(episodes, seed, e.world))
}
