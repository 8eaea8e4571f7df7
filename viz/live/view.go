package live

import (
	"math"
	"strconv"

	"github.com/adjointml/adjoint/graph"
)

// A view is a value as the page shows it: its numbers while they are few, a
// picture of block means and a histogram beyond.
type view struct {
	Type   string    `json:"type"`
	Shape  []int     `json:"shape"`
	Values []float64 `json:"values,omitempty"` // all, row by row, of at most 8 by 8
	Heat   [][]num   `json:"heat,omitempty"`   // block means of the rows of a matrix, at most 64 by 64
	Bins   []int     `json:"bins,omitempty"`   // a histogram from Min to Max
	Min    num       `json:"min"`
	Max    num       `json:"max"`
	Mean   num       `json:"mean"`
	Std    num       `json:"std"`
	Bad    int       `json:"bad"` // elements that are no finite numbers
}

// A num is a number in JSON, where one that is not finite is null.
type num float64

// MarshalJSON writes the number, or null.
func (n num) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', -1, 64), nil
}

const (
	fewNumbers = 64 // elements that are shown as numbers, in rows of at most 8
	side       = 64 // of a picture of block means
	bins       = 40
)

// viewOf describes a value.
func viewOf(t graph.Tensor) view {
	v := view{Type: t.DType.String(), Shape: t.Shape}
	v.measure(t)
	rows, columns := 1, 1
	for i, d := range t.Shape {
		if i == len(t.Shape)-1 {
			columns = d
		} else {
			rows *= d
		}
	}
	switch n := t.Len(); {
	case n == 0:
	case n <= fewNumbers && columns <= 8 && rows <= 8 && v.Bad == 0:
		for i := range n {
			v.Values = append(v.Values, t.At(i))
		}
	default:
		v.Heat = heat(t, rows, columns)
		v.histogram(t)
	}
	return v
}

// measure finds range, mean, standard deviation and what is not finite.
func (v *view) measure(t graph.Tensor) {
	lo, hi, sum, squares, n := math.Inf(1), math.Inf(-1), 0.0, 0.0, 0.0
	for i := range t.Len() {
		x := t.At(i)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			v.Bad++
			continue
		}
		lo, hi, sum, n = min(lo, x), max(hi, x), sum+x, n+1
	}
	mean := sum / n
	for i := range t.Len() {
		if x := t.At(i); !math.IsNaN(x) && !math.IsInf(x, 0) {
			squares += (x - mean) * (x - mean)
		}
	}
	v.Min, v.Max, v.Mean, v.Std = num(lo), num(hi), num(mean), num(math.Sqrt(squares/n))
}

// heat returns the means of the blocks of a matrix.
func heat(t graph.Tensor, rows, columns int) [][]num {
	r, c := min(rows, side), min(columns, side)
	m := make([][]num, r)
	for i := range m {
		m[i] = make([]num, c)
		for j := range m[i] {
			sum, n := 0.0, 0.0
			for y := i * rows / r; y < (i+1)*rows/r; y++ {
				for x := j * columns / c; x < (j+1)*columns/c; x++ {
					sum, n = sum+t.At(y*columns+x), n+1
				}
			}
			m[i][j] = num(sum / n)
		}
	}
	return m
}

func (v *view) histogram(t graph.Tensor) {
	v.Bins = make([]int, bins)
	lo, width := float64(v.Min), float64(v.Max-v.Min)
	for i := range t.Len() {
		if x := t.At(i); !math.IsNaN(x) && !math.IsInf(x, 0) {
			k := 0
			if width > 0 {
				k = min(int(bins*(x-lo)/width), bins-1)
			}
			v.Bins[k]++
		}
	}
}
