package lessons_test

import (
	"fmt"
	"io"
	"log"
	"math"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/optim"
)

func Example_gradientdescent() {
	xs, ys := matrix(1, -1, 0, 1, 2), matrix(1, -1, 1, 3, 5) // y = 2x + 1
	for _, rate := range []float64{0.05, 0.3, 0.5, 0.6} {
		x, y := graph.Input("x", 4, 1), graph.Input("y", 4, 1)
		line := &nn.Dense{Out: 1}
		loss := nn.MSE(line.Apply(x), y)
		line.W.Value, line.B.Value = matrix(1, -1), vector(3)
		step, err := optim.Minimize(loss, nn.Params(line), optim.SGD(rate))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("rate %.2f:", rate)
		for range 5 {
			out, err := step.Run(x.Is(xs), y.Is(ys))
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf(" %7.3f", out[0].Data())
		}
		fmt.Println()
	}
	// Output:
	// rate 0.05:  11.500   9.169   7.411   6.063   5.014
	// rate 0.30:  11.500   2.575   0.872   0.299   0.102
	// rate 0.50:  11.500   3.375   1.812   1.148   0.748
	// rate 0.60:  11.500   5.800   7.660  10.492  14.382
}

// A descent is the way of w and b, and their loss, from step to step.
type descent struct{ w, b, loss []float64 }

// descend goes down from w = -1, b = 3, in numbers that have the same digits on each
// machine.
func descend(rate float64, steps int) (d descent, err error) {
	x, y := graph.InputOf(graph.Float64, "x", 4, 1), graph.InputOf(graph.Float64, "y", 4, 1)
	line := &nn.Dense{Out: 1}
	loss := nn.MSE(line.Apply(x), y)
	line.W.Value = column([]float64{-1})
	line.B.Value = tensor.New(tensor.WithShape(1), tensor.WithBacking([]float64{3}))
	step, err := optim.Minimize(loss, nn.Params(line), optim.SGD(rate))
	if err != nil {
		return d, err
	}
	for range steps {
		d.w, d.b = append(d.w, line.W.Value.Float64s()[0]), append(d.b, line.B.Value.Float64s()[0])
		out, err := step.Run(x.Is(column([]float64{-1, 0, 1, 2})), y.Is(column([]float64{-1, 1, 3, 5})))
		if err != nil {
			return d, err
		}
		d.loss = append(d.loss, out[0].Data().(float64))
	}
	return d, nil
}

var rates = []struct {
	name string
	rate float64
}{{"rate 0.05", 0.05}, {"rate 0.3", 0.3}, {"rate 0.5", 0.5}, {"rate 0.6", 0.6}}

// drawDescent draws the logarithm of the loss over w and b, and the ways down.
func drawDescent(w io.Writer) error {
	const lo, hi, n = -2.0, 4.0, 24
	h := chart.Heat{SpanX: [2]float64{lo, hi}, SpanY: [2]float64{lo, hi}}
	half := (hi - lo) / (2 * n)
	for _, b := range span(hi-half, lo+half, n) {
		var row []float64
		for _, w := range span(lo+half, hi-half, n) {
			sum := 0.0
			for _, x := range []float64{-1, 0, 1, 2} {
				e := w*x + b - (2*x + 1)
				sum += e * e / 4
			}
			row = append(row, math.Sqrt(sum))
		}
		h.Z = append(h.Z, row)
	}
	layers := []chart.Layer{h}
	for _, i := range []int{2, 0} {
		r := rates[i]
		d, err := descend(r.rate, 12)
		if err != nil {
			return err
		}
		layers = append(layers, chart.Line{Name: r.name, X: d.w, Y: d.b}, chart.Points{Name: r.name, X: d.w, Y: d.b})
	}
	return (&chart.Chart{Title: "√loss over w and b, and two ways down", X: "w", Y: "b", Layers: layers}).SVG(w)
}

func drawDescentLoss(w io.Writer) error {
	var layers []chart.Layer
	for _, r := range rates {
		d, err := descend(r.rate, 15)
		if err != nil {
			return err
		}
		layers = append(layers, chart.Line{Name: r.name, Y: d.loss})
	}
	return (&chart.Chart{Title: "loss, by learning rate", X: "step", Y: "loss", LogY: true, Layers: layers}).SVG(w)
}
