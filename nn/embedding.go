package nn

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Embedding gives each of Count things a vector of Width numbers that is learned.
//
//	ids [...] Int32 or Int64 from 0 to Count-1, W [Count Width] -> [... Width]
//
// An id that is not there makes the run fail.
type Embedding struct {
	graph.Scope
	Count, Width int
	Padding      *int              // the id whose vector is 0 and stays so, such as new(0); nil for none
	DType        graph.DType       // of the vectors; the zero value is float32
	Init         graph.Initializer // nil for Normal(0, 1)
	W            *graph.Param
}

// Apply maps ids [...] to their vectors [... Width].
func (e *Embedding) Apply(ids *graph.Node) *graph.Node {
	if e == nil {
		return graph.Fail("embedding", []*graph.Node{ids}, "the layer is nil: want &nn.Embedding{Count: n, Width: d}")
	}
	return e.Wrap(func() *graph.Node {
		if bad := broken("embedding", ids); bad != nil {
			return bad
		}
		if !ids.DType().Int() {
			return graph.Fail("embedding", []*graph.Node{ids}, "want integers, got {0}: convert them with ops.Convert")
		}
		if bad := e.prepare(ids); bad != nil {
			return bad
		}
		y := ops.Take(e.W.Node(), ids, 0)
		if e.Padding != nil {
			padding := ops.Expand(ops.Equal(ids, graph.Scalar(float64(*e.Padding))), -1)
			y = ops.Where(padding, graph.Scalar(0), y)
		}
		return y
	})
}

// Logits multiplies x by the vectors of all things: how well it fits each. It
// shares the embedding's weights with the output, as language models do (Press
// and Wolf 2017, arXiv:1608.05859).
//
//	x [... Width] -> [... Count]
func (e *Embedding) Logits(x *graph.Node) *graph.Node {
	return e.Wrap(func() *graph.Node {
		if bad := broken("embedding", x); bad != nil {
			return bad
		}
		if bad := e.prepare(x); bad != nil {
			return bad
		}
		return ops.MatMul(x, ops.Transpose(e.W.Node()))
	})
}

// prepare makes the vectors.
func (e *Embedding) prepare(x *graph.Node) *graph.Node {
	if e.Count < 1 || e.Width < 1 {
		return graph.Fail("embedding", []*graph.Node{x}, "Count is %d and Width %d: want the number of things and the length of a vector", e.Count, e.Width)
	}
	if e.W == nil {
		init := e.Init
		if init == nil {
			init = Normal(0, 1)
		}
		e.W = &graph.Param{Label: "W", Type: graph.Type{DType: e.DType, Shape: graph.Of(graph.Dim(e.Count), graph.Dim(e.Width))}, Init: init}
	}
	return nil
}

// Positions adds a vector for each place in a sequence that is learned. It fails
// where the sequence has a known length that is more than Max; a longer one of
// unknown length makes the run fail.
//
//	x [... time width], W [Max width] -> the same as x
type Positions struct {
	graph.Scope
	Max  int
	Init graph.Initializer // nil for Normal(0, 0.02)
	W    *graph.Param
}

// Apply maps x to a value of its type.
func (p *Positions) Apply(x *graph.Node) *graph.Node {
	return p.Wrap(func() *graph.Node {
		if bad := sequence("positions", x); bad != nil {
			return bad
		}
		time := x.Shape().Dim(-2)
		if int(time) > p.Max {
			return graph.Fail("positions", []*graph.Node{x}, "the sequence {0} is longer than Max, %d", p.Max)
		}
		return p.at(x, ops.Iota(graph.Int64, graph.Of(time), 0))
	})
}

// At adds the vectors of the given places, Int64 [time], instead of the first.
func (p *Positions) At(x, places *graph.Node) *graph.Node {
	return p.Wrap(func() *graph.Node {
		if bad := sequence("positions", x); bad != nil {
			return bad
		}
		return p.at(x, places)
	})
}

func (p *Positions) at(x, places *graph.Node) *graph.Node {
	width := x.Shape().Dim(-1)
	if p.Max < 1 || width < 1 {
		return graph.Fail("positions", []*graph.Node{x}, "Max is %d: want the length of the longest sequence, and a known width of {0}", p.Max)
	}
	if p.W == nil {
		init := p.Init
		if init == nil {
			init = Normal(0, 0.02)
		}
		p.W = &graph.Param{Label: "W", Type: x.Type().Of(graph.Of(graph.Dim(p.Max), width)), Init: init}
	}
	return ops.Add(x, ops.Take(p.W.Node(), places, 0))
}

// SinusoidalPositions adds sines and cosines of the places in a sequence to it,
// with wavelengths from 2π to 20,000π: those of even columns are sines
// (Vaswani et al. 2017, arXiv:1706.03762).
//
//	x [... time width] -> the same
func SinusoidalPositions(x *graph.Node) *graph.Node {
	if bad := sequence("sinusoidalpositions", x); bad != nil {
		return bad
	}
	time, width := x.Shape().Dim(-2), x.Shape().Dim(-1)
	shape := graph.Of(time, width)
	place, column := ops.Iota(x.DType(), shape, 0), ops.Iota(x.DType(), shape, 1)
	odd := ops.Mod(column, graph.Scalar(2))
	rate := ops.Exp(ops.Scale(ops.Div(ops.Sub(column, odd), ops.Count(x, -1)), -math.Log(10_000)))
	angle := ops.Mul(place, rate)
	return ops.Add(x, ops.Where(ops.Greater(odd, graph.Scalar(0)), ops.Cos(angle), ops.Sin(angle)))
}

// RoPE turns each pair of columns i and i + width/2 of x by an angle in
// proportion to the place in the sequence, so that products of rows depend on
// their distance (Su et al. 2021, arXiv:2104.09864; the pairs as in GPT-NeoX).
//
//	x [... time width], places [time] of integers, or nil for 0, 1, ... -> the same as x
//
// The angle of pair i is place·base^(-2i/width); base is 10,000 as a rule. It
// fails where width is odd or not known.
func RoPE(x, places *graph.Node, base float64) *graph.Node {
	if bad := sequence("rope", x); bad != nil {
		return bad
	}
	time, width := x.Shape().Dim(-2), x.Shape().Dim(-1)
	if width < 2 || width%2 != 0 || !(base > 0) {
		return graph.Fail("rope", []*graph.Node{x}, "the last axis of {0} must have a known, even length, and base %g be positive", base)
	}
	if places == nil {
		places = ops.Iota(x.DType(), graph.Of(time), 0)
	}
	half := width / 2
	pair := ops.Iota(x.DType(), graph.Of(half), 0)
	rate := ops.Exp(ops.Scale(pair, -2*math.Log(base)/float64(width)))
	angle := ops.Mul(ops.Expand(ops.Convert(places, x.DType()), -1), rate)
	cos, sin := ops.Cos(angle), ops.Sin(angle)
	parts := ops.Split(x, -1, half, half)
	a, b := parts[0], parts[1]
	return ops.Concat(-1, ops.Sub(ops.Mul(a, cos), ops.Mul(b, sin)), ops.Add(ops.Mul(b, cos), ops.Mul(a, sin)))
}

// sequence says why x is no sequence of vectors of floats.
func sequence(name string, x *graph.Node) *graph.Node {
	if bad := broken(name, x); bad != nil {
		return bad
	}
	if x.Shape().Rank() < 2 || !x.DType().Float() {
		return graph.Fail(name, []*graph.Node{x}, "want floats [... time width], got {0}")
	}
	return nil
}
