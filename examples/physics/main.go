// Command physics solves differential equations by networks: the loss is how much the
// network misses the equation, second derivatives included (Raissi et al. 2019,
// doi:10.1016/j.jcp.2018.10.045).
//
// The equations are in equations.go, a few lines each.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"strings"
	"time"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/report"
)

// options are the flags of this example.
type options struct {
	points, width, layers int
	adam, lbfgs           int // steps
}

func main() {
	log.SetFlags(0)
	c := command.New("physics")
	problems := flag.String("problem", "poisson,heat,burgers", "the equations to solve, with commas between")
	var o options
	flag.IntVar(&o.points, "points", 1600, "places where the equation is to hold")
	flag.IntVar(&o.width, "width", 24, "units of a layer")
	flag.IntVar(&o.layers, "layers", 3, "hidden layers")
	flag.IntVar(&o.adam, "adam", 500, "steps of Adam, to get near")
	flag.IntVar(&o.lbfgs, "lbfgs", 1000, "iterations of L-BFGS at most, for the digits")
	c.Parse()
	ctx, cancel := c.Context()
	defer cancel()
	if err := run(ctx, c, strings.Split(*problems, ","), o); err != nil {
		log.Fatal(err)
	}
}

// result is what is known of a solution.
type result struct {
	Equation string
	Error    float64 // √(mean (u - exact)² / mean exact²)
	Worst    float64 // largest |u - exact|
	Loss     float64
	Seconds  float64
}

func run(ctx context.Context, c *command.Command, names []string, o options) error {
	f, err := c.Folder()
	if err != nil {
		return err
	}
	var all []result
	var rows [][]string
	for _, name := range names {
		e, ok := equations[name]
		if !ok {
			return fmt.Errorf("unknown equation %q: want poisson, heat or burgers", name)
		}
		f.Section(e.title, e.text)
		start := time.Now()
		s, err := solve(ctx, c.Out, e, o, c.Seed)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r := result{Equation: name, Loss: s.loss, Seconds: math.Round(time.Since(start).Seconds()*10) / 10}
		if r.Error, r.Worst, err = s.draw(f, name); err != nil {
			return err
		}
		fmt.Fprintf(c.Out, "%s: relative error %.2g, at worst %.2g, loss %.2g, %.1f s\n", name, r.Error, r.Worst, r.Loss, r.Seconds)
		all = append(all, r)
		rows = append(rows, []string{name, fmt.Sprintf("%.2g", r.Error), fmt.Sprintf("%.2g", r.Worst), fmt.Sprintf("%.1f", r.Seconds)})
	}
	f.Section("Results", "The relative error is √(mean (u - exact)² / mean exact²) on a grid that training has not seen.")
	f.Table([]string{"equation", "relative error", "worst error", "seconds"}, rows)
	return c.Finish(f, all)
}

// fine is how many places a picture has along each axis.
const fine = 101

// draw compares the solution with the exact one on a grid, and draws both.
func (s *solution) draw(f *report.Folder, name string) (relative, worst float64, err error) {
	var xs, ys []float64
	for j := range fine {
		for i := range fine {
			xs = append(xs, s.x.at(float64(i)/(fine-1)))
			ys = append(ys, s.y.at(float64(j)/(fine-1)))
		}
	}
	u, err := s.values(xs, ys)
	if err != nil {
		return 0, 0, err
	}
	found, missed := make([][]float64, fine), make([][]float64, fine)
	square, total := 0.0, 0.0
	for j := range fine {
		found[j], missed[j] = make([]float64, fine), make([]float64, fine)
		for i := range fine {
			at := (fine-1-j)*fine + i // the first row of a picture is on top
			exact := s.exact(xs[at], ys[at])
			d := u[at] - exact
			found[j][i], missed[j][i] = u[at], d
			square, total, worst = square+d*d, total+exact*exact, max(worst, math.Abs(d))
		}
	}
	spanX, spanY := [2]float64{s.x.from, s.x.to}, [2]float64{s.y.from, s.y.to}
	for _, p := range []struct {
		file, title string
		z           [][]float64
	}{{name, s.title + ": u", found}, {name + "-error", s.title + ": u - exact", missed}} {
		c := &chart.Chart{Title: p.title, X: s.x.name, Y: s.y.name, Layers: []chart.Layer{chart.Heat{Z: p.z, SpanX: spanX, SpanY: spanY}}}
		if err := f.Chart(p.file, c); err != nil {
			return 0, 0, err
		}
	}
	return math.Sqrt(square / total), worst, nil
}
