package ops

import (
	"errors"
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// Add returns x + y.
func Add(x, y *Node) *Node { return binary(add{}, x, y) }

type add struct{ numbers }

func (add) Name() string { return "add" }
func (add) Doc() graph.Doc {
	return doc("The sum of two values; the gradient goes to both as it is.", "y = a + b", "ā = ȳ; b̄ = ȳ")
}
func (add) Opcode() ir.Op { return ir.Add }
func (add) Eval(out Tensor, in ...Tensor) {
	each2(out, in, func(x, y float64) float64 { return x + y }, func(x, y int64) int64 { return x + y })
}
func (add) VJP(_, ct *Node, _ ...*Node) []*Node { return []*Node{ct, ct} }
func (add) Simplify(x ...*Node) *Node {
	if graph.IsZero(x[1]) {
		return spread(x[0], x[1])
	}
	if graph.IsZero(x[0]) {
		return spread(x[1], x[0])
	}
	return nil
}

// spread returns x broadcast with the shape of y.
func spread(x, y *Node) *Node {
	s, _ := graph.Broadcast(x.Shape(), y.Shape())
	return BroadcastTo(x, s)
}

// Sub returns x - y.
func Sub(x, y *Node) *Node { return binary(sub{}, x, y) }

type sub struct{ numbers }

func (sub) Name() string { return "sub" }
func (sub) Doc() graph.Doc {
	return doc("The difference of two values, such as a prediction and its label.", "y = a - b", "ā = ȳ; b̄ = -ȳ")
}
func (sub) Opcode() ir.Op { return ir.Sub }
func (sub) Eval(out Tensor, in ...Tensor) {
	each2(out, in, func(x, y float64) float64 { return x - y }, func(x, y int64) int64 { return x - y })
}
func (sub) VJP(_, ct *Node, _ ...*Node) []*Node { return []*Node{ct, Neg(ct)} }
func (sub) Simplify(x ...*Node) *Node {
	if graph.IsZero(x[1]) {
		return spread(x[0], x[1])
	}
	if graph.IsZero(x[0]) {
		return Neg(spread(x[1], x[0]))
	}
	return nil
}

// OneMinus returns 1 - x.
func OneMinus(x *Node) *Node { return Sub(num(1), x) }

// Mul returns x * y, elementwise.
func Mul(x, y *Node) *Node { return binary(mul{}, x, y) }

type mul struct{ numbers }

func (mul) Name() string { return "mul" }
func (mul) Doc() graph.Doc {
	return doc("The product, element by element: each operand scales the gradient of the other.", "y = a*b", "ā = ȳ*b; b̄ = ȳ*a")
}
func (mul) Opcode() ir.Op { return ir.Mul }
func (mul) Eval(out Tensor, in ...Tensor) {
	each2(out, in, func(x, y float64) float64 { return x * y }, func(x, y int64) int64 { return x * y })
}
func (mul) VJP(_, ct *Node, x ...*Node) []*Node { return []*Node{Mul(ct, x[1]), Mul(ct, x[0])} }
func (mul) Simplify(x ...*Node) *Node {
	for i := range x {
		if graph.IsZero(x[i]) {
			return spread(x[i], x[1-i])
		}
		if v, ok := graph.ScalarValue(x[i]); ok && v == 1 {
			return x[1-i]
		}
	}
	return nil
}

// Scale returns a·x for a fixed number a.
func Scale(x *Node, a float64) *Node { return Mul(x, num(a)) }

// Div returns x / y of floats. For a divisor that may be 0, see [Log].
func Div(x, y *Node) *Node { return binary(div{}, x, y) }

type div struct{ floats }

func (div) Name() string { return "div" }
func (div) Doc() graph.Doc {
	return doc("The quotient, element by element.", "y = a/b", "ā = ȳ/b; b̄ = -ȳ*y/b")
}
func (div) Opcode() ir.Op                 { return ir.Div }
func (div) Eval(out Tensor, in ...Tensor) { map2(out, in, func(x, y float64) float64 { return x / y }) }
func (div) VJP(z, ct *Node, x ...*Node) []*Node {
	g := Div(ct, x[1])
	return []*Node{g, Neg(Mul(g, z))}
}
func (div) Simplify(x ...*Node) *Node {
	if graph.IsZero(x[0]) {
		return spread(x[0], x[1])
	}
	if v, ok := graph.ScalarValue(x[1]); ok && v == 1 {
		return x[0]
	}
	return nil
}

// Mod returns the remainder of x / y with the sign of y: x - y·floor(x/y). An
// integer divisor of 0 makes the run fail.
func Mod(x, y *Node) *Node { return binary(mod{}, x, y) }

type mod struct{ numbers }

func (mod) Name() string { return "mod" }
func (mod) Doc() graph.Doc {
	return doc("The remainder of a division, with the sign of the divisor.", "y = a - b*floor(a/b)", "ā = ȳ; b̄ = -ȳ*floor(a/b)")
}
func (mod) Opcode() ir.Op { return ir.Mod }
func (mod) Eval(out Tensor, in ...Tensor) {
	each2(out, in, func(x, y float64) float64 {
		r := math.Mod(x, y)
		if r != 0 && (r < 0) != (y < 0) {
			r += y
		}
		return r
	}, func(x, y int64) int64 {
		if y == 0 {
			panic(errors.New("integer division by zero"))
		}
		r := x % y
		if r != 0 && (r < 0) != (y < 0) {
			r += y
		}
		return r
	})
}
func (mod) VJP(_, ct *Node, x ...*Node) []*Node {
	if !x[0].DType().Float() {
		return make([]*Node, 2)
	}
	return []*Node{ct, Neg(Mul(ct, Floor(Div(x[0], x[1]))))}
}

// Pow returns x to the power p. The gradient of p is x^p·log x, and 0 where x
// is 0 and p is not negative; that of x is 0 where p is 0.
func Pow(x, p *Node) *Node { return binary(pow{}, x, p) }

type pow struct{ floats }

func (pow) Name() string { return "pow" }
func (pow) Doc() graph.Doc {
	return doc("A number to a power; each of the two may be learned.", "y = a^b", "ā = ȳ*b*a^(b - 1); b̄ = ȳ*y*log(a)")
}
func (pow) Opcode() ir.Op                 { return ir.Pow }
func (pow) Eval(out Tensor, in ...Tensor) { map2(out, in, math.Pow) }
func (pow) VJP(y, ct *Node, x ...*Node) []*Node {
	base, p := x[0], x[1]
	zero := Equal(base, num(0))
	// 0·0^-1 would be NaN
	q := Where(And(zero, Equal(p, num(0))), num(1), p)
	dx := Mul(ct, Mul(p, Pow(base, Sub(q, num(1)))))
	guard := And(zero, GreaterEqual(p, num(0)))
	dp := Where(guard, num(0), Mul(y, Log(Where(guard, num(1), base))))
	return []*Node{dx, Mul(ct, dp)}
}
func (pow) Simplify(x ...*Node) *Node {
	v, ok := graph.ScalarValue(x[1])
	switch {
	case ok && v == 1:
		return x[0]
	case ok && v == 2:
		return Square(x[0])
	}
	return nil
}

// Maximum returns the larger of x and y, NaN if one is NaN. Where they are
// equal each gets half of the gradient.
func Maximum(x, y *Node) *Node { return binary(maximum{}, x, y) }

type maximum struct{ numbers }

func (maximum) Name() string { return "maximum" }
func (maximum) Doc() graph.Doc {
	return doc("The larger of two numbers, which gets the gradient; equal ones share it.", "y = max(a, b)", "ā = where(a > b, ȳ, where(a == b, ȳ/2, 0)); b̄ = where(b > a, ȳ, where(a == b, ȳ/2, 0))")
}
func (maximum) Opcode() ir.Op { return ir.Maximum }
func (maximum) Eval(out Tensor, in ...Tensor) {
	each2(out, in, func(x, y float64) float64 { return max(x, y) }, func(x, y int64) int64 { return max(x, y) })
}
func (maximum) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{shareIf(Greater(x[0], x[1]), ct, x), shareIf(Less(x[0], x[1]), ct, x)}
}

