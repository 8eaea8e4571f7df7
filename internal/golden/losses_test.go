package golden

import (
	"math"

	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// losses are those of package nn, and those it does not have written from
// primitives as a user would.
var losses = table{
	"nn.functional.mse_loss": {"x y reduction", func(a *args) []*Node {
		return one(nn.MSE(a.node("x"), a.node("y"), a.reduction()))
	}},
	"nn.functional.l1_loss": {"x y reduction", func(a *args) []*Node {
		return one(nn.MAE(a.node("x"), a.node("y"), a.reduction()))
	}},
	"nn.functional.huber_loss": {"x y reduction delta", func(a *args) []*Node {
		return one(nn.Huber(a.node("x"), a.node("y"), a.num("delta", 1), a.reduction()))
	}},
	"nn.functional.binary_cross_entropy_with_logits": {"x y reduction", func(a *args) []*Node {
		return one(nn.BinaryCrossEntropy(a.node("x"), a.node("y"), a.reduction()))
	}},
	"nn.functional.kl_div": {"x y reduction log_target", func(a *args) []*Node {
		if a.flag("log_target", false) {
			return one(nn.KLLog(a.node("x"), a.node("y"), a.reduction()))
		}
		return one(nn.KL(a.node("x"), a.node("y"), a.reduction()))
	}},
	"nn.functional.cross_entropy": {"x y", func(a *args) []*Node {
		return one(nn.CrossEntropy(a.node("x"), a.node("y"), nn.CrossEntropyOptions{Axis: 1}))
	}},
	"nn.functional.nll_loss": {"x y weight ignore_index reduction", func(a *args) []*Node {
		o := nn.CrossEntropyOptions{Axis: 1, Weights: a.maybe("weight"), Reduction: a.reduction()}
		if a.get("ignore_index") != nil {
			ignore := a.int("ignore_index", 0)
			o.Ignore = &ignore
		}
		return one(nn.NLL(a.node("x"), a.node("y"), o))
	}},
	"nn.functional.poisson_nll_loss": loss("x y log_input full eps reduction", func(a *args) *Node {
		x, y, eps := a.node("x"), a.node("y"), num(a.num("eps", 1e-8))
		l := nn.PoissonNLL(x, y, nn.None)
		if !a.flag("log_input", true) {
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
}

// reduction returns what the case wants of the elements' losses.
func (a *args) reduction() nn.Reduction {
	r, ok := map[string]nn.Reduction{"mean": nn.Mean, "sum": nn.Sum, "batchmean": nn.BatchMean, "none": nn.None}[a.text("reduction", "mean")]
	if !ok {
		a.t.Fatalf("unknown reduction")
	}
	return r
}

// loss is one of the elements, reduced as the case says.
func loss(params string, f func(a *args) *Node) call {
	return call{params, func(a *args) []*Node {
		l := f(a)
		switch a.reduction() {
		case nn.Sum:
			return one(ops.Sum(l))
		case nn.Mean:
			return one(ops.Mean(l))
		}
		return one(l)
	}}
}
