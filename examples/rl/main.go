// Command rl learns to act in small worlds by the field's main algorithms: REINFORCE
// with a baseline, A2C, PPO, DQN, and self-play for tic-tac-toe. Each algorithm is a
// file of its own.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/report"
)

func main() {
	log.SetFlags(0)
	c := command.New("rl")
	algorithms := flag.String("algo", "ppo", "what learns: reinforce, a2c, ppo, dqn or selfplay, or several with commas between")
	world := flag.String("env", "", "the world: cartpole, gridworld, pendulum or tictactoe (default cartpole, for selfplay tictactoe)")
	seeds := flag.Int("seeds", 1, "learners of each algorithm, with seeds that count up")
	steps := flag.Int("steps", 0, "steps in the worlds, at most; 0 for what the algorithm usually needs")
	double := flag.Bool("double", false, "dqn: let the network itself choose what the target network judges")
	c.Parse()
	change := func(o *settings) {
		o.Double = *double
		if *steps > 0 {
			o.Steps = *steps
		}
	}
	if err := run(c, strings.Split(*algorithms, ","), *world, *seeds, change); err != nil {
		log.Fatal(err)
	}
}

// run lets several learners of each algorithm learn, and leaves their curves.
func run(c *command.Command, algorithms []string, world string, seeds int, change func(*settings)) error {
	if world == "" {
		world = "cartpole"
		if algorithms[0] == "selfplay" {
			world = "tictactoe"
		}
	}
	var all []*course
	curves := &chart.Chart{Title: "learning to act in " + world, X: "steps in the world", Y: "mean return"}
	for _, a := range algorithms {
		o, err := usual(a, world)
		if err != nil {
			return err
		}
		change(&o)
		list, err := courses(c.Out, a, world, seeds, c.Seed, o)
		if err != nil {
			return err
		}
		all = append(all, list...)
		x, mean, low, high := band(list)
		if seeds > 1 {
			curves.Layers = append(curves.Layers, chart.Band{Name: a, X: x, Low: low, High: high})
		}
		curves.Layers = append(curves.Layers, chart.Line{Name: a, X: x, Y: mean})
	}
	f, err := c.Folder()
	if err != nil {
		return err
	}
	if err := tell(f, curves, all, seeds); err != nil {
		return err
	}
	return c.Finish(f, all)
}

// courses lets learners of one algorithm learn, one after the other.
func courses(w io.Writer, algorithm, world string, seeds int, seed uint64, o settings) (list []*course, err error) {
	for i := range seeds {
		c, err := study(w, algorithm, world, o, seed+uint64(i))
		if err != nil {
			return nil, err
		}
		list = append(list, c)
		fmt.Fprintf(w, "%s in %s, seed %d: mean return %.2f of %d episodes after %d steps, %.1f s\n",
			algorithm, world, c.Seed, c.Return, c.Episodes, c.Steps, c.Seconds)
		if m := c.Match; m != nil {
			fmt.Fprintf(w, "1000 games as first against a perfect player: %v; as second: %v; ways to beat it: %d\n", m.First, m.Second, m.Defeats)
		}
	}
	return list, nil
}

// tell writes the page.
func tell(f *report.Folder, curves *chart.Chart, all []*course, seeds int) error {
	text := "The mean return of episodes played without exploring, at examinations while learning. A learner stops once an examination is good enough; it counts with its last return from there on."
	if seeds > 1 {
		text += fmt.Sprintf(" Lines are means of %d seeds, bands their 95 %% confidence intervals by Student's t.", seeds)
	}
	f.Section("Learning", text)
	if err := f.Chart("curves", curves); err != nil {
		return err
	}
	f.Section("Results", "The last examination is on episodes that no learner has seen.")
	var rows [][]string
	for _, c := range all {
		row := []string{c.Algorithm, fmt.Sprint(c.Seed), fmt.Sprint(c.Steps), fmt.Sprintf("%.2f", c.Return), fmt.Sprint(c.Episodes), fmt.Sprintf("%.1f s", c.Seconds)}
		if m := c.Match; m != nil {
			row = append(row, m.First.String(), m.Second.String(), fmt.Sprint(m.Defeats))
		}
		rows = append(rows, row)
	}
	head := []string{"algorithm", "seed", "steps", "mean return", "episodes", "time"}
	if all[0].Match != nil {
		head = append(head, "first against a perfect player", "second", "ways to beat it")
	}
	f.Table(head, rows)
	return nil
}