// shareIf returns ct where won, half of it where the operands tie, else 0.
func shareIf(won, ct *Node, x []*Node) *Node {
	return Where(won, ct, Where(Equal(x[0], x[1]), Scale(ct, 0.5), num(0)))
}

// Minimum returns the smaller of x and y, NaN if one is NaN. Where they are
// equal each gets half of the gradient.
func Minimum(x, y *Node) *Node { return binary(minimum{}, x, y) }

type minimum struct{ numbers }

func (minimum) Name() string { return "minimum" }
func (minimum) Doc() graph.Doc {
	return doc("The smaller of two numbers, which gets the gradient; equal ones share it.", "y = min(a, b)", "ā = where(a < b, ȳ, where(a == b, ȳ/2, 0)); b̄ = where(b < a, ȳ, where(a == b, ȳ/2, 0))")
}
func (minimum) Opcode() ir.Op { return ir.Minimum }
func (minimum) Eval(out Tensor, in ...Tensor) {
	each2(out, in, func(x, y float64) float64 { return min(x, y) }, func(x, y int64) int64 { return min(x, y) })
}
func (minimum) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{shareIf(Less(x[0], x[1]), ct, x), shareIf(Greater(x[0], x[1]), ct, x)}
}

// Atan2 returns the angle of the point (x, y) in [-π, π]. Both gradients at the
// origin are 0.
func Atan2(y, x *Node) *Node { return binary(atan2{}, y, x) }

