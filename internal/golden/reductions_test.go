package golden

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

var reductions = table{
	"sum":       reduction(ops.Sum),
	"mean":      reduction(ops.Mean),
	"amax":      reduction(ops.Max),
	"amin":      reduction(ops.Min),
	"prod":      reduction(ops.Prod),
	"std":       {"x dim unbiased keepdim", func(a *args) []*Node { return one(ops.Sqrt(variance(a))) }},
	"var":       {"x dim unbiased keepdim", func(a *args) []*Node { return one(variance(a)) }},
	"nansum":    reduction(ops.NaNSum),
	"nanmean":   reduction(ops.NaNMean),
	"logsumexp": reduction(ops.LogSumExp),
	"max":       extreme(ops.Max, ops.ArgMax),
	"min":       extreme(ops.Min, ops.ArgMin),

	"norm":               powerNorm("x p dim keepdim", "p"),
	"linalg.norm":        powerNorm("x ord dim keepdim", "ord"),
	"linalg.vector_norm": powerNorm("x ord dim keepdim", "ord"),

	"softmax":     {"x dim", func(a *args) []*Node { return one(ops.Softmax(a.node("x"), a.int("dim", -1))) }},
	"log_softmax": {"x dim", func(a *args) []*Node { return one(ops.LogSoftmax(a.node("x"), a.int("dim", -1))) }},
	"nn.functional.softmin": {"x dim", func(a *args) []*Node {
		return one(ops.Softmax(ops.Neg(a.node("x")), a.int("dim", -1)))
	}},

	"cumsum":       cumulative(ops.CumSum),
	"cumprod":      cumulative(ops.CumProd),
	"logcumsumexp": cumulative(ops.LogCumSumExp),
	"cov": {"x correction fweights aweights", func(a *args) []*Node {
		return one(covariance(a))
	}},
	"trapezoid": {"y x dim dx", func(a *args) []*Node {
		y, x := a.node("y"), a.maybe("x")
		return one(ops.Scale(ops.Trapezoid(y, x, a.int("dim", -1)), a.num("dx", 1)))
	}},
}

// reduction is an op with the arguments dim and keepdim.
func reduction(f func(x *Node, axes ...int) *Node) call {
	return call{"x dim keepdim", func(a *args) []*Node { return one(reduce(a, f, a.node("x"))) }}
}

func reduce(a *args, f func(x *Node, axes ...int) *Node, x *Node) *Node {
	axes := a.axes("dim", x)
	if a.flag("keepdim", false) {
		return ops.Keep(f, x, axes...)
	}
	return f(x, axes...)
}

func variance(a *args) *Node {
	if a.flag("unbiased", true) {
		return reduce(a, ops.Var, a.node("x"))
	}
	return reduce(a, func(x *Node, axes ...int) *Node {
		return ops.Mean(ops.Square(ops.Sub(x, ops.Keep(ops.Mean, x, axes...))), axes...)
	}, a.node("x"))
}

// extreme is the value alone over all of x, or the value and its place along
// one axis.
func extreme(value func(x *Node, axes ...int) *Node, place func(x *Node, axis int) *Node) call {
	return call{"x dim keepdim", func(a *args) []*Node {
		x := a.node("x")
		if a.get("dim") == nil {
			return one(value(x))
		}
		at, scalar := a.int("dim", 0), rank(x) == 0
		x = atLeast1(x)
		y := reduce(a, value, x)
		i := place(x, at)
		if a.flag("keepdim", false) {
			i = ops.Expand(i, at)
		}
		if scalar {
			return []*Node{ops.Reshape(y), ops.Reshape(i)}
		}
		return []*Node{y, i}
	}}
}

// atLeast1 makes a scalar a vector.
func atLeast1(x *Node) *Node {
	if rank(x) == 0 {
		return ops.Reshape(x, 1)
	}
	return x
}

func powerNorm(params, name string) call {
	return call{params, func(a *args) []*Node {
		p := a.num(name, 2)
		return one(reduce(a, func(x *Node, axes ...int) *Node { return ops.NormP(x, p, axes...) }, a.node("x")))
	}}
}

func cumulative(f func(x *Node, axis int) *Node) call {
	return call{"x dim", func(a *args) []*Node {
		x := a.node("x")
		y := f(atLeast1(x), a.int("dim", 0))
		return one(ops.Reshape(y, x.Shape().Dims()...))
	}}
}

// covariance is that of the rows of x, with whole and other weights of the
// columns. PyTorch adds the weights up in their own dtype.
func covariance(a *args) *Node {
	x, correction := a.node("x"), a.num("correction", 1)
	if rank(x) < 2 {
		x = ops.Reshape(x, 1, graph.Auto)
	}
	count, lost := ops.Count(x, 1), num(correction)
	weighted := func(x *Node) *Node { return x }
	f, w := a.maybe("fweights"), a.maybe("aweights")
	switch aw := w; {
	case f != nil && w != nil:
		w = ops.Mul(ops.Convert(f, w.DType()), w)
		lost = ops.Scale(ops.Div(ops.Sum(ops.Mul(w, aw)), ops.Sum(w)), correction)
	case w != nil:
		lost = ops.Scale(ops.Div(ops.Sum(ops.Mul(w, aw)), ops.Sum(w)), correction)
	case f != nil:
		w = ops.Convert(f, x.DType())
	}
	if w != nil {
		count = ops.Sum(w)
		weighted = func(x *Node) *Node { return ops.Mul(x, ops.Convert(w, x.DType())) }
	}
	total := func(x *Node) *Node { return ops.Convert(x, a.node("x").DType()) }
	centered := ops.Sub(x, ops.Div(ops.Keep(ops.Sum, weighted(x), 1), total(count)))
	product := ops.MatMul(centered, ops.Transpose(weighted(centered)))
	return ops.Squeeze(ops.Div(product, ops.Maximum(total(ops.Sub(count, lost)), num(0))))
}
