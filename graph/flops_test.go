package graph_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFlopsOfLoops counts steps of 2·3·4·4 + 3·4 + 3·4 operations, and an each of
// 2·3·4·5 more.
func TestFlopsOfLoops(t *testing.T) {
	const step, more = 2*3*4*4 + 2*3*4, 2 * 3 * 4 * 5
	n := graph.Sym("n")
	for _, length := range []graph.Dim{0, 1, 7, n} {
		w, v, xs := graph.Input("w", 4, 4), graph.Input("v", 4, 5), graph.Input("xs", length, 3, 4)
		c, y := ops.Scan(func(c, x []*graph.Node) (next, y []*graph.Node) {
			h := ops.Tanh(ops.Add(ops.MatMul(c[0], w), x[0]))
			return []*graph.Node{h, c[1]}, []*graph.Node{ops.MatMul(h, v), h}
		}, []*graph.Node{graph.Input("h", 3, 4), graph.Input("same", 2)}, []*graph.Node{xs})
		assert.Equal(t, length.Mul(step), graph.Flops(c[0]), "%v", length)
		assert.Equal(t, length.Mul(step), graph.Flops(c[1]), "any carry is the loop")
		assert.Equal(t, length.Mul(step+more), graph.Flops(y[0]), "with what is wanted of each step")
		assert.Equal(t, length.Mul(step), graph.Flops(y[1]), "the carry of each step costs no more")
		assert.Equal(t, length.Mul(step+more), graph.TotalFlops(c[0], y[0], c[1], y[1]), "a loop counts once")
	}
	assert.Equal(t, graph.Dim(0), graph.TotalFlops())
}

// TestFlopsOfNestedLoops multiplies lengths, also where an inner loop has two
// results, and counts both sides of a branch.
func TestFlopsOfNestedLoops(t *testing.T) {
	n := graph.Sym("n")
	xs := graph.Input("xs", n, 5, 2)
	c, _ := ops.Scan(func(c, x []*graph.Node) (next, y []*graph.Node) {
		inner, each := ops.Scan(func(c, x []*graph.Node) (next, y []*graph.Node) {
			h := ops.Mul(c[0], x[0])
			return []*graph.Node{h}, []*graph.Node{ops.Exp(h)}
		}, []*graph.Node{c[0]}, x)
		return []*graph.Node{ops.Add(inner[0], ops.Sum(each[0], 0))}, nil
	}, []*graph.Node{graph.Input("c", 2)}, []*graph.Node{xs})
	assert.Equal(t, n.Mul(5*(2+2)+2+5*2), graph.Flops(c[0]))
	assert.NotEqual(t, graph.Dim(0), graph.TotalFlops(graph.Topo(autodiff.Grad(ops.Sum(c[0]), xs)...)...))
}

// TestFlopsOfRecurrentLayers counts an LSTM, of which none reads the carry alone:
// its products dominate.
func TestFlopsOfRecurrentLayers(t *testing.T) {
	const batch, time, in, width = 2, 9, 16, 32
	model := &nn.LSTM{Out: width}
	y := model.Apply(graph.Input("x", batch, time, in))
	products := 2 * batch * time * 4 * width * (in + width)
	assert.InEpsilon(t, products, int(graph.TotalFlops(graph.Topo(y)...)), 0.1)
	found := regexp.MustCompile(`([\d,]+) FLOPs`).FindStringSubmatch(nn.Summary(y, model))
	require.Len(t, found, 2)
	total, err := strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
	require.NoError(t, err)
	assert.InEpsilon(t, products, total, 0.1, "the summary says so too")
}
