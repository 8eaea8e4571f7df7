package nn

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// CosineSimilarity is a·b/(max(|a|, ε)·max(|b|, ε)) along the last axis, with ε =
// 1e-8: 1 for vectors of one direction, -1 for opposite ones.
//
//	a [... d], b [... d] -> [...]
func CosineSimilarity(a, b *graph.Node) *graph.Node {
	if bad := vectors("cosinesimilarity", a, b); bad != nil {
		return bad
	}
	least := graph.Scalar(1e-8)
	return ops.Div(ops.Sum(ops.Mul(a, b), -1), ops.Mul(ops.Maximum(ops.Norm(a, -1), least), ops.Maximum(ops.Norm(b, -1), least)))
}

// CosineEmbedding is the mean of 1 - cos(a, b) where y is 1, and of
// max(0, cos(a, b) - margin) where it is -1.
//
//	a [... d], b [... d], y [...] -> []
func CosineEmbedding(a, b, y *graph.Node, margin float64, r ...Reduction) *graph.Node {
	if bad := vectors("cosineembedding", a, b); bad != nil {
		return bad
	}
	// the roots of sums of squares with ε² inside, as PyTorch has them here
	size := func(x *graph.Node) *graph.Node { return ops.Add(ops.Sum(ops.Square(x), -1), graph.Scalar(1e-12)) }
	cos := ops.Div(ops.Sum(ops.Mul(a, b), -1), ops.Sqrt(ops.Mul(size(a), size(b))))
	cos, y = labelled("cosineembedding", cos, y)
	apart := ops.ReLU(ops.Sub(cos, graph.Scalar(margin)))
	zero := graph.Scalar(0)
	l := ops.Where(ops.Equal(y, graph.Scalar(1)), ops.OneMinus(cos), ops.Where(ops.Equal(y, graph.Scalar(-1)), apart, zero))
	return reduced("cosineembedding", l, Mean, r)
}

// A Distance is how far apart the vectors of a and b [... d] are: [...].
type Distance func(a, b *graph.Node) *graph.Node

// Euclidean returns the p-norm of a - b + 1e-6 along the last axis; the small
// number keeps the gradient of equal vectors finite.
func Euclidean(p float64) Distance {
	return func(a, b *graph.Node) *graph.Node {
		return ops.NormP(ops.Add(ops.Sub(a, b), graph.Scalar(1e-6)), p, -1)
	}
}

// TripletOptions refine [Triplet]. The zero value changes nothing.
type TripletOptions struct {
	Margin    float64  // 0 means 1
	Distance  Distance // nil for Euclidean(2)
	Swap      bool     // take the nearer of anchor and positive to the negative (Balntas et al. 2016)
	Reduction Reduction
}

// Triplet is the mean of max(0, d(anchor, positive) - d(anchor, negative) +
// margin): an example of the anchor's class should be nearer than one of another
// class.
//
//	anchor [... d], positive [... d], negative [... d] -> []
//
// Schroff et al. 2015, arXiv:1503.03832
func Triplet(anchor, positive, negative *graph.Node, o ...TripletOptions) *graph.Node {
	if bad := vectors("triplet", anchor, positive, negative); bad != nil {
		return bad
	}
	var opt TripletOptions
	if len(o) > 0 {
		opt = o[0]
	}
	if opt.Margin == 0 {
		opt.Margin = 1
	}
	if opt.Distance == nil {
		opt.Distance = Euclidean(2)
	}
	far := opt.Distance(anchor, negative)
	if opt.Swap {
		far = ops.Minimum(far, opt.Distance(positive, negative))
	}
	l := ops.ReLU(ops.Add(ops.Sub(opt.Distance(anchor, positive), far), graph.Scalar(opt.Margin)))
	return reduced("triplet", l, opt.Reduction, nil)
}

