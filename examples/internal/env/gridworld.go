package env

import (
	"math/rand/v2"
)

// GridWorld is a board to walk on: up, right, down or left (0 to 3). A step
// against a wall or the border leaves one where one is. Reaching the goal ends
// the episode and gives 1, a pit ends it and gives -1, and each step costs Cost.
//
//	observation: the number of the cell, row by row
//
// The zero value is the world of 4 by 3 cells of Russell and Norvig, Artificial
// Intelligence, chapter 17, in which one step in five goes astray.
type GridWorld struct {
	Map  []string // rows of 'S' start, '.' free, '#' wall, '+' goal, '-' pit; nil for the known world
	Slip float64  // probability of going to a side instead, half to each; of the known world it is 0.2
	Cost float64  // of a step; of the known world it is 0.04

	rnd *rand.Rand
	at  int
}

func (g *GridWorld) world() {
	if g.Map == nil {
		g.Map, g.Slip, g.Cost = []string{"...+", ".#.-", "S..."}, 0.2, 0.04
	}
}

// Observations returns the cells.
func (g *GridWorld) Observations() Space {
	g.world()
	return Space{N: len(g.Map) * len(g.Map[0])}
}

// Actions returns the four directions.
func (g *GridWorld) Actions() Space { return Space{N: 4} }

// Reset puts the agent on the start.
func (g *GridWorld) Reset(rnd *rand.Rand, obs []float32) {
	g.world()
	g.rnd = rnd
	for i := range g.Observations().N {
		if g.cell(i) == 'S' {
			g.at = i
		}
	}
	obs[0] = float32(g.at)
}

func (g *GridWorld) cell(i int) byte {
	width := len(g.Map[0])
	return g.Map[i/width][i%width]
}

// Step walks.
func (g *GridWorld) Step(action, obs []float32) (Outcome, error) {
	d, err := choice("gridworld", action, 4)
	if err != nil {
		return Outcome{}, err
	}
	if g.Slip > 0 {
		switch u := g.rnd.Float64(); {
		case u < g.Slip/2:
			d = (d + 1) % 4
		case u < g.Slip:
			d = (d + 3) % 4
		}
	}
	g.at = g.walk(g.at, d)
	obs[0] = float32(g.at)
	o := Outcome{Reward: -g.Cost}
	switch g.cell(g.at) {
	case '+':
		o.Reward, o.Terminated = o.Reward+1, true
	case '-':
		o.Reward, o.Terminated = o.Reward-1, true
	}
	return o, nil
}

// walk returns the cell that a step from a cell leads to.
func (g *GridWorld) walk(from, direction int) int {
	height, width := len(g.Map), len(g.Map[0])
	row, col := from/width, from%width
	switch direction {
	case 0:
		row--
	case 1:
		col++
	case 2:
		row++
	case 3:
		col--
	}
	if row < 0 || row >= height || col < 0 || col >= width || g.Map[row][col] == '#' {
		return from
	}
	return row*width + col
}
