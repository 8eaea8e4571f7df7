package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type object = map[string]any

const seed = 5

// call evaluates a function through the protocol and returns its output as JSON
// has it.
func call(t *testing.T, module, function string, input any) any {
	t.Helper()
	in, err := json.Marshal(input)
	require.NoError(t, err)
	r := answer(message{Kind: "evaluate", Module: module, Function: function, Input: in})
	require.Empty(t, r.Error)
	text, err := json.Marshal(r.Output)
	require.NoError(t, err)
	var out any
	require.NoError(t, json.Unmarshal(text, &out))
	return out
}

// numbers returns the numbers in a value of JSON, in order; of objects, those of
// the keys given.
func numbers(v any, keys ...string) (list []float64) {
	switch v := v.(type) {
	case float64:
		return []float64{v}
	case []any:
		for _, e := range v {
			list = append(list, numbers(e, keys...)...)
		}
	case object:
		for _, k := range keys {
			list = append(list, numbers(v[k], keys...)...)
		}
	}
	return list
}

// plus returns the value with d added to the i-th of its numbers.
func plus(v any, i *int, d float64) any {
	switch v := v.(type) {
	case float64:
		if *i--; *i == -1 {
			return v + d
		}
	case []any:
		list := make([]any, len(v))
		for k, e := range v {
			list[k] = plus(e, i, d)
		}
		return list
	}
	return v
}

// generic returns a value as JSON has it.
func generic(t *testing.T, v any) object {
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var out object
	require.NoError(t, json.Unmarshal(text, &out))
	return out
}

// differences returns the derivatives of all numbers of a function's output with
// respect to all numbers under the keys of its input, a row for each output.
func differences(t *testing.T, module, function string, input object, keys ...string) [][]float64 {
	const h = 1e-5
	var rows [][]float64
	for _, key := range keys {
		for i := range numbers(input[key]) {
			moved := func(d float64) []float64 {
				in := object{}
				for k, v := range input {
					in[k] = v
				}
				at := i
				in[key] = plus(input[key], &at, d)
				return numbers(call(t, module, function, in))
			}
			up, down := moved(h), moved(-h)
			if rows == nil {
				rows = make([][]float64, len(up))
			}
			for o := range up {
				rows[o] = append(rows[o], (up[o]-down[o])/(2*h))
			}
		}
	}
	return rows
}

// drawn returns random numbers in rows.
func drawn(rnd *rand.Rand, rows, n int) [][]float64 {
	list := make([][]float64, rows)
	for i := range list {
		for range n {
			list[i] = append(list[i], rnd.Float64()*2-1)
		}
	}
	return list
}

func random() *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func near(t *testing.T, want, got []float64, tolerance float64) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		assert.LessOrEqual(t, math.Abs(want[i]-got[i]), tolerance*math.Max(1, math.Abs(want[i])+math.Abs(got[i])), "number %d: want %v, got %v (seed %d)", i, want[i], got[i], seed)
	}
}

func TestProtocol(t *testing.T) {
	in := strings.NewReader(`{"id":0,"kind":"start","eval":"hello"}
{"id":1,"kind":"define","module":"hello"}
{"id":2,"kind":"evaluate","module":"hello","function":"square","input":3}
{"id":3,"kind":"evaluate","module":"hello","function":"double","input":3}
{"id":4,"kind":"analysis","of":2,"valid":true}
{"id":5,"kind":"define","module":"nothing"}
{"id":6,"kind":"evaluate","module":"hello","function":"cube","input":3}
{"id":7,"kind":"evaluate","module":"lse","function":"primal","input":{"x":[0,0],"min_runs":3,"min_seconds":0}}
{"id":8,"kind":"evaluate","module":"lse","function":"primal","input":"x"}
{"id":9,"kind":"evaluate","module":"hello","function":"square","input":1e200}
`)
	var out bytes.Buffer
	require.NoError(t, serve(in, &out))
	var got []object
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		var o object
		require.NoError(t, json.Unmarshal(lines.Bytes(), &o))
		assert.Equal(t, float64(len(got)), o["id"])
		got = append(got, o)
	}
	require.Len(t, got, 10)
	assert.Equal(t, object{"id": 0.0, "tool": "adjoint"}, got[0])
	assert.Equal(t, object{"id": 1.0, "success": true}, got[1])
	assert.Equal(t, 9.0, got[2]["output"])
	assert.Equal(t, 6.0, got[3]["output"])
	assert.Len(t, got[3]["timings"], 1)
	assert.Equal(t, object{"id": 4.0}, got[4])
	assert.Equal(t, false, got[5]["success"])
	assert.Contains(t, got[5]["error"], `"nothing" is not known`)
	assert.Contains(t, got[6]["error"], `"cube"`)
	assert.Len(t, got[7]["timings"], 3)
	assert.Equal(t, "evaluate", got[7]["timings"].([]any)[0].(object)["name"])
	assert.InDelta(t, math.Ln2, got[7]["output"], 1e-15)
	assert.Contains(t, got[8]["error"], "cannot be read")
	assert.Equal(t, false, got[9]["success"])
	assert.Contains(t, got[9]["error"], "Inf")
}