// Contrastive is the mean of d² for pairs of one class, y = 1, and of
// max(0, margin - d)² for others, y = 0, with the Euclidean distance d of a and b.
//
//	a [... d], b [... d], y [...] from 0 to 1 -> []
//
// Hadsell et al. 2006, doi:10.1109/CVPR.2006.100
func Contrastive(a, b, y *graph.Node, margin float64, r ...Reduction) *graph.Node {
	if bad := vectors("contrastive", a, b); bad != nil {
		return bad
	}
	d, y := labelled("contrastive", Euclidean(2)(a, b), y)
	l := ops.Add(ops.Mul(y, ops.Square(d)), ops.Mul(ops.OneMinus(y), ops.Square(ops.ReLU(ops.Sub(graph.Scalar(margin), d)))))
	return reduced("contrastive", l, Mean, r)
}

// InfoNCE is the cross-entropy of finding each row's partner: row i of b is that
// of row i of a, among all rows of b, by cosine similarity over the temperature.
// With symmetric it is the mean of both directions, as in CLIP (Radford et al.
// 2021, arXiv:2103.00020).
//
//	a [n d], b [n d] -> []
//
// van den Oord et al. 2018, arXiv:1807.03748
func InfoNCE(a, b *graph.Node, temperature float64, symmetric bool) *graph.Node {
	if bad := pairs("infonce", a, b, temperature); bad != nil {
		return bad
	}
	score := ops.Scale(ops.MatMul(unit(a), ops.Transpose(unit(b))), 1/temperature)
	partner := ops.Iota(graph.Int64, graph.Of(a.Shape().Dim(0)), 0)
	l := CrossEntropy(score, partner)
	if symmetric {
		l = ops.Scale(ops.Add(l, CrossEntropy(ops.Transpose(score), partner)), 0.5)
	}
	return l
}

// NTXent is the loss of SimCLR: a and b are two views of the same n things, and
// each of the 2n rows should find its other view among all others but itself.
//
//	a [n d], b [n d] -> []
//
// Chen et al. 2020, arXiv:2002.05709
func NTXent(a, b *graph.Node, temperature float64) *graph.Node {
	if bad := pairs("ntxent", a, b, temperature); bad != nil {
		return bad
	}
	all := unit(ops.Concat(0, a, b))
	n, m := a.Shape().Dim(0), all.Shape().Dim(0)
	score := ops.Scale(ops.MatMul(all, ops.Transpose(all)), 1/temperature)
	square := graph.Of(m, m)
	itself := ops.Equal(ops.Iota(graph.Int64, square, 0), ops.Iota(graph.Int64, square, 1))
	score = ops.Where(itself, graph.Scalar(unseen), score)
	first := ops.Iota(graph.Int64, graph.Of(n), 0)
	second := ops.Add(first, ops.Convert(ops.Count(a, 0), graph.Int64))
	return CrossEntropy(score, ops.Concat(0, second, first))
}

// unit divides the rows of x by their lengths.
func unit(x *graph.Node) *graph.Node {
	return ops.Div(x, ops.Maximum(ops.Keep(ops.Norm, x, -1), graph.Scalar(1e-12)))
}

// pairs says why a and b are no rows of pairs.
func pairs(name string, a, b *graph.Node, temperature float64) *graph.Node {
	if bad := vectors(name, a, b); bad != nil {
		return bad
	}
	if a.Shape().Rank() != 2 || !(temperature > 0) {
		return graph.Fail(name, []*graph.Node{a, b}, "want rows [n d] of both views and a temperature above 0, got {0}, {1} and %g", temperature)
	}
	return nil
}

// vectors says why the operands are no vectors of one type.
func vectors(name string, x ...*graph.Node) *graph.Node {
	if bad := alike(name, x...); bad != nil {
		return bad
	}
	if x[0].Shape().Rank() == 0 {
		return graph.Fail(name, x[:1], "{0} is a scalar: want vectors along the last axis")
	}
	return nil
}
