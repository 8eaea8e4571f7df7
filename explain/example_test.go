package explain_test

import (
	"fmt"
	"log"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// The score 3a + 2ab is 9 at (1, 3) and 0 at (0, 0): a is given all that it adds alone,
// and both are given half of what they add together.
func ExampleIntegratedGradients() {
	x := graph.Input("x", graph.Sym("batch"), 2)
	a, b := ops.Index(x, 1, 0), ops.Index(x, 1, 1)
	score := ops.Add(ops.Scale(a, 3), ops.Scale(ops.Mul(a, b), 2))
	p, err := graph.Compile(explain.IntegratedGradients(score, x, nil, 0))
	if err != nil {
		log.Fatal(err)
	}
	out, err := p.Run(x.Is(tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{1, 3}))))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", out[0].Float32s())
	// Output:
	// [6.00 3.00]
}

// A loan is granted above 4·income - debt = 8. The nearest way is a higher income: one
// unit of it does what four units of debt do.
func ExampleCounterfactual() {
	x := graph.Input("x", graph.Sym("batch"), 2)
	income, debt := ops.Index(x, 1, 0), ops.Index(x, 1, 1)
	score := ops.Sub(ops.Sub(ops.Scale(income, 4), debt), graph.Scalar(8))
	p, err := graph.Compile(explain.Counterfactual(score, x, explain.Search{}))
	if err != nil {
		log.Fatal(err)
	}
	out, err := p.Run(x.Is(tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{2, 4}))))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("from [2.0 4.0] to %.1f, a change of %.1f\n", out[0].Float32s(), out[1].Float32s()[0])
	// Output:
	// from [2.0 4.0] to [3.0 4.0], a change of 1.0
}
