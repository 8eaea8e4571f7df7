package golden

import "github.com/adjointml/adjoint/ops"

var products = table{
	"matmul": binary(ops.MatMul),
	"mm":     binary(ops.MatMul),
	"bmm":    binary(ops.MatMul),
	"mv":     binary(ops.MatMul),
	"dot":    binary(ops.Dot),
	"outer":  binary(ops.Outer),
	"inner": binary(func(x, y *Node) *Node {
		if rank(y) < 2 {
			return ops.MatMul(x, y)
		}
		return ops.MatMul(x, ops.Transpose(y))
	}),
	"addmm":   {"x y z beta alpha", addProduct},
	"baddbmm": {"x y z beta alpha", addProduct},
	"einsum":  {"x formula", func(a *args) []*Node { return one(ops.Einsum(a.text("formula", ""), a.nodes("x")...)) }},
	"tensordot": {"x y dims", func(a *args) []*Node {
		x, y, n := a.node("x"), a.node("y"), a.int("dims", 2)
		left, right := x.Shape().Dims()[:rank(x)-n], y.Shape().Dims()[n:]
		inner := Dim(1)
		for i := range n {
			inner = inner.Mul(y.Shape().Dim(i))
		}
		z := ops.MatMul(ops.Reshape(x, append(left, inner)...), ops.Flatten(ops.Reshape(y, append([]Dim{inner}, right...)...), 1))
		return one(ops.Reshape(z, append(left, right...)...))
	}},
	"cdist": {"x y p mode", func(a *args) []*Node {
		a.ignore("mode") // a choice of speed
		return one(ops.CDist(a.node("x"), a.node("y"), a.num("p", 2)))
	}},
	"nn.functional.linear": {"x weight bias", func(a *args) []*Node {
		return one(ops.Affine(a.node("x"), ops.Transpose(a.node("weight")), a.maybe("bias")))
	}},
	"nn.functional.bilinear": {"x y weight bias", func(a *args) []*Node {
		z := ops.Einsum("...i,kij,...j->...k", a.node("x"), a.node("weight"), a.node("y"))
		return one(ops.Add(z, a.node("bias")))
	}},
}

func addProduct(a *args) []*Node {
	product := ops.Scale(ops.MatMul(a.node("y"), a.node("z")), a.num("alpha", 1))
	return one(ops.Add(ops.Scale(a.node("x"), a.num("beta", 1)), product))
}
