package lessons_test

import (
	"io"
	"log"
	"os"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/viz"
)

func Example_chainrule() {
	x, t := graph.Input("x"), graph.Input("t")
	w, b := graph.Input("w"), graph.Input("b")
	h := ops.Tanh(ops.Add(ops.Mul(w, x), b))
	loss := ops.Square(ops.Sub(h, t))

	values, err := viz.Run(loss, x.Is(number(2)), w.Is(number(0.5)), b.Is(number(-0.5)), t.Is(number(1)))
	if err != nil {
		log.Fatal(err)
	}
	if err := (viz.Picture{Values: values}).Text(os.Stdout, loss); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 input x         2       grad −0.423
	// 1 input w         0.500   grad −1.692
	// 2 mul      1 0    1       grad −0.846
	// 3 input b         −0.500  grad −0.846
	// 4 add      2 3    0.500   grad −0.846
	// 5 tanh     4      0.462   grad −1.076
	// 6 input t         1       grad 1.076
	// 7 sub      5 6    −0.538  grad −1.076
	// 8 square   7      0.289   grad 1
}

// chain is the loss of the lesson, with its numbers.
func chain() (loss *graph.Node, feeds []graph.Feed) {
	x, w, b, t := graph.Input("x"), graph.Input("w"), graph.Input("b"), graph.Input("t")
	loss = ops.Square(ops.Sub(ops.Tanh(ops.Add(ops.Mul(w, x), b)), t))
	return loss, []graph.Feed{x.Is(number(2)), w.Is(number(0.5)), b.Is(number(-0.5)), t.Is(number(1))}
}

func drawChain(w io.Writer) error {
	loss, feeds := chain()
	return withNumbers(w, viz.Picture{Title: "Values and gradients"}, loss, feeds...)
}

// drawChainBack draws the graph of the gradients beside it.
func drawChainBack(w io.Writer) error {
	loss, feeds := chain()
	return withNumbers(w, viz.Picture{Title: "Forward, and backward", Gradient: true, Formulas: true}, loss, feeds...)
}

// drawChainSum draws a value that is used twice.
func drawChainSum(w io.Writer) error {
	x := graph.Input("x")
	a := ops.Tanh(x)
	y := ops.Add(ops.Square(a), ops.Sin(a))
	return withNumbers(w, viz.Picture{Title: "A value that is used twice", Gradient: true, Formulas: true}, y, x.Is(number(0.5)))
}
