package ops_test

import (
	"testing"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestScanGrad(t *testing.T) {
	time := graph.Sym("time")
	gradtest.Check(t, func(x ...*node) *node {
		c, ys := ops.Scan(func(c, s []*node) (next, y []*node) {
			h := ops.Tanh(ops.Add(ops.MatMul(c[0], x[2]), s[0]))
			return []*node{h}, []*node{ops.Mul(h, h)}
		}, []*node{x[0]}, []*node{x[1]})
		return ops.Add(ops.Sum(ops.Mul(ys[0], ys[0])), ops.Sum(c[0]))
	}, gradtest.Of(2, 3), gradtest.Of(time, 2, 3), gradtest.Of(3, 3))
}
