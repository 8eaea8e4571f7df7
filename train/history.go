package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Scores are figures by their names, such as "loss" and "accuracy".
type Scores map[string]float64

// MarshalJSON writes the figures in the order of their names; one that is no finite
// number is null.
func (s Scores) MarshalJSON() ([]byte, error) {
	b := bytes.NewBufferString("{")
	for i, name := range slices.Sorted(maps.Keys(s)) {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value := []byte("null")
		if isFinite(s[name]) {
			if value, err = json.Marshal(s[name]); err != nil {
				return nil, err
			}
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// An Epoch is what one time through the training data gave.
type Epoch struct {
	Number     int     `json:"epoch"` // from 1
	Steps      int     `json:"steps"`
	Rows       int     `json:"rows"`
	Seconds    float64 `json:"seconds"`        // with the validation
	Rate       float64 `json:"rate,omitempty"` // the learning rate of the last update; 0 if it is not known
	Train      Scores  `json:"train"`          // means while the weights changed
	Validation Scores  `json:"validation,omitempty"`
}

// A History is what happened in a training.
type History struct {
	Names   []string // of the figures, the loss first
	Epochs  []Epoch  // those that are done
	Stopped string   // why it ended before its last epoch, if a callback stopped it
}

// Last returns the last epoch, or an empty one.
func (h *History) Last() Epoch {
	if len(h.Epochs) == 0 {
		return Epoch{}
	}
	return h.Epochs[len(h.Epochs)-1]
}

// Values returns a figure of all epochs: one of History.Names, or that of the
// validation as "val_" and the name; or "rate", the learning rate. It is nil if there
// is none.
func (h *History) Values(name string) (list []float64) {
	for _, e := range h.Epochs {
		if v, ok := e.figure(name); ok {
			list = append(list, v)
		}
	}
	return list
}

// figure returns a figure by its name, with "val_" for the validation's.
func (e *Epoch) figure(name string) (float64, bool) {
	if v, ok := e.Train[name]; ok {
		return v, true
	}
	if rest, ok := strings.CutPrefix(name, "val_"); ok {
		v, ok := e.Validation[rest]
		return v, ok
	}
	if name == "rate" && e.Rate != 0 {
		return e.Rate, true
	}
	return 0, false
}

// columns returns the names of all figures of an epoch, the training's first.
func (h *History) columns() []string {
	list := slices.Clone(h.Names)
	if h.Last().Validation != nil {
		for _, name := range h.Names {
			list = append(list, "val_"+name)
		}
	}
	return list
}

// line describes the last epoch in words.
func (h *History) line(epochs int) string {
	e := h.Last()
	var b strings.Builder
	fmt.Fprintf(&b, "epoch %*d/%d", len(fmt.Sprint(epochs)), e.Number, epochs)
	for _, name := range h.columns() {
		v, _ := e.figure(name)
		fmt.Fprintf(&b, "  %s %.4f", name, v)
	}
	fmt.Fprintf(&b, "%s  %.1f s", rated(e.Rate), e.Seconds)
	return b.String()
}
