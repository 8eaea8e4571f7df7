package ops

import (
	"fmt"
	"math"

	"github.com/adjointml/adjoint/graph"
	"gonum.org/v1/gonum/blas"
	blasgonum "gonum.org/v1/gonum/blas/gonum"
	lapack "gonum.org/v1/gonum/lapack/gonum"
)

var (
	lapackOf lapack.Implementation
	blasOf   blasgonum.Implementation
)

// Solve returns the x with a·x = b. b is a vector if it has one axis, or a
// batch of vectors if its shape is that of a without the last axis; else its
// last two axes are those of matrices, and the axes before them broadcast
// against a's.
//
//	a [... n n], b [n] -> [... n]
//	a [... n n], b [... n k] -> [... n k]
//
// The gradient is a solution with aᵀ. The run fails if a matrix is singular: for
// those, see [Pinv]. Solve, [Inverse], [Det] and their gradients share one
// factorisation of a.
func Solve(a, b *Node) *Node {
	if bad := broken("solve", a, b); bad != nil {
		return bad
	}
	s := a.Shape()
	if s.Rank() >= 2 && (b.Shape().Rank() == 1 || b.Shape() == s.Remove(s.Rank()-1)) {
		return Squeeze(solveBy(a, graph.Apply(lu{}, a), Expand(b, -1), false), -1)
	}
	return solveBy(a, graph.Apply(lu{}, a), b, false)
}

// solveBy solves with a, whose factors are given, or with its transpose.
func solveBy(a, factors, b *Node, transposed bool) *Node {
	return graph.Apply(solve{transposed}, a, factors, b)
}

// Inverse returns the inverse of square matrices. The run fails if one is
// singular. To solve equations use [Solve], which is faster and more exact.
//
//	a [... n n] -> [... n n]
func Inverse(a *Node) *Node {
	if bad := broken("inverse", a); bad != nil {
		return bad
	}
	if _, err := squareOf(a.Type()); err != nil {
		return graph.Fail("inverse", []*Node{a}, "%v", err)
	}
	return solveBy(a, graph.Apply(lu{}, a), eye(a.Shape().Dim(-1), a.DType()), false)
}

// lu is the factorisation P·L·U with partial pivoting, L and U in one matrix
// and the row exchanged with each in a last column, in float64. It has no
// gradient: what uses the factors has the matrix for an operand beside them,
// and gives that the gradient.
//
//	a [... n n] -> [... n n+1]
type lu struct{ flat }

func (lu) Name() string { return "lu" }
func (lu) Doc() graph.Doc {
	return doc("Writes a matrix as the product of two triangular ones, rows exchanged: what solving equations starts with.", "y = lu(x)", "x̄ = 0")
}
func (lu) Infer(in ...Type) (Type, error) {
	n, err := squareOf(in[0])
	if err != nil {
		return Type{}, err
	}
	t := withMatrix(in[0], n, n.Add(1))
	t.DType = graph.Float64
	return t, nil
}
func (lu) Eval(out Tensor, in ...Tensor) {
	n := out.Shape[len(out.Shape)-2]
	if n == 0 {
		return
	}
	y := graph.Data[float64](out)
	eachMatrix(batchSize(out), n*n, cube(n), func(i int, w *workspace) {
		a, pivots := w.take(n*n), w.takeInts(n)
		loadMatrix(a, in[0], i)
		lapackOf.Dgetrf(n, n, a, n, pivots)
		for r := range n {
			row := y[(i*n+r)*(n+1):]
			copy(row, a[r*n:(r+1)*n])
			row[n] = float64(pivots[r])
		}
	})
}
func (lu) Flops(_ Type, in ...Type) Dim { return cubicFlops(in[0], 2, 3) }

// loadLU reads the factors and exchanges that lu has written.
func loadLU(x Tensor, i int, w *workspace) (factors []float64, pivots []int) {
	n := x.Shape[len(x.Shape)-2]
	factors, pivots = w.take(n*n), w.takeInts(n)
	y := graph.Data[float64](x)
	for r := range n {
		row := y[(i*n+r)*(n+1):]
		copy(factors[r*n:(r+1)*n], row[:n])
		pivots[r] = int(row[n])
	}
	return factors, pivots
}

