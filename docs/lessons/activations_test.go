package lessons_test

import (
	"fmt"
	"io"
	"log"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func Example_activations() {
	z := graph.Input("z", 5)
	for _, act := range []struct {
		name  string
		apply func(*graph.Node) *graph.Node
	}{{"sigmoid", ops.Sigmoid}, {"tanh", ops.Tanh}, {"relu", ops.ReLU}} {
		y := act.apply(z)
		slope := autodiff.Grad(ops.Sum(y), z)[0]
		p, err := graph.Compile(y, slope)
		if err != nil {
			log.Fatal(err)
		}
		out, err := p.Run(z.Is(vector(-6, -1, 0, 1, 6)))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-8s%7.4f\n   slope%7.4f\n", act.name, out[0].Float32s(), out[1].Float32s())
	}
	// Output:
	// sigmoid [ 0.0025  0.2689  0.5000  0.7311  0.9975]
	//    slope[ 0.0025  0.1966  0.2500  0.1966  0.0025]
	// tanh    [-1.0000 -0.7616  0.0000  0.7616  1.0000]
	//    slope[ 0.0000  0.4200  1.0000  0.4200  0.0000]
	// relu    [ 0.0000  0.0000  0.0000  1.0000  6.0000]
	//    slope[ 0.0000  0.0000  0.0000  1.0000  1.0000]
}

var activations = []struct {
	name  string
	apply func(*graph.Node) *graph.Node
}{{"sigmoid", ops.Sigmoid}, {"tanh", ops.Tanh}, {"ReLU", ops.ReLU}, {"GELU", ops.GELU}}

// activationLines are the activations, or their derivatives.
func activationLines(slope bool) (layers []chart.Layer, err error) {
	z := graph.InputOf(graph.Float64, "z", graph.Sym("n"), 1)
	at := span(-4, 4, 161)
	for _, a := range activations {
		y := a.apply(z)
		if slope {
			y = autodiff.Grad(ops.Sum(y), z)[0]
		}
		out, err := evaluate([]*graph.Node{y}, z.Is(column(at)))
		if err != nil {
			return nil, err
		}
		layers = append(layers, chart.Line{Name: a.name, X: at, Y: out[0]})
	}
	return layers, nil
}

func drawActivations(w io.Writer) error {
	lines, err := activationLines(false)
	if err != nil {
		return err
	}
	return (&chart.Chart{Title: "activations", X: "z", Y: "y", Layers: lines}).SVG(w)
}

func drawActivationSlopes(w io.Writer) error {
	lines, err := activationLines(true)
	if err != nil {
		return err
	}
	return (&chart.Chart{Title: "their slopes", X: "z", Y: "dy/dz", Layers: lines}).SVG(w)
}
