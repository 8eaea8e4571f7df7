package train

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// CSV writes a line of comma-separated values for each epoch, below a heading.
type CSV struct {
	W io.Writer

	columns []string
}

// Start forgets an earlier training.
func (c *CSV) Start(*Run) error {
	c.columns = nil
	return nil
}

// Epoch writes a line.
func (c *CSV) Epoch(r *Run) error {
	w, e := csv.NewWriter(c.W), r.History.Last()
	if c.columns == nil {
		c.columns = r.History.columns()
		if err := w.Write(append([]string{"epoch", "steps", "rows", "seconds", "rate"}, c.columns...)); err != nil {
			return fmt.Errorf("train: csv: %w", err)
		}
	}
	line := []string{strconv.Itoa(e.Number), strconv.Itoa(e.Steps), strconv.Itoa(e.Rows), number(e.Seconds), number(e.Rate)}
	for _, name := range c.columns {
		v, _ := e.figure(name)
		line = append(line, number(v))
	}
	err := w.Write(line)
	w.Flush()
	if err = errors.Join(err, w.Error()); err != nil {
		return fmt.Errorf("train: csv: %w", err)
	}
	return nil
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// NDJSON writes a JSON object in a line of its own for each epoch: an [Epoch].
type NDJSON struct{ W io.Writer }

// Epoch writes a line.
func (n NDJSON) Epoch(r *Run) error {
	if err := json.NewEncoder(n.W).Encode(r.History.Last()); err != nil {
		return fmt.Errorf("train: ndjson: %w", err)
	}
	return nil
}
