package lessons_test

import (
	"fmt"
	"io"
	"log"
	"slices"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/viz"
)

func Example_layers() {
	x := graph.Input("x", graph.Sym("batch"), 2)
	hidden := &nn.Dense{Out: 2, Act: ops.ReLU}
	output := &nn.Dense{Out: 1}
	h := hidden.Apply(x)
	y := output.Apply(h)
	hidden.W.Value, hidden.B.Value = matrix(2, 1, 1, 1, 1), vector(0, -1)
	output.W.Value, output.B.Value = matrix(1, 1, -2), vector(0)

	p, err := graph.Compile(h, y)
	if err != nil {
		log.Fatal(err)
	}
	out, err := p.Run(x.Is(matrix(2, 0, 0, 0, 1, 1, 0, 1, 1)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("hidden", out[0].Float32s())
	fmt.Println("output", out[1].Float32s())
	// Output:
	// hidden [0 0 1 0 1 0 2 1]
	// output [0 1 1 0]
}

// xor is the network of the lesson, with names for its layers.
func xor() (x, y *graph.Node) {
	x = graph.Input("x", graph.Sym("batch"), 2)
	model := struct{ Hidden, Output nn.Dense }{nn.Dense{Out: 2, Act: ops.ReLU}, nn.Dense{Out: 1}}
	nn.Params(&model)
	y = model.Output.Apply(model.Hidden.Apply(x))
	model.Hidden.W.Value, model.Hidden.B.Value = matrix(2, 1, 1, 1, 1), vector(0, -1)
	model.Output.W.Value, model.Output.B.Value = matrix(1, 1, -2), vector(0)
	nn.Params(&model)
	return x, y
}

func drawLayers(w io.Writer) error {
	x, y := xor()
	return withNumbers(w, viz.Picture{Title: "Two layers, four rows"}, y, x.Is(matrix(2, 0, 0, 0, 1, 1, 0, 1, 1)))
}

// drawLayersBefore draws the rows as the network is given them.
func drawLayersBefore(w io.Writer) error {
	c := chart.Chart{Title: "the inputs: no line parts them", X: "x1", Y: "x2", Layers: []chart.Layer{
		chart.Points{Name: "xor is 0", X: []float64{0, 1}, Y: []float64{0, 1}},
		chart.Points{Name: "xor is 1", X: []float64{0, 1}, Y: []float64{1, 0}},
	}}
	return c.SVG(w)
}

// drawLayersAfter draws them where the hidden layer moves them.
func drawLayersAfter(w io.Writer) error {
	x, y := xor()
	hidden := slices.IndexFunc(graph.Topo(y), func(n *graph.Node) bool { return n.Op().Name() == "relu" })
	out, err := evaluate([]*graph.Node{graph.Topo(y)[hidden]}, x.Is(matrix(2, 0, 0, 1, 1, 0, 1, 1, 0)))
	if err != nil {
		return err
	}
	h := out[0]
	c := chart.Chart{Title: "the hidden layer: a line does", X: "h1", Y: "h2", Layers: []chart.Layer{
		chart.Points{Name: "xor is 0", X: []float64{h[0], h[2]}, Y: []float64{h[1], h[3]}},
		chart.Points{Name: "xor is 1, both", X: []float64{h[4], h[6]}, Y: []float64{h[5], h[7]}},
		chart.Line{Name: "output is 1/2", X: []float64{-0.1, 2.1}, Y: []float64{-0.3, 0.8}},
	}}
	return c.SVG(w)
}
