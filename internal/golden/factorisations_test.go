package golden

import (
	"math"

	"github.com/adjointml/adjoint/ops"
)

var factorisations = table{
	"linalg.cholesky": {"x upper", func(a *args) []*Node {
		l := ops.Cholesky(a.node("x"))
		if a.flag("upper", false) {
			l = ops.Transpose(l)
		}
		return one(l)
	}},
	"linalg.det": unary(ops.Det),
	"linalg.inv": unary(ops.Inverse),
	"linalg.slogdet": {"x", func(a *args) []*Node {
		sign, log := ops.SlogDet(a.node("x"))
		return []*Node{sign, log}
	}},
	"logdet":       unary(ops.LogDet),
	"linalg.solve": binary(ops.Solve),
	"linalg.matrix_norm": {"x ord dim keepdim", func(a *args) []*Node {
		x := lastAxes(a.node("x"), a.ints("dim", -2, -1))
		y := matrixNorm(x, a.get("ord"))
		if a.flag("keepdim", false) {
			y = ops.Expand(y, -2, -1)
		}
		return one(y)
	}},
}

// lastAxes moves the two axes to the end, in their order.
func lastAxes(x *Node, axes []int) *Node {
	n := rank(x)
	p, q := (axes[0]+n)%n, (axes[1]+n)%n
	var perm []int
	for i := range n {
		if i != p && i != q {
			perm = append(perm, i)
		}
	}
	return ops.Transpose(x, append(perm, p, q)...)
}

func matrixNorm(x *Node, ord any) *Node {
	switch p := ord.(type) {
	case float64:
		return ops.MatrixNorm(x, p)
	case string:
		switch p {
		case "nuc":
			return ops.NuclearNorm(x)
		case "inf", "Infinity":
			return ops.MatrixNorm(x, math.Inf(1))
		case "-inf", "-Infinity":
			return ops.MatrixNorm(x, math.Inf(-1))
		}
	}
	return ops.Norm(x, -2, -1)
}
