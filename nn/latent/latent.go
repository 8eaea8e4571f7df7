// Package latent looks into vectors without labels, such as those that a network
// has learned: their principal axes ([PCA]), groups ([KMeans]) and maps in the plane
// ([TSNE]), and how well groups agree with classes ([NMIOf], [PurityOf]) or words
// with each other ([Coherence]). All of it is graph, so any of it may be part of a
// loss or of a compiled program.
package latent

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// rows says why x is no matrix of vectors.
func rows(name string, x *graph.Node) *graph.Node {
	if x.Err() != nil {
		return graph.Fail(name, []*graph.Node{x}, "")
	}
	if x.Shape().Rank() != 2 || !x.DType().Float() {
		return graph.Fail(name, []*graph.Node{x}, "want floats [n d], a vector in each row, got {0}: ops.Flatten(x, 1) makes such of images")
	}
	return nil
}

// Principal are the axes along which vectors differ most.
type Principal struct {
	Mean     *graph.Node // [d]
	Axes     *graph.Node // [d k]: columns of length 1, at right angles, the widest first
	Variance *graph.Node // [k]: of the vectors along each axis, divided by n - 1
	Total    *graph.Node // []: the variance along all d axes
}

// PCA finds the k principal axes of the rows of x, by the eigenvectors of their
// covariances. The sign of an axis is such that its largest element by size is
// positive.
//
//	x [n d] -> Mean [d], Axes [d k], Variance [k], Total []
//
// It fails where d is not known, or k is not from 1 to d. Pearson 1901,
// doi:10.1080/14786440109462720
func PCA(x *graph.Node, k int) Principal {
	bad := rows("pca", x)
	if d := x.Shape(); bad == nil && (d.Dim(1).Symbolic() || k < 1 || k > int(d.Dim(1))) {
		bad = graph.Fail("pca", []*graph.Node{x}, "cannot find %d axes of {0}: want from 1 to as many as columns, whose number must be known", k)
	}
	if bad != nil {
		return Principal{bad, bad, bad, bad}
	}
	d := int(x.Shape().Dim(1))
	w, v := ops.Eigh(ops.Cov(ops.Transpose(x)))
	axes := ops.Flip(ops.Slice(v, 1, d-k, d, 1), 1)
	largest := ops.TakeAlongAxis(axes, ops.Expand(ops.ArgMax(ops.Abs(axes), 0), 0), 0)
	axes = ops.Where(ops.Less(largest, graph.Scalar(0)), ops.Neg(axes), axes)
	return Principal{
		Mean: ops.Mean(x, 0), Axes: axes,
		Variance: ops.Flip(ops.Slice(w, 0, d-k, d, 1), 0), Total: ops.Sum(w),
	}
}

// Apply returns the places of vectors along the axes: (x - Mean)·Axes.
//
//	x [... d] -> [... k]
func (p Principal) Apply(x *graph.Node) *graph.Node { return ops.MatMul(ops.Sub(x, p.Mean), p.Axes) }

// Undo returns the vectors at places along the axes, what lies across them left
// out: y·Axesᵀ + Mean.
//
//	y [... k] -> [... d]
func (p Principal) Undo(y *graph.Node) *graph.Node {
	return ops.Add(ops.MatMul(y, ops.Transpose(p.Axes)), p.Mean)
}