// cube is the cost of an operation on a matrix of order n.
func cube(n int) float64 { return float64(n) * float64(n) * float64(n) }

// cubicFlops returns num/den·n³ for each matrix.
func cubicFlops(t Type, num, den Dim) Dim {
	return t.Shape.Size().Mul(t.Dim(-1)).Mul(num).Div(den)
}

type solve struct{ transposed bool }

func (solve) Name() string { return "solve" }
func (s solve) String() string {
	if s.transposed {
		return "solve(transposed)"
	}
	return "solve"
}

// Doc has the matrix a, its factors b and the right side c.
func (s solve) Doc() graph.Doc {
	const text = "Solves linear equations, with the factors of the matrix: better than multiplying with its inverse."
	if s.transposed {
		return doc(text, "y = inv(a)^T @ c", "ā = -y @ c̄^T; b̄ = 0; c̄ = inv(a) @ ȳ")
	}
	return doc(text, "y = inv(a) @ c", "ā = -c̄ @ y^T; b̄ = 0; c̄ = inv(a)^T @ ȳ")
}
func (s solve) Infer(in ...Type) (Type, error) { return inferSolve(in[0], in[2], "{0}", "{2}") }

// inferSolve is the rule of solutions x of a·x = b. The names are those of the
// operands in errors.
func inferSolve(a, b Type, left, right string) (Type, error) {
	n, err := squareOf(a)
	if err != nil {
		return Type{}, fmt.Errorf("want square matrices of floats, got %s", left)
	}
	if a.DType != b.DType {
		return Type{}, fmt.Errorf("%s and %s differ in dtype: use ops.Convert", left, right)
	}
	if b.Rank() < 2 || b.Dim(-2) != n {
		return Type{}, fmt.Errorf("cannot solve with %s for %s: want its rows, the axis before the last, to have length %v", left, right, n)
	}
	batch, err := graph.Broadcast(batchOf(a), batchOf(b))
	if err != nil {
		return Type{}, fmt.Errorf("cannot solve with %s for %s: the axes before the last two do not broadcast: %w", left, right, err)
	}
	return b.Of(graph.Of(append(batch.Dims(), n, b.Dim(-1))...)), nil
}
func (s solve) Eval(out Tensor, in ...Tensor) {
	r := len(out.Shape)
	n, k := out.Shape[r-2], out.Shape[r-1]
	if out.Len() == 0 {
		return
	}
	trans := blas.NoTrans
	if s.transposed {
		trans = blas.Trans
	}
	eachMatrix(batchSize(out), n*n+n*k, float64(n)*float64(n)*float64(k), func(i int, w *workspace) {
		at := batchAt(i, out.Shape, in[0].Shape)
		factors, pivots := loadLU(in[1], at, w)
		for j := range n {
			if factors[j*n+j] == 0 {
				panic(fmt.Errorf("%s is singular: see ops.Pinv, or add a small multiple of the identity", placeOf(at, in[0])))
			}
		}
		x := w.take(n * k)
		loadMatrix(x, in[2], batchAt(i, out.Shape, in[2].Shape))
		lapackOf.Dgetrs(trans, n, k, factors, n, pivots, x, k)
		storeMatrix(out, i, x)
	})
}

// VJP gives b the solution with the transpose, and a minus its products with x.
func (s solve) VJP(y, ct *Node, x ...*Node) []*Node {
	b := solveBy(x[0], x[1], ct, !s.transposed)
	a := MatMul(b, Transpose(y))
	if s.transposed {
		a = MatMul(y, Transpose(b))
	}
	return []*Node{Neg(a), nil, b}
}
func (s solve) Simplify(x ...*Node) *Node {
	if graph.IsZero(x[2]) {
		t, _ := s.Infer(x[0].Type(), x[1].Type(), x[2].Type())
		return graph.Zeros(t)
	}
	return nil
}
func (solve) Flops(out Type, in ...Type) Dim { return out.Shape.Size().Mul(in[0].Dim(-1)).Mul(2) }

// TriangularSolve returns the x with a·x = b for lower triangular a, or upper
// triangular, of which only that triangle is read. The axes before the last
// two broadcast.
//
//	a [... n n], b [... n k] -> [... n k]
//
// The gradient is a solution with aᵀ. The run fails if the diagonal has a 0.
func TriangularSolve(a, b *Node, upper bool) *Node {
	return graph.Apply(triangularSolve{upper}, a, b)
}

