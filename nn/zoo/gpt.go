package zoo

import (
	"math"
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// GPT is a language model: for each place of a text, the logits of the token that
// comes next. It is a stack of causal transformer blocks with the norm before
// each part, a last norm, and an output layer that shares the weights of the
// embedding.
//
//	ids [batch time] Int32 or Int64 below Vocab -> [batch time Vocab]
//
// With Vocab 50,257, Context 1,024, Layers 12, Heads 12 and Width 768 it is the
// small GPT-2, with 124,439,808 parameters. A text longer than Context is an
// error; [GPT.Generate] writes any length. Radford et al. 2019, Language Models are
// Unsupervised Multitask Learners
type GPT struct {
	graph.Scope
	Vocab, Context       int // number of tokens, longest text
	Layers, Heads, Width int
	KVHeads              int     // as in nn.MultiHeadAttention
	RoPE                 float64 // base of rotary positions, as a rule 10,000; 0 for learned ones
	Dropout              float64
	NoBias               bool // in the blocks
	Untied               bool // give the output layer weights of its own

	Words     nn.Embedding
	Positions nn.Positions // without RoPE
	Drop      nn.Dropout
	Blocks    []*nn.TransformerBlock
	Norm      nn.LayerNorm
	Head      nn.Dense // if Untied

	writer *writer
}

// Apply maps ids [batch time] to logits [batch time Vocab].
func (g *GPT) Apply(ids *graph.Node) *graph.Node {
	return g.build(ids, g.Positions.Apply, func(i int, x *graph.Node) *graph.Node { return g.Blocks[i].Apply(x) })
}

// Next is Apply for the next token of each text, ids [batch 1], after those in the
// caches, one for each block, to which it adds: see [nn.MultiHeadAttention.Next].
//
//	ids [batch 1] -> [batch 1 Vocab]
func (g *GPT) Next(ids *graph.Node, caches []*nn.KVCache) *graph.Node {
	if len(caches) != g.Layers || g.Layers == 0 || slices.Contains(caches, nil) {
		return graph.Fail("gpt", []*graph.Node{ids}, "%d caches for %d layers: want one for each", len(caches), g.Layers)
	}
	here := ops.Reshape(caches[0].Place(), 1)
	return g.build(ids, func(x *graph.Node) *graph.Node { return g.Positions.At(x, here) },
		func(i int, x *graph.Node) *graph.Node { return g.Blocks[i].Next(x, caches[i]) })
}

// build is the model with the given positions and blocks.
func (g *GPT) build(ids *graph.Node, place func(x *graph.Node) *graph.Node, block func(i int, x *graph.Node) *graph.Node) *graph.Node {
	return g.Wrap(func() *graph.Node {
		if bad := g.prepare(ids); bad != nil {
			return bad
		}
		x := g.Words.Apply(ids)
		if g.RoPE == 0 {
			x = place(x)
		}
		x = g.Drop.Apply(x)
		for i := range g.Blocks {
			x = block(i, x)
		}
		x = g.Norm.Apply(x)
		if g.Untied {
			return g.Head.Apply(x)
		}
		return g.Words.Logits(x)
	})
}

// prepare makes the layers, or says what does not fit. Weights start small, and
// those whose results are added to the stream smaller the more blocks there are,
// so that the stream keeps its size.
func (g *GPT) prepare(ids *graph.Node) *graph.Node {
	if bad := broken("gpt", ids); bad != nil {
		return bad
	}
	if ids.Shape().Rank() != 2 || !ids.DType().Int() {
		return graph.Fail("gpt", []*graph.Node{ids}, "want token ids [batch time], got {0}")
	}
	if g.Vocab < 1 || g.Context < 1 || g.Layers < 1 || g.Heads < 1 || g.Width < 1 {
		return graph.Fail("gpt", []*graph.Node{ids}, "Vocab %d, Context %d, Layers %d, Heads %d and Width %d must all be set", g.Vocab, g.Context, g.Layers, g.Heads, g.Width)
	}
	if time := ids.Shape().Dim(1); int(time) > g.Context {
		return graph.Fail("gpt", []*graph.Node{ids}, "the text {0} is longer than Context, %d", g.Context)
	}
	if g.Blocks != nil {
		return nil
	}
	small, added := nn.Normal(0, 0.02), nn.Normal(0, 0.02/math.Sqrt(2*float64(g.Layers)))
	g.Words.Count, g.Words.Width, g.Words.Init = g.Vocab, g.Width, small
	g.Positions.Max, g.Positions.Init = g.Context, small
	g.Drop.Rate = g.Dropout
	g.Head = nn.Dense{Out: g.Vocab, NoBias: true, Init: small}
	for range g.Layers {
		b := &nn.TransformerBlock{Heads: g.Heads, KVHeads: g.KVHeads, Causal: true, RoPE: g.RoPE, NoBias: g.NoBias, Dropout: g.Dropout}
		a := &b.Attention
		a.Dropout.Rate = g.Dropout
		a.Query.Init, a.Key.Init, a.Value.Init, b.Up.Init = small, small, small, small
		a.Out.Init, b.Down.Init = added, added
		g.Blocks = append(g.Blocks, b)
	}
	return nil
}