type atan2 struct{ floats }

func (atan2) Name() string { return "atan2" }
func (atan2) Doc() graph.Doc {
	return doc("The angle of the point with height a and width b, all the way around.", "y = atan2(a, b)", "ā = ȳ*b/(a^2 + b^2); b̄ = -ȳ*a/(a^2 + b^2)")
}
func (atan2) Opcode() ir.Op                 { return ir.Atan2 }
func (atan2) Eval(out Tensor, in ...Tensor) { map2(out, in, math.Atan2) }
func (atan2) VJP(_, ct *Node, x ...*Node) []*Node {
	r2 := Add(Square(x[0]), Square(x[1]))
	g := Div(ct, Where(Equal(r2, num(0)), num(1), r2)) // both numerators are 0 there
	return []*Node{Mul(g, x[1]), Neg(Mul(g, x[0]))}
}

// Hypot returns √(x²+y²) without overflow. Both gradients at the origin are 0.
func Hypot(x, y *Node) *Node { return binary(hypot{}, x, y) }

type hypot struct{ floats }

func (hypot) Name() string { return "hypot" }
func (hypot) Doc() graph.Doc {
	return doc("The length of the vector with two coordinates.", "y = sqrt(a^2 + b^2)", "ā = ȳ*a/y; b̄ = ȳ*b/y")
}
func (hypot) Opcode() ir.Op                 { return ir.Hypot }
func (hypot) Eval(out Tensor, in ...Tensor) { map2(out, in, math.Hypot) }
func (hypot) VJP(y, ct *Node, x ...*Node) []*Node {
	g := Div(ct, Where(Equal(y, num(0)), num(1), y))
	return []*Node{Mul(g, x[0]), Mul(g, x[1])}
}

// LogAddExp returns log(exp(x)+exp(y)), computed without overflow.
func LogAddExp(x, y *Node) *Node { return binary(logAddExp{}, x, y) }

type logAddExp struct{ floats }

func (logAddExp) Name() string { return "logaddexp" }
func (logAddExp) Doc() graph.Doc {
	return doc("Adds two probabilities that are given by their logarithms, without overflow.", "y = log(exp(a) + exp(b))", "ā = ȳ*sigmoid(a - b); b̄ = ȳ*sigmoid(b - a)")
}
func (logAddExp) Opcode() ir.Op { return ir.LogAddExp }
func (logAddExp) Eval(out Tensor, in ...Tensor) {
	map2(out, in, logAdd)
}

// logAdd returns log(exp(x)+exp(y)).
func logAdd(x, y float64) float64 {
	if x == y { // also where both are infinite
		return x + math.Ln2
	}
	return max(x, y) + math.Log1p(math.Exp(-math.Abs(x-y)))
}
func (logAddExp) VJP(_, ct *Node, x ...*Node) []*Node {
	d := Sub(x[0], x[1])
	return []*Node{Mul(ct, Sigmoid(d)), Mul(ct, Sigmoid(Neg(d)))}
}

// FMax returns the larger of x and y, the other one where one is NaN. Where they
// are equal x gets the gradient.
func FMax(x, y *Node) *Node { return Where(Or(GreaterEqual(x, y), IsNaN(y)), x, y) }

// FMin returns the smaller of x and y, the other one where one is NaN. Where
// they are equal x gets the gradient.
func FMin(x, y *Node) *Node { return Where(Or(LessEqual(x, y), IsNaN(y)), x, y) }

// Lerp returns x + w·(y-x), which goes from x at w = 0 to y at w = 1.
func Lerp(x, y, w *Node) *Node { return Add(x, Mul(w, Sub(y, x))) }

// XLogY returns x·log y, and 0 where x is 0 unless y is NaN. The gradients are
// 0 where x is 0 and log y is no finite number.
func XLogY(x, y *Node) *Node { return xlog(x, y, 0, Log) }

// XLog1pY returns x·log(1+y), and 0 where x is 0 unless y is NaN, like [XLogY].
func XLog1pY(x, y *Node) *Node { return xlog(x, y, -1, Log1p) }

// xlog is x·log y for a logarithm that is infinite at the given number.
func xlog(x, y *Node, end float64, log func(*Node) *Node) *Node {
	wild := Or(LessEqual(y, num(end)), Equal(y, num(math.Inf(1))))
	none := And(Equal(x, num(0)), wild)
	return Where(none, num(0), Mul(x, log(Where(none, num(end+1), y))))
}

// each2 computes an elementwise function of two numbers, given for floats and
// for integers.
func each2(out Tensor, in []Tensor, f func(x, y float64) float64, whole func(x, y int64) int64) {
	if out.DType.Float() {
		map2(out, in, f)
	} else {
		whole2(out, in, whole)
	}
}
