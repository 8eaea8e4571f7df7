package nn

import (
	"cmp"
	"math"
	"math/rand/v2"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// MultiHeadAttention mixes the vectors of a sequence: each head of each place
// takes a mean of the values of all places, weighted by how well their keys fit
// its query.
//
//	x [batch time width] -> the same
//	head = softmax(q·kᵀ/√d + mask)·v, d = width/Heads
//
// Beyond 256 places, or if their number is a symbol, queries are gone through in
// blocks of 128 by [ops.Scan], whose gradient computes their scores again, so that
// memory grows with the length and not with its square; what is left is one more
// block.
// Vaswani et al. 2017, arXiv:1706.03762
type MultiHeadAttention struct {
	graph.Scope
	Heads   int
	KVHeads int     // of keys and values, each for Heads/KVHeads queries (Ainslie et al. 2023, arXiv:2305.13245); 0 means Heads
	Width   int     // of all heads together; 0 means that of x
	Causal  bool    // a place sees itself and those before it alone
	RoPE    float64 // base of the rotary positions of queries and keys, as a rule 10,000; 0 for none
	ALiBi   bool    // scores fall with the distance, by 2^(-8h/Heads) a place in head h (Press et al. 2022, arXiv:2108.12409)
	Dropout Dropout // of the weights, in training
	NoBias  bool
	Whole   bool // never in blocks: for Weights of many places, or of a number that is a symbol

	Query, Key, Value, Out Dense

	Weights graph.Scope // of the weights [batch Heads time places], so that they can be found: see explain.Attention; not where queries go in blocks: see Whole
}

// Apply maps x [batch time width] to a value of its type.
func (m *MultiHeadAttention) Apply(x *graph.Node) *graph.Node { return m.Attend(x, x, nil) }

// Attend lets x look at another sequence, memory, rather than at itself.
//
//	x [batch time width], memory [batch places width'] -> the same as x
//
// The mask, nil for none, says by true what may be seen: Bool [batch places] for
// the places that are no padding, or any shape that broadcasts to
// [batch Heads time places]. A place that may see nothing gets the mean of all.
func (m *MultiHeadAttention) Attend(x, memory, mask *graph.Node) *graph.Node {
	if m == nil {
		return graph.Fail("attention", []*graph.Node{x}, "the layer is nil: want &nn.MultiHeadAttention{Heads: n}")
	}
	return m.Wrap(func() *graph.Node {
		if bad := m.check(x, memory, mask); bad != nil {
			return bad
		}
		q, k, v := m.split(m.Query.Apply(x), m.Heads), m.split(m.Key.Apply(memory), m.kvHeads()), m.split(m.Value.Apply(memory), m.kvHeads())
		if m.RoPE != 0 {
			q, k = RoPE(q, nil, m.RoPE), RoPE(k, nil, m.RoPE)
		}
		if mask != nil && mask.Shape().Rank() == 2 {
			mask = ops.Expand(mask, 1, 2)
		}
		if m.long(q, k) {
			return m.join(m.blocks(q, k, v, mask))
		}
		return m.join(m.mix(q, k, v, m.seen(q, k, mask, nil), nil))
	})
}

// kvHeads is the number of heads of keys and values.
func (m *MultiHeadAttention) kvHeads() int { return cmp.Or(m.KVHeads, m.Heads) }

// check says what does not fit, and sets the widths of the layers.
func (m *MultiHeadAttention) check(x, memory, mask *graph.Node) *graph.Node {
	operands := []*graph.Node{x, memory}
	if mask != nil {
		operands = append(operands, mask)
	}
	if bad := broken("attention", operands...); bad != nil {
		return bad
	}
	fail := func(format string, arg ...any) *graph.Node { return graph.Fail("attention", operands, format, arg...) }
	width := x.Shape().Dim(-1)
	if m.Width > 0 {
		width = graph.Dim(m.Width)
	}
	switch {
	case x.Shape().Rank() != 3 || memory.Shape().Rank() != 3 || !x.DType().Float():
		return fail("want floats [batch time width], got {0} and {1}")
	case m.Heads < 1 || width < 1 || int(width)%m.Heads != 0:
		return fail("%d heads do not divide the width %v of {0}: set Heads or Width", m.Heads, width)
	case m.Heads%m.kvHeads() != 0 || m.KVHeads < 0:
		return fail("%d heads cannot share %d heads of keys: KVHeads must divide Heads", m.Heads, m.KVHeads)
	case mask != nil && mask.DType() != graph.Bool:
		return fail("the mask {2} is not Bool: compare with ops.Greater or such")
	case mask != nil && mask.Shape().Rank() != 2 && mask.Shape().Rank() != 4:
		return fail("the mask {2} is neither [batch places] nor [batch heads time places]")
	case m.Causal && x != memory && x.Shape().Dim(1) != memory.Shape().Dim(1):
		return fail("{0} cannot see the past of {1} alone, which has another length: leave Causal out")
	}
	if bad := m.Dropout.check(x); bad != nil {
		return bad
	}
	each := int(width) / m.Heads
	m.set(&m.Query, int(width))
	m.set(&m.Key, each*m.kvHeads())
	m.set(&m.Value, each*m.kvHeads())
	m.set(&m.Out, int(x.Shape().Dim(-1)))
	return nil
}

func (m *MultiHeadAttention) set(d *Dense, out int) {
	if d.Out == 0 {
		d.Out, d.NoBias = out, d.NoBias || m.NoBias
	}
}

// split turns [batch time heads·d] into [batch heads time d].
func (m *MultiHeadAttention) split(x *graph.Node, heads int) *graph.Node {
	s := x.Shape()
	return ops.Transpose(ops.Reshape(x, s.Dim(0), s.Dim(1), graph.Dim(heads), s.Dim(2)/graph.Dim(heads)), 0, 2, 1, 3)
}

// longest is the number of places up to which all queries are looked at at once,
// and block how many of them are else: a small part of the scores, and enough rows
// for fast products. Causal queries go in so many shares, each of which looks at no
// places after its last one.
const (
	longest = 256
	block   = 128
	shares  = 4
)

// long reports whether q and k [batch heads time d] are to go in blocks.
func (m *MultiHeadAttention) long(q, k *graph.Node) bool {
	time, places := q.Shape().Dim(2), k.Shape().Dim(2)
	return !m.Whole && (time.Symbolic() || time > block) && (places.Symbolic() || places > longest)
}

// blocks is mix, block by block of the queries, and what is left of them at the end.
func (m *MultiHeadAttention) blocks(q, k, v, mask *graph.Node) *graph.Node {
	time, places := q.Shape().Dim(2), k.Shape().Dim(2)
	n := time.Div(block)
	ends := []graph.Dim{n}           // of the shares, in blocks
	early := m.Causal && mask == nil // with a mask, what sees nothing gets the mean of all
	if early {
		ends = ends[:0]
		for i := range graph.Dim(shares) {
			ends = append(ends, n.Mul(i+1).Div(shares))
		}
	}
	var counts, rows []graph.Dim // of blocks and of queries
	last := graph.Dim(0)
	for _, end := range ends {
		counts, rows = append(counts, end.Sub(last)), append(rows, end.Sub(last).Mul(block))
		last = end
	}
	left := time.Sub(n.Mul(block))
	firsts := ops.Split(ops.Mul(ops.Iota(graph.Int64, graph.Of(n.Add(1)), 0), graph.Scalar(block)), 0, append(counts, 1)...)
	queries := ops.Split(q, 2, append(rows, left)...)
	masks := make([]*graph.Node, len(queries))
	if mask != nil && mask.Shape().Dim(2) != 1 {
		masks = ops.Split(mask, 2, append(rows, left)...)
	}
	var ys []*graph.Node
	for i, end := range ends {
		if counts[i] == 0 {
			continue
		}
		k, v := k, v
		if early {
			some := end.Mul(block)
			k, v = ops.Split(k, 2, some, places.Sub(some))[0], ops.Split(v, 2, some, places.Sub(some))[0]
		}
		xs := []*graph.Node{firsts[i], cutBlocks(queries[i], counts[i])}
		if masks[i] != nil {
			xs = append(xs, cutBlocks(masks[i], counts[i]))
		}
		_, y := ops.Scan(func(_, x []*graph.Node) (_, y []*graph.Node) {
			seen := mask
			if len(x) > 2 {
				seen = x[2]
			}
			return nil, []*graph.Node{m.mix(x[1], k, v, m.seen(x[1], k, seen, x[0]), x[0])}
		}, nil, xs, ops.ScanOptions{Lean: true})
		ys = append(ys, joinBlocks(y[0], rows[i]))
	}
	if left != 0 {
		i := len(ends)
		if masks[i] != nil {
			mask = masks[i]
		}
		from := ops.Reshape(firsts[i])
		ys = append(ys, m.mix(queries[i], k, v, m.seen(queries[i], k, mask, from), from))
	}
	return ops.Concat(2, ys...)
}

// cutBlocks turns [batch heads n·block d] into [n batch heads block d].
func cutBlocks(x *graph.Node, n graph.Dim) *graph.Node {
	s := x.Shape()
	return ops.Transpose(ops.Reshape(x, s.Dim(0), s.Dim(1), n, block, s.Dim(3)), 2, 0, 1, 3, 4)
}

// joinBlocks turns [n batch heads block d] into [batch heads rows d].
func joinBlocks(y *graph.Node, rows graph.Dim) *graph.Node {
	s := y.Shape()
	return ops.Reshape(ops.Transpose(y, 1, 2, 0, 3, 4), s.Dim(1), s.Dim(2), rows, s.Dim(4))
}

// seen is what each place may see, or nil for all. The first query's place is
// from, 0 if that is nil.
func (m *MultiHeadAttention) seen(q, k, mask, from *graph.Node) *graph.Node {
	if !m.Causal {
		return mask
	}
	place := ops.Iota(graph.Int64, graph.Of(q.Shape().Dim(2), 1), 0)
	if from != nil {
		place = ops.Add(place, from)
	}
	past := ops.LessEqual(ops.Iota(graph.Int64, graph.Of(k.Shape().Dim(2)), 0), place)
	if mask == nil {
		return past
	}
	return ops.And(mask, past)
}

// unseen is the score of what may not be seen: low enough for a weight of 0, and
// finite, so that a place that sees nothing has weights.
const unseen = -1e30

// mix is attention itself: q [batch heads time d] with k and v
// [batch kvheads places d] to the type of q. The first query's place is from, 0 if
// that is nil.
func (m *MultiHeadAttention) mix(q, k, v, seen, from *graph.Node) *graph.Node {
	s, places := q.Shape(), k.Shape().Dim(2)
	batch, time, d := s.Dim(0), s.Dim(2), s.Dim(3)
	kv, share := graph.Dim(m.kvHeads()), m.Heads/m.kvHeads()
	rows := time.Mul(graph.Dim(share))
	q = ops.Scale(q, 1/math.Sqrt(float64(d)))
	var score *graph.Node
	if share > 1 { // queries that share keys are more rows of one product
		q = ops.Reshape(q, batch, kv, rows, d)
	}
	score = ops.MatMul(q, ops.Transpose(k, 0, 1, 3, 2))
	if share > 1 {
		score = ops.Reshape(score, batch, graph.Dim(m.Heads), time, places)
	}
	if m.ALiBi {
		score = ops.Add(score, m.distance(score, from))
	}
	if seen != nil {
		score = ops.Where(seen, score, graph.Scalar(unseen))
	}
	weight := m.Weights.Wrap(func() *graph.Node { return ops.Softmax(score, -1) })
	if m.Dropout.Rate != 0 {
		weight = ops.InTraining(m.Dropout.drop(weight), weight)
	}
	if share > 1 {
		weight = ops.Reshape(weight, batch, kv, rows, places)
	}
	y := ops.MatMul(weight, v)
	if share > 1 {
		y = ops.Reshape(y, batch, graph.Dim(m.Heads), time, d)
	}
	return y
}

// join maps what the heads give [batch heads time d] to [batch time width].
func (m *MultiHeadAttention) join(y *graph.Node) *graph.Node {
	if m.Dropout.Rate != 0 {
		y = ops.InTraining(m.Dropout.after(y), y) // here, for a loop would keep all that was dropped
	}
	s := y.Shape()
	return m.Out.Apply(ops.Reshape(ops.Transpose(y, 0, 2, 1, 3), s.Dim(0), s.Dim(2), graph.Dim(m.Heads)*s.Dim(3)))
}

// distance is what ALiBi adds to the scores [batch heads time places].
func (m *MultiHeadAttention) distance(score, from *graph.Node) *graph.Node {
	s := score.Shape()
	heads := graph.Of(graph.Dim(m.Heads), 1, 1)
	slope := ops.Exp2(ops.Scale(ops.Add(ops.Iota(score.DType(), heads, 0), graph.Scalar(1)), -8/float64(m.Heads)))
	place := ops.Iota(score.DType(), graph.Of(s.Dim(3)), 0)
	at := ops.Iota(score.DType(), graph.Of(s.Dim(2)), 0)
	if from != nil {
		at = ops.Add(at, ops.Convert(from, score.DType()))
	}
	far := ops.Abs(ops.Sub(ops.Expand(at, -1), place))
	return ops.Neg(ops.Mul(slope, far))
}

// A KVCache holds the keys and values of the places that a causal attention has
// seen, so that the next place costs one product with each rather than all. It is
// made of parameters that each run updates; [KVCache.Reset] forgets all, and must
// be called once between Next and Compile. A cache is for a fixed batch and a
// longest sequence.
type KVCache struct {
	Batch, Max   int
	Keys, Values *graph.Param // [Batch kvheads Max d]
	At           *graph.Param // Int64 []: the places seen
}

// Place is the number of places seen, Int64 []: the place of what Next is given.
func (c *KVCache) Place() *graph.Node {
	if c.At == nil {
		c.At = &graph.Param{Label: "At", Type: graph.Type{DType: graph.Int64}}
	}
	return c.At.Node()
}

// Reset forgets all places. It fails before the cache was in use.
func (c *KVCache) Reset() error {
	for _, p := range []*graph.Param{c.Keys, c.Values, c.At} {
		if p == nil {
			return graph.Fail("kvcache", nil, "the cache is not in use: pass it to Next first").Err()
		}
		if err := p.Reset(rand.New(rand.NewPCG(0, 0))); err != nil {
			return err
		}
	}
	return nil
}

// Next is Apply for the next place of a sequence, x [Batch 1 width], after those
// in the cache, to which it adds. The run fails by itself at no place: after Max
// of them the last one is overwritten.
func (m *MultiHeadAttention) Next(x *graph.Node, c *KVCache) *graph.Node {
	if m == nil || c == nil {
		return graph.Fail("attention", []*graph.Node{x}, "the layer or the cache is nil")
	}
	return m.Wrap(func() *graph.Node {
		if bad := m.check(x, x, nil); bad != nil {
			return bad
		}
		if x.Shape().Dim(0) != graph.Dim(c.Batch) || x.Shape().Dim(1) != 1 || c.Max < 1 {
			return graph.Fail("attention", []*graph.Node{x}, "the next place {0} must be [%d 1 width], as the cache says, which has room for %d", c.Batch, c.Max)
		}
		q, k, v := m.split(m.Query.Apply(x), m.Heads), m.split(m.Key.Apply(x), m.kvHeads()), m.split(m.Value.Apply(x), m.kvHeads())
		c.prepare(k)
		at := ops.Minimum(c.Place(), graph.Scalar(float64(c.Max-1)))
		if here := ops.Reshape(at, 1); m.RoPE != 0 {
			q, k = RoPE(q, here, m.RoPE), RoPE(k, here, m.RoPE)
		}
		place := ops.Iota(graph.Int64, graph.Of(graph.Dim(c.Max), 1), 0)
		now := ops.Equal(place, at)
		keys := graph.Assign(c.Keys, ops.Where(now, k, c.Keys.Node()))
		values := graph.Assign(c.Values, ops.Where(now, v, c.Values.Node()))
		seen := ops.Reshape(ops.LessEqual(place, at), 1, graph.Dim(c.Max))
		y := m.join(m.mix(q, keys, values, seen, at))
		return ops.After(y, graph.Assign(c.At, ops.Add(c.Place(), graph.Scalar(1))))
	})
}

// prepare makes room for keys like k.
func (c *KVCache) prepare(k *graph.Node) {
	if c.Keys == nil {
		t := k.Type().Of(k.Shape().With(2, graph.Dim(c.Max)))
		c.Keys = &graph.Param{Label: "Keys", Type: t, Untrained: true}
		c.Values = &graph.Param{Label: "Values", Type: t, Untrained: true}
	}
}
