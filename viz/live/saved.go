package live

import (
	"encoding/json"
	"fmt"
	"os"
)

// A saved is a playground in a file: what it was set to and what it has learned.
// What the optimizer remembers is not kept: it starts anew.
type saved struct {
	Setup   setup       `json:"setup"`
	Epoch   int         `json:"epoch"`
	Weights [][]float32 `json:"weights"` // of each layer, [in out]
	Biases  [][]float32 `json:"biases"`
}

// readSaved reads what the page has saved.
func readSaved(path string) (*saved, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	defer f.Close()
	if i, err := f.Stat(); err == nil && i.Size() > bodyLimit {
		return nil, fmt.Errorf("live: %s has %d bytes: a saved playground has at most %d", path, i.Size(), bodyLimit)
	}
	v := new(saved)
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return nil, fmt.Errorf("live: %s: %w", path, err)
	}
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("live: %s: %w", path, err)
	}
	return v, nil
}

// check says why the weights are not those of the setup's network.
func (v *saved) check() error {
	if err := v.Setup.check(); err != nil {
		return err
	}
	if v.Epoch < 0 {
		return fmt.Errorf("epoch %d: want 0 or more", v.Epoch)
	}
	layers := len(v.Setup.Layers) + 1
	if len(v.Weights) != layers || len(v.Biases) != layers {
		return fmt.Errorf("weights of %d layers and biases of %d: want %d of each, for the hidden layers and the output", len(v.Weights), len(v.Biases), layers)
	}
	in := len(v.Setup.Features)
	for i := range layers {
		out := 1
		if i < layers-1 {
			out = v.Setup.Layers[i].Units
		}
		if w, b := len(v.Weights[i]), len(v.Biases[i]); w != in*out || b != out {
			return fmt.Errorf("layer %d has %d weights and %d biases: want %d and %d, for %d inputs and %d units", i+1, w, b, in*out, out, in, out)
		}
		in = out
	}
	return nil
}

// open makes the network that was saved, with its weights.
func (p *playground) open(v *saved) (*frame, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	p.setup, p.playing = v.Setup, false
	if err := p.renew(); err != nil {
		return nil, err
	}
	for i, d := range p.dense {
		copy(d.W.Value.Float32s(), v.Weights[i])
		copy(d.B.Value.Float32s(), v.Biases[i])
	}
	p.epoch = v.Epoch
	return p.frame()
}
