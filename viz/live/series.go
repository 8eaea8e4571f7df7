package live

import "math"

// A series is a curve of bounded length: when it is full, each four points become
// the smallest and the largest of them, so that peaks stay.
type series struct {
	X, Y  []float64
	Era   int // counts how often it was thinned: what was read before is to be read again
	every int // points that are put into one
	low   [2]float64
	high  [2]float64
	held  int
}

const seriesLimit = 2000 // points

// add adds a point. What is no finite number is left out.
func (s *series) add(x, y float64) {
	if math.IsNaN(y) || math.IsInf(y, 0) {
		return
	}
	if s.every < 2 {
		s.X, s.Y = append(s.X, x), append(s.Y, y)
	} else {
		s.hold(x, y)
	}
	if len(s.X) >= seriesLimit {
		s.thin()
	}
}

// hold gathers points until they are enough for two.
func (s *series) hold(x, y float64) {
	if s.held == 0 || y < s.low[1] {
		s.low = [2]float64{x, y}
	}
	if s.held == 0 || y >= s.high[1] {
		s.high = [2]float64{x, y}
	}
	if s.held++; s.held < s.every {
		return
	}
	s.held = 0
	a, b := s.low, s.high
	if a[0] > b[0] {
		a, b = b, a
	}
	s.X, s.Y = append(s.X, a[0], b[0]), append(s.Y, a[1], b[1])
}

func (s *series) thin() {
	old := *s
	*s = series{Era: old.Era + 1, every: 4}
	for i := range old.X {
		s.hold(old.X[i], old.Y[i])
	}
	s.held = 0
	s.every = max(2*old.every, 4) // as each point stands for more now
}
