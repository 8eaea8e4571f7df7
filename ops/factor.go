package ops

import (
	"errors"
	"fmt"

	"github.com/adjointml/adjoint/graph"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/lapack"
)

// A factorisation with several results is one op that holds them below each
// other in one matrix, of which the results are slices: it is computed once,
// and its gradient sees the cotangents of all.

// rowsOf returns rows from ... to of matrices.
func rowsOf(x *Node, from, to int) *Node { return Slice(x, -2, from, to, 1) }

// Cholesky returns the lower triangular l with l·lᵀ = a for positive definite
// a, of which the symmetric part (a + aᵀ)/2 counts.
//
//	a [... n n] -> [... n n]
//
// The run fails if a is not positive definite. Gradient: Murray 2016,
// arXiv:1602.07527.
func Cholesky(a *Node) *Node { return graph.Apply(cholesky{}, a) }

type cholesky struct{}

func (cholesky) Name() string { return "cholesky" }
func (cholesky) Doc() graph.Doc {
	return doc("The root of a positive definite matrix: a triangular one that gives it when multiplied with its own transpose.", "y @ y^T = x", "x̄ = symmetric(inv(y)^T @ lower(y^T @ ȳ) @ inv(y))")
}
func (cholesky) Infer(in ...Type) (Type, error) {
	_, err := squareOf(in[0])
	return in[0], err
}
func (cholesky) Eval(out Tensor, in ...Tensor) {
	n := out.Shape[len(out.Shape)-1]
	if out.Len() == 0 {
		return
	}
	eachMatrix(batchSize(out), n*n, cube(n)/3, func(i int, w *workspace) {
		a := w.take(n * n)
		loadMatrix(a, in[0], i)
		if !finite(a) {
			storeNaN(out, i, n*n)
			return
		}
		symmetric(a, n)
		if ok := lapackOf.Dpotrf(blas.Lower, n, a, n); !ok {
			panic(fmt.Errorf("%s is not positive definite: add a small multiple of the identity", placeOf(i, in[0])))
		}
		for r := range n {
			clear(a[r*n+r+1 : (r+1)*n])
		}
		storeMatrix(out, i, a)
	})
}

// VJP is the symmetric part of l⁻ᵀ·φ(lᵀ·ct)·l⁻¹, φ being the lower triangle
// with half the diagonal.
func (cholesky) VJP(l, ct *Node, _ ...*Node) []*Node {
	p, lt := MatMul(Transpose(l), ct), Transpose(l)
	phi := Scale(Add(Tril(p, 0), Tril(p, -1)), 0.5)
	s := TriangularSolve(lt, phi, true)
	s = TriangularSolve(lt, Transpose(s), true)
	return one(Scale(Add(s, Transpose(s)), 0.5))
}
func (cholesky) Flops(_ Type, in ...Type) Dim { return cubicFlops(in[0], 1, 3) }

// Eigh returns the eigenvalues of symmetric matrices, in ascending order, and
// their eigenvectors as columns: a = v·diag(w)·vᵀ. The symmetric part (a + aᵀ)/2
// of a counts. A matrix with NaN gives NaN.
//
//	a [... n n] -> w [... n], v [... n n]
//
// The sign of each vector is arbitrary. Where two eigenvalues are equal their
// vectors have no gradient, and 0 stands for what they would turn into each
// other: right for first derivatives of what depends on the values alone.
func Eigh(a *Node) (w, v *Node) {
	y := graph.Apply(eigh{}, a)
	if y.Err() != nil {
		return y, y
	}
	return Index(y, -2, 0), rowsOf(y, 1, End)
}

// eigh has the values in its first row and the vectors below.
type eigh struct{}

