package viz

import (
	"fmt"
	"math/rand/v2"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// within builds in a scope of the given path.
func within(path string, build func() *graph.Node) *graph.Node {
	return (&graph.Scope{Label: path}).Wrap(build)
}

// weight is a parameter in a scope.
func weight(path string, dims ...graph.Dim) *graph.Node {
	return (&graph.Param{Label: path, Type: graph.Type{Shape: graph.Of(dims...)}}).Node()
}

func linear(path string, x *graph.Node, in, out graph.Dim) *graph.Node {
	return within(path, func() *graph.Node {
		return ops.Add(ops.MatMul(x, weight(path+".W", in, out)), weight(path+".B", out))
	})
}

func norm(path string, x *graph.Node) *graph.Node {
	return within(path, func() *graph.Node {
		c := ops.Sub(x, ops.Keep(ops.Mean, x, -1))
		y := ops.Mul(c, ops.Rsqrt(ops.Add(ops.Keep(ops.Mean, ops.Square(c), -1), graph.Scalar(1e-5))))
		return ops.Add(ops.Mul(y, weight(path+".Gain", 64)), weight(path+".Bias", 64))
	})
}

// transformer is the output of so many blocks, with one scope each.
func transformer(blocks int) *graph.Node {
	x := graph.Input("x", graph.Sym("batch"), 16, 64)
	for i := range blocks {
		x = block(fmt.Sprintf("Blocks.%d", i), x)
	}
	return x
}

func block(path string, x *graph.Node) *graph.Node {
	h := norm(path+".Norm1", x)
	a := within(path+".Attention", func() *graph.Node {
		q, k, v := linear(path+".Attention.Query", h, 64, 64), linear(path+".Attention.Key", h, 64, 64), linear(path+".Attention.Value", h, 64, 64)
		s := ops.Softmax(ops.Scale(ops.MatMul(q, ops.Transpose(k, 0, 2, 1)), 0.125), -1)
		return linear(path+".Attention.Out", ops.MatMul(s, v), 64, 64)
	})
	x = within(path, func() *graph.Node { return ops.Add(x, a) })
	h = norm(path+".Norm2", x)
	m := linear(path+".Down", within(path+".Up", func() *graph.Node { return ops.GELU(linear(path+".Up", h, 64, 256)) }), 256, 64)
	return within(path, func() *graph.Node { return ops.Add(x, m) })
}

// random is a graph of n ops on operands of the last span, in nested scopes of
// depth up to deep.
func random(seed uint64, n, span, deep int) []*graph.Node {
	rnd := rand.New(rand.NewPCG(seed, 1))
	all := []*graph.Node{graph.Input("x", 4), graph.Input("y", 4)}
	pick := func() *graph.Node { return all[len(all)-1-rnd.IntN(min(span, len(all)))] }
	path := func(i int) string {
		s := ""
		for d := range rnd.IntN(deep + 1) {
			s += fmt.Sprintf(".s%d", i/(span*(4-d%3))+d)
		}
		return s[min(1, len(s)):]
	}
	for i := range n {
		all = append(all, within(path(i), func() *graph.Node {
			switch rnd.IntN(5) {
			case 0:
				return ops.Tanh(pick())
			case 1:
				return ops.Mul(pick(), weight(fmt.Sprintf("w%d", i), 4))
			case 2:
				return ops.Scale(pick(), 2)
			}
			return ops.Add(pick(), pick())
		}))
	}
	return all[len(all)-min(3, len(all)):]
}
