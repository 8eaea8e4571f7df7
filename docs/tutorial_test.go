package docs_test

import (
	"fmt"
	"log"
	"math/rand/v2"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func number(v float32) *tensor.Dense { return tensor.New(tensor.FromScalar(v)) }

func column(v ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(v), 1), tensor.WithBacking(v))
}

func Example_expression() {
	x, w, b := graph.Input("x"), graph.Input("w"), graph.Input("b")
	y := ops.Add(ops.Mul(w, x), b)
	p, err := graph.Compile(y)
	if err != nil {
		log.Fatal(err)
	}
	out, err := p.Run(x.Is(number(3)), w.Is(number(2)), b.Is(number(1)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].Data())
	// Output:
	// 7
}

func Example_shapes() {
	batch := graph.Sym("batch")
	x := graph.Input("x", batch, 2)
	w, b := graph.Input("w", 2, 3), graph.Input("b", 3)
	y := ops.Add(ops.MatMul(x, w), b)
	fmt.Println(y)
	fmt.Println(ops.Flatten(y, 0))
	// Output:
	// add f32[batch 3]
	// reshape[3*batch] f32[3*batch]
}

// The lines of the mistakes are in the tutorial's text; keep what follows at
// its place.
func Example_mistake() {
	h := ops.MatMul(graph.Input("x", graph.Sym("batch"), 784), graph.Input("w", 10, 8))
	_, err := graph.Compile(ops.ReLU(h), ops.Reshape(graph.Input("v", 5), 2, 3))
	fmt.Println(err)
	// Output:
	// tutorial_test.go:56: matmul: cannot multiply x [batch 784] by w [10 8]: inner lengths 784 and 10 differ
	// tutorial_test.go:57: reshape: cannot reshape v [5] to [2 3]: 5 elements do not make 6
}

func Example_gradient() {
	x := graph.Input("x")
	cube := ops.Mul(ops.Mul(x, x), x)
	first := autodiff.Grad(cube, x)[0]
	second := autodiff.Grad(first, x)[0]
	p, err := graph.Compile(cube, first, second)
	if err != nil {
		log.Fatal(err)
	}
	out, err := p.Run(x.Is(number(2)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].Data(), out[1].Data(), out[2].Data())
	// Output:
	// 8 12 12
}

// withoutLines cuts the comments, which name source lines, off a listing.
func withoutLines(listing string) string {
	var b strings.Builder
	for line := range strings.Lines(listing) {
		step, _, _ := strings.Cut(line, " //")
		fmt.Fprintln(&b, step)
	}
	return b.String()
}

func Example_listing() {
	x := graph.Input("x", 3)
	loss := ops.Sum(ops.Tanh(x))
	fmt.Print(withoutLines(graph.Listing(autodiff.Grad(loss, x)[0])))
	// Output:
	// v0 = input x f32[3]
	// v1 = tanh f32[3] v0
	// v2 = 1 f32[]
	// v3 = reshape[1] f32[1] v2
	// v4 = broadcast[3] f32[3] v3
	// v5 = square f32[3] v1
	// v6 = 1 f32[]
	// v7 = sub f32[3] v6 v5
	// v8 = mul f32[3] v4 v7
}

func Example_persists() {
	w := &graph.Param{Label: "w", Value: number(0)}
	distance := ops.Sub(w.Node(), graph.Scalar(3))
	loss := ops.Square(distance)
	slope := autodiff.Grad(loss, w.Node())[0]
	step, err := graph.CompileTraining(
		[]*graph.Node{loss},
		graph.Assign(w, ops.Sub(w.Node(), ops.Scale(slope, 0.25))))
	if err != nil {
		log.Fatal(err)
	}
	for range 4 {
		out, err := step.Run()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("loss", out[0].Data(), "w", w.Value.Data())
	}
	// Output:
	// loss 9 w 1.5
	// loss 2.25 w 2.25
	// loss 0.5625 w 2.625
	// loss 0.140625 w 2.8125
}

func Example_layer() {
	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 1), graph.Input("y", batch, 1)
	line := &nn.Dense{Out: 1}
	loss := nn.MSE(line.Apply(x), y)
	nn.Init(line, 1)
	step, err := optim.Minimize(loss, nn.Params(line), optim.SGD(0.2))
	if err != nil {
		log.Fatal(err)
	}
	xs, ys := column(-1, 0, 1), column(1, 3, 5) // y = 2x + 3
	for range 100 {
		if _, err := step.Run(x.Is(xs), y.Is(ys)); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("y = %.3f x + %.3f\n", line.W.Value.Float32s()[0], line.B.Value.Float32s()[0])
	// Output:
	// y = 2.000 x + 3.000
}

// randomRows returns 1000 rows of 784 random numbers and a random label each.
func randomRows() *data.Arrays {
	rnd := rand.New(rand.NewPCG(1, 0))
	x, y := make([]float32, 1000*784), make([]float32, 1000)
	for i := range x {
		x[i] = rnd.Float32()
	}
	for i := range y {
		y[i] = float32(rnd.IntN(2))
	}
	rows, err := data.Of(
		tensor.New(tensor.WithShape(1000, 784), tensor.WithBacking(x)),
		tensor.New(tensor.WithShape(1000, 1), tensor.WithBacking(y)))
	if err != nil {
		log.Fatal(err)
	}
	return rows
}

func Example_network() {
	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 784), graph.Input("y", batch, 1)
	model := nn.Sequential{
		&nn.Dense{Out: 10, Act: ops.ReLU},
		&nn.Dense{Out: 8, Act: ops.ReLU},
		&nn.Dense{Out: 1},
	}
	logits := model.Apply(x)
	loss := nn.BinaryCrossEntropy(logits, y)
	nn.Init(model, 1)
	for _, p := range nn.Params(model) {
		fmt.Println(p.Label, p.Type)
	}
	rows := randomRows()

	step, err := optim.Minimize(loss, nn.Params(model), optim.Adam(1e-3))
	if err != nil {
		log.Fatal(err)
	}
	var first, last float32
	for epoch := range uint64(10) {
		for b, err := range rows.Shuffle(epoch).Batches(32) {
			if err != nil {
				log.Fatal(err)
			}
			out, err := step.Run(x.Is(b[0]), y.Is(b[1]))
			if err != nil {
				log.Fatal(err)
			}
			if last = out[0].Data().(float32); first == 0 {
				first = last
			}
		}
	}
	fmt.Println("the loss fell:", last < first)

	predict, err := graph.Compile(ops.Sigmoid(logits))
	if err != nil {
		log.Fatal(err)
	}
	out, err := predict.Run(x.Is(rows.Column(0)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].Shape())
	// Output:
	// 0.W f32[784 10]
	// 0.B f32[10]
	// 1.W f32[10 8]
	// 1.B f32[8]
	// 2.W f32[8 1]
	// 2.B f32[1]
	// the loss fell: true
	// (1000, 1)
}
