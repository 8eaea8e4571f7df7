package latent_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn/latent"
	"github.com/adjointml/adjoint/ops"
)

var number = graph.Sym("number")

// values runs the nodes, whose only input is x [number d], and returns them as
// float64.
func values(t *testing.T, x *graph.Node, v []float64, y ...*graph.Node) (all [][]float64) {
	t.Helper()
	p, err := graph.Compile(y...)
	require.NoError(t, err)
	d := int(x.Shape().Dim(1))
	in, err := graph.TensorOf(v, len(v)/d, d)
	require.NoError(t, err)
	out, err := p.Eval(t.Context(), x.IsTensor(in))
	require.NoError(t, err)
	for _, o := range out {
		list := make([]float64, o.Len())
		for i := range list {
			list[i] = o.At(i)
		}
		all = append(all, list)
	}
	return all
}

func value(t *testing.T, y *graph.Node) []float64 {
	t.Helper()
	x := graph.InputOf(graph.Float64, "none", number, 1)
	return values(t, x, []float64{0}, y)[0]
}

func wide(d graph.Dim) *graph.Node { return graph.InputOf(graph.Float64, "x", number, d) }

func normal(rnd *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rnd.NormFloat64()
	}
	return v
}

func TestPCA(t *testing.T) {
	// along (3, 4, 0)/5 with deviation 5, along (-4, 3, 0)/5 with 2, along z with 0.1
	rnd := rand.New(rand.NewPCG(1, 0))
	const n = 400
	v := make([]float64, 0, 3*n)
	for range n {
		a, b, c := 5*rnd.NormFloat64(), 2*rnd.NormFloat64(), 0.1*rnd.NormFloat64()
		v = append(v, 1+0.6*a-0.8*b, 2+0.8*a+0.6*b, 3+c)
	}
	x := wide(3)
	p := latent.PCA(x, 2)
	all := latent.PCA(x, 3)
	y := p.Apply(x)
	got := values(t, x, v, p.Mean, p.Axes, p.Variance, p.Total, y, p.Undo(y), all.Undo(all.Apply(x)), ops.Var(y, 0), ops.Sum(ops.Var(x, 0)))
	assert.InDeltaSlice(t, []float64{1, 2, 3}, got[0], 0.6)
	assert.InDeltaSlice(t, []float64{0.6, 0.8, 0.8, -0.6, 0, 0}, got[1], 0.05, "the largest element by size is positive")
	assert.InDeltaSlice(t, got[7], got[2], 1e-9, "the variances are those along the axes")
	assert.InDelta(t, got[8][0], got[3][0], 1e-9)
	assert.InDeltaSlice(t, v, got[5], 0.5, "only what is across the two axes is lost")
	assert.InDeltaSlice(t, v, got[6], 1e-9, "three axes of three lose nothing")
	square := values(t, x, v, ops.MatMul(ops.Transpose(all.Axes), all.Axes))[0]
	assert.InDeltaSlice(t, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}, square, 1e-12)

	for _, k := range []int{0, 4} {
		assert.ErrorContains(t, latent.PCA(x, k).Apply(x).Err(), "pca: cannot find")
	}
	assert.ErrorContains(t, latent.PCA(graph.Input("x", number, 2, 2), 1).Mean.Err(), "pca: want floats [n d], a vector in each row, got x [number 2 2]")
	assert.ErrorContains(t, latent.PCA(graph.Input("x", 3, number), 1).Mean.Err(), "whose number must be known")
}

func TestKMeans(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		places := []float64{0, 0, 8, 0, 0, 8, 1000, 1000}
		const k, n = 4, 90
		v, is := make([]float64, 0, 2*n), make([]int, n)
		for i := range n {
			is[i] = rnd.IntN(k)
			v = append(v, places[2*is[i]]+rnd.NormFloat64(), places[2*is[i]+1]+rnd.NormFloat64())
		}
		x := wide(2)
		centers, group, inertia := latent.KMeans(x, k, latent.KMeansOptions{Seed: seed})
		require.Equal(t, graph.Type{DType: graph.Float64, Shape: graph.Of(k, 2)}, centers.Type())
		require.Equal(t, graph.Type{DType: graph.Int64, Shape: graph.Of(number)}, group.Type())
		got := values(t, x, v, centers, group, inertia, latent.Nearest(x, centers))
		assert.Equal(t, got[1], got[3], "seed %d", seed)
		// groups and places are one to one, and centers are the means of their groups
		sum, count, to := make([]float64, 2*k), make([]float64, k), map[int]int{}
		for i := range n {
			g := int(got[1][i])
			if place, known := to[g]; known {
				assert.Equal(t, place, is[i], "seed %d", seed)
			}
			to[g] = is[i]
			sum[2*g] += v[2*i]
			sum[2*g+1] += v[2*i+1]
			count[g]++
		}
		assert.Len(t, to, k, "seed %d", seed)
		total := 0.0
		for g := range k {
			assert.InDelta(t, sum[2*g]/count[g], got[0][2*g], 1e-9, "seed %d", seed)
			assert.InDelta(t, sum[2*g+1]/count[g], got[0][2*g+1], 1e-9, "seed %d", seed)
		}
		for i := range n {
			g := int(got[1][i])
			total += math.Pow(v[2*i]-got[0][2*g], 2) + math.Pow(v[2*i+1]-got[0][2*g+1], 2)
		}
		assert.InEpsilon(t, total, got[2][0], 1e-9, "seed %d", seed)
	}
}

