package ops_test

import (
	"math"
	"math/cmplx"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// ramp is a diagonal matrix 4, 7, 10 ...: matrices of small elements plus it are
// regular, and have eigenvalues and singular values that differ.
func ramp(x *node) *node {
	n := x.Shape().Dim(-1)
	square := graph.Of(n, n)
	on := ops.Equal(ops.Iota(graph.Int64, square, 0), ops.Iota(graph.Int64, square, 1))
	return ops.Where(on, ops.Add(ops.Scale(ops.Iota(x.DType(), square, 0), 3), graph.Scalar(4)), graph.Scalar(0))
}

// regular adds the ramp to square matrices.
func regular(x *node) *node {
	if x == nil || x.Err() != nil || x.Shape().Rank() == 0 {
		return x
	}
	return ops.Add(x, ramp(x))
}

// definite makes square matrices positive definite, and their symmetric part.
func definite(x *node) *node {
	if x = regular(x); x == nil || x.Err() != nil {
		return x
	}
	return ops.MatMul(x, ops.Transpose(x))
}

// each matrix of an array as rows, after a change.
func matricesOf(a array, change func(m [][]float64)) (list [][][]float64) {
	r := len(a.shape)
	rows, columns := a.shape[r-2], a.shape[r-1]
	for i := 0; i+rows*columns <= len(a.v) && rows*columns > 0; i += rows * columns {
		m := make([][]float64, rows)
		for j := range m {
			m[j] = append([]float64(nil), a.v[i+j*columns:i+(j+1)*columns]...)
		}
		change(m)
		list = append(list, m)
	}
	return list
}

func addRamp(m [][]float64) {
	for i := range m {
		m[i][i] += float64(4 + 3*i)
	}
}

// eliminate solves m·x = b by elimination without exchanges: m is dominated by
// its diagonal.
func eliminate(m, b [][]float64) [][]float64 {
	for p := range m {
		for i := range m {
			if i == p {
				continue
			}
			f := m[i][p] / m[p][p]
			for j := range m {
				m[i][j] -= f * m[p][j]
			}
			for j := range b[i] {
				b[i][j] -= f * b[p][j]
			}
		}
	}
	for i := range b {
		for j := range b[i] {
			b[i][j] /= m[i][i]
		}
	}
	return b
}

func identityRows(n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
		m[i][i] = 1
	}
	return m
}

// laplace expands a determinant along its first row.
func laplace(m [][]float64) float64 {
	if len(m) == 0 {
		return 1
	}
	sum := 0.0
	for j := range m {
		var minor [][]float64
		for _, row := range m[1:] {
			minor = append(minor, append(append([]float64(nil), row[:j]...), row[j+1:]...))
		}
		sum += m[0][j] * float64(1-2*(j%2)) * laplace(minor)
	}
	return sum
}

// perMatrix is the reference of a function of square matrices plus the ramp.
func perMatrix(f func(m [][]float64) [][]float64) func(x []array) []float64 {
	return func(x []array) (out []float64) {
		for _, m := range matricesOf(x[0], addRamp) {
			for _, row := range f(m) {
				out = append(out, row...)
			}
		}
		return out
	}
}

// scalarPerMatrix is perMatrix for numbers.
func scalarPerMatrix(f func(m [][]float64) float64) func(x []array) []float64 {
	return perMatrix(func(m [][]float64) [][]float64 { return [][]float64{{f(m)}} })
}

