// Package graphs turns formulas into nodes: what a user types becomes part of a
// graph, with gradients like anything else there.
package graphs

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/adjointml/adjoint/formula"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Parse reads a formula and builds it: [formula.Parse] and [Build] in one, a
// mistake in the text being a poisoned node too.
func Parse(text string, names map[string]*graph.Node) *graph.Node {
	e, err := formula.Parse(text)
	if err != nil {
		return graph.Fail("formula", nil, "%s", strings.TrimPrefix(err.Error(), "formula: "))
	}
	return Build(e, names)
}

// Build returns the node that computes e, where names stand for nodes; of an
// equation, its right side. The functions are those of [formula.Functions], and
// softmax(a) and logsoftmax(a) over the last axis. sum, mean, max, min and count
// are over all axes, sum_0(a) over axis 0; a @ b is [ops.MatMul], and a^T
// [ops.Transpose]. A comparison is 1 or 0 where a number is wanted. What has no
// names is computed at once.
//
// It fails for a name or a function that is not known, for indices, x[i], and for
// what the ops refuse.
func Build(e *formula.Expr, names map[string]*graph.Node) *graph.Node {
	b := builder{names: names, typ: graph.Float32}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		if x := names[n]; x.Err() != nil {
			return graph.Fail("formula", []*graph.Node{x}, "")
		} else if x.DType() == graph.Float64 {
			b.typ = graph.Float64
		}
	}
	_, e = e.Sides()
	return b.number(e)
}

type builder struct {
	names map[string]*graph.Node
	typ   graph.DType // of numbers, and of comparisons where a number is wanted
}

func fail(format string, a ...any) *graph.Node { return graph.Fail("formula", nil, format, a...) }

// number builds e, as numbers where it is a condition.
func (b *builder) number(e *formula.Expr) *graph.Node {
	n := b.build(e)
	if n.Err() == nil && n.DType() == graph.Bool {
		return ops.Convert(n, b.typ)
	}
	return n
}

// condition builds e, as a comparison with 0 where it is a number.
func (b *builder) condition(e *formula.Expr) *graph.Node {
	n := b.build(e)
	if n.Err() == nil && n.DType() != graph.Bool {
		return ops.NotEqual(n, graph.Scalar(0))
	}
	return n
}

func (b *builder) build(e *formula.Expr) *graph.Node {
	if e.Kind == formula.Name {
		if n, ok := b.names[e.String()]; ok {
			return n
		}
		if len(e.Args) > 0 {
			return fail("%s has indices: write what holds for all elements, or use ops.Take", e)
		}
	}
	if e.Kind == formula.Number || !b.mentions(e) {
		v, err := e.Eval(nil)
		if err != nil {
			return b.unknown(e, err)
		}
		return b.constant(v)
	}
	if e.Kind == formula.Call {
		return b.call(e)
	}
	return b.operator(e)
}

// constant returns a number that goes with b's dtype, also as a result of ops on
// numbers alone.
func (b *builder) constant(v float64) *graph.Node {
	if b.typ == graph.Float64 {
		return graph.ScalarOf(b.typ, v)
	}
	return graph.Scalar(v)
}

// mentions reports whether a node is in e.
func (b *builder) mentions(e *formula.Expr) bool {
	return slices.ContainsFunc(e.Names(), func(n string) bool { return b.names[n] != nil })
}

// unknown says what is wrong with an expression that has no value.
func (b *builder) unknown(e *formula.Expr, err error) *graph.Node {
	for _, n := range e.Names() {
		if b.names[n] != nil {
			continue
		}
		return fail("%s is not known here: the names are %s", n, strings.Join(slices.Sorted(maps.Keys(b.names)), ", "))
	}
	return fail("%s", strings.TrimPrefix(err.Error(), "formula: "))
}

func (b *builder) numbers(all []*formula.Expr) []*graph.Node {
	x := make([]*graph.Node, len(all))
	for i, a := range all {
		x[i] = b.number(a)
	}
	return x
}

var binary = map[string]func(x, y *graph.Node) *graph.Node{
	"+": ops.Add, "-": ops.Sub, "*": ops.Mul, "/": ops.Div, "^": ops.Pow, "@": ops.MatMul,
	"<": ops.Less, "<=": ops.LessEqual, ">": ops.Greater, ">=": ops.GreaterEqual, "==": ops.Equal, "!=": ops.NotEqual,
}

func (b *builder) operator(e *formula.Expr) *graph.Node {
	if f := binary[e.Text]; f != nil {
		x := b.numbers(e.Args)
		return f(x[0], x[1])
	}
	switch e.Text {
	case formula.Negative:
		return ops.Neg(b.number(e.Args[0]))
	case formula.Transpose:
		return ops.Transpose(b.number(e.Args[0]))
	case formula.Choice:
		return ops.Where(b.condition(e.Args[0]), b.number(e.Args[1]), b.number(e.Args[2]))
	case "&&":
		return ops.And(b.condition(e.Args[0]), b.condition(e.Args[1]))
	case "||":
		return ops.Or(b.condition(e.Args[0]), b.condition(e.Args[1]))
	case "!":
		return ops.Not(b.condition(e.Args[0]))
	}
	return fail("%s cannot be built: %s has no op here", e, e.Text)
}

