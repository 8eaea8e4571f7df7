package graph_test

import (
	"testing"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func chain(n int) (x, y *graph.Node) {
	x = graph.Input("x")
	y = x
	for range n {
		y = ops.Tanh(y)
	}
	return x, y
}

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		chain(10_000)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/node")
}

func BenchmarkGradCompile(b *testing.B) {
	nodes := 0
	for b.Loop() {
		x, y := chain(10_000)
		p, err := graph.Compile(autodiff.Grad(y, x)[0])
		if err != nil {
			b.Fatal(err)
		}
		nodes = p.Len()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(nodes), "ns/node")
}

// BenchmarkRun measures what a step costs beside its op's own work.
func BenchmarkRun(b *testing.B) {
	x, y := chain(1000)
	p, err := graph.Compile(y)
	if err != nil {
		b.Fatal(err)
	}
	v, _ := graph.TensorOf([]float32{0.5})
	feed := x.IsTensor(v)
	for b.Loop() {
		if err := p.RunInto([]*tensor.Dense{nil}, feed); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/step")
}
