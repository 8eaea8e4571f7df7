package graph_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
)

func TestDimCanonical(t *testing.T) {
	b, h, w := graph.Sym("b"), graph.Sym("h"), graph.Sym("w")
	for _, c := range []struct {
		name      string
		got, want graph.Dim
		text      string
	}{
		{"sum", b.Add(b), b.Mul(2), "2*b"},
		{"product", h.Mul(w).Mul(b), b.Mul(w.Mul(h)), "b*h*w"},
		{"difference", b.Add(3).Sub(b), 3, "3"},
		{"exact quotient", b.Mul(h).Mul(64).Div(64).Div(h), b, "b"},
		{"conv", h.Add(2).Sub(3).Div(1).Add(1), h, "h"},
		{"strided conv", h.Add(2).Sub(3).Div(2).Add(1), h.Sub(1).Div(2).Add(1), "(h+1)/2"},
		{"nested floors", h.Div(2).Div(3), h.Div(6), "h/6"},
		{"nested floors with a number", h.Sub(1).Div(2).Add(1).Div(2), h.Add(1).Div(4), "(h+1)/4"},
		{"polynomial quotient", b.Add(1).Mul(b.Sub(1)).Div(b.Add(1)), b.Sub(1), "b-1"},
		{"literals", graph.Dim(7).Div(2), 3, "3"},
		{"same name", graph.Sym("b"), b, "b"},
		{"zero", b.Sub(b), 0, "0"},
		{"negative literal", graph.Dim(2).Sub(3), graph.Unknown, "?"},
		{"division by zero", b.Div(0), graph.Unknown, "?"},
		{"unknown stays", graph.Unknown.Add(b), graph.Unknown, "?"},
		{"a number below zero is no symbol", graph.Dim(-3).Add(b), graph.Unknown, "?"},
		{"auto is no length", graph.Auto.Mul(2), graph.Unknown, "?"},
	} {
		assert.Equal(t, c.want, c.got, c.name)
		assert.Equal(t, c.text, c.got.String(), c.name)
	}
	assert.NotEqual(t, b, h)
	assert.Equal(t, []graph.Dim{b, h}, b.Mul(h).Div(7).Symbols())
}

// TestDimValues builds random formulas and compares their values with the same
// arithmetic on numbers.
func TestDimValues(t *testing.T) {
	const seed = 7
	rnd := rand.New(rand.NewPCG(seed, 0))
	syms := []graph.Dim{graph.Sym("p"), graph.Sym("q"), graph.Sym("r")}
	values := map[graph.Dim]int{}
	for range 2000 {
		for _, s := range syms {
			values[s] = 1 + rnd.IntN(9)
		}
		type pair struct {
			d graph.Dim
			v int
		}
		pool := []pair{{syms[0], values[syms[0]]}, {syms[1], values[syms[1]]}, {syms[2], values[syms[2]]}, {2, 2}, {3, 3}}
		for range 6 {
			a, b := pool[rnd.IntN(len(pool))], pool[rnd.IntN(len(pool))]
			switch rnd.IntN(4) {
			case 0:
				pool = append(pool, pair{a.d.Add(b.d), a.v + b.v})
			case 1:
				if a.v*b.v < 1<<30 {
					pool = append(pool, pair{a.d.Mul(b.d), a.v * b.v})
				}
			case 2:
				if a.v >= b.v {
					pool = append(pool, pair{a.d.Sub(b.d), a.v - b.v})
				}
			case 3:
				if b.v > 0 {
					pool = append(pool, pair{a.d.Div(b.d), a.v / b.v})
				}
			}
		}
		last := pool[len(pool)-1]
		if last.d == graph.Unknown { // a symbolic difference may be a negative literal in the general case
			continue
		}
		got, err := last.d.Value(func(s graph.Dim) int { return values[s] })
		require.NoError(t, err, "seed %d: %v at %v", seed, last.d, values)
		require.Equal(t, last.v, got, "seed %d: %v at %v", seed, last.d, values)
	}
}

func TestShape(t *testing.T) {
	b := graph.Sym("batch")
	s := graph.Of(b, 28, 28)
	assert.Equal(t, "[batch 28 28]", s.String())
	assert.Equal(t, graph.Of(b, 28, 28), s)
	assert.Equal(t, graph.Dim(28), s.Dim(-1))
	assert.Equal(t, graph.Unknown, s.Dim(3))
	assert.Equal(t, b.Mul(784), s.Size())
	assert.Equal(t, graph.Of(28, 28), s.Remove(0))
	assert.Equal(t, graph.Of(b, 1, 28, 28), s.Insert(1, 1))
	assert.Equal(t, s, s.With(7, 3), "no such axis")
	_, literal := s.Literal()
	assert.False(t, literal)
	_, err := s.Axis(3)
	assert.EqualError(t, err, "axis 3 is outside of [batch 28 28], which has rank 3")
}

func TestBroadcast(t *testing.T) {
	b, n := graph.Sym("batch"), graph.Sym("n")
	for _, c := range []struct{ a, b, want []graph.Dim }{
		{[]graph.Dim{b, 3}, []graph.Dim{3}, []graph.Dim{b, 3}},
		{[]graph.Dim{b, 1}, []graph.Dim{1, 4}, []graph.Dim{b, 4}},
		{nil, []graph.Dim{b, 3}, []graph.Dim{b, 3}},
		{[]graph.Dim{1}, []graph.Dim{0}, []graph.Dim{0}},
		{[]graph.Dim{b, 3}, []graph.Dim{n, 3}, nil},
		{[]graph.Dim{2}, []graph.Dim{3}, nil},
	} {
		for _, swap := range []bool{false, true} {
			x, y := graph.Of(c.a...), graph.Of(c.b...)
			if swap {
				x, y = y, x
			}
			got, err := graph.Broadcast(x, y)
			if c.want == nil {
				assert.Error(t, err, "%v %v", x, y)
				continue
			}
			assert.NoError(t, err)
			assert.Equal(t, graph.Of(c.want...), got, "%v %v", x, y)
		}
	}
}

func TestDimOverflow(t *testing.T) {
	large := graph.Dim(math.MaxInt/2 + 1)
	assert.Equal(t, graph.Unknown, large.Add(large))
	assert.Equal(t, graph.Unknown, large.Mul(2))
	assert.Equal(t, graph.Unknown, large.Mul(4), "an overflow to a positive number")
	assert.Equal(t, graph.Dim(math.MaxInt), (large - 1).Mul(2).Add(1))
}
