package main

import (
	"math"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

type gmmInput struct {
	D, K, N  int
	Alpha    []float64
	Mu, Q, L [][]float64
	X        [][]float64
	M        int
	Gamma    float64
}

// gmm is the logarithm of the posterior probability of a mixture of Gaussians
// with a Wishart prior, or its gradient with respect to weights alpha, means mu
// and the matrices with log-diagonals q and lower triangles l whose squares are
// the precisions.
func gmm(gradient bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[gmmInput](input)
		if err != nil {
			return nil, err
		}
		var p problem
		d, k, n := graph.Dim(in.D), graph.Dim(in.K), graph.Dim(in.N)
		mus, _ := flat(in.Mu)
		qs, _ := flat(in.Q)
		ls, _ := flat(in.L)
		xs, _ := flat(in.X)
		alpha, mu, q, l := p.input("alpha", in.Alpha, k), p.input("mu", mus, k, d), p.input("q", qs, k, d), p.input("l", ls, k, d*(d-1)/2)
		x := p.input("x", xs, n, d)
		y := in.posterior(alpha, mu, q, l, x)
		if !gradient {
			return p.task(number, y)
		}
		return p.task(func(g []graph.Tensor) any {
			return map[string]any{"alpha": graph.Data[float64](g[0]), "mu": rowsOf(g[1]), "q": rowsOf(g[2]), "l": rowsOf(g[3])}
		}, autodiff.Grad(y, alpha, mu, q, l)...)
	}
}

func (in *gmmInput) posterior(alpha, mu, q, l, x *node) *node {
	d, k, n := graph.Dim(in.D), graph.Dim(in.K), graph.Dim(in.N)
	factor := in.factor(q, l) // [k d d]
	wide := ops.Reshape(factor, k*d, d)
	centre := ops.Squeeze(ops.MatMul(factor, ops.Expand(mu, -1)), -1)                 // [k d]
	away := ops.Sub(ops.Reshape(ops.MatMul(x, ops.Transpose(wide)), n, k, d), centre) // [n k d]
	sumQ := ops.Sum(q, 1)
	beta := ops.Sub(ops.Add(alpha, sumQ), ops.Scale(ops.Sum(ops.Square(away), -1), 0.5))
	likelihood := ops.Sub(ops.Sum(logSumExp(beta)), ops.Scale(logSumExp(alpha), float64(in.N)))

	frobenius := ops.Sum(ops.Square(factor))
	prior := ops.Sub(ops.Scale(ops.Sum(sumQ), float64(in.M)), ops.Scale(frobenius, in.Gamma*in.Gamma/2))
	return ops.Add(ops.Add(likelihood, prior), f64(in.constant()))
}

// factor returns lower triangular matrices: l column by column below exp q.
func (in *gmmInput) factor(q, l *node) *node {
	d := in.D
	shape := graph.Of(graph.Dim(d), graph.Dim(d))
	row, column := ops.Iota(graph.Int64, shape, 0), ops.Iota(graph.Int64, shape, 1)
	diagonal := ops.Where(ops.Equal(row, column), ops.Expand(ops.Exp(q), -1), f64(0))
	if d == 1 {
		return diagonal
	}
	at := make([]int64, d*d)
	next := int64(0)
	for j := range d {
		for i := j + 1; i < d; i++ {
			at[i*d+j] = next
			next++
		}
	}
	below := ops.Take(l, graph.ConstOf(at, d, d), 1)
	return ops.Where(ops.Greater(row, column), below, diagonal)
}

// constant is what does not depend on the parameters.
func (in *gmmInput) constant() float64 {
	d, n := float64(in.D), float64(in.D+in.M+1)
	gamma := d * (d - 1) / 4 * math.Log(math.Pi) // logarithm of the multivariate gamma function at n/2
	for j := range in.D {
		g, _ := math.Lgamma(n/2 - float64(j)/2)
		gamma += g
	}
	wishart := n*d*(math.Log(in.Gamma)-math.Ln2/2) - gamma
	return float64(in.K)*wishart - float64(in.N)*d/2*math.Log(2*math.Pi)
}
