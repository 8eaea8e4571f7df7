package nn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// descend trains a network with dropout on exclusive or, by plain steps down
// the gradient, and returns the loss of each and the answers at the end.
func descend(t *testing.T, dtype graph.DType, seed uint64, steps int) (losses, answers []float64) {
	t.Helper()
	batch := graph.Sym("batch")
	x, y := graph.InputOf(dtype, "x", batch, 2), graph.InputOf(dtype, "y", batch, 1)
	model := nn.Sequential{&nn.Dense{Out: 16, Act: ops.Tanh}, &nn.Dropout{Rate: 0.1}, &nn.Dense{Out: 1}}
	logits := model.Apply(x)
	loss := nn.BinaryCrossEntropy(logits, y)
	nn.Init(model, seed)
	var weights []*graph.Param
	var nodes, next []*graph.Node
	for _, p := range nn.Params(model) {
		if p.Type.DType.Float() {
			weights, nodes = append(weights, p), append(nodes, p.Node())
		}
	}
	for i, g := range autodiff.Grad(loss, nodes...) {
		next = append(next, graph.Assign(weights[i], ops.Sub(nodes[i], ops.Scale(g, 0.5))))
	}
	step, err := graph.CompileTraining([]*graph.Node{loss}, next...)
	assert.NoError(t, err)
	xs := x.IsTensor(of(t, dtype, []float64{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2))
	ys := y.IsTensor(of(t, dtype, []float64{0, 1, 1, 0}, 4, 1))
	for range steps {
		losses = append(losses, run(t, step, xs, ys)[0][0])
	}
	return losses, infer(t, nn.Accuracy(logits, y), xs, ys)
}

// TestTraining learns exclusive or, and the same seed gives the same bits.
func TestTraining(t *testing.T) {
	const seed, steps = 2, 400
	for _, dtype := range []graph.DType{graph.Float32, graph.Float64} {
		losses, right := descend(t, dtype, seed, steps)
		assert.Equal(t, []float64{1}, right, "%v, seed %d", dtype, seed)
		assert.Less(t, losses[steps-1], 0.3, "%v, seed %d", dtype, seed)
		again, _ := descend(t, dtype, seed, steps)
		assert.Equal(t, losses, again)
		other, _ := descend(t, dtype, seed+1, 2)
		assert.NotEqual(t, losses[:2], other)
	}
}
