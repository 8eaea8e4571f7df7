package tune

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// TPE is the tree-structured Parzen estimator (Bergstra et al. 2011): it fits one
// density to the parameters of the better trials and one to those of the rest, draws
// from the first, and tries the draw where their ratio is largest. Each parameter is
// looked at by itself, among the trials in which it exists. Trials that run, or
// failed, belong to the rest; so do pruned ones, unless they outlived the others. So
// that no branch of a space is given up for a bad start, every eighth trial is at a
// point of [Halton].
type TPE struct {
	Start      int     // trials at points of [Halton] before; 0 means 10
	Candidates int     // draws to choose from; 0 means 24
	Share      float64 // of trials that are the better ones, at most 25; 0 means 0.15
}

// Point returns the most promising of its draws.
func (p TPE) Point(s *Study, past []Trial) []float64 {
	start, draws, share := p.Start, p.Candidates, p.Share
	if start == 0 {
		start = 10
	}
	if draws == 0 {
		draws = 24
	}
	if share == 0 {
		share = 0.15
	}
	ranked := s.ranked(past)
	if len(ranked) < start || len(past)%8 == 7 {
		return Halton{}.Point(s, past)
	}
	n := min(int(math.Ceil(share*float64(len(ranked)))), 25)
	good, rest := ranked[:n], ranked[n:]
	for _, t := range past {
		if t.State == Running || t.State == Failed {
			rest = append(rest, s.Space.Point(t.Values))
		}
	}
	r := s.stream(len(past))
	point := make([]float64, len(s.Space))
	for i, param := range s.Space {
		l, g := density(param, good, i), density(param, rest, i)
		most := math.Inf(-1)
		for range draws {
			u := l.draw(r)
			if ratio := math.Log(l.at(u)) - math.Log(g.at(u)); ratio > most {
				point[i], most = u, ratio
			}
		}
	}
	return point
}

// ranked returns the points of trials with a value, the best first: those that are
// done by their values, then pruned ones, the longest first.
func (s *Study) ranked(past []Trial) [][]float64 {
	var list []Trial
	for _, t := range past {
		if t.State == Done || t.State == Pruned && !math.IsNaN(t.Value) {
			list = append(list, t)
		}
	}
	length := func(t Trial) int {
		if t.State == Done {
			return math.MaxInt
		}
		return t.Reports[len(t.Reports)-1].Step
	}
	slices.SortStableFunc(list, func(a, b Trial) int {
		if c := cmp.Compare(length(b), length(a)); c != 0 {
			return c
		}
		if s.Largest {
			return cmp.Compare(b.Value, a.Value)
		}
		return cmp.Compare(a.Value, b.Value)
	})
	points := make([][]float64, len(list))
	for i, t := range list {
		points[i] = s.Space.Point(t.Values)
	}
	return points
}

// A mixture is a density on [0, 1]: of normal distributions that are cut off at the
// ends, with a uniform one among them; or of the values of a choice.
type mixture struct {
	centers, widths []float64
	weights         []float64 // of a choice's words; nil for numbers
}

// density fits a mixture to coordinate i of those points that have it. A normal
// distribution is as wide as the distance to its farther neighbour.
func density(p Param, points [][]float64, i int) mixture {
	var at []float64
	for _, point := range points {
		if !math.IsNaN(point[i]) {
			at = append(at, point[i])
		}
	}
	if p.Kind == Choices {
		m := mixture{weights: make([]float64, len(p.Choices))}
		for k := range m.weights {
			m.weights[k] = 1
		}
		for _, u := range at {
			m.weights[min(int(u*float64(len(p.Choices))), len(p.Choices)-1)]++
		}
		return m
	}
	slices.Sort(at)
	m := mixture{centers: at, widths: make([]float64, len(at))}
	least := 1 / float64(min(100, len(at)+1)) // no narrower: few points say little
	for k := range at {
		left, right := 0.0, 1.0
		if k > 0 {
			left = at[k-1]
		}
		if k < len(at)-1 {
			right = at[k+1]
		}
		m.widths[k] = min(max(at[k]-left, right-at[k], least), 1)
	}
	return m
}

func (m mixture) draw(r *rand.Rand) float64 {
	if m.weights != nil {
		total := 0.0
		for _, w := range m.weights {
			total += w
		}
		left := r.Float64() * total
		for k, w := range m.weights {
			if left -= w; left < 0 || k == len(m.weights)-1 {
				return (float64(k) + 0.5) / float64(len(m.weights))
			}
		}
	}
	k := r.IntN(len(m.centers) + 1)
	if k == len(m.centers) {
		return r.Float64()
	}
	for {
		if u := m.centers[k] + m.widths[k]*r.NormFloat64(); u >= 0 && u <= 1 {
			return u
		}
	}
}

func (m mixture) at(u float64) float64 {
	if m.weights != nil {
		total := 0.0
		for _, w := range m.weights {
			total += w
		}
		return m.weights[min(int(u*float64(len(m.weights))), len(m.weights)-1)] / total
	}
	sum := 1.0
	for k, c := range m.centers {
		w := m.widths[k]
		z := (u - c) / w
		inside := below((1-c)/w) - below(-c/w)
		sum += math.Exp(-z*z/2) / (w * math.Sqrt(2*math.Pi) * inside)
	}
	return sum / float64(len(m.centers)+1)
}

// below is the share of a standard normal distribution below z.
func below(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