// TestGradients compares gradients with differences of the functions.
func TestGradients(t *testing.T) {
	rnd := random()
	gmm := object{"d": 3, "k": 2, "n": 5, "alpha": drawn(rnd, 1, 2)[0], "mu": drawn(rnd, 2, 3), "q": drawn(rnd, 2, 3), "l": drawn(rnd, 2, 3),
		"x": drawn(rnd, 5, 3), "m": 2, "gamma": 0.7}
	line := object{"d": 1, "k": 2, "n": 3, "alpha": []float64{0.1, 0.2}, "mu": drawn(rnd, 2, 1), "q": drawn(rnd, 2, 1), "l": [][]float64{{}, {}},
		"x": drawn(rnd, 3, 1), "m": 0, "gamma": 1}
	lstm := object{"main_params": drawn(rnd, 4, 12), "extra_params": drawn(rnd, 3, 3), "state": drawn(rnd, 4, 3), "sequence": drawn(rnd, 5, 3)}
	for _, c := range []struct {
		module, function, gradient string
		input                      object
		keys                       []string
	}{
		{"lse", "primal", "gradient", object{"x": []float64{-1, 2, 0.5, 800}}, []string{"x"}},
		{"llsq", "primal", "gradient", object{"x": []float64{1, -2, 0.5}, "n": 7}, []string{"x"}},
		{"det", "primal", "gradient", object{"A": drawn(rnd, 1, 16)[0], "ell": 4}, []string{"A"}},
		{"gmm", "objective", "jacobian", gmm, []string{"alpha", "mu", "q", "l"}},
		{"gmm", "objective", "jacobian", line, []string{"alpha", "mu", "q"}},
		{"lstm", "objective", "jacobian", lstm, []string{"main_params", "extra_params"}},
	} {
		t.Run(c.module, func(t *testing.T) {
			input := generic(t, c.input)
			want := differences(t, c.module, c.function, input, c.keys...)
			require.Len(t, want, 1)
			near(t, want[0], numbers(call(t, c.module, c.gradient, input), c.keys...), 1e-6)
		})
	}
}

func TestClosedForms(t *testing.T) {
	near(t, []float64{math.Log(3) + 1000}, numbers(call(t, "lse", "primal", object{"x": []float64{1000, 1000, 1000}})), 1e-15)
	near(t, []float64{-2}, numbers(call(t, "det", "primal", object{"A": []float64{1, 2, 3, 4}, "ell": 2})), 1e-15)
	near(t, []float64{4, -3, -2, 1}, numbers(call(t, "det", "gradient", object{"A": []float64{1, 2, 3, 4}, "ell": 2})), 1e-15)
	near(t, []float64{5}, numbers(call(t, "det", "primal", object{"A": []float64{5}, "ell": 1})), 1e-15)
	// three places -1, 0 and 1 with signs -1, 0 and 1 on the line x₀ + x₁·t
	near(t, []float64{0}, numbers(call(t, "llsq", "primal", object{"x": []float64{0, 1}, "n": 3})), 1e-15)
	near(t, []float64{1.5, 0}, numbers(call(t, "llsq", "gradient", object{"x": []float64{0.5, 1}, "n": 3})), 1e-15)
	// y₀ = x₀·t and y₁ = x₁·x₀·t²/2, which Runge and Kutta's method finds exactly
	near(t, []float64{6, 3 * 5 * 2}, numbers(call(t, "ode", "primal", object{"x": []float64{3, 5}, "s": 2})), 1e-14)
	near(t, []float64{10, 6}, numbers(call(t, "ode", "gradient", object{"x": []float64{3, 5}, "s": 2})), 1e-14)
	near(t, []float64{10, 6}, numbers(call(t, "ode", "gradient", object{"x": []float64{3, 5}, "s": 1})), 1e-14)
}

