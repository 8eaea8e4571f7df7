package nn

import (
	"math/rand/v2"
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Gates are the weights of one recurrent layer in one direction. The columns
// belong to its gates, Out of them to each, in the order that the layer's doc
// says.
type Gates struct {
	W *graph.Param // [in gates·Out], of the input
	U *graph.Param // [Out gates·Out], of the state
	B *graph.Param // [gates·Out]
	N *graph.Param // [Out], of a GRU alone: see there
}

// Sequences says more of the sequences that a recurrent layer goes through. The
// zero value: all are as long as the axis, and the state is 0 at first.
type Sequences struct {
	// Lengths [batch] Int32 or Int64 are the numbers of steps of each row: after
	// them the state stays as it is, and results are 0. A backward direction
	// begins at the last of them.
	Lengths *graph.Node
	// State is where to begin: what an earlier call returned, for sequences that
	// go on, or values of the same types.
	State []*graph.Node
}

// SimpleRNN is a recurrent layer (Elman 1990): for each step
//
//	h = Act(x·W + h·U + B)
//
// Results, parameters and options are those of [LSTM]; there is one gate.
type SimpleRNN struct {
	graph.Scope
	Out           int
	Layers        int // 0 is 1
	Bidirectional bool
	Dropout       float64
	Act           func(*graph.Node) *graph.Node // nil for ops.Tanh
	Init          graph.Initializer             // of W; nil for GlorotUniform
	Cells         []*Gates
	Between       []*Dropout
}

// Apply maps x [batch time in] to the states at all steps, [batch time Out].
func (r *SimpleRNN) Apply(x *graph.Node) *graph.Node {
	y, _ := r.Run(x, Sequences{})
	return y
}

// Run is Apply for the given sequences, and also returns the last state.
func (r *SimpleRNN) Run(x *graph.Node, s Sequences) (y *graph.Node, state []*graph.Node) {
	if r == nil {
		return nilRecurrent("simplernn", "SimpleRNN", x, 1)
	}
	act := r.Act
	if act == nil {
		act = ops.Tanh
	}
	k := &recurrent{name: "simplernn", gates: 1, states: 1, out: r.Out, layers: r.Layers, both: r.Bidirectional, dropout: r.Dropout, init: r.Init, cells: &r.Cells, between: &r.Between}
	k.step = func(g *Gates, x *graph.Node, s []*graph.Node) []*graph.Node {
		return []*graph.Node{act(g.sum(x, s[0]))}
	}
	return k.run(&r.Scope, x, s)
}

// LSTM is a layer of long short-term memory (Hochreiter and Schmidhuber 1997,
// doi:10.1162/neco.1997.9.8.1735). With the gates i (take in), f (keep), g (the
// candidate), o (show), in this order, for each step
//
//	i f g o = σ(.) σ(.) tanh(.) σ(.) of x·W + h·U + B
//	c = f·c + i·g
//	h = o·tanh(c)
//
// PyTorch's weights are these: W and U the transposes of its weight_ih and
// weight_hh, B the sum of its two biases.
//
// Layers beyond the first go through the states of the one before, with dropout
// between them in training. A bidirectional layer also goes from the last step to
// the first, with weights of its own, and puts both states side by side. Cells has
// the weights of each layer, those of the backward direction after those of the
// forward one. The state of a call is h and c of each of these, [batch Out].
//
// The parameters are made when the layer is first applied. The biases of f start
// at 1, so that it keeps at first (Jozefowicz et al. 2015,
// proceedings.mlr.press/v37/jozefowicz15), the others at 0.
type LSTM struct {
	graph.Scope
	Out           int // width of the state
	Layers        int // 0 is 1
	Bidirectional bool
	Dropout       float64           // rate between layers
	Init          graph.Initializer // of W; nil for GlorotUniform. U starts orthogonal.
	Cells         []*Gates
	Between       []*Dropout
}

// Apply maps x [batch time in] to h at all steps, [batch time Out], or [batch time
// 2·Out] in both directions.
func (l *LSTM) Apply(x *graph.Node) *graph.Node {
	y, _ := l.Run(x, Sequences{})
	return y
}

// Run is Apply for the given sequences, and also returns the last state.
func (l *LSTM) Run(x *graph.Node, s Sequences) (y *graph.Node, state []*graph.Node) {
	if l == nil {
		return nilRecurrent("lstm", "LSTM", x, 2)
	}
	k := &recurrent{name: "lstm", gates: 4, states: 2, keep: 1, out: l.Out, layers: l.Layers, both: l.Bidirectional, dropout: l.Dropout, init: l.Init, cells: &l.Cells, between: &l.Between}
	k.step = func(g *Gates, x *graph.Node, s []*graph.Node) []*graph.Node {
		n := graph.Dim(l.Out)
		z := ops.Split(g.sum(x, s[0]), -1, n, n, n, n)
		c := ops.Add(ops.Mul(ops.Sigmoid(z[1]), s[1]), ops.Mul(ops.Sigmoid(z[0]), ops.Tanh(z[2])))
		return []*graph.Node{ops.Mul(ops.Sigmoid(z[3]), ops.Tanh(c)), c}
	}
	return k.run(&l.Scope, x, s)
}

// GRU is a layer of gated recurrent units (Cho et al. 2014, arXiv:1406.1078), in
// the form that computes the reset after the product. With the gates r (reset), z
// (keep), n (the candidate), in this order, for each step
//
//	r z = σ(x·W + h·U + B)
//	n = tanh(x·W + B + r·(h·U + N))
//	h = (1-z)·n + z·h
//
// PyTorch's weights are these: W and U the transposes of its weight_ih and
// weight_hh; B the sum of its two biases for r and z, and bias_ih for n; N is
// bias_hh for n. The rest is as in [LSTM].
type GRU struct {
	graph.Scope
	Out           int
	Layers        int // 0 is 1
	Bidirectional bool
	Dropout       float64
	Init          graph.Initializer // of W; nil for GlorotUniform
	Cells         []*Gates
	Between       []*Dropout
}

// Apply maps x [batch time in] to h at all steps, [batch time Out].
func (g *GRU) Apply(x *graph.Node) *graph.Node {
	y, _ := g.Run(x, Sequences{})
	return y
}

// Run is Apply for the given sequences, and also returns the last state.
func (g *GRU) Run(x *graph.Node, s Sequences) (y *graph.Node, state []*graph.Node) {
	if g == nil {
		return nilRecurrent("gru", "GRU", x, 1)
	}
	k := &recurrent{name: "gru", gates: 3, states: 1, after: true, out: g.Out, layers: g.Layers, both: g.Bidirectional, dropout: g.Dropout, init: g.Init, cells: &g.Cells, between: &g.Between}
	k.step = func(w *Gates, x *graph.Node, s []*graph.Node) []*graph.Node {
		h, out := s[0], graph.Dim(g.Out)
		a := ops.Split(ops.Affine(x, w.W.Node(), w.B.Node()), -1, out, out, out)
		b := ops.Split(ops.MatMul(h, w.U.Node()), -1, out, out, out)
		r, z := ops.Sigmoid(ops.Add(a[0], b[0])), ops.Sigmoid(ops.Add(a[1], b[1]))
		n := ops.Tanh(ops.Add(a[2], ops.Mul(r, ops.Add(b[2], w.N.Node()))))
		return []*graph.Node{ops.Add(n, ops.Mul(z, ops.Sub(h, n)))}
	}
	return k.run(&g.Scope, x, s)
}

// sum returns x·W + h·U + B.
func (g *Gates) sum(x, h *graph.Node) *graph.Node {
	return ops.Add(ops.Affine(x, g.W.Node(), g.B.Node()), ops.MatMul(h, g.U.Node()))
}

// nilRecurrent is what a layer that is not there returns.
func nilRecurrent(name, typ string, x *graph.Node, states int) (*graph.Node, []*graph.Node) {
	bad := graph.Fail(name, []*graph.Node{x}, "the layer is nil: want &nn.%s{Out: n}", typ)
	return bad, slices.Repeat([]*graph.Node{bad}, states)
}

// recurrent is what the recurrent layers share: all but the step.
type recurrent struct {
	name          string
	gates, states int
	keep          int  // the gate whose bias starts at 1, or 0
	after         bool // there is a bias N
	out, layers   int
	both          bool
	dropout       float64
	init          graph.Initializer
	cells         *[]*Gates
	between       *[]*Dropout

	// step returns the next states, the first of which is the result, from the
	// input x [batch in] and the states [batch Out].
	step func(g *Gates, x *graph.Node, s []*graph.Node) []*graph.Node

	x     *graph.Node
	given Sequences
	state []*graph.Node // after the last step
}

func (r *recurrent) directions() int {
	if r.both {
		return 2
	}
	return 1
}

// run applies the layers.
func (r *recurrent) run(scope *graph.Scope, x *graph.Node, s Sequences) (y *graph.Node, state []*graph.Node) {
	r.x, r.given, r.layers = x, s, max(r.layers, 1)
	y = scope.Wrap(func() *graph.Node {
		if bad := r.prepare(); bad != nil {
			r.state = slices.Repeat([]*graph.Node{bad}, r.layers*r.directions()*r.states)
			return bad
		}
		h := ops.Transpose(x, 1, 0, 2)
		for i := range r.layers {
			if i > 0 && r.dropout > 0 {
				h = (*r.between)[i-1].Apply(h)
			}
			h = r.layer(i, h)
		}
		return ops.Transpose(h, 1, 0, 2)
	})
	return y, r.state
}

// layer goes through x [time batch in].
func (r *recurrent) layer(i int, x *graph.Node) *graph.Node {
	var all []*graph.Node
	for d := range r.directions() {
		k := i*r.directions() + d
		init := make([]*graph.Node, r.states)
		for j := range init {
			if init[j] = graph.Zeros(r.stateType()); r.given.State != nil {
				init[j] = r.given.State[k*r.states+j]
			}
		}
		xs := []*graph.Node{x}
		if r.given.Lengths != nil {
			xs = append(xs, ops.Iota(r.given.Lengths.DType(), graph.Of(x.Shape().Dim(0)), 0))
		}
		last, ys := ops.Scan(func(s, x []*graph.Node) (next, y []*graph.Node) {
			next = r.step((*r.cells)[k], x[0], s)
			h := next[0]
			if r.given.Lengths != nil {
				going := ops.Expand(ops.Less(x[1], r.given.Lengths), 1)
				for j := range next {
					next[j] = ops.Where(going, next[j], s[j])
				}
				h = ops.Where(going, h, graph.Scalar(0))
			}
			return next, []*graph.Node{h}
		}, init, xs, ops.ScanOptions{Reverse: d == 1})
		r.state = append(r.state, last...)
		all = append(all, ys[0])
	}
	return ops.Concat(-1, all...)
}

// stateType returns the type of a state.
func (r *recurrent) stateType() graph.Type {
	return r.x.Type().Of(graph.Of(r.x.Shape().Dim(0), graph.Dim(r.out)))
}

// prepare makes the parameters, or returns a poisoned node that says what does not
// fit.
func (r *recurrent) prepare() *graph.Node {
	x, s := r.x, r.given
	more := slices.Clone(s.State)
	if s.Lengths != nil {
		more = append(more, s.Lengths)
	}
	if bad := broken(r.name, append([]*graph.Node{x}, more...)...); bad != nil {
		return bad
	}
	fail := func(format string, arg ...any) *graph.Node {
		return graph.Fail(r.name, append([]*graph.Node{x}, more...), format, arg...)
	}
	switch t := x.Type(); {
	case r.out < 1:
		return fail("Out is %d: want the width of the state", r.out)
	case r.dropout < 0 || r.dropout >= 1:
		return fail("Dropout is %g: want a share of at least 0 and less than 1", r.dropout)
	case !t.DType.Float():
		return fail("want floats, got {0}: convert it with ops.Convert, or use nn.Embedding")
	case t.Rank() != 3:
		return fail("want [batch time in], got {0}")
	case t.Dim(2) < 0:
		return fail("the last axis of {0} must have a known length: it is the height of the weights")
	}
	if bad := r.prepareSequences(fail); bad != nil {
		return bad
	}
	for i := range r.layers {
		in := x.Shape().Dim(2)
		if i > 0 {
			in = graph.Dim(r.directions() * r.out)
		}
		for d := range r.directions() {
			if bad := r.prepareCell(i*r.directions()+d, in, fail); bad != nil {
				return bad
			}
		}
		if i > 0 && r.dropout > 0 && len(*r.between) < i {
			*r.between = append(*r.between, &Dropout{Rate: r.dropout})
		}
	}
	return nil
}

// prepareSequences checks lengths and states.
func (r *recurrent) prepareSequences(fail func(format string, arg ...any) *graph.Node) *graph.Node {
	s, batch := r.given, r.x.Shape().Dim(0)
	if n := s.Lengths; n != nil && (!n.DType().Int() || n.Shape() != graph.Of(batch)) {
		return fail("the lengths {%d} must be whole numbers [%v], one for each row of {0}", 1+len(s.State), batch)
	}
	if s.State == nil {
		return nil
	}
	if want := r.layers * r.directions() * r.states; len(s.State) != want {
		return fail("%d states for %d: pass what Run returned", len(s.State), want)
	}
	for i, n := range s.State {
		if n.Type() != r.stateType() {
			return fail("state %d, {%d}, must be %v", i, i+1, r.stateType())
		}
	}
	return nil
}

// prepareCell makes the parameters of one layer in one direction.
func (r *recurrent) prepareCell(k int, in graph.Dim, fail func(format string, arg ...any) *graph.Node) *graph.Node {
	for len(*r.cells) <= k {
		*r.cells = append(*r.cells, &Gates{})
	}
	g, t := (*r.cells)[k], r.x.Type()
	out, wide := graph.Dim(r.out), graph.Dim(r.gates*r.out)
	w := r.init
	if w == nil {
		w = GlorotUniform
	}
	var bias graph.Initializer = Zeros
	if r.keep > 0 {
		bias = onesAt(r.keep*r.out, r.out)
	}
	params := []struct {
		name string
		at   **graph.Param
		dims graph.Shape
		init graph.Initializer
	}{
		{"W", &g.W, graph.Of(in, wide), w},
		{"U", &g.U, graph.Of(out, wide), Orthogonal(1)},
		{"B", &g.B, graph.Of(wide), bias},
		{"N", &g.N, graph.Of(out), Zeros},
	}
	for _, p := range params {
		if p.name == "N" && !r.after {
			continue
		}
		if *p.at == nil {
			*p.at = &graph.Param{Label: p.name, Type: t.Of(p.dims), Init: p.init}
		}
		if have := (*p.at).Type; have != t.Of(p.dims) {
			return fail("{0} needs %s %v, but the layer has %s %v: use another layer for another input", p.name, t.Of(p.dims), (*p.at).Label, have)
		}
	}
	return nil
}

// onesAt is zeros but for n ones from a place on.
func onesAt(from, n int) graph.Initializer {
	return func(t graph.Tensor, _ *rand.Rand) {
		t.Clear()
		for i := range n {
			t.Set(from+i, 1)
		}
	}
}
