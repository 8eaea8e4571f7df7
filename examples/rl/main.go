// Command rl learns to act in small worlds by the field's main algorithms: REINFORCE
// with a baseline, A2C, PPO, DQN, and self-play for tic-tac-toe. Each algorithm is a
// file of its own.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
)

func main() {
	log.SetFlags(0)
	algo := flag.String("algo", "ppo", "what learns: reinforce, a2c, ppo, dqn or selfplay, or several with commas between")
	name := flag.String("env", "", "the world: cartpole, gridworld, pendulum or tictactoe (default cartpole, for selfplay tictactoe)")
	seeds := flag.Int("seeds", 1, "learners of each algorithm, with seeds that count up")
	steps := flag.Int("steps", 0, "steps in the worlds, at most; 0 for what the algorithm usually needs")
	double := flag.Bool("double", false, "dqn: let the network itself choose what the target network judges")
	seed := flag.Uint64("seed", 1, "of all that is random")
	asJSON := flag.Bool("json", false, "print the result as JSON in the last line")
	flag.Parse()
	var all []*course
	for _, a := range strings.Split(*algo, ",") {
		list, err := courses(os.Stdout, a, *name, *seeds, *seed, func(o *settings) {
			o.Double = *double
			if *steps > 0 {
				o.Steps = *steps
			}
		})
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, list...)
	}
	if *asJSON {
		if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
			log.Fatal(err)
		}
	}
}

// courses lets several learners of one algorithm learn.
func courses(w io.Writer, algorithm, world string, seeds int, seed uint64, change func(*settings)) (list []*course, err error) {
	if world == "" {
		world = "cartpole"
		if algorithm == "selfplay" {
			world = "tictactoe"
		}
	}
	o, err := usual(algorithm, world)
	if err != nil {
		return nil, err
	}
	change(&o)
	for i := range seeds {
		c, err := study(w, algorithm, world, o, seed+uint64(i))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(w, "%s in %s, seed %d: mean return %.2f of %d episodes after %d steps, %.1f s\n", algorithm, world, c.Seed, c.Return, c.Episodes, c.Steps, c.Seconds)
		if m := c.Match; m != nil {
			fmt.Fprintf(w, "1000 games as first against a perfect player: %d won, %d drawn, %d lost; as second: %d, %d, %d; ways to beat it: %d\n",
				m.First.Won, m.First.Drawn, m.First.Lost, m.Second.Won, m.Second.Drawn, m.Second.Lost, m.Defeats)
		}
		list = append(list, c)
	}
	return list, nil
}
