package differential_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/adjointml/adjoint/graph"
)

// A grower builds a random graph. Values are evaluated as they are made, for
// the first lengths of the symbols, so that what cannot be computed, or leaves
// the range in which floats say something, is thrown away again.
type grower struct {
	rnd      *rand.Rand
	float    graph.DType // that of most values
	rank     int         // largest
	size     int         // elements of the largest value
	rows     bool        // values have few rows of some thousand columns
	deep     bool        // many elementwise ops on one shape
	inside   int         // in how many loops it grows
	kinds    []weighted
	special  bool // leaves hold NaN, infinities and zeros of both signs
	symbols  []graph.Dim
	bindings []map[graph.Dim]int
	leaves   []leaf
	params   []*graph.Param
	pool     []*graph.Node
	value    map[*graph.Node]graph.Tensor
}

// A leaf is an input with how its values are drawn: if limit is not 0, places
// along an axis of that length, which count from either end or, labels, from
// the start only.
type leaf struct {
	n      *graph.Node
	limit  graph.Dim
	labels bool
}

// lengths are those of axes; long ones come alone.
var (
	lengths = []graph.Dim{1, 1, 2, 2, 3, 3, 4, 5, 7, 8, 16, 17, 33}
	long    = []graph.Dim{130, 255, 1025, 4099}
)

func newGrower(seed uint64) *grower {
	g := &grower{rnd: rand.New(rand.NewPCG(seed, 1)), rank: 4, size: 400, kinds: kinds, value: map[*graph.Node]graph.Tensor{}}
	switch k := g.rnd.IntN(100); {
	case k < 3:
		g.size = 40000 // several parts
	case k < 6:
		g.rank, g.size, g.rows = 2, 33000, true // rows that are cut in chunks
	case k < 16:
		g.size = 9000
	case k < 20:
		g.rank = 0 // single numbers
	case k < 26:
		g.rank, g.size = 1, 300
	case k < 32:
		g.rank, g.size = 5, 1500
	case k < 50:
		g.size = 3000
	case k < 54:
		g.rank, g.size, g.deep = 2, 60, true // passes that are cut in pieces
	}
	if g.chance(0.25) {
		g.float = graph.Float64
	}
	g.special = g.chance(0.08)
	if g.chance(0.4) {
		g.symbols = []graph.Dim{graph.Sym("batch")}
		if g.chance(0.3) {
			g.symbols = append(g.symbols, graph.Sym("time"))
		}
	}
	for range max(1, min(3, 3*len(g.symbols))) {
		b := map[graph.Dim]int{}
		for _, s := range g.symbols {
			b[s] = int(g.length())
		}
		g.bindings = append(g.bindings, b)
	}
	if n := len(g.symbols); n > 0 && g.chance(0.1) {
		g.bindings[1][g.symbols[0]] = 0
	}
	for range 2 + g.rnd.IntN(3) {
		g.push(g.leaf(g.float, g.dims()))
	}
	return g
}

func (g *grower) chance(p float64) bool { return g.rnd.Float64() < p }

func choose[T any](g *grower, list []T) T { return list[g.rnd.IntN(len(list))] }

func (g *grower) length() graph.Dim { return choose(g, lengths) }

// dims draws a shape whose size is allowed.
func (g *grower) dims() []graph.Dim {
	if g.rows && g.chance(0.8) {
		return []graph.Dim{choose(g, []graph.Dim{1, 2, 3, 5}), choose(g, []graph.Dim{4096, 4099, 5000, 6200})}
	}
	for {
		dims := make([]graph.Dim, g.rnd.IntN(g.rank+1))
		for i := range dims {
			switch {
			case len(g.symbols) > 0 && g.chance(0.3):
				dims[i] = choose(g, g.symbols)
			case g.chance(0.12):
				dims[i] = choose(g, long)
			default:
				dims[i] = g.length()
			}
		}
		if g.chance(0.01) && len(dims) > 0 {
			dims[0] = 0
		}
		if g.fits(dims) && (g.size < 20000 || len(dims) == 0 || g.elements(dims) > 1000 || g.chance(0.3)) {
			return dims
		}
	}
}

// elements returns the size of a shape for the first lengths of the symbols.
func (g *grower) elements(dims []graph.Dim) int { return size(dims, g.bindings[0]) }

// size returns the size of a shape for some lengths of the symbols.
func size(dims []graph.Dim, binding map[graph.Dim]int) int {
	n := 1
	for _, d := range dims {
		n *= valueOf(d, binding)
	}
	return n
}

// valueOf returns a length, or 0 for one that cannot be.
func valueOf(d graph.Dim, binding map[graph.Dim]int) int {
	v, err := d.Value(func(s graph.Dim) int { return binding[s] })
	if err != nil {
		return 0
	}
	return v
}

