package nn_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// rowsOf returns x [n width] times w [width out] plus b.
func affine(x []float64, w, b *graph.Param) []float64 {
	ws, bs := w.Value.Float64s(), b.Value.Float64s()
	in, out := w.Value.Shape()[0], w.Value.Shape()[1]
	y := make([]float64, len(x)/in*out)
	for i := range y {
		y[i] = bs[i%out]
		for k := range in {
			y[i] += x[i/out*in+k] * ws[k*out+i%out]
		}
	}
	return y
}

// An attentionCase is attention as its definition says, in loops.
type attentionCase struct {
	layer        *nn.MultiHeadAttention
	time, places int
	see          func(batch, i, j int) bool
}

func (c attentionCase) want(x, memory []float64, width int) []float64 {
	m := c.layer
	kv := m.KVHeads
	if kv == 0 {
		kv = m.Heads
	}
	d := m.Query.W.Value.Shape()[1] / m.Heads
	q, k, v := affine(x, m.Query.W, m.Query.B), affine(memory, m.Key.W, m.Key.B), affine(memory, m.Value.W, m.Value.B)
	turn := func(row []float64, place int) []float64 {
		out := append([]float64(nil), row...)
		if m.RoPE != 0 {
			for i := range d / 2 {
				sin, cos := math.Sincos(float64(place) * math.Pow(m.RoPE, -2*float64(i)/float64(d)))
				out[i], out[i+d/2] = row[i]*cos-row[i+d/2]*sin, row[i+d/2]*cos+row[i]*sin
			}
		}
		return out
	}
	batches := len(x) / width / c.time
	mixed := make([]float64, batches*c.time*m.Heads*d)
	for b := range batches {
		for i := range c.time {
			for h := range m.Heads {
				g := h / (m.Heads / kv)
				at := (b*c.time+i)*m.Heads*d + h*d
				query := turn(q[at:at+d], i)
				score, total := make([]float64, c.places), 0.0
				for j := range c.places {
					from := (b*c.places+j)*kv*d + g*d
					for n, key := range turn(k[from:from+d], j) {
						score[j] += query[n] * key / math.Sqrt(float64(d))
					}
					if m.ALiBi {
						score[j] -= math.Pow(2, -8*float64(h+1)/float64(m.Heads)) * math.Abs(float64(i-j))
					}
					score[j] = math.Exp(score[j])
					if c.see != nil && !c.see(b, i, j) {
						score[j] = 0
					}
					total += score[j]
				}
				for j := range c.places {
					for n := range d {
						mixed[at+n] += score[j] / total * v[(b*c.places+j)*kv*d+g*d+n]
					}
				}
			}
		}
	}
	return affine(mixed, m.Out.W, m.Out.B)
}

func TestAttention(t *testing.T) {
	const b, time, width = 2, 5, 8
	past := func(_, i, j int) bool { return j <= i }
	for name, c := range map[string]attentionCase{
		"one head": {layer: &nn.MultiHeadAttention{Heads: 1}},
		"heads":    {layer: &nn.MultiHeadAttention{Heads: 4}},
		"causal":   {layer: &nn.MultiHeadAttention{Heads: 2, Causal: true}, see: past},
		"grouped":  {layer: &nn.MultiHeadAttention{Heads: 4, KVHeads: 2, Causal: true}, see: past},
		"shared":   {layer: &nn.MultiHeadAttention{Heads: 4, KVHeads: 1}},
		"rope":     {layer: &nn.MultiHeadAttention{Heads: 2, RoPE: 100}},
		"alibi":    {layer: &nn.MultiHeadAttention{Heads: 2, ALiBi: true, Causal: true}, see: past},
		"width":    {layer: &nn.MultiHeadAttention{Heads: 3, Width: 6}},
	} {
		c.time, c.places = time, time
		x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), graph.Sym("time"), width)
		y := c.layer.Apply(x)
		require.NoError(t, y.Err(), name)
		assert.Equal(t, x.Type(), y.Type())
		nn.Init(c.layer, 1)
		in := numbers(b*time*width, 3)
		feed := x.IsTensor(of(t, graph.Float64, in, b, time, width))
		assert.InDeltaSlice(t, c.want(in, in, width), infer(t, y, feed), 1e-10, name)
	}
}

