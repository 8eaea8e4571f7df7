package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
)

var inspectCommand = command{
	name: "inspect", arguments: "FILE", does: "list the arrays of a safetensors file",
	help: `  adjoint inspect runs/iris/model.safetensors
  adjoint inspect -stats -json model.safetensors`,
	define: func(f *flag.FlagSet) action {
		stats := f.Bool("stats", false, "with mean, deviation, range and what is not finite of each array")
		return func(_ context.Context, t *tool, arguments []string) error {
			path, err := one(arguments, "a safetensors file")
			if err != nil {
				return err
			}
			file, err := data.OpenSafetensors(path)
			if err != nil {
				return err
			}
			c, err := contentsOf(file, *stats)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return t.print(c, c.text(*stats))
		}
	},
}

// contents are what a file holds.
type contents struct {
	About  map[string]string `json:"about,omitempty"`
	Arrays []array           `json:"arrays"`
	Bytes  int               `json:"bytes"` // of all arrays
}

type array struct {
	Name  string `json:"name"`
	Type  string `json:"dtype"`
	Shape []int  `json:"shape"`
	Bytes int    `json:"bytes"`
	Stats *stats `json:"stats,omitempty"`
}

// stats are of the finite elements.
type stats struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Min       float64 `json:"min"`
	Max       float64 `json:"max"`
	NotFinite int     `json:"not_finite"`
}

func contentsOf(file *data.Tensors, withStats bool) (*contents, error) {
	c := &contents{About: file.About}
	for _, name := range slices.Sorted(keys(file.Arrays)) {
		d := file.Arrays[name]
		a := array{Name: name, Type: d.Dtype().String(), Shape: d.Shape(), Bytes: d.Shape().TotalSize() * int(d.Dtype().Size())}
		if d.IsScalar() {
			a.Shape, a.Bytes = []int{}, int(d.Dtype().Size())
		}
		c.Bytes += a.Bytes
		if v, err := graph.FromDense(d); withStats && err == nil {
			a.Stats = statsOf(v)
		}
		c.Arrays = append(c.Arrays, a)
	}
	return c, nil
}

func statsOf(v graph.Tensor) *stats {
	s := &stats{Min: math.Inf(1), Max: math.Inf(-1)}
	n := 0.0
	for i := range v.Len() {
		x := v.At(i)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			s.NotFinite++
			continue
		}
		n++
		d := x - s.Mean
		s.Mean += d / n
		s.Deviation += d * (x - s.Mean) // Welford 1962
		s.Min, s.Max = min(s.Min, x), max(s.Max, x)
	}
	if n == 0 {
		return &stats{NotFinite: s.NotFinite}
	}
	s.Deviation = math.Sqrt(s.Deviation / n)
	return s
}

func (c *contents) text(withStats bool) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	head := "name\tdtype\tshape\tbytes"
	if withStats {
		head += "\tmean\tdeviation\tmin\tmax\tnot finite"
	}
	fmt.Fprintln(w, head)
	for _, a := range c.Arrays {
		fmt.Fprintf(w, "%s\t%s\t%v\t%d", a.Name, a.Type, a.Shape, a.Bytes)
		if s := a.Stats; s != nil {
			fmt.Fprintf(w, "\t%.4g\t%.4g\t%.4g\t%.4g\t%d", s.Mean, s.Deviation, s.Min, s.Max, s.NotFinite)
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	fmt.Fprintf(&b, "%d arrays, %d bytes\n", len(c.Arrays), c.Bytes)
	for _, name := range slices.Sorted(keys(c.About)) {
		fmt.Fprintf(&b, "%s: %s\n", name, c.About[name])
	}
	return b.String()
}
