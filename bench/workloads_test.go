package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/bench/measure"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

var tiny = measure.Options{Threads: 2, Reps: 2}

// TestLines runs each workload at tiny size and looks at what it prints.
func TestLines(t *testing.T) {
	for _, w := range workloads {
		t.Run(w.Name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, measure.Run(&out, "adjoint", tiny, workloads, w.Name))
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			for _, text := range lines {
				var line map[string]any
				require.NoError(t, json.Unmarshal([]byte(text), &line), text)
				for _, field := range []string{"variant", "mode", "threads", "env", "metric", "unit", "value", "best", "reps", "other_cpu", "seconds"} {
					assert.Contains(t, line, field)
				}
				assert.Equal(t, w.Name, line["workload"])
				assert.Len(t, line["reps"], tiny.Reps)
				assert.Positive(t, line["value"])
				assert.Positive(t, line["build_s"])
				if w.Name[0] == 'W' {
					assert.Positive(t, line["params"])
					assert.Positive(t, line["loss"])
				}
			}
		})
	}
}

// TestWithoutRepetitions makes all cases as the benchmarks of go test do, which repeat
// by themselves.
func TestWithoutRepetitions(t *testing.T) {
	for _, w := range workloads {
		n := 0
		require.NoError(t, w.Cases(measure.Options{}, func(c measure.Case) error {
			n++
			return c.Call()
		}), w.Name)
		assert.Positive(t, n, w.Name)
	}
}

// TestTraining repeats the steps of networks: each loss falls.
func TestTraining(t *testing.T) {
	n := 0
	for _, w := range workloads {
		err := w.Cases(tiny, func(c measure.Case) error {
			if c.Loss == nil {
				return nil
			}
			n++
			require.NoError(t, c.Call())
			first := c.Loss()
			for range 100 {
				require.NoError(t, c.Call())
			}
			assert.Less(t, c.Loss(), first, w.Name)
			return nil
		})
		require.NoError(t, err)
	}
	assert.Equal(t, 7, n, "W1 to W6 and L4 train")
}

func values(t *testing.T, y *graph.Node) []float32 {
	t.Helper()
	p, err := graph.Compile(y)
	require.NoError(t, err)
	out, err := p.Run()
	require.NoError(t, err)
	return out[0].Float32s()
}

// TestFormulas compares what is composed here with its definition.
func TestFormulas(t *testing.T) {
	x := []float64{0.5, -1, 2}
	row := graph.ConstOf([]float32{0.5, -1, 2}, 1, 3)
	sum := math.Exp(x[0]) + math.Exp(x[1]) + math.Exp(x[2])
	mean := (x[0] + x[1] + x[2]) / 3
	var deviation, loss float64
	for i := range x {
		deviation += (x[i] - mean) * (x[i] - mean) / 3
		target := 0.1 / 3
		if i == 2 {
			target += 0.9
		}
		p := math.Exp(x[i]) / sum
		loss -= target * (1 - p) * (1 - p) * math.Log(p)
	}
	assert.InDelta(t, loss, values(t, ops.Reshape(focal(row, graph.ConstOf([]int64{2}, 1)), 1))[0], 1e-6)
	shares := values(t, softmax(row))
	normal := values(t, layerNorm(row, graph.Scalar(2), graph.Scalar(1)))
	for i := range x {
		assert.InDelta(t, math.Exp(x[i])/sum, shares[i], 1e-6)
		assert.InDelta(t, 1+2*(x[i]-mean)/math.Sqrt(deviation+1e-5), normal[i], 1e-5)
	}
}

// TestTorch runs the PyTorch program where it can run: its lines are read
// without loss.
func TestTorch(t *testing.T) {
	command, err := python("")
	if err != nil {
		t.Skip(err)
	}
	out, err := exec.Command(command[0], command[1], "-r", "1", "-s", "0.001", "L3").Output()
	if err != nil {
		t.Skip("the PyTorch program does not run here: ", err)
	}
	from := json.NewDecoder(bytes.NewReader(out))
	from.DisallowUnknownFields()
	var l measure.Line
	require.NoError(t, from.Decode(&l))
	assert.Equal(t, "L3", l.Workload)
	assert.Equal(t, "torch eager", l.Mode)
	assert.Positive(t, l.Seconds)
}
