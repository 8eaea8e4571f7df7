package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/bench/measure"
)

// made returns a table of measurements as if they had been taken.
func made() *table {
	t := &table{lines: map[row]map[string]map[string][]measure.Line{}, log: io.Discard}
	t.columns = []column{{peer: peer{name: "adjoint", title: "adjoint"}}}
	for _, p := range peers[:2] {
		t.columns = append(t.columns, column{peer: p})
	}
	add := func(column, workload, mode, unit string, seconds ...float64) {
		for _, s := range seconds {
			value := s
			if unit == "1/s" {
				value = 1 / s
			}
			t.put(column, measure.Line{Workload: workload, Mode: mode, Unit: unit, Version: "v", Threads: 2, Value: value, Seconds: s, OtherCPU: 0.25})
		}
	}
	add("adjoint", "W1", "adjoint", "s", 0.01, 0.03, 0.02)
	add("torch", "W1", "torch eager", "s", 0.2)
	add("torch", "W1", "torch jit", "s", 0.1, 0.12, 0.05)
	add("gorgonia", "W1", "gorgonia", "s", 2)
	add("adjoint", "W2", "adjoint", "1/s", 0.0025)
	add("torch", "W2", "torch eager", "1/s", 0.005)
	add("torch", "W5", "torch eager", "1/s", 0.5)
	add("adjoint", "M5", "adjoint", "1/s", 0.5)
	add("gorgonia", "M5", "gorgonia", "1/s", 0.25)
	return t
}

func TestTable(t *testing.T) {
	var out strings.Builder
	made().write(&out)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 10)
	assert.Contains(t, lines[0], "2 threads; v. Other processes used 25 % of the machine in the median, 25 % at most.")
	assert.Equal(t, []string{
		"| | unit | adjoint | PyTorch | Gorgonia | × PyTorch | × Gorgonia |",
		"|---|---|---|---|---|---|---|",
		"| W1 | ms | 20 | 100 jit | 2000 | 5x | 100x |",
		"| W2 | 1/s | 400 | 200 eager |  | 2x |  |",
		"| W5 | 1/s |  | 2 eager |  |  |  |",
		"| M5 | 1/s | 2 |  | 4 |  | 0.5x |",
		"",
		"adjoint is slower at M5 than Gorgonia (0.5x).",
	}, lines[2:])
}

func TestTableIntoPage(t *testing.T) {
	page := "before\n" + tableBegins + "old\n" + tableEnds + "after\n"
	got, err := made().into(page)
	require.NoError(t, err)
	assert.NotContains(t, got, "old")
	assert.True(t, strings.HasPrefix(got, "before\n"+tableBegins))
	assert.True(t, strings.HasSuffix(got, ".\n"+tableEnds+"after\n"))
	again, err := made().into(got)
	require.NoError(t, err)
	assert.Equal(t, got, again)
	_, err = made().into("a page without marks")
	assert.ErrorContains(t, err, "the page has no lines")
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		value  float64
		unit   string
		want   string
		factor float64
	}{{0.5e-3, "s", "µs", 1e6}, {0.5, "s", "ms", 1e3}, {5, "s", "s", 1}, {0.5, "GB/s", "GB/s", 1}} {
		unit, factor := scale(cell{value: c.value, unit: c.unit})
		assert.Equal(t, c.want, unit)
		assert.Equal(t, c.factor, factor)
	}
}

func TestPeers(t *testing.T) {
	found, err := findPeers("gomlx,torch")
	require.NoError(t, err)
	assert.Equal(t, "GoMLX", found[0].title)
	assert.Equal(t, "PyTorch", found[1].title)
	_, err = findPeers("torch,jax")
	assert.ErrorContains(t, err, `no peer "jax"`)
}

// TestLinesOfCommands reads what a program printed before it failed.
func TestLinesOfCommands(t *testing.T) {
	got, err := lines([]string{"sh", "-c", `echo '{"workload":"W1","value":2}'; echo no >&2; exit 3`})
	assert.ErrorContains(t, err, "no")
	require.Len(t, got, 1)
	assert.Equal(t, "W1", got[0].Workload)
	assert.Equal(t, 2.0, got[0].Value)
	_, err = lines([]string{"sh", "-c", "echo nonsense"})
	assert.ErrorContains(t, err, "reading its lines")
}

// TestTableClaims says that nothing is slower only where something was compared.
func TestTableClaims(t *testing.T) {
	alone := made()
	alone.columns = alone.columns[:1]
	var out strings.Builder
	alone.write(&out)
	assert.NotContains(t, out.String(), "slower")

	ahead := made()
	ahead.rows = ahead.rows[:2]
	out.Reset()
	ahead.write(&out)
	assert.True(t, strings.HasSuffix(out.String(), "\nadjoint is slower at none of these.\n"), out.String())
}
