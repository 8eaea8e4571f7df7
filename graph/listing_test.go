package graph_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestListing(t *testing.T) {
	batch := graph.Sym("batch")
	x := graph.Input("x", batch, 784)
	w := &graph.Param{Label: "W", Type: graph.Type{Shape: graph.Of(784, 10)}}
	var layer graph.Scope
	y := layer.Wrap(func() *graph.Node { return ops.ReLU(ops.MatMul(x, w.Node())) })
	loss := ops.Sum(y, -1)
	layer.Label = "Trunk.0"
	_, _, line, _ := runtime.Caller(0)
	want := fmt.Sprintf(`v0 = input x f32[batch 784] // listing_test.go:%d
v1 = param W f32[784 10] // listing_test.go:%d
v2 = matmul f32[batch 10] v0 v1 // Trunk.0 listing_test.go:%[2]d
v3 = relu f32[batch 10] v2 // Trunk.0 listing_test.go:%[2]d
v4 = sum(1) f32[batch] v3 // listing_test.go:%d
`, line-6, line-3, line-2)
	assert.Equal(t, want, graph.Listing(loss))
}

// TestListingOfProgram checks that gradients name their forward node in a
// program too, where nodes may be the compiler's copies.
func TestListingOfProgram(t *testing.T) {
	x := graph.Input("x", 3)
	y := ops.Sum(ops.Sin(ops.Transpose(ops.Transpose(ops.Reshape(ops.Mul(x, graph.Scalar(1)), 1, 3)))))
	p := compile(t, y, autodiff.Grad(y, x)[0])
	assert.Regexp(t, `(?m)^v\d+ = cos .* // gradient at v2 `, p.Listing(), "v2 is the sine")
}
