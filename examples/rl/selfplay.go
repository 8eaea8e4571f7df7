package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/examples/internal/env"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// selfPlay learns tic-tac-toe from games against itself. A network tells for a
// position how the game will end for who has just moved, V from -1 to 1; a player
// makes the move to the best such position, and sometimes any. What is good for
// one is bad for the other, so
//
//	goal = the result, if the game is over, else -max over replies of V_target(s')
//	loss = mean (V(s) - goal)²
//
// The network is told the rules and the results, and nothing else. (The idea is
// that of Tesauro 1995, doi:10.1145/203330.203343.)
type selfPlay struct {
	settings
	net, target nn.Sequential
	games       []env.TicTacToe
	memory      []env.TicTacToe // positions seen, a ring
	at          int
	rnd         *rand.Rand
	taken       int

	judge                        *judge
	x, result, over, reply, free *column
	step                         *graph.Program
	feed                         []graph.Feed
	perfect                      env.Minimax
}

const cells = 9

// look writes a position as who has just moved sees it: own stones, then those of
// the other.
func look(t env.TicTacToe, x []float32) {
	own := -t.Turn()
	for i, s := range t.Cells {
		x[i], x[cells+i] = number(s == own), number(s == -own)
	}
}

func newSelfPlay(o settings, _ func() env.Env, seed uint64) (learner, error) {
	p := &selfPlay{settings: o, games: make([]env.TicTacToe, o.Worlds), rnd: rand.New(rand.NewPCG(seed, 1<<32))}
	build := func() nn.Sequential {
		s := perceptron(o.Width, 1, ops.ReLU, 0.1)
		s[2].(*nn.Dense).Act = ops.Tanh
		return s
	}
	p.net, p.target = build(), build()
	if err := p.compile(seed); err != nil {
		return nil, err
	}
	var err error
	p.judge, err = newJudge(p.net, o.Worlds*cells)
	return p, err
}

// compile makes the step of gradient descent.
func (p *selfPlay) compile(seed uint64) error {
	b := p.Batch
	p.x, p.result, p.over = newColumn("x", b, 2*cells), newColumn("result", b), newColumn("over", b)
	p.reply, p.free = newColumn("reply", b, cells, 2*cells), newColumn("free", b, cells)
	p.feed = feeds(p.x, p.result, p.over, p.reply, p.free)
	taken := ops.Equal(p.free.node, graph.Scalar(0))
	replies := ops.Where(taken, graph.Scalar(-1), ops.Squeeze(p.target.Apply(p.reply.node), -1))
	goal := ops.Where(ops.Greater(p.over.node, graph.Scalar(0)), p.result.node, ops.Neg(ops.Max(replies, -1)))
	loss := nn.MSE(ops.Squeeze(p.net.Apply(p.x.node), -1), ops.StopGradient(goal))
	nn.Init(p.net, seed)
	if err := nn.Copy(p.target, p.net); err != nil {
		return err
	}
	loss = ops.After(loss, nn.Polyak(p.target, p.net, p.Tau)...)
	var err error
	p.step, err = optim.Minimize(loss, nn.Params(p.net), optim.Adam(p.Rate))
	return err
}

func (p *selfPlay) steps() int { return p.taken }

// learn makes a move in each game and then learns from positions that it remembers.
func (p *selfPlay) learn() error {
	moves, err := p.judge.best(p.games)
	if err != nil {
		return err
	}
	for i, g := range p.games {
		if p.rnd.Float64() < p.Explore {
			free := g.Moves(nil)
			moves[i] = free[p.rnd.IntN(len(free))]
		}
		if g, err = g.Play(moves[i]); err != nil {
			return err
		}
		p.remember(g)
		if g.Over() {
			g = env.TicTacToe{}
		}
		p.games[i] = g
	}
	p.taken += len(p.games)
	for range p.Updates {
		if err := p.update(); err != nil {
			return err
		}
	}
	return nil
}

func (p *selfPlay) remember(g env.TicTacToe) {
	if len(p.memory) < p.Memory {
		p.memory = append(p.memory, g)
		return
	}
	p.memory[p.at] = g
	p.at = (p.at + 1) % p.Memory
}

func (p *selfPlay) update() error {
	clear(p.free.data)
	var buf [cells]int
	for i := range p.Batch {
		g := p.memory[p.rnd.IntN(len(p.memory))]
		look(g, p.x.row(i))
		p.over.data[i], p.result.data[i] = number(g.Over()), number(g.Winner() != 0)
		for j, cell := range g.Moves(buf[:0]) {
			next, err := g.Play(cell)
			if err != nil {
				return err
			}
			p.free.row(i)[j] = 1
			look(next, p.reply.row(i)[j*2*cells:])
		}
	}
	return p.step.RunInto([]*tensor.Dense{nil}, p.feed...)
}