// One group is the mean, as many as rows are the rows, equal rows are one.
func TestKMeansEdges(t *testing.T) {
	x := wide(1)
	v := []float64{1, 2, 6}
	one, _, inertia := latent.KMeans(x, 1)
	each, group, none := latent.KMeans(x, 3)
	got := values(t, x, v, one, inertia, each, group, none)
	assert.InDelta(t, 3, got[0][0], 1e-12)
	assert.InDelta(t, 4+1+9, got[1][0], 1e-12)
	assert.ElementsMatch(t, v, []float64{math.Round(got[2][0]), math.Round(got[2][1]), math.Round(got[2][2])})
	assert.Len(t, map[float64]bool{got[3][0]: true, got[3][1]: true, got[3][2]: true}, 3)
	assert.InDelta(t, 0, got[4][0], 1e-12)

	centers, _, _ := latent.KMeans(x, 2)
	same := values(t, x, []float64{5, 5, 5, 5}, centers)[0]
	assert.InDeltaSlice(t, []float64{5, 5}, same, 1e-12)

	_, bad, _ := latent.KMeans(graph.Input("x", 3, 2), 4)
	assert.ErrorContains(t, bad.Err(), "kmeans: cannot make 4 groups of x [3 2]")
	bad, _, _ = latent.KMeans(x, 0)
	assert.ErrorContains(t, bad.Err(), "cannot make 0 groups")
	bad, _, _ = latent.KMeans(graph.Input("x", 3), 1)
	assert.ErrorContains(t, bad.Err(), "kmeans: want floats [n d], a vector in each row, got x [3]")
}

func ids(v ...int64) *graph.Node { return graph.ConstOf(v, len(v)) }

func TestAgreement(t *testing.T) {
	class, group := ids(0, 0, 0, 1, 1, 1, 2, 2), ids(1, 1, 0, 0, 0, 0, 3, 3)
	m := latent.Contingency(class, group, 3, 4)
	assert.Equal(t, []float64{1, 2, 0, 0, 3, 0, 0, 0, 0, 0, 0, 2}, value(t, m))
	assert.InDelta(t, 7./8, value(t, latent.PurityOf(m))[0], 1e-15)
	entropy := func(p ...float64) (h float64) {
		for _, p := range p {
			h -= p / 8 * math.Log(p/8)
		}
		return h
	}
	h := entropy(3, 3, 2) + entropy(4, 2, 2)
	assert.InDelta(t, 2*(h-entropy(1, 2, 3, 2))/h, value(t, latent.NMIOf(m))[0], 1e-14)

	same := latent.Contingency(class, ids(5, 5, 5, 2, 2, 2, 0, 0), 3, 6)
	assert.InDelta(t, 1, value(t, latent.NMIOf(same))[0], 1e-14, "other numbers of the same groups")
	assert.InDelta(t, 1, value(t, latent.PurityOf(same))[0], 1e-15)
	apart := latent.Contingency(ids(0, 0, 1, 1), ids(0, 1, 0, 1), 2, 2)
	assert.InDelta(t, 0, value(t, latent.NMIOf(apart))[0], 1e-14)
	assert.InDelta(t, 0.5, value(t, latent.PurityOf(apart))[0], 1e-15)
	single := latent.Contingency(ids(0, 0), ids(0, 0), 1, 1)
	assert.Equal(t, 1.0, value(t, latent.NMIOf(single))[0])
	lumped := latent.Contingency(ids(0, 1), ids(0, 0), 2, 1)
	assert.InDelta(t, 0, value(t, latent.NMIOf(lumped))[0], 1e-15)

	assert.ErrorContains(t, latent.Contingency(class, ids(1), 3, 4).Err(), "contingency: want integers of one shape")
	assert.ErrorContains(t, latent.NMIOf(class).Err(), "nmi: want counts [classes groups]")
	assert.ErrorContains(t, latent.PurityOf(graph.Input("m", 2, 2)).Err(), "purity: want counts [classes groups], as of latent.Contingency, got m [2 2]")
}

