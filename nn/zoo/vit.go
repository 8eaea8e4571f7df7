package zoo

import (
	"cmp"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// ViT is a transformer for images: square patches are the words of a sequence,
// after one more vector, from which the last layer tells the class.
//
//	x [batch channels height width] -> [batch Classes] logits
//
// With Patch 16, Layers 12, Heads 12, Width 768 and 1,000 classes it is ViT-B/16,
// with 86,567,656 parameters for images of 224·224. It fails where the lengths but
// that of the batch are not known, or Patch does not divide height and width.
// Dosovitskiy et al. 2021, arXiv:2010.11929
type ViT struct {
	graph.Scope
	Classes, Patch       int
	Layers, Heads, Width int
	Hidden               int // width inside the blocks; 0 means 4·Width
	Dropout              float64

	Embed     nn.Dense
	Class     *graph.Param // [1 1 Width]: the vector before the patches
	Positions nn.Positions
	Drop      nn.Dropout
	Blocks    nn.Sequential
	Norm      nn.LayerNorm
	Head      nn.Dense
}

// Apply maps images [batch channels height width] to logits [batch Classes].
func (v *ViT) Apply(x *graph.Node) *graph.Node {
	return v.Wrap(func() *graph.Node {
		if bad := v.prepare(x); bad != nil {
			return bad
		}
		words := v.Embed.Apply(Patches(x, v.Patch))
		batch, width := words.Shape().Dim(0), words.Shape().Dim(2)
		class := ops.BroadcastTo(v.Class.Node(), graph.Of(batch, 1, width))
		y := v.Blocks.Apply(v.Drop.Apply(v.Positions.Apply(ops.Concat(1, class, words))))
		return v.Head.Apply(v.Norm.Apply(ops.Index(y, 1, 0)))
	})
}

// prepare makes the layers, or says what does not fit.
func (v *ViT) prepare(x *graph.Node) *graph.Node {
	if bad := broken("vit", x); bad != nil {
		return bad
	}
	if v.Classes < 1 || v.Layers < 1 || v.Heads < 1 || v.Width < 1 {
		return graph.Fail("vit", []*graph.Node{x}, "Classes %d, Layers %d, Heads %d and Width %d must all be set", v.Classes, v.Layers, v.Heads, v.Width)
	}
	patches := Patches(x, v.Patch)
	if patches.Err() != nil {
		return patches
	}
	n := patches.Shape().Dim(1)
	if n < 1 {
		return graph.Fail("vit", []*graph.Node{x}, "height and width of {0} must be known: each patch has a place of its own")
	}
	if v.Blocks != nil {
		return nil
	}
	small := nn.TruncatedNormal(0, 0.02)
	v.Embed.Out, v.Head.Out, v.Positions.Max, v.Drop.Rate = v.Width, v.Classes, int(n)+1, v.Dropout
	v.Embed.Init, v.Positions.Init, v.Head.Init = nn.LeCunNormal, small, nn.Zeros
	v.Class = &graph.Param{Label: "Class", Type: x.Type().Of(graph.Of(1, 1, graph.Dim(v.Width))), Init: small}
	v.Norm.Epsilon = cmp.Or(v.Norm.Epsilon, 1e-6)
	for range v.Layers {
		b := &nn.TransformerBlock{Heads: v.Heads, Hidden: v.Hidden, Dropout: v.Dropout}
		b.Norm1.Layer.Epsilon, b.Norm2.Layer.Epsilon = v.Norm.Epsilon, v.Norm.Epsilon
		v.Blocks = append(v.Blocks, b)
	}
	return nil
}

// Patches cuts images into squares of the given side, row by row, each as one
// vector: row by row, and within a pixel channel by channel.
//
//	x [batch channels height width] -> [batch patches side·side·channels]
//
// It fails where side does not divide height and width, which must be known or
// known to be its multiples.
func Patches(x *graph.Node, side int) *graph.Node {
	if bad := broken("patches", x); bad != nil {
		return bad
	}
	s, p := x.Shape(), graph.Dim(side)
	if side < 1 || s.Rank() != 4 || s.Dim(1) < 1 {
		return graph.Fail("patches", []*graph.Node{x}, "side is %d and the images {0}: want a side above 0, and images [batch channels height width] with a known number of channels", side)
	}
	batch, c, h, w := s.Dim(0), s.Dim(1), s.Dim(2).Div(p), s.Dim(3).Div(p)
	if h.Mul(p) != s.Dim(2) || w.Mul(p) != s.Dim(3) {
		return graph.Fail("patches", []*graph.Node{x}, "squares of side %d do not fill the images {0}: side must divide height and width", side)
	}
	cut := ops.Transpose(ops.Reshape(x, batch, c, h, p, w, p), 0, 2, 4, 3, 5, 1)
	return ops.Reshape(cut, batch, h.Mul(w), p*p*c)
}
