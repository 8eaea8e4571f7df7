package golden

import (
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// margins are the losses of package nn that came after the first.
var margins = table{
	"nn.functional.smooth_l1_loss": {"x y reduction beta", func(a *args) []*Node {
		return one(nn.SmoothL1(a.node("x"), a.node("y"), a.num("beta", 1), a.reduction()))
	}},
	"nn.functional.binary_cross_entropy": {"x y reduction", func(a *args) []*Node {
		return one(nn.BinaryCrossEntropyOf(a.node("x"), a.node("y"), a.reduction()))
	}},
	"nn.functional.soft_margin_loss": {"x y reduction", func(a *args) []*Node {
		return one(nn.SoftMargin(a.node("x"), a.node("y"), a.reduction()))
	}},
	"nn.functional.margin_ranking_loss": {"x other y margin reduction", func(a *args) []*Node {
		return one(nn.MarginRanking(a.node("x"), a.node("other"), a.node("y"), a.num("margin", 0), a.reduction()))
	}},
	"nn.functional.hinge_embedding_loss": {"x y margin reduction", func(a *args) []*Node {
		return one(nn.HingeEmbedding(a.node("x"), a.node("y"), a.num("margin", 1), a.reduction()))
	}},
	"nn.functional.multi_margin_loss": {"x y p margin weight reduction", func(a *args) []*Node {
		x, y := a.node("x"), a.node("y")
		if rank(x) == 0 {
			x = ops.Expand(x, 0)
		}
		return one(nn.MultiMargin(x, y, nn.MultiMarginOptions{P: a.int("p", 1), Margin: a.num("margin", 1), Weights: a.maybe("weight"), Reduction: a.reduction()}))
	}},
	"nn.functional.multilabel_margin_loss": {"x y reduction", func(a *args) []*Node {
		x, y := a.node("x"), a.node("y")
		if rank(x) == 0 {
			x, y = ops.Expand(x, 0), ops.Expand(y, 0)
		}
		return one(nn.MultiLabelMargin(x, y, a.reduction()))
	}},
	"nn.functional.multilabel_soft_margin_loss": {"x y weight reduction", func(a *args) []*Node {
		return one(nn.MultiLabelSoftMargin(a.node("x"), a.node("y"), a.maybe("weight"), a.reduction()))
	}},
	"nn.functional.cosine_embedding_loss": {"x other y margin reduction", func(a *args) []*Node {
		return one(nn.CosineEmbedding(a.node("x"), a.node("other"), a.node("y"), a.num("margin", 0), a.reduction()))
	}},
	"nn.functional.triplet_margin_loss": {"x positive negative margin p eps swap reduction", func(a *args) []*Node {
		return one(nn.Triplet(a.node("x"), a.node("positive"), a.node("negative"), nn.TripletOptions{
			Margin: a.num("margin", 1), Distance: nn.Euclidean(a.num("p", 2)), Swap: a.flag("swap", false), Reduction: a.reduction()}))
	}},
	"nn.functional.gaussian_nll_loss": {"x y var full eps reduction", func(a *args) []*Node {
		return one(nn.GaussianNLL(a.node("x"), a.node("y"), a.node("var"), nn.GaussianNLLOptions{
			Full: a.flag("full", false), Least: a.num("eps", 1e-6), Reduction: a.reduction()}))
	}},
}
