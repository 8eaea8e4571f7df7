package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A transformer is a block of one, as a user may write it from what there is:
// causal attention with two heads, and a network of two layers, both added to x.
type transformer struct {
	graph.Scope
	Q, K, V, O, Up, Down nn.Dense
}

func newTransformer(width int) *transformer {
	d := nn.Dense{Out: width}
	return &transformer{Q: d, K: d, V: d, O: d, Up: nn.Dense{Out: 2 * width, Act: ops.GELU}, Down: d}
}

func (b *transformer) Apply(x *graph.Node) *graph.Node {
	rows, time, width := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2)
	heads := func(x *graph.Node) *graph.Node {
		return ops.Transpose(ops.Reshape(x, rows, time, 2, graph.Auto), 0, 2, 1, 3)
	}
	return b.Wrap(func() *graph.Node {
		q, k, v := heads(b.Q.Apply(x)), heads(b.K.Apply(x)), heads(b.V.Apply(x))
		score := ops.Scale(ops.MatMul(q, ops.Transpose(k)), 1/math.Sqrt(float64(width/2)))
		square := graph.Of(time, time)
		past := ops.LessEqual(ops.Iota(graph.Int64, square, 1), ops.Iota(graph.Int64, square, 0))
		share := ops.Softmax(ops.Where(past, score, graph.Scalar(math.Inf(-1))), -1)
		mixed := ops.Reshape(ops.Transpose(ops.MatMul(share, v), 0, 2, 1, 3), rows, time, width)
		x := ops.Add(x, b.O.Apply(mixed))
		return ops.Add(x, b.Down.Apply(b.Up.Apply(x)))
	})
}

// TestTransformer trains a small language model with free batch and sequence
// lengths on a sum of neighbours, with its blocks recomputed in the backward
// pass, which must not change a bit of the gradients' values beyond rounding.
func TestTransformer(t *testing.T) {
	const words, width = 7, 8
	rows, time := graph.Sym("rows"), graph.Sym("time")
	ids, next := graph.InputOf(graph.Int64, "ids", rows, time), graph.InputOf(graph.Int64, "next", rows, time)
	model := struct {
		Words  *graph.Param
		Blocks []*transformer
		Head   nn.Dense
	}{
		Words:  &graph.Param{Label: "words", Type: graph.Type{Shape: graph.Of(words, width)}, Init: nn.Normal(0, 1)},
		Blocks: []*transformer{newTransformer(width), newTransformer(width)},
		Head:   nn.Dense{Out: words},
	}
	lossOf := func(through func(*transformer) autodiff.Function) *graph.Node {
		x := ops.Take(model.Words.Node(), ids, 0)
		for _, b := range model.Blocks {
			x = through(b)(x)
		}
		return nn.CrossEntropy(model.Head.Apply(x), next)
	}
	plain := func(b *transformer) autodiff.Function {
		return func(x ...*graph.Node) *graph.Node { return b.Apply(x[0]) }
	}
	kept := lossOf(plain)
	again := lossOf(func(b *transformer) autodiff.Function { return autodiff.Checkpoint(plain(b)) })
	nn.Init(&model, 1)

	batch := func(seed, rows, time int) []graph.Feed {
		in, out := make([]int64, rows*time), make([]int64, rows*time)
		for i := range in {
			in[i] = int64((i*5 + i*i*seed) % words)
			if out[i] = in[i]; i%time > 0 {
				out[i] = (in[i] + in[i-1]) % words
			}
		}
		shape := tensor.WithShape(rows, time)
		return []graph.Feed{ids.Is(tensor.New(shape, tensor.WithBacking(in))), next.Is(tensor.New(shape, tensor.WithBacking(out)))}
	}
	words0 := model.Words.Node()
	p, err := graph.Compile(autodiff.Grad(kept, words0)[0], autodiff.Grad(again, words0)[0])
	require.NoError(t, err)
	out, err := p.Run(batch(1, 3, 4)...)
	require.NoError(t, err)
	assert.InDeltaSlice(t, out[0].Float32s(), out[1].Float32s(), 1e-6)

	step, err := optim.Minimize(again, nn.Params(&model), optim.AdamW(1e-2, 0.01).ClipNorm(1))
	require.NoError(t, err)
	const steps, last = 400, 50
	var loss float32 // mean of the last steps: that of a single one jumps about
	for i := range steps {
		out, err := step.Run(batch(i, 3+i%3, 4+i%4)...)
		require.NoError(t, err)
		if i >= steps-last {
			loss += out[0].Data().(float32) / last
		}
	}
	t.Log("mean loss of the last steps:", loss)
	assert.Less(t, loss, float32(0.3), "guessing is at log 7 = 1.95")
	assert.Contains(t, graph.Listing(kept), "// Blocks.1 attention_test.go:")
}
