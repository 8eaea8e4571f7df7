package report

import (
	"fmt"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/train"
)

// Rates writes rates.svg, the losses that a rate finder met over the factors that it
// tried, with the factor that it chose, and adds it to the section.
func (f *Folder) Rates(r *train.RateFinder, chosen float64) error {
	if len(r.Factors) == 0 {
		return fmt.Errorf("report: the rate finder has tried nothing: call Find first")
	}
	mark := chart.Points{Name: fmt.Sprintf("chosen: %.3g", chosen)}
	for i, factor := range r.Factors {
		if factor == chosen {
			mark.X, mark.Y = append(mark.X, factor), append(mark.Y, r.Losses[i])
		}
	}
	return f.Chart("rates", &chart.Chart{
		Title: "loss at growing learning rates", X: "factor of the learning rate", Y: "loss", LogX: true, LogY: steep(r.Losses),
		Layers: []chart.Layer{chart.Line{X: r.Factors, Y: r.Losses}, mark},
	})
}
