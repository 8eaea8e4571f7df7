package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

// A saved run is what its folder holds beside the weights, so that the network can be
// used without the data it learned from.
type saved struct {
	Name     string       `json:"name"`
	Folder   string       `json:"folder"` // what paths of the description are relative to
	Row      []int        `json:"row"`    // shape of an input
	Classes  []string     `json:"classes,omitempty"`
	Outputs  int          `json:"outputs,omitempty"`
	Features []string     `json:"features,omitempty"`
	Scaler   *data.Scaler `json:"scaler,omitempty"`
}

func (s *set) saved(name, folder string) saved {
	return saved{name, folder, s.learn.Column(0).Shape()[1:], s.classes, s.outputs, s.features, s.scaler}
}

// save writes the description and what was learned about the data into a folder.
func save(f *report.Folder, d *description, text []byte, from string, s *set) error {
	folder, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	about, err := json.MarshalIndent(s.saved(d.name, folder), "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.Path("description.yaml"), text, 0o666); err != nil {
		return err
	}
	return os.WriteFile(f.Path("network.json"), append(about, '\n'), 0o666)
}

// A network is a saved run with its weights.
type network struct {
	*description
	saved
	model *train.Model
	run   bool // it has been trained
}

// open opens the folder of a run, or the network that a description says, whose
// weights are those it would begin with.
func open(path string) (*network, error) {
	switch filepath.Ext(path) {
	case ".yaml", ".yml", ".json":
	default:
		return load(path)
	}
	d, err := readDescription(path)
	if err != nil {
		return nil, err
	}
	s, err := d.data.open(d.seed)
	if err != nil {
		return nil, err
	}
	n := &network{description: d, saved: s.saved(d.name, "")}
	_, err = n.build()
	return n, err
}

// load opens the folder of a run.
func load(dir string) (*network, error) {
	n := &network{run: true}
	about, err := os.ReadFile(filepath.Join(dir, "network.json"))
	if err != nil {
		return nil, fmt.Errorf("%s is not the folder of a run of adjoint train: %w", dir, err)
	}
	if err := json.Unmarshal(about, &n.saved); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "network.json"), err)
	}
	path := filepath.Join(dir, "description.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if n.description, err = parseDescription(text, n.saved.Name, n.Folder); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t, err := n.build()
	if err != nil {
		return nil, err
	}
	_, err = train.LoadFile(filepath.Join(dir, "model.safetensors"), t.Params)
	return n, err
}

// build makes the network for rows of the saved shape.
func (n *network) build() (*train.Trainer, error) {
	size := tensor.Shape(n.Row).TotalSize()
	x := tensor.New(tensor.WithShape(append([]int{1}, n.Row...)...), tensor.WithBacking(make([]float32, size)))
	y := tensor.New(tensor.WithShape(1), tensor.WithBacking(make([]int64, 1)))
	if n.Classes == nil {
		y = tensor.New(tensor.WithShape(1, n.Outputs), tensor.WithBacking(make([]float32, n.Outputs)))
	}
	one, err := data.Of(x, y)
	if err != nil {
		return nil, err
	}
	if n.model, err = n.description.model(&set{classes: n.Classes, outputs: n.Outputs}, 1); err != nil {
		return nil, err
	}
	return n.model.Build(one)
}

// inputs returns what a file holds as the network wants it.
func (n *network) inputs(path string) (*tensor.Dense, error) {
	x, err := n.read(path)
	if err != nil {
		return nil, err
	}
	if got := x.Shape()[1:]; !got.Eq(tensor.Shape(n.Row)) {
		return nil, fmt.Errorf("%s: its rows have shape %v, and the network learned from %v", path, got, n.Row)
	}
	if n.Scaler != nil {
		return n.Scaler.Apply(x)
	}
	return x, nil
}

func (n *network) read(path string) (*tensor.Dense, error) {
	switch filepath.Ext(path) {
	case ".csv":
		layout := n.data.csv
		layout.Columns, layout.Missing = n.Features, data.KeepMissing // each row has its answer
		t, err := data.OpenCSV(path, layout)
		if err != nil {
			return nil, err
		}
		return t.Floats(n.Features...)
	case ".npy":
		x, err := data.OpenNpy(path)
		if err != nil {
			return nil, err
		}
		return floats(x)
	case ".png", ".jpg", ".jpeg", ".gif":
		o := n.data.images
		if n.data.kind != "images" { // grey digits, or colours
			o = data.Images{Height: n.Row[len(n.Row)-2], Width: n.Row[len(n.Row)-1], Gray: len(n.Row) == 2}
		}
		x, err := o.Read(path)
		if err != nil {
			return nil, err
		}
		return x, x.Reshape(append([]int{1}, n.Row...)...)
	}
	x, err := data.OpenIdx(path)
	if err != nil {
		return nil, err
	}
	return floats(x)
}
