package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/train"
	"github.com/adjointml/adjoint/viz"
)

// Callback returns a callback that writes a training into the folder: history.ndjson
// after each epoch, a line each; curves.svg, with the loss of steps behind its
// running mean, and a chart of each other figure while it goes on; and at the end,
// be it by an error, graph.svg, model.safetensors and the page. Put it after
// callbacks that change the weights at the end, such as [train.EarlyStopping]. A
// training that goes on from a position of this folder goes on in its files.
func (f *Folder) Callback() train.Callback { return &recorder{f: f} }

// A recorder is a training on its way into a folder.
type recorder struct {
	f       *Folder
	epochs  []train.Epoch // those before, too
	names   []string
	history *os.File
	steps   trace
	pending []train.Position // of the steps of this epoch
	losses  []float64        // of those
	rows    int              // of an epoch, once one is done
	drawn   time.Time
}

// redraw is how often charts are drawn at most.
const redraw = 2 * time.Second

// Start opens the history, and drops what it has of epochs that will come again.
func (c *recorder) Start(r *train.Run) error {
	path := c.f.Path("history.ndjson")
	*c = recorder{f: c.f, names: r.History.Names}
	if r.Position.Steps > 0 {
		if err := c.read(path, r.Position.Epoch); err != nil {
			return err
		}
	}
	var err error
	if c.history, err = os.Create(path); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, e := range c.epochs {
		if err := c.line(e); err != nil {
			return err
		}
		if v, ok := e.Train[c.names[0]]; ok { // their steps are not known any more
			c.steps.add(float64(e.Number), v)
		}
	}
	return nil
}

// read takes in the epochs of a history up to one.
func (c *recorder) read(path string, last int) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		var e train.Epoch
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("report: %s: line %d: %w", path, n, err)
		}
		if e.Number <= last {
			c.epochs = append(c.epochs, e)
		}
	}
	return lines.Err()
}

func (c *recorder) line(e train.Epoch) error {
	if err := json.NewEncoder(c.history).Encode(e); err != nil {
		return fmt.Errorf("report: history.ndjson: %w", err)
	}
	return nil
}

// Step notes the loss.
func (c *recorder) Step(r *train.Run) error {
	c.pending, c.losses = append(c.pending, r.Position), append(c.losses, r.Loss)
	return nil
}

// Epoch writes a line, and the charts when it is time.
func (c *recorder) Epoch(r *train.Run) error {
	e := r.History.Last()
	c.epochs = append(c.epochs, e)
	c.place()
	if err := c.line(e); err != nil {
		return err
	}
	if time.Since(c.drawn) < redraw {
		return nil
	}
	c.drawn = time.Now()
	return c.draw()
}

// place gives the steps of an epoch their places: the share of its rows that were
// done after them.
func (c *recorder) place() {
	if len(c.pending) == 0 {
		return
	}
	c.rows = max(c.rows, c.pending[len(c.pending)-1].Rows)
	for i, p := range c.pending {
		c.steps.add(float64(p.Epoch)+float64(p.Rows)/float64(c.rows), c.losses[i])
	}
	c.pending, c.losses = c.pending[:0], c.losses[:0]
}

// End draws the charts and the network, saves the model, and writes the page: that
// of a training that fails or is cut off, too.
func (c *recorder) End(r *train.Run) (err error) {
	if c.history == nil {
		return nil
	}
	c.place()
	if len(c.epochs) > 0 || len(c.steps.x) > 0 {
		err = c.draw()
	}
	return errors.Join(err,
		c.history.Close(),
		train.SaveFile(c.f.Path("model.safetensors"), r.Trainer.Params, train.Manifest{Position: r.Position}),
		c.f.Graph("graph", viz.Picture{}, network(r.Trainer)...),
		c.f.Close(),
	)
}

// draw writes a chart of each figure.
func (c *recorder) draw() error {
	for i, name := range c.names {
		learned, validated := c.curve(name)
		t := &chart.Chart{Title: name, X: "epoch", Y: name}
		file := "curves"
		if i == 0 {
			t.Layers = []chart.Layer{
				chart.Line{Name: "training", X: c.steps.x, Y: c.steps.y, Faint: true},
				chart.Line{Name: "training", X: c.steps.x, Y: Smooth(c.steps.y, len(c.steps.y)/40)},
			}
			t.LogY = steep(c.steps.y)
		} else {
			file += "-" + clean(name)
			t.Layers = []chart.Layer{learned}
		}
		if len(validated.Y) > 0 {
			t.Layers = append(t.Layers, validated)
		}
		if err := c.f.Chart(file, t); err != nil {
			return err
		}
	}
	return nil
}

// curve returns a figure of the epochs.
func (c *recorder) curve(name string) (learned, validated chart.Line) {
	learned.Name, validated.Name = "training", "validation"
	for _, e := range c.epochs {
		if v, ok := e.Train[name]; ok {
			learned.X, learned.Y = append(learned.X, float64(e.Number)), append(learned.Y, v)
		}
		if v, ok := e.Validation[name]; ok {
			validated.X, validated.Y = append(validated.X, float64(e.Number)), append(validated.Y, v)
		}
	}
	return learned, validated
}

// clean makes a figure's name a file's.
func clean(name string) string {
	return unfit.ReplaceAllString(name, "-")
}