func (eigh) Name() string { return "eigh" }
func (eigh) Doc() graph.Doc {
	return doc("The directions that a symmetric matrix only stretches, and by how much: eigenvectors and eigenvalues.", "x = v @ diag(w) @ v^T", "x̄ = symmetric(v @ (diag(w̄) + f*(v^T @ v̄)) @ v^T); f[i, j] = 1/(w[j] - w[i])")
}
func (eigh) Infer(in ...Type) (Type, error) {
	n, err := squareOf(in[0])
	if err != nil {
		return Type{}, err
	}
	return withMatrix(in[0], n.Add(1), n), nil
}
func (eigh) Eval(out Tensor, in ...Tensor) {
	n := out.Shape[len(out.Shape)-1]
	if out.Len() == 0 {
		return
	}
	lwork := max(1, 34*n)
	eachMatrix(batchSize(out), n*n+n+lwork, 9*cube(n), func(i int, w *workspace) {
		y := w.take(n + n*n)
		values, a := y[:n], y[n:]
		loadMatrix(a, in[0], i)
		if !finite(a) {
			storeNaN(out, i, n+n*n)
			return
		}
		symmetric(a, n)
		if ok := lapackOf.Dsyev(lapack.EVCompute, blas.Lower, n, a, n, values, w.take(lwork), lwork); !ok {
			panic(fmt.Errorf("the eigenvalues of %s do not converge", placeOf(i, in[0])))
		}
		storeMatrix(out, i, y)
	})
}
func (eigh) VJP(y, ct *Node, _ ...*Node) []*Node {
	w, v := Index(y, -2, 0), rowsOf(y, 1, End)
	vt := Transpose(v)
	turn := Mul(outerInverse(w), MatMul(vt, rowsOf(ct, 1, End)))
	g := product(v, Add(onDiagonal(Index(ct, -2, 0)), turn), vt)
	return one(Scale(Add(g, Transpose(g)), 0.5))
}
func (eigh) Flops(_ Type, in ...Type) Dim { return cubicFlops(in[0], 9, 1) }

// tall reports whether matrices have at least as many rows as columns.
func tall(t Type) (bool, error) {
	m, n, err := matrixOf(t)
	switch {
	case err != nil:
		return false, err
	case m == n:
		return true, nil
	case m.Symbolic() || n.Symbolic():
		return false, fmt.Errorf("cannot tell whether %v or %v is less: {0} needs known lengths or a square", m, n)
	}
	return m > n, nil
}

// QR returns q with orthonormal columns and upper triangular r with a = q·r,
// where k = min(m, n).
//
//	a [... m n] -> q [... m k], r [... k n]
//
// Elements of r's diagonal may be negative. m and n must be known, or equal.
// The gradient needs the first k columns to be independent: the run fails
// otherwise (Walter and Lehmann 2010, arXiv:1009.6112).
func QR(a *Node) (q, r *Node) {
	if bad := broken("qr", a); bad != nil {
		return bad, bad
	}
	high, err := tall(a.Type())
	if err != nil {
		bad := graph.Fail("qr", []*Node{a}, "%v", err)
		return bad, bad
	}
	m := int(a.Shape().Dim(-2))
	if !high { // the left square determines q, and r is qᵀ·a
		q, r = QR(Slice(a, -1, 0, m, 1))
		return q, Concat(-1, r, MatMul(Transpose(q), Slice(a, -1, m, End, 1)))
	}
	y := graph.Apply(qr{}, a)
	n := a.Shape().Dim(-1)
	return rowsFrom(y, 0, a.Shape().Dim(-2), n), rowsFrom(y, 1, a.Shape().Dim(-2), n)
}

// rowsFrom returns the first m rows, or the n rows at the end.
func rowsFrom(y *Node, part int, m, n Dim) *Node {
	if !m.Symbolic() {
		if part == 0 {
			return rowsOf(y, 0, int(m))
		}
		return rowsOf(y, int(m), End)
	}
	// a square of free size: both halves are as long
	s := y.Shape()
	split := Reshape(y, append(batchOf(y.Type()).Dims(), 2, m, n)...)
	return Index(split, s.Rank()-2, part)
}

// qr has the rows of q above those of r, for matrices that are not wide.
type qr struct{}

