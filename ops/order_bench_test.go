package ops_test

import (
	"math/rand/v2"
	"testing"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// BenchmarkOrder measures ops along the last axis of a matrix, and the gradient
// of an embedding.
func BenchmarkOrder(b *testing.B) {
	const rows, n = 1024, 1000
	x := graph.Input("x", rows, n)
	v, _ := graph.NewTensor(graph.Float32, rows, n)
	rnd := rand.New(rand.NewPCG(seed, 3))
	for i, data := 0, graph.Data[float32](v); i < len(data); i++ {
		data[i] = float32(rnd.NormFloat64())
	}
	words := graph.InputOf(graph.Int64, "words", rows*16)
	w, _ := graph.NewTensor(graph.Int64, rows*16)
	for i := range w.Len() {
		w.SetInt(i, rnd.Int64N(10000))
	}
	wide := graph.Input("wide", rows*16, 64)
	c, _ := graph.NewTensor(graph.Float32, rows*16, 64)
	table := graph.Zeros(graph.Type{DType: graph.Float32, Shape: graph.Of(10000, 64)})
	for _, k := range []struct {
		name string
		y    *node
	}{
		{"sort", first(ops.Sort(x, 1, false))},
		{"topk", first(ops.TopK(x, 10, 1))},
		{"cumsum", ops.CumSum(x, 1)},
		{"cummax", first(ops.CumMax(x, 1))},
		{"argmax", ops.ArgMax(x, 1)},
		{"logcumsumexp", ops.LogCumSumExp(x, 1)},
		{"embedding", autodiff.VJP(ops.Take(table, words, 0), wide, table)[0]},
	} {
		b.Run(k.name, func(b *testing.B) {
			p, err := graph.Compile(k.y)
			if err != nil {
				b.Fatal(err)
			}
			var feeds []graph.Feed
			if k.name == "embedding" {
				feeds = []graph.Feed{words.IsTensor(w), wide.IsTensor(c)}
			} else {
				feeds = []graph.Feed{x.IsTensor(v)}
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := p.RunInto([]*tensor.Dense{nil}, feeds...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
