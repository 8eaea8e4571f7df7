package tune

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// The forest that importances are read from.
const (
	forestTrees = 64
	forestLeaf  = 3  // points in a leaf, at least
	forestDepth = 12 // splits above a leaf, at most
)

// Importance returns for each parameter the share of the variance of the value that
// it explains alone, on average over all others (functional ANOVA, Hutter et al.
// 2014). A random forest is fitted to the trials, and its marginals
// are integrated exactly. What the shares leave of 1 is due to several parameters
// together. A parameter counts as in the middle where it does not exist, and a pruned
// trial with the value at which it ended. All are 0 if the value never changes. It
// fails on fewer than 8 trials.
func (r *Result) Importance() ([]float64, error) {
	var x [][]float64
	var y []float64
	for _, t := range r.Trials {
		if !t.valued() {
			continue
		}
		point := r.Space.Point(t.Values)
		for i := range point {
			if math.IsNaN(point[i]) {
				point[i] = 0.5
			}
		}
		x, y = append(x, point), append(y, t.Value)
	}
	if len(x) < 8 {
		return nil, fmt.Errorf("tune: %d trials have a value: importances need at least 8", len(x))
	}
	share, trees := make([]float64, len(r.Space)), 0
	random := rand.New(rand.NewPCG(1, 0))
	for range forestTrees {
		rows := make([]int, len(x)) // with replacement
		for i := range rows {
			rows[i] = random.IntN(len(x))
		}
		grove := &tree{x: x, y: y, random: random}
		whole := box{make([]float64, len(r.Space)), slices.Repeat([]float64{1}, len(r.Space))}
		grove.grow(rows, whole, forestDepth)
		if total := grove.variance(); total > 0 {
			trees++
			for i := range share {
				share[i] += grove.marginal(i) / total
			}
		}
	}
	for i := range share {
		share[i] /= float64(max(trees, 1))
	}
	return share, nil
}

// A box is a part of the unit cube.
type box struct{ low, high []float64 }

// volume returns that of the box, without one of its axes; -1 leaves out none.
func (b box) volume(without int) float64 {
	v := 1.0
	for i := range b.low {
		if i != without {
			v *= b.high[i] - b.low[i]
		}
	}
	return v
}

// cut returns the two parts of the box below and above a point of an axis.
func (b box) cut(axis int, at float64) (below, above box) {
	below, above = box{b.low, slices.Clone(b.high)}, box{slices.Clone(b.low), b.high}
	below.high[axis], above.low[axis] = at, at
	return below, above
}

// A tree is a regression tree, as its leaves: boxes that cover the cube.
type tree struct {
	x      [][]float64
	y      []float64
	random *rand.Rand
	leaves []box
	means  []float64
}

// grow splits the rows in a box where that lowers the squared error most, at most
// depth times.
func (t *tree) grow(rows []int, b box, depth int) {
	axis, at := t.split(rows, depth)
	if axis < 0 {
		t.leaves, t.means = append(t.leaves, b), append(t.means, t.mean(rows))
		return
	}
	var low, high []int
	for _, i := range rows {
		if t.x[i][axis] < at {
			low = append(low, i)
		} else {
			high = append(high, i)
		}
	}
	below, above := b.cut(axis, at)
	t.grow(low, below, depth-1)
	t.grow(high, above, depth-1)
}

func (t *tree) mean(rows []int) float64 {
	sum := 0.0
	for _, i := range rows {
		sum += t.y[i]
	}
	return sum / float64(len(rows))
}

// split returns the axis and the place of the best split, or -1. Of the axes, two
// thirds are tried, so that trees differ.
func (t *tree) split(rows []int, depth int) (axis int, at float64) {
	axis = -1
	if depth == 0 || len(rows) < 2*forestLeaf {
		return axis, 0
	}
	axes := t.random.Perm(len(t.x[0]))
	axes = axes[:max(1, (len(axes)*2+2)/3)]
	total := t.mean(rows) * float64(len(rows))
	most := total*total/float64(len(rows)) + 1e-12*(1+total*total) // what no split gives
	rows = slices.Clone(rows)
	for _, a := range axes {
		slices.SortFunc(rows, func(i, j int) int {
			switch {
			case t.x[i][a] < t.x[j][a]:
				return -1
			case t.x[i][a] > t.x[j][a]:
				return 1
			}
			return i - j
		})
		left := 0.0
		for k, i := range rows[:len(rows)-1] {
			left += t.y[i]
			u, v := t.x[i][a], t.x[rows[k+1]][a]
			n := k + 1
			if u == v || n < forestLeaf || len(rows)-n < forestLeaf {
				continue
			}
			right := total - left
			if gain := left*left/float64(n) + right*right/float64(len(rows)-n); gain > most {
				most, axis, at = gain, a, (u+v)/2
			}
		}
	}
	return axis, at
}

// variance returns that of the tree's value over the cube.
func (t *tree) variance() float64 {
	mean, square := 0.0, 0.0
	for i, b := range t.leaves {
		v := b.volume(-1)
		mean += v * t.means[i]
		square += v * t.means[i] * t.means[i]
	}
	return max(square-mean*mean, 0)
}

// marginal returns the variance over one axis of the mean over all others.
func (t *tree) marginal(axis int) float64 {
	var ends []float64
	for _, b := range t.leaves {
		ends = append(ends, b.low[axis], b.high[axis])
	}
	slices.Sort(ends)
	ends = slices.Compact(ends)
	mean, square := 0.0, 0.0
	for k := range len(ends) - 1 {
		low, high := ends[k], ends[k+1]
		value := 0.0
		for i, b := range t.leaves {
			if b.low[axis] <= low && high <= b.high[axis] {
				value += t.means[i] * b.volume(axis)
			}
		}
		mean += (high - low) * value
		square += (high - low) * value * value
	}
	return max(square-mean*mean, 0)
}

// valued reports whether a trial ended with a value.
func (t *Trial) valued() bool {
	return t.State == Done || t.State == Pruned && !math.IsNaN(t.Value) && !math.IsInf(t.Value, 0)
}

// Coordinates returns what a picture in parallel coordinates draws: for each trial
// that is done or pruned a row with the place of each parameter in [0, 1], NaN where
// it does not exist, and the trial's value last.
func (r *Result) Coordinates() (rows [][]float64) {
	for _, t := range r.Trials {
		if t.valued() {
			rows = append(rows, append(r.Space.Point(t.Values), t.Value))
		}
	}
	return rows
}

// BestSoFar returns the best value of the trials that are done up to each of them.
func (r *Result) BestSoFar() (list []float64) {
	s := &Study{Largest: r.Largest}
	best := s.worst()
	for _, t := range r.Trials {
		if t.State == Done {
			if s.better(t.Value, best) {
				best = t.Value
			}
			list = append(list, best)
		}
	}
	return list
}
