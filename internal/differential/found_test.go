package differential_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A maker makes inputs.
type maker func(d graph.DType, dims ...graph.Dim) *graph.Node

const f32 = graph.Float32

// found are small graphs on which the engine was wrong once: what random graphs
// shrank to, or what reading the compiler suggested.
var found = []struct {
	name  string
	graph func(in maker) []*graph.Node
}{
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

func TestFound(t *testing.T) {
	for i, c := range found {
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
		})
	}
}
