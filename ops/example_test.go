package ops_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// show computes and prints values.
func show(y ...*graph.Node) {
	p, err := graph.Compile(y...)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Run()
	if err != nil {
		fmt.Println("the run fails")
		return
	}
	for _, t := range out {
		fmt.Println(t.Data())
	}
	runtime.KeepAlive(out) // Data alone does not: see Program.Run
}

// The argument is guarded before the logarithm: guarding the result alone would
// give 0 times infinity, NaN, as the gradient at 0.
func ExampleWhere_guard() {
	x := graph.ConstOf([]float64{0, 2}, 2)
	positive := ops.Greater(x, graph.Scalar(0))
	safe := ops.Where(positive, x, graph.Scalar(1))
	y := ops.Where(positive, ops.Log(safe), graph.Scalar(0))
	show(autodiff.Grad(ops.Sum(y), x)[0])

	unguarded := ops.Where(positive, ops.Log(x), graph.Scalar(0))
	show(autodiff.Grad(ops.Sum(unguarded), x)[0])
	// Output:
	// [0 0.5]
	// [NaN 0.5]
}

func ExampleKeep() {
	x := graph.ConstOf([]float64{1, 2, 3, 10, 20, 30}, 2, 3)
	show(ops.Sub(x, ops.Keep(ops.Mean, x, -1)))
	// Output: [-1 0 1 -10 0 10]
}

func ExampleEinsum() {
	x := graph.ConstOf([]float64{1, 2, 3, 4}, 2, 2)
	y := graph.ConstOf([]float64{1, 0, 1, 1}, 2, 2)
	show(
		ops.Einsum("ij,jk->ik", x, y), // matrix product
		ops.Einsum("ij,ij->i", x, y),  // dot product of each pair of rows
		ops.Einsum("ii->i", x),        // diagonal
	)
	// Output:
	// [3 2 7 4]
	// [1 7]
	// [1 4]
}

func ExampleSlice() {
	x := graph.ConstOf([]int64{0, 1, 2, 3, 4, 5}, 6)
	show(
		ops.Slice(x, 0, 1, 3, 1),
		ops.Slice(x, 0, -2, ops.End, 1),
		ops.Slice(x, 0, 0, ops.End, 2),
	)
	// Output:
	// [1 2]
	// [4 5]
	// [0 2 4]
}

// An embedding takes rows of a table. Rows that are taken twice get both
// gradients.
func ExampleTake() {
	table := graph.ConstOf([]float64{0, 1, 10, 11, 20, 21}, 3, 2)
	ids := graph.ConstOf([]int64{2, 0, -1}, 3)
	rows := ops.Take(table, ids, 0)
	show(rows, autodiff.Grad(ops.Sum(rows), table)[0])
	// Output:
	// [20 21 0 1 20 21]
	// [1 1 0 0 2 2]
}

// TakeAlongAxis picks the score of each row's class.
func ExampleTakeAlongAxis() {
	scores := graph.ConstOf([]float64{0.1, 0.9, 0.8, 0.2}, 2, 2)
	class := graph.ConstOf([]int64{1, 0}, 2, 1)
	show(ops.TakeAlongAxis(scores, class, 1))
	// Output: [0.9 0.8]
}

// A running average, and the return of a reward discounted by a half.
func ExampleRecurrence() {
	x := graph.ConstOf([]float64{8, 0, 0, 4}, 4)
	decay := graph.Scalar(0.5)
	show(
		ops.Recurrence(decay, x, 0),
		ops.Flip(ops.Recurrence(decay, ops.Flip(x), 0)),
	)
	// Output:
	// [8 4 2 5]
	// [8.5 1 2 4]
}

// Dropout draws a mask in training and does nothing otherwise.
func ExampleInTraining() {
	x := graph.ConstOf([]float64{1, 2, 3, 4}, 4)
	state := graph.ConstOf([]int64{1, 0}, 2) // seed and step
	mask := ops.Bernoulli(state, 0, 0.5, x.Shape())
	dropped := ops.Where(mask, ops.Scale(x, 2), graph.Scalar(0))
	y := ops.InTraining(dropped, x)
	show(y)

	training, err := graph.CompileTraining([]*graph.Node{y})
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := training.Run()
	fmt.Println(out[0].Float64s(), err)
	// Output:
	// [1 2 3 4]
	// [0 0 0 8] <nil>
}

// The run says where a label is missing, instead of giving a loss of NaN.
func ExampleCheckNaN() {
	labels := graph.Input("labels", 2, 2)
	p, err := graph.Compile(ops.Sum(ops.CheckNaN(labels, "the label")))
	if err != nil {
		fmt.Println(err)
		return
	}
	value, _ := graph.TensorOf([]float32{1, 2, 3, float32(math.NaN())}, 2, 2)
	dense, _ := value.Dense()
	_, err = p.Run(labels.Is(dense))
	place, text, _ := strings.Cut(err.Error(), ": ")
	fmt.Println(strings.HasPrefix(place, "example_test.go:"), text)
	// Output: true checknan: the label is NaN at [1 1]: look at the data
}

// Elements are drawn from a state, which is counted up from step to step.
func ExampleNextState() {
	state := graph.ConstOf([]int64{7, 0}, 2) // seed and step
	show(ops.NextState(state))
	// Output: [7 1]
}

// An edge is where neighbours differ.
func ExampleConv() {
	x := graph.ConstOf([]float64{0, 0, 1, 1, 1, 0}, 1, 1, 6)
	edges := graph.ConstOf([]float64{-1, 1}, 1, 1, 2)
	show(
		ops.Conv(x, edges),
		ops.Conv(x, edges, ops.ConvOptions{Pad: [][2]int{{0, 1}}}),
		ops.Conv(x, edges, ops.ConvOptions{Stride: []int{2}}),
	)
	// Output:
	// [0 1 0 0 -1]
	// [0 1 0 0 -1 0]
	// [0 0 -1]
}

// Each element adds a copy of the weights.
func ExampleConvTranspose() {
	x := graph.ConstOf([]float64{1, 2, 3}, 1, 1, 3)
	w := graph.ConstOf([]float64{1, 10, 100}, 1, 1, 3)
	show(
		ops.ConvTranspose(x, w),
		ops.ConvTranspose(x, w, ops.ConvOptions{Stride: []int{2}}),
	)
	// Output:
	// [1 12 123 230 300]
	// [1 10 102 20 203 30 300]
}

func ExampleMaxPool() {
	x := graph.ConstOf([]float64{
		1, 2, 3, 4,
		5, 6, 7, 8,
	}, 1, 1, 2, 4)
	show(
		ops.MaxPool(x, []int{2}),
		ops.MaxPool(x, []int{1, 3}, ops.PoolOptions{Stride: []int{1}}),
		ops.AvgPool(x, []int{2}),
	)
	// Output:
	// [6 8]
	// [3 4 7 8]
	// [3.5 5.5]
}