func TestCoherence(t *testing.T) {
	// word 0 always with 1; 2 never with 3; 4 is everywhere, and 5 nowhere
	docs := []float64{
		2, 1, 0, 1, 1, 0,
		1, 3, 1, 0, 1, 0,
		0, 0, 1, 0, 5, 0,
		0, 0, 0, 1, 1, 0,
	}
	x := wide(6)
	topics := graph.ConstOf([]int64{0, 1, 2, 3, 4, 4, 4, 5, 0, 2}, 5, 2)
	got := values(t, x, docs, latent.Coherence(x, topics))[0]
	assert.InDeltaSlice(t, []float64{1, -1, 1, -1, 0}, got, 1e-14)

	three := graph.ConstOf([]int64{0, 2, 4}, 1, 3)
	npmi := func(both, a, b float64) float64 { return math.Log(both/(a*b)) / -math.Log(both) }
	want := (npmi(0.25, 0.5, 0.5) + npmi(0.5, 0.5, 1) + npmi(0.5, 0.5, 1)) / 3
	assert.InDelta(t, want, values(t, x, docs, latent.Coherence(x, three))[0][0], 1e-14)
	assert.ErrorContains(t, latent.Coherence(x, ids(1, 2)).Err(), "coherence: want counts [n vocab] and integers [topics k]")
	assert.ErrorContains(t, latent.Coherence(x, graph.ConstOf([]int64{1, 2}, 2, 1)).Err(), "a known k above 1")
}

// squares returns the squared distances of the rows of v.
func squares(v []float64, d int) [][]float64 {
	n := len(v) / d
	all := make([][]float64, n)
	for i := range n {
		all[i] = make([]float64, n)
		for j := range n {
			for c := range d {
				all[i][j] += math.Pow(v[i*d+c]-v[j*d+c], 2)
			}
		}
	}
	return all
}

func TestAffinities(t *testing.T) {
	const n, d, perplexity = 30, 4, 7.0
	rnd := rand.New(rand.NewPCG(2, 0))
	v := normal(rnd, n*d)
	for _, unit := range []float64{1, 1e-4, 1e4} {
		scaled := make([]float64, len(v))
		for i := range v {
			scaled[i] = v[i] * unit
		}
		// each row by itself: walk the width until the entropy fits
		want := make([]float64, n*n)
		for i, row := range squares(v, d) {
			p := make([]float64, n)
			lo, hi := 0.0, 1e3
			for range 200 {
				beta, sum, h := (lo+hi)/2, 0.0, 0.0
				for j := range n {
					p[j] = 0
					if j != i {
						p[j] = math.Exp(-beta * row[j])
						sum += p[j]
					}
				}
				for j := range n {
					p[j] /= sum
					if p[j] > 0 {
						h -= p[j] * math.Log(p[j])
					}
				}
				if h > math.Log(perplexity) {
					lo = beta
				} else {
					hi = beta
				}
			}
			for j := range n {
				want[i*n+j] += p[j] / (2 * n)
				want[j*n+i] += p[j] / (2 * n)
			}
		}
		x := wide(d)
		assert.InDeltaSlice(t, want, values(t, x, scaled, latent.Affinities(x, perplexity))[0], 1e-8, "unit %g", unit)
	}
	x := wide(d)
	assert.ErrorContains(t, latent.Affinities(x, 0.5).Err(), "affinities: perplexity is 0.5")
}

// The loss is the divergence, and its gradient the one of the paper.
func TestTSNE(t *testing.T) {
	const n = 12
	rnd := rand.New(rand.NewPCG(3, 0))
	v := normal(rnd, 2*n)
	p := make([]float64, n*n)
	sum := 0.0
	for i := range n {
		for j := range i {
			p[i*n+j] = rnd.Float64()
			p[j*n+i] = p[i*n+j]
			sum += 2 * p[i*n+j]
		}
	}
	d := squares(v, 2)
	near, all := make([]float64, n*n), 0.0
	for i := range n {
		for j := range n {
			p[i*n+j] /= sum
			if i != j {
				near[i*n+j] = 1 / (1 + d[i][j])
				all += near[i*n+j]
			}
		}
	}
	loss, gradient := 0.0, make([]float64, 2*n)
	for i := range n {
		for j := range n {
			if i == j {
				continue
			}
			q := near[i*n+j] / all
			loss += p[i*n+j] * math.Log(p[i*n+j]/q)
			for c := range 2 {
				gradient[2*i+c] += 4 * (p[i*n+j] - q) * near[i*n+j] * (v[2*i+c] - v[2*j+c])
			}
		}
	}
	y := wide(2)
	of := graph.ConstOf(p, n, n)
	fixed := graph.InputOf(graph.Float64, "y", n, 2)
	assert.ErrorContains(t, latent.TSNE(of, y).Err(), "tsne: want affinities [n n] and points [n k], got f64[12 12] and x f64[number 2]")
	l := latent.TSNE(of, fixed)
	got := values(t, fixed, v, l, autodiff.Grad(l, fixed)[0])
	assert.InDelta(t, loss, got[0][0], 1e-12)
	assert.InDeltaSlice(t, gradient, got[1], 1e-12)
}
