package differential_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A maker makes inputs.
type maker func(d graph.DType, dims ...graph.Dim) *graph.Node

const f32 = graph.Float32

// A smallGraph has inputs that in makes.
type smallGraph struct {
	name  string
	graph func(in maker) []*graph.Node
}

// found are small graphs on which the engine was wrong once: what random graphs
// shrank to, or what reading the compiler suggested.
var found = []smallGraph{
	{"numbers alone in a pass over rows", func(in maker) []*graph.Node {
		x, y, at := in(f32, 1, 3), in(f32, 1, 3), graph.ConstOf([]int64{1}, 1, 1)
		picked := ops.TakeAlongAxis(x, at, 1)
		sum := ops.Sum(ops.Mul(ops.Reciprocal(y), in(f32, 1, 3)))
		placed := ops.ScatterAdd(graph.Zeros(x.Type()), at, ops.Mul(in(f32, 1, 1), ops.Scale(picked, 2)), 1)
		return []*graph.Node{ops.Add(sum, ops.Reshape(ops.Square(picked))), ops.Neg(placed)}
	}},
	{"a constant place in a row", func(in maker) []*graph.Node {
		return []*graph.Node{ops.TakeAlongAxis(ops.Tanh(in(f32, 1, 3)), graph.ConstOf([]int32{-1}, 1, 1), 1)}
	}},
	{"whether any is true", func(in maker) []*graph.Node {
		x := ops.Less(in(f32, 3, 130, 7), graph.Scalar(-2.2))
		return []*graph.Node{ops.Any(x, 0), ops.Any(x, 1), ops.Any(x, 2), ops.Any(x, 0, 1), ops.Any(x, 1, 2), ops.Any(x), ops.Any(x, 0, 2)}
	}},
	{"a product that is computed in two passes", func(in maker) []*graph.Node {
		m := ops.Mul(in(f32, 9), in(f32, 1))
		return []*graph.Node{ops.Sub(m, ops.Keep(ops.Max, m, 0))}
	}},
	{"a sum with a product that is computed in two passes", func(in maker) []*graph.Node {
		m := ops.Mul(in(f32, 576), in(f32, 576))
		x := ops.Add(m, in(f32, 576))
		y := ops.Max(x)
		return []*graph.Node{ops.Equal(x, y), ops.Minimum(m, y)}
	}},
	{"a truth for a row that is cut in chunks", func(in maker) []*graph.Node {
		x, c := in(f32, 5000), in(graph.Bool)
		return []*graph.Node{ops.Where(c, x, graph.Scalar(1)), ops.Sub(ops.Exp(x), ops.Where(c, ops.Sum(x), graph.Scalar(1)))}
	}},
	{"numbers for rows along columns", func(in maker) []*graph.Node {
		x := in(f32, 2, 16, 2)
		return []*graph.Node{ops.Tanh(ops.Sum(ops.Mul(x, ops.Min(x, 1, 2)), 1, 2))}
	}},
	{"partial sums beside what is converted for each chunk", func(in maker) []*graph.Node {
		x := ops.Where(in(graph.Bool), in(f32, 2, 5000), in(f32, 2, 5000))
		return []*graph.Node{ops.Mul(x, ops.Keep(ops.Sum, x, 1))}
	}},
	{"truths that are a result and go on in the next phase", func(in maker) []*graph.Node {
		x := in(f32, 2, 5000)
		c := ops.Less(x, in(f32, 2, 5000))
		return []*graph.Node{c, ops.And(c, ops.Less(x, ops.Keep(ops.Mean, x, 1)))}
	}},
	{"a middle axis of many", func(in maker) []*graph.Node {
		return []*graph.Node{ops.Sum(in(f32, 3, 2, 3, 4, 5, 7), 4)}
	}},
	{"sums of one value over one axis and over two", func(in maker) []*graph.Node {
		x := in(f32, 3, 4, 5)
		return []*graph.Node{ops.Sum(x, 2), ops.Sum(x, 1, 2), ops.Sum(x), ops.Sum(x, 0), ops.Sum(x, 0, 1)}
	}},
	{"sums over the middle of one array in two shapes", func(in maker) []*graph.Node {
		x := in(f32, 2, 3, 4, 5)
		return []*graph.Node{ops.Exp(ops.Sum(x, 1)), ops.Exp(ops.Sum(ops.Reshape(x, 2, 3, 5, 4), 1)), ops.Transpose(ops.Sum(ops.Reshape(x, 2, 3, 20), 1))}
	}},
}

// TestFound compares small graphs on both executors.
func TestFound(t *testing.T) { compareFound(t, found) }

