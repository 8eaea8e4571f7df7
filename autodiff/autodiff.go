// Package autodiff derives gradients. It turns a graph into the graph of its
// gradient, so that results can be differentiated again, to any order, and
// never changes a node that exists.
package autodiff

import (
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Grad returns the gradient of the scalar y with respect to each of wrt: values
// of their types. For what y does not depend on it is zero.
func Grad(y *graph.Node, wrt ...*graph.Node) []*graph.Node {
	switch {
	case y.Err() != nil:
		return VJP(y, y, wrt...) // which reports it
	case y.Shape().Rank() != 0:
		return fail("grad", y, len(wrt), "want a scalar, got {0}: sum it, or use autodiff.VJP")
	case !y.DType().Float():
		return fail("grad", y, len(wrt), "want a float, got {0}")
	}
	return VJP(y, graph.ScalarOf(y.DType(), 1), wrt...)
}

// fail returns n poisoned nodes.
func fail(name string, y *graph.Node, n int, format string, arg ...any) []*graph.Node {
	return slices.Repeat([]*graph.Node{graph.Fail(name, []*graph.Node{y}, format, arg...)}, n)
}

// VJP returns the vector-Jacobian products: for the cotangent ct of y, which
// broadcasts to y's shape, the cotangent of each of wrt.
func VJP(y, ct *graph.Node, wrt ...*graph.Node) []*graph.Node {
	if ct == nil {
		return fail("vjp", y, len(wrt), "the cotangent of {0} is nil")
	}
	return ops.Pullback([]*graph.Node{y}, []*graph.Node{ct}, wrt)
}

// JVP returns the Jacobian-vector product: the derivative of y as x moves in
// the direction v, which has x's type. It is the VJP of the VJP, which is
// linear in its cotangent.
func JVP(y, x, v *graph.Node) *graph.Node {
	if y.Err() != nil || x.Err() != nil || v.Err() != nil {
		return graph.Fail("jvp", []*graph.Node{y, x, v}, "")
	}
	if v.Type() != x.Type() {
		return graph.Fail("jvp", []*graph.Node{x, v}, "the direction {1} does not have the type of {0}")
	}
	u := graph.Zeros(y.Type()) // any value: the product does not depend on it
	return VJP(VJP(y, u, x)[0], v, u)[0]
}

// HVP returns the products of the Hessian of the scalar y with a vector, one
// part v[i] of which belongs to each of x: the derivative of the gradient in
// that direction, one part for each of x.
func HVP(y *graph.Node, x, v []*graph.Node) []*graph.Node {
	if len(x) != len(v) || len(x) == 0 {
		return fail("hvp", y, len(x), "%d parts of a vector for %d values", len(v), len(x))
	}
	for i := range x {
		given := []*graph.Node{y, x[i], v[i]}
		switch {
		case y.Err() != nil || x[i].Err() != nil || v[i].Err() != nil:
			return slices.Repeat([]*graph.Node{graph.Fail("hvp", given, "")}, len(x))
		case v[i].Type() != x[i].Type():
			return slices.Repeat([]*graph.Node{graph.Fail("hvp", given, "the direction {2} does not have the type of {1}")}, len(x))
		}
	}
	u := make([]*graph.Node, len(v)) // stand for v, which may depend on x, while that moves
	stand := map[*graph.Node]*graph.Node{}
	var slope *graph.Node
	for i, g := range Grad(y, x...) {
		u[i] = graph.InputOf(x[i].DType(), "v", x[i].Shape().Dims()...)
		stand[u[i]] = v[i]
		s := ops.Sum(ops.Mul(g, u[i]))
		if slope == nil {
			slope = s
		} else {
			slope = ops.Add(slope, s)
		}
	}
	return graph.Rewrite(Grad(slope, x...), stand)
}

// Jacobian returns all derivatives of y with respect to x, y's axes before
// x's. Both have known shapes. The graph holds a backward pass for each element
// of y.
//
//	y [m], x [n] -> [m n]
func Jacobian(y, x *graph.Node) *graph.Node {
	if y.Err() != nil || x.Err() != nil {
		return graph.Fail("jacobian", []*graph.Node{y, x}, "")
	}
	dims, ok := y.Shape().Literal()
	if !ok {
		return graph.Fail("jacobian", []*graph.Node{y}, "the shape of {0} must be known")
	}
	n := 1
	for _, d := range dims {
		n *= d
	}
	if n == 0 {
		return graph.Zeros(x.Type().Of(graph.Of(append(y.Shape().Dims(), x.Shape().Dims()...)...)))
	}
	flat := ops.Reshape(y, graph.Dim(n))
	rows := make([]*graph.Node, n)
	for i := range rows {
		rows[i] = Grad(ops.Index(flat, 0, i), x)[0]
	}
	return ops.Reshape(ops.Stack(0, rows...), append(y.Shape().Dims(), x.Shape().Dims()...)...)
}

// Hessian returns the second derivatives of the scalar y with respect to x: a
// square matrix for a vector x, x's axes twice in general.
func Hessian(y, x *graph.Node) *graph.Node { return Jacobian(Grad(y, x)[0], x) }