// unary are the functions of one number, and those over the last axis.
var unary = map[string]func(*graph.Node) *graph.Node{
	"abs": ops.Abs, "sign": ops.Sign, "sqrt": ops.Sqrt, "exp": ops.Exp, "expm1": ops.Expm1, "log": ops.Log, "log1p": ops.Log1p, "log2": ops.Log2, "log10": ops.Log10,
	"sin": ops.Sin, "cos": ops.Cos, "tan": ops.Tan, "asin": ops.Asin, "acos": ops.Acos, "atan": ops.Atan,
	"sinh": ops.Sinh, "cosh": ops.Cosh, "tanh": ops.Tanh, "asinh": ops.Asinh, "acosh": ops.Acosh, "atanh": ops.Atanh,
	"erf": ops.Erf, "erfc": ops.Erfc, "erfinv": ops.Erfinv, "sigmoid": ops.Sigmoid, "softplus": ops.Softplus, "relu": ops.ReLU,
	"lgamma": ops.LGamma, "digamma": ops.Digamma, "floor": ops.Floor, "ceil": ops.Ceil, "round": ops.Round, "isnan": ops.IsNaN,
	"gelu": ops.GELU, "silu": ops.SiLU, "mish": ops.Mish, "logsigmoid": ops.LogSigmoid, "square": ops.Square,
	"isinf":      func(x *graph.Node) *graph.Node { return ops.Equal(ops.Abs(x), graph.Scalar(math.Inf(1))) },
	"softmax":    func(x *graph.Node) *graph.Node { return ops.Softmax(x, -1) },
	"logsoftmax": func(x *graph.Node) *graph.Node { return ops.LogSoftmax(x, -1) },
}

// pairs are the functions of two numbers.
var pairs = map[string]func(x, y *graph.Node) *graph.Node{
	"min": ops.Minimum, "max": ops.Maximum, "mod": ops.Mod, "atan2": ops.Atan2, "hypot": ops.Hypot, "logaddexp": ops.LogAddExp, "xlogy": ops.XLogY,
}

// reductions are over the given axes, all if there are none.
var reductions = map[string]func(x *graph.Node, axes ...int) *graph.Node{
	"sum": ops.Sum, "mean": ops.Mean, "max": ops.Max, "min": ops.Min, "count": ops.Count, "var": ops.Var, "std": ops.Std, "norm": ops.Norm,
}

func (b *builder) call(e *formula.Expr) *graph.Node {
	reduce := reductions[e.Text]
	switch {
	case e.Sub != "":
		axis, err := strconv.Atoi(e.Sub)
		if err != nil || reduce == nil || len(e.Args) != 1 {
			return fail("%s has the index %s: write %s_0(...) for axis 0, or %s(...) for all elements", e, e.Sub, e.Text, e.Text)
		}
		return reduce(b.number(e.Args[0]), axis)
	case reduce != nil && len(e.Args) == 1:
		return reduce(b.number(e.Args[0]))
	case unary[e.Text] != nil && len(e.Args) == 1:
		return unary[e.Text](b.number(e.Args[0]))
	case pairs[e.Text] != nil && len(e.Args) == 2:
		x := b.numbers(e.Args)
		return pairs[e.Text](x[0], x[1])
	case len(e.Args) == 3 && e.Text == "where":
		return ops.Where(b.condition(e.Args[0]), b.number(e.Args[1]), b.number(e.Args[2]))
	case len(e.Args) == 3 && e.Text == "clip":
		x := b.numbers(e.Args)
		return ops.Clamp(x[0], x[1], x[2])
	case len(e.Args) == 2 && (e.Text == "polygamma" || e.Text == "besseli"):
		return b.ordered(e)
	}
	return b.defined(e)
}

// ordered builds a function whose first argument is a fixed whole number.
func (b *builder) ordered(e *formula.Expr) *graph.Node {
	order, err := e.Args[0].Eval(nil)
	n := int(order)
	switch {
	case err != nil || float64(n) != order || n < 0:
	case e.Text == "polygamma":
		return ops.Polygamma(n, b.number(e.Args[1]))
	case n == 0:
		return ops.I0(b.number(e.Args[1]))
	case n == 1:
		return ops.I1(b.number(e.Args[1]))
	}
	return fail("%s has the order %s: want a whole number, 0 or 1 for besseli", e, e.Args[0])
}

// defined builds a function that is written in others: its body, of its
// arguments.
func (b *builder) defined(e *formula.Expr) *graph.Node {
	body, args := e.Definition()
	if body == nil {
		return b.unknown(e, e.Check())
	}
	inner := builder{names: map[string]*graph.Node{}, typ: b.typ}
	for i, a := range args {
		inner.names[a] = b.number(e.Args[i])
	}
	return inner.number(body)
}
