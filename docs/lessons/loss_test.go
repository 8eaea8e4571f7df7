package lessons_test

import (
	"fmt"
	"io"
	"log"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

func Example_loss() {
	z, y := graph.Input("z"), graph.Input("y")
	p := ops.Sigmoid(z)
	squared := nn.MSE(p, y)
	entropy := nn.BinaryCrossEntropy(z, y) // has the sigmoid inside
	slope1 := autodiff.Grad(squared, z)[0]
	slope2 := autodiff.Grad(entropy, z)[0]

	program, err := graph.Compile(p, squared, slope1, entropy, slope2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("logit      p  squared    slope  entropy    slope")
	for _, logit := range []float32{-8, -2, 0, 2, 8} {
		out, err := program.Run(z.Is(number(logit)), y.Is(number(1)))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%5v %6.4f %8.4f %8.4f %8.4f %8.4f\n", logit, out[0].Data(), out[1].Data(), out[2].Data(), out[3].Data(), out[4].Data())
	}
	// Output:
	// logit      p  squared    slope  entropy    slope
	//    -8 0.0003   0.9993  -0.0007   8.0003  -0.9997
	//    -2 0.1192   0.7758  -0.1850   2.1269  -0.8808
	//     0 0.5000   0.2500  -0.2500   0.6931  -0.5000
	//     2 0.8808   0.0142  -0.0250   0.1269  -0.1192
	//     8 0.9997   0.0000  -0.0000   0.0003  -0.0003
}

// lossLines are both losses of a logit whose label is 1, or their slopes.
func lossLines(slope bool) (layers []chart.Layer, err error) {
	z := graph.InputOf(graph.Float64, "z", graph.Sym("n"), 1)
	y := ops.BroadcastTo(graph.ScalarOf(graph.Float64, 1), z.Shape())
	at := span(-8, 8, 161)
	for _, l := range []struct {
		name string
		loss *graph.Node
	}{{"squared error", nn.MSE(ops.Sigmoid(z), y, nn.None)}, {"cross-entropy", nn.BinaryCrossEntropy(z, y, nn.None)}} {
		if slope {
			l.loss = autodiff.Grad(ops.Sum(l.loss), z)[0]
		}
		out, err := evaluate([]*graph.Node{l.loss}, z.Is(column(at)))
		if err != nil {
			return nil, err
		}
		layers = append(layers, chart.Line{Name: l.name, X: at, Y: out[0]})
	}
	return layers, nil
}

func drawLoss(w io.Writer) error {
	lines, err := lossLines(false)
	if err != nil {
		return err
	}
	return (&chart.Chart{Title: "loss of a logit whose label is 1", X: "z", Y: "loss", Layers: lines}).SVG(w)
}

func drawLossSlopes(w io.Writer) error {
	lines, err := lossLines(true)
	if err != nil {
		return err
	}
	return (&chart.Chart{Title: "its slope", X: "z", Y: "dloss/dz", Layers: lines}).SVG(w)
}
