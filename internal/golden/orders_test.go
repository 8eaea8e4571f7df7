package golden

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

var orders = table{
	"sort": {"x dim descending stable", func(a *args) []*Node {
		a.ignore("stable") // ours always is
		return two(ops.Sort(a.node("x"), a.int("dim", -1), a.flag("descending", false)))
	}},
	"topk": {"x k dim largest sorted", func(a *args) []*Node {
		x, k, axis := a.node("x"), a.int("k", 1), a.int("dim", -1)
		a.ignore("sorted")
		if !a.flag("largest", true) {
			values, places := ops.TopK(ops.Neg(x), k, axis)
			return two(ops.Neg(values), places)
		}
		return two(ops.TopK(x, k, axis))
	}},
	"kthvalue": {"x k dim keepdim", func(a *args) []*Node {
		k, axis := a.int("k", 1), a.int("dim", -1)
		return ranked(a, axis, func(x *Node) (value, place *Node) { return ops.KthValue(x, k, axis) })
	}},
	"median": {"x dim keepdim", func(a *args) []*Node {
		if a.get("dim") == nil {
			value, _ := ops.Median(ops.Reshape(a.node("x"), graph.Auto), 0)
			return one(value)
		}
		axis := a.int("dim", 0)
		return ranked(a, axis, func(x *Node) (value, place *Node) { return ops.Median(x, axis) })
	}},
	"cummax": {"x dim", func(a *args) []*Node { return two(ops.CumMax(a.node("x"), a.int("dim", 0))) }},
	"cummin": {"x dim", func(a *args) []*Node { return two(ops.CumMin(a.node("x"), a.int("dim", 0))) }},
	"masked_select": {"x mask", func(a *args) []*Node {
		values, _ := ops.MaskedSelect(a.node("x"), a.node("mask"))
		return one(ops.Slice(values, 0, 0, a.want[0].Shape[0], 1)) // as many as are true
	}},
	"polygamma": {"x n", func(a *args) []*Node { return one(ops.Polygamma(a.int("n", 0), a.node("x"))) }},
}

func two(x, y *Node) []*Node { return []*Node{x, y} }

// ranked is an element of a line and its place, with keepdim.
func ranked(a *args, axis int, f func(x *Node) (value, place *Node)) []*Node {
	x := a.node("x")
	value, place := f(atLeast1(x))
	switch {
	case rank(x) == 0:
		a.ignore("keepdim")
	case a.flag("keepdim", false):
		return two(ops.Expand(value, axis), ops.Expand(place, axis))
	}
	return two(value, place)
}