func matrixLines() []line {
	square := in(-1, 1, b, n, n)
	one := func(name string, f func(x *node) *node, want func(x []array) []float64) line {
		return line{name: name, f: func(x ...*node) *node { return f(x[0]) }, args: []arg{square}, want: want}
	}
	inverse := perMatrix(func(m [][]float64) [][]float64 { return eliminate(m, identityRows(len(m))) })
	determinant := scalarPerMatrix(laplace)
	logDeterminant := scalarPerMatrix(func(m [][]float64) float64 { return math.Log(laplace(m)) })
	solution := func(x []array) (out []float64) {
		right := matricesOf(x[1], func([][]float64) {})
		for i, m := range matricesOf(x[0], addRamp) {
			var b [][]float64
			for _, row := range right[i%len(right)] {
				b = append(b, append([]float64(nil), row...))
			}
			for _, row := range eliminate(m, b) {
				out = append(out, row...)
			}
		}
		return out
	}
	solve := func(x ...*node) *node { return ops.Solve(regular(x[0]), x[1]) }
	part := func(i int, f func(a *node) []*node) func(x *node) *node {
		return func(x *node) *node { return f(regular(x))[i] }
	}
	eigh := func(a *node) []*node { w, v := ops.Eigh(a); return []*node{w, ops.Square(v)} }
	qr := func(a *node) []*node { q, r := ops.QR(a); return []*node{q, r} }
	svd := func(a *node) []*node {
		u, s, vt := ops.SVD(a)
		return []*node{ops.Square(u), s, ops.Square(vt)}
	}
	shaped := func(name string, f func(x *node) *node, dims ...graph.Dim) line {
		return line{name: name, f: func(x ...*node) *node { return f(x[0]) }, args: []arg{in(-1, 1, dims...)}}
	}
	rampOf := func(x *node) *node { // on a matrix that is not square
		if x == nil || x.Err() != nil || x.Shape().Rank() < 3 {
			return x
		}
		on := ops.Equal(ops.Iota(graph.Int64, x.Shape(), 1), ops.Iota(graph.Int64, x.Shape(), 2))
		return ops.Add(x, ops.Where(on, ops.Add(ops.Scale(ops.Iota(x.DType(), x.Shape(), 1), 2), graph.Scalar(3)), graph.Scalar(0)))
	}
	factored := func(i int, f func(a *node) []*node) func(x *node) *node {
		return func(x *node) *node { return f(rampOf(x))[i] }
	}
	slogdet := func(a *node) []*node { s, l := ops.SlogDet(a); return []*node{s, l} }
	sign := one("SlogDet/sign", part(0, slogdet), scalarPerMatrix(func([][]float64) float64 { return 1 }))
	sign.flat = true
	norm := func(variant string, p float64) line {
		l := one("MatrixNorm"+variant, func(x *node) *node { return ops.MatrixNorm(regular(x), p) }, nil)
		l.full, l.args = true, []arg{in(0.2, 1, b, n, n)} // where |x| has no kink
		return l
	}
	pair := func(name string, f func(x, y *node) *node, x, y arg, want func(x []array) []float64) line {
		return line{name: name, f: func(x ...*node) *node { return f(x[0], x[1]) }, args: []arg{x, y}, want: want}
	}
	lower := perMatrix(func(m [][]float64) [][]float64 {
		a := make([][]float64, len(m))
		for i := range m {
			a[i] = make([]float64, len(m))
			for j := range m {
				for k := range m {
					a[i][j] += m[i][k] * m[j][k]
				}
			}
		}
		for j := range a {
			for k := range j {
				for i := j; i < len(a); i++ {
					a[i][j] -= a[i][k] * a[j][k]
				}
			}
			root := math.Sqrt(a[j][j])
			for i := range a {
				if a[i][j] /= root; i < j {
					a[i][j] = 0
				}
			}
		}
		return a
	})
	return []line{
		one("Cholesky", func(x *node) *node { return ops.Cholesky(definite(x)) }, lower),
		{name: "Solve", f: solve, args: []arg{square, in(-1, 1, b, n, 2)}, want: solution},
		{name: "Solve/broadcast", f: solve, args: []arg{square, in(-1, 1, n, 2)}, want: solution},
		{name: "Solve/vector", f: solve, args: []arg{square, in(-1, 1, n)}},
		{name: "Solve/vectors", f: solve, args: []arg{square, in(-1, 1, b, n)}},
		pair("TriangularSolve", func(a, x *node) *node { return ops.TriangularSolve(regular(a), x, false) }, square, in(-1, 1, b, n, 2),
			func(x []array) (out []float64) {
				right := matricesOf(x[1], func([][]float64) {})
				for i, m := range matricesOf(x[0], addRamp) {
					for r := range m {
						clear(m[r][r+1:])
					}
					for _, row := range eliminate(m, right[i]) {
						out = append(out, row...)
					}
				}
				return out
			}),
		pair("TriangularSolve/upper", func(a, x *node) *node { return ops.TriangularSolve(regular(a), x, true) }, square, in(-1, 1, n, 2), nil),
		one("Inverse", func(x *node) *node { return ops.Inverse(regular(x)) }, inverse),
		one("Det", func(x *node) *node { return ops.Det(regular(x)) }, determinant),
		one("SlogDet", part(1, slogdet), logDeterminant),
		sign,
		one("LogDet", func(x *node) *node { return ops.LogDet(regular(x)) }, logDeterminant),
		one("Pinv", func(x *node) *node { return ops.Pinv(regular(x)) }, inverse),
		shaped("Pinv/tall", func(x *node) *node { return ops.Pinv(rampOf(x)) }, b, 4, 3),
		shaped("Pinv/wide", func(x *node) *node { return ops.Pinv(rampOf(x)) }, b, 2, 3),
		pair("LstSq", func(a, x *node) *node { return ops.LstSq(regular(a), x) }, square, in(-1, 1, b, n, 2), solution),
		pair("LstSq/tall", func(a, x *node) *node { return ops.LstSq(rampOf(a), x) }, in(-1, 1, b, 4, 2), in(-1, 1, b, 4), nil),
		one("Eigh", part(0, eigh), nil),
		one("Eigh/vectors", part(1, eigh), nil),
		one("QR", part(0, qr), nil),
		one("QR/r", part(1, qr), nil),
		shaped("QR/tall", factored(0, qr), b, 4, 2),
		shaped("QR/tall r", factored(1, qr), b, 4, 2),
		shaped("QR/wide", factored(0, qr), b, 2, 4),
		shaped("QR/wide r", factored(1, qr), b, 2, 4),
		one("SVD", part(1, svd), nil),
		one("SVD/u", part(0, svd), nil),
		one("SVD/vt", part(2, svd), nil),
		shaped("SVD/tall", factored(0, svd), b, 4, 2),
		shaped("SVD/tall vt", factored(2, svd), b, 4, 2),
		shaped("SVD/wide", factored(0, svd), b, 2, 4),
		shaped("SVD/wide vt", factored(2, svd), b, 2, 4),
		one("Trace", ops.Trace, func(x []array) (out []float64) {
			for _, m := range matricesOf(x[0], func([][]float64) {}) {
				sum := 0.0
				for i := range m {
					sum += m[i][i]
				}
				out = append(out, sum)
			}
			return out
		}),
		pair("Kron", ops.Kron, in(-1, 1, b, n), in(-1, 1, 2, n), nil),
		pair("Kron/vector", ops.Kron, in(-1, 1, b, 2), in(-1, 1, n), nil),
		one("MatrixPower", func(x *node) *node { return ops.MatrixPower(ops.Scale(x, 0.2), 5) }, nil),
		one("MatrixPower/inverse", func(x *node) *node { return ops.MatrixPower(regular(x), -1) }, inverse),
		norm("", 1), norm("/2", 2), norm("/inf", math.Inf(1)),
		norm("/-1", -1), norm("/-2", -2), norm("/-inf", math.Inf(-1)),
		one("NuclearNorm", func(x *node) *node { return ops.NuclearNorm(regular(x)) }, nil),
		pair("Tensordot", func(x, y *node) *node { return ops.Tensordot(x, y, []int{1, 0}, []int{0, -1}) }, in(-1, 1, b, n, 2), in(-1, 1, n, 2, b), nil),
		pair("Tensordot/none", func(x, y *node) *node { return ops.Tensordot(x, y, nil, nil) }, in(-1, 1, b), in(-1, 1, n, 2), nil),
	}
}