type triangularSolve struct{ upper bool }

func (triangularSolve) Name() string { return "triangularsolve" }
func (t triangularSolve) String() string {
	if t.upper {
		return "triangularsolve(upper)"
	}
	return "triangularsolve(lower)"
}

// Doc names the triangle that is read.
func (t triangularSolve) Doc() graph.Doc {
	half := "tril"
	if t.upper {
		half = "triu"
	}
	return doc("Solves linear equations with a triangular matrix, one unknown after the other.", "y = inv("+half+"(a)) @ b", "ā = -"+half+"(b̄ @ y^T); b̄ = inv("+half+"(a))^T @ ȳ")
}
func (triangularSolve) Infer(in ...Type) (Type, error) {
	return inferSolve(in[0], in[1], "{0}", "{1}")
}
func (t triangularSolve) Eval(out Tensor, in ...Tensor) {
	r := len(out.Shape)
	n, k := out.Shape[r-2], out.Shape[r-1]
	if out.Len() == 0 {
		return
	}
	half := blas.Lower
	if t.upper {
		half = blas.Upper
	}
	eachMatrix(batchSize(out), n*n+n*k, float64(n)*float64(n)*float64(k), func(i int, w *workspace) {
		at := batchAt(i, out.Shape, in[0].Shape)
		a, x := w.take(n*n), w.take(n*k)
		loadMatrix(a, in[0], at)
		for j := range n {
			if a[j*n+j] == 0 {
				panic(fmt.Errorf("%s is singular: element %d of its diagonal is 0", placeOf(at, in[0]), j))
			}
		}
		loadMatrix(x, in[1], batchAt(i, out.Shape, in[1].Shape))
		blasOf.Dtrsm(blas.Left, half, blas.NoTrans, blas.NonUnit, n, k, 1, a, n, x, k)
		storeMatrix(out, i, x)
	})
}
func (t triangularSolve) VJP(y, ct *Node, x ...*Node) []*Node {
	b := TriangularSolve(Transpose(x[0]), ct, !t.upper)
	a := Neg(MatMul(b, Transpose(y)))
	if t.upper {
		return []*Node{Triu(a, 0), b}
	}
	return []*Node{Tril(a, 0), b}
}
func (t triangularSolve) Simplify(x ...*Node) *Node {
	if graph.IsZero(x[1]) {
		typ, _ := t.Infer(x[0].Type(), x[1].Type())
		return graph.Zeros(typ)
	}
	return nil
}
func (triangularSolve) Flops(out Type, in ...Type) Dim {
	return out.Shape.Size().Mul(in[0].Dim(-1))
}

// Det returns the determinants of square matrices; that of an empty one is 1.
//
//	a [... n n] -> [...]
//
// The gradient is the matrix of cofactors, for singular matrices too; gradients
// of higher order need regular ones. See [SlogDet] where determinants overflow.
func Det(a *Node) *Node {
	if bad := broken("det", a); bad != nil {
		return bad
	}
	return graph.Apply(det{}, a, graph.Apply(lu{}, a))
}

type det struct{}

func (det) Name() string { return "det" }
func (det) Doc() graph.Doc {
	return doc("The determinant, from the factors of the matrix: the volume that it gives the unit cube.", "y = det(a)", "ā = ȳ*det(a)*inv(a)^T; b̄ = 0")
}
func (det) Infer(in ...Type) (Type, error) { return in[0].Of(batchOf(in[0])), nil }
func (det) Eval(out Tensor, in ...Tensor) {
	eachDiagonal(in[1], func(i int, sign float64, diagonal []float64) {
		for _, v := range diagonal {
			sign *= v
		}
		out.Set(i, sign)
	})
}
func (det) VJP(_, ct *Node, x ...*Node) []*Node {
	return []*Node{Mul(Expand(ct, -1, -2), graph.Apply(cofactors{}, x[0], x[1])), nil}
}

// eachDiagonal visits the diagonals of U, with the sign of the exchanges.
func eachDiagonal(factors Tensor, visit func(i int, sign float64, diagonal []float64)) {
	n := factors.Shape[len(factors.Shape)-2]
	eachMatrix(batchSize(factors), n, float64(n), func(i int, w *workspace) {
		sign, d := 1.0, w.take(n)
		y := graph.Data[float64](factors)
		for r := range n {
			row := y[(i*n+r)*(n+1):]
			d[r] = row[r]
			if int(row[n]) != r {
				sign = -sign
			}
		}
		visit(i, sign, d)
	})
}

