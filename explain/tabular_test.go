package explain_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// normals returns n numbers of a seed.
func normals(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 0))
	list := make([]float64, n)
	for i := range list {
		list[i] = r.NormFloat64()
	}
	return list
}

// TestImportance: shuffling a feature of weight w raises the squared error of the
// true linear function by 2w²·var, on the average.
func TestImportance(t *testing.T) {
	const seed, rows, repeats = 4, 400, 200
	x, y := graph.InputOf(graph.Float64, "x", graph.Sym("rows"), 3), graph.InputOf(graph.Float64, "y", graph.Sym("rows"))
	weights := []float64{2, -1, 0}
	values, targets, variance := normals(seed, 3*rows), make([]float64, rows), make([]float64, 3)
	for i := range rows {
		for j, w := range weights {
			targets[i] += w * values[3*i+j]
		}
	}
	for j := range 3 {
		mean := 0.0
		for i := range rows {
			mean += values[3*i+j] / rows
		}
		for i := range rows {
			variance[j] += (values[3*i+j] - mean) * (values[3*i+j] - mean) / rows
		}
	}
	loss := nn.MSE(ops.Sum(ops.Mul(x, graph.ConstOf(weights, 3)), 1), y)
	feeds := []graph.Feed{of(t, x, values, rows, 3), of(t, y, targets, rows)}
	rises := explain.Importance(loss, x, repeats, seed)
	got := run(t, feeds, ops.Mean(rises, 1), ops.Std(rises, 1), rises)
	for j, w := range weights {
		assert.InDelta(t, 2*w*w*variance[j], got[0][j], 0.01+4*got[1][j]/math.Sqrt(repeats), "feature %d, seed %d", j, seed)
	}
	assert.Equal(t, make([]float64, repeats), got[2][2*repeats:], "what has no weight may be shuffled freely")
	assert.NotEqual(t, got[2][0], got[2][1], "no two shufflings are the same")
}

// TestDependence: of a score a²b the curves over a are b·grid², and their mean that
// of b.
func TestDependence(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 2)
	score := ops.Mul(ops.Square(ops.Index(x, 1, 0)), ops.Index(x, 1, 1))
	ice := explain.Dependence(score, x, 0, graph.ConstOf([]float32{-1, 0, 3}, 3))
	got := run(t, []graph.Feed{of(t, x, []float64{7, 1, 7, 5}, 2, 2)}, ice, ops.Mean(ice, 0))
	assert.Equal(t, []float64{1, 0, 9, 5, 0, 45}, got[0])
	assert.Equal(t, []float64{3, 0, 27}, got[1])
}

// exact returns Shapley values by going through all orders, for one row and one row
// of a background.
func exact(f func([]float64) float64, x, z []float64) []float64 {
	n, share := len(x), make([]float64, len(x))
	orders := 0
	var each func(order []int)
	each = func(order []int) {
		if len(order) == n {
			orders++
			p := append([]float64(nil), z...)
			before := f(p)
			for _, j := range order {
				p[j] = x[j]
				now := f(p)
				share[j] += now - before
				before = now
			}
			return
		}
	next:
		for j := range n {
			for _, k := range order {
				if k == j {
					continue next
				}
			}
			each(append(order[:len(order):len(order)], j))
		}
	}
	each(nil)
	for j := range share {
		share[j] /= float64(orders)
	}
	return share
}

// TestShapley holds the axioms: efficiency and dummy exactly, symmetry and the values
// themselves, by all orders, to the error of the sample.
func TestShapley(t *testing.T) {
	const seed, orders = 6, 4000
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 4)
	f := func(v []float64) float64 { return v[0]*v[1]*2 + math.Tanh(v[0]+v[1]) - 3*v[2] }
	at := func(j int) *graph.Node { return ops.Index(x, 1, j) }
	score := ops.Sub(ops.Add(ops.Scale(ops.Mul(at(0), at(1)), 2), ops.Tanh(ops.Add(at(0), at(1)))), ops.Scale(at(2), 3))
	rows, back := []float64{1, 2, 3, 4, 1, 1, 0, 9}, []float64{0.5, -1, 1, 0, 0, 0, 2, 1}
	background := graph.ConstOf(back, 2, 4)
	shares := explain.Shapley(score, x, background, orders, seed)
	got := run(t, []graph.Feed{of(t, x, rows, 2, 4)}, shares, ops.Sum(shares, 1))
	for i := range 2 {
		assert.InDelta(t, f(rows[4*i:])-(f(back[:4])+f(back[4:]))/2, got[1][i], 1e-9, "efficiency")
	}
	for i := range 2 {
		row := rows[4*i : 4*i+4]
		one, two := exact(f, row, back[:4]), exact(f, row, back[4:])
		for j := range 4 {
			assert.InDelta(t, (one[j]+two[j])/2, got[0][4*i+j], 0.1, "row %d feature %d, seed %d", i, j, seed)
		}
		assert.Equal(t, 0.0, got[0][4*i+3], "dummy")
		assert.InDelta(t, -3*(row[2]-1.5), got[0][4*i+2], 1e-9, "what is added on its own")
	}
	// Symmetry: features that play the same part, from a background where they are the same.
	even := graph.ConstOf([]float64{0, 0, 0, 0}, 1, 4)
	got = run(t, []graph.Feed{of(t, x, rows[4:], 1, 4)}, explain.Shapley(score, x, even, orders, seed))
	assert.InDelta(t, got[0][0], got[0][1], 0.1, "symmetry, seed %d", seed)
}

func TestTabularMistakes(t *testing.T) {
	n := graph.Sym("n")
	x, cube := graph.Input("x", n, 4), graph.Input("cube", n, 4, 2)
	score := ops.Sum(x, 1)
	for want, bad := range map[string]*graph.Node{
		`importance: want a loss [], x [rows features] and at least 1 repeat, got [n], x [n 4] and 3`: explain.Importance(score, x, 3, 1),
		`dependence: there is no feature 4 in x [n 4]`:                                                explain.Dependence(score, x, 4, graph.ConstOf([]float32{1}, 1)),
		`dependence: want x [batch features] and a grid [points], got cube [n 4 2]`:                   explain.Dependence(ops.Sum(cube, 1, 2), cube, 0, graph.ConstOf([]float32{1}, 1)),
		`shapley: want x [batch features] and a background [rows features] like it`:                   explain.Shapley(score, x, graph.ConstOf([]float32{1, 2}, 1, 2), 5, 1),
		`shapley: 0 orders: want at least 1`:                                                          explain.Shapley(score, x, x, 0, 1),
	} {
		assert.Contains(t, mistake(t, bad), want)
	}
}
