package explain

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Importance returns how far a loss rises when a feature loses its meaning: when
// its values are shuffled among the rows. Of each feature there are so many
// shufflings, which depend on the seed; their mean is the importance, and their
// deviation says how sure it is.
//
//	loss [], x [rows features] -> [features repeats]
//
// The loss is a figure of all rows, such as a mean loss or 1 - accuracy; use rows
// that were not trained on. Features that say the same stand in for each other, and
// all of them look unimportant. Breiman 2001, doi:10.1023/A:1010933404324; Fisher et
// al. 2019, arXiv:1801.01489
func Importance(loss, x *graph.Node, repeats int, seed uint64) *graph.Node {
	if bad := depends("importance", loss, x); bad != nil {
		return bad
	}
	if loss.Shape().Rank() != 0 || x.Shape().Rank() != 2 || repeats < 1 {
		return graph.Fail("importance", []*graph.Node{loss, x}, "want a loss [], x [rows features] and at least 1 repeat, got {0}, {1} and %d", repeats)
	}
	features := x.Shape().Dim(1)
	which := ops.Reshape(ops.Iota(graph.Int64, graph.Of(features, graph.Dim(repeats)), 0), graph.Auto)
	state := seeded(seed)
	_, rises := ops.Scan(func(_, j []*graph.Node) (_, each []*graph.Node) {
		order := ops.Permutation(state, 0, x.Shape().Dim(0))
		p := ops.Where(places(x, 1, j[0]), ops.Take(x, order, 0), x)
		return nil, []*graph.Node{ops.Sub(at(loss, x, p), loss)}
	}, nil, []*graph.Node{which})
	return ops.Reshape(rises[0], features, graph.Dim(repeats))
}

// Dependence returns each row's score as one feature goes through a grid of values
// while the others stay: a curve of each row (individual conditional expectation).
// The mean of the curves is the partial dependence.
//
//	score [batch], x [batch features], grid [points] -> [batch points]
//
// Where features hang together the grid leads to rows that do not exist; curves
// that cross hint at an interaction, which the mean hides. Friedman 2001,
// doi:10.1214/aos/1013203451; Goldstein et al. 2015, arXiv:1309.6392
func Dependence(score, x *graph.Node, feature int, grid *graph.Node) *graph.Node {
	if bad := check("dependence", score, x); bad != nil {
		return bad
	}
	if bad := broken("dependence", grid); bad != nil {
		return bad
	}
	operands := []*graph.Node{score, x, grid}
	if x.Shape().Rank() != 2 || grid.Shape().Rank() != 1 {
		return graph.Fail("dependence", operands, "want x [batch features] and a grid [points], got {1} and {2}")
	}
	if n := x.Shape().Dim(1); feature < 0 || !n.Symbolic() && feature >= int(n) {
		return graph.Fail("dependence", operands, "there is no feature %d in {1}", feature)
	}
	this := places(x, 1, graph.ConstOf([]int64{int64(feature)}))
	_, curves := ops.Scan(func(_, v []*graph.Node) (_, each []*graph.Node) {
		return nil, []*graph.Node{at(score, x, ops.Where(this, v[0], x))}
	}, nil, []*graph.Node{ops.Convert(grid, x.DType())})
	return ops.Transpose(curves[0], 1, 0)
}

// Shapley shares out what a row's score exceeds that of the background by among the
// row's features: a feature's share is what it adds when it becomes known, averaged
// over the orders in which the features may become known. What is not known yet is
// that of a row of the background.
//
//	score [batch], x [batch features], background [rows features] -> the same as x
//
// The mean over all orders is estimated by so many of them, drawn at random; the
// s-th one begins from row s mod rows of the background. Whatever the number, the
// shares of a row add up to score(x) minus the mean score of the rows begun from,
// a feature that the score does not depend on gets 0, and a score that is a sum of
// functions of one feature each gets exactly what these add. The error of the other
// shares falls with the root of the number. There are features + 1 evaluations of
// the score for each order. Štrumbelj and Kononenko 2014,
// doi:10.1007/s10115-013-0679-x
func Shapley(score, x, background *graph.Node, orders int, seed uint64) *graph.Node {
	if bad := check("shapley", score, x); bad != nil {
		return bad
	}
	if bad := broken("shapley", background); bad != nil {
		return bad
	}
	operands := []*graph.Node{score, x, background}
	features := x.Shape().Dim(-1)
	if x.Shape().Rank() != 2 || background.Shape().Rank() != 2 || background.Shape().Dim(1) != features || background.DType() != x.DType() {
		return graph.Fail("shapley", operands, "want x [batch features] and a background [rows features] like it, got {1} and {2}")
	}
	if orders < 1 {
		return graph.Fail("shapley", operands, "%d orders: want at least 1", orders)
	}
	state := seeded(seed)
	known := ops.Iota(graph.Int64, graph.Of(1, features), 1)
	rows := ops.Add(ops.Index(count(background.Shape().Dim(0)), 0, -1), graph.Scalar(1))
	sum, _ := ops.Scan(func(sum, s []*graph.Node) (next, _ []*graph.Node) {
		row := ops.Take(background, ops.Reshape(ops.Mod(s[0], rows), 1), 0)
		start := ops.BroadcastTo(row, x.Shape())
		end, _ := ops.Scan(func(c, j []*graph.Node) (next, _ []*graph.Node) {
			p, before, share := c[0], c[1], c[2]
			this := ops.Equal(known, j[0])
			p = ops.Where(this, x, p)
			now := at(score, x, p)
			gain := ops.MaskedFill(ops.Expand(ops.Sub(now, before), 1), ops.Not(this), graph.Scalar(0))
			return []*graph.Node{p, now, ops.Add(share, gain)}, nil
		}, []*graph.Node{start, at(score, x, start), sum[0]}, []*graph.Node{ops.Permutation(state, 0, features)})
		return []*graph.Node{end[2]}, nil
	}, []*graph.Node{graph.Zeros(x.Type())}, []*graph.Node{count(graph.Dim(orders))})
	return ops.Scale(sum[0], 1/float64(orders))
}
