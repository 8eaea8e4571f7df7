package docs_test

import (
	"bytes"
	"flag"
	"io"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/viz"
)

var update = flag.Bool("update", false, "write the pictures of docs anew")

// pictures draws each picture of the page, by its file.
var pictures = map[string]func(w io.Writer) error{
	"network.svg":     drawNetwork,
	"values.svg":      drawValues,
	"columns.svg":     drawColumns,
	"step.svg":        drawStep,
	"classifier.svg":  drawClassifier,
	"transformer.svg": drawTransformer,
	"opened.svg":      drawOpened,
	"residual.svg":    drawResidual,
	"scan.svg":        drawScan,
	"mistake.svg":     drawMistake,
	"fused.svg":       drawFused,
	"memory.svg":      drawMemory,
}

// TestPictures compares the pictures with what the code draws.
func TestPictures(t *testing.T) {
	for file, draw := range pictures {
		var b bytes.Buffer
		require.NoError(t, draw(&b), file)
		if file == "memory.svg" && !*update { // where values lie depends on the kernels of this machine
			assert.Contains(t, b.String(), "bytes of memory")
			continue
		}
		comparePicture(t, filepath.Join("pictures", file), b.Bytes())
	}
	compareBlocks(t, "pictures.md", "pictures_test.go")
}

// comparePicture fails if a file is not what was drawn; -update writes it.
func comparePicture(t *testing.T, file string, drawn []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, drawn, 0o644))
	}
	have, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(have, drawn), "%s is not what the code draws: run go test ./docs -run Picture -update and look at it", file)
	assert.Less(t, len(drawn), 150_000, file)
}

// perceptron is the network of the README.
func perceptron() (x, y, loss *graph.Node, model nn.Sequential) {
	batch := graph.Sym("batch")
	x, y = graph.Input("x", batch, 784), graph.Input("y", batch, 1)
	model = nn.Sequential{
		&nn.Dense{Out: 10, Act: ops.ReLU},
		&nn.Dense{Out: 8, Act: ops.ReLU},
		&nn.Dense{Out: 1},
	}
	loss = nn.BinaryCrossEntropy(model.Apply(x), y)
	nn.Init(model, 1)
	return x, y, loss, model
}

func drawNetwork(w io.Writer) error {
	_, _, loss, _ := perceptron()
	return viz.Picture{Title: "A network and its loss", Formulas: true}.SVG(w, loss)
}

// scalars are y = wx + b and its squared error, with numbers.
func scalars() (loss *graph.Node, feeds []graph.Feed) {
	w := &graph.Param{Label: "w", Value: number(0.8)}
	x, t := graph.Input("x"), graph.Input("t")
	a := ops.Mul(w.Node(), x)
	y := ops.Add(ops.Square(a), a) // a is used twice
	loss = ops.Square(ops.Sub(y, t))
	return loss, []graph.Feed{x.Is(number(1.5)), t.Is(number(2))}
}

func drawValues(w io.Writer) error {
	loss, feeds := scalars()
	values, err := viz.Run(loss, feeds...)
	if err != nil {
		return err
	}
	return viz.Picture{Title: "Values and gradients", Values: values}.SVG(w, loss)
}

func drawColumns(w io.Writer) error {
	loss, feeds := scalars()
	values, err := viz.Run(loss, feeds...)
	if err != nil {
		return err
	}
	return viz.Picture{Title: "Forward and backward", Values: values, Gradient: true, Formulas: true}.SVG(w, loss)
}

func drawStep(w io.Writer) error {
	_, _, loss, model := perceptron()
	step, err := optim.Minimize(loss, nn.Params(model), optim.Adam(1e-3))
	if err != nil {
		return err
	}
	return viz.Picture{Title: "A training step"}.SVG(w, step.Nodes()...)
}

func drawClassifier(w io.Writer) error {
	x, labels := graph.Input("x", 16, 6), graph.Input("y", 16, 1)
	model := nn.Sequential{&nn.Dense{Out: 10, Act: ops.ReLU}, &nn.Dense{Out: 1}}
	loss := nn.BinaryCrossEntropy(model.Apply(x), labels)
	nn.Init(model, 1)
	xs, ys := twoClasses(16, 6)
	values, err := viz.Run(loss, x.Is(xs), labels.Is(ys))
	if err != nil {
		return err
	}
	return viz.Picture{Title: "16 rows through a classifier", Values: values, Bars: true}.SVG(w, loss)
}

