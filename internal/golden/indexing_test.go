package golden

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

var indexing = table{
	"gather": {"x dim index", func(a *args) []*Node {
		x, axis, index := a.node("x"), a.int("dim", 0), a.node("index")
		for i := range rank(x) { // the index may be shorter along the other axes
			if i != axis && i != axis+rank(x) {
				x = ops.Slice(x, i, 0, length(index, i), 1)
			}
		}
		return one(ops.TakeAlongAxis(x, index, axis))
	}},
	"take_along_dim": {"x index dim", func(a *args) []*Node {
		return one(ops.TakeAlongAxis(a.node("x"), a.node("index"), a.int("dim", 0)))
	}},
	"take": {"x index", func(a *args) []*Node {
		return one(ops.Take(ops.Reshape(a.node("x"), graph.Auto), a.node("index"), 0))
	}},
	"index_select": {"x dim index", func(a *args) []*Node {
		x := a.node("x")
		y := ops.Take(atLeast1(x), a.node("index"), a.int("dim", 0))
		if rank(x) == 0 {
			y = ops.Squeeze(y)
		}
		return one(y)
	}},
	"index_add": {"x dim index source alpha", func(a *args) []*Node {
		x, axis := atLeast1(a.node("x")), a.int("dim", 0)
		v := ops.Scale(atLeast1(a.node("source")), a.num("alpha", 1))
		return one(ops.Reshape(ops.IndexAdd(x, a.node("index"), v, axis), a.node("x").Shape().Dims()...))
	}},
	"index_fill": {"x dim index value", func(a *args) []*Node {
		x, axis := atLeast1(a.node("x")), a.int("dim", 0)
		y := ops.IndexFill(x, a.node("index"), a.operand("value"), axis)
		return one(ops.Reshape(y, a.node("x").Shape().Dims()...))
	}},
	"scatter_add": {"x dim index src", func(a *args) []*Node {
		x, index, v := a.node("x"), a.node("index"), a.node("src")
		return one(ops.ScatterAdd(x, index, v, a.int("dim", 0)))
	}},
	// for places that are listed once: of several PyTorch takes any
	"scatter": {"x dim index src", func(a *args) []*Node {
		return one(ops.Scatter(a.node("x"), a.node("index"), a.node("src"), a.int("dim", 0)))
	}},
	"nn.functional.embedding": {"weight x", func(a *args) []*Node {
		return one(ops.Take(a.node("weight"), a.node("x"), 0))
	}},

	"diag":     {"x diagonal", func(a *args) []*Node { return one(ops.Diag(a.node("x"), a.int("diagonal", 0))) }},
	"diagonal": {"x offset", func(a *args) []*Node { return one(ops.Diag(a.node("x"), a.int("offset", 0))) }},
	"diag_embed": {"x offset", func(a *args) []*Node {
		return one(ops.DiagEmbed(a.node("x"), a.int("offset", 0)))
	}},
	"trace": unary(func(x *Node) *Node { return ops.Sum(ops.Diag(x, 0)) }),
	"tril":  {"x diagonal", func(a *args) []*Node { return one(ops.Tril(a.node("x"), a.int("diagonal", 0))) }},
	"triu":  {"x diagonal", func(a *args) []*Node { return one(ops.Triu(a.node("x"), a.int("diagonal", 0))) }},
}