func (qr) Name() string { return "qr" }
func (qr) Doc() graph.Doc {
	return doc("Writes a matrix as a rotation times a triangle: columns made orthogonal one after the other.", "x = q @ r", "x̄ = (q̄ + q @ copyltu(r @ r̄^T - q̄^T @ q)) @ inv(r)^T")
}
func (qr) Infer(in ...Type) (Type, error) {
	m, n, err := matrixOf(in[0])
	if err != nil {
		return Type{}, err
	}
	return withMatrix(in[0], m.Add(n), n), nil
}
func (qr) Eval(out Tensor, in ...Tensor) {
	n := out.Shape[len(out.Shape)-1]
	m := in[0].Shape[len(in[0].Shape)-2]
	if out.Len() == 0 {
		return
	}
	lwork := 32 * n
	eachMatrix(batchSize(out), (m+n)*n+n+lwork, 4*float64(m)*float64(n)*float64(n), func(i int, w *workspace) {
		y, tau, work := w.take((m+n)*n), w.take(n), w.take(lwork)
		q, r := y[:m*n], y[m*n:]
		loadMatrix(q, in[0], i)
		lapackOf.Dgeqrf(m, n, q, n, tau, work, lwork)
		clear(r)
		for j := range n {
			copy(r[j*n+j:(j+1)*n], q[j*n+j:(j+1)*n])
		}
		lapackOf.Dorgqr(m, n, n, q, n, tau, work, lwork)
		storeMatrix(out, i, y)
	})
}

// VJP is (ctq + q·copyltu(r·ctrᵀ - ctqᵀ·q))·r⁻ᵀ, copyltu being the symmetric
// matrix with that lower triangle.
func (qr) VJP(y, ct *Node, x ...*Node) []*Node {
	m, n := x[0].Shape().Dim(-2), x[0].Shape().Dim(-1)
	q, r := rowsFrom(y, 0, m, n), rowsFrom(y, 1, m, n)
	ctq, ctr := rowsFrom(ct, 0, m, n), rowsFrom(ct, 1, m, n)
	p := Sub(MatMul(r, Transpose(Triu(ctr, 0))), MatMul(Transpose(ctq), q))
	p = Add(Tril(p, 0), Transpose(Tril(p, -1)))
	g := Add(ctq, MatMul(q, p))
	return one(Transpose(TriangularSolve(r, Transpose(g), true)))
}
func (qr) Flops(_ Type, in ...Type) Dim { return cubicFlops(in[0], 4, 1) }

// SVD returns the singular value decomposition a = u·diag(s)·vt, the singular
// values in descending order, u with orthonormal columns and vt with
// orthonormal rows, where k = min(m, n). A matrix with NaN gives NaN.
//
//	a [... m n] -> u [... m k], s [... k], vt [... k n]
//
// m and n must be known, or equal. The sign of each pair of vectors is
// arbitrary. Where two singular values are equal, or one is 0, their vectors
// have no gradient, and 0 stands for it, as in [Eigh] (Townsend 2016,
// "Differentiating the singular value decomposition").
func SVD(a *Node) (u, s, vt *Node) {
	if bad := broken("svd", a); bad != nil {
		return bad, bad, bad
	}
	high, err := tall(a.Type())
	if err != nil {
		bad := graph.Fail("svd", []*Node{a}, "%v", err)
		return bad, bad, bad
	}
	if !high {
		u, s, vt = SVD(Transpose(a))
		return Transpose(vt), s, Transpose(u)
	}
	return svdParts(graph.Apply(svd{}, a), a.Shape().Dim(-2), a.Shape().Dim(-1))
}

// svdParts takes what svd holds apart: s, then u, then vt.
func svdParts(y *Node, m, n Dim) (u, s, vt *Node) {
	rest := rowsOf(y, 1, End)
	return rowsFrom(rest, 0, m, n), Index(y, -2, 0), rowsFrom(rest, 1, m, n)
}

type svd struct{}

