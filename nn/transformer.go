package nn

import (
	"cmp"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TransformerBlock is attention and then a network of two layers at each place,
// each normalized and added to what goes in (Vaswani et al. 2017,
// arXiv:1706.03762; the norm before, as in Xiong et al. 2020, arXiv:2002.04745):
//
//	x = x + Attention(Norm1(x)), x = x + Down(Act(Up(Norm2(x))))
//	x [batch time width] -> the same
//
// With a memory ([TransformerBlock.WithMemory]) it is a decoder's: Cross lets x
// look at the memory between the two.
type TransformerBlock struct {
	graph.Scope
	Heads    int
	KVHeads  int                           // as in MultiHeadAttention
	Hidden   int                           // width inside the network; 0 means 4 times that of x
	Act      func(*graph.Node) *graph.Node // nil for ops.GELU
	Causal   bool
	RoPE     float64
	PostNorm bool    // normalize the sums instead: x = Norm1(x + Attention(x))
	RMS      bool    // RMSNorm instead of LayerNorm
	NoBias   bool    // in no layer but the norms
	Dropout  float64 // of what is added, in training

	Attention           MultiHeadAttention
	Cross               MultiHeadAttention // used with a memory
	Norm1, Norm2, Norm3 norm               // Norm3 is that of Cross
	Up, Down            Dense
	Drop1, Drop2, Drop3 Dropout
}

// A norm is a layer norm of one of two kinds.
type norm struct {
	Layer LayerNorm
	RMS   RMSNorm
}

func (n *norm) apply(x *graph.Node, rms bool) *graph.Node {
	if rms {
		return n.RMS.Apply(x)
	}
	return n.Layer.Apply(x)
}

// Apply maps x to a value of its type.
func (t *TransformerBlock) Apply(x *graph.Node) *graph.Node { return t.WithMask(x, nil) }

// WithMask is Apply with a mask for the attention, such as that of the padding:
// see [MultiHeadAttention.Attend].
func (t *TransformerBlock) WithMask(x, mask *graph.Node) *graph.Node {
	return t.build(x, func(x *graph.Node) *graph.Node { return t.Attention.Attend(x, x, mask) }, nil)
}

// WithMemory is Apply with a look at the memory [batch places width'], of which
// the mask, nil for none, says what may be seen.
func (t *TransformerBlock) WithMemory(x, memory, mask *graph.Node) *graph.Node {
	return t.build(x, t.attend, func(x *graph.Node) *graph.Node { return t.Cross.Attend(x, memory, mask) })
}

// Next is Apply for the next place of a sequence: see [MultiHeadAttention.Next].
func (t *TransformerBlock) Next(x *graph.Node, c *KVCache) *graph.Node {
	return t.build(x, func(x *graph.Node) *graph.Node { return t.Attention.Next(x, c) }, nil)
}

func (t *TransformerBlock) attend(x *graph.Node) *graph.Node { return t.Attention.Apply(x) }

// build is the block with the given attention, and cross attention if not nil.
func (t *TransformerBlock) build(x *graph.Node, attend, cross func(x *graph.Node) *graph.Node) *graph.Node {
	if t == nil {
		return graph.Fail("transformerblock", []*graph.Node{x}, "the layer is nil: want &nn.TransformerBlock{Heads: n}")
	}
	return t.Wrap(func() *graph.Node {
		if bad := sequence("transformerblock", x); bad != nil {
			return bad
		}
		if bad := t.prepare(x); bad != nil {
			return bad
		}
		x := t.residual(x, &t.Norm1, &t.Drop1, attend)
		if cross != nil {
			x = t.residual(x, &t.Norm3, &t.Drop3, cross)
		}
		return t.residual(x, &t.Norm2, &t.Drop2, func(x *graph.Node) *graph.Node { return t.Down.Apply(t.Up.Apply(x)) })
	})
}

// prepare hands the options on to the layers.
func (t *TransformerBlock) prepare(x *graph.Node) *graph.Node {
	width := int(x.Shape().Dim(-1))
	if width < 1 {
		return graph.Fail("transformerblock", []*graph.Node{x}, "the last axis of {0} must have a known length")
	}
	for _, a := range []*MultiHeadAttention{&t.Attention, &t.Cross} {
		a.Heads, a.KVHeads, a.NoBias = cmp.Or(a.Heads, t.Heads), cmp.Or(a.KVHeads, t.KVHeads), a.NoBias || t.NoBias
	}
	t.Attention.Causal, t.Attention.RoPE = t.Attention.Causal || t.Causal, cmp.Or(t.Attention.RoPE, t.RoPE)
	t.Up.Out, t.Down.Out = cmp.Or(t.Up.Out, t.Hidden, 4*width), cmp.Or(t.Down.Out, width)
	t.Up.NoBias, t.Down.NoBias = t.Up.NoBias || t.NoBias, t.Down.NoBias || t.NoBias
	if t.Up.Act == nil {
		t.Up.Act = t.Act
	}
	if t.Up.Act == nil {
		t.Up.Act = ops.GELU
	}
	t.Drop1.Rate, t.Drop2.Rate, t.Drop3.Rate = t.Dropout, t.Dropout, t.Dropout
	return nil
}

// residual adds f of the normalized x to x, or normalizes the sum.
func (t *TransformerBlock) residual(x *graph.Node, n *norm, drop *Dropout, f func(x *graph.Node) *graph.Node) *graph.Node {
	if t.PostNorm {
		return n.apply(ops.Add(x, drop.Apply(f(x))), t.RMS)
	}
	return ops.Add(x, drop.Apply(f(n.apply(x, t.RMS))))
}
