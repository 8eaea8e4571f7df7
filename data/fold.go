package data

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
)

// A Fold is a way to cut a data set in two.
type Fold struct{ Train, Test *Arrays }

// Folds yields k ways to cut the rows in two for cross-validation: each row is
// in the test part of just one, and the parts differ by one row at most. The
// rows keep their order; Shuffle first when they are sorted. With fewer rows
// than folds, or k < 2, there are none.
func (a *Arrays) Folds(k int) iter.Seq2[int, Fold] {
	parts := make([]int, len(a.rows))
	for i := range parts {
		parts[i] = i * k / len(a.rows)
	}
	return a.folds(k, parts)
}

// StratifiedFolds is Folds with the classes of a column of integers or truths as
// frequent in each part as in the whole, as nearly as can be. The rows of each
// class are dealt to the parts in turn. It fails where the column holds neither.
func (a *Arrays) StratifiedFolds(k, column int) (iter.Seq2[int, Fold], error) {
	classes, err := a.classes(column)
	if err != nil {
		return nil, err
	}
	parts := make([]int, len(a.rows))
	next := 0
	for _, rows := range classes {
		for _, r := range rows {
			parts[r] = next
			next = (next + 1) % max(k, 1)
		}
	}
	return a.folds(k, parts), nil
}

// folds yields the folds of which parts says where each row is tested.
func (a *Arrays) folds(k int, parts []int) iter.Seq2[int, Fold] {
	return func(yield func(int, Fold) bool) {
		if k < 2 || len(a.rows) < k {
			return
		}
		for fold := range k {
			var f Fold
			f.Train, f.Test = &Arrays{columns: a.columns}, &Arrays{columns: a.columns}
			for i, r := range a.rows {
				side := f.Train
				if parts[i] == fold {
					side = f.Test
				}
				side.rows = append(side.rows, r)
			}
			if !yield(fold, f) {
				return
			}
		}
	}
}

// StratifiedSplit returns a fraction of the rows of each class of a column, and
// the rest, both in their order in this data set. Which rows are taken depends
// on the seed. The first part has the fraction of all rows, rounded; what is
// left over goes to the classes that rounding wronged most.
func (a *Arrays) StratifiedSplit(fraction float64, column int, seed uint64) (first, rest *Arrays, err error) {
	classes, err := a.classes(column)
	if err != nil {
		return nil, nil, err
	}
	if !(fraction > 0) {
		fraction = 0
	}
	fraction = min(fraction, 1)
	r := rand.New(rand.NewPCG(seed, 2))
	taken := make([]bool, len(a.rows))
	left := int(math.Round(fraction * float64(len(a.rows))))
	var more []int // the first row of each class that rounding down left out
	var owed []float64
	for _, rows := range classes {
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		exact := fraction * float64(len(rows))
		n := int(exact)
		for _, row := range rows[:n] {
			taken[row] = true
		}
		left -= n
		if n < len(rows) {
			more, owed = append(more, rows[n]), append(owed, exact-float64(n))
		}
	}
	by := count(len(more))
	slices.SortStableFunc(by, func(i, j int) int { return cmp.Compare(owed[j], owed[i]) })
	for _, i := range by[:min(max(left, 0), len(by))] {
		taken[more[i]] = true
	}
	first, rest = &Arrays{columns: a.columns}, &Arrays{columns: a.columns}
	for i, row := range a.rows {
		side := rest
		if taken[i] {
			side = first
		}
		side.rows = append(side.rows, row)
	}
	return first, rest, nil
}

// classes returns the rows of each class of a column, by class.
func (a *Arrays) classes(column int) ([][]int, error) {
	if column < 0 || column >= len(a.columns) {
		return nil, fmt.Errorf("data: no column %d: there are %d", column, len(a.columns))
	}
	key, ok := a.columns[column].classes()
	if !ok {
		return nil, fmt.Errorf("data: column %d is %v, not one integer or truth a row: stratify by the column of labels", column, a.columns[column])
	}
	by := map[int64][]int{}
	var names []int64
	for i, r := range a.rows {
		k := key(r)
		if by[k] == nil {
			names = append(names, k)
		}
		by[k] = append(by[k], i)
	}
	slices.Sort(names)
	out := make([][]int, len(names))
	for i, k := range names {
		out[i] = by[k]
	}
	return out, nil
}