// dft is the sum that defines the Fourier transform.
func dft(z []complex128, sign float64) []complex128 {
	y := make([]complex128, len(z))
	for k := range y {
		for j := range z {
			y[k] += z[j] * cmplx.Rect(1, sign*2*math.Pi*float64(j*k%len(z))/float64(len(z)))
		}
	}
	return y
}

func fourierLines() []line {
	pairs := in(-1, 1, b, n, 2)
	of := func(name string, f func(z *node) *node, a arg, want func(x []array) []float64) line {
		return line{name: name, f: func(x ...*node) *node { return f(x[0]) }, args: []arg{a}, want: want}
	}
	spectrum := func(sign float64, inverse bool) func(x []array) []float64 {
		return func(x []array) (out []float64) {
			n := x[0].shape[1]
			for i := 0; i < len(x[0].v); i += 2 * n {
				z := make([]complex128, n)
				for j := range z {
					z[j] = complex(x[0].v[i+2*j], x[0].v[i+2*j+1])
				}
				for _, y := range dft(z, sign) {
					if inverse {
						y /= complex(float64(n), 0)
					}
					out = append(out, real(y), imag(y))
				}
			}
			return out
		}
	}
	part := func(at int) func(x []array) []float64 {
		return func(x []array) (out []float64) {
			for i := at; i < len(x[0].v); i += 2 {
				out = append(out, x[0].v[i])
			}
			return out
		}
	}
	half := func(x []array) (out []float64) {
		n := x[0].shape[1]
		for i := 0; i < len(x[0].v); i += n {
			z := make([]complex128, n)
			for j := range z {
				z[j] = complex(x[0].v[i+j], 0)
			}
			for _, y := range dft(z, -1)[:n/2+1] {
				out = append(out, real(y), imag(y))
			}
		}
		return out
	}
	return []line{
		of("FFT", func(z *node) *node { return ops.FFT(z, -1) }, pairs, spectrum(-1, false)),
		of("FFT/first", func(z *node) *node { return ops.FFT(z, 0) }, pairs, nil),
		of("IFFT", func(z *node) *node { return ops.IFFT(z, 1) }, pairs, spectrum(1, true)),
		of("FFT2", ops.FFT2, in(-1, 1, b, n, 4, 2), nil),
		of("IFFT2", ops.IFFT2, in(-1, 1, b, n, 5, 2), nil),
		of("RFFT", func(x *node) *node { return ops.RFFT(x, -1) }, in(-1, 1, b, n), half),
		of("RFFT/first", func(x *node) *node { return ops.RFFT(x, 0) }, in(-1, 1, b, n, 2), nil),
		of("RFFT2", ops.RFFT2, in(-1, 1, b, n, 4), nil),
		of("IRFFT", func(z *node) *node { return ops.IRFFT(z, 6, -1) }, in(-1, 1, b, n, 4, 2), nil),
		of("IRFFT/odd", func(z *node) *node { return ops.IRFFT(z, 5, 0) }, in(-1, 1, 3, n, 2), nil),
		of("IRFFT2", func(z *node) *node { return ops.IRFFT2(z, 5) }, in(-1, 1, b, n, 3, 2), nil),
		{name: "Complex", f: func(x ...*node) *node { return ops.Complex(x[0], x[1]) }, args: []arg{in(-1, 1, b, n), in(-1, 1, b, n)}},
		of("Real", ops.Real, pairs, part(0)),
		of("Imag", ops.Imag, pairs, part(1)),
		{name: "ComplexMul", f: func(x ...*node) *node { return ops.ComplexMul(x[0], x[1]) }, args: []arg{pairs, in(-1, 1, n, 2)},
			want: func(x []array) (out []float64) {
				for i := 0; i < len(x[0].v); i += 2 {
					j := i % len(x[1].v)
					z := complex(x[0].v[i], x[0].v[i+1]) * complex(x[1].v[j], x[1].v[j+1])
					out = append(out, real(z), imag(z))
				}
				return out
			}},
		of("ComplexAbs", ops.ComplexAbs, in(0.5, 2, b, n, 2), func(x []array) (out []float64) {
			for i := 0; i < len(x[0].v); i += 2 {
				out = append(out, math.Hypot(x[0].v[i], x[0].v[i+1]))
			}
			return out
		}),
	}
}