// examine plays half of the games on each side against a perfect player, and counts
// 1 for a win and -1 for a loss.
func (p *selfPlay) examine(games int, seed uint64) (float64, error) {
	sum := 0.0
	for i, own := range []int8{1, -1} {
		s, err := p.against(games/2, own, seed+uint64(i))
		if err != nil {
			return 0, err
		}
		sum += float64(s.Won - s.Lost)
	}
	return sum / float64(games), nil
}

// A score counts games.
type score struct{ Won, Drawn, Lost int }

func (s score) String() string {
	return fmt.Sprintf("%d won, %d drawn, %d lost", s.Won, s.Drawn, s.Lost)
}

// A match is what the learned player did in 1,000 games on each side against a
// perfect player that draws one of the best moves, and the number of ways in which
// any opponent whatever can beat it.
type match struct {
	First, Second score
	Defeats       int
}

func (p *selfPlay) match(seed uint64) (*match, error) {
	first, err := p.against(1000, 1, seed)
	if err != nil {
		return nil, err
	}
	second, err := p.against(1000, -1, seed+1)
	if err != nil {
		return nil, err
	}
	lost, err := p.defeats()
	return &match{first, second, len(lost)}, err
}

// against plays games with the stone against the perfect player.
func (p *selfPlay) against(games int, own int8, seed uint64) (s score, err error) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	for range games {
		var g env.TicTacToe
		for !g.Over() {
			var cell int
			if g.Turn() != own {
				cell = p.perfect.Move(g, rnd)
			} else if cell, err = p.move(g); err != nil {
				return s, err
			}
			if g, err = g.Play(cell); err != nil {
				return s, err
			}
		}
		switch g.Winner() {
		case own:
			s.Won++
		case 0:
			s.Drawn++
		default:
			s.Lost++
		}
	}
	return s, nil
}

// move returns what the network thinks is best.
func (p *selfPlay) move(g env.TicTacToe) (int, error) {
	moves, err := p.judge.best([]env.TicTacToe{g})
	if err != nil {
		return 0, err
	}
	return moves[0], nil
}

// defeats goes through all that an opponent can do, and returns the games that the
// player loses.
func (p *selfPlay) defeats() (lost []env.TicTacToe, err error) {
	seen := map[env.TicTacToe]bool{}
	var walk func(g env.TicTacToe, own int8) error
	walk = func(g env.TicTacToe, own int8) error {
		if seen[g] {
			return nil
		}
		seen[g] = true
		if g.Over() {
			if g.Winner() == -own {
				lost = append(lost, g)
			}
			return nil
		}
		moves := g.Moves(nil)
		if g.Turn() == own {
			cell, err := p.move(g)
			if err != nil {
				return err
			}
			moves = []int{cell}
		}
		for _, cell := range moves {
			next, err := g.Play(cell)
			if err != nil {
				return err
			}
			if err := walk(next, own); err != nil {
				return err
			}
		}
		return nil
	}
	for _, own := range []int8{1, -1} {
		clear(seen)
		if err := walk(env.TicTacToe{}, own); err != nil {
			return nil, err
		}
	}
	return lost, nil
}

// A judge tells the best moves in several games at once.
type judge struct {
	program map[int]*graph.Program
	net     nn.Sequential
	x       map[int]*column
	value   map[int]*column
	most    int
}

func newJudge(net nn.Sequential, rows int) (*judge, error) {
	j := &judge{net: net, program: map[int]*graph.Program{}, x: map[int]*column{}, value: map[int]*column{}}
	for _, n := range []int{cells, rows} {
		j.x[n], j.value[n] = newColumn("x", n, 2*cells), newColumn("value", n)
		p, err := graph.Compile(ops.Squeeze(net.Apply(j.x[n].node), -1))
		if err != nil {
			return nil, err
		}
		j.program[n] = p
	}
	j.most = rows
	return j, nil
}

// best returns the move to the position of the greatest value, for each game.
func (j *judge) best(games []env.TicTacToe) ([]int, error) {
	n := j.most
	if len(games) == 1 {
		n = cells
	}
	if len(games)*cells > n {
		return nil, fmt.Errorf("%d games at once: want at most %d", len(games), j.most/cells)
	}
	x, value := j.x[n], j.value[n]
	var buf [cells]int
	for i, g := range games {
		for _, cell := range g.Moves(buf[:0]) {
			next, err := g.Play(cell)
			if err != nil {
				return nil, err
			}
			look(next, x.row(i*cells+cell))
		}
	}
	if err := j.program[n].RunInto([]*tensor.Dense{value.dense}, x.feed); err != nil {
		return nil, err
	}
	moves := make([]int, len(games))
	for i, g := range games {
		most := float32(math.Inf(-1))
		for _, cell := range g.Moves(buf[:0]) {
			if v := value.data[i*cells+cell]; v > most {
				most, moves[i] = v, cell
			}
		}
	}
	return moves, nil
}
