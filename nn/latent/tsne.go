package latent

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Affinities tells for each pair of rows of x how likely they are neighbours. A row
// takes another for its neighbour with a probability that falls with the squared
// distance as a normal distribution does, whose width is such that the row has as
// many neighbours as perplexity says (2 to the entropy in bits); the probabilities
// of both directions are added and divided by 2n, so that the sum of all is 1.
//
//	x [n d] -> [n n]
//
// It is for [TSNE], has no gradient, and fails where perplexity is less than 1.
func Affinities(x *graph.Node, perplexity float64) *graph.Node {
	bad := rows("affinities", x)
	if bad == nil && !(perplexity >= 1 && !math.IsInf(perplexity, 1)) {
		bad = graph.Fail("affinities", []*graph.Node{x}, "perplexity is %g: want a number of neighbours from 1, as a rule 30", perplexity)
	}
	if bad != nil {
		return bad
	}
	x = ops.StopGradient(x)
	d := distances(x, x)
	self := diagonal(d)
	// in units of a row's mean distance, from the nearest row: the width is then
	// of the order of 1 whatever units x has, and no exponent overflows
	far := ops.Where(self, graph.Scalar(math.Inf(1)), d)
	d = ops.Sub(d, ops.Keep(ops.Min, far, -1))
	d = ops.Where(self, graph.Scalar(0), d)
	d = ops.Div(d, ops.Maximum(ops.Keep(ops.Mean, d, -1), graph.Scalar(1e-30)))
	neighbours := func(logBeta *graph.Node) *graph.Node {
		score := ops.Neg(ops.Mul(d, ops.Exp(logBeta)))
		return ops.Softmax(ops.Where(self, graph.Scalar(-1e30), score), -1)
	}
	p := neighbours(widths(d, neighbours, math.Log(perplexity)))
	p = ops.Add(p, ops.Transpose(p))
	return ops.Div(p, ops.Sum(p))
}

// widths finds, by halving an interval, the logarithm of 1/(2·width²) for each row
// at which its distribution has the given entropy.
func widths(d *graph.Node, p func(logBeta *graph.Node) *graph.Node, entropy float64) *graph.Node {
	row := d.Shape().With(1, 1)
	edge := func(v float64) *graph.Node { return ops.BroadcastTo(graph.ScalarOf(d.DType(), v), row) }
	middle := func(lo, hi *graph.Node) *graph.Node { return ops.Scale(ops.Add(lo, hi), 0.5) }
	ends, _ := ops.Scan(func(c, _ []*graph.Node) (next, y []*graph.Node) {
		at := middle(c[0], c[1])
		q := p(at)
		narrow := ops.Less(ops.Neg(ops.Keep(ops.Sum, ops.XLogY(q, q), -1)), graph.Scalar(entropy))
		return []*graph.Node{ops.Where(narrow, c[0], at), ops.Where(narrow, at, c[1])}, nil
	}, []*graph.Node{edge(-15), edge(25)}, nil, ops.ScanOptions{Length: 40})
	return middle(ends[0], ends[1])
}

// diagonal is true on the diagonal of a square matrix.
func diagonal(x *graph.Node) *graph.Node {
	return ops.Equal(ops.Iota(graph.Int64, x.Shape(), 0), ops.Iota(graph.Int64, x.Shape(), 1))
}

// TSNE is the loss of a map: how far the neighbourhoods of points y in the plane, or
// in any space, are from the affinities p of what they stand for. Points have
// neighbours by Student's distribution with one degree of freedom,
// 1/(1 + |y(i) - y(j)|²), which lets strangers be far.
//
//	p [n n] of Affinities, y [n k] -> []
//	Σ p·log p - Σ p·log q over i ≠ j, the Kullback-Leibler divergence
//
// Minimize it over a parameter y that begins near 0; in the first steps p times 12,
// ops.Scale(p, 12), lets groups form. van der Maaten and Hinton 2008,
// jmlr.org/papers/v9/vandermaaten08a.html
func TSNE(p, y *graph.Node) *graph.Node {
	x := []*graph.Node{p, y}
	for _, n := range x {
		if n.Err() != nil {
			return graph.Fail("tsne", x, "")
		}
	}
	if s := p.Shape(); s.Rank() != 2 || y.Shape().Rank() != 2 || s.Dim(0) != s.Dim(1) || s.Dim(0) != y.Shape().Dim(0) || !y.DType().Float() {
		return graph.Fail("tsne", x, "want affinities [n n] and points [n k], got {0} and {1}")
	}
	d := ops.Sum(ops.Square(ops.Sub(ops.Expand(y, 1), ops.Expand(y, 0))), -1)
	near := ops.Where(diagonal(d), graph.Scalar(0), ops.Reciprocal(ops.Add(d, graph.Scalar(1))))
	p = ops.StopGradient(p)
	// log q = -log(1+d) - log Σ near; the sum of p is left out of the last term, so
	// that a multiple of p pulls more and pushes as much
	pull := ops.Sum(ops.Mul(p, ops.Log1p(d)))
	return ops.Add(ops.Add(ops.Sum(ops.XLogY(p, p)), pull), ops.Log(ops.Sum(near)))
}
