package train

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
)

// A State is what something that follows training remembers, as arrays by their
// names.
type State struct {
	Of     string                   `json:"of"` // such as "*train.EarlyStopping"
	Arrays map[string]*tensor.Dense `json:"-"`  // in a checkpoint they lie beside the parameters
}

// A Resumer is a callback with a state that checkpoints hold, so that a training that
// is resumed goes on as if it had not been broken off.
type Resumer interface {
	Callback
	// State returns the state as it is; later training must not change it.
	State() (map[string]*tensor.Dense, error)
	// Resume takes in what State has returned, after Start.
	Resume(arrays map[string]*tensor.Dense) error
}

// Checkpoint returns the position with the states of all callbacks that are a
// [Resumer] and with the figures of the present epoch so far: what a checkpoint
// needs beside the parameters, of [Trainer.State].
func (r *Run) Checkpoint() (Position, error) {
	at := r.Position
	if r.fit == nil {
		return at, nil
	}
	figures := r.fit.step.keep(r.fit.stepsBefore)
	figures["parts"] = floats(float64(r.fit.parts))
	at.States = []State{{Of: "figures", Arrays: figures}}
	for _, c := range r.fit.Callbacks {
		if k, ok := c.(Resumer); ok {
			arrays, err := k.State()
			if err != nil {
				return at, fmt.Errorf("train: the state of %T: %w", c, err)
			}
			at.States = append(at.States, State{Of: fmt.Sprintf("%T", c), Arrays: arrays})
		}
	}
	return at, nil
}

// restore gives the callbacks the states of the position to go on from.
func (f *fit) restore() error {
	states := f.From.States
	f.Run.Position.States = nil
	if len(states) == 0 {
		return nil
	}
	if f.From.Rows > 0 {
		if err := f.step.restore(states[0].Arrays, f); err != nil {
			return err
		}
		if parts, err := numbers(states[0].Arrays, "parts", 1); err == nil { // older checkpoints have none
			f.parts = int(parts[0])
		}
	}
	states = states[1:]
	var mine []Resumer
	for _, c := range f.Callbacks {
		if k, ok := c.(Resumer); ok {
			mine = append(mine, k)
		}
	}
	for i := range max(len(mine), len(states)) {
		have, want := "none", "none"
		if i < len(mine) {
			have = fmt.Sprintf("%T", mine[i])
		}
		if i < len(states) {
			want = states[i].Of
		}
		if have != want {
			return fmt.Errorf("train: the checkpoint has the states of other callbacks: number %d is %s there and %s here: give the same callbacks, or clear Position.States to start them anew", i, want, have)
		}
		if err := mine[i].Resume(states[i].Arrays); err != nil {
			return fmt.Errorf("train: the state of %s: %w", have, err)
		}
	}
	return nil
}

// floats returns numbers as an array.
func floats(v ...float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v))
}

// numbers returns the n numbers of an array.
func numbers(arrays map[string]*tensor.Dense, name string, n int) ([]float64, error) {
	a := arrays[name]
	if a == nil {
		return nil, fmt.Errorf("%s is missing", name)
	}
	if a.Dtype() != tensor.Float64 || a.DataSize() != n {
		return nil, fmt.Errorf("%s is %v %v, not %d numbers", name, a.Dtype(), a.Shape(), n)
	}
	return a.Float64s(), nil
}

// keep returns the sums of the figures, after so many steps of earlier epochs.
func (f *figures) keep(before int) map[string]*tensor.Dense {
	arrays := map[string]*tensor.Dense{"counts": floats(float64(f.rows), float64(before))}
	for i, s := range f.sum {
		arrays[strconv.Itoa(i)] = floats(slices.Clone(graph.Data[float64](s))...)
	}
	return arrays
}

