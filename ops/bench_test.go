package ops_test

import (
	"fmt"
	"testing"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// BenchmarkMatMul measures the reference product at the sizes of a small
// network: forward, and the two products of the gradient.
func BenchmarkMatMul(b *testing.B) {
	for _, s := range [][3]int{{128, 784, 128}, {784, 128, 128}, {128, 128, 10}, {128, 10, 128}} {
		m, k, n := s[0], s[1], s[2]
		b.Run(fmt.Sprintf("%dx%dx%d", m, k, n), func(b *testing.B) {
			x, y := graph.Input("x", graph.Dim(m), graph.Dim(k)), graph.Input("y", graph.Dim(k), graph.Dim(n))
			p, err := graph.Compile(ops.MatMul(x, y))
			if err != nil {
				b.Fatal(err)
			}
			xs, _ := graph.NewTensor(graph.Float32, m, k)
			ys, _ := graph.NewTensor(graph.Float32, k, n)
			feeds := []graph.Feed{x.IsTensor(xs), y.IsTensor(ys)}
			for b.Loop() {
				if err := p.RunInto([]*tensor.Dense{nil}, feeds...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(2*float64(m*k*n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
