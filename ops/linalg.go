package ops

import (
	"errors"
	"fmt"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// MatMul returns the matrix product over the last two axes; the axes before
// them broadcast. A vector counts as a row on the left and as a column on the
// right, and its axis of length 1 is removed from the result.
//
//	x [... m k], y [... k n] -> [... m n]
//
// It fails if the inner lengths differ or an operand is a scalar.
func MatMul(x, y *Node) *Node {
	if bad := broken("matmul", x, y); bad != nil {
		return bad
	}
	row, column := x.Shape().Rank() == 1, y.Shape().Rank() == 1
	if !row && !column {
		return graph.Apply(matmul{}, x, y)
	}
	if x.Shape().Rank() == 0 || y.Shape().Rank() == 0 || x.Shape().Dim(-1) != innerRight(y.Type()) {
		return graph.Apply(matmul{}, x, y) // which says why not
	}
	if row {
		x = Expand(x, 0)
	}
	if column {
		y = Expand(y, 1)
	}
	z := graph.Apply(matmul{}, x, y)
	if column {
		z = Squeeze(z, -1)
	}
	if row && column {
		return Squeeze(z, -1)
	}
	if row {
		z = Squeeze(z, -2)
	}
	return z
}

// innerRight returns the length of the axis that a right operand is summed over.
func innerRight(t Type) Dim {
	if t.Rank() == 1 {
		return t.Dim(0)
	}
	return t.Dim(-2)
}

type matmul struct{}

func (matmul) Name() string { return "matmul" }
func (matmul) Doc() graph.Doc {
	return doc("The product of matrices: each result is the sum of the products of a row and a column, which is what a layer of neurons computes.", "y = a @ b", "ā = ȳ @ b^T; b̄ = a^T @ ȳ")
}
func (matmul) Infer(in ...Type) (Type, error) {
	x, y := in[0], in[1]
	if x.DType != y.DType || !x.DType.Float() {
		return Type{}, errors.New("cannot multiply {0} by {1}: want floats of one dtype; use ops.Convert")
	}
	if x.Rank() == 0 || y.Rank() == 0 {
		return Type{}, errors.New("cannot multiply {0} by {1}: want matrices; use ops.Mul for a product of elements")
	}
	if k := innerRight(y); x.Dim(-1) != k {
		return Type{}, fmt.Errorf("cannot multiply {0} by {1}: inner lengths %v and %v differ", x.Dim(-1), k)
	}
	batch, err := graph.Broadcast(batchOf(x), batchOf(y))
	if err != nil {
		return Type{}, fmt.Errorf("cannot multiply {0} by {1}: the axes before the last two do not broadcast: %w", err)
	}
	return x.Of(graph.Of(append(batch.Dims(), x.Dim(-2), y.Dim(-1))...)), nil
}

// batchOf returns the axes before the last two.
func batchOf(t Type) Shape { return graph.Of(t.Shape.Dims()[:t.Rank()-2]...) }

// Eval adds the products of each element in float64.
func (matmul) Eval(out Tensor, in ...Tensor) {
	if out.DType == graph.Float32 {
		multiply[float32](out, in[0], in[1])
	} else {
		multiply[float64](out, in[0], in[1])
	}
}

func multiply[T float32 | float64](out, x, y Tensor) {
	r := len(out.Shape)
	m, n, k := out.Shape[r-2], out.Shape[r-1], x.Shape[len(x.Shape)-1]
	a, b, c := graph.Data[T](x), graph.Data[T](y), graph.Data[T](out)
	xs := strides(x.Shape[:len(x.Shape)-2], out.Shape[:r-2])
	ys := strides(y.Shape[:len(y.Shape)-2], out.Shape[:r-2])
	each(out.Shape[:r-2], [][]int{xs, ys}, func(i int, at []int) {
		multiplyMatrix(c[i*m*n:(i+1)*m*n], a[at[0]*m*k:(at[0]+1)*m*k], b[at[1]*k*n:(at[1]+1)*k*n], m, n, k)
	})
}

// multiplyMatrix computes c = a·b, two rows at a time and as many columns as
// sums fit on the stack. Each element is added up in the order of k.
func multiplyMatrix[T float32 | float64](c, a, b []T, m, n, k int) {
	const wide = 256
	var sums [2][wide]float64
	for j := 0; j < n; j += wide {
		w := min(wide, n-j)
		for i := 0; i < m; i += 2 {
			rows := min(2, m-i)
			p := 0
			for ; rows == 2 && p+4 <= k; p += 4 {
				var f [2][4]float64
				for q := range 4 {
					f[0][q], f[1][q] = float64(a[i*k+p+q]), float64(a[(i+1)*k+p+q])
				}
				addRows(sums[0][:w], sums[1][:w], &f, b[p*n+j:], n)
			}
			for ; p < k; p++ {
				for r := range rows {
					f := float64(a[(i+r)*k+p])
					for x, v := range b[p*n+j : p*n+j+w] {
						sums[r][x] += f * float64(v)
					}
				}
			}
			for r := range rows {
				for x, v := range sums[r][:w] {
					c[(i+r)*n+j+x] = T(v)
				}
				clear(sums[r][:w])
			}
		}
	}
}

// addRows adds four rows of b, n apart, to two rows of sums, each with the
// factors of its row.
func addRows[T float32 | float64](s0, s1 []float64, f *[2][4]float64, b []T, n int) {
	w := len(s0)
	s1 = s1[:w]
	b0, b1, b2, b3 := b[:w], b[n:n+w], b[2*n:2*n+w], b[3*n:3*n+w]
	f0, f1, f2, f3 := f[0][0], f[0][1], f[0][2], f[0][3]
	g0, g1, g2, g3 := f[1][0], f[1][1], f[1][2], f[1][3]
	for x := range s0 {
		v0, v1, v2, v3 := float64(b0[x]), float64(b1[x]), float64(b2[x]), float64(b3[x])
		s0[x] = s0[x] + f0*v0 + f1*v1 + f2*v2 + f3*v3
		s1[x] = s1[x] + g0*v0 + g1*v1 + g2*v2 + g3*v3
	}
}
func (matmul) Lower(b *ir.Builder, _ ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	return b.Contract(x[0], x[1]), true
}
func (matmul) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{MatMul(ct, Transpose(x[1])), MatMul(Transpose(x[0]), ct)}
}
func (m matmul) Simplify(x ...*Node) *Node {
	if graph.IsZero(x[0]) || graph.IsZero(x[1]) {
		t, _ := m.Infer(x[0].Type(), x[1].Type())
		return graph.Zeros(t)
	}
	return nil
}
func (matmul) Flops(out Type, in ...Type) Dim {
	return out.Shape.Size().Mul(in[0].Dim(-1)).Mul(2)
}

// Dot returns the sum of the products of the elements of two vectors.
func Dot(x, y *Node) *Node {
	if bad := broken("dot", x, y); bad != nil {
		return bad
	}
	if x.Shape().Rank() != 1 || y.Shape().Rank() != 1 {
		return graph.Fail("dot", []*Node{x, y}, "want two vectors, got {0} and {1}")
	}
	return MatMul(x, y)
}

// Outer returns all products of an element of the vector x and one of y.
//
//	x [m], y [n] -> [m n]
func Outer(x, y *Node) *Node {
	if bad := broken("outer", x, y); bad != nil {
		return bad
	}
	if x.Shape().Rank() != 1 || y.Shape().Rank() != 1 {
		return graph.Fail("outer", []*Node{x, y}, "want two vectors, got {0} and {1}")
	}
	return Mul(Expand(x, 1), y)
}

// Affine returns x·w + b, or x·w if b is nil.
//
//	x [... in], w [in out], b [out] -> [... out]
func Affine(x, w, b *Node) *Node {
	y := MatMul(x, w)
	if b != nil {
		y = Add(y, b)
	}
	return y
}
