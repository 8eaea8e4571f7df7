package ops

import "github.com/adjointml/adjoint/graph"

// Bincount returns how often each of 0, 1 ... n-1 is among the integers x, as
// Int64. A number outside of them makes the run fail, but negative ones count
// from the end. With weights it is [SegmentSum].
//
//	x [...] -> [n]
func Bincount(x *Node, n Dim) *Node {
	if bad := broken("bincount", x); bad != nil {
		return bad
	}
	if !x.DType().Int() {
		return graph.Fail("bincount", []*Node{x}, "want integers, got {0}: convert it with ops.Convert")
	}
	line := Reshape(x, graph.Auto)
	return SegmentSum(BroadcastTo(graph.ScalarOf(graph.Int64, 1), line.Shape()), line, n)
}

// Histogram returns how many elements of x are in each of n bins of equal
// width from lo to hi, as Int64. The last bin holds hi, too; what is outside of
// them, and NaN, is not counted.
//
//	x [...] -> [n]
func Histogram(x *Node, lo, hi float64, n int) *Node {
	if bad := brokenMean("histogram", x, nil); bad != nil {
		return bad
	}
	if n < 1 || !(lo < hi) {
		return graph.Fail("histogram", []*Node{x}, "cannot make %d bins from %g to %g", n, lo, hi)
	}
	inside := And(GreaterEqual(x, num(lo)), LessEqual(x, num(hi)))
	bin := Floor(Scale(Sub(Where(inside, x, num(lo)), num(lo)), float64(n)/(hi-lo)))
	bin = Where(inside, Minimum(bin, num(float64(n-1))), num(float64(n)))
	return Slice(Bincount(Convert(bin, graph.Int64), Dim(n+1)), 0, 0, n, 1)
}

// Cov returns the covariances of the rows of x, each a variable with a column
// for each observation, divided by n - 1.
//
//	x [k n] -> [k k]
func Cov(x *Node) *Node {
	if bad := brokenMean("cov", x, nil); bad != nil {
		return bad
	}
	if x.Shape().Rank() != 2 {
		return graph.Fail("cov", []*Node{x}, "want a matrix, got {0}")
	}
	centered := Sub(x, Keep(Mean, x, 1))
	return Div(MatMul(centered, Transpose(centered)), Sub(Count(x, 1), num(1)))
}

// Corr returns the correlations of the rows of x: their [Cov] divided by both
// standard deviations; NaN where one is 0.
//
//	x [k n] -> [k k]
func Corr(x *Node) *Node {
	if bad := brokenMean("corr", x, nil); bad != nil {
		return bad
	}
	if x.Shape().Rank() != 2 {
		return graph.Fail("corr", []*Node{x}, "want a matrix, got {0}")
	}
	centered := Sub(x, Keep(Mean, x, 1))
	unit := Div(centered, Keep(Norm, centered, 1))
	return MatMul(unit, Transpose(unit))
}

// CDist returns the distances by the p-norm of each row of x to each row of y.
// Its gradient where they are equal is 0. p = 2 is the Euclidean distance.
//
//	x [... m k], y [... n k] -> [... m n]
func CDist(x, y *Node, p float64) *Node {
	if bad := broken("cdist", x, y); bad != nil {
		return bad
	}
	if x.Shape().Rank() < 2 || y.Shape().Rank() < 2 {
		return graph.Fail("cdist", []*Node{x, y}, "want matrices, got {0} and {1}")
	}
	if k, l := x.Shape().Dim(-1), y.Shape().Dim(-1); k != l {
		return graph.Fail("cdist", []*Node{x, y}, "the rows of {0} and {1} have different lengths, %v and %v", k, l)
	}
	return NormP(Sub(Expand(x, -2), Expand(y, -3)), p, -1)
}

// PairwiseDistance returns the p-norms of the rows of x - y + eps, which keeps
// the gradient of equal rows from being undefined; PyTorch's eps is 1e-6.
//
//	x [... k], y [... k] -> [...]
func PairwiseDistance(x, y *Node, p, eps float64) *Node {
	return NormP(Add(Sub(x, y), num(eps)), p, -1)
}

// Renorm returns x with each slice along the axis whose p-norm is above most
// scaled to that norm.
func Renorm(x *Node, p float64, axis int, most float64) *Node {
	if bad := brokenMean("renorm", x, []int{axis}); bad != nil {
		return bad
	}
	i := behind(x, axis)
	var others []int
	for ax := range x.Shape().Rank() {
		if ax != i {
			others = append(others, ax)
		}
	}
	norm := Abs(x) // of one element each
	if len(others) > 0 {
		norm = Keep(func(x *Node, axes ...int) *Node { return NormP(x, p, axes...) }, x, others...)
	}
	factor := Div(num(most), Add(norm, num(1e-7)))
	return Mul(x, Where(Greater(norm, num(most)), factor, num(1)))
}
