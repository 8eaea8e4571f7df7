package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/adjointml/adjoint/examples/internal/env"
)

// A learner is an algorithm at work.
type learner interface {
	learn() error // some steps in the worlds, and what follows from them
	steps() int   // taken in the worlds so far
	// examine plays without exploring and learns nothing; it returns the mean
	// return of episodes that follow from the seed.
	examine(episodes int, seed uint64) (float64, error)
}

var algorithms = map[string]func(o settings, world func() env.Env, seed uint64) (learner, error){
	"reinforce": newREINFORCE, "a2c": newA2C, "ppo": newPPO, "dqn": newDQN, "selfplay": newSelfPlay,
}

// A course is how one learner went.
type course struct {
	Algorithm string
	World     string
	Seed      uint64
	Steps     int       // in the worlds
	Return    float64   // mean of the last examination, on episodes it never saw
	Episodes  int       // of that examination
	Solved    bool      // whether that is enough
	Seconds   float64   // of learning and examinations
	At        []float64 // steps at examinations
	Returns   []float64 // mean returns there
	Match     *match    `json:",omitempty"` // of self-play
}

// The seeds of examinations differ from those of learning, and from each other.
const (
	often = 1 << 32 * (iota + 1) // every few steps
	check                        // where the first is good enough
	last                         // after learning
)

// study lets a learner learn until an examination says that it is good enough, or
// its steps are used up.
func study(w io.Writer, algorithm, name string, o settings, seed uint64) (*course, error) {
	begin := time.Now()
	world := func() env.Env {
		e, _ := env.New(name) // usual has looked at the name
		return e
	}
	l, err := algorithms[algorithm](o, world, seed)
	if err != nil {
		return nil, err
	}
	c := &course{Algorithm: algorithm, World: name, Seed: seed, Episodes: 5 * o.Games}
	for next := 0; l.steps() < o.Steps; {
		if err := l.learn(); err != nil {
			return nil, err
		}
		if l.steps() < next {
			continue
		}
		next += o.Examine
		mean, err := l.examine(o.Games, seed+often)
		if err != nil {
			return nil, err
		}
		c.At, c.Returns = append(c.At, float64(l.steps())), append(c.Returns, mean)
		fmt.Fprintf(w, "%s seed %d  step %7d  mean return %8.2f\n", algorithm, seed, l.steps(), mean)
		if mean < o.Solved {
			continue
		}
		if mean, err = l.examine(c.Episodes, seed+check); err != nil {
			return nil, err
		}
		if mean >= o.Solved {
			break
		}
	}
	c.Steps = l.steps()
	if c.Return, err = l.examine(c.Episodes, seed+last); err != nil {
		return nil, err
	}
	c.Solved, c.Seconds = c.Return >= o.Solved, time.Since(begin).Seconds()
	if p, ok := l.(*selfPlay); ok {
		c.Match, err = p.match(seed + last)
	}
	return c, err
}

// band returns, at each examination of the longest course, the mean of the returns
// and its 95 % confidence interval by Student's t. A course that ended before counts
// with its last return.
func band(courses []*course) (x, mean, low, high []float64) {
	for _, c := range courses {
		if len(c.At) > len(x) {
			x = c.At
		}
	}
	n := float64(len(courses))
	for i := range x {
		m, squares := 0.0, 0.0
		for _, c := range courses {
			m += c.Returns[min(i, len(c.Returns)-1)] / n
		}
		for _, c := range courses {
			e := c.Returns[min(i, len(c.Returns)-1)] - m
			squares += e * e
		}
		half := 0.0
		if n > 1 {
			half = distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * math.Sqrt(squares/(n-1)/n)
		}
		mean, low, high = append(mean, m), append(low, m-half), append(high, m+half)
	}
	return slices.Clone(x), mean, low, high
}
