package env

import (
	"fmt"
	"math/rand/v2"
)

// TicTacToe is a position of the game on 3 by 3 cells, a value to copy and
// compare. The zero value is the start; who begins has the stones 1, the other
// one -1.
type TicTacToe struct {
	Cells [9]int8 // 0 where there is no stone, row by row
	moves int8    // made so far
}

// lines are the cells in a row.
var lines = [8][3]int{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6}, {1, 4, 7}, {2, 5, 8}, {0, 4, 8}, {2, 4, 6}}

// Turn returns the stone of whose turn it is: 1 or -1.
func (t TicTacToe) Turn() int8 { return 1 - 2*(t.moves%2) }

// Winner returns the stone that has three in a row, or 0.
func (t TicTacToe) Winner() int8 {
	for _, l := range lines {
		if s := t.Cells[l[0]]; s != 0 && s == t.Cells[l[1]] && s == t.Cells[l[2]] {
			return s
		}
	}
	return 0
}

// Over reports whether the game has ended.
func (t TicTacToe) Over() bool { return t.moves == 9 || t.Winner() != 0 }

// Moves appends the free cells to list, none if the game is over.
func (t TicTacToe) Moves(list []int) []int {
	if t.Over() {
		return list
	}
	for i, s := range t.Cells {
		if s == 0 {
			list = append(list, i)
		}
	}
	return list
}

// Play returns the position after a stone on the cell.
func (t TicTacToe) Play(cell int) (TicTacToe, error) {
	if cell < 0 || cell > 8 || t.Cells[cell] != 0 || t.Over() {
		return t, fmt.Errorf("tictactoe: cell %d is not free in\n%v", cell, t)
	}
	t.Cells[cell] = t.Turn()
	t.moves++
	return t, nil
}

// String draws the board.
func (t TicTacToe) String() string {
	var b []byte
	for i, s := range t.Cells {
		b = append(b, "o.x"[s+1])
		if i%3 == 2 && i < 8 {
			b = append(b, '\n')
		}
	}
	return string(b)
}

// Minimax is the perfect player: it looks at all games. The zero value is ready.
type Minimax struct {
	known map[TicTacToe]int8
}

// Value returns how the game ends for whose turn it is, if both play perfectly:
// 1, 0 or -1.
func (m *Minimax) Value(t TicTacToe) int8 {
	if t.Over() {
		return t.Winner() * t.Turn()
	}
	if v, ok := m.known[t]; ok {
		return v
	}
	best := int8(-1)
	for _, c := range t.Moves(nil) {
		next, _ := t.Play(c)
		best = max(best, -m.Value(next))
	}
	if m.known == nil {
		m.known = map[TicTacToe]int8{}
	}
	m.known[t] = best
	return best
}

// Best returns the moves that keep the value of the position.
func (m *Minimax) Best(t TicTacToe) (best []int) {
	for _, c := range t.Moves(nil) {
		if next, _ := t.Play(c); -m.Value(next) == m.Value(t) {
			best = append(best, c)
		}
	}
	return best
}

// Move draws one of the best moves.
func (m *Minimax) Move(t TicTacToe, rnd *rand.Rand) int {
	best := m.Best(t)
	return best[rnd.IntN(len(best))]
}
