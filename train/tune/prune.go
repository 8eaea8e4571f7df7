package tune

import (
	"math"
	"slices"
)

// A Pruner ends trials that fall behind.
type Pruner interface {
	// Prune says whether a trial should end after its last report. It is given all
	// trials, that one at its number, and is not called by two goroutines at once.
	Prune(s *Study, trials []Trial, number int) bool
}

// Median ends a trial whose best value so far is worse than the median of what the
// others had reached at the same step, as means of their reports until then (Golovin
// et al. 2017).
type Median struct {
	Start int // trials that must have reached the step before; 0 means 5
	After int // steps that every trial may run
}

// Prune compares with the median.
func (m Median) Prune(s *Study, trials []Trial, number int) bool {
	start := m.Start
	if start == 0 {
		start = 5
	}
	mine := trials[number].Reports
	step := mine[len(mine)-1].Step
	if step <= m.After {
		return false
	}
	var others []float64
	for i, t := range trials {
		if mean, reached := meanUntil(t.Reports, step); i != number && reached {
			others = append(others, mean)
		}
	}
	if len(others) < start {
		return false
	}
	best := s.worst()
	for _, r := range mine {
		if s.better(r.Value, best) {
			best = r.Value
		}
	}
	slices.Sort(others)
	median := (others[len(others)/2] + others[(len(others)-1)/2]) / 2
	return s.better(median, best)
}

// meanUntil returns the mean of the finite values until a step, and whether the
// trial has come so far.
func meanUntil(reports []Report, step int) (mean float64, reached bool) {
	n := 0
	for _, r := range reports {
		reached = reached || r.Step >= step
		if r.Step <= step && !math.IsNaN(r.Value) && !math.IsInf(r.Value, 0) {
			mean += r.Value
			n++
		}
	}
	return mean / float64(n), reached && n > 0
}

// worst returns a value that every other is better than.
func (s *Study) worst() float64 {
	if s.Largest {
		return math.Inf(-1)
	}
	return math.Inf(1)
}

// ASHA is asynchronous successive halving (Li et al. 2018, arXiv:1810.05934) as a
// rule of stopping: at the steps Least, Least·Factor, Least·Factor², ... a trial
// goes on if its value is among the best 1/Factor of those that have come to that
// step, itself included. It waits for none, so the first to come to a step goes on.
type ASHA struct {
	Least  int // the first step at which a trial may end; 0 means 1
	Factor int // 0 means 3
}

// Prune looks at the last step of the above that the trial has passed.
func (a ASHA) Prune(s *Study, trials []Trial, number int) bool {
	least, factor := max(a.Least, 1), a.Factor
	if factor < 2 {
		factor = 3
	}
	mine := trials[number].Reports
	last, before := mine[len(mine)-1], 0
	if len(mine) > 1 {
		before = mine[len(mine)-2].Step
	}
	rung := 0
	for step := least; step <= last.Step; step *= factor {
		rung = step
	}
	if rung <= before { // it was looked at when the trial passed it
		return false
	}
	if math.IsNaN(last.Value) {
		return true
	}
	all, ahead := 0, 0
	for _, t := range trials {
		i := slices.IndexFunc(t.Reports, func(r Report) bool { return r.Step >= rung })
		if i < 0 {
			continue
		}
		all++
		if s.better(t.Reports[i].Value, last.Value) {
			ahead++
		}
	}
	return ahead >= max(all/factor, 1)
}