func (svd) Name() string { return "svd" }
func (svd) Doc() graph.Doc {
	return doc("Writes any matrix as a rotation, a stretching and a rotation: what it does, in order of strength.", "x = u @ diag(s) @ v^T", "x̄ = u @ (f*(u^T @ ū - ū^T @ u) @ diag(s) + diag(s) @ (f*(v^T @ v̄ - v̄^T @ v)) + diag(s̄)) @ v^T + (I - u @ u^T) @ ū @ inv(diag(s)) @ v^T; f[i, j] = 1/(s[j]^2 - s[i]^2)")
}
func (svd) Infer(in ...Type) (Type, error) {
	m, n, err := matrixOf(in[0])
	if err != nil {
		return Type{}, err
	}
	return withMatrix(in[0], m.Add(n).Add(1), n), nil
}
func (svd) Eval(out Tensor, in ...Tensor) {
	n := out.Shape[len(out.Shape)-1]
	m := in[0].Shape[len(in[0].Shape)-2]
	if out.Len() == 0 {
		return
	}
	eachMatrix(batchSize(out), m*n+2*(m+n+1)*n+svdWork(m, n), 14*float64(m)*float64(n)*float64(n), func(i int, w *workspace) {
		f := newSVD(m, n, w)
		loadMatrix(f.a, in[0], i)
		if !finite(f.a) {
			storeNaN(out, i, (m+n+1)*n)
			return
		}
		f.compute(w)
		y := w.take((m + n + 1) * n)
		copy(y, f.s)
		copy(y[n:], f.u)
		copy(y[n+m*n:], f.vt)
		storeMatrix(out, i, y)
	})
}
func (svd) VJP(y, ct *Node, x ...*Node) []*Node {
	m, n := x[0].Shape().Dim(-2), x[0].Shape().Dim(-1)
	u, s, vt := svdParts(y, m, n)
	ctu, cts, ctvt := svdParts(ct, m, n)
	ut := Transpose(u)
	f := outerInverse(Square(s))
	left, right := MatMul(ut, ctu), MatMul(vt, Transpose(ctvt))
	left, right = Mul(f, Sub(left, Transpose(left))), Mul(f, Sub(right, Transpose(right)))
	columns, rows := Expand(s, -2), Expand(s, -1) // scale by s
	core := Add(Add(Mul(left, columns), Mul(rows, right)), onDiagonal(cts))
	g := product(u, core, vt)
	none := Equal(columns, num(0))
	beside := Where(none, num(0), Div(ctu, Where(none, num(1), columns)))
	return one(Add(g, MatMul(Sub(beside, product(u, ut, beside)), vt)))
}
func (svd) Flops(_ Type, in ...Type) Dim { return cubicFlops(in[0], 14, 1) }

// A svdOf is one decomposition a = u·diag(s)·vt, of any shape.
type svdOf struct {
	m, n        int
	a, u, s, vt []float64
}

func newSVD(m, n int, w *workspace) *svdOf {
	k := min(m, n)
	return &svdOf{m, n, w.take(m * n), w.take(m * k), w.take(k), w.take(k * n)}
}

// svdWork is the length of LAPACK's workspace.
func svdWork(m, n int) int { k := min(m, n); return k*k + 40*(m+n) + 64 }

// compute decomposes a, which it destroys, and returns the sign of u·vt if that
// is square.
func (f *svdOf) compute(w *workspace) (det float64) {
	k := min(f.m, f.n)
	work := w.take(svdWork(f.m, f.n))
	if ok := lapackOf.Dgesvd(lapack.SVDStore, lapack.SVDStore, f.m, f.n, f.a, f.n, f.s, f.u, k, f.vt, f.n, work, len(work)); !ok {
		panic(errors.New("the singular values do not converge"))
	}
	if f.m != f.n {
		return 0
	}
	return orthogonalSign(f.u, f.a, f.n, w) * orthogonalSign(f.vt, f.a, f.n, w)
}

// orthogonalSign returns the determinant of an orthogonal matrix.
func orthogonalSign(q, scratch []float64, n int, w *workspace) float64 {
	copy(scratch, q)
	pivots := w.takeInts(n)
	lapackOf.Dgetrf(n, n, scratch, n, pivots)
	sign := 1.0
	for i, p := range pivots {
		if (p != i) != (scratch[i*n+i] < 0) {
			sign = -sign
		}
	}
	return sign
}
