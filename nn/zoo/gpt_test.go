package zoo_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
)

// parameters counts those that are trained.
func parameters(model any) (n int) {
	for _, p := range nn.Params(model) {
		if !p.Untrained && p.Type.DType.Float() {
			n += int(p.Type.Shape.Size())
		}
	}
	return n
}

// infer compiles y and runs it.
func infer(t *testing.T, y *graph.Node, feeds ...graph.Feed) graph.Tensor {
	t.Helper()
	p, err := graph.Compile(y)
	require.NoError(t, err)
	out, err := p.Eval(context.Background(), feeds...)
	require.NoError(t, err)
	return out[0]
}

// tensor returns numbers in the given shape.
func tensor[T int64 | float32 | float64](t *testing.T, dtype graph.DType, v []T, shape ...int) graph.Tensor {
	t.Helper()
	x, err := graph.NewTensor(dtype, shape...)
	require.NoError(t, err)
	require.Len(t, v, x.Len())
	for i, v := range v {
		if dtype.Int() {
			x.SetInt(i, int64(v))
		} else {
			x.Set(i, float64(v))
		}
	}
	return x
}

func mistake(t *testing.T, y *graph.Node, text string) {
	t.Helper()
	require.Error(t, y.Err())
	assert.ErrorContains(t, y.Err(), text)
}

// The published sizes of GPT-2, and that of nanoGPT's model for a processor.
func TestGPTParameters(t *testing.T) {
	for _, c := range []struct {
		model *zoo.GPT
		want  int
	}{
		{&zoo.GPT{Vocab: 50257, Context: 1024, Layers: 12, Heads: 12, Width: 768}, 124_439_808},
		{&zoo.GPT{Vocab: 50257, Context: 1024, Layers: 24, Heads: 16, Width: 1024}, 354_823_168},
		{&zoo.GPT{Vocab: 65, Context: 64, Layers: 4, Heads: 4, Width: 128}, 65*128 + 64*128 + 4*(12*128*128+13*128) + 256},
		{&zoo.GPT{Vocab: 65, Context: 64, Layers: 1, Heads: 4, Width: 128, RoPE: 1e4, NoBias: true, Untied: true}, 2*65*128 + 12*128*128 + 3*256},
	} {
		ids := graph.InputOf(graph.Int64, "ids", graph.Sym("batch"), graph.Sym("time"))
		y := c.model.Apply(ids)
		require.NoError(t, y.Err())
		assert.Equal(t, fmt.Sprintf("f32[batch time %d]", c.model.Vocab), y.Type().String())
		assert.Equal(t, c.want, parameters(c.model))
	}
}

// models are small ones of each kind.
func models() map[string]*zoo.GPT {
	return map[string]*zoo.GPT{
		"learned": {Vocab: 11, Context: 6, Layers: 2, Heads: 2, Width: 8},
		"rope":    {Vocab: 11, Context: 6, Layers: 1, Heads: 4, KVHeads: 2, Width: 8, RoPE: 100, NoBias: true, Untied: true, Dropout: 0.5},
	}
}

// Token by token through the caches the model must give what it gives for the
// whole text, and text beyond the context must go on from its later half.
func TestGenerate(t *testing.T) {
	ctx := context.Background()
	for name, g := range models() {
		ids := graph.InputOf(graph.Int64, "ids", 1, graph.Sym("time"))
		logits := g.Apply(ids)
		require.NoError(t, logits.Err(), name)
		nn.Init(g, 3)
		for _, p := range nn.Params(g) { // first values are so small that all texts are alike
			if p.Label == "Words.W" {
				require.NoError(t, scale(p, 40))
			}
		}
		whole, err := graph.Compile(logits)
		require.NoError(t, err)
		likeliest := func(text []int64) int64 {
			out, err := whole.Eval(ctx, ids.IsTensor(tensor(t, graph.Int64, text, 1, len(text))))
			require.NoError(t, err)
			best, at := math.Inf(-1), 0
			for i := range g.Vocab {
				if v := out[0].At((len(text)-1)*g.Vocab + i); v > best {
					best, at = v, i
				}
			}
			return int64(at)
		}
		prompt := []int64{4, 1, 7}
		got, err := g.Generate(ctx, prompt, 12, zoo.Sampling{TopK: 1})
		require.NoError(t, err, name)
		require.Len(t, got, 12)
		seen := append([]int64(nil), prompt...) // what the caches hold
		for i, id := range got {
			require.Equal(t, likeliest(seen), id, "%s: token %d", name, i)
			if len(seen) == g.Context {
				seen = append([]int64(nil), seen[g.Context/2+1:]...)
			}
			seen = append(seen, id)
		}

		long := append(make([]int64, 9), prompt...)
		a, err := g.Generate(ctx, long, 1, zoo.Sampling{TopK: 1})
		require.NoError(t, err)
		assert.Equal(t, likeliest(long[len(long)-g.Context:]), a[0], "the end of a long prompt counts")
	}
}

// scale multiplies a parameter's value.
func scale(p *graph.Param, by float64) error {
	v, err := graph.FromDense(p.Value)
	for i := range v.Len() {
		v.Set(i, by*v.At(i))
	}
	return err
}