// hollow are graphs in which something has no elements, but no result: they run on
// the engine too.
var hollow = []smallGraph{
	{"pieces without elements", func(in maker) []*graph.Node {
		x, none := in(f32, 3, 4), in(f32, 3, 0)
		y := ops.Concat(1, none, ops.Sin(x), ops.Exp(none))
		return append([]*graph.Node{y}, autodiff.Grad(ops.Sum(ops.Square(y)), x)...)
	}},
	{"one piece of a cut is empty", func(in maker) []*graph.Node {
		p := ops.Split(in(f32, 5, 2), 0, 5, 0)
		return []*graph.Node{ops.Tanh(p[0]), ops.Sum(p[1]), ops.Concat(0, p[1], p[0])}
	}},
	{"sums of nothing", func(in maker) []*graph.Node {
		x, y := in(f32, 0, 3), in(f32, 2, 3)
		return []*graph.Node{ops.Add(y, ops.Sum(x, 0)), ops.Prod(x, 0), ops.MatMul(in(f32, 2, 0), x), ops.Pad(x, 0, 1, 1, 7)}
	}},
	{"no steps", func(in maker) []*graph.Node {
		h, w := in(f32, 2, 3), in(f32, 3, 3)
		carry, ys := ops.Scan(func(c, x []*graph.Node) (next, y []*graph.Node) {
			n := ops.Tanh(ops.Add(ops.MatMul(c[0], w), x[0]))
			return []*graph.Node{n}, []*graph.Node{n}
		}, []*graph.Node{h}, []*graph.Node{in(f32, 0, 2, 3)})
		y := ops.Concat(0, ys[0], ops.Expand(ops.Sin(carry[0]), 0))
		return append([]*graph.Node{y, carry[0]}, autodiff.Grad(ops.Sum(ops.Square(y)), h, w)...)
	}},
	{"no steps in each step", func(in maker) []*graph.Node {
		h, none := in(f32, 3), in(f32, 0, 3)
		carry, _ := ops.Scan(func(c, x []*graph.Node) (next, y []*graph.Node) {
			inner, _ := ops.Scan(func(d, z []*graph.Node) (next, y []*graph.Node) {
				return []*graph.Node{ops.Mul(d[0], z[0])}, nil
			}, c, []*graph.Node{none})
			return []*graph.Node{ops.Sin(ops.Add(inner[0], x[0]))}, nil
		}, []*graph.Node{h}, []*graph.Node{in(f32, 4, 3)})
		return append(carry, autodiff.Grad(ops.Sum(carry[0]), h)...)
	}},
}

// TestHollow compares graphs with empty values, for which the engine is used all the
// same where it has a way; what is left runs on the reference executor.
func TestHollow(t *testing.T) {
	for name, p := range compareFound(t, hollow) {
		_, err := p.Schedule()
		if name == "no steps in each step" {
			assert.ErrorContains(t, err, "reference executor", "its operand has no elements in a loop that runs")
			continue
		}
		assert.NoError(t, err, "%s: runs on the engine", name)
	}
}

// TestSegmentsWithoutRest runs checkpoints of a symbolic number of steps, which
// leaves no steps over, or makes no whole segment: there is an empty loop then.
func TestSegmentsWithoutRest(t *testing.T) {
	h, x, w := graph.Input("h", 2, 3), graph.Input("x", graph.Sym("time"), 2, 3), graph.Input("w", 3, 3)
	carry, ys := ops.Scan(func(c, x []*graph.Node) (next, y []*graph.Node) {
		n := ops.Tanh(ops.Add(ops.MatMul(c[0], w), x[0]))
		return []*graph.Node{n}, []*graph.Node{n}
	}, []*graph.Node{h}, []*graph.Node{x}, ops.ScanOptions{Checkpoint: true})
	loss := ops.Add(ops.Sum(ops.Square(ys[0])), ops.Sum(carry[0]))
	out := append([]*graph.Node{loss}, autodiff.Grad(loss, h, x, w)...)
	p, err := graph.Compile(out...)
	require.NoError(t, err)
	for _, steps := range []int{1, 5, 31, 32, 33, 64, 70, 96} {
		rnd := rand.New(rand.NewPCG(uint64(steps), 0))
		u := &trial{seed: uint64(steps), out: out, leaves: map[*graph.Node]graph.Tensor{}}
		for n, shape := range map[*graph.Node][]int{h: {2, 3}, x: {steps, 2, 3}, w: {3, 3}} {
			v, err := graph.NewTensor(f32, shape...)
			require.NoError(t, err)
			for j := range v.Len() {
				v.Set(j, rnd.NormFloat64())
			}
			u.leaves[n] = v
		}
		v, err := u.compare(p)
		require.NoError(t, err, "%d steps", steps)
		assert.Equal(t, len(out), v.judged)
		_, err = p.Schedule(u.feeds()...)
		assert.NoError(t, err, "%d steps run on the engine", steps)
	}
}

// compareFound compares small graphs, and returns their programs.
func compareFound(t *testing.T, list []smallGraph) map[string]*graph.Program {
	programs := map[string]*graph.Program{}
	for i, c := range list {
		t.Run(c.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(uint64(i), 0))
			leaves := map[*graph.Node]graph.Tensor{}
			out := c.graph(func(d graph.DType, dims ...graph.Dim) *graph.Node {
				n := graph.InputOf(d, fmt.Sprint("x", len(leaves)), dims...)
				shape, _ := graph.Of(dims...).Literal()
				v, err := graph.NewTensor(d, shape...)
				require.NoError(t, err)
				for j := range v.Len() {
					v.Set(j, rnd.NormFloat64())
				}
				leaves[n] = v
				return n
			})
			p, err := graph.Compile(out...)
			require.NoError(t, err)
			u := &trial{seed: uint64(i), out: out, leaves: leaves}
			v, err := u.compare(p)
			require.NoError(t, err)
			require.Equal(t, len(out), v.judged, "all outputs are judged")
			programs[c.name] = p
		})
	}
	return programs
}
