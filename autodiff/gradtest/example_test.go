package gradtest_test

import (
	"fmt"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// printer stands for a *testing.T.
type printer struct{}

func (printer) Helper() {}
func (printer) Errorf(format string, _ ...any) {
	fmt.Println("the gradient is wrong")
}

// In a test, t is the *testing.T.
func Example() {
	var t printer
	batch := graph.Sym("batch")
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		return ops.Tanh(ops.MatMul(x[0], x[1]))
	}, gradtest.Of(batch, 3).In(-1, 1), gradtest.Of(3, 2))

	// the gradient of a square, without its 2
	square := autodiff.CustomVJP(
		func(x ...*graph.Node) *graph.Node { return ops.Square(x[0]) },
		func(_, ct *graph.Node, x ...*graph.Node) []*graph.Node { return []*graph.Node{ops.Mul(ct, x[0])} })
	gradtest.Check(t, square, gradtest.Of())
	// Output:
	// the gradient is wrong
}
