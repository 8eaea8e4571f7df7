package lessons_test

import (
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

func Example_initialisation() {
	xs := normal(200, 100, 1) // 200 rows of 100 numbers, mean 0 and variance 1
	for _, start := range []struct {
		name string
		init graph.Initializer
	}{{"too small", nn.Normal(0, 0.01)}, {"too large", nn.Normal(0, 0.3)}, {"Xavier", nn.GlorotNormal}} {
		x := graph.InputOf(graph.Float64, "x", 200, 100)
		model, h := nn.Sequential{}, x
		var spread []*graph.Node
		for range 8 {
			layer := &nn.Dense{Out: 100, Act: ops.Tanh, Init: start.init}
			model, h = append(model, layer), layer.Apply(h)
			spread = append(spread, ops.Std(h))
		}
		nn.Init(model, 1)
		p, err := graph.Compile(spread...)
		if err != nil {
			log.Fatal(err)
		}
		out, err := p.Run(x.Is(xs))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-9s", start.name)
		for _, s := range out {
			fmt.Printf(" %7.1g", s.Data())
		}
		fmt.Println()
	}
	// Output:
	// too small     0.1    0.01   0.001  0.0001   1e-05   1e-06   9e-08   9e-09
	// too large     0.9     0.8     0.8     0.8     0.8     0.8     0.8     0.8
	// Xavier        0.6     0.5     0.4     0.4     0.3     0.3     0.3     0.2
}

// normal draws rows of normal numbers.
func normal(rows, columns int, seed uint64) *tensor.Dense {
	rnd := rand.New(rand.NewPCG(seed, 0))
	v := make([]float64, rows*columns)
	for i := range v {
		v[i] = rnd.NormFloat64()
	}
	return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(v))
}

// A start is a way to initialise a network of ten layers, and its activation.
type start struct {
	name string
	init graph.Initializer
	act  func(*graph.Node) *graph.Node
}

var starts = []start{
	{"too small: σ 0.01, tanh", nn.Normal(0, 0.01), ops.Tanh},
	{"too large: σ 0.3, tanh", nn.Normal(0, 0.3), ops.Tanh},
	{"Xavier, tanh", nn.GlorotNormal, ops.Tanh},
	{"Xavier, ReLU", nn.GlorotNormal, ops.ReLU},
	{"He, ReLU", nn.HeNormal, ops.ReLU},
}

// layersOf returns the activations of each layer, and the gradients of a loss with
// slopes of random signs for the sums before them.
func layersOf(s start) (values, slopes [][]float64, err error) {
	x := graph.InputOf(graph.Float64, "x", 200, 100)
	r := graph.InputOf(graph.Float64, "r", 200, 100)
	model, h := nn.Sequential{}, x
	var sums, acts []*graph.Node
	for range 10 {
		layer := &nn.Dense{Out: 100, Init: s.init}
		z := layer.Apply(h)
		h = s.act(z)
		model, sums, acts = append(model, layer), append(sums, z), append(acts, h)
	}
	nn.Init(model, 1)
	grads := autodiff.Grad(ops.Sum(ops.Mul(h, r)), sums...)
	feeds := []graph.Feed{x.Is(normal(200, 100, 1)), r.Is(normal(200, 100, 2))}
	if values, err = evaluate(acts, feeds...); err != nil {
		return nil, nil, err
	}
	slopes, err = evaluate(grads, feeds...)
	return values, slopes, err
}

// size is the root of the mean square.
func size(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(v)))
}

// drawByLayer draws the size of what each start has in each layer.
func drawByLayer(w io.Writer, title string, pick func(values, slopes [][]float64) [][]float64) error {
	var layers []chart.Layer
	for _, s := range starts {
		values, slopes, err := layersOf(s)
		if err != nil {
			return err
		}
		var y []float64
		for _, v := range pick(values, slopes) {
			y = append(y, size(v))
		}
		layers = append(layers, chart.Line{Name: s.name, X: span(1, 10, 10), Y: y})
	}
	return (&chart.Chart{Title: title, X: "layer", Y: "root mean square", LogY: true, Layers: layers}).SVG(w)
}

func drawActivationSizes(w io.Writer) error {
	return drawByLayer(w, "activations of each layer", func(values, _ [][]float64) [][]float64 { return values })
}

func drawGradientSizes(w io.Writer) error {
	return drawByLayer(w, "gradients of each layer", func(_, slopes [][]float64) [][]float64 { return slopes })
}

// histogram draws the activations of the last layer.
func histogram(i int) func(w io.Writer) error {
	return func(w io.Writer) error {
		values, _, err := layersOf(starts[i])
		if err != nil {
			return err
		}
		c := chart.Chart{Title: starts[i].name, X: "activation in layer 10", Y: "count", Layers: []chart.Layer{chart.Histogram{Values: values[9]}}}
		return c.SVG(w)
	}
}