// TestGMM compares with the densities that define the posterior, for one axis.
func TestGMM(t *testing.T) {
	alpha, mu, q, x := []float64{0.3, -0.4}, []float64{1, -1}, []float64{0.2, -0.1}, []float64{0.5, -2, 1.5}
	m, gamma := 2.0, 0.8
	want, weights := 0.0, math.Exp(alpha[0])+math.Exp(alpha[1])
	for _, x := range x {
		density := 0.0
		for k := range alpha {
			precision := math.Exp(2 * q[k])
			density += math.Exp(alpha[k]) / weights * math.Sqrt(precision/2/math.Pi) * math.Exp(-precision*(x-mu[k])*(x-mu[k])/2)
		}
		want += math.Log(density)
	}
	n := m + 2
	for _, q := range q { // the Wishart density without the power of X that is 1/2 for p = 1 and n - p - 1 = m
		precision := math.Exp(2 * q)
		want += m/2*math.Log(precision) - gamma*gamma*precision/2 - n/2*math.Ln2 + n*math.Log(gamma) - logGamma(n/2)
	}
	rows := func(v []float64) (r [][]float64) {
		for _, v := range v {
			r = append(r, []float64{v})
		}
		return r
	}
	in := object{"d": 1, "k": 2, "n": 3, "alpha": alpha, "mu": rows(mu), "q": rows(q), "l": [][]float64{{}, {}}, "x": rows(x), "m": m, "gamma": gamma}
	near(t, []float64{want}, numbers(call(t, "gmm", "objective", in)), 1e-14)
}

func logGamma(x float64) float64 {
	g, _ := math.Lgamma(x)
	return g
}

// TestKMeans: half the gradient of a centroid over half its Hessian is how far it
// is from the mean of its points.
func TestKMeans(t *testing.T) {
	in := object{"points": [][]float64{{0, 0}, {2, 1}, {10, 10}}, "centroids": [][]float64{{1, 1}, {9, 12}}}
	near(t, []float64{2 + 1 + 5}, numbers(call(t, "kmeans", "cost", in)), 1e-15)
	near(t, []float64{0, 0.5, -1, 2}, numbers(call(t, "kmeans", "dir", in)), 1e-15)
}

// TestLSTM computes the loss of the network by its definition.
func TestLSTM(t *testing.T) {
	rnd := random()
	main, extra, state, sequence := drawn(rnd, 2, 8), drawn(rnd, 3, 2), drawn(rnd, 2, 2), drawn(rnd, 4, 2)
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	h, c := append([]float64{}, state[0]...), append([]float64{}, state[1]...)
	total := 0.0
	for s := range 3 {
		y, sum := make([]float64, 2), 2.0
		for i := range y {
			gate := func(k int, x float64) float64 { return x*main[0][2*k+i] + main[1][2*k+i] }
			x := sequence[s][i] * extra[0][i]
			c[i] = c[i]*sigmoid(gate(0, x)) + sigmoid(gate(1, h[i]))*math.Tanh(gate(3, h[i]))
			h[i] = sigmoid(gate(2, x)) * math.Tanh(c[i])
			y[i] = h[i]*extra[1][i] + extra[2][i]
			sum += math.Exp(y[i])
		}
		for i := range y {
			total += sequence[s+1][i] * (y[i] - math.Log(sum))
		}
	}
	in := object{"main_params": main, "extra_params": extra, "state": state, "sequence": sequence}
	near(t, []float64{-total / 6}, numbers(call(t, "lstm", "objective", in)), 1e-14)
}

