// Command cost predicts what a training step of networks takes as they grow wider,
// operations, parameters, memory, and measures how long it lasts: for a perceptron, a
// convolutional network, an LSTM and a GPT.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/report"
)

func main() {
	log.SetFlags(0)
	c := command.New("cost")
	kinds := flag.String("kinds", "MLP,CNN,LSTM,GPT", "of networks, with commas between")
	widest := flag.Int("widest", math.MaxInt, "leave out networks that are wider")
	repeat := flag.Int("repeat", 10, "steps of each, of which the fastest counts")
	c.Parse()
	ctx, cancel := c.Context()
	defer cancel()
	if err := run(ctx, c, strings.Split(*kinds, ","), *widest, *repeat); err != nil {
		log.Fatal(err)
	}
}

// A growth is how the costs of a kind grow, as powers of the width, and the time as a
// power of the operations.
type growth struct {
	Family                      string
	Params, Flops, Bytes        float64
	Seconds, SecondsByOperation float64
	Costs                       []*cost
}

func run(ctx context.Context, c *command.Command, kinds []string, widest, repeat int) error {
	if repeat < 1 {
		return fmt.Errorf("-repeat %d: want at least 1", repeat)
	}
	f, err := c.Folder()
	if err != nil {
		return err
	}
	var all []*growth
	for _, name := range kinds {
		g, err := grow(ctx, c, name, widest, repeat)
		if err != nil {
			return err
		}
		all = append(all, g)
	}
	if err := tell(f, all); err != nil {
		return err
	}
	return c.Finish(f, all)
}

// grow measures the networks of a kind.
func grow(ctx context.Context, c *command.Command, name string, widest, repeat int) (*growth, error) {
	i := slot(name)
	if i < 0 {
		return nil, fmt.Errorf("unknown kind %q: want MLP, CNN, LSTM or GPT", name)
	}
	k, g := families[i], &growth{Family: name}
	for _, width := range k.widths {
		if width > widest {
			break
		}
		r, err := measure(ctx, k, width, repeat, c.Seed)
		if err != nil {
			return nil, fmt.Errorf("%s of width %d: %w", name, width, err)
		}
		fmt.Fprintf(c.Out, "%-4s %4d wide: %11s parameters, %15s operations, %11s bytes, %9.3f ms, %6.1f GFLOP/s\n", name, width,
			grouped(r.Params), grouped(r.Flops), grouped(r.Bytes), 1000*r.Seconds, float64(r.Flops)/r.Seconds/1e9)
		g.Costs = append(g.Costs, r)
	}
	if len(g.Costs) < 2 {
		return nil, fmt.Errorf("-widest %d leaves %d networks of %s: want two at least, to see them grow", widest, len(g.Costs), name)
	}
	width, flops := of(g.Costs, width), of(g.Costs, operations)
	g.Params, g.Flops, g.Bytes = exponent(width, of(g.Costs, parameters)), exponent(width, flops), exponent(width, of(g.Costs, memory))
	g.Seconds, g.SecondsByOperation = exponent(width, of(g.Costs, seconds)), exponent(flops, of(g.Costs, seconds))
	fmt.Fprintf(c.Out, "%-4s grows: parameters like width^%.2f, operations like width^%.2f, memory like width^%.2f, time like width^%.2f\n", name, g.Params, g.Flops, g.Bytes, g.Seconds)
	return g, nil
}

func width(c *cost) float64      { return float64(c.Width) }
func parameters(c *cost) float64 { return float64(c.Params) }
func operations(c *cost) float64 { return float64(c.Flops) }
func memory(c *cost) float64     { return float64(c.Bytes) }
func seconds(c *cost) float64    { return c.Seconds }

// tell writes the tables and the pictures.
func tell(f *report.Folder, all []*growth) error {
	f.Section("How they grow", "One training step: loss, gradient and Adam. A straight line on these axes is a power; its exponent is in the legend.")
	for _, p := range []struct {
		file, title, x, y string
		by, of            func(*cost) float64
		exponent          func(*growth) float64
	}{
		{"time", "time of a training step", "floating-point operations", "seconds", operations, seconds, func(g *growth) float64 { return g.SecondsByOperation }},
		{"operations", "operations of a training step", "width", "floating-point operations", width, operations, func(g *growth) float64 { return g.Flops }},
		{"parameters", "parameters", "width", "parameters", width, parameters, func(g *growth) float64 { return g.Params }},
		{"memory", "memory of a training step, beside parameters", "width", "bytes", width, memory, func(g *growth) float64 { return g.Bytes }},
	} {
		k := &chart.Chart{Title: p.title, X: p.x, Y: p.y, LogX: true, LogY: true}
		for _, g := range all {
			name := fmt.Sprintf("%s, ^%.2f", g.Family, p.exponent(g))
			k.Layers = append(k.Layers, chart.Line{Name: name, X: of(g.Costs, p.by), Y: of(g.Costs, p.of), Marks: true})
		}
		if err := f.Chart(p.file, k); err != nil {
			return err
		}
	}
	for _, g := range all {
		f.Section(g.Family, families[slot(g.Family)].text+".")
		var rows [][]string
		for _, c := range g.Costs {
			rows = append(rows, []string{fmt.Sprint(c.Width), grouped(c.Params), grouped(c.Flops), grouped(c.Bytes), grouped(c.Heap), fmt.Sprintf("%.3f", 1000*c.Seconds), fmt.Sprintf("%.1f", float64(c.Flops)/c.Seconds/1e9)})
		}
		f.Table([]string{"width", "parameters", "operations", "planned bytes", "allocated bytes", "ms", "GFLOP/s"}, rows)
		rows = nil
		widest := g.Costs[len(g.Costs)-1]
		for _, l := range widest.Layers {
			rows = append(rows, []string{l.Path, grouped(l.Params), grouped(l.Flops), grouped(l.Bytes), fmt.Sprintf("%.3f", 1000*l.Seconds)})
		}
		f.Text(fmt.Sprintf("The layers of the one of width %d, forward and backward:", widest.Width))
		f.Table([]string{"layer", "parameters", "operations", "bytes of its result", "ms"}, rows)
	}
	return nil
}

// slot returns the place of a kind among the families.
func slot(name string) int {
	return slices.IndexFunc(families, func(f family) bool { return f.name == name })
}
