// Command rl learns to act in small worlds by the field's main algorithms.
package main

import (
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/adjointml/adjoint/examples/internal/env"
)

// A learner is an algorithm at work.
type learner interface {
	learn() error                                                // some steps in the worlds, and what follows from them
	steps() int                                                  // taken in the worlds so far
	examine(episodes int, seed uint64) (mean float64, err error) // plays greedily, learns nothing
}

var algorithms = map[string]func(o settings, world func() env.Env, seed uint64) (learner, error){
	"reinforce": newREINFORCE, "a2c": newA2C, "ppo": newPPO, "dqn": newDQN, "selfplay": newSelfPlay,
}

func main() {
	log.SetFlags(0)
	algo := flag.String("algo", "ppo", "reinforce, a2c, ppo, dqn or selfplay")
	name := flag.String("env", "", "cartpole, gridworld or pendulum")
	seed := flag.Uint64("seed", 1, "")
	seeds := flag.Int("seeds", 1, "")
	steps := flag.Int("steps", 0, "")
	flag.Parse()
	for s := *seed; s < *seed+uint64(*seeds); s++ {
		if err := run(*algo, *name, s, *steps); err != nil {
			log.Fatal(err)
		}
	}
}

func run(algo, name string, seed uint64, steps int) error {
	o, err := usual(algo, name)
	if err != nil {
		return err
	}
	if steps > 0 {
		o.Steps = steps
	}
	start := time.Now()
	l, err := algorithms[algo](o, func() env.Env { e, _ := env.New(name); return e }, seed)
	if err != nil {
		return err
	}
	fmt.Println("compiled", time.Since(start))
	for next := 0; l.steps() < o.Steps; {
		if err := l.learn(); err != nil {
			return err
		}
		if l.steps() < next {
			continue
		}
		next += o.Examine
		mean, err := l.examine(20, seed+1<<32)
		if err != nil {
			return err
		}
		fmt.Printf("seed %d  step %7d  mean %.2f  %v\n", seed, l.steps(), mean, time.Since(start).Round(time.Millisecond))
		if mean >= o.Solved {
			if mean, err = l.examine(100, seed+2<<32); err != nil {
				return err
			}
			fmt.Println("check", mean)
			if mean >= o.Solved {
				break
			}
		}
	}
	mean, err := l.examine(100, seed+3<<32)
	if err != nil {
		return err
	}
	fmt.Printf("seed %d: %d steps, mean of 100 episodes %.2f, %v\n", seed, l.steps(), mean, time.Since(start).Round(time.Millisecond))
	if p, ok := l.(*selfPlay); ok {
		d, err := p.defeats()
		fmt.Println(len(d), err)
		fmt.Println(p.match(1000, 5))
	}
	return nil
}
