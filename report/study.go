package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/train/tune"
)

// Study adds a section about a search: its best trials in a table, the values of all
// trials in search.svg, what the parameters matter in importance.svg, and all trials
// in parallel coordinates in coordinates.svg. The pictures of what needs more trials
// than are done are left out.
func (f *Folder) Study(title string, r *tune.Result) error {
	states := map[tune.State]int{}
	for _, t := range r.Trials {
		states[t.State]++
	}
	f.Section(title, fmt.Sprintf("%d trials: %d done, %d pruned, %d failed.", len(r.Trials), states[tune.Done], states[tune.Pruned], states[tune.Failed]))
	best := bestTrials(r)
	if len(best) == 0 {
		return nil
	}
	f.trialTable(r, best)
	if err := f.Chart("search", searchChart(r)); err != nil {
		return err
	}
	if share, err := r.Importance(); err == nil {
		bars := chart.Bars{Values: share}
		for _, p := range r.Space {
			bars.Names = append(bars.Names, p.Name)
		}
		err := f.Chart("importance", &chart.Chart{Title: "what each parameter explains alone", Y: "share of the variance", Layers: []chart.Layer{bars}})
		if err != nil {
			return err
		}
	}
	if len(r.Space) < 2 {
		return nil
	}
	return f.Chart("coordinates", coordinatesChart(r))
}

// bestTrials returns those that are done, the best first.
func bestTrials(r *tune.Result) (list []tune.Trial) {
	for _, t := range r.Trials {
		if t.State == tune.Done {
			list = append(list, t)
		}
	}
	slices.SortStableFunc(list, func(a, b tune.Trial) int {
		if r.Largest {
			return cmp.Compare(b.Value, a.Value)
		}
		return cmp.Compare(a.Value, b.Value)
	})
	return list
}

func (f *Folder) trialTable(r *tune.Result, best []tune.Trial) {
	head := []string{"trial", "value"}
	for _, p := range r.Space {
		head = append(head, p.Name)
	}
	var rows [][]string
	for _, t := range best[:min(len(best), 10)] {
		row := []string{fmt.Sprint(t.Number), fmt.Sprintf("%.5g", t.Value)}
		for _, p := range r.Space {
			row = append(row, valueText(t.Values[p.Name]))
		}
		rows = append(rows, row)
	}
	f.Table(head, rows)
}

// valueText writes a value for people.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case float64:
		return fmt.Sprintf("%.4g", v)
	}
	return fmt.Sprint(v)
}

// searchChart shows the trials' values and the best so far.
func searchChart(r *tune.Result) *chart.Chart {
	points := map[tune.State]*chart.Points{}
	var numbers []float64
	for _, t := range r.Trials {
		if t.State == tune.Failed {
			continue
		}
		if t.State == tune.Done {
			numbers = append(numbers, float64(t.Number))
		}
		p := points[t.State]
		if p == nil {
			p = &chart.Points{Name: string(t.State)}
			points[t.State] = p
		}
		p.X, p.Y = append(p.X, float64(t.Number)), append(p.Y, t.Value)
	}
	c := &chart.Chart{Title: "trials", X: "trial", Y: "value", Layers: []chart.Layer{chart.Line{Name: "best so far", X: numbers, Y: r.BestSoFar()}}}
	for _, state := range slices.Sorted(maps.Keys(points)) {
		c.Layers = append(c.Layers, *points[state])
	}
	return c
}

// coordinatesChart draws each trial that has a value as a line over axes side by side,
// one for each parameter and one for the value; the best tenth stands out.
func coordinatesChart(r *tune.Result) *chart.Chart {
	rows := r.Coordinates()
	last := len(r.Space)
	low, high := math.Inf(1), math.Inf(-1)
	for _, row := range rows {
		low, high = min(low, row[last]), max(high, row[last])
	}
	slices.SortStableFunc(rows, func(a, b []float64) int {
		if r.Largest {
			return cmp.Compare(a[last], b[last])
		}
		return cmp.Compare(b[last], a[last])
	})
	var names []string
	for _, p := range r.Space {
		names = append(names, p.Name)
	}
	c := &chart.Chart{Title: "parallel coordinates", Y: "place between the ends", Names: append(names, "value")}
	few := max(1, len(rows)/10)
	for i, row := range rows {
		if high > low {
			row[last] = (row[last] - low) / (high - low)
		} else {
			row[last] = 0.5
		}
		name, faint := "others", true
		if i >= len(rows)-few {
			name, faint = "best tenth", false
		}
		c.Layers = append(c.Layers, chart.Line{Name: name, Y: row, Faint: faint})
	}
	return c
}