func TestBA(t *testing.T) {
	// a camera at (0, 0, -2) that is not turned sees (1, 2, 2) at (1/4, 1/2)
	still := object{"n": 1, "m": 1, "p": 1, "cam": []float64{0, 0, 0, 0, 0, -2, 3, 0.1, 0.2, 0, 0}, "x": []float64{1, 2, 2}, "w": 0.5, "feat": []float64{0, 1}}
	out := call(t, "ba", "objective", still).(object)
	near(t, []float64{0.5 * (0.75 + 0.1), 0.5 * (1.5 + 0.2 - 1), 0.75}, numbers(out, "reproj_error", "elements", "w_err", "element"), 1e-14)

	for _, turn := range []float64{0, 0.3} {
		in := generic(t, object{"n": 1, "m": 1, "p": 1, "cam": []float64{turn, 0.2 * turn, -turn, 0.1, 0.2, -2, 3, 0.1, 0.2, 0.01, 0.02},
			"x": []float64{1, 2, 2}, "w": 0.5, "feat": []float64{0.3, 1}})
		j := call(t, "ba", "jacobian", in).(object)
		vals, cols, rows := numbers(j["vals"]), numbers(j["cols"]), numbers(j["rows"])
		require.Len(t, vals, 31)
		assert.Equal(t, []float64{0, 15, 30, 31, 31}, rows)
		assert.Equal(t, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, cols[:15])
		assert.InDelta(t, -1, vals[30], 1e-15)
		const h = 1e-6
		for key, from := range map[string]int{"cam": 0, "x": 11} {
			if turn == 0 && key == "cam" {
				continue // the differences would take the other branch
			}
			for i := range numbers(in[key]) {
				moved := func(d float64) []float64 {
					at := i
					in := generic(t, in)
					in[key] = plus(in[key], &at, d)
					return numbers(call(t, "ba", "objective", in), "reproj_error", "elements")
				}
				up, down := moved(h), moved(-h)
				near(t, []float64{(up[0] - down[0]) / (2 * h), (up[1] - down[1]) / (2 * h)}, []float64{vals[from+i], vals[15+from+i]}, 1e-7)
			}
		}
	}
	many := object{"n": 2, "m": 3, "p": 5, "cam": still["cam"], "x": still["x"], "w": 0.5, "feat": still["feat"]}
	j := call(t, "ba", "jacobian", many).(object)
	assert.Equal(t, 155.0, numbers(j["rows"])[len(numbers(j["rows"]))-1])
	assert.Equal(t, 35.0, numbers(j["cols"])[30], "the last weight")
}

// hand returns an input of ht with three bones in a chain, of which the last is
// bent by a finger's angles.
func hand(us [][]float64) object {
	rnd := random()
	unit := func() [][]float64 {
		m := drawn(rnd, 4, 4)
		for i := range 4 {
			for j := range 4 {
				m[i][j] *= 0.2
			}
			m[i][i]++
		}
		m[3] = []float64{0, 0, 0, 1}
		return m
	}
	positions := drawn(rnd, 4, 4)
	for i := range positions {
		positions[i][3] = 1
	}
	theta := drawn(rnd, 1, 26)[0]
	return object{"theta": theta, "us": us, "data": object{
		"correspondences": []int{0, 1, 0}, "points": drawn(rnd, 3, 3),
		"model": object{
			"parents": []int{-1, 0, 1}, "base_relatives": [][][]float64{unit(), unit(), unit()}, "inverse_base_absolutes": [][][]float64{unit(), unit(), unit()},
			"base_positions": positions, "weights": drawn(rnd, 4, 3), "triangles": [][]int{{0, 1, 2}, {3, 1, 2}}, "is_mirrored": true,
		}}}
}

