package latent

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Contingency counts how often each class meets each group: row i, column j has
// the examples of class i in group j. Sums over batches are those of the whole,
// from which [NMIOf] and [PurityOf] make their figures.
//
//	class [n] from 0 to classes-1, group [n] from 0 to groups-1, Int32 or Int64 -> Int64 [classes groups]
//
// A number outside of its range makes no sense to it, and is counted as
// another or makes the run fail.
func Contingency(class, group *graph.Node, classes, groups int) *graph.Node {
	x := []*graph.Node{class, group}
	for _, n := range x {
		if n.Err() != nil {
			return graph.Fail("contingency", x, "")
		}
	}
	if !class.DType().Int() || !group.DType().Int() || class.Shape() != group.Shape() || classes < 1 || groups < 1 {
		return graph.Fail("contingency", x, "want integers of one shape and numbers of classes and groups above 0, got {0}, {1}, %d and %d", classes, groups)
	}
	i, j := ops.Convert(class, graph.Int64), ops.Convert(group, graph.Int64)
	cell := ops.Add(ops.Mul(i, graph.Scalar(float64(groups))), j)
	return ops.Reshape(ops.Bincount(cell, graph.Dim(classes*groups)), graph.Dim(classes), graph.Dim(groups))
}

// PurityOf is the share of examples that are of the class most frequent in their
// group, from a [Contingency] matrix or a sum of them: 1 where each group has one
// class, which more groups make easier. NaN of nothing.
//
//	contingency Int64 [classes groups] -> Float64 []
func PurityOf(contingency *graph.Node) *graph.Node {
	m, bad := counts("purity", contingency)
	if bad != nil {
		return bad
	}
	return ops.Div(ops.Sum(ops.Max(m, 0)), ops.Sum(m))
}

// NMIOf is the normalized mutual information of classes and groups, from a
// [Contingency] matrix or a sum of them: 1 if each tells the other, 0 if neither
// tells anything, whatever their numbers are.
//
//	contingency Int64 [classes groups] -> Float64 []
//	NMI = 2·I(class, group)/(H(class) + H(group))
//
// It is 1 where there is one class and one group, and NaN of nothing.
// Strehl and Ghosh 2002, jmlr.org/papers/v3/strehl02a.html, with the mean of the
// entropies below
func NMIOf(contingency *graph.Node) *graph.Node {
	m, bad := counts("nmi", contingency)
	if bad != nil {
		return bad
	}
	p := ops.Div(m, ops.Sum(m))
	entropy := func(p *graph.Node) *graph.Node { return ops.Neg(ops.Sum(ops.XLogY(p, p))) }
	apart := ops.Add(entropy(ops.Sum(p, 0)), entropy(ops.Sum(p, 1)))
	shared := ops.Sub(apart, entropy(p))
	sure := ops.Equal(apart, graph.Scalar(0))
	return ops.Where(sure, graph.Scalar(1), ops.Div(ops.Scale(shared, 2), ops.Where(sure, graph.Scalar(1), apart)))
}

// counts returns a matrix of counts as Float64, or says why it is none.
func counts(name string, m *graph.Node) (_, bad *graph.Node) {
	if m.Err() != nil {
		return nil, graph.Fail(name, []*graph.Node{m}, "")
	}
	if m.Shape().Rank() != 2 || !m.DType().Int() {
		return nil, graph.Fail(name, []*graph.Node{m}, "want counts [classes groups], as of latent.Contingency, got {0}")
	}
	return ops.Convert(m, graph.Float64), nil
}

// Coherence tells how well the top words of each topic go together: the mean, over
// pairs of them, of the normalized pointwise mutual information of being in one
// document. It is 1 for words that only come together, 0 for words that know
// nothing of each other, and -1 for words that never meet.
//
//	docs [n vocab] counts of words, words [topics k] Int32 or Int64 -> Float64 [topics]
//	NPMI(i, j) = log(p(i, j)/(p(i)·p(j))) / -log p(i, j)
//
// A pair that is in all documents counts as 1, one with a word that is in none as
// -1. A word outside of the vocabulary makes the run fail. Bouma 2009; Lau et
// al. 2014, doi:10.3115/v1/E14-1056
func Coherence(docs, words *graph.Node) *graph.Node {
	x := []*graph.Node{docs, words}
	for _, n := range x {
		if n.Err() != nil {
			return graph.Fail("coherence", x, "")
		}
	}
	s := words.Shape()
	if docs.Shape().Rank() != 2 || s.Rank() != 2 || !words.DType().Int() || s.Dim(1).Symbolic() || s.Dim(1) < 2 {
		return graph.Fail("coherence", x, "want counts [n vocab] and integers [topics k] with a known k above 1, got {0} and {1}")
	}
	there := ops.Convert(ops.Greater(ops.Convert(docs, graph.Float64), graph.Scalar(0)), graph.Float64)
	seen := ops.Take(there, words, 1) // [n topics k]
	n := ops.Convert(ops.Count(there, 0), graph.Float64)
	n = ops.Max(n) // all columns have n rows
	both := ops.Div(ops.Einsum("ntk,ntl->tkl", seen, seen), n)
	one := ops.Mean(seen, 0)
	apart := ops.Mul(ops.Expand(one, 2), ops.Expand(one, 1))
	zero, always := ops.Equal(both, graph.Scalar(0)), ops.Equal(both, graph.Scalar(1))
	some := ops.Where(ops.Or(zero, always), graph.Scalar(0.5), both)
	npmi := ops.Div(ops.Log(ops.Div(some, ops.Where(zero, graph.Scalar(1), apart))), ops.Neg(ops.Log(some)))
	npmi = ops.Where(zero, graph.Scalar(-1), ops.Where(always, graph.Scalar(1), npmi))
	k := int(s.Dim(1))
	return ops.Div(ops.Sum(ops.Triu(npmi, 1), 1, 2), graph.Scalar(float64(k*(k-1)/2)))
}