// cofactors is the gradient of the determinant: det(a)·a⁻ᵀ where that exists.
type cofactors struct{}

func (cofactors) Name() string { return "cofactors" }
func (cofactors) Doc() graph.Doc {
	return doc("The derivative of the determinant by each element: what is left without its row and column.", "y = det(a)*inv(a)^T", "ā = sum(ȳ*y)*inv(a)^T - det(a)*(inv(a)^T @ ȳ^T @ inv(a)^T); b̄ = 0")
}
func (cofactors) Infer(in ...Type) (Type, error) { return in[0], nil }

// Eval uses a = U·S·Vᵀ: cofactors are multiplicative, those of a diagonal
// matrix are the products of the others, and those of U are U or -U.
func (cofactors) Eval(out Tensor, in ...Tensor) {
	n := out.Shape[len(out.Shape)-1]
	if out.Len() == 0 {
		return
	}
	eachMatrix(batchSize(out), 4*n*n+n+svdWork(n, n), 10*cube(n), func(i int, w *workspace) {
		f := newSVD(n, n, w)
		loadMatrix(f.a, in[0], i)
		if !finite(f.a) {
			storeNaN(out, i, n*n)
			return
		}
		det := f.compute(w)
		y := w.take(n * n)
		for j := range n { // U times the products
			others := det
			for k, s := range f.s {
				if k != j {
					others *= s
				}
			}
			for r := range n {
				f.u[r*n+j] *= others
			}
		}
		blasOf.Dgemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, f.u, n, f.vt, n, 0, y, n)
		storeMatrix(out, i, y)
	})
}

// VJP differentiates det(a)·a⁻ᵀ.
func (cofactors) VJP(_, ct *Node, x ...*Node) []*Node {
	a, factors := x[0], x[1]
	inverse := solveBy(a, factors, eye(a.Shape().Dim(-1), a.DType()), true) // a⁻ᵀ
	along := Expand(Sum(Mul(ct, inverse), -1, -2), -1, -2)
	g := Sub(Mul(along, inverse), product(inverse, Transpose(ct), inverse))
	d := Expand(graph.Apply(det{}, a, factors), -1, -2)
	return []*Node{Mul(d, g), nil}
}

// SlogDet returns sign and logarithm of the absolute value of determinants: 0
// and -Inf for a singular matrix. The sign has no gradient.
//
//	a [... n n] -> [...], [...]
//
// The gradient is the inverse of aᵀ, and fails the run for singular matrices.
func SlogDet(a *Node) (sign, log *Node) {
	if bad := broken("slogdet", a); bad != nil {
		return bad, bad
	}
	factors := graph.Apply(lu{}, a)
	return graph.Apply(detSign{}, a, factors), graph.Apply(logDet{}, a, factors)
}

// LogDet returns the logarithms of determinants, NaN of negative ones, as
// [SlogDet] does without overflow.
//
//	a [... n n] -> [...]
func LogDet(a *Node) *Node {
	sign, log := SlogDet(a)
	if log.Err() != nil {
		return log
	}
	return Where(Less(sign, num(0)), num(math.NaN()), log)
}

type detSign struct{ flat }

func (detSign) Name() string { return "detsign" }
func (detSign) Doc() graph.Doc {
	return doc("The sign of the determinant; being flat, it passes no gradient.", "y = sign(det(a))", "ā = 0; b̄ = 0")
}
func (detSign) Infer(in ...Type) (Type, error) { return in[0].Of(batchOf(in[0])), nil }
func (detSign) Eval(out Tensor, in ...Tensor) {
	eachDiagonal(in[1], func(i int, sign float64, diagonal []float64) {
		for _, v := range diagonal {
			switch {
			case v < 0:
				sign = -sign
			case v == 0 || v != v:
				sign *= v
			}
		}
		out.Set(i, sign)
	})
}

type logDet struct{}

