package latent

import (
	"cmp"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// KMeansOptions refine [KMeans]. The zero value changes nothing.
type KMeansOptions struct {
	Steps int // at most; 0 means 100
	Tries int // from other first centers, of which the best one counts; 0 means 8
	Seed  uint64
}

// KMeans divides the rows of x into k groups such that the sum of the squared
// distances from the centers, the means of the groups, is small: it moves each
// center to its group's mean, and each row to its nearest center, until nothing
// changes. The first centers are rows drawn far from each other (Arthur and
// Vassilvitskii 2007, k-means++). A group that loses all its rows keeps its center.
// All tries run at once.
//
//	x [n d] -> centers [k d], group Int64 [n], inertia [], the sum
//
// It has no gradient, and fails where k is less than 1 or, if known, larger than n.
// Lloyd 1982, doi:10.1109/TIT.1982.1056489
func KMeans(x *graph.Node, k int, o ...KMeansOptions) (centers, group, inertia *graph.Node) {
	var opt KMeansOptions
	if len(o) > 0 {
		opt = o[len(o)-1]
	}
	bad := rows("kmeans", x)
	if bad == nil && (k < 1 || !x.Shape().Dim(0).Symbolic() && k > int(x.Shape().Dim(0)) || opt.Steps < 0 || opt.Tries < 0) {
		bad = graph.Fail("kmeans", []*graph.Node{x}, "cannot make %d groups of {0} in %d steps and %d tries: want from 1 to as many as rows, and numbers from 0", k, opt.Steps, opt.Tries)
	}
	if bad != nil {
		return bad, bad, bad
	}
	x = ops.StopGradient(x)
	centers = first(x, k, cmp.Or(opt.Tries, 8), opt.Seed)
	init := []*graph.Node{centers, Nearest(x, centers), graph.ConstOf([]bool{true})}
	last := ops.While(
		func(c []*graph.Node) *graph.Node { return c[2] },
		func(c []*graph.Node) []*graph.Node {
			moved := means(x, c[0], c[1])
			group := Nearest(x, moved)
			return []*graph.Node{moved, group, ops.Any(ops.NotEqual(group, c[1]))}
		},
		init, cmp.Or(opt.Steps, 100))
	inertias := ops.Sum(ops.Min(distances(x, last[0]), -1), -1)
	best := ops.ArgMin(inertias, 0)
	return ops.Take(last[0], best, 0), ops.Take(last[1], best, 0), ops.Take(inertias, best, 0)
}

// Nearest returns the number of the center nearest to each row of x, the first one
// of equals.
//
//	x [n d], centers [... k d] -> Int64 [... n]
func Nearest(x, centers *graph.Node) *graph.Node { return ops.ArgMin(distances(x, centers), -1) }

// distances returns the squared distances of the rows of x from centers [... k d]:
// [... n k].
func distances(x, centers *graph.Node) *graph.Node {
	// |x|² - 2x·c + |c|² is one product; rows are moved to their mean, so that
	// little cancels
	mean := ops.Keep(ops.Mean, x, 0)
	x, centers = ops.Sub(x, mean), ops.Sub(centers, mean)
	product := ops.Scale(ops.MatMul(x, turned(centers)), -2)
	d := ops.Add(ops.Add(product, ops.Keep(ops.Sum, ops.Square(x), -1)), ops.Expand(ops.Sum(ops.Square(centers), -1), -2))
	return ops.Maximum(d, graph.Scalar(0))
}

// turned swaps the last two axes.
func turned(x *graph.Node) *graph.Node {
	perm := make([]int, x.Shape().Rank())
	for i := range perm {
		perm[i] = i
	}
	n := len(perm)
	perm[n-2], perm[n-1] = n-1, n-2
	return ops.Transpose(x, perm...)
}

// means returns the means of the groups [tries n] of rows, or the old centers
// [tries k d] where a group is empty.
func means(x, old, group *graph.Node) *graph.Node {
	member := ops.OneHot(group, old.Shape().Dim(1), x.DType()) // [tries n k]
	count := ops.Expand(ops.Sum(member, 1), -1)
	sum := ops.MatMul(turned(member), x)
	empty := ops.Equal(count, graph.Scalar(0))
	return ops.Where(empty, old, ops.Div(sum, ops.Where(empty, graph.Scalar(1), count)))
}

// first draws k rows of x, [tries k d], each with a probability in proportion to
// its squared distance from the nearest one drawn before.
func first(x *graph.Node, k, tries int, seed uint64) *graph.Node {
	state := graph.ConstOf([]int64{int64(seed), 0}, 2)
	n, rows := x.Shape().Dim(0), graph.Dim(tries)
	// as far from each other as any: the first one is drawn evenly
	far := ops.BroadcastTo(graph.ScalarOf(x.DType(), 1e30), graph.Of(rows, n))
	_, drawn := ops.Scan(func(c, _ []*graph.Node) (next, y []*graph.Node) {
		at := ops.Categorical(c[1], 0, ops.Log(c[0]))
		center := ops.Take(x, at, 0) // [tries d]
		d := ops.Sum(ops.Square(ops.Sub(x, ops.Expand(center, 1))), -1)
		return []*graph.Node{ops.Minimum(c[0], d), ops.NextState(c[1])}, []*graph.Node{center}
	}, []*graph.Node{far, state}, nil, ops.ScanOptions{Length: graph.Dim(k)})
	return ops.Transpose(drawn[0], 1, 0, 2)
}
