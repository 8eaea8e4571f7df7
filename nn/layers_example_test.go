package nn_test

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// Training uses the batch's mean and variance and moves the running ones, which
// inference uses. No mode has to be set.
func ExampleBatchNorm() {
	x := graph.Input("x", graph.Sym("batch"), 1)
	layer := &nn.BatchNorm{Momentum: 0.5}
	y := layer.Apply(x)
	nn.Init(layer, 1)
	step, err := optim.Minimize(ops.Sum(y), nn.Params(layer), optim.SGD(0))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 20 {
		if _, err := step.Run(x.Is(tensor.New(tensor.WithShape(3, 1), tensor.WithBacking([]float32{2, 4, 6})))); err != nil {
			fmt.Println(err)
			return
		}
	}
	p, err := graph.Compile(y)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Run(x.Is(tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{6}))))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("mean %.2f, variance %.2f, of 6 comes %.2f\n", layer.Mean.Value.Data(), layer.Variance.Value.Data(), out[0].Float32s())
	// Output: mean [4.00], variance [4.00], of 6 comes [1.00]
}

// A causal attention that looks at a sequence place by place remembers the places
// before in a cache.
func ExampleKVCache() {
	attention := &nn.MultiHeadAttention{Heads: 2, Causal: true}
	cache := &nn.KVCache{Batch: 1, Max: 4}
	x := graph.Input("x", 1, 1, 8)
	y := attention.Next(x, cache)
	nn.Init(attention, 1)
	if err := cache.Reset(); err != nil {
		fmt.Println(err)
		return
	}
	step, err := graph.Compile(y)
	if err != nil {
		fmt.Println(err)
		return
	}
	place := tensor.New(tensor.WithShape(1, 1, 8), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6, 7, 8}))
	for range 3 {
		if _, err := step.Run(x.Is(place)); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(cache.At.Value.Data(), "places of keys", cache.Keys.Type)
	// Output: 3 places of keys f32[1 2 4 4]
}

// Padding is what the mask does not mark.
func ExampleMultiHeadAttention_Attend() {
	batch, time := graph.Sym("batch"), graph.Sym("time")
	ids := graph.InputOf(graph.Int64, "ids", batch, time)
	x := (&nn.Embedding{Count: 100, Width: 16}).Apply(ids)
	words := ops.NotEqual(ids, graph.Scalar(0)) // 0 fills up
	y := (&nn.MultiHeadAttention{Heads: 4}).Attend(x, x, words)
	fmt.Println(y.Type())
	// Output: f32[batch time 16]
}

// An encoder reads one sequence; a decoder looks at what was read while it goes
// through another.
func ExampleTransformerBlock() {
	batch := graph.Sym("batch")
	source, target := graph.Input("source", batch, 7, 16), graph.Input("target", batch, 5, 16)
	model := struct{ Encoder, Decoder nn.TransformerBlock }{
		Encoder: nn.TransformerBlock{Heads: 4},
		Decoder: nn.TransformerBlock{Heads: 4, Causal: true},
	}
	memory := model.Encoder.Apply(source)
	y := model.Decoder.WithMemory(target, memory, nil)
	fmt.Println(y.Type(), len(nn.Params(&model)), "parameters")
	// Output: f32[batch 5 16] 42 parameters
}

// The layer is what it was, with its weight in two parts.
func ExampleWeightNorm() {
	x := graph.Input("x", graph.Sym("batch"), 3)
	layer := &nn.WeightNorm{Layer: &nn.Dense{Out: 2}}
	y := layer.Apply(x)
	for _, p := range nn.Params(layer) {
		fmt.Println(p.Label, p.Type)
	}
	fmt.Println(y.Type())
	// Output:
	// Layer.W f32[3 2]
	// Layer.B f32[2]
	// Gain f32[2]
	// f32[batch 2]
}

// Matrices of batches add up to that of all, which no mean of means does.
func ExampleConfusion() {
	logits, labels := graph.Input("logits", graph.Sym("batch"), 2), graph.InputOf(graph.Int64, "labels", graph.Sym("batch"))
	count, err := graph.Compile(nn.Confusion(logits, labels))
	if err != nil {
		fmt.Println(err)
		return
	}
	total := make([]int64, 4)
	for _, b := range []struct {
		logits []float32
		labels []int64
	}{{[]float32{1, 0, 0, 1, 1, 0}, []int64{0, 1, 1}}, {[]float32{0, 1}, []int64{1}}} {
		n := len(b.labels)
		out, err := count.Run(logits.Is(tensor.New(tensor.WithShape(n, 2), tensor.WithBacking(b.logits))),
			labels.Is(tensor.New(tensor.WithShape(n), tensor.WithBacking(b.labels))))
		if err != nil {
			fmt.Println(err)
			return
		}
		for i, v := range out[0].Int64s() {
			total[i] += v
		}
	}
	recall, err := graph.Compile(nn.RecallOf(graph.ConstOf(total, 2, 2), nn.PerClass))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := recall.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v %.2f\n", total, out[0].Float64s())
	// Output: [1 0 1 2] [1.00 0.67]
}