func TestCrossAttentionWithPadding(t *testing.T) {
	const b, time, places, width = 2, 3, 4, 6
	layer := &nn.MultiHeadAttention{Heads: 2}
	x := graph.InputOf(graph.Float64, "x", b, time, width)
	memory := graph.InputOf(graph.Float64, "memory", b, graph.Sym("places"), 5)
	valid := graph.InputOf(graph.Bool, "valid", b, graph.Sym("places"))
	y := layer.Attend(x, memory, valid)
	require.NoError(t, y.Err())
	nn.Init(layer, 2)
	in, mem := numbers(b*time*width, 1), numbers(b*places*5, 2)
	keep := []float64{1, 1, 0, 0, 1, 1, 1, 0}
	c := attentionCase{layer, time, places, func(b, _, j int) bool { return keep[b*places+j] == 1 }}
	feeds := []graph.Feed{x.IsTensor(of(t, graph.Float64, in, b, time, width)), memory.IsTensor(of(t, graph.Float64, mem, b, places, 5)),
		valid.IsTensor(of(t, graph.Bool, keep, b, places))}
	want := c.want(in, mem, width)
	assert.InDeltaSlice(t, want, infer(t, y, feeds...), 1e-10)
	for i := range mem { // what is padding must not matter
		if keep[i/5] == 0 {
			mem[i] = 1e3
		}
	}
	feeds[1] = memory.IsTensor(of(t, graph.Float64, mem, b, places, 5))
	assert.InDeltaSlice(t, want, infer(t, y, feeds...), 1e-10)
	feeds[2] = valid.IsTensor(of(t, graph.Bool, make([]float64, b*places), b, places))
	for _, v := range infer(t, y, feeds...) {
		assert.False(t, math.IsNaN(v), "who sees nothing")
	}
}

func TestAttentionGradient(t *testing.T) {
	for _, layer := range []nn.MultiHeadAttention{{Heads: 2, Causal: true, RoPE: 10}, {Heads: 2, KVHeads: 1, ALiBi: true}} {
		gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
			l := layer
			y := l.Apply(x[0])
			nn.Init(&l, 1)
			return y
		}, gradtest.Of(1, 3, 4))
	}
}

func TestAttentionMistakes(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 7, 6)
	for want, y := range map[string]*graph.Node{
		"attention: want floats [batch time width]":       (&nn.MultiHeadAttention{Heads: 2}).Apply(graph.Input("x", 7, 6)),
		"attention: 4 heads do not divide the width 6":    (&nn.MultiHeadAttention{Heads: 4}).Apply(x),
		"attention: 0 heads do not divide":                (&nn.MultiHeadAttention{}).Apply(x),
		"attention: 6 heads cannot share 4 heads of keys": (&nn.MultiHeadAttention{Heads: 6, KVHeads: 4}).Apply(x),
		"is not Bool":                                        (&nn.MultiHeadAttention{Heads: 2}).Attend(x, x, graph.Input("m", 7, 7)),
		"is neither [batch places] nor":                      (&nn.MultiHeadAttention{Heads: 2}).Attend(x, x, graph.InputOf(graph.Bool, "m", 7)),
		"which has another length: leave Causal out":         (&nn.MultiHeadAttention{Heads: 2, Causal: true}).Attend(x, graph.Input("m", 2, 9, 6), nil),
		"rope: the last axis of x [2 3] must have a known, ": nn.RoPE(graph.Input("x", 2, 3), nil, 10),
		"embedding: want integers":                           (&nn.Embedding{Count: 2, Width: 3}).Apply(x),
		"embedding: Count is 0 and Width 3":                  (&nn.Embedding{Width: 3}).Apply(graph.InputOf(graph.Int64, "i", 2)),
		"is longer than Max, 5":                              (&nn.Positions{Max: 5}).Apply(x),
		"sinusoidalpositions: want floats":                   nn.SinusoidalPositions(graph.Input("x", 3)),
		"the next place x [batch 7 6] must be [2 1 width]":   (&nn.MultiHeadAttention{Heads: 2}).Next(x, &nn.KVCache{Batch: 2, Max: 3}),
	} {
		require.Error(t, y.Err(), want)
		assert.ErrorContains(t, y.Err(), want)
	}
	assert.ErrorContains(t, new(nn.KVCache).Reset(), "the cache is not in use")
}

// Place by place through a cache, a causal block must give what it gives for the
// whole sequence at once.
func TestKVCache(t *testing.T) {
	const b, time, width = 2, 6, 8
	for name, block := range map[string]*nn.TransformerBlock{
		"plain": {Heads: 2, Causal: true}, "rope, grouped": {Heads: 4, KVHeads: 2, Causal: true, RoPE: 100, RMS: true, NoBias: true},
		"post": {Heads: 2, Causal: true, PostNorm: true, Act: ops.ReLU},
	} {
		x := graph.InputOf(graph.Float64, "x", b, time, width)
		whole := block.Apply(x)
		nn.Init(block, 3)
		in := numbers(b*time*width, 4)
		want := infer(t, whole, x.IsTensor(of(t, graph.Float64, in, b, time, width)))

		cache := &nn.KVCache{Batch: b, Max: time}
		next := graph.InputOf(graph.Float64, "next", b, 1, width)
		y := block.Next(next, cache)
		require.NoError(t, cache.Reset())
		step, err := graph.Compile(y)
		require.NoError(t, err, name)
		for range 2 {
			require.NoError(t, cache.Reset())
			for i := range time {
				var row []float64
				for k := range b {
					row = append(row, in[(k*time+i)*width:(k*time+i+1)*width]...)
				}
				out, err := step.Eval(context.Background(), next.IsTensor(of(t, graph.Float64, row, b, 1, width)))
				require.NoError(t, err)
				for k := range b {
					for j := range width {
						require.InDelta(t, want[(k*time+i)*width+j], out[0].At(k*width+j), 1e-10, "%s: place %d", name, i)
					}
				}
			}
		}
	}
}

