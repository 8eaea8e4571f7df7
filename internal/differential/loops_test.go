package differential_test

import (
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// deepest is how many loops may be in each other.
const deepest = 2

// scan makes a Scan with a random body, over values of the pool or so many
// steps, and pushes its results.
func scan(g *grower) *graph.Node {
	if g.inside == deepest {
		return nil
	}
	o := ops.ScanOptions{Reverse: g.chance(0.4), Checkpoint: g.chance(0.25), Lean: g.chance(0.2)}
	init, xs := g.carries(g.rnd.IntN(4)), g.through()
	if len(xs) == 0 {
		o.Length = choose(g, []graph.Dim{1, 2, 3, 5})
	}
	if len(init)+len(xs) == 0 || !g.valued(slices.Concat(init, xs)) {
		return nil
	}
	var args, next, ys []*graph.Node
	carry, stacked := ops.Scan(func(c, x []*graph.Node) (_, _ []*graph.Node) {
		given := slices.Concat(c, x)
		if args == nil {
			args = given
			next, ys = g.scanBody(c, x, init, xs, o.Reverse)
			return next, ys
		}
		to := map[*graph.Node]*graph.Node{} // the same again: steps that are left over from segments
		for i, a := range args {
			to[a] = given[i]
		}
		all := graph.Rewrite(slices.Concat(next, ys), to)
		return all[:len(next)], all[len(next):]
	}, init, xs, o)
	return g.pushAll(slices.Concat(carry, stacked))
}

// pushAll adds all but one of the results of a loop to the pool, and returns
// that one.
func (g *grower) pushAll(results []*graph.Node) *graph.Node {
	if len(results) == 0 {
		return nil
	}
	g.rnd.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
	for _, n := range results[1:] {
		g.push(n)
	}
	return results[0]
}

// valued makes sure that nodes have values, and reports whether they do.
func (g *grower) valued(nodes []*graph.Node) bool {
	for _, x := range nodes {
		if _, ok := g.value[x]; !ok && !g.push(x) {
			return false
		}
	}
	return true
}

// carries picks what a loop may carry: small values of any dtype.
func (g *grower) carries(n int) (init []*graph.Node) {
	for range n {
		d := g.float
		if g.chance(0.2) {
			d = choose(g, []graph.DType{graph.Int32, graph.Int64, graph.Bool})
		}
		x := g.pick(func(x *graph.Node) bool { return x.DType() == d && g.elements(x.Shape().Dims()) <= 200 })
		if x == nil {
			x = g.leaf(d, []graph.Dim{choose(g, []graph.Dim{1, 2, 3, 5})})
		}
		init = append(init, x)
	}
	return init
}

// through picks what a scan goes through, if anything: values with one first
// length.
func (g *grower) through() (xs []*graph.Node) {
	few := func(x *graph.Node) bool {
		return x.Shape().Rank() > 0 && g.known(x.Shape().Dim(0)) > 0 && g.known(x.Shape().Dim(0)) <= 33
	}
	for range g.rnd.IntN(4) {
		x := g.pick(func(x *graph.Node) bool {
			return few(x) && (len(xs) == 0 || x.Shape().Dim(0) == xs[0].Shape().Dim(0))
		})
		switch {
		case x != nil:
		case len(xs) > 0:
			x = g.leaf(choose(g, []graph.DType{g.float, g.float, graph.Bool, graph.Int32}), []graph.Dim{xs[0].Shape().Dim(0), choose(g, []graph.Dim{1, 2, 3})})
		default:
			x = g.leaf(g.float, []graph.Dim{choose(g, append([]graph.Dim{2, 3, 4, 7}, g.symbols...)), choose(g, []graph.Dim{1, 2, 5})})
		}
		if g.fits(x.Shape().Dims()) {
			xs = append(xs, x)
		}
	}
	return xs
}

// scanBody grows the body of a scan.
func (g *grower) scanBody(c, x, init, xs []*graph.Node, reverse bool) (next, ys []*graph.Node) {
	for i, a := range c {
		g.value[a] = g.value[init[i]]
	}
	for i, a := range x {
		first := 0
		if reverse {
			first = g.known(xs[i].Shape().Dim(0)) - 1
		}
		g.value[a] = slot(g.value[xs[i]], first)
	}
	steps := 5
	if len(xs) > 0 {
		steps = g.known(xs[0].Shape().Dim(0))
	}
	defer g.within(slices.Concat(c, x))()
	for _, a := range c {
		next = append(next, g.become(a))
	}
	for range g.rnd.IntN(3) {
		y := g.pick(func(n *graph.Node) bool {
			return n.Shape().Rank() < 5 && g.elements(n.Shape().Dims())*steps <= g.size
		})
		if y != nil {
			ys = append(ys, y)
		}
	}
	return next, ys
}

// within lets the graph grow inside a body for a while: the pool is its
// arguments and some of what is outside. It returns what ends that.
func (g *grower) within(args []*graph.Node) (end func()) {
	outside := g.pool
	g.inside++
	g.pool = slices.Clone(args)
	for range 1 + g.rnd.IntN(3) {
		if x := choose(g, outside); !slices.Contains(g.pool, x) {
			g.pool = append(g.pool, x)
		}
	}
	for range 1 + g.rnd.IntN(6) {
		g.grow()
	}
	return func() { g.pool, g.inside = outside, g.inside-1 }
}

// become makes a value of the type of a, which often depends on a: what a carry
// may be next.
func (g *grower) become(a *graph.Node) *graph.Node {
	y := g.pick(func(n *graph.Node) bool { return n != a && n.Type() == a.Type() })
	switch d := a.DType(); {
	case y == nil && d == graph.Bool:
		return ops.Not(a)
	case y == nil && d.Int():
		return ops.Add(a, graph.Scalar(1))
	case y == nil && d == g.float:
		y = g.any1()
		if s, err := graph.Broadcast(a.Shape(), y.Shape()); err != nil || s != a.Shape() {
			y = ops.Mean(y)
		}
		return ops.Tanh(ops.Add(a, y))
	case y == nil:
		return a
	case d != g.float:
		return y
	case g.chance(0.4):
		return ops.Tanh(ops.Add(y, a))
	case g.chance(0.5):
		return ops.Add(ops.Scale(a, 0.5), ops.Tanh(y))
	}
	return y
}

// while makes a While that counts, and may end before it has counted to the end.
func while(g *grower) *graph.Node {
	if g.inside == deepest {
		return nil
	}
	most, limit := 1+g.rnd.IntN(5), g.rnd.IntN(6)
	start := ops.Convert(graph.Scalar(float64(g.rnd.IntN(2))), choose(g, []graph.DType{graph.Int32, graph.Int64}))
	init := append([]*graph.Node{start}, g.carries(1+g.rnd.IntN(3))...)
	sizes := g.chance(0.4)
	if !g.valued(init) {
		return nil
	}
	out := ops.While(func(c []*graph.Node) *graph.Node {
		test := ops.Less(c[0], graph.Scalar(float64(most)))
		if sizes && c[1].DType() == g.float {
			test = ops.And(test, ops.Less(ops.Mean(ops.Abs(c[1])), graph.Scalar(1)))
		}
		return test
	}, func(c []*graph.Node) []*graph.Node {
		for i, a := range c {
			g.value[a] = g.value[init[i]]
		}
		defer g.within(c)()
		next := []*graph.Node{ops.Add(c[0], graph.Scalar(1))}
		for _, a := range c[1:] {
			next = append(next, g.become(a))
		}
		return next
	}, init, limit)
	if limit == 0 {
		for i, n := range out {
			out[i] = ops.StopGradient(n)
		}
	}
	return g.pushAll(out)
}

// cond makes a Cond with random branches.
func cond(g *grower) *graph.Node {
	if g.inside == deepest {
		return nil
	}
	test := ops.Less(ops.Mean(g.any1()), graph.Scalar(0))
	if g.chance(0.5) {
		test = ops.Any(g.typed(graph.Bool))
	}
	like := g.carries(1 + g.rnd.IntN(3))
	branch := func() (y []*graph.Node) {
		defer g.within(like)()
		for _, a := range like {
			y = append(y, g.become(a))
		}
		return y
	}
	return g.pushAll(ops.Cond(test, branch, branch))
}

// slot returns a copy of slice i along axis 0.
func slot(t graph.Tensor, i int) graph.Tensor {
	y, _ := graph.NewTensor(t.DType, t.Shape[1:]...)
	for j := range y.Len() {
		copyElem(y, j, t, i*y.Len()+j)
	}
	return y
}

// stack is a tensor of the given shape with slices along axis 0.
func stack(d graph.DType, shape []int, slots []graph.Tensor) graph.Tensor {
	y, _ := graph.NewTensor(d, shape...)
	for i, t := range slots {
		for j := range t.Len() {
			copyElem(y, i*t.Len()+j, t, j)
		}
	}
	return y
}

func copyElem(y graph.Tensor, i int, x graph.Tensor, j int) {
	if y.DType.Float() {
		y.Set(i, x.At(j))
	} else {
		y.SetInt(i, x.Int(j))
	}
}