func TestHT(t *testing.T) {
	for _, us := range [][][]float64{{}, {{0.2, 0.3}, {0.1, 0.5}, {0.6, 0.1}}} {
		in := generic(t, hand(us))
		want := differences(t, "ht", "objective", in, "theta")
		require.Len(t, want, 9)
		var flat []float64
		for i, row := range want {
			if len(us) > 0 { // an error depends on its own point's pair
				at := differences(t, "ht", "objective", in, "us")[i]
				row = append([]float64{at[2*(i/3)], at[2*(i/3)+1]}, row...)
			}
			flat = append(flat, row...)
		}
		near(t, flat, numbers(call(t, "ht", "jacobian", in)), 1e-7)
	}
	// one bone that does nothing: the points less the vertices, turned and moved
	eye := [][]float64{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}
	theta := make([]float64, 26)
	theta[2], theta[3], theta[4], theta[5] = math.Pi/2, 1, 2, 3
	in := object{"theta": theta, "us": [][]float64{}, "data": object{
		"correspondences": []int{0}, "points": [][]float64{{0, 0, 0}},
		"model": object{"parents": []int{-1}, "base_relatives": [][][]float64{eye}, "inverse_base_absolutes": [][][]float64{eye},
			"base_positions": [][]float64{{5, 7, 9, 1}}, "weights": [][]float64{{1}}, "triangles": [][]int{}, "is_mirrored": false}}}
	near(t, []float64{-(1 - 7), -(2 + 5), -(3 + 9)}, numbers(call(t, "ht", "objective", in)), 1e-14)
	theta[2] = 0
	near(t, []float64{-6, -9, -12}, numbers(call(t, "ht", "objective", in)), 1e-14)
}

// TestParticle integrates with the force written out, at the result and beside
// it: the result is a minimum.
func TestParticle(t *testing.T) {
	crossing := func(w float64) float64 {
		x, y, vx, vy := 0.0, 8.0, 0.75, 0.0
		for {
			var ax, ay float64
			for _, c := range [][2]float64{{10, 10 - w}, {10, 0}} {
				dx, dy := x-c[0], y-c[1]
				cube := math.Pow(dx*dx+dy*dy, 1.5)
				ax, ay = ax+dx/cube, ay+dy/cube
			}
			x, y = x+0.1*vx, y+0.1*vy
			if y <= 0 {
				x -= y / vy * vx
				return x * x
			}
			vx, vy = vx+0.1*ax, vy+0.1*ay
		}
	}
	var all []float64
	for _, f := range []string{"rr", "rf", "fr", "ff"} {
		out := numbers(call(t, "particle", f, object{"w": 0}))
		require.Len(t, out, 1)
		all = append(all, out[0])
	}
	for _, w := range all {
		assert.InDelta(t, all[0], w, 1e-8, "all modes agree")
	}
	assert.Less(t, crossing(all[0]), crossing(0)/100)
	assert.Less(t, crossing(all[0]), 1e-3)
}

func TestSaddle(t *testing.T) {
	for _, f := range []string{"rr", "rf", "fr", "ff"} {
		out := numbers(call(t, "saddle", f, object{"start": []float64{1, 1}}))
		require.Len(t, out, 4)
		for _, v := range out {
			assert.InDelta(t, 0, v, 1e-4, f)
		}
	}
	in, _ := json.Marshal(object{"start": []float64{1}})
	assert.Contains(t, answer(message{Kind: "evaluate", Module: "saddle", Function: "rr", Input: in}).Error, "want 2")
}

// TestPublished compares with GradBench's own inputs and outputs, where they are.
func TestPublished(t *testing.T) {
	for _, eval := range []string{"gmm", "lse", "llsq", "ode", "det"} {
		t.Run(eval, func(t *testing.T) {
			file, err := os.Open(filepath.Join("../../../shared/data/gradbench", eval+".jsonl.gz"))
			if errors.Is(err, fs.ErrNotExist) {
				t.Skipf("the cases of %s are not there", eval)
			}
			require.NoError(t, err)
			defer file.Close()
			text, err := gzip.NewReader(file)
			require.NoError(t, err)
			n := 0
			for cases := json.NewDecoder(text); cases.More(); n++ {
				var c struct {
					Function, Desc string
					Input, Output  any
				}
				require.NoError(t, cases.Decode(&c))
				keys := []string{"alpha", "mu", "q", "l"}
				want, got := numbers(c.Output, keys...), numbers(call(t, eval, c.Function, c.Input), keys...)
				require.NotEmpty(t, want)
				near(t, want, got, 1e-4)
			}
			t.Logf("%d cases", n)
		})
	}
}
