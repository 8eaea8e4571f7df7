package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"maps"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
)

func keys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }

var evalCommand = command{
	name: "eval", arguments: "RUN", does: "judge a trained network on the rows that its training held out",
	help: `RUN is a folder that adjoint train left. The data are read again, divided as in training.

  adjoint eval runs/iris
  adjoint eval -all runs/iris`,
	define: func(f *flag.FlagSet) action {
		all := f.Bool("all", false, "judge all rows, those it learned from too")
		return func(ctx context.Context, t *tool, arguments []string) error {
			dir, err := one(arguments, "the folder of a run")
			if err != nil {
				return err
			}
			n, err := load(dir)
			if err != nil {
				return err
			}
			s, err := n.data.open(n.seed)
			if err != nil {
				return err
			}
			if len(s.classes) != len(n.Classes) || s.outputs != n.Outputs {
				return fmt.Errorf("the data have changed: they ask for %s, and the network predicts %s", s.target(), (&set{classes: n.Classes, outputs: n.Outputs}).target())
			}
			s.scaler = n.Scaler
			parts := []*data.Arrays{s.test}
			if s.test == nil || *all {
				parts = append(parts, s.learn)
			}
			result := scores{Run: dir, Figures: map[string]float64{}}
			for _, rows := range parts {
				if rows == nil {
					continue
				}
				figures, err := judge(ctx, n.model, s, rows, nil)
				if err != nil {
					return err
				}
				before := float64(result.Rows)
				result.Rows += rows.Len()
				for name, v := range figures { // means over the rows
					result.Figures[name] = (result.Figures[name]*before + v*float64(rows.Len())) / float64(result.Rows)
				}
			}
			return t.print(result, result.text())
		}
	},
}

var predictCommand = command{
	name: "predict", arguments: "RUN FILE...", does: "tell what a trained network makes of new rows",
	help: `FILE is a CSV file with the columns that the network learned from (others are ignored), a .npy or
idx file of rows, or a picture.

  adjoint predict runs/iris flowers.csv
  adjoint predict -json runs/digits seven.png | jq .class

Each row is a line, with -json an object of its own. A row with a missing cell has no class, and NaN
for numbers.`,
	define: func(*flag.FlagSet) action {
		return func(ctx context.Context, t *tool, arguments []string) error {
			if len(arguments) < 2 {
				return usage("want the folder of a run and files, got %d arguments", len(arguments))
			}
			n, err := load(arguments[0])
			if err != nil {
				return err
			}
			for _, path := range arguments[1:] {
				if err := n.predict(ctx, t, path); err != nil {
					return err
				}
			}
			return nil
		}
	},
}

// A prediction is what the network makes of a row.
type prediction struct {
	File        string  `json:"file"`
	Row         int     `json:"row"` // from 1
	Class       string  `json:"class,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	Values      finites `json:"values"` // probabilities of all classes, or numbers
}

// finites are null in JSON where they are not finite.
type finites []float32

func (n finites) MarshalJSON() ([]byte, error) {
	list := make([]*float32, len(n))
	for i, v := range n {
		if finite(v) {
			list[i] = &n[i]
		}
	}
	return json.Marshal(list)
}

func finite(v float32) bool { return v-v == 0 }

func (n *network) predict(ctx context.Context, t *tool, path string) error {
	x, err := n.inputs(path)
	if err != nil {
		return err
	}
	rows := x.Shape()[0]
	y := tensor.New(tensor.WithShape(rows), tensor.WithBacking(make([]int64, rows)))
	if n.Classes == nil {
		y = tensor.New(tensor.WithShape(rows, n.Outputs), tensor.WithBacking(make([]float32, rows*n.Outputs)))
	}
	d, err := data.Of(x, y)
	if err != nil {
		return err
	}
	out, err := n.model.Predict(ctx, d, 256)
	if err != nil {
		return err
	}
	values := out.Float32s()
	width := len(values) / rows
	for i := range rows {
		p := prediction{File: path, Row: i + 1, Values: values[i*width : (i+1)*width]}
		text := strings.Trim(fmt.Sprint(p.Values), "[]")
		if n.Classes != nil {
			best := 0
			for c, v := range p.Values {
				if v > p.Values[best] {
					best = c
				}
			}
			text = "-\tNaN"
			if finite(p.Values[best]) {
				p.Class, p.Probability = n.Classes[best], float64(p.Values[best])
				text = fmt.Sprintf("%s\t%.4f", p.Class, p.Probability)
			}
		}
		if err := t.print(p, text+"\n"); err != nil {
			return err
		}
	}
	return nil
}

var summaryCommand = command{
	name: "summary", arguments: "FILE|RUN", does: "list the layers of a network, with shapes, parameters and FLOPs",
	help: `FILE is a description, RUN a folder that adjoint train left.

  adjoint summary iris.yaml`,
	define: func(*flag.FlagSet) action {
		return func(ctx context.Context, t *tool, arguments []string) error {
			path, err := one(arguments, "a description or the folder of a run")
			if err != nil {
				return err
			}
			n, err := open(path)
			if err != nil {
				return err
			}
			return t.print(layersOf(n.model.SummaryRows()), n.model.Summary())
		}
	},
}

// layers are those of a network.
type layers struct {
	Layers     []layerRow `json:"layers"`
	Parameters int        `json:"parameters"`
	Bytes      int        `json:"bytes"`
	Flops      string     `json:"flops"` // of one inference, as a formula in the size of the batch
}

type layerRow struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Output     string `json:"output"`
	Parameters int    `json:"parameters"`
	Bytes      int    `json:"bytes"`
	Flops      string `json:"flops"`
}

func layersOf(rows []nn.LayerRow) layers {
	l := layers{Layers: []layerRow{}}
	var flops graph.Dim
	for _, r := range rows {
		l.Layers = append(l.Layers, layerRow{r.Path, r.Kind, r.Output.String(), r.Params, r.Bytes, r.Flops.String()})
		l.Parameters, l.Bytes, flops = l.Parameters+r.Params, l.Bytes+r.Bytes, flops.Add(r.Flops)
	}
	l.Flops = flops.String()
	return l
}
