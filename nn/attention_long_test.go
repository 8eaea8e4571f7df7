package nn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"
)

// TestAttentionInBlocks compares queries that go in blocks, of a known number and of
// a symbolic one, with all of them at once: values, gradients, and gradients of
// these.
func TestAttentionInBlocks(t *testing.T) {
	const batch, width, time, places = 2, 4, 150, 270
	rnd := rand.New(rand.NewPCG(1, 2))
	dense := func(shape ...int) *tensor.Dense {
		v := make([]float64, tensor.Shape(shape).TotalSize())
		for i := range v {
			v[i] = rnd.NormFloat64()
		}
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
	}
	truths := func(shape ...int) *tensor.Dense {
		v := make([]bool, tensor.Shape(shape).TotalSize())
		for i := range v {
			v[i] = rnd.IntN(4) > 0
		}
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
	}
	for name, c := range map[string]struct {
		m     nn.MultiHeadAttention
		self  bool
		mask  func(time, places graph.Dim) []graph.Dim
		twice bool
	}{
		"cross":   {m: nn.MultiHeadAttention{Heads: 2}, twice: true},
		"causal":  {m: nn.MultiHeadAttention{Heads: 2, Causal: true}, self: true, twice: true},
		"padding": {m: nn.MultiHeadAttention{Heads: 2}, mask: func(_, k graph.Dim) []graph.Dim { return []graph.Dim{batch, k} }},
		"mask":    {m: nn.MultiHeadAttention{Heads: 2}, mask: func(q, k graph.Dim) []graph.Dim { return []graph.Dim{1, 2, q, k} }},
		"both":    {m: nn.MultiHeadAttention{Heads: 2, Causal: true}, self: true, mask: func(q, k graph.Dim) []graph.Dim { return []graph.Dim{batch, 1, q, k} }},
		"shared":  {m: nn.MultiHeadAttention{Heads: 4, KVHeads: 2, Width: 8}},
		"places":  {m: nn.MultiHeadAttention{Heads: 2, Causal: true, RoPE: 100, ALiBi: true}, self: true},
	} {
		t.Run(name, func(t *testing.T) {
			queries := time
			if c.self {
				queries = places
			}
			given, memory := dense(batch, queries, width), dense(batch, places, width)
			if c.self {
				memory = given
			}
			var seen *tensor.Dense
			if c.mask != nil {
				var shape []int
				for _, d := range c.mask(graph.Dim(queries), places) {
					shape = append(shape, int(d))
				}
				seen = truths(shape...)
			}
			run := func(time, places graph.Dim) (out []*tensor.Dense, listing string) {
				x := graph.InputOf(graph.Float64, "x", batch, time, width)
				looked := x
				if !c.self {
					looked = graph.InputOf(graph.Float64, "memory", batch, places, width)
				}
				feeds := []graph.Feed{x.Is(given)}
				if !c.self {
					feeds = append(feeds, looked.Is(memory))
				}
				var mask *graph.Node
				if c.mask != nil {
					mask = graph.InputOf(graph.Bool, "mask", c.mask(time, places)...)
					feeds = append(feeds, mask.Is(seen))
				}
				y := c.m.Attend(x, looked, mask)
				require.NoError(t, y.Err())
				nn.Init(&c.m, 3)
				loss := ops.Sum(ops.Square(ops.Add(y, ops.Sin(y))))
				wrt := []*graph.Node{x}
				if !c.self {
					wrt = append(wrt, looked)
				}
				for _, p := range nn.Params(&c.m) {
					wrt = append(wrt, p.Node())
				}
				all := append([]*graph.Node{y}, autodiff.Grad(loss, wrt...)...)
				if c.twice {
					all = append(all, autodiff.Grad(ops.Sum(ops.Square(all[1])), wrt...)...)
				}
				p, err := graph.Compile(all...)
				require.NoError(t, err)
				out, err = p.Run(feeds...)
				require.NoError(t, err)
				return out, p.Listing()
			}
			known, listing := run(graph.Dim(queries), places)
			assert.True(t, strings.Contains(listing, "scan"), "a known number goes in blocks")
			q, k := graph.Sym("queries"), graph.Sym("places")
			if c.self {
				k = q
			}
			symbolic, listing := run(q, k)
			assert.True(t, strings.Contains(listing, "scan"), "a symbolic number goes in blocks")
			c.m.Whole = true
			want, listing := run(q, k)
			assert.False(t, strings.Contains(listing, "scan"), "all at once")
			for i := range want {
				off := 1e-10 * (1 + largest(want[i]))
				assert.InDeltaSlice(t, want[i].Float64s(), known[i].Float64s(), off, "result %d", i)
				assert.InDeltaSlice(t, want[i].Float64s(), symbolic[i].Float64s(), off, "result %d of a symbolic number", i)
			}
		})
	}
}

