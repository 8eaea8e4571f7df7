package train_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/data/token"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
)

// real opens a file of the real data beside the repository, or skips.
func real(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("../../shared/data", path))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no %s beside the repository", path)
	}
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// features returns a table's columns but the target, and the target's classes.
func features(t *testing.T, table *data.Table, target string) (x, y *tensor.Dense, classes int) {
	t.Helper()
	var names []string
	for _, n := range table.Names() {
		if n != target {
			names = append(names, n)
		}
	}
	x, err := table.Floats(names...)
	require.NoError(t, err)
	y, words, err := table.Classes(target)
	require.NoError(t, err)
	return x, y, len(words)
}

// scaled fits a scaler to the first set and applies it to column 0 of both.
func scaled(t *testing.T, learn, test *data.Arrays) (a, b *data.Arrays) {
	t.Helper()
	s, err := data.Standard(learn, 0)
	require.NoError(t, err)
	apply := func(d *data.Arrays) *data.Arrays {
		x, err := s.Apply(d.Column(0))
		require.NoError(t, err)
		d, err = data.Of(x, d.Column(1))
		require.NoError(t, err)
		return d
	}
	return apply(learn), apply(test)
}

func classifier(classes int, hidden ...int) *train.Model {
	net := nn.Sequential{}
	for _, n := range hidden {
		net = append(net, &nn.Dense{Out: n, Act: ops.ReLU, Init: nn.HeUniform})
	}
	return &train.Model{
		Net:     append(net, &nn.Dense{Out: classes}),
		Loss:    nn.CrossEntropy,
		Metrics: []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
		Seed:    1,
	}
}

// TestRealTables learns classes. The least that was measured with seeds 1 to 5 is
// 0.933 for iris, 0.944 for wine and 0.972 for digits; the floors are a row or two below.
func TestRealTables(t *testing.T) {
	for _, c := range []struct {
		path, target string
		csv          data.CSV
		hidden       []int
		epochs       int
		rate, floor  float64
	}{
		{"iris/iris.csv", "target", data.CSV{}, []int{16}, 60, 0.01, 0.89},
		{"wine/wine.csv", "x13", data.CSV{NoHeader: true}, []int{16}, 40, 0.01, 0.9},
		{"digits/digits.csv", "target", data.CSV{}, []int{64}, 20, 0.003, 0.96},
	} {
		t.Run(c.path, func(t *testing.T) {
			table, err := data.ReadCSV(real(t, c.path), c.csv)
			require.NoError(t, err)
			x, y, classes := features(t, table, c.target)
			all, err := data.Of(x, y)
			require.NoError(t, err)
			for seed := range seeds() {
				learn, test, err := all.StratifiedSplit(0.8, 1, seed)
				require.NoError(t, err)
				learn, test = scaled(t, learn, test)
				m := classifier(classes, c.hidden...)
				m.Optimizer = optim.Adam(c.rate)
				_, err = m.Fit(t.Context(), learn, train.Options{Epochs: c.epochs, Batch: 32, Seed: seed})
				require.NoError(t, err)
				s, err := m.Evaluate(t.Context(), test, 100)
				require.NoError(t, err)
				t.Logf("seed %d: accuracy %.4f", seed, s["accuracy"])
				assert.Greater(t, s["accuracy"], c.floor)
			}
		})
	}
}

// seeds yields those to measure with: 1, or 1 to 5 for those who set new floors.
func seeds() func(yield func(uint64) bool) {
	n := uint64(1)
	if os.Getenv("ADJOINT_MEASURE") != "" {
		n = 5
	}
	return func(yield func(uint64) bool) {
		for s := uint64(1); s <= n && yield(s); s++ {
		}
	}
}

// TestRealHousing learns the values of houses in California, in units of 100,000
// dollars. The floor of R² is below the least measured with seeds 1 to 5, 0.733.
func TestRealHousing(t *testing.T) {
	z, err := gzip.NewReader(real(t, "california_housing/housing.tgz"))
	require.NoError(t, err)
	files := tar.NewReader(z)
	_, err = files.Next()
	require.NoError(t, err)
	table, err := data.ReadCSV(files, data.CSV{Missing: data.DropMissing})
	require.NoError(t, err)
	assert.Equal(t, 20433, table.Len(), "207 rows miss a cell")
	x, err := table.Floats("longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms", "population", "households", "median_income")
	require.NoError(t, err)
	value, err := table.Floats("median_house_value")
	require.NoError(t, err)
	for i := range value.Float32s() {
		value.Float32s()[i] /= 100_000
	}
	all, err := data.Of(x, value)
	require.NoError(t, err)
	for seed := range seeds() {
		learn, test := all.Shuffle(seed).Split(0.8)
		learn, test = scaled(t, learn, test)
		m := &train.Model{
			Net:  nn.Sequential{&nn.Dense{Out: 64, Act: ops.ReLU, Init: nn.HeUniform}, &nn.Dense{Out: 64, Act: ops.ReLU, Init: nn.HeUniform}, &nn.Dense{Out: 1}},
			Loss: nn.MSE, Optimizer: optim.Adam(2e-3), Seed: 1,
		}
		_, err = m.Fit(t.Context(), learn, train.Options{Epochs: 8, Batch: 128, Seed: seed})
		require.NoError(t, err)
		s, err := m.Evaluate(t.Context(), test, 512)
		require.NoError(t, err)
		r2 := 1 - s["loss"]/variance(test.Column(1).Float32s())
		t.Logf("seed %d: R² %.4f", seed, r2)
		assert.Greater(t, r2, 0.72)
	}
}