func (g *grower) fits(dims []graph.Dim) bool { return g.elements(dims) <= g.size }

// known returns a length for the first lengths of the symbols.
func (g *grower) known(d graph.Dim) int { return valueOf(d, g.bindings[0]) }

// leaf makes an input, a parameter or a constant.
func (g *grower) leaf(d graph.DType, dims []graph.Dim) *graph.Node {
	shape, known := graph.Of(dims...).Literal()
	switch k := g.rnd.IntN(10); {
	case known && k < 3:
		p := &graph.Param{Label: fmt.Sprint("p", len(g.params)), Type: graph.Type{DType: d, Shape: graph.Of(dims...)}}
		t, _ := graph.NewTensor(d, shape...)
		g.fill(t, 0)
		var err error
		if p.Value, err = t.Dense(); err == nil {
			g.params = append(g.params, p)
			g.value[p.Node()] = t
			return p.Node()
		}
	case known && k == 3 && g.elements(dims) < 100:
		t, _ := graph.NewTensor(d, shape...)
		g.fill(t, 0)
		if n, err := t.Dense(); err == nil {
			return graph.Const(n)
		}
	}
	return g.input(leaf{}, d, dims...)
}

// input makes an input whose values are drawn as l says.
func (g *grower) input(l leaf, d graph.DType, dims ...graph.Dim) *graph.Node {
	n := graph.InputOf(d, fmt.Sprint("x", len(g.leaves)), dims...)
	l.n = n
	g.leaves = append(g.leaves, l)
	g.value[n] = g.draw(l, g.bindings[0])
	return n
}

// draw makes a value of a leaf.
func (g *grower) draw(l leaf, binding map[graph.Dim]int) graph.Tensor {
	length := func(d graph.Dim) int {
		v, _ := d.Value(func(s graph.Dim) int { return binding[s] })
		return v
	}
	shape := make([]int, l.n.Shape().Rank())
	for i, d := range l.n.Shape().Dims() {
		shape[i] = length(d)
	}
	t, err := graph.NewTensor(l.n.DType(), shape...)
	if err != nil { // a length is less than 0, for these lengths of the symbols
		return t
	}
	g.fill(t, length(l.limit))
	for i := range t.Len() {
		if l.labels && t.Int(i) < 0 {
			t.SetInt(i, -1-t.Int(i))
		}
	}
	return t
}

var specials = []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1e8, 1e-30, -1}

// fill draws the elements: places along an axis of length limit, if there is
// one, else small numbers.
func (g *grower) fill(t graph.Tensor, limit int) {
	ties := g.chance(0.15)
	for i := range t.Len() {
		switch {
		case limit > 0:
			t.SetInt(i, int64(g.rnd.IntN(2*limit)-limit))
		case t.DType == graph.Bool:
			t.SetInt(i, int64(g.rnd.IntN(2)))
		case t.DType.Int():
			t.SetInt(i, int64(g.rnd.IntN(9)-4))
		case g.special && g.chance(0.1):
			t.Set(i, choose(g, specials))
		case ties:
			t.Set(i, float64(g.rnd.IntN(5)-2)/2)
		default:
			t.Set(i, g.rnd.NormFloat64())
		}
	}
}

// trial draws values of the inputs, for one choice of the symbols' lengths; the
// parameters have their present ones. It is nil if an input cannot be so long, or a
// value is too large to be evaluated many times.
func (g *grower) trial(seed uint64, out []*graph.Node, binding map[graph.Dim]int) *trial {
	for _, n := range graph.Topo(out...) {
		if size(n.Shape().Dims(), binding) > max(20*g.size, 100000) {
			return nil
		}
	}
	t := &trial{seed: seed, out: out, leaves: map[*graph.Node]graph.Tensor{}}
	for _, l := range g.leaves {
		v := g.draw(l, binding)
		if len(v.Shape) != l.n.Shape().Rank() {
			return nil
		}
		t.leaves[l.n] = v
	}
	for _, p := range g.params {
		v, err := graph.FromDense(p.Value)
		if err != nil {
			return nil
		}
		t.leaves[p.Node()] = clone(v)
	}
	return t
}

// push adds a value to the pool if it can be used.
func (g *grower) push(n *graph.Node) bool {
	if n == nil || n.Err() != nil || n.Shape().Rank() > 5 || !g.fits(n.Shape().Dims()) {
		return false
	}
	before := map[*graph.Node]bool{}
	for _, m := range graph.Topo(n) {
		if _, ok := g.value[m]; ok {
			continue
		}
		before[m] = true
		if !g.evaluate(m) {
			for m := range before {
				delete(g.value, m)
			}
			return false
		}
	}
	if !slices.Contains(g.pool, n) {
		g.pool = append(g.pool, n)
	}
	return true
}