// TestAttentionInBlocksDropsTheSame checks that what the gradient computes again has
// the same weights dropped: attention without biases is linear in its values, so
// the gradient of its sum in their weights, times these, is that sum.
func TestAttentionInBlocksDropsTheSame(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", 1, 300, 4)
	m := &nn.MultiHeadAttention{Heads: 2, NoBias: true, Causal: true, Dropout: nn.Dropout{Rate: 0.5}}
	y := m.Apply(x)
	nn.Init(m, 1)
	sum := ops.Sum(y)
	along := ops.Sum(ops.Mul(autodiff.Grad(sum, m.Value.W.Node())[0], m.Value.W.Node()))
	p, err := graph.CompileTraining([]*graph.Node{sum, along})
	require.NoError(t, err)
	assert.Contains(t, p.Listing(), "scan")
	rnd, v := rand.New(rand.NewPCG(5, 6)), make([]float64, 300*4)
	for i := range v {
		v[i] = rnd.NormFloat64()
	}
	var sums []float64
	for range 2 {
		out, err := p.Run(x.Is(tensor.New(tensor.WithShape(1, 300, 4), tensor.WithBacking(v))))
		require.NoError(t, err)
		assert.InDelta(t, out[0].Data(), out[1].Data(), 1e-9)
		sums = append(sums, out[0].Data().(float64))
	}
	assert.NotEqual(t, sums[0], sums[1], "each step drops others")
}

// largest is the size of the largest element.
func largest(x *tensor.Dense) (most float64) {
	for _, v := range x.Float64s() {
		most = max(most, math.Abs(v))
	}
	return most
}

// TestAttentionInBlocksIsLinear checks that the planned memory of attention with
// its gradient grows with the places and not with their square, dropout included.
func TestAttentionInBlocksIsLinear(t *testing.T) {
	need := func(time int, symbolic bool, rate float64) int {
		n := graph.Dim(time)
		if symbolic {
			n = graph.Sym("time")
		}
		x := graph.Input("x", 2, n, 32)
		m := &nn.MultiHeadAttention{Heads: 4, Causal: true, Dropout: nn.Dropout{Rate: rate}}
		loss := ops.Sum(ops.Square(m.Apply(x)))
		nn.Init(m, 1)
		p, err := graph.CompileTraining(append([]*graph.Node{loss}, autodiff.Grad(loss, x, m.Query.W.Node(), m.Value.W.Node())...))
		require.NoError(t, err)
		feed, err := graph.NewTensor(graph.Float32, 2, time, 32)
		require.NoError(t, err)
		s, err := p.Stats(x.IsTensor(feed))
		require.NoError(t, err)
		return s.Bytes
	}
	for _, symbolic := range []bool{false, true} {
		for _, rate := range []float64{0, 0.5} {
			short, long := need(1024, symbolic, rate), need(4096, symbolic, rate)
			assert.Less(t, long, 5*short)
			assert.Less(t, long, 2*4*4096*4096*4/4, "a quarter of the scores")
			t.Logf("symbolic %t, dropout %g: 1024 places: %d bytes, 4096: %d", symbolic, rate, short, long)
		}
	}
}

// TestAttentionMistakenDropout names the rate in each way through the layer.
func TestAttentionMistakenDropout(t *testing.T) {
	for _, time := range []graph.Dim{4, 300} {
		m := &nn.MultiHeadAttention{Heads: 2, Dropout: nn.Dropout{Rate: 1}}
		assert.ErrorContains(t, m.Apply(graph.Input("x", 1, time, 4)).Err(), "rate 1 is outside of [0, 1)")
	}
}

func BenchmarkAttention(b *testing.B) {
	for _, time := range []int{256, 512, 1024, 2048} {
		for _, way := range []string{"blocks", "whole"} {
			b.Run(fmt.Sprintf("%d/%s", time, way), func(b *testing.B) {
				dim := graph.Dim(time)
				if way == "whole" {
					dim = graph.Sym("time")
				}
				x := graph.Input("x", 4, dim, 128)
				m := &nn.MultiHeadAttention{Heads: 4, Causal: true}
				loss := ops.Sum(ops.Square(m.Apply(x)))
				nn.Init(m, 1)
				p, err := graph.Compile(append([]*graph.Node{loss}, autodiff.Grad(loss, x, m.Query.W.Node(), m.Key.W.Node(), m.Value.W.Node())...)...)
				require.NoError(b, err)
				feed := x.Is(tensor.Ones(tensor.Float32, 4, time, 128))
				out, err := p.Run(feed)
				require.NoError(b, err)
				for b.Loop() {
					require.NoError(b, p.RunInto(out, feed))
				}
			})
		}
	}
}
