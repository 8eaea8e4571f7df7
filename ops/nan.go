package ops

import "math"

// NaNSum adds up the elements over the axes, or all of them, that are not NaN.
func NaNSum(x *Node, axes ...int) *Node {
	if bad := brokenMean("nansum", x, axes); bad != nil {
		return bad
	}
	return Sum(Where(IsNaN(x), num(0), x), axes...)
}

// numbersOf counts the elements over the axes that are not NaN, in x's dtype.
func numbersOf(x *Node, axes []int) *Node {
	return Sum(Convert(Not(IsNaN(x)), x.DType()), axes...)
}

// NaNMean returns the mean over the axes, or of all of x, of the elements that
// are not NaN; NaN if all are.
func NaNMean(x *Node, axes ...int) *Node {
	if bad := brokenMean("nanmean", x, axes); bad != nil {
		return bad
	}
	return Div(NaNSum(x, axes...), numbersOf(x, axes))
}

// NaNVar returns the variance over the axes, or of all of x, of the elements
// that are not NaN: the sum of squared distances from their mean, divided by
// their number less 1. It is NaN if there are fewer than two.
func NaNVar(x *Node, axes ...int) *Node {
	if bad := brokenMean("nanvar", x, axes); bad != nil {
		return bad
	}
	none := Keep(func(x *Node, axes ...int) *Node { return numbersOf(x, axes) }, x, axes...)
	mean := Div(Keep(NaNSum, x, axes...), Maximum(none, num(1)))
	apart := Where(IsNaN(x), num(0), Sub(x, mean))
	n := Sub(numbersOf(x, axes), num(1))
	few := Less(n, num(1))
	return Where(few, num(math.NaN()), Div(Sum(Square(apart), axes...), Where(few, num(1), n)))
}

// NaNMax returns the largest element over the axes, or of all of x, that is not
// NaN; NaN if all are. Equal largest elements share the gradient. It fails on an
// empty axis.
func NaNMax(x *Node, axes ...int) *Node {
	if bad := brokenMean("nanmax", x, axes); bad != nil {
		return bad
	}
	nan := IsNaN(x)
	return Where(All(nan, axes...), num(math.NaN()), Max(Where(nan, num(math.Inf(-1)), x), axes...))
}

// NaNMin returns the smallest element over the axes, or of all of x, that is not
// NaN, like [NaNMax].
func NaNMin(x *Node, axes ...int) *Node {
	if bad := brokenMean("nanmin", x, axes); bad != nil {
		return bad
	}
	return Neg(NaNMax(Neg(x), axes...))
}
