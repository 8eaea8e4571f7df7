package main

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
)

// Images of 28 by 28 are 16 patches of 7 by 7, of which the masked autoencoder sees 6.
const (
	side    = 28
	patch   = 7
	patches = side / patch * side / patch
	visible = patches * 3 / 8
)

// A masked is a masked autoencoder: from some of an image's patches it draws the
// others, for which it must know what images look like.
type masked struct {
	Embed  nn.Dense // of a patch
	Places nn.Positions
	Blocks nn.Sequential
	Norm   nn.LayerNorm
	Order  nn.Random // what is seen

	Widen     nn.Dense
	Mask      *graph.Param // [1 1 width]: what stands where nothing is seen
	DrawnAt   nn.Positions
	Draw      nn.Sequential
	DrawNorm  nn.LayerNorm
	DrawPatch nn.Dense
}

func newMasked() *masked {
	block := func() *nn.TransformerBlock { return &nn.TransformerBlock{Heads: 4, Hidden: 2 * width} }
	return &masked{
		Embed: nn.Dense{Out: width}, Places: nn.Positions{Max: patches, Init: nn.Normal(0, 0.5)}, Blocks: nn.Sequential{block(), block(), block()},
		Widen:   nn.Dense{Out: width},
		Mask:    &graph.Param{Label: "Mask", Type: graph.Type{Shape: graph.Of(1, 1, width)}, Init: nn.Normal(0, 0.02)},
		DrawnAt: nn.Positions{Max: patches, Init: nn.Normal(0, 0.5)}, Draw: nn.Sequential{block()},
		DrawPatch: nn.Dense{Out: patch * patch},
	}
}

// words are the patches as vectors that know their places, [n 16 width].
func (m *masked) words(x *graph.Node) *graph.Node {
	return m.Places.Apply(m.Embed.Apply(ops.Scale(cut(x), 3)))
}

// cut returns the patches of images [n 28 28], [n 16 49].
func cut(x *graph.Node) *graph.Node { return zoo.Patches(channel(x), patch) }

// Encode maps images to vectors: the mean of what the encoder makes of all patches.
func (m *masked) Encode(x *graph.Node) *graph.Node {
	return ops.Mean(m.Norm.Apply(m.Blocks.Apply(m.words(x))), 1)
}

// Redraw hides most of each image at random and returns the patches that are drawn for
// all of it, [n 16 49], and which of them were hidden, 1 or 0 [n 16].
func (m *masked) Redraw(x *graph.Node) (drawn, hidden *graph.Node) {
	words := m.words(x)
	n := words.Shape().Dim(0)
	// in a random order the first ones are seen
	order := ops.ArgSort(m.Order.Uniform(graph.Type{Shape: graph.Of(n, patches)}), 1, false)
	seen := ops.Slice(order, 1, 0, visible, 1)
	h := m.Norm.Apply(m.Blocks.Apply(ops.TakeAlongAxis(words, ops.Expand(seen, 2), 1)))
	// back to their places, between masks
	masks := ops.BroadcastTo(m.Mask.Node(), graph.Of(n, patches-visible, width))
	back := ops.ArgSort(order, 1, false)
	all := ops.TakeAlongAxis(ops.Concat(1, m.Widen.Apply(h), masks), ops.Expand(back, 2), 1)
	y := m.DrawPatch.Apply(m.DrawNorm.Apply(m.Draw.Apply(m.DrawnAt.Apply(all))))
	return y, ops.Convert(ops.GreaterEqual(back, graph.Scalar(visible)), y.DType())
}

// Loss is the mean squared error of the pixels that were hidden.
func (m *masked) Loss(x *graph.Node) *graph.Node {
	drawn, hidden := m.Redraw(x)
	wrong := ops.Mean(ops.Square(ops.Sub(drawn, cut(x))), -1)
	return ops.Div(ops.Sum(ops.Mul(wrong, hidden)), ops.Sum(hidden))
}

// Show returns three images of each: the image, what is seen of it, and that with what
// is drawn for the rest; [3 n 28 28].
func (m *masked) Show(x *graph.Node) *graph.Node {
	drawn, hidden := m.Redraw(x)
	hidden = ops.Expand(hidden, 2)
	seen := ops.Lerp(cut(x), graph.Scalar(0.4), hidden)
	joined := ops.Lerp(cut(x), drawn, hidden)
	return ops.Stack(0, x, uncut(seen), uncut(joined))
}

// uncut joins patches to images.
func uncut(p *graph.Node) *graph.Node {
	const row = side / patch
	n := p.Shape().Dim(0)
	return ops.Reshape(ops.Transpose(ops.Reshape(p, n, row, row, patch, patch), 0, 1, 3, 2, 4), n, side, side)
}