func TestTransformerBlock(t *testing.T) {
	const b, time, width = 2, 4, 6
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), graph.Sym("time"), width)
	memory := graph.InputOf(graph.Float64, "memory", graph.Sym("batch"), 3, 5)
	block := &nn.TransformerBlock{Heads: 2, Causal: true, Hidden: 7, Dropout: 0.5}
	y := block.WithMemory(x, memory, nil)
	require.NoError(t, y.Err())
	assert.Equal(t, x.Type(), y.Type())
	nn.Init(block, 1)
	feeds := []graph.Feed{x.IsTensor(of(t, graph.Float64, numbers(b*time*width, 1), b, time, width)),
		memory.IsTensor(of(t, graph.Float64, numbers(b*3*5, 2), b, 3, 5))}
	got := infer(t, y, feeds...)
	// the same from its parts
	n := func(x *graph.Node) *graph.Node {
		mean := ops.Keep(ops.Mean, x, -1)
		return ops.Div(ops.Sub(x, mean), ops.Sqrt(ops.Add(ops.Keep(ops.Mean, ops.Square(ops.Sub(x, mean)), -1), graph.Scalar(1e-5))))
	}
	z := ops.Add(x, block.Attention.Apply(n(x)))
	z = ops.Add(z, block.Cross.Attend(n(z), memory, nil))
	z = ops.Add(z, block.Down.Apply(ops.GELU(ops.Add(ops.MatMul(n(z), block.Up.W.Node()), block.Up.B.Node()))))
	assert.InDeltaSlice(t, infer(t, z, feeds...), got, 1e-10)
	assert.Equal(t, graph.Of(6, 7), block.Up.W.Type.Shape)
	assert.ErrorContains(t, (&nn.TransformerBlock{Heads: 2}).Apply(graph.Input("x", 3)).Err(), "transformerblock: want floats")

	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		l := &nn.TransformerBlock{Heads: 2, Hidden: 3}
		l.Norm1.Layer.Epsilon, l.Norm2.Layer.Epsilon = 0.3, 0.3
		y := l.Apply(x[0])
		nn.Init(l, 1)
		return y
	}, gradtest.Of(1, 2, 4))
}

func TestEmbedding(t *testing.T) {
	e := &nn.Embedding{Count: 4, Width: 3, Padding: new(1)}
	ids := graph.InputOf(graph.Int64, "ids", graph.Sym("batch"), 2)
	y := e.Apply(ids)
	require.NoError(t, y.Err())
	logits := e.Logits(y)
	nn.Init(e, 1)
	w := e.W.Value.Float32s()
	feed := ids.IsTensor(of(t, graph.Int64, []float64{3, 1, 0, 0}, 2, 2))
	got := infer(t, y, feed)
	for i, id := range []int{3, 1, 0, 0} {
		for j := range 3 {
			want := float64(w[id*3+j])
			if id == 1 {
				want = 0
			}
			assert.Equal(t, want, got[i*3+j])
		}
	}
	out := infer(t, logits, feed)
	assert.InDelta(t, got[0]*float64(w[6])+got[1]*float64(w[7])+got[2]*float64(w[8]), out[2], 1e-5)
	assert.Len(t, nn.Params(e), 1, "weights are shared")
}

func TestPositions(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", 2, graph.Sym("time"), 4)
	zeros := func(time int) graph.Feed {
		return x.IsTensor(of(t, graph.Float64, make([]float64, 2*time*4), 2, time, 4))
	}
	got := infer(t, nn.SinusoidalPositions(x), zeros(5))
	for i, v := range got {
		place, column := float64(i/4%5), i%4
		angle := place / math.Pow(10_000, float64(column/2*2)/4)
		want := math.Sin(angle)
		if column%2 == 1 {
			want = math.Cos(angle)
		}
		assert.InDelta(t, want, v, 1e-12)
	}
	p := &nn.Positions{Max: 6}
	y := p.Apply(x)
	three := graph.InputOf(graph.Float64, "x", 2, 3, 4)
	at := p.At(three, graph.ConstOf([]int64{4, 4, 2}, 3))
	nn.Init(p, 1)
	w := p.W.Value.Float64s()
	assert.Equal(t, append(append([]float64{}, w[:12]...), w[:12]...), infer(t, y, zeros(3)))
	assert.Equal(t, append(append(append([]float64{}, w[16:20]...), w[16:20]...), w[8:12]...), infer(t, at, three.IsTensor(of(t, graph.Float64, make([]float64, 24), 2, 3, 4)))[:12])
}
