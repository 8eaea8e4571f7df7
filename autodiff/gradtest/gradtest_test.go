package gradtest_test

import (
	"testing"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestSymbolsThatNoDerivativeDependsOn checks functions whose second derivative
// is zero: nothing in the program needs the operand, but its lengths.
func TestSymbolsThatNoDerivativeDependsOn(t *testing.T) {
	x := gradtest.Of(graph.Sym("b"), graph.Sym("n"))
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return ops.Sum(x[0], 1) }, x)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return ops.Reshape(x[0], graph.Auto) }, x)
}
