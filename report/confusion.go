package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
)

// Classes returns the class numbers that a tensor means: of logits or probabilities
// the place of the largest, of integers themselves.
//
//	t [n classes] of floats, or [n] or [n 1] of integers -> n numbers
func Classes(t *tensor.Dense) ([]int, error) {
	v, err := graph.FromDense(t)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	switch rank := len(v.Shape); {
	case rank == 2 && v.Shape[1] > 1 && v.DType.Float():
		list := make([]int, v.Shape[0])
		for i := range list {
			best := i * v.Shape[1]
			for k := best; k < (i+1)*v.Shape[1]; k++ {
				if v.At(k) > v.At(best) {
					best = k
				}
			}
			list[i] = best - i*v.Shape[1]
		}
		return list, nil
	case (rank == 1 || rank == 2 && v.Shape[1] == 1) && !v.DType.Float() && v.DType != graph.Bool:
		list := make([]int, v.Len())
		for i := range list {
			list[i] = int(v.At(i))
		}
		return list, nil
	}
	return nil, fmt.Errorf("report: %v %v are no classes: want floats [n classes], or integers [n]", v.DType, v.Shape)
}

// A Count is how a classifier did on one class.
type Count struct {
	Class                 string
	Rows                  int     // of this class
	Precision, Recall, F1 float64 // 0 where there is nothing to divide by
}

// count returns how often each class was taken for each, and how well each did.
func count(classes []string, labels, predicted []int) (matrix [][]float64, list []Count, hits int) {
	matrix = make([][]float64, len(classes))
	for i := range matrix {
		matrix[i] = make([]float64, len(classes))
	}
	for i, l := range labels {
		matrix[l][predicted[i]]++
		if l == predicted[i] {
			hits++
		}
	}
	for i, name := range classes {
		is, taken := 0.0, 0.0
		for j := range classes {
			is, taken = is+matrix[i][j], taken+matrix[j][i]
		}
		c := Count{Class: name, Rows: int(is)}
		c.Precision, c.Recall = ratio(matrix[i][i], taken), ratio(matrix[i][i], is)
		c.F1 = ratio(2*matrix[i][i], is+taken)
		list = append(list, c)
	}
	return matrix, list, hits
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Confusion writes confusion.svg, how often each class was taken for each, and adds
// it to the section with a table of each class's precision, recall and F1. Of more
// than 25 classes, the table has those with the least F1 only. Classes nil names
// them by their numbers.
func (f *Folder) Confusion(classes []string, labels, predicted []int) error {
	if len(labels) != len(predicted) {
		return fmt.Errorf("report: %d predictions for %d labels: want one for each", len(predicted), len(labels))
	}
	if classes == nil {
		for i := range 1 + max(-1, slices.Max(append([]int{-1}, append(labels, predicted...)...))) {
			classes = append(classes, strconv.Itoa(i))
		}
	}
	for i := range labels {
		if l, p := labels[i], predicted[i]; min(l, p) < 0 || max(l, p) >= len(classes) {
			return fmt.Errorf("report: row %d is of class %d and taken for %d, but there are %d classes", i, l, p, len(classes))
		}
	}
	matrix, list, hits := count(classes, labels, predicted)
	f.Text(fmt.Sprintf("%d of %d are right: %.2f %%.", hits, len(labels), 100*ratio(float64(hits), float64(len(labels)))))
	names := classes
	if len(classes) > 40 {
		names = nil
	}
	err := f.Chart("confusion", &chart.Chart{Title: "what was taken for what", X: "taken for", Y: "is", Layers: []chart.Layer{
		chart.Heat{Z: matrix, Rows: names, Columns: names, Numbers: len(classes) <= 25},
	}})
	const most = 25
	if len(list) > most {
		slices.SortStableFunc(list, func(a, b Count) int { return cmp.Compare(a.F1, b.F1) })
		list = list[:most]
	}
	var rows [][]string
	for _, c := range list {
		share := func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }
		rows = append(rows, []string{c.Class, strconv.Itoa(c.Rows), share(c.Precision), share(c.Recall), share(c.F1)})
	}
	f.Table([]string{"class", "rows", "precision", "recall", "F1"}, rows)
	return err
}
