// Package tensorboard writes what happens in a training as event files, which
// TensorBoard shows: tensorboard --logdir DIR.
package tensorboard

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/train"
)

// A Writer is a [train.Callback] that writes, after each epoch, its figures as
// scalars, those of the validation below "val_", and the parameters as histograms,
// at the number of the step. It also works without Fit: see [Writer.Scalars]. It
// fails where the folder or the file cannot be written.
type Writer struct {
	Dir string // the folder, which is made; each run should have its own
	// Histograms writes histograms of the parameters after every so many epochs; 0
	// means 1, less than 0 none.
	Histograms int

	file *os.File
}

var (
	_ train.Callback = (*Writer)(nil)
	_ train.Starter  = (*Writer)(nil)
	_ train.Ender    = (*Writer)(nil)
)

// Start opens a new file and writes the graph: that of the evaluation, or of the
// step where nothing is evaluated.
func (w *Writer) Start(r *train.Run) error {
	if err := w.Close(); err != nil {
		return err
	}
	p := r.Trainer.Evaluation
	if p == nil {
		p = r.Trainer.Step
	}
	return w.write(message(event(now(), 0), 4, graphDef(p.Nodes())))
}

// Epoch writes figures, the learning rate as "rate" if it is known, and histograms.
func (w *Writer) Epoch(r *train.Run) error {
	e, step := r.History.Last(), 0
	for _, epoch := range r.History.Epochs {
		step += epoch.Steps
	}
	figures := make(map[string]float64, 2*len(r.History.Names))
	for name, v := range e.Train {
		figures[name] = v
	}
	for name, v := range e.Validation {
		figures["val_"+name] = v
	}
	if _, taken := figures["rate"]; !taken && e.Rate != 0 {
		figures["rate"] = e.Rate
	}
	if err := w.Scalars(step, figures); err != nil {
		return err
	}
	if every := max(w.Histograms, 1); w.Histograms < 0 || e.Number%every != 0 {
		return nil
	}
	return w.Params(step, r.Trainer.Params)
}

// End closes the file.
func (w *Writer) End(*train.Run) error { return w.Close() }

// Scalars writes figures at a step.
func (w *Writer) Scalars(step int, figures map[string]float64) error {
	var summary []byte
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		summary = message(summary, 1, scalar(name, figures[name]))
	}
	return w.write(message(event(now(), step), 5, summary))
}

// Params writes histograms of parameters of float32 or float64 at a step.
func (w *Writer) Params(step int, params []*graph.Param) error {
	var summary []byte
	for _, p := range params {
		var values []float64
		switch p.Value.Dtype() {
		case tensor.Float64:
			values = p.Value.Float64s()
		case tensor.Float32:
			for _, v := range p.Value.Float32s() {
				values = append(values, float64(v))
			}
		default:
			continue
		}
		summary = message(summary, 1, histogram(p.Label, values))
	}
	return w.write(message(event(now(), step), 5, summary))
}

// Close closes the file; what is written next goes to a new one.
func (w *Writer) Close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}

// now is the time in seconds since 1970.
func now() float64 { return float64(time.Now().UnixNano()) / 1e9 }

// open makes the folder and a file of a name that is not taken, which begins with
// the version: file_version = 3.
func (w *Writer) open() error {
	if w.Dir == "" {
		return errors.New("tensorboard: no folder: set Writer.Dir")
	}
	if err := os.MkdirAll(w.Dir, 0o755); err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	for i := 0; w.file == nil; i++ {
		name := fmt.Sprintf("events.out.tfevents.%d.adjoint.%d.%d", time.Now().Unix(), os.Getpid(), i)
		f, err := os.OpenFile(filepath.Join(w.Dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("tensorboard: %w", err)
		}
		w.file = f
	}
	return w.write(text(double(nil, 1, now()), 3, "brain.Event:2"))
}

// write appends a record; the first one opens the file.
func (w *Writer) write(event []byte) error {
	if w.file == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	if _, err := w.file.Write(record(event)); err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	return nil
}
