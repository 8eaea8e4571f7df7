package golden

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// losses are written from primitives, as a user would.
var losses = table{
	"nn.functional.mse_loss": loss("x y reduction", func(a *args) *Node {
		return ops.Square(ops.Sub(a.node("x"), a.node("y")))
	}),
	"nn.functional.l1_loss": loss("x y reduction", func(a *args) *Node {
		return ops.Abs(ops.Sub(a.node("x"), a.node("y")))
	}),
	"nn.functional.smooth_l1_loss": loss("x y reduction beta", func(a *args) *Node {
		beta := a.num("beta", 1)
		d := ops.Abs(ops.Sub(a.node("x"), a.node("y")))
		return ops.Where(ops.Less(d, num(beta)), ops.Scale(ops.Square(d), 0.5/beta), ops.Sub(d, num(beta/2)))
	}),
	"nn.functional.huber_loss": loss("x y reduction delta", func(a *args) *Node {
		delta := a.num("delta", 1)
		d := ops.Abs(ops.Sub(a.node("x"), a.node("y")))
		return ops.Where(ops.LessEqual(d, num(delta)), ops.Scale(ops.Square(d), 0.5), ops.Scale(ops.Sub(d, num(delta/2)), delta))
	}),
	"nn.functional.binary_cross_entropy_with_logits": loss("x y reduction", func(a *args) *Node {
		x := a.node("x")
		return ops.Sub(ops.Softplus(x), ops.Mul(x, a.node("y")))
	}),
	"nn.functional.soft_margin_loss": loss("x y reduction", func(a *args) *Node {
		return ops.Softplus(ops.Neg(ops.Mul(a.node("x"), a.node("y"))))
	}),
	"nn.functional.margin_ranking_loss": loss("x other y margin reduction", func(a *args) *Node {
		d := ops.Mul(ops.Neg(a.node("y")), ops.Sub(a.node("x"), a.node("other")))
		return positive(ops.Add(d, num(a.num("margin", 0))))
	}),
	"nn.functional.hinge_embedding_loss": loss("x y margin reduction", func(a *args) *Node {
		x, y := a.node("x"), a.node("y")
		far := ops.Where(ops.Equal(y, num(1)), num(0), positive(ops.Sub(num(a.num("margin", 1)), x)))
		return ops.Add(far, ops.Where(ops.Equal(y, num(-1)), num(0), x))
	}),
	"nn.functional.kl_div": loss("x y reduction log_target", func(a *args) *Node {
		x, y := a.node("x"), a.node("y")
		if a.flag("log_target", false) {
			return ops.Mul(ops.Exp(y), ops.Sub(y, x))
		}
		none := ops.Equal(y, num(0))
		return ops.Sub(ops.Where(none, num(0), ops.Mul(y, ops.Log(ops.Where(none, num(1), y)))), ops.Mul(y, x))
	}),
	"nn.functional.poisson_nll_loss": loss("x y log_input full eps reduction", func(a *args) *Node {
		x, y, eps := a.node("x"), a.node("y"), num(a.num("eps", 1e-8))
		var l *Node
		if a.flag("log_input", true) {
			l = ops.Sub(ops.Exp(x), ops.Mul(y, x))
		} else {
			l = ops.Sub(x, ops.Mul(y, ops.Log(ops.Add(x, eps))))
		}
		if a.flag("full", false) { // Stirling's formula
			above := ops.Greater(y, num(1))
			safe := ops.Where(above, y, num(1))
			term := ops.Add(ops.Sub(ops.Mul(safe, ops.Log(safe)), safe), ops.Scale(ops.Log(ops.Scale(safe, 2*math.Pi)), 0.5))
			l = ops.Add(l, ops.Where(above, term, num(0)))
		}
		return l
	}),
	"nn.functional.gaussian_nll_loss": loss("x y var full eps reduction", func(a *args) *Node {
		v := a.node("var")
		v = ops.Add(v, ops.StopGradient(ops.Sub(ops.Maximum(v, num(a.num("eps", 1e-6))), v)))
		l := ops.Scale(ops.Add(ops.Log(v), ops.Div(ops.Square(ops.Sub(a.node("x"), a.node("y"))), v)), 0.5)
		if a.flag("full", false) {
			l = ops.Add(l, num(0.5*math.Log(2*math.Pi)))
		}
		return l
	}),
}

// positive is Max(x, 0) with a gradient of 1 at 0, as PyTorch's clamp_min.
func positive(x *Node) *Node { return ops.Where(ops.GreaterEqual(x, num(0)), x, num(0)) }

// loss is one of the elements, reduced as the case says.
func loss(params string, f func(a *args) *Node) call {
	return call{params, func(a *args) []*Node {
		l := f(a)
		switch a.text("reduction", "mean") {
		case "sum":
			return one(ops.Sum(l))
		case "mean":
			return one(ops.Mean(l))
		case "batchmean":
			return one(ops.Div(ops.Sum(l), graph.Scalar(float64(length(l, 0)))))
		}
		return one(l)
	}}
}
