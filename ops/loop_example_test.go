package ops_test

import (
	"context"
	"fmt"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A moving average, its values at all steps, and the gradient of the last one
// with respect to the weight.
func ExampleScan() {
	x := graph.ConstOf([]float64{1, 2, 4, 8}, 4)
	w := graph.ScalarOf(graph.Float64, 0.5)
	last, all := ops.Scan(func(carry, x []*graph.Node) (next, y []*graph.Node) {
		mean := ops.Add(carry[0], ops.Mul(w, ops.Sub(x[0], carry[0])))
		return []*graph.Node{mean}, []*graph.Node{mean}
	}, []*graph.Node{graph.ScalarOf(graph.Float64, 0)}, []*graph.Node{x})
	p, err := graph.Compile(all[0], autodiff.Grad(last[0], w)[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Eval(context.Background())
	fmt.Println(graph.Data[float64](out[0]), out[1].At(0), err)
	// Output: [0.5 1.25 2.625 5.3125] 7.25 <nil>
}

// Newton's iteration for a square root, until it stands still.
func ExampleWhile() {
	x := graph.ScalarOf(graph.Float64, 2)
	root := ops.While(
		func(c []*graph.Node) *graph.Node {
			return ops.Greater(ops.Abs(ops.Sub(ops.Square(c[0]), x)), graph.Scalar(1e-12))
		},
		func(c []*graph.Node) []*graph.Node {
			return []*graph.Node{ops.Scale(ops.Add(c[0], ops.Div(x, c[0])), 0.5)}
		},
		[]*graph.Node{x}, 20)[0]
	p, err := graph.Compile(root, autodiff.Grad(root, x)[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Eval(context.Background())
	fmt.Printf("%.6f %.6f %v\n", out[0].At(0), out[1].At(0), err)
	// Output: 1.414214 0.353553 <nil>
}

// Only the branch that is taken is computed.
func ExampleCond() {
	x := graph.ScalarOf(graph.Float64, -3)
	y := ops.Cond(ops.Less(x, graph.Scalar(0)),
		func() []*graph.Node { return []*graph.Node{ops.Square(x)} },
		func() []*graph.Node { return []*graph.Node{ops.Sqrt(x)} })[0]
	p, err := graph.Compile(y, autodiff.Grad(y, x)[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Eval(context.Background())
	fmt.Println(out[0].At(0), out[1].At(0), err)
	// Output: 9 -6 <nil>
}
