package train

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
)

// A Callback is called after each epoch, and its validation. It may be a [Starter],
// a [Stepper] and an [Ender] too. An error ends the training and is what Fit
// returns; [Run.Stop] ends it without.
type Callback interface {
	Epoch(r *Run) error
}

// A Starter is called before the first step.
type Starter interface{ Start(r *Run) error }

// A Stepper is called after each step.
type Stepper interface{ Step(r *Run) error }

// An Ender is called when training ends, by an error or a stop too.
type Ender interface{ End(r *Run) error }

// An Interrupter is called when Fit's context ends a training: after the last step that
// is whole, and before the Enders, so what it finds is what training would go on from.
type Interrupter interface{ Interrupt(r *Run) error }

// OnEpoch is a function as a callback after each epoch.
type OnEpoch func(r *Run) error

// Epoch calls f.
func (f OnEpoch) Epoch(r *Run) error { return f(r) }

// OnStep is a function as a callback after each step.
type OnStep func(r *Run) error

// Epoch does nothing.
func (f OnStep) Epoch(*Run) error { return nil }

// Step calls f.
func (f OnStep) Step(r *Run) error { return f(r) }

// A Watch follows a figure and knows its best value. It is part of callbacks.
type Watch struct {
	Figure  string  // such as "val_accuracy"; "" means "val_loss", or "loss" without validation
	Largest bool    // the largest value is the best, as of accuracy; else the smallest
	Delta   float64 // what counts as better must be better by more than this

	best  float64
	since int // epochs without a better value
	any   bool
}

// look takes in the last epoch and reports whether it is the best. NaN never is.
func (w *Watch) look(who string, r *Run) (better bool, err error) {
	e, name := r.History.Last(), w.Figure
	if name == "" {
		name = "loss"
		if len(r.History.Names) > 0 {
			name = r.History.Names[0]
		}
		if e.Validation != nil {
			name = "val_" + name
		}
	}
	v, ok := e.figure(name)
	if !ok {
		return false, fmt.Errorf("train: %s watches %q, which is none of %s", who, name, listed(r.History.columns()))
	}
	gain := w.best - v
	if w.Largest {
		gain = -gain
	}
	better = !math.IsNaN(v) && (!w.any || gain > w.Delta)
	if better {
		w.best, w.any, w.since = v, true, 0
	} else {
		w.since++
	}
	return better, nil
}

// EarlyStopping ends training when a figure has not become better for some epochs,
// and puts everything that training changes, the optimizer's state too, back to
// where it was best.
type EarlyStopping struct {
	Watch
	Patience int  // epochs without a better value that are borne
	Keep     bool // keep the last parameters rather than the best

	params []*graph.Param
	saved  *Snapshot
	at     int
}

// Start forgets an earlier training.
func (s *EarlyStopping) Start(r *Run) error {
	s.Watch.any, s.since, s.saved, s.at = false, 0, nil, 0
	s.params = r.Trainer.State()
	return nil
}

// Epoch looks at the figure.
func (s *EarlyStopping) Epoch(r *Run) error {
	better, err := s.look("early stopping", r)
	if err != nil {
		return err
	}
	if better {
		s.at = r.Position.Epoch
		if !s.Keep {
			if s.saved == nil {
				s.saved = &Snapshot{Params: s.params}
			}
			return s.saved.Take()
		}
		return nil
	}
	if s.since > s.Patience {
		r.Stop(fmt.Sprintf("no better for %d epochs since epoch %d", s.since, s.at))
	}
	return nil
}

// End puts the best parameters back.
func (s *EarlyStopping) End(*Run) error {
	if s.saved == nil {
		return nil
	}
	return s.saved.Restore()
}

// A Snapshot holds values of parameters in memory.
type Snapshot struct {
	Params []*graph.Param
	values []graph.Tensor
}

// Take keeps the present values.
func (s *Snapshot) Take() error {
	if s.values == nil {
		s.values = make([]graph.Tensor, len(s.Params))
	}
	for i, p := range s.Params {
		v, err := graph.FromDense(p.Value)
		if err == nil && s.values[i].Shape == nil {
			s.values[i], err = graph.NewTensor(v.DType, slices.Clone(v.Shape)...)
		}
		if err != nil {
			return fmt.Errorf("train: parameter %s: %w", p.Label, err)
		}
		s.values[i].Copy(v)
	}
	return nil
}

// Restore gives the parameters the values that were taken.
func (s *Snapshot) Restore() error {
	if s.values == nil {
		return fmt.Errorf("train: nothing was taken: call Snapshot.Take first")
	}
	for i, p := range s.Params {
		v, err := graph.NewTensor(s.values[i].DType, s.values[i].Shape...)
		if err != nil {
			return err
		}
		v.Copy(s.values[i])
		if p.Value, err = v.Dense(); err != nil {
			return fmt.Errorf("train: parameter %s: %w", p.Label, err)
		}
	}
	return nil
}

// load takes arrays, whose names begin with prefix, as what was taken of the
// parameters.
func (s *Snapshot) load(arrays map[string]*tensor.Dense, prefix string) error {
	s.values = make([]graph.Tensor, len(s.Params))
	for i, p := range s.Params {
		a := arrays[prefix+p.Label]
		if a == nil || !same(p, a) {
			return fmt.Errorf("there is no %v named %s", p.Type, prefix+p.Label)
		}
		var err error
		if s.values[i], err = graph.FromDense(a); err != nil {
			return err
		}
	}
	return nil
}

// Best keeps the model of the epoch that was best in a file: the parameters that
// [Trainer.Params] lists, written anew, whole or not at all, each time the figure is
// better. [LoadFile] reads it.
type Best struct {
	Watch
	Path string
	Note string // for [Manifest.Note]
}

// Start forgets an earlier training.
func (b *Best) Start(*Run) error {
	b.any, b.since = false, 0
	return nil
}

// Epoch saves if the figure is better.
func (b *Best) Epoch(r *Run) error {
	better, err := b.look("best", r)
	if err != nil || !better {
		return err
	}
	return SaveFile(b.Path, r.Trainer.Params, Manifest{Position: r.Position, Note: b.Note})
}

// Checkpoints saves everything that training changes, the states of callbacks
// included, with its position, for [Resume] and [Options.From]: after each epoch, and
// when the context ends the training. It is called after all other callbacks.
type Checkpoints struct {
	Saver
	Every int    // steps, within epochs too; 0 saves after them only
	Note  string // for [Manifest.Note]

	found bool // Params are not the user's
}

// Start finds the parameters to save, of another model if it is used again.
func (c *Checkpoints) Start(r *Run) error {
	if c.Params == nil || c.found {
		c.Params, c.found = r.Trainer.State(), true
	}
	return nil
}

// Step saves when it is time.
func (c *Checkpoints) Step(r *Run) error {
	if c.Every <= 0 || r.Position.Steps%c.Every != 0 {
		return nil
	}
	return c.Epoch(r)
}

// Epoch saves.
func (c *Checkpoints) Epoch(r *Run) error {
	at, err := r.Checkpoint()
	if err == nil {
		_, err = c.Save(Manifest{Position: at, Note: c.Note})
	}
	return err
}

// Interrupt saves, so that no whole step is lost.
func (c *Checkpoints) Interrupt(r *Run) error { return c.Epoch(r) }
