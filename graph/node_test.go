package graph_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func vector(v ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v))
}

func matrix(rows, columns int, v ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(v))
}

func compile(t testing.TB, out ...*graph.Node) *graph.Program {
	t.Helper()
	p, err := graph.Compile(out...)
	require.NoError(t, err)
	return p
}

// TestConcurrentBuilding builds graphs on shared nodes from many goroutines.
func TestConcurrentBuilding(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"))
	w := &graph.Param{Label: "w", Type: graph.Type{Shape: graph.Of(1)}, Value: vector(2)}
	shared := ops.Mul(x, w.Node())
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var scope graph.Scope
			y := scope.Wrap(func() *graph.Node {
				return ops.Sum(ops.Square(ops.Add(shared, graph.Scalar(float64(g)))))
			})
			p, err := graph.Compile(autodiff.Grad(y, x, w.Node())...)
			if !assert.NoError(t, err) {
				return
			}
			out, err := p.Run(x.Is(vector(1, 2)))
			if assert.NoError(t, err) {
				a, b := float32(2+g), float32(4+g)
				assert.Equal(t, []float32{4 * a, 4 * b}, out[0].Float32s())
				assert.Equal(t, []float32{2*a + 4*b}, out[1].Float32s())
			}
		})
	}
	wg.Wait()
}
