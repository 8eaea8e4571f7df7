package explain

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Occlusion returns how far the score falls when a patch of the image is painted
// over with the given value: for each pixel the mean over the patches that cover
// it. It needs no gradient, and asks the question directly.
//
//	score [batch], x [batch ... h w] -> [batch h w]
//
// Patches are size by size pixels and begin every stride pixels; the last ones end
// at the edge. h and w must be known. There is one evaluation of the score for each
// patch. Zeiler and Fergus 2014, arXiv:1311.2901
func Occlusion(score, x *graph.Node, size, stride int, value float64) *graph.Node {
	if bad := check("occlusion", score, x); bad != nil {
		return bad
	}
	operands := []*graph.Node{score, x}
	rank := x.Shape().Rank()
	if rank < 3 || x.Shape().Dim(-1).Symbolic() || x.Shape().Dim(-2).Symbolic() {
		return graph.Fail("occlusion", operands, "want images [batch ... h w] of known size, got {1}")
	}
	h, w := int(x.Shape().Dim(-2)), int(x.Shape().Dim(-1))
	if size < 1 || stride < 1 || size > min(h, w) || stride > size {
		return graph.Fail("occlusion", operands, "patches of %d pixels every %d do not cover images of %d by %d: want 1 <= stride <= size <= both", size, stride, h, w)
	}
	var tops, lefts []int64
	for _, top := range starts(h, size, stride) {
		for _, left := range starts(w, size, stride) {
			tops, lefts = append(tops, int64(top)), append(lefts, int64(left))
		}
	}
	plane := graph.Type{DType: x.DType(), Shape: graph.Of(x.Shape().Dim(0), graph.Dim(h), graph.Dim(w))}
	covered := graph.Type{DType: x.DType(), Shape: graph.Of(graph.Dim(h), graph.Dim(w))}
	row, column := ops.Iota(graph.Int64, covered.Shape, 0), ops.Iota(graph.Int64, covered.Shape, 1)
	inside := func(i, from *graph.Node) *graph.Node {
		return ops.And(ops.GreaterEqual(i, from), ops.Less(i, ops.Add(from, graph.Scalar(float64(size)))))
	}
	sums, _ := ops.Scan(func(sum, corner []*graph.Node) (next, _ []*graph.Node) {
		patch := ops.And(inside(row, corner[0]), inside(column, corner[1]))
		fall := ops.Sub(score, at(score, x, ops.MaskedFill(x, patch, graph.Scalar(value))))
		is := ops.Convert(patch, x.DType())
		return []*graph.Node{ops.Add(sum[0], ops.Mul(ops.Expand(fall, 1, 2), is)), ops.Add(sum[1], is)}, nil
	}, []*graph.Node{graph.Zeros(plane), graph.Zeros(covered)},
		[]*graph.Node{graph.ConstOf(tops, len(tops)), graph.ConstOf(lefts, len(lefts))})
	return ops.Div(sums[0], sums[1])
}

// starts returns where patches begin along an axis, such that they cover it.
func starts(length, size, stride int) (list []int) {
	for at := 0; at < length-size; at += stride {
		list = append(list, at)
	}
	return append(list, length-size)
}

// Ablation returns how far y falls when a hidden unit, or a channel, is silenced:
// when it is 0 for all rows.
//
//	y [...], h [batch units ...] -> [units ...]
//
// y is a figure of the whole, such as a loss or an accuracy, or the score of each
// row. A loss that rises gives negative numbers. Units that matter alone stand out;
// units that stand in for each other do not. There is one evaluation of what
// follows h for each unit.
func Ablation(y, h *graph.Node) *graph.Node {
	if bad := depends("ablation", y, h); bad != nil {
		return bad
	}
	if h.Shape().Rank() < 2 {
		return graph.Fail("ablation", []*graph.Node{y, h}, "{1} has no axis of units: want [batch units ...]")
	}
	_, falls := ops.Scan(func(_, k []*graph.Node) (_, each []*graph.Node) {
		without := ops.MaskedFill(h, places(h, 1, k[0]), graph.Scalar(0))
		return nil, []*graph.Node{ops.Sub(y, at(y, h, without))}
	}, nil, []*graph.Node{count(h.Shape().Dim(1))})
	return falls[0]
}