func (logDet) Name() string { return "logdet" }
func (logDet) Doc() graph.Doc {
	return doc("The logarithm of the determinant, without overflow: it is in the densities of normal distributions and flows.", "y = log(abs(det(a)))", "ā = ȳ*inv(a)^T; b̄ = 0")
}
func (logDet) Infer(in ...Type) (Type, error) { return in[0].Of(batchOf(in[0])), nil }
func (logDet) Eval(out Tensor, in ...Tensor) {
	eachDiagonal(in[1], func(i int, _ float64, diagonal []float64) {
		sum := 0.0
		for _, v := range diagonal {
			sum += math.Log(math.Abs(v))
		}
		out.Set(i, sum)
	})
}
func (logDet) VJP(_, ct *Node, x ...*Node) []*Node {
	inverse := solveBy(x[0], x[1], eye(x[0].Shape().Dim(-1), x[0].DType()), true)
	return []*Node{Mul(Expand(ct, -1, -2), inverse), nil}
}

// Pinv returns the pseudo-inverse of Moore and Penrose: of the x that make
// |a·x - b| least, Pinv(a)·b is the shortest. Singular values up to max(m, n)
// times the precision of the dtype times the largest count as 0.
//
//	a [... m n] -> [... n m]
//
// The gradient is right while the rank does not change (Golub and Pereyra 1973).
func Pinv(a *Node) *Node { return graph.Apply(pinv{}, a) }

type pinv struct{}

func (pinv) Name() string { return "pinv" }
func (pinv) Doc() graph.Doc {
	return doc("The pseudo-inverse: it solves equations that have no solution, or many, as well as can be.", "y = pinv(x)", "x̄ = -(y^T @ ȳ @ y^T) + (I - x @ y) @ ȳ^T @ y @ y^T + y^T @ y @ ȳ^T @ (I - y @ x)")
}
func (pinv) Infer(in ...Type) (Type, error) {
	m, n, err := matrixOf(in[0])
	if err != nil {
		return Type{}, err
	}
	return withMatrix(in[0], n, m), nil
}
func (pinv) Eval(out Tensor, in ...Tensor) {
	r := len(out.Shape)
	n, m := out.Shape[r-2], out.Shape[r-1]
	if out.Len() == 0 {
		return
	}
	k := min(m, n)
	eps := 0x1p-52
	if out.DType == graph.Float32 {
		eps = 0x1p-23
	}
	eachMatrix(batchSize(out), 2*m*n+k*(m+n+1)+svdWork(m, n), 10*float64(m)*float64(n)*float64(k), func(i int, w *workspace) {
		f := newSVD(m, n, w)
		loadMatrix(f.a, in[0], i)
		if !finite(f.a) {
			storeNaN(out, i, m*n)
			return
		}
		f.compute(w)
		for j, s := range f.s {
			inverse := 0.0
			if s > eps*float64(max(m, n))*f.s[0] {
				inverse = 1 / s
			}
			for c := range n {
				f.vt[j*n+c] *= inverse
			}
		}
		y := w.take(n * m)
		blasOf.Dgemm(blas.Trans, blas.Trans, n, m, k, 1, f.vt, n, f.u, k, 0, y, m)
		storeMatrix(out, i, y)
	})
}
func (pinv) VJP(p, ct *Node, x ...*Node) []*Node {
	a, pt, ctt := x[0], Transpose(p), Transpose(ct)
	g := Neg(product(pt, ct, pt))
	// (1 - a·p)·ctᵀ·p·pᵀ and pᵀ·p·ctᵀ·(1 - p·a)
	left := product(ctt, p, pt)
	right := product(pt, p, ctt)
	g = Add(g, Sub(left, product(a, p, left)))
	return one(Add(g, Sub(right, product(right, p, a))))
}

// LstSq returns the x that makes the sum of the squares of a·x - b least; of
// several, the shortest. b is a vector or vectors as in [Solve].
//
//	a [... m n], b [... m k] -> [... n k]
//
// It is [Pinv] times b.
func LstSq(a, b *Node) *Node {
	if bad := broken("lstsq", a, b); bad != nil {
		return bad
	}
	s := a.Shape()
	if s.Rank() >= 2 && b.Shape().Rank() >= 2 && b.Shape() == s.Remove(s.Rank()-1) {
		return Squeeze(MatMul(Pinv(a), Expand(b, -1)), -1)
	}
	return MatMul(Pinv(a), b)
}