func variance(v []float32) float64 {
	mean, square := 0.0, 0.0
	for _, x := range v {
		mean += float64(x) / float64(len(v))
		square += float64(x) * float64(x) / float64(len(v))
	}
	return square - mean*mean
}

// TestRealAirline forecasts the passengers of the next month from twelve months, over
// the last three years. What is a year before is the forecast to beat, with an error of 42.0. The largest measured with
// seeds 1 to 5 is 19.8.
func TestRealAirline(t *testing.T) {
	table, err := data.ReadCSV(real(t, "airline/airline-passengers.csv"), data.CSV{})
	require.NoError(t, err)
	column, err := table.Floats("Passengers")
	require.NoError(t, err)
	const window, tested = 12, 36
	v := column.Float32s()
	var x, y []float32 // changes against a year before, in logarithms
	change := func(i int) float32 { return float32(math.Log(float64(v[i]) / float64(v[i-12]))) }
	rows := 0
	for i := 24; i < len(v); i++ {
		for k := i - window; k < i; k++ {
			x = append(x, change(k)*5)
		}
		y = append(y, change(i)*5)
		rows++
	}
	all, err := data.Of(tensor.New(tensor.WithShape(rows, window, 1), tensor.WithBacking(x)), tensor.New(tensor.WithShape(rows, 1), tensor.WithBacking(y)))
	require.NoError(t, err)
	learn, test := all.Rows(0, rows-tested), all.Rows(rows-tested, rows)
	for seed := range seeds() {
		m := &train.Model{
			Net:  nn.Sequential{&nn.LSTM{Out: 16}, nn.Func(func(h *graph.Node) *graph.Node { return ops.Index(h, 1, window-1) }), &nn.Dense{Out: 1}},
			Loss: nn.MSE, Optimizer: optim.Adam(0.01), Seed: seed,
		}
		_, err = m.Fit(t.Context(), learn, train.Options{Epochs: 60, Batch: 16, Seed: seed})
		require.NoError(t, err)
		out, err := m.Predict(t.Context(), test, 64)
		require.NoError(t, err)
		mine, naive := 0.0, 0.0
		for i, p := range out.Float32s() {
			at := len(v) - tested + i
			forecast := float64(v[at-12]) * math.Exp(float64(p)/5)
			mine += math.Pow(forecast-float64(v[at]), 2) / tested
			naive += math.Pow(float64(v[at-12])-float64(v[at]), 2) / tested
		}
		t.Logf("seed %d: error %.1f passengers (thousands), of last year's numbers %.1f", seed, math.Sqrt(mine), math.Sqrt(naive))
		assert.Less(t, math.Sqrt(mine), 22.0)
	}
}

// TestRealNames learns to spell names, letter by letter. The frequencies of letters
// alone take 2.82 nats a letter; the most measured with seeds 1 to 5 is 2.110.
func TestRealNames(t *testing.T) {
	b, err := io.ReadAll(real(t, "names/names.txt"))
	require.NoError(t, err)
	text := strings.ToLower(string(b))
	chars := token.LearnCharacters(text)
	ids, err := chars.Encode(text)
	require.NoError(t, err)
	cut := len(ids) / 10
	learn, err := data.NewWindows(ids[cut:cut+60_000], 32, 32)
	require.NoError(t, err)
	test, err := data.NewWindows(ids[:cut], 32, 32)
	require.NoError(t, err)
	for seed := range seeds() {
		m := classifier(chars.Len())
		m.Net = nn.Sequential{&nn.Embedding{Count: chars.Len(), Width: 16}, &nn.GRU{Out: 64}, &nn.Dense{Out: chars.Len()}}
		m.Metrics, m.Optimizer, m.Seed = nil, optim.Adam(0.01), seed
		_, err = m.Fit(t.Context(), learn, train.Options{Epochs: 3, Batch: 32, Seed: seed})
		require.NoError(t, err)
		s, err := m.Evaluate(t.Context(), test, 256)
		require.NoError(t, err)
		t.Logf("seed %d: %.4f nats a letter", seed, s["loss"])
		assert.Less(t, s["loss"], 2.2)
	}
}