// evaluate computes a node whose operands have values, and reports whether its
// value can be used.
func (g *grower) evaluate(n *graph.Node) bool {
	if g.elements(n.Shape().Dims()) > 4*g.size {
		return false
	}
	shape := make([]int, n.Shape().Rank())
	for i, d := range n.Shape().Dims() {
		shape[i] = g.known(d)
	}
	out, err := graph.NewTensor(n.DType(), shape...)
	if err != nil {
		return false
	}
	in := make([]graph.Tensor, len(n.In()))
	for i, x := range n.In() {
		in[i] = g.value[x]
	}
	if n.Op().Name() == "const" {
		out = constant(n)
	} else if !tryEval(n.Op(), out, in) {
		return false
	}
	g.value[n] = out
	for i := range out.Len() {
		if v := math.Abs(out.At(i)); !g.special && !(v < 1e6) || out.DType.Int() && v > 1e6 {
			return false
		}
	}
	return true
}

// constant returns the value of a constant, whose Eval has nothing to say.
func constant(n *graph.Node) graph.Tensor {
	p, err := graph.Compile(n)
	if err != nil {
		panic(err)
	}
	v, err := p.Reference().Eval(context.Background())
	if err != nil {
		panic(err)
	}
	return v[0]
}

// tryEval evaluates an op and reports whether it could.
func tryEval(op graph.Op, out graph.Tensor, in []graph.Tensor) (ok bool) {
	defer func() { ok = recover() == nil }()
	op.Eval(out, in...)
	return true
}

// pick returns a value of the pool for which ok holds, mostly a young one, or
// nil.
func (g *grower) pick(ok func(n *graph.Node) bool) *graph.Node {
	for range 12 {
		i := g.rnd.IntN(len(g.pool))
		if g.chance(0.5) {
			i = max(i, g.rnd.IntN(len(g.pool)))
		}
		if n := g.pool[i]; ok(n) {
			return n
		}
	}
	return nil
}

// any1 returns a float of the pool, or a new leaf.
func (g *grower) any1() *graph.Node { return g.ranked(0) }

// ranked returns a float of the pool with at least so many axes, or a new leaf.
func (g *grower) ranked(least int) *graph.Node {
	n := g.pick(func(n *graph.Node) bool { return n.DType() == g.float && n.Shape().Rank() >= least })
	if n != nil {
		return n
	}
	dims := g.dims()
	for len(dims) < least {
		dims = append(dims, choose(g, []graph.Dim{1, 2, 3}))
	}
	return g.leaf(g.float, dims)
}

// ints returns integers, truths or whatever else is wanted of the pool, or a
// new leaf.
func (g *grower) typed(d graph.DType) *graph.Node {
	if n := g.pick(func(n *graph.Node) bool { return n.DType() == d }); n != nil && g.chance(0.8) {
		return n
	}
	return g.leaf(d, g.dims())
}

// partner returns a value that broadcasts against x: one of the pool, x reduced
// in one of the ways, or a new one with axes of x missing, or of length 1.
func (g *grower) partner(x *graph.Node) *graph.Node {
	if g.chance(0.6) {
		y := g.pick(func(y *graph.Node) bool {
			s, err := graph.Broadcast(x.Shape(), y.Shape())
			return err == nil && y.DType() == x.DType() && g.fits(s.Dims())
		})
		if y != nil {
			return y
		}
	}
	return g.leaf(x.DType(), g.narrowed(x.Shape()))
}

// narrowed returns dims that broadcast to a shape.
func (g *grower) narrowed(s graph.Shape) []graph.Dim {
	dims := s.Dims()
	pattern := g.rnd.IntN(6)
	for i := range dims {
		one := false
		switch pattern {
		case 0: // [1 n]
			one = i < len(dims)-1
		case 1: // [n 1]
			one = i == len(dims)-1
		case 2: // [1 1]
			one = true
		case 3: // the same
		default:
			one = g.chance(0.5)
		}
		if one {
			dims[i] = 1
		}
	}
	if g.chance(0.3) {
		dims = dims[g.rnd.IntN(len(dims)+1):]
	}
	return dims
}

// axes draws some axes of x, at least one if it has any; none stands for all.
func (g *grower) axes(x *graph.Node) (list []int) {
	rank := x.Shape().Rank()
	if rank == 0 || g.chance(0.1) {
		return nil
	}
	for i := range rank {
		if g.chance(0.45) {
			list = append(list, i)
		}
	}
	if len(list) == 0 {
		return []int{g.rnd.IntN(rank)}
	}
	return list
}

func (g *grower) axis(x *graph.Node) int { return g.rnd.IntN(x.Shape().Rank()) }
