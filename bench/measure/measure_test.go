package measure_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/bench/measure"
)

var options = measure.Options{Threads: 2, Reps: 3, Seconds: 0.02}

// of returns a workload of one case.
func of(name string, c measure.Case) measure.Workload {
	return measure.Workload{Name: name, Cases: func(_ measure.Options, run func(measure.Case) error) error { return run(c) }}
}

func run(t *testing.T, o measure.Options, all []measure.Workload, names ...string) ([]measure.Line, error) {
	t.Helper()
	var out bytes.Buffer
	failed := measure.Run(&out, "test", o, all, names...)
	var lines []measure.Line
	for from := json.NewDecoder(&out); from.More(); {
		var l measure.Line
		require.NoError(t, from.Decode(&l))
		lines = append(lines, l)
	}
	return lines, failed
}

var sink *int

// TestRun measures calls of known length that allocate one object.
func TestRun(t *testing.T) {
	calls := 0
	nap := func() error {
		time.Sleep(5 * time.Millisecond)
		sink = new(int)
		calls++
		return nil
	}
	trained := measure.Steps(nap)
	trained.Params, trained.Build, trained.Loss = 7, 0.25, func() float64 { return float64(calls) }
	lines, err := run(t, options, []measure.Workload{of("A", measure.Time("v", nap)), of("B", trained)})
	require.NoError(t, err)
	require.Len(t, lines, 2)
	a, b := lines[0], lines[1]
	assert.Equal(t, []string{"A", "v", "test", "seconds", "s"}, []string{a.Workload, a.Variant, a.Mode, a.Metric, a.Unit})
	assert.GreaterOrEqual(t, a.Value, 0.005)
	assert.Equal(t, a.Value, a.Seconds)
	assert.LessOrEqual(t, a.Best, a.Value)
	assert.Len(t, a.Reps, 3)
	assert.InDelta(t, 1, *a.Allocs, 0.9)
	assert.Nil(t, a.Loss)
	assert.LessOrEqual(t, b.Value, 200.0)
	assert.GreaterOrEqual(t, b.Best, b.Value)
	assert.Equal(t, 7, b.Params)
	assert.Equal(t, 0.25, b.Build)
	assert.Equal(t, float64(calls), *b.Loss)
}

// TestOneCall measures nothing, with -s 0, but calls all the same.
func TestOneCall(t *testing.T) {
	calls := 0
	c := measure.Time("", func() error { calls++; return nil })
	_, err := run(t, measure.Options{Threads: 1, Reps: 2}, []measure.Workload{of("A", c)})
	require.NoError(t, err)
	assert.Equal(t, 3, calls, "the first and two repetitions")
	assert.Equal(t, 1, measure.Options{}.Size(1000, 1))
	assert.Equal(t, 1000, options.Size(1000, 1))
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		measure.Case
		want float64 // of a call of half a second
	}{
		{measure.Time("", nil), 0.5},
		{measure.Steps(nil), 2},
		{measure.Flops("", 3e9, nil), 6},
		{measure.Bytes("", 1e9, nil), 2},
		{measure.PerNode("", 1000, nil), 0.5e6},
	} {
		assert.InDelta(t, c.want, c.Value(0.5), 1e-9, c.Metric+" "+c.Unit)
	}
	assert.Equal(t, 2.0, measure.Median([]float64{5, 1, 2}))
	assert.Equal(t, 1.5, measure.Median([]float64{2, 1}))
}

func TestMistakes(t *testing.T) {
	bad := of("bad", measure.Time("v", func() error { return errors.New("broken") }))
	good := of("good", measure.Time("", func() error { return nil }))
	all := []measure.Workload{bad, good}
	lines, err := run(t, options, all)
	assert.EqualError(t, err, "bad: v: broken")
	require.Len(t, lines, 1)
	assert.Equal(t, "good", lines[0].Workload)

	lines, err = run(t, options, all, "good", "better")
	assert.EqualError(t, err, `no workload "better": want some of bad good`)
	assert.Empty(t, lines)
	_, err = run(t, measure.Options{Threads: 1}, all)
	assert.EqualError(t, err, "-t 1 -r 0 -s 0: want at least 1, 1 and 0")
	assert.Equal(t, []string{"-t", "2", "-r", "3", "-s", "0.02"}, options.Args())
}
