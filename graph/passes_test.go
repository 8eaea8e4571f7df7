package graph_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A grower builds a random graph on values of one matrix shape, with detours
// over other shapes.
type grower struct {
	rnd  *rand.Rand
	pool []*graph.Node
}

func (g *grower) pick() *graph.Node { return g.pool[g.rnd.IntN(len(g.pool))] }

// grow adds a value. Functions stay in a range where nothing overflows.
func (g *grower) grow() {
	x, y := g.pick(), g.pick()
	var z *graph.Node
	switch g.rnd.IntN(18) {
	case 0:
		z = ops.Tanh(ops.Add(x, y))
	case 1:
		z = ops.Sin(ops.Mul(x, y))
	case 2:
		z = ops.Sub(x, ops.Neg(ops.Neg(y)))
	case 3:
		z = ops.Mul(x, graph.Scalar(1))
	case 4:
		z = ops.Add(x, graph.Zeros(y.Type()))
	case 5:
		z = ops.Mul(graph.Zeros(x.Type()), y)
	case 6:
		z = ops.Transpose(ops.Transpose(x))
	case 7:
		z = ops.Reshape(ops.Reshape(x, graph.Auto), x.Shape().Dims()...)
	case 8:
		z = ops.Keep(ops.Mean, x, g.rnd.IntN(2))
		z = ops.Add(z, ops.Scale(y, 0.5))
	case 9:
		z = ops.Softmax(x, g.rnd.IntN(2))
	case 10:
		z = ops.Where(ops.Less(x, y), x, ops.Mul(y, ops.Sqrt(graph.ScalarOf(graph.Float64, 0.25))))
	case 11:
		z = ops.InTraining(ops.Exp(x), ops.Sigmoid(y))
	case 12:
		z = ops.StopGradient(ops.Pow(ops.Cos(x), graph.Scalar(float64(1+g.rnd.IntN(2)))))
	case 13:
		z = ops.Flip(ops.Flip(ops.ReLU(x), 0), 0)
	case 14:
		z = ops.Transpose(ops.MatMul(ops.Transpose(ops.Tanh(x)), ops.Softmax(y, 0)))
		z = ops.MatMul(ops.Scale(y, 0.1), ops.Tanh(z))
	case 15:
		z = ops.Concat(1, ops.Slice(x, 1, 0, 1, 1), ops.Slice(y, 1, 1, ops.End, 1))
	case 16:
		z = ops.Div(x, ops.Add(ops.Square(y), graph.Scalar(1)))
	case 17:
		z = ops.Later(ops.Maximum(x, y), y)
	}
	g.pool = append(g.pool, z)
}

// plain evaluates the nodes one by one, without any pass.
func plain(t *testing.T, y []*graph.Node, feeds map[*graph.Node]graph.Tensor, length func(graph.Dim) int) []graph.Tensor {
	value := map[*graph.Node]graph.Tensor{}
	for _, n := range graph.Topo(y...) {
		if v, ok := feeds[n]; ok {
			value[n] = v
			continue
		}
		shape := make([]int, n.Shape().Rank())
		for i, d := range n.Shape().Dims() {
			var err error
			shape[i], err = d.Value(length)
			require.NoError(t, err)
		}
		out, err := graph.NewTensor(n.DType(), shape...)
		require.NoError(t, err)
		in := make([]graph.Tensor, len(n.In()))
		for i, x := range n.In() {
			in[i] = value[x]
		}
		n.Op().Eval(out, in...)
		value[n] = out
	}
	list := make([]graph.Tensor, len(y))
	for i, n := range y {
		list[i] = value[n]
	}
	return list
}

// TestPassesKeepValues compares programs of random graphs and of their gradients
// with their evaluation node by node, and checks what the passes promise: each
// step after its operands, none twice, none for nothing.
func TestPassesKeepValues(t *testing.T) {
	batch := graph.Sym("batch")
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		g := &grower{rnd: rnd}
		feeds := map[*graph.Node]graph.Tensor{}
		var list []graph.Feed
		rows := 1 + rnd.IntN(3)
		for i := range 3 {
			x := graph.InputOf(graph.Float64, fmt.Sprint("x", i), batch, 3)
			v, err := graph.NewTensor(graph.Float64, rows, 3)
			require.NoError(t, err)
			for j := range v.Len() {
				v.Set(j, 2*rnd.Float64()-1)
			}
			feeds[x] = v
			list = append(list, x.IsTensor(v))
			g.pool = append(g.pool, x)
		}
		inputs := g.pool[:3:3]
		for range 25 {
			g.grow()
		}
		last := g.pool[len(g.pool)-1]
		loss := ops.Sum(ops.Tanh(ops.Add(last, g.pick())))
		y := append(autodiff.Grad(loss, inputs...), loss, last, g.pick())
		p, err := graph.Compile(y...)
		require.NoError(t, err, "seed %d", seed)
		promised(t, p, seed)
		got, err := p.Eval(context.Background(), list...)
		require.NoError(t, err, "seed %d", seed)
		want := plain(t, y, feeds, func(graph.Dim) int { return rows })
		for i := range want {
			require.Equal(t, want[i].Shape, got[i].Shape, "seed %d output %d", seed, i)
			for j := range want[i].Len() {
				a, b := want[i].At(j), got[i].At(j)
				require.LessOrEqual(t, math.Abs(a-b), 1e-12*(1+math.Abs(a)), "seed %d output %d element %d: %v and %v\n%s", seed, i, j, a, b, p.Listing())
			}
		}
	}
}

// promised checks the invariants of a program's steps.
func promised(t *testing.T, p *graph.Program, seed uint64) {
	type step struct {
		op   graph.Op
		a, b *graph.Node
	}
	at, used, seen := map[*graph.Node]int{}, map[*graph.Node]int{}, map[step]bool{}
	for i, n := range p.Nodes() {
		at[n] = i
		var s step
		s.op = n.Op()
		for j, x := range n.In() {
			_, before := at[x]
			require.True(t, before, "seed %d: step %d comes before its operand", seed, i)
			used[x]++
			if j == 0 {
				s.a = x
			} else {
				s.b = x
			}
		}
		if len(n.In()) <= 2 {
			require.False(t, seen[s], "seed %d: step %d, %v, is there twice", seed, i, n)
			seen[s] = true
		}
		_, chooser := n.Op().(graph.Chooser)
		require.False(t, chooser, "seed %d: step %d, %v, is left undecided", seed, i, n)
	}
	unused := 0
	for n := range at {
		if used[n] == 0 && len(n.In()) > 0 {
			unused++
		}
	}
	require.LessOrEqual(t, unused, 6, "seed %d: steps that nothing uses, but for the outputs", seed)
}