func TestSampling(t *testing.T) {
	ctx := context.Background()
	g := &zoo.GPT{Vocab: 5, Context: 3, Layers: 1, Heads: 1, Width: 4}
	ids := graph.InputOf(graph.Int64, "ids", 1, 1)
	logits := g.Apply(ids)
	nn.Init(g, 1)
	for _, p := range nn.Params(g) {
		if p.Label == "Words.W" {
			require.NoError(t, scale(p, 40))
		}
	}
	draw := func(n int, s zoo.Sampling) (count [5]int) {
		for i := range n {
			s.Seed = uint64(i)
			id, err := g.Generate(ctx, []int64{2}, 1, s)
			require.NoError(t, err)
			count[id[0]]++
		}
		return count
	}
	out := infer(t, logits, ids.IsTensor(tensor(t, graph.Int64, []int64{2}, 1, 1)))
	const n = 3000
	for _, s := range []zoo.Sampling{{}, {Temperature: 0.5}, {TopK: 2, Temperature: 2}} {
		temperature := s.Temperature
		if temperature == 0 {
			temperature = 1
		}
		p, sum := [5]float64{}, 0.0
		for i := range p {
			above := 0
			for j := range p {
				if out.At(j) > out.At(i) {
					above++
				}
			}
			if s.TopK == 0 || above < s.TopK {
				p[i] = math.Exp(out.At(i) / temperature)
			}
			sum += p[i]
		}
		count := draw(n, s)
		for i := range p {
			want := p[i] / sum
			assert.InDelta(t, want, float64(count[i])/n, 4*math.Sqrt(want*(1-want)/n)+1e-12, "%+v: token %d", s, i)
		}
	}
	a, err := g.Generate(ctx, []int64{0}, 20, zoo.Sampling{Seed: 7})
	require.NoError(t, err)
	b, err := g.Generate(ctx, []int64{0}, 20, zoo.Sampling{Seed: 7})
	require.NoError(t, err)
	assert.Equal(t, a, b, "the same seed gives the same tokens")
}

// A place must not depend on later ones, and the gradient must be that of the
// function.
func TestGPTGradient(t *testing.T) {
	small := func() *zoo.GPT {
		g := &zoo.GPT{Vocab: 5, Context: 4, Layers: 1, Heads: 1, Width: 4}
		g.Words.DType = graph.Float64
		return g
	}
	g := small()
	ids := graph.ConstOf([]int64{1, 4, 2}, 1, 3)
	y := g.Apply(ids)
	nn.Init(g, 1)
	grad := autodiff.Grad(ops.Sum(ops.Index(y, 1, 1)), g.Positions.W.Node())[0]
	v := infer(t, grad)
	for i := range v.Len() {
		assert.Equal(t, i/4 < 2, v.At(i) != 0, "place %d", i/4)
	}
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		g := small()
		y := g.Apply(ids)
		nn.Init(g, 1)
		return graph.Rewrite([]*graph.Node{y}, map[*graph.Node]*graph.Node{g.Words.W.Node(): x[0]})[0]
	}, gradtest.Of(5, 4))
}

func TestGPTMistakes(t *testing.T) {
	ids := graph.InputOf(graph.Int64, "ids", 1, 9)
	mistake(t, (&zoo.GPT{Vocab: 5, Context: 4, Layers: 1, Heads: 1, Width: 4}).Apply(ids), "gpt: the text ids i64[1 9] is longer than Context, 4")
	mistake(t, (&zoo.GPT{Vocab: 5}).Apply(ids), "gpt: Vocab 5, Context 0, Layers 0, Heads 0 and Width 0 must all be set")
	mistake(t, (&zoo.GPT{}).Apply(graph.Input("x", 1, 9)), "gpt: want token ids [batch time], got x [1 9]")
	mistake(t, (&zoo.GPT{Layers: 2}).Next(ids, []*nn.KVCache{{}}), "gpt: 1 caches for 2 layers: want one for each")
	g := &zoo.GPT{Vocab: 5, Context: 4, Layers: 1, Heads: 1, Width: 4}
	_, err := g.Generate(context.Background(), nil, 1, zoo.Sampling{})
	assert.ErrorContains(t, err, "gpt: the prompt is empty")
	_, err = g.Generate(context.Background(), []int64{1}, 1, zoo.Sampling{TopK: -1})
	assert.ErrorContains(t, err, "none may be negative")
	_, err = g.Generate(context.Background(), []int64{1}, 1, zoo.Sampling{})
	assert.ErrorContains(t, err, "have no value: call nn.Init(model, seed)")
	g = &zoo.GPT{Vocab: 5, Context: 4, Layers: 1, Heads: 1, Width: 4}
	g.Apply(graph.InputOf(graph.Int64, "ids", 1, 2))
	nn.Init(g, 1)
	_, err = g.Generate(context.Background(), []int64{5}, 1, zoo.Sampling{})
	assert.ErrorContains(t, err, "take")
	_, err = (&zoo.GPT{}).Generate(context.Background(), []int64{5}, 1, zoo.Sampling{})
	assert.ErrorContains(t, err, "gpt: 0 caches for 0 layers")
}

// Models pass on what does not exist.
func TestPoison(t *testing.T) {
	for _, m := range []nn.Layer{
		&zoo.GPT{Vocab: 5, Context: 4, Layers: 1, Heads: 1, Width: 4}, &zoo.ViT{Classes: 2, Patch: 1, Layers: 1, Heads: 1, Width: 2},
		&zoo.Autoencoder{Code: 1}, &zoo.VAE{Code: 1},
	} {
		assert.ErrorContains(t, m.Apply(nil).Err(), "is nil")
		_, err := graph.Compile(m.Apply(ops.Add(graph.Input("a", 2), graph.Input("b", 3))))
		require.Error(t, err)
		assert.Regexp(t, `^gpt_test.go:\d+: add: a \[2\] and b \[3\] do not broadcast: axis -1 has lengths 2 and 3$`, err.Error())
	}
}
