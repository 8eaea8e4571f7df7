package ops

import (
	"fmt"
	"math"
	"slices"

	"github.com/adjointml/adjoint/graph"
)

// Trace returns the sum of the diagonal of matrices.
//
//	x [... m n] -> [...]
func Trace(x *Node) *Node {
	if bad := broken("trace", x); bad != nil {
		return bad
	}
	r := x.Shape().Rank()
	if r < 2 {
		return graph.Fail("trace", []*Node{x}, "want a matrix or a batch of them, got {0}")
	}
	last := graph.Of(x.Shape().Dim(-2), x.Shape().Dim(-1))
	return Sum(Where(diagonal(last, 0), x, Convert(num(0), x.DType())), r-2, r-1)
}

// Kron returns the Kronecker product: every element of x times all of y. The
// operand with fewer axes gets leading ones of length 1.
//
//	x [m n], y [p q] -> [m·p n·q]
func Kron(x, y *Node) *Node {
	if bad := broken("kron", x, y); bad != nil {
		return bad
	}
	r := max(x.Shape().Rank(), y.Shape().Rank())
	if 2*r > graph.MaxRank {
		return graph.Fail("kron", []*Node{x, y}, "{0} and {1} have more than %d axes", graph.MaxRank/2)
	}
	var dims, xs, ys []Dim
	for i := -r; i < 0; i++ {
		p, q := dimOr1(x, i), dimOr1(y, i)
		xs, ys = append(xs, p, 1), append(ys, 1, q)
		dims = append(dims, p.Mul(q))
	}
	return Reshape(Mul(Reshape(x, xs...), Reshape(y, ys...)), dims...)
}

// dimOr1 returns a length counted from the end, 1 beyond the first axis.
func dimOr1(x *Node, i int) Dim {
	if -i > x.Shape().Rank() {
		return 1
	}
	return x.Shape().Dim(i)
}

// MatrixPower returns the n-th power of square matrices, by squaring; the
// identity for n = 0, powers of the inverse for n < 0.
//
//	x [... k k] -> [... k k]
func MatrixPower(x *Node, n int) *Node {
	if bad := broken("matrixpower", x); bad != nil {
		return bad
	}
	if _, err := squareOf(x.Type()); err != nil {
		return graph.Fail("matrixpower", []*Node{x}, "%v", err)
	}
	if n == 0 {
		return BroadcastTo(eye(x.Shape().Dim(-1), x.DType()), x.Shape())
	}
	if n < 0 {
		x, n = Inverse(x), -n
	}
	var y *Node
	for ; ; x = MatMul(x, x) {
		if n%2 == 1 && y == nil {
			y = x
		} else if n%2 == 1 {
			y = MatMul(y, x)
		}
		if n /= 2; n == 0 {
			return y
		}
	}
}

// MatrixNorm returns the norm of matrices that the p-norm of vectors induces,
// for p one of 1 (the largest sum of a column's |x|), 2 (the largest singular
// value) and +Inf (the largest sum of a row's |x|), or the smallest instead of
// the largest for -1, -2 and -Inf.
//
//	x [... m n] -> [...]
//
// For 2 and -2, m and n must be known, or equal. The Frobenius norm is
// Norm(x, -2, -1); for the nuclear norm see [NuclearNorm].
func MatrixNorm(x *Node, p float64) *Node {
	if bad := broken("matrixnorm", x); bad != nil {
		return bad
	}
	if _, _, err := matrixOf(x.Type()); err != nil {
		return graph.Fail("matrixnorm", []*Node{x}, "%v", err)
	}
	var v *Node
	switch math.Abs(p) {
	case 1:
		v = Sum(Abs(x), -2)
	case 2:
		_, v, _ = SVD(x)
	case math.Inf(1):
		v = Sum(Abs(x), -1)
	default:
		return graph.Fail("matrixnorm", []*Node{x}, "p is %v: want 1, 2 or Inf, or one of them negative", p)
	}
	if p < 0 {
		return Min(v, -1)
	}
	return Max(v, -1)
}

// NuclearNorm returns the sum of the singular values of matrices.
//
//	x [... m n] -> [...]
//
// m and n must be known, or equal.
func NuclearNorm(x *Node) *Node {
	_, s, _ := SVD(x)
	if s.Err() != nil {
		return s
	}
	return Sum(s, -1)
}

// Tensordot returns the sums of products over axis xs[i] of x and axis ys[i] of
// y for all i at once. The result has the other axes of x, then those of y.
//
//	x [a i b], y [i c], xs [1], ys [0] -> [a b c]
func Tensordot(x, y *Node, xs, ys []int) *Node {
	if bad := broken("tensordot", x, y); bad != nil {
		return bad
	}
	fail := func(format string, arg ...any) *Node { return graph.Fail("tensordot", []*Node{x, y}, format, arg...) }
	if len(xs) != len(ys) {
		return fail("%d axes of {0} for %d of {1}", len(xs), len(ys))
	}
	xFree, xSum, err := splitAxes(x, xs)
	if err != nil {
		return fail("{0}: %v", err)
	}
	yFree, ySum, err := splitAxes(y, ys)
	if err != nil {
		return fail("{1}: %v", err)
	}
	inner := Dim(1)
	for i, ax := range xSum {
		p, q := x.Shape().Dim(ax), y.Shape().Dim(ySum[i])
		if p != q {
			return fail("axis %d of {0} and axis %d of {1} differ in length: %v and %v", ax, ySum[i], p, q)
		}
		inner = inner.Mul(p)
	}
	left, right := dimsOf(x, xFree), dimsOf(y, yFree)
	if len(left)+len(right) > graph.MaxRank {
		return fail("the product of {0} and {1} would have %d axes: at most %d", len(left)+len(right), graph.MaxRank)
	}
	a := Reshape(permute(x, slices.Concat(xFree, xSum)), graph.Of(left...).Size(), inner)
	b := Reshape(permute(y, slices.Concat(ySum, yFree)), inner, graph.Of(right...).Size())
	return Reshape(MatMul(a, b), append(left, right...)...)
}

// splitAxes returns the axes that are not listed, and the listed ones.
func splitAxes(x *Node, list []int) (free, listed []int, err error) {
	for _, i := range list {
		ax, err := x.Shape().Axis(i)
		if err != nil {
			return nil, nil, err
		}
		if slices.Contains(listed, ax) {
			return nil, nil, fmt.Errorf("axis %d is listed twice", ax)
		}
		listed = append(listed, ax)
	}
	for ax := range x.Shape().Rank() {
		if !slices.Contains(listed, ax) {
			free = append(free, ax)
		}
	}
	return free, listed, nil
}

func dimsOf(x *Node, axes []int) (dims []Dim) {
	for _, ax := range axes {
		dims = append(dims, x.Shape().Dim(ax))
	}
	return dims
}
