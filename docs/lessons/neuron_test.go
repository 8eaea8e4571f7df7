package lessons_test

import (
	"fmt"
	"io"
	"log"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/viz"
)

func Example_neuron() {
	x := graph.Input("x", 2)
	w, b := graph.Input("w", 2), graph.Input("b")
	z := ops.Add(ops.Sum(ops.Mul(w, x)), b)
	y := ops.Sigmoid(z)

	p, err := graph.Compile(z, y)
	if err != nil {
		log.Fatal(err)
	}
	weights, bias := w.Is(vector(1, -2)), b.Is(number(0.5))
	for _, at := range [][]float32{{2, 1}, {0, 1}, {3, -1}} {
		out, err := p.Run(x.Is(vector(at...)), weights, bias)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("x = %v: z = %.1f, y = %.3f\n", at, out[0].Data(), out[1].Data())
	}
	// Output:
	// x = [2 1]: z = 0.5, y = 0.622
	// x = [0 1]: z = -1.5, y = 0.182
	// x = [3 -1]: z = 5.5, y = 0.996
}

// drawNeuron draws the neuron with each product by itself.
func drawNeuron(w io.Writer) error {
	in := func(name string) *graph.Node { return graph.Input(name) }
	x1, x2, w1, w2, b := in("x1"), in("x2"), in("w1"), in("w2"), in("b")
	y := ops.Sigmoid(ops.Add(ops.Add(ops.Mul(w1, x1), ops.Mul(w2, x2)), b))
	return withNumbers(w, viz.Picture{Title: "One neuron"}, y, x1.Is(number(2)), x2.Is(number(1)), w1.Is(number(1)), w2.Is(number(-2)), b.Is(number(0.5)))
}

// drawNeuronPlane draws on which side of its line the neuron says yes.
func drawNeuronPlane(w io.Writer) error {
	x := graph.Input("x", graph.Sym("batch"), 2)
	one := &nn.Dense{Out: 1, Act: ops.Sigmoid}
	y := one.Apply(x)
	one.W.Value, one.B.Value = matrix(1, 1, -2), vector(0.5)
	var places []float32
	for _, v := range span(-4, 4, 17) {
		for _, u := range span(-4, 4, 17) {
			places = append(places, float32(u), float32(v))
		}
	}
	out, err := evaluate([]*graph.Node{y}, x.Is(matrix(2, places...)))
	if err != nil {
		return err
	}
	yes, no := chart.Points{Name: "y above 1/2"}, chart.Points{Name: "y below 1/2"}
	for i, p := range out[0] {
		side := &no
		if p > 0.5 {
			side = &yes
		}
		side.X, side.Y = append(side.X, float64(places[2*i])), append(side.Y, float64(places[2*i+1]))
	}
	c := chart.Chart{Title: "a neuron cuts the plane along a line", X: "x1", Y: "x2", Layers: []chart.Layer{
		yes, no, chart.Line{Name: "z = 0", X: []float64{-4, 4}, Y: []float64{-1.75, 2.25}},
	}}
	return c.SVG(w)
}
