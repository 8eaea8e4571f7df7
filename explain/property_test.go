package explain_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// drawn is a random network, smooth or not, that does not look at its last feature, with
// some rows for it.
type drawn struct {
	x, score *graph.Node
	values   []float64
	rows     int
	wide     int
	smooth   bool
}

func draw(t *testing.T, seed uint64) drawn {
	random := rand.New(rand.NewPCG(seed, 1))
	d := drawn{rows: 1 + random.IntN(4), wide: 2 + random.IntN(5), smooth: random.IntN(2) == 0}
	act := ops.ReLU
	if d.smooth {
		act = ops.Tanh
	}
	d.x = graph.InputOf(graph.Float64, "x", graph.Sym("batch"), graph.Dim(d.wide))
	var model nn.Sequential
	for range 1 + random.IntN(3) {
		model = append(model, &nn.Dense{Out: 1 + random.IntN(8), Act: act})
	}
	model = append(model, &nn.Dense{Out: 1})
	d.score = ops.Squeeze(model.Apply(ops.Slice(d.x, 1, 0, d.wide-1, 1)), 1)
	nn.Init(model, seed)
	for _, p := range nn.Params(model) { // biases too
		v, err := graph.FromDense(p.Value)
		require.NoError(t, err)
		for i := range v.Len() {
			v.Set(i, random.NormFloat64())
		}
	}
	for range d.rows * d.wide {
		d.values = append(d.values, random.NormFloat64())
	}
	return d
}

// TestAxioms holds what must be true of every network: shares add up, what is not
// looked at gets nothing, products add up to the unit, and a gradient is that of
// differences.
func TestAxioms(t *testing.T) {
	for seed := range uint64(60) {
		d := draw(t, seed)
		back := graph.ConstOf(normals(3, 2*d.wide), 2, d.wide)
		shares := explain.Shapley(d.score, d.x, back, 4, 1)
		_, product, rest := explain.Products(d.score, d.x)
		p, err := graph.Compile(d.score, shares, product, rest, explain.Saliency(d.score, d.x), explain.IntegratedGradients(d.score, d.x, nil, 512))
		require.NoError(t, err)
		ask := func(values []float64) [][]float64 {
			out, err := p.Run(of(t, d.x, values, len(values)/d.wide, d.wide))
			require.NoError(t, err)
			return floats(t, out)
		}
		got := ask(d.values)
		start := ask(normals(3, 2*d.wide))[0]
		zero := ask(make([]float64, d.wide))[0][0]
		for i := range d.rows {
			row := func(k int) []float64 { return got[k][i*d.wide : (i+1)*d.wide] }
			size := 1 + math.Abs(got[0][i])
			assert.InDelta(t, got[0][i]-(start[0]+start[1])/2, sum(row(1)), 1e-9*size, "efficiency, seed %d", seed)
			assert.InDelta(t, got[0][i], sum(row(2))+got[3][i], 1e-9*size, "products, seed %d", seed)
			for _, k := range []int{1, 2, 4, 5} {
				assert.Equal(t, 0.0, row(k)[d.wide-1], "what is not looked at, seed %d", seed)
			}
			if d.smooth {
				assert.InDelta(t, got[0][i]-zero, sum(row(5)), 1e-3*size, "completeness, seed %d", seed)
			}
		}
		const h = 1e-6
		j := int(seed) % d.wide
		up, down := append([]float64(nil), d.values...), append([]float64(nil), d.values...)
		up[j], down[j] = up[j]+h, down[j]-h
		difference := (ask(up)[0][0] - ask(down)[0][0]) / (2 * h)
		assert.InDelta(t, math.Abs(difference), got[4][j], 1e-4*(1+math.Abs(difference)), "gradient, seed %d", seed)
	}
}

func sum(list []float64) (total float64) {
	for _, v := range list {
		total += v
	}
	return total
}