// twoClasses are n rows whose first columns lean to the side of their class.
func twoClasses(n, width int) (xs, ys *tensor.Dense) {
	data, labels := make([]float32, n*width), make([]float32, n)
	for i := range data {
		row := i / width
		labels[row] = float32(row % 2)
		data[i] = float32(i*7919%101)/50 - 1 + (labels[row]-0.5)*float32(1-i%width/3)
	}
	return tensor.New(tensor.WithShape(n, width), tensor.WithBacking(data)), tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(labels))
}

// gpt are the logits of a small GPT.
func gpt() *graph.Node {
	model := &zoo.GPT{Vocab: 256, Context: 64, Layers: 12, Heads: 4, Width: 128, Untied: true}
	logits := model.Apply(graph.InputOf(graph.Int32, "ids", graph.Sym("batch"), 64))
	nn.Init(model, 1)
	return logits
}

func drawTransformer(w io.Writer) error {
	return viz.Picture{Title: "A GPT of twelve blocks", Boxes: 11}.SVG(w, gpt())
}

func drawOpened(w io.Writer) error {
	return viz.Picture{Title: "One block, opened", Boxes: 12, Open: map[string]bool{"Blocks.0": true, "Blocks.0.Attention": true}}.SVG(w, gpt())
}

func drawResidual(w io.Writer) error {
	model := &zoo.ResNet{Classes: 10}
	y := model.Apply(graph.Input("images", graph.Sym("batch"), 3, 32, 32))
	nn.Init(model, 1)
	return viz.Picture{Title: "ResNet-20", Boxes: 14}.SVG(w, y)
}

func drawScan(w io.Writer) error {
	cell := &nn.Dense{Out: 8, Act: ops.Tanh}
	step := func(carry, x []*graph.Node) (next, y []*graph.Node) {
		h := cell.Apply(ops.Concat(-1, carry[0], x[0]))
		return []*graph.Node{h}, nil
	}
	xs := graph.Input("xs", graph.Sym("time"), 4, 3)
	h, _ := ops.Scan(step, []*graph.Node{graph.Zeros(graph.Type{Shape: graph.Of(4, 8)})}, []*graph.Node{xs})
	nn.Init(cell, 1)
	return viz.Picture{Title: "A loop and its body"}.SVG(w, ops.Mean(h[0]))
}

func drawMistake(w io.Writer) error {
	x := graph.Input("x", graph.Sym("batch"), 784)
	h := ops.Tanh(ops.MatMul(x, graph.Input("w", 10, 8)))
	return viz.Picture{Title: "A mistake"}.SVG(w, h)
}

func drawFused(w io.Writer) error {
	pred, y := graph.Input("pred", 512), graph.Input("y", 512)
	loss := cauchy(pred, y, 0.3)
	p, err := graph.Compile(loss)
	if err != nil {
		return err
	}
	built, err := viz.Picture{Title: "as built", Primitives: true}.Layout(loss)
	if err != nil {
		return err
	}
	runs, err := viz.Picture{Title: "as the engine runs it"}.Program(p)
	if err != nil {
		return err
	}
	return viz.Beside("A loss of one's own", built, runs).SVG(w)
}

func drawMemory(w io.Writer) error {
	x := graph.Input("x", 128, 64)
	model := nn.Sequential{}
	for i := range 6 {
		model = append(model, &nn.Dense{Out: 64 << (i % 3), Act: ops.Tanh})
	}
	y := ops.Softmax(model.Apply(x), -1)
	nn.Init(model, 1)
	p, err := graph.Compile(y)
	if err != nil {
		return err
	}
	l, err := viz.Picture{Title: "The memory of a network of six layers"}.Memory(p)
	if err != nil {
		return err
	}
	return l.SVG(w)
}

func Example_picture() {
	loss, feeds := scalars()
	values, err := viz.Run(loss, feeds...)
	if err != nil {
		log.Fatal(err)
	}
	if err := (viz.Picture{Values: values}).Text(os.Stdout, loss); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 input x         1.500  grad 3.482
	// 1 param w         0.800  grad 6.528
	// 2 mul      1 0    1.200  grad 4.352
	// 3 square   2      1.440  grad 1.280
	// 4 add      3 2    2.640  grad 1.280
	// 5 input t         2      grad −1.280
	// 6 sub      4 5    0.640  grad 1.280
	// 7 square   6      0.410  grad 1
}