// restore sets the sums to what keep has returned.
func (f *figures) restore(arrays map[string]*tensor.Dense, fit *fit) error {
	counts, err := numbers(arrays, "counts", 2)
	if err != nil {
		return fmt.Errorf("train: the figures of the checkpoint: %w", err)
	}
	f.rows, fit.stepsBefore = int(counts[0]), int(counts[1])
	for i, s := range f.sum {
		v, err := numbers(arrays, strconv.Itoa(i), s.Len())
		if err != nil {
			return fmt.Errorf("train: the figures of the checkpoint: %s: %w: the metrics must be the same", fit.Trainer.Figures[i].Name, err)
		}
		copy(graph.Data[float64](s), v)
	}
	return nil
}

// keep returns the best value and how long it has stood.
func (w *Watch) keep() *tensor.Dense {
	known := 0.0
	if w.any {
		known = 1
	}
	return floats(w.best, float64(w.since), known)
}

func (w *Watch) restore(arrays map[string]*tensor.Dense) error {
	v, err := numbers(arrays, "watch", 3)
	if err == nil {
		w.best, w.since, w.any = v[0], int(v[1]), v[2] == 1
	}
	return err
}

// State returns the best value and the parameters that gave it.
func (s *EarlyStopping) State() (map[string]*tensor.Dense, error) {
	arrays := map[string]*tensor.Dense{"watch": s.Watch.keep(), "at": floats(float64(s.at))}
	if s.saved == nil {
		return arrays, nil
	}
	for i, p := range s.saved.Params {
		v, err := s.saved.values[i].Dense()
		if err != nil {
			return nil, err
		}
		arrays["best/"+p.Label] = v
	}
	return arrays, nil
}

// Resume goes on from what State has returned.
func (s *EarlyStopping) Resume(arrays map[string]*tensor.Dense) error {
	at, err := numbers(arrays, "at", 1)
	if err != nil {
		return err
	}
	s.at = int(at[0])
	if err := s.Watch.restore(arrays); err != nil || !s.any || s.Keep {
		return err
	}
	s.saved = &Snapshot{Params: s.params}
	return s.saved.load(arrays, "best/")
}

// State returns the best value; the file has the rest.
func (b *Best) State() (map[string]*tensor.Dense, error) {
	return map[string]*tensor.Dense{"watch": b.Watch.keep()}, nil
}

// Resume goes on from what State has returned.
func (b *Best) Resume(arrays map[string]*tensor.Dense) error { return b.Watch.restore(arrays) }

// State returns the best value and how long it has stood.
func (p *ReduceOnPlateau) State() (map[string]*tensor.Dense, error) {
	return map[string]*tensor.Dense{"watch": p.Watch.keep()}, nil
}

// Resume goes on from what State has returned.
func (p *ReduceOnPlateau) Resume(arrays map[string]*tensor.Dense) error {
	return p.Watch.restore(arrays)
}

// State returns the averages.
func (a *Average) State() (map[string]*tensor.Dense, error) {
	arrays := make(map[string]*tensor.Dense, len(a.held))
	for _, q := range a.held {
		v, err := graph.FromDense(q.Value)
		if err != nil {
			return nil, err
		}
		copied, err := graph.NewTensor(v.DType, slices.Clone(v.Shape)...)
		if err != nil {
			return nil, err
		}
		copied.Copy(v)
		if arrays[q.Label], err = copied.Dense(); err != nil {
			return nil, err
		}
	}
	return arrays, nil
}

// Resume goes on from averages that State has returned.
func (a *Average) Resume(arrays map[string]*tensor.Dense) error {
	s := &Snapshot{Params: a.held}
	if err := s.load(arrays, ""); err != nil {
		return err
	}
	return s.Restore()
}

// stateName is the name of an array of a state in a checkpoint.
func stateName(i int, name string) string { return fmt.Sprintf("state/%d/%s", i, name) }

// takeStates moves the arrays of states out of those of a checkpoint.
func takeStates(m *Manifest, arrays map[string]*tensor.Dense) {
	for i := range m.Position.States {
		m.Position.States[i].Arrays = map[string]*tensor.Dense{}
		for _, name := range slices.Collect(maps.Keys(arrays)) {
			if rest, ok := strings.CutPrefix(name, stateName(i, "")); ok {
				m.Position.States[i].Arrays[rest] = arrays[name]
				delete(arrays, name)
			}
		}
	}
}
