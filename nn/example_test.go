package nn_test

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// A layer has the width and dtype of what it is first applied to.
func ExampleDense() {
	x := graph.Input("x", graph.Sym("batch"), 3)
	layer := &nn.Dense{Out: 2, Act: ops.ReLU, Init: nn.Ones}
	y := layer.Apply(x)
	nn.Init(layer, 1)
	p, err := graph.Compile(y)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Run(x.Is(tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 2, 3, -1, -2, -3}))))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(y.Type(), out[0].Float32s())
	// Output: f32[batch 2] [6 6 0 0]
}

func ExampleSequential() {
	batch := graph.Sym("batch")
	model := nn.Sequential{
		&nn.Dense{Out: 10, Act: ops.ReLU},
		&nn.Dense{Out: 8, Act: ops.ReLU},
		&nn.Dense{Out: 1},
	}
	x, y := graph.Input("x", batch, 784), graph.Input("y", batch, 1)
	logits := model.Apply(x)
	loss := nn.BinaryCrossEntropy(logits, y)
	nn.Init(model, 1)
	fmt.Print(nn.Summary(logits, model))
	fmt.Println(loss)
	// Output:
	// layer  kind   output         parameters  FLOPs per sample
	// 0      Dense  f32[batch 10]       7,850            15,700
	// 1      Dense  f32[batch 8]           88               176
	// 2      Dense  f32[batch 1]            9                17
	// total: 7,947 parameters (31,788 bytes), 15,893 FLOPs per sample
	// div f32[]
}

// Any struct of layers is a model. Its fields name the parameters.
func ExampleParams() {
	model := struct {
		Trunk       nn.Sequential
		Kind, Value *nn.Dense
	}{
		Trunk: nn.Sequential{&nn.Dense{Out: 16, Act: ops.Tanh}, &nn.Dropout{Rate: 0.1}},
		Kind:  &nn.Dense{Out: 5},
		Value: &nn.Dense{Out: 1},
	}
	batch := graph.Sym("batch")
	h := model.Trunk.Apply(graph.Input("x", batch, 4))
	loss := ops.Add(
		nn.CrossEntropy(model.Kind.Apply(h), graph.InputOf(graph.Int64, "kind", batch)),
		nn.MSE(model.Value.Apply(h), graph.Input("value", batch, 1)))
	for _, p := range nn.Params(&model) {
		fmt.Println(p.Label, p.Type)
	}
	fmt.Println(loss.Type())
	// Output:
	// Trunk.0.W f32[4 16]
	// Trunk.0.B f32[16]
	// Trunk.1.State i64[2]
	// Kind.W f32[16 5]
	// Kind.B f32[5]
	// Value.W f32[16 1]
	// Value.B f32[1]
	// f32[]
}

// Gain is a layer of one's own: it multiplies each column by a weight.
type Gain struct {
	graph.Scope
	W *graph.Param
}

// Apply maps x [... n] to [... n].
func (g *Gain) Apply(x *graph.Node) *graph.Node {
	return g.Wrap(func() *graph.Node {
		if g.W == nil {
			n := graph.Of(x.Shape().Dim(-1))
			g.W = &graph.Param{Label: "W", Type: x.Type().Of(n), Init: nn.Ones}
		}
		return ops.Mul(x, g.W.Node())
	})
}

func ExampleLayer() {
	model := nn.Sequential{&nn.Dense{Out: 3}, &Gain{}}
	y := model.Apply(graph.Input("x", graph.Sym("batch"), 2))
	nn.Init(model, 1)
	fmt.Print(nn.Summary(y, model))
	// Output:
	// layer  kind   output        parameters  FLOPs per sample
	// 0      Dense  f32[batch 3]           9                15
	// 1      Gain   f32[batch 3]           3                 3
	// total: 12 parameters (48 bytes), 18 FLOPs per sample
}

// A custom loss is a function: the focal loss of Lin et al. 2017.
func ExampleBinaryCrossEntropy() {
	focal := func(logits, y *graph.Node) *graph.Node {
		l := nn.BinaryCrossEntropy(logits, y, nn.None)
		miss := ops.OneMinus(ops.Exp(ops.Neg(l))) // the probability of the other label
		return ops.Mean(ops.Mul(ops.Square(miss), l))
	}
	logits, y := graph.ConstOf([]float32{3, -3}, 2, 1), graph.ConstOf([]float32{1, 1}, 2, 1)
	p, err := graph.Compile(nn.BinaryCrossEntropy(logits, y), focal(logits, y))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f %.4f\n", out[0].Data(), out[1].Data())
	// Output: 1.5486 1.3832
}

// Labels of another shape are a mistake, not a broadcast.
func ExampleMSE() {
	n := graph.Sym("n")
	loss := nn.MSE(graph.Input("pred", n, 1), graph.Input("y", n))
	fmt.Println(loss.Err())
	// Output: example_test.go:139: mse: the predictions pred [n 1] and the labels y [n] have different shapes: give one the shape of the other with ops.Reshape
}

func ExampleCrossEntropy() {
	logits := graph.ConstOf([]float32{2, 0, 0, 1, 1, 1, 0, 0, 9}, 3, 3)
	labels := graph.ConstOf([]int64{0, 1, -1}, 3) // -1: not labelled
	loss := nn.CrossEntropy(logits, labels, nn.CrossEntropyOptions{Smoothing: 0.1, Ignore: new(-1)})
	p, err := graph.Compile(loss)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", out[0].Data())
	// Output: 0.7357
}
