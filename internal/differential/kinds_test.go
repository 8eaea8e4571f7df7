package differential_test

import (
	"math"
	"slices"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// A kind makes a value from the pool, or nil.
type kind func(g *grower) *graph.Node

// A weighted kind is taken so often.
type weighted struct {
	weight int
	make   kind
}

// kinds are the ways in which graphs grow, with how often each is taken.
var kinds = []weighted{
	{12, smooth}, {4, guarded}, {3, wild}, {14, arithmetic}, {4, withNumber}, {12, reduction}, {4, norm},
	{4, comparison}, {3, logic}, {3, where}, {12, view}, {4, join}, {6, product}, {4, index}, {2, triangle},
	{2, cumulative}, {2, random}, {3, conversion}, {2, control}, {3, integers}, {2, loss}, {2, userOp}, {1, einsum}, {2, images}, {2, scan}, {1, while}, {1, cond},
}

// grow makes one more value.
func (g *grower) grow() {
	for range 20 {
		total := 0
		for _, k := range g.kinds {
			total += k.weight
		}
		at := g.rnd.IntN(total)
		for _, k := range g.kinds {
			if at -= k.weight; at < 0 {
				if g.push(k.make(g)) {
					return
				}
				break
			}
		}
	}
}

type unary = func(*graph.Node) *graph.Node

var smoothOps = []unary{
	ops.Tanh, ops.Sin, ops.Cos, ops.Sigmoid, ops.Erf, ops.Erfc, ops.Atan, ops.Asinh, ops.Softplus, ops.ReLU, ops.Abs, ops.Neg, ops.Sign,
	ops.Square, ops.Floor, ops.Ceil, ops.Round, ops.GELU, ops.GELUTanh, ops.SiLU, ops.Mish, ops.LogSigmoid, ops.Softsign, ops.ReLU6,
	ops.HardSwish, ops.SELU, ops.TanhShrink, ops.OneMinus, ops.HardSigmoid,
}

func smooth(g *grower) *graph.Node { return choose(g, smoothOps)(g.any1()) }

// calm brings x into [-2, 2].
func calm(x *graph.Node) *graph.Node { return ops.Scale(ops.Tanh(x), 2) }

var guardedOps = []unary{
	func(x *graph.Node) *graph.Node { return ops.Exp(calm(x)) },
	func(x *graph.Node) *graph.Node { return ops.Exp2(calm(x)) },
	func(x *graph.Node) *graph.Node { return ops.Expm1(calm(x)) },
	func(x *graph.Node) *graph.Node { return ops.Log(positive(x)) },
	func(x *graph.Node) *graph.Node { return ops.Log1p(ops.Square(calm(x))) },
	func(x *graph.Node) *graph.Node { return ops.Log2(positive(x)) },
	func(x *graph.Node) *graph.Node { return ops.Log10(positive(x)) },
	func(x *graph.Node) *graph.Node { return ops.Sqrt(positive(x)) },
	func(x *graph.Node) *graph.Node { return ops.Rsqrt(positive(x)) },
	func(x *graph.Node) *graph.Node { return ops.Reciprocal(positive(x)) },
	func(x *graph.Node) *graph.Node { return ops.Asin(ops.Scale(calm(x), 0.4)) },
	func(x *graph.Node) *graph.Node { return ops.Acos(ops.Scale(calm(x), 0.4)) },
	func(x *graph.Node) *graph.Node { return ops.Atanh(ops.Scale(calm(x), 0.4)) },
	func(x *graph.Node) *graph.Node { return ops.Acosh(ops.Add(positive(x), graph.Scalar(1))) },
	func(x *graph.Node) *graph.Node { return ops.Sinh(calm(x)) },
	func(x *graph.Node) *graph.Node { return ops.Cosh(calm(x)) },
	func(x *graph.Node) *graph.Node { return ops.Tan(ops.Scale(calm(x), 0.5)) },
}

// positive is x² + 1/2.
func positive(x *graph.Node) *graph.Node {
	return ops.Add(ops.Square(calm(x)), graph.Scalar(0.5))
}

func guarded(g *grower) *graph.Node { return choose(g, guardedOps)(g.any1()) }

// wild ops may leave their domain.
func wild(g *grower) *graph.Node {
	x := g.any1()
	return choose(g, []unary{ops.Exp, ops.Log, ops.Sqrt, ops.Rsqrt, ops.Reciprocal, ops.Log1p, ops.Expm1, ops.Exp2, ops.Sinh, ops.Tan})(x)
}

func arithmetic(g *grower) *graph.Node {
	x := g.any1()
	y := g.partner(x)
	if g.chance(0.3) {
		x, y = y, x
	}
	switch g.rnd.IntN(16) {
	case 0, 1, 2:
		return ops.Add(x, y)
	case 3, 4:
		return ops.Sub(x, y)
	case 5, 6, 7:
		return ops.Mul(x, y)
	case 8:
		return ops.Div(x, positive(y))
	case 9:
		return ops.Maximum(x, y)
	case 10:
		return ops.Minimum(x, y)
	case 11:
		return choose(g, []func(x, y *graph.Node) *graph.Node{ops.Atan2, ops.Hypot, ops.LogAddExp})(x, y)
	case 12:
		return ops.Mod(x, positive(y))
	case 13:
		return ops.Pow(positive(x), calm(y))
	case 14:
		return ops.Div(x, y)
	}
	return ops.Clamp(x, graph.Scalar(-1), y)
}

func withNumber(g *grower) *graph.Node {
	x, c := g.any1(), graph.Scalar(choose(g, []float64{0, 1, -1, 2, 0.5, -0.25, 3, 1e-3}))
	switch g.rnd.IntN(9) {
	case 0:
		return ops.Add(x, c)
	case 1:
		return ops.Sub(c, x)
	case 2:
		return ops.Mul(c, x)
	case 3:
		return ops.Div(x, c)
	case 4:
		return ops.Pow(x, c)
	case 5:
		return ops.Maximum(x, c)
	case 6:
		return ops.LeakyReLU(x, 0.1)
	case 7:
		return ops.Div(c, positive(x))
	}
	return ops.BroadcastTo(ops.Mul(c, graph.ScalarOf(g.float, 0.75)), graph.Of(g.dims()...))
}

func reduction(g *grower) *graph.Node {
	x := g.any1()
	axes := g.axes(x)
	reduce := choose(g, []func(x *graph.Node, axes ...int) *graph.Node{
		ops.Sum, ops.Sum, ops.Sum, ops.Mean, ops.Mean, ops.Max, ops.Max, ops.Min, ops.LogSumExp, ops.Norm, ops.Var, ops.Std,
		func(x *graph.Node, axes ...int) *graph.Node {
			return ops.Prod(ops.Add(ops.Scale(ops.Tanh(x), 0.5), graph.Scalar(1)), axes...)
		},
		func(x *graph.Node, axes ...int) *graph.Node {
			return ops.NormP(x, choose(g, []float64{0, 1, 3, math.Inf(1), math.Inf(-1)}), axes...)
		},
		func(x *graph.Node, axes ...int) *graph.Node { return ops.Sum(ops.Square(x), axes...) },
	})
	if !g.chance(0.5) {
		return reduce(x, axes...)
	}
	y := ops.Keep(reduce, x, axes...)
	if y.Err() != nil || g.chance(0.4) {
		return y
	}
	if g.chance(0.5) {
		return ops.Sub(x, y)
	}
	return ops.Mul(x, y)
}

// norm is a composite that reduces and comes back.
func norm(g *grower) *graph.Node {
	x := g.ranked(1)
	axis := g.axis(x)
	centered := func(x *graph.Node, axes ...int) *graph.Node {
		d := ops.Sub(x, ops.Keep(ops.Mean, x, axes...))
		v := ops.Keep(ops.Mean, ops.Square(d), axes...)
		return ops.Div(d, ops.Sqrt(ops.Add(v, graph.Scalar(1e-2))))
	}
	switch g.rnd.IntN(6) {
	case 0:
		return ops.Softmax(x, axis)
	case 1:
		return ops.LogSoftmax(x, axis)
	case 2:
		return centered(x, -1)
	case 3:
		return centered(x, g.axes(x)...)
	case 4: // in groups of channels
		d := x.Shape().Dims()
		for _, n := range []graph.Dim{2, 3, 4} {
			if c := d[axis]; c > 0 && c%n == 0 {
				split := slices.Concat(d[:axis], []graph.Dim{n, c / n}, d[axis+1:])
				return ops.Reshape(centered(ops.Reshape(x, split...), axis+1), d...)
			}
		}
	}
	scale := ops.Rsqrt(ops.Add(ops.Keep(ops.Mean, ops.Square(x), -1), graph.Scalar(1e-2)))
	return ops.Mul(ops.Mul(x, scale), g.partner(x))
}

func comparison(g *grower) *graph.Node {
	x := g.any1()
	y := g.partner(x)
	if g.chance(0.3) {
		y = graph.Scalar(choose(g, []float64{0, 0.5, -1}))
	}
	if g.chance(0.1) {
		return ops.IsNaN(x)
	}
	return choose(g, []func(x, y *graph.Node) *graph.Node{ops.Less, ops.LessEqual, ops.Greater, ops.GreaterEqual, ops.Equal, ops.NotEqual})(x, y)
}

func logic(g *grower) *graph.Node {
	x := g.typed(graph.Bool)
	switch g.rnd.IntN(4) {
	case 0:
		return ops.Not(x)
	case 1:
		axes := g.axes(x)
		y := choose(g, []func(x *graph.Node, axes ...int) *graph.Node{ops.Any, ops.All})(x, axes...)
		return y
	}
	return choose(g, []func(x, y *graph.Node) *graph.Node{ops.And, ops.Or, ops.Xor})(x, g.partner(x))
}

func where(g *grower) *graph.Node {
	c := g.typed(graph.Bool)
	d := g.float
	if g.chance(0.2) {
		d = choose(g, []graph.DType{graph.Int32, graph.Int64, graph.Bool})
	}
	x := g.pick(func(x *graph.Node) bool {
		_, err := graph.Broadcast(x.Shape(), c.Shape())
		return err == nil && x.DType() == d
	})
	if x == nil {
		x = g.leaf(d, g.narrowed(c.Shape()))
	}
	y := g.partner(x)
	if g.chance(0.3) && d != graph.Bool {
		y = graph.Scalar(choose(g, []float64{0, 1}))
	}
	if g.chance(0.3) {
		x, y = y, x
	}
	return ops.Where(c, x, y)
}

// view returns the elements of a value of any dtype in another way.
func view(g *grower) *graph.Node {
	x := g.ranked(1)
	if g.chance(0.15) {
		x = g.typed(choose(g, []graph.DType{graph.Int32, graph.Int64, graph.Bool, graph.Float32, graph.Float64}))
	}
	d := x.Shape().Dims()
	if len(d) == 0 {
		return ops.BroadcastTo(x, graph.Of(g.dims()...))
	}
	axis := g.axis(x)
	switch g.rnd.IntN(11) {
	case 0, 1:
		return ops.Transpose(x, g.rnd.Perm(len(d))...)
	case 2:
		return g.reshape(x)
	case 3:
		return g.slice(x, axis)
	case 4:
		return ops.Flip(x, g.axes(x)...)
	case 5:
		return ops.BroadcastTo(x, graph.Of(append([]graph.Dim{choose(g, []graph.Dim{1, 2, 3, 5})}, d...)...))
	case 6:
		for i, n := range d {
			if n == 1 {
				return ops.BroadcastTo(x, x.Shape().With(i, g.length()))
			}
		}
		return ops.Expand(x, g.rnd.IntN(len(d)+1))
	case 7:
		return ops.Squeeze(x)
	case 8:
		return ops.Index(x, axis, choose(g, []int{0, -1}))
	case 9:
		return ops.Repeat(x, 1+g.rnd.IntN(3), axis)
	}
	return ops.Tile(x, 1+g.rnd.IntN(2), 1+g.rnd.IntN(2))
}

// reshape joins axes, or splits one.
func (g *grower) reshape(x *graph.Node) *graph.Node {
	d := x.Shape().Dims()
	i := g.rnd.IntN(len(d))
	switch {
	case g.chance(0.2):
		return ops.Reshape(x, graph.Auto)
	case g.chance(0.5) && i+1 < len(d):
		return ops.Reshape(x, slices.Concat(d[:i], []graph.Dim{d[i].Mul(d[i+1])}, d[i+2:])...)
	}
	for _, n := range []graph.Dim{2, 3, 5, 4} {
		if d[i] > 0 && d[i]%n == 0 {
			return ops.Reshape(x, slices.Concat(d[:i], []graph.Dim{n, d[i] / n}, d[i+1:])...)
		}
	}
	return ops.Expand(x, i)
}

func (g *grower) slice(x *graph.Node, axis int) *graph.Node {
	n := g.known(x.Shape().Dim(axis))
	if n < 2 || x.Shape().Dim(axis).Symbolic() {
		return ops.Slice(x, axis, g.rnd.IntN(2), ops.End, 1+g.rnd.IntN(2))
	}
	from := g.rnd.IntN(n)
	to := from + 1 + g.rnd.IntN(n-from)
	if g.chance(0.3) {
		from, to = from-n, ops.End
	}
	return ops.Slice(x, axis, from, to, 1+g.rnd.IntN(3))
}

func join(g *grower) *graph.Node {
	x := g.ranked(1)
	if g.chance(0.1) {
		x = g.typed(choose(g, []graph.DType{graph.Int32, graph.Int64, graph.Bool}))
	}
	if x.Shape().Rank() == 0 {
		return ops.Expand(x, 0)
	}
	axis := g.axis(x)
	switch g.rnd.IntN(6) {
	case 0, 1:
		y := g.pick(func(y *graph.Node) bool {
			return y.DType() == x.DType() && y.Shape().Rank() == x.Shape().Rank() && y.Shape().With(axis, 1) == x.Shape().With(axis, 1)
		})
		if y == nil || g.chance(0.3) {
			y = g.leaf(x.DType(), x.Shape().With(axis, choose(g, []graph.Dim{1, 2, 3})).Dims())
		}
		return ops.Concat(axis, x, y, x)
	case 2:
		return ops.Stack(g.rnd.IntN(x.Shape().Rank()+1), x, x)
	case 3:
		if x.DType() == graph.Bool {
			return nil
		}
		return ops.Pad(x, axis, g.rnd.IntN(3), g.rnd.IntN(3), choose(g, []float64{0, 1, -2}))
	case 4:
		if n := g.known(x.Shape().Dim(axis)); n > 1 && !x.Shape().Dim(axis).Symbolic() {
			parts := ops.Split(x, axis, 1, graph.Dim(n-1))
			return parts[g.rnd.IntN(2)]
		}
	case 5:
		if !x.Shape().Dim(axis).Symbolic() {
			return ops.Roll(x, 1+g.rnd.IntN(3), axis)
		}
	}
	if x.DType() == graph.Bool {
		return nil
	}
	return ops.Shift(x, g.rnd.IntN(5)-2, axis, 0)
}

// product multiplies matrices, of which one or both may be read transposed.
func product(g *grower) *graph.Node {
	x := g.ranked(1)
	d := x.Shape().Dims()
	k := d[len(d)-1]
	y := g.pick(func(y *graph.Node) bool {
		r := y.Shape().Rank()
		return y.DType() == g.float && r > 0 && y.Shape().Dim(max(r-2, 0)) == k
	})
	if y == nil || g.chance(0.5) {
		n := choose(g, []graph.Dim{1, 1, 2, 3, 5, 8, 10, 16, 33})
		batch := d[:max(len(d)-2, 0)]
		switch g.rnd.IntN(4) {
		case 0:
			batch = g.narrowed(graph.Of(batch...))
		case 1:
		default:
			batch = nil
		}
		if g.chance(0.4) {
			y = ops.Transpose(g.leaf(g.float, slices.Concat(batch, []graph.Dim{n, k})))
		} else {
			y = g.leaf(g.float, slices.Concat(batch, []graph.Dim{k, n}))
		}
	}
	if g.known(k) > 40 {
		y = ops.Scale(y, 1/math.Sqrt(float64(g.known(k))))
	}
	z := ops.MatMul(x, y)
	if z.Err() != nil {
		return nil
	}
	switch g.rnd.IntN(5) {
	case 0:
		return ops.MatMul(ops.Transpose(z), z)
	case 1:
		return ops.ReLU(ops.Add(z, g.leaf(g.float, z.Shape().Dims()[max(0, z.Shape().Rank()-1):])))
	}
	return z
}

func einsum(g *grower) *graph.Node {
	x := g.ranked(2)
	if x.Shape().Rank() != 2 {
		return nil
	}
	y := g.leaf(g.float, []graph.Dim{x.Shape().Dim(1), g.length()})
	return choose(g, []kind{
		func(*grower) *graph.Node { return ops.Einsum("ij,jk->ki", x, y) },
		func(*grower) *graph.Node { return ops.Einsum("ij,ij->j", x, x) },
		func(*grower) *graph.Node { return ops.Einsum("ij->", x) },
		func(*grower) *graph.Node { return ops.Outer(ops.Index(x, 0, 0), ops.Index(x, 0, -1)) },
		func(*grower) *graph.Node { return ops.Dot(ops.Index(x, 0, 0), ops.Index(x, 0, -1)) },
	})(g)
}

func index(g *grower) *graph.Node {
	x := g.ranked(1)
	axis := g.axis(x)
	n := x.Shape().Dim(axis)
	d := choose(g, []graph.DType{graph.Int32, graph.Int64})
	switch g.rnd.IntN(6) {
	case 0:
		return ops.Take(x, g.input(leaf{limit: n}, d, g.dims()...), axis)
	case 1:
		last := x.Shape().Rank() - 1
		at := g.narrowed(x.Shape().With(last, 1))
		for len(at) <= last {
			at = slices.Insert(at, 0, 1)
		}
		return ops.TakeAlongAxis(x, g.input(leaf{limit: x.Shape().Dim(last)}, d, at...), last)
	case 2:
		return ops.TakeAlongAxis(x, g.input(leaf{limit: n}, d, x.Shape().With(axis, choose(g, []graph.Dim{1, 2, 3})).Dims()...), axis)
	case 3:
		return ops.Mul(ops.OneHot(g.typed(d), choose(g, []graph.Dim{2, 5, 10}), g.float), graph.Scalar(0.5))
	case 4:
		k := x.Shape().With(axis, choose(g, []graph.Dim{1, 2}))
		return ops.ScatterAdd(x, g.input(leaf{limit: n}, d, k.Dims()...), g.leaf(g.float, k.Dims()), axis)
	}
	if g.chance(0.5) {
		return ops.ArgMax(x, axis)
	}
	return ops.ArgMin(x, axis)
}

func triangle(g *grower) *graph.Node {
	x := g.ranked(2)
	switch g.rnd.IntN(4) {
	case 0:
		return ops.Tril(x, g.rnd.IntN(3)-1)
	case 1:
		return ops.Triu(x, g.rnd.IntN(3)-1)
	case 2:
		if x.Shape().Rank() == 2 {
			return ops.Diag(x, 0)
		}
	}
	return ops.Add(x, ops.Convert(ops.Iota(graph.Int32, x.Shape(), g.axis(x)), g.float))
}

func cumulative(g *grower) *graph.Node {
	x := g.ranked(1)
	axis := g.axis(x)
	switch g.rnd.IntN(4) {
	case 0:
		return ops.CumProd(ops.Tanh(x), axis)
	case 1:
		return ops.Recurrence(ops.Tanh(g.partner(x)), x, axis)
	}
	return ops.CumSum(ops.Scale(x, 0.1), axis)
}

func random(g *grower) *graph.Node {
	state := graph.ConstOf([]int64{int64(g.rnd.IntN(100)), 3}, 2)
	t := graph.Type{DType: g.float, Shape: graph.Of(g.dims()...)}
	stream := g.rnd.IntN(3)
	switch g.rnd.IntN(4) {
	case 0:
		return ops.Uniform(state, stream, t)
	case 1:
		return ops.Normal(state, stream, t)
	case 2:
		x := g.any1()
		keep := ops.Bernoulli(state, stream, 0.7, x.Shape())
		return ops.Where(keep, ops.Scale(x, 1/0.7), graph.Scalar(0))
	}
	return ops.Bernoulli(state, stream, 0.4, t.Shape)
}

func conversion(g *grower) *graph.Node {
	all := []graph.DType{graph.Float32, graph.Float64, graph.Int32, graph.Int64, graph.Bool}
	if g.chance(0.4) { // there and back
		x := ops.Convert(g.any1(), choose(g, all[:4]))
		return ops.Convert(ops.Add(x, graph.Scalar(1)), g.float)
	}
	x := g.typed(choose(g, all))
	if g.chance(0.5) {
		return ops.Convert(x, g.float)
	}
	return ops.Convert(x, choose(g, all))
}

func control(g *grower) *graph.Node {
	x := g.any1()
	switch g.rnd.IntN(4) {
	case 0:
		return ops.StopGradient(x)
	case 1:
		return ops.InTraining(ops.Tanh(x), ops.Sin(x))
	case 2:
		return ops.Later(ops.Tanh(x), g.any1())
	}
	f := autodiff.Checkpoint(func(x ...*graph.Node) *graph.Node { return ops.Sin(ops.Mul(ops.Tanh(x[0]), x[0])) })
	return f(x)
}

func integers(g *grower) *graph.Node {
	x := g.typed(choose(g, []graph.DType{graph.Int32, graph.Int64}))
	y := g.partner(x)
	switch g.rnd.IntN(9) {
	case 0:
		return ops.Add(x, y)
	case 1:
		return ops.Mul(x, y)
	case 2:
		return ops.Mod(x, graph.Scalar(3))
	case 3:
		return ops.Maximum(x, y)
	case 4:
		return ops.Less(x, y)
	case 5:
		return ops.Equal(x, y)
	case 6:
		return choose(g, []func(x *graph.Node, axes ...int) *graph.Node{ops.Sum, ops.Max, ops.Min, ops.Prod})(x, g.axes(x)...)
	case 7:
		return ops.Less(ops.Iota(x.DType(), graph.Of(g.length(), 3), 0), graph.Scalar(2))
	}
	return choose(g, []unary{ops.Neg, ops.Abs, ops.Square, ops.Sign, ops.ReLU})(x)
}

func loss(g *grower) *graph.Node {
	x := g.ranked(2)
	n := x.Shape().Dim(-1)
	if n.Symbolic() || x.Shape().Rank() != 2 || n == 0 {
		return nil
	}
	labels := g.input(leaf{limit: n, labels: true}, choose(g, []graph.DType{graph.Int32, graph.Int64}), x.Shape().Dim(0))
	r := choose(g, []nn.Reduction{nn.Mean, nn.Sum, nn.None})
	switch g.rnd.IntN(5) {
	case 0:
		return nn.CrossEntropy(x, labels, nn.CrossEntropyOptions{Reduction: r})
	case 1:
		return nn.CrossEntropy(x, labels, nn.CrossEntropyOptions{Smoothing: 0.1})
	case 2:
		return nn.BinaryCrossEntropy(x, ops.Sigmoid(x), r)
	case 3:
		return nn.MSE(x, ops.Tanh(x), r)
	}
	return nn.Accuracy(x, labels)
}

// images takes a value as images, of either layout.
func images(g *grower) *graph.Node {
	x := g.ranked(3)
	if g.chance(0.5) {
		return lastImages(g, x)
	}
	first, last := []int{0, x.Shape().Rank() - 1}, []int{0}
	for i := 2; i < x.Shape().Rank(); i++ {
		first, last = append(first, i-1), append(last, i)
	}
	y := lastImages(g, ops.Transpose(x, append(last, 1)...))
	if y == nil {
		return nil
	}
	return ops.Transpose(y, first...) // what ops with channels first are
}

// lastImages takes x as images [n h w c], or with another number of spatial axes.
func lastImages(g *grower, x *graph.Node) *graph.Node {
	axes := x.Shape().Rank() - 2
	if axes > 3 || g.special { // the engine multiplies padding, the reference executor leaves it out
		return nil
	}
	each := func(choices ...int) []int {
		list := make([]int, axes)
		for i := range list {
			list[i] = choices[g.rnd.IntN(len(choices))]
		}
		return list
	}
	pad := make([][2]int, axes)
	for i := range pad {
		pad[i] = [2]int{g.rnd.IntN(2), g.rnd.IntN(2)}
	}
	window := each(1, 2, 3)
	switch g.rnd.IntN(5) {
	case 0:
		return ops.MaxPool(x, window, ops.PoolOptions{ChannelsLast: true, Stride: each(1, 2), Pad: pad})
	case 1:
		return ops.AvgPool(x, window, ops.PoolOptions{ChannelsLast: true, Stride: each(1, 2, 3), Dilation: each(1, 2), Pad: pad, CountPad: g.chance(0.5)})
	}
	c := x.Shape().Dim(-1)
	if c.Symbolic() {
		return nil
	}
	groups := 1
	if c > 0 && g.chance(0.3) {
		groups = choose(g, []int{int(c), 2})
	}
	out := groups * (1 + g.rnd.IntN(3))
	var dims []graph.Dim
	for _, n := range window {
		dims = append(dims, graph.Dim(n))
	}
	o := ops.ConvOptions{ChannelsLast: true, Stride: each(1, 1, 2), Dilation: each(1, 1, 2), Pad: pad, Groups: groups}
	if g.chance(0.2) && groups == 1 {
		return ops.ConvTranspose(x, g.leaf(g.float, append(dims, graph.Dim(out), c)), ops.ConvOptions{ChannelsLast: true, Stride: o.Stride})
	}
	return ops.Conv(x, g.leaf(g.float, append(dims, c/graph.Dim(groups), graph.Dim(out))), o)
}

// snake is an op that the engine has no instruction for.
type snake struct{ a float64 }

func (snake) Name() string                               { return "snake" }
func (snake) Infer(in ...graph.Type) (graph.Type, error) { return in[0], nil }
func (s snake) Eval(out graph.Tensor, in ...graph.Tensor) {
	for i := range out.Len() {
		x, sin := in[0].At(i), math.Sin(s.a*in[0].At(i))
		out.Set(i, x+sin*sin/s.a)
	}
}
func (s snake) VJP(_, ct *graph.Node, x ...*graph.Node) []*graph.Node {
	return []*graph.Node{ops.Mul(ct, ops.Add(ops.Sin(ops.Scale(x[0], 2*s.a)), graph.Scalar(1)))}
}

func userOp(g *grower) *graph.Node { return graph.Apply(snake{2}, g.any1()) }
