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

// classes feeds logits and labels.
func classes(t *testing.T, logits, labels *graph.Node, values []float64, of2 []int64, k int) []graph.Feed {
	t.Helper()
	l, err := graph.TensorOf(of2, len(of2))
	assert.NoError(t, err)
	return []graph.Feed{of(t, logits, values, len(of2), k), labels.IsTensor(l)}
}

// TestReliability puts four rows into two of four bins by hand.
func TestReliability(t *testing.T) {
	logits, labels := graph.InputOf(graph.Float64, "logits", graph.Sym("n"), 2), graph.InputOf(graph.Int64, "labels", graph.Sym("n"))
	confidence, accuracy, share := explain.Reliability(logits, labels, 4)
	l := func(p float64) float64 { return math.Log(p / (1 - p)) }
	feeds := classes(t, logits, labels, []float64{l(0.6), 0, l(0.7), 0, 0, l(0.9), 0, 800}, []int64{0, 1, 1, 0}, 2)
	got := run(t, feeds, confidence, accuracy, share, explain.ECE(logits, labels, 4))
	assert.InDeltaSlice(t, []float64{0, 0, 0.65, 0.95}, got[0], 1e-9)
	assert.Equal(t, []float64{0, 0, 0.5, 0.5}, got[1])
	assert.Equal(t, []float64{0, 0, 0.5, 0.5}, got[2])
	assert.InDelta(t, (0.15+0.45)/2, got[3][0], 1e-9)
}

// TestTemperature draws labels from the probabilities of logits, and gives the logits
// multiplied: the temperature is the factor, the slope of the loss there is 0, and
// the calibrated error falls.
func TestTemperature(t *testing.T) {
	const seed, n, k = 8, 4000, 5
	r := rand.New(rand.NewPCG(seed, 1))
	for _, factor := range []float64{0.25, 1, 3} {
		values, drawn := normals(seed, n*k), make([]int64, n)
		for i := range n {
			total, at := 0.0, r.Float64()
			for j := range k {
				values[i*k+j] *= 2
				total += math.Exp(values[i*k+j])
			}
			for j := range k {
				if at -= math.Exp(values[i*k+j]) / total; at < 0 {
					drawn[i] = int64(j)
					break
				}
			}
			for j := range k {
				values[i*k+j] *= factor
			}
		}
		logits, labels := graph.InputOf(graph.Float64, "logits", graph.Sym("n"), k), graph.InputOf(graph.Int64, "labels", graph.Sym("n"))
		T := explain.Temperature(logits, labels)
		loss := func(scale float64) *graph.Node {
			return nn.CrossEntropy(ops.Div(logits, ops.Scale(T, scale)), labels)
		}
		got := run(t, classes(t, logits, labels, values, drawn, k), T, loss(1), loss(0.98), loss(1.02),
			explain.ECE(ops.Div(logits, T), labels, 15), explain.ECE(logits, labels, 15))
		assert.InDelta(t, factor, got[0][0], 0.07*factor, "seed %d", seed)
		assert.Less(t, got[1][0], got[2][0])
		assert.Less(t, got[1][0], got[3][0])
		assert.Less(t, got[4][0], 0.025)
		if factor != 1 {
			assert.Greater(t, got[5][0], 0.1)
		}
	}
}

// TestTemperatureOfCertainty ends at the limit where all rows are right.
func TestTemperatureOfCertainty(t *testing.T) {
	logits, labels := graph.Input("logits", graph.Sym("n"), 2), graph.InputOf(graph.Int64, "labels", graph.Sym("n"))
	got := run(t, classes(t, logits, labels, []float64{1, 0, 0, 1}, []int64{0, 1}, 2), explain.Temperature(logits, labels))
	assert.Greater(t, got[0][0], 0.005)
	assert.Less(t, got[0][0], 0.2)
}

func TestCalibrationMistakes(t *testing.T) {
	logits, labels := graph.Input("logits", graph.Sym("n"), 2), graph.InputOf(graph.Int64, "labels", graph.Sym("n"))
	assert.Contains(t, mistake(t, explain.ECE(logits, labels, 0)), "reliability: 0 bins: want at least 1")
	assert.Contains(t, mistake(t, explain.Temperature(logits, logits)), "temperature: want logits [n classes] and class numbers [n], got logits [n 2] and logits [n 2]")
}
