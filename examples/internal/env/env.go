// Package env holds small worlds to act in, with the meaning of Gymnasium's
// Reset and Step: observations and actions from spaces, a reward for each step,
// and episodes that end because the world says so (terminated) or because time
// is up (truncated), which are not the same to who learns.
//
// Observations and actions are rows of numbers, whatever the space, so that one
// program serves all worlds.
package env

import (
	"fmt"
	"math/rand/v2"
)

// A Space says which rows of numbers there may be: one of N choices, or a box.
type Space struct {
	N         int       // choices, numbered from 0; 0 for a box
	Low, High []float64 // bounds of a box, for each number of a row
}

// Len returns the length of a row: 1 for a choice, which is its number.
func (s Space) Len() int {
	if s.N > 0 {
		return 1
	}
	return len(s.Low)
}

// Contains reports whether row is of the space.
func (s Space) Contains(row []float32) bool {
	if len(row) != s.Len() {
		return false
	}
	if s.N > 0 {
		return row[0] >= 0 && row[0] < float32(s.N) && row[0] == float32(int(row[0]))
	}
	for i, v := range row {
		if !(float64(v) >= s.Low[i] && float64(v) <= s.High[i]) {
			return false
		}
	}
	return true
}

// String is such as "one of 4" or "3 numbers".
func (s Space) String() string {
	if s.N > 0 {
		return fmt.Sprintf("one of %d", s.N)
	}
	return fmt.Sprintf("%d numbers", len(s.Low))
}

// An Outcome is what a step leads to, apart from the observation.
type Outcome struct {
	Reward     float64
	Terminated bool // the episode is over: nothing comes after, so later rewards are 0
	Truncated  bool // time is up: more rewards would have come
}

// Over reports whether the episode ended, for whichever reason.
func (o Outcome) Over() bool { return o.Terminated || o.Truncated }

// An Env is a world with one agent in it.
type Env interface {
	// Observations and Actions return the spaces.
	Observations() Space
	Actions() Space
	// Reset starts an episode and writes its first observation. What is random
	// in the episode comes from rnd, which the world keeps.
	Reset(rnd *rand.Rand, obs []float32)
	// Step acts and writes the observation that follows. An action outside of
	// the space is an error; after the end of an episode, Reset comes first.
	Step(action, obs []float32) (Outcome, error)
}

// New returns the world of that name with its usual limit of steps: cartpole
// (500), gridworld (100) or pendulum (200).
func New(name string) (Env, error) {
	switch name {
	case "cartpole":
		return Limit(&CartPole{}, 500), nil
	case "gridworld":
		return Limit(&GridWorld{}, 100), nil
	case "pendulum":
		return Limit(&Pendulum{}, 200), nil
	}
	return nil, fmt.Errorf("there is no world %q: want cartpole, gridworld or pendulum", name)
}

// Limit returns the world with episodes truncated after that many steps.
func Limit(e Env, steps int) Env { return &limited{Env: e, most: steps} }

type limited struct {
	Env
	most, done int
}

func (l *limited) Reset(rnd *rand.Rand, obs []float32) {
	l.done = 0
	l.Env.Reset(rnd, obs)
}

func (l *limited) Step(action, obs []float32) (Outcome, error) {
	o, err := l.Env.Step(action, obs)
	l.done++
	o.Truncated = o.Truncated || l.done >= l.most && !o.Terminated
	return o, err
}

// choice reads an action of a space of n choices.
func choice(name string, action []float32, n int) (int, error) {
	if !(Space{N: n}).Contains(action) {
		return 0, fmt.Errorf("%s: there is no action %v: want a whole number from 0 to %d", name, action, n-1)
	}
	return int(action[0]), nil
}

// A Vector is several worlds of one kind that step together. A world whose
// episode ends starts the next one by itself, as Gymnasium's vectors do in the
// same step.
type Vector struct {
	Obs      []float32 // [n width]: what there is to act on
	Next     []float32 // [n width]: what the last step led to, before any new start
	Outcomes []Outcome // [n], of the last step

	envs   []Env
	rnd    []*rand.Rand
	width  int
	action int
}

// NewVector returns n worlds, each with random numbers of its own that follow
// from the seed, after their first Reset.
func NewVector(n int, seed uint64, world func() Env) *Vector {
	v := &Vector{Outcomes: make([]Outcome, n)}
	for i := range n {
		v.envs = append(v.envs, world())
		v.rnd = append(v.rnd, rand.New(rand.NewPCG(seed, uint64(i))))
	}
	v.width, v.action = v.envs[0].Observations().Len(), v.envs[0].Actions().Len()
	v.Obs, v.Next = make([]float32, n*v.width), make([]float32, n*v.width)
	v.Reset()
	return v
}

// Reset starts a new episode in each world.
func (v *Vector) Reset() {
	for i, e := range v.envs {
		e.Reset(v.rnd[i], v.row(v.Obs, i))
	}
	copy(v.Next, v.Obs)
}

// Len returns the number of worlds.
func (v *Vector) Len() int { return len(v.envs) }

func (v *Vector) row(x []float32, i int) []float32 { return x[i*v.width : (i+1)*v.width] }

// Step acts in all worlds; actions are [n len].
func (v *Vector) Step(actions []float32) error {
	if len(actions) != len(v.envs)*v.action {
		return fmt.Errorf("step: %d numbers for %d worlds with actions of %d", len(actions), len(v.envs), v.action)
	}
	for i, e := range v.envs {
		o, err := e.Step(actions[i*v.action:(i+1)*v.action], v.row(v.Next, i))
		if err != nil {
			return err
		}
		v.Outcomes[i] = o
		copy(v.row(v.Obs, i), v.row(v.Next, i))
		if o.Over() {
			e.Reset(v.rnd[i], v.row(v.Obs, i))
		}
	}
	return nil
}
